"""Camera moves in words and true units: the camera's path through the world, and the tracks it leaves on the picture.

World: right-handed, z up, ground at z = 0, metres. A camera's rotation has the columns right, up, backward; it looks
along minus the last one. The vertical field of view is in degrees.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitascope.shot.moves import (
    DEFAULT_AMOUNTS,
    DIRECTIONS,
    LARGEST,
    UNITS,
    VERBS,
    Ease,
    Move,
    MoveKind,
    bounds,
    describe_moves,
    parse_moves,
)
from vitascope.shot.tracks import Track, kept_frames, tracks_at
from vitascope.shot.value import ShotError

__all__ = [
    "CameraPath",
    "DEFAULT_AMOUNTS",
    "DEFAULT_VIEW",
    "DIRECTIONS",
    "Ease",
    "LARGEST",
    "Move",
    "MoveKind",
    "UNITS",
    "VERBS",
    "View",
    "camera_path",
    "camera_tracks",
    "describe_moves",
    "parse_moves",
    "project",
    "rays",
    "usual_grid",
]

DEFAULT_FOV = 40.0  # degrees, vertical
# The average of the footage that the network learns from: a metre asked must be a metre there.
DEFAULT_EYE_HEIGHT = 1.35  # metres
DEFAULT_PITCH = -13.0  # degrees, looking slightly down
DEFAULT_DISTANCE = 3.25  # metres from the eye to above the origin
FAR = 30.0  # metres at which the sky and all that is further hangs, for tracks

LOOKED_AT = 0.5  # metres above the ground: the middle of what a camera usually looks at
MAX_GRID = 64  # points along a side
USUAL_POINTS = 40  # of a camera move's tracks: about one a patch of the shipped network, as it has learned them
NEAREST = 0.3  # metres: what an orbit goes round is at least that far
SWAY = 0.02  # metres that a handheld camera sways for each degree that it shakes
FADE = 0.25  # seconds in which a shaking begins and ends, when it does within a shot


@dataclass(frozen=True)
class View:
    """Where a camera stands (metres) and looks (degrees: pan to the right, tilt up, roll clockwise, vertical fov).

    `pivot` is how far away along the ground the thing is that it looks at, which orbits go round. None: where the
    viewing direction is half a metre above the ground, if it gets there within 30 m, else 3.25 m."""

    position: tuple[float, float, float] = (0.0, -DEFAULT_DISTANCE, DEFAULT_EYE_HEIGHT)
    pan: float = 0.0
    tilt: float = DEFAULT_PITCH
    roll: float = 0.0
    fov: float = DEFAULT_FOV
    pivot: float | None = None


DEFAULT_VIEW = View(pivot=DEFAULT_DISTANCE)


@dataclass(frozen=True, eq=False)
class CameraPath:
    """A camera in every frame: position [T, 3], rotation [T, 3, 3] (columns right, up, backward), vertical fov [T]."""

    position: NDArray[np.float64]
    rotation: NDArray[np.float64]
    fov: NDArray[np.float64]

    def __post_init__(self) -> None:
        num = len(self.fov)
        if self.position.shape != (num, 3) or self.rotation.shape != (num, 3, 3) or self.fov.shape != (num,):
            shapes = f"{self.position.shape}, {self.rotation.shape}, {self.fov.shape}"
            raise ValueError(f"position, rotation and fov should be [T, 3], [T, 3, 3] and [T], but were {shapes}")

    @property
    def num_frames(self) -> int:
        return len(self.fov)


def camera_path(moves: Sequence[Move], seconds: float, fps: float, base: View = DEFAULT_VIEW) -> CameraPath:
    """The camera in each of max(1, round(seconds * fps)) frames; a move without an end is complete in the last frame.

    Moves compose: pan turns about the world's z, tilt about the camera's right, roll about its axis; truck and dolly go
    along the horizontal right and viewing direction of the moment, pedestal along z; zoom multiplies the focal length;
    orbit goes round, and turns about, the vertical through what the camera looks at when the orbit begins; handheld
    adds its shaking to all that. The shaking is nothing in the first frame.
    """
    num_frames = max(1, round(seconds * fps))
    total: dict[str, NDArray[np.float64]] = {kind: np.zeros(num_frames) for kind in get_args(MoveKind)}
    for move in moves:
        if move.kind != "handheld":
            amount = math.log(move.amount) if move.kind == "zoom" else move.amount
            total[move.kind] += amount * move.progress(num_frames, fps)
    pan = np.radians(base.pan + total["pan"] - total["orbit"])  # T; who goes round to the right turns to the left
    tilt, roll = np.radians(base.tilt + total["tilt"]), np.radians(base.roll + total["roll"])  # T each
    position = np.tile(np.asarray(base.position, np.float64), (num_frames, 1))  # T 3
    middle = (pan[1:] + pan[:-1]) / 2  # the heading between two frames
    dolly, truck = np.diff(total["dolly"]), np.diff(total["truck"])
    east, north = dolly * np.sin(middle) + truck * np.cos(middle), dolly * np.cos(middle) - truck * np.sin(middle)
    position[:, 2] += total["pedestal"]
    orbits = [move for move in moves if move.kind == "orbit"]
    if orbits:
        _go_round(position, np.stack([east, north], -1), orbits, pan, tilt, fps, base)
    else:
        position[1:, 0] += np.cumsum(east)
        position[1:, 1] += np.cumsum(north)
    for move in moves:
        if move.kind == "handheld":
            angles, sway = _shaking(move, num_frames, fps)
            ahead = np.stack([np.sin(pan), np.cos(pan)], -1)  # T 2
            position[:, 0] += sway[:, 0] * ahead[:, 1] + sway[:, 1] * ahead[:, 0]
            position[:, 1] += sway[:, 1] * ahead[:, 1] - sway[:, 0] * ahead[:, 0]
            position[:, 2] += sway[:, 2]
            pan, tilt, roll = (
                angle + np.radians(more) for angle, more in zip((pan, tilt, roll), angles.T, strict=True)
            )
    half = np.tan(math.radians(base.fov) / 2) / np.exp(total["zoom"])
    return CameraPath(position, rotation_of(pan, tilt, roll), 2 * np.degrees(np.arctan(half)))


def _go_round(
    position: NDArray[np.float64],
    steps: NDArray[np.float64],
    orbits: Sequence[Move],
    pan: NDArray[np.float64],
    tilt: NDArray[np.float64],
    fps: float,
    base: View,
) -> None:
    """Fill in x and y of `position` [T, 3] with orbits and, between two frames, the other moves' steps [T - 1, 2].

    Each step is made between two halves of the turning, so that a dolly during an orbit goes straight to the pivot.
    """
    num_frames = len(pan)
    turns = [np.radians(move.amount) * move.progress(num_frames, fps) for move in orbits]  # to the right, T each
    pivots: list[NDArray[np.float64] | None] = [None] * len(orbits)
    for t in range(1, num_frames):
        here = position[t - 1, :2]
        halves = []
        for i, (move, turn) in enumerate(zip(orbits, turns, strict=True)):
            if turn[t] == turn[t - 1]:
                continue
            pivot = pivots[i]
            if pivot is None:
                pivot = pivots[i] = here + _pivot(move, position[t - 1], pan[t - 1], tilt[t - 1], base)
            halves.append((pivot, (turn[t] - turn[t - 1]) / 2))
        for pivot, angle in halves:
            here = _turned(here, pivot, angle)
        here = here + steps[t - 1]
        for pivot, angle in reversed(halves):
            here = _turned(here, pivot, angle)
        position[t, :2] = here


def _turned(point: NDArray[np.float64], pivot: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """A point on the ground [2] turned about another by radians, counterclockwise as seen from above."""
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = point - pivot
    return pivot + np.array([cos * x - sin * y, sin * x + cos * y])


def _pivot(move: Move, eye: NDArray[np.float64], pan: float, tilt: float, base: View) -> NDArray[np.float64]:
    """From the eye to what an orbit goes round, along the ground [2] in metres."""
    ahead = np.array([math.sin(pan), math.cos(pan)])
    distance = move.distance
    if distance is None and base.pivot is not None:
        first = math.radians(base.pan)
        target = np.array(base.position[:2]) + base.pivot * np.array([math.sin(first), math.cos(first)])
        left = float((target - eye[:2]) @ ahead)  # dollies have come nearer to it, or gone away
        distance = left if left > NEAREST else base.pivot
    if distance is None:
        falling, height = math.tan(-tilt), float(eye[2]) - LOOKED_AT
        distance = height / falling if falling * FAR > height > falling * NEAREST > 0 else DEFAULT_DISTANCE
    return max(distance, NEAREST) * ahead


def _shaking(move: Move, num_frames: int, fps: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A hand's shaking: degrees of pan, tilt and roll [T, 3] and metres to the right, ahead and up [T, 3].

    Each is a sum of slow waves (0.25 to 3 a second, the slower the larger) that is 0 when it begins; pan and tilt never
    exceed the amount, roll half of it.
    """
    num_waves = 7
    rng = np.random.default_rng([move.seed or 0, 0x5BA2E])
    speeds = 0.25 * (12.0 ** (np.arange(num_waves) / (num_waves - 1))) * rng.uniform(0.9, 1.0, (6, num_waves))  # 6 W
    sizes = speeds**-0.7
    sizes /= sizes.sum(1, keepdims=True)
    signs = rng.choice((-1.0, 1.0), (6, num_waves))
    start, end = bounds(num_frames, fps, move.start, move.end)
    moments = np.arange(num_frames) / fps - start
    waves = np.einsum("kw,tkw->tk", sizes * signs, np.sin(2 * math.pi * speeds * moments[:, None, None]))  # T 6
    long = max(end - start, 1e-9)
    rise = {"ease": long / 2, "ease in": long}.get(move.ease, FADE if move.start else 0.0)
    fall = {"ease": long / 2, "ease out": long}.get(move.ease, FADE if end < (num_frames - 1) / fps else 0.0)
    strength = np.clip(moments / rise, 0, 1) if rise else (moments >= 0).astype(np.float64)
    strength = np.minimum(strength, np.clip((long - moments) / fall, 0, 1) if fall else (moments <= long + 1e-9))
    waves *= move.amount * (strength * strength * (3 - 2 * strength))[:, None]
    return waves[:, :3] * (1, 1, 0.5), waves[:, 3:] * (SWAY, SWAY / 2, SWAY)


