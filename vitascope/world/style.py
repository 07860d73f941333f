"""Picture styles: frames with known depth and ids drawn again as cartoon, pencil, watercolour, noir or pixel art.

Hatching, paper and dither are fixed to the page, and all steps between tones are soft, so that what stands still stays
still. Measures are for pictures 144 pixels high and grow with the picture. Planes are float32 [H, W] in 0..1.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, get_args

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from vitascope.world.kernels import kernel
from vitascope.world.scene import Style
from vitascope.world.shading import lattice, noise2, step

Frames = NDArray[np.uint8]  # [T, H, W, 3]

HIGH = 144.0  # pixels: the height that measures are given for
LINE_WIDTH: dict[Style, float] = {"cartoon": 1.0, "pencil": 0.62, "watercolour": 0.5}  # half widths, pixels
BREAK = 1.75  # widths of a pixel by which a surface must leave its own plane to be outlined within a thing
RED, GREEN, BLUE = np.float32(0.30), np.float32(0.59), np.float32(0.11)
ONE = np.float32(1.0)

# Places in a page (see `lay_page`).
GRAIN, TOOTH, BLOTCH, SHIFT_X, SHIFT_Y, HATCH = 0, 1, 2, 3, 4, 5
GAP = 4.0  # pixels from stroke to stroke
HATCHES = ((0.80, 0.16), (-0.62, 0.42), (0.12, 0.66))  # direction in radians, and the darkness where it begins
PAGE_SIZE = HATCH + len(HATCHES)

# A step in drawing one frame.
part = njit(fastmath=True, error_model="numpy", nogil=True)


# --- steps ------------------------------------------------------------------------------------------------------------


@part
def planes_of(frame: Any) -> Any:
    """A frame [H, W, 3] as planes [3, H, W]."""
    high, wide, _ = frame.shape
    out = np.empty((3, high, wide), np.float32)
    for j in range(high):
        for c in range(3):
            for i in range(wide):
                out[c, j, i] = np.float32(frame[j, i, c]) * np.float32(1.0 / 255.0)
    return out


@part
def byte(value: Any) -> Any:
    return np.uint8(min(max(value, 0.0), 1.0) * 255.0 + 0.5)


@part
def luma(planes: Any) -> Any:
    return RED * planes[0] + GREEN * planes[1] + BLUE * planes[2]


@part
def bell(sigma: float) -> Any:
    """Weights of a Gaussian blur; their sum is 1."""
    reach = max(1, math.ceil(2.2 * sigma))
    out = np.empty(2 * reach + 1, np.float32)
    for k in range(-reach, reach + 1):
        out[k + reach] = math.exp(-0.5 * (k / sigma) ** 2)
    return out / out.sum()


@part
def blur(plane: Any, weights: Any) -> Any:
    """A plane weighted along both axes; its border pixels go on outside."""
    high, wide = plane.shape
    reach = len(weights) // 2
    padded = np.empty(wide + 2 * reach, np.float32)
    across, out = np.zeros((high, wide), np.float32), np.zeros((high, wide), np.float32)
    for j in range(high):
        padded[:reach], padded[reach + wide :] = plane[j, 0], plane[j, wide - 1]
        padded[reach : reach + wide] = plane[j]
        for k in range(len(weights)):
            for i in range(wide):
                across[j, i] += weights[k] * padded[i + k]
    for j in range(high):
        for k in range(len(weights)):
            y = min(max(j + k - reach, 0), high - 1)
            for i in range(wide):
                out[j, i] += weights[k] * across[y, i]
    return out


@part
def calm_rows(planes: Any, reach: int, pace: int, sharp: float) -> Any:
    """Each row smoothed where its colours are alike: a bilateral filter along x. Returned with x and y changed over."""
    _, high, wide = planes.shape
    out = np.empty((3, wide, high), np.float32)
    pad = reach * pace
    row = np.empty((3, wide + 2 * pad), np.float32)
    acc = np.empty((4, wide), np.float32)
    k2 = np.float32(sharp * sharp)
    for j in range(high):
        for c in range(3):
            row[c, :pad], row[c, pad + wide :] = planes[c, j, 0], planes[c, j, wide - 1]
            row[c, pad : pad + wide] = planes[c, j]
        acc[:] = np.float32(0.0)
        for k in range(0, 2 * pad + 1, pace):
            for i in range(wide):
                r, g, b = row[0, i + k], row[1, i + k], row[2, i + k]
                dr, dg, db = r - row[0, i + pad], g - row[1, i + pad], b - row[2, i + pad]
                w = ONE / (ONE + k2 * (dr * dr + dg * dg + db * db))
                w = w * w
                acc[0, i] += w * r
                acc[1, i] += w * g
                acc[2, i] += w * b
                acc[3, i] += w
        for i in range(wide):
            w = ONE / acc[3, i]
            out[0, i, j], out[1, i, j], out[2, i, j] = acc[0, i] * w, acc[1, i] * w, acc[2, i] * w
    return out


@part
def calmed(planes: Any, unit: float, sharp: float, rounds: int) -> Any:
    """Planes smoothed inside their edges; differences of 1 / `sharp` count as edges."""
    pace = max(1, int(unit / 2.0))
    reach = max(1, round(3.0 * unit / pace))
    for _ in range(2 * rounds):
        planes = calm_rows(planes, reach, pace, sharp)
    return planes


@part
def washed(planes: Any, reach: int) -> Any:
    """Planes as even patches with firm edges: each pixel takes the mean of whichever windows beside it are evenest."""
    _, high, wide = planes.shape
    box = np.full(2 * reach + 1, np.float32(1.0 / (2 * reach + 1)), np.float32)
    mean = np.empty_like(planes)
    spread = np.zeros((high, wide), np.float32)
    for c in range(3):
        mean[c] = blur(planes[c], box)
        spread += blur(planes[c] * planes[c], box) - mean[c] * mean[c]
    out = np.empty_like(planes)
    for j in range(high):
        for i in range(wide):
            r, g, b, total = 0.0, 0.0, 0.0, 0.0
            for k in range(8):
                y = min(max(j + (reach, reach, -reach, -reach, 0, 0, reach, -reach)[k], 0), high - 1)
                x = min(max(i + (reach, -reach, reach, -reach, reach, -reach, 0, 0)[k], 0), wide - 1)
                w = 1.0 / (0.0004 + max(spread[y, x], 0.0))
                w = w * w
                r, g, b, total = r + w * mean[0, y, x], g + w * mean[1, y, x], b + w * mean[2, y, x], total + w
            out[0, j, i], out[1, j, i], out[2, j, i] = r / total, g / total, b / total
    return out


@part
def taken(plane: Any, y: float, x: float) -> float:
    """The plane's value between pixels."""
    high, wide = plane.shape
    y, x = min(max(y, 0.0), high - 1.001), min(max(x, 0.0), wide - 1.001)
    j, i = int(y), int(x)
    v, u = y - j, x - i
    j2, i2 = min(j + 1, high - 1), min(i + 1, wide - 1)
    top = plane[j, i] + (plane[j, i2] - plane[j, i]) * u
    low = plane[j2, i] + (plane[j2, i2] - plane[j2, i]) * u
    return top + (low - top) * v


