"""Dialogue: lines are spoken, stand where they fit, are heard from where their speakers are, and move their lips."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.shot import MAX_TEXT, Cue
from vitascope.sound.blocks import RATE, Blocks, Stereo, laid
from vitascope.sound.casting import CHILD_UNTIL, MANNERS, PITCHES, Voice, cast, sex_and_age
from vitascope.sound.kokoro import RATE as MODEL_RATE
from vitascope.sound.kokoro import Phone, Said, styles, utter
from vitascope.sound.phonemes import pronounced
from vitascope.sound.quotes import quoted
from vitascope.sound.script import NARRATOR, Line, Sex, parse, told
from vitascope.sound.shaping import Mono, faded, heard, levelled, resampled, stretched, tilted

__all__ = ["Line", "Speech", "Spoken", "Voice", "cast", "cues", "notes", "parse", "place", "quoted", "speak", "speech"]

LONGEST = 14_400.0  # seconds of a film
LEVEL = -23.0  # LUFS of a neutral line
FASTEST = 1.35  # how much faster than of itself a line may be spoken to fit
LEAD = 0.4  # seconds before the first line where nothing says when
GAPS = {",": 0.35, "—": 0.35, ":": 0.35, ";": 0.4, ".": 0.55, "!": 0.5, "?": 0.6, "…": 0.8}  # seconds after a line
GAP, LEAST_GAP = 0.45, 0.15
WIDTH = 0.5  # of the way to either side that a voice at the picture's edge is moved
LOUD, SOFT = 7.0, -9.0  # dB of a shout and a whisper: a cue's strength 1 and 0.1


@dataclass(frozen=True)
class Speech:
    """A line as it sounds: samples [S] mono at 48 kHz from its first sound to its last; phonemes and words with the
    seconds from its beginning."""

    samples: Mono
    phones: tuple[Phone, ...] = ()
    words: tuple[Said, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


@dataclass(frozen=True)
class Spoken:
    """A line that stands somewhere: it begins at `time` (seconds); who speaks is at `place`, and at `to` when it ends
    (picture coordinates; None: unknown or not in the picture). `over` is by how much it misses its end (seconds),
    `faster` how much faster than of itself it is spoken to fit."""

    line: Line
    speech: Speech
    time: float
    place: tuple[float, float] | None = None
    to: tuple[float, float] | None = None
    over: float = 0.0
    faster: float = 1.0

    @property
    def end(self) -> float:
        return self.time + self.speech.seconds


class Speaker(Protocol):
    """What speaks: `speak`, or something else for tests and other models."""

    def __call__(self, line: Line, voice: Voice, faster: float = 1.0) -> Speech: ...


def speak(line: Line, voice: Voice, faster: float = 1.0) -> Speech:
    """A line in a voice, with its emotion, at -23 LUFS give or take what its emotion does; `faster` than of itself.

    The model itself speaks higher, wider or only with breath; a smaller throat is the model's slower, lower speech
    played faster, which raises the resonances and leaves pace and pitch as asked. Raises ImportError without the extra
    `dialogue`, and ValueError for a voice or words that cannot be spoken."""
    if voice.model not in PITCHES:
        raise ValueError(f"a voice's model should be one of {', '.join(PITCHES)}, but was {voice.model!r}")
    if not 0.5 <= faster <= 2.0:
        raise ValueError(f"a line may be spoken 0.5 to 2 times as fast, but was to be {faster:g} times")
    manner, own = MANNERS[line.emotion], float(PITCHES[voice.model])
    pitch = voice.pitch * manner.pitch / voice.formants
    gain = pitch / own * own ** (1.0 - manner.spread) if manner.voiced else 0.0
    spread = manner.spread if manner.voiced else 1.0
    pace = voice.pace * manner.pace * line.pace * faster / voice.formants
    uttered = utter(pronounced(line.words), styles()[voice.model], pace, gain, spread)
    samples = resampled(uttered.samples, RATE / (MODEL_RATE * voice.formants))
    first, last = heard(samples)
    samples = faded(levelled(tilted(samples[first:last], manner.tilt), LEVEL + manner.level))

    def moved(start: float, end: float) -> tuple[float, float]:
        times = np.clip(np.array([start, end]) / voice.formants - first / RATE, 0.0, len(samples) / RATE)
        return float(times[0]), float(times[1])

    return Speech(
        samples,
        tuple(Phone(phone.symbol, *moved(phone.start, phone.end)) for phone in uttered.phones),
        tuple(Said(word.text, *moved(word.start, word.end)) for word in uttered.words),
    )


# --- when: the script says it, or moving mouths do, or it is spread sensibly ------------------------------------------


def place(
    lines: Sequence[Line],
    seconds: float,
    mouths: Sequence[Cue] = (),
    voices: Mapping[str, Voice] | None = None,
    speaker: Speaker = speak,
) -> tuple[Spoken, ...]:
    """Lines where they stand in a film of this length, in the order of their times.

    A line's own time goes first. Without one it takes the next of `mouths` (speech Cues: someone is seen to speak)
    that fits who says it, and that one's place. What remains follows what was said before it, after a pause that its
    last mark asks for; when that would be too long for the film, pauses shrink. A line that is too long for its time,
    its mouth or the film is spoken faster, at most 1.35 times; what still does not fit runs over: see `notes`.
    `voices` are those of characters known from before; all others are cast here. Raises ValueError for a time beyond
    the film."""
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"a film with dialogue should have 0 to {LONGEST:g} s, but had {seconds:g}")
    lines = tuple(told(lines))
    for n, line in enumerate(lines):
        if line.start is not None and line.start >= seconds:
            raise ValueError(f"line {n + 1} should begin before the film's end at {seconds:g} s, not at {line.start:g}")
    known = cast(lines, voices)
    natural = [speaker(line, known[line.who]) for line in lines]
    seen = _matched(lines, [speech.seconds for speech in natural], mouths)
    anchors = [cue.time if cue and line.start is None else line.start for line, cue in zip(lines, seen, strict=True)]
    starts, limits = _times(lines, [speech.seconds for speech in natural], anchors, seconds)
    for n, (cue, first) in enumerate(zip(seen, natural, strict=True)):
        if cue and lines[n].start is None and first.seconds / FASTEST <= cue.seconds:
            limits[n] = min(limits[n], cue.time + cue.seconds)  # it can be over when the mouth is
    spoken = []
    for line, cue, first, start, limit in zip(lines, seen, natural, starts, limits, strict=True):
        end = line.end if line.end is not None else limit
        fitted, faster = _fitted(line, known[line.who], first, end - start, speaker)
        over = max(0.0, start + fitted.seconds - end)
        where, to = (cue.place, cue.to) if cue and not line.off else (None, None)
        spoken.append(Spoken(line, fitted, start, where, to, over if over > 0.02 else 0.0, faster))
    return tuple(sorted(spoken, key=lambda one: one.time))


def _matched(lines: Sequence[Line], lengths: Sequence[float], mouths: Sequence[Cue]) -> list[Cue | None]:
    """For each line the mouth that says it, if any: in order, of the right kind where that is known. A long line takes
    all that moves while it is said."""
    waiting = sorted((cue for cue in mouths if cue.kind == "speech"), key=lambda cue: cue.time)
    found: list[Cue | None] = []
    for line, length in zip(lines, lengths, strict=True):
        cue = None
        if line.start is not None:  # a line with a time takes the mouth that moves then, if one does
            fitting = [one for one in waiting if one.time - 0.3 <= line.start <= one.time + one.seconds]
            cue = next(iter(fitting), None)
        elif waiting and line.who != NARRATOR and not line.off:
            fitting = [one for one in waiting if _of(line, one)] or waiting
            cue = fitting[0]
        if cue is not None:
            begun = cue.time if line.start is None else line.start
            waiting = [one for one in waiting if one.time > cue.time and one.time >= begun + length / FASTEST]
        found.append(cue)
    return found


def _of(line: Line, cue: Cue) -> bool:
    """Whether a cue's voice may be that of who says a line: a cue of the world tells a woman from a boy."""
    whose = next((word for word in cue.materials if word in ("woman", "man", "girl", "boy")), None)
    if whose is None:
        return True
    sex, age = sex_and_age(line)
    return whose == _kind(sex, age)


