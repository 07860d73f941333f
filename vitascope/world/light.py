"""The light that comes along one ray: the first thing it meets, what shades that, and how its colour is made.

These functions are inlined into the kernels. They take the P parts of one frame as a few tuples of arrays: `parts` is
(kind [P], size [P, 3], bounding radius [P], paint [P, 7], texture [P], detail [P]), `pose` is (places [P, 3],
turns [P, 3, 3], eyes [P, 3]): where parts are, how they are turned (local -> world), and the eye in each one's frame.
`art` is (faces [F, 20], sums [S, ...], extent [S, 2], inks [S, 3], lamps [L, 6]) for painted faces, words and lamps;
`look` is ground and sky.
"""

from __future__ import annotations

import math
from typing import Any

from vitascope.world import shading
from vitascope.world.face import face_paint
from vitascope.world.grounds import ground_surface
from vitascope.world.lettering import sign_ink
from vitascope.world.paint import BARK, FACE, FUR, LEAVES, SIGN, leafy, part_paint, ruffle
from vitascope.world.shading import greater, inlined, lesser, scalar, step
from vitascope.world.sky import heavens, sky_gradient
from vitascope.world.solids import ELLIPSOID, FAR, SUN_RADIUS, distance, hit, left_of_sun, outward, passing

SHADOW_REACH = 120.0  # metres; farther than this shadows are smaller than haze and pixels
# Columns of `paint`: linear RGB, gloss, metal, the length to which textures scale, and how far the part dims skylight.
GLOSS, METAL, SCALE_OF, DIMS = 3, 4, 5, 6
DULL = 0.1  # gloss up to which nothing is seen to be mirrored


@inlined
def into(turns: Any, p: Any, x: Any, y: Any, z: Any) -> Any:
    """A world vector in the axes of part p."""
    return (
        turns[p, 0, 0] * x + turns[p, 1, 0] * y + turns[p, 2, 0] * z,
        turns[p, 0, 1] * x + turns[p, 1, 1] * y + turns[p, 2, 1] * z,
        turns[p, 0, 2] * x + turns[p, 1, 2] * y + turns[p, 2, 2] * z,
    )


@inlined
def out_of(turns: Any, p: Any, x: Any, y: Any, z: Any) -> Any:
    """A vector of part p in the world's axes."""
    return (
        turns[p, 0, 0] * x + turns[p, 0, 1] * y + turns[p, 0, 2] * z,
        turns[p, 1, 0] * x + turns[p, 1, 1] * y + turns[p, 1, 2] * z,
        turns[p, 2, 0] * x + turns[p, 2, 1] * y + turns[p, 2, 2] * z,
    )


@scalar
def ground_hit(height: float, dz: float) -> tuple[float, int]:
    """(t, id) of the ground, or of the sky (-1), along a ray from `height` metres above the ground."""
    if dz < -1e-9 and height > 0.0:
        return -height / dz, 0
    return FAR, -1


@scalar
def caught(
    kind: int,
    a: float,
    b: float,
    c: float,
    radius: float,
    ox: float,
    oy: float,
    oz: float,
    dx: float,
    dy: float,
    dz: float,
    t: float,
    pixel: float,
) -> bool:
    """Whether a crown that the local ray o + t d has met catches it; else it passes between leaves (see `leafy`)."""
    x, y, z = ox + t * dx, oy + t * dy, oz + t * dz
    ux, uy, uz = outward(kind, a, b, c, x, y, z)
    k = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
    facing = -(ux * dx + uy * dy + uz * dz) * k
    return leafy(x, y, z, radius, dx * k, dy * k, dz * k, facing, pixel * t)


