"""The endless stream of training clips: rendered by worker processes, kept in a ring, each used several times.

Which clips are in the ring at a moment depends on how many were asked for before, and on nothing else; so a resumed
run sees exactly what an unbroken one would have seen.
"""

import multiprocessing
import re
from collections import OrderedDict
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import numpy.typing as npt

NUM_TRACKS = 48
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


@dataclass(frozen=True)
class Source:
    """Which footage: the world's level and seed, and how it is filmed."""

    seed: int = 0
    level: int = 1
    size: tuple[int, int] = (144, 80)
    num_frames: int = 24
    fps: float = 12.0

    def sample(self, index: int) -> Sample:
        """Clip number `index` of this footage, rendered here and now."""
        from vitascope.model.text import encoder
        from vitascope.world.footage import take
        from vitascope.world.scene import Sign

        seconds = self.num_frames / self.fps
        made = take(
            self.seed,
            index,
            level=self.level,
            size=self.size,
            seconds=seconds,
            fps=self.fps,
            num_captions=6,
            num_tracks=NUM_TRACKS,
        )
        texts = tuple(encoder()(caption).astype(np.float16) for caption in made.captions)
        words = any(isinstance(member, Sign) for member in made.scene.cast)
        turned = () if words else tuple(encoder()(mirror(caption)).astype(np.float16) for caption in made.captions)
        points = made.points.astype(np.float32)
        return Sample(made.clip.array(), texts, made.captions, points, made.visible, made.ids > 0, turned)


def mirror(caption: str) -> str:
    """A caption as it is in a mirror: left and right change places, and so do the ways round."""

    def swapped(match: re.Match[str]) -> str:
        return MIRRORED[match[1].lower()] + (match[2] or "").lower()

    return re.sub(rf"\b({'|'.join(MIRRORED)})(wards?)?\b", swapped, caption, flags=re.IGNORECASE)


def _prepare() -> None:
    """A worker is one thread at low priority: the cores belong to the training."""
    import os

    os.nice(5)
    os.environ["NUMBA_NUM_THREADS"] = "1"


class Ring:
    """The newest `size` clips of a source, fetched ahead by `workers` processes. `ring[i]` waits for clip i."""

    def __init__(self, source: Source, size: int, workers: int = 1) -> None:
        self.source, self.size = source, size
        self._kept: OrderedDict[int, Sample | Future[Sample]] = OrderedDict()
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare) if workers else None

    def ask(self, end: int, ahead: int = 0) -> None:
        """Make sure that the clips before `end`, and a few `ahead`, are under way; forget those that are too old."""
        oldest = max(0, end - self.size)
        for index in range(max(oldest, next(reversed(self._kept), -1) + 1), end + ahead):
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
