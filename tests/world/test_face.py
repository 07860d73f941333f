"""Tests of painted faces: expressions can be told apart, features move where they should, and far faces stay calm."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from vitascope.world import face as painted
from vitascope.world import figure
from vitascope.world.face import BLUSH, BROW_RAISE, BROW_TILT, EYE_SCALE, LIDS, OPEN, ROUND, SMILE, face_paint

Numbers = NDArray[np.float32]

SKIN = (0.75, 0.50, 0.38)
EXPRESSIONS: dict[str, dict[int, float]] = {
    "neutral": {},
    "happy": {SMILE: 0.9, OPEN: 0.3, LIDS: 0.85, BROW_RAISE: 0.2},
    "sad": {SMILE: -0.8, BROW_TILT: 0.9, LIDS: 0.75},
    "angry": {SMILE: -0.6, BROW_TILT: -0.9, BROW_RAISE: -0.5, LIDS: 0.8},
    "surprised": {OPEN: 0.8, ROUND: 0.7, BROW_RAISE: 1.0, LIDS: 1.35},
}


def numbers() -> Numbers:
    """A plain face with brown eyes."""
    face = np.zeros(20, np.float32)
    face[LIDS], face[EYE_SCALE], face[BLUSH] = 1.0, 1.0, 0.3
    face[8:17] = (0.1, 0.05, 0.02, 0.05, 0.025, 0.012, 0.5, 0.15, 0.13)
    return face


def expression(name: str) -> Numbers:
    face = numbers()
    for place, value in EXPRESSIONS[name].items():
        face[place] = value
    return face


@njit
def paint(face: Numbers, high: int, shift: float, out: NDArray[np.float64]) -> None:
    """Paint a head of semi-axes 0.9, 0.8, 1 seen from straight ahead, `high` pixels tall, moved right by `shift`."""
    pixel = 2.0 / high
    for j in range(out.shape[0]):
        for i in range(out.shape[1]):
            y, z = (i + 0.5 - shift) * pixel - 1.0, 1.0 - (j + 0.5) * pixel
            left = 1.0 - (y / 0.8) ** 2 - z * z
            if left > 0.0:
                r, g, b = face_paint(face, 0.9 * math.sqrt(left), y, z, 0.9, 0.8, 1.0, pixel, 0.75, 0.50, 0.38)
                out[j, i, 0], out[j, i, 1], out[j, i, 2] = r, g, b


def picture(face: Numbers, high: int, shift: float = 0.0) -> NDArray[np.float64]:
    """Linear RGB [high, high, 3] of a face."""
    out = np.zeros((high, high, 3))
    paint(face, high, shift, out)
    return out


def test_the_places_are_those_of_figure() -> None:
    for name in ("SMILE", "OPEN", "BROW_RAISE", "BROW_TILT", "LIDS", "GAZE_X", "GAZE_Y", "ROUND", "IRIS", "BROWS"):
        assert getattr(painted, name) == getattr(figure, name), name
    for name in ("LIPS", "EYE_SCALE", "BEARD", "BLUSH", "FACE_SIZE"):
        assert getattr(painted, name) == getattr(figure, name), name


@pytest.mark.parametrize("high", [60, 25])
def test_expressions_differ_from_each_other(high: int) -> None:
    for one, other in itertools.combinations(EXPRESSIONS, 2):
        apart = np.abs(picture(expression(one), high) - picture(expression(other), high)).max(axis=-1)
        assert (apart > 0.12).mean() > 0.015, f"{one} and {other} look alike at {high} pixels"


@pytest.mark.parametrize("high", [60, 25])
def test_eyes_and_mouth_stand_out_from_the_skin(high: int) -> None:
    frame = picture(expression("neutral"), high)
    away = np.abs(frame - SKIN).max(axis=-1) * (frame.max(axis=-1) > 0.0)
    rows = np.linspace(0.5, high - 0.5, high) / high
    assert away[(rows > 0.40) & (rows < 0.56)].max() > 0.45  # eyes
    assert away[(rows > 0.70) & (rows < 0.78)].max() > 0.25  # mouth


def mouth_rows(face: Numbers) -> tuple[float, float]:
    """Mean row of what is darker than the skin near the mouth: (in its middle, at its corners)."""
    frame = picture(face, 120)
    dark = np.maximum(0.42 - frame[75:110, :, 1], 0.0)
    rows = np.arange(75, 110)[:, None]
    middle, corner = dark[:, 57:63], dark[:, 44:47]
    return float((middle * rows).sum() / middle.sum()), float((corner * rows).sum() / corner.sum())


def test_a_smile_lifts_the_corners_and_sadness_hangs_them() -> None:
    for smile, sign in ((0.9, 1.0), (-0.9, -1.0)):
        face = numbers()
        face[SMILE] = smile
        middle, corner = mouth_rows(face)
        assert sign * (middle - corner) > 3.0


def test_closed_lids_hide_the_white_of_the_eyes() -> None:
    shown, hidden = numbers(), numbers()
    hidden[LIDS] = 0.0
    for face, least, most in ((shown, 40, 500), (hidden, 0, 0)):
        frame = picture(face, 120)
        white = (frame[45:70].min(axis=-1) > 0.6).sum()
        assert least <= white <= most


def test_an_open_mouth_is_dark_inside() -> None:
    face = numbers()
    before = picture(face, 120)[80:105, 50:70].max(axis=-1).min()
    face[OPEN], face[ROUND] = 0.9, 0.8
    inside = (picture(face, 120)[80:105, 50:70].max(axis=-1) < 0.1).sum()
    assert inside > 30
    assert before > 0.02


def test_gaze_moves_the_pupils_to_the_figures_left_and_up() -> None:
    def dark_centre(x: float, y: float) -> NDArray[np.float64]:
        face = numbers()
        face[5], face[6] = x, y
        dark = picture(face, 200)[75:115, 118:160].max(axis=-1) < 0.03
        return np.argwhere(dark).mean(axis=0)

    rest = dark_centre(0.0, 0.0)
    assert dark_centre(1.0, 0.0)[1] > rest[1] + 2.0  # its left is the viewer's right
    assert dark_centre(0.0, 1.0)[0] < rest[0] - 2.0


def test_a_small_face_keeps_its_mean_when_it_moves_by_less_than_a_pixel() -> None:
    face = expression("happy")
    means = [picture(face, 24, shift)[4:20, 4:20].mean() for shift in np.linspace(0.0, 1.0, 6)]
    assert np.ptp(means) < 0.03 * np.mean(means)
