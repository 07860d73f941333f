"""Seams in time: between what is known and what is made, and between the groups of frames that a network makes at once.

A network draws what it knows again in its own hand: a little softer, a shade lighter. By how much the known frame
differs from the made one next to it is therefore added to that, goes along with what moves, and is forgotten within
HOLD seconds. Known frames may also lie outside of the film, just before its first frame or just after its last.
Of two groups neither is right: the frames at their seam meet halfway.
"""

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from vitascope.shot.clip import Frame

HOLD = 0.75  # seconds
MET = (0.5, 0.25)  # of what two groups differ by at their seam that is added to the frames on either side of it
OTHER = 20.0  # grey levels: what differs by more at such a seam is not the same thing
Difference = NDArray[np.float32]  # H W 3


def evened(frames: Iterator[Frame], group: int) -> Iterator[Frame]:
    """Frames [H, W, 3] that were made so many at once, without the jumps between one group and the next."""
    reach, held = len(MET), deque[Frame]()
    out: deque[Difference] = deque()
    parts: Difference | None = None
    for number, made in enumerate(frames):
        begins = number > 0 and number % group == 0
        parts = _small(_apart(held[-1], made)) if begins else None if parts is None else _carried(parts, held[-1], made)
        if begins:
            back: Difference | None = None
            for step in range(min(reach, len(held))):
                own = held[-1 - step]
                back = _small(_apart(made, own)) if step == 0 else _carried(back, held[-step], own)
                out[-1 - step] = out[-1 - step] + MET[step] * back
        place = number % group
        added = MET[place] * parts if parts is not None and place < reach else np.float32(0)
        held.append(made)
        out.append(made + added)
        if len(out) > reach:
            held.popleft()
            yield _bytes(out.popleft())
    yield from map(_bytes, out)


def _small(part: Difference) -> Difference:
    """A difference where it is one of tone and grain; where a thing is another one there is nothing to be halved."""
    much = cv2.GaussianBlur(np.abs(part).mean(-1), (0, 0), 1.5)[..., None]
    return part / (1 + (much / OTHER) ** 2)


def _bytes(frame: Difference) -> Frame:
    return np.asarray(np.rint(np.clip(frame, 0, 255)), np.uint8)


def settled(frames: Iterator[Frame], num_frames: int, fps: float, known: Mapping[int, Frame]) -> Iterator[Frame]:
    """So many frames [H, W, 3] with what is `known` of some, by their numbers (also -1, and num_frames), carried into
    those beside them; the known ones are put in their places."""
    hold = max(1, round(HOLD * fps))
    numbers = sorted(known)
    coming: deque[Frame] = deque()
    after: dict[int, Difference] = {}  # by frame: what the next known one differs by
    last, before = None, None
    for number in range(num_frames):
        while len(coming) <= hold and number + len(coming) < num_frames and (frame := next(frames, None)) is not None:
            coming.append(frame)
        if not coming:
            return
        made = coming.popleft()
        if number in known:
            last, before = known[number], None
            yield last
            continue
        past = numbers[at - 1] if (at := bisect_left(numbers, number)) else None
        nextly = numbers[at] if (at := bisect_right(numbers, number)) < len(numbers) else None
        way = 0.5 if past is None or nextly is None else (number - past) / (nextly - past)
        parts: list[Difference] = []
        if past is not None and number - past <= hold:
            before = _apart(known[past], made) if number - past == 1 else _carried(before, last, made)
            parts.append(_share(number - past, hold) * (1.0 if nextly is None else _fade(way)) * before)
        if nextly is not None and nextly - number <= min(hold, 1 + len(coming)):
            if number not in after:
                after = _led_to(known[nextly], [made, *coming], number, nextly)
            parts.append(_share(nextly - number, hold) * (1.0 if past is None else _fade(1 - way)) * after.pop(number))
        last = made
        if not parts:
            yield made
            continue
        out = np.sum(parts, axis=0) + made
        yield _bytes(out)


def _fade(way: float) -> float:
    """1 at the beginning of a way, 0 at its end."""
    return math.cos(math.pi / 2 * way) ** 2


def _share(apart: int, hold: int) -> float:
    """How much is carried so many frames on: all to the next one, nothing beyond `hold`."""
    return 0.5 + 0.5 * math.cos(math.pi * (apart - 1) / hold)


def _led_to(there: Frame, frames: list[Frame], first: int, known: int) -> dict[int, Difference]:
    """By how much a known frame differs from those that lead to it, by their numbers; `frames` begin with `first`."""
    found: dict[int, Difference] = {}
    part: Difference | None = None
    for number in range(known - 1, first - 1, -1):
        made = frames[number - first]
        part = _apart(there, made) if number == known - 1 else _carried(part, frames[number - first + 1], made)
        found[number] = part
    return found


def _apart(known: Frame, made: Frame) -> Difference:
    """By how much a known frame differs from the made one next to it, as this stands."""
    return _looked_up(known.astype(np.float32), _ways(made, known)) - made


def _carried(part: Difference | None, was: Frame | None, made: Frame) -> Difference:
    """A difference to one frame as one to the next."""
    assert part is not None and was is not None  # the frame beside it has one
    return _looked_up(part, _ways(made, was))


def _ways(to: Frame, of: Frame) -> NDArray[np.float32]:
    """Where in a frame `of` lies what is in another: ways in pixels [H, W, 2] (dense inverse search, Kroeger 2016)."""
    # Not down to single pixels, as frames in between need it: there it follows grain, and steps at pins stand out more.
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY) for frame in (to, of)]
    return np.asarray(flow.calc(grey[0], grey[1], None), np.float32)


def _looked_up(values: Difference, ways: NDArray[np.float32]) -> Difference:
    H, W = values.shape[:2]
    columns, rows = np.meshgrid(np.arange(W, dtype=np.float32), np.arange(H, dtype=np.float32))
    at = np.stack([columns, rows], -1) + ways
    return np.asarray(cv2.remap(values, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
