"""Voices of people without words: a murmur in the pitch of a man, a woman or a child, and crowds of them.

Source and filter: vocal folds (Rosenberg's pulse), the resonances of the mouth moving from vowel to vowel, breath and
consonants. It is meant to be heard as somebody talking whom one cannot make out.
"""

from dataclasses import dataclass

import numpy as np

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.resonators import CONTROL, Floats, Mono, formed, glottis
from vitascope.sound.signals import Band, Pieces, Wander, decibels, edges, endless, faded, noise, rms

VOWELS = np.array([
    [730, 1090, 2440], [530, 1840, 2480], [300, 2200, 2900], [570, 840, 2410], [330, 900, 2240], [620, 1250, 2500],
    [500, 1500, 2500],
], float)  # fmt: skip  # a, e, i, o, u, ʌ, ə: Hz, after Peterson and Barney, J. Acoust. Soc. Am. 24 (1952)
WIDTHS = np.array([70.0, 100.0, 150.0, 220.0])
GAINS = np.array([1.0, 0.55, 0.28, 0.12])
LOUDNESS = -23.0  # dBFS RMS of a voice at strength 1


@dataclass(frozen=True)
class Voice:
    """`pitch` in Hz, `tract` how much higher its resonances are than a man's, `pace` in syllables a second."""

    pitch: float
    tract: float
    pace: float = 4.6


VOICES = {
    "man": Voice(112, 1.0), "woman": Voice(205, 1.16), "girl": Voice(275, 1.3, 4.3), "boy": Voice(255, 1.27, 4.3),
}  # fmt: skip
OTHER_VOICES = {"child": "girl", "kid": "boy", "baby": "girl", "lady": "woman", "guy": "man", "person": "woman"}


def voice(name: str) -> Voice:
    """The voice of this person; a woman's where nothing is known of them."""
    name = name.lower()
    return VOICES[name if name in VOICES else OTHER_VOICES.get(name, "woman")]


def phrase(who: Voice, syllables: int, rng: np.random.Generator) -> Mono:
    """A few syllables in one breath [S], of RMS 1 where it sounds."""
    lasts = rng.uniform(0.75, 1.35, syllables) / who.pace
    lasts[-1] *= 1.4
    ends = np.cumsum(lasts)
    length = round((float(ends[-1]) + 0.05) * RATE)
    at = np.arange(length) / RATE
    share = at / at[-1]
    starts = np.concatenate([[0.0], ends[:-1]])
    middles = (starts + ends) / 2
    # pitch falls along a phrase, with a step on each syllable; the vowel is reached in the middle of one
    steps = np.interp(at, middles, np.exp(0.09 * rng.standard_normal(syllables)))
    pitch = who.pitch * (1.12 - 0.25 * share) * steps * (1 + 0.006 * Wander(rng, 4, 11)(at[::CONTROL])[at_hops(length)])
    effort = np.full(length, 0.35) + 0.2 * np.interp(at, middles, rng.random(syllables))
    turns = np.append(np.stack([starts, middles], axis=1).ravel(), ends[-1])  # shut, open, shut, open … shut
    opened = np.interp(at, turns, np.arange(len(turns)) % 2)
    loud = np.sqrt(opened) * np.interp(at, middles, rng.uniform(0.6, 1.0, syllables)) * (1.0 - 0.35 * share)
    vowels = VOWELS[rng.integers(0, len(VOWELS), syllables)] * who.tract
    hops = at[::CONTROL]
    centres = np.stack(
        [np.interp(hops, middles, vowels[:, k]) for k in range(3)] + [np.full(len(hops), 3500.0)], axis=1
    )
    source = glottis(pitch, effort, np.array([rng.random()])) * loud
    source += 0.05 * rng.standard_normal(length) * loud
    out = formed(source, centres, WIDTHS * who.tract, GAINS)
    _consonants(out, starts, rng, 0.35 * float(np.abs(out).max()))
    out = faded(out, 0.02, 0.04)
    return np.asarray(out / max(rms(out), 1e-9), np.float32)


