"""The mark is faint, its number comes back from files that were coded again, scaled or cropped, and nothing else is
taken for it."""

import hashlib
import io
from collections.abc import Iterator
from itertools import islice, repeat

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.finish import watermark
from vitascope.finish.watermark import PAYLOAD_BITS, WatermarkError, carries, detect, mark
from vitascope.shot.media import Frame

NUMBER = 0xC0FFEE123456
SIZE, FPS, FRAMES = (1280, 720), 24.0, 48


def textured(size: tuple[int, int], seed: int = 0) -> Frame:
    """Blurred noise of several sizes and some discs: smooth areas, texture and edges."""
    rng = np.random.default_rng(seed)
    width, height = size
    layers = [rng.normal(0, 12, (max(2, height // k), max(2, width // k), 3)) for k in (2, 8, 40)]
    picture = 120 + sum(cv2.resize(layer.astype(np.float32), size, interpolation=cv2.INTER_CUBIC) for layer in layers)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    for _ in range(20):
        place = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(picture, place, int(rng.integers(4, height // 4)), rng.integers(0, 256, 3).tolist(), -1, cv2.LINE_AA)
    return picture


def moving(size: tuple[int, int], num: int) -> list[Frame]:
    large = textured((size[0] + 2 * num, size[1] + num))
    return [np.ascontiguousarray(large[i : i + size[1], 2 * i : 2 * i + size[0]]) for i in range(num)]


def marked(frames: list[Frame], number: int | None = NUMBER) -> list[Frame]:
    """As parts of a film that is long enough for the number."""
    return list(mark(frames, (frames[0].shape[1], frames[0].shape[0]), FPS, FRAMES, number))


def coded(frames: list[Frame], crf: int = 28) -> list[Frame]:
    """The frames after H.264."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": str(crf), "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def scaled(frames: list[Frame], width: int, height: int) -> list[Frame]:
    return [cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in frames]


@pytest.fixture(scope="module")
def film() -> list[Frame]:
    return moving(SIZE, FRAMES)


@pytest.fixture(scope="module")
def marked_film(film: list[Frame]) -> list[Frame]:
    return marked(film)


# --- what is found ----------------------------------------------------------------------------------------------------


def test_the_number_comes_back(marked_film: list[Frame]) -> None:
    found = detect(marked_film[:4], FPS)
    assert found.present and found.payload == NUMBER
    assert found.score > found.threshold
    assert found.scale == pytest.approx(1, abs=2e-3)


def test_no_mark_is_found_where_there_is_none(film: list[Frame]) -> None:
    found = detect(film[:12], FPS)
    assert not found.present
    assert (found.payload, found.scale, found.shift) == (None, None, None)


def test_the_number_survives_half_the_size_and_crf_28(marked_film: list[Frame]) -> None:
    found = detect(coded(scaled(marked_film, 640, 360)), FPS)
    assert found.payload == NUMBER
    assert found.scale == pytest.approx(0.5, abs=2e-3)


def test_the_number_survives_a_crop_and_crf_28(marked_film: list[Frame]) -> None:
    cropped = [frame[72:, 128:] for frame in marked_film[:16]]
    assert detect(coded(cropped), FPS).payload == NUMBER


@pytest.mark.slow
def test_the_number_survives_crf_28(marked_film: list[Frame]) -> None:
    assert detect(coded(marked_film), FPS).payload == NUMBER


def test_the_number_survives_a_crop_from_all_sides_and_a_scale_that_is_no_fraction(marked_film: list[Frame]) -> None:
    cropped = [frame[31:690, 55:1241] for frame in marked_film[:8]]
    assert detect(scaled(cropped, 894, 497), FPS).payload == NUMBER


def test_a_crop_moves_where_the_tile_begins(marked_film: list[Frame]) -> None:
    part = marked_film[:4]
    whole, cropped = detect(part, FPS), detect([frame[24:, 40:] for frame in part], FPS)
    assert whole.shift is not None and cropped.shift is not None
    moved = (np.array(whole.shift) - cropped.shift) % watermark.TILE
    np.testing.assert_allclose(moved, (40, 24), atol=1)


@pytest.mark.parametrize("size", [(1920, 1080), (720, 1280), (2048, 858)])
def test_other_sizes_carry_the_number_too_and_scale_alike(size: tuple[int, int]) -> None:
    frames = marked([textured(size), textured(size, 1)])
    small = scaled(frames, size[0] * 2 // 3, size[1] * 2 // 3)
    for found in (detect(frames, 1.0), detect(small, 1.0)):
        assert found.payload == NUMBER


@pytest.mark.parametrize("size", [(256, 144), (480, 272), (1280, 720)])
def test_a_single_picture_carries_its_presence(size: tuple[int, int]) -> None:
    (picture,) = mark([textured(size)], size, FPS, 1, NUMBER)
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    for found in (detect([picture]), detect([cv2.imdecode(data, cv2.IMREAD_COLOR)])):
        assert found.present and found.payload is None
    assert not detect([textured(size)]).present


def test_small_and_short_films_carry_their_presence_only() -> None:
    assert carries((1280, 720), 24, 48) and carries((720, 1280), 24, 48) and carries((1280, 720), 23.976, 48)
    assert not carries((1278, 719), 24, 480)
    assert not carries((1280, 720), 24, 47)
    assert not carries((1280, 720), 0.5, 1)
    small = marked(moving((256, 144), 24))
    assert detect(coded(small, 23), 12).present
    assert detect(small, 12).payload is None


def test_a_film_without_a_number_is_marked_all_the_same(film: list[Frame]) -> None:
    found = detect(marked(film[:2], None), FPS)
    assert found.present and found.payload is None


@pytest.mark.parametrize("number", [0, 1, 2**PAYLOAD_BITS - 1])
def test_every_number_of_48_bits_comes_back(number: int) -> None:
    assert detect(marked([textured(SIZE)], number)).payload == number


# --- how faint it is --------------------------------------------------------------------------------------------------


def kinds(size: tuple[int, int]) -> dict[str, Frame]:
    rng = np.random.default_rng(3)
    shape = (size[1], size[0], 3)
    checks = np.indices(shape[:2]).sum(0)[..., None] // 5 % 2 * np.full(3, 255)
    return {
        "black": np.zeros(shape, np.uint8),
        "almost black": np.full(shape, 3, np.uint8),
        "grey": np.full(shape, 128, np.uint8),
        "white": np.full(shape, 255, np.uint8),
        "noise": rng.integers(0, 256, shape, np.uint8),
        "checks": checks.astype(np.uint8),
        "textured": textured(size),
    }


@pytest.mark.parametrize("size", [(256, 144), (1280, 720), pytest.param((3840, 2160), marks=pytest.mark.slow)])
@pytest.mark.parametrize("number", [None, NUMBER])
def test_it_stays_above_42_db_on_every_kind_of_frame(size: tuple[int, int], number: int | None) -> None:
    for kind, frame in kinds(size).items():
        (after,) = islice(mark([frame], size, FPS, FRAMES, number), 1)
        error = ((after.astype(np.float32) - frame) ** 2).mean()
        assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 42, kind


def test_it_changes_brightness_and_not_colour() -> None:
    frame = np.full((144, 256, 3), (200, 90, 40), np.uint8)
    (after,) = mark([frame], (256, 144), FPS, 1, None)
    change = after.astype(int) - frame
    assert np.ptp(change, axis=2).max() == 0
    assert 0 < np.abs(change).max() <= 4


# --- streams ----------------------------------------------------------------------------------------------------------


def counted(frames: Iterator[Frame], taken: list[int]) -> Iterator[Frame]:
    for frame in frames:
        taken.append(1)
        yield frame


def test_marking_takes_one_frame_at_a_time() -> None:
    taken: list[int] = []
    frame = textured((64, 36))
    kept = frame.copy()
    stream = mark(counted(repeat(frame), taken), (64, 36), FPS, 10**9, None)
    for i in range(3):
        next(stream)
        assert len(taken) == i + 1
    np.testing.assert_array_equal(frame, kept)


def test_finding_stops_when_the_number_is_clear_and_else_after_twelve_seconds() -> None:
    taken: list[int] = []
    (picture,) = marked([textured(SIZE)])
    assert detect(counted(repeat(picture), taken), FPS).payload == NUMBER
    assert len(taken) <= 48
    taken.clear()
    assert not detect(counted(repeat(textured((64, 36))), taken), FPS).present
    assert len(taken) <= 12 * FPS


def test_no_frames_and_pictures_without_anything_in_them_hold_no_mark() -> None:
    assert not detect([]).present
    assert not detect([np.full((90, 160, 3), 128, np.uint8)]).present
    assert not detect([np.zeros((1, 1, 3), np.uint8)]).present


# --- the code ---------------------------------------------------------------------------------------------------------


def agreement(number: int, wrong: float, seed: int) -> NDArray[np.float32]:
    """What is read of a number when this share of its waves has the wrong sign."""
    chips = watermark._chips(number).copy()
    chips[np.random.default_rng(seed).random(len(chips)) < wrong] *= -1
    return chips


def test_a_fifth_of_the_waves_may_be_wrong() -> None:
    for seed in range(20):
        assert watermark._payload(agreement(NUMBER + seed, 0.2, seed)) == NUMBER + seed


def test_waves_that_say_nothing_are_no_number() -> None:
    assert all(watermark._payload(agreement(NUMBER, 0.5, seed)) is None for seed in range(20))


def test_marks_of_today_can_be_read_for_ever() -> None:
    """What was marked with this pattern is in the world: it must not change."""
    pattern = watermark._pattern()
    degrees = np.rint(np.degrees(np.angle(pattern.phases))).astype("<i2")
    text = pattern.waves.astype("<i2").tobytes() + degrees.tobytes() + watermark._chips(NUMBER).astype("i1").tobytes()
    assert hashlib.sha256(text).hexdigest()[:16] == "d0cd4f7a7c19106c"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [-1, 2**PAYLOAD_BITS])
def test_numbers_of_more_than_48_bits_are_refused_at_once(number: int) -> None:
    with pytest.raises(WatermarkError, match="payload"):
        mark([], SIZE, FPS, FRAMES, number)


@pytest.mark.parametrize("frame", [np.zeros((10, 20, 3), np.uint8), np.zeros((20, 10, 3), np.float32)])
def test_frames_of_another_size_or_kind_are_refused(frame: Frame) -> None:
    with pytest.raises(WatermarkError, match=r"uint8 \[20, 10, 3\]"):
        list(mark([frame], (10, 20), FPS, 1, None))
