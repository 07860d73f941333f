"""Props and signs: furniture, trees, rocks, buildings and boards, as figures; they stand, and trees sway a little.

A prop's measures follow from its fields alone (kind, size, look); `rng` only shades its colours. Looks from `OF_PLACE`
on are for what only a place asks for: cactuses (bush), warm sandstone (rock), a kitchen's worktop (shelf), pale paint
(wall), and trees of few parts for the distance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vitascope.world import trees
from vitascope.world.contact import Contact
from vitascope.world.figure import UPRIGHT, Bones, Build, Colour, Figure, Matrix, heading, turned
from vitascope.world.render import BRICKS, GLASS, GLOW, SIGN, SMOOTH, STRIPES, WINDOWS, WOOD
from vitascope.world.scene import COLOURS, Prop, PropKind, Sign
from vitascope.world.scene import Colour as ColourName
from vitascope.world.solids import BOX, CAPSULE, ELLIPSOID, SPHERE
from vitascope.world.trees import TREES, Bone

OF_PLACE = 10_000
ANYWHERE = {"position": (0.0, 0.0), "facing": 0.0, "size": 1.0}  # what a member's measures do not hang on
SWAY = math.radians(0.9)  # how far the wind bends a tree about its foot
WOODEN: Colour = (0.27, 0.13, 0.05)
IRON: Colour = (0.035, 0.037, 0.04)
LINEN: Colour = (0.78, 0.76, 0.70)
PAPER = (  # backs of books
    (0.45, 0.05, 0.04), (0.05, 0.12, 0.34), (0.06, 0.24, 0.12), (0.72, 0.52, 0.12),
    (0.32, 0.10, 0.24), (0.70, 0.66, 0.55), (0.10, 0.30, 0.36), (0.75, 0.28, 0.08),
)  # fmt: skip
LETTER = {"board": (0.30, 0.52), "poster": (0.30, 0.56), "banner": (0.40, 0.66)}  # width a letter, height of the panel
AWNINGS: tuple[ColourName, ...] = ("red", "green", "blue", "orange", "purple")


Maker = Callable[[Build, Colour, np.random.Generator, bool], None]  # parts, paint, shape, whether `OF_PLACE`


def build(member: Prop | Sign, rng: np.random.Generator) -> Figure:
    """Its looks; `rng` shades the colours a little (never a wall's, which must meet its neighbour unseen)."""
    if isinstance(member, Sign):
        parts = Build()
        _sign(parts, member)
        figure = parts.figure()
    else:
        figure = _made(member.prop, member.colour, member.look)
    if isinstance(member, Prop) and member.prop != "wall":
        shade = rng.uniform(0.92, 1.06) * rng.uniform(0.98, 1.02, (1, 3))
        figure = replace(figure, albedo=np.minimum(figure.albedo * shade, 0.92).astype(np.float32))
    return replace(figure, size=figure.size * np.float32(member.size), offset=figure.offset * member.size)


@lru_cache(maxsize=1024)
def _made(prop: PropKind, colour: ColourName, look: int) -> Figure:
    """A prop of size 1, before its colours are shaded; it is measured first and drawn later, often many times."""
    parts = Build()
    MAKERS[prop](parts, COLOURS[colour], np.random.default_rng([look, 77]), look >= OF_PLACE)
    return parts.figure()


def act(member: Prop | Sign, times: NDArray[np.float64]) -> tuple[Bones, tuple[Contact, ...]]:
    """It stands where it is; trees sway in a wind that crosses the picture in waves and comes back every 4 s."""
    position = np.zeros((len(times), len(Bone), 3))
    position[:, :, :2] = member.position
    rotation = np.tile(heading(member.facing), (len(times), len(Bone), 1, 1))
    if isinstance(member, Prop) and member.prop in TREES:
        x, y = member.position
        for bone, share, late in ((Bone.STEM, 0.7, 0.0), (Bone.LEFT, 1.0, 0.7), (Bone.RIGHT, 0.9, 1.6)):
            beat = 0.5 * math.pi * np.asarray(times) - 0.35 * x - 0.2 * y - late
            lean = SWAY * share * (0.25 + 0.6 * np.sin(beat) + 0.3 * np.sin(2.0 * beat + 1.0))
            nod = SWAY * share * 0.4 * np.sin(2.0 * beat + 2.0)
            rotation[:, bone] = turned("y", lean) @ turned("x", nod) @ heading(member.facing)
    return Bones(position, rotation), ()


def extent(member: Prop | Sign) -> tuple[float, float, float]:
    """Half width (along its own y), half depth (along its own x) and height of the box around it, metres."""
    (wide, deep, high), _, _ = _measure(member.model_copy(update=ANYWHERE))
    return wide * member.size, deep * member.size, high * member.size


def foot(member: Prop | Sign) -> float:
    """How high above the ground its lowest point is, metres: 0 but for what hangs on a wall."""
    return _measure(member.model_copy(update=ANYWHERE))[1] * member.size


def part_count(member: Prop | Sign) -> int:
    """How many parts it is drawn with."""
    return _measure(member.model_copy(update=ANYWHERE))[2]


@lru_cache(maxsize=4096)
def _measure(member: Prop | Sign) -> tuple[tuple[float, float, float], float, int]:
    """Half width, half depth and height; the lowest point; and the number of parts."""
    figure = build(member, np.random.default_rng(0))
    low, high = bounds(figure)
    reach = np.maximum(np.abs(low), np.abs(high))
    return (float(reach[1]), float(reach[0]), float(high[2])), float(low[2]), len(figure.kind)


def bounds(figure: Figure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest corner [3] of the box around a figure whose bones are all at its foot, in its own axes."""
    kind, size, axis = figure.kind[:, None], figure.size.astype(np.float64), figure.turn[:, :, 2]
    radius, half = size[:, :1], size[:, 1:2]
    reach = np.where(kind == BOX, np.einsum("pij,pj->pi", np.abs(figure.turn), size), 0.0)
    reach = np.where(kind == ELLIPSOID, np.sqrt(np.einsum("pij,pj->pi", figure.turn**2, size**2)), reach)
    reach = np.where(kind == SPHERE, radius, reach)
    reach = np.where(kind == CAPSULE, radius + half * np.abs(axis), reach)
    round_ends = radius * np.sqrt(np.maximum(1.0 - axis**2, 0.0)) + half * np.abs(axis)
    reach = np.where(kind > BOX, round_ends, reach)
    return (figure.offset - reach).min(axis=0), (figure.offset + reach).max(axis=0)


# --- furniture --------------------------------------------------------------------------------------------------------


def _chair(b: Build, paint: Colour, shape: np.random.Generator, _: bool) -> None:
    for y in (-0.19, 0.19):
        b.box((0.022, 0.022, 0.22), paint, at=(0.19, y, 0.22), texture=WOOD)
        b.box((0.022, 0.022, 0.46), paint, at=(-0.19, y, 0.46), texture=WOOD)
    b.box((0.23, 0.225, 0.022), paint, at=(0.0, 0.0, 0.455), texture=WOOD)
    slats = int(shape.integers(1, 4))
    for i in range(slats):
        high = 0.13 / slats
        b.box((0.014, 0.18, high), paint, at=(-0.19, 0.0, 0.87 - high - 0.32 * i / slats), texture=WOOD)


def _table(b: Build, paint: Colour, shape: np.random.Generator, _: bool) -> None:
    if shape.random() < 0.3:
        b.can(0.52, (0.0, 0.0, 0.70), (0.0, 0.0, 0.74), paint, texture=WOOD)
        b.can(0.05, (0.0, 0.0, 0.04), (0.0, 0.0, 0.70), paint, texture=WOOD)
        b.can(0.27, (0.0, 0.0, 0.0), (0.0, 0.0, 0.05), paint, texture=WOOD)
        return
    b.box((0.40, 0.65, 0.022), paint, at=(0.0, 0.0, 0.72), texture=WOOD)
    b.box((0.33, 0.58, 0.04), paint, at=(0.0, 0.0, 0.66), texture=WOOD)
    for x in (-0.34, 0.34):
        for y in (-0.58, 0.58):
            b.box((0.032, 0.032, 0.35), paint, at=(x, y, 0.35), texture=WOOD)


def _sofa(b: Build, paint: Colour, _: np.random.Generator, __: bool) -> None:
    for y in (-0.85, 0.85):
        b.box((0.36, 0.03, 0.05), WOODEN, at=(0.0, y, 0.05))
        b.box((0.40, 0.10, 0.20), paint, at=(0.0, 1.06 * y, 0.29))
        b.pill(0.115, (-0.30, 1.06 * y, 0.50), (0.32, 1.06 * y, 0.50), paint)
    b.box((0.38, 0.85, 0.13), paint, at=(0.0, 0.0, 0.22))
    b.box((0.10, 0.85, 0.28), paint, at=(-0.31, 0.0, 0.50), turn=turned("y", -0.12))
    b.pill(0.10, (-0.345, -0.76, 0.77), (-0.345, 0.76, 0.77), paint)
    for y in (-0.40, 0.40):
        b.egg((0.36, 0.42, 0.11), paint, at=(0.07, y, 0.39))
    b.box((0.05, 0.19, 0.19), LINEN, at=(-0.13, 0.56, 0.64), turn=turned("y", -0.3) @ turned("x", 0.2))


def _bed(b: Build, paint: Colour, _: np.random.Generator, __: bool) -> None:
    for x in (-0.95, 0.95):
        for y in (-0.68, 0.68):
            b.box((0.04, 0.04, 0.11), WOODEN, at=(x, y, 0.11), texture=WOOD)
    b.box((1.02, 0.76, 0.09), WOODEN, at=(0.0, 0.0, 0.27), texture=WOOD)
    b.box((0.035, 0.78, 0.36), WOODEN, at=(-1.02, 0.0, 0.66), texture=WOOD)
    b.box((0.98, 0.72, 0.11), LINEN, at=(0.0, 0.0, 0.45))
    b.box((0.68, 0.755, 0.13), paint, at=(0.33, 0.0, 0.46))
    b.egg((0.72, 0.74, 0.10), paint, at=(0.30, 0.0, 0.57))
    b.pill(0.05, (-0.36, -0.70, 0.575), (-0.36, 0.70, 0.575), LINEN)
    for y in (-0.35, 0.35):
        b.egg((0.19, 0.30, 0.10), LINEN, at=(-0.74, y, 0.62), turn=turned("y", -0.35))


def _lamp(b: Build, paint: Colour, _: np.random.Generator, __: bool) -> None:
    b.can(0.15, (0.0, 0.0, 0.0), (0.0, 0.0, 0.025), IRON, gloss=0.4)
    b.can(0.014, (0.0, 0.0, 0.02), (0.0, 0.0, 1.45), IRON, gloss=0.4)
    for k, radius in enumerate((0.24, 0.22, 0.20, 0.18)):  # a shade that narrows upwards
        b.can(radius, (0.0, 0.0, 1.22 + 0.085 * k), (0.0, 0.0, 1.31 + 0.085 * k), paint, texture=GLOW)


def _shelf(b: Build, paint: Colour, shape: np.random.Generator, kitchen: bool) -> None:
    if kitchen:
        _worktop(b, paint, shape)
        return
    b.box((0.012, 0.45, 0.90), tuple(0.7 * c for c in paint), at=(-0.138, 0.0, 0.90), texture=WOOD)  # type: ignore[arg-type]
    for y in (-0.45, 0.45):
        b.box((0.15, 0.02, 0.90), paint, at=(0.0, y, 0.90), texture=WOOD)
    for z in (0.05, 0.62, 1.20, 1.78):
        b.box((0.15, 0.45, 0.02), paint, at=(0.0, 0.0, z), texture=WOOD)
    inks = [PAPER[k] for k in shape.permutation(len(PAPER))]
    for row, z in enumerate((0.07, 0.64, 1.22)):
        y = -0.42
        for ink in inks[2 * row + row // 2 : 2 * row + row // 2 + 2 + row % 2]:
            wide, high = float(shape.uniform(0.09, 0.16)), float(shape.uniform(0.15, 0.22))
            # Stripes run across local z: laid along the shelf they are the gaps between books.
            b.part(BOX, (high, 0.10, wide), ink, at=(0.02, y + wide, z + high), turn=_ROW, texture=STRIPES)
            y += 2.0 * wide + float(shape.uniform(0.01, 0.05))


def _worktop(b: Build, paint: Colour, shape: np.random.Generator) -> None:
    """A kitchen's cupboards under a worktop, with pots or a sink and its tap."""
    b.box((0.27, 0.95, 0.05), IRON, at=(-0.03, 0.0, 0.05))
    b.box((0.28, 0.98, 0.38), paint, at=(-0.02, 0.0, 0.48))
    b.box((0.31, 1.0, 0.02), WOODEN, at=(0.0, 0.0, 0.88), texture=WOOD)
    for y in (-0.66, 0.0, 0.66):
        b.box((0.012, 0.31, 0.345), paint, at=(0.27, y, 0.48))
        b.box((0.012, 0.10, 0.012), IRON, at=(0.29, y, 0.76), gloss=0.6)
    steel = (0.6, 0.6, 0.62)
    if shape.random() < 0.5:
        for y, radius, high, colour in ((0.55, 0.13, 0.20, steel), (0.2, 0.10, 0.14, (0.55, 0.05, 0.03))):
            b.can(radius, (0.0, y, 0.90), (0.0, y, 0.90 + high), colour, gloss=0.5)
            b.ball(0.03, IRON, at=(0.0, y, 0.91 + high))
        return
    b.box((0.20, 0.28, 0.012), steel, at=(0.03, -0.3, 0.895), gloss=0.7)
    b.pill(0.018, (-0.2, -0.3, 0.90), (-0.2, -0.3, 1.12), steel, gloss=0.8, metal=0.5)
    b.pill(0.018, (-0.2, -0.3, 1.12), (0.0, -0.3, 1.08), steel, gloss=0.8, metal=0.5)


def _bench(b: Build, paint: Colour, _: np.random.Generator, __: bool) -> None:
    for x in (-0.11, 0.06, 0.23):
        b.box((0.075, 0.80, 0.02), paint, at=(x, 0.0, 0.44), texture=WOOD)
    lean = turned("y", -0.22)
    for x, z in ((-0.235, 0.60), (-0.27, 0.78)):
        b.box((0.018, 0.80, 0.07), paint, at=(x, 0.0, z), turn=lean, texture=WOOD)
    for y in (-0.64, 0.64):
        b.box((0.03, 0.03, 0.21), IRON, at=(0.22, y, 0.21))
        b.box((0.03, 0.03, 0.21), IRON, at=(-0.17, y, 0.21))
        b.box((0.018, 0.03, 0.24), IRON, at=(-0.27, y, 0.64), turn=lean)
        b.pill(0.025, (-0.24, y, 0.64), (0.24, y, 0.62), IRON)


# --- buildings and the street -----------------------------------------------------------------------------------------


def _house(b: Build, paint: Colour, shape: np.random.Generator, _: bool) -> None:
    """Walls, and under each half of the roof a thick slab of wall that follows it: together they fill the gable."""
    front, deep, eaves = 2.3, 2.6, 2.6
    pitch = float(shape.uniform(0.58, 0.74))
    tiles = ((0.30, 0.075, 0.035), (0.12, 0.05, 0.035), (0.09, 0.095, 0.11))[int(shape.integers(3))]
    sideways = shape.random() < 0.35  # the ridge runs along the front
    wall = BRICKS if shape.random() < 0.45 else SMOOTH
    b.box((deep, front, 0.5 * eaves), paint, at=(0.0, 0.0, 0.5 * eaves), texture=wall)
    turn, half, long = (turned("z", 0.5 * math.pi), deep, front) if sideways else (UPRIGHT, front, deep)
    slope = half / math.cos(pitch)
    for side in (-1.0, 1.0):
        tilt = turn @ turned("x", -side * pitch)
        middle = np.array([0.0, side * 0.5 * half, eaves + 0.5 * half * math.tan(pitch)])
        up = turned("x", -side * pitch) @ (0.0, 0.0, 1.0)
        down = turned("x", -side * pitch) @ (0.0, side, 0.0)
        thick = 0.5 * half * math.sin(pitch)
        filler, cover = turn @ (middle - thick * up), turn @ (middle + 0.08 * up + 0.17 * down)
        b.box((long - 0.01, 0.5 * slope, thick), paint, at=tuple(filler), turn=tilt, texture=wall)
        b.box((long + 0.28, 0.5 * slope + 0.20, 0.08), tiles, at=tuple(cover), turn=tilt, gloss=0.03)
    ridge = eaves + half * math.tan(pitch)
    chimney = turn @ np.array([-0.3 * long, 0.25 * half, ridge])
    b.box((0.28, 0.28, 0.62), (0.26, 0.10, 0.07), at=(chimney[0], chimney[1], ridge - 0.02), texture=BRICKS)
    door = ((0.05, 0.12, 0.07), (0.25, 0.03, 0.025), (0.16, 0.08, 0.03), (0.03, 0.07, 0.2))[int(shape.integers(4))]
    place = float(shape.choice((-1.0, 0.0, 1.0)))
    b.box((0.05, 0.50, 1.03), door, at=(deep, 1.35 * place, 1.03), gloss=0.25)
    b.ball(0.055, (0.75, 0.5, 0.1), at=(deep + 0.06, 1.35 * place - 0.36, 1.0), gloss=0.6)
    panes = [(y, 1.45) for y in (-1.35, 0.0, 1.35) if y != 1.35 * place]
    panes += [] if sideways else [(0.0, eaves + 0.42)]
    for y, z in panes:  # each a piece of wall of the size that has one window in it
        b.box((0.02, 0.62, 0.72), paint, at=(deep, y, z), texture=WINDOWS)


def _tower(b: Build, paint: Colour, shape: np.random.Generator, far: bool) -> None:
    """Floors of windows over a shop with an awning; from afar only the floors."""
    tall, wide = float(shape.uniform(12.0, 18.0)), float(shape.uniform(2.5, 3.1))
    dark = (0.6 * paint[0], 0.6 * paint[1], 0.6 * paint[2])
    b.box((2.6, wide, 0.5 * tall), paint, at=(0.0, 0.0, 0.5 * tall), texture=WINDOWS)
    b.box((2.72, wide + 0.12, 0.25), dark, at=(0.0, 0.0, tall))
    b.box((1.0, 1.0, 0.8), (0.3, 0.3, 0.3), at=(-0.6, 0.4 * wide, tall + 0.9))
    if far:
        return
    b.box((2.64, wide + 0.04, 1.55), dark, at=(0.0, 0.0, 1.55))
    side = 1.0 if shape.random() < 0.5 else -1.0
    b.box(
        (0.04, 0.5 * wide - 0.1, 0.85),
        (0.05, 0.06, 0.08),
        at=(2.64, -0.38 * side * wide, 1.45),
        texture=GLASS,
        gloss=0.7,
    )
    b.box((0.04, 0.52, 1.1), WOODEN, at=(2.64, 0.62 * side * wide, 1.1), texture=WOOD)
    cloth = COLOURS[AWNINGS[int(shape.integers(len(AWNINGS)))]]
    b.part(BOX, (0.04, 0.5, wide - 0.15), cloth, at=(3.05, 0.0, 2.62), turn=turned("y", 0.5) @ _ROW, texture=STRIPES)


def _fence(b: Build, paint: Colour, _: np.random.Generator, __: bool) -> None:
    for z in (0.30, 0.68):
        b.box((0.02, 1.2, 0.045), paint, at=(-0.03, 0.0, z), texture=WOOD)
    for k in range(9):
        tall = 0.50 if k % 4 == 0 else 0.44
        b.box((0.018, 0.055, tall), paint, at=(0.01, -1.12 + 0.28 * k, tall), texture=WOOD)


def _street_lamp(b: Build, paint: Colour, _: np.random.Generator, __: bool) -> None:
    b.can(0.11, (0.0, 0.0, 0.0), (0.0, 0.0, 0.45), paint, gloss=0.3)
    b.can(0.05, (0.0, 0.0, 0.4), (0.0, 0.0, 3.6), paint, gloss=0.3)
    b.can(0.09, (0.0, 0.0, 3.55), (0.0, 0.0, 3.62), paint, gloss=0.3)
    b.can(0.15, (0.0, 0.0, 3.62), (0.0, 0.0, 4.0), (1.0, 0.80, 0.48), texture=GLOW)
    b.can(0.20, (0.0, 0.0, 4.0), (0.0, 0.0, 4.06), paint, gloss=0.3)
    b.egg((0.14, 0.14, 0.12), paint, at=(0.0, 0.0, 4.06), gloss=0.3)


def _wall(b: Build, paint: Colour, shape: np.random.Generator, pale: bool) -> None:
    if pale:
        thin = tuple(0.40 * c + 0.60 * w for c, w in zip(paint, (0.74, 0.70, 0.62), strict=True))
        b.box((0.06, 2.5, 1.25), thin, at=(0.0, 0.0, 1.25))  # type: ignore[arg-type]
        b.box((0.072, 2.5, 0.04), LINEN, at=(0.0, 0.0, 0.04))
        return
    b.box((0.06, 2.5, 1.25), paint, at=(0.0, 0.0, 1.25), texture=BRICKS if shape.random() < 0.5 else SMOOTH)


def _window(b: Build, paint: Colour, _: np.random.Generator, __: bool) -> None:
    b.box((0.012, 0.62, 0.50), (0.05, 0.06, 0.08), at=(0.0, 0.0, 1.74), texture=GLASS, gloss=0.9)
    for side in (-1.0, 1.0):
        b.box((0.035, 0.05, 0.58), paint, at=(0.0, 0.65 * side, 1.74))
        b.box((0.035, 0.65, 0.05), paint, at=(0.0, 0.0, 1.74 + 0.53 * side))
    b.box((0.028, 0.025, 0.50), paint, at=(0.0, 0.0, 1.74))
    b.box((0.028, 0.62, 0.022), paint, at=(0.0, 0.0, 1.84))
    b.box((0.075, 0.76, 0.02), paint, at=(0.0, 0.0, 1.17))


def _sign(b: Build, sign: Sign) -> None:
    """The panel grows with the word, so that letters are as large on BOOKS as on GO."""
    letter, high = LETTER[sign.form]
    half, paint = 0.5 * letter * max(len(sign.word), 2) + 0.14, COLOURS[sign.colour]
    b.words.append(sign.word)
    if sign.form == "board":
        b.box((0.018, half, 0.5 * high), paint, at=(0.05, 0.0, 1.42), texture=SIGN)
        b.box((0.014, half + 0.035, 0.5 * high + 0.035), WOODEN, at=(0.042, 0.0, 1.42), texture=WOOD)
        b.box((0.035, 0.045, 0.87), WOODEN, at=(0.0, 0.0, 0.87), texture=WOOD)
        return
    if sign.form == "poster":
        b.box((0.010, half, 0.5 * high), paint, at=(0.02, 0.0, 1.6), texture=SIGN)
        b.box((0.008, half + 0.02, 0.5 * high + 0.02), IRON, at=(0.015, 0.0, 1.6))
        for y in (-0.7 * half, 0.7 * half):
            b.pill(0.012, (-0.01, y, 0.012), (-0.01, y, 1.3), IRON)
        return
    b.box((0.008, half, 0.5 * high), paint, at=(0.0, 0.0, 1.85), texture=SIGN)
    for y in (-half - 0.04, half + 0.04):
        b.can(0.035, (0.0, y, 0.0), (0.0, y, 2.26), WOODEN, texture=WOOD)
        b.ball(0.06, (0.75, 0.5, 0.1), at=(0.0, y, 2.29), gloss=0.5)


_ROW: Matrix = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])  # local x up, y forward, z to the left
MAKERS: dict[PropKind, Maker] = {
    "chair": _chair, "table": _table, "sofa": _sofa, "bed": _bed, "lamp": _lamp, "shelf": _shelf, "bench": _bench,
    "oak": trees.oak, "pine": trees.pine, "palm": trees.palm, "birch": trees.birch, "bush": trees.bush,
    "rock": trees.rock, "house": _house, "tower": _tower, "fence": _fence, "street lamp": _street_lamp,
    "wall": _wall, "window": _window,
}  # fmt: skip
