"""Textures of parts, painted on their surfaces in the parts' own axes: stuffs, hair, bark, windows, bricks.

Scalar functions as in `shading`: all detail fades into its mean where it is smaller than a pixel's footprint.
"""

from __future__ import annotations

import math
from typing import Any

from vitascope.world.shading import (
    cover,
    detail,
    greater,
    lattice,
    lesser,
    line,
    noise2,
    noise3,
    scalar,
    step,
    stroke,
    wave,
)

# Textures of parts. SMOOTH is one even colour; PLAIN adds quiet panels to all but boxes, so that rolling can be seen.
SMOOTH, PLAIN, WOOD, STONE, STRIPES, CHECKER, DOTS = 0, 1, 2, 3, 4, 5, 6
PANELS = 7  # like PLAIN, without the white caps; packing sets it
FACE, SIGN, CLOTH, HAIR, FUR, PATCHES, BARK, LEAVES = 8, 9, 10, 11, 12, 13, 14, 15
WINDOWS, BRICKS, TYRE, GLASS, GLOW = 16, 17, 18, 19, 20


@scalar
def simple(texture: int, x: float, y: float, z: float, radius: float, fine: float) -> tuple[float, float]:
    """(brightness, share of white) of a part's albedo at a local point; `fine` is the pixel's footprint in metres."""
    if texture in (PLAIN, PANELS):  # panels like a beach ball's, about an axis that no simple roll leaves in place
        a = 0.48 * x - 0.62 * y + 0.62 * z
        u, v = 0.877 * x + 0.339 * y - 0.340 * z, 0.7071 * (y + z)
        flat = u * u + v * v + 1e-9
        edge = u * (u * u - 3.0 * v * v) / (3.0 * flat)
        panel = lesser(greater(0.5 + edge / fine, 0.0), 1.0)
        cap = 0.0
        if texture == PLAIN:
            cap = lesser(greater(0.5 + (abs(a) - 0.93 * math.sqrt(flat + a * a)) / fine, 0.0), 1.0)
        return 1.0 - 0.34 * panel * (1.0 - cap), 0.55 * cap
    if texture == WOOD:  # wood: rings about local z, bent by noise, with fine grain
        size = 1.0 / radius
        warp = 0.35 * noise3(2.2 * x * size, 2.2 * y * size, 0.8 * z * size)
        rings = 4.0 * math.sqrt((x * size + 0.55) ** 2 + (y * size + 0.2) ** 2) + 3.0 * warp
        fade = detail(0.25 * radius, fine)
        saw = rings - math.floor(rings)
        ring = step(0.0, 0.75, saw) * (1.0 - step(0.8, 1.0, saw))
        grain = (noise3(16.0 * x * size, 16.0 * y * size, 2.0 * z * size) - 0.5) * detail(0.08 * radius, fine)
        return 0.96 - 0.42 * (ring - 0.45) * fade + 0.35 * grain, 0.0
    if texture == STONE:  # stone: veins of grey and dark specks
        size = 1.0 / radius
        broad = noise3(2.3 * x * size + 5.0, 2.3 * y * size, 2.3 * z * size) - 0.5
        speck = noise3(8.0 * x * size, 8.0 * y * size, 8.0 * z * size)
        dots = (step(0.62, 0.74, speck) - 0.16) * detail(0.13 * radius, fine)
        return 0.95 + 0.55 * broad - 0.5 * dots, 0.12 * greater(broad, 0.0)
    if texture == STRIPES:  # stripes across local z
        return 1.0, 0.82 * (0.5 + 0.5 * wave(2.2 * z / radius + 0.25, 2.2 * fine / radius))
    if texture == CHECKER:  # chequers
        period = 1.6 / radius
        w = fine * period
        # Shifted so that no face of a box lies on a border between chequers.
        px, py, pz = x * period + 0.11, y * period + 0.11, z * period + 0.11
        return 1.0, 0.82 * (0.5 + 0.5 * wave(px, w) * wave(py, w) * wave(pz, w))
    if texture == DOTS:  # dots where a grid of small balls meets the surface
        period = 1.7 / radius
        px, py, pz = x * period, y * period, z * period
        px, py, pz = (px - math.floor(px) - 0.5, py - math.floor(py) - 0.5, pz - math.floor(pz) - 0.5)
        inside = (0.36 - math.sqrt(px * px + py * py + pz * pz)) / (fine * period)
        return 1.0, 0.85 * lesser(greater(0.5 + inside, 0.0), 1.0)
    return 1.0, 0.0


