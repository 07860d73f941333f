"""The world itself measures as lawful, and what breaks a law measures as that."""

import functools
from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from vitascope.evaluate import physics, trials
from vitascope.evaluate.physics import UNITS, bounce, gravity, lasting, numbers, rolling, trivial, unchanged
from vitascope.evaluate.suite import Frames, Studio
from vitascope.evaluate.trials import LAWS, Law
from vitascope.shot.shot import Shot

trial = functools.cache(trials.trial)
BEST = {
    "gravity_error": 0.5,  # 5 %
    "bounce_error": 0.05,
    "rolling_error": 0.2,
    "collision_error": 0.05,
}


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("law", LAWS)
def test_true_renders_are_lawful(law: Law, index: int) -> None:
    one = trial(law, index)
    for name, value in numbers(one, one.true).items():
        if name in BEST:
            assert value < BEST[name]
        elif name in ("unchanged", "behind_occluder"):
            assert value == 1


@pytest.mark.parametrize("law", LAWS)
def test_pictures_that_stand_still_are_not(law: Law) -> None:
    found = numbers(trial(law, 0), trivial(trial(law, 0)))
    assert found.get("gravity", 0) == pytest.approx(0, abs=1e-6)
    assert found.get("bounce", 0) == 0
    assert found.get("rolling_error", 1) > 0.7  # a ball that slides
    assert found.get("momentum", 0) == pytest.approx(0, abs=1e-6)
    assert found.get("collision_error", 1) > 0.3
    assert found.get("behind_occluder", 0) == 0


def test_a_fall_at_half_speed_has_a_quarter_of_the_gravity() -> None:
    one = trial("fall", 0)
    slow = one.true[np.arange(len(one.true)) // 2]
    assert 1 < gravity(one, slow) < 4


def test_a_ball_that_stops_where_it_lands_does_not_bounce() -> None:
    one = trial("bounce", 0)
    frames = one.true.copy()
    landed = round(one.met * trials.FPS)
    frames[landed:] = frames[landed]
    assert bounce(one, one.true) > 0.5
    assert bounce(one, frames) == 0


def test_a_ball_that_turns_backwards_does_not_roll() -> None:
    one = trial("roll", 0)
    mirrored = trivial(one)[:, :, ::-1]
    assert abs(rolling(one, one.true) - 1) < 0.2
    assert not abs(rolling(one, mirrored) - 1) < 0.5


def test_balls_that_vanish_or_double_are_told() -> None:
    one = trial("fall", 0)
    gone, two = one.true.copy(), one.true.copy()
    gone[12:] = np.median(one.true, (0, 1, 2)).astype(np.uint8)
    two[12:, 60:78, 4:30] = (200, 30, 30)
    assert unchanged(one, one.true) == 1
    assert unchanged(one, gone) == pytest.approx(0.5)
    assert unchanged(one, two) == pytest.approx(0.5)


def test_a_ball_that_never_comes_out_or_comes_out_of_time_does_not_last() -> None:
    one = trial("hide", 0)
    never = one.true.copy()
    never[10:] = never[np.flatnonzero(trials.followed(one, one.true)[0].size == 0)[0]]
    assert lasting(one, never) == 0
    assert lasting(one, one.true[::-1]) < 0.5


@pytest.mark.parametrize("law", LAWS)
def test_pictures_without_a_ball_are_measured_as_a_failure(law: Law) -> None:
    one = trial(law, 0)
    found = numbers(one, one.whole(np.full_like(one.true[one.given :], 128)))
    assert found.get("unchanged", 0) == found.get("behind_occluder", 0) == found.get("bounce", 0) == 0
    assert found.get("gravity", 0) == pytest.approx(0, abs=1e-6)
    assert found.get("rolling_error", 1) == 1
    assert np.isfinite(list(found.values())).all()


class Truth:
    """Stands in for a network that makes exactly what happens."""

    def __init__(self, known: dict[str, Frames]) -> None:
        self.known = known

    def draw(self, shots: Sequence[Shot]) -> list[Frames]:
        return [self.known[shot.to_json()] for shot in shots]


def test_the_suite_gives_the_truth_its_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(physics, "trial", trial)
    monkeypatch.setattr(physics, "COUNTS", dict.fromkeys(LAWS, (1, 1)))
    known = {trial(law, 0).shot.to_json(): trial(law, 0).true[trial(law, 0).given :] for law in LAWS}
    outcome = physics.measure(cast(Studio, Truth(known)), quick=True)
    assert set(outcome.metrics) == set(UNITS)
    for metric in outcome.metrics.values():
        assert metric.ceiling is not None
        assert metric.low <= metric.value == metric.ceiling <= metric.high
    assert outcome.metrics["gravity"].value == pytest.approx(9.81, rel=0.05)
    assert len(outcome.shown) == len(outcome.tables[0].rows) == len(LAWS)
    assert all(shown.true is not None and shown.true.shape == shown.made.shape for shown in outcome.shown)
    assert {len(points) for points in outcome.plots[0].series.values()} == {12}
