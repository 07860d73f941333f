"""People: the measures of their bodies and how they look, as parts on bones.

A bone's axes are the figure's own while it stands upright with its arms hanging: x forward, y to its left, z up; the
bone begins at its joint. Palms then face the thighs and thumbs point forward.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitascope.world.figure import (
    BEARD,
    BLUSH,
    BROWS,
    EYE_SCALE,
    FACE_MOTION,
    FACE_SIZE,
    IRIS,
    LIPS,
    Build,
    Figure,
    Point,
    turned,
)
from vitascope.world.figure import Colour as Paint
from vitascope.world.hair import HAIRS, wear
from vitascope.world.render import CLOTH, FACE
from vitascope.world.scene import COLOURS, Person, Skin


class Bone(IntEnum):
    """The bones of a person. The two of the skirt follow the foremost and the hindmost thigh."""

    PELVIS = 0
    CHEST = 1
    HEAD = 2
    ARM_L = 3
    FOREARM_L = 4
    HAND_L = 5
    FINGERS_L = 6
    INDEX_L = 7
    ARM_R = 8
    FOREARM_R = 9
    HAND_R = 10
    FINGERS_R = 11
    INDEX_R = 12
    THIGH_L = 13
    SHIN_L = 14
    FOOT_L = 15
    THIGH_R = 16
    SHIN_R = 17
    FOOT_R = 18
    SKIRT_FRONT = 19
    SKIRT_BACK = 20


SKINS: dict[Skin, Paint] = {
    "pale": (0.82, 0.58, 0.48),
    "fair": (0.74, 0.45, 0.31),
    "tan": (0.52, 0.28, 0.155),
    "brown": (0.27, 0.122, 0.06),
    "dark": (0.105, 0.046, 0.026),
}
CLOTHES: dict[str, Any] = {"texture": CLOTH, "gloss": 0.03}
SHIRT: Paint = (0.76, 0.75, 0.72)
IRISES: tuple[Paint, ...] = ((0.12, 0.05, 0.018), (0.05, 0.02, 0.01), (0.06, 0.20, 0.42), (0.07, 0.20, 0.09))
SHOES: tuple[Paint, ...] = ((0.035, 0.03, 0.03), (0.16, 0.06, 0.025), (0.72, 0.71, 0.68), (0.28, 0.05, 0.04))


@dataclass(frozen=True)
class Measures:
    """Lengths of a body in metres. A foot bears on two points, `sole` above the ground, behind and before the ankle."""

    height: float
    head: float  # from chin to crown
    hip: float  # height of the hip joints
    hips: float  # half the distance between them
    waist: float  # from the hip joints up to where the chest begins to turn
    shoulder: float  # from there up to the shoulder joints
    shoulders: float  # half the distance between them
    neck: float  # from the waist up to where the head turns
    upper_arm: float
    forearm: float
    hand: float  # from the wrist to the tip of the fingers
    thigh: float
    shin: float
    ankle: float  # height of the ankle
    heel: float
    toe: float
    sole: float
    width: float  # of limbs, as a factor
    child: float  # 0 for adults, to 1 for the smallest


def measures(person: Person) -> Measures:
    """The measures of a person's body, from who it is and its height alone."""
    h = person.height
    young = person.who in ("girl", "boy")
    child = float(np.clip((1.7 - h) / 0.55, 0.35, 1.0)) if young else 0.0
    woman, man = person.who == "woman", person.who == "man"
    head = h * (0.19 + 0.062 * child - 0.007 * man)
    hip = h * (0.476 - 0.082 * child + 0.008 * woman)
    waist = h * 0.095
    chin = h - head
    ankle = h * 0.045
    return Measures(
        height=h,
        head=head,
        hip=hip,
        hips=h * (0.05 + 0.003 * woman - 0.004 * child),
        waist=waist,
        shoulder=chin - 0.066 * h + 0.012 * h * child - hip - waist,
        shoulders=h * (0.09 + 0.02 * man - 0.002 * child),
        neck=chin + 0.14 * head - hip - waist,
        upper_arm=h * (0.162 - 0.022 * child),
        forearm=h * (0.142 - 0.02 * child),
        hand=h * 0.098,
        thigh=0.515 * (hip - ankle),
        shin=0.485 * (hip - ankle),
        ankle=ankle,
        heel=h * 0.022,
        toe=h * 0.08,
        sole=h * 0.026,
        width=1.0 + 0.1 * man - 0.08 * woman + 0.08 * child,
        child=child,
    )


