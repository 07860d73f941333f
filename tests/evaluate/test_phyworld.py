"""PhyWorld's cases obey their laws and ranges, and the measurement tells what follows them from what does not."""

import dataclasses
from collections.abc import Sequence
from typing import get_args

import numpy as np
import pytest
import torch

from vitascope.evaluate import phyworld
from vitascope.evaluate.phyworld import (
    FIELD,
    GIVEN,
    GRAVITY,
    INTERVAL,
    KINDS,
    NUM_FRAMES,
    RANGES,
    Case,
    Frames,
    Kind,
    Where,
    cases,
    film,
    lesson,
    places,
    score,
    steadily,
    stretches,
    train,
    velocity_errors,
)


def speeds(case: Case) -> np.ndarray:
    return np.diff(case.place, axis=0) / INTERVAL  # T-1 N 2


@pytest.mark.parametrize("kind", KINDS)
def test_cases_are_of_the_ranges_of_training_or_of_none_of_them(kind: Kind) -> None:
    ranges = RANGES[kind]

    def inside(values: np.ndarray, within: tuple[float, float]) -> bool:
        return bool(((values > within[0] - 1e-6) & (values < within[1] + 1e-6)).all())

    for where in get_args(Where):
        for index, case in enumerate(cases(kind, where, 12, 0)):
            start = np.abs(speeds(case)[0, :, 0])
            usual = inside(case.radius, ranges.radius), inside(start, ranges.speed)
            assert usual == ((True, True) if where == "in" else (index % 3 == 1, index % 3 == 0))
            assert any(inside(case.radius, r) for r in (ranges.radius, *ranges.other_radii))
            assert any(inside(start, v) for v in (ranges.speed, *ranges.other_speeds))
            assert (case.place[0] > case.radius[:, None] - 1e-6).all()


def test_nothing_pushes_a_ball_in_uniform_motion_and_gravity_pulls_one_in_a_parabola() -> None:
    for case in cases("uniform", "in", 5, 0):
        assert np.abs(np.diff(speeds(case), axis=0)).max() < 1e-9
    for case in cases("parabola", "in", 5, 0):
        gained = np.diff(speeds(case), axis=0) / INTERVAL
        assert np.allclose(gained, (0, -GRAVITY))


def test_momentum_and_energy_are_kept_in_collisions_which_come_in_time() -> None:
    for case in cases("collision", "in", 10, 0):
        mass = case.radius**2
        across = speeds(case)[..., 0]
        assert np.allclose(across @ mass, across[0] @ mass)
        assert np.isclose(across[0] ** 2 @ mass, across[-1] ** 2 @ mass)
        gaps = np.abs(case.place[:, 0, 0] - case.place[:, 1, 0]) - case.radius.sum()
        assert gaps.min() > -0.4  # they may touch between two frames
        assert not np.allclose(across[0], across[-1])
        assert np.allclose(across[:7], across[0])
        assert len(stretches(case)) >= 1


@pytest.mark.parametrize("where", get_args(Where))
@pytest.mark.parametrize("kind", KINDS)
def test_balls_are_found_where_they_are(kind: Kind, where: Where) -> None:
    for case in cases(kind, where, 6, 3):
        found = places(film(case), len(case.radius))
        inside = ((case.place > case.radius[:, None]) & (case.place < FIELD - case.radius[:, None])).all(-1)
        assert np.abs(found - case.place)[inside].max() < 0.02  # a quarter of a pixel; two that touch lose a little
        each, mean = velocity_errors(case, found)[::-1]
        assert mean < 0.01
        assert each < 0.06


def test_a_case_is_the_same_each_time_and_no_case_is_of_training() -> None:
    assert (cases("uniform", "in", 2, 5)[1].place == cases("uniform", "in", 3, 5)[1].place).all()
    assert (cases("uniform", "in", 1, 5)[0].place != cases("uniform", "in", 1, 6)[0].place).any()


def test_too_large_a_ball_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RANGES, "collision", dataclasses.replace(RANGES["collision"], radius=(4.0, 5.0)))
    with pytest.raises(phyworld.PhyWorldError, match=r"^no collision of radii \(4.0, 5.0\) and speeds .* fits"):
        cases("collision", "in", 1, 0)


# ---- what is told apart


def test_the_truth_is_at_the_floor() -> None:
    found = score("collision", "in", 4, 1, lambda films: films)
    assert found.error == found.floor < 0.005
    assert found.each == found.each_floor
    assert found.ratio == 1
    assert found.lost == 0
    assert found.steady > 0.5


def test_balls_that_stop_are_wrong_by_their_speed() -> None:
    def stop(films: Sequence[Frames]) -> list[Frames]:
        return [np.concatenate((f[:GIVEN], np.repeat(f[GIVEN - 1 : GIVEN], NUM_FRAMES - GIVEN, 0))) for f in films]

    asked = cases("uniform", "in", 6, 1)
    found = score("uniform", "in", 6, 1, stop)
    assert found.error == pytest.approx(np.mean([speeds(case)[0, 0, 0] for case in asked]), rel=1e-3)
    assert found.lost == 0


def test_balls_that_vanish_are_told() -> None:
    def vanish(films: Sequence[Frames]) -> list[Frames]:
        return [np.concatenate((f[:GIVEN], np.full_like(f[GIVEN:], 255))) for f in films]

    found = score("uniform", "in", 6, 1, vanish)
    assert found.lost == 1
    assert found.error > 1


def test_balls_that_are_a_tenth_too_fast_are_wrong_by_a_tenth() -> None:
    case = cases("uniform", "in", 1, 1)[0]
    fast = case.place[0] + (case.place - case.place[0]) * 1.1
    assert velocity_errors(case, fast)[0] == pytest.approx(0.1 * speeds(case)[0, 0, 0])


def test_going_on_steadily_is_right_in_uniform_motion_only() -> None:
    lone, thrown = cases("uniform", "in", 1, 1)[0], cases("parabola", "in", 1, 1)[0]
    assert velocity_errors(lone, steadily(lone.place))[0] < 1e-9
    assert velocity_errors(thrown, steadily(thrown.place))[0] > 0.5


# ---- the network


def test_a_lesson_hides_what_follows_and_cares_for_balls() -> None:
    batch = lesson(("uniform",), 2, 0, 0)
    groups = NUM_FRAMES // 4 - 1
    assert batch.clean.shape == (2, groups, 64, 3072) == batch.noise.shape == batch.care.shape
    assert batch.conditions.context is not None and batch.conditions.context.shape == (2, 1, 64, 3072)
    assert batch.conditions.seconds[0, 0] == pytest.approx(0.55)
    ball = batch.care > 1
    assert 0.02 < ball.float().mean() < 0.4
    assert (batch.clean[~ball] > 0.98).all()


def test_training_is_the_same_each_time_and_its_network_goes_on_from_what_is_given() -> None:
    once, again = (train("tiny", ("uniform", "parabola"), 2, size=2, seed=3) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(once.parameters(), again.parameters(), strict=True))
    films = [film(case) for case in cases("uniform", "in", 2, 1)]
    made = phyworld.continued(once, films, batch=2)
    assert all(
        len(frames) == NUM_FRAMES and (frames[:GIVEN] == f[:GIVEN]).all() for frames, f in zip(made, films, strict=True)
    )
