"""Draws things by lot: solids that bounce, fall, fly, swing, roll, slide, topple, meet or rest near the origin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitascope.world.scene import (
    MATERIALS,
    ROUND,
    SHAPES,
    Action,
    Direction,
    MaterialName,
    Shape,
    Thing,
    Vector,
    reach,
)

BOUNCY = tuple(name for name, material in MATERIALS.items() if material.restitution >= 0.6)
SLIPPERY = tuple(name for name, material in MATERIALS.items() if material.friction <= 0.3)
GRIPPY = tuple(name for name, material in MATERIALS.items() if material.friction >= 0.3)


_TURNED: dict[str, tuple[float, float, float, float]] = {  # local z laid along ...
    "x": (math.sqrt(0.5), 0.0, math.sqrt(0.5), 0.0),
    "y": (math.sqrt(0.5), -math.sqrt(0.5), 0.0, 0.0),
    "z": (1.0, 0.0, 0.0, 0.0),
}
_ACTS: dict[Action, tuple[float, tuple[Shape, ...], tuple[MaterialName, ...]]] = {  # share, shapes, materials
    "bounce": (0.20, ("ball", "ball", *SHAPES), BOUNCY),
    "fall": (0.14, ("ball", *SHAPES), ("wood", "metal", "stone")),
    "roll": (0.28, ("ball", "ball", "egg", "pill", "can"), tuple(MATERIALS)),
    "slide": (0.16, ("cube", "brick", "can"), SLIPPERY),
    "topple": (0.14, ("brick", "can"), GRIPPY),
    "stand": (0.08, SHAPES, tuple(MATERIALS)),
}
# What only several-thing levels draw.
_LATER_ACTS: dict[Action, tuple[tuple[Shape, ...], tuple[MaterialName, ...]]] = {
    "throw": (("ball", "ball", *SHAPES), tuple(MATERIALS)),
    "swing": (("ball", "ball", "cube", "can", "egg"), tuple(MATERIALS)),
}
_TOWARDS: dict[Direction, Vector] = {
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "near": (0.0, -1.0, 0.0),
    "away": (0.0, 1.0, 0.0),
}


def half_sizes(shape: Shape, size: float, *, tall: bool = False) -> Vector:
    """MuJoCo sizes of a shape whose greatest extent is about `size` metres; `tall` makes slim ones that can topple."""
    r = size / 2
    sizes: dict[Shape, Vector] = {
        "ball": (r, 0.0, 0.0),
        "egg": (0.72 * r, 0.72 * r, r),
        "pill": (0.52 * r, 0.56 * r, 0.0),
        "cube": (0.84 * r, 0.84 * r, 0.84 * r),
        "brick": (0.50 * r, 0.42 * r, 1.1 * r),
        "can": ((0.45 if tall else 0.68) * r, (1.1 if tall else 0.9) * r, 0.0),
    }
    x, y, z = (round(v, 4) for v in sizes[shape])
    return x, y, z


def actor(rng: np.random.Generator, *, small: bool = False, action: Action | None = None) -> Thing:
    """One thing near the origin doing one action; `small` leaves room for a second."""
    if action is None:
        shares = np.array([share for share, _, _ in _ACTS.values()])
        action = list(_ACTS)[int(rng.choice(len(_ACTS), p=shares / shares.sum()))]
    shapes, materials = _LATER_ACTS[action] if action in _LATER_ACTS else _ACTS[action][1:]
    shape, material = _pick(rng, shapes), _pick(rng, materials)
    size = float(rng.uniform(0.75, 0.95) if small else rng.uniform(0.8, 1.1))
    thing = Thing(
        shape=shape,
        colour="red",
        material=material,
        size=half_sizes(shape, size, tall=action == "topple"),
        position=(0.0, 0.0, 1.0),
        action="stand" if action == "swing" else action,
    )
    placed = {
        "bounce": _dropped,
        "fall": _dropped,
        "throw": _thrown,
        "swing": _hung,
        "roll": _going,
        "slide": _going,
        "topple": _pushed_over,
    }
    return placed.get(action, _standing)(thing, rng)


def _standing(thing: Thing, rng: np.random.Generator) -> Thing:
    """At rest near the origin, lying or standing as such things do."""
    turned = {"egg": "x", "pill": "x", "brick": "x"}.get(thing.shape, "z")
    rotation = _spun(_TURNED[turned], float(rng.uniform(-0.5, 0.5)))
    z = thing.size[0]
    if thing.shape == "can":
        z = thing.size[1]
    x, y = (float(v) for v in rng.uniform(-0.4, 0.4, size=2))
    return _at(thing, (x, y, z), rotation)


def _dropped(thing: Thing, rng: np.random.Generator) -> Thing:
    """Let go in the air, with a little sideways drift and tilt."""
    flat = thing.shape in ("cube", "brick", "can")
    base = _TURNED[str(rng.choice(["x", "y", "z"]))] if thing.shape in ("egg", "pill", "brick") else _TURNED["z"]
    axis = rng.normal(size=3)
    tilt = float(rng.uniform(0.02, 0.2) if flat else rng.uniform(0.0, 0.35))
    rotation = _spun(_times(_turn(axis, tilt), base), float(rng.uniform(-0.8, 0.8)))
    below = reach(thing.shape, thing.size, rotation)
    x, y = float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.3, 0.5))
    velocity = (float(rng.uniform(-0.5, 0.3)) if x > 0 else float(rng.uniform(-0.3, 0.5)), 0.0, 0.0)
    return _at(thing, (x, y, below + float(rng.uniform(0.9, 1.2))), rotation, velocity)


def _thrown(thing: Thing, rng: np.random.Generator) -> Thing:
    """Flung in an arc from one side to the other, spinning a little."""
    direction: Direction = _pick(rng, ("left", "right"))
    sign = 1.0 if direction == "right" else -1.0
    x, y = -sign * float(rng.uniform(1.1, 1.5)), float(rng.uniform(-0.3, 0.5))
    below = reach(thing.shape, thing.size, thing.rotation)
    velocity = (sign * float(rng.uniform(1.5, 2.1)), 0.0, float(rng.uniform(2.9, 3.7)))
    spin = tuple(float(v) for v in rng.normal(0.0, 1.2, size=3))
    placed = _at(thing, (x, y, below + float(rng.uniform(0.3, 0.6))), thing.rotation, velocity, spin)
    return placed.model_copy(update={"direction": direction})


def _hung(thing: Thing, rng: np.random.Generator) -> Thing:
    """Drawn aside on its rope and let go."""
    length, angle = float(rng.uniform(1.4, 1.9)), math.radians(float(rng.uniform(22.0, 38.0)))
    angle *= 1 if rng.random() < 0.5 else -1
    low = reach(thing.shape, thing.size, thing.rotation) + float(rng.uniform(0.15, 0.4))
    pivot = (0.0, float(rng.uniform(-0.2, 0.4)), low + length)
    position = (length * math.sin(angle), pivot[1], pivot[2] - length * math.cos(angle))
    tilt = _turn(np.array([0.0, 1.0, 0.0]), -angle)
    rounded = tuple(round(v, 6) for v in pivot)
    return _at(thing, position, tilt).model_copy(update={"action": "swing", "pivot": rounded})


def _going(thing: Thing, rng: np.random.Generator, direction: Direction | None = None) -> Thing:
    """Rolling or sliding along the ground from where it will cross the picture."""
    rolls = thing.rolls
    if direction is None:
        direction = _pick(rng, ("left", "right", "left", "right", "near", "away") if rolls else ("left", "right"))
    d = np.array(_TOWARDS[direction])
    if thing.shape != "ball" and rolls and direction in ("left", "right"):
        d = _slanted(d, float(rng.uniform(0.35, 0.6)) * (1 if rng.random() < 0.5 else -1))
    rotation = _TURNED["z"]
    if thing.shape in ("egg", "pill") or (thing.shape == "can" and rolls):
        rotation = _spun(_TURNED["y"], math.atan2(d[1], d[0]))
    elif thing.shape == "brick":
        rotation = _TURNED["x"]
    if not rolls:
        rotation = _spun(rotation, float(rng.uniform(-0.35, 0.35)))
    height = reach(thing.shape, thing.size, rotation)
    if rolls:
        speed = float(rng.uniform(0.8, 1.35) if direction in ("left", "right") else rng.uniform(0.8, 1.15))
        travel = 2.0 * speed
    else:
        friction = MATERIALS[thing.material].friction
        travel = float(rng.uniform(1.0, 1.7))
        speed = min(math.sqrt(2 * friction * 9.81 * travel), 2.8)
    middle = {"near": 0.6, "away": 0.7}.get(direction, 0.0) + float(rng.uniform(-0.2, 0.2))
    start = d * (-0.5 * travel) + np.array([0.0, middle, 0.0] if direction in ("near", "away") else [middle, 0.0, 0.0])
    across = float(rng.uniform(-0.5, 0.5))
    start = start + (np.array([across, 0.0, 0.0]) if direction in ("near", "away") else np.array([0.0, across, 0.0]))
    spin = np.cross([0.0, 0.0, 1.0], d * speed) / height if rolls else np.zeros(3)
    placed = _at(thing, (start[0], start[1], height), rotation, tuple(d * speed), tuple(spin))
    return placed.model_copy(update={"direction": direction})


def _pushed_over(thing: Thing, rng: np.random.Generator) -> Thing:
    """Standing on end with just enough push to fall over to the left or right about its lower edge."""
    direction: Direction = _pick(rng, ("left", "right"))
    sign = 1.0 if direction == "right" else -1.0
    if thing.shape == "brick":
        a, b = thing.size[0], thing.size[2]
        inertia = (a * a + b * b) * 4 / 3  # about the lower edge, per kilogram
    else:
        a, b = thing.size[0], thing.size[1]
        inertia = 1.25 * a * a + b * b * 4 / 3
    enough = 2 * 9.81 * (math.hypot(a, b) - b) / inertia
    omega = sign * math.sqrt(enough * float(rng.uniform(1.15, 1.8)))
    x, y = -sign * float(rng.uniform(0.1, 0.6)), float(rng.uniform(-0.3, 0.4))
    placed = _at(thing, (x, y, b), _TURNED["z"], (omega * b, 0.0, abs(omega) * a), (0.0, omega, 0.0))
    return placed.model_copy(update={"direction": direction})


def two_things(rng: np.random.Generator) -> tuple[Thing, ...]:
    """Two things: a third of the time they meet; else one acts beside one that stands, or both act on their own."""
    lot = rng.random()
    if lot < 0.36:
        return _meeting(rng)
    first = actor(rng, small=True, action=_pick(rng, ("bounce", "fall", "roll", "roll", "slide", "topple")))
    second = actor(rng, small=True, action="stand" if lot < 0.72 else _pick(rng, ("bounce", "fall", "topple")))
    x = float(rng.uniform(0.75, 1.15)) * (1 if rng.random() < 0.5 else -1)
    if first.action in ("roll", "slide"):  # it needs the whole width: one passes before or behind the other
        y = float(rng.uniform(0.9, 1.2)) * (1 if rng.random() < 0.5 else -1)
        if first.direction in ("near", "away"):
            return _moved(first, -x, 0.0), _moved(second, x, 0.3)
        return _moved(first, 0.0, -0.5 * y), _moved(second, 0.6 * x, 0.5 * y + 0.2)
    return _moved(first, -x, 0.0), _moved(second, x, 0.0)


def _meeting(rng: np.random.Generator) -> tuple[Thing, ...]:
    """One thing runs into another that rests, or both run into each other."""
    both = rng.random() < 0.35
    direction: Direction = _pick(rng, ("left", "right"))
    runner = _runner(rng, direction, apart=float(rng.uniform(1.0, 1.5)))
    if both:
        return runner, _runner(rng, "left" if direction == "right" else "right", apart=float(rng.uniform(1.0, 1.5)))
    shape = _pick(rng, SHAPES)
    target = Thing(
        shape=shape,
        colour="blue",
        material=_pick(rng, tuple(MATERIALS)),
        size=half_sizes(shape, float(rng.uniform(0.75, 0.95))),
        position=(0.0, 0.0, 1.0),
        action="collide",
    )
    target = _standing(target, rng)
    beyond = float(rng.uniform(0.25, 0.6)) / np.linalg.norm(runner.velocity)  # on the runner's line
    x, y = (round(beyond * v, 6) for v in runner.velocity[:2])
    return runner, target.model_copy(update={"position": (x, y, target.position[2])})


def _runner(rng: np.random.Generator, direction: Direction, apart: float) -> Thing:
    """A thing `apart` metres from the middle that runs across it; a can runs standing, so it slides."""
    shape = _pick(rng, ("ball", "ball", "egg", "pill", "cube", "brick"))
    material = _pick(rng, tuple(MATERIALS) if shape in ROUND else SLIPPERY)
    thing = Thing(
        shape=shape,
        colour="red",
        material=material,
        size=half_sizes(shape, float(rng.uniform(0.75, 0.95))),
        position=(0.0, 0.0, 1.0),
        action="collide",
    )
    thing = _going(thing, rng, direction)
    speed = float(rng.uniform(1.3, 1.9))
    if shape not in ROUND:
        speed = math.sqrt(speed**2 + 2 * MATERIALS[material].friction * 9.81 * apart)
    ahead = np.array(thing.velocity) / np.linalg.norm(thing.velocity)
    height = thing.position[2]
    spin = np.cross([0.0, 0.0, 1.0], ahead * speed) / height if shape in ROUND else np.zeros(3)
    x, y = -apart * ahead[:2]
    return _at(
        thing, (x, y + float(rng.uniform(-0.06, 0.06)), height), thing.rotation, tuple(ahead * speed), tuple(spin)
    )


def _slanted(ahead: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """A heading turned about the vertical: what rolls straight across would only ever show its round end."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([cos * ahead[0] - sin * ahead[1], sin * ahead[0] + cos * ahead[1], 0.0])


