"""Prints how many frames of the world are made in a second, by drawing alone and with everything, and what memory it
takes (make bench)."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numba
import numpy as np

from vitascope.world.footage import Take, footage, happening, take
from vitascope.world.render import Stage, draw
from vitascope.world.scene import STYLES
from vitascope.world.stage import path_of, stage

SEED = 5
TAKES = 24  # in a run, of 24 frames each: takes differ tenfold in what there is to draw
RUNS = 3
FRAMES = 24


def stages(level: int) -> list[Stage]:
    """What there is to draw in the first takes of a level."""
    found = []
    for index in range(TAKES):
        scene, motion = happening(SEED, index, level=level)
        found.append(stage(scene, motion, path_of(scene.camera, FRAMES / motion.fps, motion.fps)))
    return found


def rates(work: Callable[[], None]) -> str:
    """Frames a second of some runs of `work`, which makes all takes; the spread tells how busy the machine is."""
    seen = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seen.append(TAKES * FRAMES / (time.perf_counter() - start))
    return f"{np.median(seen):4.0f} frames/s (from {min(seen):.0f} to {max(seen):.0f})"


def main() -> None:
    """Compile (or load), then time drawing alone and the stream of takes, at each level and two sizes; then memory."""
    start = time.perf_counter()
    take(SEED, 0, level=4, size=(64, 36))
    print(f"first take after {time.perf_counter() - start:.1f} s; {numba.get_num_threads()} threads", end="")
    print(f"; load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "")
    for style in STYLES:  # load what each style compiles to
        take(SEED, 0, level=2, size=(64, 36), style=style)
    for level in (1, 2, 3, 4):
        drawn = stages(level)
        parts = np.mean([len(one.kind) for one in drawn])
        for size in ((144, 80), (256, 144)) if level == 1 else ((256, 144),):

            def draw_all(size: tuple[int, int] = size, drawn: list[Stage] = drawn) -> None:
                for one in drawn:
                    draw(one, size)

            stream = footage(SEED, level=level, size=size)
            next(stream)  # from then on it flows

            def stream_all(stream: Iterator[Take] = stream) -> None:
                for _ in islice(stream, TAKES):
                    pass

            for name, work in (("draw", draw_all), ("footage", stream_all)):
                print(f"level {level} ({parts:3.0f} parts) {size[0]}x{size[1]} {name:8} {rates(work)}")
            stream.close()
    print(subprocess.run([sys.executable, __file__, "long"], check=True, capture_output=True, text=True).stdout, end="")


def peak_memory() -> float:
    """The most memory that this process has had, MB. Linux counts in `getrusage` what its parent had when it began."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def long() -> None:
    """Draw a take of two minutes, in a process of its own: what it takes at most is what the take took."""
    start = time.perf_counter()
    count = sum(1 for _ in take(SEED, 1, level=4, seconds=120.0).clip.frames)
    rate = count / (time.perf_counter() - start)
    print(
        f"a take of 120 s at level 4, 256x144: {count} frames, {rate:4.0f} frames/s, peak memory {peak_memory():.0f} MB"
    )


if __name__ == "__main__":
    long() if sys.argv[1:] == ["long"] else main()
