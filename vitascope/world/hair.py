"""Hair: six styles of it in five colours, as parts on the head."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from vitascope.world.figure import Build, Point, turned
from vitascope.world.figure import Colour as Paint
from vitascope.world.render import HAIR
from vitascope.world.scene import HairColour, Person

HAIRS: dict[HairColour, Paint] = {
    "black": (0.014, 0.011, 0.011),
    "brown": (0.095, 0.042, 0.018),
    "blond": (0.66, 0.42, 0.13),
    "red": (0.42, 0.105, 0.022),
    "grey": (0.38, 0.38, 0.39),
}


SIDEWAYS = 0.5 * math.pi


def wear(made: Build, person: Person, bone: int, on: Callable[[float, float, float], Point], radii: Point) -> None:
    """Add the person's hair to the bone of a head: `on` tells where a point given in head `radii` is."""
    a, b, c = radii
    colour = HAIRS[person.hair_colour]
    look: dict[str, Any] = {"bone": bone, "texture": HAIR, "gloss": 0.25}

    def lock(
        x: float, y: float, z: float, sx: float, sy: float, sz: float, tilt: float = 0.0, lean: float = 0.0
    ) -> None:
        turn = turned("x", tilt) @ turned("y", lean)
        made.egg((sx * a, sy * b, sz * c), colour, at=on(x, y, z), turn=turn, **look)

    if person.hair == "bald":
        return
    if person.hair == "curly":
        lock(-0.2, 0.0, 0.2, 1.06, 1.06, 1.0)
        for x, y, z, size in (
            (0.5, 0.44, 0.84, 0.38),
            (0.52, -0.36, 0.88, 0.36),
            (-0.15, 0.05, 1.0, 0.56),
            (-0.2, 0.84, 0.4, 0.52),
            (-0.2, -0.84, 0.4, 0.52),
            (-0.75, 0.0, 0.2, 0.74),
        ):
            made.ball(size * b, colour, at=on(x, y, z), **look)
        return
    lock(-0.2, 0.0, 0.22, 1.07, 1.085, 1.0)
    if person.hair == "short" and person.who in ("man", "boy"):
        lock(0.2, 0.08, 0.8, 0.6, 0.42, 0.8, SIDEWAYS - 0.14)
        lock(-0.1, 0.0, 0.62, 0.96, 0.94, 0.56)
        return
    # Swept to the sides, strands and all, from the parting.
    if person.hair != "bun":
        lock(0.36, 0.3, 0.71, 0.48, 0.34, 0.68, SIDEWAYS - 0.5)
        lock(0.24, -0.56, 0.62, 0.58, 0.36, 0.5, SIDEWAYS + 0.75)
    else:
        lock(0.1, 0.0, 0.7, 0.7, 0.42, 0.84, SIDEWAYS)
    if person.hair == "short":  # a bob
        lock(-0.36, 0.0, -0.12, 0.86, 1.17, 0.72)
    elif person.hair == "long":
        lock(-0.62, 0.0, -0.5, 0.56, 1.08, 1.3)
        lock(-0.2, 0.92, -0.45, 0.56, 0.28, 1.1, 0.07)
        lock(-0.2, -0.92, -0.45, 0.56, 0.28, 1.1, -0.07)
    elif person.hair == "bun":
        made.ball(0.5 * b, colour, at=on(-0.62, 0.0, 1.12), **look)
    else:
        made.ball(0.22 * b, (0.7, 0.06, 0.09), at=on(-1.05, 0.0, 0.62), bone=bone)
        lock(-1.42, 0.0, -0.12, 0.32, 0.4, 0.9, 0.0, 0.2)
