"""What a place sounds like when nothing happens: air, leaves, water, far traffic, insects and birds, without end.

Noise is made anew all the time and what calls comes at random, so nothing is ever heard to repeat.
"""

import difflib
import heapq
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.shot import Cue
from vitascope.sound.air import bubbles
from vitascope.sound.animals import twitter
from vitascope.sound.blocks import RATE
from vitascope.sound.resonators import Floats, ring, tuned
from vitascope.sound.room import placed
from vitascope.sound.signals import (
    PIECE,
    Band,
    Pieces,
    Wander,
    decibels,
    edges,
    endless,
    faded,
    noise,
    rms,
    slowly,
    times,
)

LOUDNESS = -40.0  # dBFS RMS at strength 1
SIDES = 0.35  # how much of the one ear's noise the other hears too


@dataclass(frozen=True)
class Air:
    """Noise from `low` to `high` Hz, `level` dB to the place's own; `gust` is how much it comes and goes (in nepers),
    `pace` how fast at most (Hz), `swell` makes waves of so many seconds, `density` below 1 makes it single drops."""

    low: float
    high: float
    level: float
    gust: float = 0.0
    pace: float = 0.5
    swell: float = 0.0
    density: float = 1.0
    order: float = 1.8


@dataclass(frozen=True)
class Hum:
    """Mains and machines: tones (Hz) at `level` dB, the higher the softer."""

    tones: tuple[float, ...]
    level: float


@dataclass(frozen=True)
class Calls:
    """Single sounds: which (see `MAKERS`), how many a second on average, how loud (RMS while it sounds, dB to the
    place's own)."""

    what: str
    rate: float
    level: float


