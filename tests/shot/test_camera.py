"""Camera moves: words to moves, moves to a path of the camera, the path to tracks, all in true units."""

import math

import numpy as np
import pytest

from vitascope.shot.camera import (
    DEFAULT_FOV,
    DEFAULT_VIEW,
    DIRECTIONS,
    Move,
    camera_path,
    camera_tracks,
    describe_moves,
    parse_moves,
    project,
    rays,
)
from vitascope.shot.shot import ShotError, track_arrays

SIZE = (256, 144)
SIDE = 1 / math.tan(math.radians(DEFAULT_FOV) / 2) / 2 * SIZE[1] / SIZE[0]  # picture widths for a slope of 1


def test_words_become_moves() -> None:
    assert parse_moves("dolly in 1.5m, pan left 20deg from 1s to 3s ease") == (
        Move(kind="dolly", amount=1.5),
        Move(kind="pan", amount=-20, start=1, end=3, ease="ease"),
    )


def test_amounts_may_be_left_out_and_still_is_no_move() -> None:
    assert parse_moves("Pan Left and tilt up 5 degrees") == (Move(kind="pan", amount=-20), Move(kind="tilt", amount=5))
    assert parse_moves("still") == parse_moves("") == parse_moves(" The camera is still. ") == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("wiggle left", ["wiggle", "pan right/left", "dolly in/out"]),
        ("orbit left 30deg", ["orbit", "not there yet"]),
        ("pan sideways", ["sideways", "right or left"]),
        ("pan", ["'pan'", "write it like"]),
        ("tilt up, zoom in 2m", ["zoom", "'m'", "measured in x"]),
        ("zoom in 100x", ["zoom in 100x", "10x"]),
        ("zoom in 0x", ["zoom in 0x", "more than 0"]),
        ("pan left 400deg", ["360deg", "400deg"]),
        ("pan left from 2s to 1s", ["end after its start"]),
        ("pan left 20deg quickly", ["quickly", "write it like"]),
        ("pan left from 1000s", ["start", "120"]),
    ],
)
def test_words_that_are_not_understood_are_named(text: str, parts: list[str]) -> None:
    with pytest.raises(ShotError) as caught:
        parse_moves(text)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_every_move_is_described_in_words_that_can_be_read_back() -> None:
    for kind, directions in DIRECTIONS.items():
        for direction in directions:
            moves = (Move.towards(kind, direction),)
            assert parse_moves(describe_moves(moves)) == moves


def test_descriptions_are_short_english() -> None:
    assert describe_moves(parse_moves("pan left 20deg")) == "the camera pans left"
    assert describe_moves(parse_moves("zoom in, pan right")) == "the camera zooms in and pans right"
    assert (
        describe_moves(parse_moves("zoom out, pan right, tilt up")) == "the camera zooms out, pans right and tilts up"
    )
    assert describe_moves(()) == ""


def test_no_moves_leave_the_camera_at_the_default_view() -> None:
    path = camera_path((), 2, 12)
    assert path.num_frames == 24
    assert (path.position == DEFAULT_VIEW.position).all()
    assert np.allclose(path.fov, DEFAULT_FOV)
    assert np.allclose(path.rotation[:, :, 0], (1, 0, 0))
    pitch = math.radians(DEFAULT_VIEW.tilt)
    assert np.allclose(-path.rotation[:, :, 2], (0, math.cos(pitch), math.sin(pitch)))


def test_rotations_stay_rotations_whatever_the_moves() -> None:
    path = camera_path(parse_moves("pan left 90deg, tilt up 40deg, roll clockwise 30deg, truck left"), 2, 12)
    assert np.allclose(path.rotation @ path.rotation.transpose(0, 2, 1), np.eye(3))
    assert np.allclose(np.linalg.det(path.rotation), 1)


def test_a_pan_of_20_degrees_moves_the_centre_by_what_the_lens_says() -> None:
    level = DEFAULT_VIEW.__class__(tilt=0)
    path = camera_path(parse_moves("pan left 20deg"), 2, 12, level)
    xy, _ = project((0, 100, DEFAULT_VIEW.position[2]), path, SIZE)
    assert np.allclose(xy[0], 0.5)
    # The camera turns left, so what it sees goes right: to -4.5 + 104.5 m away, 20 degrees off the axis.
    assert xy[-1] == pytest.approx((0.5 + math.tan(math.radians(20)) * SIDE, 0.5))


def test_tilting_up_lowers_the_picture_and_rolling_clockwise_turns_it_the_other_way() -> None:
    ahead = (0, 1, DEFAULT_VIEW.position[2])
    aside = (1, 4.5, DEFAULT_VIEW.position[2])
    level = DEFAULT_VIEW.__class__(tilt=0)
    assert project(ahead, camera_path(parse_moves("tilt up 5deg"), 1, 12, level), SIZE, 11)[0][1] > 0.55
    # What was to the right of the centre goes up.
    assert project(aside, camera_path(parse_moves("roll clockwise 20deg"), 1, 12, level), SIZE, 11)[0][1] < 0.48


