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

from vitascope.world.shading import inlined, scalar
from vitascope.world.tiles import TIME, X, Y, Z, bound_parts, list_seen, shade_rays, trace_rays

TILE = 8  # pixels; parts are culled once for each tile
CONTRAST = 36  # steps of 255 between neighbours on one part from which a pixel is drawn with all samples
BORDER = 9  # the same between two parts

# Numba's cache of a kernel sees changes of this file only, but what is compiled into it comes from others too. So each
# kernel has a last argument that is never given: its default is part of what the cache is looked up by.
SOURCES = ("face", "grounds", "lettering", "light", "paint", "shading", "sky", "solids", "tiles")
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
def differ(frame: Any, ids: Any, j: Any, i: Any, y: Any, x: Any) -> Any:
    """Whether an edge runs between two pixels of a frame: between things, or a shadow's on one thing."""
    most: Any = 0
    for c in range(3):
        most = max(most, abs(np.int64(frame[j, i, c]) - np.int64(frame[y, x, c])))
    return most > (CONTRAST if ids[j, i] == ids[y, x] else BORDER)


@inlined
def on_edge(frame: Any, ids: Any, j: Any, i: Any) -> Any:
    """Whether a pixel differs from one of its four neighbours."""
    high, wide = ids.shape
    return (
        (i > 0 and differ(frame, ids, j, i, j, i - 1))
        or (i + 1 < wide and differ(frame, ids, j, i, j, i + 1))
        or (j > 0 and differ(frame, ids, j, i, j - 1, i))
        or (j + 1 < high and differ(frame, ids, j, i, j + 1, i))
    )


@scalar
def put(frame: Any, j: int, i: int, table: Any, r: float, g: float, b: float) -> None:
    """Write display light in 0..1 as bytes."""
    frame[j, i, 0] = table[int(r * 4095.0 + 0.5)]
    frame[j, i, 1] = table[int(g * 4095.0 + 0.5)]
    frame[j, i, 2] = table[int(b * 4095.0 + 0.5)]


@kernel
def prepare(parts: Any, poses: Any, lenses: Any, rects: Any, nears: Any, orders: Any, stamp: int = STAMP) -> None:
    """Fill rects [T, P, 4], nears [T, P] (see `bound_parts`) and orders [T, P]: parts from near to far."""
    places, turns, eyes = poses
    eye, view, _ = lenses
    for f in prange(orders.shape[0]):
        bound_parts(parts, (places[f], turns[f], eyes[f]), eye[f], view[f], rects[f], nears[f])
        orders[f] = np.argsort(nears[f])


@kernel
def find_edges(frames: Any, ids: Any, edges: Any, stamp: int = STAMP) -> None:
    """Mark the pixels that are `on_edge`."""
    total, high, wide = ids.shape
    for job in prange(total * high):
        f, j = job // high, job % high
        for i in range(wide):
            edges[f, j, i] = on_edge(frames[f], ids[f], j, i)


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
    marked: Any,
    offsets: Any,
    stamp: int = STAMP,
) -> None:
    """Draw the `marked` pixels of frames with a ray at each of `offsets` [S, 2] in the pixel, averaged as shown.

    With one sample depth and ids are filled too. `table` turns light into bytes. Other arguments are as in `light`,
    with the frames first; `lenses` is (eye [T, 3], view [T, 3, 3], slope [T]) and `bounds` what `prepare` made.
    """
    places, turns, eyes = poses
    eye, view, slope = lenses
    rects, nears, orders = bounds
    total, high, wide = marked.shape
    samples = offsets.shape[0]
    across, down = (wide + TILE - 1) // TILE, (high + TILE - 1) // TILE
    for job in prange(total * across * down):
        f, tile = job // (across * down), job % (across * down)
        x0, y0 = tile % across * TILE, tile // across * TILE
        x1, y1 = min(x0 + TILE, wide), min(y0 + TILE, high)
        room = 0
        for j in range(y0, y1):
            for i in range(x0, x1):
                room += samples * marked[f, j, i]
        if room == 0:
            continue
        rays, found = np.empty((4, room)), np.empty(room, np.int64)
        colour, listed = np.empty((room, 3)), np.empty(orders.shape[1], np.int64)
        left, top = ray_place(x0, y0, slope[f], wide, high)
        right, bottom = ray_place(x1, y1, slope[f], wide, high)
        count = list_seen(rects[f], orders[f], left, right, bottom, top, listed)
        n = 0
        for j in range(y0, y1):
            for i in range(x0, x1):
                if marked[f, j, i]:
                    for s in range(samples):
                        x, y = i + offsets[s, 0], j + offsets[s, 1]
                        rays[X, n], rays[Y, n], rays[Z, n] = ray(x, y, view[f], slope[f], wide, high)
                        n += 1
        pose, pixel = (places[f], turns[f], eyes[f]), 2.0 * slope[f] / high
        trace_rays(parts, pose, nears[f], listed, count, eye[f, 2], pixel, rays, found, n)
        arts = (art[0][f], art[1], art[2], art[3])
        shade_rays(parts, pose, arts, looks[0][f], eye[f], pixel, rays, found, n, colour)
        n, share = 0, 1.0 / samples
        for j in range(y0, y1):
            for i in range(x0, x1):
                if marked[f, j, i]:
                    if samples == 1:
                        depth[f, j, i], ids[f, j, i] = rays[TIME, n], found[n]
                    r, g, b = 0.0, 0.0, 0.0
                    for _ in range(samples):
                        r, g, b = r + colour[n, 0], g + colour[n, 1], b + colour[n, 2]
                        n += 1
                    put(frames[f], j, i, table, r * share, g * share, b * share)
