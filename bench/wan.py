"""Prints how long a call of our network takes beside Wan's, diffusers' WanTransformer3DModel at the same sizes, for a
film of four seconds (make bench; it needs: pip install -c constraints.txt -e ".[bench]")."""

import gc
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from vitascope.model import numerics, patches, presets
from vitascope.model.condition import TRACK_WIDTH, Conditions, group_seconds
from vitascope.model.dit import DiT, DiTParams
from vitascope.model.text import TEXT_WIDTH

ROUNDS = 3
BATCH = 2  # with the words and without
NUM_GROUPS = 12  # of four frames: four seconds at 12 frames a second
NUM_WORDS = 16  # tokens of text
FPS = 12.0
CPU = torch.device("cpu")
# `like Wan`: 31.6 M parameters take part in a call, and a head is as wide as Wan's.
LIKE_WAN = DiTParams(width=384, depth=12, heads=3, hidden=1264, bottleneck=192)
TASKS: list[tuple[str, DiTParams, tuple[int, int]]] = [
    ("small", presets.params("small"), (144, 80)),
    ("small", presets.params("small"), (256, 144)),
    ("like Wan", LIKE_WAN, (256, 144)),
]


@dataclass(frozen=True)
class Runner:
    """A network with its inputs: one call of it, how its answer becomes patches again, and what it is made of."""

    name: str
    call: Callable[[], Tensor]
    patches: Callable[[Tensor], Tensor]
    parameters: int


def given(grid: tuple[int, int]) -> tuple[Tensor, Conditions]:
    """Noisy patches and what is known about them, as `generate.make` has them for words alone."""
    n = grid[0] * grid[1]
    noisy = torch.randn(BATCH, NUM_GROUPS, n, patches.MOVING_WIDTH)
    conditions = Conditions(
        text=torch.randn(BATCH, NUM_WORDS, TEXT_WIDTH),
        text_real=torch.ones(BATCH, NUM_WORDS, dtype=torch.bool),
        seconds=group_seconds(NUM_GROUPS, FPS).repeat(BATCH, 1),
        interval=torch.full((BATCH,), 1 / FPS),
        grid=grid,
        tracks=torch.zeros(BATCH, NUM_GROUPS, n, TRACK_WIDTH * patches.GROUP),
    )
    return noisy, conditions


def without_zeros(network: nn.Module) -> nn.Module:
    """The network with random numbers where a fresh one has nothing but zeros, which would hide what is computed."""
    with torch.no_grad():
        for weight in network.parameters():
            if not weight.any():
                weight.normal_(std=0.02)
    return network.eval()


def taking_part(network: nn.Module, answer: Callable[[], Tensor]) -> int:
    """How many parameters the answer depends on: ours also has those of single pictures, pins and letters."""
    weights = list(network.parameters())
    slopes = torch.autograd.grad(answer().sum(), weights, allow_unused=True)
    return sum(weight.numel() for weight, slope in zip(weights, slopes, strict=True) if slope is not None)


def ours(params: DiTParams, noisy: Tensor, conditions: Conditions) -> Runner:
    """Our network; its parameters are those that take part."""
    network = without_zeros(DiT(params))
    level = torch.full(noisy.shape[:2], 0.5)  # B G
    small, known = given((1, 1))
    count = taking_part(network, lambda: network(small, level, known))
    return Runner("ours", lambda: network(noisy, level, conditions), lambda x: x, count)


def wan_of(make_wan: Callable[..., nn.Module], params: DiTParams, hidden: int) -> nn.Module:
    """Wan's network of our sizes. A token is the same 16×16 pixels of four frames, which are its channels."""
    channels = 3 * patches.GROUP
    return make_wan(
        patch_size=(1, patches.PATCH, patches.PATCH),
        num_attention_heads=params.heads,
        attention_head_dim=params.width // params.heads,
        in_channels=channels,
        out_channels=channels,
        text_dim=TEXT_WIDTH,
        ffn_dim=hidden,
        num_layers=params.depth,
    )


def as_many(make_wan: Callable[..., nn.Module], params: DiTParams, wanted: int) -> int:
    """The width of Wan's MLP, in steps of 8, with which it has nearest to as many parameters as are wanted."""
    with torch.device("meta"):
        here, more = (
            sum(p.numel() for p in wan_of(make_wan, params, params.hidden + add).parameters()) for add in (0, 8)
        )
    return params.hidden + 8 * round((wanted - here) / (more - here))


