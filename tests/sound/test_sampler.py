"""Voices sound at their pitch and die away, the hall falls as told, the limiter holds."""

import numpy as np
import pytest

from vitascope.sound import sampler
from vitascope.sound.blocks import RATE
from vitascope.sound.orchestra import INSTRUMENTS
from vitascope.sound.sampler import Hall, Limiter
from vitascope.sound.soundfont import DRUM_BANK, shipped


def sounded(program: int, key: int, velocity: int, held: float, seconds: float, cut: int = RATE) -> np.ndarray:
    """A note of an instrument, let go after `held` seconds, played in blocks of `cut` samples: [S]."""
    font = shipped()
    voices = [
        sampler.voice(font, zone, key, velocity, 100, 100 + round(held * RATE), 0)
        for zone in font.presets[0, program].sounding(key, velocity)
    ]
    out = np.zeros(round(seconds * RATE), np.float32)
    for begin in range(0, len(out), cut):
        for voice in voices:
            sampler.sound(voice, out[begin : begin + cut], begin)
    return out


def cents_off(sound: np.ndarray, key: int) -> float:
    """How far the strongest of the first three harmonics is from where it should be."""
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), size))
    best = (0.0, 0.0)
    for harmonic in (1, 2, 3):
        hertz = 440 * 2 ** ((key - 69) / 12) * harmonic
        low, high = (int(hertz * 2 ** (d / 1200) * size / RATE) for d in (-90, 90))
        peak = low + int(spectrum[low : high + 1].argmax())
        best = max(best, (float(spectrum[peak]), 1200 * np.log2(peak * RATE / size / hertz)))
    return best[1]


@pytest.mark.parametrize("name", [one.name for one in INSTRUMENTS.values() if not one.kit and one.name != "bells"])
def test_instruments_are_in_tune(name: str) -> None:
    one = INSTRUMENTS[name]
    for key in np.linspace(one.low, one.high, 4).round().astype(int).tolist():
        assert abs(cents_off(sounded(one.program, key, 100, 1.0, 1.0)[2400:], key)) < 35, key


def test_a_note_is_the_same_in_any_blocks() -> None:
    for program in (0, 48, 61, 89):
        whole = sounded(program, 60, 90, 0.7, 1.5)
        np.testing.assert_allclose(sounded(program, 60, 90, 0.7, 1.5, 777), whole, atol=2e-6)
        assert not whole[:100].any() and whole[100:200].any()


def test_held_notes_hold_and_those_let_go_die() -> None:
    strings = sounded(48, 60, 90, 2.0, 4.0)
    rms = [float(np.sqrt((strings[int(a * RATE) : int((a + 0.3) * RATE)] ** 2).mean())) for a in (0.5, 1.6, 3.4)]
    assert rms[1] > 0.5 * rms[0] and rms[2] < 0.03 * rms[1]
    pizzicato = sounded(45, 60, 90, 2.0, 2.0)
    assert np.abs(pizzicato[int(1.6 * RATE) :]).max() < 0.05 * np.abs(pizzicato).max()


def test_velocity_is_loudness() -> None:
    for program in (0, 40, 73):
        levels = [float(np.sqrt((sounded(program, 72, velocity, 0.5, 0.5) ** 2).mean())) for velocity in (30, 60, 120)]
        assert levels[0] < 0.5 * levels[1] < 0.25 * levels[2]


def test_drums_have_no_loop_to_hang_in() -> None:
    font = shipped()
    for (bank, _), preset in font.presets.items():
        for zone in preset.zones if bank == DRUM_BANK else ():
            voice = sampler.voice(font, zone, zone.keys[0], 100, 0, 8 * RATE, 0)
            out = np.zeros(10 * RATE, np.float32)
            sampler.sound(voice, out, 0)
            assert np.abs(out[-RATE:]).max() < 0.01 * max(0.05, np.abs(out).max())


@pytest.mark.parametrize("seconds", [0.8, 2.0])
def test_the_hall_dies_in_its_time_and_is_wide(seconds: float) -> None:
    click = np.zeros((4 * RATE, 2), np.float32)
    click[0] = 1
    wet = Hall(seconds)(click)
    tail = np.cumsum((wet[::-1] ** 2).sum(1))[::-1]  # Schroeder's backward integration
    level = 10 * np.log10(tail / tail[0] + 1e-20)
    slope = (np.argmax(level < -35) - np.argmax(level < -5)) / RATE
    assert abs(2 * slope / seconds - 1) < 0.25
    assert not wet[:960].any()
    assert abs(np.corrcoef(wet[:, 0], wet[:, 1]).item(1)) < 0.4
    parts = Hall(seconds)
    cut = np.concatenate([parts(click[:5000]), parts(click[5000:20000]), parts(click[20000:])])
    np.testing.assert_allclose(cut, wet, atol=1e-7)


def test_the_limiter_holds_its_ceiling_and_leaves_the_rest() -> None:
    rng = np.random.default_rng(0)
    soft = (0.2 * rng.normal(size=(RATE, 2))).clip(-0.8, 0.8).astype(np.float32)
    np.testing.assert_allclose(Limiter(0.89)(soft)[Limiter.LATE :], soft[: -Limiter.LATE], atol=1e-6)
    loud = soft.copy()
    loud[20000:20050] *= 30
    held = Limiter(0.89)(loud)[Limiter.LATE :]
    assert np.abs(held).max() <= 0.8901
    np.testing.assert_allclose(held[: 20000 - 300], loud[: 20000 - 300], atol=1e-6)
