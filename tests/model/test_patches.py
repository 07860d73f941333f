"""Frames to patches and back."""

import numpy as np
import pytest
import torch

from vitascope.model import patches


@pytest.mark.parametrize("group", [1, patches.GROUP])
def test_frames_come_back_from_patches(group: int) -> None:
    frames = torch.randn(2, 8, 32, 48, 3)
    made = patches.to_patches(frames, group)
    assert made.shape == (2, 8 // group, 6, group * 768)
    assert torch.equal(patches.to_frames(made, (2, 3)), frames)


def test_a_patch_holds_one_square_of_the_picture() -> None:
    frames = torch.zeros(1, 4, 32, 48, 3)
    frames[:, :, 16:, 32:] = 1
    made = patches.to_patches(frames, 4)
    assert made[0, 0, 5].eq(1).all()
    assert made[0, 0, :5].eq(0).all()


def test_bytes_come_back_exactly() -> None:
    values = np.arange(256, dtype=np.uint8)
    assert np.array_equal(patches.to_bytes(patches.to_float(values)), values)


def test_frames_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="5 of 48x32"):
        patches.to_patches(torch.zeros(1, 5, 32, 48, 3), 4)


def test_positions_are_centred_and_equally_spaced() -> None:
    wide, tall = patches.positions((2, 8)), patches.positions((8, 2))
    assert torch.allclose(wide.mean(0), torch.zeros(2), atol=1e-6)
    assert torch.allclose(wide[1, 0] - wide[0, 0], tall[2, 1] - tall[0, 1])