@pytest.mark.parametrize(
    ("text", "travel"),
    [
        ("truck right 2m", (2, 0, 0)),
        ("truck left 1m", (-1, 0, 0)),
        ("pedestal up 0.5m", (0, 0, 0.5)),
        ("dolly in 1.5m", (0, 1.5, 0)),
        ("dolly out 1.5m", (0, -1.5, 0)),
    ],
)
def test_the_camera_travels_as_many_metres_as_asked(text: str, travel: tuple[float, float, float]) -> None:
    path = camera_path(parse_moves(text), 2, 12)
    assert path.position[-1] - path.position[0] == pytest.approx(travel)


def test_a_dolly_after_a_pan_follows_the_new_direction() -> None:
    path = camera_path(parse_moves("pan right 90deg from 0s to 1s, dolly in 2m from 1s to 2s"), 3, 12)
    assert path.position[-1] - path.position[0] == pytest.approx((2, 0, 0))


def test_a_zoom_multiplies_the_focal_length() -> None:
    def focal(fov: float) -> float:
        return 1 / math.tan(math.radians(fov) / 2)

    path = camera_path(parse_moves("zoom in 2x"), 2, 12)
    assert focal(path.fov[-1]) == pytest.approx(2 * focal(path.fov[0]))
    path = camera_path(parse_moves("zoom out 2x"), 2, 12)
    assert focal(path.fov[-1]) == pytest.approx(focal(path.fov[0]) / 2)


def test_a_move_keeps_to_its_seconds() -> None:
    heights = camera_path(parse_moves("pedestal up 1m from 1s to 2s ease"), 3, 12).position[:, 2] - 1.5
    assert np.allclose(heights[:13], 0)
    assert np.allclose(heights[24:], 1)
    assert 0 < heights[13] < 1 / 12 / 4
    assert heights[18] == pytest.approx(0.5)


def test_one_frame_has_no_move() -> None:
    assert camera_path(parse_moves("dolly in"), 0.01, 12).position.tolist() == [list(DEFAULT_VIEW.position)]


def test_rays_and_projection_are_inverse() -> None:
    path = camera_path(parse_moves("pan left 30deg, roll clockwise 10deg, zoom in"), 1, 12)
    eye, directions = rays(path, (8, 6), 11)
    xy, depth = project(eye + 3 * directions, path, (8, 6), 11)
    assert np.allclose(depth, 3)
    assert np.allclose(xy[..., 0], (np.arange(8) + 0.5) / 8)
    assert np.allclose(xy[..., 1], (np.arange(6)[:, None] + 0.5) / 6)


def test_points_behind_the_camera_have_negative_depth_and_finite_places() -> None:
    xy, depth = project((0, -10, 1.5), camera_path((), 1, 12), SIZE)
    assert (depth < 0).all()
    assert np.isfinite(xy).all()


def test_tracks_of_a_still_camera_stand_still() -> None:
    points, visible = track_arrays(camera_tracks((), SIZE, 1, 12), 12, 12)
    assert points.shape == (16 * 9, 12, 2)
    assert visible.all()
    assert np.abs(points - points[:, :1]).max() < 1e-4


def test_tracks_begin_on_a_grid_of_the_first_frame_and_others_end_on_one_of_the_last() -> None:
    tracks = camera_tracks(parse_moves("pan left 20deg"), SIZE, 1, 12, grid=(8, 4))
    points, visible = track_arrays(tracks, 12, 12)
    assert np.allclose(points[0, 0], (1 / 16, 1 / 8), atol=1e-4)
    assert visible[:32, 0].all()
    assert not visible[32:, 0].any()
    assert visible[32:, -1].all()
    assert len(tracks) > 32
    assert points[32:, -1, 0].max() < 0.6


def test_near_points_move_more_than_far_ones_when_the_camera_trucks() -> None:
    points, _ = track_arrays(camera_tracks(parse_moves("truck right 0.5m"), SIZE, 1, 12, grid=(3, 9)), 12, 12)
    left = points[:27, 0, 0] - points[:27, -1, 0]  # how far each went to the left
    rows = left.reshape(9, 3).mean(1)  # from the sky down to the nearest ground
    assert (np.diff(rows) >= -1e-4).all()
    assert rows[-1] > 3 * rows[0] > 0


def test_a_depth_map_decides_how_far_points_move() -> None:
    depth = np.full((90, 160), 2.0)
    depth[:, 80:] = np.inf
    points, _ = track_arrays(
        camera_tracks(parse_moves("truck right 0.5m"), SIZE, 1, 12, depth=depth, grid=(2, 1)), 12, 12
    )
    near, far = points[0, 0, 0] - points[0, -1, 0], points[1, 0, 0] - points[1, -1, 0]
    assert near == pytest.approx(0.5 / 2 * SIDE, abs=1e-3)
    assert far == pytest.approx(0.5 / 30 * SIDE, abs=1e-3)


def test_every_move_gives_tracks_that_a_shot_accepts() -> None:
    for kind, directions in DIRECTIONS.items():
        for direction in directions:
            for depth in (None, np.full((9, 16), 4.0)):
                assert len(camera_tracks((Move.towards(kind, direction),), SIZE, 1, 12, depth=depth)) >= 144
