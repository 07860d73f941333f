"""A moving camera is found again from its tracks, and what it sees is cut out of a wider picture."""

from functools import partial

import numpy as np
import pytest

from vitascope.finish.reframe import (
    Reframed,
    Reframing,
    looked_up,
    looks_outside,
    reframing,
    scenery,
    seen_by,
)
from vitascope.shot import edit
from vitascope.shot.camera import CameraPath, rays
from vitascope.shot.moves import parse_moves
from vitascope.shot.pose import OverGround
from vitascope.shot.shot import Media, Pin, Shot
from vitascope.shot.tracks import Track, tracks_from_arrays

SIZE, FPS, NUM = (256, 144), 12.0, 24
PLAIN = Shot(text="a ball on the grass", size=SIZE, seconds=2.0, fps=FPS)
STROKE = Track(times=(0.0, 23 / 12), points=((0.5, 0.6), (0.7, 0.6)))
MOVES = (
    *("pan left 12deg", "tilt up 8deg", "roll clockwise 15deg", "zoom in 1.4x", "zoom out 1.4x", "dolly in 1m"),
    *("truck right 0.5m", "pedestal up 0.4m", "orbit left 25deg", "handheld 2deg"),
    "pan right 20deg + zoom in 1.3x from 1s to 2s + pedestal down 0.3m",
)


def filmed(words: str) -> Shot:
    return edit.filmed(PLAIN, parse_moves(words))


def found(shot: Shot) -> Reframing:
    made = reframing(shot, NUM, FPS)
    assert made is not None
    return made


def over(made: Reframing) -> CameraPath:
    assert isinstance(made.camera, OverGround)
    return made.camera.path


def ground(path: CameraPath, frame: int) -> np.ndarray:
    """A world of plain sky and ground with soft waves on it, as a camera sees it."""
    eye, ways = rays(path, SIZE, frame)
    falling = -ways[..., 2]
    depth = np.where(falling > 0.02, eye[2] / np.maximum(falling, 0.02), 0)
    x, y = (eye[i] + depth * ways[..., i] for i in (0, 1))
    waves = 128 + 60 * np.sin(3 * x) * np.cos(2 * y)
    return np.where(depth > 0, waves, 220)[..., None].repeat(3, -1).astype(np.uint8)


@pytest.mark.parametrize("words", MOVES)
def test_what_it_sees_is_what_it_would_see_of_the_world(words: str) -> None:
    made = found(filmed(words))
    first = Reframing(made.shot, made.camera, 1.0, (0.0, 0.0))  # the wider picture is the first frame itself
    columns, rows = np.meshgrid((np.arange(256) + 0.5) / 256, (np.arange(144) + 0.5) / 144)
    grid = np.stack([columns, rows], -1)
    still = ground(over(made), 0)
    for frame in (8, 23):
        true, seen = ground(over(made), frame).astype(float), first.frame(still, frame).astype(float)
        places = first.places(grid, frame)
        inside = ((places > 0.02) & (places < 0.98)).all(-1) & (rows > 0.35)  # near the horizon waves are too fine
        assert inside.mean() > 0.15
        unmoved = np.abs(still.astype(float) - true)[inside].mean()
        assert np.abs(seen - true)[inside].mean() < max(3.0, 0.25 * unmoved)


def test_all_that_is_seen_lies_in_the_wider_picture_unless_that_were_too_coarse() -> None:
    edge = np.stack(np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 5)), -1)
    for words in ("pan left 12deg", "tilt up 8deg", "zoom out 1.4x", "truck right 0.5m"):
        made = found(filmed(words))
        assert 0.55 < made.share < 1
        places = np.stack([made.places(edge, frame) for frame in range(NUM)])
        assert places.min() > -0.02 and places.max() < 1.02
    assert found(filmed("zoom in 1.5x")).share == 1
    assert found(filmed("pan left 40deg")).share == 0.55
    for words in ("pan left 150deg", "orbit right 120deg"):
        assert reframing(filmed(words), NUM, FPS) is None  # nearly all would be mirrored


