"""Each animal calls in its own pitch, length and manner."""

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.animals import CALLS, called, twitter, uttered
from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import centroid, decibels_rms, pitch, pulse

ANIMALS = ("dog", "cat", "horse", "cow", "sheep", "rabbit", "elephant", "bird", "pig", "lion", "duck", "okapi")


def call(name: str, strength: float = 1.0, seconds: float = 0.0, hit: int = 0) -> np.ndarray:
    cue = Cue(time=0, kind="animal", materials=(name,), strength=strength, seconds=seconds)
    pieces = list(called(cue, np.random.default_rng(hit)))
    out = np.zeros(max(start + len(piece) for start, piece in pieces))
    for start, piece in pieces:
        out[start : start + len(piece)] += piece
    return out


@pytest.mark.parametrize("name", ANIMALS)
def test_a_call_is_whole_and_clean(name: str) -> None:
    for hit in range(4):
        sound = call(name, hit=hit)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() <= 0.66
        assert np.abs(sound[[0, -1]]).max() < 2e-3
        assert abs(sound.mean()) < 1e-3


@pytest.mark.parametrize(("name", "low", "high"), [
    ("dog", 220, 640), ("cat", 380, 760), ("cow", 85, 190), ("sheep", 200, 340), ("elephant", 260, 600),
    ("horse", 300, 1300),
])  # fmt: skip
def test_the_pitch_of_each_is_its_own(name: str, low: float, high: float) -> None:
    heard = []
    for hit in range(6):
        sound = uttered(CALLS[name], np.random.default_rng(hit))
        middle = sound[len(sound) // 3 : len(sound) // 3 + min(4800, len(sound) // 3)]
        heard.append(pitch(middle, 0.75 * low, 1.5 * high))
    assert low < np.median(heard) < high


def test_large_animals_are_lower_than_small_ones() -> None:
    cow, sheep, dog, bird = (
        np.mean([centroid(call(n, hit=h)) for h in range(4)]) for n in ("cow", "sheep", "dog", "bird")
    )
    assert cow < sheep < bird
    assert cow < dog < bird
    assert bird > 2200


def test_a_sheep_bleats_with_a_tremor_and_a_cow_without() -> None:
    def tremor(name: str) -> float:
        sound = uttered(CALLS[name], np.random.default_rng(0))
        middle = sound[len(sound) // 5 : -len(sound) // 4]
        loud = np.sqrt(np.mean(middle[: len(middle) // 1440 * 1440].reshape(-1, 1440) ** 2, axis=1))
        return float(np.std(np.diff(loud)) / np.mean(loud))

    assert tremor("sheep") > 2 * tremor("cow")
    assert pulse(uttered(CALLS["sheep"], np.random.default_rng(0)), 5, 14) == pytest.approx(8.2, rel=0.2)


def test_a_dog_barks_more_than_once() -> None:
    loud = np.array([decibels_rms(part) for part in np.array_split(call("dog"), 60)])
    barks = np.sum(np.diff((loud > loud.max() - 12).astype(int)) == 1) + int(loud[0] > loud.max() - 12)
    assert barks >= 2


def test_a_birds_notes_are_pure_and_high() -> None:
    for hit in range(5):
        sound = twitter(np.random.default_rng(hit))
        assert 1500 < centroid(sound) < 9000


def test_a_rabbit_is_soft() -> None:
    assert decibels_rms(call("rabbit")) < decibels_rms(call("dog")) - 12


def test_a_long_cue_is_filled_with_calls_and_not_overrun() -> None:
    sound = call("sheep", seconds=8.0)
    assert 4 * RATE < len(sound) <= 8 * RATE
