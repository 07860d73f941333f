"""Keys, chords, progressions with cadences, and voices that move as little as they can."""

import functools
import itertools
import re
from dataclasses import dataclass

import numpy as np

MODES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_KINDS: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7), "m": (0, 3, 7), "o": (0, 3, 6), "+": (0, 4, 8), "5": (0, 7), "sus4": (0, 5, 7), "sus2": (0, 2, 7),
    "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "M7": (0, 4, 7, 11), "o7": (0, 3, 6, 10), "add9": (0, 4, 7, 14),
    "madd9": (0, 3, 7, 14), "9": (0, 4, 10, 14), "m9": (0, 3, 10, 14), "M9": (0, 4, 11, 14), "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """`tonic` is 0 (C) to 11 (B); `mode` a key of MODES."""

    tonic: int
    mode: str

    @property
    def minor(self) -> bool:
        return MODES[self.mode][2] == 3

    @property
    def scale(self) -> tuple[int, ...]:
        """Its pitch classes, 0 to 11, from the tonic up."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    def __str__(self) -> str:
        return f"{NAMES[self.tonic]} {self.mode}"


@dataclass(frozen=True)
class Chord:
    """`root` is a pitch class; `tones` are the chord's pitch classes, the root first."""

    root: int
    tones: tuple[int, ...]
    numeral: str

    @property
    def name(self) -> str:
        """As on a lead sheet: Am, G7."""
        kind = next((k for k, steps in _KINDS.items() if self.tones == _tones(self.root, steps)), "")
        return NAMES[self.root] + kind


def _tones(root: int, steps: tuple[int, ...]) -> tuple[int, ...]:
    return tuple((root + step) % 12 for step in steps)


def chord(numeral: str, key: Key) -> Chord:
    """The chord of a Roman numeral in a key: "IV", "ii7", "V7", "bVI", "viio", "IM7", "iadd9". Capital letters are
    major, small ones minor; the degree is of the key's own scale, b lowers it. Raises ValueError."""
    found = re.fullmatch(r"(b?)([IViv]+)(o?7?|\+|5|sus4|sus2|7|M7|add9|9|M9|6)", numeral)
    if not found or found[2].upper() not in _NUMERALS:
        raise ValueError(f"chord should be a Roman numeral such as ii7 or bVI, but was {numeral!r}")
    step = MODES[key.mode][_NUMERALS.index(found[2].upper())] - (found[1] == "b")
    kind = found[3]
    if found[2].islower() and kind in ("", "7", "add9", "9", "6"):
        kind = "m" + kind
    root = (key.tonic + step) % 12
    return Chord(root, _tones(root, _KINDS[kind]), numeral)


def scale_for(one: Chord, key: Key) -> tuple[int, ...]:
    """The key's scale with the tones beside the chord's altered ones put right (a raised seventh over V in minor)."""
    own = set(one.tones)
    # major thirds and sevenths were raised from the tone below, all others lowered from the one above
    replaced = {(tone + (-1 if (tone - one.root) % 12 in (4, 8, 11) else 1)) % 12 for tone in own - set(key.scale)}
    return tuple(sorted((set(key.scale) - (replaced - own)) | own))


# Four bars each. What a phrase ends with is settled by its cadence.
PROGRESSIONS: dict[str, tuple[str, ...]] = {
    "tense": ("i i bII i", "i VI i V", "i iv io V", "i VI iv V", "i v VI V"),
    "sad": ("i VI III VII", "i iv VI V", "i v VI iv", "i VII VI V", "iadd9 VI iv V"),
    "happy": ("I IV I V", "I vi IV V", "I V vi IV", "I iii IV V", "I IV ii V"),
    "epic": ("i VI III VII", "i VII VI V", "i III VII iv", "VI VII i i", "i iv VI VII"),
    "calm": ("Iadd9 IV I V", "I iii IV I", "I vi ii V", "IM7 IV vi V", "I IVM7 I V"),
    "mysterious": ("i bII i VII", "i IV i v", "i VI bII i", "i IV VII i", "i iv bII V"),
    "playful": ("I V I V", "I vi ii V7", "I IV V I", "I ii V I", "I VI7 ii V7"),
    "romantic": ("IM7 vi ii V7", "I iii vi IV", "I V vi iii", "IM7 IVM7 ii V7", "vi ii V7 I"),
    "horror": ("i bII i io", "i io bII i", "i bII VI io", "i iv bII i"),
    "action": ("i i VI VII", "i VI VII i", "i VII VI VII", "i iv VI V", "i III VI V"),
    "nostalgic": ("I iii IV iv", "I V vi IV", "IM7 vi IV V", "I IV vi V", "vi IV I V"),
    "triumphant": ("I V vi IV", "I IV V I", "I bVII IV I", "I vi IV V", "IV V I I"),
    "dreamy": ("IM7 II IM7 II", "IM7 iii IVM7 I", "Iadd9 II vi IVM7", "IM7 vi IM7 II"),
    "neutral": ("i VI III VII", "i VII VI VII", "i iv VII III", "i III VI iv"),
    "jazz": ("ii7 V7 IM7 VI7", "IM7 vi7 ii7 V7", "iii7 VI7 ii7 V7", "IM7 IVM7 iii7 VI7"),
    "jazz minor": ("i7 iv7 iio7 V7", "iio7 V7 i7 VIM7", "i7 VIM7 iio7 V7"),
    "lo-fi": ("ii7 V7 IM7 vi7", "IVM7 iii7 vi7 ii7", "IM7 vi7 IVM7 V7", "IVM7 V7 iii7 vi7"),
    "lo-fi minor": ("i7 VIM7 iv7 v7", "iv7 v7 i7 i7", "VIM7 v7 i7 iv7", "i9 iv9 VIM7 v7"),
    "ambient": ("Iadd9 IVadd9 Iadd9 vi", "IM7 IVM7 IM7 IVM7", "Iadd9 iii IVadd9 I"),
    "ambient minor": ("iadd9 VIM7 iadd9 VII", "i VIM7 III VII", "iadd9 iv i VI"),
    "major": ("I IV vi V", "I vi IV V", "I V IV V", "I iii IV V"),
    "minor": ("i VI III VII", "i iv VI V", "i VII VI V", "i III iv V"),
}
_SEVENTHS = ("jazz", "jazz minor", "lo-fi", "lo-fi minor")


