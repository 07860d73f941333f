"""A Shot as the network sees it: text states, pinned pictures as clean groups, painted tracks, and times in seconds.

The same `Conditions` are built in training and in generation. Letters: B batch, G groups, P pins, n patches of a
group, L text tokens, K tracks, F frames, h w the patch grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vitascope.model import patches
from vitascope.model.text import encoder, pad
from vitascope.shot.media import read_picture
from vitascope.shot.shot import Shot, track_arrays

TRACK_IDENTITY = 13  # random numbers that tell one track from another
TRACK_WIDTH = TRACK_IDENTITY + 3  # … and where in the patch it is (x, y), and whether any track is there

Picture = npt.NDArray[np.uint8]  # H W 3


@dataclass(frozen=True)
class Conditions:
    """All that is known about the clips of a batch, as tensors on one device; `None` where nothing is known."""

    text: Tensor  # B L 384
    text_real: Tensor  # B L, True where a token is not padding
    seconds: Tensor  # B G, the middle of each group
    interval: Tensor  # B, seconds from frame to frame; 0 for pictures
    grid: tuple[int, int]  # h, w
    tracks: Tensor | None = None  # B G n width·(frames of a group)
    pins: Tensor | None = None  # B P n 768, clean patches
    pin_seconds: Tensor | None = None  # B P
    pin_tracks: Tensor | None = None  # B P n width

    def to(self, device: torch.device) -> "Conditions":
        """The same on another device."""
        moved: dict[str, Any] = {
            name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return replace(self, **moved)


class Row(NamedTuple):
    """What is known about one clip of a batch."""

    text: npt.NDArray[np.float32]  # L 384
    tracks: npt.NDArray[np.float32]  # F n 16, painted, of the frames being made
    seconds: Tensor  # G
    pins: Sequence[tuple[Picture, float, npt.NDArray[np.float32]]] = ()  # picture, second, tracks there [n, 16]


def gather(rows: Sequence[Row], interval: float, grid: tuple[int, int]) -> Conditions:
    """The conditions of a batch: rows of equally many groups and pins. An interval of 0 means pictures."""
    states, real = pad([row.text for row in rows])
    pinned = bool(rows[0].pins)
    return Conditions(
        text=torch.from_numpy(states),
        text_real=torch.from_numpy(real),
        seconds=torch.stack([row.seconds for row in rows]),
        interval=torch.full((len(rows),), interval),
        grid=grid,
        tracks=torch.stack([group_tracks(row.tracks) if interval else torch.from_numpy(row.tracks) for row in rows]),
        pins=torch.stack([still_patches(np.stack([pin[0] for pin in row.pins])) for row in rows]) if pinned else None,
        pin_seconds=torch.tensor([[pin[1] for pin in row.pins] for row in rows]) if pinned else None,
        pin_tracks=torch.from_numpy(np.stack([[pin[2] for pin in row.pins] for row in rows])) if pinned else None,
    )


def condition(shots: Sequence[Shot], num_groups: int) -> tuple[Conditions, Conditions]:
    """Shots of one size and length as the network sees them [B], and both these and the same with their negative text
    instead, which guidance leads away from [2 B]. Sizes are the network's own; media are carried by the Shots."""
    first = shots[0]
    grid = first.size[1] // patches.PATCH, first.size[0] // patches.PATCH
    film = first.num_frames > 1
    num_frames = num_groups * patches.GROUP if film else 1
    seconds = group_seconds(num_groups, first.fps) if film else torch.zeros(1)
    rows = []
    for shot in shots:
        points, visible = track_arrays(shot.tracks, num_frames, shot.fps)
        painted = paint(points, visible, grid, np.random.default_rng([shot.seed, 1]))
        pins = []
        for pin in shot.pins:
            frame = min(num_frames - 1, round(pin.time * shot.fps))
            pins.append((fit(read_picture(pin.media.data or b""), shot.size), frame / shot.fps, painted[frame]))
        rows.append(Row(encoder()(shot.text), painted, seconds, pins))
    interval = 1 / first.fps if film else 0.0
    negative = [row._replace(text=encoder()(shot.negative)) for row, shot in zip(rows, shots, strict=True)]
    return gather(rows, interval, grid), gather(rows + negative, interval, grid)


def fit(picture: Picture, size: tuple[int, int]) -> Picture:
    """A picture [H, W, 3] scaled to fill a size; what hangs over is cut off evenly."""
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.fit(Image.fromarray(picture), size, Image.Resampling.LANCZOS))


def group_seconds(num_groups: int, fps: float, start: float = 0.0) -> Tensor:
    """The middle of each moving group in seconds, [G]: frame i of the window is at start + i / fps."""
    middle = torch.arange(num_groups) * patches.GROUP + (patches.GROUP - 1) / 2
    return start + middle / fps


def paint(
    points: npt.NDArray[np.float32],
    visible: npt.NDArray[np.bool_],
    grid: tuple[int, int],
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Tracks as a map: points [K, F, 2] in 0…1 and visible [K, F] to [F, n, 16].

    Each track gets a random identity; it is laid down in every patch that the track visits while it is visible
    (Motion Prompting, arXiv 2412.02700), with the place inside the patch in -1…1. Tracks that share a patch are
    averaged.
    """
    h, w = grid
    num_tracks, num_frames = visible.shape
    out = np.zeros((num_frames, h * w, TRACK_WIDTH), dtype=np.float32)
    if num_tracks == 0:
        return out
    identity = rng.standard_normal((num_tracks, TRACK_IDENTITY)).astype(np.float32)
    place = points * np.array([w, h], dtype=np.float32)  # K F 2, in patches
    inside = visible & (place >= 0).all(-1) & (place[..., 0] < w) & (place[..., 1] < h)  # K F
    track, frame = np.nonzero(inside)
    at = place[track, frame]  # M 2
    cell = np.floor(at).astype(np.int64)
    index = cell[:, 1] * w + cell[:, 0]
    mark = np.concatenate((identity[track], (at - cell) * 2 - 1, np.ones((len(track), 1), np.float32)), 1)  # M 16
    np.add.at(out, (frame, index), mark)
    count = np.maximum(out[..., -1:], 1)
    out[..., :-1] /= count
    out[..., -1] = np.minimum(out[..., -1], 1)
    return out


def group_tracks(painted: npt.NDArray[np.float32]) -> Tensor:
    """A painted map [F, n, 16] as the groups see it, [G, n, 4·16]."""
    F, n, width = painted.shape
    x = painted.reshape(F // patches.GROUP, patches.GROUP, n, width).transpose(0, 2, 1, 3)
    return torch.from_numpy(np.ascontiguousarray(x.reshape(F // patches.GROUP, n, patches.GROUP * width)))


def still_patches(pictures: npt.NDArray[np.uint8]) -> Tensor:
    """Pictures [P, H, W, 3] as clean groups [P, n, 768]."""
    return patches.to_patches(patches.to_float(pictures)[None], 1)[0]
