"""The mix is as loud as asked, has no peaks beyond its ceiling, and lets speech through."""

from pathlib import Path

import numpy as np
import pytest

from vitascope.sound.blocks import RATE, Stereo, laid, lengths, whole
from vitascope.sound.loudness import SILENT, limited, measured
from vitascope.sound.mix import CEILING, mixed, speaking, stored

SECONDS = 8.0


def noise(level: float, seconds: float = SECONDS, seed: int = 0) -> Stereo:
    return np.random.default_rng(seed).normal(0, level, (round(seconds * RATE), 2)).astype(np.float32)


def tone(level: float) -> list[Stereo]:
    wave = level * np.sin(2 * np.pi * 997 * np.arange(round(SECONDS * RATE)) / RATE)
    return [np.repeat(wave[:, None], 2, 1).astype(np.float32)]


def test_a_tone_is_as_loud_as_r128_says() -> None:
    found = measured(tone(0.1))
    assert found.integrated == pytest.approx(-20.0, abs=0.1)
    assert found.true_peak == pytest.approx(-20.0, abs=0.1)
    assert measured([]).integrated == SILENT


def test_limited_sound_stays_in_time_and_below_its_ceiling() -> None:
    sound = tone(0.1)[0]
    sound[RATE : RATE + 4000] *= 8
    made = whole(limited(iter([sound]), -6.0))
    assert made.shape == sound.shape
    assert measured([made]).true_peak <= -5.5
    quiet = slice(3 * RATE, 4 * RATE)
    np.testing.assert_allclose(made[quiet], sound[quiet], atol=0.01)


@pytest.mark.parametrize("target", [-16.0, -23.0])
def test_a_mix_is_as_loud_as_asked(target: float, tmp_path: Path) -> None:
    hits = [(0.5 + k, noise(0.3, 0.3, k)) for k in range(7)]
    effects = stored((a + b for a, b in zip(laid(hits, SECONDS), _quiet(), strict=True)), tmp_path / "e")
    music = stored(tone(0.1), tmp_path / "m")
    made = mixed({"effects": effects, "music": music}, tmp_path / "mix", target)
    assert made.whole.loudness.integrated == pytest.approx(target, abs=0.5)
    assert made.whole.loudness.true_peak <= CEILING
    assert not (tmp_path / "mix.sum").exists()


def _quiet() -> list[Stereo]:
    return [noise(0.003, length / RATE) for length in lengths(SECONDS)]


def test_music_goes_down_before_speech_and_up_after(tmp_path: Path) -> None:
    speech = stored(laid([(3.0, noise(0.1, 2.0))], SECONDS), tmp_path / "s")
    down = speaking(speech)
    assert down[:250].max() == 0 and down[600:].max() == 0
    assert down[300:500].min() > 0.99 and 0.3 < down[290] < 0.95
    music = stored(tone(0.1), tmp_path / "m")
    alone = mixed({"music": music}, tmp_path / "a").gains["music"]
    assert np.isfinite(alone)


def test_silence_stays_silent(tmp_path: Path) -> None:
    nothing = stored([np.zeros((RATE, 2), np.float32)], tmp_path / "e")
    assert not whole(mixed({"effects": nothing}, tmp_path / "mix").whole.blocks()).any()


def test_stems_of_other_lengths_are_refused(tmp_path: Path) -> None:
    one, two = (stored([noise(0.1, seconds)], tmp_path / f"{seconds}") for seconds in (1.0, 2.0))
    with pytest.raises(ValueError, match="same length"):
        mixed({"effects": one, "music": two}, tmp_path / "mix")
