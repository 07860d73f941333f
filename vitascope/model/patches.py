"""Frames to groups of patches and back: a moving group is four frames, a picture is a group of its own kind.

A group is a grid of patches; each patch is one token of the network. Moving patches hold 16×16 pixels × 4 frames,
still patches 16×16 × 1. Letters: B batch, F frames, H W pixels, G groups, h w patch grid, n = h·w tokens a group.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vitascope.model.grid import GROUP as GROUP
from vitascope.model.grid import PATCH as PATCH
from vitascope.model.grid import grid_of as grid_of

SEAM = 7  # pixels to either side of a patch's border over which a step in it is spread
SEAM_MOST = 0.4  # of -1…1: steps much larger are edges of things
MOVING_WIDTH = PATCH * PATCH * GROUP * 3
STILL_WIDTH = PATCH * PATCH * 3


def to_float(frames: Tensor | npt.NDArray[np.uint8]) -> Tensor:
    """sRGB bytes 0…255 to floats -1…1, any shape."""
    return torch.as_tensor(frames).float() / 127.5 - 1.0


def to_bytes(frames: Tensor) -> npt.NDArray[np.uint8]:
    """Floats -1…1 (clipped) to sRGB bytes, any shape."""
    out: npt.NDArray[np.uint8] = ((frames.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
    return out


def to_patches(frames: Tensor, group: int) -> Tensor:
    """Frames [B, F, H, W, 3] to patches [B, G, n, 16·16·group·3]; F a multiple of group, H and W of 16."""
    B, F, H, W, C = frames.shape
    if F % group or H % PATCH or W % PATCH:
        raise ValueError(f"frames: {F} of {W}x{H} given, frames must come in {group}s and sides in {PATCH}s")
    h, w, G = H // PATCH, W // PATCH, F // group
    x = frames.reshape(B, G, group, h, PATCH, w, PATCH, C)
    x = x.permute(0, 1, 3, 5, 2, 4, 6, 7)  # B G h w f p p C
    return x.reshape(B, G, h * w, group * PATCH * PATCH * C)  # B G n width


def to_frames(patches: Tensor, grid: tuple[int, int]) -> Tensor:
    """The way back: patches [B, G, n, width] on a grid of (h, w) to frames [B, F, H, W, 3]."""
    B, G, _, width = patches.shape
    h, w = grid
    group = width // STILL_WIDTH
    x = patches.reshape(B, G, h, w, group, PATCH, PATCH, 3)
    x = x.permute(0, 1, 4, 2, 5, 3, 6, 7)  # B G f h p w p C
    return x.reshape(B, G * group, h * PATCH, w * PATCH, 3)  # B F H W C


def smooth_seams(frames: Tensor) -> Tensor:
    """Frames [B, F, H, W, 3] in -1…1 without the small steps at the borders of patches that a network leaves, as codecs
    do it (List et al., «Adaptive deblocking filter», 2003): what a step is more than the slopes beside it is spread
    over both sides. Large ones are edges of things and stay."""
    across = _smooth_seams(frames)
    return _smooth_seams(across.transpose(2, 3)).transpose(2, 3)


def _smooth_seams(x: Tensor) -> Tensor:
    """Over the borders along the next to last axis, x [B, F, M, L, 3]."""
    seams = torch.arange(PATCH, x.shape[-2], PATCH, device=x.device)
    if not len(seams):
        return x
    near = x[..., seams[:, None] + torch.arange(-3, 3, device=x.device), :]  # B F M s 6 3
    before, after = near[..., :3, :].flip(-2), near[..., 3:, :]  # outwards from the border
    step = (after[..., :2, :] - before[..., :2, :]).mean(-2)  # B F M s 3
    slopes = ((after[..., 2, :] - after[..., 0, :]) - (before[..., 2, :] - before[..., 0, :])) / 2
    step = step - slopes
    M, ends = x.shape[2], (step[:, :, :1], step[:, :, -1:])
    wide = torch.cat((ends[0], ends[0], step, ends[1], ends[1]), 2)
    step = torch.stack([share / 9 * wide[:, :, i : i + M] for i, share in enumerate((1, 2, 3, 2, 1))]).sum(0)
    step = step * torch.exp(-((step.abs().amax(-1, keepdim=True) / SEAM_MOST) ** 4))
    ramp = 0.5 - (torch.arange(SEAM, device=x.device) + 0.5) / (2 * SEAM)  # SEAM
    spread = torch.cat((ramp.flip(0), -ramp))[:, None] * step[..., None, :]  # B F M s 2·SEAM 3
    at = seams[:, None] + torch.arange(-SEAM, SEAM, device=x.device)  # s 2·SEAM
    return x.index_add(-2, at.flatten(), spread.flatten(-3, -2))


def positions(grid: tuple[int, int]) -> Tensor:
    """Centres of a grid's patches as (x, y), [n, 2]: from the picture's centre, in units of the square root of its
    area, so that a patch of a wide and of a tall picture of one area are equally far apart."""
    h, w = grid
    unit = (h * w) ** 0.5
    y, x = torch.meshgrid(torch.arange(h) + 0.5 - h / 2, torch.arange(w) + 0.5 - w / 2, indexing="ij")
    return torch.stack((x, y), -1).reshape(h * w, 2) / unit  # n 2
