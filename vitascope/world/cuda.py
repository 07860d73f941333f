"""The same pictures on a CUDA GPU: one thread a pixel, with the scalar functions that the CPU's kernels use too.

Proved in Numba's CUDA simulator only, against the CPU's pictures: no GPU was at hand when this was written, so speed on
one is not known. Arithmetic is in 64 bits; pictures differ from the CPU's by rounding alone. Any thread may draw, while
others compute on the same GPU. Of several GPUs it is the one with the number LOCAL_RANK, as for training.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from vitascope.world.kernels import MAX_SAMPLES, OUTLINE, WHOLE, on_edge, put, ray
from vitascope.world.light import shade, shown, trace

BLOCK = (16, 8, 1)  # threads: columns, rows, frames


@cuda.jit
def draw_pixels(
    parts: Any,
    poses: Any,
    art: Any,
    looks: Any,
    lenses: Any,
    table: Any,
    light_of: Any,
    frames: Any,
    depth: Any,
    ids: Any,
    levels: Any,
    marked: Any,
    offsets: Any,
    lit: bool,
) -> None:
    """As `kernels.draw_tiles`, a pixel for each thread; the parts' bounds are looked at ray by ray."""
    i, j, f = cuda.grid(3)
    total, high, wide = marked.shape
    if f >= total or j >= high or i >= wide or not marked[f, j, i]:
        return
    pose = (poses[0][f], poses[1][f], poses[2][f])
    arts = (art[0][f], art[1], art[2], art[3], art[4][f])
    eye, view, slope, look = lenses[0][f], lenses[1][f], lenses[2][f], looks[0][f]
    pixel = 2.0 * slope / high
    samples, shown_now = offsets.shape[0], frames[f, j, i]
    outline, centre = marked[f, j, i] == OUTLINE, ids[f, j, i]
    met = cuda.local.array(MAX_SAMPLES, np.int64)  # the parts of this pixel whose light is known, and their light
    light = cuda.local.array((MAX_SAMPLES, 3), np.float64)
    kept = 0
    red, green, blue = 0.0, 0.0, 0.0
    for k in range(samples):
        dx, dy, dz = ray(i + offsets[k, 0], j + offsets[k, 1], view, slope, wide, high)
        t, found = trace(parts, pose, eye, dx, dy, dz, pixel)
        if not lit:
            depth[f, j, i], ids[f, j, i] = t, found
            return
        if outline and found == centre:
            r, g, b = light_of[shown_now[0]], light_of[shown_now[1]], light_of[shown_now[2]]
        else:
            slot = kept
            if outline:
                for other in range(kept):
                    if met[other] == found:
                        slot = other
            if slot == kept:
                r, g, b, level = shade(parts, pose, arts, look, eye, t, found, dx, dy, dz, pixel)
                met[slot], light[slot, 0], light[slot, 1], light[slot, 2] = found, shown(r), shown(g), shown(b)
                kept += 1
                if samples == 1:
                    depth[f, j, i], ids[f, j, i], levels[f, j, i] = t, found, int(level)
            r, g, b = light[slot, 0], light[slot, 1], light[slot, 2]
        red, green, blue = red + r, green + g, blue + b
    put(frames[f], j, i, table, red / samples, green / samples, blue / samples)


@cuda.jit
def find_edges(frames: Any, ids: Any, levels: Any, texture: Any, edges: Any) -> None:
    """Mark how each pixel is drawn again; see `on_edge`."""
    i, j, f = cuda.grid(3)
    total, high, wide = ids.shape
    if f < total and j < high and i < wide:
        edges[f, j, i] = on_edge(frames[f], ids[f], levels[f], texture, j, i)


def available() -> bool:
    """Whether there is a GPU that Numba can use (or its simulator)."""
    return bool(cuda.is_available())


def draw_frames(
    parts: tuple[NDArray[Any], ...],
    given: tuple[tuple[NDArray[Any], ...], ...],
    tables: tuple[NDArray[Any], ...],
    offsets: tuple[NDArray[np.float64], ...],
    lit: bool,
    frames: NDArray[np.uint8],
    depth: NDArray[np.float32],
    ids: NDArray[np.int16],
) -> None:
    """Fill frames, depth and ids; `given` is what `Packed.frames` gives, `offsets` the centre and, if any, samples.

    If not `lit`, depth and ids alone."""
    with cuda.gpus[int(os.environ.get("LOCAL_RANK", 0)) % len(cuda.gpus)]:
        total, high, wide = ids.shape
        grid = ((wide + BLOCK[0] - 1) // BLOCK[0], (high + BLOCK[1] - 1) // BLOCK[1], total)
        sent = tuple(
            tuple(cuda.to_device(np.ascontiguousarray(array)) for array in arrays) for arrays in (parts, *given)
        )
        made: Any = tuple(cuda.device_array(array.shape, array.dtype) for array in (frames, depth, ids))
        levels = cuda.device_array(ids.shape, np.uint8)
        marked = cuda.to_device(np.full(ids.shape, WHOLE, np.uint8))
        curves = tuple(cuda.to_device(table) for table in tables)
        for step, places in enumerate(offsets):
            if step:
                find_edges[grid, BLOCK](made[0], made[2], levels, sent[0][4], marked)
            draw_pixels[grid, BLOCK](*sent, *curves, *made, levels, marked, cuda.to_device(places), lit)
        targets: tuple[NDArray[Any], ...] = (frames, depth, ids)
        for array, target in zip(made, targets, strict=True):
            if lit or target is not frames:
                target[...] = array.copy_to_host()