@inlined
def part_hit(parts: Any, pose: Any, p: Any, dx: Any, dy: Any, dz: Any, pixel: Any) -> Any:
    """First hit of part p by the ray along d (world) from the eye, FAR if none."""
    kind, size, _, paint, texture, _ = parts
    _, turns, eyes = pose
    lx, ly, lz = into(turns, p, dx, dy, dz)
    a, b, c = size[p, 0], size[p, 1], size[p, 2]
    ex, ey, ez = eyes[p, 0], eyes[p, 1], eyes[p, 2]
    t = hit(kind[p], a, b, c, ex, ey, ez, lx, ly, lz)
    if (
        t < FAR
        and texture[p] == LEAVES
        and kind[p] <= ELLIPSOID
        and not caught(kind[p], a, b, c, paint[p, SCALE_OF], ex, ey, ez, lx, ly, lz, t, pixel)
    ):
        return FAR
    return t


@inlined
def trace(parts: Any, pose: Any, eye: Any, dx: Any, dy: Any, dz: Any, pixel: Any) -> tuple[float, int]:
    """Nearest hit (t, id) of the ray along d (world) from the eye; see `Picture.ids`."""
    radius, places = parts[2], pose[0]
    best, found = ground_hit(eye[2], dz)
    square = dx * dx + dy * dy + dz * dz
    for p in range(radius.shape[0]):
        x, y, z = places[p, 0] - eye[0], places[p, 1] - eye[1], places[p, 2] - eye[2]
        ahead = x * dx + y * dy + z * dz
        if (x * x + y * y + z * z - radius[p] * radius[p]) * square <= ahead * ahead:
            t = part_hit(parts, pose, p, dx, dy, dz, pixel)
            if t < best:
                best, found = t, p + 1
    return best, found


@inlined
def facing_out(parts: Any, pose: Any, p: Any, x: Any, y: Any, z: Any) -> Any:
    """Unit normal (world) of part p, or of the ground for p = -1, at a point of its surface."""
    if p < 0:
        return 0.0, 0.0, 1.0
    kind, size, _, _, _, _ = parts
    places, turns, _ = pose
    lx, ly, lz = into(turns, p, x - places[p, 0], y - places[p, 1], z - places[p, 2])
    ux, uy, uz = outward(kind[p], size[p, 0], size[p, 1], size[p, 2], lx, ly, lz)
    return out_of(turns, p, ux, uy, uz)


@inlined
def dims_sky(reach: Any, away: Any) -> Any:
    """Share of skylight left at a point whose outward neighbour, `reach` ahead, is `away` from a part's surface."""
    k = lesser(greater(1.0 - away / reach, 0.0), 1.0)
    return 1.0 - 0.62 * k * k


@inlined
def occlusion(
    parts: Any, pose: Any, look: Any, own: Any, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any
) -> tuple[float, float]:
    """(sunlight, skylight) in 0..1 that parts other than `own` leave at a point with normal n."""
    kind, size, radius, paint, _, _ = parts
    places, turns, _ = pose
    sun, air = 1.0, 1.0
    sx, sy, sz = look[shading.SUN], look[shading.SUN + 1], look[shading.SUN + 2]
    facing = nx * sx + ny * sy + nz * sz > 0.0
    for p in range(radius.shape[0]):
        if p == own:
            continue
        vx, vy, vz = x - places[p, 0], y - places[p, 1], z - places[p, 2]
        r, reach = radius[p], paint[p, DIMS]
        gap2 = vx * vx + vy * vy + vz * vz
        along = -(vx * sx + vy * sy + vz * sz)
        wide = r + SUN_RADIUS * greater(along, 0.0) + 0.01
        shaded = facing and along > -r and gap2 - along * along < wide * wide
        near = gap2 < (r + 2.0 * reach) ** 2
        if not (shaded or near):
            continue
        ox, oy, oz = into(turns, p, vx, vy, vz)
        a, b, c = size[p, 0], size[p, 1], size[p, 2]
        if shaded:
            dx, dy, dz = into(turns, p, sx, sy, sz)
            t, off = passing(kind[p], a, b, c, ox, oy, oz, dx, dy, dz)
            sun *= left_of_sun(t, off)
        if near:
            ux, uy, uz = into(turns, p, nx, ny, nz)
            air *= dims_sky(reach, distance(kind[p], a, b, c, ox + reach * ux, oy + reach * uy, oz + reach * uz))
    return sun, air


