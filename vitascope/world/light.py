"""The light that comes along one ray: the first thing it meets, what shades that, and how its colour is made.

These functions are inlined into the kernels of `render`. They take the P parts of one frame as a few tuples of arrays:
`parts` is (kind [P], size [P, 3], bounding radius [P], paint [P, 6], texture [P]), `pose` is (places [P, 3],
turns [P, 3, 3], eyes [P, 3]): where parts are, how they are turned (local -> world), and the eye in each one's frame.
`listed` holds the numbers of the parts to look at in its first `count` places; `look` is ground and sky.
"""

from __future__ import annotations

import math
from typing import Any

from vitascope.world import shading
from vitascope.world.shading import ground_colour, inlined, part_texture, sky_colour, sky_gradient, step
from vitascope.world.solids import SUN_RADIUS, distance, hit, outward, sunlight

SHADOW_REACH = 120.0  # metres; farther than this shadows are smaller than haze and pixels


@inlined
def trace(
    parts: Any, pose: Any, listed: Any, count: int, height: float, dx: float, dy: float, dz: float
) -> tuple[float, int]:
    """Nearest hit (t, id) of the ray along d (world) from the eye, `height` metres above the ground."""
    kind, size, _, _, _ = parts
    _, turns, eyes = pose
    best, found = 1e30, -1
    if dz < -1e-9 and height > 0.0:
        best, found = -height / dz, 0
    for i in range(count):
        p = listed[i]
        lx = turns[p, 0, 0] * dx + turns[p, 1, 0] * dy + turns[p, 2, 0] * dz
        ly = turns[p, 0, 1] * dx + turns[p, 1, 1] * dy + turns[p, 2, 1] * dz
        lz = turns[p, 0, 2] * dx + turns[p, 1, 2] * dy + turns[p, 2, 2] * dz
        t = hit(kind[p], size[p, 0], size[p, 1], size[p, 2], eyes[p, 0], eyes[p, 1], eyes[p, 2], lx, ly, lz)
        if t < best:
            best, found = t, p + 1
    return best, found


@inlined
def occlusion(
    parts: Any,
    pose: Any,
    look: Any,
    listed: Any,
    count: int,
    own: int,
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    nz: float,
) -> tuple[float, float]:
    """(sunlight, skylight) in 0..1 that parts other than `own` leave at a point with normal n."""
    kind, size, radius, _, _ = parts
    places, turns, _ = pose
    sun, air = 1.0, 1.0
    sx, sy, sz = look[shading.SUN], look[shading.SUN + 1], look[shading.SUN + 2]
    facing = nx * sx + ny * sy + nz * sz > 0.0
    for i in range(count):
        p = listed[i]
        if p == own:
            continue
        vx, vy, vz = x - places[p, 0], y - places[p, 1], z - places[p, 2]
        r = radius[p]
        gap2 = vx * vx + vy * vy + vz * vz
        along = -(vx * sx + vy * sy + vz * sz)
        wide = r + SUN_RADIUS * max(along, 0.0) + 0.01
        shaded = facing and along > -r and gap2 - along * along < wide * wide
        reach = 0.55 * r
        near = gap2 < (r + 2.0 * reach) ** 2
        if not (shaded or near):
            continue
        ox = turns[p, 0, 0] * vx + turns[p, 1, 0] * vy + turns[p, 2, 0] * vz
        oy = turns[p, 0, 1] * vx + turns[p, 1, 1] * vy + turns[p, 2, 1] * vz
        oz = turns[p, 0, 2] * vx + turns[p, 1, 2] * vy + turns[p, 2, 2] * vz
        a, b, c = size[p, 0], size[p, 1], size[p, 2]
        if shaded:
            dx = turns[p, 0, 0] * sx + turns[p, 1, 0] * sy + turns[p, 2, 0] * sz
            dy = turns[p, 0, 1] * sx + turns[p, 1, 1] * sy + turns[p, 2, 1] * sz
            dz = turns[p, 0, 2] * sx + turns[p, 1, 2] * sy + turns[p, 2, 2] * sz
            sun *= sunlight(kind[p], a, b, c, ox, oy, oz, dx, dy, dz)
        if near:
            ux = turns[p, 0, 0] * nx + turns[p, 1, 0] * ny + turns[p, 2, 0] * nz
            uy = turns[p, 0, 1] * nx + turns[p, 1, 1] * ny + turns[p, 2, 1] * nz
            uz = turns[p, 0, 2] * nx + turns[p, 1, 2] * ny + turns[p, 2, 2] * nz
            d = distance(kind[p], a, b, c, ox + reach * ux, oy + reach * uy, oz + reach * uz)
            k = min(max(1.0 - d / reach, 0.0), 1.0)
            air *= 1.0 - 0.62 * k * k
    return sun, air


