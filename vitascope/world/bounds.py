"""Where parts can be in the picture, so that most of them need not be looked at for most pixels."""

from __future__ import annotations

import math
from typing import Any

from vitascope.world.shading import scalar, whole
from vitascope.world.solids import BOX, CAPSULE, ELLIPSOID, FAR, SPHERE


@scalar
def widen(rect: Any, p: int, mx: float, my: float, mz: float, xx: float, xy: float, yy: float, axis: int) -> bool:
    """Widen a part's bounds along one axis by an ellipsoid at camera point m (z ahead); False if it is beside the eye.

    `xx`, `xy`, `yy` are the ellipsoid's spread along the axis, between that and ahead, and ahead: the planes through
    the eye that touch it solve a quadratic.
    """
    m = mx if axis == 0 else my
    a, b, c = mz * mz - yy, m * mz - xy, m * m - xx
    if mz <= 0.0 or a <= 1e-9:
        return False
    root = math.sqrt(max(b * b - a * c, 0.0))
    rect[p, 2 * axis] = min(rect[p, 2 * axis], (b - root) / a)
    rect[p, 2 * axis + 1] = max(rect[p, 2 * axis + 1], (b + root) / a)
    return True


@whole
def bound_parts(
    parts: Any, places: Any, turns: Any, eye: Any, view: Any, rect: Any, near: Any, m: Any, spread: Any
) -> None:
    """Where parts can be in the picture: rect [P, 4] (left, right, low, high on the plane one metre ahead), near [P].

    `near` is the least distance along the view axis; parts behind the eye get an empty rect. `m` and `spread`
    [3, 3] are room for what is in between.
    """
    kind, size, radius, _, _, _ = parts
    for p in range(radius.shape[0]):
        x, y, z = places[p, 0] - eye[0], places[p, 1] - eye[1], places[p, 2] - eye[2]
        cx = view[0, 0] * x + view[1, 0] * y + view[2, 0] * z
        cy = view[0, 1] * x + view[1, 1] * y + view[2, 1] * z
        cz = -(view[0, 2] * x + view[1, 2] * y + view[2, 2] * z)
        rect[p, 0], rect[p, 1], rect[p, 2], rect[p, 3] = FAR, -FAR, FAR, -FAR
        near[p] = cz - radius[p]
        if cz < -radius[p]:
            continue
        for i in range(3):  # the part's axes as the camera sees them: right, up, ahead
            for k in range(3):
                m[i, k] = view[0, i] * turns[p, 0, k] + view[1, i] * turns[p, 1, k] + view[2, i] * turns[p, 2, k]
        a, b, c = size[p, 0], size[p, 1], size[p, 2]
        fits = True
        if kind[p] == BOX:
            deep = 0.0
            for corner in range(8):
                sx = a if corner & 1 else -a
                sy = b if corner & 2 else -b
                sz = c if corner & 4 else -c
                qx = cx + m[0, 0] * sx + m[0, 1] * sy + m[0, 2] * sz
                qy = cy + m[1, 0] * sx + m[1, 1] * sy + m[1, 2] * sz
                qz = cz - m[2, 0] * sx - m[2, 1] * sy - m[2, 2] * sz
                if qz < 0.02:
                    fits = False
                    break
                rect[p, 0], rect[p, 1] = (min(rect[p, 0], qx / qz), max(rect[p, 1], qx / qz))
                rect[p, 2], rect[p, 3] = (min(rect[p, 2], qy / qz), max(rect[p, 3], qy / qz))
            deep = abs(m[2, 0]) * a + abs(m[2, 1]) * b + abs(m[2, 2]) * c
            near[p] = cz - deep
        else:
            if kind[p] == ELLIPSOID:
                sa, sb, sc, half = a * a, b * b, c * c, 0.0
            elif kind[p] == SPHERE:
                sa, sb, sc, half = a * a, a * a, a * a, 0.0
            elif kind[p] == CAPSULE:
                sa, sb, sc, half = a * a, a * a, a * a, b
            else:
                sa, sb, sc, half = a * a, a * a, 0.0, b
            for i in range(3):
                for k in range(3):
                    spread[i, k] = m[i, 0] * sa * m[k, 0] + m[i, 1] * sb * m[k, 1] + m[i, 2] * sc * m[k, 2]
            for end in range(2):
                shift = half if end == 0 else -half
                qx, qy, qz = (cx + shift * m[0, 2], cy + shift * m[1, 2], cz - shift * m[2, 2])
                for axis in range(2):
                    # "Ahead" points against the camera's third axis.
                    fits = fits and widen(rect, p, qx, qy, qz, spread[axis, axis], -spread[axis, 2], spread[2, 2], axis)
                if half == 0.0:
                    break
            near[p] = cz - half * abs(m[2, 2]) - math.sqrt(spread[2, 2])
        if not fits:  # it reaches beside or behind the eye
            rect[p, 0], rect[p, 1], rect[p, 2], rect[p, 3] = -FAR, FAR, -FAR, FAR
            near[p] = 0.0


@whole
def list_rows(rect: Any, low: float, high: float, listed: Any) -> int:
    """List the numbers of the rects [P, 4] that reach between two heights, in their order; returns how many."""
    count = 0
    for i in range(rect.shape[0]):
        if (rect[i, 2] <= high) & (rect[i, 3] >= low):
            listed[count] = i
            count += 1
    return count


@whole
def list_seen(rect: Any, order: Any, row: Any, count: int, left: float, right: float, listed: Any) -> int:
    """List the parts that can be seen in a tile, from near to far as in `order`; returns how many.

    `row` are `count` numbers of rects that reach into its row of tiles.
    """
    seen = 0
    for k in range(count):
        i = row[k]
        if (rect[i, 0] <= right) & (rect[i, 1] >= left):
            listed[seen] = order[i]
            seen += 1
    return seen
