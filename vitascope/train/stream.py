"""The endless stream of training clips: rendered by worker processes, kept in a ring, each used several times.

Which clips are in the ring at a moment depends on how many were asked for before, and on nothing else; so a resumed
run sees exactly what an unbroken one would have seen.
"""

import functools
import multiprocessing
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vitascope.model import patches

if TYPE_CHECKING:
    from vitascope.shot.camera import Move

NUM_TRACKS = 48
NUM_CAPTIONS = 6
NUM_PLAIN = 2  # captions beside these that do not tell colours and materials, which a reference shows
AHEAD = 32  # clips that are drawn by a GPU before they are asked for
MIRRORED = {
    "left": "right",
    "right": "left",
    "clockwise": "counterclockwise",
    "counterclockwise": "clockwise",
    "anticlockwise": "clockwise",
}


@dataclass(frozen=True)
class Sample:
    """One rendered clip as training keeps it. F frames, K tracks, L text tokens."""

    frames: npt.NDArray[np.uint8]  # F H W 3
    texts: tuple[npt.NDArray[np.float16], ...]  # of each caption, L 384
    captions: tuple[str, ...]
    points: npt.NDArray[np.float32]  # K F 2
    visible: npt.NDArray[np.bool_]  # K F
    things: npt.NDArray[np.bool_]  # F H W, where a thing is seen, and not the ground or the sky
    mirrored: tuple[npt.NDArray[np.float16], ...] = ()  # texts of the captions in a mirror; none where words are seen
    # What the camera's moves would do to a flat world, as users give them [K' F 2], [K' F]; none where it stands.
    camera: tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]] | None = None
    num_plain: int = 0  # of the captions, the last ones, that do not tell colours and materials


@dataclass(frozen=True)
class Format:
    """How a clip is filmed: (width, height), frames, rate; `share` of the training steps that go to such clips."""

    size: tuple[int, int] = (144, 80)
    num_frames: int = 24
    fps: float = 12.0
    share: float = 1.0

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return patches.grid_of(self.size)

    @property
    def num_patches(self) -> int:
        """Of a group."""
        return self.grid[0] * self.grid[1]

    @property
    def num_groups(self) -> int:
        return self.num_frames // patches.GROUP


# The first is the main one. A third of the steps go to other shapes, lengths, rates and the larger size.
FORMATS = (
    Format((144, 80), 24, 12.0, 0.66),
    Format((144, 80), 48, 12.0, 0.1),
    Format((256, 144), 24, 12.0, 0.1),
    Format((80, 144), 24, 12.0, 0.04),
    Format((112, 112), 24, 12.0, 0.04),
    Format((128, 96), 24, 12.0, 0.02),
    Format((144, 80), 24, 24.0, 0.02),
    Format((144, 80), 24, 8.0, 0.02),
)


class SourceError(OSError):
    """Footage that cannot be had here: a folder without pictures, a pool of other motions, a device that is missing."""


