"""The PhyWorld protocol (Kang et al., arXiv 2411.02385): does a network that has seen one law of motion keep to it?

Balls on white in a field of 10 × 10, 32 frames of 128×128 at intervals of 0.1 s, made anew from the ranges of the paper
and of its authors' published generator: the first frames are given, and the velocity of what follows is held against
the law, for radii and speeds as in training and for others.

- uniform: one red ball goes to the right; radius 0.7…1.4, speed 1…4; at least 24 frames before it reaches the edge.
- parabola: the same, thrown level from near the top, gravity 2.5.
- collision: a red and a blue ball meet head-on, elastic, masses as the squares of their radii; radius 0.5…1.5, speed
  1…4; at least eight frames before they meet.

Other radii are 0.3…0.6 and 1.5…2.0 (collision: 0.3…0.4 and 1.7…2.0), other speeds 0…0.8 and 4.5…6.0.

Three things differ. Four frames are given, not three: the network's known runs are of four. A pixel that a ball covers
in part counts in part, where the authors count whole pixels. And a pixel's middle is where it is drawn: theirs are
drawn 1/255 of the field apart and read 1/256 apart, which makes every speed 0.4 % too slow; at a mean speed of 2.5 that
alone is 0.0098, and their floor is 0.0099. Letters: B cases, T frames, N balls, H W pixels.
"""

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vitascope.evaluate.suite import mean
from vitascope.model import flow, numerics, patches
from vitascope.model.condition import TRACK_WIDTH, Conditions, Known, Row, gather, group_seconds
from vitascope.model.dit import DiT
from vitascope.model.text import encoder
from vitascope.train import loop
from vitascope.train.video import Batch

Kind = Literal["uniform", "collision", "parabola"]
Where = Literal["in", "out"]  # of the ranges of training
Frames = npt.NDArray[np.uint8]  # T H W 3
Floats = npt.NDArray[np.float64]

KINDS: tuple[Kind, ...] = get_args(Kind)
SIDE = 128  # pixels
GRID = patches.grid_of((SIDE, SIDE))
FIELD = 10.0  # its side in units of length
NUM_FRAMES = 32
INTERVAL = 0.1  # seconds
GIVEN = patches.GROUP  # frames
GRAVITY = 2.5  # of the parabola
LEAST_SEEN = 24  # frames before a lone ball's edge is at the field's
LEAST_APART = 8  # frames before two balls meet, and from then to the end
MARGIN = 0.5  # between a ball and the field's upper and lower edge
COLOURS = np.array([(255, 0, 0), (0, 0, 255)], np.float64)
FAINTEST = 20.0  # pixels' worth of a colour below which there is no ball; the smallest that is asked for covers 46
PALE = 0.15  # share of a ball's colour that is taken for none
STEPS = 4  # of the sampler: what follows from four frames is certain, so more steps decide nothing
TRIES = 1000
MIDDLE = -1.0  # of the logit of training times: where things are is decided early
CARE = 4.0  # how much more a patch with a ball in it counts
LEARNING_RATE, MATRIX_RATE = 3e-3, 6e-3

Range = tuple[float, float]


@dataclass(frozen=True)
class Ranges:
    """Radii and speeds as in training, and the smaller and larger ones that are kept for testing."""

    radius: Range
    speed: Range
    other_radii: tuple[Range, Range]
    other_speeds: tuple[Range, Range] = ((0.0, 0.8), (4.5, 6.0))


_LONE = Ranges((0.7, 1.4), (1.0, 4.0), ((0.3, 0.6), (1.5, 2.0)))
RANGES: dict[Kind, Ranges] = {
    "uniform": _LONE,
    "parabola": _LONE,
    "collision": Ranges((0.5, 1.5), (1.0, 4.0), ((0.3, 0.4), (1.7, 2.0))),
}


class PhyWorldError(ValueError):
    """A measurement or run that cannot be made as asked."""


@dataclass(frozen=True, eq=False)
class Case:
    """What happens in one clip: N balls in T frames, y upwards."""

    kind: Kind
    radius: Floats  # N
    place: Floats  # T N 2


# ---- cases


