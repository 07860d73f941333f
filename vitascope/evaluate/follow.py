"""Follows what is seen in a clip: points of its textures by optical flow, and one thing by its colours.

Letters: K points, T frames, H W pixels. Picture coordinates are 0 to 1 from the left and from the top.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]  # T H W 3
Motion = npt.NDArray[np.float32]  # H W 2, to the right and down
Points = npt.NDArray[np.float64]  # ... 2, picture coordinates

LARGER = 2  # times larger, at which motion between two frames is read: it is finer so
AROUND = 7  # pixels of the square whose texture holds a point
HELD = 2e-5  # least texture (smaller eigenvalue of the gradients' matrix, greys 0 to 1) by which a point is held
FIRM = 1e-3  # texture by which a point is held half
WINDOW = 15  # pixels of the LARGER picture that are looked for again
MISSED = 0.3  # pixels by which going there and back may miss
ASTRAY = 4.0  # pixels by which the flow may have missed
LEVELS = 16  # of each colour channel that tell a thing from all else
LEAST = 12  # pixels of a thing that is seen at all


@dataclass(frozen=True, eq=False)
class Flow:
    """The motion of a clip's pixels from frame to frame, LARGER than they are; found when it is first asked for."""

    frames: Frames

    @property
    def num_frames(self) -> int:
        return len(self.frames)

    @cached_property
    def there(self) -> list[Motion]:
        """From each frame to the next."""
        return [_flow(a, b) for a, b in itertools.pairwise(self.greys)]

    @cached_property
    def greys(self) -> list[npt.NDArray[np.uint8]]:
        """Its frames in grey, LARGER."""
        return [_grey(frame) for frame in self.frames]


def follow(flow: Flow, points: Points, first: npt.NDArray[np.int64] | None = None) -> Points:
    """Points [K, 2], each as it stands in frame `first` [K] (None: in the first of all), followed to the end of the
    clip: places [K, T, 2], held at their own before that. They are given even where nothing holds them."""
    start = np.zeros(len(points), np.int64) if first is None else first
    places = np.repeat(points.astype(np.float64)[:, None], flow.num_frames, 1)  # K T 2
    for t, motion in enumerate(flow.there, 1):
        step = _step(motion, places[:, t - 1], flow)
        places[:, t] = places[:, t - 1] + np.where((start < t)[:, None], step, 0)
    return places


def anchored(flow: Flow, places: Points, frame: int) -> tuple[Points, npt.NDArray[np.bool_]]:
    """Where the points that `follow` has led along places [K, T, 2] from the first frame on are in this frame [K, 2],
    and which of them are sure [K].

    What a point showed at first is looked for where the flow ended (Lucas & Kanade 1981), so the small errors of many
    steps do not add up; and from there back again, which must lead to where it began."""
    if not len(places):
        return places[:, frame], np.zeros(0, np.bool_)
    one, other = flow.greys[0], flow.greys[frame]
    size = np.array(one.shape[::-1])
    begun, guess = ((places[:, t] * size - 0.5).astype(np.float32)[:, None] for t in (0, frame))  # K 1 2
    there, seen = _sought(one, other, begun, guess)
    back, again = _sought(other, one, there, begun)
    off, moved = (np.linalg.norm(way, axis=-1)[:, 0] / LARGER for way in (back - begun, there - guess))  # pixels
    sure = np.asarray(seen & again & (off < MISSED) & (moved < ASTRAY))
    return (there[:, 0].astype(np.float64) + 0.5) / size, sure


def _sought(
    one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8], points: Motion, guess: Motion
) -> tuple[Motion, npt.NDArray[np.bool_]]:
    found, seen, _ = cv2.calcOpticalFlowPyrLK(
        *(one, other, points, guess.copy()),
        winSize=(WINDOW, WINDOW),
        maxLevel=1,
        criteria=(cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 0.003),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        minEigThreshold=1e-6,
    )
    return np.asarray(found, np.float32), np.asarray(seen)[:, 0] > 0


def _step(motion: Motion, points: Points, flow: Flow) -> Points:
    return _at(motion, points) / LARGER / flow.frames.shape[2:0:-1]


