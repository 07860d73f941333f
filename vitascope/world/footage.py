"""Endless footage with its answers: any take by number, the stream of all, files of one, and a sheet of many."""

from __future__ import annotations

import itertools
import tempfile
from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import CameraPath
from vitascope.shot.clip import Clip, FrameSource
from vitascope.shot.shot import Shot
from vitascope.world.caption import caption
from vitascope.world.framing import reframe
from vitascope.world.heard import cues_of
from vitascope.world.physics import Motion, played, simulate, went_as_planned
from vitascope.world.reel import Reel
from vitascope.world.render import Device
from vitascope.world.sample import recolour, sample_scene
from vitascope.world.scene import Scene, SceneError, Split, Style
from vitascope.world.stage import path_of, stage
from vitascope.world.tracks import follow

SIZE = (256, 144)
_SCENE, _WORDS, _TRACKS, _LOOKS = 0, 1, 2, 3  # what a generator is for, the third of its seeds


@dataclass(frozen=True, eq=False)
class Take:
    """One clip of the world with everything that is known of it. K tracks, T frames, H × W pixels.

    A long one is not kept in memory: its frames are drawn whenever the clip is played, and `reel` draws the rest.
    """

    scene: Scene
    shot: Shot  # its text is captions[0]; its cues are what is heard
    clip: Clip
    captions: tuple[str, ...]
    points: NDArray[np.float32]  # [K, T, 2] picture coordinates 0..1, may lie outside
    visible: NDArray[np.bool_]  # [K, T]
    reel: Reel
    motion: Motion
    camera: CameraPath
    name: str  # tells takes of all seeds and numbers apart

    @property
    def depth(self) -> NDArray[np.float32]:
        """Metres along the view axis, infinite in the sky: [T, H, W]. Raises ValueError for a take too long to keep."""
        return self.reel.whole.depth

    @cached_property
    def ids(self) -> NDArray[np.int16]:
        """-1 sky, 0 ground, 1 + o object o (the things, then the cast): [T, H, W]. Raises ValueError like `depth`."""
        return self.reel.whole.objects


def take(
    seed: int,
    index: int,
    *,
    level: int = 1,
    size: tuple[int, int] = SIZE,
    seconds: float = 2.0,
    fps: float = 12.0,
    split: Split = "train",
    style: Style | None = None,
    num_captions: int = 4,
    num_tracks: int = 64,
    samples: int = 4,
    device: Device = "cpu",
) -> Take:
    """Take number `index` of the footage of `seed`: the same numbers give the same bytes, in any order."""
    scene, motion = happening(seed, index, level=level, size=size, seconds=seconds, fps=fps, split=split, style=style)
    return film(
        *(scene, motion, seed, index),
        size=size,
        num_captions=num_captions,
        num_tracks=num_tracks,
        samples=samples,
        device=device,
    )


def take_of(
    scene: Scene,
    seed: int,
    index: int = 0,
    *,
    size: tuple[int, int] = SIZE,
    seconds: float = 2.0,
    fps: float = 12.0,
    num_captions: int = 4,
    num_tracks: int = 64,
) -> Take:
    """This very scene, filmed; captions and followed points are drawn by lot from seed and index."""
    motion = simulate(scene, seconds, fps)
    return film(scene, motion, seed, index, size=size, num_captions=num_captions, num_tracks=num_tracks)


