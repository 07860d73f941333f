"""A pinned first frame moves as its tracks say: things are cut out and go, the camera sees what it would see."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from vitascope.finish.animatic import Animatic, animatic, drawn, moves
from vitascope.shot import edit
from vitascope.shot.moves import parse_moves
from vitascope.shot.shot import Media, Pin, Shot
from vitascope.shot.tracks import Track

SIZE, FPS, NUM = (144, 80), 12.0, 24
CENTRE, RADIUS = (40, 44), 11


def picture() -> np.ndarray:
    """A red disc on a green ground that is lighter above."""
    drawn = np.zeros((80, 144, 3), np.uint8)
    drawn[..., 1] = np.linspace(220, 120, 80).astype(np.uint8)[:, None]
    drawn[..., :2] += np.random.default_rng(0).integers(0, 12, (80, 144, 1), np.uint8)
    cv2.circle(drawn, CENTRE, RADIUS, (200, 20, 30), -1)
    return drawn


def pinned(drawn: np.ndarray, time: float = 0.0) -> Shot:
    held = io.BytesIO()
    Image.fromarray(drawn).save(held, "PNG")
    pin = Pin(media=Media.of(held.getvalue()), time=time)
    return Shot(text="a red disc", size=SIZE, seconds=2.0, fps=FPS, pins=(pin,))


def going(x: float, y: float, across: float = 0.0, down: float = 0.0) -> Track:
    """A track from a pixel, so many pixels to the right and down."""
    start, end = (x / 144, y / 80), ((x + across) / 144, (y + down) / 80)
    return Track(times=(0.0, (NUM - 1) / FPS), points=(start, end))


STILL = tuple(going(x, y) for x in (8, 70, 100, 130) for y in (12, 40, 70))


def disc_of(frame: np.ndarray) -> tuple[float, float, int]:
    """Where a frame's red is, and how many pixels."""
    rows, columns = np.nonzero((frame[..., 0] > 120) & (frame[..., 1] < 90))
    return float(columns.mean()), float(rows.mean()), len(rows)


def drawn_of(shot: Shot) -> Animatic:
    made = animatic(shot, NUM, FPS)
    assert made is not None
    return made


@pytest.mark.parametrize("count", [1, 4, 16])
def test_a_thing_goes_along_its_tracks_and_what_lay_behind_it_is_filled(count: int) -> None:
    spots = [(40, 44), (36, 40), (45, 47), (39, 50), *((34 + i, 38 + i) for i in range(12))][:count]
    shot = pinned(picture()).with_(tracks=(*STILL, *(going(x, y, 60, -12) for x, y in spots)))
    made = drawn_of(shot)
    np.testing.assert_array_equal(made.frame(0).shape, (80, 144, 3))
    whole = disc_of(picture())[2]
    for number in (0, 12, 23):
        share = number / (NUM - 1)
        x, y, size = disc_of(made.frame(number))
        assert abs(x - 40 - 60 * share) < 1.5 and abs(y - 44 + 12 * share) < 1.5
        assert 0.8 < size / whole < 1.2
    hole = made.frame(23)[36:52, 32:48].astype(float)
    assert np.abs(hole - picture()[36:52, 60:76]).mean() < 12


def test_a_camera_that_goes_closer_sees_the_middle() -> None:
    shot = edit.filmed(pinned(picture()), parse_moves("zoom in 1.5x"))
    last = drawn_of(shot).frame(NUM - 1)
    middle = cv2.resize(picture()[13:67, 24:120], SIZE, interpolation=cv2.INTER_CUBIC)
    assert np.abs(last.astype(float) - middle).mean() < 4


def test_a_camera_and_a_thing_at_once() -> None:
    shot = edit.filmed(pinned(picture()), parse_moves("pan left 10deg"))
    made = drawn_of(shot.with_(tracks=(*shot.tracks, going(40, 44, 60), going(42, 46, 60), going(38, 42, 60))))
    x, y, _ = disc_of(made.frame(NUM - 1))
    assert abs(x - 100) < 2 and abs(y - 44) < 2
    unmoved, seen = (made.frame(number)[:20, :, 1].astype(float) for number in (0, NUM - 1))
    assert made.camera is not None and np.abs(unmoved - seen).mean() > 1


