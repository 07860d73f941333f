"""The ear that other tests listen with hears what it should in sounds of known nature."""

import numpy as np
import pytest

from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import centroid, decibels_rms, fall, octaves, onset, pitch, pulse

AT = np.arange(2 * RATE) / RATE


def test_a_tone_has_its_frequency_level_and_octave() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * AT)
    assert centroid(tone) == pytest.approx(440, rel=0.01)
    assert pitch(tone) == pytest.approx(440, rel=0.01)
    assert decibels_rms(tone) == pytest.approx(-9.03, abs=0.05)
    assert int(np.argmax(octaves(tone))) == 3  # 250 to 500 Hz


def test_what_decays_falls_as_fast_as_it_was_made_to() -> None:
    assert fall(np.sin(2 * np.pi * 700 * AT) * np.exp(-6.9 * AT / 0.8)) == pytest.approx(0.8, rel=0.05)


def test_a_sound_begins_where_it_begins_and_swells_when_it_swells() -> None:
    late = np.where(AT > 0.25, np.sin(2 * np.pi * 2000 * AT), 0.0)
    assert onset(late) == pytest.approx(0.25, abs=0.0005)
    noise = np.random.default_rng(0).standard_normal(len(AT)) * (1 + 0.6 * np.sin(2 * np.pi * 3.5 * AT))
    assert pulse(noise, 1, 10) == pytest.approx(3.5, rel=0.05)
