"""How the spotter learns: from renders of the world, whose contacts are known exactly.

`python -m vitascope.train.spotter --out spotter.safetensors --seconds 3000 --lessons lessons` draws its lessons (kept
in the folder `lessons` for the next time) in processes of their own while it trains, and writes the weight file that
ships; with `--init` it goes on from one. Films come at many rates, in the world's styles, and worn by random amounts
as foreign ones are: soft, noisy, cropped, brighter or darker, mirrored.
"""

import argparse
import json
import math
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vitascope.model import checkpoint, numerics
from vitascope.model.checkpoint import Card
from vitascope.shot.shot import Cue
from vitascope.sound.matter import OF_KIND
from vitascope.sound.spotter import (
    CELL,
    DELAY,
    GROUNDS,
    HOURS,
    KINDS,
    MET,
    MOMENTS,
    PLACES,
    THINGS,
    Spotter,
    load,
)
from vitascope.train.muon import Muon
from vitascope.world.footage import happening
from vitascope.world.heard import cues_of, presences
from vitascope.world.reel import Reel
from vitascope.world.scene import STYLES
from vitascope.world.stage import path_of, stage

SEED, TEST_SEED = 401, 402
LEVELS = (1, 1, 2, 2, 3, 3, 4)  # of the films that it is judged by
TAUGHT = (1, 2, 2, 3, 3, 4, 4)  # of those that it learns from: people and animals are found last
RATES = (12.0, 24.0, 24.0, 10.0, 25.0, 15.0, 30.0, 24.0, 12.0)
SIZES = ((256, 144), (256, 144), (256, 144), (144, 256), (192, 192))
SECONDS = 2.0
STYLED = 0.25  # of the films are in a style that is not natural
WINDOWS = ((144, 96), (112, 128), (256, 144))  # of a film that is learned from, and how often
WINDOW_SHARES = (0.65, 0.25, 0.1)
BATCH = 8  # clips of the first window
KEPT = 500  # lessons in memory, 5 MB each
SLOWED = 0.5  # of the films of 20 frames a second and more are taken at half their rate
STEPPED = 3.0  # so often a film with steps or clapping hands is taken as another
RATE = 1e-3
MATRIX_RATE = 6e-3  # of the kernels (Muon)
MOMENT_WEIGHT = 1.0
AROUND = 0.15  # of the loss: what sounds, how strongly and where, beside whether and when


@dataclass(frozen=True, eq=False)
class Lesson:
    """A film [T, H, W, 3] with what is heard of it; the animals in it are cues that last all the time."""

    frames: NDArray[np.uint8]
    fps: float
    cues: tuple[Cue, ...]


# ---- lessons


def rendered(
    seed: int,
    index: int,
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    levels: Sequence[int] = LEVELS,
) -> Lesson:
    """Lesson number `index` of a seed, drawn as large as it is looked at; of this rate and size, or by lot."""
    rng = np.random.default_rng([seed, index])
    level = int(rng.choice(levels))
    style = STYLES[int(rng.integers(1, len(STYLES)))] if level > 1 and rng.random() < STYLED else "natural"
    drawn_fps, drawn_size = RATES[int(rng.integers(len(RATES)))], SIZES[int(rng.integers(len(SIZES)))]
    fps, size = fps or drawn_fps, size or drawn_size
    scene, motion = happening(seed, index, level=level, size=size, seconds=SECONDS, fps=fps, style=style, split="any")
    path = path_of(scene.camera, SECONDS, fps)
    frames = Reel(stage(scene, motion, path), size, scene.style, scene.look % 10_000).whole.frames
    heard = [cue for cue in cues_of(scene, motion, path, size) if cue.kind != "animal"]
    return Lesson(frames, fps, (*heard, *presences(scene, motion, path, size)))


@lru_cache(maxsize=KEPT)
def kept(folder: Path, seed: int, index: int) -> Lesson:
    """A lesson from the folder, drawn and put there if it is not."""
    path = folder / f"{seed}-{index}.npz"
    if path.is_file():
        with np.load(path) as file:
            cues = tuple(Cue(**cue) for cue in json.loads(str(file["cues"])))
            return Lesson(file["frames"], float(file["fps"]), cues)
    lesson = rendered(seed, index, levels=TAUGHT)
    cues_text = json.dumps([cue.model_dump(mode="json") for cue in lesson.cues])
    beside = path.with_name(f".{path.stem}.npz")
    np.savez(beside, frames=lesson.frames, fps=lesson.fps, cues=cues_text)
    beside.replace(path)
    return lesson