def test_it_is_the_same_in_a_larger_picture() -> None:
    shot = pinned(picture()).with_(tracks=(*STILL, *(going(x, y, 60, -12) for x, y in ((40, 44), (36, 40), (45, 47)))))
    large = drawn_of(
        pinned(cv2.resize(picture(), (720, 400), interpolation=cv2.INTER_LINEAR)).with_(
            size=(720, 400), tracks=shot.tracks
        )
    )
    small = drawn_of(shot)
    assert len(list(large)) == NUM
    for number in (0, 12, 23):
        x, y, _ = disc_of(large.frame(number))
        wanted = disc_of(small.frame(number))
        assert large.frame(number).shape == (400, 720, 3)
        assert abs(x / 5 - wanted[0]) < 1 and abs(y / 5 - wanted[1]) < 1


def test_a_camera_before_a_large_picture_sees_what_it_sees_before_a_small_one() -> None:
    wide = cv2.resize(picture(), (960, 540), interpolation=cv2.INTER_LINEAR)
    shot = edit.filmed(pinned(wide).with_(size=(960, 540)), parse_moves("zoom in 1.5x"))
    last = drawn_of(shot).frame(NUM - 1)
    middle = cv2.resize(wide[90:450, 160:800], (960, 540), interpolation=cv2.INTER_CUBIC)
    assert np.abs(last.astype(float) - middle).mean() < 2


def test_there_is_none_without_a_first_frame_and_motion() -> None:
    moves = (going(40, 44, 30),)
    both = pinned(picture()).with_(tracks=(*STILL, *moves))
    assert animatic(both, NUM, FPS) is not None
    assert animatic(both.with_(pins=()), NUM, FPS) is None
    assert animatic(both.with_(tracks=()), NUM, FPS) is None
    assert animatic(both.with_(tracks=STILL), NUM, FPS) is None
    assert animatic(pinned(picture(), time=1.0).with_(tracks=moves), NUM, FPS) is None
    assert animatic(both.with_(pins=(*both.pins, *pinned(picture(), time=1.0).pins)), NUM, FPS) is None
    assert animatic(both, 1, FPS) is None


def test_what_tumbles_is_where_its_points_middle_is_whichever_of_them_are_seen() -> None:
    """A wheel whose rim goes round while it rolls: each point is seen while it is above the hub."""
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    turned = angles[:, None] + np.linspace(0, 4 * np.pi, NUM)  # K T
    x = 40 + np.linspace(0, 60, NUM) + 8 * np.cos(turned)
    y = 44 + 8 * np.sin(turned)
    tracks = tuple(
        Track(
            times=tuple(np.arange(NUM) / FPS),
            points=tuple(zip(x[k] / 144, y[k] / 80, strict=True)),
            visible=tuple(bool(one) for one in y[k] < 45),
        )
        for k in range(12)
    )
    made = drawn_of(pinned(picture()).with_(tracks=(*STILL, *tracks)))
    for number in (6, 12, 23):
        went, _, size = disc_of(made.frame(number))
        assert abs(went - 40 - 60 * number / (NUM - 1)) < 3
        assert 0.7 < size / disc_of(picture())[2] < 1.4


def test_few_tracks_that_are_on_no_thing_take_the_rest_along() -> None:
    tracks = (going(40, 44, 50), going(36, 46, 50), going(100, 20, -12), going(120, 60, -12))
    made = drawn_of(pinned(picture()).with_(tracks=tracks))
    x, _, _ = disc_of(made.frame(NUM - 1))
    assert abs(x - 90) < 2
    before, after = (made.frame(number)[:30, 20:].astype(int) for number in (0, NUM - 1))
    assert np.abs(after[:, :100] - before[:, 12:112]).mean() < np.abs(after[:, :100] - before[:, :100]).mean()