def build(person: Person, rng: np.random.Generator) -> Figure:
    """The figure of a person, at most 44 parts; `rng` chooses the shoes."""
    m = measures(person)
    made = Build()
    skin = SKINS[person.skin]
    shoes = SHOES[int(rng.integers(len(SHOES)))]
    _torso(made, person, m, skin)
    for side in (1, -1):
        _arm(made, person, m, side, skin)
        _hand(made, m, side, skin)
        _leg(made, person, m, side, skin)
        _foot(made, person, m, side, shoes)
    if _flared(person):
        _skirt(made, person, m)
    _head(made, person, m, skin)
    return made.figure()


def _flared(person: Person) -> bool:
    return person.top == "dress" or person.bottom == "skirt"


def _torso(made: Build, person: Person, m: Measures, skin: Paint) -> None:
    h, w, chest = m.height, m.width, int(Bone.CHEST)
    woman, man, coat = person.who == "woman", person.who == "man", person.top == "coat"
    top, bottom = COLOURS[person.top_colour], COLOURS[person.bottom_colour]
    stout = 1.14 if coat else 1.06 if person.top == "jumper" else 1.0
    broad, up = m.shoulders, m.shoulder
    deep = 0.06 * h * w * stout
    wide = (m.hips + 0.044 * h) * stout
    if not _flared(person) and not coat:
        made.egg((0.06 * h * w, m.hips + 0.044 * h, 0.068 * h), bottom, at=(-0.004 * h, 0.0, 0.004 * h), **CLOTHES)
    # What is worn on the upper body reaches down over the hips.
    low = 0.095 * h if coat else 0.078 * h
    made.egg((deep * (0.96 if coat else 1.04), wide * 1.03, low), top, at=(-0.003 * h, 0.0, 0.054 * h), **CLOTHES)
    slim = 0.76 if woman else 0.88
    made.egg((0.88 * deep, slim * wide, 0.1 * h), top, bone=chest, at=(0.0, 0.0, 0.02 * h), **CLOTHES)
    made.egg(
        (deep * (1.03 + 0.05 * man), (0.92 if woman else 0.97) * broad * stout, 0.76 * up),
        top,
        bone=chest,
        at=(0.006 * h * woman, 0.0, 0.5 * up),
        **CLOTHES,
    )
    # From the neck the shoulders slope down to the arms.
    made.egg((0.042 * h * stout, broad * (0.97 + 0.05 * coat), 0.05 * h), top, bone=chest, at=(0.0, 0.0, up), **CLOTHES)
    neck = 0.029 * h * (1.0 + 0.14 * man + 0.06 * m.child)
    made.pill(neck, (-0.006 * h, 0.0, up), (0.002 * h, 0.0, m.neck), skin, bone=chest)
    if person.top == "jumper":
        made.egg((0.043 * h, 0.047 * h, 0.022 * h), top, bone=chest, at=(0.0, 0.0, up + 0.044 * h), **CLOTHES)
    elif coat:  # with a shirt between its lapels
        front = deep * 1.05
        made.egg((0.022 * h, 0.027 * h, 0.075 * h), SHIRT, bone=chest, at=(front - 0.018 * h, 0.0, up - 0.022 * h))
        for side in (1, -1):
            lean = turned("z", 0.5 * side) @ turned("x", -0.3 * side) @ turned("y", -0.12)
            at = (front - 0.003 * h, 0.029 * h * side, up - 0.024 * h)
            made.egg((0.011 * h, 0.021 * h, 0.068 * h), top, bone=chest, at=at, turn=lean, **CLOTHES)


def _arm(made: Build, person: Person, m: Measures, side: int, skin: Paint) -> None:
    h, w, top = m.height, m.width, COLOURS[person.top_colour]
    arm, fore = (Bone.ARM_L, Bone.FOREARM_L) if side > 0 else (Bone.ARM_R, Bone.FOREARM_R)
    elbow, joint = (0.0, 0.0, -m.upper_arm), (0.0, -0.004 * h * side, 0.0)
    if person.top in ("jumper", "coat"):
        thick = 1.14 if person.top == "coat" else 1.0
        made.pill(0.0305 * h * w * thick, joint, elbow, top, bone=arm, **CLOTHES)
        made.pill(0.03 * h * w * thick, (0.0, 0.0, 0.0), (0.0, 0.0, -0.9 * m.forearm), top, bone=fore, **CLOTHES)
    else:
        made.pill(0.0325 * h * w, joint, (0.0, 0.0, -0.4 * m.upper_arm), top, bone=arm, **CLOTHES)
        made.pill(0.0245 * h * w, (0.0, 0.0, -0.3 * m.upper_arm), elbow, skin, bone=arm)
        made.pill(0.0243 * h * w, (0.0, 0.0, 0.0), (0.0, 0.0, -m.forearm), skin, bone=fore)


