"""Shot in, Clip out: the one road from what is asked to what is made. `make` is its architecture, read from the top."""

import functools
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vitascope.model import checkpoint, flow, patches
from vitascope.model.checkpoint import Card
from vitascope.model.condition import Conditions, condition, fit
from vitascope.model.dit import DiT
from vitascope.model.vocabulary import strangers
from vitascope.shot.clip import Clip
from vitascope.shot.media import read_picture
from vitascope.shot.shot import Pin, Shot

STEPS = 24
GUIDANCE = 3.0
MAX_PIXELS = 1920 * 1088  # beyond the network's own size, frames are only scaled
WEIGHTS = Path(__file__).resolve().parent / "weights"

Frames = npt.NDArray[np.uint8]  # T H W 3
Progress = Callable[[str, int, int], None]  # stage, done, of how many


class Refused(ValueError):
    """A Shot that is well formed, but asks for what this model cannot make."""


@dataclass(frozen=True)
class Engine:
    """A trained network and what its weight file says of it."""

    network: DiT
    card: Card


def make(
    shot: Shot | str,
    path: str | Path | None = None,
    *,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
    **fields: Any,
) -> Clip:
    """Make what the Shot asks for, and write it to `path` (.mp4, or .png for a Shot of one frame) if there is one.

    Words in place of a Shot become one, with `fields` (seconds, size, seed, ...) put over its defaults; a Shot's own
    fields are changed by them. `progress(stage, done, total)` is told of the stages load, sample, finish and write.
    When `cancel()` turns true the work stops between two steps with `flow.Cancelled`. Raises ShotError for fields that
    cannot be, Refused for what this model cannot make, CheckpointError for damaged weights and MediaError for files
    that cannot be read or written; nothing half-written is left.
    """
    report = progress or (lambda stage, done, total: None)
    shot = Shot.checked(text=shot, **fields) if isinstance(shot, str) else shot.with_(**fields)
    report("load", 0, 1)
    made_by = engine(shot.model)
    refuse(shot, made_by.card)
    report("sample", 0, shot.steps or STEPS)
    frames = draw(made_by.network, [inner(shot, made_by.card)], partial(report, "sample"), cancel)[0]
    report("finish", 0, 1)
    clip = Clip.from_array(finish(frames, shot, made_by.card), shot.fps, shot)
    if path is not None:
        report("write", 0, 1)
        clip.save(path)
    report("done", 1, 1)
    return clip


@dataclass(frozen=True)
class Plan:
    """What making a Shot will take."""

    tokens: int  # in one call of the network, pins included
    calls: int  # of the network, each with and without the words
    parameters: int
    seconds: float  # of sampling, by the time that one call took here and now
    memory: int  # bytes at most, beside what the program itself takes


