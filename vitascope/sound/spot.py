"""Spotting: a film is looked through once, and what is heard of it is a sheet of cues that a person can edit.

The network of `spotter.py` says how much of each kind of sound belongs to each cell of each frame. A moment is where
that mass is a fifth of one or more, and is taken away before the next one is looked for; what lasts is followed from
frame to frame. What sounds is read by the network of `matter.py` from the pixels about the place. On the way the film's
motion and cuts are measured, which is what a score is made for. Takes memory for some frames only, however long the
film is.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vitascope.model import numerics
from vitascope.model.flow import Cancelled
from vitascope.shot.clip import Frame
from vitascope.shot.shot import Cue, CueKind
from vitascope.sound.matter import BESIDE, OF_KIND, matter, name_of, small_picture, told
from vitascope.sound.spotter import (
    AREA,
    CELL,
    DELAY,
    GROUNDS,
    HOURS,
    KINDS,
    LASTING,
    MAX_FPS,
    MET,
    MOMENTS,
    PLACES,
    THINGS,
    Seen,
    Spotter,
    spotter,
)

TOGETHER = 24  # frames that go through the network at once
LEAST = 0.2  # mass of a moment, …
LEAST_BESIDE = 0.4  # … and of one soon before or after another in its place
NEXT = 3.2  # frames: what is nearer is soon
REACH, ROUNDS = 1.5, 3  # frames that a moment reaches where it is told from others, and how often its time is mended
APART = 0.09  # seconds between two moments in one place: feet, hands and things are not faster
BEGIN, GO_ON = 0.5, 0.3  # mass with which what lasts is believed, and with which it is still followed
FORGET = 0.2  # seconds after which what lasts has ended
SHORTEST = 0.15  # seconds of what lasts
NEAR = 0.25  # of the picture that what lasts may move from frame to frame
ENERGY_RATE = 4  # values of motion a second
CALL_EVERY, CALL = 3.1, 0.5  # seconds: how often an animal that is seen is heard, and for how long
MARGIN = 2  # frames around a peak that must be known
LOOK_EVERY = 0.25  # seconds: how often what lasts is looked at for what it is made of
# What was read of the moments before counts too, since a thing that bounces and an animal that walks are heard again
# and again: of those that were read for the last seconds, so near in the picture, this share.
AGAIN_SECONDS, AGAIN_NEAR, AGAIN_SHARE = 1.5, 0.2, 0.6
RECENT = TOGETHER + DELAY + 2 * MARGIN + math.ceil(BESIDE * MAX_FPS) + 2  # frames back that may still be looked at


@dataclass(frozen=True)
class Spotted:
    """What is heard of a film, and how it moves: `energy` has ENERGY_RATE values a second from 0 (still) to 1; `cuts`
    are in seconds."""

    cues: tuple[Cue, ...]
    seconds: float
    energy: tuple[float, ...]
    cuts: tuple[float, ...]


def spot(
    frames: Iterable[Frame],
    fps: float,
    network: Spotter | None = None,
    progress: Callable[[int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Spotted:
    """The cues of a film whose frames [H, W, 3] come at fps; `progress(frames)` is told how many were seen. Raises
    ValueError for a film without frames, flow.Cancelled when `cancel()` turns true."""
    network = network or spotter()
    stride = max(1, math.ceil(fps / MAX_FPS - 1e-6))
    rate = fps / stride
    found: list[Cue] = []
    pace = _Pace(rate)
    count, places = 0, _Places()

    def looked_at() -> Iterator[NDArray[np.uint8]]:
        nonlocal count
        for number, frame in enumerate(frames):
            count = number + 1
            if cancel is not None and cancel():
                raise Cancelled(f"stopped after {number} frames were looked at")
            if progress is not None:
                progress(number)
            if number % stride == 0:
                yield _small(frame)

    scene: _Scene | None = None
    for batch in _batches(looked_at(), pace):
        if batch.begins:
            scene = _Scene(network, rate, batch.first / rate)
        assert scene is not None  # the first batch begins one
        found += scene.see(batch.frames)
        if batch.ends:
            found += scene.end()
            places.add(batch.first + len(batch.frames), scene)
    if scene is None:
        raise ValueError("a film should have at least one frame to be spotted, but had none")
    seconds = count / fps
    cues = sorted([*found, *places.cues(seconds)], key=lambda cue: (cue.time, cue.kind != "place"))
    return Spotted(tuple(cues), seconds, pace.energy(seconds), tuple(round(cut / rate, 4) for cut in pace.cuts))


def _small(frame: Frame) -> NDArray[np.uint8]:
    """A frame as the network looks at it: about AREA pixels of the same shape, whole cells."""
    height, width = frame.shape[:2]
    scale = math.sqrt(AREA / (width * height))
    size = tuple(max(2, round(side * scale / CELL)) * CELL for side in (width, height))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


# ---- cuts and motion


class _Batch(NamedTuple):
    """Some frames of one scene [N, H, W, 3]; `first` is the number of the first in the film."""

    frames: NDArray[np.uint8]
    first: int
    begins: bool
    ends: bool


@dataclass
class _Pace:
    """How much changes from frame to frame, and where a scene is cut."""

    rate: float
    changes: list[float] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=12))
    before: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def cut(self, frame: NDArray[np.uint8]) -> bool:
        """Whether another scene begins with this frame, the next one. A quarter of its pixels are enough to tell."""
        frame = cv2.resize(frame, (frame.shape[1] // 2, frame.shape[0] // 2), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
        colours = cv2.calcHist([frame], [0, 1, 2], None, [6, 6, 6], [0, 256] * 3).ravel() / grey.size
        if self.before is None or self.before[0].shape != grey.shape:
            change, other = 0.0, 0.0
        else:
            change = float(np.abs(grey - self.before[0]).mean())
            other = 0.5 * float(np.abs(colours - self.before[1]).sum())
        usual = float(np.median(self.recent)) if self.recent else 1.0
        is_cut = change > 10 and change > 3 * usual + 4 and other > 0.3
        self.before = (grey, colours)
        if is_cut:
            self.cuts.append(len(self.changes))
            self.recent.clear()
            change = usual
        self.changes.append(change)
        self.recent.append(change)
        return is_cut

    def energy(self, seconds: float) -> tuple[float, ...]:
        """Motion as ENERGY_RATE values a second, 0 to 1."""
        number = max(1, math.ceil(seconds * ENERGY_RATE))
        where = np.minimum(np.arange(len(self.changes)) / self.rate * ENERGY_RATE, number - 1).astype(int)
        total, each = np.bincount(where, self.changes, number), np.bincount(where, minlength=number)
        strong = total / np.maximum(each, 1) * self.rate / 24  # of a frame at 24 a second
        return tuple(float(v) for v in np.round(1 - np.exp(-strong / 4), 4))


def _batches(frames: Iterable[NDArray[np.uint8]], pace: _Pace) -> Iterator[_Batch]:
    """The frames some at a time, no two scenes in one."""
    held: list[NDArray[np.uint8]] = []
    first, begins = 0, True
    for frame in frames:
        is_cut = pace.cut(frame)
        if held and (is_cut or len(held) == TOGETHER):
            yield _Batch(np.stack(held), first, begins, is_cut)
            first, begins, held = first + len(held), is_cut, []
        held.append(frame)
    if held:
        yield _Batch(np.stack(held), first, begins, True)


# ---- what the network says, read


class _Answers(NamedTuple):
    """What is told of N frames: masses [N, kinds, h, w] and the rest [N, C, h, w]."""

    mass: Tensor
    rest: Tensor


_Part = tuple[slice, slice, slice]  # frames, rows and columns


class _Moment(NamedTuple):
    """A moment: when, in frames; the first of the two frames in which it is, and the cell."""

    at: float
    frame: int
    row: int
    column: int

    def later(self, frames: int) -> "_Moment":
        return self._replace(at=self.at + frames, frame=self.frame + frames)

    def by(self, other: "_Moment") -> bool:
        """Whether it is in the same place as another one, about."""
        return max(abs(self.row - other.row), abs(self.column - other.column)) <= 2

    def near(self, reach: int, first: int = 0, last: int = 1) -> _Part:
        """Some of its frames, and the cells around it."""
        around = (slice(max(middle - reach, 0), middle + reach + 1) for middle in (self.row, self.column))
        return slice(max(self.frame + first, 0), max(self.frame + last + 1, 0)), *around  # type: ignore[return-value]

    def taken(self, total: Tensor) -> list[tuple[_Part, float]]:
        """What is left of a mass [N, h, w] when it is taken away: parts, and by what they are multiplied. What it lacks
        to one is taken from the frames beside, over which an uncertain moment is spread."""
        lacking, parts = 1.0, []
        for part in (self.near(2), self.near(2, -1, -1), self.near(2, 2, 2)):
            there = float(total[part].sum())
            if lacking > 0 and there > 0:
                parts.append((part, max(0.0, 1 - lacking / there)))
                lacking -= there
        return parts


def _moments_of(total: Tensor, before: list[_Moment], apart: float) -> list[_Moment]:
    """The moments in a mass [N, h, w], of which each is one in two frames: where most is, one is found, and its mass
    taken away, until too little is left for another. Two in one place, and those told `before`, are so many frames
    apart."""
    left, found = total.clone(), list[_Moment]()
    refused = torch.zeros(len(total) - 1, *total.shape[1:], dtype=torch.bool)
    while True:
        around = _box(left[None, None], (1, 3, 3))[0, 0]
        both = around[:-1] + around[1:]
        score = (both + 0.1 * torch.maximum(left[:-1], left[1:])).masked_fill(refused, 0)
        n, row, column = (int(i) for i in np.unravel_index(int(score.argmax()), score.shape))
        mass = float(both[n, row, column])
        if mass < LEAST or refused[n, row, column]:
            break
        one = _Moment(n, n, row, column)
        first, second = left[one.near(1)].sum((1, 2)).tolist()
        one = one._replace(at=n + second / (first + second))
        ways = [abs(one.at - other.at) for other in (*before, *found) if one.by(other)]
        if ways and min(ways) < NEXT and (mass < LEAST_BESIDE or min(ways) < apart):
            refused[n, row, column] = True
            continue
        found.append(one)
        for part, share in one.taken(left):
            left[part] *= share
    return _parted(total, found)


def _parted(total: Tensor, found: list[_Moment]) -> list[_Moment]:
    """The moments with the times at which they are, when what lies between two of them is shared out by nearness."""
    frames = torch.arange(len(total))
    for _ in range(ROUNDS):
        near = [(REACH - (frames - one.at).abs()).clamp(min=0) for one in found]
        times = []
        for i, one in enumerate(found):
            others = sum(
                (near[j] for j, other in enumerate(found) if j != i and one.by(other)), torch.zeros(len(total))
            )
            mass = (
                near[i] / (near[i] + others).clamp(min=1e-9) * total[one.near(2, -len(total), len(total))].sum((1, 2))
            )
            times.append(float((mass * frames).sum() / mass.sum().clamp(min=1e-9)))
        found = [one._replace(at=time) for one, time in zip(found, times, strict=True)]
    return found


@dataclass
class _Track:
    """Something that lasts, followed so far."""

    kind: CueKind
    first: float  # seconds
    last: float
    start: tuple[float, float]
    place: tuple[float, float]
    most: float
    weight: float
    said: Tensor  # sum of what was told of it
    made_of: NDArray[np.float32]  # sum of what was read of its matter
    looked: float  # seconds, when it was last looked at for that


class _Scene:
    """Frames without a cut, seen one batch after the other."""

    def __init__(self, network: Spotter, rate: float, start: float) -> None:
        self.network, self.reader, self.rate, self.start = network, matter(), rate, start
        self.past: list[Tensor] | None = None
        self.recent: deque[NDArray[np.uint8]] = deque(maxlen=RECENT)
        self.num_seen = 0
        self.next = -DELAY  # the frame of which the next answer tells
        self.waiting: _Answers | None = None  # the last answers, whose peaks need those that come
        self.tracks: list[_Track] = []
        self.told: list[_Moment] = []  # the last ones
        self.read: list[tuple[float, tuple[float, float], NDArray[np.float32]]] = []  # of their matter
        self.whole = torch.zeros(len(PLACES) + len(GROUNDS) + len(HOURS))

    def see(self, frames: NDArray[np.uint8]) -> list[Cue]:
        """What is certain after these frames [N, H, W, 3]."""
        self.recent.extend(frames)
        self.num_seen += len(frames)
        return self._read(self._ask(frames), ends=False)

    def end(self) -> list[Cue]:
        """What is certain now that nothing follows: the picture is thought to stand still."""
        frames = np.repeat(self.recent[-1][None], DELAY, 0)
        found = self._read(self._ask(frames), ends=True)
        found += [cue for track in self.tracks for cue in self._cues_of(track)]
        self.tracks = []
        return found

    def _ask(self, frames: NDArray[np.uint8]) -> _Answers:
        # In the mirror too: what is chance in one answer is less in the mean of both.
        x = torch.from_numpy(np.stack((frames, frames[:, :, ::-1]))).movedim(-1, 2)
        with torch.inference_mode(), numerics.products(x.device):
            seen: Seen
            seen, self.past = self.network(x, torch.tensor([self.rate] * 2), self.past)
        self.whole = self.whole + seen.whole.float().log_softmax(-1).sum((0, 1))
        skip = max(0, -self.next)  # what is told of frames before the first
        self.next += len(frames)
        cells = seen.cells[:, skip:].float()
        mass, rest = cells[:, :, : len(KINDS)].sigmoid(), cells[:, :, len(KINDS) :]
        return _Answers(*((part[0] + part[1].flip(-1)) / 2 for part in (mass, rest)))

    def _read(self, answers: _Answers, *, ends: bool) -> list[Cue]:
        """The cues in these answers and those that were waiting."""
        if len(answers.mass) == 0 and self.waiting is None:
            return []
        first = self.next - len(answers.mass)  # the frame of the first answer
        if self.waiting is None:  # nothing happened before
            self.waiting = _Answers(*(torch.zeros_like(part[:1]).expand(MARGIN, -1, -1, -1) for part in answers))
        run = _Answers(*(torch.cat(pair) for pair in zip(self.waiting, answers, strict=True)))
        first -= len(self.waiting.mass)
        if ends:
            run = _Answers(*(F.pad(part, (0, 0, 0, 0, 0, 0, 0, MARGIN)) for part in run))
        self.waiting = _Answers(*(part[-2 * MARGIN :] for part in run))
        if len(run.mass) <= 2 * MARGIN:
            self.waiting = run
            return []
        return self._moments(run, first) + self._lasting(run, first)

    def _moments(self, run: _Answers, first: int) -> list[Cue]:
        """The moments in a run whose first frame has this number."""
        mass = run.mass[:, : len(MOMENTS)]
        total = mass.sum(1)  # N h w
        N, h, w = total.shape
        self.told = [one for one in self.told if one.at > first - 2 * NEXT]
        found = _moments_of(total, [one.later(-first) for one in self.told], APART * self.rate)
        cues = []
        for one in found:
            if not MARGIN <= one.frame < N - MARGIN:
                continue  # told by the run before or after
            part = one.near(1)
            weight = total[part] / total[part].sum()
            cells = (part[0], slice(None), *part[1:])
            kind = MOMENTS[int(mass[cells].sum((0, 2, 3)).argmax())]
            said = (run.rest[cells] * weight[:, None]).sum((0, 2, 3))
            place = _centre(weight.sum(0), part[1:], (h, w))
            at = one.at + first
            name = name_of(self._sounds(at, place), kind) if kind in OF_KIND else None
            cues.append(self._cue(kind, at / self.rate, 0.0, said, place, name=name))
            self.told.append(one.later(first))
            for taken, share in one.taken(mass.sum(1)):  # the next run begins with some of these frames
                mass[(taken[0], slice(None), *taken[1:])] *= share
        return cues

    def _lasting(self, run: _Answers, first: int) -> list[Cue]:
        mass = run.mass[:, len(MOMENTS) :]
        around = _box(mass[:, None], (1, 3, 3))[:, 0]  # N kinds h w
        score = around + 0.1 * mass
        peaks = (score >= F.max_pool2d(score, 5, 1, 2)) & (around >= GO_ON)
        peaks[:MARGIN] = peaks[-MARGIN:] = False
        h, w = mass.shape[2:]
        found: list[Cue] = []
        for n, k, row, column in peaks.nonzero().tolist():
            time = (n + first) / self.rate
            window = (slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
            weight = mass[(n, k, *window)]
            said = (run.rest[(n, slice(None), *window)] * weight).sum((1, 2))
            self._follow(LASTING[k], time, _centre(weight, window, (h, w)), float(weight.sum()), said)
        now = (len(run.mass) - MARGIN - 1 + first) / self.rate
        for track in [track for track in self.tracks if track.last < now - FORGET]:
            self.tracks.remove(track)
            found += self._cues_of(track)
        return found

    def _follow(self, kind: CueKind, time: float, place: tuple[float, float], mass: float, said: Tensor) -> None:
        near = [
            (math.dist(track.place, place), i)
            for i, track in enumerate(self.tracks)
            if track.kind == kind and track.last < time <= track.last + FORGET + 1e-6
        ]
        if near and min(near)[0] < NEAR:
            track = self.tracks[min(near)[1]]
            track.last, track.place, track.most = time, place, max(track.most, mass)
            track.weight, track.said = track.weight + mass, track.said + said
            if kind in OF_KIND and time >= track.looked + LOOK_EVERY:
                track.made_of, track.looked = track.made_of + self._made_of(time * self.rate, place), time
        else:
            made_of = self._made_of(time * self.rate, place) if kind in OF_KIND else np.zeros(0, np.float32)
            self.tracks.append(_Track(kind, time, time, place, place, mass, mass, said, made_of, time))

    def _sounds(self, at: float, place: tuple[float, float]) -> NDArray[np.float32]:
        """What is read of the matter of a moment, and of those read before that are probably of the same."""
        now = at / self.rate
        self.read = [one for one in self.read if now - one[0] < AGAIN_SECONDS]
        own = self._made_of(at, place)
        near = [answer for _, there, answer in self.read if math.dist(there, place) < AGAIN_NEAR]
        self.read.append((now, place, own))
        return own + np.float32(AGAIN_SHARE) * sum(near, np.zeros_like(own))

    def _made_of(self, at: float, place: tuple[float, float]) -> NDArray[np.float32]:
        """What is read of the matter of what sounds in a place at a frame."""
        earliest = self.num_seen - len(self.recent)
        beside = BESIDE * self.rate
        shown = (round(at + d) - earliest for d in (-beside, 0.0, beside))
        looks = [small_picture(self.recent[min(max(i, 0), len(self.recent) - 1)], place) for i in shown]
        answer: NDArray[np.float32] = told(self.reader, np.stack(looks)[None])[0]
        return answer

    def _cues_of(self, track: _Track) -> list[Cue]:
        """The cues of something that lasted: one, or an animal's calls, or none where it was hardly believed."""
        seconds = track.last - track.first
        if track.most < BEGIN or seconds < SHORTEST:
            return []
        said = track.said / track.weight
        if track.kind != "animal":
            name = name_of(track.made_of, track.kind) if track.kind in OF_KIND else None
            return [self._cue(track.kind, track.first, seconds, said, track.start, track.place, name)]
        calls = np.arange(min(0.4, 0.3 * seconds), seconds, CALL_EVERY)
        return [self._cue("animal", track.first + float(call), CALL, said, track.start, track.place) for call in calls]

    def _cue(
        self,
        kind: CueKind,
        time: float,
        seconds: float,
        said: Tensor,
        place: tuple[float, float],
        to: tuple[float, float] | None = None,
        name: str | None = None,
    ) -> Cue:
        N, M = len(THINGS), len(MET)
        thing, met = name or THINGS[int(said[:N].argmax())], MET[int(said[N : N + M].argmax())]
        strength, across = float(said[N + M]), 2 ** (4 * (float(said[N + M + 1]) - 0.5))
        materials: tuple[str, ...] = (thing, met) if kind not in ("engine", "animal", "cloth", "whoosh") else (thing,)
        if kind == "speech":
            materials = ("voice", thing)
        return Cue(
            time=round(max(0.0, self.start + time), 4),
            kind=kind,
            seconds=round(seconds, 4),
            strength=round(min(max(strength, 0.02), 1.0), 3),
            materials=materials,
            place=place,
            to=to,
            across=round(min(max(across, 0.05), 15.0), 2)
            if kind not in ("footstep", "speech", "animal", "cloth")
            else None,
        )


