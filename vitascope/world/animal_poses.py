"""How animals stand, walk, run, jump, eat and fly: from times to poses of size 1. Angles are radians."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitascope.world.animal_bodies import GAITS, Body, Gait, Leg, legs_of
from vitascope.world.scene import Animal

Array = NDArray[np.float64]
GRAVITY = 9.81  # m/s²
GATHER = 0.35  # going, the feet come down nearer below shoulders and hips: this share of the way to where they stand
SLIDE = 0.25  # shoulder blades and hips follow their feet by this share


@dataclass
class Pose:
    """Where an animal of size 1 is at T times: the middle of its spine, the ankles of its feet, and its angles."""

    x: Array  # [T]
    z: Array  # [T]
    pitch: Array  # [T] above 0: nose down
    flex: Array  # [T] above 0: arched
    feet: Array  # [T, 4, 3]
    tilt: Array  # [T, 4] above 0: toes down
    neck: Array  # [T] elevation
    head: Array  # [T] elevation
    look: Array  # [T] turn of the head to its left
    tail: Array  # [T] raised by
    wag: Array  # [T] turn of the tail
    ear: Array  # [T]
    trunk: Array  # [T, 3] elevations
    wing: Array  # [T] raised by
    wing_tip: Array  # [T] against the wing
    fold: Array  # [T] 0 spread .. 1 folded


def calls(animal: Animal, times: Array) -> list[float]:
    """When it barks, moos, sings: about every three seconds, for half of those that stand."""
    if animal.action != "stand" or (animal.phase * 7.31) % 1.0 > 0.5:
        return []
    first = math.ceil(times[0] / 2.8 + animal.phase)
    return [2.8 * (n - animal.phase) for n in range(first, math.floor(times[-1] / 2.8 + animal.phase) + 1)]


def _wave(times: Array, seconds: float, shift: float) -> Array:
    return np.sin(2.0 * np.pi * (times / seconds + shift))


def _pulse(distance: Array, width: float) -> Array:
    """A smooth bump of height 1 around 0."""
    return np.exp(-((distance / width) ** 2))


def _ease(u: Array) -> Array:
    u = np.clip(u, 0.0, 1.0)
    return u * u * (3.0 - 2.0 * u)


def stand(animal: Animal, body: Body, times: Array) -> Pose:
    """Standing: breathing, looking about, flicks of ears and tail."""
    none, phase = np.zeros(len(times)), animal.phase
    slow = body.tall**0.4 * 2.2  # seconds of a breath
    feet = np.zeros((len(times), 4, 3))
    for k, leg in enumerate(legs_of(body)):
        feet[:, k] = (leg.tread, leg.y if k % 2 == 0 else -leg.y, leg.ankle)
    breath = _wave(times, slow, phase)
    call = sum((_pulse(times - time, 0.16) for time in calls(animal, times)), none)
    flick = _pulse((times / 1.7 + 2.0 * phase) % 1.0 - 0.5, 0.07) * np.sin(25.0 * times)
    quick = animal.species in ("dog", "bird", "rabbit")
    glance = np.tanh(1.6 * _wave(times, 2.3, phase)) if quick else _wave(times, 4.2, phase)
    tail = {"dog": (0.45, 0.42), "cat": (0.5, 1.9), "bird": (0.0, 1.0)}.get(animal.species, (0.16, 1.5))
    swing = _wave(times, 2.9, phase), _wave(times, 2.9, phase - 0.12)
    grazer = animal.species in ("horse", "cow", "sheep", "elephant")
    return Pose(
        x=none.copy(),
        z=body.spine + 0.006 * body.tall * (breath - 1.0),
        pitch=0.008 * breath,
        flex=none.copy(),
        feet=feet,
        tilt=np.zeros((len(times), 4)),
        neck=body.neck[3] + 0.05 * _wave(times, 3.1, 0.4 - phase) + 0.22 * call,
        head=body.head + 0.06 * _wave(times, 2.7, phase) + 0.30 * call,
        look=(0.42 if quick else 0.3) * glance,
        tail=body.tail[3] + (0.0 if grazer else 0.08) * breath,
        wag=tail[0] * _wave(times, tail[1], phase),
        ear=0.10 * breath + 0.35 * _wave(times, 1.9, phase) if animal.species == "elephant" else 0.25 * flick,
        trunk=np.stack([-1.2 + none, 0.1 * swing[0] - 1.45, 0.25 * swing[1] - 1.05], 1),
        wing=none.copy(),
        wing_tip=none.copy(),
        fold=none + 1.0,
    )  # fmt: skip


def _longest(leg: Leg, gait: Gait, k: int, drop: float, rise: float) -> float:
    """The longest stride with which leg k reaches its foot all the time that it is on the ground."""
    share = np.linspace(-0.5, 0.5, 12)  # of the time on the ground
    bob, pitch, flex = _sway(gait, gait.touch[k] + gait.duty * (share + 0.5))
    up = leg.z - leg.ankle - drop + rise * bob - leg.x * np.sin(pitch + (flex if k < 2 else -flex))
    reach = np.sqrt(np.maximum((0.99 * (leg.upper + leg.lower)) ** 2 - up**2, 1e-9))
    room = reach + np.sign(share) * GATHER * (leg.tread - leg.x)
    return float(np.min(room / (gait.duty * np.abs(share)))) / (1.0 - SLIDE)


def _sway(gait: Gait, cycle: Array) -> tuple[Array, Array, Array]:
    """Height (-1..1), pitch and flex of the body in a gait."""
    bob = np.cos(2.0 * np.pi * gait.beats * (cycle - gait.apex))
    pitch = -gait.pitch * np.cos(2.0 * np.pi * (cycle - gait.touch[2] - gait.duty / 2.0))
    return bob, pitch, gait.flex * np.cos(2.0 * np.pi * (cycle - gait.touch[2] + 0.04))


def go(pose: Pose, animal: Animal, body: Body, times: Array) -> list[tuple[float, int, float]]:
    """Walking and running: each foot stays where it came down until its time is over, the body passes over it."""
    name, usual, period = body.walk if animal.action == "walk" else body.run
    gait, legs, size = GAITS[name], legs_of(body), animal.size
    high = body.hind.upper + body.hind.lower
    used = (2, 3) if animal.species == "bird" else (0, 1, 2, 3)
    # In units of its own size: what is large steps more slowly.
    speed = (animal.speed or usual * math.sqrt(size)) / size
    usual /= math.sqrt(size)
    period *= math.sqrt(size)
    rise = min(gait.bounce * GRAVITY / size * (period / (2.0 * math.pi * gait.beats)) ** 2, 0.2 * high)
    wanted = period * speed * (usual / speed) ** 0.45
    for sunk in np.linspace(0.02 - rise / high, max(gait.drop, 0.03 - rise / high), 12):  # as upright as its legs allow
        drop = float(sunk) * high
        stride = min(wanted, *(_longest(legs[k], gait, k, drop, rise) for k in used))
        if stride == wanted:
            break
    period = stride / speed
    cycle = times / period + animal.phase
    middle = (times[0] + times[-1]) / 2.0 / period + animal.phase
    pose.x = stride * (cycle - middle)
    bob, pose.pitch, pose.flex = _sway(gait, cycle)
    pose.z = body.spine - drop + rise * bob
    steps = []
    for k in used:
        leg, since = legs[k], cycle - gait.touch[k]
        turn = np.floor(since)
        swing = np.clip((since - turn - gait.duty) / (1.0 - gait.duty), 0.0, 1.0)
        planted = stride * (turn + gait.touch[k] + gait.duty / 2.0 - middle)
        pose.tilt[:, k] = 0.9 * np.sin(np.pi * swing) * (1.0 - swing)
        pose.feet[:, k, 0] = planted + stride * _ease(swing) + leg.x + GATHER * (leg.tread - leg.x)
        pose.feet[:, k, 2] += gait.lift * high * np.sin(np.pi * swing) + leg.toe * np.sin(pose.tilt[:, k])
        loud = (0.5 + 0.3 * speed * size) * (body.mass / 30.0) ** 0.15
        first, last = (math.floor(c - gait.touch[k]) for c in (cycle[0], cycle[-1]))
        steps += [(period * (n + gait.touch[k] - animal.phase), k, loud) for n in range(first, last + 1)]
    fast = animal.action == "run"
    pose.look *= 0.15
    pose.neck += (-0.22 if fast else -0.08) + 0.6 * pose.pitch + 0.05 * np.cos(2.0 * np.pi * gait.beats * (cycle - 0.2))
    pose.head += 0.8 * pose.pitch + (0.12 if fast else 0.0)
    pose.tail += 0.45 if fast and animal.species != "elephant" else 0.1
    pose.wag = (0.1 if fast else 0.25) * np.sin(2.0 * np.pi * cycle)
    pose.trunk += 0.12 * np.sin(2.0 * np.pi * (2.0 * cycle[:, None] - np.array([0.0, 0.12, 0.25])))
    if animal.species == "bird":  # the head waits while the body comes on, then darts ahead
        beat = (2.0 * cycle) % 1.0
        pose.neck += 0.35 * (np.where(beat < 0.3, _ease(1.0 - beat / 0.3), _ease((beat - 0.3) / 0.7)) - 0.5)
    return steps


def jump(pose: Pose, animal: Animal, body: Body, times: Array) -> list[tuple[float, int, float]]:
    """One leap after another: crouching, pushing off, a parabola, landing, gathering."""
    size = animal.size
    gravity = GRAVITY / size
    rise, far = body.leap
    launch = math.sqrt(2.0 * gravity * rise)
    air = 2.0 * launch / gravity
    ahead = animal.speed / size if animal.speed else far / air
    folded = animal.species == "rabbit"  # its hind legs are so already as it sits
    deep = 0.010 if folded else 0.30 * (body.hind.z - body.hind.ankle)
    out = -0.01 * body.spine  # where it leaves the ground, over the standing height
    push = 2.0 * (deep + out) / launch
    lean = min(ahead * push / 4.0, 0.12 * body.spine)
    # When each part of a cycle ends: crouch, push, flight, landing, rising again, rest.
    marks = np.cumsum([0.24, push, air, push, 0.30, 0.20])
    cycle = times / marks[-1] + animal.phase
    middle = (times[0] + times[-1]) / 2.0 / marks[-1] + animal.phase
    gain = 4.0 * lean + ahead * air  # metres forward in each cycle

    def course(c: Array) -> tuple[Array, Array]:
        """How far and how high the spine is."""
        n = np.floor(c)
        t = (c - n) * marks[-1]
        a, b, d, e = (t < mark for mark in marks[:4])
        u, v, w = t - marks[0], t - marks[1], t - marks[2]
        x = np.where(
            a, -lean * _ease(t / marks[0]),
            np.where(b, -lean + 2.0 * lean * (u / push) ** 2,
            np.where(d, lean + ahead * v,
            np.where(e, lean + ahead * air + 2.0 * lean * (1.0 - (1.0 - w / push) ** 2),
            lean * 3.0 + ahead * air + lean * _ease((t - marks[3]) / 0.30)))),
        )  # fmt: skip
        z = np.where(
            a, -deep * _ease(t / marks[0]),
            np.where(b, -deep + (deep + out) * (u / push) ** 2,
            np.where(d, out + launch * v - gravity / 2.0 * v * v,
            np.where(e, -deep + (deep + out) * (1.0 - w / push) ** 2,
            -deep * (1.0 - _ease((t - marks[3]) / 0.30))))),
        )  # fmt: skip
        return n * gain + x, z

    start = course(np.array([middle]))[0][0]
    x, z = course(cycle)
    pose.x, pose.z = x - start, body.spine + z
    turn = np.floor(cycle)
    t = (cycle - turn) * marks[-1]
    pose.pitch = -0.34 * _pulse(t - marks[1] - 0.1 * air, 0.3 * air) + 0.26 * _pulse(t - marks[2], 0.28 * air)
    pose.flex = 0.14 * _pulse(t - marks[0], 0.10) - 0.12 * _pulse(t - marks[1] - 0.3 * air, 0.2 * air)
    steps = []
    for k, leg in enumerate(legs_of(body)):
        fore = k < 2 and animal.species != "bird"
        up = marks[1] - (0.45 * push if fore else 0.0)
        down = marks[2] + (0.0 if fore else 0.3 * push)
        u = np.clip((t - up) / (down - up), 0.0, 1.0)
        pose.feet[:, k, 0] += turn * gain + gain * _ease(u) - start
        tuck = (0.0 if folded else 0.30) * (leg.z - leg.ankle)
        pose.tilt[:, k] = 1.0 * np.sin(np.pi * u) * (1.0 - 0.5 * u)
        pose.feet[:, k, 2] += (
            4.0 * u * (1.0 - u) * rise + tuck * np.sin(np.pi * u) ** 2 + leg.toe * np.sin(pose.tilt[:, k])
        )
        if animal.species != "bird" or k > 1:
            first, last = (math.floor(c) for c in (cycle[0], cycle[-1]))
            steps += [
                (float(n * marks[-1] + down - animal.phase * marks[-1]), k, 0.7 * launch * size)
                for n in range(first, last + 1)
            ]
    pose.look *= 0.15
    pose.neck += 0.8 * pose.pitch
    pose.head += 0.8 * pose.pitch
    pose.tail += 0.5 * _pulse(t - marks[1] - 0.5 * air, 0.4 * air)
    pose.ear += 0.4 * _pulse(t - marks[2], 0.2)
    if animal.species == "bird":
        flying = _ease((t - marks[1] + 0.08) / 0.1) * (1.0 - _ease((t - marks[2]) / 0.1))
        pose.fold = 1.0 - flying
        pose.wing = 0.7 * flying * np.cos(2.0 * np.pi * (t - marks[1]) / (air / 2.0))
    return steps


def eat(pose: Pose, animal: Animal, body: Body, times: Array) -> list[tuple[float, int, float]]:
    """Head down to the ground: it nibbles or grazes, a bird pecks, an elephant picks up with its trunk."""
    clock = times + 5.0 * animal.phase
    if animal.species == "elephant":
        lift = _ease(1.6 * _wave(clock, 3.4, 0.0) + 0.2)[:, None]  # from the ground to the mouth
        low, high = np.array([-1.30, -1.60, -1.10]), np.array([-0.75, -2.0, -3.9])
        pose.trunk = low + lift * (high - low) + 0.06 * _wave(clock, 1.1, 0.0)[:, None]
        pose.head += -0.10 + 0.05 * lift[:, 0]
        pose.look *= 0.4
        return []
    if animal.species == "bird":
        down = _ease(1.1 * _wave(clock, 1.4, 0.0) + 0.6)
    else:
        down = 1.0 - 0.5 * _pulse((clock / 3.3) % 1.0 - 0.5, 0.12)
    pitch, drop = body.bow
    pose.pitch = pitch * down
    pose.z = body.spine - drop * down
    # The mouth goes to the ground by bending neck and head, in the chest's own axes, as the body is when it is down.
    x, z, neck, _ = body.neck
    mouth = math.hypot(*body.mouth)
    own = math.atan2(body.mouth[1], body.mouth[0])
    c, s = math.cos(pitch), math.sin(pitch)
    base = np.array([c * x + s * (z - body.spine), -s * x + c * (z - body.spine) + body.spine - drop])
    below = base[1] - 0.012 * body.tall
    span = 0.97 * (neck + mouth)
    aim = -math.asin(min(below / span, 1.0))
    inner = math.acos((neck**2 + span**2 - mouth**2) / (2.0 * neck * span))
    outer = math.acos((mouth**2 + span**2 - neck**2) / (2.0 * mouth * span))
    to_neck, to_head = aim + inner + pitch, aim - outer - own + pitch
    nibble = (
        (0.0 if animal.species == "bird" else 0.05) * _wave(clock, 0.42, 0.0) * (0.5 + 0.5 * _wave(clock, 1.7, 0.0))
    )
    pose.neck += (to_neck - pose.neck) * down + np.abs(nibble)
    pose.head += (to_head - pose.head) * down + np.abs(nibble)
    pose.look *= 0.35
    return []


def fly(pose: Pose, animal: Animal, body: Body, times: Array) -> list[tuple[float, int, float]]:
    """Along at height: a run of wing beats, then a glide on spread wings."""
    size = animal.size
    speed = (animal.speed or 2.6) / size
    clock = times + 2.0 * animal.phase
    beat = 2.0 * np.pi * 2.7 * clock
    work = 0.18 + 0.82 * _ease(1.8 * _wave(clock, 2.4, 0.1) + 1.0)
    pose.x = speed * (times - (times[0] + times[-1]) / 2.0)
    pose.z = 1.35 / size - 0.025 * work * np.sin(beat + 0.6) + 0.05 * _wave(clock, 2.4, -0.1)
    pose.pitch = 0.28 + 0.05 * _wave(clock, 2.4, 0.1)
    pose.neck += -0.35 - pose.neck + 0.75
    pose.look *= 0.3
    pose.fold[:] = 0.0
    pose.wing = 0.12 + 0.85 * work * np.sin(beat)
    pose.wing_tip = 0.65 * work * np.sin(beat - 1.0) + 0.04
    for k in (2, 3):
        pose.feet[:, k, 0] = pose.x - 0.11
        pose.feet[:, k, 2] = pose.z - 0.075
        pose.tilt[:, k] = 1.3
    pose.feet[:, :2] += np.stack([pose.x, 0.0 * pose.x, pose.z - body.spine], 1)[:, None]
    return []