@scalar
def leaf_size(radius: float) -> float:
    """How large a crown's clumps of leaves are, metres, for a crown of this radius."""
    return lesser(greater(0.30 * radius, 0.05), 0.42)


@scalar
def leafy(
    x: float, y: float, z: float, radius: float, vx: float, vy: float, vz: float, facing: float, fine: float
) -> bool:
    """Whether a ray along v (unit) that meets a crown at this local point is caught by a leaf, not passing beside it.

    `facing` is the cosine between the ray and the surface's normal there. The crown's outline is frayed by a noise that
    is the same all along one way outwards, so that no leaf floats free.
    """
    if facing > 0.62:
        return True
    ahead = x * vx + y * vy + z * vz
    qx, qy, qz = x - ahead * vx, y - ahead * vy, z - ahead * vz
    k = 1.0 / leaf_size(radius)
    q = 1.35 * radius * k / math.sqrt(qx * qx + qy * qy + qz * qz + 1e-9)
    qx, qy, qz = q * qx, q * qy, q * qz
    frayed = 0.5 + (noise3(1.6 * qx + 3.0, 1.6 * qy, 1.6 * qz) - 0.5) * detail(0.8 / k, fine)
    frayed += 0.75 * (noise3(5.3 * qx, 5.3 * qy, 5.3 * qz) - 0.5) * detail(0.26 / k, fine)
    return facing > 0.72 * frayed - 0.06


@scalar
def ruffle(
    texture: int, x: float, y: float, z: float, radius: float, fine: float, ux: float, uy: float, uz: float
) -> Any:
    """The normal u of a rough surface at a local point: leaves, bark and fur tilt it."""
    if texture == LEAVES:
        k, amount = 1.0 / leaf_size(radius), 1.9
    elif texture == BARK:
        k, amount = 2.6 / radius, 0.5
    else:
        k, amount = 7.0 / radius, 0.35
    seen = detail(0.9 / k, fine)
    long = 0.3 if texture == BARK else 1.0
    px, py, pz = k * x, k * y, k * z * long
    ax, ay = noise3(px, py, pz) - 0.5, noise3(px + 19.3, py + 7.7, pz + 3.1) - 0.5
    az = (noise2(px + 11.1 + 0.7 * pz, py - 5.2 + 0.6 * pz, 77.0) - 0.5) * long
    if texture == LEAVES:
        more = detail(0.33 / k, fine)
        if more > 0.0:
            px, py, pz = 3.1 * px, 3.1 * py, 3.1 * pz
            ax += 0.8 * more * (noise3(px, py, pz) - 0.5)
            ay += 0.8 * more * (noise3(px + 5.5, py + 1.7, pz + 9.1) - 0.5)
            az += 0.5 * more * (noise2(px + pz, py - pz, 78.0) - 0.5)
    amount *= seen
    nx, ny, nz = ux + amount * ax, uy + amount * ay, uz + amount * az
    n = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-9)
    return nx * n, ny * n, nz * n


