"""Grounds: what the plane z = 0 looks like, from lawns and floors to a street and a beach with its sea.

Scalar functions as in `shading`. Plain grounds say (mix of the two colours, brightness); the others their colour.
"""

from __future__ import annotations

import math
from typing import Any

from vitascope.world.shading import (
    CLOCK,
    COLOUR_A,
    COLOUR_B,
    GROUND,
    SCALE,
    cover,
    detail,
    greater,
    lattice,
    lesser,
    line,
    noise2,
    scalar,
    sine,
    step,
    stroke,
    wave,
)

# Textures of the ground.
GRASS, SAND, SNOW, PLANKS, TILES, ASPHALT, ROAD, SHORE, EARTH, CARPET = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)

ROAD_NEAR, ROAD_FAR = -2.5, 4.0  # where the street's kerbs run (y, metres)
PAVEMENT = 3.0  # metres wide
SHORE_LINE = 7.0  # where the sea begins (y, metres)


@scalar
def grass(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix of the two colours, brightness) of a lawn."""
    mix = 0.5 + 0.8 * (noise2(0.35 * x, 0.35 * y, 1.0) - 0.5) * detail(2.9, fine)
    clump = detail(0.55, fine)
    light = 1.0
    if clump > 0.0:
        n = noise2(1.9 * x + 0.6 * y, 1.9 * y - 0.6 * x, 2.0) - 0.5
        mix += 0.5 * n * clump
        light += 0.16 * n * clump
    tuft = detail(0.17, fine)
    if tuft > 0.0:
        n = noise2(6.5 * x + 1.2 * y, 4.2 * y, 3.0) - 0.5
        mix += 0.35 * n * tuft
        light += 0.42 * n * tuft
    blade = detail(0.06, fine)
    if blade > 0.0:
        light += 0.6 * (noise2(24.0 * x + 3.0 * sine(0.8 * y), 7.0 * y, 4.0) - 0.5) * blade
    return mix, light


@scalar
def sand(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix, brightness) of wind-blown sand with ripples."""
    broad = noise2(0.22 * x, 0.22 * y, 5.0)
    mix = 0.35 + 0.6 * (broad - 0.5)
    light = 1.0
    ripple = detail(0.42, fine)
    if ripple > 0.0:
        bend = 1.3 * noise2(0.7 * x, 0.7 * y, 6.0) + 0.35 * noise2(2.1 * x, 2.1 * y, 7.0)
        phase = 2.3 * y + 0.7 * x + bend
        crest = sine(phase + 0.08 * sine(phase))
        amount = ripple * (0.35 + 0.65 * step(0.3, 0.65, noise2(0.45 * x, 0.45 * y, 8.0)))
        mix += 0.3 * crest * amount
        light += 0.07 * crest * amount
    grain = detail(0.06, fine)
    if grain > 0.0:
        light += 0.16 * (noise2(31.0 * x, 31.0 * y, 9.0) - 0.5) * grain
    return mix, light


