"""The flow from noise to pictures: path, loss, schedule, samplers and guidance, as plain functions.

A clean x and noise e lie at the ends of a straight line, z(t) = t·x + (1 - t)·SCALE·e, t from 0 to 1. The network
sees z scaled to unit variance and predicts x; the loss is on the velocity x - SCALE·e (JiT, arXiv 2511.13720).
Every group may have its own t; a group that is known is at t = 1.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from vitascope.model.recipe import Method

# Patches of thousands of redundant numbers are legible through a lot of noise: with a deviation of 1 the layout would
# be decided in the first fiftieth of the path, where training hardly looks.
SCALE = 5.0
DEVIATION = 0.5  # of the clean pixels, which lie in -1…1
# The error of the velocity counts by 1 / (1 - t)², but only up to 1 - t = NEAREST: beyond, all of the gradient would go
# into the grain of grounds. What is finer than that by its noise still has to count more than what is coarse, or edges
# are never learned: by the ratio of the deviations of the noise. FINEST is where that ends.
NEAREST = 0.25
FINEST = 0.02
MOST = 80.0  # deviation of the noise at which sampling begins to look: what is above decides nothing
FINE_SHARE = 0.35  # of the training times: evenly over the logarithm of the noise, from FINE on
FINE = (0.02, 1.5)  # deviation of the noise beside the clean pixels, which lie in -1…1
COARSE = 16.0  # so often the mean of 4×4 pixels counts beside the pixels themselves

Network = Callable[[Tensor, Tensor], Tensor]  # z [B, G, n, width], t [B, G] to the clean patches
Progress = Callable[[int, int], None]


class Cancelled(Exception):
    """The caller asked to stop between two steps."""


class Pair(NamedTuple):
    """What the network gets and what it should answer."""

    noisy: Tensor  # B G n width
    clean: Tensor  # B G n width


def times(shape: tuple[int, ...], generator: torch.Generator, middle: float = 0.2, fine: float = FINE_SHARE) -> Tensor:
    """Training times: logit-normal about `middle`, where places and shapes are decided; a tenth uniform, so that the
    very noisy end is trained too; and a share of nearly clean ones, where edges and textures are."""
    device = generator.device
    most = torch.sigmoid(middle + 1.3 * torch.randn(shape, generator=generator, device=device))
    uniform = torch.rand(shape, generator=generator, device=device)
    draw = torch.rand(shape, generator=generator, device=device)
    low, high = (math.log(deviation) for deviation in FINE)
    nearly = time_of_noise((low + (high - low) * uniform).exp())
    return torch.where(draw < 0.1, uniform, torch.where(draw < 0.1 + fine, nearly, most))


def time_of_noise(deviation: Tensor) -> Tensor:
    """The time at which the noise beside the clean pixels has this deviation."""
    return SCALE / (SCALE + deviation)


def importance(time: Tensor) -> Tensor:
    """How much the squared error of the prediction counts at a time, 0 for what is known (t = 1)."""
    left = (1 - time).clamp(min=1e-6)
    fine = (NEAREST / left.clamp(min=FINEST * NEAREST)).clamp(min=1)  # about the ratio of the noises' deviations
    return (time < 1) * fine / left.clamp(min=NEAREST) ** 2


def pair(clean: Tensor, time: Tensor, noise: Tensor) -> Pair:
    """A point on the path: clean and noise [B, G, n, width], time [B, G]."""
    t = time[..., None, None]
    return Pair(t * clean + (1 - t) * SCALE * noise, clean)


def scaled(noisy: Tensor, time: Tensor) -> Tensor:
    """z as the network sees it: of unit variance at every time."""
    return noisy / deviation(time[..., None, None])


def deviation(t: Tensor) -> Tensor:
    """Of z at these times."""
    return torch.sqrt((t * DEVIATION) ** 2 + ((1 - t) * SCALE) ** 2)


def time_of_share(share: float) -> float:
    """The time at which this share (0…1) of what the network sees is the clean picture, the rest noise: 1 is clean."""
    if share >= 1:
        return 1.0
    ratio = share / math.sqrt(1 - share * share) * SCALE / DEVIATION
    return ratio / (1 + ratio)


def loss(predicted: Tensor, clean: Tensor, time: Tensor, care: Tensor | None = None) -> Tensor:
    """Mean squared error of the velocity over the groups that are not known (t < 1), and with it COARSE times that of
    the error's mean over every 4×4 pixels.

    Which weight a spatial frequency has does not change the best answer, which is the mean of what may be there; but
    what can be learned of fine grain is little, and its noise would drown what is learned of shapes. `care`
    [B, G, n, width] says how much each number counts, 1 if left out."""
    weight = importance(time)  # B G
    error = predicted.float() - clean  # B G n width
    coarse = error.unflatten(-1, (-1, 4, 4, 4, 4, 3)).mean((-4, -2))  # B G n f 4 4 3
    squares, coarse_squares = error.square(), coarse.square()
    if care is not None:
        squares = squares * care
        coarse_squares = coarse_squares * care.unflatten(-1, (-1, 4, 4, 4, 4, 3)).mean((-4, -2))
    each = squares.mean((-1, -2)) + COARSE * coarse_squares.mean((-1, -2, -3, -4, -5))  # B G
    return (each * weight).sum() / (time < 1).sum().clamp(min=1)


def schedule(num_steps: int, start: float = 0.0, least: float = 0.04, bend: float = 7.0) -> list[float]:
    """Times from `start` to 1, num_steps + 1 of them. Between the ends the deviation of the noise beside the clean
    pixels falls to `least`, evenly in its 1/`bend`th power (arXiv 2206.00364), from that of the start or from MOST."""
    if num_steps < 1:
        raise ValueError(f"steps: {num_steps} given, at least 1 is needed")
    most = min(MOST, SCALE * (1 - start) / start) if start > 0 else MOST
    high, low = most ** (1 / bend), least ** (1 / bend)
    inner = [(high + (low - high) * i / (num_steps - 1)) ** bend for i in range(1, num_steps)]
    return [start, *(SCALE / (SCALE + deviation) for deviation in inner), 1.0]


def guided(
    answer: Network,
    answers: Callable[[Tensor, Tensor], Sequence[Tensor]],
    weights: Sequence[float],
    interval: tuple[float, float] = (0.0, 1.0),
    every: int = 1,
) -> Network:
    """Classifier-free guidance (arXiv 2207.12598), only while t lies in the interval (arXiv 2404.07724).

    `answers` are those with all conditions, and without one for each of the weights; each leads away from what the
    network would do without that condition, 1 not at all (arXiv 2211.09800 has two). What it would do without is asked
    in the first call and in the last of `every` so many; in the others the way that leads away from it is taken to be
    what it was (arXiv 2410.19355). So the network returned is for one sampling."""
    calls, ways = 0, list[Tensor]()

    def network(z: Tensor, time: Tensor) -> Tensor:
        nonlocal calls, ways
        if not weights or not interval[0] <= float(time.min()) <= interval[1]:
            return answer(z, time)
        if calls == 0 or calls % every == every - 1:
            x, *lacking = answers(z, time)
            ways = [x - without for without in lacking]
        else:
            x = answer(z, time)
        calls += 1
        led = x
        for weight, way in zip(weights, ways, strict=True):
            led = led + (weight - 1) * way
        return led

    return network


def sample(
    network: Network,
    noise: Tensor,
    steps: list[float],
    *,
    method: Method = "multistep",
    held: tuple[Tensor, Tensor] | None = None,
    start: Tensor | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
    seen: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """Noise [B, G, n, width] of unit deviation to clean patches; or, with clean patches to `start` from, from these
    noised as they are at the first of the steps' times.

    "euler" is Euler's method; "heun" looks at where its step leads and takes the mean of both slopes (two calls of the
    network a step, but one in the last); "multistep" is DPM-Solver++(2M) (arXiv 2211.01095), which corrects with the
    prediction before. What is `held` (clean patches, and how much of each number is known, shaped as the noise) is put
    over each prediction, so that it goes the straight way from noise to what is known, as in training. The last step
    returns the network's clean prediction itself: stepping to it through a velocity leaves grain. `seen` is shown each
    prediction. Raises Cancelled between two steps when `cancel()` says so.
    """

    def predict(z: Tensor, t: float) -> Tensor:
        """The clean patches, as the network sees them from z at time t."""
        x = network(z, torch.full(noise.shape[:2], t, device=noise.device))
        return x if held is None else torch.lerp(x, *held)

    z = noise * SCALE
    if start is not None:
        z = pair(start, torch.full(noise.shape[:2], steps[0], device=noise.device), noise).noisy
    before: Tensor | None = None
    x = z
    for i, (t, after) in enumerate(pairwise(steps)):
        if cancel is not None and cancel():
            raise Cancelled(f"stopped after {i} of {len(steps) - 1} steps")
        x = predict(z, t)
        estimate = x
        # The solver's clock is the logarithm of signal over noise. It starts at -inf: the second order waits a step.
        if method == "multistep" and before is not None and after < 1 and steps[i - 1] > 0:
            ahead, behind = _log_ratio(after) - _log_ratio(t), _log_ratio(t) - _log_ratio(steps[i - 1])
            estimate = x + (x - before) * (ahead / behind / 2)
        if after < 1:
            slope = (estimate - z) / (1 - t)
            if method == "heun":
                reached = z + (after - t) * slope
                slope = (slope + (predict(reached, after) - reached) / (1 - after)) / 2
            z = z + (after - t) * slope
        before = x
        if seen is not None:
            seen(x)
        if progress is not None:
            progress(i + 1, len(steps) - 1)
    return x


def _log_ratio(t: float) -> float:
    return math.log(t / (1 - t))
