"""Where the camera stands for a scene and what it does, and whether what matters stays in its picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import Move
from vitascope.world import animals, casting, vehicles
from vitascope.world.physics import Motion
from vitascope.world.scene import Animal, Camera, Person, Prop, Scene, Sign, Vehicle, reach, subjects
from vitascope.world.stage import path_of
from vitascope.world.tracks import project_all

FOV = 40.0  # degrees, vertical
CLOSE_FOV = 24.0  # a portrait lens
STILL_SHARE = 0.5
# Least and most of each move, readable within two seconds from three metres; level 1 knows all but the last.
MOVES: dict[str, tuple[float, float]] = {
    "pan": (10.0, 20.0),
    "tilt": (5.0, 10.0),
    "zoom": (1.25, 1.6),
    "truck": (0.4, 1.1),
    "dolly": (0.5, 1.1),
    "roll": (6.0, 15.0),
    "pedestal": (0.25, 0.6),
    "orbit": (12.0, 35.0),
    "handheld": (0.4, 1.2),
}
MOVING = ("walk", "run", "jump", "drive", "fly")  # what crosses the picture
METRES = ("truck", "dolly", "pedestal")
TURNS = ("pan", "tilt")


def sample_camera(scene: Scene, rng: np.random.Generator, *, still: bool = False) -> Camera:
    """Draw a camera: it stands and looks a little differently each time, and moves half of the time."""
    fov, distance, height, aim = _stand(scene, rng)
    moves: tuple[Move, ...] = ()
    if not still and rng.random() >= STILL_SHARE:
        known = list(MOVES)[: 8 if scene.level == 1 else None]
        kinds = list(rng.choice(known, size=2 if rng.random() < 0.12 else 1, replace=False))
        wide = distance * math.tan(math.radians(fov) / 2) / (3.25 * math.tan(math.radians(FOV) / 2))
        moves = tuple(Move(kind=kind, amount=_amount(rng, kind, distance / 3.25, wide)) for kind in kinds)
    if any(move.direction == "out" for move in moves):
        distance = max(0.85 * distance, distance - 0.5)  # what ends far off starts close, or it would be lost
    pitch = -math.degrees(math.atan2(height - aim, distance))
    return Camera(distance=round(distance, 3), height=round(height, 3), pitch=round(pitch, 3), fov=fov, moves=moves)


def _stand(scene: Scene, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Lens, distance, height, and the height above the origin that the camera looks at."""
    things, members = subjects(scene)
    if not members:
        drops = any(thing.action in ("bounce", "fall", "throw", "swing") for thing in things)
        distance, height = float(rng.uniform(2.9, 3.6)), float(rng.uniform(1.1, 1.6))
        if len(things) > 1 or any(thing.action in ("throw", "swing") for thing in things):
            distance += 0.9
        # metres above the ground, at the origin
        return FOV, distance, height, float(rng.uniform(0.8, 0.95) if drops else rng.uniform(0.4, 0.75))
    tall = max(casting.height(member) for member in members)
    first = members[0]
    jitter = float(rng.uniform(0.93, 1.12))
    fov = FOV
    if isinstance(first, Sign):
        panel = 0.62 * tall if first.form == "board" else 0.85 * tall
        span, aim, height = (1.5 if scene.shot_size == "medium" else 2.6) * jitter, panel, panel + 0.1
    elif scene.shot_size == "close":
        head = 0.145 * tall if isinstance(first, Person) and first.height > 1.5 else 0.18 * tall
        span, aim = 2.1 * head * jitter, tall - 0.62 * head
        fov, height = CLOSE_FOV, aim + float(rng.uniform(-0.03, 0.06))
    elif scene.shot_size == "medium" and isinstance(first, Person):
        span, aim = 0.62 * tall * jitter, 0.74 * tall
        height = aim + float(rng.uniform(0.0, 0.15))
    else:
        across = max(_length(member) for member in members)
        near = 1.25 if scene.shot_size == "medium" else 1.6
        moving = any(getattr(member, "action", "stand") in MOVING for member in members)
        span = max(near * tall, (1.35 if not moving else 2.0) * across * 9 / 16, 1.0) * jitter
        if moving:
            span = max(span, 2.6)
        aim = 0.5 * tall if scene.shot_size == "medium" else 0.42 * span
        height = max(0.5, min(1.6, 0.9 * tall)) + float(rng.uniform(0.0, 0.3))
    return fov, span / 2 / math.tan(math.radians(fov) / 2), height, aim


