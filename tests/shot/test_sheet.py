"""Contact sheets."""

import numpy as np
import pytest

from vitascope.shot.sheet import contact_sheet


def test_a_sheet_has_a_row_for_each_clip_and_frames_evenly_in_time() -> None:
    clip = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None, None, None] * 10, (24, 36, 64, 3))
    sheet = contact_sheet([clip, clip], ["one", "two"], num_pictures=3)
    assert sheet.dtype == np.uint8
    assert sheet.shape == (2 * (36 + 20), 3 * (64 + 4), 3)
    assert [int(sheet[20, 68 * c + 30, 0]) for c in range(3)] == [0, 120, 230]


def test_clips_without_captions_are_refused() -> None:
    with pytest.raises(ValueError, match="0 and 1 given"):
        contact_sheet([], ["one"])