Layer = Air | Hum | Calls
PLACES: dict[str, tuple[Layer, ...]] = {
    "open": (Air(80, 420, 0, 0.45, 0.3), Air(1500, 5000, -16, 0.6), Calls("bird", 0.1, -6), Calls("insect", 0.08, -16)),
    "park": (Air(90, 700, -3, 0.3), Air(1800, 6000, -9, 0.5), Calls("bird", 0.5, 0), Air(60, 180, -5, 0.2, 0.1)),
    "forest": (Air(900, 5200, -4, 0.55, 0.4, order=1.2), Air(120, 600, -6, 0.4), Calls("bird", 0.4, -1),
               Calls("twig", 0.1, -4)),
    "street": (Air(50, 240, 0, 0.2, 0.2), Air(400, 1300, -8, 0.3), Calls("car", 0.12, 2)),
    "city": (Air(45, 300, 0, 0.2, 0.2), Air(500, 1800, -9, 0.35), Calls("car", 0.25, 1), Calls("horn", 0.05, -4)),
    "village": (Air(160, 800, -2, 0.3), Calls("bird", 0.3, -2), Calls("far dog", 0.05, -5), Air(1500, 4500, -14, 0.4)),
    "beach": (Air(250, 2600, 0, 0.2, 0.4, 8.5), Air(60, 300, -4, 0.3, 0.3, 8.5), Air(2500, 9000, -9, 0.3, 0.5, 8.5),
              Calls("gull", 0.06, -5)),
    "ocean": (Air(50, 400, 0, 0.3, 0.3, 11), Air(400, 2000, -7, 0.4, 0.4, 7.3), Air(2500, 8000, -17, 0.5)),
    "desert": (Air(220, 520, 0, 0.8, 0.2), Air(900, 1300, -8, 1.0, 0.3, order=2.5), Air(4000, 9000, -18, 0.8)),
    "room": (Air(50, 200, 0, 0.05), Air(300, 1600, -12), Hum((50, 100, 150), -12)),
    "kitchen": (Hum((50, 100, 150, 200, 300, 400), -2), Air(80, 900, -6), Calls("drip", 0.2, -7)),
    "night": (Calls("cricket", 2.2, -2), Air(50, 190, -5, 0.3), Air(3500, 5200, -11, 0.15), Calls("owl", 0.03, -2)),
    "rain": (Air(1200, 9000, 0, 0.1), Air(250, 1500, -6, 0.15), Air(1500, 8000, -3, 0.2, density=0.012)),
    "storm": (Air(900, 8000, 0, 0.35), Air(50, 300, 0, 0.8, 0.4), Calls("thunder", 0.05, 9)),
    "snow": (Air(70, 300, 0, 0.5, 0.25), Air(300, 480, -12, 0.7, order=2.5)),
    "wind": (Air(60, 260, 0, 0.55, 0.35), Air(420, 620, -9, 0.9, 0.4, order=2.5)),
    "mountain": (Air(90, 330, 0, 0.7, 0.3), Air(600, 1100, -11, 1.0, 0.3), Calls("bird", 0.04, -6)),
    "river": (Air(350, 2400, 0, 0.1), Calls("bubbles", 2.0, 0), Air(2500, 7000, -9, 0.1)),
    "underwater": (Air(30, 130, 0, 0.4, 0.4, order=1.6), Air(130, 420, -11, 0.4, order=2), Calls("bubbles", 0.5, -3)),
    "fire": (Air(60, 400, 0, 0.4, 3.0), Air(800, 6000, -7, 0.5, 2.0, density=0.004), Calls("twig", 2.5, 6)),
    "cave": (Air(40, 150, 0, 0.3, 0.2), Calls("drip", 0.5, -1)),
    "space": (Air(28, 80, 0, 0.3, 0.1), Hum((41, 61.5, 82.3), -5)),
    "office": (Air(90, 900, 0), Hum((100, 200, 300), -10), Calls("tap", 1.0, -9)),
    "hall": (Air(60, 500, 0, 0.1, 0.3), Air(200, 900, -5, 0.4, 3.0)),
}  # fmt: skip
OTHER_PLACES = {
    "garden": "park", "meadow": "open", "field": "open", "grass": "open", "hill": "open", "countryside": "open",
    "farm": "village", "woods": "forest", "wood": "forest", "jungle": "forest", "trees": "forest", "road": "street",
    "alley": "street", "highway": "city", "traffic": "city", "town": "city", "downtown": "city", "square": "city",
    "coast": "beach", "shore": "beach", "seaside": "beach", "waves": "beach", "sea": "ocean", "boat": "ocean",
    "dune": "desert", "dunes": "desert", "bedroom": "room", "indoors": "room", "inside": "room", "house": "room",
    "studio": "room", "bathroom": "kitchen", "evening": "night", "dark": "night", "moonlight": "night",
    "rainy": "rain", "drizzle": "rain", "thunder": "storm", "thunderstorm": "storm", "snowy": "snow", "winter": "snow",
    "ice": "snow", "arctic": "snow", "windy": "wind", "breeze": "wind", "gale": "storm", "mountains": "mountain",
    "cliff": "mountain", "canyon": "mountain", "stream": "river", "brook": "river", "creek": "river",
    "waterfall": "river", "fountain": "river", "lake": "river", "diving": "underwater", "aquarium": "underwater",
    "reef": "underwater", "campfire": "fire", "fireplace": "fire", "cavern": "cave", "tunnel": "cave",
    "galaxy": "space", "spaceship": "space", "moon": "space", "church": "hall", "cathedral": "hall", "museum": "hall",
    "station": "hall", "school": "office", "shop": "office", "library": "office",
    "closet": "room", "cellar": "room", "basement": "room", "cabin": "room", "tent": "room", "temple": "hall",
    "chapel": "hall", "castle": "hall", "garage": "hall", "warehouse": "hall", "theatre": "hall", "corridor": "office",
}  # fmt: skip


def places_of(cue: Cue) -> tuple[str, ...]:
    """Which known places (at most three) a cue's text or materials name; wind where none is."""
    words = re.findall(r"[a-z]+", f"{cue.text} {' '.join(cue.materials)}".lower())
    found: list[str] = []
    for word in words:
        near = difflib.get_close_matches(word, (*PLACES, *OTHER_PLACES), 1, 0.84) if len(word) > 3 else [word]
        name = OTHER_PLACES.get(near[0], near[0]) if near else ""
        if name in PLACES and name not in found:
            found.append(name)
    return tuple(found[:3]) or ("wind",)