@part
def tone(value: float, levels: float, soft: float) -> float:
    """`value` in 0..1 brought to one of the steps; the rise from one to the next takes 2 * `soft` of a step."""
    x = min(max(value, 0.0), 1.0) * levels
    low = math.floor(x)
    return (low + step(0.5 - soft, 0.5 + soft, x - low)) / levels


@part
def mark_breaks(ids: Any, near: Any, slack: float, reach: int, todo: Any) -> None:
    """Mark all pixels within `reach` of where the thing or its surface changes from one pixel to the next."""
    high, wide = ids.shape
    for j in range(high):
        for i in range(wide):
            here = ids[j, i]
            broken = False
            for k in range(2):
                y, x = j + k, i + 1 - k
                if y >= high or x >= wide:
                    continue
                if ids[y, x] != here:
                    broken = True
                elif here > 0:
                    y0, x0 = max(j - k, 0), max(i - 1 + k, 0)
                    bend = abs(near[y, x] - 2.0 * near[j, i] + near[y0, x0])
                    broken = broken or bend > 0.4 * slack * near[j, i]
            if broken:
                todo[max(j - reach, 0) : j + reach + 2, max(i - reach, 0) : i + reach + 2] = True


@part
def lesser(a: float, b: float) -> float:
    """Whichever is nearer to 0, or 0 where they differ in sign."""
    if a * b <= 0.0:
        return 0.0
    return a if abs(a) < abs(b) else b


