"""Acting: how people move, breathe, look and speak, as bones over time, and what is heard of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vitascope.world.contact import Contact, ContactKind
from vitascope.world.expression import PAUSE, PHRASE, expressed, speaking
from vitascope.world.figure import Bones, heading, turned
from vitascope.world.gait import RUN, WALK, Gait, stride
from vitascope.world.people import Measures, measures
from vitascope.world.pose import SIDES, Array, Pose, bones_of, hanging, keyed, lower, reach, standing
from vitascope.world.scene import Person, PersonAction

GRAVITY = 9.81  # m/s²
TURN = 2.0 * math.pi
CLAP = 0.44  # seconds from clap to clap
JUMP, JUMP_OFF = 2.0, 0.72  # seconds: of one jump with its pause, and until the feet leave the ground
DANCE = 2.0  # seconds of four beats
BOW = 2.8
POINT = 3.6
NOD = 1.7


@dataclass
class Doing:
    """An action under way: who acts, when, the pose so far, and what is heard (with places in the figure's axes)."""

    person: Person
    m: Measures
    t: Array  # [T] seconds
    middle: float  # when the person is at its place
    pose: Pose
    heard: list[Contact] = field(default_factory=list)

    def cycle(self, seconds: float) -> Array:
        """How many times an action of this length has been done, with the person's phase. [T]"""
        return self.t / seconds + self.person.phase

    def each(self, seconds: float, share: float = 0.0) -> list[float]:
        """The times within the clip at which an action of this length has done this share of itself."""
        first, last = float(self.t[0]), float(self.t[-1])
        offset = share - self.person.phase
        low, high = math.ceil(first / seconds - offset - 1e-9), math.floor(last / seconds - offset + 1e-9)
        return [(n + offset) * seconds for n in range(low, high + 1)]

    def hear(
        self,
        time: float,
        kind: ContactKind,
        point: Array,
        speed: float,
        materials: tuple[str, ...],
        seconds: float = 0.0,
    ) -> None:
        mass = 22.0 * self.m.height**2
        x, y, z = (float(v) for v in point)
        self.heard.append(Contact(time, kind, (-2, -1), (x, y, z), 0.3 * mass * speed, speed, materials, seconds))

    @property
    def lead(self) -> int:
        """The arm that the camera sees best: 0 left, 1 right."""
        return 1 if math.sin(math.radians(self.person.facing)) > -0.5 else 0


def act(person: Person, times: NDArray[np.float64]) -> tuple[Bones, tuple[Contact, ...]]:
    """What a person does at `times` [T] (rising, seconds): its bones in the world, its face, and what is heard.

    Who walks or runs is at its position in the middle of the times. Raises ValueError where there is no time.
    """
    t = np.asarray(times, np.float64)
    if t.ndim != 1 or not len(t):
        raise ValueError(f"times must be [T] seconds with T > 0, but had the shape {t.shape}")
    m = measures(person)
    doing = Doing(person, m, t, 0.5 * float(t[0] + t[-1]), standing(m, len(t)))
    ACTIONS[person.action](doing)
    _mood(doing)
    place, turn = bones_of(doing.pose, m)
    world, base = heading(person.facing), np.array((*person.position, 0.0))
    face = expressed(person, t, doing.pose.glance)
    bones = Bones(base + place @ world.T, world @ turn, face)
    heard = sorted(doing.heard, key=lambda contact: contact.time)
    return bones, tuple(_moved(contact, world, base) for contact in heard)


def _moved(contact: Contact, world: Array, base: Array) -> Contact:
    x, y, z = (float(v) for v in world @ np.array(contact.point) + base)
    return replace(contact, point=(x, y, z))


def _mood(doing: Doing) -> None:
    """What the expression does to the way the head and chest are held."""
    chest, head = {
        "neutral": (0.0, 0.0),
        "happy": (-0.03, -0.03),
        "sad": (0.1, 0.14),
        "angry": (0.05, 0.06),
        "surprised": (-0.05, -0.06),
    }[doing.person.expression]
    doing.pose.chest = doing.pose.chest @ turned("y", chest)
    doing.pose.head = doing.pose.head @ turned("y", head)


def _at_ease(doing: Doing, share: float = 1.0) -> None:
    """Breathing, and weight that goes from leg to leg."""
    m, pose = doing.m, doing.pose
    shift = share * np.sin(TURN * (doing.t / 5.6 + doing.person.phase))
    breath = np.sin(TURN * doing.t / 3.3)
    pose.pelvis[:, 1] += 0.02 * m.height * shift
    pose.pelvis_turn = turned("z", 0.05 * shift) @ turned("x", 0.035 * shift)
    pose.chest = turned("x", -0.05 * shift) @ turned("y", -0.012 * breath)
    pose.head = turned("x", 0.03 * shift) @ turned("y", 0.012 * breath) @ turned("z", 0.06 * shift)
    for arm, side in enumerate(SIDES):
        pose.shoulder[arm] = hanging(side, 0.03 + 0.02 * breath, 0.13 + 0.012 * breath, 0.25)
    lower(pose, m)


def _stand(doing: Doing) -> None:
    _at_ease(doing)


def _walk(doing: Doing) -> None:
    _go(doing, WALK)


def _run(doing: Doing) -> None:
    _go(doing, RUN)


def _go(doing: Doing, gait: Gait) -> None:
    person, m = doing.person, doing.m
    sway = {"woman": 1.2, "man": 0.85, "girl": 1.1, "boy": 1.0}[person.who]
    steps = stride(doing.pose, m, gait, doing.t - doing.middle, person.speed, person.phase, sway)
    for time, place in steps:
        doing.hear(time + doing.middle, "footstep", place, 2.2 if gait is RUN else 0.9, ("shoe",))


def _wave(doing: Doing) -> None:
    m, pose, arm = doing.m, doing.pose, doing.lead
    side, num = SIDES[arm], len(doing.t)
    _at_ease(doing, 0.5)
    swing = np.sin(TURN * doing.cycle(0.62))
    ahead, out, up = np.full(num, 0.42), side * (0.56 + 0.24 * swing), 0.6 - 0.07 * swing**2
    place = np.stack([ahead, out, up], axis=-1) * (m.upper_arm + m.forearm) * 0.92
    fingers = np.stack([0.1 + 0 * swing, side * 0.6 * swing, np.ones(num)], axis=-1)
    reach(pose, m, arm, place, np.array((-0.25, side, -0.75)), fingers, np.array((1.0, 0.0, -0.1)))
    pose.curl[arm], pose.index[arm] = np.full(num, 0.08), np.full(num, 0.0)
    pose.chest = pose.chest @ turned("x", np.full(num, side * 0.05))
    pose.head = pose.head @ turned("x", side * -0.09 + 0.03 * swing)


def _nod(doing: Doing) -> None:
    _at_ease(doing, 0.5)
    u = doing.cycle(NOD) % 1.0
    down = np.where(u < 0.75, np.sin(2.0 * TURN * u / 1.5) ** 2, 0.0)
    doing.pose.head = doing.pose.head @ turned("y", 0.42 * down - 0.06)
    doing.pose.chest = doing.pose.chest @ turned("y", 0.04 * down)
    doing.pose.glance[:, 1] += 0.35 * down


def _clap(doing: Doing) -> None:
    m, pose, num = doing.m, doing.pose, len(doing.t)
    _at_ease(doing, 0.4)
    apart = np.abs(np.sin(math.pi * doing.cycle(CLAP)))
    thick = 0.15 * m.hand * (1.0 + 0.1 * m.child)
    pose.chest = pose.chest @ turned("y", 0.02 * (1.0 - apart))
    for arm, side in enumerate(SIDES):
        fingers = np.stack([0.75 + 0 * apart, side * 0.25 * apart, np.full(num, 0.66)], axis=-1)
        fingers /= np.linalg.norm(fingers, axis=-1, keepdims=True)
        palm = np.stack([0.0 * apart, np.full(num, -float(side)), 0.0 * apart], axis=-1)
        palms = np.stack(
            [np.full(num, 0.19 * m.height), side * (thick + 0.125 * m.height * apart), np.full(num, -0.035 * m.height)],
            axis=-1,
        )
        joint = np.array((0.0, side * m.shoulders, 0.0))
        reach(pose, m, arm, palms - 0.26 * m.hand * fingers - joint, np.array((-0.4, 0.7 * side, -1.0)), fingers, palm)
        pose.curl[arm], pose.index[arm] = np.full(num, 0.0), np.full(num, 0.0)
    meet = np.array((0.19 * m.height, 0.0, m.hip + m.waist + m.shoulder - 0.035 * m.height))
    for time in doing.each(CLAP):
        doing.hear(time, "impact", meet, 2.0, ("skin", "skin"))


def _point(doing: Doing) -> None:
    m, pose, arm = doing.m, doing.pose, doing.lead
    side = SIDES[arm]
    _at_ease(doing, 0.5)
    # Aside when seen from the front or back, so that the arm is not foreshortened.
    aside = 1.15 * abs(math.cos(math.radians(doing.person.facing)))
    u = doing.cycle(POINT) % 1.0
    up = keyed(u, ((0.0, 0.0), (0.14, 1.0), (0.84, 1.0), (0.98, 0.0), (1.0, 0.0)))
    jab = up * np.clip(np.sin(TURN * 1.6 * doing.t), 0.0, 1.0) ** 2
    way = np.array((math.cos(aside), side * math.sin(aside), 0.06))
    rest = np.array((0.12, side * 0.14, -0.97))
    line = rest + up[:, None] * (way - rest) + (up * (1.0 - up))[:, None] * np.array((0.7, 0.25 * side, 0.0))
    line /= np.linalg.norm(line, axis=-1, keepdims=True)
    place = (0.93 + up * (0.04 + 0.022 * jab))[:, None] * (m.upper_arm + m.forearm) * line
    palm = np.stack([0.0 * up, -side * (1.0 - up), -0.9 * up], axis=-1) + np.array((0.0, -side * 0.25, 0.0))
    reach(pose, m, arm, place, np.array((-0.5, 0.3 * side, -1.0)), line, palm)
    pose.curl[arm] = 0.45 + 1.85 * up
    pose.index[arm] = 0.25 * (1.0 - up)
    pose.chest = pose.chest @ turned("z", side * (0.22 * aside) * up)
    pose.head = pose.head @ turned("z", side * 0.4 * aside * up)
    pose.glance[:, 0] += side * 0.5 * min(aside, 1.0) * up


def _talk(doing: Doing) -> None:
    m, pose, t, num = doing.m, doing.pose, doing.t, len(doing.t)
    _at_ease(doing, 0.8)
    loud = speaking(doing.person, t)[0]
    start = TURN * doing.person.phase
    a = np.sin(TURN * 0.83 * t + start) + 0.4 * np.sin(TURN * 1.71 * t + 2.0 * start)
    b = np.sin(TURN * 0.67 * t + 1.3 + start) + 0.4 * np.sin(TURN * 1.37 * t)
    pose.head = pose.head @ turned("y", 0.05 * b * loud) @ turned("z", 0.09 * a) @ turned("x", 0.05 * b)
    pose.chest = pose.chest @ turned("z", 0.04 * a)
    long = m.upper_arm + m.forearm
    for arm, side in enumerate(SIDES):
        beat = a if arm == 0 else b
        place = (
            np.stack([0.52 + 0.08 * beat, side * (0.06 + 0.16 * b), -0.44 + 0.17 * beat * (0.4 + 0.6 * loud)], axis=-1)
            * long
        )
        fingers = np.stack([np.ones(num), side * (-0.25 + 0.2 * b), 0.35 + 0.3 * beat], axis=-1)
        palm = np.stack([0.2 + 0 * beat, np.full(num, -float(side)), 0.8 + 0.3 * beat], axis=-1)
        reach(pose, m, arm, place, np.array((-0.6, 0.5 * side, -1.0)), fingers, palm)
        pose.curl[arm], pose.index[arm] = 0.35 + 0.15 * beat, 0.15 + 0.1 * beat
    mouth = np.array((0.4 * m.head, 0.0, m.height - 0.7 * m.head))
    first, last = float(t[0]), float(t[-1])
    for n in range(-1, len(doing.each(PHRASE + PAUSE)) + 1):
        begin = (math.ceil(first / (PHRASE + PAUSE) + doing.person.phase) + n - doing.person.phase) * (PHRASE + PAUSE)
        start_, end = max(begin, first), min(begin + PHRASE, last)
        if end > start_:
            doing.hear(start_, "speech", mouth, 1.0, ("voice", doing.person.who), end - start_)


def _bow(doing: Doing) -> None:
    m, pose = doing.m, doing.pose
    u = doing.cycle(BOW) % 1.0
    down = keyed(u, ((0.0, 0.0), (0.08, 0.0), (0.36, 1.0), (0.52, 1.0), (0.86, 0.0), (1.0, 0.0)))
    pose.pelvis[:, 0] -= 0.1 * m.height * down
    pose.pelvis_turn = turned("y", 0.9 * down)
    pose.chest = turned("y", 0.35 * down)
    pose.head = turned("y", 0.15 * down)
    for arm, side in enumerate(SIDES):
        pose.shoulder[arm] = hanging(side, 0.02 + 0.6 * down, 0.1 + 0.0 * down, 0.15)
        pose.elbow[arm] = 0.2 - 0.1 * down
        # Feet close together.
        pose.ankle[arm][:, 1] = side * m.hips
        pose.foot[arm] = np.tile(turned("z", 0.1 * side), (len(u), 1, 1))
    lower(pose, m)


def _tiptoe(m: Measures, pitch: Array) -> tuple[Array, Array]:
    """(x, height) of an ankle over a foot whose heel is raised by `pitch`, its toes where they were."""
    up = m.ankle - m.sole
    return m.toe * (1.0 - np.cos(pitch)) + up * np.sin(pitch), m.sole + m.toe * np.sin(pitch) + up * np.cos(pitch)


def _jump(doing: Doing) -> None:
    m, pose, h = doing.m, doing.pose, doing.m.height
    u = doing.cycle(JUMP) % 1.0 * JUMP
    speed = math.sqrt(2.0 * GRAVITY * 0.19 * h)
    off, land = JUMP_OFF, JUMP_OFF + 2.0 * speed / GRAVITY
    push = 0.75
    forward, raised = (float(v) for v in _tiptoe(m, np.array(push)))
    rest = m.hip * 0.996
    leave = rest + raised - m.ankle - 0.016 * h  # not quite stretched: straight knees would snap
    deep = min(0.15 * h, 0.36 * (m.thigh + m.shin))
    z = keyed(
        u,
        (
            (0.0, rest),
            (0.1, rest),
            (off - 0.26, rest - deep, 0.0),
            (off, leave, speed),
            (land, leave, -speed),
            (land + 0.2, rest - 0.85 * deep, 0.0),
            (land + 0.62, rest, 0.0),
            (JUMP, rest),
        ),
    )
    flying = (u > off) & (u < land)
    since = np.clip(u - off, 0.0, land - off)
    z = np.where(flying, leave + speed * since - 0.5 * GRAVITY * since**2, z)
    pitch = keyed(u, ((0.0, 0.0), (off - 0.2, 0.0), (off, push), (land, push), (land + 0.11, 0.0), (JUMP, 0.0)))
    pose.pelvis[:, 0] = keyed(
        u,
        ((0.0, 0.0), (0.1, 0.0), (off - 0.26, -0.045 * h), (off, 0.6 * forward), (land, 0.6 * forward),
         (land + 0.2, -0.04 * h), (land + 0.62, 0.0), (JUMP, 0.0)),
    )  # fmt: skip
    pose.pelvis[:, 2] = z
    bend = keyed(
        u,
        ((0.0, 0.0), (0.1, 0.0), (off - 0.24, 1.0), (off, -0.1), (land - 0.12, 0.1), (land + 0.2, 0.85),
         (land + 0.62, 0.0), (JUMP, 0.0)),
    )  # fmt: skip
    pose.pelvis_turn, pose.chest, pose.head = (
        turned("y", 0.42 * bend),
        turned("y", 0.24 * bend),
        turned("y", -0.45 * bend),
    )
    arms = keyed(
        u,
        ((0.0, 0.03), (0.1, 0.03), (off - 0.3, -0.75), (off, 1.75), (off + 0.17, 2.6), (land - 0.05, 1.5),
         (land + 0.2, 0.5), (land + 0.62, 0.03), (JUMP, 0.03)),
    )  # fmt: skip
    x, height = _tiptoe(m, pitch)
    tuck = np.where(flying, 0.075 * h * np.sin(math.pi * since / (land - off)) ** 2, 0.0)
    lift = np.where(flying, z - leave, 0.0) + tuck
    for arm, side in enumerate(SIDES):
        pose.shoulder[arm] = hanging(side, arms, 0.16 + 0.1 * np.clip(arms, 0.0, 1.0), 0.2)
        pose.elbow[arm] = 0.3 + 0.35 * np.clip(bend, 0.0, 1.0)
        pose.ankle[arm] = np.stack([x, np.full_like(x, side * (m.hips + 0.012 * h)), height + lift], axis=-1)
        # A foot that tips over its toes points straight ahead, or it would slide.
        pose.foot[arm] = turned("y", pitch)
    for time in doing.each(JUMP, land / JUMP):
        doing.hear(time, "footstep", np.array((m.toe, 0.0, 0.0)), speed, ("shoe",))


def _dance(doing: Doing) -> None:
    m, pose, h, num = doing.m, doing.pose, doing.m.height, len(doing.t)
    c = doing.cycle(DANCE)
    beat, sway = TURN * 4.0 * c, np.sin(TURN * c)  # sway: 1 when all weight is on the left foot
    late = np.sin(TURN * (c - 0.06))
    pose.pelvis[:, 1] = 0.06 * h * sway
    pose.pelvis[:, 2] = 0.985 * m.hip - 0.03 * h * (0.5 + 0.5 * np.cos(beat))
    spin = 0.28 * np.sin(TURN * (c - 0.12))
    pose.pelvis_turn = turned("z", spin) @ turned("x", 0.13 * sway)
    pose.chest = turned("z", -0.7 * spin) @ turned("x", -0.24 * late) @ turned("y", 0.05 * np.cos(beat))
    pose.head = turned("x", 0.2 * late) @ turned("y", 0.07 * np.cos(beat) - 0.03) @ turned("z", 0.4 * spin)
    long = m.upper_arm + m.forearm
    for k, side in enumerate(SIDES):
        # The foot without weight steps up, knee raised, and is put down again before it is needed.
        free = (c - (0.5 if k == 0 else 0.0)) % 1.0  # 0 .. 0.5 while the weight is on the other foot
        f = np.clip((free - 0.06) / 0.38, 0.0, 1.0)
        up = np.sin(math.pi * f) ** 2
        ankle = pose.ankle[k]
        ankle[:, 0] += 0.07 * h * up
        ankle[:, 1] = side * (m.hips + 0.035 * h - 0.01 * h * up)
        ankle[:, 2] += 0.13 * h * up
        pose.foot[k] = turned("z", np.full(num, 0.2 * side)) @ turned("y", 0.45 * up)
        rise = side * np.sin(TURN * (c + 0.02))
        place = (
            np.stack([0.4 + 0.06 * np.cos(beat), side * (0.5 - 0.12 * rise), 0.16 + 0.62 * rise], axis=-1) * long * 0.9
        )
        fingers = np.stack([np.full(num, 0.35), -0.25 * side + 0.2 * rise, 0.9 + 0.2 * rise], axis=-1)
        reach(pose, m, k, place, np.array((-0.5, side, -0.8)), fingers, np.array((0.3, -float(side), 0.0)))
        pose.curl[k], pose.index[k] = np.full(num, 0.7), np.full(num, 0.45)
    lower(pose, m)
    for k, side in enumerate(SIDES):
        for time in doing.each(DANCE, 0.44 + (0.5 if k == 0 else 0.0)):
            doing.hear(time, "footstep", np.array((0.0, side * (m.hips + 0.035 * h), 0.0)), 1.0, ("shoe",))


ACTIONS: dict[PersonAction, Callable[[Doing], None]] = {
    "stand": _stand,
    "walk": _walk,
    "run": _run,
    "wave": _wave,
    "jump": _jump,
    "dance": _dance,
    "bow": _bow,
    "clap": _clap,
    "nod": _nod,
    "point": _point,
    "talk": _talk,
}