def ambience(cue: Cue, rng: np.random.Generator) -> Pieces:
    """The places of a cue for as long as it lasts (4 s if it does not say): [S, 2] pieces of about -40 dBFS RMS."""
    whole = round((cue.seconds or 4.0) * RATE)
    names = places_of(cue)
    level = decibels(LOUDNESS) * cue.strength / np.sqrt(len(names))
    fade = min(0.6, whole / RATE / 4)
    layers = []
    for name in names:
        steady = sum(decibels(layer.level) ** 2 for layer in PLACES[name] if not isinstance(layer, Calls))
        scale = 1 / np.sqrt(steady) if steady else 1.0
        for layer in PLACES[name]:
            own = np.random.default_rng(rng.integers(2**63))
            layers.append(_layer(layer, own, whole, level * scale * decibels(layer.level)))
    for start, piece in heapq.merge(*layers, key=lambda timed: timed[0]):
        if start < whole:
            piece = piece[: whole - start]
            yield start, piece * edges(start, len(piece), whole, fade, fade)[:, None]


def _layer(layer: Layer, rng: np.random.Generator, whole: int, level: float) -> Pieces:
    if isinstance(layer, Air):
        return _air(layer, rng, whole, level)
    if isinstance(layer, Hum):
        return _hum(layer, rng, whole, level)
    return _calls(layer, rng, whole, level)


def _air(layer: Air, rng: np.random.Generator, whole: int, level: float) -> Pieces:
    gusts = Wander(rng, 0.06, layer.pace)
    sway = Wander(rng, 0.02, 0.09)
    colour = Band(layer.low, layer.high, layer.order)
    scale = level / np.sqrt(1 + SIDES**2)

    def strength(at: Floats) -> Floats:
        loud = np.full(len(at), scale)
        if layer.gust:
            loud *= np.exp(layer.gust * gusts(at) - layer.gust**2)
        if layer.swell:
            rise = 0.5 + 0.5 * np.sin(2 * np.pi * at / layer.swell + 1.1 * sway(at))
            loud *= 0.25 + 1.35 * rise**2
        return loud

    for start, piece in endless(rng, colour, whole, 2, layer.density):
        loud = slowly(strength, start, len(piece)).astype(np.float32)
        yield start, (piece + np.float32(SIDES) * piece[:, ::-1]) * loud[:, None]


def _hum(layer: Hum, rng: np.random.Generator, whole: int, level: float) -> Pieces:
    phases = rng.uniform(0, 2 * np.pi, (len(layer.tones), 2))
    heights = 1 / np.arange(1, len(layer.tones) + 1)
    heights *= np.sqrt(2 / np.sum(heights**2))
    for start in range(0, whole, PIECE):
        at = np.arange(start, min(start + PIECE, whole)) / RATE
        out = np.zeros((len(at), 2))
        for tone, height, phase in zip(layer.tones, heights, phases, strict=True):
            out += height * np.sin(2 * np.pi * tone * at[:, None] + phase)
        yield start, (out * level).astype(np.float32)


def _calls(layer: Calls, rng: np.random.Generator, whole: int, level: float) -> Pieces:
    """Calls at random moments, each from another side and another distance."""
    start = 0.0
    while True:
        start += rng.exponential(1 / layer.rate)
        if start * RATE >= whole:
            return
        sound = MAKERS[layer.what](rng)
        sound = sound * (level * rng.uniform(0.35, 1.0) / max(rms(sound), 1e-9))
        yield round(start * RATE), placed(np.asarray(sound, np.float32), np.array([rng.random()]))


def _cricket(rng: np.random.Generator) -> Floats:
    """Three or four pulses of a tone near 4.5 kHz."""
    at = times(round(rng.uniform(0.10, 0.16) * RATE))
    tone = np.sin(2 * np.pi * rng.uniform(4200, 4900) * at)
    return faded(tone * np.clip(np.sin(2 * np.pi * 31 * at), 0, 1) ** 0.7, 0.005, 0.01)


def _insect(rng: np.random.Generator) -> Floats:
    """A fly comes by."""
    length = round(rng.uniform(0.8, 1.8) * RATE)
    wings = Wander(rng, 1, 5)
    phase = np.cumsum(190 * (1 + 0.06 * wings.over(0, length))) / RATE
    return ((phase % 1.0) - 0.5) * np.sin(np.pi * np.linspace(0, 1, length)) ** 2


