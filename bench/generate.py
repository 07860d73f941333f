"""Prints where the time goes from words to a film with the weights that ship, cold and warm (make bench)."""

import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import torch

from vitascope import generate
from vitascope.model import patches
from vitascope.shot import Shot

RUNS = 3
SHOT = Shot(text="a red ball bounces on the grass at sunset", seed=1)


def stages(path: Path) -> dict[str, float]:
    """Seconds of each stage of one film."""
    marks: list[tuple[str, float]] = []

    def note(stage: str, done: int, total: int) -> None:
        if not marks or marks[-1][0] != stage:
            marks.append((stage, time.perf_counter()))

    generate.make(SHOT, path, progress=note)
    return {stage: end - start for (stage, start), (_, end) in pairwise(marks)}


def share_of_peak(sampling: float) -> float:
    """The network's multiply-adds a second as a share of what a large matrix product reaches here and now."""
    network = generate.engine(SHOT.model).network
    width = {id(p) for name, p in network.named_parameters() if p.ndim == 2 and "text." not in name}
    per_token = sum(p.numel() for p in network.blocks.parameters() if id(p) in width)
    tokens = 45 * (SHOT.num_frames // patches.GROUP)
    done = 2 * per_token * tokens * 2 * generate.STEPS  # twice: with the text and without
    a = torch.randn(1024, 1024)
    best = min(_timed(lambda: a @ a) for _ in range(10))
    return done / sampling / (2 * 1024**3 / best)


def _timed(call) -> float:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ball.mp4"
        command = [sys.executable, "-m", "vitascope.cli", "make", SHOT.text, "-o", str(path)]
        cold = [_timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(RUNS)]
        stages(path)
        warm = [stages(path) for _ in range(RUNS)]
    print(f"new process     {statistics.median(cold):6.2f} s  ({min(cold):.2f} to {max(cold):.2f})")
    for stage in warm[0]:
        times = [one[stage] for one in warm]
        print(f"warm, {stage:<9} {statistics.median(times):6.2f} s  ({min(times):.2f} to {max(times):.2f})")
    sampling = statistics.median(one["sample"] for one in warm)
    print(f"sampling reaches {share_of_peak(sampling):.0%} of this machine's matrix rate in fp32")


if __name__ == "__main__":
    main()