def progression_names(style: str, key: Key) -> tuple[str, ...]:
    """The progressions for a mood or genre that fit the key's mode (its chords are written for one kind of third)."""
    wanted_minor = key.minor
    for name in (style + (" minor" if wanted_minor else ""), style):
        if name in PROGRESSIONS and any(_is_minor(p) for p in PROGRESSIONS[name]) == wanted_minor:
            return PROGRESSIONS[name]
    return PROGRESSIONS["minor" if wanted_minor else "major"]


def _is_minor(progression: str) -> bool:
    return re.search(r"(^|\s)(i|io|i7|i9|iadd9)(\s|$)", progression) is not None


def cadence(kind: str, style: str, key: Key) -> tuple[str, ...]:
    """The last chords of a phrase: "half" ends on the dominant, "full" leads to the tonic that comes next."""
    seventh = "7" if style in ("jazz", "lo-fi", "romantic", "playful") else ""
    if kind == "half":
        return ("V" + seventh,)
    if key.minor:
        return ("iio7" if seventh else "iv", "V" + (seventh or ("7" if style == "sad" else "")))
    return (("ii7" if seventh else "IV"), "V" + seventh)


def tonic(style: str, key: Key) -> str:
    """What a piece ends on."""
    if style == "jazz":
        return "i6" if key.minor else "I6"
    return ("iadd9" if key.minor else "IM7") if style in ("lo-fi", "ambient") else ("i" if key.minor else "I")


def plan(bars: int, style: str, key: Key, rng: np.random.Generator) -> list[str]:
    """The numerals of this many bars, one a bar, in phrases of four that answer each other; the bars lead to a tonic
    that follows them."""
    choices = progression_names(style, key)
    themes = [choices[i] for i in rng.permutation(len(choices))]
    chords: list[str] = []
    for phrase in range(0, bars, 4):
        theme = themes[(phrase // 16) % len(themes) if (phrase // 4) % 4 < 2 else (phrase // 16 + 1) % len(themes)]
        four = theme.split()
        last = phrase + 4 >= bars
        if (phrase // 4) % 4 == 1 and not last:
            four[3:] = cadence("half", style, key)
        elif (phrase // 4) % 4 == 3 and not last:
            four[2:] = cadence("full", style, key)
        chords += four
    chords = chords[:bars]
    end = cadence("full", style, key)
    if bars >= 2:
        chords[-2:] = end
    elif bars == 1:
        chords[-1:] = end[-1:]
    return chords


def pitches(tones: tuple[int, ...], low: int, high: int) -> list[int]:
    """All keys from low to high (both included) of these pitch classes."""
    return [key for key in range(low, high + 1) if key % 12 in tones]


@functools.lru_cache(4096)
def voiced(one: Chord, before: tuple[int, ...] | None, low: int, high: int, voices: int) -> tuple[int, ...]:
    """The chord for some voices between two keys, lowest first: the one that all move least to from the voices before
    (without them, the one that lies best in the middle). Parallel fifths and octaves cost."""
    keys = pitches(one.tones, low, high)
    wanted = min(voices, len(keys))
    needed = set(one.tones) if wanted >= len(one.tones) else {one.tones[1 % len(one.tones)], one.tones[-1]}
    middle = (low + high) / 2
    best: tuple[float, tuple[int, ...]] | None = None
    for several in itertools.combinations(keys, wanted):
        if several[-1] - several[0] > 24 or len(needed - {key % 12 for key in several}) > max(0, len(needed) - wanted):
            continue
        cost = 0.15 * abs(sum(several) / wanted - middle)
        cost += sum(0.8 for a, b in itertools.pairwise(several) if b - a < 2 or b - a > 9)
        if before and len(before) == wanted:
            moves = [b - a for a, b in zip(before, several, strict=True)]
            cost += sum(abs(move) for move in moves)
            cost += 4 * _parallels(before, several)
        if best is None or cost < best[0]:
            best = (cost, several)
    if best is None:
        return tuple(keys[:wanted])
    return best[1]


def _parallels(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """How many pairs of voices go from one fifth or octave to another."""
    count = 0
    for i, j in itertools.combinations(range(len(before)), 2):
        one, other = (before[j] - before[i]) % 12, (after[j] - after[i]) % 12
        count += one == other and one in (0, 7) and before[i] != after[i]
    return count
