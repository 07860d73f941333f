"""The solids that parts can be: where a ray meets one, its normal, how far off it is, and how much sun it hides.

Everything here is a scalar Numba function in a part's own frame (see `shading`); sizes are as for MuJoCo geoms. They
choose between values instead of branching, so that a loop over many rays and one part becomes vector instructions.
"""

from __future__ import annotations

import math
from typing import Any

from vitascope.world.shading import greater, inlined, lesser, step

# Kinds of parts; `size` means the same as for MuJoCo geoms.
SPHERE, ELLIPSOID, CAPSULE, BOX, CYLINDER = 1, 2, 3, 4, 5

SUN_RADIUS = 0.045  # tangent of the sun's half angle: ten times the true one, for soft shadows at this scale
FAR = 1e30  # when a ray meets nothing


@inlined
def ball_hit(r: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """First time along o + t d at which a ball of radius r at the origin is entered, FAR if never."""
    a = dx * dx + dy * dy + dz * dz
    k = (ox * dx + oy * dy + oz * dz) / a
    # The squared distance of the line from the centre, without the cancellation of b² - ac for distant eyes.
    px, py, pz = ox - k * dx, oy - k * dy, oz - k * dz
    left = r * r - (px * px + py * py + pz * pz)
    t = -k - math.sqrt(greater(left, 0.0) / a)
    return t if (left >= 0.0) & (t > 0.0) else FAR


@inlined
def can_hit(r: Any, half: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """First hit of a cylinder along local z with flat ends, FAR if none."""
    a = greater(dx * dx + dy * dy, 1e-14)
    b = ox * dx + oy * dy
    disc = b * b - a * (ox * ox + oy * oy - r * r)
    t = (-b - math.sqrt(greater(disc, 0.0))) / a
    side = (disc >= 0.0) & (t > 0.0) & (abs(oz + t * dz) <= half)
    down = dz if abs(dz) > 1e-12 else 1e-12
    end = ((half if dz < 0.0 else -half) - oz) / down
    x, y = ox + end * dx, oy + end * dy
    flat = (end > 0.0) & (x * x + y * y <= r * r)
    return t if side else (end if flat else FAR)


@inlined
def pill_hit(r: Any, half: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """First hit of a capsule along local z, FAR if none."""
    flat = dx * dx + dy * dy
    a = greater(flat, 1e-14)
    b = ox * dx + oy * dy
    disc = b * b - a * (ox * ox + oy * oy - r * r)
    t = (-b - math.sqrt(greater(disc, 0.0))) / a
    z = oz + t * dz
    side = (flat > 1e-14) & (disc >= 0.0) & (t > 0.0) & (abs(z) <= half)
    # Beyond an end only the ball there can be met; along the axis it is the end that the ray comes to first.
    up = (z > 0.0) if flat > 1e-14 else (dz < 0.0)
    ball = ball_hit(r, ox, oy, oz - (half if up else -half), dx, dy, dz)
    return t if side else ball


@inlined
def box_hit(a: Any, b: Any, c: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """First hit of a box with these half sizes, FAR if none."""
    ix = 1.0 / (dx if abs(dx) > 1e-12 else 1e-12)
    iy = 1.0 / (dy if abs(dy) > 1e-12 else 1e-12)
    iz = 1.0 / (dz if abs(dz) > 1e-12 else 1e-12)
    wx, wy, wz = a * abs(ix), b * abs(iy), c * abs(iz)
    enter = greater(greater(-ox * ix - wx, -oy * iy - wy), -oz * iz - wz)
    leave = lesser(lesser(-ox * ix + wx, -oy * iy + wy), -oz * iz + wz)
    return enter if (enter > 0.0) & (enter <= leave) else FAR


@inlined
def hit(kind: Any, a: Any, b: Any, c: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """First hit of a part of this kind and size by the local ray o + t d, FAR if none."""
    if kind == SPHERE:
        return ball_hit(a, ox, oy, oz, dx, dy, dz)
    if kind == ELLIPSOID:
        return ball_hit(1.0, ox / a, oy / b, oz / c, dx / a, dy / b, dz / c)
    if kind == BOX:
        return box_hit(a, b, c, ox, oy, oz, dx, dy, dz)
    if kind == CYLINDER:
        return can_hit(a, b, ox, oy, oz, dx, dy, dz)
    return pill_hit(a, b, ox, oy, oz, dx, dy, dz)


@inlined
def outward(kind: Any, a: Any, b: Any, c: Any, x: Any, y: Any, z: Any) -> Any:
    """Unit normal of a part at a local point of its surface."""
    if kind == BOX:
        ux, uy, uz = abs(x) - a, abs(y) - b, abs(z) - c
        if ux >= uy and ux >= uz:
            return (1.0 if x > 0.0 else -1.0), 0.0, 0.0
        if uy >= uz:
            return 0.0, (1.0 if y > 0.0 else -1.0), 0.0
        return 0.0, 0.0, (1.0 if z > 0.0 else -1.0)
    if kind == ELLIPSOID:
        x, y, z = x / (a * a), y / (b * b), z / (c * c)
    elif kind == CAPSULE:
        z -= lesser(greater(z, -b), b)
    elif kind == CYLINDER:
        if abs(z) - b > math.sqrt(x * x + y * y) - a:
            return 0.0, 0.0, (1.0 if z > 0.0 else -1.0)
        z = 0.0
    k = 1.0 / math.sqrt(x * x + y * y + z * z + 1e-30)
    return x * k, y * k, z * k


# Distances of a local point from surfaces, negative inside (near enough for ellipsoids).


@inlined
def egg_distance(a: Any, b: Any, c: Any, x: Any, y: Any, z: Any) -> Any:
    """From an ellipsoid with these semi-axes."""
    u, v, w = x / a, y / b, z / c
    k = math.sqrt(u * u + v * v + w * w)
    u, v, w = u / a, v / b, w / c
    return k * (k - 1.0) / (math.sqrt(u * u + v * v + w * w) + 1e-9)


@inlined
def pill_distance(r: Any, half: Any, x: Any, y: Any, z: Any) -> Any:
    """From a capsule along local z."""
    z -= lesser(greater(z, -half), half)
    return math.sqrt(x * x + y * y + z * z) - r


@inlined
def box_distance(a: Any, b: Any, c: Any, x: Any, y: Any, z: Any) -> Any:
    """From a box with these half sizes."""
    x, y, z = abs(x) - a, abs(y) - b, abs(z) - c
    inside = lesser(greater(x, greater(y, z)), 0.0)
    x, y, z = greater(x, 0.0), greater(y, 0.0), greater(z, 0.0)
    return math.sqrt(x * x + y * y + z * z) + inside


@inlined
def can_distance(r: Any, half: Any, x: Any, y: Any, z: Any) -> Any:
    """From a cylinder along local z."""
    u, z = math.sqrt(x * x + y * y) - r, abs(z) - half
    inside = lesser(greater(u, z), 0.0)
    u, z = greater(u, 0.0), greater(z, 0.0)
    return math.sqrt(u * u + z * z) + inside


@inlined
def distance(kind: Any, a: Any, b: Any, c: Any, x: Any, y: Any, z: Any) -> Any:
    """Distance of a local point from a part of this kind."""
    if kind == SPHERE:
        return math.sqrt(x * x + y * y + z * z) - a
    if kind == ELLIPSOID:
        return egg_distance(a, b, c, x, y, z)
    if kind == BOX:
        return box_distance(a, b, c, x, y, z)
    if kind == CYLINDER:
        return can_distance(a, b, x, y, z)
    return pill_distance(a, b, x, y, z)


# The outline of a part as seen from the sun is a convex figure. Each of these says when (t) the ray o + t d (d unit)
# passes the part, and how far `off` its outline, negative inside (near enough for ellipsoids and cylinders).


@inlined
def ball_pass(r: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """(t, off) for a ball."""
    t = -(ox * dx + oy * dy + oz * dz)
    x, y, z = ox + t * dx, oy + t * dy, oz + t * dz
    return t, math.sqrt(x * x + y * y + z * z) - r


@inlined
def egg_pass(a: Any, b: Any, c: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """(t, off) for an ellipsoid with these semi-axes."""
    u, v, w = ox / a, oy / b, oz / c
    p, q, s = dx / a, dy / b, dz / c
    t = -(u * p + v * q + w * s) / (p * p + q * q + s * s)
    return t, egg_distance(a, b, c, ox + t * dx, oy + t * dy, oz + t * dz)


@inlined
def edge_off(o1: Any, o2: Any, d1: Any, d2: Any, s1: Any, s2: Any) -> Any:
    """How far the ray passes a box's edges along one axis; 1 and 2 are the other two."""
    n = math.sqrt(d1 * d1 + d2 * d2)
    off = (abs(d2 * o1 - d1 * o2) - s1 * abs(d2) - s2 * abs(d1)) / greater(n, 1e-4)
    return off if n > 1e-4 else -FAR


@inlined
def box_pass(a: Any, b: Any, c: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """(t, off) for a box with these half sizes."""
    ix = 1.0 / (dx if abs(dx) > 1e-9 else 1e-9)
    iy = 1.0 / (dy if abs(dy) > 1e-9 else 1e-9)
    iz = 1.0 / (dz if abs(dz) > 1e-9 else 1e-9)
    wx, wy, wz = a * abs(ix), b * abs(iy), c * abs(iz)
    enter = greater(greater(-ox * ix - wx, -oy * iy - wy), -oz * iz - wz)
    leave = lesser(lesser(-ox * ix + wx, -oy * iy + wy), -oz * iz + wz)
    off = greater(edge_off(oy, oz, dy, dz, b, c), edge_off(oz, ox, dz, dx, c, a))
    off = greater(off, edge_off(ox, oy, dx, dy, a, b))
    centre = -(ox * dx + oy * dy + oz * dz)
    reach = math.sqrt(a * a + b * b + c * c)
    return lesser(greater(0.5 * (enter + leave), centre - reach), centre + reach), off


@inlined
def pill_pass(r: Any, half: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """(t, off) for a capsule along local z."""
    t, side, rest = pipe_pass(half, ox, oy, oz, dx, dy, dz)
    return t, math.sqrt(side * side + rest * rest) - r


@inlined
def can_pass(r: Any, half: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """(t, off) for a cylinder along local z with flat ends."""
    t, side, rest = pipe_pass(half, ox, oy, oz, dx, dy, dz)
    thin = greater(r * abs(dz), 0.05 * r)
    u, v = side / r, rest / thin
    k0 = math.sqrt(u * u + v * v)
    u, v = u / r, v / thin
    return t, k0 * (k0 - 1.0) / (math.sqrt(u * u + v * v) + 1e-9)


@inlined
def pipe_pass(half: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """(t, side, rest): when the ray passes the axis, how far beside it and how far beyond its ends.

    d must not lie along the axis to the last digit: `aim` sees to that.
    """
    across = math.sqrt(dx * dx + dy * dy)
    k = 1.0 / across
    # n is across the axis, m along it, both square to the ray; the axis leans `across` towards m.
    side = (dx * oy - dy * ox) * k
    along = (-dz * (dx * ox + dy * oy)) * k + across * oz
    s = lesser(greater(along * k, -half), half)
    return dz * s - (ox * dx + oy * dy + oz * dz), side, along - s * across


@inlined
def aim(dx: Any, dy: Any, dz: Any) -> Any:
    """A unit direction kept a little away from local z."""
    flat = math.sqrt(dx * dx + dy * dy)
    return (dx, dy, dz) if flat > 1e-4 else (1e-4, 0.0, dz)


@inlined
def left_of_sun(t: Any, off: Any) -> Any:
    """Share of the sun's disc that is seen past an outline `off` away at distance t."""
    soft = SUN_RADIUS * greater(t, 0.0) + 0.004
    return step(-soft, soft, off) if t > 0.0 else 1.0


@inlined
def passing(kind: Any, a: Any, b: Any, c: Any, ox: Any, oy: Any, oz: Any, dx: Any, dy: Any, dz: Any) -> Any:
    """(t, off) for a part of this kind."""
    if kind == SPHERE:
        return ball_pass(a, ox, oy, oz, dx, dy, dz)
    if kind == ELLIPSOID:
        return egg_pass(a, b, c, ox, oy, oz, dx, dy, dz)
    if kind == BOX:
        return box_pass(a, b, c, ox, oy, oz, dx, dy, dz)
    dx, dy, dz = aim(dx, dy, dz)
    if kind == CYLINDER:
        return can_pass(a, b, ox, oy, oz, dx, dy, dz)
    return pill_pass(a, b, ox, oy, oz, dx, dy, dz)