def wan(
    name: str, make_wan: Callable[..., nn.Module], params: DiTParams, hidden: int, noisy: Tensor, conditions: Conditions
) -> Runner:
    """Wan's network with an MLP of this width, given the same patches and words. It has one noise level a clip."""
    network = without_zeros(wan_of(make_wan, params, hidden))
    B, G, _, _ = noisy.shape
    frames = patches.to_frames(noisy, conditions.grid)  # B F H W 3
    video = frames.unflatten(1, (G, -1)).permute(0, 2, 5, 1, 3, 4).flatten(1, 2).contiguous()  # B 12 G H W
    level = torch.full((B,), 500.0)

    def back(video: Tensor) -> Tensor:
        frames = video.unflatten(1, (-1, 3)).permute(0, 3, 1, 4, 5, 2).flatten(1, 2)  # B F H W 3
        return patches.to_patches(frames, patches.GROUP)

    assert torch.equal(back(video), noisy), "the two networks would get different patches"
    count = sum(p.numel() for p in network.parameters())
    return Runner(name, lambda: network(video, level, conditions.text, return_dict=False)[0], back, count)


def arithmetic(call: Callable[[], Tensor]) -> int:
    """Additions and multiplications of all matrix products of a call, those of attention too."""

    def attention(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
        return sdpa_flop_count(q, k, v)

    # PyTorch's counter does not know the CPU's attention
    mapping = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention}
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        call()
    return counter.get_total_flops()


def seconds_of(call: Callable[[], Tensor]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def matrix_rate(dtype: torch.dtype) -> float:
    """Additions and multiplications a second of a large matrix product, the best of three."""
    side = 1536
    a, b = torch.randn(side, side).to(dtype), torch.randn(side, side).to(dtype)
    return 2 * side**3 / min(seconds_of(lambda: a @ b) for _ in range(3))


def compare(make_wan: Callable[..., nn.Module], name: str, params: DiTParams, size: tuple[int, int]) -> None:
    """Time ours and two of Wan's by turns, and print a line for each."""
    grid = size[1] // patches.PATCH, size[0] // patches.PATCH
    torch.manual_seed(1)
    noisy, conditions = given(grid)
    own = ours(params, noisy, conditions)
    runners = [own]
    for title, hidden in (("MLP as wide", params.hidden), ("as large", as_many(make_wan, params, own.parameters))):
        runners.append(wan(f"Wan, {title} ({hidden})", make_wan, params, hidden, noisy, conditions))
    dtype = torch.bfloat16 if numerics.computes_bf16(CPU) else torch.float32
    took: list[list[float]] = [[] for _ in runners]
    rates = []
    with torch.inference_mode(), numerics.products(CPU):
        work = [arithmetic(runner.call) for runner in runners]  # which also warms them up
        for runner in runners:
            answer = runner.patches(runner.call())
            assert answer.shape == noisy.shape, f"{runner.name}: {tuple(answer.shape)}, not {tuple(noisy.shape)}"
            assert answer.isfinite().all(), f"{runner.name}: the answer is not finite"
        for number in range(ROUNDS):
            rates.append(matrix_rate(dtype))
            for turn in range(len(runners)):  # another one begins each round
                at = (turn + number) % len(runners)
                took[at].append(seconds_of(runners[at].call))
    rate = statistics.median(rates)
    tokens = NUM_GROUPS * grid[0] * grid[1]
    print(
        f"\n{name}, {size[0]}x{size[1]}: {tokens:,} tokens × {BATCH}, width {params.width}, depth {params.depth}, "
        f"heads {params.heads}, MLP {params.hidden}; matrices {rate / 1e9:.0f} GFLOP/s ({min(rates) / 1e9:.0f} to "
        f"{max(rates) / 1e9:.0f}) in {'bf16' if dtype == torch.bfloat16 else 'fp32'}"
    )
    middle = statistics.median(took[0])
    for runner, times, done in zip(runners, took, work, strict=True):
        median = statistics.median(times)
        print(
            f"{runner.name:<24}{runner.parameters / 1e6:6.2f} M {done / 1e9:7.1f} GFLOP {median * 1e3:7.0f} ms "
            f"({min(times) * 1e3:.0f} to {max(times) * 1e3:.0f}), {done / median / rate:4.0%} of the matrix rate, "
            f"{median / middle:.2f} of our time"
        )


def main() -> None:
    try:
        from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
    except ImportError:
        print('diffusers, with which this compares, is not installed: pip install -c constraints.txt -e ".[bench]"')
        return
    print(f"a call of the network, median of {ROUNDS} rounds; {torch.get_num_threads()} threads", end="")
    print(f"; load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "")
    for name, params, size in TASKS:
        compare(WanTransformer3DModel, name, params, size)
        gc.collect()


if __name__ == "__main__":
    main()
