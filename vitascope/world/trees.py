"""What grows and lies about: trees, bushes, cactuses and rocks, as the parts that `props` builds figures of.

Each maker takes the parts so far, a paint (not for what has its own colour), the generator of its shape, and whether
it is for a place's backdrop: then trees have few parts and some undergrowth, and bushes are cactuses.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from vitascope.world.figure import Build, Colour, Point, turned
from vitascope.world.render import BARK, LEAVES, STONE
from vitascope.world.scene import PropKind

TREES: tuple[PropKind, ...] = ("oak", "pine", "palm", "birch", "bush")


class Bone(IntEnum):
    """The bones of every prop and sign. All have their origin at its foot; only trees move the last three."""

    ROOT = 0
    STEM = 1
    LEFT = 2
    RIGHT = 3


def _crown(b: Build, at: Point, radii: Point, colour: Colour, shape: np.random.Generator, bone: int) -> None:
    """A clump of leaves, somewhat off its place, size and shade."""
    place = np.asarray(at) + 0.10 * np.asarray(radii) * shape.uniform(-1.0, 1.0, 3)
    grown = np.asarray(radii) * shape.uniform(0.88, 1.12, 3)
    shade = float(shape.uniform(0.82, 1.15))
    turn = turned("z", float(shape.uniform(0.0, math.pi))) @ turned("x", float(shape.uniform(-0.2, 0.2)))
    colour = (shade * colour[0], shade * colour[1], shade * colour[2])
    b.egg(tuple(grown), colour, at=tuple(place), turn=turn, texture=LEAVES, bone=bone, gloss=0.0)  # type: ignore[arg-type]


def _undergrowth(b: Build, leaf: Colour, shape: np.random.Generator) -> None:
    """What grows about the foot of a far tree and closes the gap to the next."""
    low = (0.6 * leaf[0], 0.6 * leaf[1], 0.6 * leaf[2])
    radii = (float(shape.uniform(0.8, 1.1)), float(shape.uniform(1.15, 1.45)), float(shape.uniform(0.95, 1.35)))
    b.egg(radii, low, at=(0.0, float(shape.uniform(-0.2, 0.2)), 0.1), texture=LEAVES, gloss=0.0)


def oak(b: Build, _: Colour, shape: np.random.Generator, far: bool) -> None:
    bark, leaf = (0.085, 0.055, 0.035), (0.075 * shape.uniform(0.8, 1.5), 0.185, 0.03)
    b.can(0.23, (0.0, 0.0, 0.0), (0.0, 0.0, 2.1), bark, texture=BARK)
    if far:
        _undergrowth(b, leaf, shape)
        for y, z, r, bone in ((-0.55, 2.6, 1.0, Bone.LEFT), (0.55, 2.9, 1.0, Bone.RIGHT), (0.0, 3.75, 1.15, Bone.STEM)):
            _crown(b, (0.0, y, z), (r, r, 0.85 * r), leaf, shape, bone)
        return
    b.pill(0.13, (0.0, 0.0, 1.8), (0.1, 0.95, 2.9), bark, texture=BARK, bone=Bone.LEFT)
    b.pill(0.13, (0.0, 0.0, 1.7), (-0.1, -0.95, 2.8), bark, texture=BARK, bone=Bone.RIGHT)
    b.pill(0.15, (0.0, 0.0, 1.8), (0.0, 0.0, 3.2), bark, texture=BARK, bone=Bone.STEM)
    for k in range(5):
        angle = 2.0 * math.pi * (k + float(shape.uniform(-0.15, 0.15))) / 5.0
        x, y = 0.95 * math.cos(angle), 1.15 * math.sin(angle)
        bone = Bone.LEFT if y > 0.3 else Bone.RIGHT if y < -0.3 else Bone.STEM
        _crown(b, (x, y, 2.95 + 0.12 * (k % 2)), (0.95, 0.95, 0.74), leaf, shape, bone)
    _crown(b, (0.25, 0.6, 3.75), (0.95, 0.95, 0.78), leaf, shape, Bone.LEFT)
    _crown(b, (-0.1, -0.6, 3.8), (0.95, 0.95, 0.8), leaf, shape, Bone.RIGHT)
    _crown(b, (0.0, 0.0, 4.35), (0.9, 0.9, 0.68), leaf, shape, Bone.STEM)


def pine(b: Build, _: Colour, shape: np.random.Generator, far: bool) -> None:
    bark, needle = (0.10, 0.055, 0.03), (0.022, 0.088 * shape.uniform(0.85, 1.2), 0.034)
    tall = float(shape.uniform(5.4, 6.8))
    b.can(0.16, (0.0, 0.0, 0.0), (0.0, 0.0, 0.5 * tall), bark, texture=BARK)
    tiers = 4 if far else 8
    if far:
        _undergrowth(b, needle, shape)
    for k in range(tiers):
        up = k / (tiers - 0.5)
        radius = 0.23 * tall * (1.0 - up) ** 0.9
        z = tall * (0.21 + 0.74 * up)
        bone = (Bone.LEFT, Bone.RIGHT, Bone.STEM)[k % 3]
        _crown(b, (0.0, 0.0, z), (radius, radius, (0.15 if far else 0.10) * tall), needle, shape, bone)
    b.egg((0.15, 0.15, 0.08 * tall), needle, at=(0.0, 0.0, 0.93 * tall), texture=LEAVES, bone=Bone.STEM, gloss=0.0)


def palm(b: Build, _: Colour, shape: np.random.Generator, __: bool) -> None:
    bark, leaf = (0.19, 0.125, 0.07), (0.075, 0.215, 0.04)
    lean, way = float(shape.uniform(0.5, 1.1)), float(shape.uniform(0.0, 2.0 * math.pi))
    steps = (0.0, 0.12, 0.55, 1.0)
    curve = [(lean * math.cos(way) * u * u, lean * math.sin(way) * u * u, 4.0 * u) for u in steps]
    b.can(0.17, curve[0], curve[1], bark, texture=BARK)
    b.pill(0.145, curve[1], curve[2], bark, texture=BARK)
    b.pill(0.12, curve[2], curve[3], bark, texture=BARK, bone=Bone.STEM)
    turn = float(shape.uniform(0.0, 1.0))
    for k in range(6):  # each leaf rises, then hangs
        angle = 2.0 * math.pi * (k + turn + float(shape.uniform(-0.12, 0.12))) / 6.0
        rise = float(shape.uniform(0.25, 0.7))
        bone = Bone.LEFT if k % 2 else Bone.RIGHT
        middle = _leaf(b, curve[3], angle, rise, (0.20, 0.05, 0.62), leaf, bone)
        _leaf(b, middle, angle, -0.75 + 0.4 * rise, (0.18, 0.045, 0.80), leaf, bone)
    _leaf(b, curve[3], 2.0 * math.pi * turn, 1.2, (0.15, 0.045, 0.62), leaf, Bone.STEM)


def _leaf(b: Build, start: Point, angle: float, rise: float, radii: Point, colour: Colour, bone: int) -> Point:
    """A flat long leaf from a point towards `angle` (about z), climbing by `rise`, both radians; gives its far end."""
    across = np.array([-math.sin(angle), math.cos(angle), 0.0])
    out = np.array([math.cos(angle) * math.cos(rise), math.sin(angle) * math.cos(rise), math.sin(rise)])
    at, end = np.asarray(start) + 0.93 * radii[2] * out, np.asarray(start) + 1.75 * radii[2] * out
    turn = np.stack([across, np.cross(out, across), out], axis=1)
    b.egg(radii, colour, at=(at[0], at[1], at[2]), turn=turn, texture=LEAVES, bone=bone, gloss=0.1)
    return float(end[0]), float(end[1]), float(end[2])


def birch(b: Build, _: Colour, shape: np.random.Generator, far: bool) -> None:
    bark, leaf = (0.72, 0.70, 0.66), (0.17 * shape.uniform(0.75, 1.4), 0.30, 0.045)
    b.can(0.115, (0.0, 0.0, 0.0), (0.0, 0.0, 3.2), bark, texture=BARK)
    if far:
        _undergrowth(b, leaf, shape)
        for y, z, r in ((0.2, 2.6, 1.0), (-0.2, 3.5, 0.95), (0.0, 4.5, 0.7)):
            _crown(b, (0.0, y, z), (r, r, 1.0), leaf, shape, Bone.STEM)
        return
    b.pill(0.07, (0.0, 0.0, 3.0), (0.0, 0.05, 4.6), bark, texture=BARK, bone=Bone.STEM)
    b.pill(0.05, (0.0, 0.0, 2.0), (0.1, 0.65, 3.1), bark, texture=BARK, bone=Bone.LEFT)
    b.pill(0.05, (0.0, 0.0, 2.3), (-0.1, -0.6, 3.3), bark, texture=BARK, bone=Bone.RIGHT)
    for x, y, z, r, bone in (
        (0.1, 0.62, 2.75, 0.58, Bone.LEFT), (0.0, -0.58, 2.95, 0.58, Bone.RIGHT), (-0.45, 0.0, 3.1, 0.58, Bone.STEM),
        (0.5, 0.05, 3.35, 0.6, Bone.STEM), (0.0, 0.5, 3.7, 0.62, Bone.LEFT), (0.0, -0.45, 3.95, 0.6, Bone.RIGHT),
        (0.1, 0.12, 4.5, 0.56, Bone.STEM), (0.0, 0.0, 5.15, 0.38, Bone.STEM),
    ):  # fmt: skip
        _crown(b, (x, y, z), (r, r, 1.15 * r), leaf, shape, bone)


def bush(b: Build, _: Colour, shape: np.random.Generator, cactus: bool) -> None:
    if cactus:
        green = (0.085, 0.21, 0.06)
        tall = float(shape.uniform(1.6, 2.2))
        b.can(0.17, (0.0, 0.0, 0.0), (0.0, 0.0, 0.5), green, texture=BARK)
        b.pill(0.18, (0.0, 0.0, 0.3), (0.0, 0.0, tall), green, texture=BARK)
        for side in (-1.0, 1.0):
            low, out = float(shape.uniform(0.7, 1.1)), side * float(shape.uniform(0.42, 0.55))
            b.pill(0.11, (0.0, 0.0, low), (0.0, out, low + 0.08), green, texture=BARK)
            high = low + float(shape.uniform(0.4, 0.75))
            b.pill(0.115, (0.0, out, low + 0.08), (0.0, out, high), green, texture=BARK)
        return
    leaf = (0.055 * shape.uniform(0.8, 1.6), 0.165, 0.03)
    b.egg((0.52, 0.66, 0.30), leaf, at=(0.0, 0.0, 0.29), texture=LEAVES, gloss=0.0)
    for k in range(5):
        angle = 2.0 * math.pi * k / 5.0
        x, y = 0.32 * math.cos(angle), 0.42 * math.sin(angle)
        _crown(b, (x, y, 0.42), (0.34, 0.36, 0.33), leaf, shape, Bone.LEFT if y > 0.0 else Bone.RIGHT)
    _crown(b, (0.0, 0.0, 0.68), (0.40, 0.42, 0.32), leaf, shape, Bone.STEM)


def rock(b: Build, _: Colour, shape: np.random.Generator, warm: bool) -> None:
    stone = (0.40, 0.20, 0.095) if warm else (0.25, 0.245, 0.235)
    b.egg((0.46, 0.68, 0.13), stone, at=(0.02, 0.0, 0.125), texture=STONE, gloss=0.02)  # what it rests on
    for k, (y, r) in enumerate(((0.0, 0.55), (0.42, 0.36), (-0.40, 0.30))):
        tone = float(shape.uniform(0.85, 1.1))
        radii = r * shape.uniform(0.8, 1.15, 3) * (1.05, 1.25, 0.58)
        at = (float(shape.uniform(-0.15, 0.2)) * (k > 0), y, 0.98 * float(radii[2]))
        turn = turned("z", float(shape.uniform(0.0, math.pi)))
        b.egg(tuple(radii), tuple(tone * c for c in stone), at=at, turn=turn, texture=STONE, gloss=0.02)  # type: ignore[arg-type]
