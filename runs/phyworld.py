"""Trains a network on PhyWorld (arXiv 2411.02385) and measures whether it keeps to the law it has seen.

    OMP_NUM_THREADS=1 python runs/phyworld.py --out runs/phyworld
    OMP_NUM_THREADS=1 python runs/phyworld.py --kinds collision,parabola --out runs/phyworld-both
    python runs/phyworld.py --preset small --steps 20000 --size 32 --out runs/phyworld-small

The first takes 1,400 s of one core that others use beside it (AMD EPYC with bf16 units: 0.39 s a step of four clips;
14,400 clips in all). Expected, sixty cases each of uniform motion, error of the velocity in lengths a second: 0.088
(0.072 to 0.107) in the ranges of training and 0.730 (0.58 to 0.90) out of them, where in a fifth of the frames a ball
is missing; floor 0.0004 and 0.0006, going on steadily 0.003. Published: 0.022 and 0.427 (DiT-S, 30 thousand clips).
"""

import argparse
import json
import platform
import time
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import torch

from vitascope.evaluate import phyworld
from vitascope.evaluate.phyworld import Kind
from vitascope.model import checkpoint, presets
from vitascope.model.checkpoint import Card

# Of uniform motion, as published: error of the velocity in lengths a second, and the floor of its measurement.
PUBLISHED = {
    "in": {"DiT-S, 30 thousand clips": 0.022, "DiT-L, 3 million clips": 0.012, "floor": 0.0099},
    "out": {"published": 0.427},
}


def kinds_of(text: str) -> tuple[Kind, ...]:
    found = tuple(kind for kind in get_args(Kind) if kind in text.split(","))
    if len(found) != len(text.split(",")):
        raise argparse.ArgumentTypeError(f"{text!r} was given; name some of {', '.join(get_args(Kind))}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="PhyWorld: train and measure")
    parser.add_argument("--preset", default="tiny", choices=sorted(presets.PRESETS))
    parser.add_argument("--kinds", type=kinds_of, default=("uniform",))
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--size", type=int, default=4, help="clips of a step")
    parser.add_argument("--count", type=int, default=60, help="cases of each measure")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/phyworld"))
    given = parser.parse_args()
    began = time.monotonic()
    network = phyworld.train(
        *(given.preset, given.kinds, given.steps),
        size=given.size,
        seed=given.seed,
        told=lambda line: print(line, flush=True),
    )
    seconds = round(time.monotonic() - began)
    scores = phyworld.measure(network, given.kinds, given.count)
    report = {
        "preset": given.preset,
        "kinds": given.kinds,
        "steps": given.steps,
        "clips": given.steps * given.size,
        "training_seconds": seconds,
        "processor_seconds": round(time.process_time()),
        "hardware": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "scores": {name: asdict(score) | {"ratio": score.ratio} for name, score in scores.items()},
        "published": PUBLISHED,
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    card = Card(given.preset, (phyworld.SIDE,) * 2, phyworld.NUM_FRAMES, 1 / phyworld.INTERVAL, 1, report)
    checkpoint.save(network, card, given.out / "weights.safetensors")
    for name, score in scores.items():
        print(
            f"{name}: {score.error:.4f} ({score.low:.4f} to {score.high:.4f}), {score.ratio:.0f} times the floor of "
            f"{score.floor:.4f}; going on steadily {score.steady:.4f}; each step {score.each:.3f}; "
            f"lost {score.lost:.0%}"
        )
    print(f"published, uniform: {PUBLISHED}")


if __name__ == "__main__":
    main()
