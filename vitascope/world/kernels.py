"""The compiled loops over all tiles of some frames on the CPU: drawing rays, and finding edges to draw again.

Compiled once and cached beside this file, or where that cannot be written in Numba's folder for the user.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitascope.world.bounds import bound_parts, list_rows, list_seen
from vitascope.world.light import DIMS
from vitascope.world.paint import LEAVES
from vitascope.world.shading import SUN, greater, inlined, scalar, whole
from vitascope.world.shadows import BLOCK, BLUE, FOUND, GREEN, LANES, LEVEL, RED, TIME, X, Y, Z
from vitascope.world.still import calm, disturbed, empty_boxes, find_moved, note_points
from vitascope.world.tiles import light_block, trace_block

MAX_SAMPLES = 16
TILE = 8  # pixels; parts are culled once for each tile
CONTRAST = 30  # steps of 255 between neighbours on one part, in colour and lightness, that make an edge
BORDER = 9  # the same between two parts
# How a pixel is drawn again: on an outline one light is found for each part that is seen in it, on a crease (where the
# light of one part changes) one for each ray. The first pass draws all pixels once, as WHOLE.
OUTLINE, CREASE, WHOLE = 1, 2, 3

# Numba's cache of a kernel sees changes of this file only, but what is compiled into it comes from others too. So each
# kernel has a last argument that is never given: its default is part of what the cache is looked up by.
SOURCES = (
    "bounds",
    "face",
    "grounds",
    "lettering",
    "light",
    "paint",
    "shading",
    "shadows",
    "sky",
    "solids",
    "still",
    "tiles",
)
STAMP = zlib.crc32(b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in SOURCES))


def kernel(function: Callable[..., None]) -> Any:
    """Compile; each use takes its time anew where no folder for the cache can be written."""
    options = {"fastmath": True, "error_model": "numpy", "nogil": True}
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
def differ(frame: Any, ids: Any, level: Any, texture: Any, j: Any, i: Any, y: Any, x: Any) -> Any:
    """Which edge runs between two pixels of a frame: OUTLINE between parts, CREASE on one part, 0 for none.

    A crease is where light meets shade. Textures need no more samples: they are filtered where they are painted; among
    leaves a border is part of the texture unless it is plain.
    """
    one, other = ids[j, i], ids[y, x]
    same = one == other
    if same and abs(np.int64(level[j, i]) - np.int64(level[y, x])) <= CONTRAST:
        return 0
    most: Any = 0
    for c in range(3):
        most = greater(most, abs(np.int64(frame[j, i, c]) - np.int64(frame[y, x, c])))
    if same:
        return CREASE if most > CONTRAST else 0
    leafy = one > 0 and other > 0 and texture[one - 1] == LEAVES and texture[other - 1] == LEAVES
    return OUTLINE if most > (CONTRAST if leafy else BORDER) else 0


@inlined
def on_edge(frame: Any, ids: Any, level: Any, texture: Any, j: Any, i: Any) -> Any:
    """The greatest edge between a pixel and its four neighbours."""
    high, wide = ids.shape
    edge: Any = 0
    if i > 0:
        edge = greater(edge, differ(frame, ids, level, texture, j, i, j, i - 1))
    if i + 1 < wide:
        edge = greater(edge, differ(frame, ids, level, texture, j, i, j, i + 1))
    if j > 0:
        edge = greater(edge, differ(frame, ids, level, texture, j, i, j - 1, i))
    if j + 1 < high:
        edge = greater(edge, differ(frame, ids, level, texture, j, i, j + 1, i))
    return edge


@scalar
def put(frame: Any, j: int, i: int, table: Any, r: float, g: float, b: float) -> None:
    """Write display light in 0..1 as bytes."""
    frame[j, i, 0] = table[int(r * 4095.0 + 0.5)]
    frame[j, i, 1] = table[int(g * 4095.0 + 0.5)]
    frame[j, i, 2] = table[int(b * 4095.0 + 0.5)]


@kernel
def bound_frames(
    parts: Any, places: Any, turns: Any, eye: Any, view: Any, rects: Any, nears: Any, stamp: int = STAMP
) -> None:
    """Fill rects [T, P, 4] and nears [T, P]; see `bound_parts`."""
    m, spread = np.empty((3, 3)), np.empty((3, 3))
    for f in range(nears.shape[0]):
        bound_parts(parts, places[f], turns[f], eye[f], view[f], rects[f], nears[f], m, spread)


@kernel
def find_edges(
    frames: Any,
    ids: Any,
    levels: Any,
    same: Any,
    texture: Any,
    edges: Any,
    start: int,
    stop: int,
    stamp: int = STAMP,
) -> None:
    """Mark how each pixel in some rows of tiles is drawn again (see `on_edge`); `same` is as in `draw_tiles`."""
    total, high, wide = ids.shape
    for row in range(start, stop):
        y0, y1 = row * TILE, min(row * TILE + TILE, high)
        for f in range(total):
            frame, found, level = frames[f], ids[f], levels[f]
            for column in range(same.shape[2]):
                x0, x1 = column * TILE, min(column * TILE + TILE, wide)
                if f > 0 and calm(same, f, row, column):
                    edges[f, y0:y1, x0:x1] = edges[f - 1, y0:y1, x0:x1]
                    continue
                for j in range(y0, y1):
                    for i in range(x0, x1):
                        edges[f, j, i] = on_edge(frame, found, level, texture, j, i)


@whole
def keep_few(mark: Any, found: Any, rows: Any, columns: Any, samples: int, m: int, work: Any, slots: Any) -> int:
    """Keep of the traced rays of m pixels those whose light must be found; returns how many, now first in `work`.

    Rays of a pixel on an outline that meet one part share the light of the first, and that of the pixel as it is drawn
    already (slot -1) if it is the part at its centre; `slots` [LANES] is whose light each ray has.
    """
    kept = 0
    for q in range(m):
        outline, centre = mark[rows[q], columns[q]] == OUTLINE, float(found[rows[q], columns[q]])
        first = kept
        for k in range(q * samples, (q + 1) * samples):
            met, slot = work[FOUND + k], -2
            if outline and met == centre:
                slot = -1
            elif outline:
                for other in range(first, kept):
                    if work[FOUND + other] == met:
                        slot = other
            if slot == -2:
                slot = kept
                for row in (X, Y, Z, TIME, FOUND):
                    work[row + kept] = work[row + k]
                kept += 1
            slots[k] = slot
    return kept


@whole
def mix_samples(
    frame: Any, rows: Any, columns: Any, samples: int, m: int, slots: Any, table: Any, light_of: Any, work: Any
) -> None:
    """Write m pixels: the mean of the light that each of their rays has (see `keep_few`)."""
    for q in range(m):
        own, r, g, b = 0, 0.0, 0.0, 0.0
        for k in range(q * samples, (q + 1) * samples):
            if slots[k] >= 0:
                r, g, b = r + work[RED + slots[k]], g + work[GREEN + slots[k]], b + work[BLUE + slots[k]]
            else:
                own += 1
        there = frame[rows[q], columns[q]]
        r, g, b = r + own * light_of[there[0]], g + own * light_of[there[1]], b + own * light_of[there[2]]
        put(frame, rows[q], columns[q], table, r / samples, g / samples, b / samples)


@kernel
def draw_tiles(
    parts: Any,
    poses: Any,
    art: Any,
    looks: Any,
    lenses: Any,
    bounds: Any,
    tables: Any,
    frames: Any,
    depth: Any,
    ids: Any,
    levels: Any,
    same: Any,
    marked: Any,
    offsets: Any,
    lit: bool,
    start: int,
    stop: int,
    stamp: int = STAMP,
) -> None:
    """Draw the `marked` pixels in some rows of tiles, in all frames.

    Each takes a ray at each of `offsets` [S, 2] in the pixel, averaged as shown. With one sample depth, ids and levels
    (see `lightness`) are filled too, and `same` [T, rows, columns] where a tile is that of the frame before and was not
    drawn; if not `lit`, only depth, ids and same are. `tables` turn light into bytes and back. Other arguments are as
    in `light`, with the frames first; `lenses` is (eye [T, 3], view [T, 3, 3], slope [T]) and `bounds` what
    `order_parts` and `find_moved` made.
    """
    places, turns, eyes = poses
    eye, view, slope = lenses
    rects, nears, orders, balls, plain, held, moved, counts, restless = bounds
    total, high, wide = marked.shape
    samples, (table, light_of) = offsets.shape[0], tables
    across, many = same.shape[2], orders.shape[1]
    work, spare, shares = np.empty(BLOCK), np.empty(BLOCK), np.empty(many)
    listed, beside = np.empty(many, np.int64), np.empty(many, np.int64)
    rows, columns, slots = np.empty(LANES, np.int64), np.empty(LANES, np.int64), np.empty(LANES, np.int64)
    extents, known = np.empty((across, 2, 6)), np.empty(across, np.bool_)
    sun = (looks[0][0, SUN], looks[0][0, SUN + 1], looks[0][0, SUN + 2])
    for row in range(start, stop):
        y0, y1 = row * TILE, min(row * TILE + TILE, high)
        known[:] = False
        for f in range(total):
            pose, pixel, turn, height = (places[f], turns[f], eyes[f]), 2.0 * slope[f] / high, view[f], eye[f, 2]
            rect, order, near, ball, look, place = rects[f], orders[f], nears[f], balls[f], looks[0][f], eye[f]
            mark, frame, far, found, level = marked[f], frames[f], depth[f], ids[f], levels[f]
            arts = (art[0][f], art[1], art[2], art[3], art[4][f])
            _, top = ray_place(0, y0, slope[f], wide, high)
            _, bottom = ray_place(0, y1, slope[f], wide, high)
            reaching = list_rows(rect, bottom, top, beside)
            for tile in range(across):
                x0 = tile * TILE
                x1 = min(x0 + TILE, wide)
                left, _ = ray_place(x0, y0, slope[f], wide, high)
                right, _ = ray_place(x1, y1, slope[f], wide, high)
                boxes = extents[tile]
                if (
                    known[tile]
                    and held[f]
                    and (samples == 1 or calm(same, f, row, tile))
                    and not disturbed(
                        parts, moved[f], counts[f], places, plain, f, left, right, bottom, top, sun, boxes
                    )
                ):
                    frame[y0:y1, x0:x1] = frames[f - 1, y0:y1, x0:x1]
                    if samples == 1:
                        far[y0:y1, x0:x1] = depth[f - 1, y0:y1, x0:x1]
                        found[y0:y1, x0:x1] = ids[f - 1, y0:y1, x0:x1]
                        level[y0:y1, x0:x1] = levels[f - 1, y0:y1, x0:x1]
                        same[f, row, tile] = 1
                    continue
                empty_boxes(boxes)
                known[tile] = True
                count = -1
                j, i, n, m = y0, x0, 0, 0
                while j < y1:  # fill a block with rays; draw it when it is full, and at the end of the tile
                    if mark[j, i]:
                        rows[m], columns[m] = j, i
                        m += 1
                        for s in range(samples):
                            x, y = i + offsets[s, 0], j + offsets[s, 1]
                            work[X + n], work[Y + n], work[Z + n] = ray(x, y, turn, slope[f], wide, high)
                            n += 1
                    i += 1
                    if i == x1:
                        i, j = x0, j + 1
                    if n == 0 or (j < y1 and n + samples <= LANES):
                        continue
                    if count < 0:
                        count = list_seen(rect, order, beside, reaching, left, right, listed)
                    trace_block(parts, pose, near, listed, count, height, pixel, work, n)
                    kept = n if samples == 1 else keep_few(mark, found, rows, columns, samples, m, work, slots)
                    if note_points(place, work, kept, boxes) and restless[0]:
                        known[tile] = False
                    if lit and kept > 0:
                        light_block(parts, pose, ball, shares, arts, look, place, pixel, work, spare, kept)
                    if samples == 1:
                        for q in range(m):
                            far[rows[q], columns[q]] = work[TIME + q]
                            found[rows[q], columns[q]] = int(work[FOUND + q])
                            if lit:
                                level[rows[q], columns[q]] = int(work[LEVEL + q]) if work[FOUND + q] >= 0.0 else 0
                                put(frame, rows[q], columns[q], table, work[RED + q], work[GREEN + q], work[BLUE + q])
                    else:
                        mix_samples(frame, rows, columns, samples, m, slots, table, light_of, work)
                    n, m = 0, 0


def order_parts(
    parts: tuple[NDArray[Any], ...], poses: tuple[NDArray[Any], ...], lenses: tuple[NDArray[Any], ...]
) -> tuple[NDArray[Any], ...]:
    """(rects [T, P, 4], nears [T, P], orders [T, P], balls [T, 5, P], plain [T, P, 4]) of some frames.

    `orders` are the parts from near to far, and rects are in that order (see `bound_parts`), `plain` in that of the
    parts; balls: see `list_near`.
    """
    places, turns, _ = poses
    total, count, _ = places.shape
    plain, nears = np.empty((total, count, 4)), np.empty((total, count))
    bound_frames(parts, places, turns, lenses[0], lenses[1], plain, nears)
    orders = np.argsort(nears, axis=1, kind="stable")
    around = np.broadcast_to(np.stack([parts[2], parts[3][:, DIMS]]), (total, 2, count))
    balls = np.concatenate([places.transpose(0, 2, 1), around], axis=1)
    return np.take_along_axis(plain, orders[..., None], axis=1), nears, orders, np.ascontiguousarray(balls), plain


def share_out(work: Callable[[int, int], None], jobs: int) -> None:
    """Call work(start, stop) for all of 0..jobs in runs, on as many threads as Numba is told to use.

    Not by Numba's own threads: those must not be used from two threads at once, and this may be.
    """
    workers = numba.get_num_threads()
    run = max(1, jobs // (8 * workers))
    if workers == 1 or run >= jobs:
        work(0, jobs)
        return
    starts = range(0, jobs, run)
    with ThreadPoolExecutor(workers, "draw") as pool:
        list(pool.map(work, starts, (min(start + run, jobs) for start in starts)))


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

    If not `lit`, depth and ids alone.
    """
    poses, art, looks, lenses = given
    bounds = (*order_parts(parts, poses, lenses), *find_moved(parts, poses, art, looks, lenses))
    marked, levels = np.full(ids.shape, WHOLE, np.uint8), np.empty(ids.shape, np.uint8)
    total, rows, columns = (ids.shape[0], *(-(-side // TILE) for side in ids.shape[1:]))
    same = np.zeros((total, rows, columns), np.uint8)
    made = (frames, depth, ids, levels, same, marked)
    for step, places in enumerate(offsets):
        if step:
            share_out(partial(find_edges, frames, ids, levels, same, parts[4], marked), rows)
        share_out(partial(draw_tiles, parts, poses, art, looks, lenses, bounds, tables, *made, places, lit), rows)