@cache
def steps(folder: Path, seed: int, index: int) -> bool:
    """Whether feet or hands are heard in a lesson of the folder."""
    with np.load(folder / f"{seed}-{index}.npz") as file:
        return any(word in str(file["cues"]) for word in ('"footstep"', '"skin"'))


def _draw(folder: Path, seed: int, index: int) -> int:
    cv2.setNumThreads(1)
    kept.__wrapped__(folder, seed, index)  # it is the training that keeps them in memory
    return index


def view(lesson: Lesson, window: tuple[int, int], rng: np.random.Generator) -> Lesson:
    """A part of a film, nearer or farther by up to a third, mirrored by lot: mostly where something is heard, since all
    of a large film costs several times as much and says little more."""
    (H, W), (width, height) = lesson.frames.shape[1:3], window
    zoom = math.exp(rng.uniform(-0.15, 0.3)) if rng.random() < 0.5 else 1.0
    zoom = max(zoom, width / W, height / H)
    heard = [cue for cue in lesson.cues if cue.kind in KINDS and cue.place is not None]
    middle: NDArray[Any] = rng.uniform(0, 1, 2)
    if heard and rng.random() < 0.8:
        often = np.array([3.0 if cue.kind in MOMENTS else 1.0 for cue in heard])
        chosen = heard[int(rng.choice(len(heard), p=often / often.sum()))]
        along = rng.random()
        start, end = np.array(chosen.place), np.array(chosen.to or chosen.place)
        middle = start + along * (end - start) + rng.uniform(-0.3, 0.3, 2) * np.array(window) / (W, H) / zoom
    part = np.array([width / W, height / H]) / zoom  # of the picture that is seen
    corner = np.clip(middle - part / 2, 0, 1 - part)
    turned = bool(rng.random() < 0.5)
    if zoom == 1:
        left, top = (round(float(c * side)) for c, side in zip(corner, (W, H), strict=True))
        frames = lesson.frames[:, top : top + height, left : left + width]
        corner = np.array([left / W, top / H])
    else:  # whole numbers are the middles of pixels
        moved = np.array([[zoom, 0, (zoom - 1) / 2 - zoom * corner[0] * W], [0, zoom, 0]])
        moved[1, 2] = (zoom - 1) / 2 - zoom * corner[1] * H
        warped = (cv2.warpAffine(one, moved, window, borderMode=cv2.BORDER_REPLICATE) for one in lesson.frames)
        frames = np.stack(list(warped))
    frames = frames[:, :, ::-1] if turned else frames

    def placed(x: float, y: float) -> tuple[float, float]:
        x, y = (np.array((x, y)) - corner) / part
        return float(1 - x if turned else x), float(y)

    return Lesson(frames, lesson.fps, tuple(_placed(cue, placed) for cue in lesson.cues))


def slowed(lesson: Lesson, rng: np.random.Generator) -> Lesson:
    """The same film at half its rate: every second frame, beginning with the first or the second. What is heard of it
    stays, since its times are finer than a frame; films of few frames a second are the harder ones, and cost less."""
    begin = int(rng.integers(2))
    cues = []
    for cue in lesson.cues:
        time, end = cue.time - begin / lesson.fps, cue.time + cue.seconds - begin / lesson.fps
        if time >= 0 or end > 0:  # what has begun before goes on
            early = max(0.0, time)
            cues.append(cue.model_copy(update={"time": early, "seconds": max(0.0, end - early)}))
    return Lesson(lesson.frames[begin::2], lesson.fps / 2, tuple(cues))