@scalar
def windows(
    kind: int,
    a: float,
    b: float,
    c: float,
    x: float,
    y: float,
    z: float,
    ux: float,
    uz: float,
    fine: float,
    seed: int,
    night: float,
    r: float,
    g: float,
    b_: float,
) -> Any:
    """(r, g, b, gloss, glow) of a house's wall with rows of windows, its sides in storeys; flat roofs have none."""
    if abs(uz) > 0.5:
        return 0.55 * r, 0.55 * g, 0.55 * b_, 0.0, 0.0
    if kind == 4:
        across, half, up = (y, b, z) if abs(ux) > 0.5 else (x, a, z)
        tall = c
    else:
        across, half, up = math.atan2(y, x) * a, math.pi * a, z
        tall = b
    columns, rows = (greater(math.floor(half / 0.8 + 0.5), 1.0), greater(math.floor(tall / 1.15 + 0.5), 1.0))
    wide, high = 2.0 * half / columns, 2.0 * tall / rows
    u, v = (across + half) / wide, (up + tall) / high
    iu, iv = math.floor(u), math.floor(v)
    du, dv = (u - iu - 0.5) * wide, (v - iv - 0.52) * high
    hw, hh = lesser(0.29 * wide, 0.62), 0.30 * high
    frame = 0.16 * hw
    outer = stroke(du, hw + frame, fine) * stroke(dv, hh + frame, fine)
    pane = stroke(du, hw, fine) * stroke(dv, hh, fine)
    bars = greater(stroke(du, 0.06 * hw, fine), stroke(dv - 0.2 * hh, 0.06 * hw, fine)) * pane
    seen = detail(0.9 * lesser(wide, high), fine)
    outer = outer * seen + (1.0 - seen) * 4.0 * (hw + frame) * (hh + frame) / (wide * high)
    pane = pane * seen + (1.0 - seen) * 4.0 * hw * hh / (wide * high)
    light = 1.0 - 0.3 * stroke(du, hw + frame, fine) * stroke(dv + hh + 2.0 * frame, frame, fine)  # sills throw shade
    light *= 1.0 + 0.08 * (noise2(1.1 * across, 1.1 * up, 80.0) - 0.5)
    r, g, b_ = r * light, g * light, b_ * light
    trim = outer - pane + bars
    r, g, b_ = r + (0.72 - r) * trim, g + (0.70 - g) * trim, b_ + (0.66 - b_) * trim
    glass = greater(pane - bars, 0.0)
    lit = night * (1.0 if lattice(iu, iv, 81.0 + seed) < 0.55 else 0.06)
    dim = 0.65 + 0.5 * lattice(iu, iv, 85.0 + seed)
    curtain = 0.8 + 0.2 * cover(abs(du) - 0.55 * hw, 0.2 * hw)
    wr, wg, wb = (0.035 + 0.030 * dv / hh, 0.050 + 0.035 * dv / hh, 0.075 + 0.045 * dv / hh)
    wr, wg, wb = (
        wr + (1.0 * dim * curtain - wr) * lit,
        wg + (0.62 * dim * curtain - wg) * lit,
        wb + (0.25 * dim - wb) * lit,
    )
    return (r + (wr - r) * glass, g + (wg - g) * glass, b_ + (wb - b_) * glass, 0.85 * glass * (1.0 - lit), lit * glass)


@scalar
def tyre(
    r0: float, half: float, x: float, y: float, z: float, uz: float, fine: float, r: float, g: float, b: float
) -> Any:
    """(r, g, b, gloss, metal) of a wheel: treads around it, a rim with five spokes on its flat ends."""
    if abs(uz) < 0.5:
        turn = math.atan2(y, x) * 14.0 / math.pi
        block = 0.5 + 0.5 * wave(turn + (0.5 if z > 0.0 else 0.0), fine * 14.0 / (math.pi * r0))
        k = 1.0 - 0.45 * block * step(0.15, 0.3, abs(z) / half)
        return 0.030 * k, 0.030 * k, 0.032 * k, 0.05, 0.0
    d = math.sqrt(x * x + y * y) / r0
    f = fine / r0
    turn = math.atan2(y, x) * 2.5 / math.pi
    turn = (turn - math.floor(turn) - 0.5) / 2.5 * math.pi * d  # distance along the circle from a spoke's middle
    rim = cover(d - 0.66, f)
    spoke = stroke(turn, 0.075 + 0.05 * (0.6 - d), f)
    metal = greater(greater(spoke * cover(d - 0.60, f), stroke(d - 0.62, 0.04, f)), cover(d - 0.17, f)) * rim
    bolt = cover(d - 0.055, f)
    side = 0.028 + 0.022 * stroke(d - 0.83, 0.05, greater(f, 0.03))
    dark = side + (0.008 - side) * rim
    shine = 0.52 * (1.0 - 0.5 * bolt)
    return (
        dark + (shine - dark) * metal,
        dark + (shine - dark) * metal,
        dark + (1.04 * shine - dark) * metal,
        0.55 * metal,
        0.35 * metal,
    )


