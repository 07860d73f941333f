"""How the upscaler learns: from renders of one scene at two sizes, and from natural pictures made smaller.

`python -m vitascope.train.upscaler --out upscaler.safetensors --seconds 3000 --pictures photos --lessons lessons`
draws its lessons (kept in the folder `lessons` for the next time), trains and writes the weight file that ships; with
`--init` it goes on from one. What is given to the network is worn as the video network's own pictures are, by random
amounts, often by nothing. What it should make of it is the clean large picture.
"""

import argparse
import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from vitascope.finish.upscale import FACTOR, Upscaler, enlarged, load
from vitascope.model import checkpoint
from vitascope.model.checkpoint import Card, CheckpointError
from vitascope.model.detail import CELL
from vitascope.model.patches import PATCH
from vitascope.train import stills
from vitascope.train.muon import Muon
from vitascope.world.footage import SIZE, happening
from vitascope.world.reel import Reel
from vitascope.world.scene import STYLES
from vitascope.world.stage import path_of, stage

SEED, TEST_SEED = 301, 302
LEVELS = (1, 2, 3, 4)
SECONDS, FPS = 2.0, 12.0
NEAREST = cv2.INTER_NEAREST_EXACT
STYLED = 0.3  # of the renders are in a style that is not natural
NATURAL_SHARE = 0.3  # of the crops are of natural pictures
CLEAN_SHARE = 0.35  # of the crops are not worn
CROP = 32  # pixels of the small picture
BATCH = 12
LOOKS = 3  # crops of which the one with more in it is taken: much of a render is sky
RATE = 2e-3
MATRIX_RATE = 3e-3  # of the blocks' kernels (Muon)
SOFT = 0.004  # of 0..1: errors below count squared, those above as they are
KEEP_EVERY = 600.0  # seconds
TEST_TAKES = 16
# Photographs that are kept for the test, of `stills.PHOTOS`; of the cut-outs each tenth.
HELD_OUT = ("tabby cat", "cup of coffee", "astronaut", "rocket", "man with a camera")

Frame = npt.NDArray[np.uint8]  # H W 3


@dataclass(frozen=True, eq=False)
class Pair:
    """The same picture twice: small [h, w, 3] and large [FACTOR·h, FACTOR·w, 3]."""

    small: Frame
    large: Frame


# ---- lessons


def rendered(
    seed: int, index: int, level: int, sizes: Sequence[tuple[int, int]], num_frames: int = 2
) -> list[list[Frame]]:
    """Some frames of a take, far apart, each drawn at these sizes: each as the world draws it."""
    rng = np.random.default_rng([seed, index])
    style = STYLES[int(rng.integers(1, len(STYLES)))] if level > 1 and rng.random() < STYLED else "natural"
    scene, motion = happening(seed, index, level=level, size=SIZE, seconds=SECONDS, fps=FPS, style=style)
    path = path_of(scene.camera, SECONDS, FPS)
    whole = stage(scene, motion, path)
    times = np.sort(rng.choice(len(motion.position), num_frames, replace=False))
    films = [Reel(whole.at(times), size, scene.style, scene.look % 10_000).whole.frames for size in sizes]
    if style == "pixel art":  # its blocks lie otherwise in each size: a true larger one has the same blocks
        films = [np.stack([cv2.resize(frame, size, interpolation=NEAREST) for frame in films[0]]) for size in sizes]
    return [list(frames) for frames in zip(*films, strict=True)]


