"""Air and water: cloth that moves, things that rush by, splashes and bubbles."""

import numpy as np

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.resonators import Floats, Mono, bubbled, swept
from vitascope.sound.signals import PIECE, Band, Pieces, Wander, decibels, edges, endless, noise, peaked, times


def rustled(cue: Cue, rng: np.random.Generator) -> Pieces:
    """Cloth for as long as the cue lasts (0.35 s if it does not say): soft noise that comes in folds."""
    whole = round((cue.seconds or 0.35) * RATE)
    folds = Wander(rng, 2.5, 9.0)
    grain = Wander(rng, 14.0, 45.0)
    level = decibels(-33) * cue.strength**0.7
    for start, piece in endless(rng, Band(450, 1800 + 2200 * cue.strength, 1.2), whole, density=0.25):
        swell = np.exp(0.7 * folds.over(start, len(piece)) + 0.35 * grain.over(start, len(piece)) - 0.3)
        fade = edges(start, len(piece), whole, min(0.06, whole / RATE / 3), min(0.12, whole / RATE / 3))
        yield start, (piece * swell * fade * level).astype(np.float32)


def rushed(cue: Cue, rng: np.random.Generator) -> Pieces:
    """Something rushes by, loudest and highest in the middle of the cue (of 0.45 s if it does not say)."""
    whole = round((cue.seconds or 0.45) * RATE)
    size = float(np.clip(((cue.across or 0.35) / 0.35) ** -0.4, 0.4, 2.0))  # large things stir slower eddies
    top = (500 + 1500 * cue.strength) * size
    state, second = np.zeros(2), np.zeros(2)
    level = 0.30 * cue.strength**0.8
    for start in range(0, whole, PIECE):
        length = min(PIECE, whole - start)
        share = (np.arange(start, start + length) + 0.5) / whole
        swell = np.sin(np.pi * share) ** 2
        centres = top * (0.22 + 0.78 * swell)
        air = rng.standard_normal(length)
        made = swept(swept(air, centres, 1.1, state), centres, 1.6, second)  # twice: steeper sides, less hiss
        # a band of constant shape passes more of the noise the higher it is
        made *= swell**1.3 * level / np.sqrt(centres / 500) * 3.0
        yield start, made.astype(np.float32)


def bubbles(rng: np.random.Generator, starts: Floats, length: int, smallest: float, largest: float) -> Floats:
    """Bubbles [S] that come at these times (s), their radii (m) between these: each sings at 3/radius Hz (Minnaert).

    Decay and rise after van den Doel, Physically based models for liquid sounds (ACM Trans. Appl. Percept. 2, 2005)."""
    out = np.zeros(length)
    radii = np.exp(rng.uniform(np.log(smallest), np.log(largest), len(starts)))
    decays = 0.13 / radii + 0.0072 * radii**-1.5
    rises = np.where(rng.random(len(starts)) < 0.5, rng.uniform(0, 0.12, len(starts)), 0.0) * decays
    gains = rng.uniform(0.2, 1.0, len(starts)) * (radii / largest) ** 0.6
    bubbled(np.round(starts * RATE).astype(np.int64), 3 / radii, decays, rises, gains, out)
    return out


def splashed(cue: Cue, rng: np.random.Generator) -> Mono:
    """A splash [S]: the slap on the surface, thrown drops, and the air that was taken under coming up again."""
    size = float(np.clip(((cue.across or 0.35) / 0.35) ** 0.5, 0.4, 2.5))
    length = round((0.9 + 0.7 * cue.strength * size) * RATE)
    at = times(length)
    slapped = times(round(0.3 * size * RATE))
    colour = Band(round(180 / size, -1), round((1600 + 2600 * cue.strength) / size**0.5, -2))
    slap = noise(rng, len(slapped), colour) * np.exp(-slapped / (0.035 * size))
    peak = 0.10 + 0.10 * cue.strength * size
    thrown = at[: round(4.5 * peak * RATE)] / peak
    spray = noise(rng, len(thrown), Band(700, round(3600 / size**0.5, -2)), 0.05) * thrown**2 * np.exp(2 - 2 * thrown)
    count = int(40 + 110 * cue.strength)
    starts = rng.gamma(2.0, 0.11 + 0.08 * size * cue.strength, count)
    air = bubbles(rng, starts[starts < length / RATE - 0.05], length, 1e-3 * size**0.7, 5e-3 * size)
    out = 1.1 * air * np.exp(-at / 0.6)
    out[: len(slap)] += slap
    out[: len(spray)] += 0.35 * spray
    return peaked(out, 0.5 * cue.strength**0.7)
