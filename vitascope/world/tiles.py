"""A tile's rays at once, on the CPU: which parts a tile can see or be shaded by, and loops of many rays over one part.

Loops run over plain rows of numbers for one kind of part at a time, so that they become vector instructions; the
formulas are those of `solids` and `light`, which a single ray uses too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from vitascope.world import shading
from vitascope.world.light import (
    DIMS,
    SCALE_OF,
    SHADOW_REACH,
    beyond,
    crown_hit,
    dims_sky,
    facing_out,
    ground_hit,
    into,
    shade,
    shown,
)
from vitascope.world.paint import LEAVES
from vitascope.world.shading import scalar
from vitascope.world.solids import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    FAR,
    SPHERE,
    SUN_RADIUS,
    aim,
    ball_hit,
    ball_pass,
    box_distance,
    box_hit,
    box_pass,
    can_distance,
    can_hit,
    can_pass,
    distance,
    egg_distance,
    egg_pass,
    left_of_sun,
    passing,
    pill_distance,
    pill_hit,
    pill_pass,
)

whole = njit(fastmath=True, error_model="numpy", nogil=True)  # functions of a tile, which may make arrays

# Rows of a tile's table of rays and of the points that they meet.
X, Y, Z, TIME = 0, 1, 2, 3
PX, PY, PZ, NX, NY, NZ, LIT, AIR = 0, 1, 2, 3, 4, 5, 6, 7


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
def bound_parts(parts: Any, pose: Any, eye: Any, view: Any, rect: Any, near: Any) -> None:
    """Where parts can be in the picture: rect [P, 4] (left, right, low, high on the plane one metre ahead), near [P].

    `near` is the least distance along the view axis; parts behind the eye get an empty rect.
    """
    kind, size, radius, _, _, _ = parts
    places, turns, _ = pose
    m = np.empty((3, 3))
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
            spread = np.empty((3, 3))
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
def list_seen(rect: Any, order: Any, left: float, right: float, low: float, high: float, listed: Any) -> int:
    """List the parts whose bounds meet a tile's, nearest first as `order` has them."""
    count = 0
    for i in range(order.shape[0]):
        p = order[i]
        if rect[p, 0] <= right and rect[p, 1] >= left and rect[p, 2] <= high and rect[p, 3] >= low:
            listed[count] = p
            count += 1
    return count


