"""What surfaces and the sky look like: noise, textures of parts and ground, sky, clouds and stars, as scalar functions.

Everything here is a scalar Numba function without allocations, so that a CUDA kernel can call the same code. All
textures are filtered: each takes the size of a pixel's footprint and lets detail smaller than that fade into its mean,
so that nothing shimmers when the camera moves.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

# Places in the `look` vector that describes ground and sky (see `render._pack_look`).
ZENITH, HORIZON, SUN, SUN_COLOUR, AMBIENT = 0, 3, 6, 9, 12
CLOUDS, STARS, HAZE, SEED = 15, 16, 17, 18
GROUND, COLOUR_A, COLOUR_B, SCALE, BOUNCE = 19, 20, 23, 26, 27
LOOK_SIZE = 30

PANELS = 7  # a texture of parts like PLAIN, without the white caps

# Functions of one pixel. No checks for division by zero: the formulas keep away from it, and checks are slow.
scalar = njit(fastmath=True, error_model="numpy", _nrt=False)
# Functions that take many arrays: passing those costs more than the work.
inlined = njit(fastmath=True, error_model="numpy", _nrt=False, forceinline=True)


# Random bytes on a small torus of lattice points: reading them is several times faster than hashing coordinates.
LATTICE = np.random.default_rng(20240601).integers(0, 256, (128, 128), dtype=np.uint8)


@scalar
def lattice(ix: Any, iy: Any, layer: Any) -> Any:
    """An even pseudo-random number in 0..1 for a point of the integer lattice; `layer` picks one of many lattices."""
    return LATTICE[(iy + 57 * layer) & 127, (ix + 37 * layer) & 127] * (1.0 / 255.0)


@scalar
def step(low: Any, high: Any, x: Any) -> Any:
    """Smooth rise from 0 at `low` to 1 at `high`."""
    u = min(max((x - low) / (high - low), 0.0), 1.0)
    return u * u * (3.0 - 2.0 * u)


@scalar
def noise2(x: float, y: float, layer: int) -> float:
    """Value noise of the plane in 0..1, mean 0.5."""
    ix, iy = math.floor(x), math.floor(y)
    u, v = x - ix, y - iy
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    ix, iy = (ix + 37 * layer) & 127, (iy + 57 * layer) & 127
    jx, jy = (ix + 1) & 127, (iy + 1) & 127
    a, b = float(LATTICE[iy, ix]), float(LATTICE[iy, jx])
    c, d = float(LATTICE[jy, ix]), float(LATTICE[jy, jx])
    return (a + (b - a) * u + (c - a + (a - b - c + d) * u) * v) * (1.0 / 255.0)


@scalar
def noise3(x: float, y: float, z: float) -> float:
    """Value noise of space in 0..1, mean 0.5."""
    iz = math.floor(z)
    w = z - iz
    w = w * w * (3.0 - 2.0 * w)
    low, high = noise2(x, y, iz), noise2(x, y, iz + 1)
    return low + (high - low) * w


@scalar
def detail(wavelength: Any, footprint: Any) -> Any:
    """How much of a texture detail of this wavelength a pixel of this footprint can show: 0..1."""
    return step(1.2, 3.5, wavelength / footprint)


@scalar
def wave(x: float, width: float) -> float:
    """Square wave of period 1 in -1..1, averaged over about `width` periods (0 once that is wide)."""
    s = math.sin(2.0 * math.pi * x)
    return min(max(s / (2.0 * width + 0.02), -1.0), 1.0) * (1.0 - step(0.25, 0.7, width))


@scalar
def line(x: float, half: float, width: float) -> float:
    """Coverage in 0..1 of thin lines at the integers, `half` wide to each side, seen through a footprint of `width`."""
    away = abs(x - math.floor(x + 0.5))
    reach = half + 0.5 * width
    return step(reach + 0.3 * width, max(reach - 0.7 * width, 0.0), away) * min(2.0 * half / width, 1.0)


# --- the ground -------------------------------------------------------------------------------------------------------


@scalar
def grass(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix of the two colours, brightness) of a lawn."""
    mix = 0.5 + 0.8 * (noise2(0.35 * x, 0.35 * y, 1) - 0.5) * detail(2.9, fine)
    clump = detail(0.55, fine)
    light = 1.0
    if clump > 0.0:
        n = noise2(1.9 * x + 0.6 * y, 1.9 * y - 0.6 * x, 2) - 0.5
        mix += 0.5 * n * clump
        light += 0.16 * n * clump
    tuft = detail(0.17, fine)
    if tuft > 0.0:
        n = noise2(6.5 * x + 1.2 * y, 4.2 * y, 3) - 0.5
        mix += 0.35 * n * tuft
        light += 0.42 * n * tuft
    blade = detail(0.06, fine)
    if blade > 0.0:
        light += 0.6 * (noise2(24.0 * x + 3.0 * math.sin(5.0 * y), 7.0 * y, 4) - 0.5) * blade
    return mix, light