def _gull(rng: np.random.Generator) -> Floats:
    """A few falling cries."""
    cries = []
    for _ in range(int(rng.integers(2, 5))):
        length = round(rng.uniform(0.22, 0.38) * RATE)
        share = np.linspace(0, 1, length)
        phase = 2 * np.pi * np.cumsum(1150 + 700 * np.sin(np.pi * share**0.6) - 250 * share) / RATE
        tone = np.sin(phase) + 0.6 * np.sin(2 * phase) + 0.35 * np.sin(3 * phase)
        cries += [tone * np.sin(np.pi * share) ** 0.6, np.zeros(round(0.12 * RATE))]
    return np.concatenate(cries)


def _owl(rng: np.random.Generator) -> Floats:
    """Hoo, hoo-hoo."""
    parts = []
    pitch = rng.uniform(330, 400)
    for seconds, pause in ((0.35, 0.5), (0.14, 0.08), (0.45, 0.1)):
        at = times(round(seconds * RATE))
        parts += [
            np.sin(2 * np.pi * pitch * at) * np.clip(np.sin(np.pi * at / at[-1]), 0, 1) ** 0.8,
            np.zeros(round(pause * RATE)),
        ]
    return np.concatenate(parts)


def _car(rng: np.random.Generator) -> Floats:
    """A car goes by, some way off."""
    length = round(rng.uniform(3.5, 6.0) * RATE)
    near = np.sin(np.pi * np.linspace(0, 1, length)) ** 3
    return noise(rng, length, Band(70, 700, 1.0)) * near + noise(rng, length, Band(500, 1500, 1.0)) * 0.5 * near**2


def _horn(rng: np.random.Generator) -> Floats:
    at = times(round(rng.uniform(0.15, 0.5) * RATE))
    tone = sum(np.sin(2 * np.pi * hertz * k * at) / k for hertz in (392.0, 494.0) for k in (1, 2, 3))
    return faded(np.asarray(tone), 0.02, 0.08)


def _thunder(rng: np.random.Generator) -> Floats:
    length = round(rng.uniform(3.0, 5.0) * RATE)
    rolls = np.exp(0.6 * Wander(rng, 0.8, 4).over(0, length)) * np.exp(-times(length) / 1.3)
    return faded(noise(rng, length, Band(35, 150, 1.0)) * rolls, 0.15, 0.3)


def _rung(rng: np.random.Generator, pitches: Floats, falls: float) -> Floats:
    """A small knock with these modes."""
    out = np.zeros(round(falls * 1.1 * RATE))
    modes = tuned(pitches, np.full(len(pitches), 6.9 / falls), rng.uniform(0.4, 1.0, len(pitches)))
    ring(rng.standard_normal(20), modes, np.zeros((len(modes), 2)), out)
    return out


def _far_dog(rng: np.random.Generator) -> Floats:
    from vitascope.sound.animals import CALLS, uttered

    barks = [np.append(uttered(CALLS["dog"], rng), np.zeros(round(0.2 * RATE))) for _ in range(int(rng.integers(1, 4)))]
    bark = np.concatenate(barks)
    return np.asarray(np.convolve(bark, np.hanning(32) / np.hanning(32).sum(), "same"))  # distance takes the highs


def _bubbles(rng: np.random.Generator) -> Floats:
    return bubbles(rng, rng.uniform(0, 0.8, int(rng.integers(6, 18))), round(0.95 * RATE), 1.2e-3, 6e-3)


MAKERS: dict[str, Callable[[np.random.Generator], NDArray]] = {
    "bird": twitter,
    "cricket": _cricket,
    "insect": _insect,
    "gull": _gull,
    "owl": _owl,
    "car": _car,
    "horn": _horn,
    "thunder": _thunder,
    "far dog": _far_dog,
    "bubbles": _bubbles,
    "twig": lambda rng: _rung(rng, rng.uniform(900, 4200, 4), 0.02),
    "tap": lambda rng: _rung(rng, rng.uniform(1200, 3000, 3), 0.012),
    "drip": lambda rng: bubbles(rng, np.array([0.0, 0.03]), round(0.12 * RATE), 1.6e-3, 3.2e-3),
}