def test_a_brush_on_top_goes_along_in_the_wider_picture() -> None:
    made = found(filmed("pan left 12deg").with_(tracks=(*filmed("pan left 12deg").tracks, STROKE)))
    assert len(made.shot.tracks) == 1
    own, wide = STROKE, made.shot.tracks[0]
    np.testing.assert_allclose(wide.points[0], np.array(made.corner) + made.share * np.array(own.points[0]), atol=1e-3)
    np.testing.assert_allclose(wide.points[-1], made.places(np.array(own.points[-1]), NUM - 1), atol=0.02)


def test_a_glimpse_is_of_the_same_frames() -> None:
    made = found(filmed("pan left 12deg + zoom in 1.4x"))
    frames = [ground(over(made), 0) + np.uint8(number) for number in range(NUM)]
    whole = list(made.all(frames))
    some = made.some(frames[8:12], 8)
    assert len(some) == 4 and len(list(some)) == 4
    for number in range(4):
        np.testing.assert_array_equal(some[number], whole[8 + number])
    np.testing.assert_array_equal(some[-1], whole[11])
    assert [frame.tobytes() for frame in some[1:3]] == [frame.tobytes() for frame in whole[9:11]]


def test_what_is_no_moving_camera_is_left_to_the_network() -> None:
    still = np.random.default_rng(0).random((40, 1, 2)).repeat(NUM, 1)
    there = np.ones((40, NUM), np.bool_)
    wandering = still + np.cumsum(np.random.default_rng(1).normal(0, 0.02, (40, NUM, 2)), 1)
    assert reframing(PLAIN, NUM, FPS) is None
    assert reframing(PLAIN.with_(tracks=tracks_from_arrays(still, there, FPS)), NUM, FPS) is None
    assert reframing(PLAIN.with_(tracks=tracks_from_arrays(wandering, there, FPS)), NUM, FPS) is None
    assert reframing(PLAIN.with_(tracks=(STROKE,) * 20), NUM, FPS) is None
    assert reframing(filmed("pan left 12deg"), 1, FPS) is None


def test_pinned_pictures_are_what_is_seen() -> None:
    import io

    from PIL import Image

    held = io.BytesIO()
    Image.new("RGB", SIZE).save(held, "PNG")
    pin = Pin(media=Media.of(held.getvalue()))
    assert reframing(filmed("pan left 12deg").with_(pins=(pin,)), NUM, FPS) is None
    reference = pin.model_copy(update={"role": "character"})
    assert found(filmed("pan left 12deg").with_(pins=(reference,))).shot.pins == (reference,)


def test_frames_can_be_played_again() -> None:
    made = found(filmed("roll clockwise 15deg"))
    frames = np.random.default_rng(0).integers(0, 255, (NUM, 72, 128, 3), np.uint8)
    seen = Reframed(frames, made)
    first, second = list(seen), list(seen)
    assert len(first) == NUM and all(a.shape == (72, 128, 3) for a in first)
    np.testing.assert_array_equal(first, second)


def post(path: CameraPath, frame: int) -> np.ndarray:
    """Plain sky and ground with a red post, 0.8 m high, that stands on it where the first frame's middle looks."""
    eye, ways = rays(path, SIZE, frame)
    falling = -ways[..., 2]
    drawn = np.where((falling > 0)[..., None], (70, 140, 60), (130, 170, 230)).astype(np.uint8)
    depth = (-0.2 - eye[1]) / ways[..., 1]  # of the upright plane in which the post is
    x, z = eye[0] + depth * ways[..., 0], eye[2] + depth * ways[..., 2]
    drawn[(np.abs(x) < 0.2) & (z > 0) & (z < 0.8) & (depth > 0)] = (210, 40, 40)
    return drawn


def outline(frame: np.ndarray) -> tuple[float, float, float, float]:
    """The red part's middle at its top and at its foot, and its highest and lowest row."""
    red = (frame[..., 0] > 150) & (frame[..., 1] < 100)
    rows = np.flatnonzero(red.any(1))
    top, foot = (np.flatnonzero(red[row]).mean() for row in (rows[0] + 2, rows[-1] - 2))
    return top, foot, rows[0], rows[-1]