@scalar
def sand(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix, brightness) of wind-blown sand with ripples."""
    broad = noise2(0.22 * x, 0.22 * y, 5)
    mix = 0.35 + 0.6 * (broad - 0.5)
    light = 1.0
    ripple = detail(0.42, fine)
    if ripple > 0.0:
        bend = 1.3 * noise2(0.7 * x, 0.7 * y, 6) + 0.35 * noise2(2.1 * x, 2.1 * y, 7)
        phase = 2.0 * math.pi * (2.3 * y + 0.7 * x + bend)
        crest = math.sin(phase + 0.5 * math.sin(phase))
        amount = ripple * (0.35 + 0.65 * step(0.3, 0.65, noise2(0.45 * x, 0.45 * y, 8)))
        mix += 0.3 * crest * amount
        light += 0.07 * crest * amount
    grain = detail(0.06, fine)
    if grain > 0.0:
        light += 0.16 * (noise2(31.0 * x, 31.0 * y, 9) - 0.5) * grain
    return mix, light


@scalar
def snow(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix, brightness) of drifted snow: soft hollows, crisp grain close by."""
    broad = noise2(0.3 * x + 0.1 * y, 0.55 * y, 10) - 0.5
    drift = noise2(1.1 * x - 0.3 * y, 1.9 * y, 11) - 0.5
    mix = 0.32 + 0.75 * broad * detail(2.5, fine) + 0.5 * drift * detail(0.7, fine)
    light = 1.0 - 0.1 * broad - 0.05 * drift
    grain = detail(0.08, fine)
    if grain > 0.0:
        light += 0.1 * (noise2(23.0 * x, 23.0 * y, 12) - 0.5) * grain
    return mix, light


@scalar
def planks(x: float, y: float, fx: float, fy: float) -> tuple[float, float]:
    """(mix, brightness) of floor boards that run along y, staggered from row to row."""
    u = x / 0.42
    row = math.floor(u)
    shift = lattice(row, 3, 17)
    v = y / 2.6 + shift
    board = math.floor(v)
    tone = lattice(row, board, 13)
    mix = 0.5 + 0.75 * (tone - 0.5) * detail(0.5, max(fx, 0.3 * fy))
    light = 1.0
    grain = detail(0.12, fx) * detail(1.2, fy)
    if grain > 0.0:
        n = noise2(9.0 * x + 7.0 * tone, 0.8 * y + 31.0 * tone, 14) + 0.5 * noise2(30.0 * x, 2.2 * y, 15)
        mix += 0.5 * (n - 0.75) * grain
        light += 0.12 * (n - 0.75) * grain
    gap = max(line(u, 0.022, fx / 0.42), line(v, 0.004, fy / 2.6))
    return mix, light * (1.0 - 0.65 * gap)


@scalar
def tiles(x: float, y: float, fx: float, fy: float) -> tuple[float, float]:
    """(mix, brightness) of a chequered floor with thin joints."""
    u, v = x / 1.2, y / 1.2
    mix = 0.5 + 0.5 * wave(u, fx / 1.2) * wave(v, fy / 1.2)
    fine = max(fx, fy)
    joint = max(line(2.0 * u, 0.012, 2.0 * fx / 1.2), line(2.0 * v, 0.012, 2.0 * fy / 1.2))
    tone = lattice(math.floor(2.0 * u), math.floor(2.0 * v), 16) - 0.5
    light = 1.0 + 0.1 * tone * detail(0.6, fine) + 0.1 * (noise2(2.7 * x, 2.7 * y, 18) - 0.5) * detail(0.35, fine)
    return mix, light * (1.0 - 0.35 * joint)