def at_hops(length: int) -> np.ndarray:
    """Which of every 64 samples each sample belongs to: [S]."""
    return np.arange(length) // CONTROL


def _consonants(out: Floats, starts: Floats, rng: np.random.Generator, level: float) -> None:
    """Add short bursts of noise before some of the syllables."""
    for start in starts[1:]:
        if rng.random() < 0.55:
            length = int(rng.uniform(0.03, 0.09) * RATE)
            low = rng.uniform(1500, 4500)
            begin = max(0, round(float(start) * RATE) - length // 2)
            burst = faded(noise(rng, length, Band(low, low * 2.0)), 0.012, 0.02)[: len(out) - begin]
            out[begin : begin + len(burst)] += level * 0.3 * burst


def talked(cue: Cue, rng: np.random.Generator) -> Pieces:
    """Somebody (the second of the cue's materials, or the first) murmurs while the cue lasts (1.2 s if it does not
    say): one phrase a piece."""
    names = [name for name in cue.materials if name != "voice"]
    whole = round((cue.seconds or 1.2) * RATE)
    level = decibels(LOUDNESS) * cue.strength**0.7
    for start, made in _phrases(voice(names[0] if names else "woman"), rng, whole):
        made = made[: whole - start]
        yield (
            start,
            (made * level * edges(start, len(made), whole, 0.02, min(0.1, whole / RATE / 3))).astype(np.float32),
        )


def _phrases(who: Voice, rng: np.random.Generator, whole: int) -> Pieces:
    """Phrases of 3 to 9 syllables with breaths between, the last cut to fit."""
    start = 0
    while start < whole:
        left = (whole - start) / RATE
        syllables = min(int(rng.integers(3, 10)), max(1, int(left * who.pace)))
        made = phrase(who, syllables, rng)
        yield start, made
        start += len(made) + round(rng.uniform(0.15, 0.6) * RATE)


def murmured(cue: Cue, rng: np.random.Generator) -> Pieces:
    """A crowd for as long as the cue lasts (3 s if it does not say): [S, 2] pieces.

    Few voices are made and each is heard several times over, from other sides and at other times, with what so many
    voices blur into under them."""
    whole = round((cue.seconds or 3.0) * RATE)
    level = decibels(-27) * cue.strength**0.7
    fade = min(0.5, whole / RATE / 4)
    blur = endless(rng, Band(220, 700, 1.0), whole, channels=2)
    swell = Wander(rng, 0.3, 4.0)
    for start, piece in blur:
        fold = np.exp(0.3 * swell.over(start, len(piece)))[:, None]
        fades = edges(start, len(piece), whole, fade, fade)[:, None]
        yield start, (piece * fold * fades * 0.4 * level).astype(np.float32)
        if (heard := _babble(rng)[: whole - start]).size:
            yield start, (heard * level * edges(start, len(heard), whole, fade, fade)[:, None]).astype(np.float32)


def _babble(rng: np.random.Generator) -> np.ndarray:
    """Eight phrases out of two, from all sides: [S, 2], about 2.5 s, of RMS about 0.8 in the overlap of all."""
    out = np.zeros((round(3.6 * RATE), 2))
    for _ in range(2):
        who = list(VOICES.values())[int(rng.integers(0, len(VOICES)))]
        made = phrase(who, int(rng.integers(4, 9)), rng)
        for _ in range(4):
            begin = int(rng.uniform(0.0, 1.0) * RATE)
            heard = made[: len(out) - begin] * rng.uniform(0.1, 0.3)
            side = rng.uniform(-1, 1)
            out[begin : begin + len(heard), 0] += heard * np.sqrt(0.5 - 0.4 * side)
            out[begin : begin + len(heard), 1] += heard * np.sqrt(0.5 + 0.4 * side)
    return out