@kernel
def draw_lines(ids: Any, near: Any, half: float, lines: Any) -> None:
    """Outlines: how much of each pixel (0..255) they cover; on edges 5 m away they reach `half` pixels to both sides.

    How far a pixel is from an edge follows from what share of the pixels around it lies beyond, which is finer than
    the steps of the edge itself. `near` is 1 / depth; ids are 0 where nothing is outlined.
    """
    total, high, wide = ids.shape
    slack = BREAK * 0.7 / min(high, wide)
    sigma = max(1.0, 0.7 * half)
    reach = math.ceil(1.6 * half + 1.0)
    weights = np.empty(2 * reach + 1, np.float32)
    for k in range(-reach, reach + 1):
        weights[k + reach] = math.exp(-0.5 * (k / sigma) ** 2)
    for f in prange(total):
        todo = np.zeros((high, wide), np.bool_)
        mark_breaks(ids[f], near[f], slack, reach, todo)
        for j in range(high):
            for i in range(wide):
                if not todo[j, i]:
                    lines[f, j, i] = 0
                    continue
                here, n = ids[f, j, i], near[f, j, i]
                left, right, up, down = max(i - 1, 0), min(i + 1, wide - 1), max(j - 1, 0), min(j + 1, high - 1)
                gx = lesser(n - near[f, j, left], near[f, j, right] - n)
                gy = lesser(n - near[f, up, i], near[f, down, i] - n)
                beyond, whole, nearness = 0.0, 0.0, 0.0
                for y in range(max(j - reach, 0), min(j + reach + 1, high)):
                    for x in range(max(i - reach, 0), min(i + reach + 1, wide)):
                        w = weights[y - j + reach] * weights[x - i + reach]
                        whole += w
                        m = near[f, y, x]
                        other = ids[f, y, x] != here
                        if not other and here > 0:
                            other = abs(m - n - gx * (x - i) - gy * (y - j)) > slack * n
                        if other:
                            beyond += w
                            nearness += w * max(m, n)
                share = beyond / whole
                cover = 0.0
                if share > 0.0:
                    away = 0.5876 * sigma * math.log((1.0 - min(share, 0.95)) / share)
                    nearness /= beyond
                    thick = half * min(max(0.45 + 2.75 * nearness, 0.5), 1.6)
                    cover = min(max(thick - away + 0.5, 0.0), 1.0) * min(0.15 + 12.0 * nearness, 1.0)
                lines[f, j, i] = np.uint8(255.0 * cover + 0.5)