def _hand(made: Build, m: Measures, side: int, skin: Paint) -> None:
    s = m.hand * (1.0 + 0.1 * m.child)
    hand, fingers, index = (
        (Bone.HAND_L, Bone.FINGERS_L, Bone.INDEX_L) if side > 0 else (Bone.HAND_R, Bone.FINGERS_R, Bone.INDEX_R)
    )
    made.egg((0.27 * s, 0.15 * s, 0.34 * s), skin, bone=hand, at=(0.0, 0.0, -0.24 * s))
    # The other fingers lie beside the index, which has a bone of its own to point with.
    made.egg((0.2 * s, 0.105 * s, 0.3 * s), skin, bone=fingers, at=(0.0, 0.0, -0.2 * s))
    made.pill(0.078 * s, (0.0, 0.0, 0.0), (0.0, 0.0, -0.38 * s), skin, bone=index)
    inward = -0.05 * s * side
    made.pill(0.085 * s, (0.14 * s, inward, -0.16 * s), (0.34 * s, inward, -0.4 * s), skin, bone=hand)


def _leg(made: Build, person: Person, m: Measures, side: int, skin: Paint) -> None:
    h, w = m.height, m.width
    thigh, shin = (Bone.THIGH_L, Bone.SHIN_L) if side > 0 else (Bone.THIGH_R, Bone.SHIN_R)
    top, bottom = COLOURS[person.top_colour], COLOURS[person.bottom_colour]
    knee, none = (0.0, 0.0, -m.thigh), (0.0, 0.0, 0.0)
    if person.bottom == "trousers" and person.top != "dress":
        made.pill(0.04 * h * w, none, knee, bottom, bone=thigh, **CLOTHES)
        if person.top != "coat":
            above = (0.052 * h * w, 0.05 * h * w, 0.55 * m.thigh)
            made.egg(above, bottom, bone=thigh, at=(0.0, 0.0, -0.36 * m.thigh), **CLOTHES)
        made.pill(0.0395 * h * w, none, (0.0, 0.0, -0.8 * m.shin), bottom, bone=shin, **CLOTHES)
    else:
        made.pill(0.0325 * h * w, none, knee, skin, bone=thigh)
        made.pill(0.0305 * h * w, (0.002 * h, 0.0, 0.0), (0.0, 0.0, -m.shin), skin, bone=shin)
        if not _flared(person) and person.top != "coat":
            made.egg(
                (0.034 * h * w, 0.033 * h * w, 0.4 * m.shin), skin, bone=shin, at=(-0.006 * h, 0.0, -0.32 * m.shin)
            )
        if not _flared(person):
            made.can(
                0.052 * h * w, (0.0, 0.0, 0.02 * h), (0.004 * h, 0.0, -0.62 * m.thigh), bottom, bone=thigh, **CLOTHES
            )
    if person.top == "coat" and not _flared(person):  # its tails; over a skirt it is a short one
        wide, middle = 0.064 * h * w, (0.0, -0.012 * h * side, 0.0)
        made.ball(wide, top, bone=thigh, at=middle, **CLOTHES)
        made.can(wide, middle, (0.0, -0.002 * h * side, -0.5 * m.thigh), top, bone=thigh, **CLOTHES)


def _foot(made: Build, person: Person, m: Measures, side: int, shoes: Paint) -> None:
    h, low = m.height, -m.ankle
    foot = Bone.FOOT_L if side > 0 else Bone.FOOT_R
    long = m.heel + m.toe + 2 * m.sole
    middle = 0.5 * (m.toe - m.heel)
    # All of the shoe lies within the hull of the two balls that it rolls on, so that it never cuts into the ground.
    made.egg((0.5 * long, 0.034 * h, m.sole), shoes, bone=foot, at=(middle, 0.0, low + m.sole), gloss=0.3)
    if person.bottom == "trousers" and not _flared(person):
        made.egg((0.046 * h, 0.038 * h, m.sole), shoes, bone=foot, at=(m.toe - 0.02 * h, 0.0, low + m.sole), gloss=0.3)
    made.egg((0.036 * h, 0.031 * h, 0.046 * h), shoes, bone=foot, at=(0.0, 0.0, low + 0.05 * h), gloss=0.3)


