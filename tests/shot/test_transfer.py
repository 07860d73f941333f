"""Motion transfer: what moves in a reference film is followed to half a pixel, and what is covered is let go."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.shot import Clip, Shot
from vitascope.shot.shot import ShotError, Track, track_arrays
from vitascope.shot.transfer import transfer_tracks

WIDTH, HEIGHT, NUM = 256, 144, 24
MIDDLE = np.array([WIDTH / 2 - 0.5, HEIGHT / 2 - 0.5])


@cache
def texture() -> NDArray[np.float32]:
    """A colourful texture with large and small features [H, W, 3]."""
    import cv2

    rng = np.random.default_rng(0)
    total = np.zeros((500, 700, 3))
    for size in (2, 4, 8, 16, 32):
        coarse = rng.random((500 // size + 2, 700 // size + 2, 3))
        total += cv2.resize(coarse, (700, 500), interpolation=cv2.INTER_CUBIC) * size**0.5
    total -= total.min()
    result: NDArray[np.float32] = (255 * total / total.max()).astype(np.float32)
    return result


def map_at(frame: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A matrix and a shift: where the texture's points have gone, in pixels about the middle; sum of all motions."""
    angle, scale = np.radians(0.5 * frame), 1 + 0.006 * frame
    cos, sin = np.cos(angle), np.sin(angle)
    shift = np.array([2.1 * frame, -0.9 * frame + 3 * np.sin(frame / 3)])
    return scale * np.array([[cos, -sin], [sin, cos]]), MIDDLE + shift


def drawn(frame: int) -> NDArray[np.uint8]:
    """The texture, moved [H, W, 3]."""
    import cv2

    matrix, shift = map_at(frame)
    pixels = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1)
    source = (pixels - shift) @ np.linalg.inv(matrix).T + (340, 250)
    picture = cv2.remap(
        texture(), source[..., 0].astype(np.float32), source[..., 1].astype(np.float32), cv2.INTER_CUBIC
    )
    return np.clip(picture, 0, 255).astype(np.uint8)


@cache
def followed() -> tuple[Track, ...]:
    return transfer_tracks([drawn(t) for t in range(NUM)], fps=12)


def test_a_moving_texture_is_followed_to_half_a_pixel_over_24_frames() -> None:
    points, visible = track_arrays(followed(), NUM, 12)
    places = points * (WIDTH, HEIGHT) - 0.5  # K T 2, pixels
    errors, last = [], []
    for path, seen in zip(places, visible, strict=True):
        first = int(np.flatnonzero(seen)[0])
        matrix, shift = map_at(first)
        point = np.linalg.solve(matrix, path[first] - shift)
        for t in np.flatnonzero(seen):
            matrix, shift = map_at(int(t))
            errors.append(float(np.linalg.norm(matrix @ point + shift - path[t])))
            if first == 0 and t == NUM - 1:
                last.append(errors[-1])
    assert np.median(errors) < 0.3
    assert np.median(last) < 0.5  # of those that were followed from the first frame to the last
    assert len(last) > 16 * 9 / 2
    assert np.percentile(errors, 95) < 1.0


