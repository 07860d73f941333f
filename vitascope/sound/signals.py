"""Small parts of every sound: noise of a given colour, envelopes, slow wandering, levels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vitascope.sound.blocks import RATE
from vitascope.sound.resonators import Floats, Mono, without_rumble

Piece = tuple[int, NDArray[np.float32]]  # the sample a piece begins at, counted from its cue's; [S] or [S, 2]
Pieces = Iterator[Piece]  # in order; a piece may go on under the next ones

PIECE = RATE  # samples of a long sound that are made at a time
OVERLAP = 1152  # samples by which noise runs over a piece; both together are 3·2^14, which is transformed fast


def decibels(level: float) -> float:
    """An amplitude of so many dB."""
    return 10.0 ** (level / 20)


@dataclass(frozen=True)
class Band:
    """How loud each frequency is: 1 from `low` to `high` Hz, falling by 6 dB an octave and order beyond."""

    low: float
    high: float
    order: float = 2.0

    def gain(self, frequencies: NDArray) -> Floats:
        """The gain [F] at frequencies [F] in Hz."""
        f = np.maximum(frequencies, 1.0)
        return 1 / np.sqrt((1 + (self.low / f) ** (2 * self.order)) * (1 + (f / self.high) ** (2 * self.order)))


def _whole(length: int) -> int:
    """A length at least this that is transformed fast: 2^n or 3·2^n."""
    size = 64
    while size < length:
        size *= 2
    return size * 3 // 4 if size * 3 // 4 >= length else size


@lru_cache(maxsize=48)
def _shape(colour: Band, size: int) -> NDArray[np.float32]:
    """What gives white noise of `size` samples and variance 1 this colour, at unit RMS: [size / 2 + 1]."""
    shape = colour.gain(np.arange(size // 2 + 1) * (RATE / size))
    shape[0] = shape[-1] = 0.0
    return np.asarray(shape * np.sqrt(size / 2 / np.sum(shape**2)), np.float32)


def noise(rng: np.random.Generator, length: int, colour: Band, density: float = 1.0) -> NDArray[np.float32]:
    """Noise [S] of unit RMS (on average) and this colour.

    With a density below 1 only that share of its samples is struck: one hears grains."""
    size = _whole(length)
    shape = _shape(colour, size)
    if density < 1:
        chance = rng.random(size, np.float32) / np.float32(density)
        # grains differ by no more than 2 to 1: single ones that stand out by far would be heard as clicks
        heights = np.where(chance < 1, np.where(chance < 0.5, -0.63, 0.63) * (1 + (chance * 4) % 1), 0.0)
        shaped = np.fft.rfft((heights / np.sqrt(density)).astype(np.float32)) * shape
    else:
        # the spectrum of white noise is white noise too; added up by the transform, even uniform numbers become
        # normal ones, and those cost a third
        parts = rng.random(2 * len(shape), np.float32)
        parts -= np.float32(0.5)
        parts *= np.repeat(shape, 2)
        parts *= np.float32(np.sqrt(6.0 * size))  # 12 for the variance of uniform numbers, half of it for each part
        shaped = parts.view(np.complex64)
    return np.asarray(np.fft.irfft(shaped, size)[:length], np.float32)


def going_on(rng: np.random.Generator, colour: Band, density: float = 1.0) -> Iterator[NDArray[np.float32]]:
    """Noise of unit RMS without end, a second [PIECE] at a time.

    Each second is made by itself and runs into the next within 24 ms, their powers adding up to one; so there is no
    seam, and none ever comes again."""
    ramp = np.sin(0.5 * np.pi * (np.arange(OVERLAP, dtype=np.float32) + 0.5) / OVERLAP)
    tail: NDArray[np.float32] | None = None
    while True:
        made = noise(rng, PIECE + OVERLAP, colour, density)
        if tail is not None:
            made[:OVERLAP] = made[:OVERLAP] * ramp + tail
        tail = made[PIECE:] * ramp[::-1]
        yield made[:PIECE]


def endless(rng: np.random.Generator, colour: Band, length: int, channels: int = 1, density: float = 1.0) -> Pieces:
    """Noise of unit RMS for `length` samples, in pieces [S] or [S, channels]; see `going_on`."""
    if length <= PIECE:
        sides = [noise(rng, length, colour, density) for _ in range(channels)]
        yield 0, sides[0] if channels == 1 else np.stack(sides, axis=1)
        return
    streams = [going_on(rng, colour, density) for _ in range(channels)]
    for start in range(0, length, PIECE):
        sides = [next(stream)[: length - start] for stream in streams]
        yield start, sides[0] if channels == 1 else np.stack(sides, axis=1)


class Wander:
    """A slow random curve of mean 0 and variance 1, the same whenever it is asked: w(seconds [S]) -> [S].

    Sines whose frequencies have no common measure never come together again."""

    def __init__(self, rng: np.random.Generator, slowest: float, fastest: float, parts: int = 6) -> None:
        self._speeds = np.exp(rng.uniform(np.log(slowest), np.log(fastest), parts))  # Hz
        self._phases = rng.uniform(0, 2 * np.pi, parts)

    def __call__(self, times: Floats) -> Floats:
        angles = 2 * np.pi * self._speeds[:, None] * np.atleast_1d(times)[None] + self._phases[:, None]
        return np.asarray(np.sin(angles).sum(0) * np.sqrt(2 / len(self._speeds)))

    def over(self, start: int, length: int) -> Floats:
        """The curve at samples start … start + length."""
        return slowly(self, start, length)


def slowly(values: Callable[[Floats], Floats], start: int, length: int) -> Floats:
    """A curve values(seconds [T]) -> [T] that moves slowly, at samples start … start + length: it is asked for every
    512th and lies on straight lines between those."""
    first = start // 512
    count = (start + length) // 512 + 2 - first
    asked = values(np.arange(first, first + count, dtype=np.float64) * (512 / RATE))
    return np.interp(np.arange(start - first * 512, start - first * 512 + length) / 512, np.arange(count), asked)


def times(length: int) -> Floats:
    """0, 1/48000, … seconds."""
    return np.arange(length) / RATE


def faded(sound: NDArray, attack: float, release: float) -> NDArray:
    """The same sound [S] or [S, C], risen and fallen along half a cosine in so many seconds."""
    out = sound.copy()
    for seconds, part in ((attack, out), (release, out[::-1])):
        length = min(round(seconds * RATE), len(out))
        ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(1, length))
        part[:length] *= ramp.reshape(-1, *[1] * (out.ndim - 1))
    return out


def edges(start: int, length: int, whole: int, attack: float, release: float) -> NDArray[np.float32]:
    """The fades (s) of a sound of `whole` samples at its samples start … start + length."""
    out = np.ones(length, np.float32)
    rising = round(attack * RATE) - start
    if rising > 0:
        share = (np.arange(start, start + min(rising, length)) + 0.5) / round(attack * RATE)
        out[: len(share)] *= (0.5 - 0.5 * np.cos(np.pi * share)).astype(np.float32)
    falling = start + length - (whole - round(release * RATE))
    if falling > 0:
        first = max(0, length - falling)
        share = np.clip((whole - np.arange(start + first, start + length) - 0.5) / round(release * RATE), 0, 1)
        out[first:] *= (0.5 - 0.5 * np.cos(np.pi * share)).astype(np.float32)
    return out


def peaked(sound: Floats, level: float) -> Mono:
    """Without what is below 25 Hz, its end faded, its largest sample at `level`: [S]."""
    out = np.ascontiguousarray(sound, np.float64).copy()
    without_rumble(out, 25.0, np.zeros(2))
    out = faded(out, 0.0, 0.01)
    return np.asarray(out * (level / max(float(np.abs(out).max()), 1e-9)), np.float32)


def prompt(sound: Mono) -> Mono:
    """The same sound [S] without what nobody hears before it: it comes to a sixth of its peak within half a
    millisecond. A soft contact swells for several, and would be late for the eye."""
    heights = np.abs(sound)
    first = int(np.argmax(heights >= heights.max() / 6))
    lead = min(first, round(0.0004 * RATE))
    return faded(sound[first - lead :], lead / RATE, 0.0)


def rms(sound: NDArray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if sound.size else 0.0


def curve(points: tuple[tuple[float, float], ...], length: int) -> Floats:
    """Straight lines through (share of the length, value) points: [S]."""
    at, values = zip(*points, strict=True)
    return np.interp(np.linspace(0, 1, length), at, values)
