"""Prints how many frames a second the renderer draws (run from the root: python -m bench.render)."""

from __future__ import annotations

import time

import numpy as np

from vitascope.shot.camera import CameraPath
from vitascope.world.render import BOX, CYLINDER, GRASS, PLAIN, SMOOTH, SPHERE, STRIPES, WOOD, Ground, Sky, Stage, draw

FRAMES = 24
RUNS = 5


def moving_stage(count: int) -> Stage:
    """`count` (1..4) parts that move to the right over grass under a cloudy sky."""
    pitch = np.radians(-10.0)
    c, s = np.cos(pitch), np.sin(pitch)
    start = np.array([(-1.0, 0.0, 0.4), (0.2, 0.5, 0.35), (1.2, 0.0, 0.4), (-0.2, -0.8, 0.25)], np.float32)[:count]
    drift = np.linspace(0.0, 0.6, FRAMES)[:, None] * np.array([1.0, 0.0, 0.0])
    size = np.array([(0.4, 0, 0), (0.35, 0.35, 0.35), (0.3, 0.4, 0), (0.25, 0, 0)], np.float32)
    albedo = np.array([(0.65, 0.04, 0.04), (0.05, 0.1, 0.6), (0.8, 0.6, 0.05), (0.05, 0.4, 0.1)], np.float32)
    return Stage(
        kind=np.array([SPHERE, BOX, CYLINDER, SPHERE], np.int32)[:count],
        size=size[:count],
        position=(start[None] + drift[:, None]).astype(np.float32),
        rotation=np.tile(np.eye(3, dtype=np.float32), (FRAMES, count, 1, 1)),
        albedo=albedo[:count],
        texture=np.array([PLAIN, WOOD, STRIPES, SMOOTH], np.int32)[:count],
        gloss=np.full(count, 0.4, np.float32),
        metal=np.zeros(count, np.float32),
        ground=Ground(GRASS, (0.04, 0.2, 0.02), (0.26, 0.43, 0.05)),
        sky=Sky((0.02, 0.15, 0.6), (0.45, 0.7, 0.9), (-0.45, -0.35, 0.9), (1.15, 1.1, 0.95), (0.3, 0.4, 0.5), 0.45),
        camera=CameraPath(
            position=np.tile(np.array([0.0, -4.5, 1.5]), (FRAMES, 1)),
            rotation=np.tile(np.array([[1.0, 0.0, 0.0], [0.0, -s, -c], [0.0, c, -s]]), (FRAMES, 1, 1)),
            fov=np.full(FRAMES, 40.0),
        ),
    )


def main() -> None:
    """Compile (or load), then time RUNS clips for each setting; the spread tells how busy the machine is."""
    start = time.perf_counter()
    draw(moving_stage(1), (64, 36))
    print(f"first picture after {time.perf_counter() - start:.1f} s")
    for size in ((144, 80), (256, 144)):
        for count in (1, 4):
            for samples in (1, 4):
                rates = []
                for _ in range(RUNS):
                    start = time.perf_counter()
                    draw(moving_stage(count), size, samples=samples)
                    rates.append(FRAMES / (time.perf_counter() - start))
                label = f"{size[0]}x{size[1]}, {count} part(s), {samples} sample(s)"
                print(f"{label}: {min(rates):.0f} to {max(rates):.0f} frames/s, median {np.median(rates):.0f}")


if __name__ == "__main__":
    main()
