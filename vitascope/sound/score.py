"""A score for a picture: words and what happens in the picture to a piece of music that ends with it."""

import itertools
import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vitascope.sound import brief as briefs
from vitascope.sound import harmony, orchestra, patterns
from vitascope.sound.brief import Brief
from vitascope.sound.clock import Clock, fitted
from vitascope.sound.harmony import Key
from vitascope.sound.melody import Bar, Event, Span, Tune, counter
from vitascope.sound.orchestra import Player

ENERGY_RATE = 4  # values of motion energy a second
SHORTEST, LONGEST = 1.0, 7200.0  # seconds


@dataclass(frozen=True)
class Picture:
    """What a composer sees of a film: how long it is (1 to 7200 s), its motion energy (0 to 1, four values a second;
    the last holds on where there are too few), when it is cut, and its strongest moments (times in seconds, any order).

    Raises ValueError."""

    seconds: float
    energy: tuple[float, ...] = ()
    cuts: tuple[float, ...] = ()
    hits: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not SHORTEST <= self.seconds <= LONGEST:
            raise ValueError(f"picture.seconds should be {SHORTEST:g} to {LONGEST:g}, but was {self.seconds:g}")
        if any(not 0 <= value <= 1 for value in self.energy):
            raise ValueError("picture.energy should be from 0 to 1; divide it by its greatest value")
        for name, times in (("cuts", self.cuts), ("hits", self.hits)):
            if any(not 0 <= time <= self.seconds for time in times):
                raise ValueError(f"picture.{name} should lie within its {self.seconds:g} s, but were {times}")

    def energy_between(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Mean energies from some times to others (seconds), [N]; 0.25 where nothing is known."""
        if not self.energy:
            return np.full(len(starts), 0.25)
        sums = np.concatenate([[0.0], np.cumsum(self.energy)])
        edges = np.arange(len(sums)) / ENERGY_RATE
        starts, ends = (np.clip(times, 0, edges[-1]) for times in (starts, ends))
        starts = np.minimum(starts, ends - 1 / ENERGY_RATE)
        total = np.interp(ends, edges, sums) - np.interp(starts, edges, sums)
        return total / np.maximum(1e-9, (ends - starts) * ENERGY_RATE)


class Note(NamedTuple):
    """A key (0 to 127) from `start` on for some `seconds`, its velocity 1 to 127, played by the part of that number."""

    start: float
    seconds: float
    pitch: int
    velocity: int
    part: int


@dataclass(frozen=True)
class Part:
    """An instrument of the piece: General MIDI program (counted from 0), pan (-1 left to 1 right), volume (0 to 1), and
    how much of it the hall hears (0 to 1). Of drums the program says which kit."""

    name: str
    program: int
    pan: float
    volume: float
    is_drums: bool
    hall: float


class Sounding(NamedTuple):
    """A chord that holds from `start` for some `seconds`: its name, its pitch classes and those of its scale."""

    start: float
    seconds: float
    name: str
    tones: tuple[int, ...]
    scale: tuple[int, ...]


@dataclass(frozen=True)
class Piece:
    """A composed piece. `tempo` (time, beats a minute) where it changes, `beats` and `bars` the times (seconds) of all
    beats and bar lines, the last being the last chord's; `room` how long its hall rings (seconds for 60 dB)."""

    seconds: float
    tempo: tuple[tuple[float, float], ...]
    beats: tuple[float, ...]
    bars: tuple[float, ...]
    metre: int
    notes: tuple[Note, ...]  # in the order of their starts
    parts: tuple[Part, ...]
    key: Key
    chords: tuple[Sounding, ...]
    mood: str
    genre: str | None
    room: float


_VOLUMES = {"melody": 0.85, "counter": 0.55, "pad": 0.42, "motion": 0.48, "bass": 0.7, "stab": 0.75, "drums": 0.6}


def compose(words: str, picture: Picture, seed: int = 0) -> Piece:
    """A piece for these words ("tense strings, slow", "lo-fi piano, 80 bpm, in A minor, no drums"; empty: whatever
    fits) that lasts exactly as long as the picture, has its hits on beats, and ends with it. The same words, picture
    and seed make the same piece. Raises ValueError where the picture cannot be read (see Picture)."""
    rng = np.random.default_rng([seed, zlib.crc32(words.encode())])
    mean = float(np.mean(picture.energy)) if picture.energy else 0.25
    brief = briefs.read(words, mean, rng)
    clock = fitted(brief.bpm, brief.bpm_asked, picture.seconds, _weighed(picture), picture.cuts, brief.metre)
    bars = _planned(brief, picture, clock, rng)
    players = orchestra.cast(brief.style, brief.wanted, brief.unwanted, brief.alone)
    notes: list[Note] = []
    for number, player in enumerate(players):
        heard = _heard(player, players, bars)
        events = _played(player, heard, brief, rng)
        events += _accents(player, players, bars)
        notes += _notes(events, number, clock, bars, brief.swing, rng)
        notes += _last(player, number, players, brief, bars, clock, picture.seconds)
    chords = [span for bar in bars for span in bar.spans]
    return Piece(
        picture.seconds, clock.tempo, clock.beats, tuple(clock.beats[n] for n in clock.bars), brief.metre,
        tuple(sorted(notes)), _parts(players), brief.key, _soundings(chords, bars, brief, clock, picture.seconds),
        brief.mood, brief.genre, brief.room,
    )  # fmt: skip


def _weighed(picture: Picture) -> tuple[float, ...]:
    """The hits, those with the most motion around them first."""
    times = np.array(sorted(set(picture.hits)))
    if not len(times):
        return ()
    around = picture.energy_between(times - 0.4, times + 0.4)
    return tuple(float(times[i]) for i in np.argsort(-around, kind="stable"))


def _planned(brief: Brief, picture: Picture, clock: Clock, rng: np.random.Generator) -> list[Bar]:
    """The bars up to the last chord: what they are in harmony, how full they are, and which phrase they belong to."""
    lines = clock.bars
    if len(lines) < 2:
        return []
    starts = np.array([clock.beats[n] for n in lines])
    energy = picture.energy_between(starts[:-1] - 0.25, starts[1:] + 0.25)
    levels = patterns.level_of(energy, brief.weight)
    count = len(levels)
    levels = np.clip(levels + 0.08 * np.sin(np.pi * (np.arange(count) + 0.5) / count * 0.8), 0.05, 1)
    numerals = harmony.plan(count, brief.style if brief.genre else brief.mood, brief.key, rng)
    keys = _keys(count, brief, picture.seconds, rng)
    bars: list[Bar] = []
    for i in range(count):
        first, beats = lines[i], lines[i + 1] - lines[i]
        hits = tuple(hit for hit in clock.hits if first <= hit < lines[i + 1])
        after = numerals[i + 1] if i + 1 < count else "V"
        spans = _spans(
            first, beats, hits, (numerals[i], after, "IV" if "iv" not in numerals[i].lower() else "V"), keys[i]
        )
        level = min(1.0, float(levels[i]) + 0.1 * bool(hits))
        left = min(3 - i % 4, count - 1 - i)
        bars.append(Bar(first, beats, spans, level, i // 4, i % 4, left, hits, keys[i]))
    return bars


def _spans(first: int, beats: int, hits: tuple[int, ...], numerals: tuple[str, ...], key: Key) -> tuple[Span, ...]:
    """A bar's chords: a new one at every hit inside it."""
    lines = [first, *(hit for hit in hits if hit > first), first + beats]
    chords = [_chord(numerals[0], key)]
    for _ in lines[2:]:
        others = [_chord(one, key) for one in (*numerals[1:], "I", "V")]
        chords.append(next(one for one in others if one.root != chords[-1].root))
    return tuple(
        Span(float(a), float(b - a), one) for a, b, one in zip(lines[:-1], lines[1:], chords, strict=True)
    )  # fmt: skip


def _chord(numeral: str, key: Key) -> harmony.Chord:
    """A chord of the key; plain capitals that were written for major turn small where the scale has a minor third."""
    if key.minor and numeral in ("I", "IV"):
        numeral = numeral.lower()
    return harmony.chord(numeral, key)


def _keys(count: int, brief: Brief, seconds: float, rng: np.random.Generator) -> list[Key]:
    """The key of each bar: longer pieces go elsewhere every sixteen bars, and come home for the last section."""
    sections = (count + 15) // 16
    if brief.key_asked or seconds < 90 or sections < 4:
        return [brief.key] * count
    shifts = [0]
    for section in range(1, sections):
        shifts.append(0 if section >= sections - 2 or section % 2 == 0 else int(rng.choice([5, -2, 3, 2, -3])))
    return [Key((brief.key.tonic + shifts[i // 16]) % 12, brief.key.mode) for i in range(count)]


def _heard(player: Player, players: tuple[Player, ...], bars: list[Bar]) -> list[Bar]:
    """The bars in which somebody plays: whole phrases that are full enough; the tune rests now and then."""
    least = min(other.threshold for other in players)
    full: dict[int, float] = {}
    for phrase, own in itertools.groupby(bars, key=lambda bar: bar.phrase):
        full[phrase] = float(np.mean([bar.level for bar in own]))
    phrases = len(full)
    heard = {phrase for phrase, level in full.items() if player.threshold <= max(level, least)}
    tunes = sum(other.role == "melody" for other in players)
    if player.role == "melody" and phrases >= 6 and len(players) > 2 and tunes == 1:
        heard -= {phrase for phrase in heard if phrase == 0 or (phrase % 8 == 6 and full[phrase] < 0.6)}
    if player.role == "motion" and phrases >= 8:
        heard -= {phrase for phrase in heard if phrase % 8 == 4 and full[phrase] < 0.5}
    return [bar for bar in bars if bar.phrase in heard]


def _played(player: Player, bars: list[Bar], brief: Brief, rng: np.random.Generator) -> list[Event]:
    """What a player plays by its role, in beats."""
    one, style = player.instrument, brief.style
    shape = int(rng.integers(12))
    if player.role == "pad":
        return patterns.pad(bars, one.low, one.high)
    if player.role == "motion":
        return patterns.motion(style, one, bars, brief.bpm, shape)
    if player.role == "bass":
        return patterns.bass(style, one, bars, brief.bpm)
    if player.role == "counter":
        low = max(one.low, min(one.high - 14, 55))
        return counter(bars, low, min(one.high, low + 17))
    if player.role == "drums":
        return patterns.drums(style, one, bars)
    if player.role == "stab":
        return []
    low = max(one.low, min(one.high - 19, 60 if one.high > 76 else one.low + 7))
    busy = (
        0.5 + 0.25 * (brief.bpm < 90) - 0.2 * (brief.bpm > 130) - 0.25 * (brief.mood in ("sad", "horror", "mysterious"))
    )
    tune = Tune(low, min(one.high, low + 21), busy, brief.metre, rng)
    events: list[Event] = []
    for phrase, own in itertools.groupby(bars, key=lambda bar: bar.phrase):
        events += tune.phrase(list(own), "A" if phrase % 4 < 2 else "B", phrase % 2 == 1)
    return events


def _accents(player: Player, players: tuple[Player, ...], bars: list[Bar]) -> list[Event]:
    """What a player adds on the hits: stabs and drums, with a roll that leads there; where neither are among the
    players, the first of them strikes the chord."""
    strikers = [p for p in players if p.role in ("stab", "drums")] or [
        next((p for p in players if p.role in ("motion", "pad")), players[0])
    ]
    if player not in strikers:
        return []
    events: list[Event] = []
    for bar in bars:
        for hit in bar.hits:
            if player.role == "drums":
                keys = (36, 57, 87) if player.instrument.name == "orchestral percussion" else (36, 57)
                events += [Event(hit, 1.0, key, 1.0) for key in keys]
            else:
                events += [Event(hit, 0.9, key, 1.0) for key in _struck(player, bar.span(hit).chord)]
            if player.instrument.name == "timpani" and bar.level > 0.35 and hit >= 1:
                key = _struck(player, bar.span(hit).chord)[0]
                events += [Event(hit - 1 + i / 6, 1 / 6, key, 0.3 + 0.08 * i) for i in range(6)]
    return events


def _struck(player: Player, chord: harmony.Chord) -> list[int]:
    """The keys with which an instrument strikes a chord."""
    one = player.instrument
    if one.name in ("timpani", "bells", "glockenspiel"):
        return harmony.pitches((chord.root,), one.low, one.high)[:1]
    low = max(one.low, 48)
    return list(harmony.voiced(chord, None, low, min(one.high, low + 24), 4))


def _swung(beat: float, swing: float) -> float:
    """A beat whose second half begins late, by as much as the swing (0 to 1/3) says."""
    whole, part = divmod(beat + 1e-9, 1.0)
    half = 0.5 + swing / 2
    return whole + (part * 2 * half if part < 0.5 else half + (part - 0.5) * 2 * (1 - half))


def _notes(
    events: list[Event], number: int, clock: Clock, bars: list[Bar], swing: float, rng: np.random.Generator
) -> list[Note]:
    """Events in seconds, as a player would play them: a little before or after, a little louder or softer, but exactly
    on the hits."""
    if not events:
        return []
    last = len(clock.beats) - 1
    at = np.array([one.beat for one in events])
    starts = clock.at(np.array([_swung(one.beat, swing) for one in events]))
    ends = clock.at(np.array([min(last + 0.05, _swung(one.beat + one.beats, swing)) for one in events]))
    # loudness leads over to the next bar's
    level = np.interp(at, [bar.beat for bar in bars], [bar.level for bar in bars])
    on_hit = np.isin(at, clock.hits)
    early_or_late = np.where(on_hit, 0, np.clip(rng.normal(0, 0.005, len(at)), -0.012, 0.012))
    starts = np.maximum(0, starts + early_or_late)
    lengths = np.maximum(0.05, ends - starts)
    loud = np.array([one.loud for one in events]) * (0.62 + 0.5 * level) * np.where(on_hit, 1.15, 1)
    velocities = np.clip(np.round(127 * loud + rng.normal(0, 2.5, len(at))), 12, 127).astype(int)
    return [
        Note(start, length, event.pitch, velocity, number)
        for event, start, length, velocity in zip(
            events, starts.tolist(), lengths.tolist(), velocities.tolist(), strict=True
        )
        if event.beat < last - 1e-6
    ]


def _last(
    player: Player,
    number: int,
    players: tuple[Player, ...],
    brief: Brief,
    bars: list[Bar],
    clock: Clock,
    seconds: float,
) -> list[Note]:
    """What a player has in the last chord, the tonic: it rings nearly to the end."""
    level = bars[-1].level if bars else 0.3
    start = clock.beats[-1]
    if player.threshold > max(0.35, level, min(p.threshold for p in players)):
        return []
    length = max(0.3, (seconds - start) * 0.72)
    end = harmony.chord(harmony.tonic(brief.style, brief.key), brief.key)
    one = player.instrument
    keys: tuple[int, ...] | list[int]
    if player.role == "drums":
        keys = [36, 57] if level > 0.3 else [36]
    elif player.role == "bass":
        keys = [max(one.low, 28) + (end.root - max(one.low, 28)) % 12]
    elif player.role in ("melody", "counter"):
        tones = (end.root,) if player.role == "melody" else end.tones[1:3]
        middle = (max(one.low, 55) + min(one.high, 79)) / 2
        keys = [min(harmony.pitches(tones, one.low, one.high), key=lambda key: abs(key - middle))]
    elif player.role == "stab":
        keys = _struck(player, end)
    else:
        low = max(one.low, 45 if player.role == "pad" else 48)
        keys = harmony.voiced(end, None, low, min(one.high, low + 28), 4)
    loud = int(np.clip(127 * 0.72 * (0.62 + 0.5 * level), 12, 127))
    rolled = 0.03 if one.motion in ("arpeggio", "strum") and player.role == "motion" else 0.0
    return [Note(start + rolled * i, length, key, loud, number) for i, key in enumerate(keys)]


def _parts(players: tuple[Player, ...]) -> tuple[Part, ...]:
    names = [player.instrument.name for player in players]
    return tuple(
        Part(
            one.instrument.name if names.count(one.instrument.name) == 1 else f"{one.instrument.name} ({one.role})",
            one.instrument.program, one.instrument.pan, _VOLUMES[one.role], one.instrument.kit, one.instrument.hall,
        )
        for one in players
    )  # fmt: skip


def _soundings(spans: list[Span], bars: list[Bar], brief: Brief, clock: Clock, seconds: float) -> tuple[Sounding, ...]:
    keys = [bar.key for bar in bars for _ in bar.spans]
    starts = clock.at(np.array([span.beat for span in spans])).tolist()
    ends = clock.at(np.array([span.beat + span.beats for span in spans])).tolist()
    found = [
        Sounding(start, end - start, span.chord.name, span.chord.tones, harmony.scale_for(span.chord, key))
        for span, key, start, end in zip(spans, keys, starts, ends, strict=True)
    ]
    last = harmony.chord(harmony.tonic(brief.style, brief.key), brief.key)
    start = clock.beats[-1]
    return (*found, Sounding(start, seconds - start, last.name, last.tones, harmony.scale_for(last, brief.key)))
