"""What is heard of a scene, as cues: the contacts of its motion, what passes through the air, cloth, and the place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import CameraPath
from vitascope.shot.shot import Cue
from vitascope.world import people
from vitascope.world.contact import Contact
from vitascope.world.physics import GROUND_MATERIALS, Motion
from vitascope.world.scene import Animal, Person, Scene, Thing, Vehicle
from vitascope.world.tracks import place_of
from vitascope.world.vehicles import length

WHOOSH = 2.0  # m/s: what swings slower makes no wind
CLOTH = 1.2  # m/s of a hand beside the body: sleeves slower than this are not heard
ENGINE_TOP = 14.0  # m/s (50 km/h) at which an engine is as loud as it gets; scenes allow 20, most vehicles drive at 2
LEAST = 0.12  # seconds of cloth


def cues_of(scene: Scene, motion: Motion, path: CameraPath, size: tuple[int, int]) -> tuple[Cue, ...]:
    """Everything that is heard, in the order of time: how loud from how hard, and where in the picture. The first tells
    of the place."""
    heard = [*motion.contacts, *_whooshes(scene, motion), *_rustles(scene, motion)]
    heard.sort(key=lambda contact: contact.time)
    return place_cue(scene, len(motion.position) / motion.fps), *(_cue(c, scene, motion, path, size) for c in heard)


def place_cue(scene: Scene, seconds: float) -> Cue:
    """What is heard of the place itself all the time: its name, and whether it is night; and its ground."""
    name = scene.place + (", night" if scene.time == "night" else "")
    ground = GROUND_MATERIALS[scene.ground]
    return Cue(time=0.0, kind="place", seconds=round(seconds, 4), strength=0.5, materials=(ground,), text=name)


def presences(scene: Scene, motion: Motion, path: CameraPath, size: tuple[int, int]) -> tuple[Cue, ...]:
    """The animals as cues that last all the time: they are there to be seen even while they are not heard."""
    num_frames = len(motion.position)
    end = (num_frames - 1) / motion.fps
    return tuple(
        Cue(
            time=0.0,
            kind="animal",
            seconds=num_frames / motion.fps,
            materials=(member.species,),
            place=place_of(_point(motion, o, 0.0), path, size, 0),
            to=place_of(_point(motion, o, end), path, size, num_frames - 1),
        )
        for o, member in enumerate(scene.cast, start=len(scene.things))
        if isinstance(member, Animal)
    )


def _cue(contact: Contact, scene: Scene, motion: Motion, path: CameraPath, size: tuple[int, int]) -> Cue:
    if contact.kind == "engine":
        loud = contact.speed / ENGINE_TOP
    else:
        loud = contact.speed / 3.0 if contact.seconds > 0 else contact.speed / 10.0
    if contact.kind in ("speech", "animal"):
        loud = 0.5
    end = contact.time + contact.seconds
    first, last = (_moved(contact, motion, time) for time in (contact.time, end))
    lasts = contact.seconds > 0
    return Cue(
        time=round(contact.time, 4),
        kind=contact.kind,
        seconds=round(contact.seconds, 4),
        strength=round(min(1.0, loud), 4),
        materials=contact.materials,
        place=place_of(first, path, size, round(contact.time * motion.fps)),
        to=place_of(last, path, size, round(end * motion.fps)) if lasts else None,
        across=_across(scene, contact.things[0]),
    )


def _moved(contact: Contact, motion: Motion, time: float) -> tuple[float, float, float]:
    """Where the point of a contact is at a time: what lasts goes along with its thing (its point is of the middle)."""
    thing = contact.things[0]
    if contact.seconds <= 0 or thing < 0:
        return contact.point
    middle = np.array(_point(motion, thing, contact.time + contact.seconds / 2))
    x, y, z = np.array(contact.point) + np.array(_point(motion, thing, time)) - middle
    return float(x), float(y), float(z)


def _point(motion: Motion, o: int, time: float) -> tuple[float, float, float]:
    """Where thing or member o is at a time."""
    frame = min(max(round(time * motion.fps), 0), len(motion.position) - 1)
    things = motion.position.shape[1]
    x, y, z = motion.position[frame, o] if o < things else motion.cast[o - things].position[frame, 0]
    return float(x), float(y), float(z)


def _across(scene: Scene, o: int) -> float | None:
    """Metres across of what sounds; None of a living being, whose voice and step say more."""
    if o < 0:
        return None
    if o < len(scene.things):
        return round(2.0 * max(scene.things[o].size), 3)
    member = scene.cast[o - len(scene.things)]
    return round(length(member), 3) if isinstance(member, Vehicle) else None


def _whooshes(scene: Scene, motion: Motion) -> list[Contact]:
    """What swings makes wind when it passes its lowest point."""
    found = []
    for p, thing in enumerate(scene.things):
        if thing.pivot is None or len(motion.position) < 3:
            continue
        speed = np.linalg.norm(motion.velocity[:, p], axis=1)  # T
        inside = speed[1:-1]
        peaks = 1 + np.flatnonzero((inside > speed[:-2]) & (inside >= speed[2:]) & (inside > WHOOSH))
        found += [_whoosh(thing, p, motion, speed, int(i)) for i in peaks]
    return found


def _whoosh(thing: Thing, p: int, motion: Motion, speed: NDArray[np.float64], i: int) -> Contact:
    before, here, after = speed[i - 1 : i + 2]
    shift = 0.5 * (before - after) / max(before - 2 * here + after, -1e9) if before - 2 * here + after < 0 else 0.0
    x, y, z = (float(v) for v in motion.position[i, p])
    time = (i + float(np.clip(shift, -0.5, 0.5))) / motion.fps
    return Contact(time, "whoosh", (p, -2), (x, y, z), 0.0, float(here), ("air",))


def _rustles(scene: Scene, motion: Motion) -> list[Contact]:
    """Sleeves are heard while a hand moves fast beside its body."""
    found = []
    for o, member in enumerate(scene.cast):
        if not isinstance(member, Person) or len(motion.position) < 3:
            continue
        position = motion.cast[o].position  # T B 3
        hands = position[:, [people.Bone.HAND_L, people.Bone.HAND_R]] - position[:, [people.Bone.PELVIS]]
        speed = np.linalg.norm(np.gradient(hands, 1 / motion.fps, axis=0), axis=2).max(1)  # T
        for first, last in _runs(speed > CLOTH):
            seconds = (last - first) / motion.fps
            if seconds >= LEAST:
                x, y, z = (float(v) for v in position[(first + last) // 2, people.Bone.CHEST])
                loud = float(speed[first : last + 1].mean())
                thing = (len(scene.things) + o, -2)
                found.append(Contact(first / motion.fps, "cloth", thing, (x, y, z), 0.0, loud, ("cloth",), seconds))
    return found


def _runs(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