@dataclass(frozen=True)
class Source:
    """Which footage: the world's level and seed, and the ways in which it is filmed."""

    seed: int = 0
    level: int = 1
    formats: tuple[Format, ...] = FORMATS
    pictures: str = ""  # a folder of still pictures, over which the camera moves in some of the clips
    picture_share: float = 0.1  # of the clips, where there is such a folder
    pool: str = ""  # a file of motions (see `pool`), which then are not simulated
    device: str = "cpu"  # what draws, or "cuda"; clips of "cuda" differ from those of "cpu" by rounding alone

    def __repr__(self) -> str:
        """What tells footage apart, and nothing of what is not used: so a run can be resumed by later versions."""
        told = f"seed={self.seed}, level={self.level}, formats={self.formats}"
        if self.pictures:
            told += f", pictures={self.pictures!r}, picture_share={self.picture_share}"
        if self.pool:
            told += f", pool={self.pool!r}"
        return f"Source({told})"

    def check(self) -> None:
        """Raise SourceError, before any clip is made, where something that is named is not there."""
        try:
            if self.pictures:
                from vitascope.train import stills

                stills.pictures(self.pictures)
            if self.pool:
                self._check_pool()
        except OSError as error:
            raise SourceError(str(error)) from None
        if not 0 <= self.picture_share <= 1:
            raise SourceError(f"picture_share: a share is 0 to 1, but {self.picture_share:g} was given")
        if self.device not in ("cpu", "cuda"):
            raise SourceError(f"device: clips are drawn on 'cpu' or 'cuda', but {self.device!r} was given")
        if self.device == "cuda":
            self._check_gpu()

    def _check_pool(self) -> None:
        from vitascope.train import pool

        there = pool.load(self.pool)
        missing = {f"{kind.num_frames}@{kind.fps:g}" for kind in self.formats} - set(there.named_groups)
        if there.level != self.level or missing:
            told = f"level {there.level} with {', '.join(there.named_groups)}"
            wanted = " ".join(dict.fromkeys(f"{kind.num_frames}@{kind.fps:g}" for kind in self.formats))
            again = f"python -m vitascope.train.pool {self.pool} --level {self.level} --formats {wanted}"
            raise SourceError(f"pool: {self.pool} has motions of {told}; make it anew: {again}")

    def _check_gpu(self) -> None:
        """Draw a small clip: the compiler or the driver may be missing, or not know each other."""
        from vitascope.world.footage import take

        try:
            take(0, 0, size=(16, 16), seconds=1 / 12, num_captions=1, num_tracks=1, device="cuda")
        except Exception as error:  # whatever CUDA's many parts raise
            reason = " ".join(str(error).split())[:300]
            raise SourceError(
                f"device: clips cannot be drawn on a GPU here ({type(error).__name__}: {reason}); "
                "draw them on the processor, with as many --workers as there are cores"
            ) from None

    @functools.cached_property
    def clip_shares(self) -> npt.NDArray[np.float64]:
        """How many of the clips each format has. Long and large clips are rarer than their share of the steps, since
        they keep training busy for longer."""
        often = np.array([kind.share / (kind.num_groups * kind.num_patches) for kind in self.formats])
        return often / often.sum()

    @functools.cached_property
    def _bounds(self) -> npt.NDArray[np.float64]:
        """Which part of 0…1 belongs to which format."""
        return np.cumsum(self.clip_shares)

    def format(self, index: int) -> int:
        """In which of the formats clip number `index` is filmed."""
        return min(len(self.formats) - 1, int(np.searchsorted(self._bounds, _lot(self.seed, index, 0xF0))))

    def is_still(self, index: int) -> bool:
        """Whether clip number `index` is of a still picture."""
        return bool(self.pictures) and _lot(self.seed, index, 0xF1) < self.picture_share

    def sample(self, index: int) -> Sample:
        """Clip number `index` of this footage, rendered here and now."""
        return self._of_picture(index) if self.is_still(index) else self._of_world(index)

    def _of_world(self, index: int) -> Sample:
        from vitascope.train import pool
        from vitascope.world.footage import film, happening
        from vitascope.world.render import Device
        from vitascope.world.scene import Sign

        kind = self.formats[self.format(index)]
        size, frames, fps = kind.size, kind.num_frames, kind.fps
        if self.pool:
            happened = pool.load(self.pool).draw(self.seed, index, size, frames, fps)
        else:
            happened = happening(self.seed, index, level=self.level, size=size, seconds=frames / fps, fps=fps)
        device: Device = "cuda" if self.device == "cuda" else "cpu"
        made = film(
            *(*happened, self.seed, index), size=size, num_captions=NUM_CAPTIONS, num_tracks=NUM_TRACKS, device=device
        )
        words = any(isinstance(member, Sign) for member in made.scene.cast)  # which cannot be turned round
        captions = _with_plain(made.captions)
        texts, turned = _texts(captions), () if words else _texts(map(mirror, captions))
        points, things = made.points.astype(np.float32), made.ids > 0
        camera = _told(made.scene.camera.moves, kind)
        return Sample(made.clip.array(), texts, captions, points, made.visible, things, turned, camera, NUM_PLAIN)

    def _of_picture(self, index: int) -> Sample:
        """Never mirrored: a picture may hold writing, and nothing tells."""
        from vitascope.train import stills

        kind = self.formats[self.format(index)]
        rng = np.random.default_rng([self.seed, index, 0xF2])
        made = stills.film(
            *(self.pictures, kind.size, kind.num_frames, kind.fps, rng),
            num_captions=NUM_CAPTIONS,
            num_tracks=NUM_TRACKS,
        )
        things = np.zeros(made.frames.shape[:3], np.bool_)
        camera = _told(made.moves, kind)
        captions = _with_plain(made.captions)
        return Sample(made.frames, _texts(captions), captions, made.points, made.visible, things, (), camera, NUM_PLAIN)