def _kind(sex: Sex, age: float) -> str:
    return ("girl" if sex == "female" else "boy") if age < CHILD_UNTIL else "woman" if sex == "female" else "man"


def _times(
    lines: Sequence[Line], lengths: Sequence[float], anchors: Sequence[float | None], seconds: float
) -> tuple[list[float], list[float]]:
    """When each line begins, and when it has to be over: where the next known time is, or the film ends."""
    starts, limits = [0.0] * len(lines), [seconds] * len(lines)
    n, free = 0, 0.0  # `free`: when the last line is over
    while n < len(lines):
        if (anchor := anchors[n]) is not None:
            starts[n] = anchor
            later = [one for one in anchors if one is not None and one > anchor + 0.05]
            limits[n] = min([*later, seconds])
            free, n = anchor + lengths[n], n + 1
            continue
        # A run of lines without times, up to one that has its own.
        run = [n]
        while run[-1] + 1 < len(lines) and anchors[run[-1] + 1] is None:
            run.append(run[-1] + 1)
        after = run[-1] + 1
        until = float(anchors[after] or 0.0) if after < len(lines) else seconds
        lead = LEAD if n == 0 else _gap(lines[n - 1])
        gaps = [lead, *(_gap(lines[k]) for k in run[:-1])]
        needed = sum(lengths[k] for k in run)
        share = min(max((until - free - needed) / sum(gaps), 0.0), 1.0)
        at = free
        room = max(0.0, until - free - sum(max(gap * share, LEAST_GAP) for gap in gaps))
        squeeze = min(1.0, max(room / needed, 1.0 / FASTEST)) if needed else 1.0
        for k, gap in zip(run, gaps, strict=True):
            starts[k] = at + max(gap * share, LEAST_GAP)
            at = starts[k] + lengths[k] * squeeze
            limits[k] = at if squeeze < 1.0 else until
        limits[run[-1]] = until
        free, n = at, after
    return starts, limits


