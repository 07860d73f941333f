"""Frames between frames: from the rate at which a network makes a film to the one that is asked for.

The motion between two frames is DIS optical flow (Kroeger et al., arXiv 1603.03590) both ways. It is carried to the
moment that is asked for, where what is seen in both frames goes before what is being covered (the idea of softmax
splatting, arXiv 2003.05534); from there each pixel is looked up in both frames, and the frame in which something else
is in its place counts little. Letters: H W pixels.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Frame = NDArray[np.uint8]  # H W 3, sRGB
Flow = NDArray[np.float32]  # H W 2, pixels to the right and down

NEAR = 1e-3  # of an interval: so near a frame that is there, it is shown as it is
SURE = 12.0  # grey levels of 255: pixels that differ by so much from where they go count less by a factor of e
ALIKE = 1.5  # pixels by which two motions may differ and still be of one thing
# A cut: what lies along the motion still differs by so much, and the colours of the two pictures are others.
CUT_DIFFERENCE, CUT_COLOURS = 22.0, 0.6


def interpolate(frames: Iterable[Frame], fps: float, wanted: float, num_frames: int) -> Iterator[Frame]:
    """Frames [H, W, 3] at a rate `fps` as `num_frames` at the rate `wanted`; the first stays the first.

    Frames that are there are passed on as they are. What lies after the last is led on by its motion; so should only
    be less than one interval. Across a cut, the nearer frame is shown."""
    incoming = iter(frames)
    before, last = next(incoming), None
    pair: Pair | None = None
    first = 0  # the number of `before`
    for number in range(num_frames):
        place = number * fps / wanted
        if abs(place - round(place)) < NEAR:
            place = float(round(place))
        while place > first and not (last is not None and place <= first + 1):
            following = next(incoming, None)
            if following is None:
                break
            if last is not None:
                before, first = last, first + 1
            last, pair = following, None
        share = place - first
        if share == 0 or last is None:
            yield before
        elif share == 1:
            yield last
        else:
            pair = pair or Pair(before, last)
            yield pair.at(share)


class Pair:
    """Two frames that follow each other, and what moves between them; found once, for all moments between them."""

    def __init__(self, first: Frame, second: Frame) -> None:
        self.first, self.second = first, second

    @cached_property
    def flows(self) -> tuple[Flow, Flow]:
        """From the first to the second, and back."""
        one, other = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (self.first, self.second))
        return _flow(one, other), _flow(other, one)

    @cached_property
    def sureness(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How well each pixel [H, W] of either frame is found again where it goes: 1 exactly, near 0 if it is not."""
        there, back = self.flows
        return tuple(  # type: ignore[return-value]
            np.exp(_difference(frame, look_up(other, flow)) / -SURE)
            for frame, other, flow in ((self.first, self.second, there), (self.second, self.first, back))
        )

    @cached_property
    def is_cut(self) -> bool:
        """Whether the second frame is of another shot."""
        left = -SURE * np.log(np.maximum(self.sureness[0], 1e-9))
        return float(left.mean()) > CUT_DIFFERENCE and _same_colours(self.first, self.second) < CUT_COLOURS

    def at(self, share: float) -> Frame:
        """The frame at a share of the way from the first to the second; above 1, what would come after the second."""
        if np.array_equal(self.first, self.second):
            return self.first
        if self.is_cut:
            return self.first if share < 0.5 else self.second
        if share > 1:
            return look_up(self.second, self.flows[1] * np.float32(share - 1))
        there, back = self.flows
        motion = carried(there, back, *self.sureness, share)
        to_first, to_second = motion * np.float32(-share), motion * np.float32(1 - share)
        own = (1 - share) * _alike(look_up(there, to_first), motion)
        other = share * _alike(-look_up(back, to_second), motion)
        weight = ((own + 1e-3 * (1 - share)) / (own + other + 1e-3))[..., None]  # 1e-3: where neither is right
        one, two = look_up(self.first, to_first), look_up(self.second, to_second)
        mixed = one.astype(np.float32) * weight + two.astype(np.float32) * (1 - weight)
        return np.round(mixed).astype(np.uint8)


def _flow(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Flow:
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    finder.setFinestScale(0)
    return np.asarray(finder.calc(one, other, None), np.float32)


def look_up(picture: NDArray[Any], flow: Flow) -> NDArray[Any]:
    """A picture [H, W] or [H, W, C] as it is `flow` away from each pixel; beyond the border, the border."""
    high, wide = flow.shape[:2]
    across = flow[..., 0] + np.arange(wide, dtype=np.float32)
    down = flow[..., 1] + np.arange(high, dtype=np.float32)[:, None]
    how = cv2.INTER_CUBIC if picture.dtype == np.uint8 else cv2.INTER_LINEAR
    return np.asarray(cv2.remap(picture, across, down, how, borderMode=cv2.BORDER_REPLICATE))


def carried(there: Flow, back: Flow, sure: NDArray[np.float32], sure_back: NDArray[np.float32], share: float) -> Flow:
    """What moves past each pixel at a moment, as its way from the first frame to the second [H, W, 2]: from both flows,
    by how sure they are. Where nothing comes past, what moves nearby."""
    total = np.zeros((*there.shape[:2], 3), np.float32)  # motion times weight, weight
    _splat(total, there, there, sure, np.float32(share), np.float32(1 - share))
    _splat(total, back, -back, sure_back, np.float32(1 - share), np.float32(share))
    wide = 3
    while (total[..., 2] < 1e-4).any() and wide < 2 * max(there.shape):
        near = cv2.blur(total, (wide, wide))
        total = np.where(total[..., 2:] < 1e-4, near, total)
        wide = 2 * wide + 1
    return np.asarray(total[..., :2] / np.maximum(total[..., 2:], 1e-9), np.float32)


@njit(cache=True, nogil=True)
def _splat(
    total: NDArray[np.float32],
    flow: Flow,
    motion: Flow,
    sure: NDArray[np.float32],
    share: np.float32,
    weight: np.float32,
) -> None:
    """Add each pixel's motion, by its weight, to the four pixels about the place where it is after a share of its
    flow."""
    high, wide = sure.shape
    for y in range(high):
        for x in range(wide):
            to_x, to_y = x + share * flow[y, x, 0], y + share * flow[y, x, 1]
            left, top = math.floor(to_x), math.floor(to_y)
            for down in range(2):
                for across in range(2):
                    i, j = int(top) + down, int(left) + across
                    if 0 <= i < high and 0 <= j < wide:
                        near = (1 - abs(to_y - i)) * (1 - abs(to_x - j)) * sure[y, x] * weight
                        total[i, j, 0] += near * motion[y, x, 0]
                        total[i, j, 1] += near * motion[y, x, 1]
                        total[i, j, 2] += near


def _alike(one: NDArray[Any], motion: Flow) -> NDArray[np.float32]:
    """How much two motions are one thing's [H, W]."""
    apart = np.square(one.astype(np.float32) - motion).sum(-1)
    return np.asarray(np.exp(apart / np.float32(-(ALIKE**2))), np.float32)


def _difference(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(np.abs(one.astype(np.float32) - other.astype(np.float32)).mean(-1), np.float32)


def _same_colours(one: Frame, other: Frame) -> float:
    """How much of their colours two pictures share, 0 to 1: the intersection of their histograms of 8×8×8 colours."""
    counts = [cv2.calcHist([frame], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3).ravel() for frame in (one, other)]
    return float(np.minimum(*counts).sum() / counts[0].sum())