@kernel
def lay_page(page: Any, origin: Any, unit: float) -> None:
    """Fill a page [PAGE_SIZE, H, W]: grain, tooth, blotches, wavering (in pixels), and screens of strokes.

    A screen is 0 in the middle of a stroke and above 1 between strokes. `origin` [2] moves everything on the page.
    """
    _, high, wide = page.shape
    fine = 1.15 * math.sqrt(unit)
    for j in prange(high):
        for i in range(wide):
            x, y = i + origin[0], j + origin[1]
            a, b = x / fine, y / fine
            page[GRAIN, j, i] = 0.6 * noise2(a, b, 1) + 0.4 * noise2(0.8 * a + b, b, 2)
            a, b = x / (2.6 * unit**0.65), y / (2.6 * unit**0.65)
            tooth = noise2(a + 0.25, b + 0.25, 3) - noise2(a - 0.25, b - 0.25, 3)
            page[TOOTH, j, i] = tooth + 0.5 * (noise2(2.1 * a + 0.3, 2.1 * b + 0.3, 4) - noise2(2.1 * a, 2.1 * b, 4))
            a, b = x / (34.0 * unit), y / (34.0 * unit)
            page[BLOTCH, j, i] = (
                0.5 * noise2(a, b, 5) + 0.3 * noise2(2.3 * a + b, 2.3 * b - a, 6) + 0.2 * noise2(6.0 * a, 6.0 * b, 7)
            )
            a, b = x / (9.0 * unit), y / (9.0 * unit)
            page[SHIFT_X, j, i] = unit * (1.3 * noise2(a, b, 8) + 0.7 * noise2(2.6 * a, 2.6 * b, 9) - 1.0)
            page[SHIFT_Y, j, i] = unit * (1.3 * noise2(a, b, 10) + 0.7 * noise2(2.6 * a, 2.6 * b, 11) - 1.0)
            gap = GAP * unit**0.72
            for k in range(len(HATCHES)):
                turn = HATCHES[k][0]
                along = (i * math.cos(turn) - j * math.sin(turn)) / (26.0 * unit)
                across = (i * math.sin(turn) + j * math.cos(turn)) / gap
                across += 0.9 * noise2(along, across * 0.13, 12 + k) + origin[0]
                row = math.floor(across)
                along += 7.0 * lattice(row, 3, k)
                piece = along - math.floor(along)
                press = lattice(row, math.floor(along), 4 + k)
                fade = step(0.0, 0.12, piece) * step(0.0, 0.3, 1.0 - piece)
                page[HATCH + k, j, i] = 2.0 * abs(across - row - 0.5) + 0.5 * (0.5 - press) + 0.6 * (1.0 - fade)


# --- styles -----------------------------------------------------------------------------------------------------------


@kernel
def draw_cartoon(frames: Any, lines: Any, unit: float, out: Any) -> None:
    """Flat colours in few tones, with dark outlines."""
    for f in prange(len(frames)):
        planes = calmed(planes_of(frames[f]), unit, 8.0, 2)
        _, high, wide = planes.shape
        for j in range(high):
            for i in range(wide):
                r, g, b = planes[0, j, i], planes[1, j, i], planes[2, j, i]
                light = 0.5 * (0.30 * r + 0.59 * g + 0.11 * b) + 0.5 * max(r, g, b)
                shown = tone(1.05 * light**0.74, 6.0, 0.04)
                k = (shown + 0.02) / (light + 0.02)
                r, g, b = r * k, g * k, b * k
                grey = 0.30 * r + 0.59 * g + 0.11 * b
                keep = 1.0 - 0.94 * lines[f, j, i] / 255.0
                out[f, j, i, 0] = byte(0.075 + keep * (grey + 1.32 * (r - grey) - 0.075))
                out[f, j, i, 1] = byte(0.055 + keep * (grey + 1.32 * (g - grey) - 0.055))
                out[f, j, i, 2] = byte(0.095 + keep * (grey + 1.32 * (b - grey) - 0.095))