def worn(lesson: Lesson, rng: np.random.Generator) -> Lesson:
    """The same film softer, with noise, brighter or darker, other in colour; each by lot."""
    x: NDArray[Any] = lesson.frames.astype(np.float32)
    if rng.random() < 0.4:
        width = rng.uniform(0.3, 1.6)
        x = np.stack([cv2.GaussianBlur(frame, (0, 0), width) for frame in x])
    x = np.float32(255) * (x.clip(0, 255) / 255) ** np.float32(math.exp(rng.normal(0, 0.15)))
    x = (x - 128) * np.float32(math.exp(rng.normal(0, 0.12))) + np.float32(128 + rng.normal(0, 8))
    if rng.random() < 0.2:
        grey = x.mean(3, keepdims=True)
        x = grey + np.float32(rng.uniform(0, 0.6)) * (x - grey)
    if rng.random() < 0.5:
        x = x + rng.standard_normal(x.shape, np.float32) * np.float32(rng.uniform(1, 7))
    return Lesson(np.rint(x).clip(0, 255).astype(np.uint8), lesson.fps, lesson.cues)


def _placed(cue: Cue, moved: Callable[[float, float], tuple[float, float]]) -> Cue:
    """The cue with its places moved; they may lie outside of the picture, where nothing is to be told."""
    places = {}
    for name in ("place", "to"):
        old = getattr(cue, name)
        places[name] = None if old is None else moved(*old)
    return cue.model_copy(update=places)


# ---- what the network should say


@dataclass(frozen=True, eq=False)
class Target:
    """Of each frame and cell: masses [T, kinds, h, w], and what they are of, where there is some: numbers in THINGS and
    MET (-1 unknown), strength and size [T, h, w]; of the whole film place, ground and hour."""

    mass: NDArray[np.float32]
    thing: NDArray[np.int64]
    met: NDArray[np.int64]
    strength: NDArray[np.float32]
    across: NDArray[np.float32]
    whole: tuple[int, int, int]


def target_of(lesson: Lesson, num_frames: int) -> Target:
    """What should be told of a lesson after each of its frames, which are followed by DELAY that stand still."""
    T, (H, W) = num_frames, lesson.frames.shape[1:3]
    h, w = H // CELL, W // CELL
    target = Target(
        mass=np.zeros((T, len(KINDS), h, w), np.float32),
        thing=np.full((T, h, w), -1, np.int64),
        met=np.full((T, h, w), -1, np.int64),
        strength=np.full((T, h, w), -1, np.float32),
        across=np.full((T, h, w), -1, np.float32),
        whole=_whole(lesson.cues),
    )
    for cue in lesson.cues:
        if cue.kind not in KINDS or cue.place is None:
            continue
        if cue.kind in MOMENTS:
            exact = cue.time * lesson.fps
            first = math.floor(exact)
            _put(target, cue, first, 1 - (exact - first), cue.place)
            _put(target, cue, first + 1, exact - first, cue.place)
            continue
        to = cue.to or cue.place
        begin, end = math.ceil(cue.time * lesson.fps), math.floor((cue.time + cue.seconds) * lesson.fps)
        for frame in range(begin, end + 1):
            u = (frame / lesson.fps - cue.time) / max(cue.seconds, 1e-6)
            place = (cue.place[0] + u * (to[0] - cue.place[0]), cue.place[1] + u * (to[1] - cue.place[1]))
            _put(target, cue, frame, 1.0, place)
    return target


def _put(target: Target, cue: Cue, frame: int, mass: float, place: tuple[float, float]) -> None:
    """So much mass of a cue at a frame, over the four cells around its place."""
    T, _, h, w = target.mass.shape
    told = frame + DELAY
    if not 0 <= told < T or mass <= 0 or not (0 <= place[0] <= 1 and 0 <= place[1] <= 1):
        return
    x, y = min(max(place[0] * w - 0.5, 0.0), w - 1.0), min(max(place[1] * h - 0.5, 0.0), h - 1.0)
    left, top = int(x), int(y)
    for row, column, share in (
        (top, left, (1 - x + left) * (1 - y + top)),
        (top, left + 1, (x - left) * (1 - y + top)),
        (top + 1, left, (1 - x + left) * (y - top)),
        (top + 1, left + 1, (x - left) * (y - top)),
    ):
        if share <= 0 or row >= h or column >= w:
            continue
        masses = target.mass[told, KINDS.index(cue.kind)]
        masses[row, column] = min(1.0, masses[row, column] + mass * share)
        if mass * share > 0.15:
            names = cue.materials[-1:] if cue.kind == "speech" else cue.materials[:1]
            asked = names and names[0] in THINGS and cue.kind not in OF_KIND  # those are read by `sound/matter.py`
            target.thing[told, row, column] = THINGS.index(names[0]) if asked else -1
            met = cue.materials[1] if len(cue.materials) > 1 else ""
            target.met[told, row, column] = MET.index(met) if met in MET else -1
            target.strength[told, row, column] = cue.strength
            target.across[told, row, column] = -1 if cue.across is None else math.log2(cue.across) / 4 + 0.5


