"""Sound as a stream of blocks, so that a long film takes no more memory than a short one."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Stereo = NDArray[np.float32]  # S 2, about -1 to 1

RATE = 48_000  # samples a second of everything in here
BLOCK = RATE  # samples of a block; the last of a stream may have fewer
Blocks = Iterator[Stereo]


def lengths(seconds: float) -> Iterator[int]:
    """How many samples each block of a stream of this length has."""
    left = round(seconds * RATE)
    while left > 0:
        yield min(BLOCK, left)
        left -= BLOCK


def laid(sounds: Iterable[tuple[float, Stereo]], seconds: float) -> Blocks:
    """A stream of this length in which each sound [S, 2] begins at its time (seconds, may be negative).

    Sounds come in the order of their times and are asked for when the stream gets there; what lies outside is cut.
    Raises ValueError where one comes too late."""
    coming = iter(sounds)
    waiting = next(coming, None)
    open_: list[tuple[int, Stereo]] = []  # first sample, samples
    first = 0
    for length in lengths(seconds):
        while waiting is not None and round(waiting[0] * RATE) < first + length:
            start = round(waiting[0] * RATE)
            if start < first and first > 0:
                raise ValueError(
                    f"sounds should come in the order of their times; the one at {waiting[0]:g} s was late"
                )
            open_.append((start, waiting[1]))
            waiting = next(coming, None)
        block = np.zeros((length, 2), np.float32)
        for start, sound in open_:
            begin, end = max(start, first), min(start + len(sound), first + length)
            if end > begin:
                block[begin - first : end - first] += sound[begin - start : end - start]
        first += length
        open_ = [(start, sound) for start, sound in open_ if start + len(sound) > first]
        yield block


def silence(seconds: float) -> Blocks:
    """Nothing is heard for this long."""
    return (np.zeros((length, 2), np.float32) for length in lengths(seconds))


def whole(blocks: Blocks) -> Stereo:
    """A stream in memory: [S, 2]."""
    return np.concatenate([np.zeros((0, 2), np.float32), *blocks])