def test_the_whole_picture_stays_covered_by_new_tracks() -> None:
    points, visible = track_arrays(followed(), NUM, 12)
    for t in (0, NUM // 2, NUM - 4):
        cells = {(int(x * 16), int(y * 9)) for x, y in points[visible[:, t], t]}
        assert len(cells) > 0.9 * 16 * 9, t
    assert len(followed()) > 16 * 9


def test_what_is_covered_is_marked_invisible_and_what_stands_still_stays() -> None:
    still, patch = drawn(0), np.flip(texture()[:60, :60], 0).astype(np.uint8)

    def frame(t: int) -> NDArray[np.uint8]:
        picture = still.copy()
        picture[40:100, 10 + 7 * t : 70 + 7 * t] = patch
        return picture

    points, visible = track_arrays(transfer_tracks([frame(t) for t in range(NUM)], fps=12), NUM, 12)
    places = points[: 16 * 9] * (WIDTH, HEIGHT) - 0.5  # those of the first frame
    x, y = places[:, 0, 0], places[:, 0, 1]
    row = (y > 42) & (y < 98)
    behind = row & (x > 75)  # background that the patch will go over
    covered = behind[:, None] & (x[:, None] > 14 + 7 * np.arange(NUM)) & (x[:, None] < 66 + 7 * np.arange(NUM))  # K T
    assert covered.sum() > 100
    assert visible[: 16 * 9][covered].mean() < 0.1
    before = behind[:, None] & (x[:, None] > 74 + 7 * np.arange(NUM))  # the patch is not there yet
    assert visible[: 16 * 9][before].mean() > 0.95
    away = (y < 30) | (y > 110)
    assert visible[: 16 * 9][away].mean() > 0.97
    assert np.abs(places[away] - places[away, :1]).max() < 0.5
    carried = row & (x > 15) & (x < 65)
    went = places[carried, 12, 0] - places[carried, 0, 0]
    assert np.median(np.abs(went - 84)) < 1


def test_films_of_any_size_and_file_are_read(tmp_path: Path) -> None:
    large = [np.repeat(np.repeat(drawn(t), 2, 0), 2, 1) for t in range(6)]
    Clip.from_array(np.stack(large), 12).save(tmp_path / "film.mp4")
    tracks = transfer_tracks(Clip.open(tmp_path / "film.mp4"), grid=(8, 5), working=256)
    points, visible = track_arrays(tracks, 6, 12)
    matrix, shift = map_at(5)
    first = points[:40, 0] * (WIDTH, HEIGHT) - 0.5
    start, origin = map_at(0)
    exact = (first - origin) @ np.linalg.inv(start).T @ matrix.T + shift
    error = np.linalg.norm(points[:40, 5] * (WIDTH, HEIGHT) - 0.5 - exact, axis=-1)
    assert np.median(error[visible[:40, 5]]) < 0.5
    assert Shot.checked(text="like that", tracks=tracks).tracks == tracks


def test_only_the_first_seconds_are_read_and_fast_films_at_every_other_frame() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield np.full((36, 64, 3), taken % 200, np.uint8)

    tracks = transfer_tracks(endless(), grid=(2, 2), fps=120, seconds=0.1)  # type: ignore[arg-type]
    assert taken <= 13
    assert all(np.allclose(np.diff(track.times), 1 / 60, atol=1e-5) for track in tracks)


def test_one_frame_has_tracks_that_stand() -> None:
    tracks = transfer_tracks([drawn(0)], grid=(4, 2), fps=12)
    assert [track.points[0] for track in tracks[:2]] == [(0.125, 0.25), (0.375, 0.25)]


@pytest.mark.parametrize(
    ("frames", "more", "parts"),
    [
        ([], {"fps": 12}, "at least one frame"),
        ([np.zeros((36, 64, 3), np.uint8)], {}, "fps should be"),
        ([np.zeros((36, 64, 3), np.uint8)], {"fps": 12, "grid": (100, 9)}, "grid should be"),
        ([np.zeros((36, 64, 3), np.uint8)], {"fps": 12, "seconds": 500}, "at most 120, but was 500"),
        ([np.zeros((36, 64, 3), np.uint8)], {"fps": 12, "working": 5000}, "64 to 1024"),
        ([np.zeros((36, 64, 3))], {"fps": 12}, "uint8"),
        ([np.zeros((36, 64, 3), np.uint8), np.zeros((64, 36, 3), np.uint8)], {"fps": 12}, "keep its size"),
    ],
)
def test_films_that_cannot_be_read_are_refused(frames: list[NDArray[np.uint8]], more: dict, parts: str) -> None:
    with pytest.raises(ShotError, match=parts):
        transfer_tracks(frames, **more)
