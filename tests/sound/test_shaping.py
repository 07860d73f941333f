"""Samples keep what they should through what is done to them."""

import numpy as np
import pytest

from vitascope.sound.blocks import RATE
from vitascope.sound.shaping import heard, levelled, loudness, resampled, stretched, tilted


def tone(frequency: float, seconds: float = 1.0, level: float = 0.1, rate: float = RATE) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("ratio", [2.0, 1.73, 1.0 / 3.0])
def test_a_tone_at_another_rate_is_the_same_tone(ratio: float) -> None:
    rate = round(RATE * ratio)
    found = resampled(tone(440.0), ratio)
    middle = slice(len(found) // 10, -len(found) // 10)
    expected = tone(440.0, 1.0, rate=RATE * ratio)[: len(found)]
    assert abs(len(found) - rate) <= 1
    np.testing.assert_allclose(found[middle], expected[middle], atol=2e-3)


@pytest.mark.parametrize("factor", [0.75, 0.9, 1.2])
def test_what_is_stretched_keeps_its_pitch_and_level(factor: float) -> None:
    found = stretched(tone(220.0) + tone(440.0, level=0.05), factor)
    assert len(found) == round(RATE * factor)
    middle = found[4000:-4000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE / len(middle) == pytest.approx(220.0, abs=2.0)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(np.sqrt((0.1**2 + 0.05**2) / 2), rel=0.05)


def test_what_is_stretched_happens_in_proportion() -> None:
    parts = np.zeros(RATE, np.float32)
    for first in (10_000, 30_000):
        parts[first : first + 8000] = tone(300.0, 8000 / RATE)
    found = np.flatnonzero(np.abs(stretched(parts, 0.8)) > 0.02)
    edges = [found[0], *(found[k + d] for k in np.flatnonzero(np.diff(found) > 2000) for d in (0, 1)), found[-1]]
    np.testing.assert_allclose(edges, [8000, 14_400, 24_000, 30_400], atol=0.02 * RATE)


def test_what_would_alias_is_gone() -> None:
    assert np.abs(resampled(tone(20_000.0), 0.5)[2000:-2000]).max() < 1e-3


def test_loudness_is_that_of_the_standard() -> None:
    # BS.1770: a sine of 997 Hz at 0 dBFS in one channel is -3.01 LUFS.
    assert loudness(tone(997.0, 3.0, 1.0)) == pytest.approx(-3.01, abs=0.05)
    assert loudness(np.zeros(RATE, np.float32)) == -np.inf


def test_lines_are_made_equally_loud_and_never_clip() -> None:
    rng = np.random.default_rng(1)
    for level in (-30.0, -16.0):
        bursts = (rng.normal(size=RATE) * np.abs(np.sin(np.arange(RATE) / 3000.0)) ** 4 * 0.01).astype(np.float32)
        found = levelled(bursts, level)
        assert loudness(found) == pytest.approx(level, abs=0.5) and np.abs(found).max() <= 0.97


def test_a_tilt_leaves_what_is_low_and_lifts_what_is_high() -> None:
    low, high = tilted(tone(500.0), 2.0), tilted(tone(4000.0), 2.0)
    assert np.abs(low[5000:-5000]).max() == pytest.approx(0.1, rel=0.02)
    assert 20 * np.log10(np.abs(high[5000:-5000]).max() / 0.1) == pytest.approx(4.0, abs=0.1)


def test_silence_around_speech_is_found() -> None:
    quiet = np.random.default_rng(0).normal(size=RATE).astype(np.float32) * 1e-4
    quiet[12_000:30_000] += tone(200.0, 18_000 / RATE)
    first, last = heard(quiet)
    assert 0 <= 12_000 - first <= 0.02 * RATE and 0 <= last - 30_000 <= 0.03 * RATE
