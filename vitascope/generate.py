"""Shot in, Clip out: the one road from what is asked to what is made. `make` is its architecture, read from the top."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vitascope.model import checkpoint, flow, patches
from vitascope.model.checkpoint import Card
from vitascope.model.condition import Conditions, group_seconds, group_tracks, paint, still_patches, text_states
from vitascope.model.dit import DiT
from vitascope.model.text import encoder
from vitascope.shot.clip import Clip
from vitascope.shot.media import read_picture
from vitascope.shot.shot import Shot, track_arrays

STEPS = 24
GUIDANCE = 3.0
WEIGHTS = Path(__file__).resolve().parent / "weights"

Frames = npt.NDArray[np.uint8]  # T H W 3
Progress = Callable[[str, int, int], None]


class Refused(ValueError):
    """A Shot that is well formed, but asks for what this model cannot make."""


@dataclass(frozen=True)
class Engine:
    """A trained network and what its weight file says of it."""

    name: str
    network: DiT
    card: Card


def _grid(size: tuple[int, int]) -> tuple[int, int]:
    return size[1] // patches.PATCH, size[0] // patches.PATCH


def draw(
    network: DiT,
    shots: Sequence[Shot],
    progress: Callable[[int, int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Frames:
    """The frames of several shots of one size and length, made together: [B, T, H, W, 3]."""
    first = shots[0]
    grid = _grid(first.size)
    moving = first.num_frames > 1
    num_groups = -(-first.num_frames // patches.GROUP) if moving else 1
    width = patches.MOVING_WIDTH if moving else patches.STILL_WIDTH
    noise = torch.stack([_noise(shot.seed, (num_groups, grid[0] * grid[1], width)) for shot in shots])  # B G n width
    conditions = condition(shots, num_groups)
    guidance = GUIDANCE if first.guidance is None else first.guidance
    with torch.inference_mode():
        clean = flow.sample(
            flow.guided(_answers(network, conditions[0]), _answers(network, conditions[1]), guidance),
            noise,
            flow.schedule(first.steps or STEPS),
            progress=progress,
            cancel=cancel,
        )
    frames = patches.to_bytes(patches.to_frames(clean, grid))[:, : first.num_frames]
    return frames


def _noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _answers(network: DiT, conditions: Conditions) -> flow.Network:
    """The network as the sampler sees it: conditions fixed, input scaled to unit variance."""
    return lambda z, time: network(flow.scaled(z, time), time, conditions)


def condition(shots: Sequence[Shot], num_groups: int) -> tuple[Conditions, Conditions]:
    """The shots' Conditions with their text, and the same with the negative text, which guidance leads away from."""
    first = shots[0]
    grid = _grid(first.size)
    moving = first.num_frames > 1
    num_frames = num_groups * patches.GROUP if moving else 1
    seconds = group_seconds(num_groups, first.fps) if moving else torch.zeros(1)
    maps = []
    for shot in shots:
        points, visible = track_arrays(shot.tracks, num_frames, shot.fps)
        maps.append(paint(points, visible, grid, np.random.default_rng([shot.seed, 1])))
    known = [[(pin, read_picture(pin.media.data or b"")) for pin in shot.pins] for shot in shots]
    num_pins = len(known[0])
    pins = pin_seconds = pin_tracks = None
    if num_pins:
        pins = torch.stack([still_patches(np.stack([fit(picture, first.size) for _, picture in row])) for row in known])
        pin_seconds = torch.tensor([[pin.time for pin, _ in row] for row in known])
        at = [[min(num_frames - 1, round(pin.time * first.fps)) for pin, _ in row] for row in known]
        pin_tracks = torch.stack([torch.from_numpy(painted[frames]) for painted, frames in zip(maps, at, strict=True)])

    def with_texts(texts: list[str]) -> Conditions:
        states, real = text_states(texts, encoder())
        return Conditions(
            text=states,
            text_real=real,
            seconds=seconds.expand(len(shots), num_groups),
            interval=torch.full((len(shots),), 1 / first.fps if moving else 0.0),
            grid=grid,
            tracks=torch.stack([group_tracks(one) if moving else torch.from_numpy(one) for one in maps]),
            pins=pins,
            pin_seconds=pin_seconds,
            pin_tracks=pin_tracks,
        )

    return with_texts([shot.text for shot in shots]), with_texts([shot.negative for shot in shots])


def fit(picture: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A picture scaled to fill a size, what hangs over cut off evenly: [H, W, 3]."""
    from PIL import Image, ImageOps

    fitted = ImageOps.fit(Image.fromarray(picture), size, Image.Resampling.LANCZOS)
    return np.asarray(fitted)


def sheet(clips: Frames, texts: Sequence[str], columns: int = 6) -> npt.NDArray[np.uint8]:
    """Clips [B, T, H, W, 3] as a picture: a row each, its text above, frames evenly in time."""
    from PIL import Image, ImageDraw

    B, T, H, W, _ = clips.shape
    line = 14
    page = Image.new("RGB", (columns * W, B * (H + line)), (18, 18, 20))
    pen = ImageDraw.Draw(page)
    chosen = np.linspace(0, T - 1, min(columns, T)).round().astype(int)
    for row, (clip, text) in enumerate(zip(clips, texts, strict=True)):
        pen.text((4, row * (H + line) + 1), text, fill=(230, 230, 230))
        for column, frame in enumerate(chosen):
            page.paste(Image.fromarray(clip[frame]), (column * W, row * (H + line) + line))
    return np.asarray(page)
