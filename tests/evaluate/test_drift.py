"""A film that goes on as it was does not drift; one that fades, blurs or changes at every extension does."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from vitascope.evaluate import drift
from vitascope.evaluate.drift import PART, rests
from vitascope.evaluate.identity import Reference
from vitascope.evaluate.suite import Frames, Metric, Studio
from vitascope.model.checkpoint import Card
from vitascope.model.condition import film_frames
from vitascope.model.layout import layout
from vitascope.shot.clip import Clip
from vitascope.shot.media import read_picture
from vitascope.shot.shot import Shot
from vitascope.world.footage import Take

Change = Callable[[Frames], Frames]


class Fake(Studio):
    """Goes on with the last frame that it is shown, after something is done to it."""

    def __init__(self, change: Change) -> None:
        object.__setattr__(self, "change", change)
        object.__setattr__(self, "card", Card("tiny", (144, 80), 24, 12.0, 1))

    def make(self, shot: Shot) -> Clip:
        if shot.pins[0].media.kind == "picture":
            return self._windows(shot, read_picture(shot.pins[0].media.data or b"")[None])
        known, _ = film_frames(shot.pins[0], shot.size, shot.fps)
        after = self.change(known[-1:])  # type: ignore[attr-defined]
        return Clip.from_array(np.repeat(after, shot.num_frames, 0), shot.fps, shot)

    def _windows(self, shot: Shot, first: Frames) -> Clip:
        frames = []
        for window in layout(shot, self.card).windows:
            frames.append(np.repeat(first, window.num_frames, 0))
            first = self.change(first)  # type: ignore[attr-defined]
        return Clip.from_array(np.concatenate(frames)[: shot.num_frames], shot.fps, shot)


@pytest.fixture(scope="module")
def chosen() -> list[tuple[Take, Reference]]:
    return rests(2)


def measured(chosen: list[tuple[Take, Reference]], change: Change) -> dict[str, Metric]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drift, "rests", lambda count, seconds=9.0: chosen[:count])
        patch.setattr(drift, "LENGTH", (9.0, 9.0))
        return drift.measure(Fake(change), quick=True).metrics


def test_true_films_and_what_goes_on_as_it_was_do_not_drift(chosen: list[tuple[Take, Reference]]) -> None:
    for name, one in measured(chosen, lambda frame: frame).items():
        assert one.value < 0.002, name
        assert one.ceiling is not None and one.ceiling < 0.002, name


def test_a_film_that_fades_loses_its_colours(chosen: list[tuple[Take, Reference]]) -> None:
    def faded(frame: Frames) -> Frames:
        grey = frame.mean(-1, keepdims=True)
        return (grey + (frame - grey) * 0.8).round().astype(np.uint8)

    found = measured(chosen, faded)
    assert found["colourful"].value == pytest.approx(-np.log2(0.8), rel=0.15)
    assert found["identity"].value > 0.03


def test_a_film_that_grows_lighter_and_softer_is_measured_so(chosen: list[tuple[Take, Reference]]) -> None:
    lighter = measured(chosen, lambda frame: (frame * 0.9).round().astype(np.uint8))
    first = chosen[0][0].clip.array()[0]
    assert lighter["mean_colour"].value == pytest.approx(first.mean() / 255 * (1 - 0.9**8) / 8, rel=0.05)
    softer = measured(chosen, lambda frame: np.asarray(cv2.GaussianBlur(frame[0], (0, 0), 1.0))[None])
    assert softer["sharpness"].value > 0.03 and softer["mean_colour"].value < 0.002
    shares = [first.mean() / 255 * (1 - 0.9**away) / away for away in range(1, 6)]  # of windows of 24 frames, 8 known
    assert lighter["window_colour"].value == pytest.approx(np.mean(shares), rel=0.06)
    assert softer["window_sharpness"].value > 0.03 and softer["window_colour"].value < 0.002


def test_a_thing_that_is_gone_after_the_first_window_is_missed(chosen: list[tuple[Take, Reference]]) -> None:
    found = measured(chosen, lambda frame: np.full_like(frame, 128))
    assert found["subject_changes"].value == 1.0 and found["subject_changes"].ceiling == 0.0


def test_a_cut_is_what_it_is_held_against(chosen: list[tuple[Take, Reference]]) -> None:
    found = measured(chosen, lambda frame: frame)
    assert all(one.baseline is not None and one.baseline > 5 * one.value for one in found.values())


def test_a_part_is_a_second() -> None:
    assert PART / drift.FPS == 1


def test_a_film_at_rest_is_as_long_as_one_likes() -> None:
    frames = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    assert drift.to_and_fro(frames, 9)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert drift.to_and_fro(frames, 3)[:, 0, 0, 0].tolist() == [0, 1, 2]
