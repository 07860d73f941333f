"""A film is spotted in pieces as it is in one, its cuts are found, and the shipped network hears what bounces."""

from typing import cast

import numpy as np
import pytest
import torch

from vitascope.sound.spot import spot
from vitascope.sound.spotter import CELL, DELAY, GROUNDS, HOURS, KINDS, NUM_OUT, PLACES, Seen, Spotter
from vitascope.train.spotter import rendered


def noise(seed: int, num: int = 20) -> np.ndarray:
    colours = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), np.uint8)
    still = colours.repeat(16, 0).repeat(16, 1)
    return np.repeat(still[None], num, 0)


def test_the_network_gives_the_same_for_a_run_in_parts() -> None:
    torch.manual_seed(0)
    network = Spotter((8, 16, 24), (1, 2, 1)).eval()
    frames = torch.randint(0, 255, (1, 12, 3, 80, 128), dtype=torch.uint8)
    fps = torch.tensor([24.0])
    with torch.inference_mode():
        whole, _ = network(frames, fps)
        first, past = network(frames[:, :5], fps)
        second, _ = network(frames[:, 5:], fps, past)
    assert whole.cells.shape == (1, 12, NUM_OUT, 80 // CELL, 128 // CELL)
    torch.testing.assert_close(torch.cat((first.cells, second.cells), 1), whole.cells, rtol=1e-4, atol=1e-4)


def test_what_is_seen_is_the_same_in_training() -> None:
    torch.manual_seed(0)
    network = Spotter((8, 16, 24), (1, 1, 1)).eval()
    frames = torch.randint(0, 255, (2, 5, 3, 48, 64), dtype=torch.uint8)
    fps = torch.tensor([12.0, 30.0])
    learned, _ = network(frames, fps)
    with torch.inference_mode():
        used, _ = network(frames, fps)
    torch.testing.assert_close(used.cells, learned.cells.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(used.whole, learned.whole.detach(), rtol=1e-4, atol=1e-4)


def test_cuts_are_found_and_a_still_film_has_no_moments() -> None:
    film = np.concatenate([noise(0), noise(1), noise(2)])
    found = spot(film, 10.0)
    assert found.cuts == (2.0, 4.0)
    assert found.seconds == 6.0 and len(found.energy) == 24
    assert not [cue for cue in found.cues if cue.kind in ("impact", "bounce", "topple")]
    places = [cue for cue in found.cues if cue.kind == "place"]
    assert places[0].time == 0 and sum(cue.seconds for cue in places) == pytest.approx(6.0)


def test_bounces_of_unseen_films_are_found_in_time() -> None:
    true, hits = 0, 0
    for index in range(14):
        lesson = rendered(77, index, 24.0, (256, 144))
        bounces = [cue.time for cue in lesson.cues if cue.kind == "bounce"]
        found = [cue.time for cue in spot(lesson.frames, 24.0).cues if cue.kind in ("bounce", "impact")]
        true += len(bounces)
        hits += sum(any(abs(time - one) < 0.05 for one in found) for time in bounces)
    assert true >= 4 and hits >= 0.6 * true


def test_a_film_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        spot([], 24.0)


class Sayer:
    """Stands in for the network: says that moments (frame, row, column), each a mass of one, are where they are."""

    def __init__(self, moments: list[tuple[float, int, int]], spread: float = 0.0) -> None:
        self.moments, self.spread, self.seen = moments, spread, 0

    def __call__(self, frames: torch.Tensor, fps: torch.Tensor, past: object) -> tuple[Seen, list[torch.Tensor]]:
        T, (h, w) = frames.shape[1], (frames.shape[-2] // 16, frames.shape[-1] // 16)
        cells = torch.full((1, T, NUM_OUT, h, w), 1e-4)
        for frame, row, column in self.moments:
            for at in range(int(frame) - 1, int(frame) + 3):
                mass = max(0.0, 1 - self.spread - abs(at - frame)) + self.spread / 4
                told = at + DELAY - self.seen
                if 0 <= told < T:
                    cells[0, told, KINDS.index("footstep"), row, column] += 0.98 * mass
        self.seen += T
        mirrored = cells.flip(-1)  # the second film is the first in the mirror
        whole = torch.zeros(2, T, len(PLACES) + len(GROUNDS) + len(HOURS))
        return Seen(torch.cat((cells, mirrored)).clamp(max=0.9999).logit(), whole), []


@pytest.mark.parametrize("offset", np.arange(0, 24, 1.7))
@pytest.mark.parametrize(("apart", "least", "near"), [(1.8, 2, 0.6), (2.3, 5, 0.5), (4.0, 5, 0.2)])
def test_steps_that_follow_each_other_are_heard_one_by_one(
    offset: float, apart: float, least: int, near: float
) -> None:
    """Also where the film is looked at in parts. Where two fall into three frames they can be told apart by chance
    only, but are not fewer than they should be."""
    times = 3.3 + offset + apart * np.arange(5)
    sayer = Sayer([(float(t), 5, 7 + i % 2) for i, t in enumerate(times)])
    frames = np.full((60, 144, 256, 3), 90, np.uint8)
    found = [cue.time * 12 for cue in spot(frames, 12.0, cast("Spotter", sayer)).cues if cue.kind == "footstep"]
    assert 4 <= len(found) <= 5
    assert sum(min(abs(one - time) for one in found) <= near for time in times) >= least


def test_an_uncertain_moment_is_one() -> None:
    sayer = Sayer([(10.4, 5, 7), (20.0, 5, 7)], spread=0.4)
    frames = np.full((40, 144, 256, 3), 90, np.uint8)
    found = [cue.time * 24 for cue in spot(frames, 24.0, cast("Spotter", sayer)).cues if cue.kind == "footstep"]
    assert len(found) == 2
    np.testing.assert_allclose(found, [10.4, 20.0], atol=0.45)