@inlined
def surface(
    parts: Any, pose: Any, art: Any, look: Any, p: Any, x: Any, y: Any, z: Any, vx: Any, vy: Any, vz: Any, fine: Any
) -> Any:
    """Normal, colour (linear RGB), gloss, metal and glow of part p (-1: the ground) at a point that is seen along v.

    `fine` is a pixel's size there.
    """
    if p < 0:
        k = 1.0 / math.sqrt(vx * vx + vy * vy + 1e-12)
        hx, hy, long = abs(vx) * k, abs(vy) * k, 1.0 / greater(-vz, 1e-4)
        # Longer by `long` along the view; of two sides the longer and 0.4 of the shorter are close to the diagonal.
        fx = fine * (greater(hx * long, hy) + 0.4 * lesser(hx * long, hy))
        fy = fine * (greater(hy * long, hx) + 0.4 * lesser(hy * long, hx))
        nx, ny, r, g, b, gloss = ground_surface(look, x, y, fx, fy)
        return nx, ny, 1.0 - 0.5 * (nx * nx + ny * ny), r, g, b, gloss, 0.0, 0.0
    kind, size, _, paint, texture, row = parts
    places, turns, _ = pose
    what = texture[p]
    a, b, c = size[p, 0], size[p, 1], size[p, 2]
    lx, ly, lz = into(turns, p, x - places[p, 0], y - places[p, 1], z - places[p, 2])
    ux, uy, uz = outward(kind[p], a, b, c, lx, ly, lz)
    red, green, blue = paint[p, 0], paint[p, 1], paint[p, 2]
    gloss, metal, glow = paint[p, GLOSS], paint[p, METAL], 0.0
    dx, dy, dz = into(turns, p, vx, vy, vz)
    facing = -(ux * dx + uy * dy + uz * dz)
    fine = fine / greater(facing, 0.25)
    if what == FACE:
        red, green, blue = face_paint(art[0][row[p]], lx, ly, lz, a, b, c, fine, red, green, blue)
    elif what == SIGN:
        # Across the sign the footprint grows with the slant, upwards hardly: letters stay sharp upright.
        slant = fine * greater(facing, 0.25)
        word = row[p]
        ink = sign_ink(art[1], art[2], word, lx, ly, lz, a, b, c, 0.5 * (fine + slant), slant)
        red += (art[3][word, 0] - red) * ink
        green += (art[3][word, 1] - green) * ink
        blue += (art[3][word, 2] - blue) * ink
    elif what > 0:
        red, green, blue, gloss, metal, glow = part_paint(
            what,
            kind[p],
            a,
            b,
            c,
            lx,
            ly,
            lz,
            ux,
            uy,
            uz,
            paint[p, SCALE_OF],
            fine,
            p,
            look[shading.NIGHT],
            red,
            green,
            blue,
            gloss,
            metal,
        )
        if what in (LEAVES, BARK, FUR):
            ux, uy, uz = ruffle(what, lx, ly, lz, paint[p, SCALE_OF], fine, ux, uy, uz)
    nx, ny, nz = out_of(turns, p, ux, uy, uz)
    return nx, ny, nz, red, green, blue, gloss, metal, glow


@inlined
def lit_by(
    sx: Any,
    sy: Any,
    sz: Any,
    s: Any,
    ambient: Any,
    bounce: Any,
    nx: Any,
    ny: Any,
    nz: Any,
    colour: Any,
    dull: Any,
    glow: Any,
    sun: Any,
    air: Any,
) -> Any:
    """One of a surface's three colours, lit: by a sun of colour s towards (sx, sy, sz), the sky and the ground.

    n is the normal, `dull` the share that does not mirror; `sun` and `air` are the shares of light that are left.
    """
    facing = greater(nx * sx + ny * sy + nz * sz, 0.0) * sun
    up = (0.5 + 0.5 * nz) * air
    down = (0.5 - 0.5 * nz) * (0.35 + 0.65 * air)
    return colour * (dull * (facing * s + up * ambient + down * bounce) + glow)


