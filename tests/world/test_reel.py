"""Tests of the pictures of takes: kept or drawn anew they are the same, and a long take is never all in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from vitascope.shot.clip import ArrayFrames, Clip
from vitascope.world import reel as module
from vitascope.world.footage import Take, take
from vitascope.world.reel import Reel
from vitascope.world.scene import Style

SIZE = (64, 36)

MEASURE = """
import json, pathlib, re, sys
from vitascope.world.footage import take
seconds = float(sys.argv[1])
made = take(5, 1, level=4, size=(256, 144), seconds=seconds, num_captions=1, style="watercolour")
count = sum(1 for _ in made.clip.frames)
peak = re.search("VmHWM:\\s+([0-9]+)", pathlib.Path("/proc/self/status").read_text())
print(json.dumps([count, int(peak[1]) / 1024]))
"""


@pytest.fixture
def long_take(monkeypatch: pytest.MonkeyPatch) -> Take:
    """A take of 30 frames that counts as too long to be kept, and is drawn 8 frames at a time."""
    monkeypatch.setattr(module, "MAX_KEPT", 8 * SIZE[0] * SIZE[1])
    return take(3, 1, level=4, size=SIZE, seconds=2.5)


@pytest.mark.parametrize("style", get_args(Style))
def test_what_is_drawn_anew_is_what_would_have_been_kept(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = take(3, 1, level=4, size=SIZE, seconds=2.5).reel.stage
    monkeypatch.setattr(module, "BATCH", 8)
    kept = Reel(stage, SIZE, style, seed=5)
    whole = kept.whole
    monkeypatch.setattr(module, "MAX_KEPT", 8 * SIZE[0] * SIZE[1])
    pieces = list(Reel(stage, SIZE, style, seed=5).pictures())
    assert [len(piece.frames) for piece in pieces] == [8, 8, 8, 6]
    for name in ("frames", "depth", "ids"):
        assert np.concatenate([getattr(piece, name) for piece in pieces]).tobytes() == getattr(whole, name).tobytes()


def test_tracks_do_not_depend_on_what_is_kept(long_take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    kept = take(3, 1, level=4, size=SIZE, seconds=2.5)
    np.testing.assert_array_equal(long_take.points, kept.points)
    np.testing.assert_array_equal(long_take.visible, kept.visible)
    assert isinstance(kept.clip.frames, ArrayFrames)
    assert not isinstance(long_take.clip.frames, ArrayFrames)
    np.testing.assert_array_equal(long_take.clip.array(), kept.clip.array())  # twice: a source can be opened again
    np.testing.assert_array_equal(long_take.clip.array(), kept.clip.array())


def test_a_long_take_says_that_its_depth_is_not_kept(long_take: Take) -> None:
    with pytest.raises(ValueError, match=r"30 frames of 64x36 are more than the .* pixels kept in memory"):
        _ = long_take.depth
    picture = next(long_take.reel.pictures())
    assert picture.depth.shape == (8, 36, 64)


def test_a_clip_of_a_reel_can_be_saved(long_take: Take, tmp_path: object) -> None:
    path = f"{tmp_path}/film.mp4"
    long_take.clip.save(path)
    assert Clip.open(path).num_frames == 30


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of a process's memory")
def test_memory_is_under_a_gigabyte_and_flat_in_length() -> None:
    peaks = []
    for seconds in (10, 60):
        done = subprocess.run([sys.executable, "-c", MEASURE, str(seconds)], capture_output=True, text=True, check=True)
        count, peak = json.loads(done.stdout)
        assert count == seconds * 12
        peaks.append(peak)
    assert max(peaks) < 1024
    assert peaks[1] < 1.15 * peaks[0]
