"""Words are compared as words, and what cannot be measured says why."""

import numpy as np
import pytest

from vitascope.evaluate import dialogue
from vitascope.evaluate.dialogue import SCRIPT, alike, errors, missing, understood
from vitascope.sound.script import parse


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [
        ("Come back here!", "come back here", 0),
        ("The train leaves at half past seven.", "The train leaves at 7.30.", 0),
        ("I know where it is.", "I know it was.", 2),
        ("Nobody lives here any more.", "Nobody lives here anymore.", 0),
    ],
)
def test_words_are_compared_as_they_sound(said: str, heard: str, wrong: int) -> None:
    assert errors(said, heard)[0] == wrong


def test_a_curve_is_like_itself() -> None:
    curve = np.sin(np.arange(50) / 3)
    assert alike(curve, curve[:40]) == pytest.approx(1.0) and alike(curve, -curve) == pytest.approx(-1.0)


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue.kokoro, "installed", lambda: False)
    assert "vitascope[dialogue]" in (missing() or "")
    monkeypatch.setattr(dialogue.kokoro, "installed", lambda: True)
    monkeypatch.setattr(dialogue, "find_spec", lambda name: None)
    assert "vitascope[bench]" in (missing() or "")


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason="needs the extras dialogue and bench")
def test_what_is_spoken_is_understood() -> None:
    metrics = understood(quick=True)
    assert len(parse(SCRIPT)) == 34
    assert metrics["word_error"].value < 0.1 < 0.7 < (metrics["word_error"].baseline or 0)
    assert metrics["lips"].value > 0.5 > (metrics["lips"].baseline or 1)
