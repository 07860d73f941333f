"""Endless footage with its answers: any take by number, the stream of all, files of one, and a sheet of many."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import CameraPath
from vitascope.shot.clip import Clip
from vitascope.shot.shot import Cue, CueKind, Shot
from vitascope.world.caption import caption
from vitascope.world.physics import Contact, Motion, simulate, went_as_planned
from vitascope.world.render import draw
from vitascope.world.sample import recolour, sample_camera, sample_scene
from vitascope.world.scene import Scene, SceneError, Split, reach
from vitascope.world.stage import path_of, stage
from vitascope.world.tracks import follow, place_of, project_all

SIZE = (256, 144)
_SCENE, _WORDS, _TRACKS, _LOOKS = 0, 1, 2, 3  # what a generator is for, the third of its seeds


@dataclass(frozen=True, eq=False)
class Take:
    """One clip of the world with everything that is known of it. K tracks, T frames, H × W pixels."""

    scene: Scene
    shot: Shot  # its text is captions[0]; its cues are what is heard
    clip: Clip
    captions: tuple[str, ...]
    points: NDArray[np.float32]  # [K, T, 2] picture coordinates 0..1, may lie outside
    visible: NDArray[np.bool_]  # [K, T]
    depth: NDArray[np.float32]  # [T, H, W] metres along the view axis, inf in the sky
    ids: NDArray[np.int16]  # [T, H, W] -1 sky, 0 ground, 1 + p thing p
    motion: Motion
    camera: CameraPath
    name: str  # tells takes of all seeds and numbers apart


def take(
    seed: int,
    index: int,
    *,
    level: int = 1,
    size: tuple[int, int] = SIZE,
    seconds: float = 2.0,
    fps: float = 12.0,
    split: Split = "train",
    num_captions: int = 4,
    num_tracks: int = 64,
    samples: int = 4,
) -> Take:
    """Take number `index` of the footage of `seed`: the same numbers give the same bytes, in any order."""
    scene, motion = happening(seed, index, level=level, size=size, seconds=seconds, fps=fps, split=split)
    return film(
        scene, motion, seed, index, size=size, num_captions=num_captions, num_tracks=num_tracks, samples=samples
    )


def happening(
    seed: int,
    index: int,
    *,
    level: int = 1,
    size: tuple[int, int] = SIZE,
    seconds: float = 2.0,
    fps: float = 12.0,
    split: Split = "train",
) -> tuple[Scene, Motion]:
    """The scene and motion of a take: drawn again until it goes as planned and is in the picture."""
    rng = np.random.default_rng([seed, index, _SCENE])
    for _ in range(200):
        scene = sample_scene(rng, level, split)
        motion = simulate(scene, seconds, fps)
        if seconds >= 1.9 and not went_as_planned(scene, motion):
            continue
        framed = reframe(scene, motion, rng, size)
        if framed is not None:
            return framed, motion
    raise SceneError(f"no scene of level {level} for seed {seed}, index {index} stayed in the picture")


def reframe(scene: Scene, motion: Motion, rng: np.random.Generator, size: tuple[int, int] = SIZE) -> Scene | None:
    """The scene with its camera, or a newly drawn one, so that all things stay in the picture; None if none does."""
    for attempt in range(12):
        if in_view(scene, motion, size):
            return scene
        scene = scene.with_(camera=sample_camera(scene, rng, still=attempt >= 9))
    return None


def in_view(scene: Scene, motion: Motion, size: tuple[int, int] = SIZE) -> bool:
    """Whether every thing is well inside the first picture and its centre stays inside most of the others."""
    path = path_of(scene.camera, len(motion.position) / motion.fps, motion.fps)
    points, depth = project_all(motion.position, path, size)  # [T, P, 2], [T, P]
    inside = ((points > 0.02) & (points < 0.98)).all(axis=-1) & (depth > 0.8)  # [T, P]
    tops = motion.position.copy()
    tops[..., 2] += [reach(thing.shape, thing.size, thing.rotation) for thing in scene.things]
    highest = project_all(tops, path, size)[0][0, :, 1].min()  # in the first picture
    first = ((points[0] > (0.07, 0.1)) & (points[0] < (0.93, 0.92))).all() and highest > -0.01
    if len(scene.things) == 2 and first:  # neither hides the other at the start, nor for long
        apart = np.hypot(*((points[:, 0] - points[:, 1]) * (1.0, size[1] / size[0])).T)  # [T] picture widths
        met = any(thing.action == "collide" for thing in scene.things)
        first = apart[0] > 0.13 and (met or (apart > 0.12).mean() >= 0.6)
    return bool(first and inside.mean(axis=0).min() >= 0.8)


def film(
    scene: Scene,
    motion: Motion,
    seed: int,
    index: int,
    *,
    size: tuple[int, int] = SIZE,
    num_captions: int = 4,
    num_tracks: int = 64,
    samples: int = 4,
) -> Take:
    """Draw a scene in a motion that is known already, and say all about it."""
    num_frames, fps = len(motion.position), motion.fps
    seconds = num_frames / fps
    path = path_of(scene.camera, seconds, fps)
    looks = stage(scene, motion, path)
    picture = draw(looks, size, samples=samples)
    words = np.random.default_rng([seed, index, _WORDS])
    captions = tuple(caption(scene, words) for _ in range(max(1, num_captions)))
    points, visible = follow(looks, picture, np.random.default_rng([seed, index, _TRACKS]), num_tracks)
    shot = Shot(text=captions[0], size=size, seconds=seconds, fps=fps, seed=index, cues=cues_of(motion, path, size))
    clip = Clip.from_array(picture.frames, fps, shot)
    return Take(
        scene, shot, clip, captions, points, visible, picture.depth, picture.ids, motion, path, f"{seed}-{index:06d}"
    )


def looks_of(first: Take, seed: int, index: int, look: int, *, split: Split = "train", samples: int = 4) -> Take:
    """The same motion drawn with other colours, ground, hour and camera (look 1, 2, ...); costs no simulation."""
    rng = np.random.default_rng([seed, index, _LOOKS, look])
    scene = reframe(recolour(first.scene, rng, split), first.motion, rng, first.clip.size)
    return film(
        scene or first.scene,
        first.motion,
        seed,
        (index << 8) + look,
        size=first.clip.size,
        num_captions=len(first.captions),
        num_tracks=len(first.points),
        samples=samples,
    )


def footage(
    seed: int,
    *,
    shard: int = 0,
    shards: int = 1,
    start: int = 0,
    level: int = 1,
    size: tuple[int, int] = SIZE,
    seconds: float = 2.0,
    fps: float = 12.0,
    split: Split = "train",
    num_captions: int = 4,
    num_tracks: int = 64,
) -> Generator[Take, None, None]:
    """Takes without end: numbers shard, shard + shards, ...; `start` counts how many of this shard to leave out.

    Each is what `take` gives. While one is drawn (and used), a thread already simulates the next.
    """
    if not 0 <= shard < shards:
        raise ValueError(f"shard was {shard} of {shards}; it must be from 0 to shards - 1")
    with ThreadPoolExecutor(1, "next-scene") as ahead:

        def happens(index: int) -> Future[tuple[Scene, Motion]]:
            return ahead.submit(happening, seed, index, level=level, size=size, seconds=seconds, fps=fps, split=split)

        index = shard + start * shards
        coming = happens(index)
        while True:
            scene, motion = coming.result()
            coming = happens(index + shards)
            yield film(scene, motion, seed, index, size=size, num_captions=num_captions, num_tracks=num_tracks)
            index += shards


def cues_of(motion: Motion, path: CameraPath, size: tuple[int, int]) -> tuple[Cue, ...]:
    """The contacts as cues: how loud from how hard, and where in the picture."""
    return tuple(_cue(contact, motion, path, size) for contact in motion.contacts)


def _cue(contact: Contact, motion: Motion, path: CameraPath, size: tuple[int, int]) -> Cue:
    kind: CueKind = contact.kind
    loud = contact.speed / 3.0 if contact.seconds > 0 else contact.speed / 10.0
    return Cue(
        time=round(contact.time, 4),
        kind=kind,
        seconds=round(contact.seconds, 4),
        strength=round(min(1.0, loud), 4),
        materials=contact.materials,
        place=place_of(contact.point, path, size, round(contact.time * motion.fps)),
    )


def save(made: Take, folder: str | Path) -> Path:
    """Write clip.mp4, scene.json, shot.json and tracks.npz into a folder of the take's name; returns that."""
    place = Path(folder) / f"take-{made.name}"
    place.mkdir(parents=True, exist_ok=True)
    made.clip.save(place / "clip.mp4")
    (place / "scene.json").write_text(made.scene.to_json() + "\n", encoding="utf-8")
    (place / "shot.json").write_text(made.shot.to_json() + "\n", encoding="utf-8")
    np.savez_compressed(place / "tracks.npz", points=made.points, visible=made.visible)
    return place
