"""Painted faces: eyes, brows, mouth, blush and beard on the front (+x) half of an ellipsoid, from twenty numbers.

A face is laid out in head units, where 1 is the head's half height: `x` along its width to the figure's left (an arc,
so that features bend around the head), `z` up. All edges are signed distances seen through the pixel's footprint, so a
face does not shimmer, and its lines keep some weight when they become thinner than a pixel.
"""

from __future__ import annotations

import math
from typing import Any

from vitascope.world.shading import cover, greater, lesser, scalar, sine, step, stroke

# Places of a face's numbers; `figure` says what they mean (a test compares the two).
SMILE, OPEN, BROW_RAISE, BROW_TILT, LIDS, GAZE_X, GAZE_Y, ROUND = 0, 1, 2, 3, 4, 5, 6, 7
IRIS, BROWS, LIPS, EYE_SCALE, BEARD, BLUSH = 8, 11, 14, 17, 18, 19
FACE_SIZE = 20

EYE_X, EYE_Z = 0.42, 0.03  # an eye's middle: radians around the head, head units up
MOUTH_Z = -0.47


@scalar
def egg_edge(x: float, z: float, wide: float, high: float) -> float:
    """Signed distance from an upright ellipse around the origin, near enough."""
    u, w = x / wide, z / high
    k = math.sqrt(u * u + w * w)
    u, w = u / wide, w / high
    return k * (k - 1.0) / (math.sqrt(u * u + w * w) + 1e-6)


@scalar
def eye(face: Any, x: float, z: float, side: float, fine: float, r: float, g: float, b: float) -> Any:
    """Linear RGB of the skin r, g, b with an eye painted on it; (x, z) from its middle, x towards the temple."""
    size = face[EYE_SCALE]
    lids = lesser(greater(face[LIDS], 0.0), 1.4)
    wide, high = 0.178 * size, (0.20 + 0.05 * greater(lids - 1.0, 0.0)) * size
    near = egg_edge(x, z, wide + 0.14, high + 0.14)
    if near > fine:
        return r, g, b
    # The hollow of the eye is a little darker and warmer than the cheek.
    hollow = 0.13 * cover(near, 0.16)
    r, g, b = r * (1.0 - 0.7 * hollow), g * (1.0 - hollow), b * (1.0 - hollow)
    # Both lids are lines across the ball: the upper one falls when the eye closes, the lower one rises in a smile.
    lift = 0.30 * greater(face[SMILE], 0.0) * lesser(lids, 1.0)
    upper = high * (1.85 * lesser(lids, 1.1) - 0.92)
    lower = high * (-1.0 + lift + 0.15 * (1.0 - lesser(lids, 1.0)))
    across = 1.0 - lesser((x / wide) ** 2, 1.3)
    upper_line = upper + 0.055 * size * (across - 0.75) * (1.0 - 0.4 * lids)
    lower_line = lower + 0.05 * (1.0 - across) * lift
    if lids < 0.12:  # a closed eye is one line that hangs down
        upper_line = lower_line = -0.45 * high - 0.07 * size * (across - 0.5)
    ball = egg_edge(x, z, wide, high)
    open_here = cover(greater(greater(ball, z - upper_line), lower_line - z), fine)
    skin = cover(greater(ball, lower_line - z), fine) - open_here
    r, g, b = r * (1.0 - 0.26 * skin), g * (1.0 - 0.32 * skin), b * (1.0 - 0.32 * skin)
    if open_here > 0.0:
        white = 0.88 - 0.25 * step(upper_line - 0.11 * size, upper_line, z)  # the lid's shadow
        wr, wg, wb = white, 0.985 * white, 0.96 * white
        dx = x - 0.065 * size * face[GAZE_X] * side + 0.012
        dz = z - 0.06 * size * face[GAZE_Y] + 0.01
        d = math.sqrt(dx * dx + dz * dz)
        iris = cover(d - 0.122 * size, fine)
        # Light gathers at the bottom of the iris, its rim is dark.
        glow = (0.75 - 4.0 * dz / size) * (1.0 - 0.55 * step(0.075 * size, 0.122 * size, d))
        wr += (face[IRIS] * glow - wr) * iris
        wg += (face[IRIS + 1] * glow - wg) * iris
        wb += (face[IRIS + 2] * glow - wb) * iris
        pupil = cover(d - 0.06 * size, fine)
        wr, wg, wb = (wr + (0.004 - wr) * pupil, wg + (0.004 - wg) * pupil, wb + (0.006 - wb) * pupil)
        hx, hz = dx * side - 0.04 * size, dz - 0.048 * size
        spark = cover(math.sqrt(hx * hx + hz * hz) - 0.037 * size, fine)
        wr, wg, wb = (wr + (1.1 - wr) * spark, wg + (1.1 - wg) * spark, wb + (1.1 - wb) * spark)
        r, g, b = (r + (wr - r) * open_here, g + (wg - g) * open_here, b + (wb - b) * open_here)
    # Lashes: a line along the upper lid that grows towards the temple, and a faint one below.
    weight = 0.022 + 0.012 * lesser(greater(x / wide, -1.0), 1.0) + 0.06 * fine
    lid = greater(ball - 0.02 * size, lower_line - 0.03 - z)
    rim = z - upper_line
    if lids > 0.12 and (upper_line > 0.0 or abs(x) > 0.7 * wide):
        top = stroke(ball, weight, fine) if z > -0.1 * high else 0.0
        line = greater(cover(lid, fine) * stroke(rim, weight, fine), top * cover(rim - 0.02, fine))
    else:
        line = cover(lid, fine) * stroke(rim, weight, fine)
    below = 0.3 * cover(ball - 0.01, fine) * stroke(z - lower_line, 0.012, fine)
    line = greater(lesser(0.95 * line, 1.0), below)
    return r + (0.012 - r) * line, g + (0.008 - g) * line, b + (0.008 - b) * line


