"""The network that finds in pictures what is heard (`spot.py` reads its answers).

A small causal network looks at frames as they come, with what it keeps of the ones before, and tells for each cell of
the picture how much of each kind of sound belongs there. A moment is a mass of one, spread over the two frames and the
four cells around it; its place and time (finer than a frame) are the centre of that mass. What lasts is a mass at each
frame. Trained on the world alone, whose contacts are known exactly (`train/spotter.py`). Letters: B films, T frames,
C channels, H W pixels, h w cells.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitascope.model import checkpoint
from vitascope.model.convolution import Convolution
from vitascope.shot.shot import CueKind

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "sound" / "spotter.safetensors"
AREA = 256 * 144  # pixels of a frame as it is looked at, about; at half of that a foot is two pixels, and not seen
CELL = 16  # pixels of a cell
STRIDE = 4  # of the stem
MAX_FPS = 30.0  # of faster films some frames are left out
DELAY = 3  # frames after a moment that are seen before it is told
MOMENTS: tuple[CueKind, ...] = ("impact", "bounce", "topple", "footstep", "whoosh")
LASTING: tuple[CueKind, ...] = ("roll", "slide", "engine", "speech", "cloth", "animal")
KINDS = MOMENTS + LASTING
THINGS = (
    *("rubber", "plastic", "wood", "metal", "stone", "skin", "shoe", "paw", "hoof", "claw", "air", "cloth"),
    *("car", "van", "bus", "truck", "tractor", "woman", "man", "girl", "boy"),
    *("dog", "cat", "horse", "cow", "sheep", "rabbit", "elephant", "bird"),
)
MET = ("grass", "sand", "snow", "wood", "tile", "asphalt", "rubber", "plastic", "metal", "stone", "skin")
GROUNDS = MET[:6]
PLACES = ("open", "park", "forest", "street", "beach", "desert", "village", "room", "kitchen")
HOURS = ("day", "night")
NUM_OUT = len(KINDS) + len(THINGS) + len(MET) + 2  # of a cell: masses, what sounds, what it meets, strength, across


# ---- the network


class Block(nn.Module):
    """Two convolutions beside a shortcut; a part of what goes in is of one and of three frames before (the causal
    temporal shift of arXiv 1811.08383)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.quarter, self.eighth = width // 4, width // 8
        self.first, self.second = Convolution(width, width), Convolution(width, width)

    @property
    def num_kept(self) -> int:
        return self.quarter + self.eighth

    def forward(self, x: Tensor, num_frames: int, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """x [B·T, C, h, w] and what is kept of the 3 frames before [B, 3, num_kept, h, w] (None: nothing) to the same
        for the next."""
        frames = x.unflatten(0, (-1, num_frames))  # B T C h w
        early = frames[:, :, : self.num_kept]
        if past is None:
            past = torch.zeros_like(early[:, :1]).expand(-1, 3, -1, -1, -1)
        run = torch.cat((past, early), 1)  # B T+3 kept h w
        near, far = run[:, 2:-1, : self.quarter], run[:, :-3, self.quarter :]
        shifted = torch.cat((near, far, frames[:, :, self.num_kept :]), 2).flatten(0, 1)
        return x + self.second(self.first(shifted)), run[:, -3:]


class Seen(NamedTuple):
    """What is told of frames: of each cell [B, T, NUM_OUT, h, w], and of the whole [B, T, places + grounds + hours]."""

    cells: Tensor
    whole: Tensor


class Spotter(nn.Module):
    """Frames in, what is heard of each cell out, DELAY frames later. `widths` and `depths` are the channels and blocks
    at a quarter, an eighth and a sixteenth of a frame's size."""

    def __init__(self, widths: Sequence[int] = (32, 64, 96), depths: Sequence[int] = (1, 2, 3)) -> None:
        super().__init__()
        self.widths, self.depths = tuple(widths), tuple(depths)
        width = self.widths[-1]
        self.stem = Convolution(7, self.widths[0], 7, STRIDE)
        self.down = nn.ModuleList(Convolution(a, b, stride=2) for a, b in pairwise(self.widths))
        self.blocks = nn.ModuleList(
            nn.ModuleList(Block(width) for _ in range(depth))
            for width, depth in zip(self.widths, self.depths, strict=True)
        )
        self.near, self.told = Convolution(width, width), nn.Conv2d(width, NUM_OUT, 1)
        self.whole = nn.Linear(2 * width, len(PLACES) + len(GROUNDS) + len(HOURS))
        bias = torch.zeros(NUM_OUT)
        bias[: len(KINDS)] = -7.0  # nearly everywhere nothing is heard
        self.told.bias = nn.Parameter(bias)
        nn.init.normal_(self.told.weight, std=0.02)

    def forward(self, frames: Tensor, fps: Tensor, past: list[Tensor] | None = None) -> tuple[Seen, list[Tensor]]:
        """Frames [B, T, 3, H, W] in 0..255, H and W multiples of CELL, at fps [B]; `past` is what the last call gave
        back for the frames before."""
        B, T = frames.shape[:2]
        last = frames[:, :1] if past is None else past[0]
        before = torch.cat((last, frames[:, :-1]), 1)
        kept = [frames[:, -1:]]
        x = self._begun(frames, before, torch.log2(fps / 24))
        for stage, blocks in enumerate(self.blocks):
            if stage:
                x = self.down[stage - 1](x)
            assert isinstance(blocks, nn.ModuleList)
            for block in blocks:
                x, run = block(x, T, None if past is None else past[len(kept)])
                kept.append(run)
        pooled = torch.cat((x.mean((2, 3)), x.amax((2, 3))), 1)
        return Seen(self.told(self.near(x)).unflatten(0, (B, T)), self.whole(pooled).unflatten(0, (B, T))), kept

    def _begun(self, frames: Tensor, before: Tensor, rate: Tensor) -> Tensor:
        """What the stem makes of frames [B, T, 3, H, W], of what has changed in them since those before, and of the
        rates [B] as octaves above 24: [B·T, C, H/4, W/4]."""
        B, T = frames.shape[:2]
        if torch.is_grad_enabled():
            x, change = frames.float() / 64 - 2, (frames.float() - before) / 32
            rates = rate.view(B, 1, 1, 1, 1).expand(-1, T, -1, *x.shape[-2:])
            x = torch.cat((x, change, rates), 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
            out: Tensor = self.stem(x)
            return out
        # Moving all these numbers costs more than the stem itself. Two frames say what one and its change say, by a
        # kernel that is summed up before (in fp32, or small changes drown); and a rate is the same in all pixels.
        size = self.stem.size
        kernel = self.stem.kernel.view(len(self.stem.kernel), 7, size, size)
        of_frame, of_change, of_rate = kernel.split((3, 3, 1), 1)
        kernel = torch.cat((of_frame / 64 + of_change / 32, of_change / -32), 1)
        kernel = kernel.contiguous(memory_format=torch.channels_last)
        both = torch.cat([part.permute(0, 1, 3, 4, 2).flatten(0, 1) for part in (frames, before)], -1)  # N H W 6
        everywhere = torch.ones(1, 1, *frames.shape[-2:], device=frames.device)
        with torch.autocast(frames.device.type, enabled=False):
            x = F.conv2d(both.float().sub_(128).permute(0, 3, 1, 2), kernel, None, STRIDE, size // 2)
            rates = rate.view(B, 1, 1, 1) * F.conv2d(everywhere, of_rate, None, STRIDE, size // 2)  # B C h w
        x.unflatten(0, (B, T)).add_(rates.contiguous(memory_format=torch.channels_last)[:, None])
        return F.relu_(self.stem.norm(x))


@cache
def spotter() -> Spotter:
    """The spotter that ships. Raises CheckpointError for a damaged file."""
    return load(WEIGHTS)


def load(path: Path) -> Spotter:
    """The spotter in a weight file. Raises CheckpointError for one that holds none."""
    return checkpoint.load_small(path, Spotter, "a spotter")
