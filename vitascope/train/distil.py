"""The many steps of a trained network in four, without guidance: a delta of low rank, learned from its own paths.

`python -m vitascope.train.distil vitascope/weights/small.safetensors --out small.fast.safetensors --seconds 1200`

The teacher goes its whole way from noise to film (all steps, guided), and where it is at the student's few times is
kept. The student learns the straight step from each of these places to the next one (progressive distillation, arXiv
2202.00512, along whole stretches of the path at once, as in arXiv 2403.06807). Since both ends of a step come from
one noise, nothing is averaged over different films, which is what makes distilled motion slow.
"""

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vitascope.generate import BEST, DISTILLED, GUIDED_UNTIL
from vitascope.model import checkpoint, flow, numerics
from vitascope.model.checkpoint import Card, CheckpointError
from vitascope.model.condition import Conditions
from vitascope.model.dit import DiT
from vitascope.model.lowrank import Delta
from vitascope.model.text import encoder
from vitascope.train import video
from vitascope.train.stream import Format, Ring, Source

RANK = 20
CLIPS = 6  # in a batch
RATE = 2e-3
AFTER = 20_000  # batches are drawn as late in training: whole clips


@dataclass(frozen=True, eq=False)
class Way:
    """What the teacher did with one batch: where it was at the student's times, the last being what it made."""

    conditions: Conditions
    places: tuple[Tensor, ...]  # B G n width each


def teach(network: DiT, made: video.Batch, untexted: Tensor) -> Way:
    """The teacher's way from the batch's noise under its conditions, guided by the text."""
    few = flow.schedule(DISTILLED.steps, least=DISTILLED.least)
    # The teacher stops at all of the student's times, and between two of them as often as it does on its usual way.
    usual = flow.schedule(BEST.steps, least=BEST.least)
    near = {t for t in usual for own in few if own > 0 and t > 0 and abs(math.log(t / own)) < 0.02}
    times = sorted({*few, *(set(usual) - near)})
    kept: list[Tensor] = []
    both = doubled(made.conditions, untexted)

    def answers(z: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        x = network(flow.scaled(z, time).repeat(2, 1, 1, 1), time.repeat(2, 1), both).float()
        with_words, without = x.chunk(2)
        return with_words, without

    def alone(z: Tensor, time: Tensor) -> Tensor:
        return network(flow.scaled(z, time), time, made.conditions).float()

    guided = flow.guided(alone, answers, [BEST.guidance["text"]], (0.0, GUIDED_UNTIL))

    def watched(z: Tensor, time: Tensor) -> Tensor:
        if any(abs(float(time[0, 0]) - t) < 1e-6 for t in few):
            kept.append(z.clone())
        return guided(z, time)

    with torch.no_grad(), numerics.products(made.noise.device):
        last = flow.sample(watched, made.noise, times)
    return Way(made.conditions, (*kept, last))


def doubled(conditions: Conditions, untexted: Tensor) -> Conditions:
    """A batch's conditions, and the same without text: [2 B]."""
    L = conditions.text.shape[1]
    text, real = torch.zeros_like(conditions.text), torch.zeros_like(conditions.text_real)
    words = min(L, len(untexted))
    text[:, :words], real[:, :words] = untexted[:words], True
    letters = None if conditions.letters is None else torch.zeros_like(conditions.letters)
    without = replace(conditions, text=text, text_real=real, letters=letters)
    joined = {
        name: torch.cat((value, getattr(without, name)))
        for name, value in vars(conditions).items()
        if isinstance(value, Tensor)
    }
    return replace(conditions, **joined)  # type: ignore[arg-type]


def lesson(way: Way, which: int) -> tuple[Tensor, Tensor, Tensor]:
    """One step of the student: where it begins [B, G, n, width], its time, and the prediction that leads to where it
    should end."""
    few = flow.schedule(DISTILLED.steps, least=DISTILLED.least)
    (start, end), (z, there) = list(pairwise(few))[which], list(pairwise(way.places))[which]
    time = torch.full(z.shape[:2], start)
    return z, time, there if end == 1 else z + (1 - start) * (there - z) / (end - start)


def gather(network: DiT, source: Source, seconds: float, told: Callable[[str], None]) -> list[Way]:
    """The teacher's ways with batches of whole clips, as many as can be had in so many seconds."""
    untexted = torch.from_numpy(encoder()(""))
    found: list[Way] = []
    begun = time.monotonic()
    with Ring(source, CLIPS * 4, workers=0) as ring:
        end = CLIPS * 2
        while not found or time.monotonic() - begun < seconds:
            end += CLIPS
            ring.ask(end)
            groups = CLIPS * source.formats[0].num_groups
            made = video.batch(ring, end - CLIPS, end, groups, AFTER, (7, end), untexted)
            if made.clean.shape[1] < source.formats[0].num_groups // 2:  # a picture or a part of a clip
                continue
            found.append(teach(network, made, untexted))
            told(f"{len(found)} ways after {time.monotonic() - begun:.0f} s")
    return found


def distil(
    network: DiT,
    ways: list[Way],
    seconds: float,
    rank: int = RANK,
    most: int = 1_000_000,
    told: Callable[[str], None] = lambda line: None,
) -> Delta:
    """The delta that has learned the ways for so many seconds, or `most` steps."""
    torch.manual_seed(0)
    delta = Delta(network, rank)
    average = Delta(network, rank)
    average.load_state_dict(delta.state_dict())
    optimizer = torch.optim.AdamW(delta.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.0)
    rng = np.random.default_rng(0)
    begun, step, smooth = time.monotonic(), 0, 0.0
    while (progress := max((time.monotonic() - begun) / seconds, step / most)) < 1 or step < 2:
        way = ways[int(rng.integers(len(ways)))]
        z, at, wanted = lesson(way, int(rng.integers(DISTILLED.steps)))
        with numerics.products(z.device):
            predicted = torch.func.functional_call(
                network, delta.changed(network), (flow.scaled(z, at), at, way.conditions)
            )
        loss = flow.loss(predicted, wanted, at)
        loss.backward()
        loss = loss.detach()
        torch.nn.utils.clip_grad_norm_(delta.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 30) * max(0.02, min(1.0, 2 * (1 - progress)))
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        keep = min(0.99, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(delta.parameters()), 1 - keep)
        smooth += (float(loss) - smooth) * max(0.02, 1 / step)
        if step % 20 == 0:
            told(f"step {step} after {time.monotonic() - begun:.0f} s: loss {smooth:.4f}")
    return average


def save(delta: Delta, weights: Path, out: Path, training: dict[str, object]) -> None:
    """Write the delta, named as that of these weights."""
    _, header = checkpoint.read(weights)
    card = header["card"]
    training = {**training, "base": header["sha256"]}
    told = Card(card["preset"], tuple(card["size"]), card["num_frames"], card["fps"], card["level"], training)
    checkpoint.save(delta, told, out, stored="bf16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="the weights to distil")
    parser.add_argument("--out", type=Path, required=True, help="the delta to write")
    parser.add_argument("--seconds", type=float, default=1800.0, help="how long to teach and learn, in all")
    given = parser.parse_args()
    try:
        network, card = checkpoint.load(given.weights)
        source = Source(seed=1, level=card.level, formats=(Format(card.size, card.num_frames, card.fps),))
        ways = gather(network, source, 0.4 * given.seconds, print)
        delta = distil(network, ways, 0.6 * given.seconds, told=print)
        save(delta, given.weights, given.out, {"ways": len(ways), "clips": CLIPS, "seconds": given.seconds})
    except CheckpointError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
