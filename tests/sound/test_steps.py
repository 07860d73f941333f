"""Steps sound like the foot and the ground, at the moment the foot lands."""

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import centroid, decibels_rms, octaves, onset
from vitascope.sound.materials import GROUNDS
from vitascope.sound.steps import FEET, foot, stepped


def step(who: str, met: str, strength: float = 0.4, hit: int = 0) -> np.ndarray:
    cue = Cue(time=0, kind="footstep", materials=(who, met), strength=strength)
    return stepped(cue, np.random.default_rng(hit))


@pytest.mark.parametrize("who", FEET)
@pytest.mark.parametrize("met", GROUNDS)
def test_a_step_is_heard_within_a_millisecond(who: str, met: str) -> None:
    for strength in (0.1, 1.0):
        sound = step(who, met, strength)
        assert np.isfinite(sound).all()
        assert onset(sound) < 0.001
        assert 0 < np.abs(sound).max() <= 0.26
        assert abs(float(sound[-1])) < 1e-4
        assert abs(float(sound.mean())) < 0.002 * np.abs(sound).max()


def test_the_strongest_step_of_a_shoe_comes_to_a_quarter_of_full_scale() -> None:
    assert np.abs(step("shoe", "wood", 1.0)).max() == pytest.approx(0.25, abs=0.01)
    assert decibels_rms(step("shoe", "wood", 1.0)) > decibels_rms(step("shoe", "wood", 0.1)) + 8


def test_feet_differ_on_the_same_ground() -> None:
    shoe, hoof, paw, elephant, claw = (
        np.mean([centroid(step(who, "asphalt", hit=hit)) for hit in range(6)])
        for who in ("shoe", "hoof", "paw", "elephant", "claw")
    )
    assert elephant < 0.7 * paw < 0.7 * hoof
    assert hoof > shoe
    assert claw > shoe


def test_grounds_differ_under_the_same_shoe() -> None:
    heard = {met: np.mean([octaves(step("shoe", met, hit=hit)) for hit in range(6)], axis=0) for met in GROUNDS}
    names = list(heard)
    for i, one in enumerate(names):
        for other in names[:i]:
            assert np.abs(np.maximum(heard[one], -40) - np.maximum(heard[other], -40)).mean() > 1.5, (one, other)


def test_a_wooden_floor_booms_and_tile_clicks() -> None:
    assert np.mean([centroid(step("shoe", "wood", hit=hit)) for hit in range(6)]) < 0.6 * np.mean(
        [centroid(step("shoe", "tile", hit=hit)) for hit in range(6)]
    )


def test_snow_crunches_on_while_tile_is_over() -> None:
    later = slice(round(0.02 * RATE), round(0.09 * RATE))  # after the heel, before the toe
    snow, tile = (
        np.mean([np.sum(s[later] ** 2) / np.sum(s**2) for s in (step("shoe", met, 0.1, hit) for hit in range(8))])
        for met in ("snow", "tile")
    )
    assert snow > 2 * tile


def test_the_toe_follows_sooner_the_faster_one_goes() -> None:
    def toe(strength: float) -> float:
        sound = np.abs(step("shoe", "tile", strength))
        first = round(0.03 * RATE)
        return first + float(np.argmax(sound[first:]))

    assert toe(0.9) < toe(0.1)


def test_unknown_feet_are_heavy_ones() -> None:
    assert foot("rhinoceros") is FEET["elephant"]
    assert foot("hooves") is FEET["elephant"] or foot("hoofs") is FEET["hoof"]
    assert foot("Paws") is FEET["paw"]
