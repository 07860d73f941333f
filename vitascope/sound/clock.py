"""Beats for a picture: a tempo near the wanted one, bent a little so that what matters happens on a beat, and bar lines
where the cuts are."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FREEDOM = 0.08  # the tempo may be this much off the wanted one, as a share
_BEND = 0.36  # and between two hits this much off the piece's own: enough for a whole beat in any gap of 0.74 beats
_MISSED = 200.0  # what it costs to pass over the weightiest hit, where a bend of 8 % costs 1 a beat
_NEAR = 0.25  # a cut counts as met by a bar line when it is nearer than this, seconds


@dataclass(frozen=True)
class Clock:
    """`beats` are the times (seconds) of all beats, the last of them being that of the last chord; `bars` the numbers
    of the beats that begin a bar, the last again being the last chord's; `tempo` (time, beats a minute) where it
    changes; `hits` the numbers of the beats on hits."""

    beats: tuple[float, ...]
    bars: tuple[int, ...]
    tempo: tuple[tuple[float, float], ...]
    hits: tuple[int, ...]

    def at(self, beat: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """The times (seconds) of beats, also of fractions of them and beyond the last."""
        last = len(self.beats) - 1
        after = self.beats[-1] + (np.asarray(beat, float) - last) * 60 / self.tempo[-1][1]
        return np.where(np.asarray(beat) > last, after, np.interp(beat, np.arange(last + 1), self.beats))


def ring(seconds: float) -> float:
    """How long the last chord of a piece of this length rings, seconds: 1 to 3 where there is room."""
    return float(np.clip(0.16 * seconds, min(1.2, 0.62 * seconds), 3.0))


def fitted(
    bpm: float, asked: bool, seconds: float, hits: tuple[float, ...], cuts: tuple[float, ...], metre: int
) -> Clock:
    """The clock of a piece of some seconds at about so many beats a minute, with the hits (seconds, the weightiest
    first) on beats. A tempo that was `asked` for is kept to half the freedom."""
    freedom = _FREEDOM / 2 if asked else _FREEDOM
    ends = _ends(seconds, hits)
    best: tuple[float, list[tuple[float, int]]] | None = None
    for share in sorted(np.linspace(-freedom, freedom, 17 if len(hits) < 200 else 7), key=abs):
        cost, anchors = _anchored(bpm * (1 + share), _inside(hits, ends), ends)
        cost += 0.15 * (share / freedom) ** 2 * len(anchors)
        if len(anchors) > 1:
            mean = 60 * (anchors[-1][1] - anchors[0][1]) / (anchors[-1][0] - anchors[0][0])
            cost += 800 * max(0.0, abs(mean / bpm - 1) - 0.06)  # bends that all go one way are another tempo
        if best is None or cost < best[0] - 1e-9:
            best = (cost, anchors)
    assert best is not None
    anchors = best[1]
    first = anchors[0][1]
    times = np.interp(np.arange(first, anchors[-1][1] + 1), [n for _, n in anchors], [t for t, _ in anchors])
    tempo = [
        (float(t), float(60 * (after - n) / (until - t))) for (t, n), (until, after) in itertools.pairwise(anchors)
    ]
    on_hits = tuple(n - first for t, n in anchors if any(abs(t - hit) < 0.02 for hit in hits))
    bars = _bars(times, on_hits, cuts, metre)
    return Clock(tuple(float(t) for t in times), bars, tuple(tempo) or ((float(times[0]), bpm),), on_hits)


def _ends(seconds: float, hits: tuple[float, ...]) -> list[float]:
    """Times at which the last chord may begin, the best first."""
    usual = seconds - ring(seconds)
    least = min(1.0, 0.5 * seconds)
    times = [*np.linspace(seconds - 3.2, seconds - least, 28), *hits]
    inside = [float(t) for t in times if t >= 0.02 and least - 1e-6 <= seconds - t <= 3.2]
    return sorted(inside, key=lambda t: abs(t - usual)) or [max(0.0, usual)]


def _inside(hits: tuple[float, ...], ends: list[float]) -> list[tuple[float, float]]:
    """Hits (time, weight) that lie before or among the ends, in the order of their times, at least 0.25 s apart."""
    kept: list[tuple[float, float]] = []
    for place, hit in enumerate(hits):
        if 0.05 <= hit <= max(ends) + 1e-6 and all(abs(hit - other) > 0.25 for other, _ in kept):
            kept.append((hit, 1 / (1 + 0.15 * min(place, 20))))
    return sorted(kept)


def _anchored(bpm: float, hits: list[tuple[float, float]], ends: list[float]) -> tuple[float, list[tuple[float, int]]]:
    """The cheapest way through the hits to an end: anchors (time, number of the beat), the first being beat 0.

    Dynamic programming: a state is a hit that was met, its cost the squared bends (each weighted with its beats) and
    the weight of the hits that were passed over."""
    beat = 60 / bpm
    # the music may begin up to a beat late where that saves bending
    nodes = [*hits, *((end, 0.0) for end in ends)]
    weights = np.concatenate([[0.0], np.cumsum([weight for _, weight in hits])]) * _MISSED
    moments = np.array([time for time, _ in hits])
    states: list[tuple[float, int, int]] = []  # cost, number of the beat, the node before (-1: the start)
    for i, (time, _) in enumerate(nodes):
        final = i >= len(hits)
        earlier = int(np.searchsorted(moments, time - 1e-6))  # how many hits come before it
        count = int(time / beat + 1e-6)
        options = [(float(weights[earlier]) + 1.5 * (time - count * beat) / beat, count, -1)]
        if (bend := (count + 1) * beat / time - 1) < _BEND:
            options.append((float(weights[earlier]) + _cost(bend, count + 1), count + 1, -1))
        if final and earlier < len(hits) and abs(moments[earlier] - time) < 1e-6:
            options.append((states[earlier][0], states[earlier][1], earlier))  # it ends with a hit
        for j in range(max(0, earlier - 6), earlier):
            gap = time - moments[j]
            passed = float(weights[earlier] - weights[j + 1])
            for count in {int(gap / beat), int(gap / beat) + 1} - {0}:
                if abs(bend := count * beat / gap - 1) <= _BEND:
                    options.append((states[j][0] + _cost(bend, count) + passed, states[j][1] + count, j))
        cost, number, before = min(options)
        if final:  # hits after the last chord are missed, and it should ring as long as is usual
            after = int(np.searchsorted(moments, time + 1e-6))
            cost += 0.3 * abs(time - ends[0]) + float(weights[-1] - weights[after])
        states.append((cost, number, before))
    last = min(range(len(hits), len(nodes)), key=lambda i: states[i][0])
    anchors: list[tuple[float, int]] = []
    at = last
    while at >= 0:
        if not anchors or nodes[at][0] < anchors[-1][0] - 1e-6:
            anchors.append((nodes[at][0], states[at][1]))
        at = states[at][2]
    time, number = anchors[-1]
    if number > 0:
        anchors.append((max(0.0, time - number * beat), 0))
    return states[last][0], anchors[::-1]


def _cost(bend: float, beats: int) -> float:
    return min(8, beats) * (bend / 0.08) ** 2


def _bars(times: NDArray[np.float64], hits: tuple[int, ...], cuts: tuple[float, ...], metre: int) -> tuple[int, ...]:
    """Bar lines, by dynamic programming: bars as long as the metre, now and then others where a hit or a cut is better
    met by a bar line."""
    last = len(times) - 1
    reward = np.zeros(last + 1)
    reward[[hit for hit in hits if hit <= last]] = 2.6
    if cuts:
        order = np.sort(np.asarray(cuts, float))
        after = np.clip(np.searchsorted(order, times), 1, len(order) - 1) if len(order) > 1 else np.zeros(last + 1, int)
        away = np.abs(order[after] - times)
        if len(order) > 1:
            away = np.minimum(away, np.abs(order[after - 1] - times))
        reward = np.maximum(reward, 1.3 * np.clip(1 - away / _NEAR, 0, 1))
    prices = {metre: 0.0, metre - 1: 1.5, metre + 1: 1.5, metre // 2: 1.2, metre + metre // 2: 1.2, 1: 2.4}
    cost = np.full(last + 1, np.inf)
    before = np.zeros(last + 1, int)
    cost[0] = 0
    for n in range(1, last + 1):
        for length, price in prices.items():
            if not 1 <= length <= n:
                continue
            # where nothing else decides, an odd bar stands late
            total = cost[n - length] + price * (1.01 - 0.01 * n / last) - reward[n]
            if total < cost[n]:
                cost[n], before[n] = total, n - length
    bars = [last]
    while bars[-1] > 0:
        bars.append(int(before[bars[-1]]))
    return tuple(bars[::-1])
