"""The camera: moves to a path through the world, the path to tracks, all in true units."""

import math

import numpy as np
import pytest

from vitascope.shot.camera import (
    DEFAULT_DISTANCE,
    DEFAULT_FOV,
    DEFAULT_VIEW,
    DIRECTIONS,
    CameraPath,
    Move,
    View,
    camera_path,
    camera_tracks,
    parse_moves,
    project,
    rays,
)
from vitascope.shot.shot import MAX_POINTS, ShotError, track_arrays
from vitascope.shot.tracks import kept_frames

SIZE = (256, 144)
SIDE = 1 / math.tan(math.radians(DEFAULT_FOV) / 2) / 2 * SIZE[1] / SIZE[0]  # picture widths for a slope of 1


def _view(**fields: float) -> View:
    return View(position=(0.0, -4.5, 1.5), **{"tilt": -10.0, **fields})


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
    # The camera turns left, so what it sees goes right: to 100 m and a few away, 20 degrees off the axis.
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
    heights = (
        camera_path(parse_moves("pedestal up 1m from 1s to 2s ease"), 3, 12).position[:, 2] - DEFAULT_VIEW.position[2]
    )
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
        for direction in directions or ("",):
            for depth in (None, np.full((9, 16), 4.0)):
                assert len(camera_tracks((Move.towards(kind, direction),), SIZE, 1, 12, depth=depth)) >= 144


# --- how far every kind of move goes, whatever its ease and times ----------------------------------------------------


def angles(path: CameraPath) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Degrees of pan to the right, tilt up and roll clockwise in every frame, read off the rotation."""
    right, up, ahead = path.rotation[:, :, 0], path.rotation[:, :, 1], -path.rotation[:, :, 2]
    pan = np.degrees(np.unwrap(np.arctan2(ahead[:, 0], ahead[:, 1])))
    return pan, np.degrees(np.arcsin(ahead[:, 2])), np.degrees(np.arctan2(-right[:, 2], up[:, 2]))


def travelled(kind: str, path: CameraPath) -> float:
    """How far a move of this kind has gone, read off the camera's path alone."""
    pan, tilt, roll = angles(path)
    way = path.position[-1] - path.position[0]
    focal = 1 / np.tan(np.radians(path.fov) / 2)
    around = np.unwrap(np.arctan2(path.position[:, 1] - 0.5, path.position[:, 0]))  # about (0, 0.5)
    measured = {
        "pan": pan[-1] - pan[0],
        "tilt": tilt[-1] - tilt[0],
        "roll": roll[-1] - roll[0],
        "zoom": focal[-1] / focal[0],
        "truck": way[0],
        "pedestal": way[2],
        "dolly": way[1],
        "orbit": math.degrees(around[-1] - around[0]),
    }
    return float(measured[kind])


@pytest.mark.parametrize("ease", ["linear", "ease", "ease in", "ease out"])
@pytest.mark.parametrize("times", ["", " from 0.5s to 1.5s", " to 2s", " from 0.25s"])
@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("pan right 73deg", 73),
        ("pan left 20deg", -20),
        ("tilt up 31deg", 31),
        ("tilt down 8deg", -8),
        ("roll clockwise 40deg", 40),
        ("roll counterclockwise 15deg", -15),
        ("zoom in 2.5x", 2.5),
        ("zoom out 2x", 0.5),
        ("truck right 1.3m", 1.3),
        ("truck left 2m", -2),
        ("pedestal up 0.7m", 0.7),
        ("pedestal down 1m", -1),
        ("dolly in 1.5m", 1.5),
        ("dolly out 3m", -3),
        ("orbit right 120deg at 5m", 120),
        ("orbit left 35deg at 5m", -35),
    ],
)
def test_every_move_goes_exactly_as_far_as_asked(text: str, amount: float, times: str, ease: str) -> None:
    path = camera_path(parse_moves(f"{text}{times} {ease}"), 2, 12, _view())
    assert travelled(text.split()[0], path) == pytest.approx(amount, abs=1e-9)


@pytest.mark.parametrize(("ease", "halfway"), [("linear", 0.5), ("ease", 0.5), ("ease in", 0.25), ("ease out", 0.75)])
def test_easing_is_slow_where_it_says(ease: str, halfway: float) -> None:
    heights = camera_path(parse_moves(f"pedestal up 1m from 0s to 2s {ease}"), 4, 12, _view()).position[:, 2] - 1.5
    steps = np.diff(heights[:25])
    assert heights[12] == pytest.approx(halfway)
    even = 1 / 24
    assert (steps[0] < even / 4) == (ease in ("ease", "ease in"))
    assert (steps[-1] < even / 4) == (ease in ("ease", "ease out"))


