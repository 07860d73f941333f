"""The picture of a sound: a film's frames at their times, marks at moments, and spectrograms under them."""

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vitascope.evaluate.listener import HIGHEST, LOWEST, WINDOW, Mono, Times, spectrum
from vitascope.sound.blocks import RATE

WIDTH, MARGIN = 1200, 64  # pixels, and those at the left for words
COLUMNS = 8  # frames side by side
HIGH = 150  # pixels of a spectrogram
GAP = 4  # above each
ROW = 18  # of marks, and of the times
QUIETEST, LOUDEST = -90.0, -15.0  # dB, black and white
PAGE, DIM = (27, 29, 34), (152, 160, 171)
COLOURS = {"true": (235, 237, 240), "found": (255, 176, 74), "heard": (124, 196, 255)}


def picture(
    frames: npt.NDArray[np.uint8], seconds: float, marks: Mapping[str, Times], sounds: Mapping[str, Mono]
) -> npt.NDArray[np.uint8]:
    """A film [T, H, W, 3] of this length over its sounds: [H, WIDTH, 3]. `marks` are moments (s) by their names, a row
    each; `sounds` spectrograms by theirs, over a logarithmic scale of frequency."""
    across = WIDTH - MARGIN
    strip = _strip(frames, across)
    rows = [strip, *(_blank(across, ROW) for _ in marks), *(_spectrogram(sound, across) for sound in sounds.values())]
    body = np.concatenate([*rows, _blank(across, ROW)])
    sheet = Image.fromarray(np.concatenate([_blank(MARGIN, len(body)), body], 1))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=12)

    def at(time: float) -> int:
        return MARGIN + min(across - 2, round(time / seconds * across))

    top = len(strip)
    for name, times in marks.items():
        colour = COLOURS.get(name, DIM)
        pen.text((MARGIN - 8, top + ROW // 2), name, font=font, fill=colour, anchor="rm")
        for time in times:
            pen.rectangle((at(time) - 1, top + 3, at(time) + 1, top + ROW - 3), fill=colour)
        top += ROW
    for name in sounds:
        pen.text((MARGIN - 8, top + HIGH // 3 - 4), name, font=font, fill=COLOURS.get(name, DIM), anchor="rm")
        for frequency, told in ((100, "100"), (1000, "1k"), (10_000, "10k")):
            y = top + HIGH - 1 - round(np.log2(frequency / LOWEST) / np.log2(HIGHEST / LOWEST) * (HIGH - 1))
            pen.text((MARGIN - 8, y), told, font=font, fill=DIM, anchor="rm")
            pen.line((MARGIN - 5, y, MARGIN - 1, y), fill=DIM)
        top += HIGH
    for tick in np.arange(0, seconds + 1e-6, _step(seconds)):
        pen.line((at(tick), top, at(tick), top + 3), fill=DIM)
        ends = "la" if tick == 0 else "ra" if at(tick) > WIDTH - 20 else "ma"
        pen.text((at(tick), top + 4), f"{tick:g} s", font=font, fill=DIM, anchor=ends)
    return np.asarray(sheet)


def _strip(frames: npt.NDArray[np.uint8], across: int) -> npt.NDArray[np.uint8]:
    """Frames side by side, each at the time of its middle."""
    edges = np.linspace(0, across, COLUMNS + 1).round().astype(int)
    high = round(across / COLUMNS * frames.shape[1] / frames.shape[2])
    picks = ((np.arange(COLUMNS) + 0.5) / COLUMNS * len(frames)).astype(int)
    sizes = [(int(wide), high) for wide in np.diff(edges)]
    shown = [cv2.resize(frames[i], size, interpolation=cv2.INTER_AREA) for i, size in zip(picks, sizes, strict=True)]
    strip = np.concatenate(shown, 1)
    for edge in edges[1:-1]:
        strip[:, edge - 1 : edge + 1] = PAGE
    return strip


def _spectrogram(sound: Mono, across: int) -> npt.NDArray[np.uint8]:
    """[HIGH, across, 3], low frequencies below, with a gap above."""
    level = 20 * np.log10(spectrum(sound) + 1e-6)  # N F
    wanted = LOWEST * (HIGHEST / LOWEST) ** np.linspace(1, 0, HIGH) / (RATE / WINDOW)
    below = np.floor(wanted).astype(int)
    share = (wanted - below).astype(np.float32)
    scaled = level[:, below] * (1 - share) + level[:, below + 1] * share  # N HIGH
    grey = np.clip((scaled.T - QUIETEST) / (LOUDEST - QUIETEST), 0, 1).astype(np.float32)
    coloured = cv2.applyColorMap((255 * cv2.resize(grey, (across, HIGH))).astype(np.uint8), cv2.COLORMAP_INFERNO)
    coloured[:GAP] = PAGE[::-1]
    return np.ascontiguousarray(coloured[..., ::-1])


def _blank(wide: int, high: int) -> npt.NDArray[np.uint8]:
    return np.full((high, wide, 3), PAGE, np.uint8)


def _step(seconds: float) -> float:
    """Seconds between two marks of the time: about eight of them."""
    return min((0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0), key=lambda step: abs(seconds / step - 8))