def test_what_a_network_has_drawn_near_tracks_is_put_where_they_begin_and_goes_along_them() -> None:
    spots = [(56 + 2 * i, 40 + 2 * (i % 4)) for i in range(8)]  # beside the disc, to the right of it
    shot = pinned(picture()).with_(pins=(), tracks=(*STILL, *(going(x, y, 40, 10) for x, y in spots)))
    assert moves(shot, NUM, FPS)
    made = drawn(shot, picture(), NUM, FPS)
    assert made is not None
    middle = np.mean(spots, 0)
    for number in (0, 12, 23):
        share = number / (NUM - 1)
        x, y, _ = disc_of(made.frame(number))
        assert abs(x - middle[0] - 40 * share) < 1.5 and abs(y - middle[1] - 10 * share) < 1.5


def test_nothing_is_set_in_motion_that_no_track_moves_or_that_is_not_there() -> None:
    shot = pinned(picture()).with_(pins=(), tracks=(*STILL, going(40, 44, 40)))
    assert drawn(shot, picture(), NUM, FPS) is not None
    assert drawn(shot, np.full((80, 144, 3), 90, np.uint8), NUM, FPS) is None
    for other in (
        shot.with_(tracks=STILL),
        shot.with_(tracks=()),
        pinned(picture()).with_(tracks=shot.tracks),
        edit.filmed(shot.with_(tracks=()), parse_moves("pan left 10deg")),
    ):
        assert not moves(other, NUM, FPS) and drawn(other, picture(), NUM, FPS) is None
    assert not moves(shot, 1, FPS)


def shaded(at: tuple[int, int]) -> np.ndarray:
    """The picture with a shadow."""
    cast = cv2.ellipse(np.zeros((80, 144), np.uint8), at, (11, 4), 0, 0, 360, 1, -1) > 0
    dark = picture()
    cast &= dark[..., 1] > 100  # not on the disc
    dark[cast] = (dark[cast] * 0.6).astype(np.uint8)
    return dark


def shade_of(frame: np.ndarray) -> tuple[float, float, int]:
    """Where a frame's dark green is."""
    rows, columns = np.nonzero((frame[..., 1] < 108) & (frame[..., 0] < 60))
    return float(columns.mean()), float(rows.mean()), len(rows)


def test_a_shadow_at_its_foot_goes_with_a_thing_over_the_ground() -> None:
    drawn = shaded((54, 53))
    shot = pinned(drawn).with_(tracks=(*STILL, *(going(x, y, 50, 6) for x in (36, 40, 44) for y in (40, 44, 48))))
    made = drawn_of(shot)
    before, after = shade_of(drawn), shade_of(made.frame(NUM - 1))
    assert abs(after[0] - before[0] - 50) < 3 and abs(after[1] - before[1] - 6) < 3
    assert 0.5 < after[2] / before[2] < 1.5
    assert np.abs(made.frame(0).astype(int) - drawn).mean() < 2


def test_what_hops_leaves_its_shadow_on_the_ground() -> None:
    spots = [(x, y) for x in (36, 40, 44) for y in (40, 44, 48)]
    times = (0.0, 1.0, (NUM - 1) / FPS)
    hop = [Track(times=times, points=((x / 144, y / 80), ((x + 25) / 144, (y - 20) / 80), ((x + 50) / 144, y / 80)))
           for x, y in spots]  # fmt: skip
    made = drawn_of(pinned(shaded((48, 54))).with_(tracks=(*STILL, *hop)))
    lows = [shade_of(made.frame(number))[1] for number in (0, 12, NUM - 1)]
    assert abs(lows[2] - lows[0]) < 2 and abs(lows[1] - lows[0]) < 6
    x, y, _ = disc_of(made.frame(12))
    assert y < 30 and 5 < shade_of(made.frame(12))[0] - x < 30, "the light falls from the left"


def test_a_thing_that_falls_meets_its_shadow() -> None:
    drawn = shaded((60, 68))
    shot = pinned(drawn).with_(tracks=(*STILL, *(going(x, y, 0, 18) for x in (36, 40, 44) for y in (40, 44, 48))))
    made = drawn_of(shot)
    assert abs(shade_of(made.frame(0))[0] - 60) < 2
    x, y, _ = shade_of(made.frame(NUM - 1))
    assert abs(x - 40) < 4 and 66 < y < 78
