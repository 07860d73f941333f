"""How the critic learns, from true renders of the world alone.

`python -m vitascope.evaluate.lessons --out critic.safetensors` renders the lessons, trains the network, tests it on
scenes that it has not seen and writes the weight file that ships. First the trunks learn what needs no close look, then
the close look, then what answers by both. Letters: B lessons, S shown frames, T read frames, H W pixels, h w cells.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitascope.evaluate.critic import (
    ANSWERS,
    CELL,
    FPS,
    NUM_READ,
    PAIR,
    PAIRED,
    SIZE,
    WEIGHTS,
    Critic,
    CriticError,
    as_input,
    boxes,
    centred,
    cut_out,
    load,
    pair_of,
    read,
)
from vitascope.evaluate.renders import SEED, SHARD, TEST_SEED, Lessons, gather, numbers
from vitascope.model import checkpoint
from vitascope.model.checkpoint import Card, CheckpointError

BATCH, SHOWN = 40, 3
WEIGHTS_OF = {"shape": 2.0, "other shape": 0.5, "other colour": 0.5}
NAMES = tuple(ANSWERS)
_MIRRORED = {"left": "right", "right": "left"}
_REVERSED = {"left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in"}


@dataclass
class Lot:
    """Some lessons as the network takes them: x [B, S, 3, H, W] in 0..1, masks [B, S, 2, h, w] in 0..1, answers."""

    x: Tensor
    masks: Tensor
    answers: Tensor


def lot_of(
    taught: Lessons, rows: npt.NDArray[np.int64], times: npt.NDArray[np.int64], moved: tuple[int, int] = (0, 0)
) -> Lot:
    """These lessons [B] at these read frames [B, S], all moved by so many cells across and down."""
    across, down = moved
    frames = _shift(taught.frames[rows[:, None], times], CELL * across, CELL * down)
    masks = _shift(taught.masks[rows[:, None], times], across, down)
    shares = torch.from_numpy(masks).permute(0, 1, 4, 2, 3).float() / 255
    return Lot(as_input(frames), shares, torch.from_numpy(taught.answers[rows]))


def _swaps(name: str, words: dict[str, str]) -> Tensor:
    """For each answer of an attribute the one that it becomes, with these words exchanged."""
    places = ANSWERS[name]
    changed = [" ".join(words.get(part, part) for part in answer.split()) for answer in places]
    return torch.tensor([places.index(answer) for answer in changed] + [-1])  # -1 stays what it is


_MIRROR = {name: _swaps(name, _MIRRORED) for name in ("direction", "camera")}
_BACKWARDS = _swaps("camera", _REVERSED)


def mirrored(lot: Lot) -> Lot:
    """Seen in a mirror: left is right, the left thing is the other one, and nothing can be spelled."""
    answers, masks = lot.answers.clone(), lot.masks.flip(-1)
    for name, swap in _MIRROR.items():
        answers[:, NAMES.index(name)] = swap[answers[:, NAMES.index(name)]]
    answers[:, NAMES.index("word")] = -1
    two = answers[:, NAMES.index("other shape")] >= 0
    for name in ("colour", "shape"):
        left, right = NAMES.index(name), NAMES.index(f"other {name}")
        answers[two, left], answers[two, right] = answers[two, right], answers[two, left]
    masks[two] = masks[two].flip(2)
    return Lot(lot.x.flip(-1), masks, answers)


def reversed_(lot: Lot) -> Lot:
    """Played backwards: the camera goes the other way; what happens is then nothing that has a word."""
    answers = lot.answers.clone()
    at = NAMES.index("camera")
    answers[:, at] = _BACKWARDS[answers[:, at]]
    for name in ("action", "direction"):
        answers[:, NAMES.index(name)] = -1
    return Lot(lot.x.flip(1), lot.masks.flip(1), answers)


def _shift(frames: npt.NDArray[np.uint8], across: int, down: int) -> npt.NDArray[np.uint8]:
    """[B, S, H, W, C] moved by so many pixels; what comes in repeats the edge."""
    rows = np.clip(np.arange(frames.shape[2]) + down, 0, frames.shape[2] - 1)
    columns = np.clip(np.arange(frames.shape[3]) + across, 0, frames.shape[3] - 1)
    return frames[:, :, rows][:, :, :, columns]


def worsened(x: Tensor, generator: torch.Generator) -> Tensor:
    """Frames [B, T, 3, H, W] with the faults that generated clips have: soft, grainy, patchy, a little off in tone.

    In place, since it must not cost more than the network."""
    B, T, _, H, W = x.shape
    tile, pair = (
        16,
        1 if T % 2 else 2,
    )  # generated clips are made of such tiles; here every two read frames share theirs

    def lot(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    some = x[: B // 2]  # smaller and back again; in the whole picture or only in some tiles
    small = F.avg_pool2d(some.flatten(0, 1), 2 if lot(1) < 0.65 else 4)
    soft = F.interpolate(small, size=(H, W), mode="bilinear").view_as(some)
    shape = (B // 2, T // pair, 1, 1, H // tile, 1, W // tile, 1)
    where = (lot(*shape) < lot(B // 2, *[1] * 7) * 1.5).float() * (0.5 + 0.5 * lot(B // 2, *[1] * 7))
    tiled = (T // pair, pair, 3, H // tile, tile, W // tile, tile)
    some.view(B // 2, *tiled).lerp_(soft.view(B // 2, *tiled), where)

    one = (B, 1, 1, 1, 1)
    gain, light = 1 + 0.24 * (lot(*one) - 0.5), 1 + 0.2 * (lot(*one) - 0.5)
    colourful = 0.85 + 0.25 * lot(*one)
    grey = x.mean(2, keepdim=True)  # B T 1 H W
    level = grey.mean((1, 3, 4), keepdim=True)
    x.mul_(colourful * gain).add_((1 - colourful) * gain * grey + level * (light - gain))
    shades = torch.randn((B, T // pair, 1, 3, H // tile, 1, W // tile, 1), generator=generator)
    x.view(B, *tiled).add_(shades * (0.03 * lot(B, *[1] * 7)))
    grain = torch.randn(x.shape[1:], generator=generator)  # one for all
    return x.addcmul_(grain.expand_as(x), 0.03 * lot(*one)).clamp_(0, 1)


def varied(lot: Lot, generator: torch.Generator, *, backwards: bool = False) -> Lot:
    """The lot as it was rendered a quarter of the time, else worsened; now and then mirrored."""
    chance = torch.rand(3, generator=generator)
    if chance[0] < 0.4:
        lot = mirrored(lot)
    if backwards and chance[1] < 0.35:
        lot = reversed_(lot)
    return replace(lot, x=worsened(lot.x.contiguous(), generator)) if chance[2] < 0.75 else lot


def _asked(odds: dict[str, Tensor], answers: Tensor, rename: str = "") -> dict[str, Tensor]:
    """The loss of each attribute, by lessons to which it applies."""
    losses = {}
    for name, values in odds.items():
        if rename + name in NAMES and ((wanted := answers[:, NAMES.index(rename + name)]) >= 0).any():
            total = F.cross_entropy(values, wanted, ignore_index=-1, label_smoothing=0.03, reduction="sum")
            losses[rename + name] = total / max(int((wanted >= 0).sum()), len(wanted) // 8)
    return losses


def crops_of(lot: Lot, slot: int, generator: torch.Generator) -> Tensor:
    """Crops roughly around what is to be seen in them, most of them worsened: [B·S, 3, CROP, CROP]."""
    found = boxes(lot.masks[:, :, slot])
    centre = found.centre + 0.025 * torch.randn(found.centre.shape, generator=generator)
    side = found.side * (0.8 + 0.5 * torch.rand(found.side.shape, generator=generator))
    crops = cut_out(lot.x.flatten(0, 1), centre.flatten(0, 1), side.flatten()).contiguous().unflatten(0, side.shape)
    crops = worsened(crops, generator) if torch.rand(1, generator=generator) < 0.75 else crops
    return centred(crops.flatten(0, 1)).contiguous(memory_format=torch.channels_last)


def close_losses(critic: Critic, lot: Lot, generator: torch.Generator) -> dict[str, Tensor]:
    """How badly crops are read."""
    two = lot.answers[:, NAMES.index("other shape")] >= 0
    losses: dict[str, Tensor] = {}
    for slot, rows in ((0, torch.ones_like(two)), (1, two)):
        if rows.any():
            some = Lot(lot.x[rows], lot.masks[rows], lot.answers[rows])
            seen = critic.close(crops_of(some, slot, generator)).unflatten(0, some.x.shape[:2])
            losses |= _asked(critic.told(seen)[1], some.answers, "other " if slot else "")
    return losses


def stuff_losses(critic: Critic, lot: Lot, generator: torch.Generator) -> dict[str, Tensor]:
    """How badly materials are read."""
    odds = critic.made_of(crops_of(lot, 0, generator)).unflatten(0, lot.x.shape[:2]).mean(1)
    return _asked({"material": odds}, lot.answers)


def _some(rng: np.random.Generator) -> tuple[int, int]:
    across, down = rng.integers(-2, 3, size=2)
    return int(across), int(down)


class Order:
    """Which lessons come next: all of them in an order by lot, then all again in another."""

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self.count, self.generator = count, generator
        self.left = torch.empty(0, dtype=torch.int64)

    def take(self, count: int) -> npt.NDArray[np.int64]:
        if len(self.left) < count:
            self.left = torch.randperm(self.count, generator=self.generator)
        chosen, self.left = self.left[:count], self.left[count:]
        return chosen.numpy()


def learn(
    parts: Sequence[nn.Module], losses: Callable[[], dict[str, Tensor]], seconds: float, rate: float = 2e-3
) -> int:
    """Train parts of the critic for `seconds` of one core, with a learning rate that rises a moment and then falls to
    nothing; returns the steps."""
    parameters = [parameter for part in parts for parameter in part.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.02)
    for part in parts:
        part.train()
    told: dict[str, float] = {}
    step, started = 0, time.process_time()
    while (progress := (time.process_time() - started) / seconds) < 1 or step < 2:
        for group in optimizer.param_groups:
            group["lr"] = rate * max(0.01, min(1.0, (step + 1) / 20, 1 - progress))
        found = losses()
        optimizer.zero_grad()
        torch.stack([WEIGHTS_OF.get(name, 1.0) * loss for name, loss in found.items()]).sum().backward()
        nn.utils.clip_grad_norm_(parameters, 10.0)
        optimizer.step()
        step += 1
        told = {name: told.get(name, loss.item()) * 0.95 + 0.05 * loss.item() for name, loss in found.items()}
        if step % 50 == 0:
            text = " ".join(f"{name} {loss:.2f}" for name, loss in told.items())
            print(f"{time.process_time() - started:5.0f} s, step {step}: {text}", flush=True)
    for part in parts:
        part.eval()
    return step


def trunk_losses(critic: Critic, lot: Lot) -> dict[str, Tensor]:
    """How badly the trunks read colour, ground, hour and direction of one thing, and where they look."""
    start = int(torch.randint(4, (1,)))
    found = critic.features(centred(lot.x), slice(start, None, 4))
    named = critic.named(found.summaries)
    answers = lot.answers.clone()
    answers[answers[:, NAMES.index("other shape")] >= 0, NAMES.index("colour")] = -1
    odds = {name: head(named).mean(1) for name, head in critic.heads.items()} | {
        "direction": critic.motion(found.changes)
    }
    looked, followed = found.attention
    astray = _astray(looked, lot.masks[:, start::4, 0]) + _astray(followed, lot.masks[:, :, 0])
    return _asked(odds, answers) | {"astray": 0.3 * astray}


def _astray(log: Tensor, masks: Tensor) -> Tensor:
    """How far attentions [B, S, h, w] (logarithms) are from looking at masks [B, S, 2·h, 2·w]; empty ones are left."""
    wanted = F.avg_pool2d(masks, 2).flatten(2)
    there = wanted.sum(-1, keepdim=True)
    share = wanted / there.clamp(min=1e-6)
    return -(share * log.flatten(2)).sum() / (there > 0).sum().clamp(min=1)


def learn_trunks(critic: Critic, taught: Lessons, generator: torch.Generator, seconds: float) -> int:
    """Learn to read what needs no close look; returns the steps."""
    rng = np.random.default_rng(generator.initial_seed())
    order = Order(len(taught.frames), generator)

    def losses() -> dict[str, Tensor]:
        rows = order.take(min(BATCH, order.count))
        times = np.broadcast_to(np.arange(NUM_READ), (len(rows), NUM_READ))
        return trunk_losses(critic, varied(lot_of(taught, rows, times, _some(rng)), generator))

    parts = (critic.looks, critic.looks_pool, critic.named, critic.heads, critic.motion)
    return learn((*parts, critic.places, critic.places_pool, critic.flow, critic.flow_pool), losses, seconds)


def learn_close(critic: Critic, taught: Lessons, generator: torch.Generator, seconds: float) -> int:
    """Learn to read crops; returns the steps."""
    rng = np.random.default_rng(generator.initial_seed())
    order = Order(len(taught.frames), generator)
    paired = taught.answers[:, NAMES.index("other shape")] >= 0

    def losses() -> dict[str, Tensor]:
        rows = order.take(min(BATCH, order.count))
        times = np.stack([rng.permutation(PAIRED if paired[row] else NUM_READ)[:SHOWN] for row in rows])
        lot = lot_of(taught, rows, times)
        return close_losses(critic, mirrored(lot) if rng.random() < 0.4 else lot, generator)

    return learn((critic.closer, critic.seen, critic.trust, critic.known, critic.close_heads), losses, seconds)


def learn_stuff(critic: Critic, taught: Lessons, generator: torch.Generator, seconds: float) -> int:
    """Learn to read materials; returns the steps."""
    rng = np.random.default_rng(generator.initial_seed())
    told = np.flatnonzero(taught.answers[:, NAMES.index("material")] >= 0)
    order = Order(len(told), generator)

    def losses() -> dict[str, Tensor]:
        rows = told[order.take(min(BATCH, order.count))]
        lot = lot_of(taught, rows, rng.integers(PAIRED, size=(len(rows), 2)))
        return stuff_losses(critic, lot, generator)

    return learn((critic.grain, critic.stuff), losses, seconds, 4e-3)


@dataclass
class Studied:
    """What the trunks, and the close look at what the masks show, make of lessons: maps [N, 1, 96, 10, 18] of one frame
    with masks [N, 1, 2, h, w], summaries [N, S, 480], changes [N, 424], drifts [N, 135], looks [N, 160], answers."""

    maps: Tensor
    masks: Tensor
    summaries: Tensor
    changes: Tensor
    drifts: Tensor
    summed: Tensor
    answers: Tensor

    def rows(self, chosen: Tensor) -> "Studied":
        return Studied(*(getattr(self, one.name)[chosen] for one in fields(self)))


@torch.no_grad()
def study(critic: Critic, taught: Lessons, generator: torch.Generator, batch: int = 16) -> Studied:
    """Every lesson once, worsened and mirrored and played backwards by lot, through all that stays as it is."""
    critic.eval()
    rng = np.random.default_rng(generator.initial_seed())
    parts: list[Studied] = []
    for start in range(0, len(taught.frames), batch):
        rows = np.arange(start, min(start + batch, len(taught.frames)))
        times = np.broadcast_to(np.arange(NUM_READ), (len(rows), NUM_READ))
        lot = varied(lot_of(taught, rows, times, _some(rng)), generator, backwards=True)
        x, one = centred(lot.x), int(rng.integers(3))
        found = critic.features(x, slice(1, None, 3))
        seen = critic.looked_at(x[:, 1::3], lot.masks[:, 1::3, 0])
        parts.append(
            Studied(
                *(
                    found.maps[:, one : one + 1].clone(),
                    lot.masks[:, [1 + 3 * one]],
                    found.summaries,
                    found.changes,
                    found.drifts,
                ),
                *(critic.told(seen)[0], lot.answers),
            )
        )
    return Studied(*(torch.cat([getattr(part, one.name) for part in parts]) for one in fields(Studied)))


def heads_losses(critic: Critic, some: Studied) -> dict[str, Tensor]:
    """How badly what was studied is read: where things are, whole frames, and what happens."""
    logits = critic.masks(some.maps[:, 0])
    losses = {"astray": 12 * F.binary_cross_entropy_with_logits(logits, some.masks[:, 0].amax(1))}
    answers = critic.whole(some.summaries) | critic.moved(some.changes, some.drifts, some.summed)
    return losses | _asked(answers, some.answers)


def learn_heads(critic: Critic, studied: Studied, generator: torch.Generator, seconds: float) -> int:
    """Learn to answer by what was studied; returns the steps."""
    order = Order(len(studied.answers), generator)

    def losses() -> dict[str, Tensor]:
        return heads_losses(critic, studied.rows(torch.from_numpy(order.take(min(64, order.count)))))

    return learn((critic.where, critic.whole_heads, critic.moving_heads), losses, seconds, 1e-3)


def accuracies(critic: Critic, tests: Lessons) -> dict[str, float]:
    """The part of rightly read lessons, for each attribute, among those to which it applies. What two things are is
    told as one: all of it is read rightly, or it is not."""
    found = read(critic, tests.frames)
    given = numbers(found)
    two = tests.answers[:, NAMES.index("other shape")] >= 0
    metrics = {}
    for at, name in enumerate(NAMES):
        asked = tests.answers[:, at] >= 0
        if name in ("colour", "shape"):
            asked &= ~two
        if asked.any() and not name.startswith("other"):
            metrics[name] = round(float((given[asked, at] == tests.answers[asked, at]).mean()), 4)
    both = [(name, NAMES.index(name)) for name in ("colour", "shape", "other colour", "other shape")]
    hits = []
    for row in np.flatnonzero((tests.answers[:, [at for _, at in both]] >= 0).all(1)):
        true = [ANSWERS[name][tests.answers[row, at]] for name, at in both]
        hits.append(found[row][PAIR] == pair_of((true[0], true[1]), (true[2], true[3])))
    return metrics | ({PAIR: round(float(np.mean(hits)), 4)} if hits else {})


def train(
    out: Path, num_motions: int, seconds: float, folder: Path | None = None, init: Path | None = None
) -> dict[str, float]:
    """Render, train for `seconds` of one core, test on unseen renders, write the weights to `out`; returns the
    accuracies. `init` is a critic whose trunks are kept."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    taught, tests = gather(SEED, num_motions, folder), gather(TEST_SEED, max(SHARD, num_motions // 8), folder)
    critic, started = Critic().eval(), time.process_time()
    trunks: Any = init.name if init else None
    if init is not None:
        critic.load_state_dict(load(init).state_dict())
        seconds *= 2  # what the trunks would have had goes to the rest
    else:
        trunks = learn_trunks(critic, taught, generator, 0.5 * seconds)
    close = learn_close(critic, taught, generator, 0.35 * seconds)
    stuff = learn_stuff(critic, taught, generator, 0.05 * seconds)
    heads = learn_heads(critic, study(critic, taught, generator), generator, 0.1 * seconds)
    metrics = accuracies(critic, tests)
    training = {
        "steps": {"trunks": trunks, "close": close, "stuff": stuff, "heads": heads},
        "seconds": round(time.process_time() - started),
    }
    training |= {"rendered": len(taught.frames), "tested": len(tests.frames)}
    save(critic, training, metrics, out)
    return metrics


def save(critic: Critic, training: dict[str, Any], metrics: dict[str, float], out: Path) -> None:
    """Write a critic's weight file."""
    checkpoint.save(critic, Card("critic", SIZE, NUM_READ, FPS, 4, training, dict(metrics)), out, stored="int8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the weight file to write")
    parser.add_argument("--motions", type=int, default=2000, help="how many motions to render, in three looks each")
    parser.add_argument("--seconds", type=float, default=1800.0, help="how long to train, in seconds of one core")
    parser.add_argument("--cache", type=Path, default=None, help="a folder that keeps the renders")
    parser.add_argument("--init", type=Path, default=None, help="a critic whose trunks are kept")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        metrics = train(given.out, given.motions, given.seconds, given.cache, given.init)
    except (CheckpointError, CriticError) as error:
        raise SystemExit(str(error)) from None
    for name, value in metrics.items():
        print(f"{name:14} {value:.1%}")


if __name__ == "__main__":
    main()