def test_moves_that_share_no_frame_add_up_like_their_sum() -> None:
    halves = camera_path(parse_moves("pan left 10deg to 1s, pan left 20deg from 1s"), 2, 12)
    assert travelled("pan", halves) == pytest.approx(-30)
    both = camera_path(
        parse_moves("pan left 30deg, tilt up 10deg, roll clockwise 5deg, pedestal up 1m, zoom in 2x"), 2, 12
    )
    for kind, amount in (("pan", -30), ("tilt", 10), ("roll", 5), ("pedestal", 1), ("zoom", 2)):
        assert travelled(kind, both) == pytest.approx(amount), kind


# --- orbit -----------------------------------------------------------------------------------------------------------


def test_an_orbit_keeps_its_distance_and_what_it_goes_round_in_the_middle() -> None:
    path = camera_path(parse_moves("orbit left 90deg"), 2, 12, _view())
    pivot = np.array([0, -4.5 + 1 / math.tan(math.radians(10)), 0.5])  # where the view meets half a metre
    xy, depth = project(pivot, path, SIZE)
    assert np.allclose(xy, 0.5)
    assert np.allclose(depth, depth[0])
    assert path.position[-1, 0] < -5  # to the left
    assert (path.position[:, 2] == 1.5).all()


def test_an_orbit_uses_the_distance_of_its_view_and_its_own_before_that() -> None:
    for view, words, distance in (
        (_view(pivot=3), "", 3),
        (_view(pivot=3), " at 2m", 2),
        (_view(tilt=10), "", DEFAULT_DISTANCE),
    ):
        path = camera_path(parse_moves("orbit right 180deg" + words), 2, 12, view)
        assert path.position[-1] == pytest.approx((0, -4.5 + 2 * distance, 1.5), abs=1e-9)


def test_a_dolly_during_an_orbit_goes_straight_to_what_it_goes_round() -> None:
    path = camera_path(parse_moves("orbit right 100deg ease, dolly in 2m ease out"), 2, 24, _view(pivot=4.5))
    distance = np.hypot(path.position[:, 0], path.position[:, 1])
    assert distance[-1] == pytest.approx(2.5)
    assert (np.diff(distance) < 0).all()
    assert np.allclose(project((0, 0, 0), path, SIZE)[0][:, 0], 0.5)


def test_an_orbit_that_begins_later_goes_round_what_is_looked_at_then() -> None:
    path = camera_path(parse_moves("dolly in 2m to 1s, orbit left 180deg from 1s"), 3, 12, _view(pivot=4.5))
    assert path.position[12] == pytest.approx((0, -2.5, 1.5))
    assert path.position[-1] == pytest.approx((0, 2.5, 1.5))
    path = camera_path(parse_moves("pan right 90deg to 1s, orbit left 180deg from 1s"), 3, 12, _view(pivot=4.5))
    assert path.position[-1] == pytest.approx((9, -4.5, 1.5))


def test_two_orbits_make_one() -> None:
    two = camera_path(parse_moves("orbit left 30deg, orbit left 30deg"), 2, 12, _view(pivot=3))
    one = camera_path(parse_moves("orbit left 60deg"), 2, 12, _view(pivot=3))
    assert np.allclose(two.position, one.position)
    assert np.allclose(two.rotation, one.rotation)


def test_an_orbit_goes_round_what_stands_in_the_middle_of_the_depth_map() -> None:
    depth = np.full((90, 160), 8.0)
    depth[30:60, 60:100] = 2.0
    tracks = camera_tracks(parse_moves("orbit right 10deg"), SIZE, 1, 12, depth=depth, grid=(5, 3), base=View(tilt=0))
    points, _ = track_arrays(tracks, 12, 12)
    assert np.abs(points[7] - 0.5).max() < 1e-4  # what the camera looks at stays in the middle
    assert points[6, -1, 0] - points[6, 0, 0] > 0.1  # what is behind it goes along with the camera
    assert points[8, -1, 0] - points[8, 0, 0] > 0.1


def test_near_ground_goes_the_other_way_than_far_ground_in_an_orbit() -> None:
    points, _ = track_arrays(camera_tracks(parse_moves("orbit right 10deg"), SIZE, 1, 12, grid=(3, 9)), 12, 12)
    right = points[1:27:3, -1, 0] - points[1:27:3, 0, 0]  # of the middle column, from the sky down
    assert right[0] > 0.1
    assert right[-1] < -0.05