def plan(shot: Shot) -> Plan:
    """What making this Shot will take, from one call of the network on noise. Raises as `make` does."""
    made_by = engine(shot.model)
    refuse(shot, made_by.card)
    wanted = inner(shot, made_by.card).with_(steps=1)
    groups = -(-wanted.num_frames // patches.GROUP) + len(wanted.pins)
    tokens = groups * (wanted.size[0] // patches.PATCH) * (wanted.size[1] // patches.PATCH)
    draw(made_by.network, [wanted])  # the first call also prepares what later ones find ready
    start = time.perf_counter()
    draw(made_by.network, [wanted])
    took = time.perf_counter() - start
    params = made_by.network.params
    parameters = sum(p.numel() for p in made_by.network.parameters())
    # Weights; twice (with and without words) the attention's scores and some widths a token; frames, scaled ones too.
    inside = 4 * parameters + 8 * (2 * params.heads * tokens**2 + tokens * (8 * params.width + 2 * params.hidden))
    outside = 3 * shot.num_frames * shot.size[0] * shot.size[1] + 15 * wanted.num_frames * math.prod(wanted.size)
    calls = shot.steps or STEPS
    return Plan(tokens, calls, parameters, took * calls, inside + outside)


def unknown_words(shot: Shot) -> dict[str, str]:
    """The words of a Shot's text that the model has never read, each with the word it knows that means most like it."""
    return strangers(shot.text, engine(shot.model).card.words)


def engine(name: str) -> Engine:
    """The engine of a name: `weights/<name>.safetensors` in the package, or in the folder VITASCOPE_WEIGHTS."""
    folders = [Path(given)] if (given := os.environ.get("VITASCOPE_WEIGHTS")) else []
    for folder in (*folders, WEIGHTS):
        path = folder / f"{name}.safetensors"
        if path.parent == folder and path.is_file():
            return _loaded(path, path.stat().st_mtime_ns)
    known = sorted(path.stem for folder in (*folders, WEIGHTS) for path in folder.glob("*.safetensors"))
    raise Refused(f"model: {name!r} was given, there are {', '.join(known) or 'none'}")


@functools.lru_cache(maxsize=2)
def _loaded(path: Path, changed: int) -> Engine:
    return Engine(*checkpoint.load(path))


def refuse(shot: Shot, card: Card) -> None:
    """Raise Refused, naming the field, for what the network of this card cannot make."""
    for field, problem in (*_problems(shot, card), *(found for pin in shot.pins for found in _pin_problems(pin))):
        if problem:
            raise Refused(f"{field}: {problem}")


def _problems(shot: Shot, card: Card) -> list[tuple[str, str | bool]]:
    """Fields, and what is wrong with each or False."""
    (width, height), (wide, high) = card.size, shot.size
    whole = card.num_frames / card.fps
    rates = [card.fps / part for part in range(1, round(card.fps) + 1) if card.fps % part == 0]
    scale = max(wide / width, high / height)
    near = "x".join(str(max(2, 2 * round(side * scale / 2))) for side in card.size)
    film = shot.num_frames > 1
    other_shape = abs(math.log(wide * height / (high * width))) > 0.06
    other_rate = film and not any(abs(shot.fps - rate) < 1e-6 for rate in rates)
    return [
        ("size", other_shape and f"{wide}x{high} was given; this model makes {width}:{height}, the nearest is {near}"),
        ("size", wide * high > MAX_PIXELS and f"{wide}x{high} was given; at most {MAX_PIXELS} pixels can be made yet"),
        ("size", film and bool(wide % 2 or high % 2) and f"{wide}x{high} was given; films have even sides, say {near}"),
        ("seconds", shot.seconds > whole + 1e-6 and f"{shot.seconds:g} was given; this model makes up to {whole:g}"),
        ("fps", other_rate and f"{shot.fps:g} was given; this model makes {', '.join(f'{rate:g}' for rate in rates)}"),
        ("sound", shot.sound is not None and "sound cannot be made yet"),
        ("cues", bool(shot.cues) and "cues cannot be made heard yet"),
        ("spans", bool(shot.spans) and "timed directions cannot be followed yet; put everything into text"),
        ("pins", len(shot.pins) > card.pins and f"{len(shot.pins)} were given; this model takes up to {card.pins}"),
    ]


def _pin_problems(pin: Pin) -> list[tuple[str, str | bool]]:
    media = pin.media
    return [
        ("pins.role", pin.role != "frame" and f"{pin.role!r} was given; only 'frame' can be pinned yet"),
        ("pins.region", (pin.region or pin.mask) is not None and "only whole pictures can be pinned yet"),
        ("pins.strength", pin.strength < 1 and f"{pin.strength:g} was given; only 1 (exact) can be made yet"),
        ("pins.time", pin.time < 0 and f"{pin.time:g} was given; frames before the shot cannot be pinned yet"),
        ("pins.media", media.kind != "picture" and f"a {media.kind} was given; only pictures are taken yet"),
        ("pins.media", media.data is None and f"the picture {media.sha256[:12]}… is named but not carried"),
    ]


def inner(shot: Shot, card: Card) -> Shot:
    """The Shot as the network makes it: at its own size and rate."""
    return shot.with_(size=card.size, fps=card.fps, seconds=shot.seconds if shot.num_frames > 1 else 1 / card.fps)


def finish(frames: Frames, shot: Shot, card: Card) -> Frames:
    """The network's frames at the Shot's rate and size, with pinned pictures put back exactly."""
    if shot.num_frames > 1:
        frames = frames[:: round(card.fps / shot.fps)][: shot.num_frames]
    if shot.size != card.size:
        frames = np.stack([_scaled(frame, shot.size) for frame in frames])
    for pin in shot.pins:
        at = min(len(frames) - 1, round(pin.time * shot.fps))
        frames[at] = fit(read_picture(pin.media.data or b""), shot.size)
    return frames


def _scaled(frame: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


def draw(
    network: DiT,
    shots: Sequence[Shot],
    progress: Callable[[int, int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Frames:
    """The frames of several shots of one size and length, made together: [B, T, H, W, 3]."""
    first = shots[0]
    grid = first.size[1] // patches.PATCH, first.size[0] // patches.PATCH
    moving = first.num_frames > 1
    num_groups = -(-first.num_frames // patches.GROUP) if moving else 1
    width = patches.MOVING_WIDTH if moving else patches.STILL_WIDTH
    noise = torch.stack([_noise(shot.seed, (num_groups, grid[0] * grid[1], width)) for shot in shots])  # B G n width
    device = next(network.parameters()).device
    known, both = (conditions.to(device) for conditions in condition(shots, num_groups))
    guidance = GUIDANCE if first.guidance is None else first.guidance
    with torch.inference_mode():
        clean = flow.sample(
            flow.guided(_answers(network, known), _both(network, both), guidance),
            noise.to(device),
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


def _both(network: DiT, conditions: Conditions) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Its answers with the words and without, made in one call of twice the batch."""

    def answer(z: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        x = network(flow.scaled(z, time).repeat(2, 1, 1, 1), time.repeat(2, 1), conditions)
        with_words, without = x.chunk(2)
        return with_words, without

    return answer