@scalar
def asphalt(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix, brightness) of a road: worn patches and stone speckle."""
    worn = noise2(0.5 * x, 0.5 * y, 19)
    mix = 0.45 + 0.7 * (worn - 0.5) * detail(2.0, fine)
    light = 1.0 + 0.14 * (noise2(2.4 * x, 2.4 * y, 20) - 0.5) * detail(0.4, fine)
    coarse = detail(0.16, fine)
    if coarse > 0.0:
        light += 0.4 * (noise2(9.0 * x, 9.0 * y, 21) - 0.5) * coarse
    speck = detail(0.05, fine)
    if speck > 0.0:
        light += 0.5 * (noise2(37.0 * x, 37.0 * y, 22) - 0.5) * speck
    return mix, light


@scalar
def ground_colour(look: Any, x: float, y: float, fx: float, fy: float) -> tuple[float, float, float]:
    """Linear RGB of the ground at (x, y); fx, fy are the pixel's footprint in metres along x and y."""
    scale = look[SCALE]
    x, y, fx, fy = x / scale, y / scale, fx / scale, fy / scale
    # The longer side of the footprint decides what shimmers, the shorter what could be seen: lean to the longer.
    fine = 0.65 * max(fx, fy) + 0.35 * min(fx, fy)
    kind = int(look[GROUND])
    if kind == 1:
        mix, light = grass(x, y, fine)
    elif kind == 2:
        mix, light = sand(x, y, fine)
    elif kind == 3:
        mix, light = snow(x, y, fine)
    elif kind == 4:
        mix, light = planks(x, y, fx, fy)
    elif kind == 5:
        mix, light = tiles(x, y, fx, fy)
    else:
        mix, light = asphalt(x, y, fine)
    mix = min(max(mix, 0.0), 1.0)
    a, b = (1.0 - mix) * light, mix * light
    return (
        a * look[COLOUR_A] + b * look[COLOUR_B],
        a * look[COLOUR_A + 1] + b * look[COLOUR_B + 1],
        a * look[COLOUR_A + 2] + b * look[COLOUR_B + 2],
    )


# --- parts ------------------------------------------------------------------------------------------------------------


@scalar
def part_texture(texture: int, x: float, y: float, z: float, radius: float, fine: float) -> tuple[float, float]:
    """(brightness, share of white) of a part's albedo at a local point; `fine` is the pixel's footprint in metres."""
    if texture == 1 or texture == 7:  # panels like a beach ball's, about an axis that no simple roll leaves in place
        a = 0.48 * x - 0.62 * y + 0.62 * z
        u, v = 0.877 * x + 0.339 * y - 0.340 * z, 0.7071 * (y + z)
        flat = u * u + v * v + 1e-9
        edge = u * (u * u - 3.0 * v * v) / (3.0 * flat)
        panel = min(max(0.5 + edge / fine, 0.0), 1.0)
        cap = 0.0
        if texture == 1:
            cap = min(max(0.5 + (abs(a) - 0.93 * math.sqrt(flat + a * a)) / fine, 0.0), 1.0)
        return 1.0 - 0.34 * panel * (1.0 - cap), 0.55 * cap
    if texture == 2:  # wood: rings about local z, bent by noise, with fine grain
        size = 1.0 / radius
        warp = 0.35 * noise3(2.2 * x * size, 2.2 * y * size, 0.8 * z * size)
        rings = 4.0 * math.sqrt((x * size + 0.55) ** 2 + (y * size + 0.2) ** 2) + 3.0 * warp
        fade = detail(0.25 * radius, fine)
        saw = rings - math.floor(rings)
        ring = step(0.0, 0.75, saw) * (1.0 - step(0.8, 1.0, saw))
        grain = (noise3(16.0 * x * size, 16.0 * y * size, 2.0 * z * size) - 0.5) * detail(0.08 * radius, fine)
        return 0.96 - 0.42 * (ring - 0.45) * fade + 0.35 * grain, 0.0
    if texture == 3:  # stone: veins of grey and dark specks
        size = 1.0 / radius
        broad = noise3(2.3 * x * size + 5.0, 2.3 * y * size, 2.3 * z * size) - 0.5
        speck = noise3(8.0 * x * size, 8.0 * y * size, 8.0 * z * size)
        dots = (step(0.62, 0.74, speck) - 0.16) * detail(0.13 * radius, fine)
        return 0.95 + 0.55 * broad - 0.5 * dots, 0.12 * max(broad, 0.0)
    if texture == 4:  # stripes across local z
        return 1.0, 0.82 * (0.5 + 0.5 * wave(2.2 * z / radius + 0.25, 2.2 * fine / radius))
    if texture == 5:  # chequers
        period = 1.6 / radius
        w = fine * period
        # Shifted so that no face of a box lies on a border between chequers.
        px, py, pz = x * period + 0.11, y * period + 0.11, z * period + 0.11
        return 1.0, 0.82 * (0.5 + 0.5 * wave(px, w) * wave(py, w) * wave(pz, w))
    if texture == 6:  # dots where a grid of small balls meets the surface
        period = 1.7 / radius
        px, py, pz = x * period, y * period, z * period
        px, py, pz = px - math.floor(px) - 0.5, py - math.floor(py) - 0.5, pz - math.floor(pz) - 0.5
        inside = (0.36 - math.sqrt(px * px + py * py + pz * pz)) / (fine * period)
        return 1.0, 0.85 * min(max(0.5 + inside, 0.0), 1.0)
    return 1.0, 0.0


