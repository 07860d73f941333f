"""A film is spotted in pieces as it is in one, its cuts are found, and the shipped network hears what bounces."""

import numpy as np
import pytest
import torch

from vitascope.sound.spot import spot
from vitascope.sound.spotter import CELL, NUM_OUT, Spotter
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