@pytest.mark.parametrize("words", ["truck right 0.5m", "dolly in 0.7m", "pedestal up 0.4m", "orbit left 20deg"])
def test_what_stands_up_goes_on_standing_when_the_camera_walks(words: str) -> None:
    camera = found(filmed(words)).camera
    assert isinstance(camera, OverGround) and camera.walks
    first = post(camera.path, 0)
    for frame in (12, 23):
        true, seen = outline(post(camera.path, frame)), outline(seen_by(camera, scenery(first, camera), frame))
        np.testing.assert_allclose(seen, true, atol=5)
        assert abs(seen[0] - seen[1]) < 4, "it does not lean"
        leaning = outline(looked_up(first, partial(camera.before, frame=frame)))
        off, was = (np.abs(np.subtract(one, true)).max() for one in (seen, leaning))
        assert off < was


def test_what_is_beside_the_middle_stays_in_the_picture() -> None:
    for words in ("orbit left 35deg", "orbit right 35deg", "dolly out 1m"):
        made = found(filmed(words))
        middle = (np.array([0.5, 0.55]) - made.corner) / made.share
        assert (np.abs(middle - 0.5) < 0.36).all()


def test_what_lies_beside_the_picture_is_ground_and_no_thing_is_seen_twice() -> None:
    import cv2

    made = found(filmed("pan right 30deg"))
    alone = Reframing(made.shot, made.camera, 1.0, (0.0, 0.0))
    still = np.full((144, 256, 3), (90, 160, 80), np.uint8)
    still[:60] = (140, 180, 240)
    cv2.circle(still, (215, 90), 16, (210, 30, 30), -1)

    def red(frame: np.ndarray) -> int:
        return cv2.connectedComponents(((frame[..., 0] > 150) & (frame[..., 1] < 90)).astype(np.uint8))[0] - 1

    assert not looks_outside(made.camera, (0,)) and looks_outside(made.camera, (NUM - 1,))
    little = found(filmed("pan right 8deg"))
    assert not looks_outside(little.camera, range(NUM), little.share, little.corner)
    twice = looked_up(still, partial(made.camera.before, frame=NUM - 1))
    assert red(still) == 1 and red(twice) == 2
    seen = alone.frame(still, NUM - 1)
    assert red(seen) == 1
    assert np.abs(seen[100:, 150:].astype(int) - (90, 160, 80)).max() < 20


def test_what_an_edge_cuts_off_goes_on_beyond_it_and_is_not_seen_twice() -> None:
    import cv2

    made = found(filmed("zoom out 1.3x"))
    alone = Reframing(made.shot, made.camera, 1.0, (0.0, 0.0))
    still = np.full((144, 256, 3), (90, 160, 80), np.uint8)
    still[:60] = (140, 180, 240)
    still[:90, 16:34] = (210, 30, 30)
    seen = alone.frame(still, NUM - 1)
    red = ((seen[..., 0] > 150) & (seen[..., 1] < 90)).astype(np.uint8)
    assert cv2.connectedComponents(red)[0] == 2, "the ground and one post"
    assert red[3:80, round((25 - 128) / 1.3 + 128)].all(), "up to the new edge"


def test_above_a_horizon_only_what_is_plain_is_mirrored_over_and_over() -> None:
    plain = np.full((144, 256, 3), (90, 160, 80), np.uint8)
    plain[:20] = (140, 180, 240)
    houses = plain.copy()
    houses[:20, np.arange(256) // 12 % 2 == 0] = (60, 60, 60)

    def up(xy: np.ndarray) -> np.ndarray:
        return np.asarray(xy - (0.0, 0.25))

    over_plain, over_houses = looked_up(plain, up), looked_up(houses, up)
    assert np.abs(over_plain[:30].astype(int) - (140, 180, 240)).max() < 12, "sky above the sky"
    assert (over_houses[:12] == (90, 160, 80)).all(-1).mean() > 0.9, "all of it is mirrored"
