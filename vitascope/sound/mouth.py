"""Lips that move with the words: from phonemes in time to how open a mouth is, and to the tracks of a talking face."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.shot import Shot, ShotError, Track
from vitascope.shot.tracks import kept_frames, tracks_at
from vitascope.sound.blocks import RATE
from vitascope.sound.casting import MANNERS
from vitascope.sound.dialogue import Spoken, cues
from vitascope.sound.script import NARRATOR

Curve = NDArray[np.float64]  # T

GRID = 200.0  # Hz at which lips are followed
LIPS = 0.022  # seconds: a Gaussian of this width is 3 dB down at 6 Hz, 12 dB at 12 Hz
REST = 0.03  # how strongly lips tend to close by themselves
# How open (0..1) and how round (0..1) a mouth is for each sound that it would hold.
OPENINGS = {
    "ɑ": 0.95, "æ": 0.9, "ʌ": 0.7, "ɐ": 0.6, "ɔ": 0.75, "ɛ": 0.65, "ə": 0.45, "ᵊ": 0.35, "ɜ": 0.45, "ɪ": 0.45,
    "ᵻ": 0.35, "i": 0.38, "ʊ": 0.38, "u": 0.3, "A": 0.6, "I": 0.85, "O": 0.6, "W": 0.8, "Y": 0.65,
    "p": 0.0, "b": 0.0, "m": 0.0, "f": 0.07, "v": 0.07, "w": 0.12, "θ": 0.18, "ð": 0.2, "t": 0.2, "d": 0.22,
    "n": 0.22, "s": 0.15, "z": 0.15, "l": 0.3, "ʃ": 0.2, "ʒ": 0.2, "ʧ": 0.2, "ʤ": 0.2, "k": 0.28, "ɡ": 0.28,
    "ŋ": 0.28, "h": 0.4, "ɹ": 0.25, "j": 0.28, "T": 0.25, "ɾ": 0.25, "ʔ": 0.25,
}  # fmt: skip
ROUND = {"u": 0.9, "ʊ": 0.6, "O": 0.8, "ɔ": 0.5, "w": 1.0, "ɹ": 0.4, "ʃ": 0.6, "ʒ": 0.6, "ʧ": 0.5, "ʤ": 0.5, "W": 0.4,
         "Y": 0.4}  # fmt: skip
VOWELS, CLOSED, NARROW = "ɑæʌɐɔɛəᵊɜɪᵻiʊuAIOWY", "pbm", "fvw"
# How strongly a sound insists on its shape, and for how long around itself (seconds).
DOMINANCE = {True: (1.0, 0.045), False: (0.45, 0.03)}  # vowels, other sounds
INSISTING = {"closed": (8.0, 0.018), "narrow": (3.0, 0.022)}

# A face of the world (world/face.py), in widths of its mouth at rest: how far the lips part from where they meet, and
# how far the corners come in when it is round.
UPPER, LOWER, ROUNDED = 0.067, 0.5, 0.42
LIP = (0.06, 0.11)  # thickness of the lips
MIDDLE, WIDTH = (0.5, 0.68), 0.1  # a mouth in a close shot of the world, about: where, and how wide


@dataclass(frozen=True, eq=False)
class Face:
    """Where a mouth is in the picture (picture coordinates, or [T, 2] of each frame) and how wide at rest, as a share
    of the picture's width."""

    centre: tuple[float, float] | NDArray[np.float64] = MIDDLE
    width: float = WIDTH


def mouth(spoken: Sequence[Spoken], fps: float, num_frames: int) -> Curve:
    """How open the mouth of who speaks is at each frame (time i / fps), 0 closed to 1 wide: [T].

    Each sound pulls the lips to its shape, most at its own time, those of p, b and m above all others (dominance
    functions: Cohen & Massaro 1993, "Modeling coarticulation in synthetic visual speech"); louder syllables open
    wider; lips take their time, so that nothing moves faster than 12 Hz. Phonemes are needed: a Speech without any
    opens nothing."""
    return _curves(spoken, fps, num_frames)[0]