def _gap(line: Line) -> float:
    mark = line.words.rstrip(" \"'”’)")[-1:]
    return 0.8 if line.words.rstrip().endswith("...") else GAPS.get(mark, GAP)


def _fitted(line: Line, voice: Voice, first: Speech, room: float, speaker: Speaker) -> tuple[Speech, float]:
    """The line spoken fast enough for its room (seconds), and how much faster that is than of itself.

    The model counts in steps of 25 ms, and misses a pace by up to a tenth: the rest is stretched."""
    needed = min(first.seconds / max(room, 0.05), FASTEST)
    if needed <= 1.0:
        return first, 1.0
    hurried = speaker(line, voice, needed)
    factor = min(max(first.seconds / needed / hurried.seconds, 0.5), 2.0)
    phones = tuple(Phone(one.symbol, one.start * factor, one.end * factor) for one in hurried.phones)
    words = tuple(Said(one.text, one.start * factor, one.end * factor) for one in hurried.words)
    return Speech(stretched(hurried.samples, factor), phones, words), needed


def notes(spoken: Sequence[Spoken]) -> tuple[str, ...]:
    """What did not fit, a sentence each; none where all did."""
    told_ = []
    for one in spoken:
        who, words = one.line.who or "the narrator", one.line.words[:40]
        if one.over:
            told_.append(f"{who} needs {one.over:.2f} s more than there are at {one.time:.2f} s for {words!r}")
    for before, after in itertools.pairwise(spoken):
        if before.end > after.time + 0.05 and not before.over:
            told_.append(f"two speak at once at {after.time:.2f} s: {before.line.words[:40]!r} is not over")
    return tuple(told_)


# --- what is heard, and what is told of it ----------------------------------------------------------------------------


def speech(spoken: Sequence[Spoken], seconds: float) -> Blocks:
    """The dialogue as a stream of this length: each voice a little to where its speaker is, at equal power."""
    ordered = sorted(spoken, key=lambda one: one.time)
    return laid(_panned(ordered), seconds)


def _panned(spoken: Sequence[Spoken]) -> Iterator[tuple[float, Stereo]]:
    for one in spoken:
        samples = one.speech.samples
        x = 0.5 if one.place is None else one.place[0]
        end = x if one.to is None else one.to[0]
        across = np.clip(np.linspace(x, end, len(samples)), 0.0, 1.0) if len(samples) else np.zeros(0)
        angle = (1.0 + WIDTH * (2.0 * across - 1.0)) * np.pi / 4.0
        sides = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        yield one.time, np.asarray(samples[:, None] * sides, np.float32)


def cues(spoken: Sequence[Spoken]) -> tuple[Cue, ...]:
    """What is said as Cues of a Shot, in order: of the kind speech, with the words as text."""
    made = []
    for one in sorted(spoken, key=lambda one: one.time):
        sex, age = sex_and_age(one.line)
        level = np.interp(MANNERS[one.line.emotion].level, (SOFT, 0.0, LOUD), (0.1, 0.5, 1.0))
        made.append(
            Cue(
                time=round(one.time, 4),
                kind="speech",
                seconds=round(one.speech.seconds, 4),
                strength=round(float(level), 3),
                materials=("voice", _kind(sex, age)),
                place=one.place,
                to=one.to,
                text=one.line.words[:MAX_TEXT],
            )
        )
    return tuple(made)


def envelope(samples: NDArray[np.float32], fps: float, num_frames: int) -> NDArray[np.float64]:
    """How strongly samples [S] or [S, 2] at 48 kHz sound around each frame of a film: [T], root mean square."""
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    total = np.concatenate([[0.0], np.cumsum(mono.astype(np.float64) ** 2)])
    edges = np.clip(np.round((np.arange(num_frames + 1) - 0.5) / fps * RATE).astype(int), 0, len(mono))
    return np.asarray(np.sqrt((total[edges[1:]] - total[edges[:-1]]) / np.maximum(np.diff(edges), 1)))
