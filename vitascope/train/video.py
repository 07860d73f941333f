"""Batches for the video network: parts of clips, or pictures, with pins, tracks, known groups and dropped text.

A clip of six groups costs six times a single group and shows the same place six times over. So a batch holds many
short parts of clips, or a few whole ones, or pictures: what things look like is learned from the first, what they do
from the second, and all share one network. Everything is drawn from the generator that is given.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vitascope.model import flow, patches
from vitascope.model.condition import Conditions, Row, gather, group_seconds, paint
from vitascope.train.stream import Ring, Sample

PICTURE_SHARE = 0.12
NO_TEXT = 0.1
WITH_TRACKS = 0.4
CPU = torch.device("cpu")
PIN_SHARES = (0.5, 0.33, 0.12, 0.05)  # of clips with no, one, two and three pinned pictures


@dataclass(frozen=True)
class Batch:
    """What one training step needs. Letters as in `Conditions`."""

    clean: Tensor  # B G n width
    noise: Tensor  # B G n width
    time: Tensor  # B G
    care: Tensor | None  # B G n width, how much each number counts in the loss; None: all the same
    conditions: Conditions
    num_samples: int
    num_groups: int  # tokens of this batch in groups, pins included: what it costs


def whole_share(step: int) -> float:
    """How many of the clip batches hold whole clips: few at first, three quarters from step 3,000 on."""
    return 0.1 + 0.65 * min(1.0, step / 3000)


def thing_care(step: int) -> float:
    """How much more a pixel of a thing counts than one of ground or sky.

    Things cover a tenth of the picture, and form slowly if their pixels count as any. But the answer that is best so
    weighted is no longer the mean of what may be there: things come out smeared over all their likely places. So the
    difference is gone by step 1,500."""
    return 3.0 * min(1.0, max(0.0, (1500 - step) / 500))


def batch(
    ring: Ring,
    first: int,
    end: int,
    budget: int,
    step: int,
    seed: tuple[int, ...],
    untexted: Tensor,
    device: torch.device = CPU,
) -> Batch:
    """A batch worth about `budget` groups, from the clips first…end of the ring, on a device.

    `untexted` [L, 384] are the states of the empty text, which stand in where the text is dropped."""
    rng = np.random.default_rng(seed)
    generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    source = ring.source
    whole = source.num_frames // patches.GROUP
    picture = rng.random() < PICTURE_SHARE
    num_groups = 1
    if not picture:
        draw = rng.random()
        share = whole_share(step)
        num_groups = whole if draw < share else (1 if draw < share + (1 - share) * 0.6 else 2)
    num_pins = 0
    if not picture and num_groups > 1:
        num_pins = int(rng.choice(len(PIN_SHARES), p=PIN_SHARES))
    B = max(1, round(budget / (num_groups + num_pins)))
    if end - first >= B:
        indices = first + rng.choice(end - first, B, replace=False)
    else:
        indices = rng.integers(first, end, B)

    grid = source.size[1] // patches.PATCH, source.size[0] // patches.PATCH
    shown, rows, things = [], [], []
    for index in indices:
        sample = ring[int(index)]
        if sample.mirrored and rng.random() < 0.5:
            sample = _in_the_mirror(sample)
        text = sample.texts[rng.integers(len(sample.texts))].astype(np.float32)
        painted = _painted(sample.points, sample.visible, grid, rng)
        if picture:
            frame = int(rng.integers(source.num_frames))
            frames = slice(frame, frame + 1)
            seconds = torch.tensor([frame / source.fps])
        else:
            start = int(rng.integers(whole - num_groups + 1))
            frames = slice(start * patches.GROUP, (start + num_groups) * patches.GROUP)
            seconds = group_seconds(num_groups, source.fps, frames.start / source.fps)
        shown.append(sample.frames[frames])
        things.append(sample.things[frames])
        pins = []
        for frame in _pinned_frames(source.num_frames, num_pins, rng):
            pins.append((sample.frames[frame], frame / source.fps, painted[frame]))
        text = untexted.numpy() if rng.random() < NO_TEXT else text
        rows.append(Row(text, painted[frames], seconds, pins))

    group = 1 if picture else patches.GROUP
    conditions = gather(rows, 0.0 if picture else 1 / source.fps, grid).to(device)
    clean = patches.to_patches(patches.to_float(torch.from_numpy(np.stack(shown)).to(device)), group)
    time = flow.times((B, 1), generator).expand(B, num_groups).clone()
    if num_groups == whole:  # a sixth of the whole clips go on from two groups that are known
        time[torch.rand(B, generator=generator, device=device) < 0.16, :2] = 1.0
    noise = torch.randn(clean.shape, generator=generator, device=device)
    care = None
    if (more := thing_care(step)) > 0:
        seen = torch.from_numpy(np.stack(things)).to(device).float()[..., None].expand(-1, -1, -1, -1, 3)
        care = 1 + more * patches.to_patches(seen, group)
    return Batch(clean, noise, time, care, conditions, B, B * (num_groups + num_pins))


def _pinned_frames(num_frames: int, count: int, rng: np.random.Generator) -> list[int]:
    """One is mostly the first frame, as users pin it, else the last or any; two are mostly the first and the last;
    others are any."""
    draw = rng.random()
    if count == 1:
        return [0 if draw < 0.75 else num_frames - 1 if draw < 0.87 else int(rng.integers(num_frames))]
    if count == 2 and draw < 0.75:
        return [0, num_frames - 1]
    return [int(frame) for frame in np.sort(rng.choice(num_frames, count, replace=False))]


def _in_the_mirror(sample: Sample) -> Sample:
    """A clip with left and right changed, in the picture as in the words."""
    points = sample.points.copy()
    points[..., 0] = 1 - points[..., 0]
    frames = np.ascontiguousarray(sample.frames[:, :, ::-1])
    things = np.ascontiguousarray(sample.things[:, :, ::-1])
    return replace(sample, frames=frames, points=points, things=things, texts=sample.mirrored, mirrored=sample.texts)


def _painted(points: np.ndarray, visible: np.ndarray, grid: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The tracks of a clip, thinned to a random number or dropped, as a map [F, n, 16]."""
    if rng.random() >= WITH_TRACKS:
        return paint(points[:0], visible[:0], grid, rng)
    count = int(np.exp(rng.uniform(0, np.log(len(points) + 1))))  # few tracks as often as many
    chosen = rng.permutation(len(points))[:count]
    return paint(points[chosen], visible[chosen], grid, rng)