def rounding(spoken: Sequence[Spoken], fps: float, num_frames: int) -> Curve:
    """How round (pursed) the mouth of who speaks is at each frame, 0 to 1: [T]; see `mouth`."""
    return _curves(spoken, fps, num_frames)[1]


def _curves(spoken: Sequence[Spoken], fps: float, num_frames: int) -> tuple[Curve, Curve]:
    if fps <= 0 or num_frames < 1:
        raise ValueError(f"a mouth needs fps above 0 and a frame or more, but was given {fps:g} and {num_frames}")
    opened, rounded = np.zeros(num_frames), np.zeros(num_frames)
    for one in spoken:
        if not one.speech.phones:
            continue
        # A little before and after the line, the lips are already or still under way.
        grid = np.arange(-0.15, one.speech.seconds + 0.2, 1.0 / GRID)
        wide, purse = _held(one, grid)
        moments = np.arange(num_frames) / fps - one.time
        inside = (moments >= grid[0]) & (moments <= grid[-1])
        opened[inside] = np.maximum(opened[inside], np.interp(moments[inside], grid, wide))
        rounded[inside] = np.maximum(rounded[inside], np.interp(moments[inside], grid, purse))
    return opened, rounded


def _held(one: Spoken, grid: Curve) -> tuple[Curve, Curve]:
    """Opening and roundness of one line on a grid of seconds from its beginning."""
    above, round_above, below = np.zeros(len(grid)), np.zeros(len(grid)), np.full(len(grid), REST)
    closing = np.ones(len(grid))
    for phone in one.speech.phones:
        held = "closed" if phone.symbol in CLOSED else "narrow" if phone.symbol in NARROW else ""
        weight, reach = INSISTING[held] if held else DOMINANCE[phone.symbol in VOWELS]
        middle, half = (phone.start + phone.end) / 2, (phone.end - phone.start) / 2
        away = np.maximum(np.abs(grid - middle) - 0.6 * half, 0.0) / reach
        pull = weight * np.exp(-away)
        above += pull * OPENINGS.get(phone.symbol, 0.25)
        round_above += pull * ROUND.get(phone.symbol, 0.0)
        below += pull
        if held == "closed":
            closing = np.minimum(closing, 1.0 - np.exp(-(away**2)))
    wide = above / below * closing * _emphasis(one, grid) * MANNERS[one.line.emotion].mouth
    return np.clip(_smoothed(wide), 0.0, 1.0), np.clip(_smoothed(round_above / below), 0.0, 1.0)


def _emphasis(one: Spoken, grid: Curve) -> Curve:
    """0.4 where a line is faint to 1.15 where it is loud, measured against itself. [len(grid)]"""
    samples = one.speech.samples.astype(np.float64)
    total = np.concatenate([[0.0], np.cumsum(samples**2)])
    low = np.clip(((grid - 0.04) * RATE).astype(int), 0, len(samples))
    high = np.clip(((grid + 0.04) * RATE).astype(int), 0, len(samples))
    level = np.sqrt((total[high] - total[low]) / (0.08 * RATE))
    loud = np.percentile(level[(grid >= 0) & (grid <= one.speech.seconds)], 90)
    return np.clip(0.4 + 0.75 * level / max(float(loud), 1e-9), 0.4, 1.15)


def _smoothed(curve: Curve) -> Curve:
    count = int(4 * LIPS * GRID)
    kernel = np.exp(-0.5 * (np.arange(-count, count + 1) / (LIPS * GRID)) ** 2)
    return np.convolve(np.pad(curve, count, mode="edge"), kernel / kernel.sum(), mode="valid")


# --- a talking face as tracks -----------------------------------------------------------------------------------------


