"""The picture of a sound has its frames, its marks and its tones where they belong."""

import numpy as np

from vitascope.evaluate.spectrogram import COLOURS, HIGH, MARGIN, ROW, WIDTH, picture


def test_a_tone_and_a_mark_stand_at_their_times() -> None:
    frames = np.full((12, 36, 64, 3), 60, np.uint8)
    sound = np.zeros(96_000, np.float32)
    sound[48_000:] = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
    sheet = picture(frames, 2.0, {"true": [1.0]}, {"mix": sound})
    strip = round((WIDTH - MARGIN) / 8 * 36 / 64)
    assert sheet.shape == (strip + ROW + HIGH + ROW, WIDTH, 3)
    middle = MARGIN + (WIDTH - MARGIN) // 2
    assert (sheet[strip + ROW // 2, middle] == COLOURS["true"]).all() and (
        sheet[:strip, MARGIN : MARGIN + 100] == 60
    ).all()
    bright = sheet[strip + ROW : strip + ROW + HIGH].sum(2)
    assert bright[:, middle + 100].max() > 3 * bright[:, middle - 100 : middle - 50].max()
    row = int(bright[:, middle + 100].argmax())
    assert abs(row - (HIGH - 1) * (1 - np.log2(1000 / 60) / np.log2(16_000 / 60))) < 6
