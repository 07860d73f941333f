"""Gives a scene its looks: names of colours, stuffs, grounds and hours become albedos, textures, skies and light."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import CameraPath, View, camera_path
from vitascope.world import render, solids
from vitascope.world.casting import build
from vitascope.world.figure import FACE_MOTION, FACE_SIZE, Build, Colour, Figure, along
from vitascope.world.people import face_look
from vitascope.world.physics import Motion
from vitascope.world.places import PLACE_LOOKS, ground_of
from vitascope.world.render import Sky, Stage
from vitascope.world.scene import COLOURS, MATERIALS, Camera, Hour, MaterialName, Person, Scene, Shape, Sign, Thing

LAMPLIGHT: Colour = (0.20, 0.15, 0.10)
ROPE: Colour = (0.28, 0.19, 0.10)

KINDS: dict[Shape, int] = {
    "ball": solids.SPHERE,
    "egg": solids.ELLIPSOID,
    "pill": solids.CAPSULE,
    "cube": solids.BOX,
    "brick": solids.BOX,
    "can": solids.CYLINDER,
}
TEXTURES: dict[MaterialName, int] = {
    "rubber": render.PLAIN,
    "plastic": render.PLAIN,
    "wood": render.WOOD,
    "metal": render.PLAIN,
    "stone": render.STONE,
}
# Each hour: the sky, and where its light may stand: (least, most) height in degrees; it comes from either side.
SKIES: dict[Hour, tuple[Sky, tuple[float, float]]] = {
    "noon": (
        Sky(
            (0.09, 0.25, 0.68),
            (0.50, 0.70, 0.92),
            (0, 0, 1),
            (1.0, 0.96, 0.88),
            (0.30, 0.36, 0.46),
            clouds=0.35,
            haze=0.15,
        ),
        (48.0, 68.0),
    ),
    "overcast": (
        Sky(
            (0.46, 0.49, 0.53),
            (0.62, 0.64, 0.66),
            (0, 0, 1),
            (0.16, 0.16, 0.16),
            (0.62, 0.64, 0.67),
            clouds=1.0,
            haze=0.5,
        ),
        (55.0, 75.0),
    ),
    "sunset": (
        Sky(
            (0.12, 0.12, 0.38),
            (1.0, 0.38, 0.10),
            (0, 0, 1),
            (1.15, 0.66, 0.36),
            (0.34, 0.29, 0.35),
            clouds=0.4,
            haze=0.15,
        ),
        (11.0, 19.0),
    ),
    "dawn": (
        Sky(
            (0.36, 0.48, 0.74),
            (0.98, 0.74, 0.74),
            (0, 0, 1),
            (0.80, 0.66, 0.60),
            (0.40, 0.38, 0.46),
            clouds=0.2,
            haze=0.42,
        ),
        (17.0, 28.0),
    ),
    "night": (
        Sky(
            (0.004, 0.008, 0.032),
            (0.022, 0.036, 0.095),
            (0, 0, 1),
            (0.28, 0.33, 0.46),
            (0.065, 0.08, 0.13),
            stars=0.55,
            haze=0.2,
        ),
        (35.0, 58.0),
    ),
}


def sky_of(scene: Scene) -> Sky:
    """The scene's sky; `scene.look` decides on clouds and on where the sun or moon stands."""
    sky, (low, high) = SKIES[scene.time]
    rng = np.random.default_rng([scene.look, 1])
    height = math.radians(rng.uniform(low, high))
    # From the left or right and before the picture, so that shapes are modelled and shadows fall to the side.
    side = math.radians(rng.uniform(25.0, 75.0)) * (1 if rng.random() < 0.5 else -1)
    front = 1.0 if scene.time in ("sunset", "dawn") and rng.random() < 0.4 else -1.0
    if PLACE_LOOKS[scene.place].indoors:
        front = -1.0  # through the fourth wall
    towards = (
        math.cos(height) * math.sin(side),
        front * math.cos(height) * math.cos(side),
        math.sin(height),
    )
    vary = float(rng.uniform(0.92, 1.06))
    clouds = sky.clouds if sky.clouds >= 1.0 else sky.clouds * float(rng.uniform(0.3, 1.6))
    if scene.sky == "clear":
        clouds = 0.0
    elif scene.sky == "cloudy":
        clouds = max(clouds, float(rng.uniform(0.5, 0.75)))
    r, g, b = (vary * c for c in sky.sun_colour)
    ambient = sky.ambient
    if PLACE_LOOKS[scene.place].indoors and scene.time == "night":
        ambient = LAMPLIGHT  # lamps shine, but light nothing else
    return Sky(
        sky.zenith,
        sky.horizon,
        towards,
        (r, g, b),
        ambient,
        min(clouds, 1.0),
        sky.stars,
        sky.haze,
        scene.look % 10_000,
    )


