"""Draws stages of simple solids on a ground plane under a sky: colour, depth and ids, ray cast on the CPU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from vitascope.world import shading
from vitascope.world.shading import ground_colour, inlined, part_texture, scalar, sky_colour, sky_gradient, step

if TYPE_CHECKING:
    from vitascope.shot.camera import CameraPath

# Kinds of parts; `size` means the same as for MuJoCo geoms.
SPHERE, ELLIPSOID, CAPSULE, BOX, CYLINDER = 1, 2, 3, 4, 5
# Textures of parts. SMOOTH is one even colour; PLAIN adds quiet panels to all but boxes, so that rolling can be seen.
SMOOTH, PLAIN, WOOD, STONE, STRIPES, CHECKER, DOTS = 0, 1, 2, 3, 4, 5, 6
# Textures of the ground.
GRASS, SAND, SNOW, PLANKS, TILES, ASPHALT = 1, 2, 3, 4, 5, 6

MAX_PARTS = 64
MAX_SAMPLES = 16
TILE = 16  # pixels; parts are culled once for each tile
SHADOW_REACH = 120.0  # metres; farther than this shadows are smaller than haze and pixels
SUN_RADIUS = 0.045  # tangent of the sun's half angle: ten times the true one, for soft shadows at this scale
CONTRAST = 36  # steps of 255 between neighbours from which a pixel is drawn with all samples


@dataclass(frozen=True)
class Ground:
    """The plane z = 0: a texture between two linear RGB colours; `scale` 1 is the texture's natural size."""

    texture: int
    colour_a: tuple[float, float, float]
    colour_b: tuple[float, float, float]
    scale: float = 1.0


@dataclass(frozen=True)
class Sky:
    """Light and air. Colours are linear RGB; a sun of 1.0 facing a surface shows that surface's albedo as it is.

    `sun_direction` points towards the sun (or the moon); `ambient` is the light from straight above without the sun;
    `clouds`, `stars` and `haze` are amounts in 0..1.
    """

    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    sun_direction: tuple[float, float, float]
    sun_colour: tuple[float, float, float]
    ambient: tuple[float, float, float]
    clouds: float = 0.0
    stars: float = 0.0
    haze: float = 0.3
    seed: int = 0


@dataclass(frozen=True)
class Stage:
    """All that a run of pictures needs: P parts over T frames, a ground, a sky and a camera."""

    kind: NDArray[np.int32]  # [P]
    size: NDArray[np.float32]  # [P, 3] metres
    position: NDArray[np.float32]  # [T, P, 3] metres
    rotation: NDArray[np.float32]  # [T, P, 3, 3] local -> world
    albedo: NDArray[np.float32]  # [P, 3] linear RGB
    texture: NDArray[np.int32]  # [P]
    gloss: NDArray[np.float32]  # [P] 0..1
    metal: NDArray[np.float32]  # [P] 0..1
    ground: Ground
    sky: Sky
    camera: CameraPath


@dataclass(frozen=True)
class Picture:
    """What was drawn: sRGB frames, and for each pixel's centre the depth in metres along the view axis and the id.

    ids are -1 for the sky, 0 for the ground, 1 + p for part p; depth is infinite in the sky.
    """

    frames: NDArray[np.uint8]  # [T, H, W, 3]
    depth: NDArray[np.float32]  # [T, H, W]
    ids: NDArray[np.int16]  # [T, H, W]


# --- solids in local coordinates --------------------------------------------------------------------------------------


@scalar
def ball_hit(r: float, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float) -> float:
    """First time along o + t d at which a ball of radius r at the origin is entered, 1e30 if never."""
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    # The squared distance of the line from the centre, without the cancellation of b² - ac for distant eyes.
    k = b / a
    px, py, pz = ox - k * dx, oy - k * dy, oz - k * dz
    left = r * r - (px * px + py * py + pz * pz)
    if left < 0.0:
        return 1e30
    t = -k - math.sqrt(left / a)
    return t if t > 0.0 else 1e30


