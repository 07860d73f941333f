"""Engines turn as fast as their vehicle drives."""

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.engines import ENGINES, driven, engine, firing_rate
from vitascope.sound.hearing import centroid, decibels_rms, pitch


def drive(vehicle: str, strength: float, seconds: float = 2.0) -> np.ndarray:
    cue = Cue(time=0, kind="engine", materials=(vehicle,), strength=strength, seconds=seconds)
    out = np.zeros(round(seconds * RATE))
    for start, piece in driven(cue, np.random.default_rng(0)):
        out[start : start + len(piece)] += piece
    return out


@pytest.mark.parametrize("vehicle", ENGINES)
def test_an_engine_is_heard_while_it_runs(vehicle: str) -> None:
    for strength in (0.0, 1.0):
        sound = drive(vehicle, strength)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() < 0.6
        assert np.abs(sound[[0, -1]]).max() < 1e-3
        assert abs(sound.mean()) < 1e-4


@pytest.mark.parametrize("vehicle", ["car", "bus", "tractor"])
def test_its_pitch_follows_its_speed(vehicle: str) -> None:
    for strength in (0.3, 0.6, 1.0):
        cue = Cue(time=0, kind="engine", materials=(vehicle,), strength=strength)
        rate = firing_rate(cue)
        heard = pitch(drive(vehicle, strength), 0.7 * rate, 1.4 * rate)
        assert heard == pytest.approx(rate, rel=0.04)
    assert firing_rate(Cue(time=0, kind="engine", materials=(vehicle,), strength=1.0)) > 1.8 * firing_rate(
        Cue(time=0, kind="engine", materials=(vehicle,), strength=0.06)
    )


def test_idling_is_quieter_than_driving() -> None:
    assert decibels_rms(drive("car", 0.0)) < decibels_rms(drive("car", 0.5)) - 6
    assert decibels_rms(drive("car", 1.0)) == pytest.approx(-24, abs=2)


def test_vehicles_differ() -> None:
    car, truck, motorbike = (drive(vehicle, 0.5) for vehicle in ("car", "truck", "motorbike"))
    assert centroid(car) != pytest.approx(centroid(truck), rel=0.05)
    assert firing_rate(Cue(time=0, kind="engine", materials=("tractor",), strength=0.5)) < firing_rate(
        Cue(time=0, kind="engine", materials=("car",), strength=0.5)
    )
    assert np.corrcoef(car, motorbike)[0, 1] < 0.5
    assert engine("lorry") is ENGINES["truck"]
    assert engine("hovercraft") is ENGINES["car"]
