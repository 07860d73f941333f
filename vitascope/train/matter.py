"""How matter is learned: from small pictures of the world, where something is heard that is known exactly.

`python -m vitascope.train.matter --out matter.safetensors --seconds 1500` simulates scenes and draws only the frames in
which something touches something, in a process of its own while it trains, so no picture is kept for long; with
`--init` it goes on from a weight file. Pictures are worn as foreign films are.
"""

import argparse
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from vitascope.model import checkpoint
from vitascope.model.checkpoint import Card
from vitascope.sound.matter import BESIDE, MATTERS, OF_KIND, SIDE, Matter, load, small_picture, told
from vitascope.train.spotter import SECONDS, SIZES, STYLED, Lesson, worn
from vitascope.world.footage import happening
from vitascope.world.heard import cues_of
from vitascope.world.reel import Reel
from vitascope.world.scene import STYLES
from vitascope.world.stage import path_of, stage

SEED, TEST_SEED = 403, 404
LEVELS = (1, 2, 2, 3, 3, 4, 4, 4)
FPS = 24.0
MARGIN = 8  # pixels by which a place may be wrong: half a cell
WIDE = SIDE + 2 * MARGIN
MOST = 3  # cues of a scene, so that those with many footsteps do not count for more
BATCH, KEPT = 64, 12_000
SCENES = 24  # that are drawn at a time
RATE, DECAY = 2e-3, 0.05


def pictures(seed: int, index: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """What is heard in scene number `index` of a seed: small pictures [3, WIDE, WIDE, 3] before, at and after it, and
    the number in MATTERS of what sounds."""
    rng = np.random.default_rng([seed, index])
    level = int(rng.choice(LEVELS))
    style = STYLES[int(rng.integers(1, len(STYLES)))] if level > 1 and rng.random() < STYLED else "natural"
    size = SIZES[int(rng.integers(len(SIZES)))]
    scene, motion = happening(seed, index, level=level, size=size, seconds=SECONDS, fps=FPS, style=style, split="any")
    path = path_of(scene.camera, SECONDS, FPS)
    heard = [
        cue
        for cue in cues_of(scene, motion, path, size)
        if cue.kind in OF_KIND and cue.place is not None and all(0 <= x <= 1 for x in cue.place)
    ]
    if not heard:
        return
    whole = stage(scene, motion, path)
    for chosen in rng.permutation(len(heard))[:MOST]:
        cue = heard[int(chosen)]
        along = rng.random()
        start = np.array(cue.place)
        x, y = start + along * (np.array(cue.to or cue.place) - start)
        if not (0 <= x <= 1 and 0 <= y <= 1):
            continue
        middle = cue.time + along * cue.seconds
        last = len(whole.position) - 1
        shown = np.array([min(max(round((middle + d) * FPS), 0), last) for d in (-BESIDE, 0.0, BESIDE)])
        frames = Reel(whole.at(shown), size, scene.style, scene.look % 10_000).whole.frames
        seen = np.stack([small_picture(frame, (float(x), float(y)), WIDE) for frame in frames])
        yield seen, MATTERS.index(cue.materials[0])


def _drawn(seed: int, first: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The small pictures [N, 3, WIDE, WIDE, 3] of SCENES scenes, and their answers [N]."""
    import numba

    cv2.setNumThreads(1)
    numba.set_num_threads(1)
    found = [one for index in range(first, first + SCENES) for one in pictures(seed, index)]
    return np.stack([seen for seen, _ in found]), np.array([answer for _, answer in found])


def augmented(seen: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """One of the pictures [3, WIDE, WIDE, 3] of a moment, [SIDE, SIDE, 3]: a little beside the place, nearer or farther
    by up to a fifth, mirrored by lot, and worn."""
    picture: NDArray[Any] = seen[int(rng.integers(len(seen)))]
    if rng.random() < 0.4:
        zoom = float(np.exp(rng.uniform(-0.2, 0.2)))
        middle = (WIDE - 1) / 2
        moved = np.array([[zoom, 0, middle - zoom * middle], [0, zoom, middle - zoom * middle]])
        picture = cv2.warpAffine(picture, moved, (WIDE, WIDE), borderMode=cv2.BORDER_REPLICATE)
    left, top = rng.integers(0, 2 * MARGIN + 1, 2)
    picture = picture[top : top + SIDE, left : left + SIDE]
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    return worn(Lesson(picture[None], FPS, ()), rng).frames[0]


def accuracy(network: Matter, scenes: int, seed: int = TEST_SEED) -> dict[str, tuple[int, int]]:
    """Of each of MATTERS, how often it was read rightly in unseen scenes, and of how many."""
    right = {name: [0, 0] for name in MATTERS}
    for first in range(0, scenes, SCENES):
        seen, answers = _drawn(seed, first)
        inside = seen[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
        for answer, wanted in zip(told(network, inside).argmax(1), answers, strict=True):
            right[MATTERS[wanted]][0] += int(answer == wanted)
            right[MATTERS[wanted]][1] += 1
    return {name: (hit, number) for name, (hit, number) in right.items()}


def train(out: Path, seconds: float, init: Path | None = None) -> None:
    """Train for so long, and write the weight file."""
    torch.manual_seed(0)
    rng = np.random.default_rng()
    network = Matter() if init is None else load(init).requires_grad_(True)
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    kept: deque[tuple[NDArray[np.uint8], int]] = deque(maxlen=KEPT)
    number = int(rng.integers(2**20)) * SCENES  # not the scenes of the last time again
    step, shown, begin = 0, 0.0, time.monotonic()
    # A process of its own from the start: one that is forked from threads that draw waits for them for ever.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as drawer:
        coming = drawer.submit(_drawn, SEED, number)
        while (spent := time.monotonic() - begin) < seconds:
            if coming.done() or len(kept) < 4 * BATCH:
                kept.extend(zip(*coming.result(), strict=True))
                number += SCENES
                coming = drawer.submit(_drawn, SEED, number)
                continue
            chosen = [kept[int(i)] for i in rng.integers(len(kept), size=BATCH)]
            x = torch.from_numpy(np.stack([augmented(seen, rng) for seen, _ in chosen])).movedim(-1, 1)
            loss = F.cross_entropy(network(x), torch.tensor([answer for _, answer in chosen]), label_smoothing=0.05)
            loss.backward()
            share = min(1.0, (step + 1) / 50) * max(0.02, 1 - spent / seconds)
            for group in optimizer.param_groups:
                group["lr"] = RATE * share
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            shown = loss.item() if step == 1 else 0.98 * shown + 0.02 * loss.item()
            if step % 200 == 0:
                print(f"{spent:6.0f} s  step {step}  loss {shown:.3f}", flush=True)
        coming.cancel()
    layout = {"widths": network.widths}
    card = Card("matter", SIZES[0], 3, FPS, 4, training={"network": layout, "steps": step})
    checkpoint.save(network, card, out, stored="int8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the reader of matter.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=1500.0)
    parser.add_argument("--init", type=Path)
    parser.add_argument("--scenes", type=int, default=600, help="unseen ones that it is judged by at the end")
    given = parser.parse_args()
    train(given.out, given.seconds, given.init)
    right = accuracy(load(given.out), given.scenes)
    hits, number = (sum(pair[i] for pair in right.values()) for i in (0, 1))
    print(f"unseen: {hits} of {number};", ", ".join(f"{name} {hit}/{n}" for name, (hit, n) in right.items()))


if __name__ == "__main__":
    main()
