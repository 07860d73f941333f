"""Batches for the video network: parts of clips, or pictures, with pins, tracks, known groups and dropped text.

A clip of six groups costs six times a single group and shows the same place six times over. So a batch holds many
short parts of clips, or a few whole ones, or pictures: what things look like is learned from the first, what they do
from the second, and all share one network. Everything is drawn from the generator that is given.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vitascope.model import flow, patches
from vitascope.model.condition import REFERENCE_SECOND, Conditions, Known, Row, gather, group_seconds, paint
from vitascope.train.stream import Format, Ring, Sample, Source

PICTURE_SHARE = 0.12
NO_TEXT = 0.1
WITH_TRACKS = 0.5
PLANE_TRACKS = 0.5  # of the tracks of moving cameras: as users give them, on a flat world
CPU = torch.device("cpu")
PIN_SHARES = (0.5, 0.33, 0.12, 0.05)  # of clips with no, one, two and three pinned pictures
PART_SHARE = 0.2  # of the pins that are parts of pictures
REFERENCE_SHARE = 0.25  # of the pins that show who is to be seen, and no frame
PLAIN_TOLD = 0.6  # of the captions of clips with a reference that do not tell its colour
KNOWN_PICTURES = 0.3  # of the pictures with a reference, or of which a part is known
WEAK_SHARE = 0.1  # of the pins and runs of frames that are noised a little
CONTEXT_SHARE = 0.16  # of the whole clips that go on from frames that are known
LEAST_SEEN = 60  # pixels of a thing, to be a reference
AROUND = 6  # pixels about things that count as much as they do
REFINED = 1.2  # middle of the times for larger pictures, which begin from smaller ones and not from noise


@dataclass(frozen=True)
class Batch:
    """What one training step needs. Letters as in `Conditions`."""

    clean: Tensor  # B G n width
    noise: Tensor  # B G n width
    time: Tensor  # B G
    care: Tensor  # B G n width, how much each number counts in the loss
    conditions: Conditions
    num_samples: int
    num_tokens: int  # with what is known: what it costs
    clips_used: float  # of how many clips these parts are all


def whole_share(step: int) -> float:
    """How many of the clip batches hold whole clips: few at first, three quarters from step 3,000 on."""
    return 0.1 + 0.65 * min(1.0, step / 3000)


def thing_care(step: int) -> float:
    """How much more a pixel of a thing counts than one of ground or sky.

    Things cover a tenth of the picture, and form slowly if their pixels count as any. But the answer that is best so
    weighted is no longer the mean of what may be there: things come out smeared over all their likely places. So the
    difference is gone by step 1,500."""
    return 3.0 * min(1.0, max(0.0, (1500 - step) / 500))


def late_care(time: Tensor) -> Tensor:
    """How much more pixels in and around things count by the noise level [B, G]: where a thing is has been decided by
    t = 0.4, and what is left to learn of grounds is mostly grain that nobody could foretell."""
    return 4.0 * ((time - 0.3) / 0.3).clamp(0, 1)


def around(things: Tensor) -> Tensor:
    """Where things are [B, F, H, W], and what lies within AROUND pixels of them: both sides of an edge must count the
    same, or it is pulled to one of them and things get a halo."""
    side = 2 * AROUND + 1
    wide = F.max_pool2d(things.float(), (1, side), 1, (0, AROUND))  # one way, then the other: a sixth of the work
    return F.max_pool2d(wide, (side, 1), 1, (AROUND, 0)) > 0


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
    """A batch worth about `budget` groups of the main format, from the clips first…end of the ring, on a device.

    `untexted` [L, 384] are the states of the empty text, which stand in where the text is dropped."""
    rng = np.random.default_rng(seed)
    generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    kind, clips = _format(ring.source, first, end, rng)
    grid, whole = kind.grid, kind.num_groups
    main = ring.source.formats[0]
    larger = kind.num_patches > 1.5 * main.num_patches
    picture = rng.random() < PICTURE_SHARE
    num_groups = 1
    if not picture:
        draw = rng.random()
        share = whole_share(step) * (0.4 if larger else 1)
        num_groups = whole if draw < share else min(whole, 1 if draw < share + (1 - share) * 0.6 else 2)
    num_pins = num_context = 0
    if picture:
        num_pins = int(rng.random() < KNOWN_PICTURES)
    elif num_groups > 1:
        num_pins = int(rng.choice(len(PIN_SHARES), p=PIN_SHARES))
    if num_groups == whole > 2 and rng.random() < CONTEXT_SHARE:
        num_context = int(rng.integers(1, 1 + max(1, whole // 3)))
    side = rng.random()  # what is known comes before what is made, after it, or both
    num_before = num_context if side < 0.6 else 0 if side < 0.8 else int(rng.integers(num_context + 1))
    made = num_groups - num_context
    B = max(1, round(budget * main.num_patches / (kind.num_patches * (num_groups + num_pins))))
    indices = rng.choice(clips, B, replace=len(clips) < B)

    shown, rows, things = [], [], []
    for index in indices:
        sample = ring[int(index)]
        if sample.mirrored and rng.random() < 0.5:
            sample = _in_the_mirror(sample)
        painted = _painted(sample, grid, rng)
        if picture:
            frame = int(rng.integers(kind.num_frames))
            frames = slice(frame, frame + 1)
            seconds = torch.tensor([frame / kind.fps])
            known: list[int] = []
        else:
            start = int(rng.integers(whole - num_groups + 1)) * patches.GROUP
            first_made = start + num_before * patches.GROUP
            frames = slice(first_made, first_made + made * patches.GROUP)
            end_of_all = start + num_groups * patches.GROUP
            known = [*range(start, first_made, patches.GROUP), *range(frames.stop, end_of_all, patches.GROUP)]
            seconds = group_seconds(made, kind.fps, first_made / kind.fps)
        shown.append(sample.frames[frames])
        things.append(sample.things[frames])
        pins = _pins(sample, kind, frames, num_pins, painted, rng)
        context = []
        cleanness = _strength(rng, least=0.8)
        for at in known:
            run = sample.frames[at : at + patches.GROUP]
            middle = (at + (patches.GROUP - 1) / 2) / kind.fps
            context.append(Known(run, middle, painted[at : at + patches.GROUP], time=cleanness))
        usual = len(sample.texts) - sample.num_plain
        if sample.num_plain and any(pin.reference for pin in pins) and rng.random() < PLAIN_TOLD:
            said = usual + int(rng.integers(sample.num_plain))
        else:
            said = int(rng.integers(usual))
        text, words = sample.texts[said].astype(np.float32), sample.captions[said]
        if rng.random() < NO_TEXT:
            text, words = untexted.numpy(), ""
        rows.append(Row(text, painted[frames], seconds, pins, context, words))

    group = 1 if picture else patches.GROUP
    conditions = gather(rows, 0.0 if picture else 1 / kind.fps, grid, int(rng.integers(2**62))).to(device)
    clean = patches.to_patches(patches.to_float(torch.from_numpy(np.stack(shown)).to(device)), group)
    time = flow.times((B, 1), generator, REFINED if larger else 0.2).expand(B, made).clone()
    noise = torch.randn(clean.shape, generator=generator, device=device)
    near = around(torch.from_numpy(np.stack(things)).to(device)).float()[..., None].expand(-1, -1, -1, -1, 3)
    care = 1 + (thing_care(step) + late_care(time))[..., None, None] * patches.to_patches(near, group)
    tokens = B * (num_groups + num_pins) * kind.num_patches
    used = B * (num_groups + num_pins) / whole
    return Batch(clean, noise, time, care, conditions, B, tokens, used)


def _format(source: Source, first: int, end: int, rng: np.random.Generator) -> tuple[Format, list[int]]:
    """The format of a batch, by its share of the steps, and the clips from first to end that have it."""
    by_format: dict[int, list[int]] = defaultdict(list)
    for index in range(first, end):
        by_format[source.format(index)].append(index)
    there = sorted(by_format)
    share = np.array([source.formats[kind].share for kind in there])
    chosen = there[int(rng.choice(len(there), p=share / share.sum()))]
    return source.formats[chosen], by_format[chosen]


def _strength(rng: np.random.Generator, least: float = 0.5) -> float:
    """How clean a known group is: mostly all, else noised a little."""
    return flow.time_of_share(float(rng.uniform(least, 1))) if rng.random() < WEAK_SHARE else 1.0


def _pins(
    sample: Sample, kind: Format, frames: slice, count: int, painted: np.ndarray, rng: np.random.Generator
) -> list[Known]:
    """So many pinned pictures of a clip, of which one may be a reference. A picture that is made by itself has no other
    than itself, of which a part is known."""
    picture = frames.stop - frames.start == 1
    pins = []
    seen = sample.things.sum((1, 2))
    if count and seen.max() >= LEAST_SEEN and rng.random() < (0.5 if picture else REFERENCE_SHARE):
        clear = int(rng.choice(np.flatnonzero(seen >= LEAST_SEEN)))
        alone = cut_out(sample.frames[clear], sample.things[clear], rng)
        pins.append(Known(alone, REFERENCE_SECOND, time=_strength(rng), reference=True))
    others = count - len(pins)
    for frame in [frames.start] * others if picture else _pinned_frames(kind.num_frames, others, rng):
        part = _part(kind.size, rng) if picture or rng.random() < PART_SHARE else None
        pins.append(Known(sample.frames[frame], frame / kind.fps, painted[frame], part, _strength(rng)))
    return pins


def cut_out(frame: np.ndarray, things: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A thing of a frame [H, W, 3] by itself, as users show what is to be seen: as large as the picture, mostly on a
    plain colour, else with what is close about it. `things` [H, W] says where it is."""
    high, wide = things.shape
    down, across = (np.flatnonzero(things.any(axis)) for axis in (1, 0))
    tall, broad = down[-1] - down[0] + 1, across[-1] - across[0] + 1
    part = 2 * max(tall, broad * high / wide) * rng.uniform(0.55, 1.0) / high  # of the picture that is looked at
    middle = (across[0] + across[-1] + 1) / wide - 1, (down[0] + down[-1] + 1) / high - 1  # -1…1
    looked_at = torch.tensor([[[part, 0, middle[0]], [0, part, middle[1]]]], dtype=torch.float32)
    both = np.concatenate((frame.astype(np.float32), things[..., None].astype(np.float32)), -1)  # H W 4
    place = F.affine_grid(looked_at, [1, 4, high, wide], align_corners=False)
    seen = F.grid_sample(
        torch.from_numpy(both).permute(2, 0, 1)[None], place, padding_mode="border", align_corners=False
    )
    both = seen[0].permute(1, 2, 0).numpy()
    view, shown = both[..., :3], both[..., 3:]
    if rng.random() < 0.3:
        return np.round(view).astype(np.uint8)
    ground = rng.uniform(0, 255, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0, 255))
    return np.round(view * shown + ground * (1 - shown)).astype(np.uint8)


