"""Expressions: the numbers of a face over time, with blinks and looks to the side."""

from __future__ import annotations

import math
import zlib

import numpy as np
from numpy.typing import NDArray

from vitascope.world.figure import BROW_RAISE, GAZE_X, GAZE_Y, LIDS, OPEN, ROUND, SMILE
from vitascope.world.scene import Expression, Person

Array = NDArray[np.float64]

# smile, open, brow raise, brow tilt, lids, gaze x, gaze y, round
FACES: dict[Expression, tuple[float, ...]] = {
    "neutral": (0.12, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
    "happy": (1.0, 0.4, 0.35, 0.1, 0.88, 0.0, 0.0, 0.0),
    "sad": (-0.9, 0.0, 0.25, 1.0, 0.68, 0.0, -0.4, 0.0),
    "angry": (-0.7, 0.12, -0.75, -1.0, 0.72, 0.0, 0.0, 0.0),
    "surprised": (0.0, 0.7, 1.0, 0.25, 1.4, 0.0, 0.0, 1.0),
}
BLINK = 0.2  # seconds
EVERY = 2.6  # seconds: one blink somewhere in each such span
GLANCE = 0.8  # seconds for which the eyes rest
PHRASE, PAUSE = 2.5, 0.5  # seconds of speech, and between
SYLLABLE = 0.21  # seconds


def chances(person: Person, purpose: str, count: int = 64) -> Array:
    """`count` numbers in 0..1, always the same for equal people and purposes."""
    return np.random.default_rng(zlib.crc32(f"{purpose} {person.model_dump_json()}".encode())).random(count)


def expressed(person: Person, t: Array, glance: Array) -> NDArray[np.float32]:
    """The face's numbers [T, 8] at t [T] seconds for eyes that look along `glance` [T, 2]."""
    face = np.tile(np.array(FACES[person.expression]), (len(t), 1))
    rest = chances(person, "glance", 128) - 0.5
    k = np.floor(t / GLANCE).astype(int)
    turn = np.clip((t / GLANCE - k) / 0.12, 0.0, 1.0)[:, None]
    rest = rest.reshape(64, 2)
    face[:, GAZE_X : GAZE_Y + 1] += glance + 0.24 * (rest[(k - 1) % 64] * (1.0 - turn) + rest[k % 64] * turn)
    face[:, BROW_RAISE] += 0.04 * np.sin(2.1 * t + 6.0 * person.phase)
    if person.action == "talk":
        loud, mouth, pursed = speaking(person, t)
        face[:, SMILE] *= 1.0 - 0.35 * loud
        face[:, OPEN] = face[:, OPEN] * (1.0 - 0.8 * loud) + mouth
        face[:, ROUND] = face[:, ROUND] * (1.0 - 0.8 * loud) + pursed
        face[:, BROW_RAISE] += 0.25 * loud * np.sin(3.3 * t + 2.0)
    face[:, LIDS] *= 1.0 - _blinks(person, t)
    low, high = np.array((-1, 0, -1, -1, 0, -1, -1, 0)), np.array((1, 1, 1, 1, 1.4, 1, 1, 1))
    return np.clip(face, low, high).astype(np.float32)


def _blinks(person: Person, t: Array) -> Array:
    """How far the eyes are closed for a blink. [T]"""
    k = np.floor(t / EVERY).astype(int)
    when = (k + 0.1 + 0.8 * chances(person, "blink")[k % 64]) * EVERY
    return np.clip(1.6 * (1.0 - np.abs(t - when) / (0.5 * BLINK)), 0.0, 1.0)


def speaking(person: Person, t: Array) -> tuple[Array, Array, Array]:
    """(whether one speaks, how open the mouth is, how pursed) in 0..1 while talking. [T] each"""
    u = (t / (PHRASE + PAUSE) + person.phase) % 1.0 * (PHRASE + PAUSE)
    loud = np.clip(np.minimum(u, PHRASE - u) / 0.12, 0.0, 1.0)
    syllable = np.floor(u / SYLLABLE).astype(int)
    wide, round_ = chances(person, "vowel")[syllable % 64], chances(person, "round")[syllable % 64]
    beat = np.sin(math.pi * (u / SYLLABLE - syllable)) ** 2
    return loud, loud * beat * (0.35 + 0.6 * wide), loud * beat * np.clip(2.2 * round_ - 1.2, 0.0, 1.0)