def _skirt(made: Build, person: Person, m: Measures) -> None:
    """Folds around the legs: those in front and behind swing with the thighs."""
    colour = COLOURS[person.top_colour if person.top == "dress" else person.bottom_colour]
    h, long, folds = m.height, 0.74 * m.thigh, 7 if person.top == "coat" else 8
    for k in range(folds):
        angle = (k + 0.5) * 2.0 * np.pi / folds
        x, y = float(np.cos(angle)), float(np.sin(angle))
        bone = Bone.SKIRT_FRONT if x > 0.5 else Bone.SKIRT_BACK if x < -0.5 else Bone.PELVIS
        waist = (0.03 * h * x, 0.056 * h * y, 0.03 * h)
        hem = (0.095 * h * x, 0.112 * h * y, -long)
        made.pill(0.044 * h, waist, hem, colour, bone=bone, **CLOTHES)


def _head(made: Build, person: Person, m: Measures, skin: Paint) -> None:
    bone, size = int(Bone.HEAD), m.head
    round_ = 0.03 * m.child
    radii = ((0.44 + round_) * size, (0.41 + round_ - 0.008 * (person.who == "woman")) * size, 0.5 * size)
    at = (0.05 * size, 0.0, 0.36 * size)

    def on(x: float, y: float, z: float) -> Point:
        return at[0] + x * radii[0], y * radii[1], at[2] + z * radii[2]

    made.egg(radii, skin, bone=bone, at=at, texture=FACE)
    r, g, b = skin
    warm = (min(1.03 * r, 0.9), 0.92 * g, 0.89 * b)
    nose = 0.054 * size * (1.12 if person.who == "man" else 0.9)
    made.egg((1.3 * nose, 0.95 * nose, 1.3 * nose), warm, bone=bone, at=on(0.96, 0.0, -0.16))
    if (
        person.hair != "curly"
        and person.hair != "long"
        and not (person.hair == "short" and person.who in ("woman", "girl"))
    ):
        for side in (1, -1):
            made.egg((0.075 * size, 0.035 * size, 0.105 * size), warm, bone=bone, at=on(-0.08, 1.04 * side, -0.06))
    wear(made, person, bone, on, radii)


def face_look(person: Person) -> NDArray[np.float32]:
    """How the face looks, [12]: a face's numbers from `IRIS` on; colours are linear RGB. The same for equal people."""
    look = np.zeros(FACE_SIZE, np.float32)
    kept = f"{person.who} {person.skin} {person.hair} {person.hair_colour} {person.height:.3f}"
    rng = np.random.default_rng(zlib.crc32(kept.encode()))
    skin, hair = np.array(SKINS[person.skin]), np.array(HAIRS[person.hair_colour])
    light = person.skin in ("pale", "fair")
    look[IRIS : IRIS + 3] = IRISES[int(rng.integers(len(IRISES) if light else 2))]
    # Brows darker than the hair and the skin, or else much lighter, so that they are never lost.
    paler = hair.sum() > 2.5 * skin.sum()
    look[BROWS : BROWS + 3] = 0.7 * hair if paler else np.minimum(0.55 * hair, 0.3 * skin)
    red = (0.52, 0.10, 0.10) if person.who in ("woman", "girl") else (0.46, 0.17, 0.13)
    share = 0.62 if person.who == "woman" else 0.4
    look[LIPS : LIPS + 3] = (1.0 - share) * 0.75 * skin + share * np.array(red) * (0.55 + 0.45 * skin[0] / 0.82)
    grown = {"woman": 1.0, "man": 0.9, "girl": 1.15, "boy": 1.12}[person.who]
    look[EYE_SCALE] = grown
    if person.who == "man":
        look[BEARD] = rng.choice((0.0, 0.0, 0.35, 1.0))
    look[BLUSH] = {"woman": 0.35, "man": 0.12, "girl": 0.6, "boy": 0.5}[person.who] * (1.0 if light else 0.6)
    return look[FACE_MOTION:]
