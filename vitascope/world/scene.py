"""What a scene of the world is (things, ground, hour, camera, action), its words, and which are kept from training."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vitascope.shot.camera import Move

Split = Literal["train", "held_out", "any"]
Shape = Literal["ball", "egg", "pill", "cube", "brick", "can"]
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black"]
MaterialName = Literal["rubber", "plastic", "wood", "metal", "stone"]
GroundName = Literal["grass", "sand", "snow", "wood", "tiles", "asphalt"]
Hour = Literal["dawn", "noon", "overcast", "sunset", "night"]
Action = Literal["bounce", "fall", "throw", "swing", "roll", "slide", "topple", "collide", "stand"]
PlaceName = Literal["open", "park", "forest", "street", "beach", "desert", "village", "room", "kitchen"]
SkyName = Literal["fair", "clear", "cloudy"]
Style = Literal["natural", "cartoon", "pencil", "watercolour", "noir", "pixel art"]
ShotSize = Literal["wide", "medium", "close"]
Who = Literal["woman", "man", "girl", "boy"]
Skin = Literal["pale", "fair", "tan", "brown", "dark"]
HairStyle = Literal["short", "long", "bun", "curly", "bald", "ponytail"]
HairColour = Literal["black", "brown", "blond", "red", "grey"]
Top = Literal["t-shirt", "jumper", "coat", "dress"]
Bottom = Literal["trousers", "shorts", "skirt"]
PersonAction = Literal["stand", "walk", "run", "wave", "jump", "dance", "bow", "clap", "nod", "point", "talk"]
Expression = Literal["neutral", "happy", "sad", "angry", "surprised"]
Species = Literal["dog", "cat", "horse", "cow", "sheep", "rabbit", "elephant", "bird"]
AnimalAction = Literal["stand", "walk", "run", "jump", "eat", "fly"]
Coat = Literal["brown", "black", "white", "grey", "ginger"]
VehicleKind = Literal["car", "van", "bus", "truck", "tractor"]
PropKind = Literal[
    "chair", "table", "sofa", "bed", "lamp", "shelf", "bench",
    "oak", "pine", "palm", "birch", "bush", "rock", "house", "tower", "fence", "street lamp", "wall", "window",
]  # fmt: skip
SignForm = Literal["board", "poster", "banner"]
Direction = Literal["left", "right", "near", "away"]
Vector = tuple[float, float, float]

SHAPES: tuple[Shape, ...] = get_args(Shape)
GROUNDS: tuple[GroundName, ...] = get_args(GroundName)
TIMES: tuple[Hour, ...] = get_args(Hour)
ACTIONS: tuple[Action, ...] = get_args(Action)
STYLES: tuple[Style, ...] = get_args(Style)
PLACES: tuple[PlaceName, ...] = get_args(PlaceName)
WORDS = (  # what signs can say
    "OPEN", "CLOSED", "STOP", "GO", "EXIT", "CAFE", "HELLO", "SALE", "TAXI", "BUS", "PARK", "ZOO",
    "WELCOME", "HOTEL", "FOOD", "SHOP", "MUSIC", "LOVE", "SLOW", "YES", "NO", "BAR", "BOOKS", "PIZZA",
)  # fmt: skip

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
    What swings hangs from a stiff rope that is tied at `pivot`.
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
    pivot: Vector | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(not 0.0 <= s <= 5.0 for s in self.size) or self.size[0] <= 0.0:
            raise ValueError(f"size was {self.size}; metres from 0 to 5 are allowed, the first above 0")
        if abs(sum(q * q for q in self.rotation) - 1.0) > 1e-3:
            raise ValueError(f"rotation was {self.rotation}; a quaternion (w, x, y, z) of length 1 is needed")
        if (self.action == "swing") != (self.pivot is not None):
            raise ValueError(
                f"pivot was {self.pivot} and action {self.action!r}; what swings has a pivot, and only that"
            )
        if self.position[2] < 0.0:
            raise ValueError(f"position was {self.position}; the ground is at z = 0, so z must be 0 or more")
        return self

    @property
    def rolls(self) -> bool:
        """Whether it moves by rolling rather than sliding when it goes along the ground."""
        return self.shape in ROUND or self.action == "roll"


class Member(_Value):
    """One of the cast: where it stands on the ground (x to the right, y away from the camera, metres) and which way it
    faces (degrees: 0 towards the camera, 90 to the right, 180 away, -90 to the left)."""

    position: tuple[float, float] = (0.0, 0.0)
    facing: float = 0.0

    @property
    def direction(self) -> Direction:
        """The way it faces, as the default camera sees it."""
        turn = (self.facing + 45.0) % 360.0
        ways: tuple[Direction, ...] = ("near", "right", "away", "left")
        return ways[int(turn // 90.0)]


class Person(Member):
    """`height` metres; `phase` 0..1 says where in its cycle an action begins; `speed` m/s, 0: the usual one."""

    kind: Literal["person"] = "person"
    who: Who = "woman"
    height: float = Field(default=1.7, ge=0.9, le=2.1)
    skin: Skin = "fair"
    hair: HairStyle = "short"
    hair_colour: HairColour = "brown"
    top: Top = "t-shirt"
    top_colour: Colour = "red"
    bottom: Bottom = "trousers"
    bottom_colour: Colour = "blue"
    action: PersonAction = "stand"
    expression: Expression = "neutral"
    phase: float = Field(default=0.0, ge=0.0, le=1.0)
    speed: float = Field(default=0.0, ge=0.0, le=8.0)


_GROUNDED: tuple[AnimalAction, ...] = ("stand", "walk", "run", "jump", "eat")
ABILITIES: dict[Species, tuple[AnimalAction, ...]] = {  # what each species can do
    "dog": _GROUNDED,
    "cat": _GROUNDED,
    "horse": _GROUNDED,
    "cow": _GROUNDED,
    "sheep": _GROUNDED,
    "rabbit": _GROUNDED,
    "elephant": ("stand", "walk", "run", "eat"),
    "bird": (*_GROUNDED, "fly"),
}


class Animal(Member):
    """`size` scales the usual size of its species."""

    kind: Literal["animal"] = "animal"
    species: Species = "dog"
    coat: Coat = "brown"
    action: AnimalAction = "stand"
    size: float = Field(default=1.0, ge=0.5, le=2.0)
    phase: float = Field(default=0.0, ge=0.0, le=1.0)
    speed: float = Field(default=0.0, ge=0.0, le=12.0)

    @model_validator(mode="after")
    def _able(self) -> Self:
        if self.action not in (known := ABILITIES[self.species]):
            raise ValueError(f"action was {self.action!r}; of a {self.species}, {', '.join(known)} are allowed")
        return self


class Vehicle(Member):
    """`speed` m/s along its facing; 0 when it is parked."""

    kind: Literal["vehicle"] = "vehicle"
    vehicle: VehicleKind = "car"
    colour: Colour = "red"
    action: Literal["stand", "drive"] = "stand"
    size: float = Field(default=1.0, ge=0.3, le=2.0)
    speed: float = Field(default=0.0, ge=0.0, le=20.0)


class Prop(Member):
    """Something that stays where it is. `colour` is of what is painted or dyed; trees and rocks have their own."""

    kind: Literal["prop"] = "prop"
    prop: PropKind = "chair"
    colour: Colour = "brown"
    size: float = Field(default=1.0, ge=0.2, le=5.0)
    look: int = Field(default=0, ge=0)


class Sign(Member):
    """A sign with a word on it: on a post (board), flat on what is behind it (poster), between two posts (banner)."""

    kind: Literal["sign"] = "sign"
    form: SignForm = "board"
    word: str = "OPEN"
    colour: Colour = "white"
    ink: Colour = "black"
    size: float = Field(default=1.0, ge=0.2, le=4.0)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.word not in WORDS:
            raise ValueError(f"word was {self.word!r}; allowed are {', '.join(WORDS)}")
        return self


Cast = Annotated[Person | Animal | Vehicle | Prop | Sign, Field(discriminator="kind")]


class Camera(_Value):
    """Where the camera stands and what it does: distance behind the origin and height in metres, pitch and vertical
    field of view in degrees."""

    distance: float = 4.5
    height: float = 1.5
    pitch: float = -10.0
    fov: float = Field(default=40.0, ge=5.0, le=120.0)
    moves: tuple[Move, ...] = ()


class Scene(_Value):
    """All that happens: things on a ground at an hour, seen by a camera. `look` seeds clouds, sun and shades."""

    things: tuple[Thing, ...] = Field(default=(), max_length=32)  # solids that physics moves
    cast: tuple[Cast, ...] = Field(default=(), max_length=32)  # whoever moves by itself, and what stands about
    ground: GroundName
    place: PlaceName = "open"
    time: Hour
    sky: SkyName = "fair"
    style: Style = "natural"
    shot_size: ShotSize = "wide"
    camera: Camera = Camera()
    look: int = Field(default=0, ge=0, lt=2**53)
    level: int = Field(default=1, ge=1, le=4)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.things and not self.cast:
            raise ValueError("things and cast were both empty; at least one of either is needed")
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


def known_style(name: str) -> Style:
    """The style of this name, or a SceneError that lists them."""
    for style in STYLES:
        if style == name.strip().lower().replace("-", " "):
            return style
    raise SceneError(f"style was {name!r}; allowed are {', '.join(STYLES)}")


def held_out(colour: str, shape: str, action: str) -> bool:
    """Whether this triple is kept out of training: a fixed tenth, chosen by the CRC-32 of its words."""
    return zlib.crc32(f"{colour} {shape} {action}".encode()) % 10 == HELD_OUT_TENTH


def subjects(scene: Scene) -> tuple[tuple[Thing, ...], tuple[Cast, ...]]:
    """Whom the scene is about: all its things, and of the cast all but the backdrop. They come first in the cast."""
    told = [isinstance(member, Person | Animal | Sign) or _stands_out(member, scene) for member in scene.cast]
    count = told.index(False) if False in told else len(told)
    return scene.things, scene.cast[:count]


def _stands_out(member: Cast, scene: Scene) -> bool:
    """Whether a prop or vehicle is a subject: what drives, and what stands in the open or first of all."""
    driving = isinstance(member, Vehicle) and member.action == "drive"
    alone = not scene.things and scene.cast[0] is member
    return driving or scene.place == "open" or alone


def triples(scene: Scene) -> list[tuple[str, str, str]]:
    """Colour, kind and action of every subject that does something or could."""
    things, members = subjects(scene)
    found: list[tuple[str, str, str]] = [(thing.colour, thing.shape, thing.action) for thing in things]
    for member in members:
        if isinstance(member, Person):
            found.append((member.top_colour, member.who, member.action))
        elif isinstance(member, Animal):
            found.append((member.coat, member.species, member.action))
        elif isinstance(member, Vehicle):
            found.append((member.colour, member.vehicle, member.action))
        else:
            found.append((member.colour, member.prop if isinstance(member, Prop) else member.word, "stand"))
    return found


def allowed(scene: Scene, split: Split) -> bool:
    """Whether `scene` belongs to `split`: no held-out triple in "train"; all acting subjects held out in "held_out"."""
    all_triples = triples(scene)
    held = [held_out(*triple) for triple in all_triples]
    if split == "train":
        return not any(held)
    if split == "held_out":
        acting = [h for h, (_, _, action) in zip(held, all_triples, strict=True) if action != "stand"]
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
