"""Shadows of many points at once, on the CPU: what the parts leave of the sun's and the sky's light (see `tiles`)."""

from __future__ import annotations

import math
from typing import Any

from vitascope.world import shading
from vitascope.world.light import DIMS, dims_sky, into
from vitascope.world.shading import whole
from vitascope.world.solids import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    FAR,
    SPHERE,
    SUN_RADIUS,
    aim,
    ball_pass,
    box_distance,
    box_pass,
    can_distance,
    can_pass,
    distance,
    egg_distance,
    egg_pass,
    left_of_sun,
    passing,
    pill_distance,
    pill_pass,
)

LANES = 64  # rays in a block at most
# Where the rows of a block begin: ray directions (one metre along the view axis), time and id of what they meet, unit
# directions, points, normals, shares of sun and sky, linear RGB, gloss, metal, glow, and lightness.
X, Y, Z, TIME, FOUND, VX, VY, VZ, PX, PY, PZ = (LANES * row for row in range(11))
NX, NY, NZ, LIT, AIR, RED, GREEN, BLUE, GLOSS, METAL, GLOW = (LANES * row for row in range(11, 22))
LEVEL = 22 * LANES
BLOCK = 23 * LANES  # numbers in a block


@whole
def shadow_points(parts: Any, pose: Any, p: int, sx: float, sy: float, sz: float, work: Any, n: int) -> None:
    """Take from LIT the share of the sun that part p hides from each of n points; s points to the sun."""
    kind, size, _, _, _, _ = parts
    places, turns, _ = pose
    a, b, c, what, mark = size[p, 0], size[p, 1], size[p, 2], kind[p], float(p + 1)
    qx, qy, qz = places[p, 0], places[p, 1], places[p, 2]
    m00, m10, m20 = turns[p, 0, 0], turns[p, 1, 0], turns[p, 2, 0]
    m01, m11, m21 = turns[p, 0, 1], turns[p, 1, 1], turns[p, 2, 1]
    m02, m12, m22 = turns[p, 0, 2], turns[p, 1, 2], turns[p, 2, 2]
    dx, dy, dz = into(turns, p, sx, sy, sz)
    if what == SPHERE:
        for i in range(n):
            x, y, z = work[PX + i] - qx, work[PY + i] - qy, work[PZ + i] - qz
            t, off = ball_pass(a, x, y, z, sx, sy, sz)
            work[LIT + i] *= 1.0 if work[FOUND + i] == mark else left_of_sun(t, off)
    elif what == ELLIPSOID:
        for i in range(n):
            x, y, z = work[PX + i] - qx, work[PY + i] - qy, work[PZ + i] - qz
            lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
            t, off = egg_pass(a, b, c, lx, ly, lz, dx, dy, dz)
            work[LIT + i] *= 1.0 if work[FOUND + i] == mark else left_of_sun(t, off)
    elif what == BOX:
        for i in range(n):
            x, y, z = work[PX + i] - qx, work[PY + i] - qy, work[PZ + i] - qz
            lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
            t, off = box_pass(a, b, c, lx, ly, lz, dx, dy, dz)
            work[LIT + i] *= 1.0 if work[FOUND + i] == mark else left_of_sun(t, off)
    elif what == CYLINDER:
        dx, dy, dz = aim(dx, dy, dz)
        for i in range(n):
            x, y, z = work[PX + i] - qx, work[PY + i] - qy, work[PZ + i] - qz
            lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
            t, off = can_pass(a, b, lx, ly, lz, dx, dy, dz)
            work[LIT + i] *= 1.0 if work[FOUND + i] == mark else left_of_sun(t, off)
    else:
        dx, dy, dz = aim(dx, dy, dz)
        for i in range(n):
            x, y, z = work[PX + i] - qx, work[PY + i] - qy, work[PZ + i] - qz
            lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
            t, off = pill_pass(a, b, lx, ly, lz, dx, dy, dz)
            work[LIT + i] *= 1.0 if work[FOUND + i] == mark else left_of_sun(t, off)


