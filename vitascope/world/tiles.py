"""Many rays at once, on the CPU: loops over a block of rays and one part, and the light of a block.

A block is one row of numbers for each of the names below, LANES long, one after the other in one array: so the compiler
knows that rows do not overlap and makes vector instructions of the loops. The formulas are those of `solids` and
`light`, which a single ray uses too.
"""

from __future__ import annotations

import math
from typing import Any

from vitascope.world import shading
from vitascope.world.light import (
    DULL,
    SCALE_OF,
    SHADOW_REACH,
    caught,
    facing_out,
    fog_at,
    ground_hit,
    into,
    lamp_light,
    lightness,
    lit_by,
    low_light,
    mirrored,
    shown,
    surface,
)
from vitascope.world.paint import LEAVES
from vitascope.world.shading import whole
from vitascope.world.shadows import (
    AIR,
    BLUE,
    FOUND,
    GLOSS,
    GLOW,
    GREEN,
    LEVEL,
    LIT,
    METAL,
    NX,
    NY,
    NZ,
    PX,
    PY,
    PZ,
    RED,
    TIME,
    VX,
    VY,
    VZ,
    X,
    Y,
    Z,
    shade_group,
)
from vitascope.world.sky import air_light, heavens
from vitascope.world.solids import (
    BOX,
    CYLINDER,
    ELLIPSOID,
    FAR,
    SPHERE,
    ball_hit,
    box_hit,
    can_hit,
    pill_hit,
)


@whole
def trace_block(
    parts: Any, pose: Any, near: Any, listed: Any, count: int, height: float, pixel: float, work: Any, n: int
) -> None:
    """Nearest hits of n rays from the eye, `height` above the ground: TIME and FOUND (see `Picture.ids`).

    `listed` are `count` parts that can be seen, nearest first; `near` [P] is the least time at which each can be met.
    """
    kind, size, _, paint, texture, _ = parts
    _, turns, eyes = pose
    for i in range(n):
        t, found = ground_hit(height, work[Z + i])
        work[TIME + i], work[FOUND + i] = t, float(found)
    deepest = FAR
    for k in range(count):
        p = listed[k]
        if k % 4 == 0:
            deepest = 0.0
            for i in range(n):
                deepest = max(deepest, work[TIME + i])
        if near[p] > deepest:
            break
        a, b, c, what, mark = size[p, 0], size[p, 1], size[p, 2], kind[p], float(p + 1)
        u, v, w = 1.0, 1.0, 1.0
        if what == ELLIPSOID:  # in its own units every ellipsoid is a ball of radius 1
            u, v, w = 1.0 / a, 1.0 / b, 1.0 / c
        elif what == SPHERE:
            u, v, w = 1.0 / a, 1.0 / a, 1.0 / a
        ex, ey, ez = eyes[p, 0] * u, eyes[p, 1] * v, eyes[p, 2] * w
        m00, m10, m20 = turns[p, 0, 0] * u, turns[p, 1, 0] * u, turns[p, 2, 0] * u
        m01, m11, m21 = turns[p, 0, 1] * v, turns[p, 1, 1] * v, turns[p, 2, 1] * v
        m02, m12, m22 = turns[p, 0, 2] * w, turns[p, 1, 2] * w, turns[p, 2, 2] * w
        if texture[p] == LEAVES and what <= ELLIPSOID:
            for i in range(n):
                x, y, z = work[X + i], work[Y + i], work[Z + i]
                lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
                work[LEVEL + i] = ball_hit(1.0, ex, ey, ez, lx, ly, lz)
            for i in range(n):
                t = work[LEVEL + i]
                if t < work[TIME + i]:
                    dx, dy, dz = into(turns, p, work[X + i], work[Y + i], work[Z + i])
                    ox, oy, oz = eyes[p, 0], eyes[p, 1], eyes[p, 2]
                    if caught(what, a, b, c, paint[p, SCALE_OF], ox, oy, oz, dx, dy, dz, t, pixel):
                        work[TIME + i], work[FOUND + i] = t, mark
        elif what in (SPHERE, ELLIPSOID):
            for i in range(n):
                x, y, z = work[X + i], work[Y + i], work[Z + i]
                lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
                t = ball_hit(1.0, ex, ey, ez, lx, ly, lz)
                nearer = t < work[TIME + i]
                work[TIME + i] = t if nearer else work[TIME + i]
                work[FOUND + i] = mark if nearer else work[FOUND + i]
        elif what == BOX:
            for i in range(n):
                x, y, z = work[X + i], work[Y + i], work[Z + i]
                lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
                t = box_hit(a, b, c, ex, ey, ez, lx, ly, lz)
                nearer = t < work[TIME + i]
                work[TIME + i] = t if nearer else work[TIME + i]
                work[FOUND + i] = mark if nearer else work[FOUND + i]
        elif what == CYLINDER:
            for i in range(n):
                x, y, z = work[X + i], work[Y + i], work[Z + i]
                lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
                t = can_hit(a, b, ex, ey, ez, lx, ly, lz)
                nearer = t < work[TIME + i]
                work[TIME + i] = t if nearer else work[TIME + i]
                work[FOUND + i] = mark if nearer else work[FOUND + i]
        else:
            for i in range(n):
                x, y, z = work[X + i], work[Y + i], work[Z + i]
                lx, ly, lz = m00 * x + m10 * y + m20 * z, m01 * x + m11 * y + m21 * z, m02 * x + m12 * y + m22 * z
                t = pill_hit(a, b, ex, ey, ez, lx, ly, lz)
                nearer = t < work[TIME + i]
                work[TIME + i] = t if nearer else work[TIME + i]
                work[FOUND + i] = mark if nearer else work[FOUND + i]


