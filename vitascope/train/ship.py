"""Weights of a run made ready to ship: python -m vitascope.train.ship runs/a/weights.safetensors report/report.json."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from vitascope.generate import WEIGHTS
from vitascope.model import checkpoint


def ship(weights: Path, report: Path, target: Path = WEIGHTS / "small.safetensors") -> None:
    """Write the weights as int8, with the numbers that `vitascope evaluate` gave for them in the header."""
    network, card = checkpoint.load(weights)
    suites = json.loads(report.read_text(encoding="utf-8"))["suites"]
    checkpoint.save(network, replace(card, metrics=suites), target, int8=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    ship(Path(sys.argv[1]), Path(sys.argv[2]))
