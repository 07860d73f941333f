"""What stays as it was from one frame to the next, so that it need not be drawn again: on the CPU, tile by tile.

A tile's light can change when the camera does, when a part that moves can be seen in it, or when one can shade a point
that is seen there. Whatever is kept is exactly what would have been drawn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitascope.world import shading
from vitascope.world.grounds import SHORE
from vitascope.world.light import DIMS, SHADOW_REACH
from vitascope.world.paint import FACE
from vitascope.world.shading import whole
from vitascope.world.shadows import FOUND, TIME, X, Y, Z
from vitascope.world.solids import FAR, SUN_RADIUS


def find_moved(
    parts: tuple[NDArray[Any], ...],
    poses: tuple[NDArray[Any], ...],
    art: tuple[NDArray[Any], ...],
    looks: tuple[NDArray[Any], ...],
    lenses: tuple[NDArray[Any], ...],
) -> tuple[NDArray[Any], ...]:
    """(held [T], moved [T, P], counts [T], restless [1]): what differs between each frame and the one before.

    `held` is 1 where camera and lamps are the same, the first `counts` of `moved` are the parts that are not, and
    `restless` is 1 where the ground itself moves.
    """
    (places, turns, _), (faces, *_, lamps) = poses, art
    total, count = places.shape[:2]
    held, differ = np.zeros(total, np.uint8), np.ones((total, count), np.bool_)
    same = np.ones(total - 1, np.bool_)
    for array in (*lenses, lamps):
        same &= (array[1:] == array[:-1]).all(axis=tuple(range(1, array.ndim)))
    held[1:] = same
    differ[1:] = (places[1:] != places[:-1]).any(axis=-1) | (turns[1:] != turns[:-1]).any(axis=(-1, -2))
    painted = np.flatnonzero(parts[4] == FACE)
    differ[1:, painted] |= (faces[1:] != faces[:-1]).any(axis=-1)[:, parts[5][painted]]
    moved = np.argsort(~differ, axis=1, kind="stable")
    restless = np.array([looks[0][0, shading.GROUND] == SHORE], np.uint8)
    return held, moved, differ.sum(axis=1), restless


@whole
def empty_boxes(boxes: Any) -> None:
    """Two boxes (low x, y, z, high x, y, z) around no points."""
    for group in range(2):
        for axis in range(3):
            boxes[group, axis], boxes[group, 3 + axis] = FAR, -FAR


@whole
def note_points(eye: Any, work: Any, n: int, boxes: Any) -> bool:
    """Widen the boxes by what n traced rays met, the near and the far apart; whether the ground is among it.

    Near and far are as in `shade_points`: what is too far to be shaded there is left out.
    """
    first, last, grounded = FAR, 0.0, False
    for i in range(n):
        if work[FOUND + i] >= 0.0:
            first, last = min(first, work[TIME + i]), max(last, work[TIME + i])
            grounded = grounded or work[FOUND + i] == 0.0
    cut = 0.5 * (first + last) if last > 1.4 * first else FAR
    for i in range(n):
        if work[FOUND + i] >= 0.0:
            t = work[TIME + i]
            group = 0 if t < cut else 1
            if group == 1 and cut >= SHADOW_REACH:
                continue
            for axis, row in ((0, X), (1, Y), (2, Z)):
                at = eye[axis] + t * work[row + i]
                boxes[group, axis], boxes[group, 3 + axis] = (
                    min(boxes[group, axis], at),
                    max(boxes[group, 3 + axis], at),
                )
    return grounded


@whole
def disturbed(
    parts: Any,
    moved: Any,
    count: int,
    places: Any,
    rects: Any,
    f: int,
    left: float,
    right: float,
    low: float,
    high: float,
    sun: Any,
    boxes: Any,
) -> bool:
    """Whether a part that moved before frame f, where it is or where it was, meets the tile or can shade its points.

    `rects` [T, P, 4] are as in `bound_parts`, left to high are the tile on the same plane, and `sun` points to the sun.
    """
    _, _, radius, paint, _, _ = parts
    for k in range(count):
        p = moved[k]
        for g in range(f - 1, f + 1):
            if (
                (rects[g, p, 0] <= right)
                & (rects[g, p, 1] >= left)
                & (rects[g, p, 2] <= high)
                & (rects[g, p, 3] >= low)
            ):
                return True
    sx, sy, sz = sun
    for group in range(2):
        if boxes[group, 0] > boxes[group, 3]:
            continue
        cx, cy, cz = (
            0.5 * (boxes[group, 0] + boxes[group, 3]),
            0.5 * (boxes[group, 1] + boxes[group, 4]),
            0.5 * (boxes[group, 2] + boxes[group, 5]),
        )
        wx, wy, wz = boxes[group, 3] - cx, boxes[group, 4] - cy, boxes[group, 5] - cz
        ball = math.sqrt(wx * wx + wy * wy + wz * wz) + 1e-6
        for k in range(count):
            p = moved[k]
            r = radius[p] + ball
            near = r + 2.0 * paint[p, DIMS] + 0.01
            for g in range(f - 1, f + 1):
                x, y, z = cx - places[g, p, 0], cy - places[g, p, 1], cz - places[g, p, 2]
                gap2 = x * x + y * y + z * z
                along = -(x * sx + y * sy + z * sz)
                wide = r + SUN_RADIUS * max(along + r, 0.0) + 0.02
                if (gap2 < near * near) | ((along > -r) & (gap2 - along * along < wide * wide)):
                    return True
    return False


@whole
def calm(same: Any, f: int, row: int, column: int) -> bool:
    """Whether a tile and its four neighbours [T, rows, columns] are the same in frame f as in the one before."""
    _, rows, columns = same.shape
    return (
        same[f, row, column] != 0
        and (row == 0 or same[f, row - 1, column] != 0)
        and (row + 1 == rows or same[f, row + 1, column] != 0)
        and (column == 0 or same[f, row, column - 1] != 0)
        and (column + 1 == columns or same[f, row, column + 1] != 0)
    )