@whole
def shade_points(parts: Any, pose: Any, balls: Any, shares: Any, look: Any, work: Any, spare: Any, n: int) -> None:
    """Set LIT and AIR of what n rays met: the shares of sunlight and skylight that other parts leave there.

    Nearer and farther points are looked at as two groups, copied to the block `spare`: each lies close together.
    """
    first, last = FAR, 0.0
    for i in range(n):
        work[LIT + i], work[AIR + i] = 1.0, 1.0
        if work[FOUND + i] >= 0.0:
            first, last = min(first, work[TIME + i]), max(last, work[TIME + i])
    cut = 0.5 * (first + last) if last > 1.4 * first else FAR
    for group in range(2):
        start = first if group == 0 else cut
        if start >= min(SHADOW_REACH, last + 1.0):
            continue
        m = 0
        for i in range(n):
            if work[FOUND + i] >= 0.0 and (work[TIME + i] < cut) == (group == 0):
                spare[X + m], spare[FOUND + m] = float(i), work[FOUND + i]
                spare[PX + m], spare[PY + m], spare[PZ + m] = work[PX + i], work[PY + i], work[PZ + i]
                spare[NX + m], spare[NY + m], spare[NZ + m] = work[NX + i], work[NY + i], work[NZ + i]
                m += 1
        if m > 0:
            shade_group(parts, pose, balls, shares, look, spare, m)
            for k in range(m):
                i = int(spare[X + k])
                work[LIT + i], work[AIR + i] = spare[LIT + k], spare[AIR + k]