@inlined
def low_light(paint: Any, p: Any, z: Any, nz: Any) -> Any:
    """Share of skylight that the ground below leaves to a point of part p at height z with a normal of slope nz."""
    near = paint[p, DIMS]
    low = lesser(greater(1.0 - greater(z + near * nz, 0.0) / near, 0.0), 1.0)
    return 1.0 - 0.45 * low * low


@scalar
def mirrored(
    look: Any,
    nx: float,
    ny: float,
    nz: float,
    vx: float,
    vy: float,
    vz: float,
    r: float,
    g: float,
    b: float,
    gloss: float,
    metal: float,
    sun: float,
    air: float,
    below: float,
) -> tuple[float, float, float]:
    """Linear RGB that a surface of colour r, g, b and normal n adds when seen along v: sky, ground and sun in it.

    `below` is 1 where a mirror can show the ground, 0 on the ground itself.
    """
    toward = nx * vx + ny * vy + nz * vz
    rx, ry, rz = vx - 2.0 * toward * nx, vy - 2.0 * toward * ny, vz - 2.0 * toward * nz
    mr, mg, mb = sky_gradient(look, rx, ry, rz)
    # Duller surfaces blur the horizon.
    blur = 0.03 + 0.35 * (1.0 - gloss)
    below *= step(blur, -blur, rz)
    mr += (look[shading.BOUNCE] - mr) * below
    mg += (look[shading.BOUNCE + 1] - mg) * below
    mb += (look[shading.BOUNCE + 2] - mb) * below
    at = greater(rx * look[shading.SUN] + ry * look[shading.SUN + 1] + rz * look[shading.SUN + 2], 0.0)
    power = 2.0 ** (1.5 + 7.0 * gloss)
    # at ** power, near enough where it counts, close to 1
    lobe = 1.0 / (1.0 + 0.125 * power * (1.0 - at))
    lobe *= lobe
    lobe *= lobe
    shine = lobe * lobe * (0.6 + 0.35 * power) * gloss
    if nx * look[shading.SUN] + ny * look[shading.SUN + 1] + nz * look[shading.SUN + 2] <= 0.0:
        shine = 0.0
    slant = lesser(greater(1.0 + toward, 0.0), 1.0)
    fresnel = 0.04 + 0.96 * slant * slant * slant * slant * slant
    dull = 1.0 - metal
    f = fresnel * gloss * dull
    wr, wg, wb = f + r * metal, f + g * metal, f + b * metal
    dim = 0.25 + 0.75 * air
    shine *= sun
    return (
        wr * mr * dim + (0.04 * dull + wr * metal) * shine * look[shading.SUN_COLOUR],
        wg * mg * dim + (0.04 * dull + wg * metal) * shine * look[shading.SUN_COLOUR + 1],
        wb * mb * dim + (0.04 * dull + wb * metal) * shine * look[shading.SUN_COLOUR + 2],
    )


@inlined
def lightness(facing: Any, nz: Any, s: Any, ambient: Any, sun: Any, air: Any) -> Any:
    """How light grey things are at a point, in 0..255 as the eye has it: edges of light are found by it.

    `facing` is the cosine between normal and sun, nz the normal's slope, s and `ambient` the lights' brightness.
    """
    light = greater(facing, 0.0) * sun * s + (0.5 + 0.5 * nz) * air * ambient
    return 255.0 * math.sqrt(lesser(0.5 * light, 1.0))


@scalar
def lamp_light(lamps: Any, x: float, y: float, z: float, nx: float, ny: float, nz: float) -> tuple[float, float, float]:
    """Linear RGB that glowing parts shed on a point with normal n; `lamps` [L, 6] are places and colours."""
    r, g, b = 0.0, 0.0, 0.0
    for k in range(lamps.shape[0]):
        dx, dy, dz = lamps[k, 0] - x, lamps[k, 1] - y, lamps[k, 2] - z
        square = dx * dx + dy * dy + dz * dz
        # Light comes a little around corners, as from a lamp of some size.
        facing = greater(0.8 * (nx * dx + ny * dy + nz * dz) / math.sqrt(square + 1e-6) + 0.2, 0.0) / (square + 2.4)
        r, g, b = r + facing * lamps[k, 3], g + facing * lamps[k, 4], b + facing * lamps[k, 5]
    return r, g, b


