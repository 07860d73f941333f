"""What can be measured of a sound: when it begins, how bright it is, how long it rings, its pitch and its pulse."""

import numpy as np
from numpy.typing import NDArray

from vitascope.sound.blocks import RATE

Sound = NDArray  # S or S 2, any float


def mono(sound: Sound) -> NDArray[np.float64]:
    """Both sides together: [S]."""
    sound = np.asarray(sound, np.float64)
    return sound if sound.ndim == 1 else sound.mean(1)


def decibels_rms(sound: Sound) -> float:
    """The level of a sound, dB to full scale; silence is -200."""
    return float(10 * np.log10(max(np.mean(np.square(sound, dtype=np.float64)), 1e-20)))


def onset(sound: Sound, share: float = 0.1) -> float:
    """When a sound is first heard (s): it comes to this share of its peak."""
    heights = np.abs(mono(sound))
    return float(np.argmax(heights >= share * heights.max())) / RATE


def centroid(sound: Sound) -> float:
    """How bright a sound is: the mean frequency of its power, Hz."""
    power = np.abs(np.fft.rfft(mono(sound))) ** 2
    return float(np.sum(power * np.fft.rfftfreq(len(sound), 1 / RATE)) / np.sum(power))


def fall(sound: Sound) -> float:
    """How long (s) a sound takes to fall by 60 dB, from how it falls from -5 to -25 dB.

    Schroeder's backward integration (J. Acoust. Soc. Am. 37, 1965)."""
    left = np.cumsum(mono(sound)[::-1] ** 2)[::-1]
    level = 10 * np.log10(np.maximum(left / left[0], 1e-12))
    return 3.0 * float(np.argmax(level < -25) - np.argmax(level < -5)) / RATE


def pitch(sound: Sound, lowest: float = 40.0, highest: float = 1000.0) -> float:
    """The rate (Hz) at which a sound is most like itself: its autocorrelation's highest peak."""
    samples = mono(sound)
    power = np.abs(np.fft.rfft(samples - samples.mean(), 2 * len(samples))) ** 2
    alike = np.fft.irfft(power)[: len(samples)] / (len(samples) - 0.9 * np.arange(len(samples)))
    first, last = int(RATE / highest), int(RATE / lowest)
    return RATE / (first + int(np.argmax(alike[first : last + 1])))


def pulse(sound: Sound, slowest: float, fastest: float) -> float:
    """How often a second (Hz) a sound swells most, between these rates."""
    hop = 240
    samples = mono(sound)
    loud = np.sqrt(np.mean(samples[: len(samples) // hop * hop].reshape(-1, hop) ** 2, axis=1))
    spectrum = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)), 8 * len(loud)))
    rates = np.fft.rfftfreq(8 * len(loud), hop / RATE)
    inside = (rates >= slowest) & (rates <= fastest)
    return float(rates[inside][np.argmax(spectrum[inside])])


def octaves(sound: Sound) -> NDArray[np.float64]:
    """The level of the nine octaves from 31.25 Hz to 16 kHz, dB to all of them together: [9]."""
    power = np.abs(np.fft.rfft(mono(sound))) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    edges = 31.25 * 2.0 ** np.arange(10)
    parts = [power[(frequencies >= low) & (frequencies < 2 * low)].sum() for low in edges[:-1]]
    return 10 * np.log10(np.maximum(np.array(parts) / np.sum(parts), 1e-9))
