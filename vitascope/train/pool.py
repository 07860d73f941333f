"""A pool of motions, simulated once: training draws each again and again with new looks and cameras.

`python -m vitascope.train.pool motions.npz --level 1 --count 4000 --workers 16` makes one; `Source.pool` names it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitascope.train.stream import FORMATS, Source, prepare_worker
from vitascope.world.footage import happening, relooked
from vitascope.world.physics import Motion
from vitascope.world.scene import Scene, SceneError

SIZE = (144, 80)  # in which a scene must be in the picture; each clip is framed anew
TRIES = 4  # new looks for a motion before it counts as one that does not fit the clip's shape
APART = 10_000_000  # numbers between the scenes of two groups
VERSION = 1

Group = tuple[int, float]  # frames and rate: what a motion must have in common with the clip


class PoolError(OSError):
    """A file that is no pool, or a pool that does not fit the footage."""


@dataclass(frozen=True, eq=False)
class Motions:
    """N scenes that last T frames at one rate, and how the things of each go (P differs from scene to scene)."""

    group: Group
    scenes: tuple[bytes, ...]  # JSON
    places: tuple[NDArray[np.float32], ...]  # T P 3, metres
    turns: tuple[NDArray[np.float32], ...]  # T P 3 2: the first two columns of a rotation, the third follows

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, number: int) -> tuple[Scene, Motion]:
        """A scene and the motion of its things, without contacts: they are not needed where nothing is heard."""
        place, turn = self.places[number].astype(np.float64), self.turns[number].astype(np.float64)
        third = np.cross(turn[..., 0], turn[..., 1])
        rotation = np.concatenate([turn, third[..., None]], -1)
        motion = Motion(self.group[1], place, rotation, np.gradient(place, axis=0) * self.group[1], ())
        return Scene.from_json(self.scenes[number]), motion


@dataclass(frozen=True, eq=False)
class Pool:
    """Motions of one level by length and rate."""

    level: int
    groups: dict[Group, Motions]

    @property
    def named_groups(self) -> tuple[str, ...]:
        """As the command line names them."""
        return tuple(f"{num_frames}@{fps:g}" for num_frames, fps in self.groups)

    def draw(self, seed: int, index: int, size: tuple[int, int], num_frames: int, fps: float) -> tuple[Scene, Motion]:
        """The scene and motion of clip number `index`: one of the pool, with looks and a camera of its own. All motions
        of a group come before one comes again."""
        motions = self.groups[num_frames, fps]
        count = len(motions)
        order = _order(seed, index // count, count)
        rng = np.random.default_rng([seed, index, 0xF4])
        for k in range(count):
            scene, motion = motions[int(order[(index + k) % count])]
            for _ in range(TRIES):
                made = relooked(scene, motion, rng, size)
                if made is not None:
                    return made
        raise PoolError(f"pool: none of its {count} motions of {num_frames} frames fits a picture of {size}")


@functools.lru_cache(8)
def _order(seed: int, turn: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, turn, 0xF3]).permutation(count)


# --- making one -------------------------------------------------------------------------------------------------------


def simulated(
    level: int, group: Group, seed: int, number: int
) -> tuple[bytes, NDArray[np.float32], NDArray[np.float32]] | None:
    """One scene as JSON, and its things' places and turns as `Motions` has them; None if no scene is found."""
    num_frames, fps = group
    try:
        scene, motion = happening(seed, number, level=level, size=SIZE, seconds=num_frames / fps, fps=fps)
    except SceneError:
        return None
    json = scene.model_dump_json().encode()
    return json, motion.position.astype(np.float32), motion.rotation[..., :2].astype(np.float32)


def shares(groups: Sequence[Group]) -> list[float]:
    """How much of a pool is of each group: as of the clips of usual training, or as of their rarest."""
    often = dict.fromkeys(groups, 0.0)
    for kind, share in zip(FORMATS, Source().clip_shares, strict=True):
        if (kind.num_frames, kind.fps) in often:
            often[kind.num_frames, kind.fps] += float(share)
    least = min((share for share in often.values() if share), default=1.0)
    every = [often[group] or least for group in groups]
    return [share / sum(every) for share in every]