# --- handheld --------------------------------------------------------------------------------------------------------


def shaking(text: str, seconds: float = 8, fps: float = 24) -> tuple[np.ndarray, np.ndarray]:
    """How far pan, tilt and roll (degrees), and the place (metres) are off in every frame."""
    path, still = camera_path(parse_moves(text), seconds, fps), camera_path((), seconds, fps)
    off = np.stack(angles(path), -1) - np.stack(angles(still), -1)  # T 3
    return off, path.position - still.position


@pytest.mark.parametrize("amount", [0.5, 2.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_hand_shakes_by_the_amount_and_sways_by_a_few_centimetres(amount: float, seed: int) -> None:
    off, sway = shaking(f"handheld {amount}deg seed {seed}")
    assert (np.abs(off).max(0) <= amount * np.array((1, 1, 0.5)) + 1e-9).all()
    assert (off.std(0) > amount * np.array((0.15, 0.15, 0.07))).all()
    assert 0.003 * amount < np.abs(sway).max() < 0.021 * amount


def test_a_hand_shakes_smoothly_and_from_rest() -> None:
    off, sway = shaking("handheld 1deg", seconds=16, fps=48)
    assert np.abs(off[0]).max() < 1e-9
    assert np.abs(sway[0]).max() < 1e-9
    power = np.abs(np.fft.rfft(off[:, 0] * np.hanning(len(off)))) ** 2
    speeds = np.fft.rfftfreq(len(off), 1 / 48)
    assert power[speeds > 4].sum() < 1e-4 * power.sum()


def test_shaking_is_the_same_for_a_seed_at_any_rate_and_length_and_another_for_another() -> None:
    slow, fast, long = (shaking("handheld", *of)[0] for of in ((4, 12), (4, 24), (8, 12)))
    assert np.allclose(slow, fast[::2])
    assert np.allclose(slow, long[:48])
    assert np.allclose(shaking("handheld seed 0")[0], shaking("handheld")[0])
    assert np.abs(shaking("handheld seed 5")[0] - shaking("handheld")[0]).max() > 0.2


def test_shaking_keeps_to_its_seconds() -> None:
    off, _ = shaking("handheld 2deg from 2s to 4s", fps=12)
    assert np.abs(off[:25]).max() < 1e-9
    assert np.abs(off[48:]).max() < 1e-9
    assert np.abs(off[25:48]).max() > 0.3
    rising = np.abs(shaking("handheld 2deg ease in", fps=12)[0][:, 0])
    assert rising[:24].max() < rising[-24:].max()


def test_shaking_is_added_to_the_other_moves() -> None:
    both, pan = (camera_path(parse_moves(text), 2, 12) for text in ("pan left 20deg, handheld 1deg", "pan left 20deg"))
    alone = shaking("handheld 1deg", 2, 12)[0]
    assert np.allclose(np.stack(angles(both), -1) - np.stack(angles(pan), -1), alone)


# --- limits ----------------------------------------------------------------------------------------------------------


def test_very_long_shots_have_tracks_of_few_enough_points() -> None:
    moves = parse_moves("pan left 20deg")
    tracks = camera_tracks(moves, SIZE, 120, 60, grid=(2, 1))  # 7,200 frames, and a track has at most 4,096 times
    assert tracks[0].times[-1] == pytest.approx(7199 / 60, abs=1e-5)
    points, visible = track_arrays(tracks[:2], 7200, 60)
    every, _ = track_arrays(camera_tracks(moves, SIZE, 120, 1, grid=(2, 1))[:2], 120, 1)
    assert np.abs(points[:, 0] - every[:, 0]).max() < 1e-4
    assert np.abs(points[:, -1] - every[:, -1]).max() < 1e-4
    assert visible[0].sum() > 3000
    assert [len(kept_frames(7200, tracks)) * tracks <= MAX_POINTS // 4 for tracks in (1, 300, 2000)] == [True] * 3


@pytest.mark.parametrize("grid", [(0, 9), (16, 65), (1000, 1000), (1.5, 2)])
def test_grids_have_limits(grid: tuple[int, int]) -> None:
    with pytest.raises(ShotError, match="grid should be columns and rows of 1 to 64"):
        camera_tracks((), SIZE, 1, 12, grid=grid)
