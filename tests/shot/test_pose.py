"""The camera that left some tracks is found again, with what is its own among them."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.shot.camera import View, camera_path, camera_tracks, usual_grid
from vitascope.shot.moves import parse_moves
from vitascope.shot.pose import Camera, OfPicture, OverGround, camera_of, told
from vitascope.shot.tracks import track_arrays

SIZE, FPS, NUM = (256, 144), 12.0, 24
MOVES = (
    *("pan left 12deg", "tilt up 8deg", "roll clockwise 15deg", "zoom in 1.4x", "zoom out 1.4x", "dolly in 1m"),
    *("truck right 0.5m", "pedestal up 0.4m", "orbit left 25deg", "handheld 2deg"),
    "pan right 20deg + zoom in 1.3x from 1s to 2s + pedestal down 0.3m",
)


def found(points: NDArray[Any], visible: NDArray[np.bool_]) -> tuple[Camera, NDArray[np.bool_]]:
    made = camera_of(points.astype(np.float64), visible, SIZE)
    assert made is not None
    return made


@pytest.mark.parametrize("words", MOVES)
def test_the_camera_is_found_again_from_its_tracks(words: str) -> None:
    tracks = camera_tracks(parse_moves(words), SIZE, 2.0, FPS, grid=usual_grid(SIZE))
    camera, own = found(*track_arrays(tracks, NUM, FPS))
    true = camera_path(parse_moves(words), 2.0, FPS)
    assert isinstance(camera, OverGround) and own.all()
    np.testing.assert_allclose(camera.path.position, true.position, atol=2e-3)
    np.testing.assert_allclose(camera.path.rotation, true.rotation, atol=1e-3)
    np.testing.assert_allclose(camera.path.fov, true.fov, atol=0.1)


def test_a_camera_that_films_from_elsewhere_is_found_too() -> None:
    view = View(position=(0.0, -2.4, 0.9), tilt=-7.0, fov=46.0)
    tracks = camera_tracks(parse_moves("pan right 10deg + pedestal up 0.2m"), SIZE, 2.0, FPS, grid=(9, 6), base=view)
    points, visible = track_arrays(tracks, NUM, FPS)
    camera, own = found(points, visible)
    assert own.mean() > 0.8
    both = visible[:, 0] & visible[:, -1]
    np.testing.assert_allclose(camera.before(points[both, -1], NUM - 1), points[both, 0], atol=0.02)


def test_a_camera_before_a_flat_picture_is_known_too() -> None:
    shares = np.linspace(0, 1, NUM)[:, None]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) + 0.15 * shares[..., None] * np.array(
        [[1, 0.5], [0.2, 1], [-1, 0.3], [0.5, -1]]
    )
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    grid = np.stack(np.meshgrid(np.linspace(0.1, 0.9, 8), np.linspace(0.1, 0.9, 5)), -1).reshape(-1, 1, 2)
    maps = [cv2.getPerspectiveTransform(square, one.astype(np.float32)) for one in corners]
    ways = np.stack([cv2.perspectiveTransform(grid, one)[:, 0] for one in maps], 1)  # K T 2
    camera, own = found(ways, np.ones(ways.shape[:2], np.bool_))
    assert isinstance(camera, OfPicture) and own.all()
    np.testing.assert_allclose(camera.before(ways[:, -1], NUM - 1), ways[:, 0], atol=1e-3)


def test_things_that_go_their_own_ways_are_told_apart() -> None:
    tracks = camera_tracks(parse_moves("tilt up 6deg"), SIZE, 2.0, FPS, grid=usual_grid(SIZE))
    points, visible = track_arrays(tracks, NUM, FPS)
    shares = np.linspace(0, 1, NUM)[:, None]
    things = np.random.default_rng(0).uniform(0.4, 0.6, (12, 1, 2)) + shares * (0.3, -0.1)
    _, own = found(np.concatenate([points, things]), np.concatenate([visible, np.ones((12, NUM), np.bool_)]))
    np.testing.assert_array_equal(own, np.arange(len(own)) < len(points))


def test_there_is_none_where_nothing_or_everything_moves_by_itself() -> None:
    rng = np.random.default_rng(0)
    still = rng.random((40, 1, 2)).repeat(NUM, 1)
    wandering = still + np.cumsum(rng.normal(0, 0.02, (40, NUM, 2)), 1)
    there = np.ones((40, NUM), np.bool_)
    for points in (still, wandering, still[:4]):
        assert camera_of(points, there[: len(points)], SIZE) is None
    assert camera_of(still[:0], there[:0], SIZE) is None


def test_a_camera_among_more_tracks_of_things_than_of_its_own_is_found() -> None:
    view = View(position=(0.0, -2.4, 0.9), tilt=-7.0, fov=46.0)
    tracks = camera_tracks(parse_moves("orbit right 20deg"), SIZE, 2.0, FPS, grid=(9, 6), base=view)
    points, visible = track_arrays(tracks, NUM, FPS)
    kept = np.flatnonzero(visible[:, 0])[:30]
    rng = np.random.default_rng(0)
    fall = np.minimum(1, np.linspace(0, 2, NUM)) * 0.4
    things = np.stack([np.full((36, NUM), 0.5), np.broadcast_to(0.2 + fall, (36, NUM))], -1)
    things = things + rng.uniform(-0.1, 0.1, (36, 1, 2))
    ways = np.concatenate([points[kept], things])
    _, own = found(ways, np.concatenate([visible[kept], np.ones((36, NUM), np.bool_)]))
    assert own[:30].mean() > 0.7 and not own[30:].any()


def test_what_tracks_tell_is_kept() -> None:
    tracks = camera_tracks(parse_moves("pan left 12deg"), SIZE, 2.0, FPS, grid=usual_grid(SIZE))
    first = told(tracks, NUM, FPS, SIZE)
    assert told(tracks, NUM, FPS, SIZE) is first and first.own.all() and isinstance(first.camera, OverGround)
    assert told((), NUM, FPS, SIZE).camera is None