@inlined
def surface(
    parts: Any, pose: Any, look: Any, p: int, x: float, y: float, z: float, vx: float, vy: float, vz: float, fine: float
) -> Any:
    """Normal, colour (linear RGB), gloss and metal of part p (-1: the ground) at a point that is seen along v.

    `fine` is a pixel's size there.
    """
    if p < 0:
        flat = math.sqrt(vx * vx + vy * vy) + 1e-9
        hx, hy = abs(vx) / flat, abs(vy) / flat
        long = fine / max(-vz, 1e-4)
        fx = math.sqrt((hx * long) ** 2 + (hy * fine) ** 2)
        fy = math.sqrt((hy * long) ** 2 + (hx * fine) ** 2)
        r, g, b = ground_colour(look, x, y, fx, fy)
        return 0.0, 0.0, 1.0, r, g, b, 0.0, 0.0
    kind, size, _, paint, texture = parts
    places, turns, _ = pose
    ox, oy, oz = x - places[p, 0], y - places[p, 1], z - places[p, 2]
    lx = turns[p, 0, 0] * ox + turns[p, 1, 0] * oy + turns[p, 2, 0] * oz
    ly = turns[p, 0, 1] * ox + turns[p, 1, 1] * oy + turns[p, 2, 1] * oz
    lz = turns[p, 0, 2] * ox + turns[p, 1, 2] * oy + turns[p, 2, 2] * oz
    ux, uy, uz = outward(kind[p], size[p, 0], size[p, 1], size[p, 2], lx, ly, lz)
    nx = turns[p, 0, 0] * ux + turns[p, 0, 1] * uy + turns[p, 0, 2] * uz
    ny = turns[p, 1, 0] * ux + turns[p, 1, 1] * uy + turns[p, 1, 2] * uz
    nz = turns[p, 2, 0] * ux + turns[p, 2, 1] * uy + turns[p, 2, 2] * uz
    facing = -(nx * vx + ny * vy + nz * vz)
    light, white = part_texture(texture[p], lx, ly, lz, paint[p, 5], fine / max(facing, 0.25))
    r = (paint[p, 0] * (1.0 - white) + 0.9 * white) * light
    g = (paint[p, 1] * (1.0 - white) + 0.9 * white) * light
    b = (paint[p, 2] * (1.0 - white) + 0.9 * white) * light
    return nx, ny, nz, r, g, b, paint[p, 3], paint[p, 4]


