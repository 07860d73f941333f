"""Larger frames by a small network of our own: four times the pixels a side, as a stream that does not flicker.

All convolutions work on the small picture's grid (as in ESPCN, arXiv 1609.05158). The last one says, for each of the 16
pixels that a pixel becomes, how much of its neighbours to add to what Lanczos makes of it: a kernel of its own, for all
colours alike (as in LAPAR, arXiv 2105.10422). These begin at nothing, so the network begins as Lanczos.
Letters: B pictures, H W pixels of the small picture, C channels.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitascope.finish.stream import together
from vitascope.model import checkpoint
from vitascope.model.checkpoint import CheckpointError
from vitascope.shot.clip import Frame

FACTOR = 4  # pixels a side that the network makes of one
WIDTH = 48  # channels
BLOCKS = 2
TAPS = 10  # of a pixel's kernel: 3 by 3 pixels, and the mean around it
AROUND = 7  # pixels a side, of what is seen as one neighbourhood
FLAT = 0.02  # of 0..1: what varies less is flat
LOBES = 3  # of the Lanczos window
PART = 2**12  # pixels of the small picture whose kernels are applied at once
MOST = 2**18  # pixels of the small picture that are worked on at once
HOLD = 0.7  # of what was shown last stays, at most, where nothing moves
NOISE = 6.0  # levels by which pixels may differ from one frame to the next, and still stand still
FADE = 2.0  # levels by which their mean may
WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "finish" / "upscaler.safetensors"


def lanczos() -> Tensor:
    """Enlarging by FACTOR with a Lanczos window as one convolution, which makes the colours of all pixels that become
    of one, row by row: [FACTOR²·3, 3, 7, 7]."""
    reach = torch.arange(-LOBES, LOBES + 1, dtype=torch.float64)
    at = (torch.arange(FACTOR, dtype=torch.float64) + 0.5) / FACTOR - 0.5  # new pixels' centres, in old pixels
    away = reach[None] - at[:, None]  # FACTOR 7
    taps = torch.sinc(away) * torch.sinc(away / LOBES) * (away.abs() < LOBES)
    taps /= taps.sum(1, keepdim=True)
    both = torch.einsum("iy,jx->ijyx", taps, taps).flatten(0, 1)  # FACTOR² 7 7
    kernel = torch.einsum("pyx,cd->pcdyx", both, torch.eye(3, dtype=torch.float64))  # FACTOR² 3 3 7 7
    return kernel.flatten(0, 1).float()


def blurred(x: Tensor, side: int) -> Tensor:
    """The mean of the square of this side around each pixel, x [B, C, H, W]."""
    H, W = x.shape[-2:]  # sums of shifted pictures: many times faster than pooling
    padded = F.pad(x, [side // 2] * 4, mode="replicate")
    down = sum((padded[..., y : y + H, :] for y in range(1, side)), padded[..., :H, :])
    return sum((down[..., w : w + W] for w in range(1, side)), down[..., :W]) / side**2


class Upscaler(nn.Module):
    """`forward(x)`: pictures [B, 3, H, W] in 0..1 to [B, 3, FACTOR·H, FACTOR·W], which may go beyond 0..1. The kernels
    of its blocks are kept as matrices, and trained as those are."""

    base: Tensor

    def __init__(self, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.kernels = nn.ParameterList(torch.empty(width, width * 9) for _ in range(2 * blocks))
        self.biases = nn.ParameterList(torch.zeros(width) for _ in range(2 * blocks))
        self.last = nn.Linear(width, FACTOR**2 * TAPS)
        self.register_buffer("base", lanczos(), persistent=False)
        nn.init.kaiming_normal_(self.first.weight)
        for number, kernel in enumerate(self.kernels):  # a block adds little at first
            nn.init.normal_(kernel, std=(0.1 if number % 2 else 1.0) * (2 / (9 * width)) ** 0.5)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        B, _, H, W = x.shape
        rows = self.pixels(x).view(B, H, W, FACTOR, FACTOR, 3).transpose(2, 3)  # B H FACTOR W FACTOR 3
        return rows.reshape(B, FACTOR * H, FACTOR * W, 3).permute(0, 3, 1, 2)

    def pixels(self, x: Tensor) -> Tensor:
        """What each pixel of pictures [B, 3, H, W] becomes, row by row: [B·H·W, FACTOR², 3]."""
        B, _, H, W = x.shape
        x = x.contiguous(memory_format=torch.channels_last)
        mean = blurred(x, AROUND)
        detail = x - mean
        # Edges of all colours and strengths look alike to the network: it learns many times faster.
        strength = torch.sqrt(blurred((detail**2).mean(1, keepdim=True), AROUND) + FLAT**2)  # B 1 H W
        y = self.first(detail / strength)  # B C H W
        for number in range(0, len(self.kernels), 2):
            y = self.convolved(F.relu_(self.convolved(F.relu(y), number)), number + 1).add_(y)  # B C H W
        edged = F.pad(detail, [1] * 4, mode="replicate")
        taps = [edged[..., top : top + H, left : left + W] for top in range(3) for left in range(3)]
        taps.append(blurred(x, 5) - mean)  # to smooth with
        around = torch.stack([tap.permute(0, 2, 3, 1) for tap in taps], 3).view(B * H * W, TAPS, 3)
        plain = F.conv2d(F.pad(x, [LOBES] * 4, mode="replicate"), self.base).permute(0, 2, 3, 1)  # B H W FACTOR²·3
        told = F.relu_(y).permute(0, 2, 3, 1).reshape(B * H * W, -1)
        # Bit by bit: the kernels of all pixels would be many times what the processor holds near.
        parts = (part.split(PART) for part in (plain.reshape(B * H * W, FACTOR**2, 3), told, around))
        return torch.cat(
            [
                torch.baddbmm(base, self.last(seen).view(-1, FACTOR**2, TAPS), near)
                for base, seen, near in zip(*parts, strict=True)
            ]
        )

    @property
    def seen(self) -> int:
        """How far away what is given can change what is made, in pixels of the small picture."""
        return len(self.kernels) + 1 + 2 * (AROUND // 2)

    def convolved(self, x: Tensor, number: int) -> Tensor:
        """x [B, C, H, W] by the kernel of this number."""
        return F.conv2d(x, self.kernels[number].view(x.shape[1], -1, 3, 3), self.biases[number], padding=1)


def load(path: Path) -> Upscaler:
    """The network in a weight file, ready to use. Raises CheckpointError for a file that holds none."""
    state, _ = checkpoint.read(path)
    try:
        blocks = sum(name.startswith("kernels.") for name in state) // 2
        network = Upscaler(len(state["first.weight"]), blocks)
        network.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"weights: {path} does not hold an upscaler of this program ({error})") from None
    return network.eval().requires_grad_(False)


@cache
def upscaler() -> Upscaler:
    """The network that ships, read once."""
    return load(WEIGHTS)


def upscale(
    frames: Iterable[Frame], size: tuple[int, int], network: Upscaler | None = None, *, steady: bool = True
) -> Iterator[Frame]:
    """The frames at another size (width, height), one by one as they come, by the network that ships if none is given.

    What is more than FACTOR times a side is interpolated from there, what is less is averaged; frames that need not
    grow are only resized. `steady` takes the flicker out of what stands still. Raises ValueError for a size that is not
    1 or more pixels a side."""
    if min(size) < 1:
        raise ValueError(f"size must be (width, height) of 1 or more pixels, not {size}")
    return _upscaled(frames, size, network, Steady() if steady else None)


def _upscaled(
    frames: Iterable[Frame], size: tuple[int, int], network: Upscaler | None, steady: "Steady | None"
) -> Iterator[Frame]:
    def prepared() -> Iterator[Callable[[], Frame]]:
        for frame in frames:
            if size[0] <= frame.shape[1] and size[1] <= frame.shape[0]:
                yield partial(resized, frame, size)
            else:
                yield partial(_grown, network or upscaler(), frame if steady is None else steady(frame), size)

    return together(lambda work: work(), prepared())


def _grown(network: Upscaler, frame: npt.NDArray[np.float32] | Frame, size: tuple[int, int]) -> Frame:
    return resized(enlarged(network, frame), size)


class Steady:
    """Called with one frame [h, w, 3] of levels 0..255 after the other, gives them with what stands still averaged over
    time, so that noise that differs from frame to frame is not enlarged as if it were detail.

    A pixel stands still where its surroundings, of 5 by 5 pixels, differ from what was shown last by no more than noise
    does: little each, and next to nothing on average, which tells noise from slow fades."""

    def __init__(self) -> None:
        self.shown: npt.NDArray[np.float32] | None = None

    def __call__(self, frame: Frame) -> npt.NDArray[np.float32]:
        now = frame.astype(np.float32)
        if self.shown is not None and self.shown.shape == now.shape:
            off = now - self.shown
            each = cv2.blur(np.abs(off), (5, 5)).max(2) / NOISE
            mean = np.abs(cv2.blur(off, (5, 5))).max(2) / FADE
            still = HOLD * np.exp(-(each**2) - mean**2)  # h w
            now -= still[..., None] * off
        self.shown = now
        return now


def enlarged(network: Upscaler, frame: npt.NDArray[np.float32] | Frame) -> Frame:
    """A frame [h, w, 3] of sRGB levels 0..255, whole or not, FACTOR times as large a side. A large one is made in
    strips, each with as much above and below it as its pixels depend on: that takes less memory and shows no seam."""
    h, w = frame.shape[:2]
    seen = network.seen
    rows = max(seen, MOST // w)
    made = np.empty((FACTOR * h, FACTOR * w, 3), np.uint8)
    for top in range(0, h, rows):
        bottom = min(h, top + rows)
        first = max(0, top - seen)
        strip = _strip(network, frame[first : bottom + seen])
        made[FACTOR * top : FACTOR * bottom] = strip[FACTOR * (top - first) : FACTOR * (bottom - first)]
    return made


def _strip(network: Upscaler, strip: npt.NDArray[np.float32] | Frame) -> Frame:
    with torch.inference_mode():
        x = torch.from_numpy(np.ascontiguousarray(strip))[None].float() / 255  # 1 h w 3
        y = network.pixels(x.permute(0, 3, 1, 2)).flatten(1).numpy()  # h·w FACTOR²·3
    levels = cv2.multiply(y, (255.0,) * 4, dtype=cv2.CV_8U)  # rounded and cut off, and only then put into rows: faster
    h, w = strip.shape[:2]
    rows = levels.reshape(h, w, FACTOR, FACTOR * 3).transpose(0, 2, 1, 3)
    return np.asarray(rows.reshape(FACTOR * h, FACTOR * w, 3), np.uint8)


def resized(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame at another size: averaged over what becomes a pixel where it shrinks, cubic where it grows."""
    h, w = frame.shape[:2]
    if (w, h) == size:
        return frame
    if (size[0] < w) != (size[1] < h) and size[0] != w and size[1] != h:
        frame = resized(frame, (size[0], h))  # one way after the other: no filter is for both
        w = size[0]
    shrinks = size[0] < w or size[1] < h
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC), np.uint8)
