"""What things and grounds are made of, as the ear needs it: modes, damping, hardness, grains.

Damping follows van den Doel and Pai (FoleyAutomatic, SIGGRAPH 2001): a mode of f Hz dies at air + π f loss, 1/s.
"""

from dataclasses import dataclass, replace

import numpy as np

from vitascope.sound.resonators import Floats

ACROSS = 0.35  # metres, of things whose size nobody knows


@dataclass(frozen=True)
class Body:
    """A thing that rings. `pitch` is the lowest mode (Hz) of one 0.35 m across, `ratios` are those of all modes to it,
    `contact` is how long (s) a middling blow between two of its kind lasts, `grit` how much its surface adds in noise,
    `loud` how loud the hardest blow is."""

    pitch: float
    ratios: tuple[float, ...]
    air: float
    loss: float
    contact: float
    grit: float = 0.2
    loud: float = 1.0


@dataclass(frozen=True)
class Ground:
    """What is met. `modes` are (Hz, seconds to fall by 60 dB, gain); `hiss` is the noise of its grains: lowest and
    highest Hz, seconds to fall by 60 dB, level; `density` below 1 lets one hear each grain; `hold` is how much it
    damps what lies on it; `rough` how coarse it is to roll on (1 is a board)."""

    modes: tuple[tuple[float, float, float], ...]
    contact: float
    hiss: tuple[float, float, float, float]
    density: float = 1.0
    hold: float = 1.0
    loud: float = 1.0
    rough: float = 1.0

    @property
    def soft(self) -> bool:
        """Whether it gives way, so that hardly anything rings on it."""
        return self.contact > 2e-3


BODIES = {
    "metal": Body(560, (1, 1.49, 2.0, 2.41, 2.98, 3.47, 4.1, 4.9, 5.6, 6.5, 7.7, 8.9, 10.4, 12.1), 4, 0.0016, 1.6e-4),
    "glass": Body(980, (1, 2.32, 2.83, 4.25, 5.1, 6.63, 8.1, 9.38, 11.2), 6, 0.0035, 1.4e-4),
    "stone": Body(620, (1, 1.31, 1.53, 1.94, 2.37, 3.0, 3.6, 4.4, 5.3), 45, 0.013, 2.2e-4, 0.5),
    "wood": Body(270, (1, 2.57, 2.76, 3.4, 4.95, 5.4, 6.8, 8.05, 9.1), 14, 0.018, 5e-4, 0.25),
    "plastic": Body(340, (1, 1.36, 1.9, 2.6, 3.1, 4.2, 5.3, 6.9), 14, 0.02, 6e-4, 0.2, 0.9),
    "rubber": Body(105, (1, 1.52, 2.35, 3.9, 5.8, 8.4), 35, 0.11, 2.6e-3, 0.12, 0.85),
    "cardboard": Body(150, (1, 1.4, 2.1, 2.9, 4.4, 6.0), 40, 0.06, 1.5e-3, 0.5, 0.7),
    "cloth": Body(80, (1, 1.7, 2.6), 60, 0.2, 6e-3, 0.6, 0.35),
    "skin": Body(72, (1, 1.6, 2.4, 3.7), 45, 0.12, 5e-3, 0.3, 0.7),
}  # fmt: skip

GROUNDS = {
    "wood": Ground(((82, 0.16, 1.0), (131, 0.14, 0.8), (214, 0.1, 0.6), (437, 0.06, 0.4), (820, 0.04, 0.25)),
                   5e-4, (300, 3000, 0.03, 0.1)),
    "tile": Ground(((240, 0.04, 0.15), (1150, 0.05, 0.5), (1870, 0.05, 0.6), (2900, 0.04, 0.6), (4300, 0.03, 0.5)),
                   1.2e-4, (1500, 9000, 0.02, 0.12), rough=0.6),
    "asphalt": Ground(((140, 0.05, 1.0), (330, 0.04, 0.6), (700, 0.025, 0.3)), 3e-4, (600, 5000, 0.035, 0.2), 0.2,
                      rough=1.6),
    "grass": Ground(((75, 0.07, 1.0), (130, 0.05, 0.5)), 4e-3, (700, 3600, 0.12, 0.11), 0.3, 4, 0.5, 1.4),
    "sand": Ground(((65, 0.06, 1.0), (110, 0.05, 0.5)), 6e-3, (400, 4500, 0.16, 0.22), 1, 5, 0.45, 1.8),
    "snow": Ground(((70, 0.06, 1.0), (120, 0.04, 0.4)), 6e-3, (500, 3200, 0.2, 0.26), 0.012, 6, 0.4, 1.5),
    "earth": Ground(((68, 0.08, 1.0), (122, 0.06, 0.6), (240, 0.03, 0.2)), 3e-3, (300, 2500, 0.06, 0.14), 0.3, 3, 0.6,
                    1.3),
    "gravel": Ground(((90, 0.05, 0.7), (240, 0.03, 0.4)), 1.5e-3, (900, 7000, 0.22, 0.6), 0.006, 3, 0.7, 3.0),
    "carpet": Ground(((62, 0.06, 1.0), (105, 0.05, 0.4)), 5e-3, (300, 1800, 0.05, 0.06), 1, 4, 0.4, 0.5),
}  # fmt: skip