@scalar
def snow(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix, brightness) of drifted snow: soft hollows, crisp grain close by."""
    broad = noise2(0.3 * x + 0.1 * y, 0.55 * y, 10.0) - 0.5
    drift = noise2(1.1 * x - 0.3 * y, 1.9 * y, 11.0) - 0.5
    mix = 0.32 + 0.75 * broad * detail(2.5, fine) + 0.5 * drift * detail(0.7, fine)
    light = 1.0 - 0.1 * broad - 0.05 * drift
    grain = detail(0.08, fine)
    if grain > 0.0:
        light += 0.1 * (noise2(23.0 * x, 23.0 * y, 12.0) - 0.5) * grain
    return mix, light


@scalar
def planks(x: float, y: float, fx: float, fy: float) -> tuple[float, float]:
    """(mix, brightness) of floor boards that run along y, staggered from row to row."""
    u = x / 0.42
    row = math.floor(u)
    shift = lattice(row, 3.0, 17.0)
    v = y / 2.6 + shift
    board = math.floor(v)
    tone = lattice(row, board, 13.0)
    mix = 0.5 + 0.75 * (tone - 0.5) * detail(0.5, greater(fx, 0.3 * fy))
    light = 1.0
    grain = detail(0.12, fx) * detail(1.2, fy)
    if grain > 0.0:
        n = noise2(9.0 * x + 7.0 * tone, 0.8 * y + 31.0 * tone, 14.0) + 0.5 * noise2(30.0 * x, 2.2 * y, 15.0)
        mix += 0.5 * (n - 0.75) * grain
        light += 0.12 * (n - 0.75) * grain
    gap = greater(line(u, 0.022, fx / 0.42), line(v, 0.004, fy / 2.6))
    return mix, light * (1.0 - 0.65 * gap)


@scalar
def tiles(x: float, y: float, fx: float, fy: float) -> tuple[float, float]:
    """(mix, brightness) of a chequered floor with thin joints."""
    u, v = x / 1.2, y / 1.2
    mix = 0.5 + 0.5 * wave(u, fx / 1.2) * wave(v, fy / 1.2)
    fine = greater(fx, fy)
    joint = greater(line(2.0 * u, 0.012, 2.0 * fx / 1.2), line(2.0 * v, 0.012, 2.0 * fy / 1.2))
    tone = lattice(math.floor(2.0 * u), math.floor(2.0 * v), 16.0) - 0.5
    light = 1.0 + 0.1 * tone * detail(0.6, fine) + 0.1 * (noise2(2.7 * x, 2.7 * y, 18.0) - 0.5) * detail(0.35, fine)
    return mix, light * (1.0 - 0.35 * joint)


@scalar
def asphalt(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix, brightness) of a road: worn patches and stone speckle."""
    worn = noise2(0.5 * x, 0.5 * y, 19.0)
    mix = 0.45 + 0.7 * (worn - 0.5) * detail(2.0, fine)
    light = 1.0 + 0.14 * (noise2(2.4 * x, 2.4 * y, 20.0) - 0.5) * detail(0.4, fine)
    coarse = detail(0.16, fine)
    if coarse > 0.0:
        light += 0.4 * (noise2(9.0 * x, 9.0 * y, 21.0) - 0.5) * coarse
    speck = detail(0.05, fine)
    if speck > 0.0:
        light += 0.5 * (noise2(37.0 * x, 37.0 * y, 22.0) - 0.5) * speck
    return mix, light


@scalar
def carpet(x: float, y: float, fine: float) -> tuple[float, float]:
    """(mix, brightness) of a woven carpet: rows of small diamonds in tufted pile."""
    u, v = (x + y) / 0.62, (x - y) / 0.62
    du, dv = abs(u - math.floor(u) - 0.5), abs(v - math.floor(v) - 0.5)
    ring = greater(du, dv)
    seen = detail(0.62, fine)
    mix = 0.28 + 0.62 * seen * (cover(ring - 0.20, 1.6 * fine / 0.62) - 0.16)
    mix += 0.5 * seen * stroke(ring - 0.36, 0.025, 1.6 * fine / 0.62)
    light = 1.0 + 0.10 * (noise2(1.3 * x, 1.3 * y, 41.0) - 0.5) * detail(0.8, fine)
    pile = detail(0.09, fine)
    if pile > 0.0:
        light += 0.34 * (noise2(23.0 * x, 23.0 * y, 42.0) - 0.5) * pile
    return mix, light


