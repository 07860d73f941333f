"""A listener for the suite of sound: when sounds begin, and how well that agrees with when they should.

Beginnings are found by the growth of a spectrum of bands that the neighbouring bands had not yet (SuperFlux: Böck &
Widmer, Maximum Filter Vibrato Suppression for Onset Detection, DAFx 2013). Letters: S samples, N windows, F
frequencies, B bands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vitascope.sound.blocks import RATE

Mono = npt.NDArray[np.float32]
Times = Sequence[float]

NEAR = 0.05  # seconds within which a sound is in time
ECHO = 0.15  # seconds for which what comes after a beginning may belong to it: a toe after its heel
HOP = 256  # samples from window to window
WINDOW = 1024
LAG = 2  # windows over which growth is looked at
PER_OCTAVE = 6
LOWEST, HIGHEST = 60.0, 16_000.0  # Hz
FLOOR = -65.0  # dB to full scale: what is fainter does not count
LEAST_RISE = 3.0  # dB, mean over all bands
AROUND = 0.03  # seconds in which a beginning is the strongest
END = 0.02  # seconds at the end that are not listened to: where a sound is cut, something seems to begin


def spectrum(sound: Mono) -> npt.NDArray[np.float32]:
    """Magnitudes [N, F] of windows HOP samples apart, the first around the first sample; a full-scale tone has 1."""
    padded = np.pad(sound, WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW).astype(np.float32)
    return np.abs(np.fft.rfft(windows, axis=1)).astype(np.float32) / (WINDOW / 4)


@lru_cache(maxsize=1)
def _bands() -> npt.NDArray[np.float32]:
    """How much of each frequency is in each band: triangles [F, B] whose sum is 1."""
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)
    num = int(np.log2(HIGHEST / LOWEST) * PER_OCTAVE)
    edges = LOWEST * 2 ** (np.arange(num + 2) / PER_OCTAVE)
    bands = np.zeros((len(frequencies), num), np.float32)
    for k, (low, middle, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        rises, falls = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
        share = np.clip(np.minimum(rises, falls), 0, None)
        if not share.any():
            share[np.argmin(abs(frequencies - middle))] = 1
        bands[:, k] = share / share.sum()
    return bands


def growth(sound: Mono) -> npt.NDArray[np.float32]:
    """By how many dB the bands of each window are above what they and their neighbours were LAG windows before, mean
    over those that grew: [N]."""
    level = 10 * np.log10(spectrum(sound) ** 2 @ _bands() + 10 ** (FLOOR / 10))  # N B
    padded = np.pad(level, ((LAG, 0), (1, 1)), constant_values=FLOOR)
    before = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])[: len(level)]
    return np.asarray(np.maximum(level - before, 0).mean(1), np.float32)


def beginnings(sound: Mono) -> list[float]:
    """When sounds begin, in seconds."""
    if len(sound) < WINDOW:
        return []
    rise = growth(sound)[: max(0, len(sound) - round(END * RATE)) // HOP + 1]
    around = round(AROUND * RATE / HOP)
    found: list[float] = []
    for i in np.flatnonzero(rise > LEAST_RISE):
        if rise[i] < rise[max(0, i - around) : i + around + 1].max():
            continue
        moment = _sharpened(sound, int(i) * HOP)
        if not found or moment - found[-1] > AROUND:
            found.append(moment)
    return found


def _sharpened(sound: Mono, sample: int) -> float:
    """When the sound near a sample begins: where its envelope first reaches a third of its highest."""
    first, last = max(0, sample - LAG * HOP - WINDOW // 2 - HOP), min(len(sound), sample + WINDOW // 2)
    envelope = np.convolve(np.abs(sound[first:last]), np.ones(48) / 48, mode="same")
    floor = float(np.median(envelope[:HOP]))
    over = np.flatnonzero(envelope - floor > (envelope.max() - floor) / 3)
    return float(first + (over[0] if len(over) else sample - first)) / RATE


# ---- comparing


@dataclass(frozen=True)
class Match:
    """Which of the true times were found: pairs of numbers, and how many were found and true."""

    pairs: tuple[tuple[int, int], ...]
    num_found: int
    num_true: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where nothing was to be found and nothing was."""
        if self.num_found + self.num_true == 0:
            return 1.0
        return 2 * len(self.pairs) / (self.num_found + self.num_true)


def matched(found: Times, true: Times, near: float = NEAR, echo: float = 0.0) -> Match:
    """Each true time with at most one of those found within `near` seconds, the closest pairs first.

    What was found within `echo` seconds after another, and is at no true time, is not counted as found: it is heard as
    a part of that one. What is not counted lets nothing after it go uncounted."""
    close = sorted(
        (abs(a - b), i, j) for i, a in enumerate(found) for j, b in enumerate(true) if abs(a - b) <= near + 1e-9
    )
    pairs: list[tuple[int, int]] = []
    for _, i, j in close:
        if all(i != k for k, _ in pairs) and all(j != k for _, k in pairs):
            pairs.append((i, j))
    right, counted, last = {i for i, _ in pairs}, 0, float("-inf")
    for i in sorted(range(len(found)), key=lambda i: found[i]):
        if i in right or not 0 <= found[i] - last < echo:
            counted, last = counted + 1, found[i]
    return Match(tuple(sorted(pairs)), counted, len(true))


def together(matches: Sequence[Match]) -> float:
    """F1 over all films."""
    hits, count = sum(len(m.pairs) for m in matches), sum(m.num_found + m.num_true for m in matches)
    return 2 * hits / count if count else 1.0