def cases(kind: Kind, where: Where, count: int, seed: int) -> list[Case]:
    """`count` cases by lot. Those out of the ranges are in turn of another radius, another speed and both, each in turn
    smaller and larger than in training."""
    return [case(kind, where, index, np.random.default_rng([seed, KINDS.index(kind), index])) for index in range(count)]


def case(kind: Kind, where: Where, index: int, rng: np.random.Generator) -> Case:
    """One case; the index says in which way it is out of the ranges."""
    ranges = RANGES[kind]
    for side in (index // 3 % 2, 0):  # two balls both larger and faster have no room to meet
        radius = ranges.other_radii[side] if where == "out" and index % 3 != 1 else ranges.radius
        speed = ranges.other_speeds[side] if where == "out" and index % 3 != 0 else ranges.speed
        for _ in range(TRIES):
            found = _meeting(radius, speed, rng) if kind == "collision" else _alone(kind, radius, speed, rng)
            if found is not None:
                return found
    raise PhyWorldError(f"no {kind} of radii {radius} and speeds {speed} fits into the field")


def _alone(kind: Kind, radii: Range, speeds: Range, rng: np.random.Generator) -> Case:
    r, v = rng.uniform(*radii), rng.uniform(*speeds)
    last = FIELD - LEAST_SEEN * INTERVAL * v - r
    x = rng.uniform(r, last) if last > r else r + rng.uniform(0, 0.5)
    top = FIELD - MARGIN - r
    y = rng.uniform(top - 1, top) if kind == "parabola" else rng.uniform(MARGIN + r, top)
    t = np.arange(NUM_FRAMES) * INTERVAL
    drop = GRAVITY * t * t / 2 if kind == "parabola" else 0.0
    return Case(kind, np.array([r]), np.stack((x + v * t, y - drop + 0 * t), 1)[:, None])


def _meeting(radii: Range, speeds: Range, rng: np.random.Generator) -> Case | None:
    """Two balls that meet; None where so large or fast ones have no room to."""
    (r1, r2), (v1, v2) = rng.uniform(*radii, 2), rng.uniform(*speeds, 2)
    touching, closing = r1 + r2, v1 + v2
    near = touching + LEAST_APART * INTERVAL * closing
    far = min(touching + (NUM_FRAMES - LEAST_APART) * INTERVAL * closing, FIELD - touching)
    if near > far or closing < 0.1:
        return None
    apart = rng.uniform(near, far)
    x1 = rng.uniform(r1, FIELD - r2 - apart)
    highest = max(r1, r2) + MARGIN
    y = rng.uniform(highest, FIELD - highest)
    met = (apart - touching) / closing  # seconds
    m1, m2 = r1 * r1, r2 * r2
    common = (m1 * v1 - m2 * v2) / (m1 + m2)
    t = np.arange(NUM_FRAMES) * INTERVAL
    before, after = np.minimum(t, met), np.maximum(t - met, 0)
    left = x1 + v1 * before + (2 * common - v1) * after
    right = x1 + apart - v2 * before + (2 * common + v2) * after
    place = np.stack((np.stack((left, right), 1), np.full((NUM_FRAMES, 2), y)), -1)  # T N 2
    return Case("collision", np.array([r1, r2]), place)


def film(case: Case) -> Frames:
    """The case as pictures: a pixel is of a ball's colour as far as it is covered, told by how far in its middle is."""
    scale = SIDE / FIELD
    frames = np.full((NUM_FRAMES, SIDE, SIDE, 3), 255, np.uint8)
    for ball, radius in enumerate(case.radius * scale):
        box = int(radius) + 2
        for frame, (x, y) in zip(frames, case.place[:, ball] * (scale, -scale) + (0, SIDE), strict=True):
            rows = slice(max(0, int(y) - box), max(0, int(y) + box + 1))
            columns = slice(max(0, int(x) - box), max(0, int(x) + box + 1))
            dy, dx = np.arange(SIDE)[rows, None] + 0.5 - y, np.arange(SIDE)[columns] + 0.5 - x
            covered = np.clip(radius + 0.5 - np.hypot(dx, dy), 0, 1)[..., None]
            part = frame[rows, columns]
            part[:] = np.rint(part + covered * (COLOURS[ball] - part))
    return frames


# ---- the measurement


def places(frames: Frames, num_balls: int) -> Floats:
    """Where the red (and the blue) ball's middle is, [T, N, 2]; NaN where there is none.

    A pixel counts as far as it is of the ball's colour, but what is nearly white or nearly the colour is taken as that.
    """
    shade = 1 - frames.astype(np.float32) / 255  # T H W 3: how much of red, green and blue is missing
    middles = (np.arange(SIDE) + 0.5) / SIDE * FIELD
    found = np.full((len(frames), num_balls, 2), np.nan)
    for ball in range(num_balls):
        own, other = (0, 2) if ball == 0 else (2, 0)
        covered = np.minimum(shade[..., 1], shade[..., other]) - shade[..., own]
        weight = np.clip((covered - PALE) / (1 - 2 * PALE), 0, 1)  # T H W
        total = weight.sum((1, 2))
        seen = total > FAINTEST
        found[seen, ball, 0] = (weight.sum(1) @ middles)[seen] / total[seen]
        found[seen, ball, 1] = (weight.sum(2) @ middles[::-1])[seen] / total[seen]
    return found


def stretches(case: Case) -> list[npt.NDArray[np.bool_]]:
    """The steps from frame to frame over which a velocity is measured, [T - 1] each: those after the given frames in
    which all is whole in the picture; where two balls meet, those before and those after. Each is of two steps or more.
    """
    reach = case.radius[:, None]
    inside = (case.place >= reach) & (case.place <= FIELD - reach)  # T N 2
    whole: npt.NDArray[np.bool_] = np.array([frame.all() for frame in inside])  # T
    whole[: GIVEN - 1] = False
    steps = whole[1:] & whole[:-1]
    parts = [steps]
    if case.kind == "collision":
        across = np.diff(case.place[..., 0], axis=0)  # T-1 N
        before, after = ((np.abs(across - across[end]) < 1e-9).all(1) for end in (0, -1))
        parts = [steps & before, steps & after]
    return [part for part in parts if part.sum() >= 2]


def velocity_errors(case: Case, measured: Floats) -> tuple[float, float]:
    """How far the velocity of places [T, N, 2] is from the law's: that of the mean over each stretch, as the authors
    report it, and that of each step. Of speeds across, or in the parabola the mean of across and upwards. A ball that
    is not there has no velocity."""
    along = slice(0, 2) if case.kind == "parabola" else slice(0, 1)
    made = np.nan_to_num(np.diff(measured, axis=0)[..., along] / INTERVAL)
    wrong = made - np.diff(case.place, axis=0)[..., along] / INTERVAL  # T-1 N 1 or 2
    parts = [wrong[part] for part in stretches(case)]
    return (
        float(np.mean([np.abs(part.mean(0)).mean() for part in parts])),
        float(np.mean([np.abs(part).mean() for part in parts])),
    )


def steadily(measured: Floats) -> Floats:
    """What the given frames' places [T, N, 2] lead to if nothing ever changes: the baseline."""
    step = (measured[GIVEN - 1] - measured[0]) / (GIVEN - 1)
    return measured[0] + np.arange(len(measured))[:, None, None] * step


@dataclass(frozen=True)
class Score:
    """Errors of the velocity, in lengths a second, over the cases of one kind."""

    error: float  # of the mean over a stretch
    low: float  # 95 % interval
    high: float
    floor: float  # of true pictures through the same measurement
    steady: float  # of going on as in the given frames
    each: float  # error of each step
    each_floor: float
    lost: float  # share of the measured frames in which a ball is missing

    @property
    def ratio(self) -> float:
        return self.error / self.floor


Continue = Callable[[Sequence[Frames]], Sequence[Frames]]  # clips whose first frames are looked at, to whole clips


def score(kind: Kind, where: Where, count: int, seed: int, go_on: Continue) -> Score:
    """How well clips that `go_on` makes keep to the law of a kind."""
    asked = [one for one in cases(kind, where, count, seed) if stretches(one)]
    films = [film(one) for one in asked]
    seen = [places(frames, len(one.radius)) for one, frames in zip(asked, films, strict=True)]
    found = [places(frames, len(one.radius)) for one, frames in zip(asked, go_on(films), strict=True)]
    errors, floors, steady = (
        np.array([velocity_errors(one, at) for one, at in zip(asked, where_to, strict=True)])
        for where_to in (found, seen, [steadily(at) for at in seen])
    )
    lost = [np.isnan(at[1:, :, 0])[np.any(stretches(one), 0)].mean() for one, at in zip(asked, found, strict=True)]
    return Score(
        *mean(errors[:, 0].tolist()),
        floor=float(floors[:, 0].mean()),
        steady=float(steady[:, 0].mean()),
        each=float(errors[:, 1].mean()),
        each_floor=float(floors[:, 1].mean()),
        lost=float(np.mean(lost)),
    )


def measure(network: DiT, kinds: Sequence[Kind] = KINDS, count: int = 60, seed: int = 1) -> dict[str, Score]:
    """Scores by "uniform in", "uniform out" and so on of a network that was trained on these kinds."""
    return {
        f"{kind} {where}": score(kind, where, count, seed, lambda films: continued(network, films))
        for kind in kinds
        for where in get_args(Where)
    }


# ---- the network


def conditions(films: Sequence[Frames]) -> Conditions:
    """What a network is told: no words, and the first four frames as a known run."""
    blank = np.zeros((NUM_FRAMES - GIVEN, GRID[0] * GRID[1], TRACK_WIDTH), np.float32)
    given, made = group_seconds(NUM_FRAMES // patches.GROUP, 1 / INTERVAL).split([1, NUM_FRAMES // patches.GROUP - 1])
    rows = [Row(_untexted(), blank, made, context=[Known(frames[:GIVEN], float(given))]) for frames in films]
    return gather(rows, INTERVAL, GRID)


@functools.cache
def _untexted() -> npt.NDArray[np.float32]:
    return encoder()("")


def continued(network: DiT, films: Sequence[Frames], batch: int = 10) -> list[Frames]:
    """Clips [T, H, W, 3] that begin as these do, as a network goes on."""
    made: list[Frames] = []
    for start in range(0, len(films), batch):
        some = films[start : start + batch]
        told = conditions(some)
        shape = (*told.seconds.shape, GRID[0] * GRID[1], patches.MOVING_WIDTH)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(start))
        with torch.inference_mode(), numerics.products(noise.device):

            def answer(z: Tensor, t: Tensor, told: Conditions = told) -> Tensor:
                return network(flow.scaled(z, t), t, told).float()

            clean = flow.sample(answer, noise, flow.schedule(STEPS))
        later = patches.to_bytes(patches.to_frames(clean, GRID))
        made += [np.concatenate((frames[:GIVEN], after)) for frames, after in zip(some, later, strict=True)]
    return made


def lesson(kinds: Sequence[Kind], size: int, seed: int, step: int) -> Batch:
    """A training batch of `size` new cases, the kinds in turn."""
    rng = np.random.default_rng([seed, step])
    films = [film(case(kinds[(step * size + i) % len(kinds)], "in", 0, rng)) for i in range(size)]
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    clean = patches.to_patches(patches.to_float(np.stack([frames[GIVEN:] for frames in films])), patches.GROUP)
    t = flow.times((size, 1), generator, MIDDLE).expand(clean.shape[:2]).clone()
    noise = torch.randn(clean.shape, generator=generator)
    care = 1 + CARE * (clean < 0.99).any(-1, keepdim=True).float().expand_as(clean)
    return Batch(clean, noise, t, care, conditions(films), size, size * clean.shape[1] * clean.shape[2], 0.0)


def train(
    preset: str,
    kinds: Sequence[Kind],
    steps: int,
    *,
    size: int = 4,
    seed: int = 0,
    told: Callable[[dict[str, Any]], None] = lambda line: None,
) -> DiT:
    """A network that has seen `steps` batches of cases of these kinds and nothing else: the average of its weights."""
    options = loop.Options(
        preset, Path(), steps=steps, seed=seed, device="cpu", learning_rate=LEARNING_RATE, matrix_rate=MATRIX_RATE
    )
    run = loop.begin(options)
    began = time.monotonic()
    for step in range(steps):
        loss = loop.advance(run, lesson(kinds, size, seed, step), options)
        run.step += 1
        if run.step % 50 == 0 or run.step == steps:
            told({"step": run.step, "loss": float(loss), "seconds": round(time.monotonic() - began)})
    return run.average.eval()
