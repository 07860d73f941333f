"""Picture styles: frames with known depth and ids drawn again as cartoon, pencil, watercolour, noir or pixel art.

Hatching, paper and dither are fixed to the page, and all steps between tones are soft, so that what stands still stays
still. Measures are for pictures 144 pixels high and grow with the picture. Planes are float32 [H, W] in 0..1.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, get_args

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitascope.world.kernels import STAMP, kernel, share_out
from vitascope.world.scene import Style
from vitascope.world.shading import lattice, noise2, step

Frames = NDArray[np.uint8]  # [T, H, W, 3]
Levels = tuple[float, float, float]  # what is black, what is white, and the middle of the light between them

HIGH = 144.0  # pixels: the height that measures are given for
LINE_WIDTH: dict[Style, float] = {"cartoon": 1.0, "pencil": 0.62, "watercolour": 0.5}  # half widths, pixels
KEPT_LIGHT: dict[Style, float] = {"noir": 0.12, "pencil": 0.35, "watercolour": 0.5}  # how little light is stretched
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
def add(total: Any, plane: Any, weight: Any) -> None:
    """Add rows [N], weighted: on slices, since sums of indices would keep the loop from being vectorised."""
    for i in range(len(total)):
        total[i] += weight * plane[i]


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
            add(across[j], padded[k : k + wide], weights[k])
    for j in range(high):
        for k in range(len(weights)):
            add(out[j], across[min(max(j + k - reach, 0), high - 1)], weights[k])
    return out


@part
def add_product(total: Any, plane: Any, weights: Any) -> None:
    for i in range(len(total)):
        total[i] += weights[i] * plane[i]


@part
def calm(here: Any, there: Any, at: int, acc: Any, like: Any, sharp: Any) -> None:
    """Add to `acc` [4, N] the colours `there` from `at` on, weighted by likeness to `here` [3, N], and the weights."""
    r0, g0, b0 = here[0], here[1], here[2]
    r, g, b = there[0][at : at + len(r0)], there[1][at : at + len(r0)], there[2][at : at + len(r0)]
    # Apart from the sums: a loop that writes many rows would not be vectorised.
    for i in range(len(like)):
        dr, dg, db = r[i] - r0[i], g[i] - g0[i], b[i] - b0[i]
        w = ONE / (ONE + sharp * (dr * dr + dg * dg + db * db))
        like[i] = w * w
    add_product(acc[0], r, like)
    add_product(acc[1], g, like)
    add_product(acc[2], b, like)
    add(acc[3], like, ONE)


@part
def calm_axis(planes: Any, down: bool, reach: int, pace: int, sharp: Any) -> Any:
    """Planes [H, 3, W] smoothed along y (`down`) or x where colours are alike: a bilateral filter."""
    high, _, wide = planes.shape
    out = np.empty_like(planes)
    pad = reach * pace
    row, acc = np.empty((3, wide + 2 * pad), np.float32), np.empty((4, wide), np.float32)
    like = np.empty(wide, np.float32)
    for j in range(high):
        acc[:] = np.float32(0.0)
        if down:
            for k in range(-pad, pad + 1, pace):
                calm(planes[j], planes[min(max(j + k, 0), high - 1)], 0, acc, like, sharp)
        else:
            for c in range(3):
                row[c, :pad], row[c, pad + wide :] = planes[j, c, 0], planes[j, c, wide - 1]
                row[c, pad : pad + wide] = planes[j, c]
            for k in range(0, 2 * pad + 1, pace):
                calm(planes[j], row, k, acc, like, sharp)
        for c in range(3):
            for i in range(wide):
                out[j, c, i] = acc[c, i] / acc[3, i]
    return out


@part
def calmed(frame: Any, unit: float, sharp: float, rounds: int) -> Any:
    """A frame [H, W, 3] as planes [H, 3, W], smoothed inside its edges; differences of 1 / `sharp` count as edges."""
    high, wide, _ = frame.shape
    planes = np.empty((high, 3, wide), np.float32)
    for j in range(high):
        for i in range(wide):
            for c in range(3):
                planes[j, c, i] = np.float32(frame[j, i, c]) * np.float32(1.0 / 255.0)
    pace = max(1, int(unit / 2.0))
    reach = max(1, round(3.0 * unit / pace))
    for k in range(2 * rounds):
        planes = calm_axis(planes, k % 2 == 1, reach, pace, np.float32(sharp * sharp))
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
    out, even, zero = np.empty_like(planes), np.empty_like(spread), np.float32(0.0)
    for j in range(high):
        for i in range(wide):
            w = ONE / (np.float32(0.0004) + max(spread[j, i], zero))
            even[j, i] = w * w
    for j in range(high):
        for i in range(wide):
            r, g, b, total = zero, zero, zero, zero
            for k in range(8):
                y = min(max(j + (reach, reach, -reach, -reach, 0, 0, reach, -reach)[k], 0), high - 1)
                x = min(max(i + (reach, -reach, reach, -reach, reach, -reach, 0, 0)[k], 0), wide - 1)
                w = even[y, x]
                r, g, b, total = r + w * mean[0, y, x], g + w * mean[1, y, x], b + w * mean[2, y, x], total + w
            out[0, j, i], out[1, j, i], out[2, j, i] = r / total, g / total, b / total
    return out


@part
def taken(plane: Any, y: Any, x: Any) -> Any:
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
def take_eight(pixels: Any, y: Any, x: Any, out: Any) -> None:
    """The values of pixels [H, W, 8] between them. [8]"""
    high, wide, _ = pixels.shape
    y, x = min(max(y, 0.0), high - 1.001), min(max(x, 0.0), wide - 1.001)
    j, i = int(y), int(x)
    v, u = np.float32(y - j), np.float32(x - i)
    j2, i2 = min(j + 1, high - 1), min(i + 1, wide - 1)
    for c in range(8):
        top = pixels[j, i, c] + (pixels[j, i2, c] - pixels[j, i, c]) * u
        low = pixels[j2, i, c] + (pixels[j2, i2, c] - pixels[j2, i, c]) * u
        out[c] = top + (low - top) * v


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


@part
def line_cover(
    ids: Any, near: Any, j: int, i: int, half: float, sigma: float, slack: float, weights: Any, sums: Any
) -> Any:
    """How much of a pixel (0..255) its outlines cover; `sums` are of the first 0, 1, 2, ... of `weights`."""
    high, wide = ids.shape
    reach = len(weights) // 2
    y0, y1, x0, x1 = max(j - reach, 0), min(j + reach + 1, high), max(i - reach, 0), min(i + reach + 1, wide)
    here, n = ids[j, i], near[j, i]
    beyond = np.float32(0.0)
    nearness: Any = np.float32(0.0)
    if here == 0:  # the ground has no breaks of its own, and its depth is no measure at the horizon
        for y in range(y0, y1):
            for x in range(x0, x1):
                if ids[y, x] != 0:
                    w = weights[x - i + reach] * weights[y - j + reach]
                    beyond += w
                    nearness += w * max(near[y, x], n)
    else:
        gx = lesser(n - near[j, max(i - 1, 0)], near[j, min(i + 1, wide - 1)] - n)
        gy = lesser(n - near[max(j - 1, 0), i], near[min(j + 1, high - 1), i] - n)
        most = np.float32(slack) * n
        for y in range(y0, y1):
            flat = n + gy * np.float32(y - j)
            for x in range(x0, x1):
                m = near[y, x]
                if ids[y, x] != here or abs(m - flat - gx * np.float32(x - i)) > most:
                    w = weights[x - i + reach] * weights[y - j + reach]
                    beyond += w
                    nearness += w * max(m, n)
    if beyond <= 0.0:
        return 0
    whole = (sums[y1 - j + reach] - sums[y0 - j + reach]) * (sums[x1 - i + reach] - sums[x0 - i + reach])
    share = min(beyond / whole, 0.95)
    away = 0.5876 * sigma * math.log((1.0 - share) / share)
    nearness /= beyond
    thick = half * min(max(0.45 + 2.75 * nearness, 0.5), 1.6)
    cover = min(max(thick - away + 0.5, 0.0), 1.0) * min(0.15 + 12.0 * nearness, 1.0)
    return int(255.0 * cover + 0.5)


@kernel
def draw_lines(ids: Any, near: Any, half: float, lines: Any, stamp: int = STAMP) -> None:
    """Outlines: how much of each pixel (0..255) they cover; on edges 5 m away they reach `half` pixels to both sides.

    How far a pixel is from an edge follows from what share of the pixels around it lies beyond, which is finer than
    the steps of the edge itself. `near` is 1 / depth; ids are 0 where nothing is outlined.
    """
    total, high, wide = ids.shape
    slack = BREAK * 0.7 / min(high, wide)
    sigma = max(1.0, 0.7 * half)
    reach = max(2, round(1.6 * half + 0.5))
    weights, sums = np.empty(2 * reach + 1, np.float32), np.zeros(2 * reach + 2, np.float32)
    for k in range(2 * reach + 1):
        weights[k] = math.exp(-0.5 * ((k - reach) / sigma) ** 2)
        sums[k + 1] = sums[k] + weights[k]
    for f in range(total):
        todo = np.zeros((high, wide), np.bool_)
        what, close, line = ids[f], near[f], lines[f]
        mark_breaks(what, close, slack, reach - 1, todo)
        for j in range(high):
            for i in range(wide):
                if todo[j, i]:
                    line[j, i] = line_cover(what, close, j, i, half, sigma, slack, weights, sums)
                else:
                    line[j, i] = 0


@kernel
def lay_page(page: Any, origin: Any, unit: float, stamp: int = STAMP) -> None:
    """Fill a page [PAGE_SIZE, H, W]: grain, tooth, blotches, wavering (in pixels), and screens of strokes.

    A screen is 0 in the middle of a stroke and above 1 between strokes. `origin` [2] moves everything on the page.
    """
    _, high, wide = page.shape
    fine = 1.15 * math.sqrt(unit)
    for j in range(high):
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
def draw_cartoon(frames: Any, lines: Any, unit: float, out: Any, stamp: int = STAMP) -> None:
    """Flat colours in few tones, with dark outlines."""
    for f in range(len(frames)):
        planes = calmed(frames[f], unit, 8.0, 2)
        high, _, wide = planes.shape
        for j in range(high):
            for i in range(wide):
                r, g, b = planes[j, 0, i], planes[j, 1, i], planes[j, 2, i]
                light = 0.5 * (0.30 * r + 0.59 * g + 0.11 * b) + 0.5 * max(r, g, b)
                root = math.sqrt(light)
                shown = tone(1.05 * root * math.sqrt(root), 6.0, 0.07)  # light^0.75
                k = (shown + 0.02) / (light + 0.02)
                r, g, b = r * k, g * k, b * k
                grey = 0.30 * r + 0.59 * g + 0.11 * b
                keep = 1.0 - 0.94 * lines[f, j, i] / 255.0
                out[f, j, i, 0] = byte(0.075 + keep * (grey + 1.32 * (r - grey) - 0.075))
                out[f, j, i, 1] = byte(0.055 + keep * (grey + 1.32 * (g - grey) - 0.055))
                out[f, j, i, 2] = byte(0.095 + keep * (grey + 1.32 * (b - grey) - 0.095))


@kernel
def draw_pencil(
    frames: Any, lines: Any, page: Any, black: float, white: float, unit: float, out: Any, stamp: int = STAMP
) -> None:
    """Graphite on paper: outlines, details and hatching in up to three directions, the denser the darker."""
    curve = (np.linspace(0.0, 1.0, 1024) ** 0.62).astype(np.float32)  # paper is lighter than the world
    thin, thick, wider, gap = bell(0.55 * unit), bell(1.2 * unit), bell(5.0 * unit), GAP * unit**0.72
    for f in range(len(frames)):
        light = luma(planes_of(frames[f]))
        high, wide = light.shape
        for j in range(high):
            for i in range(wide):
                x = min(max((light[j, i] - black) / (white - black), 0.0), 1.0)
                light[j, i] = curve[int(1023.0 * x + 0.5)]
        fine, broad, around = blur(light, thin), blur(light, thick), blur(light, wider)
        line = lines[f] * np.float32(1.0 / 255.0)
        for j in range(high):
            for i in range(wide):
                dark = 1.0 - broad[j, i] + 0.6 * (around[j, i] - broad[j, i])
                dark = 0.92 * min(max(dark, 0.0), 1.0)
                bare = 1.0 - 0.30 * dark * dark - 0.08 * dark  # smudged
                for k in range(len(HATCHES)):
                    width = min(max((dark - HATCHES[k][1]) / 0.6, 0.0), 1.0)
                    cover = min(max((0.2 + 0.75 * width - page[HATCH + k, j, i]) * 0.5 * gap + 0.5, 0.0), 1.0)
                    bare *= 1.0 - cover * min(5.0 * width, 1.0) * (0.26 + 0.30 * dark)
                drawn = taken(line, j + 0.5 * page[SHIFT_Y, j, i], i + 0.5 * page[SHIFT_X, j, i])
                detail = min(max((broad[j, i] - fine[j, i] - 0.015) * 8.0, 0.0), 0.8)
                stroke = max(drawn, detail)
                grain = page[GRAIN, j, i]
                ink = 1.0 - bare * (1.0 - stroke * 0.9)
                ink *= 1.0 - (0.42 - 0.25 * stroke) * step(0.42, 0.75, grain)
                paper = 0.965 + 0.04 * page[TOOTH, j, i] - 0.025 * grain
                out[f, j, i, 0] = byte(paper + ink * (0.17 - paper))
                out[f, j, i, 1] = byte(0.985 * paper + ink * (0.17 - 0.985 * paper))
                out[f, j, i, 2] = byte(0.945 * paper + ink * (0.19 - 0.945 * paper))


@kernel
def draw_watercolour(
    frames: Any, lines: Any, page: Any, black: float, white: float, unit: float, out: Any, stamp: int = STAMP
) -> None:
    """Washes of pigment on rough paper: darker rims, uneven flow, soft bleeding, and bare paper around."""
    rim, bleed, reach = bell(1.8 * unit), bell(4.0 * unit), max(1, round(1.2 * unit))
    thick = -np.log(0.06 + 0.94 * np.linspace(0.0, 1.0, 1024))  # pigment for each light
    clear = np.exp(-(np.arange(1024) + 0.5) / 256.0)  # light through each pigment
    for f in range(len(frames)):
        planes = washed(planes_of(frames[f]), reach)
        _, high, wide = planes.shape
        for c in range(3):  # light through pigment: densities add where colours multiply
            for j in range(high):
                for i in range(wide):
                    light = min(max((planes[c, j, i] - black) / (white - black), 0.0), 1.0)
                    planes[c, j, i] = thick[int(light * 1023.0 + 0.5)]
        mean = luma(planes)
        # What is on the page, by pixel: three pigments, the same wet, how much they exceed what is around, the drawing.
        laid, here = np.zeros((high, wide, 8), np.float32), np.empty(8, np.float32)
        for c in range(3):
            laid[:, :, c], laid[:, :, 3 + c] = planes[c], blur(planes[c], bleed)
        laid[:, :, 6] = mean - blur(mean, rim)
        laid[:, :, 7] = lines[f] * np.float32(0.42 / 255.0)
        for j in range(high):
            for i in range(wide):
                take_eight(laid, j + page[SHIFT_Y, j, i], i + page[SHIFT_X, j, i], here)
                flow = page[BLOTCH, j, i]
                mixed = 0.08 + 0.55 * step(0.5, 0.75, flow)
                firm = (1.0 + 1.1 * min(max(here[6], -0.4), 0.6)) * (0.28 + 0.76 * flow)
                firm *= 1.0 + 0.5 * (page[GRAIN, j, i] - 0.5)
                edge = min(min(j + 0.5, high - j - 0.5), min(i + 0.5, wide - i - 0.5)) / unit
                firm *= step(1.0, 4.5, edge + 9.0 * (flow - 0.5) + 0.8 * page[SHIFT_X, j, i] / unit)
                r = here[0] + mixed * (here[3] - here[0])
                g = here[1] + mixed * (here[4] - here[1])
                b = here[2] + mixed * (here[5] - here[2])
                grey = (r + g + b) / 3.0
                r = firm * max(grey + 1.28 * (r - grey), 0.0) + here[7]
                g = firm * max(grey + 1.28 * (g - grey), 0.0) + 1.1 * here[7]
                b = firm * max(grey + 1.28 * (b - grey), 0.0) + 1.1 * here[7]
                paper = 0.975 + 0.085 * page[TOOTH, j, i]
                out[f, j, i, 0] = byte(paper * clear[min(int(r * 256.0), 1023)])
                out[f, j, i, 1] = byte(0.985 * paper * clear[min(int(g * 256.0), 1023)])
                out[f, j, i, 2] = byte(0.95 * paper * clear[min(int(b * 256.0), 1023)])


@kernel
def draw_noir(frames: Any, origin: Any, levels: Any, unit: float, first: int, out: Any, stamp: int = STAMP) -> None:
    """Black and white film: crushed blacks, glowing lights, dark corners, and grain that changes with each frame.

    `first` is the number of the first frame."""
    black, white, middle = levels
    glow = bell(4.5 * unit)
    size = 1.1 * math.sqrt(unit)
    for f in range(len(frames)):
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
                t = first + f
                a, b = (i + origin[0] + 31.7 * t) / size, (j + origin[1] + 17.3 * t) / size
                grain = noise2(a, b, t & 63) + noise2(1.7 * b, 1.7 * a, (t + 29) & 63) - 1.0
                value = byte(x + (0.015 + 0.10 * math.sqrt(x * (1.0 - x))) * grain)
                out[f, j, i, 0], out[f, j, i, 1], out[f, j, i, 2] = value, value, value


@part
def quarter(value: Any) -> int:
    return int(min(max(value, 0.0), 255.0)) >> 2


@kernel
def draw_pixels(
    frames: Any, ids: Any, near: Any, block: int, colours: Any, nearest: Any, dither: Any, out: Any, stamp: int = STAMP
) -> None:
    """Large pixels in few colours: each shows what most of it shows; a pixel beside a nearer thing is its outline."""
    total, high, wide, _ = frames.shape
    down, across = (high + block - 1) // block, (wide + block - 1) // block
    for f in range(total):
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
                shift = dither[y & 3, x & 3]
                red, green, blue = mean[y, x, 0] + shift, mean[y, x, 1] + shift, mean[y, x, 2] + shift
                colour = nearest[quarter(red), quarter(green), quarter(blue)]
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
# Levels of 255 that a large pixel is moved by before its colour is chosen: where two colours meet, they mingle.
DITHER = 17.0 * (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 15.0 - 0.5)


def _lab(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB in 0..1 [..., 3] as OKLab, where distances are what eyes see."""
    light = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    cones = np.cbrt(light @ ((0.4122, 0.2119, 0.0883), (0.5363, 0.6807, 0.2817), (0.0514, 0.1074, 0.6300)))
    return np.asarray(cones @ ((0.2105, 1.9780, 0.0259), (0.7936, -2.4286, 0.7828), (-0.0041, 0.4506, -0.8087)))


