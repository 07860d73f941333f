"""What sounds: rubber or stone, a shoe or a hoof, read from small pictures of where it is heard.

The spotter looks at whole frames in cells, and says when and where. What a thing is made of shows in its grain, its
gloss and its seams, which a second small network reads from the pixels about the place, in three frames around the
moment: what is soft or hidden in one is clear in another. Trained on the world alone (`train/matter.py`).
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vitascope.model import checkpoint
from vitascope.model.convolution import Convolution
from vitascope.shot.shot import CueKind

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "sound" / "matter.safetensors"
SIDE = 64  # pixels of a frame as the spotter looks at it, to either side half
BESIDE = 0.085  # seconds before and after a moment at which it is looked at too
STUFFS = ("rubber", "plastic", "wood", "metal", "stone")
FEET = ("shoe", "paw", "hoof", "claw")
MATTERS = (*STUFFS, "skin", *FEET)
OF_KIND: dict[CueKind, tuple[str, ...]] = {  # what can make such a sound
    "impact": (*STUFFS, "skin"),
    "bounce": STUFFS,
    "topple": STUFFS,
    "roll": STUFFS,
    "slide": STUFFS,
    "footstep": FEET,
}


class _Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Convolution(width, width), Convolution(width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.second(self.first(x))
        return out


class Matter(nn.Module):
    """Small pictures [N, 3, SIDE, SIDE] in 0…255 to logits [N, MATTERS]. `widths` are the channels at a half, a
    quarter, an eighth and a sixteenth of their size."""

    def __init__(self, widths: Sequence[int] = (24, 48, 96, 128)) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.stem = Convolution(3, self.widths[0], 5, 2)
        self.down = nn.ModuleList(Convolution(a, b, stride=2) for a, b in pairwise(self.widths))
        self.blocks = nn.ModuleList(_Block(width) for width in self.widths)
        self.told = nn.Linear(2 * self.widths[-1], len(MATTERS))

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.stem((pictures.float() / 64 - 2).contiguous(memory_format=torch.channels_last))
        for stage, block in enumerate(self.blocks):
            x = block(self.down[stage - 1](x) if stage else x)
        around, middle = x.mean((2, 3)), x[:, :, 1:-1, 1:-1].mean((2, 3))
        out: Tensor = self.told(torch.cat((around, middle), 1))
        return out


def small_picture(frame: NDArray[np.uint8], place: tuple[float, float], side: int = SIDE) -> NDArray[np.uint8]:
    """The pixels [side, side, 3] of a frame [H, W, 3] about a place, 0 to 1; the frame's edges are repeated."""
    height, width = frame.shape[:2]
    left, top = (
        min(max(int(part * length), 0), length - 1) - side // 2
        for part, length in zip(place, (width, height), strict=True)
    )
    rows, columns = (np.arange(first, first + side).clip(0, last - 1) for first, last in ((top, height), (left, width)))
    return frame[rows[:, None], columns]


def told(network: Matter, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logarithms of how likely each of MATTERS is [N, MATTERS], from small pictures [N, looks, SIDE, SIDE, 3]."""
    x = torch.from_numpy(pictures).movedim(-1, 2)
    with torch.inference_mode():
        logits: Tensor = network(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        answer: NDArray[np.float32] = logits.log_softmax(-1).mean(1).numpy()
    return answer


def name_of(answer: NDArray[np.float32], kind: CueKind) -> str:
    """The likeliest of what can make a sound of this kind, one of OF_KIND's, from one row that was `told`."""
    names = OF_KIND[kind]
    return max(names, key=lambda name: float(answer[MATTERS.index(name)]))


@cache
def matter() -> Matter:
    """The network that ships. Raises CheckpointError for a damaged file."""
    return load(WEIGHTS)


def load(path: Path) -> Matter:
    """The network in a weight file. Raises CheckpointError for one that holds none."""
    return checkpoint.load_small(path, Matter, "a reader of matter")
