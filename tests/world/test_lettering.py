"""Tests of words on signs: each can be read back from its picture, from both sides, and far words stay calm."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from vitascope.world.lettering import mask, sheets, sign_ink
from vitascope.world.scene import WORDS

A, B, C = 0.02, 0.6, 0.3  # half sizes of the sign

Plane = NDArray[np.float64]


@njit
def write(sums: NDArray[np.float32], extent: NDArray[np.int32], word: int, x: float, shift: float, out: Plane) -> None:
    """Ink of a sign as someone before the face x sees it, moved right by `shift` pixels."""
    high, wide = out.shape
    pixel = 2.0 * B / wide
    for j in range(high):
        for i in range(wide):
            right = (i + 0.5 - shift) * pixel - B
            out[j, i] = sign_ink(
                sums, extent, word, x, right if x > 0.0 else -right, C - (j + 0.5) * pixel, A, B, C, pixel, pixel
            )


def written(word: int, wide: int, x: float = A, shift: float = 0.0) -> Plane:
    """Ink [wide // 2, wide] in 0..1 of one of WORDS."""
    out = np.zeros((wide // 2, wide))
    write(*sheets(WORDS), word, x, shift, out)
    return out


def likeness(ink: Plane, word: str) -> float:
    """Correlation of the letters in a picture with a word's mask that is squeezed to their place."""
    inner = ink[ink.shape[0] // 8 : -(ink.shape[0] // 8), ink.shape[1] // 14 : -(ink.shape[1] // 14)]
    rows, columns = np.flatnonzero(inner.max(axis=1) > 0.2), np.flatnonzero(inner.max(axis=0) > 0.2)
    found = inner[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    letters = mask(word) / 255.0
    y = np.linspace(0, letters.shape[0], found.shape[0] + 1).round().astype(int)
    x = np.linspace(0, letters.shape[1], found.shape[1] + 1).round().astype(int)
    small = np.add.reduceat(np.add.reduceat(letters, y[:-1], axis=0), x[:-1], axis=1)
    return float(np.corrcoef(small.ravel(), found.ravel())[0, 1])


@pytest.mark.parametrize("wide", [160, 48])
def test_every_word_can_be_read_back(wide: int) -> None:
    for number, word in enumerate(WORDS):
        ink = written(number, wide)
        scores = {other: likeness(ink, other) for other in WORDS}
        assert max(scores, key=lambda other: scores[other]) == word
        assert scores[word] > 0.55


def test_both_sides_read_the_same() -> None:
    np.testing.assert_allclose(written(0, 80, A), written(0, 80, -A))


def test_edges_and_inside_have_no_ink() -> None:
    assert written(0, 80, 0.5 * A).max() == 0.0


def test_small_words_keep_their_ink_when_they_move_by_less_than_a_pixel() -> None:
    for number in range(len(WORDS)):
        inks = [written(number, 20, shift=shift)[2:-2, 2:-2].sum() for shift in np.linspace(0.0, 1.0, 5)]
        assert np.ptp(inks) < 0.1 * np.mean(inks)


def test_a_word_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="shows nothing when written"):
        mask(" ")


def test_no_words_still_make_a_sheet() -> None:
    sums, extent = sheets(())
    assert len(sums) == len(extent) == 1
