"""What rolls turns, what slides sticks and slips, and both sound like what they are made of."""

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import centroid, decibels_rms, pulse
from vitascope.sound.rubbing import rubbed, turns_a_second


def rub(kind: str, thing: str, met: str, strength: float = 0.5, seconds: float = 3.0, **more: float) -> np.ndarray:
    cue = Cue(time=0, kind=kind, materials=(thing, met), strength=strength, seconds=seconds, **more)  # type: ignore[arg-type]
    return np.concatenate([piece for _, piece in rubbed(cue, np.random.default_rng(0))])


@pytest.mark.parametrize("kind", ["roll", "slide"])
@pytest.mark.parametrize("met", ["wood", "tile", "asphalt", "grass", "sand", "snow"])
def test_it_lasts_as_long_as_its_cue_and_fades_in_and_out(kind: str, met: str) -> None:
    for thing in ("rubber", "metal", "stone"):
        sound = rub(kind, thing, met, 1.0, 2.3)
        assert len(sound) == round(2.3 * RATE)
        assert np.isfinite(sound).all()
        assert np.abs(sound[:3]).max() < 1e-3
        assert np.abs(sound[-3:]).max() < 1e-3
        assert abs(float(sound.mean())) < 1e-4
        assert -31 < decibels_rms(sound) < -22
        assert np.abs(sound).max() < 0.8


@pytest.mark.parametrize(("strength", "across"), [(0.3, 0.1), (0.6, 0.35), (1.0, 0.2)])
def test_rolling_swells_once_a_turn(strength: float, across: float) -> None:
    cue = Cue(time=0, kind="roll", strength=strength, across=across)
    turn = turns_a_second(cue)
    assert turn == pytest.approx(3 * strength / (np.pi * across))
    sound = rub("roll", "metal", "wood", strength, 12.0, across=across)
    assert pulse(sound, 0.55 * turn, 1.7 * turn) == pytest.approx(turn, rel=0.06)


def test_faster_is_louder_and_brighter() -> None:
    for kind in ("roll", "slide"):
        slow, fast = rub(kind, "wood", "asphalt", 0.15), rub(kind, "wood", "asphalt", 0.9)
        assert decibels_rms(fast) > decibels_rms(slow) + 6
        assert centroid(fast) > 1.15 * centroid(slow)


def test_sliding_is_brighter_than_rolling_and_metal_than_rubber() -> None:
    assert centroid(rub("slide", "wood", "tile")) > 1.3 * centroid(rub("roll", "wood", "tile"))
    assert centroid(rub("roll", "metal", "asphalt")) > 1.5 * centroid(rub("roll", "rubber", "asphalt"))


def test_soft_ground_takes_the_ring_away() -> None:
    assert centroid(rub("roll", "metal", "snow")) < 0.7 * centroid(rub("roll", "metal", "asphalt"))


def test_there_is_no_seam_from_one_second_to_the_next() -> None:
    sound = rub("roll", "metal", "wood", seconds=4.0).astype(float)
    steps = np.abs(np.diff(sound))
    seams = [steps[k * RATE - 3 : k * RATE + 3].max() for k in (1, 2, 3)]
    assert max(seams) < np.quantile(steps, 0.9999)