@kernel
def draw_pencil(frames: Any, lines: Any, page: Any, black: float, white: float, unit: float, out: Any) -> None:
    """Graphite on paper: outlines, details and hatching in up to three directions, the denser the darker."""
    thin, thick, wider, gap = bell(0.55 * unit), bell(1.2 * unit), bell(5.0 * unit), GAP * unit**0.72
    for f in prange(len(frames)):
        light = luma(planes_of(frames[f]))
        high, wide = light.shape
        for j in range(high):
            for i in range(wide):
                light[j, i] = min(max((light[j, i] - black) / (white - black), 0.0), 1.0) ** 0.62
        fine, broad, around = blur(light, thin), blur(light, thick), blur(light, wider)
        line = lines[f].astype(np.float32)
        for j in range(high):
            for i in range(wide):
                dark = 1.0 - broad[j, i] + 0.6 * (around[j, i] - broad[j, i])
                dark = 0.92 * min(max(dark, 0.0), 1.0)
                bare = 1.0 - 0.30 * dark * dark - 0.08 * dark  # smudged
                for k in range(len(HATCHES)):
                    width = min(max((dark - HATCHES[k][1]) / 0.6, 0.0), 1.0)
                    cover = min(max((0.2 + 0.75 * width - page[HATCH + k, j, i]) * 0.5 * gap + 0.5, 0.0), 1.0)
                    bare *= 1.0 - cover * min(5.0 * width, 1.0) * (0.26 + 0.30 * dark)
                y, x = j + 0.5 * page[SHIFT_Y, j, i], i + 0.5 * page[SHIFT_X, j, i]
                detail = min(max((broad[j, i] - fine[j, i] - 0.015) * 8.0, 0.0), 0.8)
                stroke = max(taken(line, y, x) / 255.0, detail)
                grain = page[GRAIN, j, i]
                ink = 1.0 - bare * (1.0 - stroke * 0.9)
                ink *= 1.0 - (0.42 - 0.25 * stroke) * step(0.42, 0.75, grain)
                paper = 0.965 + 0.04 * page[TOOTH, j, i] - 0.025 * grain
                out[f, j, i, 0] = byte(paper + ink * (0.17 - paper))
                out[f, j, i, 1] = byte(0.985 * paper + ink * (0.17 - 0.985 * paper))
                out[f, j, i, 2] = byte(0.945 * paper + ink * (0.19 - 0.945 * paper))


@kernel
def draw_watercolour(frames: Any, lines: Any, page: Any, black: float, white: float, unit: float, out: Any) -> None:
    """Washes of pigment on rough paper: darker rims, uneven flow, soft bleeding, and bare paper around."""
    rim, bleed, reach = bell(1.8 * unit), bell(4.0 * unit), max(1, round(1.2 * unit))
    for f in prange(len(frames)):
        planes = washed(planes_of(frames[f]), reach)
        _, high, wide = planes.shape
        for c in range(3):  # light through pigment: densities add where colours multiply
            for j in range(high):
                for i in range(wide):
                    light = min(max((planes[c, j, i] - black) / (white - black), 0.0), 1.0)
                    planes[c, j, i] = -math.log(0.06 + 0.94 * light)
        mean = luma(planes)
        around = blur(mean, rim)
        wet = np.empty_like(planes)
        for c in range(3):
            wet[c] = blur(planes[c], bleed)
        line = lines[f].astype(np.float32)
        for j in range(high):
            for i in range(wide):
                y, x = j + page[SHIFT_Y, j, i], i + page[SHIFT_X, j, i]
                flow = page[BLOTCH, j, i]
                mixed = 0.08 + 0.55 * step(0.5, 0.75, flow)
                excess = taken(mean, y, x) - taken(around, y, x)
                firm = (1.0 + 1.1 * min(max(excess, -0.4), 0.6)) * (0.28 + 0.76 * flow)
                firm *= 1.0 + 0.5 * (page[GRAIN, j, i] - 0.5)
                r = (1.0 - mixed) * taken(planes[0], y, x) + mixed * wet[0, j, i]
                g = (1.0 - mixed) * taken(planes[1], y, x) + mixed * wet[1, j, i]
                b = (1.0 - mixed) * taken(planes[2], y, x) + mixed * wet[2, j, i]
                grey = (r + g + b) / 3.0
                edge = min(min(j + 0.5, high - j - 0.5), min(i + 0.5, wide - i - 0.5)) / unit
                firm *= step(1.0, 4.5, edge + 9.0 * (flow - 0.5) + 0.8 * page[SHIFT_X, j, i] / unit)
                drawn = 0.42 * taken(line, y, x) / 255.0
                r = firm * max(grey + 1.28 * (r - grey), 0.0) + drawn
                g = firm * max(grey + 1.28 * (g - grey), 0.0) + 1.1 * drawn
                b = firm * max(grey + 1.28 * (b - grey), 0.0) + 1.1 * drawn
                paper = 0.975 + 0.085 * page[TOOTH, j, i]
                out[f, j, i, 0] = byte(paper * math.exp(-r))
                out[f, j, i, 1] = byte(0.985 * paper * math.exp(-g))
                out[f, j, i, 2] = byte(0.95 * paper * math.exp(-b))


