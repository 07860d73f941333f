"""Frames to patches and back."""

import numpy as np
import pytest
import torch
from torch import Tensor

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


def stepped(steps: Tensor) -> Tensor:
    """A smooth picture [1, 1, 80, 144, 3] with a shift of its own in each patch of it [5, 9]."""
    y, x = torch.meshgrid(torch.linspace(-0.5, 0.5, 80), torch.linspace(-0.5, 0.5, 144), indexing="ij")
    smooth = torch.stack((x, y, torch.sin(5 * x) * 0.3), -1)
    return (smooth + steps.repeat_interleave(16, 0).repeat_interleave(16, 1)[..., None])[None, None]


def test_small_steps_between_patches_are_spread_and_slopes_stay() -> None:
    plain = stepped(torch.zeros(5, 9))
    torch.testing.assert_close(patches.smooth_seams(plain), plain, atol=1e-3, rtol=0)
    blocky = stepped(0.05 * torch.randn(5, 9, generator=torch.Generator().manual_seed(0)))
    smoothed = patches.smooth_seams(blocky)

    def largest_step(frames: Tensor) -> float:
        return float((frames[..., 16::16, :] - frames[..., 15:-1:16, :]).abs().mean())

    assert largest_step(smoothed) < 0.4 * largest_step(blocky)
    middles = [frames.unflatten(3, (9, 16))[..., 7:9, :].mean() for frames in (smoothed, blocky)]
    torch.testing.assert_close(*middles, atol=2e-3, rtol=0)


def test_edges_of_things_stay_where_borders_of_patches_are() -> None:
    edge = torch.full((1, 4, 32, 48, 3), -0.8)
    edge[..., 16:, :] = 0.7
    torch.testing.assert_close(patches.smooth_seams(edge), edge, atol=1e-3, rtol=0)


def test_a_picture_of_one_patch_has_no_seams() -> None:
    one = torch.rand(1, 1, 16, 16, 3)
    torch.testing.assert_close(patches.smooth_seams(one), one)
