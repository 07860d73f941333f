"""What is heard in the world: who touches whom, when, where and how hard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ContactKind = Literal[
    "impact", "bounce", "topple", "roll", "slide", "footstep", "engine", "animal", "speech", "cloth", "splash", "whoosh"
]


@dataclass(frozen=True)
class Contact:
    """A touch that can be heard. `things` are object numbers (things, then the cast); the ground is -1, -2 nobody yet.

    `speed` is that of closing or going along, m/s, and `slip` that of rubbing; `impulse` is in newton seconds (an
    estimate); `materials` are those of both, in the order of `things`; `seconds` is above 0 for what lasts.
    """

    time: float
    kind: ContactKind
    things: tuple[int, int]
    point: tuple[float, float, float]
    impulse: float
    speed: float
    materials: tuple[str, ...]
    seconds: float = 0.0
    slip: float = 0.0