@functools.lru_cache(65_536)
def _lot(seed: int, index: int, purpose: int) -> float:
    """A number in 0…1 by lot for a clip. Kept, since each step asks for those of all clips in the ring."""
    return float(np.random.default_rng([seed, index, purpose]).random())


def _texts(captions: Iterable[str]) -> tuple[npt.NDArray[np.float16], ...]:
    return tuple(map(_text, captions))


@functools.lru_cache(4096)
def _text(caption: str) -> npt.NDArray[np.float16]:
    """The token states of a caption. They cost as much as drawing a small clip, and a third of them come again: most
    captions are the same in a mirror, and simple clips are called the same."""
    from vitascope.model.text import encoder

    return encoder()(caption).astype(np.float16)


def _told(moves: Sequence["Move"], kind: Format) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]] | None:
    """The tracks of camera moves on a flat world, points [K, F, 2] and visible [K, F]; None without moves."""
    from vitascope.shot.camera import camera_tracks, usual_grid
    from vitascope.shot.tracks import track_arrays

    if not moves:
        return None
    tracks = camera_tracks(moves, kind.size, kind.num_frames / kind.fps, kind.fps, grid=usual_grid(kind.size))
    return track_arrays(tracks, kind.num_frames, kind.fps)


def mirror(caption: str) -> str:
    """A caption as it is in a mirror: left and right change places, and so do the ways round."""

    def swapped(match: re.Match[str]) -> str:
        return MIRRORED[match[1].lower()] + (match[2] or "").lower()

    return re.sub(rf"\b({'|'.join(MIRRORED)})(wards?)?\b", swapped, caption, flags=re.IGNORECASE)


def prepare_worker() -> None:
    """A worker is one thread at low priority: the cores belong to the training."""
    import os
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the training, which still needs clips to end its step
        signal.signal(number, signal.SIG_IGN)
    os.nice(5)
    os.environ["NUMBA_NUM_THREADS"] = "1"


def _with_plain(captions: Sequence[str]) -> tuple[str, ...]:
    return (*captions, *(plain(captions[number % len(captions)]) for number in range(NUM_PLAIN)))


def plain(caption: str) -> str:
    """A caption without the colours and materials of its things."""
    from vitascope.world.scene import COLOURS
    from vitascope.world.words import MATERIAL_WORDS

    stuff = {word for said in MATERIAL_WORDS.values() for words in said for word in words.split()}
    told = "|".join([*COLOURS, *sorted(stuff)])
    without = re.sub(rf"\b({told}) | made of \w+", "", caption, flags=re.IGNORECASE)
    without = re.sub(r"\b([Aa])n? (?=([aeiou])?)", lambda match: match[1] + ("n " if match[2] else " "), without)
    return without[:1].upper() + without[1:] if caption[:1].isupper() else without


class Ring:
    """The newest `size` clips of a source, fetched ahead by `workers` processes. `ring[i]` waits for clip i.

    Without workers each clip is made when it is asked for; but where a GPU draws, a thread keeps some clips ahead."""

    def __init__(self, source: Source, size: int, workers: int = 1) -> None:
        source.check()
        self.source, self.size = source, size
        self._kept: OrderedDict[int, Sample | Future[Sample]] = OrderedDict()
        self._pool: Executor | None = None
        self._ahead = 0  # clips at least
        if workers:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(workers, mp_context=context, initializer=prepare_worker)
        elif source.device == "cuda":
            self._pool = ThreadPoolExecutor(1, "clips")
            self._ahead = AHEAD

    def ask(self, end: int, ahead: int = 0) -> None:
        """Make sure that the clips before `end`, and a few `ahead`, are under way; forget those that are too old."""
        oldest = max(0, end - self.size)
        for index in range(max(oldest, next(reversed(self._kept), -1) + 1), end + max(ahead, self._ahead)):
            if self._pool is not None:
                self._kept[index] = self._pool.submit(self.source.sample, index)
            else:
                self._kept[index] = self.source.sample(index)
        while self._kept and next(iter(self._kept)) < oldest:
            self._kept.popitem(last=False)

    def __getitem__(self, index: int) -> Sample:
        held = self._kept[index]
        if isinstance(held, Future):
            held = self._kept[index] = held.result()
        return held

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> "Ring":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