def _length(member: object) -> float:
    """How long a member is from the side, metres."""
    if isinstance(member, Animal):
        return animals.length(member)
    if isinstance(member, Vehicle):
        return vehicles.length(member)
    if isinstance(member, Prop | Sign):
        return 2 * casting.half_width(member)
    return 0.8


def _amount(rng: np.random.Generator, kind: str, near: float, wide: float) -> float:
    """A move's signed amount; metres and angles shrink when the picture shows less."""
    amount = float(rng.uniform(*MOVES[kind]))
    backwards = rng.random() < 0.5
    if kind == "zoom":
        return round(max(1.0 / amount, 0.65) if backwards else amount, 3)
    if kind == "handheld":
        return round(amount, 3)
    amount *= near if kind in METRES else min(1.0, wide / near) if kind in TURNS else 1.0
    return round(-amount if backwards else amount, 3)


def reframe(scene: Scene, motion: Motion, rng: np.random.Generator, size: tuple[int, int]) -> Scene | None:
    """The scene with its camera, or a newly drawn one, so that all that matters stays in the picture; None if none
    does."""
    for attempt in range(12):
        if in_view(scene, motion, size):
            return scene
        scene = scene.with_(camera=sample_camera(scene, rng, still=attempt >= 9))
    return None


def in_view(scene: Scene, motion: Motion, size: tuple[int, int]) -> bool:
    """Whether every subject is well inside the first picture and its middle stays inside most of the others."""
    path = path_of(scene.camera, len(motion.position) / motion.fps, motion.fps)
    things, members = subjects(scene)
    if members:
        focus = np.stack([_focus(scene, j, motion) for j in range(len(members))], axis=1)  # [T, M, 3]
        points, depth = project_all(focus, path, size)
        inside = ((points > 0.04) & (points < 0.96)).all(axis=-1) & (depth > 0.3)
        middle = inside[len(inside) // 2].all()
        moving = any(getattr(member, "action", "stand") in MOVING for member in members)
        return bool(middle and inside.mean(axis=0).min() >= (0.6 if moving else 0.85))
    points, depth = project_all(motion.position, path, size)  # [T, P, 2], [T, P]
    inside = ((points > 0.02) & (points < 0.98)).all(axis=-1) & (depth > 0.8)  # [T, P]
    tops = motion.position.copy()
    tops[..., 2] += [reach(thing.shape, thing.size, thing.rotation) for thing in things]
    highest = project_all(tops, path, size)[0][0, :, 1].min()  # in the first picture
    first = ((points[0] > (0.07, 0.1)) & (points[0] < (0.93, 0.92))).all() and highest > -0.01
    if len(things) == 2 and first:  # neither hides the other at the start, nor for long
        apart = np.hypot(*((points[:, 0] - points[:, 1]) * (1.0, size[1] / size[0])).T)  # [T] picture widths
        met = any(thing.action == "collide" for thing in things)
        first = apart[0] > 0.13 and (met or (apart > 0.12).mean() >= 0.6)
    return bool(first and inside.mean(axis=0).min() >= 0.8)


def _focus(scene: Scene, j: int, motion: Motion) -> NDArray[np.float64]:
    """The point of a member that must be seen: the head where only that is shown, else its middle. [T, 3]"""
    member, root = scene.cast[j], motion.cast[j].position[:, 0]
    tall = casting.height(member)
    share = {"close": 0.93, "medium": 0.8}.get(scene.shot_size, 0.5) if isinstance(member, Person) else 0.5
    point = np.array([*member.position, share * tall])
    middle: NDArray[np.float64] = root - root[len(root) // 2]
    return point + middle * (1.0, 1.0, 0.0)
