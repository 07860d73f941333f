"""Tests of the overlay: dots have their track's colour, hidden points are hollow, and the caption can be read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.shot.clip import ArrayFrames
from vitascope.world.overlay import PAPER, Overlay, enlargement, track_colours

SIZE = (64, 36)


def overlay(frames: NDArray[np.uint8], *given: Any, **options: Any) -> NDArray[np.uint8]:
    """All frames of an overlay."""
    made = Overlay(ArrayFrames(frames), *given, **options)
    out = np.stack(list(made))
    assert out.shape == (made.num_frames, *made.size[::-1], 3)
    return out


def grey(num_frames: int = 4, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    return np.full((num_frames, size[1], size[0], 3), 90, np.uint8)


def tracks(*places: tuple[float, float], num_frames: int = 4) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Points that stay where they are, all visible."""
    points = np.repeat(np.array(places, np.float32).reshape(-1, 1, 2), num_frames, axis=1)
    return points, np.ones(points.shape[:2], np.bool_)


def at(picture: NDArray[np.uint8], place: tuple[float, float], size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """The pixel at a place of the picture that was enlarged."""
    k = enlargement(size)
    return picture[int(place[1] * size[1] * k), int(place[0] * size[0] * k)]


def test_a_visible_point_has_the_colour_of_its_track() -> None:
    places = ((0.2, 0.3), (0.7, 0.6), (0.5, 0.9))
    points, visible = tracks(*places)
    out = overlay(grey(), points, visible, "a ball")
    for place, colour in zip(places, track_colours(points), strict=True):
        for picture in out:
            np.testing.assert_array_equal(at(picture, place), colour)


def test_tracks_from_different_places_have_different_colours() -> None:
    points, _ = tracks((0.1, 0.1), (0.3, 0.1), (0.1, 0.3), (0.8, 0.6))
    colours = track_colours(points).astype(int)
    apart = np.abs(colours[:, None] - colours).sum(axis=-1)
    assert apart[~np.eye(4, dtype=bool)].min() > 60
    assert (colours.max(axis=1) == 255).all()  # bright ones


def test_a_track_keeps_the_colour_it_began_with() -> None:
    points, visible = tracks((0.2, 0.5))
    moved = points.copy()
    moved[0, 1:, 0] = 0.8
    out = overlay(grey(), moved, visible, "", trail=0)
    np.testing.assert_array_equal(at(out[3], (0.8, 0.5)), track_colours(points)[0])


def test_a_hidden_point_is_a_ring() -> None:
    points, visible = tracks((0.5, 0.5))
    visible[0, 2] = False
    out = overlay(grey(), points, visible, "", trail=0)
    np.testing.assert_array_equal(at(out[2], (0.5, 0.5)), (90, 90, 90))
    ring = np.abs(out[2].astype(int) - 90).sum(axis=-1)
    dot = np.abs(out[1].astype(int) - 90).sum(axis=-1)
    assert 0 < ring.sum() < 0.6 * dot.sum()


def test_the_tail_fades_and_ends() -> None:
    num_frames = 12
    points, visible = tracks((0.1, 0.5), num_frames=num_frames)
    points[0, :, 0] = np.linspace(0.1, 0.9, num_frames)
    last = overlay(grey(num_frames), points, visible, "", trail=6)[-1].astype(int)
    change = [int(np.abs(at(last, (float(x), 0.5)) - 90).sum()) for x in (points[0, :-1, 0] + points[0, 1:, 0]) / 2]
    assert change[:5] == [0] * 5  # longer ago than the trail
    assert all(a < b for a, b in pairwise(change[5:]))


def test_the_caption_can_be_seen_below_the_picture() -> None:
    points, visible = tracks((0.5, 0.5))
    out = overlay(grey(), points, visible, "A red ball rolls to the left, in the snow.")
    band = out[0, SIZE[1] * enlargement(SIZE) :]
    bright = (band.min(axis=-1) > 180).mean()
    assert band.shape[0] >= 20 and 0.02 < bright < 0.4
    assert (band == PAPER).all(axis=-1).mean() > 0.5
    np.testing.assert_array_equal(out[0][-len(band) :], out[3][-len(band) :])


def test_a_long_caption_is_wrapped_within_the_picture() -> None:
    points, visible = tracks((0.5, 0.5))
    size = (256, 144)
    short = overlay(grey(4, size), points, visible, "A ball.")
    long = overlay(grey(4, size), points, visible, "A red ball rolls slowly over the snow. " * 6)
    assert long.shape[1] > short.shape[1] + 40
    margin = long[0, 144 * enlargement(size) :, -8:]
    assert (margin == PAPER).all()


@pytest.mark.parametrize("size", [(64, 36), (63, 35), (256, 144), (401, 225), (701, 395)])
@pytest.mark.parametrize("caption", ["", "A ball."])
def test_sizes_are_even_and_the_picture_is_large_enough(size: tuple[int, int], caption: str) -> None:
    points, visible = tracks((0.5, 0.5), num_frames=1)
    out = overlay(grey(1, size), points, visible, caption)
    assert out.dtype == np.uint8 and out.shape[0] == 1
    assert out.shape[1] % 2 == 0 and out.shape[2] % 2 == 0
    assert out.shape[2] >= min(3 * size[0], 640)
    assert (out.shape[1] == size[1] * enlargement(size) + size[1] * enlargement(size) % 2) == (caption == "")


def test_nothing_that_is_given_is_changed() -> None:
    frames = np.random.default_rng(3).integers(0, 256, (4, 360, 640, 3), dtype=np.uint8)  # drawn at its own size
    points, visible = tracks((0.5, 0.5), (0.2, 0.2))
    kept = frames.copy(), points.copy(), visible.copy()
    out = overlay(frames, points, visible, "A ball.")
    for now, before in zip((frames, points, visible), kept, strict=True):
        np.testing.assert_array_equal(now, before)
    assert not np.shares_memory(out, frames)
    away = np.ones((360, 640), np.bool_)
    away[170:190, 310:330] = away[62:82, 118:138] = False
    np.testing.assert_array_equal(out[:, :360][:, away], frames[:, away])  # pictures are as they were elsewhere


def test_points_far_outside_and_no_points_are_allowed() -> None:
    points, visible = tracks((0.5, 0.5), (0.3, 0.3))
    points[0, 1], points[0, 2], points[1, 2] = (1e7, -1e7), (np.nan, 0.5), (1.4, 0.5)
    visible[0, 1:3] = visible[1, 2] = False
    out = overlay(grey(), points, visible, "")
    np.testing.assert_array_equal(at(out[3], (0.5, 0.5)), track_colours(points)[0])
    none = overlay(grey(), *tracks(), "")
    assert (none == 90).all()


def test_wrong_arrays_are_refused() -> None:
    points, visible = tracks((0.5, 0.5))
    with pytest.raises(ValueError, match="T = 3"):
        Overlay(ArrayFrames(grey(3)), points, visible, "")
    with pytest.raises(ValueError, match="visible"):
        Overlay(ArrayFrames(grey()), points, visible[:, :2], "")
    with pytest.raises(ValueError, match="trail"):
        Overlay(ArrayFrames(grey()), points, visible, "", trail=-1)
