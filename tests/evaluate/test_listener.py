"""The listener hears beginnings where they are, and matching counts each once."""

import numpy as np
import pytest

from vitascope.evaluate.listener import ECHO, beginnings, matched, together
from vitascope.shot.shot import Cue
from vitascope.sound import foley
from vitascope.sound.blocks import whole


def heard(cues: list[Cue]) -> list[float]:
    return beginnings(whole(foley.effects(cues, 2.0)).mean(1))


def test_hits_are_heard_where_they_are() -> None:
    times = [0.3, 0.8, 1.45]
    found = heard(
        [Cue(time=t, kind="impact", strength=0.7, materials=("wood", "tile"), place=(0.5, 0.5)) for t in times]
    )
    assert len(matched(found, times, 0.01).pairs) == 3 == len(found)
    assert beginnings(np.zeros(48_000, np.float32)) == []


@pytest.mark.parametrize("ground", ["grass", "snow", "sand", "tile"])
def test_quick_soft_steps_are_heard_one_by_one(ground: str) -> None:
    times = [0.2 + 0.151 * k for k in range(11)]
    found = heard(
        [Cue(time=t, kind="footstep", strength=0.14, materials=("paw", ground), place=(0.5, 0.8)) for t in times]
    )
    assert matched(found, times, echo=ECHO).f1 > 0.95


def test_a_sound_that_is_cut_at_the_end_does_not_begin_there() -> None:
    ringing = np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000).astype(np.float32)
    assert [round(time, 1) for time in beginnings(0.3 * ringing)] == [0.0]


def test_each_is_matched_once() -> None:
    match = matched([1.0, 1.01, 3.0], [1.005, 2.0])
    assert len(match.pairs) == 1 and match.f1 == pytest.approx(2 / 5)
    assert together([match, matched([], [])]) == pytest.approx(2 / 5)
    assert matched([], []).f1 == 1.0


def test_an_echo_is_not_counted_but_many_beginnings_are() -> None:
    assert matched([1.0, 1.12], [1.0], echo=0.15).f1 == 1.0
    assert matched([1.0, 1.12], [1.0]).f1 == pytest.approx(2 / 3)
    assert matched([1.0, 1.2], [1.0], echo=0.15).f1 == pytest.approx(2 / 3), "too late for an echo"
    assert matched([0.05 * k for k in range(40)], [1.0], echo=0.15).f1 < 0.2, "who always says yes is wrong"