def path_of(camera: Camera, seconds: float, fps: float) -> CameraPath:
    """The scene's camera at each frame."""
    base = View(
        position=(0.0, -camera.distance, camera.height), tilt=camera.pitch, fov=camera.fov, pivot=camera.distance
    )
    return camera_path(camera.moves, seconds, fps, base)


def stage(scene: Scene, motion: Motion, path: CameraPath) -> Stage:
    """Everything `render.draw` needs for the scene in this motion, seen along this path (of as many frames)."""
    num_frames = len(motion.position)
    if path.num_frames != num_frames:
        raise ValueError(f"path has {path.num_frames} frames and the motion {num_frames}; they must be equal")
    figures, positions, rotations, owners = [], [], [], []
    if scene.things:
        figures.append(_solids(scene))
        positions.append(motion.position)
        rotations.append(motion.rotation)
        owners.append(np.arange(len(scene.things)))
    for p, thing in enumerate(scene.things):
        if thing.pivot is not None:
            rope, at, turn = _rope(thing, motion.position[:, p])
            figures.append(rope)
            positions.append(at)
            rotations.append(turn)
            owners.append(np.array([p]))
    words: list[str] = []
    inks: list[Colour] = []
    faces: list[NDArray[np.float32]] = []
    for j, (member, bones) in enumerate(zip(scene.cast, motion.cast, strict=True)):
        figure = build(member, np.random.default_rng([scene.look, 3, j]))
        at, turn = figure.posed(bones)
        detail = figure.detail
        if isinstance(member, Sign):
            detail = detail + len(words)
            words += figure.words
            inks += [COLOURS[member.ink]] * len(figure.words)
        elif isinstance(member, Person) and bones.face is not None:
            detail = detail + len(faces)
            look = np.broadcast_to(face_look(member), (num_frames, FACE_SIZE - FACE_MOTION))
            faces.append(np.concatenate([bones.face, look], axis=1).astype(np.float32))
        figures.append(replace(figure, detail=detail))
        positions.append(at)
        rotations.append(turn)
        owners.append(np.full(len(figure.kind), len(scene.things) + j))

    def joined(name: str) -> Any:
        return np.concatenate([getattr(figure, name) for figure in figures])

    return Stage(
        kind=joined("kind"),
        size=joined("size"),
        position=np.concatenate(positions, axis=1).astype(np.float32),
        rotation=np.concatenate(rotations, axis=1).astype(np.float32),
        albedo=np.minimum(joined("albedo"), 0.92).astype(np.float32),
        texture=joined("texture"),
        gloss=joined("gloss"),
        metal=joined("metal"),
        ground=ground_of(scene),
        sky=sky_of(scene),
        camera=path,
        detail=joined("detail"),
        faces=np.stack(faces, axis=1) if faces else np.zeros((num_frames, 0, FACE_SIZE), np.float32),
        signs=tuple(words),
        inks=np.array(inks, np.float32).reshape(-1, 3),
        owner=np.concatenate(owners).astype(np.int16),
    )


def _solids(scene: Scene) -> Figure:
    """The things as one figure; each is a part."""
    things = scene.things
    rng = np.random.default_rng([scene.look, 2])
    albedo = np.array([COLOURS[thing.colour] for thing in things], np.float32)  # [P, 3]
    albedo *= rng.uniform(0.9, 1.08, size=(len(things), 1)).astype(np.float32)  # no two reds are quite the same
    count = len(things)
    return Figure(
        kind=np.array([KINDS[thing.shape] for thing in things], np.int32),
        size=np.array([thing.size for thing in things], np.float32),
        albedo=albedo,
        texture=np.array([TEXTURES[thing.material] for thing in things], np.int32),
        # On black all light is reflected light: with full gloss it would take on the sky's colour and read as brown.
        gloss=np.array(
            [MATERIALS[t.material].gloss * (0.4 if t.colour == "black" else 1.0) for t in things], np.float32
        ),
        metal=np.array([MATERIALS[thing.material].metal for thing in things], np.float32),
        detail=np.zeros(count, np.int32),
        bone=np.arange(count, dtype=np.int32),
        offset=np.zeros((count, 3)),
        turn=np.broadcast_to(np.eye(3), (count, 3, 3)),
    )


def _rope(thing: Thing, path: NDArray[np.float64]) -> tuple[Figure, NDArray[np.float64], NDArray[np.float64]]:
    """The rope of a thing that swings along `path` [T, 3]: its figure, positions [T, 1, 3], rotations [T, 1, 3, 3]."""
    towards = np.asarray(thing.pivot) - path  # [T, 3]
    build = Build()
    build.part(solids.CYLINDER, (0.014, float(np.linalg.norm(towards[0])) / 2, 0.0), ROPE)
    return build.figure(), (path + towards / 2)[:, None], along(towards)[:, None]
