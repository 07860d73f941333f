"""The solids that parts can be: where a ray meets one, its normal, how far off it is, and how much sun it hides.

Everything here is a scalar Numba function in a part's own frame (see `shading`); sizes are as for MuJoCo geoms.
"""

from __future__ import annotations

import math

from vitascope.world.shading import scalar, step

# Kinds of parts; `size` means the same as for MuJoCo geoms.
SPHERE, ELLIPSOID, CAPSULE, BOX, CYLINDER = 1, 2, 3, 4, 5

SUN_RADIUS = 0.045  # tangent of the sun's half angle: ten times the true one, for soft shadows at this scale


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


# The outline of a part as seen from the sun is a convex figure. Each of these says when (t) the ray o + t d passes the
# part, and how far `off` its outline, negative inside (near enough for ellipsoids and cylinders).


@scalar
def egg_pass(
    kind: int, a: float, b: float, c: float, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> tuple[float, float]:
    """(t, off) for a ball or ellipsoid with these radii."""
    u, v, w = ox / a, oy / b, oz / c
    p, q, s = dx / a, dy / b, dz / c
    t = -(u * p + v * q + w * s) / (p * p + q * q + s * s)
    return t, distance(kind, a, b, c, ox + t * dx, oy + t * dy, oz + t * dz)


@scalar
def box_pass(
    a: float, b: float, c: float, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> tuple[float, float]:
    """(t, off) for a box with these half sizes."""
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
    return t, off


@scalar
def pipe_pass(
    r: float, half: float, flat: bool, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> tuple[float, float]:
    """(t, off) for a cylinder (flat ends) or capsule (round ends) along local z."""
    across = math.sqrt(dx * dx + dy * dy)
    if across < 1e-4:
        t = -oz * dz
        off = math.sqrt(ox * ox + oy * oy) - r
    else:
        nx, ny = -dy / across, dx / across
        # n is across the axis, m along it, both square to the ray; the axis leans `across` towards m.
        side = nx * ox + ny * oy
        mx, my, mz = -dz * dx / across, -dz * dy / across, across
        along = mx * ox + my * oy + mz * oz
        s = min(max(along / across, -half), half)
        t = dz * s - (ox * dx + oy * dy + oz * dz)
        rest = along - s * across
        if not flat:
            off = math.sqrt(side * side + rest * rest) - r
        else:
            thin = max(r * abs(dz), 0.05 * r)
            k0 = math.sqrt((side / r) ** 2 + (rest / thin) ** 2)
            k1 = math.sqrt((side / (r * r)) ** 2 + (rest / (thin * thin)) ** 2)
            off = k0 * (k0 - 1.0) / (k1 + 1e-9)
    return t, off


@scalar
def sunlight(
    kind: int, a: float, b: float, c: float, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> float:
    """Share of the sun's disc in 0..1 that a part leaves visible from o in its local frame; d (unit) is to the sun.

    It follows from how far the ray passes from the part's outline, compared with the sun's size at that distance.
    """
    if kind == 1:
        t, off = egg_pass(kind, a, a, a, ox, oy, oz, dx, dy, dz)
    elif kind == 2:
        t, off = egg_pass(kind, a, b, c, ox, oy, oz, dx, dy, dz)
    elif kind == 4:
        t, off = box_pass(a, b, c, ox, oy, oz, dx, dy, dz)
    else:
        t, off = pipe_pass(a, b, kind == 5, ox, oy, oz, dx, dy, dz)
    if t <= 0.0:
        return 1.0
    soft = SUN_RADIUS * t + 0.004
    return step(-soft, soft, off)