# --- the sky ----------------------------------------------------------------------------------------------------------


@scalar
def sky_gradient(look: Any, dx: float, dy: float, dz: float) -> tuple[float, float, float]:
    """Linear RGB of the air in a direction (unit): gradient and the sun's glow, without disc, clouds and stars."""
    up = max(dz, 0.0)
    k = 1.3 * up / (up + 0.3)
    toward = max(dx * look[SUN] + dy * look[SUN + 1] + dz * look[SUN + 2], 0.0)
    g2 = toward * toward
    g8 = g2 * g2 * g2 * g2
    g64 = g8 * g8
    g64 = g64 * g64 * g64 * g64
    glow = 0.06 * g8 + 0.28 * g64
    return (
        look[HORIZON] + (look[ZENITH] - look[HORIZON]) * k + look[SUN_COLOUR] * glow,
        look[HORIZON + 1] + (look[ZENITH + 1] - look[HORIZON + 1]) * k + look[SUN_COLOUR + 1] * glow,
        look[HORIZON + 2] + (look[ZENITH + 2] - look[HORIZON + 2]) * k + look[SUN_COLOUR + 2] * glow,
    )


@scalar
def starlight(look: Any, dx: float, dy: float, dz: float, pixel: float) -> float:
    """Brightness of the stars in a direction; each star is at least a pixel wide, so it does not flicker."""
    grid = 26.0 / (dz + 0.6)
    u, v = dx * grid + 0.37 * look[SEED], dy * grid
    iu, iv = math.floor(u), math.floor(v)
    seed = int(look[SEED])
    bright = lattice(iu, iv, seed)
    if bright < 0.8:
        return 0.0
    su = 0.25 + 0.5 * lattice(iu, iv, seed + 101)
    sv = 0.25 + 0.5 * lattice(iu, iv, seed + 202)
    wide = max(0.75 * pixel * 26.0 / (dz + 0.6), 0.03)
    away = ((u - iu - su) ** 2 + (v - iv - sv) ** 2) / (wide * wide)
    bright = (bright - 0.8) / 0.2
    return (0.12 + 1.1 * bright**4) * math.exp(-away) * step(0.0, 0.15, dz)


@scalar
def sky_colour(look: Any, dx: float, dy: float, dz: float, pixel: float) -> tuple[float, float, float]:
    """Linear RGB of the whole sky in a direction (unit, dz >= 0); `pixel` is a pixel's angle in radians."""
    r, g, b = sky_gradient(look, dx, dy, dz)
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
        density = 0.55 * noise2(0.8 * u, 0.8 * v, 31)
        density += 0.29 * (0.5 + (noise2(1.9 * u + 3.1, 1.9 * v, 32) - 0.5) * detail(0.55, fine))
        density += 0.16 * (0.5 + (noise2(4.3 * u, 4.3 * v + 1.7, 33) - 0.5) * detail(0.24, fine))
        edge = 0.76 - 0.5 * look[CLOUDS]
        cover = step(edge, edge + 0.2, density) * step(0.0, 0.1, dz) * 0.92
        thick = step(edge + 0.05, edge + 0.42, density)
        lit = (0.62 + 0.5 * max(toward, 0.0) ** 4) * (1.0 - 0.45 * thick)
        low = 0.75 * (1.0 - 0.2 * thick)
        r += cover * (lit * look[SUN_COLOUR] + low * look[AMBIENT] - r)
        g += cover * (lit * look[SUN_COLOUR + 1] + low * look[AMBIENT + 1] - g)
        b += cover * (lit * look[SUN_COLOUR + 2] + low * look[AMBIENT + 2] - b)
        disc *= 1.0 - cover
    return r + disc * look[SUN_COLOUR], g + disc * look[SUN_COLOUR + 1], b + disc * look[SUN_COLOUR + 2]
