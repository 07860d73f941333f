"""The eight species in numbers: their bones, legs, measures and gaits.

Lengths are for size 1, in a figure's own axes (+x forward, +y to its left, +z up); angles are radians.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from vitascope.world.figure import Point
from vitascope.world.scene import Species

TRUNK = (0.68, 0.62, 0.56)  # metres of its three bones
WING = 0.20  # metres of each half


class Bone(IntEnum):
    """The torso's halves turn about the middle of the spine; a leg is three bones; a bird's legs are the hind ones."""

    CHEST, HIPS, NECK, HEAD, EAR_LEFT, EAR_RIGHT, TAIL, TAIL_TIP = range(8)
    TRUNK, TRUNK_MIDDLE, TRUNK_TIP = range(8, 11)
    WING_LEFT, WING_LEFT_TIP, WING_RIGHT, WING_RIGHT_TIP = range(11, 15)
    FORE_LEFT, FORE_LEFT_LOWER, FORE_LEFT_FOOT, FORE_RIGHT, FORE_RIGHT_LOWER, FORE_RIGHT_FOOT = range(15, 21)
    HIND_LEFT, HIND_LEFT_LOWER, HIND_LEFT_FOOT, HIND_RIGHT, HIND_RIGHT_LOWER, HIND_RIGHT_FOOT = range(21, 27)


LEGS = (Bone.FORE_LEFT, Bone.FORE_RIGHT, Bone.HIND_LEFT, Bone.HIND_RIGHT)


@dataclass(frozen=True)
class Leg:
    """Where a leg hangs on the standing body, its lengths, and where its ankle stands (`tread` along x)."""

    x: float
    y: float
    z: float
    upper: float
    lower: float
    ankle: float  # height of the ankle over the sole
    toe: float  # how far the toes reach before the ankle
    tread: float
    bend: float  # 1: the joint in the middle points forward, -1: backward


@dataclass(frozen=True)
class Gait:
    """When in a cycle each foot (as in LEGS) touches down and for what share it stays; how the body moves with it."""

    touch: tuple[float, float, float, float]
    duty: float
    drop: float  # how much lower than standing the body goes, of the leg's length
    lift: float  # of the feet, of the leg's length
    beats: int = 2  # times that the body rises in a cycle
    apex: float = 0.1  # when it is highest
    bounce: float = 0.25  # of gravity, at the top
    pitch: float = 0.0  # the nose goes up by this while the hind feet push
    flex: float = 0.0  # bending of the spine


GAITS = {
    "walk": Gait((0.25, 0.75, 0.0, 0.5), 0.64, 0.08, 0.12, bounce=0.12),
    "trot": Gait((0.0, 0.5, 0.5, 0.0), 0.40, 0.09, 0.24, apex=0.45, bounce=0.8),
    "amble": Gait((0.25, 0.75, 0.0, 0.5), 0.47, 0.07, 0.17, bounce=0.3),
    "gallop": Gait((0.42, 0.54, 0.0, 0.1), 0.27, 0.11, 0.30, 1, 0.905, 0.55, 0.11, 0.10),
    "bound": Gait((0.54, 0.58, 0.0, 0.03), 0.17, 0.02, 0.20, 1, 0.36, 0.8, 0.20, 0.10),
    "stride": Gait((0.0, 0.0, 0.0, 0.5), 0.58, 0.05, 0.35, apex=0.3, bounce=0.2),
}


@dataclass(frozen=True)
class Body:
    """A species in numbers; `neck` is (x, z, length, elevation), `tail` (x, z, length, raised by, its tip by)."""

    tall: float  # metres to the highest point, standing
    long: float  # metres from nose to tail, standing
    mass: float  # kg
    step: str  # what its feet are, for the ear
    spine: float
    fore: Leg
    hind: Leg
    neck: tuple[float, float, float, float]
    head: float  # elevation
    mouth: tuple[float, float]  # (x, z) from the head's bone
    ear: Point
    tail: tuple[float, float, float, float, float]
    walk: tuple[str, float, float]  # gait, m/s, seconds of a cycle
    run: tuple[str, float, float]
    leap: tuple[float, float]  # rise and length of a jump
    bow: tuple[float, float]  # pitch and drop of the body to eat from the ground


BODIES: dict[Species, Body] = {
    "dog": Body(
        0.84, 1.21, 28.0, "paw", 0.50,
        Leg(0.19, 0.075, 0.42, 0.18, 0.193, 0.05, 0.07, 0.20, 1.0),
        Leg(-0.16, 0.068, 0.46, 0.245, 0.215, 0.05, 0.07, -0.28, -1.0),
        (0.28, 0.535, 0.215, 0.95), -0.12, (0.265, -0.045), (0.0, 0.075, 0.09), (-0.32, 0.57, 0.17, 0.75, 1.1),
        ("walk", 1.0, 0.66), ("gallop", 3.6, 0.44), (0.42, 1.1), (0.30, 0.07),
    ),
    "cat": Body(
        0.46, 0.69, 4.5, "paw", 0.235,
        Leg(0.095, 0.036, 0.20, 0.086, 0.0905, 0.025, 0.035, 0.10, 1.0),
        Leg(-0.085, 0.036, 0.215, 0.115, 0.10, 0.025, 0.035, -0.145, -1.0),
        (0.145, 0.252, 0.088, 0.85), -0.05, (0.08, -0.03), (0.005, 0.038, 0.06), (-0.20, 0.262, 0.14, 0.45, 1.05),
        ("walk", 0.6, 0.62), ("gallop", 2.4, 0.38), (0.34, 0.7), (0.38, 0.05),
    ),
    "horse": Body(
        2.17, 2.62, 450.0, "hoof", 1.25,
        Leg(0.50, 0.15, 1.02, 0.48, 0.427, 0.12, 0.09, 0.50, 1.0),
        Leg(-0.42, 0.14, 1.10, 0.58, 0.475, 0.12, 0.09, -0.68, -1.0),
        (0.60, 1.36, 0.70, 0.92), -0.72, (0.62, -0.06), (-0.03, 0.06, 0.10), (-0.80, 1.45, 0.25, -0.9, -1.35),
        ("walk", 1.4, 1.0), ("gallop", 5.2, 0.54), (0.55, 2.2), (0.18, 0.10),
    ),
    "cow": Body(
        1.54, 2.60, 600.0, "hoof", 1.06,
        Leg(0.52, 0.18, 0.80, 0.365, 0.34, 0.10, 0.08, 0.53, 1.0),
        Leg(-0.54, 0.18, 0.88, 0.45, 0.38, 0.10, 0.08, -0.72, -1.0),
        (0.70, 1.10, 0.50, 0.42), -0.55, (0.50, -0.06), (-0.03, 0.13, 0.10), (-0.90, 1.28, 0.42, -1.35, -1.5),
        ("walk", 1.1, 1.05), ("trot", 2.6, 0.56), (0.28, 1.2), (0.20, 0.10),
    ),
    "sheep": Body(
        0.94, 1.18, 70.0, "hoof", 0.56,
        Leg(0.21, 0.10, 0.38, 0.17, 0.163, 0.05, 0.04, 0.22, 1.0),
        Leg(-0.19, 0.10, 0.40, 0.20, 0.175, 0.05, 0.04, -0.28, -1.0),
        (0.29, 0.60, 0.26, 0.75), -0.50, (0.22, -0.03), (-0.01, 0.06, 0.06), (-0.40, 0.62, 0.10, -0.9, -1.2),
        ("walk", 0.8, 0.72), ("trot", 2.2, 0.46), (0.38, 0.9), (0.30, 0.08),
    ),
    "rabbit": Body(
        0.40, 0.47, 2.5, "paw", 0.135,
        Leg(0.09, 0.038, 0.105, 0.058, 0.062, 0.016, 0.03, 0.10, -1.0),
        Leg(-0.075, 0.055, 0.115, 0.066, 0.070, 0.024, 0.10, -0.09, 1.0),
        (0.115, 0.165, 0.05, 0.75), -0.15, (0.092, -0.025), (-0.015, 0.022, 0.045), (-0.175, 0.15, 0.03, 0.3, 0.3),
        ("bound", 0.7, 0.52), ("bound", 1.7, 0.36), (0.32, 0.7), (0.25, 0.02),
    ),
    "elephant": Body(
        3.14, 4.25, 4500.0, "paw", 1.95,
        Leg(0.80, 0.40, 1.45, 0.66, 0.64, 0.16, 0.22, 0.82, 1.0),
        Leg(-0.96, 0.38, 1.45, 0.66, 0.64, 0.16, 0.22, -0.98, 1.0),
        (1.15, 2.28, 0.42, 0.25), -0.05, (0.42, -0.62), (-0.08, 0.36, 0.16), (-1.42, 2.20, 0.55, -1.2, -1.45),
        ("walk", 1.2, 1.3), ("amble", 2.6, 0.85), (0.2, 0.5), (0.03, 0.02),
    ),
    "bird": Body(
        0.39, 0.54, 0.5, "claw", 0.225,
        Leg(0.0, 0.05, 0.2, 0.05, 0.05, 0.02, 0.02, 0.0, 1.0),
        Leg(-0.005, 0.042, 0.155, 0.07, 0.085, 0.014, 0.04, 0.01, -1.0),
        (0.085, 0.275, 0.06, 1.05), 0.0, (0.122, 0.0), (0.0, 0.03, 0.05), (-0.13, 0.195, 0.08, 0.0, 0.0),
        ("stride", 0.35, 0.55), ("stride", 0.9, 0.32), (0.16, 0.3), (0.95, 0.04),
    ),
}  # fmt: skip


def legs_of(body: Body) -> tuple[Leg, Leg, Leg, Leg]:
    return body.fore, body.fore, body.hind, body.hind
