"""Blows sound like what was hit, as hard as it was hit, at the moment it was hit."""

from collections.abc import Callable

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import centroid, decibels_rms, fall, onset
from vitascope.sound.materials import BODIES, GROUNDS
from vitascope.sound.modal import struck, toppled


def blow(thing: str, met: str, strength: float = 0.6, *, across: float | None = None, hit: int = 0) -> np.ndarray:
    cue = Cue(time=0, kind="impact", materials=(thing, met), strength=strength, across=across)
    return struck(cue, np.random.default_rng(hit))


def mean(measure: Callable[[np.ndarray], float], thing: str, met: str, strength: float = 0.6, **how: float) -> float:
    """What is measured of eight blows, on average."""
    return float(np.mean([measure(blow(thing, met, strength, across=how.get("across"), hit=hit)) for hit in range(8)]))


@pytest.mark.parametrize("thing", BODIES)
@pytest.mark.parametrize("met", [*GROUNDS, "metal", "glass"])
def test_a_blow_is_heard_within_a_millisecond_and_dies_without_a_click(thing: str, met: str) -> None:
    for strength in (0.05, 1.0):
        sound = blow(thing, met, strength)
        assert np.isfinite(sound).all()
        assert onset(sound) < 0.001
        assert abs(float(sound[-1])) < 1e-4
        assert abs(float(sound.mean())) < 0.002 * np.abs(sound).max()
        assert 0 < np.abs(sound).max() <= 0.75


def test_hard_things_on_hard_ground_are_near_full_scale() -> None:
    for thing in ("metal", "wood", "glass", "stone"):
        assert np.abs(blow(thing, "tile", 1.0)).max() == pytest.approx(0.7, abs=0.06)


def test_metal_rings_longer_than_plastic_and_plastic_longer_than_rubber() -> None:
    metal, plastic, rubber = (mean(fall, thing, "asphalt") for thing in ("metal", "plastic", "rubber"))
    assert metal > 2 * plastic
    assert plastic > 1.2 * rubber


def test_metal_and_glass_are_brighter_than_wood_and_wood_than_rubber() -> None:
    metal, glass, wood, rubber = (mean(centroid, thing, "asphalt") for thing in ("metal", "glass", "wood", "rubber"))
    assert min(metal, glass) > 1.3 * wood
    assert wood > 1.3 * rubber


def test_a_larger_body_is_lower() -> None:
    small, middling, large = (mean(centroid, "metal", "asphalt", across=across) for across in (0.1, 0.35, 1.0))
    assert small > 1.5 * middling > 1.5 * 1.3 * large


@pytest.mark.parametrize("thing", ["metal", "wood", "rubber", "plastic"])
def test_a_harder_blow_is_louder_and_brighter(thing: str) -> None:
    assert mean(decibels_rms, thing, "asphalt", strength=0.9) > mean(decibels_rms, thing, "asphalt", strength=0.1) + 10
    assert mean(centroid, thing, "asphalt", strength=0.9) > 1.05 * mean(centroid, thing, "asphalt", strength=0.1)


@pytest.mark.parametrize("thing", ["metal", "wood", "stone"])
@pytest.mark.parametrize("soft", ["grass", "sand", "snow", "earth"])
def test_soft_ground_is_darker_and_quieter_than_tile(thing: str, soft: str) -> None:
    assert mean(centroid, thing, soft) < 0.8 * mean(centroid, thing, "tile")
    assert np.abs(blow(thing, soft)).max() < 0.7 * np.abs(blow(thing, "tile")).max()


def strongest(sound: np.ndarray) -> float:
    """The frequency that rings most after the blow itself is over, Hz."""
    ringing = sound[round(0.03 * RATE) :].astype(float)
    spectrum = np.abs(np.fft.rfft(ringing * np.hanning(len(ringing)), 1 << 17))
    return float(np.argmax(spectrum)) * RATE / (1 << 17)


def test_bounces_of_one_ball_are_alike_but_not_the_same() -> None:
    first, second = blow("metal", "asphalt", hit=1), blow("metal", "asphalt", hit=2)
    modes = {round(strongest(blow("metal", "asphalt", hit=hit))) for hit in range(10)}
    assert len(modes) <= 5  # of fourteen; which of them is the strongest depends on where it is hit
    assert not np.array_equal(first, second)
    assert np.array_equal(first, blow("metal", "asphalt", hit=1))
    cue = Cue(time=0, kind="bounce", materials=("metal", "asphalt"))
    others = {round(strongest(struck(cue, np.random.default_rng(0), seed=seed))) for seed in range(6)}
    assert len(others) >= 4  # another ball each


def test_a_clap_is_short_and_lies_where_hands_do() -> None:
    sound = blow("skin", "skin")
    assert onset(sound) < 0.001
    assert fall(sound) < 0.08
    assert 700 < centroid(sound) < 4000


def test_what_topples_knocks_more_than_once() -> None:
    cue = Cue(time=0, kind="topple", materials=("wood", "tile"), strength=0.6)
    sound = toppled(cue, np.random.default_rng(0))
    assert onset(sound) < 0.001
    assert len(sound) > len(struck(cue, np.random.default_rng(0))) * 1.2
    later = np.abs(sound[round(0.08 * RATE) :]).max()
    assert 0.05 * np.abs(sound).max() < later < 0.8 * np.abs(sound).max()
