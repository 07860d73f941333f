"""What sounds is read from the pixels about it, among what can make such a sound."""

import numpy as np
import pytest
import torch

from vitascope.model import checkpoint
from vitascope.sound.matter import FEET, MATTERS, SIDE, STUFFS, Matter, load, matter, name_of, small_picture, told
from vitascope.sound.spotter import THINGS, WEIGHTS
from vitascope.train.matter import accuracy


def test_a_small_picture_is_of_the_place() -> None:
    frame = np.zeros((144, 256, 3), np.uint8)
    frame[60, 100] = 255
    seen = small_picture(frame, (100.5 / 256, 60.5 / 144))
    assert seen.shape == (SIDE, SIDE, 3)
    assert [int(n) for n in np.argwhere(seen[..., 0])[0]] == [SIDE // 2, SIDE // 2]


@pytest.mark.parametrize("place", [(0.0, 0.0), (1.0, 1.0), (0.5, 1.0)])
def test_what_lies_beyond_the_frame_is_its_edge(place: tuple[float, float]) -> None:
    frame = np.random.default_rng(0).integers(0, 255, (48, 80, 3), np.uint8)
    seen = small_picture(frame, place)
    row, column = min(int(place[1] * 48), 47), min(int(place[0] * 80), 79)
    np.testing.assert_array_equal(seen[SIDE // 2, SIDE // 2], frame[row, column])
    if place == (0.0, 0.0):
        assert (seen[: SIDE // 2, : SIDE // 2] == frame[0, 0]).all()


def test_a_foot_is_never_of_stone() -> None:
    answer = np.full(len(MATTERS), -9.0, np.float32)
    answer[MATTERS.index("stone")], answer[MATTERS.index("hoof")], answer[MATTERS.index("skin")] = -0.1, -3.0, -2.0
    assert name_of(answer, "footstep") == "hoof" and name_of(answer, "roll") == "stone"
    answer[MATTERS.index("stone")] = -9.0
    assert name_of(answer, "impact") == "skin" and name_of(answer, "bounce") in STUFFS
    assert set(MATTERS) < set(THINGS) and set(FEET) < set(MATTERS)


def test_several_looks_are_read_together() -> None:
    torch.manual_seed(0)
    network = Matter((8, 8, 8, 8)).eval()
    pictures = np.random.default_rng(0).integers(0, 255, (2, 3, SIDE, SIDE, 3), np.uint8)
    whole = told(network, pictures)
    each = [told(network, pictures[:, i : i + 1]) for i in range(3)]
    assert whole.shape == (2, len(MATTERS))
    np.testing.assert_allclose(whole, np.mean(each, 0), atol=1e-5)


def test_the_shipped_network_reads_unseen_scenes() -> None:
    right = accuracy(matter(), 72)
    hits, number = (sum(pair[i] for pair in right.values()) for i in (0, 1))
    assert number > 60 and hits > 0.6 * number


def test_another_file_is_refused() -> None:
    with pytest.raises(checkpoint.CheckpointError, match="does not hold a reader of matter"):
        load(WEIGHTS)
