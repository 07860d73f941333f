"""Every place sounds like itself, softly, without end and without repeating."""

import itertools

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.ambience import OTHER_PLACES, PLACES, ambience, places_of
from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import decibels_rms, octaves

SECONDS = 6.0
WORLD = ("open", "park", "forest", "street", "beach", "desert", "village", "room", "kitchen")


def heard(text: str, seconds: float = SECONDS, seed: int = 0) -> np.ndarray:
    out = np.zeros((round(seconds * RATE), 2), np.float32)
    for start, piece in ambience(Cue(time=0, kind="place", text=text, seconds=seconds), np.random.default_rng(seed)):
        out[start : start + len(piece)] += piece
    return out


@pytest.fixture(scope="module")
def places() -> dict[str, np.ndarray]:
    return {name: heard(name) for name in PLACES}


def test_each_is_soft_and_clean(places: dict[str, np.ndarray]) -> None:
    for name, sound in places.items():
        assert np.isfinite(sound).all(), name
        assert -45 < decibels_rms(sound) < -35, name
        assert np.abs(sound).max() < 0.3, name
        assert np.abs(sound[[0, -1]]).max() < 1e-3, name
        assert np.abs(sound.mean(0)).max() < 3e-4, name


def test_all_places_of_the_world_differ_in_their_octaves(places: dict[str, np.ndarray]) -> None:
    levels = {name: np.maximum(octaves(places[name]), -45) for name in (*WORLD, "night", "rain", "snow", "underwater")}
    for one, other in itertools.combinations(levels, 2):
        assert np.abs(levels[one] - levels[other]).mean() > 2.0, (one, other)


def test_nothing_is_heard_to_repeat() -> None:
    sound = heard("wind", 14.0)[RATE : 13 * RATE, 0].astype(float)
    power = np.abs(np.fft.rfft(sound, 2 * len(sound))) ** 2
    alike = np.fft.irfft(power)[: len(sound) // 2]
    assert np.abs(alike[RATE // 2 :]).max() < 0.2 * alike[0]


def test_there_is_no_seam_from_one_second_to_the_next() -> None:
    sound = heard("room", 8.0)[:, 0].astype(float)
    steps = np.abs(np.diff(sound))
    assert max(steps[k * RATE - 2 : k * RATE + 2].max() for k in range(1, 8)) < np.quantile(steps, 0.9999)
    loud = [decibels_rms(sound[k * RATE : k * RATE + 1152]) for k in range(2, 7)]  # where one second runs into the next
    assert np.mean(loud) == pytest.approx(decibels_rms(sound[RATE : 7 * RATE]), abs=1.5)


def test_both_ears_hear_different_air(places: dict[str, np.ndarray]) -> None:
    for name in ("wind", "rain", "forest"):
        assert abs(np.corrcoef(places[name].T)[0, 1]) < 0.85


def test_waves_come_and_go() -> None:
    loud = [decibels_rms(part) for part in np.array_split(heard("beach", 30.0), 60)]
    calm = [decibels_rms(part) for part in np.array_split(heard("rain", 30.0), 60)]
    assert np.std(loud) > 2 * np.std(calm)


@pytest.mark.parametrize(("text", "expected"), [
    ("forest", ("forest",)), ("A rainy street at night", ("rain", "street", "night")), ("the woods", ("forest",)),
    ("on the Beach", ("beach",)), ("xyzzy", ("wind",)), ("", ("wind",)), ("kitchens", ("kitchen",)),
])  # fmt: skip
def test_words_find_their_places(text: str, expected: tuple[str, ...]) -> None:
    assert places_of(Cue(time=0, kind="place", text=text)) == expected


def test_every_other_name_is_that_of_a_place() -> None:
    assert set(OTHER_PLACES.values()) <= set(PLACES)
    assert not set(OTHER_PLACES) & set(PLACES)


def test_an_hour_is_made_as_it_is_asked_for() -> None:
    cue = Cue(time=0, kind="place", text="park").model_copy(update={"seconds": 3600.0})
    stream = ambience(cue, np.random.default_rng(0))
    first = [next(stream) for _ in range(4)]
    assert max(start + len(piece) for start, piece in first) < 20 * RATE
