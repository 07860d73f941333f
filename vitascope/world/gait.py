"""Gaits of people: walking and running, step by step, with feet that stay where they are put down."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vitascope.world.figure import turned
from vitascope.world.people import Measures
from vitascope.world.pose import SIDES, Array, Pose, hanging, highest, keyed, standing

TURN = 2.0 * math.pi
_MOMENT = 1e-4  # of a cycle, to measure speeds with


@dataclass(frozen=True)
class Gait:
    """A way of going. Angles in radians; lengths as shares of the body's height; times as shares of a cycle."""

    speed: float  # m/s at a height of 1.7 m
    step: float  # at that speed, as a share of the leg
    stance: float  # how long a foot is on the ground
    flat: tuple[float, float]  # from when to when, of the stance, it is flat there
    strike: float  # how far the toes are raised when it comes down
    push: float  # how far the heel is raised when it leaves
    back: float  # by how much the feet are put down farther behind than evenly before and behind
    lift: float  # of the ankle in the swing, beyond the straight way
    apart: float  # of the feet from the middle
    bob: tuple[float, float]  # of the pelvis: the least and the most
    deepest: float  # when, after a foot comes down, the pelvis is lowest
    bent: float  # by how much the legs are not stretched
    lean: float  # of the trunk
    twist: float  # of the pelvis about the upright
    drop: float  # of the hip that hangs free
    swing: float  # of the arms
    elbows: tuple[float, float]  # bent behind and before
    curl: float


WALK = Gait(
    1.3, 0.84, 0.61, (0.16, 0.5), 0.34, 0.95, 0.03, 0.012, 0.028, (0.006, 0.02), 0.04, 0.0, 0.03, 0.13, 0.07, 0.5,
    (0.2, 0.6), 0.55,
)  # fmt: skip
RUN = Gait(
    3.0, 1.3, 0.34, (0.1, 0.38), 0.12, 1.05, 0.03, 0.15, 0.018, (0.02, 0.02), 0.17, 0.006, 0.2, 0.2, 0.06, 0.85,
    (1.35, 1.75), 2.0,
)  # fmt: skip


def stride(
    pose: Pose, m: Measures, gait: Gait, time: Array, speed: float, phase: float, sway: float
) -> list[tuple[float, Array]]:
    """Make a body go along x, past 0 at time 0; returns when and where feet come down within the times.

    `sway` is how much the hips move sideways and turn, 1 as usual.
    """
    h = m.height
    usual = gait.speed * h / 1.7
    speed = speed or usual
    size = math.sqrt(speed / usual)  # longer and quicker steps by equal shares
    step = gait.step * (m.thigh + m.shin) * min(size, 1.3)
    cycle = 2.0 * step / speed  # seconds
    count = time / cycle + phase
    _trunk(pose, m, gait, time * speed, count, size, sway)
    for leg in (0, 1):
        pose.ankle[leg], pose.foot[leg] = _foot(m, gait, count, leg, phase, cycle, speed)
    _height(pose, m, gait, count, phase, cycle, speed, size, sway)
    steps = []
    for leg in (0, 1):
        first, last = count[0] + 0.5 * leg, count[-1] + 0.5 * leg
        for n in range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1):
            when = (n - 0.5 * leg - phase) * cycle
            place = np.array((_planted(m, n, leg, gait, phase, cycle, speed), SIDES[leg] * gait.apart * h, 0.0))
            steps.append((when, place))
    return steps


def _planted(
    m: Measures, n: Array | int, leg: int, gait: Gait, phase: float, cycle: float, speed: float
) -> Array | float:
    """Where (x) the ankle stands over the foot in its n-th stance: below the body in the middle of it."""
    return (n + 0.5 * gait.stance - 0.5 * leg - phase) * cycle * speed - gait.back * m.height


def _trunk(pose: Pose, m: Measures, gait: Gait, x: Array, count: Array, size: float, sway: float) -> None:
    """Pelvis (but for its height), chest, head and arms."""
    h, turn = m.height, TURN * count
    left = np.cos(turn)  # 1 when the left foot comes down
    middle = np.cos(turn - TURN * 0.5 * gait.stance)  # 1 in the middle of its stance
    twist, drop = gait.twist * sway * size, gait.drop * sway
    pose.pelvis[:, 0] = x
    pose.pelvis[:, 1] = 0.016 * h * sway * middle
    pose.pelvis_turn = (
        turned("z", -twist * left) @ turned("y", 0.4 * gait.lean * size + 0.0 * x) @ turned("x", drop * middle)
    )
    sink = np.cos(2.0 * turn)
    pose.chest = (
        turned("y", 0.6 * gait.lean * size + 0.015 * sink)
        @ turned("z", 1.9 * twist * left)
        @ turned("x", -1.15 * drop * middle)
    )
    pose.head = turned("z", -0.85 * twist * left) @ turned("y", -0.8 * gait.lean * size - 0.02 * sink)
    for arm, side in enumerate(SIDES):
        ahead = -side * left  # 1 when this arm is foremost
        forward = gait.swing * size * ahead - 0.02
        low, high = gait.elbows
        pose.shoulder[arm] = hanging(side, forward, 0.14 + 0.03 * ahead, 0.25 + 0.3 * (gait is RUN) * (1.0 + ahead))
        pose.elbow[arm] = low + (high - low) * (0.5 + 0.5 * np.cos(turn + math.pi * (arm == 0) - 0.5))
        pose.curl[arm] = np.full(len(x), gait.curl)
        pose.index[arm] = np.full(len(x), 0.9 * gait.curl)


