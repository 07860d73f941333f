"""Figures: what is drawn of a member of the cast, as solids that hang on bones, and how bones move it.

A figure's own axes: +x forward, +y to its left, +z up, metres; a figure stands on z = 0. B bones, P parts, T frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vitascope.world.render import SMOOTH
from vitascope.world.solids import BOX, CAPSULE, CYLINDER, ELLIPSOID, SPHERE

Colour = tuple[float, float, float]  # linear RGB
Point = tuple[float, float, float]
Matrix = NDArray[np.float64]  # [3, 3], or [T, 3, 3]

UPRIGHT: Matrix = np.eye(3)


@dataclass(frozen=True)
class Figure:
    """The parts of one member of the cast, each fixed to a bone. `detail` is the row of its face or sign, else 0."""

    kind: NDArray[np.int32]  # [P]
    size: NDArray[np.float32]  # [P, 3]
    albedo: NDArray[np.float32]  # [P, 3]
    texture: NDArray[np.int32]  # [P]
    gloss: NDArray[np.float32]  # [P]
    metal: NDArray[np.float32]  # [P]
    detail: NDArray[np.int32]  # [P]
    bone: NDArray[np.int32]  # [P]
    offset: NDArray[np.float64]  # [P, 3] from the bone, in its axes
    turn: NDArray[np.float64]  # [P, 3, 3] part -> bone
    words: tuple[str, ...] = ()  # of its signs, by detail

    def posed(self, bones: Bones) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """World positions [T, P, 3] and rotations [T, P, 3, 3] of the parts."""
        turned = bones.rotation[:, self.bone]  # T P 3 3
        position = bones.position[:, self.bone] + np.einsum("tpij,pj->tpi", turned, self.offset)
        return position, np.einsum("tpij,pjk->tpik", turned, self.turn)


@dataclass(frozen=True)
class Bones:
    """Where the bones of a figure are at each frame, in the world; `face` are the numbers of a face (see `FACE`)."""

    position: NDArray[np.float64]  # [T, B, 3] metres
    rotation: NDArray[np.float64]  # [T, B, 3, 3] bone -> world
    face: NDArray[np.float32] | None = None  # [T, FACE_MOTION]


# A face in numbers: what moves (from `Bones.face`), then how it looks (from the figure). `render.FACE` paints it on the
# front (+x) half of an ellipsoid.
SMILE, OPEN, BROW_RAISE, BROW_TILT, LIDS, GAZE_X, GAZE_Y, ROUND = range(8)
FACE_MOTION = 8
# smile -1 (corners down) .. 1; open 0 .. 1; brow raise -1 .. 1; brow tilt -1 (angry: inner ends down) .. 1 (sad: inner
# ends up); lids 0 (closed) .. 1 (as usual) .. 1.4 (wide); gaze -1 .. 1 (its left, up); round 0 .. 1 (mouth pursed)
IRIS, BROWS, LIPS, EYE_SCALE, BEARD, BLUSH = 8, 11, 14, 17, 18, 19  # iris, brows and lips are linear RGB
FACE_SIZE = 20


@dataclass
class Build:
    """Collects parts; `figure()` makes the Figure of them."""

    _rows: list[tuple[int, Point, Colour, int, float, float, int, int, Point, Matrix]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def part(
        self,
        kind: int,
        size: Point,
        colour: Colour,
        *,
        bone: int = 0,
        at: Point = (0.0, 0.0, 0.0),
        turn: Matrix = UPRIGHT,
        texture: int = SMOOTH,
        gloss: float = 0.08,
        metal: float = 0.0,
        detail: int = 0,
    ) -> None:
        self._rows.append((kind, size, colour, texture, gloss, metal, detail, bone, at, turn))

    def ball(self, radius: float, colour: Colour, **more: object) -> None:
        self.part(SPHERE, (radius, 0.0, 0.0), colour, **more)  # type: ignore[arg-type]

    def egg(self, radii: Point, colour: Colour, **more: object) -> None:
        self.part(ELLIPSOID, radii, colour, **more)  # type: ignore[arg-type]

    def box(self, half: Point, colour: Colour, **more: object) -> None:
        self.part(BOX, half, colour, **more)  # type: ignore[arg-type]

    def pill(self, radius: float, start: Point, end: Point, colour: Colour, **more: object) -> None:
        """A capsule whose round ends are centred on two points of the bone's axes."""
        at, turn, half = _between(start, end)
        self.part(CAPSULE, (radius, half, 0.0), colour, at=at, turn=turn, **more)  # type: ignore[arg-type]

    def can(self, radius: float, start: Point, end: Point, colour: Colour, **more: object) -> None:
        """A cylinder from the middle of one end to the middle of the other."""
        at, turn, half = _between(start, end)
        self.part(CYLINDER, (radius, half, 0.0), colour, at=at, turn=turn, **more)  # type: ignore[arg-type]

    def figure(self) -> Figure:
        kinds, sizes, colours, textures, glosses, metals, details, bones, at, turns = zip(*self._rows, strict=True)
        return Figure(
            kind=np.array(kinds, np.int32),
            size=np.array(sizes, np.float32),
            albedo=np.array(colours, np.float32),
            texture=np.array(textures, np.int32),
            gloss=np.array(glosses, np.float32),
            metal=np.array(metals, np.float32),
            detail=np.array(details, np.int32),
            bone=np.array(bones, np.int32),
            offset=np.array(at, np.float64),
            turn=np.array(turns, np.float64),
            words=tuple(self.words),
        )


def _between(start: Point, end: Point) -> tuple[Point, Matrix, float]:
    """Middle, rotation (local z along the line) and half length of the line between two points."""
    (ax, ay, az), (bx, by, bz) = ((float(value) for value in point) for point in (start, end))
    x, y, z = bx - ax, by - ay, bz - az
    length = math.sqrt(x * x + y * y + z * z)
    k = 1.0 / max(length, 1e-9)
    x, y, z = x * k, y * k, z * k
    # As in `along`, with numbers instead of arrays: a tree has dozens of these.
    px, py, pz = (0.0, z, -y) if abs(x) < 0.9 else (-z, 0.0, x)
    k = 1.0 / max(math.sqrt(px * px + py * py + pz * pz), 1e-9)
    px, py, pz = px * k, py * k, pz * k
    turn = np.array(((py * z - pz * y, px, x), (pz * x - px * z, py, y), (px * y - py * x, pz, z)))
    return ((ax + bx) / 2, (ay + by) / 2, (az + bz) / 2), turn, length / 2


def along(direction: NDArray[np.float64]) -> Matrix:
    """A rotation whose z axis lies along `direction` [..., 3] (of any length above 0)."""
    z = direction / np.maximum(np.linalg.norm(direction, axis=-1, keepdims=True), 1e-9)
    helper = np.where(np.abs(z[..., :1]) < 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    y = np.cross(z, helper)
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([np.cross(y, z), y, z], axis=-1)


def turned(axis: str, angle: float | NDArray[np.float64]) -> Matrix:
    """Rotation about "x", "y" or "z" by radians: [3, 3], or [T, 3, 3] for T angles."""
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    out = np.zeros((*np.shape(angle), 3, 3))
    out[..., i, i] = out[..., j, j] = np.cos(angle)
    out[..., j, i] = np.sin(angle)
    out[..., i, j] = -out[..., j, i]
    out[..., 3 - i - j, 3 - i - j] = 1.0
    return out


def heading(facing: float) -> Matrix:
    """Figure -> world for a facing in degrees: 0 towards the camera (-y), 90 to the right (+x), 180 away."""
    return turned("z", math.radians(facing - 90.0))