def _whole(cues: Sequence[Cue]) -> tuple[int, int, int]:
    cue = next(cue for cue in cues if cue.kind == "place")
    place = cue.text.partition(",")[0]
    return PLACES.index(place), GROUNDS.index(cue.materials[0]), int("night" in cue.text)


# ---- learning


def loss_of(
    network: Spotter, frames: Tensor, fps: Tensor, targets: Sequence[Target]
) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch [B, T, 3, H, W], and its parts to be shown."""
    seen, _ = network(frames, fps)
    cells, whole = seen.cells.float(), seen.whole.float()
    K, N, M = len(KINDS), len(THINGS), len(MET)

    def all_of(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(target, name) for target in targets]))

    mass = all_of("mass")
    each = F.binary_cross_entropy_with_logits(cells[:, :, :K], mass, reduction="none").sum((3, 4)).mean((0, 1))
    least = F.binary_cross_entropy(mass, mass, reduction="none").sum((3, 4)).mean((0, 1))  # what is shared out stays
    each = each - least
    moments, lasting = each[: len(MOMENTS)].sum(), each[len(MOMENTS) :].sum()
    thing = _told(cells[:, :, K : K + N], all_of("thing"))
    met = _told(cells[:, :, K + N : K + N + M], all_of("met"))
    sizes = torch.stack(
        [
            (wanted >= 0).float().mul((cells[:, :, K + N + M + i] - wanted).abs()).sum()
            / (wanted >= 0).sum().clamp(min=1)
            for i, wanted in enumerate((all_of("strength"), all_of("across")))
        ]
    ).sum()
    T = whole.shape[1]
    parts = whole[:, DELAY:].flatten(0, 1).split((len(PLACES), len(GROUNDS), len(HOURS)), 1)
    answers = torch.tensor([target.whole for target in targets]).repeat_interleave(T - DELAY, 0)
    surroundings = torch.stack([F.cross_entropy(part, answers[:, i]) for i, part in enumerate(parts)]).sum()
    loss = 4 * moments + lasting + AROUND * (thing + met + 2 * sizes + surroundings)
    shown = {"moments": moments, "lasting": lasting, "thing": thing, "met": met, "sizes": sizes, "place": surroundings}
    return loss, {name: value.item() for name, value in shown.items()}


def _told(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy [B, T, C, h, w] against numbers [B, T, h, w], where there is one."""
    known = wanted >= 0
    if not bool(known.any()):
        return logits.sum() * 0
    return F.cross_entropy(logits.movedim(2, -1)[known], wanted[known])


def batch_of(lessons: Sequence[Lesson]) -> tuple[Tensor, Tensor, list[Target]]:
    """Lessons of one size as [B, T, 3, H, W], their rates [B], and what should be told; shorter ones stand still at
    their ends, as all do for DELAY frames."""
    T = max(len(lesson.frames) for lesson in lessons) + DELAY
    frames = [
        np.concatenate([lesson.frames, np.repeat(lesson.frames[-1:], T - len(lesson.frames), 0)]) for lesson in lessons
    ]
    stacked = torch.from_numpy(np.stack(frames)).movedim(-1, 2)
    return stacked, torch.tensor([lesson.fps for lesson in lessons]), [target_of(one, T) for one in lessons]


