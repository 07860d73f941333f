"""Words on signs: coverage masks of letters, kept as running sums so that a pixel's share of ink is exact at any size.

A word's sheet holds, at row j and column i, the sum of the mask above and to the left of it (a summed-area table): the
mean over any rectangle follows from its four corners, which is what keeps distant letters from shimmering.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vitascope.world.shading import greater, lesser, scalar

LETTER = 64  # height of capitals in the masks, pixels
MARGIN = 0.2  # of the sign's height, between its edge and the letters
BORDER, BORDER_WIDTH = (0.055, 0.028)  # of the sign's smaller side: where the frame's middle lies, and its width
STRETCH = 1.35  # letters fill a sign by growing this much wider or narrower at most


@lru_cache(maxsize=256)
def mask(word: str) -> NDArray[np.uint8]:
    """Coverage of a word's letters, cut to their outline. [LETTER or so, W]"""
    font = ImageFont.load_default(size=LETTER * 1.36)
    bold = max(1, LETTER // 20)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(word, stroke_width=bold))
    picture = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(picture).text((-left, -top), word, fill=255, font=font, stroke_width=bold)
    letters = np.asarray(picture)
    rows, columns = (np.flatnonzero(letters.any(axis=1)), np.flatnonzero(letters.any(axis=0)))
    if not rows.size:
        raise ValueError(f"{word!r} shows nothing when written; letters are needed")
    return np.ascontiguousarray(letters[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def sheets(words: tuple[str, ...]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The running sums of all words and their sizes: [S, H + 1, W + 1] (S at least 1), and [S, 2] (high, wide)."""
    masks = [mask(word) for word in words]
    extent = np.array([m.shape for m in masks] or [(1, 1)], np.int32)
    high, wide = extent.max(axis=0)
    sums = np.zeros((len(extent), high + 1, wide + 1), np.float32)
    for row, letters in zip(sums, masks, strict=False):
        h, w = letters.shape
        row[1 : h + 1, 1 : w + 1] = letters.astype(np.float64).cumsum(axis=0).cumsum(axis=1) / 255.0
    return sums, extent


@scalar
def sum_at(sums: Any, word: int, x: float, y: float) -> float:
    """Ink above and to the left of a point of a word's mask, whose place is within the mask."""
    i, j = int(x), int(y)
    u, v = x - i, y - j
    i1, j1 = i + (1 if u > 0.0 else 0), j + (1 if v > 0.0 else 0)
    a, b = float(sums[word, j, i]), float(sums[word, j, i1])
    c, d = float(sums[word, j1, i]), float(sums[word, j1, i1])
    return a + (b - a) * u + (c - a + (a - b - c + d) * u) * v


@scalar
def ink_at(sums: Any, extent: Any, word: int, x: float, y: float, fx: float, fy: float) -> float:
    """Share of ink in 0..1 in a rectangle fx by fy around a point of a word's mask, all in the mask's pixels."""
    high, wide = float(extent[word, 0]), float(extent[word, 1])
    fx, fy = greater(fx, 0.7), greater(fy, 0.7)
    x0, x1 = lesser(greater(x - 0.5 * fx, 0.0), wide), lesser(greater(x + 0.5 * fx, 0.0), wide)
    y0, y1 = lesser(greater(y - 0.5 * fy, 0.0), high), lesser(greater(y + 0.5 * fy, 0.0), high)
    if x1 <= x0 or y1 <= y0:
        return 0.0
    total = sum_at(sums, word, x1, y1) - sum_at(sums, word, x0, y1)
    total += sum_at(sums, word, x0, y0) - sum_at(sums, word, x1, y0)
    return lesser(greater(total / (fx * fy), 0.0), 1.0)


@scalar
def sign_ink(
    sums: Any, extent: Any, word: int, x: float, y: float, z: float, a: float, b: float, c: float, fy: float, fz: float
) -> float:
    """Share of ink at a point of a sign with half sizes a, b, c, seen through fy by fz metres: letters and a frame.

    The word stands on both large sides, each readable from its own; edges and backs of boxes have none.
    """
    if abs(x) < 0.98 * a:
        return 0.0
    right = y if x > 0.0 else -y
    small = lesser(b, c)
    frame = abs(greater(abs(y) - b, abs(z) - c) + 2.0 * BORDER * small) - BORDER_WIDTH * small
    fine = greater(fy, fz)
    line = lesser(greater(0.5 - frame / fine, 0.0), 1.0) * lesser(2.0 * BORDER_WIDTH * small / fine, 1.0)
    # The letters' size: as high as fits, a little wider or narrower if that fills the sign.
    high, wide = float(extent[word, 0]), float(extent[word, 1])
    room_z, room_y = (2.0 * c - 2.0 * MARGIN * 2.0 * small, 2.0 * b - 1.5 * MARGIN * 2.0 * small)
    tall = lesser(room_z / high, STRETCH * room_y / wide)
    broad = lesser(tall * STRETCH, room_y / wide)
    ink = ink_at(sums, extent, word, 0.5 * wide + right / broad, 0.5 * high - z / tall, fy / broad, fz / tall)
    return greater(ink, line)
