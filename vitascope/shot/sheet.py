"""Contact sheets: many clips on one picture, to look at."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.clip import Frame, FrameSource


class Stills:
    """A source of frames that keeps some of them, by number, when it is played: a film is made only once."""

    def __init__(self, frames: FrameSource, wanted: Iterable[int]) -> None:
        self._frames, self._wanted = frames, frozenset(wanted)
        self._kept: dict[int, Frame] = {}

    @property
    def num_frames(self) -> int:
        return self._frames.num_frames

    @property
    def size(self) -> tuple[int, int]:
        return self._frames.size

    def __iter__(self) -> Iterator[Frame]:
        for number, frame in enumerate(self._frames):
            if number in self._wanted:
                self._kept[number] = frame.copy()
            yield frame

    def seen(self) -> NDArray[np.uint8]:
        """Those of the wanted frames that were played so far, in order: uint8 [N, H, W, 3]."""
        return np.stack([self._kept[number] for number in sorted(self._kept)])


def contact_sheet(
    clips: Sequence[NDArray[np.uint8]], captions: Sequence[str], num_pictures: int = 6
) -> NDArray[np.uint8]:
    """A row of frames, evenly in time, for each clip [T, H, W, 3] of one size, its caption underneath: [H, W, 3]."""
    from PIL import Image, ImageDraw, ImageFont

    if not len(clips) == len(captions) > 0:
        raise ValueError(f"a contact sheet needs clips and a caption for each; {len(clips)} and {len(captions)} given")
    font = ImageFont.load_default(size=12)
    height, width = clips[0].shape[1:3]
    row = height + 20
    sheet = Image.new("RGB", (num_pictures * (width + 4), len(clips) * row), (24, 24, 26))
    pen = ImageDraw.Draw(sheet)
    for r, (frames, caption) in enumerate(zip(clips, captions, strict=True)):
        for c, t in enumerate(np.linspace(0, len(frames) - 1, num_pictures).round().astype(int)):
            sheet.paste(Image.fromarray(frames[t]), (c * (width + 4) + 2, r * row + 2))
        pen.text((6, r * row + height + 4), caption, font=font, fill=(225, 225, 225))
    return np.asarray(sheet)