def happening(
    seed: int,
    index: int,
    *,
    level: int = 1,
    size: tuple[int, int] = SIZE,
    seconds: float = 2.0,
    fps: float = 12.0,
    split: Split = "train",
    style: Style | None = None,
) -> tuple[Scene, Motion]:
    """The scene and motion of a take: drawn again until it goes as planned and is in the picture."""
    rng = np.random.default_rng([seed, index, _SCENE])
    for _ in range(200):
        scene = sample_scene(rng, level, split, style)
        motion = simulate(scene, seconds, fps)
        if seconds >= 1.9 and not went_as_planned(scene, motion):
            continue
        framed = reframe(scene, motion, rng, size)
        if framed is not None:
            return framed, motion
    raise SceneError(f"no scene of level {level} for seed {seed}, index {index} stayed in the picture")


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
    device: Device = "cpu",
) -> Take:
    """Draw a scene in a motion that is known already, and say all about it."""
    num_frames, fps = len(motion.position), motion.fps
    seconds = num_frames / fps
    path = path_of(scene.camera, seconds, fps)
    reel = Reel(stage(scene, motion, path), size, scene.style, scene.look % 10_000, samples, device)
    words = np.random.default_rng([seed, index, _WORDS])
    captions = tuple(caption(scene, words) for _ in range(max(1, num_captions)))
    points, visible = follow(reel, np.random.default_rng([seed, index, _TRACKS]), num_tracks)
    shot = Shot(
        text=captions[0], size=size, seconds=seconds, fps=fps, seed=index, cues=cues_of(scene, motion, path, size)
    )
    clip = Clip.from_array(reel.whole.frames, fps, shot) if reel.kept else Clip(reel, fps, shot)
    return Take(scene, shot, clip, captions, points, visible, reel, motion, path, f"{seed}-{index:06d}")


def looks_of(first: Take, seed: int, index: int, look: int, *, split: Split = "train", samples: int = 4) -> Take:
    """The same motion drawn with other colours, clothes, place, hour, style and camera (look 1, 2, ...), which costs no
    simulation."""
    rng = np.random.default_rng([seed, index, _LOOKS, look])
    made = relooked(first.scene, first.motion, rng, first.clip.size, split=split)
    return film(
        *(made or (first.scene, first.motion)),
        seed,
        (index << 8) + look,
        size=first.clip.size,
        num_captions=len(first.captions),
        num_tracks=len(first.points),
        samples=samples,
    )


def relooked(
    scene: Scene, motion: Motion, rng: np.random.Generator, size: tuple[int, int], *, split: Split = "train"
) -> tuple[Scene, Motion] | None:
    """The same motion in a scene of other looks, with a camera that keeps it in the picture; None where none does."""
    other = recolour(scene, rng, split)
    acted = played(other, motion)
    framed = reframe(other, acted, rng, size)
    return None if framed is None else (framed, acted)


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
    style: Style | None = None,
    num_captions: int = 4,
    num_tracks: int = 64,
) -> Generator[Take, None, None]:
    """Takes without end: numbers shard, shard + shards, ...; `start` counts how many of this shard to leave out.

    Each is what `take` gives. Threads already make the next ones, each a whole take: what Python does for one goes on
    while another is drawn.
    """
    if not 0 <= shard < shards:
        raise ValueError(f"shard was {shard} of {shards}; it must be from 0 to shards - 1")
    how: dict[str, Any] = {"level": level, "size": size, "seconds": seconds, "fps": fps, "split": split, "style": style}
    how |= {"num_captions": num_captions, "num_tracks": num_tracks}
    workers = 1 + numba.get_num_threads()  # one more than cores: Python lets only one of them run at a time
    with ThreadPoolExecutor(workers, "take", initializer=numba.set_num_threads, initargs=(1,)) as ahead:
        numbers = itertools.count(shard + start * shards, shards)
        coming = deque(ahead.submit(take, seed, next(numbers), **how) for _ in range(workers))
        try:
            while True:
                made = coming.popleft().result()
                coming.append(ahead.submit(take, seed, next(numbers), **how))
                yield made
        finally:
            ahead.shutdown(cancel_futures=True)


def save(made: Take, folder: str | Path, frames: FrameSource | None = None) -> Path:
    """Write clip.mp4, scene.json, shot.json and tracks.npz into a folder of the take's name; returns that.

    `frames` are filmed in place of the take's own. The folder appears when it is complete."""
    place = Path(folder) / f"take-{made.name}"
    with tempfile.TemporaryDirectory(prefix=".take-", dir=folder) as inside:
        beside = Path(inside) / place.name
        beside.mkdir()
        clip = made.clip if frames is None else replace(made.clip, frames=frames)
        clip.save(beside / "clip.mp4")
        (beside / "scene.json").write_text(made.scene.to_json() + "\n", encoding="utf-8")
        (beside / "shot.json").write_text(made.shot.to_json() + "\n", encoding="utf-8")
        np.savez_compressed(beside / "tracks.npz", points=made.points, visible=made.visible)
        if place.exists():
            place.rename(Path(inside) / "before")
        beside.rename(place)
    return place