@kernel
def draw_noir(frames: Any, origin: Any, levels: Any, unit: float, out: Any) -> None:
    """Black and white film: crushed blacks, glowing lights, dark corners, and grain that changes with each frame."""
    black, white, middle = levels
    glow = bell(4.5 * unit)
    size = 1.1 * math.sqrt(unit)
    for f in prange(len(frames)):
        planes = planes_of(frames[f])
        light = (np.float32(0.38) * planes[0] + np.float32(0.46) * planes[1] + np.float32(0.16) * planes[2]).astype(
            np.float32
        )
        around = blur(light, glow)
        high, wide = light.shape
        for j in range(high):
            for i in range(wide):
                x = (light[j, i] + 0.30 * (light[j, i] - around[j, i]) - black) / (white - black)
                x = 1.0 / (1.0 + math.exp(-6.3 * (x - middle)))
                x = min(max((x - 0.045) / 0.93, 0.0), 1.0)
                haze = max((around[j, i] - black) / (white - black) - middle, 0.0)
                x += 0.25 * haze * (1.0 - x)
                u, v = (i + 0.5) / wide - 0.5, (j + 0.5) / high - 0.48
                x *= 1.0 - 0.80 * step(0.28, 0.82, math.sqrt(u * u + 1.15 * v * v))
                a, b = (i + origin[0] + 31.7 * f) / size, (j + origin[1] + 17.3 * f) / size
                grain = noise2(a, b, f & 63) + noise2(1.7 * b, 1.7 * a, (f + 29) & 63) - 1.0
                value = byte(x + (0.015 + 0.10 * math.sqrt(x * (1.0 - x))) * grain)
                out[f, j, i, 0], out[f, j, i, 1], out[f, j, i, 2] = value, value, value


@kernel
def draw_pixels(frames: Any, ids: Any, near: Any, block: int, colours: Any, mixes: Any, dither: Any, out: Any) -> None:
    """Large pixels in few colours: each shows what most of it shows; a pixel beside a nearer thing is its outline."""
    total, high, wide, _ = frames.shape
    down, across = (high + block - 1) // block, (wide + block - 1) // block
    for f in prange(total):
        what, close = np.empty((down, across), np.int32), np.empty((down, across), np.float32)
        mean = np.empty((down, across, 3), np.float32)
        seen, votes = np.empty(block * block, np.int32), np.empty(block * block, np.int32)
        for y in range(down):
            for x in range(across):
                rows = range(y * block, min(y * block + block, high))
                columns = range(x * block, min(x * block + block, wide))
                count = 0
                for j in rows:
                    for i in columns:
                        at = 0
                        while at < count and seen[at] != ids[f, j, i]:
                            at += 1
                        if at == count:
                            seen[at], votes[at] = ids[f, j, i], 0
                            count += 1
                        votes[at] += 1
                most = seen[votes[:count].argmax()]
                r, g, b, n, z = 0.0, 0.0, 0.0, 0.0, 0.0
                for j in rows:
                    for i in columns:
                        if ids[f, j, i] == most:
                            r, g, b = r + frames[f, j, i, 0], g + frames[f, j, i, 1], b + frames[f, j, i, 2]
                            n, z = n + 1.0, z + near[f, j, i]
                what[y, x], close[y, x] = most, z / n
                mean[y, x, 0], mean[y, x, 1], mean[y, x, 2] = r / n, g / n, b / n
        for y in range(down):
            for x in range(across):
                outline = False
                for k in range(4):
                    v, u = y + (0, 0, 1, -1)[k], x + (1, -1, 0, 0)[k]
                    if 0 <= v < down and 0 <= u < across and what[v, u] > 0 and what[v, u] != what[y, x]:
                        outline = outline or close[v, u] > close[y, x]
                mix = mixes[int(mean[y, x, 0]) >> 3, int(mean[y, x, 1]) >> 3, int(mean[y, x, 2]) >> 3]
                colour = mix[1] if dither[y & 3, x & 3] < mix[2] else mix[0]
                if outline:
                    colour = 0
                for j in range(y * block, min(y * block + block, high)):
                    for i in range(x * block, min(x * block + block, wide)):
                        out[f, j, i] = colours[colour]


