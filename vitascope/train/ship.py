"""Weights of a run made ready to ship: python -m vitascope.train.ship runs/a/weights.safetensors report/report.json."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from vitascope.model import checkpoint
from vitascope.model.card import WEIGHTS
from vitascope.model.vocabulary import words_of
from vitascope.world.caption import caption
from vitascope.world.sample import sample_scene

SCENES, CAPTIONS = 2000, 4


def ship(weights: Path, report: Path, target: Path = WEIGHTS / "small.safetensors") -> None:
    """Write the weights as int8; their header says what `vitascope evaluate` measured, and the words they have read."""
    network, card = checkpoint.load(weights)
    suites = json.loads(report.read_text(encoding="utf-8"))["suites"]
    checkpoint.save(network, replace(card, metrics=suites, words=words_read(card.level)), target, stored="int8")


def words_read(level: int) -> tuple[str, ...]:
    """The words of the captions of a level's footage, in alphabetical order; rare ones may be missing."""
    read: set[str] = set()
    for index in range(SCENES):
        rng = np.random.default_rng([level, index, 0x30BD])
        scene = sample_scene(rng, level, "train")
        for _ in range(CAPTIONS):
            read.update(words_of(caption(scene, rng)))
    return tuple(sorted(read))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    ship(Path(sys.argv[1]), Path(sys.argv[2]))
