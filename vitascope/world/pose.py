"""Poses of people: angles and places of joints over time, and the bones that follow from them.

All in the figure's own axes (x forward, y to its left, z up, metres, radians), T frames at once. Pairs are left, right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitascope.world.figure import turned
from vitascope.world.people import Bone, Measures

Array = NDArray[np.float64]

SIDES = (1, -1)  # left is +y
STRETCHED, FOLDED = 0.9985, 0.36  # shares of its length to which a limb can be stretched and folded


@dataclass
class Pose:
    """Where a body is. Rotations are [T, 3, 3], places [T, 3], angles [T]."""

    pelvis: Array  # the middle between the hip joints
    pelvis_turn: Array
    chest: Array  # in the pelvis' axes
    head: Array  # in the chest's
    shoulder: list[Array]  # upper arms in the chest's axes
    elbow: list[Array]  # how far it is bent
    wrist: list[Array]  # hands in the forearms' axes
    curl: list[Array]  # fingers: 0 straight to about 2.3 a fist
    index: list[Array]
    ankle: list[Array]  # places
    foot: list[Array]  # in the figure's axes
    glance: Array  # [T, 2] where the eyes look: -1 .. 1 to the left and up


def standing(m: Measures, num: int) -> Pose:
    """A body that stands at ease, in all of `num` frames the same."""
    zero, upright = np.zeros(num), np.tile(np.eye(3), (num, 1, 1))
    pose = Pose(
        pelvis=np.tile((0.0, 0.0, m.hip * 0.998), (num, 1)),
        pelvis_turn=upright,
        chest=upright,
        head=upright,
        shoulder=[hanging(side, zero + 0.02, zero + 0.13) for side in SIDES],
        elbow=[zero + 0.24, zero + 0.24],
        wrist=[upright, upright],
        curl=[zero + 0.45, zero + 0.45],
        index=[zero + 0.25, zero + 0.25],
        ankle=[np.tile((0.0, side * (m.hips + 0.008 * m.height), m.ankle), (num, 1)) for side in SIDES],
        foot=[np.tile(turned("z", 0.16 * side), (num, 1, 1)) for side in SIDES],
        glance=np.zeros((num, 2)),
    )
    return pose


def hanging(side: int, forward: Array, out: Array, twist: Array | float = 0.0) -> Array:
    """An upper arm swung forward and then out to its side, turned inwards about itself. [T, 3, 3]"""
    return turned("x", side * out) @ turned("y", -forward) @ turned("z", -side * (twist + np.zeros_like(forward)))


def two_bones(root: Array, tip: Array, aim: Array, upper: float, lower: float, bend: int) -> tuple[Array, Array, Array]:
    """Rotations of two bones from `root` to `tip` [T, 3] whose joint points towards `aim`, and where they really end.

    Bones hang along their -z; the joint points along their +x where `bend` is 1 (a knee), along -x where it is -1 (an
    elbow).
    """
    gap = tip - root
    far = np.linalg.norm(gap, axis=-1, keepdims=True)
    way = gap / np.maximum(far, 1e-9)
    far = np.clip(far, FOLDED * (upper + lower), STRETCHED * (upper + lower))
    across = aim - (aim * way).sum(-1, keepdims=True) * way
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    down = (upper**2 - lower**2 + far**2) / (2.0 * far)
    joint = down * way + np.sqrt(np.maximum(upper**2 - down**2, 0.0)) * across
    side = np.cross(-way, bend * across)

    def frame(direction: Array) -> Array:
        z = -direction
        return np.stack([np.cross(side, z), side, z], axis=-1)

    return frame(joint / upper), frame((far * way - joint) / lower), root + far * way


def flexion(upper: Array, lower: Array) -> Array:
    """How far the lower of two bones is bent from the upper. [T]"""
    return np.arccos(np.clip((upper[..., 2] * lower[..., 2]).sum(-1), -1.0, 1.0))


def reach(pose: Pose, m: Measures, arm: int, place: Array, elbow: Array, fingers: Array, palm: Array) -> None:
    """Bring a wrist (arm 0 left, 1 right) to a place [T, 3] in the chest's axes, seen from the shoulder joint.

    `elbow` is where the elbow points to, `fingers` and `palm` where these do; all in the chest's axes.
    """
    side = SIDES[arm]
    fingers, palm = fingers + np.zeros_like(place), palm + np.zeros_like(place)
    aim = np.asarray(elbow, np.float64) + np.zeros_like(place)
    upper, lower, _ = two_bones(np.zeros_like(place), place, aim, m.upper_arm, m.forearm, -1)
    z = -fingers / np.linalg.norm(fingers, axis=-1, keepdims=True)
    y = -side * palm
    y = y - (y * z).sum(-1, keepdims=True) * z
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    hand = np.stack([np.cross(y, z), y, z], axis=-1)
    pose.shoulder[arm], pose.elbow[arm] = upper, flexion(upper, lower)
    pose.wrist[arm] = np.swapaxes(lower, -1, -2) @ hand


def hip_joint(pose: Pose, m: Measures, leg: int) -> Array:
    return pose.pelvis + pose.pelvis_turn @ np.array((0.0, SIDES[leg] * m.hips, 0.0))


def highest(pose: Pose, m: Measures) -> Array:
    """How high the pelvis may be for both legs to reach their ankles. [T]"""
    long = 0.9975 * STRETCHED * (m.thigh + m.shin)
    rooms = []
    for leg in (0, 1):
        gap = pose.ankle[leg] - hip_joint(pose, m, leg)
        flat = np.minimum(np.hypot(gap[:, 0], gap[:, 1]), 0.95 * long)
        rooms.append(pose.pelvis[:, 2] + gap[:, 2] + np.sqrt(long**2 - flat**2))
    return np.minimum(*rooms)


def lower(pose: Pose, m: Measures) -> None:
    """Let the pelvis sink as far as the legs need, smoothly."""
    room, soft = highest(pose, m), 0.004 * m.height
    pose.pelvis[:, 2] = -soft * np.logaddexp(-pose.pelvis[:, 2] / soft, -room / soft)


def bones_of(pose: Pose, m: Measures) -> tuple[Array, Array]:
    """Positions [T, B, 3] and rotations [T, B, 3, 3] of all bones, in the figure's axes."""
    num = len(pose.pelvis)
    place, turn = np.zeros((num, len(Bone), 3)), np.zeros((num, len(Bone), 3, 3))

    def put(bone: Bone, at: Array, rotation: Array) -> None:
        place[:, bone], turn[:, bone] = at, rotation

    def on(bone: Bone, *offset: float) -> Array:
        return place[:, bone] + turn[:, bone] @ np.array(offset)

    put(Bone.PELVIS, pose.pelvis, pose.pelvis_turn)
    put(Bone.CHEST, on(Bone.PELVIS, 0.0, 0.0, m.waist), pose.pelvis_turn @ pose.chest)
    put(Bone.HEAD, on(Bone.CHEST, 0.0, 0.0, m.neck), turn[:, Bone.CHEST] @ pose.head)
    swings = []
    for k, side in enumerate(SIDES):
        arm, fore, hand, fingers, index = (Bone(Bone.ARM_L + 5 * k + i) for i in range(5))
        put(arm, on(Bone.CHEST, 0.0, side * m.shoulders, m.shoulder), turn[:, Bone.CHEST] @ pose.shoulder[k])
        put(fore, on(arm, 0.0, 0.0, -m.upper_arm), turn[:, arm] @ turned("y", -pose.elbow[k]))
        put(hand, on(fore, 0.0, 0.0, -m.forearm), turn[:, fore] @ pose.wrist[k])
        knuckles = -0.47 * m.hand
        put(fingers, on(hand, -0.05 * m.hand, 0.0, knuckles), turn[:, hand] @ turned("x", -side * pose.curl[k]))
        put(index, on(hand, 0.16 * m.hand, 0.0, knuckles), turn[:, hand] @ turned("x", -side * pose.index[k]))
        thigh, shin, foot = (Bone(Bone.THIGH_L + 3 * k + i) for i in range(3))
        hip = hip_joint(pose, m, k)
        # Knees point where the pelvis and the foot do.
        aim = pose.pelvis_turn[..., 0] + 0.6 * pose.foot[k][..., 0] * (1.0, 1.0, 0.0)
        upper, low, ankle = two_bones(hip, pose.ankle[k], aim, m.thigh, m.shin, 1)
        put(thigh, hip, upper)
        put(shin, on(thigh, 0.0, 0.0, -m.thigh), low)
        put(foot, ankle, pose.foot[k])
        down = -np.einsum("tji,tj->ti", pose.pelvis_turn, upper[..., 2])
        swings.append(np.arctan2(down[:, 0], -down[:, 2]))
    for bone, swing in (
        (Bone.SKIRT_FRONT, np.maximum(np.maximum(*swings), 0.0)),
        (Bone.SKIRT_BACK, np.minimum(np.minimum(*swings), 0.0)),
    ):
        put(bone, pose.pelvis, pose.pelvis_turn @ turned("y", -0.8 * swing))
    return place, turn


def keyed(x: Array, keys: Sequence[tuple[float, float] | tuple[float, float, float]]) -> Array:
    """A smooth curve through (x, value) or (x, value, slope); never beyond its keys where no slopes are given."""
    at = np.array([key[0] for key in keys])
    value = np.array([key[1] for key in keys])
    rise = np.diff(value) / np.diff(at)
    slope = np.zeros(len(keys))
    a, b = rise[:-1], rise[1:]
    slope[1:-1] = np.where(a * b > 0.0, 2.0 * a * b / np.where(a + b == 0.0, 1.0, a + b), 0.0)
    for k, key in enumerate(keys):
        if len(key) == 3:
            slope[k] = key[2]
    x = np.clip(x, at[0], at[-1])
    i = np.clip(np.searchsorted(at, x, side="right") - 1, 0, len(at) - 2)
    wide = at[i + 1] - at[i]
    u = (x - at[i]) / wide
    v = 1.0 - u
    return (
        value[i] * (1.0 + 2.0 * u) * v * v
        + value[i + 1] * u * u * (3.0 - 2.0 * u)
        + wide * u * v * (slope[i] * v - slope[i + 1] * u)
    )
