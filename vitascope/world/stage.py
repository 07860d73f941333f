"""Gives a scene its looks: names of colours, stuffs, grounds and hours become albedos, textures, skies and light."""

from __future__ import annotations

import math

import numpy as np

from vitascope.shot.camera import CameraPath, View, camera_path
from vitascope.world import render, solids
from vitascope.world.physics import Motion
from vitascope.world.render import Ground, Sky, Stage
from vitascope.world.scene import COLOURS, MATERIALS, Camera, GroundName, Hour, MaterialName, Scene, Shape

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
GROUND_LOOKS: dict[GroundName, Ground] = {
    "grass": Ground(render.GRASS, (0.075, 0.20, 0.022), (0.16, 0.29, 0.04)),
    "sand": Ground(render.SAND, (0.66, 0.47, 0.24), (0.78, 0.60, 0.34)),
    "snow": Ground(render.SNOW, (0.86, 0.89, 0.94), (0.74, 0.80, 0.90)),
    "wood": Ground(render.PLANKS, (0.30, 0.145, 0.055), (0.42, 0.22, 0.09)),
    "tiles": Ground(render.TILES, (0.68, 0.66, 0.62), (0.20, 0.25, 0.29)),
    "asphalt": Ground(render.ASPHALT, (0.095, 0.098, 0.105), (0.15, 0.152, 0.16)),
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
    towards = (
        math.cos(height) * math.sin(side),
        front * math.cos(height) * math.cos(side),
        math.sin(height),
    )
    vary = float(rng.uniform(0.92, 1.06))
    clouds = sky.clouds if sky.clouds >= 1.0 else sky.clouds * float(rng.uniform(0.3, 1.6))
    r, g, b = (vary * c for c in sky.sun_colour)
    return Sky(
        sky.zenith,
        sky.horizon,
        towards,
        (r, g, b),
        sky.ambient,
        min(clouds, 1.0),
        sky.stars,
        sky.haze,
        scene.look % 10_000,
    )


def path_of(camera: Camera, seconds: float, fps: float) -> CameraPath:
    """The scene's camera at each frame."""
    base = View(position=(0.0, -camera.distance, camera.height), tilt=camera.pitch)
    return camera_path(camera.moves, seconds, fps, base)


def stage(scene: Scene, motion: Motion, path: CameraPath) -> Stage:
    """Everything `render.draw` needs for the scene in this motion, seen along this path (of as many frames)."""
    if path.num_frames != len(motion.position):
        raise ValueError(f"path has {path.num_frames} frames and the motion {len(motion.position)}; they must be equal")
    things = scene.things
    rng = np.random.default_rng([scene.look, 2])
    albedo = np.array([COLOURS[thing.colour] for thing in things], np.float32)  # [P, 3]
    albedo *= rng.uniform(0.9, 1.08, size=(len(things), 1)).astype(np.float32)  # no two reds are quite the same
    return Stage(
        kind=np.array([KINDS[thing.shape] for thing in things], np.int32),
        size=np.array([thing.size for thing in things], np.float32),
        position=motion.position.astype(np.float32),
        rotation=motion.rotation.astype(np.float32),
        albedo=np.minimum(albedo, 0.92).astype(np.float32),
        texture=np.array([TEXTURES[thing.material] for thing in things], np.int32),
        # On black all light is reflected light: with full gloss it would take on the sky's colour and read as brown.
        gloss=np.array(
            [MATERIALS[t.material].gloss * (0.4 if t.colour == "black" else 1.0) for t in things], np.float32
        ),
        metal=np.array([MATERIALS[thing.material].metal for thing in things], np.float32),
        ground=GROUND_LOOKS[scene.ground],
        sky=sky_of(scene),
        camera=path,
    )