@scalar
def earth(a: Any, x: float, y: float, fine: float) -> tuple[float, float, float]:
    """Linear RGB of a forest's floor: earth in the ground's two colours, moss, and fallen leaves close by."""
    mix, light = (0.5 + 0.9 * (noise2(0.6 * x, 0.6 * y, 43.0) - 0.5) * detail(1.7, fine), 1.0)
    clod = detail(0.3, fine)
    if clod > 0.0:
        n = noise2(3.6 * x + 0.8 * y, 3.6 * y, 44.0) - 0.5
        mix, light = mix + 0.5 * n * clod, light + 0.5 * n * clod
    crumb = detail(0.08, fine)
    if crumb > 0.0:
        light += 0.55 * (noise2(17.0 * x, 15.0 * y, 45.0) - 0.5) * crumb
    mix = lesser(greater(mix, 0.0), 1.0)
    r = ((1.0 - mix) * a[COLOUR_A] + mix * a[COLOUR_B]) * light
    g = ((1.0 - mix) * a[COLOUR_A + 1] + mix * a[COLOUR_B + 1]) * light
    b = ((1.0 - mix) * a[COLOUR_A + 2] + mix * a[COLOUR_B + 2]) * light
    moss = step(0.54, 0.70, 0.75 * noise2(0.45 * x + 7.0, 0.45 * y, 46.0) + 0.25 * noise2(2.6 * x, 2.6 * y, 47.0))
    moss *= 0.8 * detail(1.2, fine) + 0.2
    tuft = 0.8 + 0.7 * (noise2(12.0 * x, 12.0 * y, 48.0) - 0.5) * detail(0.12, fine)
    r, g, b = (r + (0.055 * tuft - r) * moss, g + (0.105 * tuft - g) * moss, b + (0.018 * tuft - b) * moss)
    # One leaf in most cells of a grid, each with its own place, turn and tint; from afar their mean tint.
    for layer in range(2):
        size = 0.23 + 0.09 * layer
        seen = detail(0.6 * size, fine)
        if seen <= 0.0:
            continue
        u, v = x / size + 0.37 * layer, y / size
        iu, iv = math.floor(u), math.floor(v)
        pick = lattice(iu, iv, 50.0 + layer)
        if pick < 0.30:
            continue
        du = u - iu - 0.3 - 0.4 * lattice(iu, iv, 52.0 + layer)
        dv = v - iv - 0.3 - 0.4 * lattice(iu, iv, 54.0 + layer)
        turn = lattice(iu, iv, 56.0 + layer)
        c, s = sine(turn + 0.25), sine(turn)
        p, q = (c * du + s * dv) / 0.30, (c * dv - s * du) / 0.15
        away = (math.sqrt(p * p + q * q) + 0.35 * p * p - 1.0) * 0.15 * size
        leaf = cover(away, fine) * seen * 0.85
        tint = 0.55 + 0.75 * (pick - 0.30) + 0.25 * cover(abs(q) - 0.12, 0.3)
        warm = lattice(iu, iv, 58.0 + layer)
        r, g = (r + ((0.20 + 0.13 * warm) * tint - r) * leaf, g + ((0.12 - 0.045 * warm) * tint - g) * leaf)
        b += (0.028 * tint - b) * leaf
    return r, g, b


