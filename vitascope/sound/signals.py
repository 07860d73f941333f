"""Small parts of every sound: noise of a given colour, envelopes, slow wandering, levels."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vitascope.sound.blocks import RATE
from vitascope.sound.resonators import Floats, Mono, without_rumble

Piece = tuple[int, NDArray[np.float32]]  # the sample a piece begins at, counted from its cue's; [S] or [S, 2]
Pieces = Iterator[Piece]  # in order; a piece may go on under the next ones

PIECE = RATE  # samples of a long sound that are made at a time


def decibels(level: float) -> float:
    """An amplitude of so many dB."""
    return 10.0 ** (level / 20)


@dataclass(frozen=True)
class Band:
    """How loud each frequency is: 1 from `low` to `high` Hz, falling by 6 dB an octave and order beyond."""

    low: float
    high: float
    order: float = 2.0

    def gain(self, frequencies: Floats) -> Floats:
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
    """What makes white noise of `size` samples this colour, at unit RMS: [size / 2 + 1]."""
    shape = colour.gain(np.fft.rfftfreq(size, 1 / RATE))
    shape[0] = shape[-1] = 0.0
    return np.asarray(shape * np.sqrt(size / 2 / np.sum(shape**2)), np.float32)


def noise(rng: np.random.Generator, length: int, colour: Band, density: float = 1.0) -> NDArray[np.float32]:
    """Noise [S] of unit RMS (on average) and this colour.

    With a density below 1 only that share of its samples is struck: one hears grains."""
    size = _whole(length)
    shape = _shape(colour, size)
    if density < 1:
        white = rng.standard_normal(size, np.float32)
        white *= (rng.random(size, np.float32) < density) / np.float32(np.sqrt(density))
        spectrum = np.fft.rfft(white)
    else:  # the spectrum of white noise is white noise too
        spectrum = rng.standard_normal(2 * len(shape), np.float32).view(np.complex64) * np.float32(np.sqrt(size / 2))
    return np.asarray(np.fft.irfft(spectrum * shape, size)[:length], np.float32)


def endless(rng: np.random.Generator, colour: Band, length: int, channels: int = 1, density: float = 1.0) -> Pieces:
    """Noise of unit RMS for `length` samples, in pieces [S] or [S, channels] that overlap and add up seamlessly.

    Independent noises under sine windows keep their power, and none ever comes again."""
    hop = PIECE
    ramp = np.sin(0.5 * np.pi * (np.arange(hop, dtype=np.float32) + 0.5) / hop)
    window = np.concatenate([ramp, ramp[::-1]])
    for start in range(-hop, length, hop):
        piece = np.stack([noise(rng, 2 * hop, colour, density) * window for _ in range(channels)], axis=1)
        begin, end = max(0, -start), min(2 * hop, length - start)
        made = piece[begin:end].astype(np.float32)
        yield start + begin, made[:, 0] if channels == 1 else made


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
        coarse = np.arange(start // 512, (start + length) // 512 + 2)
        return np.interp(np.arange(start, start + length) / 512, coarse, self(coarse * 512 / RATE))


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


def edges(start: int, length: int, whole: int, attack: float, release: float) -> Floats:
    """The fades of a sound of `whole` samples at its samples start … start + length."""
    at = np.arange(start, start + length) / RATE
    left = np.clip(at / max(attack, 1e-6), 0, 1)
    right = np.clip((whole / RATE - at) / max(release, 1e-6), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * left)) * (0.5 - 0.5 * np.cos(np.pi * right))


def peaked(sound: Floats, level: float) -> Mono:
    """Without what is below 25 Hz, its end faded, its largest sample at `level`: [S]."""
    out = np.ascontiguousarray(sound, np.float64).copy()
    without_rumble(out, 25.0, np.zeros(2))
    out = faded(out, 0.0, 0.01)
    return np.asarray(out * (level / max(float(np.abs(out).max()), 1e-9)), np.float32)


def rms(sound: NDArray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if sound.size else 0.0


def curve(points: tuple[tuple[float, float], ...], length: int) -> Floats:
    """Straight lines through (share of the length, value) points: [S]."""
    at, values = zip(*points, strict=True)
    return np.interp(np.linspace(0, 1, length), at, values)
