"""Footsteps: a foot (shoe, paw, hoof, claw, any other) meets a ground."""

from dataclasses import dataclass

import numpy as np

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.materials import Ground, ground, ground_modes
from vitascope.sound.modal import force
from vitascope.sound.resonators import Floats, Mono, ring, tuned
from vitascope.sound.signals import Band, noise, peaked, prompt, times

LOUDEST = 0.25  # peak of the strongest step


@dataclass(frozen=True)
class Foot:
    """`contact` is how long (s) it takes to land, `modes` are its own (Hz, seconds to fall by 60 dB, gain), `toe` is
    how much of a second touch follows (the toe after the heel), `hiss` how much it rubs, `dull` how low its thud is,
    `claws` how many of them click."""

    contact: float
    modes: tuple[tuple[float, float, float], ...]
    toe: float = 0.0
    hiss: float = 1.0
    dull: float = 1.0
    claws: int = 0
    loud: float = 1.0


FEET = {
    "shoe": Foot(4e-4, ((190, 0.03, 0.7), (520, 0.02, 0.5), (1250, 0.015, 0.4), (2600, 0.012, 0.25)), 0.45),
    "heel": Foot(2e-4, ((900, 0.02, 0.6), (1900, 0.02, 0.7), (3600, 0.015, 0.5)), 0.2, 0.7),
    "boot": Foot(1.2e-3, ((110, 0.05, 1.0), (300, 0.03, 0.6), (900, 0.02, 0.3)), 0.6, 1.3, 0.85),
    "foot": Foot(3e-3, ((130, 0.03, 1.0), (310, 0.02, 0.4)), 0.4, 0.8),
    "paw": Foot(3.5e-3, ((170, 0.02, 1.0), (380, 0.015, 0.3)), 0.0, 0.9, 1.3, 2, 0.6),
    "hoof": Foot(3e-4, ((430, 0.05, 0.8), (780, 0.045, 1.0), (1420, 0.03, 0.5), (2300, 0.02, 0.3)), 0.0, 0.8, 1.0, 0),
    "claw": Foot(3e-4, ((2600, 0.012, 0.6), (3900, 0.01, 0.6)), 0.0, 0.5, 2.0, 4, 0.45),
    "elephant": Foot(9e-3, ((44, 0.18, 1.0), (71, 0.14, 0.8), (115, 0.08, 0.4)), 0.3, 0.7, 0.6, 0, 1.0),
}  # fmt: skip
OTHER_FEET = {
    "sneaker": "shoe", "sandal": "shoe", "heels": "heel", "barefoot": "foot", "skin": "foot", "dog": "paw",
    "cat": "paw", "rabbit": "paw", "horse": "hoof", "cow": "hoof", "sheep": "hoof", "goat": "hoof", "bird": "claw",
    "talon": "claw", "pad": "elephant", "pads": "elephant",
}  # fmt: skip


def foot(name: str) -> Foot:
    """The foot of this name; a heavy, soft one (an elephant's) where nothing is known of it."""
    name = name.lower()
    for known in (name, name.removesuffix("s"), OTHER_FEET.get(name, ""), OTHER_FEET.get(name.removesuffix("s"), "")):
        if known in FEET:
            return FEET[known]
    return FEET["elephant"]


def stepped(cue: Cue, rng: np.random.Generator) -> Mono:
    """One step [S]: heel, and for shoes the toe after it; the faster the walk, the sooner."""
    who = foot(cue.materials[0] if cue.materials else "shoe")
    met = ground(cue.materials[1] if len(cue.materials) > 1 else "wood")
    out = np.zeros(round((0.32 + met.hiss[2]) * RATE))
    _touch(out, 0, who, met, 1.0, cue.strength, rng)
    if who.toe:
        late = rng.uniform(0.9, 1.1) * (0.13 - 0.08 * cue.strength)
        _touch(out, round(late * RATE), who, met, who.toe * rng.uniform(0.7, 1.2), cue.strength, rng)
    _rub(out, who, met, cue.strength, rng)
    for _ in range(who.claws if not met.soft else 0):
        _click(out, rng)
    return prompt(peaked(out, LOUDEST * cue.strength**0.6 * who.loud * (0.75 if met.soft else 1.0)))


def _touch(
    out: Floats, start: int, who: Foot, met: Ground, loud: float, strength: float, rng: np.random.Generator
) -> None:
    """Add one landing: the ground's thud or knock, and the foot's own sound."""
    contact = np.hypot(who.contact, met.contact * 0.6) * max(strength, 0.05) ** -0.2 * 0.87
    push = force(rng, contact, 0.25 + 0.3 * strength)
    pitches, decays, gains = ground_modes(met)
    gains = gains * np.exp(0.25 * rng.standard_normal(len(gains)))
    own, falls, weights = (np.array(column, float) for column in zip(*who.modes, strict=True))
    weights = weights * np.exp(0.25 * rng.standard_normal(len(weights)))
    shift = np.exp(0.04 * rng.standard_normal())
    modes = np.concatenate(
        [
            tuned(pitches * shift * who.dull, decays, gains),
            tuned(own * shift, 6.9 / falls * min(met.hold, 2.5), weights * (0.5 if met.soft else 1.3)),
        ]
    )
    heard = np.zeros(len(out) - start)
    ring(push * loud, modes, np.zeros((len(modes), 2)), heard)
    out[start:] += heard


def _rub(out: Floats, who: Foot, met: Ground, strength: float, rng: np.random.Generator) -> None:
    """Add what the grains say: at once, and once more as the weight goes over them."""
    low, high, fall, level = met.hiss
    at = times(len(out) if met.soft else round(fall * RATE))
    peak = (0.11 - 0.05 * strength) * min(1.0, fall / 0.12)
    # each grain that gives way is heard: snow and gravel crunch where their noise is thin
    first = np.exp(-at / (0.12 * fall)) * 0.7
    second = (at / peak) ** 2 * np.exp(2 - 2 * at / peak) if met.soft else np.zeros_like(at)
    made = noise(rng, len(at), Band(low, round(high * (0.6 + 0.6 * strength), -2)), met.density)
    out[: len(at)] += made * (first + 0.8 * second) * level * who.hiss * (0.8 if met.soft else 0.3)


def _click(out: Floats, rng: np.random.Generator) -> None:
    """Add the tap of one claw on something hard, soon after the landing."""
    start = int(rng.integers(0, round(0.018 * RATE)))
    modes = tuned(rng.uniform(2400, 5200, 2), np.array([600.0, 900.0]), np.array([0.12, 0.08]))
    heard = np.zeros(round(0.03 * RATE))
    ring(force(rng, 1.2e-4, 0.2), modes, np.zeros((len(modes), 2)), heard)
    out[start : start + len(heard)] += heard