def simulate_all(level: int, groups: Sequence[Group], count: int, seed: int, workers: int) -> Iterator[Motions]:
    """About `count` motions in all, shared out among the groups. The same numbers make the same pool, however many
    worker processes there are (0: this one)."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=prepare_worker) if workers else None
    with pool or contextlib.nullcontext():
        coming = []
        for order, (group, share) in enumerate(zip(groups, shares(groups), strict=True)):
            one = functools.partial(simulated, level, group, seed)
            numbers = range(order * APART, order * APART + max(1, round(count * share)))
            coming.append((group, pool.map(one, numbers, chunksize=8) if pool else map(one, numbers)))
        for group, made in coming:
            found = [one for one in made if one is not None]
            if not found:
                raise PoolError(f"pool: no scene of level {level} lasts {group[0]} frames at {group[1]:g} a second")
            scenes, places, turns = zip(*found, strict=True)
            yield Motions(group, scenes, places, turns)


def save(path: Path, level: int, made: Sequence[Motions]) -> None:
    """Write a pool; the file is whole or not there."""
    scenes = [scene for motions in made for scene in motions.scenes]
    places = [place for motions in made for place in motions.places]
    turns = [turn for motions in made for turn in motions.turns]
    beside = path.with_name(f".{path.name}.part")
    try:
        with open(beside, "wb") as file:
            np.savez_compressed(
                file,
                version=np.array(VERSION),
                level=np.array(level),
                groups=np.array([(*motions.group, len(motions)) for motions in made], np.float64),  # G 3
                lengths=np.array([len(scene) for scene in scenes], np.int64),
                scenes=np.frombuffer(b"".join(scenes), np.uint8),
                things=np.array([place.shape[1] for place in places], np.int64),
                places=np.concatenate([place.ravel() for place in places]),
                turns=np.concatenate([turn.ravel() for turn in turns]),
            )
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@functools.lru_cache(2)
def load(path: str) -> Pool:
    """The pool of a file, read once. Raises PoolError for any other file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if int(file["version"]) != VERSION:
                raise ValueError(f"it is of version {int(file['version'])}, this program reads {VERSION}")
            lengths, things = file["lengths"], file["things"]
            text, places, turns = file["scenes"].tobytes(), file["places"], file["turns"]
            groups, level = file["groups"], int(file["level"])
        scenes = [text[end - length : end] for end, length in zip(np.cumsum(lengths), lengths, strict=True)]
        frames = np.repeat(groups[:, 0], groups[:, 2].astype(int)).astype(int)  # N
        ends = np.cumsum(frames * things)
        split = np.split(places.reshape(-1, 3), ends[:-1]), np.split(turns.reshape(-1, 3, 2), ends[:-1])
        shaped = [
            [one.reshape(T, P, *one.shape[1:]) for one, T, P in zip(column, frames, things, strict=True)]
            for column in split
        ]
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise PoolError(f"pool: {path} is no file of motions: {error}") from None
    except Exception as error:  # a damaged archive raises what its readers meet
        raise PoolError(f"pool: {path} is damaged ({type(error).__name__}: {error})") from None
    made, start = {}, 0
    for num_frames, fps, count in groups.tolist():
        part = slice(start, start + int(count))
        group = int(num_frames), float(fps)
        made[group] = Motions(group, tuple(scenes[part]), tuple(shaped[0][part]), tuple(shaped[1][part]))
        start = part.stop
    return Pool(level, made)


def _group(text: str) -> Group:
    """24@12 is 24 frames at 12 a second."""
    frames, _, fps = text.partition("@")
    group = int(frames), float(fps)
    if group[0] < 1 or not 0 < group[1] <= 240:
        raise ValueError
    return group


def main(words: list[str] | None = None) -> int:
    """Make a pool, and say how large it is. 2 for what the user can mend."""
    usual = list(dict.fromkeys(f"{kind.num_frames}@{kind.fps:g}" for kind in FORMATS))
    parser = argparse.ArgumentParser(prog="python -m vitascope.train.pool", description="Simulate motions to train on.")
    parser.add_argument("out", type=Path, metavar="OUT.npz")
    parser.add_argument("--level", type=int, default=1, choices=(1, 2, 3, 4))
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    told = f"lengths and rates of the clips; usual: {' '.join(usual)}"
    groups = [_group(text) for text in usual]
    parser.add_argument("--formats", nargs="+", type=_group, default=groups, metavar="FRAMES@RATE", help=told)
    given = parser.parse_args(words)
    try:
        made = list(
            simulate_all(given.level, tuple(dict.fromkeys(given.formats)), given.count, given.seed, given.workers)
        )
        save(given.out, given.level, made)
    except OSError as error:
        print(f"vitascope.train.pool: {error}", file=sys.stderr)
        return 2
    count, size = sum(map(len, made)), given.out.stat().st_size
    told = ", ".join(f"{len(motions)} of {motions.group[0]} frames at {motions.group[1]:g}" for motions in made)
    print(f"{given.out}: {count} motions of level {given.level} ({told}), {size / count:.0f} bytes each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