@scalar
def pipe_hit(
    r: float, half: float, flat: bool, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> float:
    """First hit of a cylinder (flat ends) or capsule (round ends) along local z, 1e30 if none."""
    best = 1e30
    a = dx * dx + dy * dy
    b = ox * dx + oy * dy
    if a > 1e-14:
        disc = b * b - a * (ox * ox + oy * oy - r * r)
        if disc < 0.0:
            return 1e30
        t = (-b - math.sqrt(disc)) / a
        if t > 0.0 and abs(oz + t * dz) <= half:
            return t
    if flat:
        if abs(dz) > 1e-12:
            t = ((half if dz < 0.0 else -half) - oz) / dz
            x, y = ox + t * dx, oy + t * dy
            if t > 0.0 and x * x + y * y <= r * r:
                best = t
        return best
    return min(ball_hit(r, ox, oy, oz - half, dx, dy, dz), ball_hit(r, ox, oy, oz + half, dx, dy, dz))


@scalar
def box_hit(a: float, b: float, c: float, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float) -> float:
    """First hit of a box with these half sizes, 1e30 if none."""
    ix = 1.0 / (dx if abs(dx) > 1e-12 else 1e-12)
    iy = 1.0 / (dy if abs(dy) > 1e-12 else 1e-12)
    iz = 1.0 / (dz if abs(dz) > 1e-12 else 1e-12)
    wx, wy, wz = a * abs(ix), b * abs(iy), c * abs(iz)
    enter = max(max(-ox * ix - wx, -oy * iy - wy), -oz * iz - wz)
    leave = min(min(-ox * ix + wx, -oy * iy + wy), -oz * iz + wz)
    return enter if 0.0 < enter <= leave else 1e30


@scalar
def hit(
    kind: int, a: float, b: float, c: float, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> float:
    """First hit of a part of this kind and size by the local ray o + t d, 1e30 if none."""
    if kind == 1:
        return ball_hit(a, ox, oy, oz, dx, dy, dz)
    if kind == 2:
        return ball_hit(1.0, ox / a, oy / b, oz / c, dx / a, dy / b, dz / c)
    if kind == 4:
        return box_hit(a, b, c, ox, oy, oz, dx, dy, dz)
    return pipe_hit(a, b, kind == 5, ox, oy, oz, dx, dy, dz)


@scalar
def outward(kind: int, a: float, b: float, c: float, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Unit normal of a part at a local point of its surface."""
    if kind == 4:
        ux, uy, uz = abs(x) - a, abs(y) - b, abs(z) - c
        if ux >= uy and ux >= uz:
            return (1.0 if x > 0.0 else -1.0), 0.0, 0.0
        if uy >= uz:
            return 0.0, (1.0 if y > 0.0 else -1.0), 0.0
        return 0.0, 0.0, (1.0 if z > 0.0 else -1.0)
    if kind == 2:
        x, y, z = x / (a * a), y / (b * b), z / (c * c)
    elif kind == 3:
        z -= min(max(z, -b), b)
    elif kind == 5:
        if abs(z) - b > math.sqrt(x * x + y * y) - a:
            return 0.0, 0.0, (1.0 if z > 0.0 else -1.0)
        z = 0.0
    k = 1.0 / math.sqrt(x * x + y * y + z * z + 1e-30)
    return x * k, y * k, z * k


@scalar
def distance(kind: int, a: float, b: float, c: float, x: float, y: float, z: float) -> float:
    """Distance of a local point from a part's surface, negative inside (near enough for ellipsoids)."""
    if kind == 1:
        return math.sqrt(x * x + y * y + z * z) - a
    if kind == 2:
        u, v, w = x / a, y / b, z / c
        k = math.sqrt(u * u + v * v + w * w)
        u, v, w = u / a, v / b, w / c
        return k * (k - 1.0) / (math.sqrt(u * u + v * v + w * w) + 1e-9)
    if kind == 3:
        z -= min(max(z, -b), b)
        return math.sqrt(x * x + y * y + z * z) - a
    if kind == 4:
        x, y, z = abs(x) - a, abs(y) - b, abs(z) - c
        inside = min(max(x, max(y, z)), 0.0)
        x, y, z = max(x, 0.0), max(y, 0.0), max(z, 0.0)
        return math.sqrt(x * x + y * y + z * z) + inside
    u, z = math.sqrt(x * x + y * y) - a, abs(z) - b
    inside = min(max(u, z), 0.0)
    u, z = max(u, 0.0), max(z, 0.0)
    return math.sqrt(u * u + z * z) + inside


@scalar
def sunlight(
    kind: int, a: float, b: float, c: float, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> float:
    """Share of the sun's disc in 0..1 that a part leaves visible from o in its local frame; d (unit) is to the sun.

    The part's outline as seen from the sun is a convex figure; the light follows from how far the ray passes from that
    outline, compared with the sun's size at the distance where it passes.
    """
    if kind == 1 or kind == 2:
        if kind == 1:
            b = a
            c = a
        u, v, w = ox / a, oy / b, oz / c
        p, q, s = dx / a, dy / b, dz / c
        t = -(u * p + v * q + w * s) / (p * p + q * q + s * s)
        off = distance(kind, a, b, c, ox + t * dx, oy + t * dy, oz + t * dz)
    elif kind == 4:
        enter, leave, off = -1e30, 1e30, -1e30
        for axis in range(3):
            if axis == 0:
                o0, o1, o2, d0, d1, d2, s0, s1, s2 = ox, oy, oz, dx, dy, dz, a, b, c
            elif axis == 1:
                o0, o1, o2, d0, d1, d2, s0, s1, s2 = oy, oz, ox, dy, dz, dx, b, c, a
            else:
                o0, o1, o2, d0, d1, d2, s0, s1, s2 = oz, ox, oy, dz, dx, dy, c, a, b
            i0 = 1.0 / (d0 if abs(d0) > 1e-9 else 1e-9)
            enter = max(enter, -o0 * i0 - s0 * abs(i0))
            leave = min(leave, -o0 * i0 + s0 * abs(i0))
            # Edges along this axis bound the outline in the direction (d × axis).
            n = math.sqrt(d1 * d1 + d2 * d2)
            if n > 1e-4:
                off = max(off, (abs(d2 * o1 - d1 * o2) - s1 * abs(d2) - s2 * abs(d1)) / n)
        t = 0.5 * (enter + leave)
        centre = -(ox * dx + oy * dy + oz * dz)
        reach = math.sqrt(a * a + b * b + c * c)
        t = min(max(t, centre - reach), centre + reach)
    else:
        across = math.sqrt(dx * dx + dy * dy)
        if across < 1e-4:
            t = -oz * dz
            off = math.sqrt(ox * ox + oy * oy) - a
        else:
            nx, ny = -dy / across, dx / across
            # n is across the axis, m along it, both square to the ray; the axis leans `across` towards m.
            side = nx * ox + ny * oy
            mx, my, mz = -dz * dx / across, -dz * dy / across, across
            along = mx * ox + my * oy + mz * oz
            s = min(max(along / across, -b), b)
            t = dz * s - (ox * dx + oy * dy + oz * dz)
            rest = along - s * across
            if kind == 3:
                off = math.sqrt(side * side + rest * rest) - a
            else:
                thin = max(a * abs(dz), 0.05 * a)
                k0 = math.sqrt((side / a) ** 2 + (rest / thin) ** 2)
                k1 = math.sqrt((side / (a * a)) ** 2 + (rest / (thin * thin)) ** 2)
                off = k0 * (k0 - 1.0) / (k1 + 1e-9)
    if t <= 0.0:
        return 1.0
    soft = SUN_RADIUS * t + 0.004
    return step(-soft, soft, off)


# --- one ray ----------------------------------------------------------------------------------------------------------


@inlined
def trace(
    kind: Any, size: Any, eyes: Any, turns: Any, listed: Any, count: int, height: float, dx: float, dy: float, dz: float
) -> tuple[float, int]:
    """Nearest hit (t, id) of the ray from the eye along d (world); eyes [P, 3] is the eye in each part's frame."""
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
    kind: Any,
    size: Any,
    radius: Any,
    places: Any,
    turns: Any,
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
def shade(
    kind: Any,
    size: Any,
    radius: Any,
    paint: Any,
    texture: Any,
    places: Any,
    turns: Any,
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
    x, y, z = eye[0] + t * dx, eye[1] + t * dy, eye[2] + t * dz
    fine = pixel * t
    gloss, metal = 0.0, 0.0
    p = found - 1
    if found == 0:
        nx, ny, nz = 0.0, 0.0, 1.0
        flat = math.sqrt(vx * vx + vy * vy) + 1e-9
        hx, hy = abs(vx) / flat, abs(vy) / flat
        long = fine / max(-vz, 1e-4)
        fx = math.sqrt((hx * long) ** 2 + (hy * fine) ** 2)
        fy = math.sqrt((hy * long) ** 2 + (hx * fine) ** 2)
        r, g, b = ground_colour(look, x, y, fx, fy)
        z = 0.0
    else:
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
        gloss, metal = paint[p, 3], paint[p, 4]
    sun, air = 1.0, 1.0
    if t < SHADOW_REACH:
        sun, air = occlusion(kind, size, radius, places, turns, look, listed, count, p, x, y, z, nx, ny, nz)
    lit = max(nx * look[shading.SUN] + ny * look[shading.SUN + 1] + nz * look[shading.SUN + 2], 0.0) * sun
    if found > 0:  # the ground below takes skylight too
        near = 0.55 * radius[p]
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


# The kernels below are compiled once and cached beside this file. The cache does not see changes of shading.py: save
# this file too (or delete __pycache__) after changing that one.

# --- frames -----------------------------------------------------------------------------------------------------------


@scalar
def seen_parts(
    places: Any, radius: Any, eye: Any, view: Any, left: float, right: float, top: float, bottom: float, listed: Any
) -> int:
    """List the parts whose bounding spheres meet the cone around a tile, given on the plane one metre ahead."""
    u, v = 0.5 * (left + right), 0.5 * (top + bottom)
    ax = view[0, 0] * u + view[0, 1] * v - view[0, 2]
    ay = view[1, 0] * u + view[1, 1] * v - view[1, 2]
    az = view[2, 0] * u + view[2, 1] * v - view[2, 2]
    k = 1.0 / math.sqrt(ax * ax + ay * ay + az * az)
    ax, ay, az = ax * k, ay * k, az * k
    cosine = 1.0
    for i in range(4):
        x = left if i % 2 == 0 else right
        y = top if i < 2 else bottom
        cosine = min(cosine, k * (x * u + y * v + 1.0) / math.sqrt(x * x + y * y + 1.0))
    sine = math.sqrt(max(1.0 - cosine * cosine, 0.0))
    count = 0
    for p in range(radius.shape[0]):
        x, y, z = places[p, 0] - eye[0], places[p, 1] - eye[1], places[p, 2] - eye[2]
        ahead = x * ax + y * ay + z * az
        aside = math.sqrt(max(x * x + y * y + z * z - ahead * ahead, 0.0))
        if ahead > -radius[p] and aside * cosine - ahead * sine <= radius[p]:
            listed[count] = p
            count += 1
    return count


@scalar
def shading_parts(
    places: Any, radius: Any, look: Any, cx: float, cy: float, cz: float, reach: float, listed: Any
) -> int:
    """List the parts that may take light from points within `reach` of (cx, cy, cz)."""
    sx, sy, sz = look[shading.SUN], look[shading.SUN + 1], look[shading.SUN + 2]
    count = 0
    for p in range(radius.shape[0]):
        x, y, z = places[p, 0] - cx, places[p, 1] - cy, places[p, 2] - cz
        r = radius[p] + reach
        gap2 = x * x + y * y + z * z
        along = x * sx + y * sy + z * sz
        wide = r + SUN_RADIUS * max(along + reach, 0.0) + 0.01
        near = r + 1.1 * radius[p]
        if gap2 < near * near or (along > -r and gap2 - along * along < wide * wide):
            listed[count] = p
            count += 1
    return count


@inlined
def tile_reach(
    depth: Any, eye: Any, view: Any, x0: int, x1: int, y0: int, y1: int, slope: float, wide: int, high: int
) -> Any:
    """Centre and radius of a ball around all points seen in a tile (radius -1 where only sky or distance is seen)."""
    lx, ly, lz, hx, hy, hz = 1e30, 1e30, 1e30, -1e30, -1e30, -1e30
    for j in range(y0, y1):
        for i in range(x0, x1):
            t = depth[j, i]
            if t < SHADOW_REACH:
                u, v = ray_place(i + 0.5, j + 0.5, slope, wide, high)
                x = eye[0] + t * (view[0, 0] * u + view[0, 1] * v - view[0, 2])
                y = eye[1] + t * (view[1, 0] * u + view[1, 1] * v - view[1, 2])
                z = eye[2] + t * (view[2, 0] * u + view[2, 1] * v - view[2, 2])
                lx, ly, lz = min(lx, x), min(ly, y), min(lz, z)
                hx, hy, hz = max(hx, x), max(hy, y), max(hz, z)
    if hx < lx:
        return 0.0, 0.0, 0.0, -1.0
    reach = 0.5 * math.sqrt((hx - lx) ** 2 + (hy - ly) ** 2 + (hz - lz) ** 2)
    return 0.5 * (lx + hx), 0.5 * (ly + hy), 0.5 * (lz + hz), 1.1 * reach + 0.05


@inlined
def ray_place(x: Any, y: Any, slope: Any, wide: Any, high: Any) -> Any:
    """Where the ray through picture point (x, y) in pixels meets the plane one metre ahead: (right, up)."""
    unit = 2.0 * slope / high
    return (x - 0.5 * wide) * unit, (0.5 * high - y) * unit


@inlined
def shown(value: Any) -> Any:
    """Display light in 0..1 by the film curve: straight up to 0.6, then a soft shoulder."""
    u = max(value, 0.0)
    if u > 0.6:
        u = (u - 0.6) / 0.4
        u = 0.6 + 0.4 * u / (1.0 + u)
    return u


@inlined
def tile_box(tile: Any, across: Any, wide: Any, high: Any) -> Any:
    """(x0, x1, y0, y1) of a tile in pixels."""
    x0, y0 = tile % across * TILE, tile // across * TILE
    return x0, min(x0 + TILE, wide), y0, min(y0 + TILE, high)


@inlined
def tile_parts(
    places: Any,
    radius: Any,
    eye: Any,
    view: Any,
    x0: Any,
    x1: Any,
    y0: Any,
    y1: Any,
    slope: Any,
    wide: Any,
    high: Any,
    listed: Any,
) -> Any:
    """List the parts that can be seen in a tile."""
    left, top = ray_place(x0, y0, slope, wide, high)
    right, bottom = ray_place(x1, y1, slope, wide, high)
    return seen_parts(places, radius, eye, view, left, right, top, bottom, listed)


@njit(parallel=True, fastmath=True, error_model="numpy", cache=True, nogil=True)
def draw_centres(
    kind: Any,
    size: Any,
    radius: Any,
    paint: Any,
    texture: Any,
    places: Any,
    turns: Any,
    eyes: Any,
    look: Any,
    eye: Any,
    view: Any,
    slope: Any,
    table: Any,
    frames: Any,
    depth: Any,
    ids: Any,
) -> None:
    """Fill frames, depth and ids with one ray through each pixel's centre."""
    total, high, wide = ids.shape
    across, down = (wide + TILE - 1) // TILE, (high + TILE - 1) // TILE
    for job in prange(total * across * down):
        f = job // (across * down)
        place, turn, local, origin, sight, lens = places[f], turns[f], eyes[f], eye[f], view[f], slope[f]
        far, found_at, frame = depth[f], ids[f], frames[f]
        x0, x1, y0, y1 = tile_box(job % (across * down), across, wide, high)
        listed = np.empty(radius.shape[0], np.int32)
        count = tile_parts(place, radius, origin, sight, x0, x1, y0, y1, lens, wide, high, listed)
        for j in range(y0, y1):
            for i in range(x0, x1):
                u, v = ray_place(i + 0.5, j + 0.5, lens, wide, high)
                dx = sight[0, 0] * u + sight[0, 1] * v - sight[0, 2]
                dy = sight[1, 0] * u + sight[1, 1] * v - sight[1, 2]
                dz = sight[2, 0] * u + sight[2, 1] * v - sight[2, 2]
                t, found = trace(kind, size, local, turn, listed, count, origin[2], dx, dy, dz)
                far[j, i], found_at[j, i] = t, found
        cx, cy, cz, reach = tile_reach(far, origin, sight, x0, x1, y0, y1, lens, wide, high)
        count = shading_parts(place, radius, look, cx, cy, cz, reach, listed) if reach >= 0.0 else 0
        pixel = 2.0 * lens / high
        for j in range(y0, y1):
            for i in range(x0, x1):
                u, v = ray_place(i + 0.5, j + 0.5, lens, wide, high)
                dx = sight[0, 0] * u + sight[0, 1] * v - sight[0, 2]
                dy = sight[1, 0] * u + sight[1, 1] * v - sight[1, 2]
                dz = sight[2, 0] * u + sight[2, 1] * v - sight[2, 2]
                r, g, b = shade(
                    kind,
                    size,
                    radius,
                    paint,
                    texture,
                    place,
                    turn,
                    look,
                    origin,
                    listed,
                    count,
                    float(far[j, i]),
                    int(found_at[j, i]),
                    dx,
                    dy,
                    dz,
                    pixel,
                )
                frame[j, i, 0] = table[int(shown(r) * 4095.0 + 0.5)]
                frame[j, i, 1] = table[int(shown(g) * 4095.0 + 0.5)]
                frame[j, i, 2] = table[int(shown(b) * 4095.0 + 0.5)]


@inlined
def differ(frames: Any, ids: Any, f: Any, j: Any, i: Any, y: Any, x: Any) -> Any:
    """Whether two pixels show different things or very different colours."""
    if ids[f, j, i] != ids[f, y, x]:
        return True
    for c in range(3):  # noqa: SIM110 (a generator would not compile)
        if abs(np.int32(frames[f, j, i, c]) - np.int32(frames[f, y, x, c])) > CONTRAST:
            return True
    return False


@njit(parallel=True, cache=True, nogil=True)
def find_edges(frames: Any, ids: Any, edges: Any) -> None:
    """Mark the pixels that differ from one of their four neighbours."""
    total, high, wide = ids.shape
    for job in prange(total * high):
        f, j = job // high, job % high
        for i in range(wide):
            edges[f, j, i] = (
                (i > 0 and differ(frames, ids, f, j, i, j, i - 1))
                or (i + 1 < wide and differ(frames, ids, f, j, i, j, i + 1))
                or (j > 0 and differ(frames, ids, f, j, i, j - 1, i))
                or (j + 1 < high and differ(frames, ids, f, j, i, j + 1, i))
            )


@njit(parallel=True, fastmath=True, error_model="numpy", cache=True, nogil=True)
def draw_edges(
    kind: Any,
    size: Any,
    radius: Any,
    paint: Any,
    texture: Any,
    places: Any,
    turns: Any,
    eyes: Any,
    look: Any,
    eye: Any,
    view: Any,
    slope: Any,
    table: Any,
    frames: Any,
    depth: Any,
    edges: Any,
    offsets: Any,
) -> None:
    """Draw the marked pixels again with a ray at each of `offsets` [S, 2] in the pixel, averaged as shown."""
    total, high, wide = edges.shape
    across, down = (wide + TILE - 1) // TILE, (high + TILE - 1) // TILE
    for job in prange(total * across * down):
        f = job // (across * down)
        place, turn, local, origin, sight, lens = places[f], turns[f], eyes[f], eye[f], view[f], slope[f]
        far, edge, frame = depth[f], edges[f], frames[f]
        x0, x1, y0, y1 = tile_box(job % (across * down), across, wide, high)
        if not edge[y0:y1, x0:x1].any():
            continue
        seen, near = np.empty(radius.shape[0], np.int32), np.empty(radius.shape[0], np.int32)
        count = tile_parts(place, radius, origin, sight, x0, x1, y0, y1, lens, wide, high, seen)
        cx, cy, cz, reach = tile_reach(far, origin, sight, x0, x1, y0, y1, lens, wide, high)
        count_near = shading_parts(place, radius, look, cx, cy, cz, reach, near) if reach >= 0.0 else 0
        pixel = 2.0 * lens / high
        for j in range(y0, y1):
            for i in range(x0, x1):
                if not edge[j, i]:
                    continue
                red, green, blue = 0.0, 0.0, 0.0
                for k in range(offsets.shape[0]):
                    u, v = ray_place(i + offsets[k, 0], j + offsets[k, 1], lens, wide, high)
                    dx = sight[0, 0] * u + sight[0, 1] * v - sight[0, 2]
                    dy = sight[1, 0] * u + sight[1, 1] * v - sight[1, 2]
                    dz = sight[2, 0] * u + sight[2, 1] * v - sight[2, 2]
                    t, found = trace(kind, size, local, turn, seen, count, origin[2], dx, dy, dz)
                    r, g, b = shade(
                        kind,
                        size,
                        radius,
                        paint,
                        texture,
                        place,
                        turn,
                        look,
                        origin,
                        near,
                        count_near,
                        t,
                        found,
                        dx,
                        dy,
                        dz,
                        pixel,
                    )
                    red, green, blue = red + shown(r), green + shown(g), blue + shown(b)
                part = 4095.0 / offsets.shape[0]
                frame[j, i, 0] = table[int(red * part + 0.5)]
                frame[j, i, 1] = table[int(green * part + 0.5)]
                frame[j, i, 2] = table[int(blue * part + 0.5)]


# --- from a stage to a picture ----------------------------------------------------------------------------------------


def _array(name: str, value: Any, shape: tuple[int, ...], dtype: type) -> NDArray[Any]:
    """`value` as a contiguous finite array of this shape, or a ValueError that names it."""
    array = np.asarray(value)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite everywhere")
    return np.ascontiguousarray(array, dtype)


def _codes(name: str, value: Any, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.int32]:
    """`value` as int32 codes within low..high."""
    array = _array(name, value, shape, np.int32)
    wrong = array[(array < low) | (array > high)]
    if wrong.size:
        raise ValueError(f"{name} must be within {low}..{high}, not {int(wrong[0])}")
    return array


def _mean_ground(ground: Ground) -> NDArray[np.float64]:
    return 0.5 * (np.asarray(ground.colour_a, np.float64) + np.asarray(ground.colour_b, np.float64))


def _pack_look(ground: Ground, sky: Sky) -> NDArray[np.float64]:
    """Ground and sky as the one vector that the kernels read; checks both."""
    look = np.zeros(shading.LOOK_SIZE)
    for at, name, value in (
        (shading.ZENITH, "sky.zenith", sky.zenith),
        (shading.HORIZON, "sky.horizon", sky.horizon),
        (shading.SUN, "sky.sun_direction", sky.sun_direction),
        (shading.SUN_COLOUR, "sky.sun_colour", sky.sun_colour),
        (shading.AMBIENT, "sky.ambient", sky.ambient),
        (shading.COLOUR_A, "ground.colour_a", ground.colour_a),
        (shading.COLOUR_B, "ground.colour_b", ground.colour_b),
    ):
        look[at : at + 3] = _array(name, value, (3,), np.float64)
    length = float(np.linalg.norm(look[shading.SUN : shading.SUN + 3]))
    if length < 1e-6:
        raise ValueError("sky.sun_direction must not be zero")
    look[shading.SUN : shading.SUN + 3] /= length
    for at, name, amount in (
        (shading.CLOUDS, "sky.clouds", sky.clouds),
        (shading.STARS, "sky.stars", sky.stars),
        (shading.HAZE, "sky.haze", sky.haze),
    ):
        if not 0.0 <= amount <= 1.0:
            raise ValueError(f"{name} must be within 0..1, not {amount}")
        look[at] = amount
    if not (math.isfinite(ground.scale) and ground.scale > 0.0):
        raise ValueError(f"ground.scale must be above 0, not {ground.scale}")
    look[shading.SEED] = sky.seed % 9973
    look[shading.GROUND] = _codes("ground.texture", [ground.texture], (1,), GRASS, ASPHALT)[0]
    look[shading.SCALE] = ground.scale
    light = look[shading.AMBIENT : shading.AMBIENT + 3] + look[shading.SUN_COLOUR : shading.SUN_COLOUR + 3] * max(
        look[shading.SUN + 2], 0.0
    )
    look[shading.BOUNCE : shading.BOUNCE + 3] = 0.75 * _mean_ground(ground) * light
    return look


def _bounding_radius(kind: NDArray[np.int32], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Radius of the ball around each part's centre that holds the part. [P]"""
    r, half = size[:, 0], size[:, 1]
    radius = np.where(kind == ELLIPSOID, size.max(axis=1), r)
    radius = np.where(kind == CAPSULE, r + half, radius)
    radius = np.where(kind == CYLINDER, np.hypot(r, half), radius)
    return np.asarray(np.where(kind == BOX, np.linalg.norm(size, axis=1), radius))


def _texture_radius(kind: NDArray[np.int32], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """The length to which each part's texture is scaled. [P]"""
    mean = size.mean(axis=1)
    return np.asarray(np.where((kind == BOX) | (kind == ELLIPSOID), mean, size[:, 0]))


def _pack_parts(stage: Stage) -> tuple[NDArray[Any], ...]:
    """(kind [P], size [P, 3], bounding radius [P], paint [P, 6], texture [P]), checked."""
    count = len(np.asarray(stage.kind))
    if count > MAX_PARTS:
        raise ValueError(f"a stage holds at most {MAX_PARTS} parts, not {count}")
    kind = _codes("kind", stage.kind, (count,), SPHERE, CYLINDER)
    size = _array("size", stage.size, (count, 3), np.float64)
    used = np.array([0, 1, 3, 2, 3, 2])[kind]
    if (np.where(np.arange(3) < used[:, None], size, 1.0) <= 0.0).any():
        raise ValueError("size must be above 0 metres in each number that a part's kind uses")
    paint = np.empty((count, 6))
    paint[:, :3] = _array("albedo", stage.albedo, (count, 3), np.float64)
    paint[:, 3] = _array("gloss", stage.gloss, (count,), np.float64).clip(0.0, 1.0)
    paint[:, 4] = _array("metal", stage.metal, (count,), np.float64).clip(0.0, 1.0)
    paint[:, 5] = _texture_radius(kind, size)
    texture = _codes("texture", stage.texture, (count,), SMOOTH, DOTS)
    # A box shows its turning by its shape, and only a ball carries caps well.
    plain = texture == PLAIN
    texture = np.where(plain & (kind == BOX), SMOOTH, np.where(plain & (kind != SPHERE), shading.PANELS, texture))
    texture = texture.astype(np.int32)
    return kind, size, _bounding_radius(kind, size), paint, texture


def _curve_table() -> NDArray[np.uint8]:
    """sRGB bytes for 4096 even steps of display light in 0..1."""
    light = np.linspace(0.0, 1.0, 4096)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255.0 * encoded), np.uint8)


def _sample_offsets(samples: int) -> NDArray[np.float64]:
    """Where the rays go in a pixel: an even, fixed spread. [S, 2] in 0..1"""
    if samples == 4:  # the rotated grid
        return np.array([(0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875)])
    k = np.arange(samples)
    return np.stack([(k + 0.5) / samples, (0.5 + k * 0.6180339887498949) % 1.0], axis=1)


def draw(stage: Stage, size: tuple[int, int], *, samples: int = 4) -> Picture:
    """Draw every frame of `stage` at `size` (width, height).

    One ray goes through each pixel's centre; where `samples` > 1, pixels on edges are drawn again with that many. The
    same stage gives the same bytes, whatever the number of threads. Raises ValueError for a stage whose arrays do not
    fit together, unknown kinds or textures, and sizes or samples out of range.
    """
    wide, high = size
    if not (1 <= wide <= 8192 and 1 <= high <= 8192):
        raise ValueError(f"size must be (width, height) within 1..8192 pixels, not {size}")
    if not 1 <= samples <= MAX_SAMPLES:
        raise ValueError(f"samples must be within 1..{MAX_SAMPLES}, not {samples}")
    kind, part_size, radius, paint, texture = _pack_parts(stage)
    total, count = len(np.asarray(stage.camera.fov)), len(kind)
    if total < 1:
        raise ValueError("a stage needs at least one frame")
    places = _array("position", stage.position, (total, count, 3), np.float64)
    turns = _array("rotation", stage.rotation, (total, count, 3, 3), np.float64)
    eye = _array("camera.position", stage.camera.position, (total, 3), np.float64)
    view = _array("camera.rotation", stage.camera.rotation, (total, 3, 3), np.float64)
    fov = _array("camera.fov", stage.camera.fov, (total,), np.float64)
    if (fov <= 0.0).any() or (fov >= 180.0).any():
        raise ValueError("camera.fov must be within 0..180 degrees")
    slope = np.tan(np.radians(fov) / 2.0)
    eyes = np.ascontiguousarray(np.einsum("tpij,tpi->tpj", turns, eye[:, None] - places))
    look, table = _pack_look(stage.ground, stage.sky), _curve_table()
    frames = np.empty((total, high, wide, 3), np.uint8)
    depth = np.empty((total, high, wide), np.float32)
    ids = np.empty((total, high, wide), np.int16)
    scene = (kind, part_size, radius, paint, texture, places, turns, eyes, look, eye, view, slope, table)
    draw_centres(*scene, frames, depth, ids)
    if samples > 1:
        edges = np.empty((total, high, wide), np.bool_)
        find_edges(frames, ids, edges)
        draw_edges(*scene, frames, depth, edges, _sample_offsets(samples))
    depth[ids < 0] = np.inf
    return Picture(frames, depth, ids)