@whole
def trace_rays(
    parts: Any,
    pose: Any,
    near: Any,
    listed: Any,
    count: int,
    height: float,
    pixel: float,
    rays: Any,
    found: Any,
    n: int,
) -> None:
    """Nearest hits of n rays from the eye, `height` above the ground: rays[TIME] and found [n] (see `Picture.ids`)."""
    kind, size, _, paint, texture, _ = parts
    _, turns, eyes = pose
    xs, ys, zs, best = rays[X], rays[Y], rays[Z], rays[TIME]
    for i in range(n):
        best[i], found[i] = ground_hit(height, zs[i])
    for k in range(count):
        p = listed[k]
        if k % 8 == 0:
            deepest = 0.0
            for i in range(n):
                deepest = max(deepest, best[i])
        if near[p] > deepest:
            break
        # The matrix with the part's scale for balls: in its own units every ellipsoid is a ball of radius 1.
        a, b, c, what = size[p, 0], size[p, 1], size[p, 2], kind[p]
        u, v, w = 1.0, 1.0, 1.0
        if what == ELLIPSOID:
            u, v, w = 1.0 / a, 1.0 / b, 1.0 / c
        elif what == SPHERE:
            u, v, w = 1.0 / a, 1.0 / a, 1.0 / a
        if texture[p] == LEAVES:
            u, v, w = 1.0, 1.0, 1.0
        ex, ey, ez = eyes[p, 0] * u, eyes[p, 1] * v, eyes[p, 2] * w
        m00, m10, m20 = turns[p, 0, 0] * u, turns[p, 1, 0] * u, turns[p, 2, 0] * u
        m01, m11, m21 = turns[p, 0, 1] * v, turns[p, 1, 1] * v, turns[p, 2, 1] * v
        m02, m12, m22 = turns[p, 0, 2] * w, turns[p, 1, 2] * w, turns[p, 2, 2] * w
        mark = p + 1
        if texture[p] == LEAVES:
            for i in range(n):
                lx = m00 * xs[i] + m10 * ys[i] + m20 * zs[i]
                ly = m01 * xs[i] + m11 * ys[i] + m21 * zs[i]
                lz = m02 * xs[i] + m12 * ys[i] + m22 * zs[i]
                t = crown_hit(what, a, b, c, paint[p, SCALE_OF], ex, ey, ez, lx, ly, lz, pixel)
                if t < best[i]:
                    best[i], found[i] = t, mark
        elif what in (SPHERE, ELLIPSOID):
            for i in range(n):
                lx = m00 * xs[i] + m10 * ys[i] + m20 * zs[i]
                ly = m01 * xs[i] + m11 * ys[i] + m21 * zs[i]
                lz = m02 * xs[i] + m12 * ys[i] + m22 * zs[i]
                t = ball_hit(1.0, ex, ey, ez, lx, ly, lz)
                nearer = t < best[i]
                best[i] = t if nearer else best[i]
                found[i] = mark if nearer else found[i]
        elif what == BOX:
            for i in range(n):
                lx = m00 * xs[i] + m10 * ys[i] + m20 * zs[i]
                ly = m01 * xs[i] + m11 * ys[i] + m21 * zs[i]
                lz = m02 * xs[i] + m12 * ys[i] + m22 * zs[i]
                t = box_hit(a, b, c, ex, ey, ez, lx, ly, lz)
                nearer = t < best[i]
                best[i] = t if nearer else best[i]
                found[i] = mark if nearer else found[i]
        elif what == CYLINDER:
            for i in range(n):
                lx = m00 * xs[i] + m10 * ys[i] + m20 * zs[i]
                ly = m01 * xs[i] + m11 * ys[i] + m21 * zs[i]
                lz = m02 * xs[i] + m12 * ys[i] + m22 * zs[i]
                t = can_hit(a, b, ex, ey, ez, lx, ly, lz)
                nearer = t < best[i]
                best[i] = t if nearer else best[i]
                found[i] = mark if nearer else found[i]
        else:
            for i in range(n):
                lx = m00 * xs[i] + m10 * ys[i] + m20 * zs[i]
                ly = m01 * xs[i] + m11 * ys[i] + m21 * zs[i]
                lz = m02 * xs[i] + m12 * ys[i] + m22 * zs[i]
                t = pill_hit(a, b, ex, ey, ez, lx, ly, lz)
                nearer = t < best[i]
                best[i] = t if nearer else best[i]
                found[i] = mark if nearer else found[i]


@whole
def shadow_points(
    parts: Any, pose: Any, p: int, sx: float, sy: float, sz: float, points: Any, own: Any, n: int
) -> None:
    """Take from points[LIT] the share of the sun that part p hides from each of n points; s points to the sun."""
    kind, size, _, _, _, _ = parts
    places, turns, _ = pose
    a, b, c, what = size[p, 0], size[p, 1], size[p, 2], kind[p]
    qx, qy, qz = places[p, 0], places[p, 1], places[p, 2]
    px, py, pz, lit = points[PX], points[PY], points[PZ], points[LIT]
    m00, m10, m20 = turns[p, 0, 0], turns[p, 1, 0], turns[p, 2, 0]
    m01, m11, m21 = turns[p, 0, 1], turns[p, 1, 1], turns[p, 2, 1]
    m02, m12, m22 = turns[p, 0, 2], turns[p, 1, 2], turns[p, 2, 2]
    dx, dy, dz = into(turns, p, sx, sy, sz)
    if what == SPHERE:
        for i in range(n):
            t, off = ball_pass(a, px[i] - qx, py[i] - qy, pz[i] - qz, sx, sy, sz)
            left = left_of_sun(t, off)
            lit[i] *= 1.0 if own[i] == p else left
    elif what == ELLIPSOID:
        for i in range(n):
            x, y, z = px[i] - qx, py[i] - qy, pz[i] - qz
            lx, ly, lz = (m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z)
            t, off = egg_pass(a, b, c, lx, ly, lz, dx, dy, dz)
            left = left_of_sun(t, off)
            lit[i] *= 1.0 if own[i] == p else left
    elif what == BOX:
        for i in range(n):
            x, y, z = px[i] - qx, py[i] - qy, pz[i] - qz
            lx, ly, lz = (m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z)
            t, off = box_pass(a, b, c, lx, ly, lz, dx, dy, dz)
            left = left_of_sun(t, off)
            lit[i] *= 1.0 if own[i] == p else left
    elif what == CYLINDER:
        dx, dy, dz = aim(dx, dy, dz)
        for i in range(n):
            x, y, z = px[i] - qx, py[i] - qy, pz[i] - qz
            lx, ly, lz = (m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z)
            t, off = can_pass(a, b, lx, ly, lz, dx, dy, dz)
            left = left_of_sun(t, off)
            lit[i] *= 1.0 if own[i] == p else left
    else:
        dx, dy, dz = aim(dx, dy, dz)
        for i in range(n):
            x, y, z = px[i] - qx, py[i] - qy, pz[i] - qz
            lx, ly, lz = (m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z)
            t, off = pill_pass(a, b, lx, ly, lz, dx, dy, dz)
            left = left_of_sun(t, off)
            lit[i] *= 1.0 if own[i] == p else left