OTHER_NAMES = {
    "tiles": "tile", "ceramic": "tile", "marble": "tile", "floor": "wood", "plank": "wood", "planks": "wood",
    "parquet": "wood", "road": "asphalt", "street": "asphalt", "pavement": "asphalt", "concrete": "asphalt",
    "brick": "stone", "rock": "stone", "dirt": "earth", "soil": "earth", "mud": "earth", "ground": "earth",
    "lawn": "grass", "meadow": "grass", "leaves": "grass", "beach": "sand", "dune": "sand", "ice": "tile",
    "pebbles": "gravel", "rug": "carpet", "sofa": "carpet", "bed": "carpet", "steel": "metal", "iron": "metal",
    "tin": "metal", "aluminium": "metal", "copper": "metal", "brass": "metal", "crystal": "glass", "porcelain": "glass",
    "paper": "cardboard", "box": "cardboard", "leather": "cloth", "fabric": "cloth", "flesh": "skin", "hand": "skin",
    "ball": "rubber", "tyre": "rubber",
}  # fmt: skip


def body(name: str) -> Body:
    """The body of this material; wood where nothing is known of it, and the ground's own stuff for a ground."""
    name = OTHER_NAMES.get(name.lower(), name.lower())
    stuff = {"tile": "stone", "asphalt": "stone", "gravel": "stone"}.get(name, name)
    return BODIES.get(stuff, BODIES["wood"])


def ground(name: str) -> Ground:
    """The ground of this material: a large, damped body where it is that of a thing; earth where nothing is known."""
    name = OTHER_NAMES.get(name.lower(), name.lower())
    if name in GROUNDS:
        return GROUNDS[name]
    if name not in BODIES:
        return replace(GROUNDS["earth"], contact=1.5e-3)
    made = BODIES[name]
    pitches = made.pitch * 0.5 * np.array(made.ratios[:6])
    falls = 6.9 / (2 * (made.air + np.pi * made.loss * pitches))
    modes = tuple(
        (float(p), float(t), 0.8 / (1 + 0.3 * k)) for k, (p, t) in enumerate(zip(pitches, falls, strict=True))
    )
    return Ground(modes, made.contact, (500, 6000, 0.03, 0.1 * made.grit), hold=2.0 if made.contact > 1e-3 else 1.0)


def body_modes(made: Body, across: float, hold: float, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Frequencies (Hz), decays (1/s) and gains of one body: the same `rng` gives the same body again.

    A body twice as large sounds an octave lower."""
    ratios = np.array(made.ratios) * (1 + 0.025 * rng.standard_normal(len(made.ratios)))
    lowest = float(np.clip(made.pitch * ACROSS / across, 35.0, 7000.0)) * float(np.exp(0.05 * rng.standard_normal()))
    pitches = lowest * ratios / ratios[0]
    gains = rng.uniform(0.45, 1.0, len(ratios)) / np.arange(1, len(ratios) + 1) ** 0.3
    return pitches, hold * (made.air + np.pi * made.loss * pitches), gains


def ground_modes(met: Ground) -> tuple[Floats, Floats, Floats]:
    """Frequencies (Hz), decays (1/s) and gains of a ground."""
    pitches, falls, gains = (np.array(column, float) for column in zip(*met.modes, strict=True))
    return pitches, 6.9 / falls, gains