def mouth_tracks(
    opening: Curve,
    centre: tuple[float, float] | NDArray[np.float64],
    width: float,
    *,
    fps: float,
    rounded: Curve | None = None,
    aspect: float = 16 / 9,
) -> tuple[Track, ...]:
    """Upper lip, lower lip, left and right corner of a mouth that opens so far at each frame [T], as four Tracks.

    `centre` is where the lips meet, (x, y) in picture coordinates or [T, 2]; `width` the mouth's at rest as a share of
    the picture's; `aspect` the picture's width over its height. Points lie on the lips' outer edges, in the
    proportions of the world's faces. Raises ValueError for shapes that do not fit."""
    num = len(opening)
    middle = np.broadcast_to(np.asarray(centre, np.float64), (num, 2))
    if opening.ndim != 1 or (rounded is not None and rounded.shape != opening.shape) or not 0 < width < 1:
        raise ValueError(
            f"a mouth should be [T], its roundness too, and 0 to 1 wide, but they were {list(opening.shape)}, "
            f"{None if rounded is None else list(rounded.shape)} and {width:g}"
        )
    purse = np.zeros(num) if rounded is None else rounded
    high = width * aspect  # a mouth's width, as a share of the picture's height
    half = 0.5 * width * (1.0 - ROUNDED * purse)
    points = np.stack(
        [
            middle + np.stack([np.zeros(num), -high * (LIP[0] + UPPER * opening)], axis=-1),
            middle + np.stack([np.zeros(num), high * (LIP[1] + LOWER * opening)], axis=-1),
            middle + np.stack([-half, np.zeros(num)], axis=-1),
            middle + np.stack([half, np.zeros(num)], axis=-1),
        ]
    )  # 4 T 2
    kept = kept_frames(num, 4)
    visible = np.asarray(((points >= 0.0) & (points <= 1.0)).all(axis=-1))
    return tracks_at(kept / fps, points[:, kept], visible[:, kept])


def talking(shot: Shot, spoken: Sequence[Spoken], faces: Mapping[str, Face] | None = None) -> Shot:
    """The Shot in which these lines are said: with their speech Cues, and lips that move with the words.

    `faces` says by name where each speaker's mouth is and how wide; who is not there has none. Without `faces` a mouth
    is where its line's `place` is, else where a close shot has it. Narrators and those who are off have no face. Raises
    ShotError where something is said after the shot's end."""
    late = [one for one in spoken if one.time >= shot.seconds]
    if late:
        raise ShotError(f"lines should begin before the shot's end at {shot.seconds:g} s, not at {late[0].time:.2f} s")
    tracks: list[Track] = []
    for who in dict.fromkeys(one.line.who for one in spoken if one.line.who != NARRATOR and not one.line.off):
        own = [one for one in spoken if one.line.who == who and not one.line.off]
        face = Face(centres(own, shot)) if faces is None else faces.get(who)
        if face is None:
            continue
        tracks += mouth_tracks(
            mouth(own, shot.fps, shot.num_frames),
            face.centre,
            face.width,
            fps=shot.fps,
            rounded=rounding(own, shot.fps, shot.num_frames),
            aspect=shot.size[0] / shot.size[1],
        )
    return shot.with_(
        tracks=(*shot.tracks, *tracks), cues=tuple(sorted((*shot.cues, *cues(spoken)), key=lambda c: c.time))
    )


def centres(spoken: Sequence[Spoken], shot: Shot) -> NDArray[np.float64]:
    """Where a speaker's mouth is at each frame [T, 2]: between the places that the lines have at their times."""
    times, places = [], []
    for one in sorted(spoken, key=lambda one: one.time):
        if one.place is not None:
            times += [one.time, max(one.end, one.time + 1e-3)]
            places += [one.place, one.to or one.place]
    if not times:
        return np.tile(np.array(MIDDLE), (shot.num_frames, 1))
    moments, path = np.arange(shot.num_frames) / shot.fps, np.array(places)
    return np.stack([np.interp(moments, times, path[:, k]) for k in range(2)], axis=-1)
