"""Lips close on p, b and m, open on vowels, move as lips can, and become a Shot's tracks."""

import numpy as np
import pytest

from vitascope.shot.shot import Shot, ShotError
from vitascope.shot.tracks import track_arrays
from vitascope.sound.blocks import RATE
from vitascope.sound.dialogue import Line, Phone, Speech, Spoken, envelope
from vitascope.sound.mouth import Face, mouth, mouth_tracks, rounding, talking

EACH = 0.1  # seconds of a sound


def said(phones: str, time: float = 0.5, who: str = "Anna", emotion: str = "neutral") -> Spoken:
    """Phones of equal length; vowels are five times as loud as other sounds."""
    rng = np.random.default_rng(3)
    level = np.repeat([0.1 if phone in "ɑæiuI" else 0.02 for phone in phones], round(EACH * RATE))
    heard = tuple(Phone(phone, EACH * k, EACH * (k + 1)) for k, phone in enumerate(phones))
    speech = Speech((level * rng.normal(size=len(level))).astype(np.float32), heard)
    return Spoken(Line("words", who, emotion), speech, time)  # type: ignore[arg-type]


def at(curve: np.ndarray, phone: int, fps: float = 200.0, time: float = 0.5) -> float:
    return float(curve[round((time + EACH * (phone + 0.5)) * fps)])


def test_lips_close_for_p_b_m_and_open_for_vowels() -> None:
    opening = mouth([said("ɑmɑbæpisɑ")], 200.0, 400)
    assert all(at(opening, phone) < 0.06 for phone in (1, 3, 5))
    assert min(at(opening, phone) for phone in (0, 2, 4, 8)) > 0.45
    assert at(opening, 4) > at(opening, 6) > at(opening, 7) > 0.06  # æ, i, s
    assert opening[:60].max() < 0.02 and opening[-60:].max() < 0.02  # nothing is said


def test_lips_are_rounded_for_u_and_w() -> None:
    purse = rounding([said("ɑɑuɑɑwiii")], 200.0, 400)
    assert at(purse, 2) > 0.5 > 0.2 > at(purse, 7)


def test_nothing_moves_faster_than_12_hz() -> None:
    opening = mouth([said("pɑtɑkɑpɑmibæ" * 4)], 200.0, 1200)
    power = np.abs(np.fft.rfft(opening - opening.mean())) ** 2
    assert power[np.fft.rfftfreq(1200, 1 / 200.0) > 12.0].sum() < 0.02 * power.sum()


def test_the_mouth_goes_with_the_sound() -> None:
    one = said("hɑtpæsmɑnɡItzɑm", 0.4)
    samples = np.zeros(3 * RATE, np.float32)
    samples[round(0.4 * RATE) :][: len(one.speech.samples)] = one.speech.samples
    assert np.corrcoef(mouth([one], 24.0, 72), envelope(samples, 24.0, 72))[0, 1] > 0.6


def test_a_shout_opens_wider_than_a_whisper() -> None:
    loud, soft = (mouth([said("ɑtɑkɑ", emotion=mood)], 24.0, 48) for mood in ("shout", "whisper"))
    assert loud.max() > 1.2 * soft.max()


def test_tracks_follow_the_lips() -> None:
    opening = mouth([said("ɑmɑmɑ")], 24.0, 48)
    upper, lower, left, right = mouth_tracks(opening, (0.5, 0.4), 0.1, fps=24.0)
    points, visible = track_arrays((upper, lower, left, right), 48, 24.0)
    gap = points[1, :, 1] - points[0, :, 1]
    assert visible.all() and np.corrcoef(gap, opening)[0, 1] > 0.999
    assert (points[0, :, 1] < 0.4).all() and (points[1, :, 1] > 0.4).all()
    np.testing.assert_allclose(points[3, :, 0] - points[2, :, 0], 0.1, atol=1e-4)


def test_a_shot_of_two_who_talk() -> None:
    shot = Shot(text="two friends talk", seconds=4.0, fps=12.0)
    spoken = [said("ɑmɑ", 0.5), said("iti", 2.0, "Ben"), said("ɑɑ", 3.0, "")]
    found = talking(shot, spoken, {"Anna": Face((0.3, 0.5), 0.06), "Ben": Face((0.7, 0.5), 0.06)})
    assert len(found.tracks) == 8 and [cue.time for cue in found.cues] == [0.5, 2.0, 3.0]
    points, _ = track_arrays(found.tracks, 48, 12.0)
    moved = np.ptp(points[..., 1], axis=1)
    assert moved[1] > 0.01 and moved[5] > 0.005  # both lower lips
    assert np.ptp(points[1, 20:, 1]) < 1e-3  # who is silent keeps still
    np.testing.assert_allclose(points[:, :, 0].mean(axis=1).reshape(2, 4).mean(axis=1), [0.3, 0.7], atol=1e-3)


def test_a_mouth_goes_with_its_speaker() -> None:
    one = said("ɑtɑ" * 5)
    moving = Spoken(one.line, one.speech, 0.5, (0.2, 0.4), (0.6, 0.5))
    points, _ = track_arrays(talking(Shot(text="a man walks", seconds=3.0, fps=12.0), [moving]).tracks, 36, 12.0)
    assert points[:, 0, 0].mean() == pytest.approx(0.2, abs=0.01) and points[:, -1, 0].mean() == pytest.approx(
        0.6, abs=0.01
    )


def test_a_line_after_the_shot_is_refused() -> None:
    with pytest.raises(ShotError, match="before the shot's end at 1 s"):
        talking(Shot(text="a man", seconds=1.0), [said("ɑ", 2.0)])