@scalar
def bricks(
    kind: int, a: float, x: float, y: float, z: float, ux: float, uz: float, fine: float, r: float, g: float, b: float
) -> Any:
    """(r, g, b) of a brick wall: rows with staggered joints, each brick of its own shade."""
    if kind == 4:
        across, up = (x, z) if abs(ux) < 0.5 else (y, z)
        if abs(uz) > 0.5:
            across, up = x, y
    else:
        across, up = math.atan2(y, x) * a, z
    high, wide = 0.115, 0.34
    row = math.floor(up / high)
    u = across / wide + 0.5 * (row - 2.0 * math.floor(0.5 * row))
    tone = lattice(math.floor(u), row, 90.0) - 0.5
    joint = greater(line(up / high, 0.055, fine / high), line(u, 0.022, fine / wide))
    light = 1.0 + 0.38 * tone * detail(0.2, fine) + 0.12 * (noise2(0.9 * across, 0.9 * up, 91.0) - 0.5)
    light += 0.25 * (noise2(21.0 * across, 21.0 * up, 92.0) - 0.5) * detail(0.07, fine)
    warm = 1.0 + 0.12 * (lattice(row, math.floor(u), 93.0) - 0.5) * detail(0.2, fine)
    r, g, b = r * light * warm, g * light, b * light
    # Mortar is a pale grey between what the bricks are and white.
    return (r + (0.30 + 0.3 * r - r) * joint, g + (0.29 + 0.3 * g - g) * joint, b + (0.27 + 0.3 * b - b) * joint)


