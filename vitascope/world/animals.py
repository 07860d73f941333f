"""Animals: their bones at any time and what is heard of them; `build` gives their looks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vitascope.world import animal_poses
from vitascope.world.animal_bodies import BODIES, LEGS, TRUNK, WING, Body, Bone, Leg, legs_of
from vitascope.world.animal_looks import COATS, build
from vitascope.world.animal_poses import SLIDE, Array, Pose
from vitascope.world.contact import Contact
from vitascope.world.figure import Bones, Matrix, Point, heading, turned
from vitascope.world.scene import Animal, AnimalAction

__all__ = ["BODIES", "COATS", "LEGS", "Bone", "act", "build", "height", "length"]


def height(animal: Animal) -> float:
    """Metres from the ground to the highest point as it stands, ears and horns included."""
    return BODIES[animal.species].tall * animal.size


def length(animal: Animal) -> float:
    """Metres from the foremost to the hindmost point as it stands."""
    return BODIES[animal.species].long * animal.size


def act(animal: Animal, times: Array) -> tuple[Bones, tuple[Contact, ...]]:
    """Bones at these times [T] in seconds, and steps and calls from the first to the last of them.

    In the middle of `times` it is at its position.
    """
    body, times = BODIES[animal.species], np.asarray(times, np.float64)
    pose = animal_poses.stand(animal, body, times)
    moves: dict[AnimalAction, Callable[..., list[tuple[float, int, float]]]] = {
        "walk": animal_poses.go,
        "run": animal_poses.go,
        "jump": animal_poses.jump,
        "eat": animal_poses.eat,
        "fly": animal_poses.fly,
    }
    steps = moves[animal.action](pose, animal, body, times) if animal.action in moves else []
    position, rotation = _skeleton(animal, body, pose)
    turn = heading(animal.facing)
    place = np.array([*animal.position, 0.0])
    bones = Bones(animal.size * position @ turn.T + place, turn @ rotation)
    mass = body.mass * animal.size**3
    heard = [
        Contact(
            time, "footstep", (-2, -1), _at(bones, times, time, LEGS[leg] + 2), mass * speed / 4, speed, (body.step,)
        )
        for time, leg, speed in steps
        if times[0] <= time <= times[-1]
    ]
    heard += [
        Contact(time, "animal", (-2, -1), _at(bones, times, time, Bone.HEAD), 0.0, 4.0, (animal.species,), 0.4)
        for time in animal_poses.calls(animal, times)
    ]
    return bones, tuple(sorted(heard, key=lambda contact: contact.time))


def _at(bones: Bones, times: Array, time: float, bone: int) -> Point:
    x, y, z = (float(np.interp(time, times, bones.position[:, bone, axis])) for axis in range(3))
    return (x, y, z)


def _skeleton(animal: Animal, body: Body, pose: Pose) -> tuple[Array, Array]:
    """Positions [T, B, 3] and rotations [T, B, 3, 3] of the bones of size 1, in the figure's axes."""
    T = len(pose.x)
    position, rotation = np.zeros((T, len(Bone), 3)), np.zeros((T, len(Bone), 3, 3))
    spine = np.array([0.0, 0.0, body.spine])

    def put(bone: int, place: Array, turn: Array) -> None:
        position[:, bone], rotation[:, bone] = place, turn

    def hang(bone: int, parent: int, offset: Point | Array, turn: Array) -> None:
        put(bone, position[:, parent] + rotation[:, parent] @ np.asarray(offset, np.float64), turn)

    root = np.stack([pose.x, np.zeros(T), pose.z], 1)
    chest, hips = turned("y", pose.pitch + pose.flex), turned("y", pose.pitch - pose.flex)
    put(Bone.CHEST, root, chest)
    put(Bone.HIPS, root, hips)
    x, z, neck, _ = body.neck
    hang(
        Bone.NECK,
        Bone.CHEST,
        np.array([x, 0.0, z]) - spine,
        chest @ turned("z", 0.35 * pose.look) @ turned("y", -pose.neck),
    )
    head = chest @ turned("z", pose.look) @ turned("y", -pose.head)
    hang(Bone.HEAD, Bone.NECK, (neck, 0.0, 0.0), head)
    for side, bone in ((1.0, Bone.EAR_LEFT), (-1.0, Bone.EAR_RIGHT)):
        offset = (body.ear[0], side * body.ear[1], body.ear[2])
        hang(bone, Bone.HEAD, offset, head @ turned("z" if animal.species == "elephant" else "x", side * pose.ear))
    x, z, long, raised, tip = body.tail
    hang(Bone.TAIL, Bone.HIPS, np.array([x, 0.0, z]) - spine, hips @ turned("z", pose.wag) @ turned("y", pose.tail))
    more = pose.tail + tip - raised
    hang(Bone.TAIL_TIP, Bone.TAIL, (-long, 0.0, 0.0), hips @ turned("z", 1.7 * pose.wag) @ turned("y", more))
    offset = (0.36, 0.0, -0.22) if animal.species == "elephant" else (0.0, 0.0, 0.0)
    for k, bone in enumerate((Bone.TRUNK, Bone.TRUNK_MIDDLE, Bone.TRUNK_TIP)):
        elevation = pose.trunk[:, k] + 0.5 * (pose.head - body.head)
        hang(bone, bone - 1 if k else Bone.HEAD, offset, chest @ turned("z", 0.7 * pose.look) @ turned("y", -elevation))
        offset = (TRUNK[k], 0.0, 0.0) if animal.species == "elephant" else offset
    for side, bone in ((1.0, Bone.WING_LEFT), (-1.0, Bone.WING_RIGHT)):
        lie = turned("z", side * 1.42 * pose.fold) @ turned("x", side * pose.wing) @ turned("y", 1.35 * pose.fold)
        hang(bone, Bone.CHEST, (0.055, side * (0.055), 0.035), chest @ lie)
        lie = turned("z", -side * 2.9 * pose.fold) @ turned("x", side * pose.wing_tip)
        hang(bone + 1, bone, (0.0, side * WING, 0.0), rotation[:, bone] @ lie)
    for k, (leg, bone) in enumerate(zip(legs_of(body), LEGS, strict=True)):
        part, side = (Bone.CHEST, Bone.HIPS)[k // 2], 1.0 - 2.0 * (k % 2)
        offset = np.array([leg.x, side * leg.y, leg.z]) - spine + np.zeros((T, 3))
        offset[:, 0] += SLIDE * np.clip(pose.feet[:, k, 0] - pose.x - leg.tread, -0.5 * leg.z, 0.5 * leg.z)
        hip = root + np.einsum("tij,tj->ti", rotation[:, part], offset)
        knee, ankle, upper, lower = limb(hip, pose.feet[:, k], leg, rotation[:, part, :, 1])
        put(bone, hip, upper)
        put(bone + 1, knee, lower)
        put(bone + 2, ankle, turned("y", pose.tilt[:, k]))
    return position, rotation


def limb(hip: Array, ankle: Array, leg: Leg, left: Array) -> tuple[Array, Array, Matrix, Matrix]:
    """Knee and ankle [T, 3] of a leg that reaches from its hip towards an ankle, and the turns of its two bones.

    `left` [T, 3] is the body's. Where the ankle is out of reach the leg is stretched towards it. A bone's z points up
    along it.
    """
    way = ankle - hip
    far = np.linalg.norm(way, axis=1, keepdims=True)
    way = way / np.maximum(far, 1e-9)
    far = np.clip(far, 0.37 * (leg.upper + leg.lower), 0.9995 * (leg.upper + leg.lower))
    along = (far**2 + leg.upper**2 - leg.lower**2) / (2.0 * far)
    aside = np.sqrt(np.maximum(leg.upper**2 - along**2, 0.0))
    front = np.cross(way, left)
    front = front / np.linalg.norm(front, axis=1, keepdims=True)
    left = np.cross(front, way)
    knee = hip + way * along + leg.bend * front * aside
    end = hip + way * far

    def bone(top: Array, bottom: Array) -> Matrix:
        z = top - bottom
        z = z / np.linalg.norm(z, axis=1, keepdims=True)
        return np.stack([np.cross(left, z), left, z], axis=-1)

    return knee, end, bone(hip, knee), bone(knee, end)
