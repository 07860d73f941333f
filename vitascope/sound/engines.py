"""Engines: what comes out of the cylinders one by one, through exhaust and body, and the tyres on the road."""

import heapq
from dataclasses import dataclass

import numpy as np

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.resonators import Floats, ring, tuned, without_rumble
from vitascope.sound.signals import PIECE, Band, Pieces, Wander, decibels, edges, endless, rms


@dataclass(frozen=True)
class Engine:
    """A four-stroke engine: each cylinder fires once in two turns. `idle` and `top` are turns a minute; `modes` are
    exhaust and body (Hz, width in Hz, gain); `clatter` is a Diesel's knock, `tyres` the road's noise at top speed."""

    cylinders: int
    idle: float
    top: float
    modes: tuple[tuple[float, float, float], ...]
    clatter: float = 0.1
    tyres: float = 0.5
    uneven: float = 0.2  # how much its cylinders differ


ENGINES = {
    "car": Engine(4, 800, 3400, ((95, 40, 1.0), (190, 70, 0.8), (420, 120, 0.4), (900, 300, 0.15)), 0.06, 0.9, 0.15),
    "van": Engine(4, 780, 3000, ((80, 40, 1.0), (170, 70, 0.8), (360, 120, 0.5), (1100, 400, 0.2)), 0.3, 0.8, 0.2),
    "bus": Engine(6, 600, 2000, ((58, 30, 1.0), (120, 50, 0.9), (260, 90, 0.5), (700, 300, 0.2)), 0.5, 0.7, 0.2),
    "truck": Engine(6, 580, 1900, ((48, 25, 1.0), (105, 45, 1.0), (230, 80, 0.6), (650, 250, 0.25)), 0.7, 0.7, 0.25),
    "tractor": Engine(3, 620, 1900, ((62, 28, 1.0), (140, 50, 0.9), (330, 100, 0.6), (800, 250, 0.3)), 0.9, 0.15, 0.4),
    "motorbike": Engine(2, 1200, 6500, ((120, 50, 1.0), (280, 90, 0.9), (650, 160, 0.6), (1500, 400, 0.4)), 0.1, 0.2,
                        0.35),
    "boat": Engine(2, 700, 2400, ((70, 30, 1.0), (150, 60, 0.8), (400, 120, 0.4)), 0.3, 0.0, 0.3),
    "train": Engine(12, 400, 1000, ((45, 20, 1.0), (90, 40, 0.9), (210, 80, 0.5), (600, 250, 0.2)), 0.4, 1.2, 0.1),
    "plane": Engine(6, 900, 2500, ((75, 40, 1.0), (150, 70, 0.8), (320, 120, 0.5), (1000, 500, 0.3)), 0.1, 0.6, 0.1),
}  # fmt: skip
OTHER_ENGINES = {
    "lorry": "truck", "pickup": "truck", "taxi": "car", "automobile": "car", "motorcycle": "motorbike",
    "scooter": "motorbike", "ship": "boat", "tram": "train", "aeroplane": "plane", "airplane": "plane",
    "helicopter": "plane", "digger": "tractor", "machine": "tractor", "coach": "bus",
}  # fmt: skip
STANDING = 0.05  # below this strength it idles
LOUDNESS = -24.0  # dBFS RMS at strength 1


def engine(name: str) -> Engine:
    """The engine of this vehicle; a car's where nothing is known of it."""
    name = name.lower()
    return ENGINES[name if name in ENGINES else OTHER_ENGINES.get(name, "car")]


def revs(made: Engine, strength: float) -> float:
    """Turns a minute at this share of the top speed."""
    return made.idle + (made.top - made.idle) * (0.0 if strength < STANDING else 0.25 + 0.75 * strength)


def firing_rate(cue: Cue) -> float:
    """How many cylinders fire a second, Hz."""
    made = engine(cue.materials[0] if cue.materials else "car")
    return revs(made, cue.strength) / 120 * made.cylinders


def driven(cue: Cue, rng: np.random.Generator) -> Pieces:
    """An engine for as long as the cue lasts (2 s if it does not say), second by second: [S] each."""
    made = engine(cue.materials[0] if cue.materials else "car")
    whole = round((cue.seconds or 2.0) * RATE)
    drives = cue.strength >= STANDING
    level = decibels(LOUDNESS) * (max(cue.strength, 0.12) ** 0.6 if drives else 0.25)
    beats = _Beats(made, firing_rate(cue), drives, rng)
    fired = _fired(beats, whole, level)
    road = _rolling(rng, whole, cue.strength, level * made.tyres * 0.5 * cue.strength)
    attack, release = min(0.12, whole / RATE / 4), min(0.2, whole / RATE / 4)
    for start, piece in heapq.merge(fired, road, key=lambda timed: timed[0]):
        yield start, (piece * edges(start, len(piece), whole, attack, release)).astype(np.float32)


def _fired(beats: "_Beats", whole: int, level: float) -> Pieces:
    """What the cylinders say, at this RMS."""
    scale = level / max(rms(beats.piece(0)), 1e-9)  # a second before it begins, to get going and to be measured
    for start in range(0, whole, PIECE):
        yield start, np.asarray(beats.piece(start)[: whole - start] * scale, np.float32)


def _rolling(rng: np.random.Generator, whole: int, strength: float, level: float) -> Pieces:
    """What the tyres say."""
    for start, piece in endless(rng, Band(180, 500 + 900 * strength, 1.0), whole):
        yield start, piece * np.float32(level)


class _Beats:
    """The cylinders, second by second."""

    def __init__(self, made: Engine, rate: float, drives: bool, rng: np.random.Generator) -> None:
        self._rng, self._rate, self._made = rng, rate, made
        self._differ = 1 + made.uneven * rng.standard_normal(made.cylinders)
        self._load = 1.0 if drives else 0.6
        self._wander = Wander(rng, 0.15, 2.5)
        self._phase, self._last = 0.0, 0.0
        pitches, widths, gains = (np.array(column, float) for column in zip(*made.modes, strict=True))
        self._modes = tuned(pitches, np.pi * widths, gains)
        self._state, self._still = np.zeros((len(pitches), 2)), np.zeros(2)

    def piece(self, start: int) -> Floats:
        """One second: [S]."""
        speed = self._rate * (1 + (0.006 if self._load == 1 else 0.012) * self._wander.over(start, PIECE))
        phase = self._phase + np.cumsum(speed) / RATE
        beat = np.floor(phase).astype(np.int64)
        share = phase - beat
        self._phase = float(phase[-1]) % self._made.cylinders
        own = self._rng.standard_normal(int(beat[-1]) + 1)
        own[beat[0]] = self._last  # the beat that went on from the second before
        self._last = float(own[-1])
        loud = self._differ[beat % self._made.cylinders] * (1 + 0.08 * own[beat])
        # a cylinder opens at once and empties; the gas goes on hissing a little
        seconds = share / speed
        blow = np.exp(-seconds / 0.0022) - 0.6 * np.exp(-seconds / 0.006)
        hiss = self._rng.standard_normal(PIECE)
        push = loud * (blow + 0.25 * hiss * np.exp(-share / 0.25) * self._load)
        knock = loud * np.exp(-seconds / 0.0016) * self._made.clatter * hiss
        out = np.zeros(PIECE)
        ring(push * 0.03, self._modes, self._state, out)
        out += 0.10 * push + 0.12 * knock
        without_rumble(out, 28.0, self._still)
        return out
