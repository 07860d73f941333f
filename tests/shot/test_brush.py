"""The motion brush: what is marked moves as told and stays what it was, and goes along with the camera."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vitascope.shot.brush import AMBIENT, Stroke, brush_tracks, combine, parse_stroke, read_stroke
from vitascope.shot.camera import CameraPath, camera_path, camera_tracks, parse_moves, project, rays
from vitascope.shot.media import MediaStore, mask_media
from vitascope.shot.shot import Shot, ShotError, Track, checked, track_arrays

SIZE = (256, 144)


def box(left: float, top: float, right: float, bottom: float, size: tuple[int, int] = SIZE) -> NDArray[np.bool_]:
    """A mask [H, W] of a rectangle in picture coordinates."""
    x, y = (np.arange(size[0]) + 0.5) / size[0], (np.arange(size[1]) + 0.5) / size[1]
    return ((y >= top) & (y < bottom))[:, None] & ((x >= left) & (x < right))[None]


def stroke(mask: NDArray[Any], **fields: Any) -> Stroke:
    return checked(Stroke, {"mask": mask, **fields})


def arrays(tracks: tuple[Track, ...], seconds: float = 1, fps: float = 12) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    return track_arrays(tracks, round(seconds * fps), fps)


def test_marked_points_follow_the_arrow_exactly() -> None:
    mask = box(0.1, 0.2, 0.4, 0.6)
    points, visible = arrays(brush_tracks([stroke(mask, arrow=(0.2, -0.1))], SIZE, 1, 12, num=12))
    assert points.shape == (12, 12, 2)
    x, y = points[:, 0, 0], points[:, 0, 1]
    assert ((x > 0.1) & (x < 0.4) & (y > 0.2) & (y < 0.6)).all()
    assert np.allclose(points[:, -1] - points[:, 0], (0.2, -0.1), atol=1e-4)
    assert np.allclose(np.diff(points, axis=1), np.array((0.2, -0.1)) / 11, atol=1e-4)
    assert visible.all()


def test_points_are_spread_evenly_over_the_mask() -> None:
    tracks = brush_tracks([stroke(box(0.1, 0.2, 0.5, 0.9), still=True)], SIZE, 1, 12, num=24)
    places = arrays(tracks)[0][:, 0] * (SIZE[0] / SIZE[1], 1)
    apart = np.linalg.norm(places[:, None] - places, axis=-1) + 9 * np.eye(24)
    even = np.sqrt(0.4 * SIZE[0] / SIZE[1] * 0.7 / 24)  # the side of a square for each
    assert apart.min() > 0.6 * even
    corners = np.array([(x, y) for x in (0.1, 0.5) for y in (0.2, 0.9)]) * (SIZE[0] / SIZE[1], 1)
    assert np.linalg.norm(corners[:, None] - places, axis=-1).min(1).max() < even


def test_a_path_is_gone_along_at_an_even_speed_or_by_its_times() -> None:
    path = ((0.1, 0.2), (0.4, 0.2), (0.4, 0.3))  # 0.3, then 0.1
    mask = box(0.05, 0.1, 0.15, 0.3)
    points, _ = arrays(brush_tracks([stroke(mask, path=path)], SIZE, 1, 13, num=3), fps=13)
    went = points[0] - points[0, 0]
    assert went[9] == pytest.approx((0.3, 0), abs=1e-4)  # three quarters of the way in three quarters of the time
    assert went[12] == pytest.approx((0.3, 0.1), abs=1e-4)
    points, _ = arrays(brush_tracks([stroke(mask, path=path, times=(0, 0.25, 1))], SIZE, 2, 12, num=3), 2)
    went = points[0] - points[0, 0]
    assert went[3] == pytest.approx((0.3, 0), abs=1e-4)
    assert went[[12, -1]] == pytest.approx(np.array([(0.3, 0.1)] * 2), abs=1e-4)


def test_a_stroke_keeps_to_its_seconds_and_its_ease() -> None:
    brush = stroke(box(0, 0, 0.3, 1), arrow=(0.5, 0), start=0.5, end=1.5, ease="ease")
    points, _ = arrays(brush_tracks([brush], SIZE, 2, 12), 2)
    went = points[0, :, 0] - points[0, 0, 0]
    assert np.abs(went[:7]).max() < 1e-6
    assert went[12] == pytest.approx(0.25, abs=1e-4)
    assert went[7] < 0.5 / 12 / 4
    assert np.allclose(went[18:], 0.5, atol=1e-4)


def test_still_strokes_stay_and_points_that_leave_the_picture_are_hidden() -> None:
    strokes = [stroke(box(0, 0, 0.3, 1), still=True), stroke(box(0.7, 0, 1, 1), arrow=(0.6, 0))]
    points, visible = arrays(brush_tracks(strokes, SIZE, 1, 12, num=8))
    assert (points[:8] == points[:8, :1]).all()
    assert visible[:8].all()
    assert (visible[8:] == (points[8:, :, 0] <= 1)).all()
    assert visible[8:, 0].all()
    assert not visible[8:, -1].any()


def test_ambient_motion_is_gentle_smooth_and_the_same_each_time() -> None:
    def stirred(amount: float, seed: int = 0) -> NDArray[Any]:
        tracks = brush_tracks([stroke(box(0, 0, 1, 1), ambient=amount)], SIZE, 4, 24, num=32, seed=seed)
        points, _ = arrays(tracks, 4, 24)
        return (points - points[:, :1]) * (SIZE[0] / SIZE[1], 1)

    moved = stirred(1.0)
    assert AMBIENT / 5 < np.abs(moved).max() <= AMBIENT + 1e-4
    assert np.abs(stirred(0.2) - 0.2 * moved).max() < 1e-4
    assert np.abs(np.diff(moved, axis=1)).max() < AMBIENT / 4  # no jumps
    assert (moved == stirred(1.0)).all()
    assert np.abs(moved - stirred(1.0, seed=1)).max() > AMBIENT / 5
    assert (moved.std(1).max(1) > AMBIENT / 20).all()  # every point stirs


def test_a_still_background_is_held_and_hidden_while_something_moves_over_it() -> None:
    mask = box(0, 0.25, 0.25, 0.75)
    tracks = brush_tracks([stroke(mask, arrow=(0.5, 0))], SIZE, 1, 12, num=8, background="still")
    points, visible = arrays(tracks)
    points, visible = points[8:], visible[8:]  # of the background
    assert (points == points[:, :1]).all()
    x, y = points[:, 0, 0], points[:, 0, 1]
    assert not ((x < 0.25) & (y > 0.25) & (y < 0.75)).any()  # none in the mask
    assert len(points) == 16 * 9 - 4 * 5
    row = (y > 0.25) & (y < 0.75)
    assert visible[~row].all()
    assert (visible[row, -1] == ((x[row] < 0.5) | (x[row] >= 0.75))).all()  # covered where the mask now lies
    assert visible[:, 0].all()


def test_a_later_stroke_lies_on_top() -> None:
    whole, part = box(0, 0, 1, 1), box(0.5, 0, 1, 1)
    points, _ = arrays(brush_tracks([stroke(whole, arrow=(0.1, 0)), stroke(part, still=True)], SIZE, 1, 12, num=9))
    assert points[:9, 0, 0].max() < 0.5 < points[9:, 0, 0].min()
    with pytest.raises(ShotError, match=r"strokes\[0\]\.mask .* under later strokes"):
        brush_tracks([stroke(part, arrow=(0.1, 0)), stroke(whole, still=True)], SIZE, 1, 12)


def test_masks_may_have_any_size_of_the_shots_shape_and_be_painted_on_nothing(tmp_path: Path) -> None:
    expected = arrays(brush_tracks([stroke(box(0.25, 0.25, 0.5, 0.5), still=True)], SIZE, 1, 12))[0]
    painted = Image.new("RGBA", (1024, 576), (0, 0, 0, 0))
    painted.paste((0, 0, 0, 255), (256, 144, 512, 288))  # black paint
    painted.save(tmp_path / "mask.png")
    brush = read_stroke(f"{tmp_path / 'mask.png'}: still")
    assert np.abs(arrays(brush_tracks([brush], SIZE, 1, 12))[0] - expected).max() < 0.05


def test_masks_come_from_a_store_when_they_are_only_named(tmp_path: Path) -> None:
    carried = stroke(box(0, 0, 0.5, 1), still=True)
    assert carried.mask.data is not None
    store = MediaStore(tmp_path)
    named = Stroke(mask=store.put(carried.mask.data), still=True)
    assert Stroke.model_validate_json(named.model_dump_json()) == named
    assert brush_tracks([named], SIZE, 1, 12, store=store) == brush_tracks([carried], SIZE, 1, 12)
    with pytest.raises(ValueError, match="named but not carried"):
        brush_tracks([named], SIZE, 1, 12)


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({}, ["exactly one of arrow, path, ambient, still", "none"]),
        ({"arrow": (0.1, 0), "still": True}, ["exactly one", "arrow, still"]),
        ({"arrow": (3, 0)}, ["arrow[0]", "2", "3"]),
        ({"ambient": 1.5}, ["ambient", "1", "1.5"]),
        ({"path": ((0, 0),)}, ["path", "at least 2"]),
        ({"path": ((0, 0), (1, 1)), "times": (0,)}, ["times", "2", "1"]),
        ({"path": ((0, 0), (1, 1)), "times": (1, 0)}, ["times", "increase"]),
        ({"path": ((0, 0), (1, 1)), "times": (0, 1), "start": 1}, ["times of its own"]),
        ({"still": True, "start": 2, "end": 1}, ["end", "after start"]),
        ({"still": True, "colour": "red"}, ["colour", "not a known field", "arrow"]),
    ],
)
def test_strokes_that_cannot_be_are_refused_in_one_line(fields: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(ShotError) as caught:
        stroke(box(0, 0, 1, 1), **fields)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert "\n" not in str(caught.value)


def test_masks_that_cannot_be_used_are_refused_by_number() -> None:
    good = stroke(box(0, 0, 1, 1), still=True)
    with pytest.raises(ShotError, match="at most 6 are allowed, but 7"):
        brush_tracks([good] * 7, SIZE, 1, 12)
    with pytest.raises(ShotError, match=r"strokes\[1\]\.mask should mark something"):
        brush_tracks([good, stroke(np.zeros((144, 256)), still=True)], SIZE, 1, 12)
    with pytest.raises(ShotError, match=r"strokes\[0\]\.mask should have the shot's shape, 256x144, but was 144x144"):
        brush_tracks([stroke(np.ones((144, 144)), still=True)], SIZE, 1, 12)
    with pytest.raises(ShotError, match="num should be 1 to 256"):
        brush_tracks([good], SIZE, 1, 12, num=1000)
    with pytest.raises(ShotError, match="numbers"):
        stroke(np.zeros((4, 4, 3)), still=True)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("mask.png: 0.2,-0.1", {"arrow": (0.2, -0.1)}),
        ("mask.png: 0.2, -.1 ease in", {"arrow": (0.2, -0.1), "ease": "ease in"}),
        ("mask.png: still", {"still": True}),
        ("mask.png: ambient 0.3 from 1s to 2s", {"ambient": 0.3, "start": 1, "end": 2}),
        ("mask.png: path 0.1,0.2 0.3,0.25 0.6,0.2", {"path": ((0.1, 0.2), (0.3, 0.25), (0.6, 0.2))}),
        ("mask.png: path 0.1,0.2@0 0.3,0.25@1.5s", {"path": ((0.1, 0.2), (0.3, 0.25)), "times": (0, 1.5)}),
    ],
)
def test_words_become_strokes(text: str, fields: dict[str, Any]) -> None:
    mask = mask_media(box(0, 0, 1, 1))
    name, found = parse_stroke(text)
    assert name == "mask.png"
    assert checked(Stroke, {"mask": mask, **found}) == Stroke(mask=mask, **fields)


@pytest.mark.parametrize(
    "text", ["mask.png", "mask.png:", ": still", "m.png: 0.2", "m.png: left", "m.png: path 0,0@1 1,1", "m.png: 1,1 2,2"]
)
def test_words_that_are_no_stroke_are_refused_with_examples(text: str) -> None:
    with pytest.raises(ShotError, match=r"0\.2,-0\.1"):
        parse_stroke(text)


# --- with a camera ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["pan left 12deg", "zoom in 1.4x", "roll clockwise 12deg", "dolly in 0.8m", "truck right 0.4m"]
)
def test_a_stroke_on_top_of_a_camera_goes_where_the_camera_carries_it(words: str) -> None:
    moves, arrow = parse_moves(words), np.array((0.15, 0.02))
    camera = camera_tracks(moves, SIZE, 1, 12)
    brush = brush_tracks([stroke(box(0.3, 0.65, 0.45, 0.85), arrow=tuple(arrow))], SIZE, 1, 12, num=6)
    points, _ = arrays(combine(camera, brush, SIZE, 1, 12))
    path = camera_path(moves, 1, 12)
    alone, _ = arrays(brush)
    for k in range(6):
        for t in (0, 6, 11):
            place = alone[k, t].astype(float)  # on the ground as the first frame shows it
            direction = ray_through(place, path)
            ground = path.position[0] + direction * (path.position[0, 2] / -direction[2])
            exact, _ = project(ground, path, SIZE, t)
            assert np.abs((points[k, t] - exact) * SIZE).max() < 1.5  # pixels


def ray_through(place: NDArray[Any], path: CameraPath) -> NDArray[Any]:
    """The direction in which the first frame shows a place of the picture."""
    _, directions = rays(path, (64, 36), 0)
    corner, right, down = directions[0, 0], directions[0, 1] - directions[0, 0], directions[1, 0] - directions[0, 0]
    result: NDArray[Any] = corner + (place[0] * 64 - 0.5) * right + (place[1] * 36 - 0.5) * down
    return result


def test_still_strokes_go_along_with_the_camera_and_push_its_tracks_aside() -> None:
    camera = camera_tracks(parse_moves("zoom in 1.5x"), SIZE, 1, 12)
    mask = box(0.3, 0.3, 0.6, 0.6)
    brush = brush_tracks([stroke(mask, still=True)], SIZE, 1, 12)
    both = combine(camera, brush, SIZE, 1, 12)
    points, _ = arrays(both)
    assert np.allclose(points[:16, -1] - 0.5, 1.5 * (points[:16, 0] - 0.5), atol=2e-3)
    others = points[16:, 0]
    inside = (others > 0.3).all(-1) & (others < 0.6).all(-1)
    assert inside.sum() <= 1
    assert len(both) > len(camera) - 20


def test_nothing_on_top_of_something_is_that() -> None:
    camera = camera_tracks(parse_moves("pan left"), SIZE, 1, 12)
    brush = brush_tracks([stroke(box(0, 0, 1, 1), arrow=(0.1, 0))], SIZE, 1, 12)
    assert combine(camera, (), SIZE, 1, 12) == camera
    assert combine((), brush, SIZE, 1, 12) == brush
    still, _ = arrays(combine(camera_tracks((), SIZE, 1, 12), brush, SIZE, 1, 12)[:16])
    assert np.allclose(still, arrays(brush)[0], atol=1e-4)


def test_the_tracks_of_all_together_fit_in_a_shot() -> None:
    strokes = [stroke(box(i / 6, 0, (i + 1) / 6, 1), arrow=(0.1, 0.1)) for i in range(6)]
    for seconds, fps in ((2, 12), (10, 30)):
        camera = camera_tracks(parse_moves("pan left, handheld"), SIZE, seconds, fps, grid=(8, 5))
        tracks = combine(camera, brush_tracks(strokes, SIZE, seconds, fps, num=4), SIZE, seconds, fps)
        assert len(Shot.checked(text="a", seconds=seconds, fps=fps, tracks=tracks).tracks) >= 24
