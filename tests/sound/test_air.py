"""Cloth, rushing air and water."""

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.air import bubbles, rushed, rustled, splashed
from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import centroid, decibels_rms, fall, pitch


def whoosh(seconds: float, strength: float = 1.0) -> np.ndarray:
    cue = Cue(time=0, kind="whoosh", seconds=seconds, strength=strength)
    return np.concatenate([piece for _, piece in rushed(cue, np.random.default_rng(0))])


def test_a_whoosh_rises_and_falls_in_height_and_loudness() -> None:
    sound = whoosh(1.6)
    third = len(sound) // 3
    before, near, after = sound[:third], sound[third:-third], sound[-third:]
    assert decibels_rms(near) > max(decibels_rms(before), decibels_rms(after)) + 6
    assert centroid(near) > 1.3 * max(centroid(before), centroid(after))
    assert np.abs(sound).max() < 0.7
    assert np.abs(sound[[0, -1]]).max() < 1e-3


def test_a_faster_whoosh_is_louder_and_higher() -> None:
    assert decibels_rms(whoosh(0.6, 0.9)) > decibels_rms(whoosh(0.6, 0.2)) + 6
    assert centroid(whoosh(0.6, 0.9)) > 1.3 * centroid(whoosh(0.6, 0.2))


@pytest.mark.parametrize("radius", [1.5e-3, 3e-3, 5e-3])
def test_a_bubble_sings_as_minnaert_found(radius: float) -> None:
    sound = bubbles(np.random.default_rng(2), np.array([0.01]), RATE // 4, radius, radius * 1.0001)
    assert pitch(sound[480:2400], 300, 4000) == pytest.approx(3 / radius, rel=0.12)


def test_a_splash_begins_with_a_slap_and_bubbles_on() -> None:
    sound = splashed(Cue(time=0, kind="splash", strength=0.8), np.random.default_rng(0))
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(0.5 * 0.8**0.7, rel=0.02)
    assert 0.2 < fall(sound) < 2.5
    tail = sound[round(0.5 * RATE) : round(0.9 * RATE)]
    assert -50 < decibels_rms(tail) - decibels_rms(sound[: RATE // 5]) < -3


def test_a_larger_splash_is_darker() -> None:
    small, large = (
        np.mean([centroid(splashed(Cue(time=0, kind="splash", across=a), np.random.default_rng(s))) for s in range(4)])
        for a in (0.1, 1.5)
    )
    assert large < 0.9 * small


def test_cloth_is_soft_and_comes_in_folds() -> None:
    cue = Cue(time=0, kind="cloth", seconds=2.5)
    sound = np.concatenate([piece for _, piece in rustled(cue, np.random.default_rng(0))])
    assert len(sound) == round(2.5 * RATE)
    assert -45 < decibels_rms(sound) < -28
    loud = [decibels_rms(part) for part in np.array_split(sound, 50)[2:-3]]
    assert np.std(loud) > 2.0
