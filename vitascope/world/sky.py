"""The sky in any direction: the air's gradient with the sun's glow, the sun, clouds and stars, as scalar functions."""

from __future__ import annotations

import math
from typing import Any

from vitascope.world.shading import (
    AMBIENT,
    CLOUDS,
    HORIZON,
    SEED,
    STARS,
    SUN,
    SUN_COLOUR,
    ZENITH,
    detail,
    greater,
    inlined,
    lattice,
    noise2,
    scalar,
    step,
)


@inlined
def air_light(
    h0: Any, h1: Any, h2: Any, z0: Any, z1: Any, z2: Any, s0: Any, s1: Any, s2: Any, up: Any, toward: Any
) -> Any:
    """Linear RGB of the air between the colours of horizon (h) and zenith (z), with the glow of a sun of colour s.

    `up` is the direction's z and `toward` its cosine to the sun.
    """
    up = greater(up, 0.0)
    k = 1.3 * up / (up + 0.3)
    g2 = greater(toward, 0.0)
    g2 = g2 * g2
    g8 = g2 * g2 * g2 * g2
    g64 = g8 * g8
    g64 = g64 * g64 * g64 * g64
    glow = 0.06 * g8 + 0.28 * g64
    return h0 + (z0 - h0) * k + s0 * glow, h1 + (z1 - h1) * k + s1 * glow, h2 + (z2 - h2) * k + s2 * glow


@scalar
def sky_gradient(look: Any, dx: float, dy: float, dz: float) -> tuple[float, float, float]:
    """Linear RGB of the air in a direction (unit): gradient and the sun's glow, without disc, clouds and stars."""
    return air_light(
        look[HORIZON],
        look[HORIZON + 1],
        look[HORIZON + 2],
        look[ZENITH],
        look[ZENITH + 1],
        look[ZENITH + 2],
        look[SUN_COLOUR],
        look[SUN_COLOUR + 1],
        look[SUN_COLOUR + 2],
        dz,
        dx * look[SUN] + dy * look[SUN + 1] + dz * look[SUN + 2],
    )


@scalar
def starlight(look: Any, dx: float, dy: float, dz: float, pixel: float) -> float:
    """Brightness of the stars in a direction; each star is at least a pixel wide, so it does not flicker."""
    grid = 26.0 / (dz + 0.6)
    u, v = dx * grid + 0.37 * look[SEED], dy * grid
    iu, iv = math.floor(u), math.floor(v)
    seed = look[SEED]
    bright = lattice(iu, iv, seed)
    if bright < 0.8:
        return 0.0
    su = 0.25 + 0.5 * lattice(iu, iv, seed + 101.0)
    sv = 0.25 + 0.5 * lattice(iu, iv, seed + 202.0)
    wide = greater(0.75 * pixel * 26.0 / (dz + 0.6), 0.03)
    away = ((u - iu - su) ** 2 + (v - iv - sv) ** 2) / (wide * wide)
    bright = (bright - 0.8) / 0.2
    return (0.12 + 1.1 * bright**4) * math.exp(-away) * step(0.0, 0.15, dz)


@scalar
def heavens(
    look: Any, dx: float, dy: float, dz: float, pixel: float, r: float, g: float, b: float
) -> tuple[float, float, float]:
    """Sun, stars and clouds over the air's linear RGB in a direction (unit, dz >= 0); `pixel` is its angle, radians."""
    toward = dx * look[SUN] + dy * look[SUN + 1] + dz * look[SUN + 2]
    disc = step(0.99875, 0.9992, toward) * 3.0
    if look[STARS] > 0.0:
        star = look[STARS] * starlight(look, dx, dy, dz, pixel)
        r, g, b = r + star, g + star, b + 1.1 * star
    if look[CLOUDS] > 0.0 and dz > 0.005:
        far = 1.0 / (dz + 0.2)
        u, v = 2.1 * dx * far + look[SEED], 2.1 * dy * far
        # A pixel covers more of the cloud layer towards the horizon, mostly away from the viewer.
        fine = 2.1 * pixel * far * (0.5 + 0.5 * far)
        edge = 0.76 - 0.5 * look[CLOUDS]
        density = 0.55 * noise2(0.8 * u, 0.8 * v, 31.0)
        if density + 0.45 > edge:  # else no finer noise makes a cloud of it
            density += 0.29 * (0.5 + (noise2(1.9 * u + 3.1, 1.9 * v, 32.0) - 0.5) * detail(0.55, fine))
            density += 0.16 * (0.5 + (noise2(4.3 * u, 4.3 * v + 1.7, 33.0) - 0.5) * detail(0.24, fine))
            cover = step(edge, edge + 0.2, density) * step(0.0, 0.1, dz) * 0.92
            thick = step(edge + 0.05, edge + 0.42, density)
            lit = (0.62 + 0.5 * greater(toward, 0.0) ** 4) * (1.0 - 0.45 * thick)
            low = 0.75 * (1.0 - 0.2 * thick)
            r += cover * (lit * look[SUN_COLOUR] + low * look[AMBIENT] - r)
            g += cover * (lit * look[SUN_COLOUR + 1] + low * look[AMBIENT + 1] - g)
            b += cover * (lit * look[SUN_COLOUR + 2] + low * look[AMBIENT + 2] - b)
            disc *= 1.0 - cover
    return (r + disc * look[SUN_COLOUR], g + disc * look[SUN_COLOUR + 1], b + disc * look[SUN_COLOUR + 2])
