"""Contact sheets: many clips on one picture, to look at."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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