@lru_cache(1)
def _palette() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The colours [C, 3], and which of them is nearest to each of 64³ colours [64, 64, 64]."""
    words = " ".join(PALETTE).split()
    colours = np.array([[int(word[at : at + 2], 16) for at in (0, 2, 4)] for word in words], np.uint8)
    known = _lab(colours / 255.0)
    levels = (np.arange(64) + 0.5) / 64.0
    wanted = _lab(np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3))
    # Strong colours a little stronger, which a dark outline asks for; faint ones fainter, or greys would be speckled.
    wanted[:, 1:] *= (0.85 + 4.0 * np.hypot(wanted[:, 1], wanted[:, 2])).clip(0.85, 1.2)[:, None]
    nearest = ((known**2).sum(axis=1) - 2.0 * wanted @ known.T).argmin(axis=1)
    return colours, nearest.astype(np.uint8).reshape(64, 64, 64)


# --- the door ---------------------------------------------------------------------------------------------------------


def _block(high: int, wide: int) -> int:
    """Size of a large pixel: about 45 of them on the shorter side, a number that divides both sides if one is near."""
    short = min(high, wide)
    near = [n for n in range(1, short + 1) if short / 52 <= n <= short / 39]
    whole = [n for n in near if high % n == 0 and wide % n == 0]
    return max(whole or near or [max(1, round(short / 45))])


def expose(frames: Frames, style: Style) -> Levels:
    """What of a film's light a style makes black and white, and where the middle of the light lies between them.

    Some styles stretch the light; measured on the first frames and given to `stylise`, it is the same for all others.
    """
    keep = KEPT_LIGHT.get(style)
    if keep is None:
        return 0.0, 1.0, 0.5
    sparse = frames[:, ::3, ::3].astype(np.float32) @ np.array([0.30, 0.59, 0.11], np.float32) / 255.0
    dark, median, bright = (float(q) for q in np.percentile(sparse, (1.0, 50.0, 99.0)))
    black = dark * (1.0 - keep)
    white = max(bright + keep * (1.0 - bright), black + 0.15)
    return black, white, min(max((median - black) / (white - black), 0.40), 0.66)


@lru_cache(4)
def _page(high: int, wide: int, seed: int, unit: float) -> NDArray[np.float32]:
    page = np.empty((PAGE_SIZE, high, wide), np.float32)
    lay_page(page, _origin(seed), unit)
    return page


def _origin(seed: int) -> NDArray[np.float64]:
    """Where on its endless paper and grain a film lies. [2]"""
    return np.random.default_rng([seed, 5]).uniform(0.0, 1000.0, 2)


def stylise(
    frames: Frames,
    depth: NDArray[np.float32],
    ids: NDArray[np.int16],
    style: Style,
    seed: int = 0,
    *,
    first: int = 0,
    levels: Levels | None = None,
) -> Frames:
    """Frames [T, H, W, 3] in a style; "natural" returns the frames themselves.

    `depth` [T, H, W] is in metres, infinite in the sky; `ids` [T, H, W] are -1 in the sky, 0 on the ground and above
    for things, which are outlined where the id changes. The same input and seed give the same bytes whatever the
    number of threads; `seed` chooses the paper and the grain. A long film can be given in pieces: `first` is the
    number of a piece's first frame, `levels` what `expose` measured (these frames', if left out). Raises ValueError for
    arrays that do not fit together and for unknown styles.
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
    total, high, wide, _ = frames.shape
    unit = min(high, wide) / HIGH
    frames, ids = np.ascontiguousarray(frames), np.ascontiguousarray(ids)
    levels = expose(frames, style) if levels is None else levels
    out = np.empty_like(frames)

    def work(start: int, stop: int) -> None:
        """Draw some of the frames."""
        given, made, what = frames[start:stop], out[start:stop], ids[start:stop]
        near = np.ascontiguousarray(1.0 / depth[start:stop], np.float32)
        if style == "noir":
            draw_noir(given, _origin(seed), levels, unit, first + start, made)
            return
        if style == "pixel art":
            draw_pixels(given, what, near, _block(high, wide), *_palette(), DITHER, made)
            return
        lines = np.empty(what.shape, np.uint8)
        draw_lines(np.maximum(what, 0), near, LINE_WIDTH[style] * unit**0.75, lines)
        if style == "cartoon":
            draw_cartoon(given, lines, unit, made)
        elif style == "pencil":
            draw_pencil(given, lines, _page(high, wide, seed, unit), *levels[:2], unit, made)
        else:
            draw_watercolour(given, lines, _page(high, wide, seed, unit), *levels[:2], unit, made)

    if style in ("pencil", "watercolour"):
        _page(high, wide, seed, unit)  # once, before the threads ask for it
    share_out(work, total)
    return out
