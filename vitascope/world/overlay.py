"""Draws what is known over the pictures, to check by eye: tracks as dots with fading tails, the caption underneath."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vitascope.shot.clip import Frame, FrameSource

Frames = NDArray[np.uint8]  # [T, H, W, 3]

WIDE = 640  # pixels: the longer side below which pictures are enlarged
LARGEST = 3
PAPER, INK = (24, 24, 26), (236, 236, 232)
RIM = np.array((16, 16, 18), np.float32)


class Overlay:
    """Frames with tracks and caption drawn over, one after the other each time they are iterated: [H', W', 3].

    `points` [K, T, 2] are picture coordinates 0..1 and may lie outside; `visible` is [K, T]. A visible point is a dot
    in its track's colour (see `track_colours`), a hidden one a ring; the tail is where it was in the last `trail`
    frames, faint where it was hidden. The caption stands in a band underneath. Small pictures are enlarged up to three
    times; both sides are even. Raises ValueError for arrays that do not fit together.
    """

    def __init__(
        self,
        frames: FrameSource,
        points: NDArray[np.floating],
        visible: NDArray[np.bool_],
        caption: str,
        trail: int = 8,
    ) -> None:
        total = frames.num_frames
        if points.shape != (len(points), total, 2) or visible.shape != points.shape[:2]:
            shapes = f"points {list(points.shape)} and visible {list(visible.shape)}"
            raise ValueError(f"{shapes} must be [K, T, 2] and [K, T], T = {total}")
        if trail < 0:
            raise ValueError(f"trail was {trail}; it counts frames, 0 or more")
        self._frames, self._visible, self._trail = frames, visible, trail
        scale = enlargement(frames.size)
        self._inner = (frames.size[0] * scale, frames.size[1] * scale)
        self._band = _band(caption, self._inner)
        self._places = np.asarray(points, np.float64) * self._inner - 0.5  # [K, T, 2] pixels, from the first's middle
        self._colours = track_colours(points).astype(np.float32)

    @property
    def num_frames(self) -> int:
        return self._frames.num_frames

    @property
    def size(self) -> tuple[int, int]:
        return self._inner[0] + self._inner[0] % 2, self._inner[1] + len(self._band)

    def __iter__(self) -> Iterator[Frame]:
        wide, high = self._inner
        for t, frame in enumerate(self._frames):
            picture = np.asarray(
                Image.fromarray(frame).resize(self._inner, Image.Resampling.BICUBIC), np.float32
            ).copy()
            _draw_tracks(picture, self._places, self._visible, self._colours, t, self._trail)
            out = np.empty((self.size[1], self.size[0], 3), np.uint8)
            out[:] = PAPER
            out[high:, :wide] = self._band
            out[:high, :wide] = np.rint(picture)
            yield out


def enlargement(size: tuple[int, int]) -> int:
    """How many times larger an overlay draws pictures of this size."""
    return min(max(-(-WIDE // max(size)), 1), LARGEST)


def track_colours(points: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A colour [K, 3] for each of the tracks [K, T, 2]: its hue follows from where the track begins."""
    x, y = np.nan_to_num(np.asarray(points, np.float64)[:, 0]).clip(0.0, 1.0).T
    # Over one and two rounds of the wheel, so that the tracks of one thing do not all look the same.
    colours = [colorsys.hsv_to_rgb(hue, 0.82, 1.0) for hue in (1.2 * x + 2.0 * y) % 1.0]
    return np.rint(255.0 * np.array(colours).reshape(-1, 3)).astype(np.uint8)


def _draw_tracks(
    picture: NDArray[np.float32],
    places: NDArray[np.float64],
    visible: NDArray[np.bool_],
    colours: NDArray[np.float32],
    t: int,
    trail: int,
) -> None:
    """Draw all tracks as they are at frame `t`: tails first, then hidden points, then visible ones."""
    high, wide, _ = picture.shape
    radius = max(3.0, min(high, wide) / 110)
    # What jumps across the picture passed behind the camera: it has no way that could be drawn.
    shown = (np.abs(places - (wide / 2, high / 2)) < (1.5 * wide, 1.5 * high)).all(axis=-1)  # [K, T]
    steps = np.hypot(*np.moveaxis(np.diff(places, axis=1), -1, 0))  # [K, T - 1] pixels
    for k in range(len(places)):
        for s in range(max(1, t - trail + 1), t + 1):
            if shown[k, s] and shown[k, s - 1] and steps[k, s - 1] > 0.2:
                fresh = 1.0 - (t - s) / trail
                seen = visible[k, s] and visible[k, s - 1]
                strength = fresh * (0.75 if seen else 0.2)
                _stroke(picture, places[k, s - 1], places[k, s], radius * (0.25 + 0.3 * fresh), colours[k], strength)
    order = np.argsort(visible[:, t], kind="stable")
    for k in order[shown[order, t]]:
        if visible[k, t]:
            _stroke(picture, places[k, t], places[k, t], radius + 1.0, RIM, 0.7)
            _stroke(picture, places[k, t], places[k, t], radius, colours[k], 1.0)
        else:
            _stroke(picture, places[k, t], places[k, t], radius, colours[k], 0.6, hollow=0.28 * radius)


def _stroke(
    picture: NDArray[np.float32],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radius: float,
    colour: NDArray[np.float32],
    strength: float,
    hollow: float = 0.0,
) -> None:
    """Lay a smooth line with round ends (a dot if they are one) over a picture; with `hollow`, its rim that wide."""
    high, wide, _ = picture.shape
    low = np.floor(np.minimum(start, end) - radius - 1).astype(int)
    top = np.ceil(np.maximum(start, end) + radius + 2).astype(int)
    x0, y0, x1, y1 = max(low[0], 0), max(low[1], 0), min(top[0], wide), min(top[1], high)
    if x0 >= x1 or y0 >= y1:
        return
    x, y = np.arange(x0, x1) - start[0], (np.arange(y0, y1) - start[1])[:, None]
    way = end - start
    length = float(way @ way)
    if length > 0.0:
        along = np.minimum(np.maximum((x * way[0] + y * way[1]) / length, 0.0), 1.0)
        x, y = x - along * way[0], y - along * way[1]
    away = np.sqrt(x * x + y * y)
    cover = np.minimum(np.maximum(radius + 0.5 - away, 0.0), 1.0)
    if hollow > 0.0:
        cover = np.minimum(cover, np.maximum(away - radius + hollow + 0.5, 0.0))
    patch = picture[y0:y1, x0:x1]
    patch += (strength * cover)[..., None] * (colour - patch)


def _band(caption: str, size: tuple[int, int]) -> Frames:
    """The caption in as many lines as it needs: [h, W, 3], of a height that makes that of picture and band even."""
    wide, high = size
    if not caption.strip():
        return np.empty((high % 2, wide, 3), np.uint8)
    text = max(13, min(round(max(size) / 36), 36))
    font = ImageFont.load_default(size=text)
    lines = _wrapped(caption, font, wide - 2 * text)
    tall = round(1.35 * text * len(lines) + 0.7 * text)
    tall += (high + tall) % 2
    band = Image.new("RGB", (wide, tall), PAPER)
    pen = ImageDraw.Draw(band)
    for row, line in enumerate(lines):
        pen.text((text, round(0.35 * text + 1.35 * text * row)), line, font=font, fill=INK)
    return np.asarray(band)


def _wrapped(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, wide: float) -> list[str]:
    """The words in lines no wider than `wide` pixels (a longer word has a line of its own)."""
    lines: list[str] = []
    for word in caption.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= wide:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
