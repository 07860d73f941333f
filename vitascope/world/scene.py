"""What a scene of the world is (things, ground, hour, camera, action), its words, and which are kept from training."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from vitascope.shot.camera import Move

Split = Literal["train", "held_out", "any"]
Shape = Literal["ball", "egg", "pill", "cube", "brick", "can"]
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black"]
MaterialName = Literal["rubber", "plastic", "wood", "metal", "stone"]
GroundName = Literal["grass", "sand", "snow", "wood", "tiles", "asphalt"]
Hour = Literal["dawn", "noon", "overcast", "sunset", "night"]
Action = Literal["bounce", "fall", "roll", "slide", "topple", "collide", "stand"]
Direction = Literal["left", "right", "near", "away"]
Vector = tuple[float, float, float]

SHAPES: tuple[Shape, ...] = get_args(Shape)
GROUNDS: tuple[GroundName, ...] = get_args(GroundName)
TIMES: tuple[Hour, ...] = get_args(Hour)
ACTIONS: tuple[Action, ...] = get_args(Action)

COLOURS: dict[Colour, Vector] = {  # linear RGB
    "red": (0.62, 0.018, 0.016),
    "orange": (0.88, 0.21, 0.008),
    "yellow": (0.88, 0.64, 0.015),
    "green": (0.02, 0.30, 0.05),
    "blue": (0.015, 0.085, 0.58),
    "purple": (0.20, 0.025, 0.40),
    "pink": (0.88, 0.24, 0.42),
    "brown": (0.15, 0.056, 0.018),
    "white": (0.84, 0.84, 0.84),
    "black": (0.008, 0.009, 0.012),
}


@dataclass(frozen=True)
class Material:
    """How a stuff behaves and shines: `restitution` is rebound over impact speed on the ground; density in kg/m³."""

    restitution: float
    friction: float
    density: float
    gloss: float
    metal: float


MATERIALS: dict[MaterialName, Material] = {
    "rubber": Material(restitution=0.80, friction=0.80, density=1100.0, gloss=0.15, metal=0.0),
    "plastic": Material(restitution=0.62, friction=0.22, density=950.0, gloss=0.40, metal=0.0),
    "wood": Material(restitution=0.45, friction=0.30, density=650.0, gloss=0.10, metal=0.0),
    "metal": Material(restitution=0.35, friction=0.18, density=7800.0, gloss=0.75, metal=0.4),
    "stone": Material(restitution=0.22, friction=0.60, density=2500.0, gloss=0.05, metal=0.0),
}
ROUND: tuple[Shape, ...] = ("ball", "egg", "pill")  # what rolls whichever way it lies; a can rolls on its side
HELD_OUT_TENTH = 3  # triples whose hash ends so are never trained on


class SceneError(ValueError):
    """A scene's JSON or values are wrong; one clear line says which field, what was given and what is allowed."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Thing(_Value):
    """One solid. `size` is as for MuJoCo geoms (metres); `rotation` a quaternion (w, x, y, z); speeds world vectors.

    `direction` is where it goes as seen from the default camera (left = -x, near = -y); None when it goes nowhere.
    """

    shape: Shape
    colour: Colour
    material: MaterialName
    size: Vector
    position: Vector
    rotation: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    velocity: Vector = (0.0, 0.0, 0.0)
    spin: Vector = (0.0, 0.0, 0.0)
    action: Action = "stand"
    direction: Direction | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(not 0.0 <= s <= 5.0 for s in self.size) or self.size[0] <= 0.0:
            raise ValueError(f"size was {self.size}; metres from 0 to 5 are allowed, the first above 0")
        if abs(sum(q * q for q in self.rotation) - 1.0) > 1e-3:
            raise ValueError(f"rotation was {self.rotation}; a quaternion (w, x, y, z) of length 1 is needed")
        if self.position[2] < 0.0:
            raise ValueError(f"position was {self.position}; the ground is at z = 0, so z must be 0 or more")
        return self

    @property
    def rolls(self) -> bool:
        """Whether it moves by rolling rather than sliding when it goes along the ground."""
        return self.shape in ROUND or self.action == "roll"


class Camera(_Value):
    """Where the camera stands and what it does: distance behind the origin and height in metres, pitch in degrees."""

    distance: float = 4.5
    height: float = 1.5
    pitch: float = -10.0
    moves: tuple[Move, ...] = ()


class Scene(_Value):
    """All that happens: things on a ground at an hour, seen by a camera. `look` seeds clouds, sun and shades."""

    things: tuple[Thing, ...]
    ground: GroundName
    time: Hour
    camera: Camera = Camera()
    look: int = 0
    level: int = 1

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not 1 <= len(self.things) <= 32:
            raise ValueError(f"things were {len(self.things)}; 1 to 32 are allowed")
        return self

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str | bytes) -> Scene:
        """Read a scene; raises SceneError with one clear line."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "scene"
            given = repr(first.get("input"))[:80]
            raise SceneError(f"{where}: {first['msg']} (given: {given})") from None

    def with_(self, **changes: Any) -> Scene:
        """A checked copy with some fields changed."""
        return type(self).model_validate({**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


def held_out(colour: str, shape: str, action: str) -> bool:
    """Whether this triple is kept out of training: a fixed tenth, chosen by the CRC-32 of its words."""
    return zlib.crc32(f"{colour} {shape} {action}".encode()) % 10 == HELD_OUT_TENTH


def allowed(scene: Scene, split: Split) -> bool:
    """Whether `scene` belongs to `split`: no held-out triple in "train"; all acting things held out in "held_out"."""
    held = [held_out(thing.colour, thing.shape, thing.action) for thing in scene.things]
    if split == "train":
        return not any(held)
    if split == "held_out":
        acting = [h for h, thing in zip(held, scene.things, strict=True) if thing.action != "stand"]
        return all(acting) if acting else all(held)
    return True


def reach(shape: Shape, size: Vector, rotation: tuple[float, float, float, float]) -> float:
    """How far the shape's lowest point lies below its centre, metres."""
    w, x, y, z = rotation
    down = np.array([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])  # world z in local axes
    if shape == "ball":
        return size[0]
    if shape == "egg":
        return float(np.linalg.norm(down * np.array(size)))
    if shape == "pill":
        return float(size[0] + size[1] * abs(down[2]))
    if shape == "can":
        return float(size[0] * math.hypot(down[0], down[1]) + size[1] * abs(down[2]))
    return float(np.abs(down) @ np.array(size))