def gather(folder: Path, seed: int, num_takes: int, told: Callable[[str], None] = lambda line: None) -> list[Pair]:
    """Pairs of so many takes of all levels in turn, two of each; kept in the folder for the next time."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Pair] = []
    for index in range(num_takes):
        kept = folder / f"{seed}-{index}.npz"
        if not kept.is_file():
            level = LEVELS[index % len(LEVELS)]
            frames = rendered(seed, index, level, (SIZE, (SIZE[0] * FACTOR, SIZE[1] * FACTOR)))
            small, large = (np.stack(film) for film in zip(*frames, strict=True))
            np.savez(kept, small=small, large=large)
        with np.load(kept) as file:
            found += [Pair(small, large) for small, large in zip(file["small"], file["large"], strict=True)]
        if index % 20 == 19:
            told(f"{index + 1} takes")
    return found


def naturals(folder: str, *, held_out: bool) -> list[list[Frame]]:
    """Photographs and cut-outs (each before a soft gradient) of a folder that `stills.fetch` filled, as two lists:
    those that are kept for the test, or the others. A list without pictures is left out."""
    filling, see_through = stills.pictures(folder)
    found = [path for path in filling if any(words in path.stem for words in HELD_OUT) == held_out]
    photographs = [np.asarray(Image.open(path).convert("RGB")) for path in found]
    rng = np.random.default_rng(0)
    cut_outs = [
        _before_gradient(np.asarray(Image.open(path).convert("RGBA")), rng)
        for number, path in enumerate(see_through)
        if (number % 10 == 0) == held_out
    ]
    return [group for group in (photographs, cut_outs) if group]


def _before_gradient(cut_out: npt.NDArray[np.uint8], rng: np.random.Generator) -> Frame:
    """A cut-out [H, W, 4] before a gradient between two colours, from top to bottom."""
    H, W = cut_out.shape[:2]
    colours = rng.uniform(20, 235, (2, 1, 3)).astype(np.float32)
    back = cv2.resize(colours, (W, H), interpolation=cv2.INTER_LINEAR)
    share = cut_out[..., 3:].astype(np.float32) / 255
    return np.rint(cut_out[..., :3] * share + back * (1 - share)).astype(np.uint8)


def worn(frame: Frame, rng: np.random.Generator) -> Frame:
    """A small frame [h, w, 3] as the video network or a coder might have made it: a little soft, with steps between
    patches, with noise, in fewer levels, or coded; each of them by lot."""
    x = frame.astype(np.float32)
    h, w = x.shape[:2]
    if rng.random() < 0.5:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.3, 1.4))
    if rng.random() < 0.6:
        x += _steps(h, w, rng)
    if rng.random() < 0.6:
        noise = rng.normal(0, rng.uniform(0.5, 4.0), x.shape).astype(np.float32)
        if rng.random() < 0.5:
            noise = 1.5 * cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 0.8))
        x += noise
    if rng.random() < 0.2:
        step = rng.uniform(2, 6)
        x = np.rint(x / step) * step
    out = np.rint(x).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))])
        out = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return out


def _steps(h: int, w: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A shift and a slope for each patch, or each cell of a patch, of a grid that lies anywhere: [h, w, 3] levels."""
    side = PATCH if rng.random() < 0.7 else CELL
    high, wide = h // side + 2, w // side + 2
    strength = rng.uniform(0.2, 2.5)
    shift, down, across = rng.normal(0, strength, (3, high, wide, 3)).repeat(side, 1).repeat(side, 2)
    slope = np.linspace(-1, 1, side)
    steps = shift + down * np.tile(slope, high)[:, None, None] + across * np.tile(slope, wide)[None, :, None]
    top, left = rng.integers(side, size=2)
    return steps[top : top + h, left : left + w].astype(np.float32)


def crop(pair: Pair, rng: np.random.Generator, side: int = CROP) -> Pair:
    """A square part of a pair, turned and mirrored by lot."""
    top, left = (int(rng.integers(length - side + 1)) for length in pair.small.shape[:2])
    y, x, large = top * FACTOR, left * FACTOR, side * FACTOR
    parts = [pair.small[top : top + side, left : left + side], pair.large[y : y + large, x : x + large]]
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
    parts = [np.rot90(part[:, ::-1] if mirrored else part, turns) for part in parts]
    return Pair(*(np.ascontiguousarray(part) for part in parts))


def shrunk(large: Frame, rng: np.random.Generator) -> Frame:
    """A picture FACTOR times smaller a side, averaged or by Lanczos."""
    size = large.shape[1] // FACTOR, large.shape[0] // FACTOR
    if rng.random() < 0.5:
        return np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(Image.fromarray(large).resize(size, Image.Resampling.LANCZOS))


def drawn(pairs: Sequence[Pair], pictures: Sequence[Sequence[Frame]], rng: np.random.Generator) -> Pair:
    """One crop to learn from: of a render, as drawn small or made smaller, or of a natural picture; worn, mostly."""
    if pictures and rng.random() < NATURAL_SHARE:
        group = pictures[int(rng.integers(len(pictures)))]  # the photographs are few, and seen as often as the cut-outs
        picture = group[int(rng.integers(len(group)))]
        side = CROP * FACTOR
        least = side / min(picture.shape[:2])
        scale = min(1.0, max(least, rng.uniform(0.4, 1.0)))  # photographs are often soft where they are largest
        size = [max(side, round(length * scale)) for length in picture.shape[1::-1]]
        fine = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        top, left = (int(rng.integers(length - side + 1)) for length in fine.shape[:2])
        large = fine[top : top + side, left : left + side]
        one = crop(Pair(shrunk(large, rng), large), rng)
    else:
        pair = pairs[int(rng.integers(len(pairs)))]
        one = max((crop(pair, rng) for _ in range(LOOKS)), key=lambda made: float(made.small.std()))
        if rng.random() < 0.35:
            one = Pair(shrunk(one.large, rng), one.large)
    return one if rng.random() < CLEAN_SHARE else Pair(worn(one.small, rng), one.large)


def batch(
    pairs: Sequence[Pair], pictures: Sequence[Sequence[Frame]], rng: np.random.Generator, count: int
) -> tuple[Tensor, Tensor]:
    """Crops small [B, 3, CROP, CROP] and large [B, 3, FACTOR·CROP, FACTOR·CROP] in 0..1."""
    made = [drawn(pairs, pictures, rng) for _ in range(count)]
    small, large = np.stack([one.small for one in made]), np.stack([one.large for one in made])
    return to_tensor(small), to_tensor(large)


