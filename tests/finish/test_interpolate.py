"""Frames in between: where things are half way, what is covered, cuts, rates, and the end of a film."""

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from vitascope.finish.interpolate import Frame, Pair, interpolate


def _texture(seed: int, high: int = 96, wide: int = 160) -> Frame:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (high // 8, wide // 8, 3)).astype(np.float32)
    return cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def _moved(by: float, seed: int = 0) -> Frame:
    """A wide texture, seen `by` pixels further to the right."""
    whole = _texture(seed, 96, 320)
    shift = np.array([[1, 0, -80 - by], [0, 1, 0]], np.float32)
    return cv2.warpAffine(whole, shift, (160, 96), flags=cv2.INTER_CUBIC)


def _with_box(left: float) -> Frame:
    """A box before a still ground; the box has a texture of its own."""
    frame = _texture(3)
    box = _texture(4, 32, 32)
    at = round(left)
    frame[32:64, at : at + 32] = box
    return frame


def _psnr(one: Frame, other: Frame) -> float:
    return float(10 * np.log10(255**2 / max(1e-6, np.square(one.astype(float) - other).mean())))


def _blend(one: Frame, other: Frame) -> Frame:
    return ((one.astype(float) + other) / 2).astype(np.uint8)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_what_moves_is_found_on_its_way(share: float) -> None:
    pair = Pair(_moved(0), _moved(7))
    true = _moved(7 * share)
    inside = np.s_[:, 10:-10]
    assert _psnr(pair.at(share)[inside], true[inside]) > 36
    assert _psnr(pair.at(share)[inside], true[inside]) > _psnr(_blend(_moved(0), _moved(7))[inside], true[inside]) + 8


def test_what_is_covered_and_what_comes_out_is_taken_from_where_it_is_seen() -> None:
    first, second, true = _with_box(50), _with_box(62), _with_box(56)
    made = Pair(first, second).at(0.5)
    assert _psnr(made, true) > _psnr(_blend(first, second), true) + 6
    ground = np.s_[34:62, 46:54]  # behind the box in the first frame, beside it in the second
    assert np.abs(made[ground].astype(int) - true[ground]).mean() < 12


def test_after_the_second_frame_things_move_on() -> None:
    made = Pair(_moved(0), _moved(6)).at(1.5)
    inside = np.s_[:, 15:-15]
    assert _psnr(made[inside], _moved(9)[inside]) > 30 > _psnr(_moved(6)[inside], _moved(9)[inside])


def test_across_a_cut_the_nearer_frame_is_shown() -> None:
    dark, light = (_texture(1) // 3).astype(np.uint8), (170 + _texture(2) // 4).astype(np.uint8)
    pair = Pair(dark, light)
    assert pair.is_cut and not Pair(_moved(0), _moved(9)).is_cut
    assert pair.at(0.4) is dark and pair.at(0.6) is light


def test_a_flash_of_light_is_no_cut() -> None:
    assert not Pair(_texture(1) // 2, _texture(1) // 2 + 12).is_cut


def test_still_frames_stay_to_the_byte() -> None:
    frame = _texture(5)
    assert all(np.array_equal(made, frame) for made in interpolate([frame, frame.copy(), frame], 12, 60, 13))


@pytest.mark.parametrize(("rate", "num_frames"), [(12, 6), (24, 12), (25, 12), (30, 15), (60, 30), (23.976, 12)])
def test_every_rate_has_its_frames_at_their_moments(rate: float, num_frames: int) -> None:
    known = [_moved(4 * number) for number in range(6)]
    made = list(interpolate(iter(known), 12, rate, num_frames))
    assert len(made) == num_frames
    for number, frame in enumerate(made):
        place = number * 12 / rate
        if abs(place - round(place)) < 1e-6:
            assert frame is known[round(place)], "what is there is passed on as it is"
        inside = np.s_[:, 25:-25]
        assert _psnr(frame[inside], _moved(4 * place)[inside]) > 28


def test_lower_rates_leave_frames_out() -> None:
    known = [np.full((16, 16, 3), number, np.uint8) for number in range(12)]
    assert [int(frame[0, 0, 0]) for frame in interpolate(known, 12, 4, 4)] == [0, 3, 6, 9]


def test_a_single_frame_is_held() -> None:
    frame = _texture(6)
    assert [made is frame for made in interpolate([frame], 12, 24, 4)] == [True] * 4


def test_frames_are_asked_for_only_when_they_are_needed() -> None:
    asked = []

    def source() -> Iterator[Frame]:
        for number in itertools.count():
            asked.append(number)
            yield np.full((16, 16, 3), number % 200, np.uint8)

    stream = interpolate(source(), 12, 24, 1000)
    for _ in range(7):  # up to the moment of the fourth frame
        next(stream)
    assert len(asked) == 4
