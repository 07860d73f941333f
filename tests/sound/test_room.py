"""Sounds come from their side, and rooms answer as long as they should."""

import numpy as np
import pytest

from vitascope.sound.blocks import RATE, whole
from vitascope.sound.hearing import decibels_rms, fall
from vitascope.sound.room import ROOMS, impulse_response, placed, reverberated, room_named


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize("x", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_power_is_the_same_wherever_a_sound_is(x: float) -> None:
    sound = noise(0.5)
    out = placed(sound, np.array([x]))
    assert decibels_rms(out) == pytest.approx(decibels_rms(sound), abs=0.1)
    left, right = decibels_rms(out[:, 0]), decibels_rms(out[:, 1])
    assert (left > right + 2) if x < 0.5 else (right > left + 2) if x > 0.5 else left == pytest.approx(right)


def test_the_far_ear_hears_later_by_less_than_a_third_of_a_millisecond() -> None:
    click = np.zeros(100, np.float32)
    click[10] = 1
    out = placed(click, np.array([0.0]))
    late = int(np.argmax(out[:, 1])) - int(np.argmax(out[:, 0]))
    assert 0 < late <= 0.0003 * RATE


def test_what_moves_is_heard_to_move_without_clicks() -> None:
    tone = np.sin(2 * np.pi * 300 * np.arange(2 * RATE) / RATE).astype(np.float32)
    out = placed(tone, np.linspace(0, 1, len(tone)))
    assert decibels_rms(out[: RATE // 2, 0]) > decibels_rms(out[: RATE // 2, 1]) + 4
    assert decibels_rms(out[-RATE // 2 :, 1]) > decibels_rms(out[-RATE // 2 :, 0]) + 4
    assert np.abs(np.diff(out[: len(tone)], axis=0)).max() < 1.6 * np.abs(np.diff(tone)).max()


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_rings_as_long_as_it_says_and_as_loud(name: str) -> None:
    room = ROOMS[name]
    response = impulse_response(room, np.random.default_rng(0))
    late = response[round((room.first + 0.04) * RATE) :, 0]
    if not room.echoes:
        assert fall(late) == pytest.approx(room.seconds, rel=0.35)
        assert 10 * np.log10(np.sum(response**2, axis=0).mean()) == pytest.approx(room.wet, abs=0.2)
    assert not response[: round(room.first * RATE)].any()


def test_reverberation_does_not_care_where_blocks_end() -> None:
    dry = np.zeros((3 * RATE, 2), np.float32)
    dry[RATE - 300 : RATE + 300] = np.random.default_rng(1).standard_normal((600, 2))
    room = ROOMS["hall"]
    out = whole(reverberated(iter([dry[:RATE], dry[RATE : 2 * RATE], dry[2 * RATE :]]), room, seed=3))
    response = impulse_response(room, np.random.default_rng([3, 0x20011]))
    sides = dry @ np.array([[0.8, 0.2], [0.2, 0.8]], np.float32)
    size = len(dry) + len(response)
    answer = np.fft.irfft(np.fft.rfft(sides, size, axis=0) * np.fft.rfft(response, size, axis=0), size, axis=0)
    np.testing.assert_allclose(out, dry + answer[: len(dry)], atol=2e-5)


def test_silence_stays_silent() -> None:
    silent = [np.zeros((RATE, 2), np.float32) for _ in range(3)]
    assert not whole(reverberated(iter(silent), ROOMS["hall"])).any()


def test_the_open_is_nearly_dry_and_a_kitchen_is_not() -> None:
    assert ROOMS["open"].wet < -30
    assert ROOMS["kitchen"].wet > ROOMS["room"].wet > ROOMS["street"].wet > ROOMS["forest"].wet > ROOMS["open"].wet


@pytest.mark.parametrize(
    ("words", "room"),
    [
        ("a red ball bounces in an old stone church", "church"),
        ("a very small room, night", "small room"),
        ("a concert hall", "hall"),
        ("park", "open"),
        ("a smallish carpark", None),
        ("a cavern under the hall", "cave"),
    ],
)
def test_words_name_a_room(words: str, room: str | None) -> None:
    assert room_named(words) == room


def test_a_church_rings_longer_than_a_room_and_a_room_than_a_small_one() -> None:
    falls = [ROOMS[name].seconds for name in ("small room", "room", "hall", "church")]
    assert falls == sorted(falls)