def _flow(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> Motion:
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(finder.calc(one, other, None), np.float32)  # type: ignore[call-overload]


def _grey(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    large = cv2.resize(grey, None, fx=LARGER, fy=LARGER, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def _at(image: npt.NDArray[np.float32], points: Points) -> Points:
    """An image's values [K, C] at picture coordinates [K, 2], between its pixels and held at its edges."""
    height, width = image.shape[:2]
    if not len(points):  # which OpenCV refuses
        return np.zeros((0, image.shape[2] if image.ndim > 2 else 1))
    places = (points * (width, height) - 0.5).astype(np.float32)
    read = cv2.remap(image, places[:, :1], places[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float64).reshape(len(points), -1)


def grip(
    frame: npt.NDArray[np.uint8], row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How well the picture holds points at these pixels: the smaller eigenvalue of the gradients around each (Shi &
    Tomasi 1994) [K], of which HELD is enough; and a matrix [K, 2, 2] by which to multiply how far a point is off, so
    that it counts little along an edge, where nothing holds it."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    values = np.asarray(cv2.cornerEigenValsAndVecs(grey, AROUND, 3), np.float64)[row, column]  # K 6
    strength = np.maximum(values[:, :2], 0)  # rounding
    weight = np.sqrt(strength / (strength + FIRM))
    return strength.min(1), weight[..., None] * values[:, 2:].reshape(-1, 2, 2)


@dataclass(frozen=True, eq=False)
class Look:
    """What a thing looks like beside all else: how likely each colour is the thing's, [LEVELS, LEVELS, LEVELS]."""

    odds: npt.NDArray[np.float32]


def look_of(frames: Frames, shown: npt.NDArray[np.bool_]) -> Look:
    """The look of a thing that is where `shown` [T, H, W] says."""
    counts = []
    for mask in (shown, ~shown):
        colours = (frames[mask] // (256 // LEVELS)).astype(np.int64)
        flat = np.bincount(colours @ (LEVELS * LEVELS, LEVELS, 1), minlength=LEVELS**3).astype(np.float32)
        soft = flat.reshape(LEVELS, LEVELS, LEVELS)
        for axis in range(3):  # light changes, and generated colours miss a little
            padded = np.pad(soft, [(1, 1) if one == axis else (0, 0) for one in range(3)])
            near = [np.take(padded, np.arange(k, k + LEVELS), axis) for k in range(3)]
            soft = 0.25 * near[0] + 0.5 * near[1] + 0.25 * near[2]
        counts.append(soft / max(1.0, soft.sum()))
    thing, rest = counts
    # A thing covers a tenth of the picture, say; a colour that nobody has ever seen is not the thing's.
    return Look((0.1 * thing / (0.1 * thing + 0.9 * rest + 1e-6)).astype(np.float32))


def centres(frames: Frames, look: Look, start: Points | None = None) -> tuple[Points, npt.NDArray[np.bool_]]:
    """The centre of mass of the thing of that look in each frame [T, 2], and whether any of it was seen [T].

    Of several patches of its colours it is the one that is largest and nearest to where it was (`start` [2] at first).
    Where none is seen it stays where it was."""
    T, H, W = frames.shape[:3]
    here = np.array((0.5, 0.5)) if start is None else np.asarray(start, np.float64)
    known = start is not None
    places, seen = np.empty((T, 2)), np.zeros(T, np.bool_)
    columns, rows = np.meshgrid((np.arange(W) + 0.5) / W, (np.arange(H) + 0.5) / H)
    for t, frame in enumerate(frames):
        level = frame // (256 // LEVELS)
        odds = cv2.blur(look.odds[level[..., 0], level[..., 1], level[..., 2]], (3, 3))
        count, label, stats, middle = cv2.connectedComponentsWithStats((odds > 0.5).astype(np.uint8), connectivity=8)
        best, most = 0, 0.0
        for one in range(1, count):
            area = float(stats[one, cv2.CC_STAT_AREA])
            if area < LEAST:
                continue
            away = float(np.hypot(*((middle[one] + 0.5) / (W, H) - here))) if known else 0.0
            if area * np.exp(-away / 0.2) > most:
                best, most = one, area * float(np.exp(-away / 0.2))
        if best:
            weight = np.where(label == best, odds, 0.0)
            here = np.array(((columns * weight).sum(), (rows * weight).sum())) / weight.sum()
            known, seen[t] = True, True
        places[t] = here
    return places, seen


def middle_of(shown: npt.NDArray[np.bool_]) -> tuple[Points, npt.NDArray[np.bool_]]:
    """The centre of mass of what is marked in each frame of [T, H, W], and whether anything is: [T, 2] and [T]."""
    H, W = shown.shape[1:]
    there = shown.sum((1, 2)) >= LEAST
    total = np.maximum(shown.sum((1, 2)), 1)
    x = (shown * ((np.arange(W) + 0.5) / W)).sum((1, 2)) / total
    y = (shown * ((np.arange(H) + 0.5) / H)[:, None]).sum((1, 2)) / total
    return np.stack([x, y], 1), there


def longest_run(visible: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the longest run of True begins and ends (exclusive) in each row of [K, T]: [K] each."""
    K, T = visible.shape
    first, end = np.zeros(K, np.int64), np.zeros(K, np.int64)
    begun = np.zeros(K, np.int64)
    for t in range(T):
        begun = np.where(visible[:, t], begun, t + 1)
        longer = t + 1 - begun > end - first
        first, end = np.where(longer, begun, first), np.where(longer, t + 1, end)
    return first, end