@inlined
def shade(
    parts: Any,
    pose: Any,
    look: Any,
    eye: Any,
    listed: Any,
    count: int,
    t: float,
    found: int,
    dx: float,
    dy: float,
    dz: float,
    pixel: float,
) -> tuple[float, float, float]:
    """Linear RGB that arrives along the ray eye + t d; `pixel` is a pixel's size at distance 1 along the view axis."""
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    vx, vy, vz = dx / length, dy / length, dz / length
    if found < 0:
        return sky_colour(look, vx, vy, max(vz, 0.0), pixel / length)
    p = found - 1
    x, y, z = eye[0] + t * dx, eye[1] + t * dy, eye[2] + t * dz
    if p < 0:
        z = 0.0
    nx, ny, nz, r, g, b, gloss, metal = surface(parts, pose, look, p, x, y, z, vx, vy, vz, pixel * t)
    sun, air = 1.0, 1.0
    if t < SHADOW_REACH:
        sun, air = occlusion(parts, pose, look, listed, count, p, x, y, z, nx, ny, nz)
    lit = max(nx * look[shading.SUN] + ny * look[shading.SUN + 1] + nz * look[shading.SUN + 2], 0.0) * sun
    if found > 0:  # the ground below takes skylight too
        near = 0.55 * parts[2][p]
        k = min(max(1.0 - max(z + near * nz, 0.0) / near, 0.0), 1.0)
        air *= 1.0 - 0.45 * k * k
    up = (0.5 + 0.5 * nz) * air
    down = (0.5 - 0.5 * nz) * (0.35 + 0.65 * air)
    dull = 1.0 - metal
    cr = r * dull * (lit * look[shading.SUN_COLOUR] + up * look[shading.AMBIENT] + down * look[shading.BOUNCE])
    cg = (
        g
        * dull
        * (lit * look[shading.SUN_COLOUR + 1] + up * look[shading.AMBIENT + 1] + down * look[shading.BOUNCE + 1])
    )
    cb = (
        b
        * dull
        * (lit * look[shading.SUN_COLOUR + 2] + up * look[shading.AMBIENT + 2] + down * look[shading.BOUNCE + 2])
    )
    if gloss > 0.0 or metal > 0.0:
        mr, mg, mb, shine, fresnel = mirror(look, nx, ny, nz, vx, vy, vz, gloss)
        f = fresnel * gloss * dull
        wr, wg, wb = f + r * metal, f + g * metal, f + b * metal
        dim = 0.25 + 0.75 * air
        shine *= sun * (1.0 if lit > 0.0 else 0.0)
        cr += wr * mr * dim + (0.04 * dull + wr * metal) * shine * look[shading.SUN_COLOUR]
        cg += wg * mg * dim + (0.04 * dull + wg * metal) * shine * look[shading.SUN_COLOUR + 1]
        cb += wb * mb * dim + (0.04 * dull + wb * metal) * shine * look[shading.SUN_COLOUR + 2]
    thick = t * length * (0.004 + 0.03 * look[shading.HAZE] ** 2)
    fog = 1.0 - 1.0 / (1.0 + thick + 0.6 * thick * thick)  # near enough to an exponential, at a fraction of its cost
    hr, hg, hb = sky_gradient(look, vx, vy, 0.0)
    return cr + (hr - cr) * fog, cg + (hg - cg) * fog, cb + (hb - cb) * fog


@inlined
def mirror(
    look: Any, nx: float, ny: float, nz: float, vx: float, vy: float, vz: float, gloss: float
) -> tuple[float, float, float, float, float]:
    """(r, g, b) of sky or ground in a mirror with normal n seen along v, the sun's highlight, and Fresnel's share."""
    toward = nx * vx + ny * vy + nz * vz
    rx, ry, rz = vx - 2.0 * toward * nx, vy - 2.0 * toward * ny, vz - 2.0 * toward * nz
    r, g, b = sky_gradient(look, rx, ry, rz)
    # Duller surfaces blur the horizon.
    blur = 0.03 + 0.35 * (1.0 - gloss)
    below = step(blur, -blur, rz)
    r += (look[shading.BOUNCE] - r) * below
    g += (look[shading.BOUNCE + 1] - g) * below
    b += (look[shading.BOUNCE + 2] - b) * below
    aim = max(rx * look[shading.SUN] + ry * look[shading.SUN + 1] + rz * look[shading.SUN + 2], 0.0)
    power = 2.0 ** (1.5 + 7.0 * gloss)
    shine = aim**power * (0.6 + 0.35 * power) * gloss
    fresnel = 0.04 + 0.96 * max(1.0 + toward, 0.0) ** 5
    return r, g, b, shine, fresnel