@scalar
def road(a: Any, x: float, y: float, fx: float, fy: float) -> tuple[float, float, float]:
    """Linear RGB of a street along x: asphalt with a dashed line, kerbs, paved walks, and lawns beyond."""
    fine = 0.65 * greater(fx, fy) + 0.35 * lesser(fx, fy)
    middle, half = 0.5 * (ROAD_NEAR + ROAD_FAR), 0.5 * (ROAD_FAR - ROAD_NEAR)
    off = abs(y - middle) - half  # metres beyond the kerb, negative on the road
    inside = cover(off, fy)
    r, g, b = 0.0, 0.0, 0.0
    if inside > 0.0:
        mix, light = asphalt(x, y, fine)
        # Wheels have polished two tracks in each lane; dirt gathers by the kerb.
        lane = abs(abs(y - middle) - 0.5 * half)
        light *= 1.0 + 0.10 * step(0.5, 0.0, abs(lane - 0.75)) - 0.22 * step(-0.5, 0.0, off)
        mix = lesser(greater(mix, 0.0), 1.0)
        r = ((1.0 - mix) * a[COLOUR_A] + mix * a[COLOUR_B]) * light
        g = ((1.0 - mix) * a[COLOUR_A + 1] + mix * a[COLOUR_B + 1]) * light
        b = ((1.0 - mix) * a[COLOUR_A + 2] + mix * a[COLOUR_B + 2]) * light
        dash = x / 3.2
        dash = abs(dash - math.floor(dash) - 0.5) * 3.2
        far = detail(3.2, fx)
        paint = (cover(dash - 0.85, fx) * far + 0.53 * (1.0 - far)) * stroke(y - middle, 0.075, fy)
        paint *= 0.86 + 0.25 * (noise2(8.0 * x, 8.0 * y, 60.0) - 0.5) * detail(0.15, fine)
        r, g, b = r + (0.74 - r) * paint, g + (0.74 - g) * paint, b + (0.70 - b) * paint
        r, g, b = r * inside, g * inside, b * inside
    if inside < 1.0:
        on_walk = cover(off - PAVEMENT, fy)
        wr, wg, wb = 0.0, 0.0, 0.0
        if on_walk > 0.0:
            tone = lattice(math.floor(x / 0.9), math.floor(y / 0.75), 61.0) - 0.5
            light = (
                1.0
                + 0.13 * tone * detail(0.8, fine)
                + 0.14 * (noise2(6.0 * x, 6.0 * y, 62.0) - 0.5) * detail(0.18, fine)
            )
            joint = greater(line(x / 0.9, 0.012, fx / 0.9), line(y / 0.75, 0.014, fy / 0.75))
            light *= 1.0 - 0.4 * joint
            # The kerb: a pale stone with joints, and the dark drop down to the road.
            stone = stroke(off - 0.1, 0.1, fy)
            light += (1.22 - 0.25 * line(x / 1.2, 0.01, fx / 1.2) - light) * stone
            light *= 1.0 - 0.6 * stroke(off - 0.012, 0.025, fy)
            wr, wg, wb = 0.40 * light, 0.385 * light, 0.36 * light
        if on_walk < 1.0:
            mix, light = grass(x, y, fine)
            mix = lesser(greater(mix, 0.0), 1.0)
            gr, gg, gb = ((0.07 + 0.075 * mix) * light, (0.19 + 0.09 * mix) * light, (0.022 + 0.014 * mix) * light)
            wr, wg, wb = (gr + (wr - gr) * on_walk, gg + (wg - gg) * on_walk, gb + (wb - gb) * on_walk)
        r, g, b = (r + wr * (1.0 - inside), g + wg * (1.0 - inside), b + wb * (1.0 - inside))
    return r, g, b