@scalar
def part_paint(
    texture: int,
    kind: int,
    a: float,
    b: float,
    c: float,
    x: float,
    y: float,
    z: float,
    ux: float,
    uy: float,
    uz: float,
    radius: float,
    fine: float,
    seed: int,
    night: float,
    red: float,
    green: float,
    blue: float,
    gloss: float,
    metal: float,
) -> Any:
    """(r, g, b, gloss, metal, glow) of a part of this albedo at a local point (x, y, z) with local normal u.

    a, b, c are its size and `radius` the length to which textures scale; `fine` is the pixel's footprint in metres,
    `seed` tells parts of one kind apart, `night` is how dark it is; `glow` is the share of the colour that shines.
    """
    if texture <= PANELS:
        light, white = simple(texture, x, y, z, radius, fine)
        light, add = light * (1.0 - white), 0.9 * white * light
        return (red * light + add, green * light + add, blue * light + add, gloss, metal, 0.0)
    size = 1.0 / radius
    if texture == CLOTH:  # broad folds, and a weave close by
        fold = noise3(2.1 * x * size + 0.37 * seed, 2.1 * y * size, 1.2 * z * size) - 0.5
        light = 1.0 + 0.20 * fold
        weave = detail(0.024, fine)
        if weave > 0.0:
            light += 0.22 * (noise3(90.0 * x, 90.0 * y, 90.0 * z) - 0.5) * weave
        return red * light, green * light, blue * light, gloss, metal, 0.0
    if texture == HAIR:  # strands from pole to pole, and a band of shine around the crown
        flat = 1.0 / math.sqrt(x * x + y * y + 1e-9)
        cx, cy = x * flat, y * flat
        high = z / (c if kind == 2 else radius)
        strand = noise3(4.5 * cx, 4.5 * cy, 0.7 * high + 0.31 * seed) - 0.5
        light = 1.0 + 0.5 * strand * detail(0.5 * radius, fine)
        thin = detail(0.16 * radius, fine)
        if thin > 0.0:
            light += 0.75 * (noise3(17.0 * cx, 17.0 * cy, 1.3 * high) - 0.5) * thin
        band = step(0.28, 0.0, abs(uz - 0.52 + 0.16 * strand)) * (0.55 + strand)
        shine = 0.85 * greater(band, 0.0)
        add = 0.018 * shine
        light += shine
        return (red * light + add, green * light + add, blue * light + add, gloss, metal, 0.0)
    if texture == FUR:
        broad = noise3(2.0 * x * size + 0.43 * seed, 2.0 * y * size, 2.0 * z * size) - 0.5
        light = 1.0 + 0.24 * broad
        tuft = detail(0.2 * radius, fine)
        if tuft > 0.0:
            light += 0.38 * (noise3(11.0 * x * size, 11.0 * y * size, 4.0 * z * size) - 0.5) * tuft
        return red * light, green * light, blue * light, gloss, metal, 0.0
    if texture == PATCHES:
        spread = 2.5
        n = noise3(spread * x + 5.3 * seed, spread * y + 1.7 * seed, spread * z)
        n += 0.14 * (noise3(5.0 * spread * x, 5.0 * spread * y, 5.0 * spread * z) - 0.5) * detail(0.1, fine)
        dark = cover(0.53 - n, 2.2 * spread * fine + 0.02)
        light = 1.0 + 0.12 * (noise3(11.0 * x * size, 11.0 * y * size, 4.0 * z * size) - 0.5) * detail(
            0.2 * radius, fine
        )
        red, green, blue = (red + (0.022 - red) * dark, green + (0.016 - green) * dark, blue + (0.014 - blue) * dark)
        return red * light, green * light, blue * light, gloss, metal, 0.0
    if texture == BARK:
        flat = 1.0 / math.sqrt(x * x + y * y + 1e-9)
        cx, cy = x * flat, y * flat
        if red > 0.4 and blue > 0.35:  # a birch: dark marks lie across the pale bark
            mark = noise3(1.5 * cx + 0.7 * seed, 1.5 * cy, 1.1 * z * size)
            dark = cover(0.63 - mark, 1.1 * fine * size + 0.05) * detail(0.45 * radius, fine)
            light = 1.0 + 0.2 * (noise3(2.5 * cx, 2.5 * cy, 7.0 * z * size) - 0.5) * detail(0.3 * radius, fine)
            light *= 1.0 - 0.88 * dark
            return red * light, green * light, blue * light, gloss, metal, 0.0
        ridge = noise3(4.2 * cx, 4.2 * cy, 0.7 * z * size + 0.6 * seed) - 0.5
        light = 1.0 + 0.9 * ridge * detail(0.4 * radius, fine)
        light += 0.5 * (noise3(9.0 * cx, 9.0 * cy, 3.5 * z * size) - 0.5) * detail(0.2 * radius, fine)
        light = greater(light, 0.25)
        return red * light, green * light, blue * light, gloss, metal, 0.0
    if texture == LEAVES:
        k = 1.0 / leaf_size(radius)
        clump = noise3(0.8 * k * x + 0.9 * seed, 0.8 * k * y, 0.8 * k * z) - 0.5
        light = 0.92 + 0.55 * clump * detail(1.2 / k, fine) + 0.22 * uz
        leaf = detail(0.28 / k, fine)
        if leaf > 0.0:
            light += 0.95 * (noise3(3.4 * k * x, 3.4 * k * y, 3.4 * k * z) - 0.5) * leaf
        light = greater(light, 0.22)
        sunny = light - 1.0  # light leaves lean to yellow, dark ones to blue
        return (
            red * light * (1.0 + 0.35 * sunny),
            green * light,
            blue * light * (1.0 - 0.3 * sunny),
            gloss,
            metal,
            0.0,
        )
    if texture == WINDOWS:
        r, g, b_, shine, glow = windows(kind, a, b, c, x, y, z, ux, uz, fine, seed, night, red, green, blue)
        return r, g, b_, greater(gloss, shine), metal, glow
    if texture == BRICKS:
        red, green, blue = bricks(kind, a, x, y, z, ux, uz, fine, red, green, blue)
        return red, green, blue, gloss, metal, 0.0
    if texture == TYRE:
        red, green, blue, gloss, metal = tyre(a, b, x, y, z, uz, fine, red, green, blue)
        return red, green, blue, gloss, metal, 0.0
    if texture == GLASS:
        return 0.22 + 0.3 * red, 0.25 + 0.3 * green, 0.28 + 0.3 * blue, 0.95, 0.75, 0.0
    if texture == GLOW:
        return red, green, blue, gloss, metal, 1.0
    return red, green, blue, gloss, metal, 0.0