# --- the palette ------------------------------------------------------------------------------------------------------

PALETTE = (  # ramps from dark to light; the first is the outlines'
    "18121f 2f2b3d 565468 87889a b9bdc6 ced2d6 e2e6e8 fbfaf3",  # greys
    "14182a 222c42 3a4a66 647a9c a4bcd2 d8e8f2",  # slates
    "561426 9e1c2a de3a32 f5826c 7c3434 bc5a50 dc9088",  # reds
    "5c2a14 8f3a16 d9661c f6a04a fcc88c",  # oranges
    "6a5a24 a8741c e6b830 fde488",  # yellows
    "0a1c1a 0f2c22 1c4a2a 2f7434 5ea23e 9ccb5c",  # greens
    "175062 2c8c96 78c8c0 5c8c78 a8cdb4",  # seas
    "10143a 1e2a62 2d55b8 4a86e0 82b8f2 bfe0fb",  # blues
    "361a52 6c3092 a02cac a878c0 d0b8d8",  # purples
    "90285e dc5e94 f8acc0 d8aaaa f0dcd8",  # pinks
    "33201e 60382a 935c3c c49468 ecc8a0 fae4c8 d8c8a8",  # browns, skins and sands
)
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.uint8)


def _lab(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB in 0..1 [..., 3] as OKLab, where distances are what eyes see."""
    light = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    cones = np.cbrt(light @ ((0.4122, 0.2119, 0.0883), (0.5363, 0.6807, 0.2817), (0.0514, 0.1074, 0.6300)))
    return np.asarray(cones @ ((0.2105, 1.9780, 0.0259), (0.7936, -2.4286, 0.7828), (-0.0041, 0.4506, -0.8087)))


@lru_cache(1)
def _palette() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The colours [C, 3], and for each of 32³ colours the two that mix to it and sixteenths of the second.

    [32, 32, 32, 3]
    """
    words = " ".join(PALETTE).split()
    colours = np.array([[int(word[at : at + 2], 16) for at in (0, 2, 4)] for word in words], np.uint8)
    known = _lab(colours / 255.0)
    levels = (np.arange(32) + 0.5) / 32.0
    wanted = _lab(np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3))
    # Strong colours a little stronger, which a dark outline asks for; faint ones fainter, or greys would be speckled.
    wanted[:, 1:] *= (0.85 + 4.0 * np.hypot(wanted[:, 1], wanted[:, 2])).clip(0.85, 1.2)[:, None]
    closest = np.argsort(((wanted[:, None] - known) ** 2).sum(axis=-1), axis=1)[:, :5]
    best, mixes = np.full(len(wanted), np.inf), np.zeros((len(wanted), 3), np.uint8)
    for first in range(5):
        for second in range(first, 5):
            a, b = closest[:, first], closest[:, second]
            apart = ((known[a] - known[b]) ** 2) @ (1.0, 3.0, 3.0)
            for share in (0, 4, 8) if second > first else (0,):
                mixed = known[a] + (known[b] - known[a]) * (share / 16)
                error = ((mixed - wanted) ** 2).sum(axis=-1) + 0.13 * apart * (share > 0)
                better = error < best
                best[better] = error[better]
                mixes[better] = np.stack([a, b, np.full(len(a), share)], axis=-1)[better]
    return colours, mixes.reshape(32, 32, 32, 3)


