"""Tunes: a motif, and what is made of it (sequence, inversion, a fragment, a close) over the chords of a phrase."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vitascope.sound.harmony import Chord, Key, pitches, scale_for


class Event(NamedTuple):
    """A note in beats: when and how long, which key, and how loud (0 to 1)."""

    beat: float
    beats: float
    pitch: int
    loud: float


@dataclass(frozen=True)
class Span:
    """A chord from `beat` on for so many `beats`."""

    beat: float
    beats: float
    chord: Chord


@dataclass(frozen=True)
class Bar:
    """`beat` is the number of its first beat; `level` 0 to 1 how full it is; `place` its place in its phrase, `left`
    how many bars of the phrase follow it; `hits` are beats, `key` the key at this place."""

    beat: int
    beats: int
    spans: tuple[Span, ...]
    level: float
    phrase: int
    place: int
    left: int
    hits: tuple[int, ...]
    key: Key

    def span(self, beat: float) -> Span:
        """The chord that holds at a beat."""
        return next(one for one in reversed(self.spans) if one.beat <= beat + 1e-6 or one is self.spans[0])


_CELLS = (  # rhythms of two beats, from sparse to busy
    (2.0,), (1.5, 0.5), (1.0, 1.0), (1.0, 0.5, 0.5), (0.5, 0.5, 1.0), (0.5, 1.0, 0.5), (0.5, 0.5, 0.5, 0.5),
    (0.75, 0.25, 0.5, 0.5),
)  # fmt: skip


@dataclass(frozen=True)
class Motif:
    """A rhythm (beats) and as many steps of the scale, each from the note before; the first from the phrase's line."""

    rhythm: tuple[float, ...]
    steps: tuple[int, ...]

    def inverted(self) -> "Motif":
        return Motif(self.rhythm, tuple(-step for step in self.steps))

    def fragment(self) -> "Motif":
        """Its first half twice."""
        half = max(1, len(self.rhythm) // 2)
        return Motif(self.rhythm[:half] * 2, self.steps[:half] * 2)


def motif(beats: int, busy: float, rng: np.random.Generator) -> Motif:
    """A motif for a bar of some beats; `busy` 0 to 1."""
    rhythm: list[float] = []
    while sum(rhythm) < beats - 1e-6:
        middle = busy * (len(_CELLS) - 1)
        weights = np.exp(-0.5 * ((np.arange(len(_CELLS)) - middle) / 1.4) ** 2)
        rhythm += _CELLS[rng.choice(len(_CELLS), p=weights / weights.sum())]
    rhythm = _cut(rhythm, beats)
    way = 1 if rng.random() < 0.6 else -1
    steps = [0]
    for _ in rhythm[1:]:
        if rng.random() < 0.3:
            way = -way
        steps.append(way * int(rng.choice([1, 2, 1, 3, 0], p=[0.5, 0.2, 0.15, 0.08, 0.07])))
    return Motif(tuple(rhythm), tuple(steps))


def _cut(rhythm: list[float], beats: float) -> list[float]:
    """The rhythm made to last exactly so many beats."""
    kept: list[float] = []
    for length in rhythm:
        room = beats - sum(kept)
        if room <= 1e-6:
            break
        kept.append(min(length, room))
    if (room := beats - sum(kept)) > 1e-6:
        kept.append(room)
    return kept


class Tune:
    """Sings phrases between two keys; `busy` 0 to 1. Phrases of the same letter have the same motif."""

    def __init__(self, low: int, high: int, busy: float, metre: int, rng: np.random.Generator) -> None:
        self._low, self._high = low, high
        self._rng = rng
        # the low and the high ends of a range are for climaxes
        self._middle = (low + high) / 2
        self._motifs = {
            letter: [motif(metre, busy + extra, rng) for extra in (-0.15, 0.1, 0.3)] for letter in ("A", "B")
        }
        self._last: int | None = None

    def phrase(self, bars: list[Bar], letter: str, answer: bool) -> list[Event]:
        """The notes over these bars; an `answer` closes on the chord's root, a question leaves it open."""
        events: list[Event] = []
        level = sum(bar.level for bar in bars) / len(bars)
        own = self._motifs[letter][0 if level < 0.35 else 1 if level < 0.7 else 2]
        made = [own, own, own.inverted() if letter == "B" else own.fragment(), own]
        for i, bar in enumerate(bars):
            if i == len(bars) - 1 and len(bars) > 1:
                events += self._close(bar, answer)
            else:
                # the line rises towards the third bar; louder phrases lie higher
                line = (
                    self._middle + 3 * np.sin(np.pi * (i + 0.5) / 4) + 5 * (level - 0.5) + (2 if letter == "B" else 0)
                )
                events += self._bar(bar, made[i % 4], float(line))
        return events

    def _bar(self, bar: Bar, one: Motif, line: float) -> list[Event]:
        events = []
        at = float(bar.beat)
        end = bar.beat + bar.beats
        steps = [*one.steps, 0]
        for i, length in enumerate(_cut(list(one.rhythm), bar.beats)):
            span = bar.span(at)
            pitch = (
                self._first(line, span.chord) if i == 0 else self._next(steps[min(i, len(one.steps))], at, length, bar)
            )
            self._last = pitch
            strong = abs(at - round(at)) < 1e-6 and int(round(at) - bar.beat) % 2 == 0
            events.append(Event(at, min(length, end - at) * 0.96, pitch, 0.72 + 0.12 * strong + 0.06 * (i == 0)))
            at += length
        return events

    def _first(self, line: float, chord: Chord) -> int:
        """A bar begins on a chord tone near the line, not far from where the tune was."""
        near = line if self._last is None else 0.5 * line + 0.5 * self._last
        keys = [key for key in pitches(chord.tones, self._low, self._high) if key != self._last or len(chord.tones) < 3]
        return min(keys or pitches(chord.tones, self._low, self._high), key=lambda key: abs(key - near))

    def _next(self, step: int, at: float, length: float, bar: Bar) -> int:
        """So many steps of the scale on; to a chord tone where it is heard as one (on the beat, or long)."""
        assert self._last is not None
        span = bar.span(at)
        scale = pitches(scale_for(span.chord, bar.key), self._low, self._high)
        place = min(range(len(scale)), key=lambda i: abs(scale[i] - self._last))  # type: ignore[operator]
        if not 0 <= place + step < len(scale):
            step = -step
        wanted = scale[min(len(scale) - 1, max(0, place + step))]
        if abs(at - round(at)) < 1e-6 and (length >= 1 or int(round(at) - bar.beat) % 2 == 0):
            tones = pitches(span.chord.tones, self._low, self._high)
            ahead = [key for key in tones if (key - self._last) * step > 0 or step == 0] or tones
            return min(ahead, key=lambda key: abs(key - wanted))
        return wanted

    def _close(self, bar: Bar, answer: bool) -> list[Event]:
        """The last bar of a phrase: perhaps a step that leads there, then a long note, then a breath."""
        chord = bar.spans[0].chord
        near = self._middle if self._last is None else self._last
        tones = (chord.root,) if answer else chord.tones[:3]
        keys = pitches(tones, self._low, self._high) or pitches(chord.tones, self._low, self._high)
        goal = min(keys, key=lambda key: abs(key - near))
        self._last = goal
        if bar.beats >= 4 and self._rng.random() < 0.5:
            scale = [key for key in pitches(scale_for(chord, bar.key), self._low, self._high) if key != goal]
            beside = min(scale, key=lambda key: abs(key - goal - 0.1))
            return [Event(bar.beat, 0.96, beside, 0.72), Event(bar.beat + 1, (bar.beats - 1) * 0.7, goal, 0.78)]
        return [Event(bar.beat, bar.beats * 0.75, goal, 0.78)]


def counter(bars: list[Bar], low: int, high: int) -> list[Event]:
    """A second voice in long notes: the third or the fifth of each chord, moving little."""
    events = []
    last = (low + high) // 2
    for bar in bars:
        for span in bar.spans:
            tones = span.chord.tones[1:3] or span.chord.tones
            last = min(pitches(tones, low, high), key=lambda key: abs(key - last))
            events.append(Event(span.beat, span.beats * 0.98, last, 0.6))
    return events
