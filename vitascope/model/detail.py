"""What a patch cannot know of itself: a small convolutional network after the transformer, on cells of 4×4 pixels.

Patches of 16×16×4 are made each by one matrix from one token, so what crosses their borders comes out in steps, and the
edges of things are soft. The detailer sees the noisy pixels, the transformer's answer and its tokens, and adds what is
missing (the idea of DiP's patch detailer head, arXiv 2511.18822). It begins at nothing, so it can be added to trained
weights, and trained alone.

Letters: B batch, G groups, n = h·w patches of a group, D width of the tokens, C channels, N = B·G.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitascope.model import flow, patches

CELL = 4  # pixels
SIDE = patches.PATCH // CELL  # cells along a patch
MOVING_CELL = CELL * CELL * 3 * patches.GROUP
STILL_CELL = CELL * CELL * 3
DEPTH = 3  # blocks
MISSED = 0.06  # deviation of what the transformer alone leaves out, in pixels of -1…1


def to_cells(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Patches [B, G, n, width] to a map of cells [B·G, h·4, w·4, width / 16], all frames of a group in one cell."""
    B, G, _, width = tokens.shape
    frames = width // patches.STILL_WIDTH
    x = tokens.reshape(B * G, *grid, frames, SIDE, CELL, SIDE, CELL, 3)
    x = x.permute(0, 1, 4, 2, 6, 3, 5, 7, 8)  # N h side w side f cell cell 3
    return x.reshape(B * G, grid[0] * SIDE, grid[1] * SIDE, width // SIDE**2)


def to_patches(cells: Tensor, grid: tuple[int, int], num_groups: int) -> Tensor:
    """The way back: cells [B·G, h·4, w·4, c] to patches [B, G, n, 16·c]."""
    N, _, _, c = cells.shape
    frames = c // STILL_CELL
    x = cells.reshape(N, grid[0], SIDE, grid[1], SIDE, frames, CELL, CELL, 3)
    x = x.permute(0, 1, 3, 5, 2, 6, 4, 7, 8)  # N h w f side cell side cell 3
    return x.reshape(N // num_groups, num_groups, grid[0] * grid[1], c * SIDE**2)


def spread(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """What each patch tells its 4×4 cells: [B, G, n, 16·C] to [B·G, h·4, w·4, C]."""
    B, G, _, width = tokens.shape
    x = tokens.view(B * G, *grid, SIDE, SIDE, width // SIDE**2).transpose(2, 3)  # N h side w side C
    return x.reshape(B * G, grid[0] * SIDE, grid[1] * SIDE, -1)


class Residual(nn.Module):
    """Two convolutions of 3×3 cells, scaled and shifted by the group's noise level. Kernels are kept as matrices,
    channels last: so they are stored in int8 and trained as other matrices are."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.level = nn.Linear(width, 2 * channels)
        self.kernels = nn.ParameterList(torch.empty(channels, channels * 9) for _ in range(2))

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """x [N, H, W, C], level [B, G, D]."""
        C = x.shape[-1]
        shift, scale = self.level(level).view(len(x), 1, 1, 2 * C).chunk(2, -1)  # N 1 1 C each
        y = torch.addcmul(shift, F.layer_norm(x, (C,)), 1 + scale)
        return x + self.convolved(F.silu(self.convolved(y, 0)), 1)

    def convolved(self, x: Tensor, which: int) -> Tensor:
        C = x.shape[-1]
        kernel = self.kernels[which].view(C, C, 3, 3)
        return F.conv2d(x.permute(0, 3, 1, 2), kernel, padding=1).permute(0, 2, 3, 1)  # N H W C


class Detailer(nn.Module):
    """`forward(noisy, answer, tokens, level, time, grid)`: the noisy patches as the network sees them and the
    transformer's answer, both [B, G, n, width], its last tokens [B, G, n, D], the groups' levels [B, G, D] and times
    [B, G]; returns the better answer.

    Where there is less noise than the answer is wrong by, the noisy picture is to be believed. How much of it, and how
    large a correction can be, follows from both deviations (the preconditioning of arXiv 2206.00364)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.moving_in, self.still_in = nn.Linear(2 * MOVING_CELL, channels), nn.Linear(2 * STILL_CELL, channels)
        self.told = nn.Linear(width, channels * SIDE**2, bias=False)
        self.blocks = nn.ModuleList(Residual(channels, width) for _ in range(DEPTH))
        self.moving_out, self.still_out = nn.Linear(channels, MOVING_CELL), nn.Linear(channels, STILL_CELL)

    def init_weights(self) -> None:
        """After the matrices of all `nn.Linear`: what leads to the pixels is closed."""
        for block in self.blocks:
            assert isinstance(block, Residual)
            nn.init.zeros_(block.level.weight)
            for kernel, share in zip(block.kernels, (1.0, 0.3), strict=True):
                nn.init.normal_(kernel, std=share * kernel.shape[1] ** -0.5)
        for layer in (self.moving_out, self.still_out):
            nn.init.zeros_(layer.weight)

    def matrices(self) -> list[nn.Parameter]:
        """What is trained as the matrices inside the transformer's blocks are."""
        return [p for name, p in self.named_parameters() if ".kernels." in name or name == "told.weight"]

    def forward(
        self, noisy: Tensor, answer: Tensor, tokens: Tensor, level: Tensor, time: Tensor, grid: tuple[int, int]
    ) -> Tensor:
        moving = noisy.shape[-1] == patches.MOVING_WIDTH
        t = time[..., None, None].clamp(min=1e-4)  # B G 1 1
        noise = flow.SCALE * (1 - t) / t  # its deviation beside the clean pixels
        both = torch.sqrt(noise**2 + MISSED**2)
        seen_as = flow.deviation(t) / t / both
        surprise = torch.addcmul(noisy * seen_as, answer, -1 / both)  # B G n width, of unit variance
        if torch.is_autocast_enabled(noisy.device.type):  # for the products only: moving half as much is twice as fast
            kind = torch.get_autocast_dtype(noisy.device.type)
            seen = torch.cat((to_cells(surprise.to(kind), grid), to_cells((2 * answer).to(kind), grid)), -1)
        else:
            seen = torch.cat((to_cells(surprise, grid), 2 * to_cells(answer, grid)), -1)  # N 4h 4w 2c
        x = (self.moving_in if moving else self.still_in)(seen) + spread(self.told(tokens), grid)  # N 4h 4w C
        for block in self.blocks:
            x = block(x, level)  # N 4h 4w C
        x = F.layer_norm(x, x.shape[-1:])  # N 4h 4w C
        detail = to_patches((self.moving_out if moving else self.still_out)(x), grid, tokens.shape[1])
        believed = torch.addcmul(answer, surprise, MISSED**2 / both)
        return torch.addcmul(believed, detail, noise * MISSED / both)
