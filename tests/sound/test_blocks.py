"""Sounds are laid where they belong, whatever blocks they cross."""

import numpy as np
import pytest

from vitascope.sound.blocks import BLOCK, RATE, laid, silence, whole


def test_sounds_are_laid_at_their_times_across_blocks() -> None:
    rng = np.random.default_rng(0)
    sounds = [
        (time, rng.normal(size=(length, 2)).astype(np.float32))
        for time, length in ((-0.01, 2000), (0.5, 3 * BLOCK), (1.2, 7), (1.2, 90), (2.999, 5000))
    ]
    stream = whole(laid(sounds, 3.4))
    expected = np.zeros((round(3.4 * RATE), 2), np.float32)
    for time, sound in sounds:
        start = round(time * RATE)
        cut = sound[max(0, -start) :][: len(expected) - max(0, start)]
        expected[max(0, start) : max(0, start) + len(cut)] += cut
    np.testing.assert_allclose(stream, expected, atol=1e-6)


def test_sounds_are_asked_for_only_when_the_stream_gets_there() -> None:
    asked = []

    def sounds():  # type: ignore[no-untyped-def]
        for second in range(5):
            asked.append(second)
            yield float(second), np.ones((10, 2), np.float32)

    next(laid(sounds(), 5.0))
    assert len(asked) <= 2


def test_a_sound_that_comes_late_is_refused() -> None:
    one = np.ones((10, 2), np.float32)
    with pytest.raises(ValueError, match="order"):
        whole(laid([(2.5, one), (0.2, one)], 3.0))


def test_silence_has_its_length() -> None:
    assert whole(silence(1.25)).shape == (round(1.25 * RATE), 2)
    assert not whole(silence(1.25)).any()
