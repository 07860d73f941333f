"""Rolling and sliding: the roughness of two surfaces, heard through their modes.

After van den Doel, Kry and Pai (FoleyAutomatic, SIGGRAPH 2001): what one body feels of the other's profile is noise
whose highest frequency grows with speed; it drives the modes of both. What rolls is never quite round, so it sounds
stronger and weaker once a turn; what slides sticks and slips.
"""

from collections.abc import Iterator

import numpy as np

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.materials import ACROSS, Ground, body, body_modes, ground, ground_modes
from vitascope.sound.modal import same_body
from vitascope.sound.resonators import Floats, ring, tuned, without_rumble
from vitascope.sound.signals import PIECE, Band, Pieces, Wander, decibels, edges, going_on, rms

FASTEST = 3.0  # m/s at strength 1
LOUDNESS = -26.0  # dBFS RMS of rolling at strength 1


def turns_a_second(cue: Cue) -> float:
    """How often what rolls goes round, Hz."""
    return max(cue.strength, 0.02) * FASTEST / (np.pi * (cue.across or ACROSS))


class _Contact:
    """What two surfaces feel of each other, second by second."""

    def __init__(self, cue: Cue, met: Ground, rng: np.random.Generator) -> None:
        self._rng = rng
        self._rolls = cue.kind == "roll"
        self._turn = turns_a_second(cue)
        speed = 0.15 + cue.strength
        highest = (900.0 if self._rolls else 4500.0) * speed * min(met.rough, 2.0) + 120
        self._profile = going_on(rng, Band(15.0 if self._rolls else 180.0, highest, 1.0), met.density)
        self._bumps = 25.0 * speed * met.rough if self._rolls else 0.0  # a second
        self._phases = rng.uniform(0, 2 * np.pi, 3)
        self._slips = 45.0 + 90.0 * speed
        self._wander = Wander(rng, 0.7, 5.0)

    def feel(self, start: int) -> Floats:
        """One second of it from this sample on: [S]."""
        made = next(self._profile).astype(np.float64)
        at = np.arange(start, start + PIECE) / RATE
        if self._rolls:
            self._add_bumps(made)
            angle = 2 * np.pi * self._turn * at
            swing = 0.55 * np.sin(angle + self._phases[0]) + 0.2 * np.sin(2 * angle + self._phases[1])
        else:
            # each stick is a little longer or shorter than the last, so the phase wanders
            phase = self._slips * at + 2.5 * self._wander.over(start, PIECE)
            swing = 0.9 * (phase % 1.0) - 0.45
        return made * (1 + swing)

    def _add_bumps(self, made: Floats) -> None:
        """Pebbles and joints: single small knocks."""
        count = int(self._rng.poisson(self._bumps))
        at = self._rng.integers(0, len(made) - 40, count)
        width = 24
        knock = np.hanning(width + 2)[1:-1]
        for place, height in zip(at, np.minimum(self._rng.exponential(1.6, count), 4.0), strict=True):
            made[place : place + width] += height * knock


def _bank(cue: Cue, met: Ground, name: str, seed: int) -> Floats:
    """The modes of both bodies [M, 3], of about equal loudness."""
    across = cue.across or ACROSS
    pitches, decays, gains = body_modes(body(name), across, met.hold * 2.0, same_body(name, across, seed))
    floor, falls, weights = ground_modes(met)
    # what rubs drives a mode all the time: sharp ones would build up and whistle
    gains = gains * np.sqrt(decays / decays.max()) * (0.25 if met.soft else 0.7)
    weights = weights * np.sqrt(falls / falls.max())
    return np.concatenate([tuned(pitches, decays, gains), tuned(floor, falls, weights * 0.5)])


def rubbed(cue: Cue, rng: np.random.Generator, *, seed: int = 0) -> Pieces:
    """Rolling or sliding for as long as the cue lasts (0.3 s if it does not say), second by second: [S] each."""
    name = cue.materials[0] if cue.materials else "wood"
    met = ground(cue.materials[1] if len(cue.materials) > 1 else "wood")
    whole = round((cue.seconds or 0.3) * RATE)
    contact = _Contact(cue, met, rng)
    through = _through(contact, _bank(cue, met, name, seed), met)
    level = decibels(LOUDNESS + (0 if cue.kind == "roll" else 1)) * cue.strength**0.7 * (0.7 if met.soft else 1.0)
    # the second before it begins is for the bodies to get going, and for its loudness to be measured
    level /= max(rms(next(through)[PIECE // 4 :]), 1e-9)
    attack, release = min(0.04, whole / RATE / 4), min(0.12, whole / RATE / 3)
    for start, heard in zip(range(0, whole, PIECE), through, strict=False):
        made = heard[: whole - start] * level
        yield start, (made * edges(start, len(made), whole, attack, release)).astype(np.float32)


def _through(contact: _Contact, modes: Floats, met: Ground) -> Iterator[Floats]:
    """The contact through the bodies, and a little of it by itself (the air near it, the grains)."""
    state, still = np.zeros((len(modes), 2)), np.zeros(2)
    start = 0
    while True:
        felt = contact.feel(start)
        heard = felt * (0.02 + (0.25 * met.hiss[3] if met.soft else 0.1 * met.hiss[3]))
        ring(felt * 0.05, modes, state, heard)
        without_rumble(heard, 30.0, still)
        yield heard
        start += PIECE
