"""What a network made, at the rate and size that were asked for, with what was pinned put back exactly."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from vitascope.finish.interpolate import interpolate
from vitascope.finish.seams import evened, settled
from vitascope.finish.stream import Watch, ahead
from vitascope.finish.upscale import upscale
from vitascope.model.condition import known_frames
from vitascope.model.grid import GROUP
from vitascope.shot.clip import Frame
from vitascope.shot.shot import Shot


@dataclass(frozen=True, eq=False)
class Finished:
    """A network's frames [h, w, 3] at the Shot's rate and size, with pinned frames put back exactly.

    They are made so while they are played, each stage in a thread of its own: a long film never stands in memory at
    full size. `watch` tells how long each stage was busy."""

    made: Iterable[Frame]
    num_made: int
    fps: float  # of what was made
    shot: Shot
    seams: bool = True  # it was made some frames at a time, and with known ones beside them
    watch: Watch = field(default_factory=Watch)

    @property
    def num_frames(self) -> int:
        return self.shot.num_frames

    @property
    def size(self) -> tuple[int, int]:
        return self.shot.size

    def __iter__(self) -> Iterator[Frame]:
        back: dict[int, list[tuple[Frame, NDArray[np.float32] | None]]] = {}
        for number, picture, shown in known_frames(self.shot):
            back.setdefault(number, []).append((picture, shown))
        for number, frame in enumerate(self._sized()):
            for picture, shown in back.get(number, ()):
                frame = picture if shown is None else _over(frame, picture, shown)
            yield frame

    def _sized(self) -> Iterator[Frame]:
        frames: Iterator[Frame] = islice(self.made, self.num_made)
        if self.seams and self.num_made > 1:
            frames = ahead(self.watch.over("seams", self._without_seams, frames))
        if self.num_frames > 1 and (self.shot.fps != self.fps or self.num_frames != self.num_made):
            frames = ahead(self.watch.over("interpolate", self._at_rate, frames))
        return self.watch.over("upscale", self._at_size, frames)

    def _without_seams(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        frames = evened(frames, GROUP)
        if not any(pin.role == "frame" for pin in self.shot.pins):
            return frames
        first = next(frames)
        height, width = first.shape[:2]
        own = self.shot.with_(size=(width, height), fps=self.fps, seconds=self.num_made / self.fps)
        known = {number: picture for number, picture, shown in known_frames(own, 1) if shown is None}
        return settled(chain((first,), frames), self.num_made, self.fps, known)

    def _at_rate(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        return interpolate(frames, self.fps, self.shot.fps, self.num_frames)

    def _at_size(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        return upscale(frames, self.size)


def _over(frame: Frame, picture: Frame, shown: NDArray[np.float32]) -> Frame:
    """The picture [H, W, 3] over the frame, as far as it is shown [H, W]."""
    share = shown[..., None]
    return np.round(frame * (1 - share) + picture * share).astype(np.uint8)