@whole
def dim_points(parts: Any, pose: Any, p: int, work: Any, n: int) -> None:
    """Take from AIR the share of skylight that part p hides from each of n points."""
    kind, size, _, paint, _, _ = parts
    places, turns, _ = pose
    a, b, c, what, mark = size[p, 0], size[p, 1], size[p, 2], kind[p], float(p + 1)
    qx, qy, qz, reach = places[p, 0], places[p, 1], places[p, 2], paint[p, DIMS]
    m00, m10, m20 = turns[p, 0, 0], turns[p, 1, 0], turns[p, 2, 0]
    m01, m11, m21 = turns[p, 0, 1], turns[p, 1, 1], turns[p, 2, 1]
    m02, m12, m22 = turns[p, 0, 2], turns[p, 1, 2], turns[p, 2, 2]
    if what in (SPHERE, ELLIPSOID):
        if what == SPHERE:
            b, c = a, a
        for i in range(n):
            x = work[PX + i] + reach * work[NX + i] - qx
            y = work[PY + i] + reach * work[NY + i] - qy
            z = work[PZ + i] + reach * work[NZ + i] - qz
            lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
            left = dims_sky(reach, egg_distance(a, b, c, lx, ly, lz))
            work[AIR + i] *= 1.0 if work[FOUND + i] == mark else left
    elif what == BOX:
        for i in range(n):
            x = work[PX + i] + reach * work[NX + i] - qx
            y = work[PY + i] + reach * work[NY + i] - qy
            z = work[PZ + i] + reach * work[NZ + i] - qz
            lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
            left = dims_sky(reach, box_distance(a, b, c, lx, ly, lz))
            work[AIR + i] *= 1.0 if work[FOUND + i] == mark else left
    elif what == CYLINDER:
        for i in range(n):
            x = work[PX + i] + reach * work[NX + i] - qx
            y = work[PY + i] + reach * work[NY + i] - qy
            z = work[PZ + i] + reach * work[NZ + i] - qz
            lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
            left = dims_sky(reach, can_distance(a, b, lx, ly, lz))
            work[AIR + i] *= 1.0 if work[FOUND + i] == mark else left
    else:
        for i in range(n):
            x = work[PX + i] + reach * work[NX + i] - qx
            y = work[PY + i] + reach * work[NY + i] - qy
            z = work[PZ + i] + reach * work[NZ + i] - qz
            lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
            left = dims_sky(reach, pill_distance(a, b, lx, ly, lz))
            work[AIR + i] *= 1.0 if work[FOUND + i] == mark else left


@whole
def list_near(balls: Any, shares: Any, s: Any, c: Any, ball: float, dark: bool) -> None:
    """Mark in shares [P] the parts that may shade (+1) or dim (+2) points within `ball` of c, by the balls around them.

    `balls` [5, P] are places, bounding radii and dimming reaches; s points to the sun, which none of the points sees if
    it is `dark`.
    """
    sx, sy, sz = s
    cx, cy, cz = c
    bright = 0.0 if dark else 1.0
    xs, ys, zs, radii, reaches = balls[0], balls[1], balls[2], balls[3], balls[4]
    for p in range(xs.shape[0]):
        x, y, z, r = cx - xs[p], cy - ys[p], cz - zs[p], radii[p] + ball
        gap2 = x * x + y * y + z * z
        along = -(x * sx + y * sy + z * sz)
        wide = r + SUN_RADIUS * max(along + ball, 0.0) + 0.01
        near = r + 2.0 * reaches[p]
        shades = bright if (along > -r) & (gap2 - along * along < wide * wide) else 0.0
        shares[p] = shades + (2.0 if gap2 < near * near else 0.0)


@whole
def shade_group(parts: Any, pose: Any, balls: Any, shares: Any, look: Any, work: Any, n: int) -> None:
    """Set LIT and AIR of n points that lie close together: what parts other than their own leave of sun and sky."""
    kind, size, radius, paint, _, _ = parts
    places, turns, _ = pose
    sx, sy, sz = look[shading.SUN], look[shading.SUN + 1], look[shading.SUN + 2]
    lx, ly, lz, hx, hy, hz, most = FAR, FAR, FAR, -FAR, -FAR, -FAR, -1.0
    for i in range(n):
        work[LIT + i], work[AIR + i] = 1.0, 1.0
        x, y, z = work[PX + i], work[PY + i], work[PZ + i]
        lx, ly, lz, hx, hy, hz = min(lx, x), min(ly, y), min(lz, z), max(hx, x), max(hy, y), max(hz, z)
        most = max(most, work[NX + i] * sx + work[NY + i] * sy + work[NZ + i] * sz)
    cx, cy, cz = 0.5 * (lx + hx), 0.5 * (ly + hy), 0.5 * (lz + hz)
    ball = 0.5 * math.sqrt((hx - lx) ** 2 + (hy - ly) ** 2 + (hz - lz) ** 2) + 1e-6
    list_near(balls, shares, (sx, sy, sz), (cx, cy, cz), ball, most <= 0.0)
    for p in range(radius.shape[0]):
        if shares[p] == 0.0:
            continue
        shadows, dims = shares[p] != 2.0, shares[p] >= 2.0
        what, a, b, c = kind[p], size[p, 0], size[p, 1], size[p, 2]
        if what >= CAPSULE:  # now by the part itself, where that is exact
            x, y, z = cx - places[p, 0], cy - places[p, 1], cz - places[p, 2]
            qx, qy, qz = into(turns, p, x, y, z)
            if dims:
                dims = distance(what, a, b, c, qx, qy, qz) < ball + 2.0 * paint[p, DIMS]
            if shadows:
                dx, dy, dz = into(turns, p, sx, sy, sz)
                _, off = passing(BOX if what == BOX else CAPSULE, a, b, c, qx, qy, qz, dx, dy, dz)
                along = -(x * sx + y * sy + z * sz)
                shadows = off < ball + SUN_RADIUS * max(along + radius[p] + ball, 0.0) + 0.01
        if shadows:
            shadow_points(parts, pose, p, sx, sy, sz, work, n)
        if dims:
            dim_points(parts, pose, p, work, n)