@whole
def light_block(
    parts: Any,
    pose: Any,
    balls: Any,
    shares: Any,
    art: Any,
    look: Any,
    eye: Any,
    pixel: float,
    work: Any,
    spare: Any,
    n: int,
) -> None:
    """Display light in 0..1 (RED, GREEN, BLUE) of n rays that `trace_block` has followed, and LEVEL of what they met.

    See `light.shade`. `balls` are as in `list_near`; `spare` is a block and `shares` [P] room for what is in between.
    """
    ox, oy, oz = eye[0], eye[1], eye[2]
    met, sky, shiny = 0, 0, False
    for i in range(n):
        x, y, z = work[X + i], work[Y + i], work[Z + i]
        k = 1.0 / math.sqrt(x * x + y * y + z * z)
        work[VX + i], work[VY + i], work[VZ + i] = x * k, y * k, z * k
        t = work[TIME + i] if work[FOUND + i] >= 0.0 else 0.0
        work[PX + i], work[PY + i] = ox + t * x, oy + t * y
        work[PZ + i] = oz + t * z if work[FOUND + i] > 0.0 else 0.0
        work[NX + i], work[NY + i], work[NZ + i] = 0.0, 0.0, 1.0
    for i in range(n):
        if work[FOUND + i] < 0.0:
            sky += 1
        elif work[FOUND + i] > 0.0:
            p = int(work[FOUND + i]) - 1
            nx, ny, nz = facing_out(parts, pose, p, work[PX + i], work[PY + i], work[PZ + i])
            work[NX + i], work[NY + i], work[NZ + i] = nx, ny, nz
    met = n - sky
    s0, s1, s2 = look[shading.SUN_COLOUR], look[shading.SUN_COLOUR + 1], look[shading.SUN_COLOUR + 2]
    h0, h1, h2 = look[shading.HORIZON], look[shading.HORIZON + 1], look[shading.HORIZON + 2]
    z0, z1, z2 = look[shading.ZENITH], look[shading.ZENITH + 1], look[shading.ZENITH + 2]
    a0, a1, a2 = look[shading.AMBIENT], look[shading.AMBIENT + 1], look[shading.AMBIENT + 2]
    u0, u1, u2 = look[shading.BOUNCE], look[shading.BOUNCE + 1], look[shading.BOUNCE + 2]
    sx, sy, sz, haze = look[shading.SUN], look[shading.SUN + 1], look[shading.SUN + 2], look[shading.HAZE]
    if met > 0:
        shade_points(parts, pose, balls, shares, look, work, spare, n)
        bright, pale = (s0 + s1 + s2) / 3.0, (a0 + a1 + a2) / 3.0
        for i in range(n):
            facing = work[NX + i] * sx + work[NY + i] * sy + work[NZ + i] * sz
            work[LEVEL + i] = lightness(facing, work[NZ + i], bright, pale, work[LIT + i], work[AIR + i])
        for i in range(n):
            if work[FOUND + i] >= 0.0:
                p = int(work[FOUND + i]) - 1
                nx, ny, nz, r, g, b, gloss, metal, glow = surface(
                    parts,
                    pose,
                    art,
                    look,
                    p,
                    work[PX + i],
                    work[PY + i],
                    work[PZ + i],
                    work[VX + i],
                    work[VY + i],
                    work[VZ + i],
                    pixel * work[TIME + i],
                )
                if p >= 0:
                    work[AIR + i] *= low_light(parts[3], p, work[PZ + i], nz)
                work[NX + i], work[NY + i], work[NZ + i] = nx, ny, nz
                work[RED + i], work[GREEN + i], work[BLUE + i] = r, g, b
                work[GLOSS + i], work[METAL + i], work[GLOW + i] = gloss, metal, glow
                shiny = shiny or gloss > DULL or metal > 0.0
            else:
                work[RED + i], work[GREEN + i], work[BLUE + i] = 0.0, 0.0, 0.0
                work[GLOSS + i], work[METAL + i], work[GLOW + i] = 0.0, 0.0, 0.0
        if shiny or art[4].shape[0] > 0:  # what mirrors and lamps add, kept in rows that are no longer needed
            for i in range(n):
                dull = 1.0 - work[METAL + i]
                x, y, z = work[PX + i], work[PY + i], work[PZ + i]
                lr, lg, lb = lamp_light(art[4], x, y, z, work[NX + i], work[NY + i], work[NZ + i])
                lr, lg, lb = lr * dull * work[RED + i], lg * dull * work[GREEN + i], lb * dull * work[BLUE + i]
                r, g, b = 0.0, 0.0, 0.0
                if work[GLOSS + i] > DULL or work[METAL + i] > 0.0:
                    r, g, b = mirrored(
                        look,
                        work[NX + i],
                        work[NY + i],
                        work[NZ + i],
                        work[VX + i],
                        work[VY + i],
                        work[VZ + i],
                        work[RED + i],
                        work[GREEN + i],
                        work[BLUE + i],
                        work[GLOSS + i],
                        work[METAL + i],
                        work[LIT + i],
                        work[AIR + i],
                        1.0 if work[FOUND + i] > 0.0 else 0.0,
                    )
                work[PX + i], work[PY + i], work[PZ + i] = r + lr, g + lg, b + lb
        else:
            for i in range(n):
                work[PX + i], work[PY + i], work[PZ + i] = 0.0, 0.0, 0.0
        for i in range(n):
            nx, ny, nz, dull, glow = work[NX + i], work[NY + i], work[NZ + i], 1.0 - work[METAL + i], work[GLOW + i]
            sun, air, vx, vy = work[LIT + i], work[AIR + i], work[VX + i], work[VY + i]
            r = lit_by(sx, sy, sz, s0, a0, u0, nx, ny, nz, work[RED + i], dull, glow, sun, air) + work[PX + i]
            g = lit_by(sx, sy, sz, s1, a1, u1, nx, ny, nz, work[GREEN + i], dull, glow, sun, air) + work[PY + i]
            b = lit_by(sx, sy, sz, s2, a2, u2, nx, ny, nz, work[BLUE + i], dull, glow, sun, air) + work[PZ + i]
            x, y, z = work[X + i], work[Y + i], work[Z + i]
            fog = fog_at(work[TIME + i] * math.sqrt(x * x + y * y + z * z), haze)
            hr, hg, hb = air_light(h0, h1, h2, z0, z1, z2, s0, s1, s2, 0.0, vx * sx + vy * sy)
            work[RED + i], work[GREEN + i], work[BLUE + i] = r + (hr - r) * fog, g + (hg - g) * fog, b + (hb - b) * fog
    if sky > 0:
        for i in range(n):
            vx, vy, up = work[VX + i], work[VY + i], max(work[VZ + i], 0.0)
            r, g, b = air_light(h0, h1, h2, z0, z1, z2, s0, s1, s2, up, vx * sx + vy * sy + up * sz)
            none = work[FOUND + i] < 0.0
            work[RED + i] = r if none else work[RED + i]
            work[GREEN + i] = g if none else work[GREEN + i]
            work[BLUE + i] = b if none else work[BLUE + i]
        for i in range(n):
            if work[FOUND + i] < 0.0:
                vx, vy, up = work[VX + i], work[VY + i], max(work[VZ + i], 0.0)
                x, y, z = work[X + i], work[Y + i], work[Z + i]
                angle = pixel / math.sqrt(x * x + y * y + z * z)
                r, g, b = heavens(look, vx, vy, up, angle, work[RED + i], work[GREEN + i], work[BLUE + i])
                work[RED + i], work[GREEN + i], work[BLUE + i] = r, g, b
    for i in range(n):
        work[RED + i], work[GREEN + i], work[BLUE + i] = (
            shown(work[RED + i]),
            shown(work[GREEN + i]),
            shown(work[BLUE + i]),
        )