@scalar
def brow(face: Any, x: float, z: float, fine: float, r: float, g: float, b: float) -> Any:
    """The skin with a brow: an arc from beside the nose to the temple; x in head units from the face's middle."""
    along = (x - 0.12) / 0.44  # 0 at the inner end, 1 at the outer
    if along < -0.3 or along > 1.3 or z < -0.1 or z > 0.8:
        return r, g, b
    t = lesser(greater(along, 0.0), 1.0)
    tilt, lift = face[BROW_TILT], face[BROW_RAISE]
    middle = 0.36 + 0.13 * lift + tilt * (0.16 * (1.0 - t) ** 1.5 - 0.075 * t)
    middle += (0.075 + 0.04 * greater(lift, 0.0)) * (1.0 - (2.0 * t - 0.9) ** 2) - 0.02
    slope = tilt * -0.3 / 0.44 + 0.1 * (1.0 - 2.0 * t)
    dz = (z - middle) / math.sqrt(1.0 + slope * slope)
    dx = 0.44 * (along - t)
    away = math.sqrt(dx * dx + dz * dz)
    half = 0.047 * (1.0 - 0.55 * t * t) * (0.75 + 0.25 * lesser(t * 6.0, 1.0)) + 0.10 * fine
    line = 0.92 * lesser(stroke(away, half, fine), 1.0)
    return (r + (face[BROWS] - r) * line, g + (face[BROWS + 1] - g) * line, b + (face[BROWS + 2] - b) * line)