# --- the door ---------------------------------------------------------------------------------------------------------


def _block(high: int, wide: int) -> int:
    """Size of a large pixel: about 45 of them on the shorter side, a number that divides both sides if one is near."""
    short = min(high, wide)
    near = [n for n in range(1, short + 1) if short / 52 <= n <= short / 39]
    whole = [n for n in near if high % n == 0 and wide % n == 0]
    return max(whole or near or [max(1, round(short / 45))])


def _levels(frames: Frames, keep: float) -> tuple[float, float, float]:
    """What of the clip's light becomes black and white (its own darkest and brightest, or `keep` of 0 and 1), and where
    the middle of its light lies between them, within 0.40..0.66."""
    sparse = frames[:, ::3, ::3].astype(np.float32) @ np.array([0.30, 0.59, 0.11], np.float32) / 255.0
    dark, median, bright = (float(q) for q in np.percentile(sparse, (1.0, 50.0, 99.0)))
    black = dark * (1.0 - keep)
    white = max(bright + keep * (1.0 - bright), black + 0.15)
    return black, white, min(max((median - black) / (white - black), 0.40), 0.66)


def _page(shape: tuple[int, int], origin: NDArray[np.float64], unit: float) -> NDArray[np.float32]:
    page = np.empty((PAGE_SIZE, *shape), np.float32)
    lay_page(page, origin, unit)
    return page


def stylise(frames: Frames, depth: NDArray[np.float32], ids: NDArray[np.int16], style: Style, seed: int = 0) -> Frames:
    """Frames [T, H, W, 3] in a style; "natural" returns the frames themselves.

    `depth` [T, H, W] is in metres, infinite in the sky; `ids` [T, H, W] are -1 in the sky, 0 on the ground and above
    for things, which are outlined where the id changes. The same input and seed give the same bytes whatever the
    number of threads; `seed` chooses the paper and the grain. Raises ValueError for arrays that do not fit together and
    for unknown styles.
    """
    if style not in get_args(Style):
        raise ValueError(f"style was {style!r}; allowed are {', '.join(get_args(Style))}")
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or 0 in frames.shape:
        raise ValueError(f"frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}")
    if depth.shape != frames.shape[:3] or ids.shape != frames.shape[:3]:
        raise ValueError(f"depth {list(depth.shape)} and ids {list(ids.shape)} must be {list(frames.shape[:3])}")
    if style == "natural":
        return frames
    if not (depth > 0.0).all():
        raise ValueError("depth must be above 0 metres (infinite in the sky)")
    _, high, wide, _ = frames.shape
    unit = min(high, wide) / HIGH
    frames, ids = np.ascontiguousarray(frames), np.ascontiguousarray(ids)
    near = np.ascontiguousarray(1.0 / depth, np.float32)
    origin = np.random.default_rng([seed, 5]).uniform(0.0, 1000.0, 2)
    out = np.empty_like(frames)
    if style == "noir":
        draw_noir(frames, origin, _levels(frames, 0.12), unit, out)
        return out
    if style == "pixel art":
        draw_pixels(frames, ids, near, _block(high, wide), *_palette(), BAYER, out)
        return out
    lines = np.empty(ids.shape, np.uint8)
    draw_lines(np.maximum(ids, 0), near, LINE_WIDTH[style] * unit**0.75, lines)
    if style == "cartoon":
        draw_cartoon(frames, lines, unit, out)
    elif style == "pencil":
        draw_pencil(frames, lines, _page((high, wide), origin, unit), *_levels(frames, 0.35)[:2], unit, out)
    else:
        draw_watercolour(frames, lines, _page((high, wide), origin, unit), *_levels(frames, 0.5)[:2], unit, out)
    return out