def _at(
    thing: Thing,
    position: tuple[float, ...],
    rotation: tuple[float, ...],
    velocity: tuple[float, ...] = (0.0, 0.0, 0.0),
    spin: tuple[float, ...] = (0.0, 0.0, 0.0),
) -> Thing:
    values = {"position": position, "rotation": rotation, "velocity": velocity, "spin": spin}
    rounded = {name: tuple(round(float(v), 6) for v in value) for name, value in values.items()}
    return Thing.model_validate({**thing.model_dump(), **rounded})


def _moved(thing: Thing, dx: float, dy: float) -> Thing:
    x, y, z = thing.position
    return thing.model_copy(update={"position": (round(x + dx, 6), round(y + dy, 6), z)})


def _times(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, float, float, float]:
    """Quaternion product: first b, then a."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def _turn(axis: NDArray[np.float64], angle: float) -> tuple[float, float, float, float]:
    x, y, z = (float(v) for v in axis / np.linalg.norm(axis) * math.sin(angle / 2))
    return math.cos(angle / 2), x, y, z


def _spun(rotation: tuple[float, ...], angle: float) -> tuple[float, float, float, float]:
    """`rotation`, then turned about the vertical by `angle` radians."""
    return _times(_turn(np.array([0.0, 0.0, 1.0]), angle), rotation)


def _pick(rng: np.random.Generator, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]