@scalar
def mouth(face: Any, x: float, z: float, fine: float, r: float, g: float, b: float) -> Any:
    """The skin with a mouth; (x, z) from its middle in head units."""
    smile, opened, rounded = (
        face[SMILE],
        lesser(greater(face[OPEN], 0.0), 1.0),
        lesser(greater(face[ROUND], 0.0), 1.0),
    )
    wide = (0.30 + 0.075 * greater(smile, 0.0)) * (1.0 - 0.42 * rounded)
    if abs(x) > wide + 0.12 + fine or abs(z) > 0.6:
        return r, g, b
    u = lesser(greater(x / wide, -1.15), 1.15)
    arch = 1.0 - lesser(u * u, 1.0)
    # The line where the lips meet: its corners rise in a smile and hang when sad.
    bend = smile * (1.0 - 0.7 * rounded)
    middle = 0.21 * bend * (u * u - 0.45)
    middle += 0.015 * (1.0 - rounded) * (sine(1.43 * u * wide + 0.25) - 1.0) * (1.0 - opened)
    swell = math.sqrt(arch) * (1.0 - (1.0 - rounded) ** 3 * (1.0 - arch))
    up = ((0.04 + 0.12 * rounded) * opened + 0.03 * rounded) * swell
    down = ((0.30 - 0.08 * rounded + 0.25 * greater(bend, 0.0)) * opened + 0.03 * rounded) * swell
    top, low = middle + up, middle - down
    slope = 0.42 * bend * u / wide
    k = 1.0 / math.sqrt(1.0 + slope * slope)
    outside = abs(x) - wide
    gape = greater(greater((z - top) * k, (low - z) * k), outside)
    # Lips: the upper one thin, the lower one full, both fading into the corners.
    full = 0.35 + 0.65 * arch
    thick_up, thick_low = ((0.04 + 0.03 * rounded) * full, (0.065 + 0.02 * rounded) * full)
    lip = greater(greater((z - top) * k - thick_up, (low - z) * k - thick_low), outside - 0.015)
    shadow = 0.22 * cover(greater((z - low) * k + thick_low, outside + 0.1), 0.06)
    shadow *= cover((low - z) * k - thick_low - 0.07, 0.06)
    r, g, b = r * (1.0 - 0.8 * shadow), g * (1.0 - shadow), b * (1.0 - shadow)
    paint = 0.85 * cover(lip, fine)
    shine = 1.0 + 0.25 * stroke(z - (low - 0.55 * thick_low), 0.02, fine)
    r += (face[LIPS] * shine - r) * paint
    g += (face[LIPS + 1] * shine - g) * paint
    b += (face[LIPS + 2] * shine - b) * paint
    # The gap: dark, with the upper teeth and the tongue.
    gap = cover(gape, fine) * lesser((up + down) / (0.5 * fine + 1e-6), 1.0)
    if gap > 0.0:
        ir, ig, ib = 0.055, 0.006, 0.008
        tongue = cover(egg_edge(x, z - (low + 0.02), 0.62 * wide, 0.42 * (top - low) + 1e-3), fine)
        ir, ig, ib = ir + 0.42 * tongue, ig + 0.07 * tongue, ib + 0.075 * tongue
        teeth = cover(top - lesser(0.45 * (up + down), 0.085) - z, fine) * (1.0 - rounded) * step(0.1, 0.25, opened)
        ir, ig, ib = (ir + (0.82 - ir) * teeth, ig + (0.80 - ig) * teeth, ib + (0.76 - ib) * teeth)
        r, g, b = r + (ir - r) * gap, g + (ig - g) * gap, b + (ib - b) * gap
    # The dark line between closed lips goes on into the corners.
    closed = 1.0 - step(0.02, 0.12, greater(opened, 0.2 * rounded))
    line = stroke((z - middle) * k, 0.018 + 0.16 * fine, fine) * cover(outside - 0.02, fine) * closed
    corner = math.sqrt((abs(x) - wide) ** 2 + (z - 0.115 * bend) ** 2)
    line = greater(lesser(line, 1.0), 0.5 * (1.0 - rounded) * cover(corner - 0.022, fine))
    return (
        r + (0.10 * face[LIPS] - r) * line,
        g + (0.08 * face[LIPS + 1] - g) * line,
        b + (0.1 * face[LIPS + 2] - b) * line,
    )


@scalar
def beard(face: Any, x: float, z: float, turn: float, fine: float, r: float, g: float, b: float) -> Any:
    """The skin with a beard's shade: chin, jaw and upper lip; 1 is a full beard, little a stubble."""
    amount = lesser(greater(face[BEARD], 0.0), 1.0) * step(1.5, 1.15, turn)
    if amount <= 0.0:
        return r, g, b
    rise = greater(abs(x) - 0.30, 0.0)
    jaw = z + 0.36 - 0.9 * rise
    under_lip = egg_edge(x, z - MOUTH_Z + 0.02, 0.30, 0.15)
    lip = greater(egg_edge(x, z - MOUTH_Z - 0.10, 0.33, 0.12), -egg_edge(x, z - MOUTH_Z + 0.06, 0.34, 0.13))
    shade = (
        greater(cover(greater(jaw, -under_lip), fine + 0.10 - 0.06 * amount), cover(lip, fine + 0.05))
        * amount**0.7
        * 0.93
    )
    return (r + (face[BROWS] - r) * shade, g + (face[BROWS + 1] - g) * shade, b + (face[BROWS + 2] - b) * shade)


@scalar
def face_paint(
    face: Any, x: float, y: float, z: float, sa: float, sb: float, sc: float, fine: float, r: float, g: float, b: float
) -> Any:
    """Linear RGB of a head of skin r, g, b with semi-axes sa, sb, sc at a local point of its surface.

    `face` are the twenty numbers; `fine` is the pixel's footprint in metres.
    """
    if x <= 0.0:
        return r, g, b
    turn = math.atan2(y / sb, x / sa)
    wide = sb / sc
    px, pz = abs(turn) * wide, z / sc
    side = 1.0 if turn > 0.0 else -1.0
    fine = fine / sc
    blush = 0.42 * face[BLUSH] * math.exp(-((px - 0.50 * wide) ** 2 + 0.7 * (pz + 0.24) ** 2) * 28.0)
    r, g, b = r * (1.0 - 0.1 * blush), g * (1.0 - 0.85 * blush), b * (1.0 - 0.7 * blush)
    r, g, b = beard(face, px, pz, abs(turn), fine, r, g, b)
    r, g, b = mouth(face, px, pz - MOUTH_Z, fine, r, g, b)
    r, g, b = eye(face, px - EYE_X * wide, pz - EYE_Z, side, fine, r, g, b)
    return brow(face, px, pz, fine, r, g, b)