def to_tensor(frames: npt.NDArray[np.uint8]) -> Tensor:
    """Frames [B, H, W, 3] to [B, 3, H, W] in 0..1."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255


# ---- learning


def loss(made: Tensor, wanted: Tensor) -> Tensor:
    """How far pictures [B, 3, H, W] are from what they should be: the error itself (Charbonnier's), and that of the
    differences between neighbours, which edges are made of."""
    off = made - wanted
    across, down = off[..., 1:] - off[..., :-1], off[..., 1:, :] - off[..., :-1, :]
    return _charbonnier(off) + 0.5 * (_charbonnier(across) + _charbonnier(down))


def _charbonnier(off: Tensor) -> Tensor:
    return torch.sqrt(off**2 + SOFT**2).mean() - SOFT


def train(
    network: Upscaler,
    pairs: Sequence[Pair],
    pictures: Sequence[Sequence[Frame]],
    seconds: float,
    *,
    most: int = 1_000_000,
    count: int = BATCH,
    rate: float = RATE,
    seed: int = 0,
    told: Callable[[str], None] = lambda line: None,
    kept: Callable[[Upscaler, int], None] = lambda network, step: None,
) -> tuple[Upscaler, int]:
    """The average of the network while it learns for so many seconds, or `most` steps, and how many steps it took. Now
    and then `kept` is given the average so far."""
    average = copy.deepcopy(network).requires_grad_(False)
    inside = list(network.kernels)
    others = [parameter for name, parameter in network.named_parameters() if not name.startswith("kernels.")]
    optimizers = [
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.99), weight_decay=0.0),
        Muon(inside, lr=MATRIX_RATE / RATE * rate, weight_decay=0.0),
    ]
    rates = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
    rng = np.random.default_rng(seed)
    begun, step, smooth = time.monotonic(), 0, 0.0
    last = begun
    while (progress := max((time.monotonic() - begun) / seconds, step / most)) < 1:
        small, large = batch(pairs, pictures, rng, count)
        found = loss(network(small), large)
        network.zero_grad()
        found.backward()
        share = min(1.0, (step + 1) / 30) * (0.01 + 0.99 * math.cos(math.pi / 2 * progress) ** 2)
        for optimizer, highest in zip(optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = highest * share
            optimizer.step()
        step += 1
        keep = min(0.998, step / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - keep)
        smooth += (float(found.detach()) - smooth) * max(0.01, 1 / step)
        if step % 100 == 0:
            told(f"step {step} after {time.monotonic() - begun:.0f} s: loss {smooth:.5f}")
        if time.monotonic() - last > KEEP_EVERY:
            kept(average, step)
            last = time.monotonic()
    return average.eval(), step


def gain(network: Upscaler, pairs: Sequence[Pair]) -> float:
    """By how many dB the network's pictures are nearer to the large ones than Lanczos' are: the median, since pixel art
    gains more than ten."""
    gains = []
    for pair in pairs:
        size = pair.large.shape[1], pair.large.shape[0]
        plain = np.asarray(Image.fromarray(pair.small).resize(size, Image.Resampling.LANCZOS))
        gains.append(psnr(enlarged(network, pair.small), pair.large) - psnr(plain, pair.large))
    return float(np.median(gains))


def psnr(made: Frame, true: Frame) -> float:
    """dB between frames of one shape."""
    return float(10 * np.log10(255**2 / max(1e-3, np.mean((made.astype(np.float32) - true) ** 2))))


def save(network: Upscaler, out: Path, training: dict[str, object], metrics: dict[str, object]) -> None:
    checkpoint.save(network, Card("upscaler", SIZE, 1, FPS, LEVELS[-1], training, metrics), out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the weights to write")
    parser.add_argument("--seconds", type=float, default=3000.0, help="how long to learn")
    parser.add_argument("--init", type=Path, help="weights to go on from")
    parser.add_argument("--rate", type=float, default=RATE, help="learning rate at the start")
    parser.add_argument("--takes", type=int, default=300, help="how many takes of the world to learn from")
    parser.add_argument("--lessons", type=Path, default=Path("lessons"), help="where renders are kept")
    parser.add_argument("--pictures", help="a folder that vitascope.train.stills has filled")
    given = parser.parse_args()
    try:
        torch.manual_seed(0)
        network = load(given.init) if given.init else Upscaler()
        network.train().requires_grad_(True)
        pairs = gather(given.lessons, SEED, given.takes, print)
        test = gather(given.lessons, TEST_SEED, TEST_TAKES)
        pictures = naturals(given.pictures, held_out=False) if given.pictures else []
        training = {"takes": given.takes, "pictures": sum(map(len, pictures)), "seconds": given.seconds, "batch": BATCH}

        def kept(average: Upscaler, step: int) -> None:
            metrics: dict[str, object] = {"dB over Lanczos": round(gain(average, test), 3)}
            save(average, given.out, {**training, "steps": step}, metrics)
            print(f"{step} steps: {metrics}", flush=True)

        seed = int(time.time()) if given.init else 0
        kept(*train(network, pairs, pictures, given.seconds, rate=given.rate, seed=seed, told=print, kept=kept))
    except (CheckpointError, stills.PicturesError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
