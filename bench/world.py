"""Prints how many frames of the world are made in a second, by drawing alone and with everything (make bench)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import islice

import numba
import numpy as np

from vitascope.world.footage import footage, happening, take
from vitascope.world.render import Stage, draw
from vitascope.world.stage import path_of, stage

SEED = 5
TAKES = 5  # in a run, of 24 frames each
RUNS = 5
FRAMES = 24


def stages() -> list[Stage]:
    """What there is to draw in the first takes."""
    found = []
    for index in range(TAKES):
        scene, motion = happening(SEED, index)
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
    """Compile (or load), then time drawing, single takes and the stream of takes at two sizes."""
    start = time.perf_counter()
    take(SEED, 0, size=(64, 36))
    print(f"first take after {time.perf_counter() - start:.1f} s; {numba.get_num_threads()} threads", end="")
    print(f"; load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "")
    drawn = stages()
    for size in ((144, 80), (256, 144)):

        def draw_all(size: tuple[int, int] = size) -> None:
            for one in drawn:
                draw(one, size)

        def take_all(size: tuple[int, int] = size) -> None:
            for index in range(TAKES):
                take(SEED, index, size=size)

        def stream_all(size: tuple[int, int] = size) -> None:
            for _ in islice(footage(SEED, size=size), TAKES):
                pass

        for name, work in (("draw", draw_all), ("take", take_all), ("footage", stream_all)):
            print(f"{size[0]}x{size[1]} {name:8} {rates(work)}")


if __name__ == "__main__":
    main()