@whole
def dim_points(parts: Any, pose: Any, p: int, points: Any, own: Any, n: int) -> None:
    """Take from points[AIR] the share of skylight that part p hides from each of n points."""
    kind, size, _, paint, _, _ = parts
    places, turns, _ = pose
    a, b, c, what, reach = size[p, 0], size[p, 1], size[p, 2], kind[p], paint[p, DIMS]
    qx, qy, qz = places[p, 0], places[p, 1], places[p, 2]
    px, py, pz, nx, ny, nz, air = (points[PX], points[PY], points[PZ], points[NX], points[NY], points[NZ], points[AIR])
    m00, m10, m20 = turns[p, 0, 0], turns[p, 1, 0], turns[p, 2, 0]
    m01, m11, m21 = turns[p, 0, 1], turns[p, 1, 1], turns[p, 2, 1]
    m02, m12, m22 = turns[p, 0, 2], turns[p, 1, 2], turns[p, 2, 2]
    if what in (SPHERE, ELLIPSOID):
        if what == SPHERE:
            b, c = a, a
        for i in range(n):
            x, y, z = (px[i] + reach * nx[i] - qx, py[i] + reach * ny[i] - qy, pz[i] + reach * nz[i] - qz)
            lx, ly, lz = (m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z)
            left = dims_sky(reach, egg_distance(a, b, c, lx, ly, lz))
            air[i] *= 1.0 if own[i] == p else left
    elif what == BOX:
        for i in range(n):
            x, y, z = (px[i] + reach * nx[i] - qx, py[i] + reach * ny[i] - qy, pz[i] + reach * nz[i] - qz)
            lx, ly, lz = (m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z)
            left = dims_sky(reach, box_distance(a, b, c, lx, ly, lz))
            air[i] *= 1.0 if own[i] == p else left
    elif what == CYLINDER:
        for i in range(n):
            x, y, z = (px[i] + reach * nx[i] - qx, py[i] + reach * ny[i] - qy, pz[i] + reach * nz[i] - qz)
            lx, ly, lz = (m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z)
            left = dims_sky(reach, can_distance(a, b, lx, ly, lz))
            air[i] *= 1.0 if own[i] == p else left
    else:
        for i in range(n):
            x, y, z = (px[i] + reach * nx[i] - qx, py[i] + reach * ny[i] - qy, pz[i] + reach * nz[i] - qz)
            lx, ly, lz = (m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z)
            left = dims_sky(reach, pill_distance(a, b, lx, ly, lz))
            air[i] *= 1.0 if own[i] == p else left


