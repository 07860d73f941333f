"""Hits fall on beats, tempi stay near what was asked, and cuts are where bars begin."""

import numpy as np
import pytest

from vitascope.sound.clock import Clock, fitted


def scenes(count: int, seed: int) -> list[tuple[float, tuple[float, ...], tuple[float, ...]]]:
    """Lengths with hits at least 1.5 s apart, and cuts."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        seconds = float(rng.uniform(8, 60))
        hits: list[float] = []
        for time in rng.uniform(0.5, seconds - 1.3, int(seconds / 2)):
            if all(abs(time - other) > 1.5 for other in hits) and len(hits) < seconds / 4:
                hits.append(float(time))
        found.append((seconds, tuple(hits), tuple(float(t) for t in rng.uniform(1, seconds - 1, int(seconds / 4)))))
    return found


def off(times: tuple[float, ...], grid: np.ndarray) -> np.ndarray:
    """How far each time is from the nearest of a grid, seconds."""
    return np.abs(np.asarray(times)[:, None] - grid[None]).min(1)


@pytest.mark.parametrize("bpm", [56, 84, 120, 150])
def test_all_hits_are_on_beats_at_about_the_wanted_tempo(bpm: float) -> None:
    bends = []
    for seconds, hits, cuts in scenes(25, 1):
        clock = fitted(bpm, True, seconds, hits, cuts, 4)
        beats = np.array(clock.beats)
        assert (np.diff(beats) > 0).all() and beats[0] >= 0
        assert off(hits, beats).max() < 0.02
        assert len(clock.hits) == len(hits)
        mean = 60 * (len(beats) - 1) / (beats[-1] - beats[0])
        assert abs(mean / bpm - 1) < (0.1 if bpm < 60 else 0.08)
        assert 1.0 <= seconds - beats[-1] <= 3.2 + 1e-6
        bends += [abs(one / bpm - 1) for _, one in clock.tempo]
    assert np.mean(bends) < 0.1  # most of them are small


def test_without_hits_the_tempo_is_the_one_asked() -> None:
    for bpm in (60, 90, 133):
        clock = fitted(bpm, True, 40, (), (), 4)
        np.testing.assert_allclose(60 / np.diff(clock.beats), bpm, rtol=0.04)


def test_bars_are_regular_but_go_with_hits_and_cuts() -> None:
    plain = fitted(100, True, 60, (), (), 4)
    assert set(np.diff(plain.bars[:-2])) == {4}
    waltz = fitted(140, True, 60, (), (), 3)
    assert set(np.diff(waltz.bars[:-2])) == {3}
    ours, others = [], []
    for seconds, hits, cuts in scenes(40, 2):
        clock = fitted(110, False, seconds, hits, cuts, 4)
        beats = np.array(clock.beats)
        assert clock.bars[0] == 0 and clock.bars[-1] == len(beats) - 1
        ours.append((off(cuts, beats[list(clock.bars)]) < 0.1).mean())
        others.append((off(cuts, beats[::4]) < 0.1).mean())
        assert np.mean([hit in clock.bars for hit in clock.hits]) > 0.5
    assert np.mean(ours) > 1.4 * np.mean(others)


@pytest.mark.parametrize("seconds", [1.0, 1.3, 2.0, 3.0, 4.0])
def test_the_shortest_still_have_an_end_that_rings(seconds: float) -> None:
    clock = fitted(100, False, seconds, (), (), 4)
    assert clock.beats[-1] < seconds and seconds - clock.beats[-1] >= 0.5 * min(seconds, 2) - 1e-6


def test_beats_beyond_the_last_go_on() -> None:
    clock = Clock((0.0, 1.0, 1.5), (0, 2), ((0.0, 60.0), (1.0, 120.0)), ())
    np.testing.assert_allclose(clock.at(np.array([0.5, 1.5, 2.0, 4.0])), [0.5, 1.25, 1.5, 2.5])