@inlined
def fog_at(metres: Any, haze: Any) -> Any:
    """Share of haze that a ray gathers on its way: near enough to an exponential, at a fraction of its cost."""
    thick = metres * (0.004 + 0.03 * haze * haze)
    return 1.0 - 1.0 / (1.0 + thick + 0.6 * thick * thick)


@inlined
def shown(value: Any) -> Any:
    """Display light in 0..1 by the film curve: straight up to 0.6, then a soft shoulder."""
    u = greater(value, 0.0)
    over = greater(u - 0.6, 0.0) * 2.5
    return lesser(u, 0.6) + 0.4 * over / (1.0 + over)


@inlined
def shade(
    parts: Any, pose: Any, art: Any, look: Any, eye: Any, t: Any, found: Any, dx: Any, dy: Any, dz: Any, pixel: Any
) -> tuple[float, float, float, float]:
    """Linear RGB that arrives along the ray eye + t d from what it `found` there (see `Picture.ids`), and `lightness`.

    `pixel` is a pixel's size at distance 1 along the view axis. `tiles` does the same for many rays at once.
    """
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    k = 1.0 / length
    vx, vy, vz = dx * k, dy * k, dz * k
    if found < 0:
        up = greater(vz, 0.0)
        r, g, b = sky_gradient(look, vx, vy, up)
        r, g, b = heavens(look, vx, vy, up, pixel * k, r, g, b)
        return r, g, b, 0.0
    p = found - 1
    x, y, z = eye[0] + t * dx, eye[1] + t * dy, eye[2] + t * dz
    if p < 0:
        z = 0.0
    sx, sy, sz = look[shading.SUN], look[shading.SUN + 1], look[shading.SUN + 2]
    s, a, u = shading.SUN_COLOUR, shading.AMBIENT, shading.BOUNCE
    sun, air = 1.0, 1.0
    nx, ny, nz = facing_out(parts, pose, p, x, y, z)
    if t < SHADOW_REACH:
        sun, air = occlusion(parts, pose, look, p, x, y, z, nx, ny, nz)
    bright, pale = (look[s] + look[s + 1] + look[s + 2]) / 3.0, (look[a] + look[a + 1] + look[a + 2]) / 3.0
    level = lightness(nx * sx + ny * sy + nz * sz, nz, bright, pale, sun, air)
    nx, ny, nz, r, g, b, gloss, metal, glow = surface(parts, pose, art, look, p, x, y, z, vx, vy, vz, pixel * t)
    below = 0.0
    if p >= 0:
        air *= low_light(parts[3], p, z, nz)
        below = 1.0
    dull = 1.0 - metal
    cr = lit_by(sx, sy, sz, look[s], look[a], look[u], nx, ny, nz, r, dull, glow, sun, air)
    cg = lit_by(sx, sy, sz, look[s + 1], look[a + 1], look[u + 1], nx, ny, nz, g, dull, glow, sun, air)
    cb = lit_by(sx, sy, sz, look[s + 2], look[a + 2], look[u + 2], nx, ny, nz, b, dull, glow, sun, air)
    if gloss > DULL or metal > 0.0:
        mr, mg, mb = mirrored(look, nx, ny, nz, vx, vy, vz, r, g, b, gloss, metal, sun, air, below)
        cr, cg, cb = cr + mr, cg + mg, cb + mb
    lr, lg, lb = lamp_light(art[4], x, y, z, nx, ny, nz)
    cr, cg, cb = cr + r * dull * lr, cg + g * dull * lg, cb + b * dull * lb
    fog = fog_at(t * length, look[shading.HAZE])
    hr, hg, hb = sky_gradient(look, vx, vy, 0.0)
    return cr + (hr - cr) * fog, cg + (hg - cg) * fog, cb + (hb - cb) * fog, level