@whole
def shade_group(parts: Any, pose: Any, look: Any, points: Any, own: Any, n: int) -> None:
    """Set points[LIT] and points[AIR] of n points that lie close together: what other parts leave of sun and sky."""
    kind, size, radius, paint, _, _ = parts
    places, turns, _ = pose
    sx, sy, sz = look[shading.SUN], look[shading.SUN + 1], look[shading.SUN + 2]
    lx, ly, lz, hx, hy, hz = FAR, FAR, FAR, -FAR, -FAR, -FAR
    sunny = False
    for i in range(n):
        points[LIT, i], points[AIR, i] = 1.0, 1.0
        x, y, z = points[PX, i], points[PY, i], points[PZ, i]
        lx, ly, lz, hx, hy, hz = (min(lx, x), min(ly, y), min(lz, z), max(hx, x), max(hy, y), max(hz, z))
        sunny = sunny or points[NX, i] * sx + points[NY, i] * sy + points[NZ, i] * sz > 0.0
    cx, cy, cz = 0.5 * (lx + hx), 0.5 * (ly + hy), 0.5 * (lz + hz)
    ball = 0.5 * math.sqrt((hx - lx) ** 2 + (hy - ly) ** 2 + (hz - lz) ** 2) + 1e-6
    for p in range(radius.shape[0]):
        x, y, z = cx - places[p, 0], cy - places[p, 1], cz - places[p, 2]
        r, reach = radius[p] + ball, paint[p, DIMS]
        gap2 = x * x + y * y + z * z
        along = -(x * sx + y * sy + z * sz)
        wide = r + SUN_RADIUS * max(along + ball, 0.0) + 0.01
        # First by the ball around the part, then by the part itself, where that is exact.
        shadows = sunny and along > -r and gap2 - along * along < wide * wide
        dims = gap2 < (r + 2.0 * reach) ** 2
        if not (shadows or dims):
            continue
        what, a, b, c = kind[p], size[p, 0], size[p, 1], size[p, 2]
        if what >= CAPSULE:
            qx, qy, qz = into(turns, p, x, y, z)
            if dims:
                dims = distance(what, a, b, c, qx, qy, qz) < ball + 2.0 * reach
            if shadows:
                dx, dy, dz = into(turns, p, sx, sy, sz)
                _, off = passing(BOX if what == BOX else CAPSULE, a, b, c, qx, qy, qz, dx, dy, dz)
                shadows = off < ball + SUN_RADIUS * max(along + r, 0.0) + 0.01
        if shadows:
            shadow_points(parts, pose, p, sx, sy, sz, points, own, n)
        if dims:
            dim_points(parts, pose, p, points, own, n)


@whole
def shade_rays(
    parts: Any, pose: Any, art: Any, look: Any, eye: Any, pixel: float, rays: Any, found: Any, n: int, colour: Any
) -> None:
    """Display light in 0..1 [n, 3] of n rays that `trace_rays` has followed."""
    points, own, which = np.empty((8, n)), np.empty(n, np.int64), np.empty(n, np.int64)
    # Nearer and farther points are two groups, so that each lies close together.
    first, last = FAR, 0.0
    for i in range(n):
        if found[i] >= 0:
            first, last = min(first, rays[TIME, i]), max(last, rays[TIME, i])
    cut = 0.5 * (first + last) if last > 1.5 * first else FAR
    for group in range(2):
        count = 0
        for i in range(n):
            t = rays[TIME, i]
            if found[i] >= 0 and (t < cut) == (group == 0):
                which[count], own[count] = i, found[i] - 1
                x, y, z = (eye[0] + t * rays[X, i], eye[1] + t * rays[Y, i], eye[2] + t * rays[Z, i])
                points[PX, count], points[PY, count], points[PZ, count] = x, y, z
                nx, ny, nz = facing_out(parts, pose, found[i] - 1, x, y, z)
                points[NX, count], points[NY, count], points[NZ, count] = nx, ny, nz
                count += 1
        if count == 0:
            continue
        if min(first if group == 0 else cut, last) < SHADOW_REACH:
            shade_group(parts, pose, look, points, own, count)
        else:
            for k in range(count):
                points[LIT, k], points[AIR, k] = 1.0, 1.0
        for k in range(count):
            i = which[k]
            r, g, b = shade(
                parts,
                pose,
                art,
                look,
                eye,
                rays[TIME, i],
                found[i],
                rays[X, i],
                rays[Y, i],
                rays[Z, i],
                pixel,
                points[LIT, k],
                points[AIR, k],
            )
            colour[i, 0], colour[i, 1], colour[i, 2] = shown(r), shown(g), shown(b)
    for i in range(n):
        if found[i] < 0:
            r, g, b = beyond(look, rays[X, i], rays[Y, i], rays[Z, i], pixel)
            colour[i, 0], colour[i, 1], colour[i, 2] = shown(r), shown(g), shown(b)
