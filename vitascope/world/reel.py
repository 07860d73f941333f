"""The pictures of a take: drawn once and kept when they are few, drawn anew whenever they are asked for when not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vitascope.world.render import BATCH, Device, Picture, Stage, draw, draw_stream
from vitascope.world.scene import Style
from vitascope.world.style import Levels, expose, stylise

MAX_KEPT = 2**23  # pixels of all frames together, 9 bytes each, that a reel keeps: 227 frames of 256x144


@dataclass(frozen=True, eq=False)
class Reel:
    """The frames of a stage in a style, T of H × W pixels; a source of frames for a Clip, of any length."""

    stage: Stage
    size: tuple[int, int]  # width, height
    style: Style = "natural"
    seed: int = 0  # of the style's paper and grain
    samples: int = 4
    device: Device = "cpu"  # that draws

    @property
    def num_frames(self) -> int:
        return self.stage.camera.num_frames

    @property
    def kept(self) -> bool:
        """Whether all pictures stay in memory."""
        return self.num_frames * self.size[0] * self.size[1] <= MAX_KEPT

    @property
    def whole(self) -> Picture:
        """All pictures at once. Raises ValueError where they are too many to keep."""
        # No cached_property: until Python 3.12 it locks all reels while one is drawn.
        if "_whole" not in self.__dict__:
            self.__dict__["_whole"] = self._draw_whole()
        picture: Picture = self.__dict__["_whole"]
        return picture

    def _draw_whole(self) -> Picture:
        if not self.kept:
            size = f"{self.num_frames} frames of {self.size[0]}x{self.size[1]}"
            raise ValueError(f"{size} are more than the {MAX_KEPT} pixels kept in memory; go through pictures()")
        picture = draw(self.stage, self.size, samples=self.samples, device=self.device)
        return self._styled(picture, 0, expose(picture.frames[: self._batch], self.style))

    def pictures(self) -> Iterator[Picture]:
        """The pictures in order, some frames at a time."""
        if self.kept:
            yield self.whole
            return
        first, levels = 0, None  # of the first frames: what came later would make the picture pump
        for picture in draw_stream(self.stage, self.size, samples=self.samples, device=self.device, batch=self._batch):
            levels = expose(picture.frames, self.style) if levels is None else levels
            yield self._styled(picture, first, levels)
            first += len(picture.frames)

    def traces(self) -> Iterator[Picture]:
        """Like `pictures`, for who needs ids and depth alone: frames may be black, which is several times faster."""
        if self.kept:
            yield self.whole
        else:
            yield from draw_stream(self.stage, self.size, samples=0, device=self.device, batch=self._batch)

    def trace(self, frames: NDArray[np.int64]) -> Picture:
        """Ids and depth of some frames [N]; their colours may be black."""
        if self.kept:
            whole = self.whole
            return Picture(whole.frames[frames], whole.depth[frames], whole.ids[frames], whole.owner)
        return draw(self.stage.at(frames), self.size, samples=0, device=self.device)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        for picture in self.pictures():
            yield from picture.frames

    @property
    def _batch(self) -> int:
        """How many frames are drawn together: fewer where they are large."""
        return max(1, min(BATCH, MAX_KEPT // (self.size[0] * self.size[1])))

    def _styled(self, picture: Picture, first: int, levels: Levels) -> Picture:
        if self.style == "natural":
            return picture
        frames = stylise(
            picture.frames, picture.depth, picture.objects, self.style, self.seed, first=first, levels=levels
        )
        return replace(picture, frames=frames)