@dataclass
class _Places:
    """Where each scene is."""

    ends: list[tuple[float, Cue]] = field(default_factory=list)

    def add(self, end: int, scene: _Scene) -> None:
        place, ground, hour = scene.whole.split((len(PLACES), len(GROUNDS), len(HOURS)))
        name = PLACES[int(place.argmax())] + (", night" if HOURS[int(hour.argmax())] == "night" else "")
        cue = Cue(time=0, kind="place", strength=0.5, materials=(GROUNDS[int(ground.argmax())],), text=name)
        self.ends.append((end / scene.rate, cue))

    def cues(self, seconds: float) -> list[Cue]:
        """One for each stretch of the film in one place."""
        found: list[Cue] = []
        start = 0.0
        for number, (end, cue) in enumerate(self.ends):
            goes_on = number + 1 < len(self.ends) and self.ends[number + 1][1] == cue
            if not goes_on:
                end = seconds if number + 1 == len(self.ends) else end
                found.append(cue.model_copy(update={"time": round(start, 4), "seconds": round(end - start, 4)}))
                start = end
        return found


def _box(x: Tensor, sides: tuple[int, int, int]) -> Tensor:
    """Sums over boxes [B, 1, N, h, w]; outside there is nothing."""
    padding = tuple(side // 2 for side in sides)
    return F.avg_pool3d(x, sides, 1, padding) * math.prod(sides)


def _centre(weight: Tensor, window: tuple[slice, slice], size: tuple[int, int]) -> tuple[float, float]:
    """The centre of a mass [3, 3 or fewer] in picture coordinates; size is (h, w) in cells."""
    weight = weight / weight.sum()
    rows = torch.arange(window[0].start, window[0].start + weight.shape[0]) + 0.5
    columns = torch.arange(window[1].start, window[1].start + weight.shape[1]) + 0.5
    x, y = float((weight.sum(0) * columns).sum()) / size[1], float((weight.sum(1) * rows).sum()) / size[0]
    return round(min(x, 1.0), 4), round(min(y, 1.0), 4)
