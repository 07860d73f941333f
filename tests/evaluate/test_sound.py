"""The listener hears beginnings where they are, and matching counts each once."""

import numpy as np
import pytest

from vitascope.evaluate.sound import beginnings, matched, motion_peaks, together
from vitascope.shot.shot import Cue
from vitascope.sound import foley
from vitascope.sound.blocks import whole


def test_hits_are_heard_where_they_are() -> None:
    times = [0.3, 0.8, 1.45]
    cues = [Cue(time=t, kind="impact", strength=0.7, materials=("wood", "tile"), place=(0.5, 0.5)) for t in times]
    found = beginnings(whole(foley.effects(cues, 2.0)).mean(1))
    assert len(matched(found, times, 0.01).pairs) == 3 and len(found) <= 4
    assert beginnings(np.zeros(48_000, np.float32)) == []


def test_each_is_matched_once() -> None:
    match = matched([1.0, 1.01, 3.0], [1.005, 2.0])
    assert len(match.pairs) == 1 and match.f1 == pytest.approx(2 / 5)
    assert together([match, matched([], [])]) == pytest.approx(2 / 5)
    assert matched([], []).f1 == 1.0


def test_motion_that_starts_is_a_peak() -> None:
    frames = np.zeros((24, 36, 64, 3), np.uint8)
    for number in range(12, 24):
        frames[number, 10:20, (number - 12) * 4 : (number - 12) * 4 + 10] = 255
    assert any(abs(time - 1.0) < 0.15 for time in motion_peaks(frames, 12.0))