def _part(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A mask [H, W] of what a pin shows of a picture: a rectangle, or in a third of the cases all but one."""
    shown = np.zeros((size[1], size[0]), np.float32)
    wide, high = (max(2, round(side * rng.uniform(0.25, 0.8))) for side in size)
    left, top = int(rng.integers(size[0] - wide + 1)), int(rng.integers(size[1] - high + 1))
    shown[top : top + high, left : left + wide] = 1
    return 1 - shown if rng.random() < 1 / 3 else shown


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
    frames = np.ascontiguousarray(sample.frames[:, :, ::-1])
    things = np.ascontiguousarray(sample.things[:, :, ::-1])
    turn = np.array([-1, 1], np.float32)
    points = sample.points * turn + (1, 0)
    camera = None if sample.camera is None else (sample.camera[0] * turn + (1, 0), sample.camera[1])
    return replace(
        sample,
        frames=frames,
        points=points.astype(np.float32),
        things=things,
        texts=sample.mirrored,
        mirrored=sample.texts,
        camera=None if camera is None else (camera[0].astype(np.float32), camera[1]),
    )


def _painted(sample: Sample, grid: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The tracks of a clip, thinned to a random number or dropped, as a map [F, n, 16]. Those of a moving camera are in
    half of the cases what its move would do to a flat world, as users give them."""
    points, visible = sample.points, sample.visible
    if rng.random() >= WITH_TRACKS:
        return paint(points[:0], visible[:0], grid, rng)
    if sample.camera is not None and rng.random() < PLANE_TRACKS:
        points, visible = sample.camera
        if rng.random() < 0.5:  # all of them, as the command line gives them
            return paint(points, visible, grid, rng)
    count = int(np.exp(rng.uniform(0, np.log(len(points) + 1))))  # few tracks as often as many
    chosen = rng.permutation(len(points))[:count]
    return paint(points[chosen], visible[chosen], grid, rng)