@scalar
def shore(look: Any, x: float, y: float, fx: float, fy: float) -> Any:
    """(nx, ny, r, g, b, gloss) of a beach whose sea begins near y = SHORE_LINE and washes up and down."""
    fine = 0.65 * greater(fx, fy) + 0.35 * lesser(fx, fy)
    clock = look[CLOCK]
    coast = (
        SHORE_LINE
        + 1.1 * (noise2(0.16 * x, 3.0, 63.0) - 0.5)
        + 0.35 * (noise2(0.7 * x, 5.0, 64.0) - 0.5) * detail(1.4, fx)
    )
    wash = 0.35 * sine(0.175 * clock + 0.32 * noise2(0.22 * x, 9.0, 65.0)) * detail(1.0, fy)
    into = y - coast - wash  # metres into the water
    sea = cover(-into, fy)
    nx, ny, gloss = 0.0, 0.0, 0.0
    r, g, b = 0.0, 0.0, 0.0
    if sea < 1.0:
        mix, light = sand(x, y, fine)
        mix = lesser(greater(mix, 0.0), 1.0)
        # Wet sand is darker and shines; it begins where the last wave reached.
        wet = step(-0.9, -0.25, y - coast)
        light = light + (0.56 - light) * 0.9 * wet
        r = ((1.0 - mix) * look[COLOUR_A] + mix * look[COLOUR_B]) * light
        g = ((1.0 - mix) * look[COLOUR_A + 1] + mix * look[COLOUR_B + 1]) * light
        b = ((1.0 - mix) * look[COLOUR_A + 2] + mix * look[COLOUR_B + 2]) * light
        gloss = 0.55 * wet
    if sea > 0.0:
        depth = 1.0 - 1.0 / (1.0 + 0.16 * greater(into, 0.0))
        sr, sg, sb = 0.16 - 0.15 * depth, 0.36 - 0.28 * depth, 0.34 - 0.20 * depth
        # Waves of three lengths run to the shore; each fades where a pixel no longer shows it.
        bend = 3.0 * noise2(0.13 * x, 0.13 * y, 66.0)
        calm = step(0.0, 2.5, into)
        p1, p2, p3 = (1.05 * y + 0.25 * x + bend + 1.3 * clock, 2.6 * y - 0.9 * x + 2.0 * bend + 2.2 * clock, 0.0)
        w1 = sine(0.159 * p1) * detail(5.8, fy) * calm
        w2 = sine(0.159 * p2) * detail(2.3, fy)
        p3 = 6.0 * y + 3.1 * x + 4.0 * noise2(0.9 * x + 0.4 * clock, 0.9 * y, 67.0) + 3.6 * clock
        w3 = sine(0.159 * p3) * detail(0.95, fy)
        ny = -(0.055 * w1 + 0.05 * w2 + 0.06 * w3)
        nx = -(0.014 * w1 - 0.02 * w2 + 0.03 * w3)
        swell = 1.0 + 0.16 * w1 + 0.1 * w2
        sr, sg, sb = sr * swell, sg * swell, sb * swell
        # Foam at the edge, and in lines where waves break a few metres out.
        lace = 0.55 * noise2(3.2 * x, 3.2 * y - 0.9 * clock, 68.0) + 0.45 * noise2(8.5 * x, 8.5 * y, 69.0)
        foam = step(0.75, 0.05, into) * step(0.25, 0.55, lace + 0.45 * step(0.35, 0.0, into))
        crest = into * 0.42 + 0.45 * clock - 0.8 * noise2(0.3 * x, 0.2 * y, 70.0)
        crest = crest - math.floor(crest)
        rolling = step(0.80, 0.97, crest) * step(1.0, 0.985, crest) * step(6.5, 1.2, into) * step(0.4, 1.0, into)
        foam = greater(foam, rolling * step(0.3, 0.6, lace) * detail(0.8, fy))
        sr, sg, sb = (sr + (0.80 - sr) * foam, sg + (0.83 - sg) * foam, sb + (0.84 - sb) * foam)
        nx, ny = nx * sea, ny * sea
        r, g, b = r + (sr - r) * sea, g + (sg - g) * sea, b + (sb - b) * sea
        gloss += (1.0 - 0.9 * foam - gloss) * sea
    return nx, ny, r, g, b, gloss


@scalar
def ground_surface(look: Any, x: float, y: float, fx: float, fy: float) -> Any:
    """(nx, ny, r, g, b, gloss) of the ground at (x, y): its normal's tilt, linear RGB and how much it mirrors.

    fx, fy are the pixel's footprint in metres along x and y.
    """
    scale = look[SCALE]
    x, y, fx, fy = x / scale, y / scale, fx / scale, fy / scale
    # The longer side of the footprint decides what shimmers, the shorter what could be seen: lean to the longer.
    fine = 0.65 * greater(fx, fy) + 0.35 * lesser(fx, fy)
    kind = int(look[GROUND])
    if kind == SHORE:
        return shore(look, x, y, fx, fy)
    if kind == ROAD:
        r, g, b = road(look, x, y, fx, fy)
        return 0.0, 0.0, r, g, b, 0.0
    if kind == EARTH:
        r, g, b = earth(look, x, y, fine)
        return 0.0, 0.0, r, g, b, 0.0
    if kind == GRASS:
        mix, light = grass(x, y, fine)
    elif kind == SAND:
        mix, light = sand(x, y, fine)
    elif kind == SNOW:
        mix, light = snow(x, y, fine)
    elif kind == PLANKS:
        mix, light = planks(x, y, fx, fy)
    elif kind == TILES:
        mix, light = tiles(x, y, fx, fy)
    elif kind == CARPET:
        mix, light = carpet(x, y, fine)
    else:
        mix, light = asphalt(x, y, fine)
    mix = lesser(greater(mix, 0.0), 1.0)
    one, other = (1.0 - mix) * light, mix * light
    return (
        0.0,
        0.0,
        one * look[COLOUR_A] + other * look[COLOUR_B],
        one * look[COLOUR_A + 1] + other * look[COLOUR_B + 1],
        one * look[COLOUR_A + 2] + other * look[COLOUR_B + 2],
        0.0,
    )