def train(
    out: Path, lessons: Path, seconds: float, init: Path | None = None, num_lessons: int = 4000, pace: float = 1.0
) -> None:
    """Train for so long, and write the weight file (also every five minutes). `pace` is a share of the usual learning
    rates: what goes on from trained weights forgets less with half of them."""
    torch.manual_seed(0)
    rng = np.random.default_rng()
    lessons.mkdir(parents=True, exist_ok=True)
    network = Spotter() if init is None else load(init).requires_grad_(True)
    network.train()
    matrices = [p for p in network.parameters() if p.ndim == 2 and p.shape[0] > 16]
    others = [p for p in network.parameters() if not (p.ndim == 2 and p.shape[0] > 16)]
    optimizers: list[tuple[torch.optim.Optimizer, float]] = [
        (Muon(matrices, lr=MATRIX_RATE), MATRIX_RATE),
        (torch.optim.AdamW(others, lr=RATE, weight_decay=0.0), RATE),
    ]
    begin = saved = time.monotonic()
    there = [i for i in range(num_lessons) if (lessons / f"{SEED}-{i}.npz").is_file()]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as drawer, ThreadPoolExecutor(1) as helper:
        ahead: Future[tuple[Tensor, Tensor, list[Target]]] | None = None
        missing = iter(i for i in range(num_lessons) if i not in set(there))
        coming = [drawer.submit(_draw, lessons, SEED, i) for _, i in zip(range(4), missing, strict=False)]
        step = 0
        shown: dict[str, float] = {}
        while (spent := time.monotonic() - begin) < seconds:
            done = [one for one in coming if one.done()]
            coming = [one for one in coming if not one.done()]
            there += [one.result() for one in done]
            coming += [drawer.submit(_draw, lessons, SEED, i) for _, i in zip(done, missing, strict=False)]
            if len(there) < 8 * BATCH:
                time.sleep(1.0)
                continue
            share = min(1.0, (step + 1) / 50) * min(1.0, 1.02 - spent / seconds) ** 0.7
            if ahead is None:
                ahead = helper.submit(_prepared, lessons, tuple(there), rng)
            frames, fps, targets = ahead.result()
            ahead = helper.submit(_prepared, lessons, tuple(there), rng)
            with numerics.products(frames.device):
                loss, parts = loss_of(network, frames, fps, targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            for optimizer, rate in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = pace * rate * share
                optimizer.step()
                optimizer.zero_grad()
            step += 1
            shown = {name: 0.98 * shown.get(name, value) + 0.02 * value for name, value in parts.items()}
            if step % 50 == 0:
                told = "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
                print(f"{spent:6.0f} s  step {step}  {len(there)} lessons  {told}", flush=True)
            if time.monotonic() - saved > 300:
                write(network, out, step)
                saved = time.monotonic()
        for one in coming:
            one.cancel()
    write(network, out, step)


def _prepared(folder: Path, there: Sequence[int], rng: np.random.Generator) -> tuple[Tensor, Tensor, list[Target]]:
    return batch_of(_chosen(folder, there, rng))


def _chosen(folder: Path, there: Sequence[int], rng: np.random.Generator) -> list[Lesson]:
    """Parts of some lessons of about one rate, worn."""
    window = WINDOWS[int(rng.choice(len(WINDOWS), p=WINDOW_SHARES))]
    often = np.array([STEPPED if steps(folder, SEED, i) else 1.0 for i in there])
    number = max(1, round(BATCH * WINDOWS[0][0] * WINDOWS[0][1] / (window[0] * window[1])))
    picks = rng.choice(there, 60, p=often / often.sum())
    first = kept(folder, SEED, int(picks[0]))
    slow = first.fps >= 20 and rng.random() < SLOWED
    first = slowed(first, rng) if slow else first
    chosen = []
    for pick in picks:
        other = kept(folder, SEED, int(pick))
        if slow and other.fps >= 20:
            other = slowed(other, rng)
        fits = other.frames.shape[1] >= window[1] and other.frames.shape[2] >= window[0]
        if fits and abs(len(other.frames) / len(first.frames) - 1) < 0.3:
            chosen.append(other)
        if len(chosen) == number:
            break
    return [worn(view(lesson, window, rng), rng) for lesson in chosen or [first]]


def write(network: Spotter, path: Path, step: int) -> None:
    """Write the weight file, int8."""
    layout = {"widths": network.widths, "depths": network.depths}
    card = Card("spotter", SIZES[0], 48, 24.0, 4, training={"network": layout, "steps": step})
    checkpoint.save(network, card, path, stored="int8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the spotter.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lessons", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=3000.0)
    parser.add_argument("--init", type=Path)
    parser.add_argument("--num-lessons", type=int, default=4000)
    parser.add_argument("--pace", type=float, default=1.0, help="share of the usual learning rates")
    given = parser.parse_args()
    train(given.out, given.lessons, given.seconds, given.init, given.num_lessons, given.pace)


if __name__ == "__main__":
    main()
