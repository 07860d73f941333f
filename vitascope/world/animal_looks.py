"""What animals look like: the parts of eight species in five coats, on the bones of `animal_bodies`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vitascope.world.animal_bodies import BODIES, LEGS, TRUNK, WING, Body, Bone, legs_of
from vitascope.world.figure import Build, Colour, Figure, Matrix, turned
from vitascope.world.render import FUR, HAIR, PATCHES
from vitascope.world.scene import Animal, Coat, Species

COATS: dict[Coat, Colour] = {  # linear RGB
    "brown": (0.135, 0.055, 0.021),
    "black": (0.014, 0.013, 0.015),
    "white": (0.80, 0.78, 0.73),
    "grey": (0.23, 0.24, 0.26),
    "ginger": (0.62, 0.20, 0.035),
}
EYE: Colour = (0.012, 0.010, 0.012)
WHITE: Colour = (0.92, 0.92, 0.90)
HORN: Colour = (0.62, 0.54, 0.40)
HOOF: Colour = (0.045, 0.036, 0.030)
ROSE: Colour = (0.66, 0.36, 0.32)
BEAK: Colour = (0.80, 0.33, 0.03)


@dataclass(frozen=True)
class Fur:
    """The colours of one animal: its coat, a darker and a paler shade of it, and that of mane or tail."""

    coat: Colour
    dark: Colour
    pale: Colour
    mane: Colour


def build(animal: Animal, rng: np.random.Generator) -> Figure:
    """The animal's parts on the bones of `Bone`; `rng` shades the coat a little and gives some a white breast."""
    coat = _mix(COATS[animal.coat], (0.0, 0.0, 0.0), float(rng.uniform(-0.06, 0.06)))
    pale = 0.16 if animal.coat == "black" else 0.55
    fur = Fur(
        coat,
        dark=_mix(coat, (0.02, 0.014, 0.010), 0.42),
        pale=_mix(coat, WHITE, pale),
        mane=_mix(
            coat, WHITE if animal.coat == "black" else (0.016, 0.013, 0.012), 0.05 if animal.coat == "black" else 0.7
        ),
    )
    look = Build()
    LOOKS[animal.species](look, BODIES[animal.species], fur, animal, rng)
    figure = look.figure()
    return dataclasses.replace(figure, size=figure.size * np.float32(animal.size), offset=figure.offset * animal.size)


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with a share of `b`; a share below 0 makes it brighter."""
    red, green, blue = (min(x + (y - x) * share, 0.92) for x, y in zip(a, b, strict=True))
    return (red, green, blue)


def _limbs(
    look: Build,
    body: Body,
    colour: Colour,
    feet: Colour,
    fore: tuple[float, float, float],
    hind: tuple[float, float, float],
    texture: int = FUR,
) -> None:
    """Four legs, each a haunch, a shin and a paw or hoof; (radius of the haunch, of the shin, of the foot)."""
    for k, (leg, bone) in enumerate(zip(legs_of(body), LEGS, strict=True)):
        thick, thin, foot = fore if k < 2 else hind
        at = (0.0, 0.0, -0.42 * leg.upper)
        look.egg((thick, 0.60 * thick, 0.64 * leg.upper), colour, bone=bone, at=at, texture=texture)
        look.pill(thin, (0.0, 0.0, 0.0), (0.0, 0.0, -leg.lower), colour, bone=bone + 1, texture=texture)
        if body.step == "hoof":
            look.can(foot, (0.0, 0.0, -leg.ankle), (0.0, 0.0, 0.1 * leg.ankle), feet, bone=bone + 2, gloss=0.25)
        else:
            look.egg(
                (leg.toe * 0.66, foot, leg.ankle * 0.72),
                feet,
                bone=bone + 2,
                at=(leg.toe * 0.34, 0.0, -0.28 * leg.ankle),
                texture=texture,
            )


def _eyes(look: Build, radius: float, x: float, y: float, z: float, colour: Colour = EYE, spot: Colour = WHITE) -> None:
    """Both eyes: a dark bar through the head that ends in a round on either side, and one for the highlights."""
    look.pill(radius, (x, y, z), (x, -y, z), colour, bone=Bone.HEAD, gloss=0.6)
    x, y, z = x + 0.45 * radius, y + 0.50 * radius, z + 0.45 * radius
    look.pill(0.36 * radius, (x, y, z), (x, -y, z), spot, bone=Bone.HEAD)


def _tilted(axis: str, degrees: float) -> Matrix:
    return turned(axis, math.radians(degrees))


def _dog(look: Build, body: Body, fur: Fur, animal: Animal, rng: np.random.Generator) -> None:
    chest = fur.pale if rng.random() < 0.5 else fur.coat
    look.egg((0.30, 0.122, 0.155), fur.coat, bone=Bone.CHEST, at=(0.085, 0.0, 0.0), texture=FUR)
    look.egg((0.31, 0.112, 0.128), fur.coat, bone=Bone.HIPS, at=(-0.11, 0.0, 0.018), texture=FUR)
    look.egg((0.10, 0.085, 0.12), chest, bone=Bone.CHEST, at=(0.27, 0.0, -0.01), texture=FUR)
    look.pill(0.075, (-0.05, 0.0, 0.0), (0.20, 0.0, 0.0), fur.coat, bone=Bone.NECK, texture=FUR)
    look.egg((0.115, 0.10, 0.10), fur.coat, bone=Bone.HEAD, at=(0.03, 0.0, 0.03), texture=FUR)
    look.pill(0.05, (0.09, 0.0, -0.015), (0.20, 0.0, -0.035), fur.pale, bone=Bone.HEAD, texture=FUR)
    look.egg((0.024, 0.03, 0.022), EYE, bone=Bone.HEAD, at=(0.25, 0.0, -0.012), gloss=0.5)
    for side, bone in ((1.0, Bone.EAR_LEFT), (-1.0, Bone.EAR_RIGHT)):
        look.egg(
            (0.05, 0.022, 0.10),
            fur.dark,
            bone=bone,
            at=(0.0, side * 0.03, -0.06),
            turn=_tilted("x", side * 16.0),
            texture=FUR,
        )
    _eyes(look, 0.022, 0.105, 0.062, 0.065)
    _limbs(look, body, fur.coat, fur.pale, (0.07, 0.038, 0.042), (0.095, 0.036, 0.042))
    look.pill(0.030, (0.04, 0.0, 0.0), (-0.30, 0.0, 0.0), fur.coat, bone=Bone.TAIL, texture=FUR)


def _cat(look: Build, body: Body, fur: Fur, animal: Animal, rng: np.random.Generator) -> None:
    look.egg((0.155, 0.058, 0.070), fur.coat, bone=Bone.CHEST, at=(0.045, 0.0, 0.0), texture=FUR)
    look.egg((0.165, 0.059, 0.068), fur.coat, bone=Bone.HIPS, at=(-0.06, 0.0, 0.005), texture=FUR)
    look.pill(0.043, (-0.02, 0.0, 0.0), (0.08, 0.0, 0.0), fur.coat, bone=Bone.NECK, texture=FUR)
    look.egg((0.062, 0.072, 0.060), fur.coat, bone=Bone.HEAD, at=(0.015, 0.0, 0.02), texture=FUR)
    look.egg((0.032, 0.038, 0.024), fur.pale, bone=Bone.HEAD, at=(0.062, 0.0, -0.004), texture=FUR)
    look.ball(0.010, ROSE, bone=Bone.HEAD, at=(0.092, 0.0, 0.008), gloss=0.3)
    for side, bone in ((1.0, Bone.EAR_LEFT), (-1.0, Bone.EAR_RIGHT)):  # a thin square on its corner: a pointed ear
        turn = _tilted("z", side * 32.0) @ _tilted("x", 45.0 - side * 8.0)
        look.box((0.006, 0.036, 0.036), fur.dark, bone=bone, at=(-0.004, 0.0, 0.004), turn=turn)
    _eyes(look, 0.0125, 0.056, 0.034, 0.036)
    _limbs(look, body, fur.coat, fur.pale, (0.032, 0.019, 0.021), (0.052, 0.018, 0.021))
    look.pill(0.016, (0.03, 0.0, 0.0), (-0.14, 0.0, 0.0), fur.coat, bone=Bone.TAIL, texture=FUR)
    look.pill(0.0145, (0.0, 0.0, 0.0), (-0.14, 0.0, 0.0), fur.dark, bone=Bone.TAIL_TIP, texture=FUR)


def _horse(look: Build, body: Body, fur: Fur, animal: Animal, rng: np.random.Generator) -> None:
    blaze = fur.pale if rng.random() < 0.4 else fur.dark
    look.egg((0.72, 0.28, 0.34), fur.coat, bone=Bone.CHEST, at=(0.14, 0.0, 0.0), texture=FUR, gloss=0.15)
    look.egg((0.68, 0.28, 0.33), fur.coat, bone=Bone.HIPS, at=(-0.24, 0.0, 0.05), texture=FUR, gloss=0.15)
    look.egg((0.56, 0.14, 0.22), fur.coat, bone=Bone.NECK, at=(0.24, 0.0, -0.03), texture=FUR, gloss=0.15)
    look.egg((0.46, 0.055, 0.16), fur.mane, bone=Bone.NECK, at=(0.30, 0.0, 0.15), texture=HAIR)
    look.egg((0.36, 0.112, 0.145), fur.coat, bone=Bone.HEAD, at=(0.20, 0.0, -0.02), texture=FUR, gloss=0.15)
    look.egg((0.13, 0.088, 0.098), blaze, bone=Bone.HEAD, at=(0.50, 0.0, -0.04), texture=FUR)
    for bone in (Bone.EAR_LEFT, Bone.EAR_RIGHT):
        look.egg(
            (0.038, 0.028, 0.095), fur.coat, bone=bone, at=(-0.03, 0.0, 0.065), turn=_tilted("y", -28.0), texture=FUR
        )
    _eyes(look, 0.032, 0.17, 0.092, 0.06)
    _limbs(look, body, fur.coat, HOOF, (0.14, 0.062, 0.078), (0.22, 0.064, 0.078))
    look.egg((0.22, 0.085, 0.085), fur.mane, bone=Bone.TAIL, at=(-0.14, 0.0, 0.0), texture=HAIR)
    look.egg((0.40, 0.09, 0.10), fur.mane, bone=Bone.TAIL_TIP, at=(-0.28, 0.0, 0.0), texture=HAIR)


def _cow(look: Build, body: Body, fur: Fur, animal: Animal, rng: np.random.Generator) -> None:
    look.egg((0.80, 0.34, 0.38), fur.coat, bone=Bone.CHEST, at=(0.15, 0.0, -0.01), texture=PATCHES)
    look.egg((0.70, 0.35, 0.365), fur.coat, bone=Bone.HIPS, at=(-0.28, 0.0, 0.02), texture=PATCHES)
    look.egg((0.44, 0.17, 0.23), fur.coat, bone=Bone.NECK, at=(0.19, 0.0, -0.01), texture=PATCHES)
    look.egg((0.30, 0.135, 0.145), fur.coat, bone=Bone.HEAD, at=(0.16, 0.0, 0.0), texture=FUR)
    look.egg((0.11, 0.115, 0.10), ROSE, bone=Bone.HEAD, at=(0.40, 0.0, -0.03), gloss=0.2)
    look.egg((0.055, 0.31, 0.045), fur.dark, bone=Bone.HEAD, at=(-0.02, 0.0, 0.055), texture=FUR)
    for side in (1.0, -1.0):
        look.pill(0.036, (0.0, side * 0.07, 0.10), (0.05, side * 0.25, 0.25), HORN, bone=Bone.HEAD, gloss=0.3)
    _eyes(look, 0.030, 0.18, 0.105, 0.055)
    look.egg((0.16, 0.14, 0.12), ROSE, bone=Bone.HIPS, at=(-0.42, 0.0, -0.36))
    _limbs(look, body, fur.coat, HOOF, (0.14, 0.066, 0.082), (0.21, 0.066, 0.082))
    look.pill(0.032, (0.04, 0.0, 0.02), (-0.42, 0.0, 0.0), fur.coat, bone=Bone.TAIL, texture=FUR)


def _sheep(look: Build, body: Body, fur: Fur, animal: Animal, rng: np.random.Generator) -> None:
    face = (0.035, 0.030, 0.028) if animal.coat != "black" else (0.20, 0.16, 0.13)
    for bone, x, y, z, radii in (
        (Bone.CHEST, 0.14, 0.0, 0.02, (0.24, 0.21, 0.22)),
        (Bone.HIPS, -0.16, 0.0, 0.02, (0.25, 0.22, 0.22)),
        (Bone.CHEST, 0.0, 0.0, 0.10, (0.24, 0.17, 0.16)),
        (Bone.CHEST, 0.20, 0.10, 0.07, (0.13, 0.12, 0.13)),
        (Bone.CHEST, 0.20, -0.10, 0.07, (0.13, 0.12, 0.13)),
        (Bone.HIPS, -0.24, 0.10, 0.07, (0.14, 0.13, 0.14)),
        (Bone.HIPS, -0.24, -0.10, 0.07, (0.14, 0.13, 0.14)),
        (Bone.NECK, 0.10, 0.0, 0.0, (0.19, 0.11, 0.125)),
        (Bone.HEAD, -0.02, 0.0, 0.085, (0.095, 0.085, 0.065)),
    ):
        turn = _tilted("y", float(rng.uniform(-25.0, 25.0))) @ _tilted("z", float(rng.uniform(-25.0, 25.0)))
        look.egg(radii, fur.coat, bone=bone, at=(x, y, z), turn=turn, texture=FUR)
    look.egg((0.15, 0.078, 0.085), face, bone=Bone.HEAD, at=(0.08, 0.0, 0.0))
    look.egg((0.05, 0.155, 0.028), face, bone=Bone.HEAD, at=(-0.01, 0.0, 0.03))
    _eyes(look, 0.020, 0.09, 0.062, 0.045, *((HORN, EYE) if animal.coat != "black" else (EYE, WHITE)))
    look.egg((0.09, 0.06, 0.06), fur.coat, bone=Bone.TAIL, at=(-0.05, 0.0, 0.0), texture=FUR)
    for k, (leg, bone) in enumerate(zip(legs_of(body), LEGS, strict=True)):
        look.pill(0.05 if k < 2 else 0.06, (0.0, 0.0, 0.0), (0.0, 0.0, -leg.upper), face, bone=bone)
        look.pill(0.034, (0.0, 0.0, 0.0), (0.0, 0.0, -leg.lower - leg.ankle + 0.036), face, bone=bone + 1)


def _rabbit(look: Build, body: Body, fur: Fur, animal: Animal, rng: np.random.Generator) -> None:
    look.egg((0.095, 0.062, 0.075), fur.coat, bone=Bone.CHEST, at=(0.055, 0.0, -0.005), texture=FUR)
    look.egg((0.125, 0.080, 0.098), fur.coat, bone=Bone.HIPS, at=(-0.065, 0.0, 0.005), texture=FUR)
    look.egg((0.068, 0.056, 0.056), fur.coat, bone=Bone.HEAD, at=(0.015, 0.0, 0.01), texture=FUR)
    look.egg((0.036, 0.042, 0.034), fur.pale, bone=Bone.HEAD, at=(0.055, 0.0, -0.012), texture=FUR)
    look.ball(0.009, ROSE, bone=Bone.HEAD, at=(0.088, 0.0, -0.001), gloss=0.3)
    for side, bone in ((1.0, Bone.EAR_LEFT), (-1.0, Bone.EAR_RIGHT)):
        turn = _tilted("x", side * -10.0) @ _tilted("y", -20.0)
        look.egg((0.020, 0.026, 0.085), fur.coat, bone=bone, at=(-0.028, side * 0.012, 0.075), turn=turn, texture=FUR)
        look.egg((0.016, 0.015, 0.065), ROSE, bone=bone, at=(-0.021, side * 0.014, 0.075), turn=turn)
    _eyes(look, 0.0135, 0.045, 0.040, 0.022)
    _limbs(look, body, fur.coat, fur.pale, (0.030, 0.016, 0.018), (0.066, 0.022, 0.024))
    look.ball(0.045, WHITE if animal.coat != "black" else fur.pale, bone=Bone.TAIL, at=(-0.012, 0.0, 0.0), texture=FUR)


def _elephant(look: Build, body: Body, fur: Fur, animal: Animal, rng: np.random.Generator) -> None:
    look.egg((1.15, 0.74, 0.86), fur.coat, bone=Bone.CHEST, at=(0.28, 0.0, 0.0), texture=FUR)
    look.egg((1.05, 0.74, 0.82), fur.coat, bone=Bone.HIPS, at=(-0.50, 0.0, 0.02), texture=FUR)
    look.egg((0.56, 0.46, 0.60), fur.coat, bone=Bone.HEAD, at=(0.06, 0.0, 0.16), texture=FUR)
    for side, bone in ((1.0, Bone.EAR_LEFT), (-1.0, Bone.EAR_RIGHT)):
        turn = _tilted("z", side * -32.0)
        look.egg((0.56, 0.07, 0.70), fur.dark, bone=bone, at=(-0.38, side * 0.28, -0.16), turn=turn, texture=FUR)
    thick = (0.29, 0.22, 0.165, 0.115)
    for k, bone in enumerate((Bone.TRUNK, Bone.TRUNK_MIDDLE, Bone.TRUNK_TIP)):
        look.pill(
            (thick[k] + thick[k + 1]) / 2.0, (0.0, 0.0, 0.0), (TRUNK[k], 0.0, 0.0), fur.coat, bone=bone, texture=FUR
        )
    for side in (1.0, -1.0):
        look.pill(0.065, (0.30, side * 0.26, -0.26), (0.86, side * 0.34, -0.52), WHITE, bone=Bone.HEAD, gloss=0.4)
    look.pill(0.062, (0.42, 0.31, 0.22), (0.42, -0.31, 0.22), EYE, bone=Bone.HEAD, gloss=0.6)
    for k, (leg, bone) in enumerate(zip(legs_of(body), LEGS, strict=True)):
        look.pill(0.30 if k < 2 else 0.33, (0.0, 0.0, 0.10), (0.0, 0.0, -leg.upper), fur.coat, bone=bone, texture=FUR)
        look.pill(0.265, (0.0, 0.0, 0.0), (0.0, 0.0, -leg.lower + 0.15), fur.coat, bone=bone + 1, texture=FUR)
        look.can(0.275, (0.0, 0.0, -leg.ankle), (0.0, 0.0, 0.04), fur.dark, bone=bone + 2, texture=FUR)
    look.pill(0.045, (0.06, 0.0, 0.0), (-0.75, 0.0, 0.0), fur.dark, bone=Bone.TAIL)


def _bird(look: Build, body: Body, fur: Fur, animal: Animal, rng: np.random.Generator) -> None:
    look.egg(
        (0.135, 0.078, 0.082), fur.coat, bone=Bone.CHEST, at=(0.0, 0.0, -0.005), turn=_tilted("y", -24.0), texture=FUR
    )
    look.egg(
        (0.085, 0.070, 0.075), fur.pale, bone=Bone.CHEST, at=(0.055, 0.0, -0.005), turn=_tilted("y", -40.0), texture=FUR
    )
    look.box((0.11, 0.034, 0.008), fur.dark, bone=Bone.TAIL, at=(-0.07, 0.0, 0.0), turn=_tilted("y", -14.0))
    look.pill(0.048, (-0.03, 0.0, 0.0), (0.05, 0.0, 0.0), fur.coat, bone=Bone.NECK, texture=FUR)
    look.egg((0.060, 0.054, 0.055), fur.coat, bone=Bone.HEAD, at=(0.01, 0.0, 0.012), texture=FUR)
    look.egg((0.052, 0.016, 0.014), BEAK, bone=Bone.HEAD, at=(0.072, 0.0, 0.004), gloss=0.35)
    _eyes(look, 0.0125, 0.036, 0.040, 0.026)
    for side, bone in ((1.0, Bone.WING_LEFT), (-1.0, Bone.WING_RIGHT)):
        look.egg(
            (0.080, 0.125, 0.016),
            _mix(fur.coat, fur.dark, 0.3),
            bone=bone,
            at=(-0.03, side * 0.5 * WING, 0.0),
            texture=FUR,
        )
        look.egg(
            (0.062, 0.130, 0.011),
            _mix(fur.coat, fur.dark, 0.3),
            bone=bone + 1,
            at=(-0.028, side * 0.45 * WING, 0.0),
            texture=FUR,
        )
    for bone in LEGS[2:]:
        leg = body.hind
        look.egg((0.026, 0.024, 0.045), fur.coat, bone=bone, at=(0.0, 0.0, -0.3 * leg.upper), texture=FUR)
        look.pill(0.008, (0.0, 0.0, -0.5 * leg.upper), (0.0, 0.0, -leg.upper), BEAK, bone=bone)
        look.pill(0.0085, (0.0, 0.0, 0.0), (0.0, 0.0, -leg.lower), BEAK, bone=bone + 1)
        look.egg((0.036, 0.022, 0.007), BEAK, bone=bone + 2, at=(0.016, 0.0, 0.007 - leg.ankle))


LOOKS: dict[Species, Callable[[Build, Body, Fur, Animal, np.random.Generator], None]] = {
    "dog": _dog,
    "cat": _cat,
    "horse": _horse,
    "cow": _cow,
    "sheep": _sheep,
    "rabbit": _rabbit,
    "elephant": _elephant,
    "bird": _bird,
}
