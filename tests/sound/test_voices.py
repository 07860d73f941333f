"""Murmurs are pitched like who speaks, and have the rhythm of speech."""

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import decibels_rms, octaves, pitch, pulse
from vitascope.sound.voices import VOICES, murmured, phrase, talked, voice


@pytest.mark.parametrize("who", VOICES)
def test_a_voice_has_its_own_pitch(who: str) -> None:
    heard = [pitch(phrase(voice(who), 6, np.random.default_rng(hit))[9600:28800], 80, 420) for hit in range(9)]
    assert np.median(heard) == pytest.approx(VOICES[who].pitch, rel=0.15)


def test_it_has_the_pace_of_speech() -> None:
    long = np.concatenate([phrase(VOICES["man"], 9, np.random.default_rng(hit)) for hit in range(6)])
    assert 2.5 < pulse(long, 1.5, 12) < 7


def test_speech_lasts_as_long_as_its_cue() -> None:
    cue = Cue(time=0, kind="speech", materials=("voice", "girl"), seconds=6.0, strength=1.0)
    pieces = list(talked(cue, np.random.default_rng(0)))
    assert len(pieces) >= 2
    assert [start for start, _ in pieces] == sorted(start for start, _ in pieces)
    end = max(start + len(piece) for start, piece in pieces)
    assert 3.5 * RATE < end <= 6.0 * RATE
    for _, piece in pieces:
        assert np.isfinite(piece).all()
        assert np.abs(piece).max() < 0.7
        assert abs(float(piece.mean())) < 1e-3


def test_a_crowd_is_steadier_than_one_who_talks_and_comes_from_all_sides() -> None:
    cue = Cue(time=0, kind="crowd", seconds=6.0)
    out = np.zeros((6 * RATE, 2))
    for start, piece in murmured(cue, np.random.default_rng(0)):
        out[start : start + len(piece)] += piece
    one = np.concatenate([phrase(VOICES["man"], 9, np.random.default_rng(hit)) for hit in range(3)])
    crowd = [decibels_rms(part) for part in np.array_split(out[RATE : 5 * RATE], 40)]
    alone = [decibels_rms(part) for part in np.array_split(one, 40)]
    assert np.std(crowd) < 0.6 * np.std(alone)
    assert abs(np.corrcoef(out[:, 0], out[:, 1])[0, 1]) < 0.9
    assert -34 < decibels_rms(out) < -22
    assert np.argmax(octaves(out)) in (2, 3, 4)  # 125 to 1000 Hz
