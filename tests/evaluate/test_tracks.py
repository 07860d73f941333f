"""Tracks are judged rightly: nearly perfect on true renders, and bad on clips that do something else."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from vitascope.evaluate import tracks
from vitascope.evaluate.follow import Flow, Frames
from vitascope.evaluate.tracks import FOUND, GOING, KINDS, Case, Question
from vitascope.shot.shot import Shot
from vitascope.shot.tracks import track_arrays


@functools.cache
def two() -> tuple[Case, ...]:
    """One take with a camera that stands, and one with one that moves."""
    return tuple(tracks.cases(2))


class Maker:
    """Stands in for a studio: makes the true render of what is asked, where there are tracks, and else a still."""

    def __init__(self) -> None:
        self.asked: list[Shot] = []

    def draw(self, shots: Sequence[Shot], alone: bool = False) -> list[Frames]:
        self.asked += shots
        known = {case.take.captions[0]: case.frames for case in two()}
        true = [known[shot.text] for shot in shots]
        return [
            frames if shot.tracks else np.repeat(frames[:1], len(frames), 0)
            for shot, frames in zip(shots, true, strict=True)
        ]


def test_half_of_the_cameras_move_and_every_thing_does() -> None:
    assert [bool(case.take.scene.camera.moves) for case in two()] == [False, True]
    for case in two():
        assert np.hypot(*(case.centre - case.centre[0]).T).max() > GOING
        assert len(case.on_ground) <= case.num_ground
        assert not set(case.on_thing) & set(case.on_ground)


@pytest.mark.parametrize("way", KINDS.values(), ids=KINDS)
def test_a_shot_asks_for_as_many_tracks_as_it_says(way: tuple[int, bool]) -> None:
    count, pinned = way
    shot = Question(two()[0], count, pinned).shot
    assert len(shot.tracks) == count
    assert len(shot.pins) == pinned
    assert Question(two()[0], 0, pinned).shot == shot.with_(tracks=())


def test_one_track_is_the_things_own_way() -> None:
    case = two()[0]
    points, visible = track_arrays(Question(case, 1, True).shot.tracks, 24, 12.0)
    assert visible.all()
    assert np.abs(points[0] - case.centre).max() < 1e-4


@pytest.mark.parametrize("count", [1, 4, 64, 1024])
def test_true_renders_are_right_to_a_hundredth_of_the_width(count: int) -> None:
    for case in two():
        done = tracks.answer(Question(case, count, False), Flow(case.frames))
        assert done.error < FOUND
        assert done.thing < FOUND / 2
        assert done.seen == 1


def test_a_clip_that_stands_still_is_off_by_as_much_as_was_asked() -> None:
    for case in two():
        still = Flow(np.repeat(case.frames[:1], 24, 0))
        done = tracks.answer(Question(case, 64, False), still)
        way = np.hypot(*((case.centre - case.centre[0]) * (1, 80 / 144)).T).mean()
        assert done.thing == pytest.approx(way, rel=0.1)
        assert done.error > 0.4 * way  # half of the tracks are on the thing


def test_a_clip_in_the_mirror_is_wrong() -> None:
    for case in two():
        done = tracks.answer(Question(case, 64, False), Flow(np.ascontiguousarray(case.frames[:, :, ::-1])))
        assert done.thing > 10 * FOUND / 2


def test_the_camera_alone_being_wrong_is_told_by_the_ground() -> None:
    case = two()[1]  # whose camera moves
    held = tracks._followed(Flow(np.repeat(case.frames[:1], 24, 0)), case.take, case.on_ground)
    true = tracks._followed(Flow(case.frames), case.take, case.on_ground)
    assert true.max() <= FOUND
    assert held.mean() > 4 * true.mean()


def test_measure_puts_a_perfect_studio_at_the_ceiling_and_tells_what_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracks, "cases", lambda count: list(two()[:count]))
    maker: Any = Maker()
    outcome = tracks.measure(maker, quick=True)
    assert set(outcome.metrics) == {
        f"tracks.{name}" for name in (*KINDS, "object", "epe_64_alone", "epe_64_pinned_alone")
    }
    for metric in outcome.metrics.values():
        assert metric.value == metric.ceiling
        assert metric.low <= metric.value <= metric.high < FOUND
        assert metric.baseline is not None and metric.baseline > 5 * metric.value
    assert len(maker.asked) == 2 * (len(KINDS) + 2 + 2)
    assert [shown.made.shape for shown in outcome.shown] == [(24, 80, 144, 3)] * 2
    assert len(outcome.tables[0].rows) == len(KINDS)
    for x, y in outcome.plots[0].series["with 64 tracks"]:
        assert y == pytest.approx(x, abs=0.02)