def _stance(m: Measures, gait: Gait, u: Array) -> tuple[Array, Array, Array]:
    """(x, z) of the ankle from where it stands when flat, and the foot's pitch, at u of the cycle in the stance."""
    u = u / gait.stance
    a, b = gait.flat
    heel_down = np.clip(1.0 - u / a, 0.0, None)
    heel_up = np.clip((u - b) / (1.0 - b), 0.0, None)
    pitch = gait.push * heel_up**1.6 - gait.strike * heel_down**2
    # The foot turns about the ball that it stands on: the heel's when the toes are raised, else the toes'.
    along = np.where(pitch < 0.0, -m.heel, m.toe)
    up = m.ankle - m.sole
    x = along - along * np.cos(pitch) + up * np.sin(pitch)
    z = m.sole + along * np.sin(pitch) + up * np.cos(pitch)
    return x, z, pitch


def _foot(
    m: Measures, gait: Gait, count: Array, leg: int, phase: float, cycle: float, speed: float
) -> tuple[Array, Array]:
    """Places of an ankle and rotations of its foot."""
    count = count + 0.5 * leg
    n = np.floor(count)
    u = count - n
    stand = _planted(m, n, leg, gait, phase, cycle, speed)
    x, z, pitch = _stance(m, gait, np.minimum(u, gait.stance))
    # The swing goes from the end of one stance to the start of the next, with their speeds.
    s = np.clip((u - gait.stance) / (1.0 - gait.stance), 0.0, 1.0)
    ends = np.array((gait.stance, gait.stance - _MOMENT, 0.0, _MOMENT))
    stride_long = cycle * speed
    values = []
    for v, more in zip(_stance(m, gait, ends), (stride_long, 0.0, 0.0), strict=True):
        leave, come = (v[0] - v[1]) / _MOMENT, (v[3] - v[2]) / _MOMENT
        wide = 1.0 - gait.stance
        values.append(keyed(s, ((0.0, v[0], leave * wide), (1.0, v[2] + more, come * wide))))
    swung_x, swung_z, swung_pitch = values
    bump = np.sin(math.pi * s**0.75) ** 2
    swung_z = swung_z + gait.lift * m.height * bump
    if gait is RUN:
        swung_pitch = swung_pitch + 0.35 * bump
    air = u > gait.stance
    x, z, pitch = (np.where(air, a, b) for a, b in ((swung_x, x), (swung_z, z), (swung_pitch, pitch)))
    # Neither ball of the foot comes nearer to the ground in the swing than this.
    room = np.where(air, 0.012 * m.height * np.sin(math.pi * s) ** 2, 0.0)
    lowest = np.minimum(-m.toe * np.sin(pitch), m.heel * np.sin(pitch)) - (m.ankle - m.sole) * np.cos(pitch)
    z = np.maximum(z, m.sole + room - lowest)
    side = SIDES[leg]
    ankle = np.stack([stand + x, np.full_like(x, side * gait.apart * m.height), z], axis=-1)
    return ankle, turned("y", pitch)


def _height(
    pose: Pose,
    m: Measures,
    gait: Gait,
    count: Array,
    phase: float,
    cycle: float,
    speed: float,
    size: float,
    sway: float,
) -> None:
    """The height of the pelvis: as even a wave, two to a cycle, as legs of their length allow."""
    whole = np.linspace(0.0, 1.0, 64, endpoint=False)
    trial = standing(m, len(whole))
    _trunk(trial, m, gait, (whole - phase) * cycle * speed, whole, size, sway)
    for leg in (0, 1):
        trial.ankle[leg], trial.foot[leg] = _foot(m, gait, whole, leg, phase, cycle, speed)
    room = highest(trial, m)
    wave = np.cos(2.0 * TURN * (whole - gait.deepest))  # 1 when lowest
    low, high = gait.bob
    # The wave that leaves the legs straightest on the whole.
    tops = [(np.min(room + b * m.height * wave), b) for b in np.linspace(low, high, 5)]
    best = max(tops)
    pose.pelvis[:, 2] = (
        best[0] - gait.bent * m.height - best[1] * m.height * np.cos(2.0 * TURN * (count - gait.deepest))
    )
