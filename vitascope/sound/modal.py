"""Struck bodies: impact, bounce and topple as banks of decaying modes under a short force.

After van den Doel and Pai, FoleyAutomatic (SIGGRAPH 2001): a contact lasts shorter, and so sounds brighter, the harder
it is (Hertz: as speed to the power of -1/5), and both bodies sound.
"""

import zlib

import numpy as np

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.materials import ACROSS, Body, Ground, body, body_modes, ground, ground_modes
from vitascope.sound.resonators import Floats, Mono, ring, tuned
from vitascope.sound.signals import Band, noise, peaked, prompt, times

LOUDEST = 0.7  # peak of the hardest blow on hard ground
SECONDS = 2.5  # no struck thing rings longer


def same_body(name: str, across: float, seed: int) -> np.random.Generator:
    """The randomness that makes up one body: the same for each blow to it, another for another seed."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), round(across * 1000)])


def force(rng: np.random.Generator, contact: float, grit: float) -> Floats:
    """A push of unit impulse that lasts so long (s): half a wave, and the little slips of rough surfaces on it."""
    length = max(4, round(contact * RATE))
    push: Floats = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)
    push = push / push.sum()
    slips: Floats = rng.standard_normal(max(length, 12)) * grit / np.sqrt(max(length, 12))
    slips[:length] += push
    return slips


def grains(rng: np.random.Generator, met: Ground, strength: float) -> Floats:
    """What a ground's grains say to one blow [S], of about unit height."""
    low, high, fall, _ = met.hiss
    length = round(fall * 1.1 * RATE)
    at = times(length)
    made = noise(rng, length, Band(low, round(high * (0.5 + 0.7 * strength), -2)), met.density)
    return np.asarray(made * np.exp(-6.9 * at / fall) * 0.4, np.float64)


def struck(cue: Cue, rng: np.random.Generator, *, seed: int = 0, strength: float | None = None) -> Mono:
    """One blow [S]: the first of the cue's materials hits the second. Its sound begins with its first sample."""
    strength = cue.strength if strength is None else strength
    names = (*cue.materials, "wood", "earth")[:2] if len(cue.materials) < 2 else cue.materials
    if names[0] in ("skin", "hand") and names[1] in ("skin", "hand"):
        return clap(rng, strength)
    across = cue.across or ACROSS
    thing, met = body(names[0]), ground(names[1])
    contact = np.hypot(thing.contact, met.contact) * max(strength, 0.02) ** -0.2 * 0.87 * (across / ACROSS) ** 0.5
    push = force(rng, contact, thing.grit * (0.3 + strength))
    pitches, decays, gains = body_modes(thing, across, met.hold, same_body(names[0], across, seed))
    gains = gains * np.exp(0.25 * rng.standard_normal(len(gains)))  # it is hit at another point each time
    floors = ground_modes(met)
    seconds = min(SECONDS, 7.5 / min(decays.min(), floors[1].min()))
    out = np.zeros(max(round(seconds * RATE), round(met.hiss[2] * 1.1 * RATE)))
    modes = tuned(pitches, decays, gains)
    ring(push, modes, np.zeros((len(modes), 2)), out)
    out /= 0.35 * gains.sum()  # not by its peak: a soft ground hardly makes it ring, and that should be heard
    _answer(out, rng, met, push, strength)
    return prompt(peaked(out, blow_level(thing, met, strength, across)))


def _answer(out: Floats, rng: np.random.Generator, met: Ground, push: Floats, strength: float) -> None:
    """Add the ground's part to the thing's [S], whose height is about 1 where it was hit by something hard."""
    pitches, decays, gains = ground_modes(met)
    gains = gains * np.exp(0.2 * rng.standard_normal(len(gains)))
    modes = tuned(pitches * np.exp(0.03 * rng.standard_normal()), decays, gains)
    floor = np.zeros(len(out))
    ring(push, modes, np.zeros((len(modes), 2)), floor)
    share = 2.0 if met.soft else 0.6
    out += floor * (share / max(float(np.abs(floor).max()), 1e-9))
    hiss = grains(rng, met, strength)
    out[: len(hiss)] += hiss * met.hiss[3] * (3.0 if met.soft else 1.5)


def blow_level(thing: Body, met: Ground, strength: float, across: float) -> float:
    """The peak of a blow: sound grows a little slower than speed, and small things are not as loud."""
    size = float(np.clip((across / ACROSS) ** 0.5, 0.3, 1.1))
    return min(0.75, LOUDEST * strength**0.8 * thing.loud * met.loud * size)


def clap(rng: np.random.Generator, strength: float) -> Mono:
    """Hands [S]: a few slaps within 2 ms, in the resonance of the hollow between the palms.

    After Repp, The sound of two hands clapping (J. Acoust. Soc. Am. 81, 1987)."""
    length = round(0.12 * RATE)
    slaps = np.zeros(length)
    for late, loud in ((0, 1.0), (rng.integers(20, 50), 0.7), (rng.integers(55, 100), 0.45)):
        at = times(length - int(late))
        slaps[late:] += loud * rng.standard_normal(length - late) * np.exp(-at / (0.0012 + 0.001 * rng.random()))
    hollow = rng.uniform(900, 1500)
    modes = tuned(
        hollow * np.array([0.45, 1.0, 1.9, 3.1]),
        np.array([220.0, 210.0, 300.0, 420.0]),
        np.array([0.5, 1.0, 0.6, 0.35]),
    )
    out = 0.6 * slaps
    ring(slaps, modes, np.zeros((len(modes), 2)), out)
    return prompt(peaked(out, 0.5 * strength**0.7))


def toppled(cue: Cue, rng: np.random.Generator, *, seed: int = 0) -> Mono:
    """A thing falls over [S]: the blow, then a few knocks, ever closer and weaker, as it rocks to rest."""
    sounds = [(0, struck(cue, rng, seed=seed))]
    gap, at, strength = rng.uniform(0.09, 0.14), 0.0, cue.strength
    for _ in range(int(rng.integers(2, 5))):
        at += gap
        gap *= rng.uniform(0.55, 0.75)
        strength *= rng.uniform(0.35, 0.6)
        sounds.append((round(at * RATE), struck(cue, rng, seed=seed, strength=strength)))
    out = np.zeros(max(start + len(sound) for start, sound in sounds), np.float32)
    for start, sound in sounds:
        out[start : start + len(sound)] += sound
    return out