def rotation_of(pan: NDArray[np.float64], tilt: NDArray[np.float64], roll: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices [T, 3, 3] of angles in radians [T]: pan to the right, tilt up, roll clockwise."""
    none = np.zeros_like(pan)
    right = np.stack([np.cos(pan), -np.sin(pan), none], -1)  # T 3
    ahead = np.stack([np.sin(pan) * np.cos(tilt), np.cos(pan) * np.cos(tilt), np.sin(tilt)], -1)  # T 3
    up = np.cross(right, ahead)  # T 3
    cos, sin = np.cos(roll)[:, None], np.sin(roll)[:, None]
    return np.stack([cos * right - sin * up, cos * up + sin * right, -ahead], -1)  # T 3 3


def project(
    points: ArrayLike, path: CameraPath, size: tuple[int, int], frame: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """World points [..., 3] as picture coordinates [..., 2] and depth [...] in one frame, or in all (T comes first).

    Depth is metres along the viewing direction. Where it is 0 or less the point is behind the camera, and its picture
    coordinates are finite but mean nothing. `size` is (width, height), only its shape matters. For points that move,
    call it frame by frame.
    """
    if frame is None:
        each = [project(points, path, size, t) for t in range(path.num_frames)]
        return np.stack([xy for xy, _ in each]), np.stack([depth for _, depth in each])
    local = (np.asarray(points, np.float64) - path.position[frame]) @ path.rotation[frame]  # ... 3: right, up, backward
    depth = -local[..., 2]
    scale = (
        0.5 / math.tan(math.radians(path.fov[frame]) / 2) / np.where(depth > 1e-6, depth, 1e-6)
    )  # pictures per metre
    x = 0.5 + local[..., 0] * scale * size[1] / size[0]
    y = 0.5 - local[..., 1] * scale
    return np.stack([x, y], -1), depth


def rays(path: CameraPath, size: tuple[int, int], frame: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The eye [3] and a direction [H, W, 3] through every pixel's centre; eye + depth * direction has that depth."""
    width, height = size
    columns, rows = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return path.position[frame], directions(np.stack([columns, rows], -1), path, size, frame)


def directions(xy: NDArray[np.float64], path: CameraPath, size: tuple[int, int], frame: int) -> NDArray[np.float64]:
    """Directions [..., 3] through picture coordinates [..., 2], one metre deep."""
    half = math.tan(math.radians(path.fov[frame]) / 2)
    right = (xy[..., 0] - 0.5) * 2 * half * size[0] / size[1]
    up = (0.5 - xy[..., 1]) * 2 * half
    local = np.stack([right, up, np.full_like(right, -1.0)], -1)
    world: NDArray[np.float64] = local @ path.rotation[frame].T
    return world


def camera_tracks(
    moves: Sequence[Move],
    size: tuple[int, int],
    seconds: float,
    fps: float,
    depth: NDArray[Any] | None = None,
    grid: tuple[int, int] = (16, 9),
    base: View = DEFAULT_VIEW,
) -> tuple[Track, ...]:
    """The tracks that these moves leave on a still world: a grid (columns, rows) of points of the first frame, and
    those of a grid on the last frame that were not in the first.

    `depth` is the first frame's, [H, W] in metres; without it the world is flat ground under the default view. Points
    in the sky or further than 30 m hang at 30 m. Points are visible inside the picture and before the camera. An orbit
    goes round what stands in the middle of the depth map. Very long shots have a time for every few frames only.
    """
    check_grid(grid)
    if depth is not None and (depth.ndim != 2 or 0 in depth.shape):
        raise ValueError(f"depth should be [H, W] in metres, but was {list(depth.shape)}")
    if depth is not None and base.pivot is None:
        middle = camera_path((), 0, fps, base)
        ahead = float(_depth_at(np.array([[0.5, 0.5]]), middle, size, 0, depth)[0])
        base = replace(base, pivot=ahead * math.cos(math.radians(base.tilt)) if ahead < FAR else None)
    path = camera_path(moves, seconds, fps, base)
    columns, rows = np.meshgrid((np.arange(grid[0]) + 0.5) / grid[0], (np.arange(grid[1]) + 0.5) / grid[1])
    cells = np.stack([columns, rows], -1).reshape(-1, 2)  # K 2
    last = path.num_frames - 1
    early = _unproject(cells, _depth_at(cells, path, size, 0, depth), path, size, 0)  # K 3
    late = _unproject(cells, _depth_at(cells, path, size, last, depth), path, size, last)  # K 3
    seen = _inside(*project(late, path, size, 0))
    points = np.concatenate([early, late[~seen]])  # K 3
    kept = kept_frames(path.num_frames, len(points))
    xy, deep = project(points, CameraPath(path.position[kept], path.rotation[kept], path.fov[kept]), size)  # T K 2, T K
    return tracks_at(kept / fps, xy.transpose(1, 0, 2), _inside(xy, deep).T)


def usual_grid(size: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows of the points that tell a camera move in a picture of this shape: about forty, evenly spread."""
    columns = min(USUAL_POINTS, max(1, round(math.sqrt(USUAL_POINTS * size[0] / size[1]))))
    return columns, max(1, round(USUAL_POINTS / columns))


def check_grid(grid: tuple[int, int]) -> None:
    """Raise ShotError for a grid (columns, rows) that is not 1 to 64 a side."""
    if len(grid) != 2 or not all(isinstance(side, int) and 1 <= side <= MAX_GRID for side in grid):
        raise ShotError(f"grid should be columns and rows of 1 to {MAX_GRID} each, but was {grid}")


def _inside(xy: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = ((xy >= 0) & (xy <= 1)).all(-1) & (depth > 0.01)
    return inside


def _unproject(
    cells: NDArray[np.float64], depth: NDArray[np.float64], path: CameraPath, size: tuple[int, int], frame: int
) -> NDArray[np.float64]:
    """World points [K, 3] seen at these picture coordinates [K, 2] at these depths [K]."""
    world: NDArray[np.float64] = path.position[frame] + depth[:, None] * directions(cells, path, size, frame)
    return world


def _depth_at(
    cells: NDArray[np.float64], path: CameraPath, size: tuple[int, int], frame: int, depth: NDArray[Any] | None
) -> NDArray[np.float64]:
    """Depth [K] at picture coordinates [K, 2]: of the ground, or read from the first frame's depth map."""
    if depth is None:
        falling = -directions(cells, path, size, frame)[:, 2]  # metres down per metre of depth
        height = path.position[frame, 2]
        return np.where(falling * FAR > height, height / np.maximum(falling, 1e-9), FAR)
    known = np.where(np.isfinite(depth) & (depth > 0), np.minimum(depth, FAR), FAR)  # H W
    if frame != 0:
        # What comes into view later has no known depth: it continues the nearest edge of what was seen.
        guess = np.full(len(cells), np.median(known))
        cells = project(_unproject(cells, guess, path, size, frame), path, size, 0)[0]
    column = np.clip((cells[:, 0] * known.shape[1]).astype(int), 0, known.shape[1] - 1)
    row = np.clip((cells[:, 1] * known.shape[0]).astype(int), 0, known.shape[0] - 1)
    read: NDArray[np.float64] = known[row, column].astype(np.float64)
    return read
