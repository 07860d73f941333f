"""The compiled loops over all tiles of some frames on the CPU: drawing rays, and finding edges to draw again.

Compiled once and cached beside this file, or where that cannot be written in Numba's folder for the user.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, prange

from vitascope.world.bounds import bound_parts, list_seen
from vitascope.world.light import DIMS
from vitascope.world.shading import inlined, scalar
from vitascope.world.shadows import BLOCK, BLUE, FOUND, GREEN, LANES, LEVEL, RED, TIME, X, Y, Z
from vitascope.world.tiles import light_block, trace_block

TILE = 8  # pixels; parts are culled once for each tile
CONTRAST = 30  # steps of 255 between neighbours on one part, in colour and lightness, that make an edge
BORDER = 9  # the same between two parts

# Numba's cache of a kernel sees changes of this file only, but what is compiled into it comes from others too. So each
# kernel has a last argument that is never given: its default is part of what the cache is looked up by.
SOURCES = ("bounds", "face", "grounds", "lettering", "light", "paint", "shading", "shadows", "sky", "solids", "tiles")
STAMP = zlib.crc32(b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in SOURCES))


def kernel(function: Callable[..., None]) -> Any:
    """Compile for all cores; each use takes its time anew where no folder for the cache can be written."""
    options = {"parallel": True, "fastmath": True, "error_model": "numpy", "nogil": True}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # Numba's "no locator available"
        return njit(**options)(function)


@inlined
def ray_place(x: Any, y: Any, slope: Any, wide: Any, high: Any) -> Any:
    """Where the ray through picture point (x, y) in pixels meets the plane one metre ahead: (right, up)."""
    unit = 2.0 * slope / high
    return (x - 0.5 * wide) * unit, (0.5 * high - y) * unit


@inlined
def ray(x: Any, y: Any, view: Any, slope: Any, wide: Any, high: Any) -> Any:
    """Direction (world) of the ray through picture point (x, y) in pixels, one metre long along the view axis."""
    u, v = ray_place(x, y, slope, wide, high)
    dx = view[0, 0] * u + view[0, 1] * v - view[0, 2]
    dy = view[1, 0] * u + view[1, 1] * v - view[1, 2]
    dz = view[2, 0] * u + view[2, 1] * v - view[2, 2]
    return dx, dy, dz


@inlined
def differ(frame: Any, ids: Any, level: Any, j: Any, i: Any, y: Any, x: Any) -> Any:
    """Whether an edge runs between two pixels of a frame: between parts, or on one part between light and shade.

    Textures need no more samples: they are filtered where they are painted.
    """
    most: Any = 0
    for c in range(3):
        most = max(most, abs(np.int64(frame[j, i, c]) - np.int64(frame[y, x, c])))
    if ids[j, i] != ids[y, x]:
        return most > BORDER
    return most > CONTRAST and abs(np.int64(level[j, i]) - np.int64(level[y, x])) > CONTRAST


@inlined
def on_edge(frame: Any, ids: Any, level: Any, j: Any, i: Any) -> Any:
    """Whether a pixel differs from one of its four neighbours."""
    high, wide = ids.shape
    return (
        (i > 0 and differ(frame, ids, level, j, i, j, i - 1))
        or (i + 1 < wide and differ(frame, ids, level, j, i, j, i + 1))
        or (j > 0 and differ(frame, ids, level, j, i, j - 1, i))
        or (j + 1 < high and differ(frame, ids, level, j, i, j + 1, i))
    )


@scalar
def put(frame: Any, j: int, i: int, table: Any, r: float, g: float, b: float) -> None:
    """Write display light in 0..1 as bytes."""
    frame[j, i, 0] = table[int(r * 4095.0 + 0.5)]
    frame[j, i, 1] = table[int(g * 4095.0 + 0.5)]
    frame[j, i, 2] = table[int(b * 4095.0 + 0.5)]


@kernel
def prepare(
    parts: Any, poses: Any, lenses: Any, rects: Any, nears: Any, orders: Any, balls: Any, stamp: int = STAMP
) -> None:
    """Fill bounds: orders [T, P], the parts from near to far, and in that order rects [T, P, 4]; nears [T, P] (see
    `bound_parts`) and balls [T, 5, P] (see `list_near`).
    """
    places, turns, eyes = poses
    eye, view, _ = lenses
    for f in prange(orders.shape[0]):
        rect = np.empty((orders.shape[1], 4))
        bound_parts(parts, (places[f], turns[f], eyes[f]), eye[f], view[f], rect, nears[f])
        order = np.argsort(nears[f])
        for i in range(order.shape[0]):
            orders[f, i], rects[f, i] = order[i], rect[order[i]]
            for axis in range(3):
                balls[f, axis, i] = places[f, i, axis]
            balls[f, 3, i], balls[f, 4, i] = parts[2][i], parts[3][i, DIMS]


@kernel
def find_edges(frames: Any, ids: Any, levels: Any, edges: Any, stamp: int = STAMP) -> None:
    """Mark the pixels that are `on_edge`."""
    total, high, wide = ids.shape
    for job in prange(total * high):
        f, j = job // high, job % high
        for i in range(wide):
            edges[f, j, i] = on_edge(frames[f], ids[f], levels[f], j, i)


@kernel
def draw_tiles(
    parts: Any,
    poses: Any,
    art: Any,
    looks: Any,
    lenses: Any,
    bounds: Any,
    table: Any,
    frames: Any,
    depth: Any,
    ids: Any,
    levels: Any,
    marked: Any,
    offsets: Any,
    stamp: int = STAMP,
) -> None:
    """Draw the `marked` pixels of frames with a ray at each of `offsets` [S, 2] in the pixel, averaged as shown.

    With one sample depth, ids and levels (see `lightness`) are filled too. `table` turns light into bytes. Other
    arguments are as in `light`, with the frames first; `lenses` is (eye [T, 3], view [T, 3, 3], slope [T]) and
    `bounds` what `prepare` made.
    """
    places, turns, eyes = poses
    eye, view, slope = lenses
    rects, nears, orders, balls = bounds
    total, high, wide = marked.shape
    samples = offsets.shape[0]
    across, down = (wide + TILE - 1) // TILE, (high + TILE - 1) // TILE
    for job in prange(total * down):  # one row of tiles
        f, y0 = job // down, job % down * TILE
        y1 = min(y0 + TILE, high)
        work, spare, listed = np.empty(BLOCK), np.empty(BLOCK), np.empty(orders.shape[1], np.int64)
        shares = np.empty(orders.shape[1])
        rows, columns = np.empty(LANES, np.int64), np.empty(LANES, np.int64)
        pose, pixel = (places[f], turns[f], eyes[f]), 2.0 * slope[f] / high
        arts = (art[0][f], art[1], art[2], art[3])
        for tile in range(across):
            x0 = tile * TILE
            x1 = min(x0 + TILE, wide)
            count = -1
            j, i, n, m = y0, x0, 0, 0
            while j < y1:  # fill a block with rays; draw it when it is full, and at the end of the tile
                if marked[f, j, i]:
                    rows[m], columns[m] = j, i
                    m += 1
                    for s in range(samples):
                        x, y = i + offsets[s, 0], j + offsets[s, 1]
                        work[X + n], work[Y + n], work[Z + n] = ray(x, y, view[f], slope[f], wide, high)
                        n += 1
                i += 1
                if i == x1:
                    i, j = x0, j + 1
                if n == 0 or (j < y1 and n + samples <= LANES):
                    continue
                if count < 0:
                    left, top = ray_place(x0, y0, slope[f], wide, high)
                    right, bottom = ray_place(x1, y1, slope[f], wide, high)
                    count = list_seen(rects[f], orders[f], left, right, bottom, top, listed)
                trace_block(parts, pose, nears[f], listed, count, eye[f, 2], pixel, work, n)
                light_block(parts, pose, balls[f], shares, arts, looks[0][f], eye[f], pixel, work, spare, n)
                for q in range(m):
                    if samples == 1:
                        depth[f, rows[q], columns[q]] = work[TIME + q]
                        ids[f, rows[q], columns[q]] = int(work[FOUND + q])
                        levels[f, rows[q], columns[q]] = int(work[LEVEL + q]) if work[FOUND + q] >= 0.0 else 0
                    r, g, b = 0.0, 0.0, 0.0
                    for k in range(q * samples, (q + 1) * samples):
                        r, g, b = r + work[RED + k], g + work[GREEN + k], b + work[BLUE + k]
                    share = 1.0 / samples
                    put(frames[f], rows[q], columns[q], table, r * share, g * share, b * share)
                n, m = 0, 0
