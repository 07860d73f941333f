"""Which camera left these tracks: found again from the points' ways alone, whoever made them.

Two worlds are thought of: flat ground under a far sky, over which a camera may also walk, and a flat picture before
which it moves. Coordinates are the picture's, 0…1.
"""

import functools
import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import DEFAULT_VIEW, FAR, CameraPath, View, camera_path, directions, project, rotation_of
from vitascope.shot.tracks import Track, track_arrays

FEWEST = 12  # tracks that tell of a camera, …
SPREAD = (0.3, 0.15)  # … which lie apart by at least this share of the picture's width and height …
OFF = 0.004  # … and are off by at most this share of the width
MOVES = 0.01  # of the picture: less is a camera that stands
NEAR = 8.0  # metres within which things stand, or fly
SKY = 1000.0  # metres at which the sky hangs, and ground that is further
ROUNDS = 8  # of looking for the camera of a frame
Points = NDArray[np.float64]


class Camera(Protocol):
    """A camera that moves, as what is seen tells of it."""

    @property
    def num_frames(self) -> int: ...

    def before(self, xy: Points, frame: int) -> Points:
        """Where the first frame shows what this one shows at picture coordinates [..., 2]: the same."""
        ...


@dataclass(frozen=True, eq=False)
class OverGround:
    """A camera that films flat ground under a far sky."""

    path: CameraPath
    size: tuple[int, int]

    @property
    def num_frames(self) -> int:
        return self.path.num_frames

    @property
    def walks(self) -> bool:
        """Whether it goes anywhere: what stands up is then seen otherwise than the ground it stands on."""
        return bool(np.ptp(self.path.position, axis=0).max() > 0.01)

    def before(self, xy: Points, frame: int) -> Points:
        return project(_ground(xy, self.path, self.size, frame, SKY), self.path, self.size, 0)[0]

    def standing(self, foot: Points, frame: int) -> tuple[Points, Points]:
        """Where a frame shows what the first one shows standing at picture coordinates [2], and the matrix [2, 2] by
        which what stands there is turned and scaled, in pixels. What flies is thought to be NEAR."""
        way = directions(foot, self.path, self.size, 0)
        depth = min(NEAR, self.path.position[0, 2] / max(-way[2], 1e-9))
        there = self.path.position[0] + depth * way
        ends = np.stack([there, there + (0, 0, 0.1)])
        (low, high), (now, above) = (project(ends, self.path, self.size, at)[0] * self.size for at in (0, frame))
        was, goes = complex(*(high - low)), complex(*(above - now))
        by = goes / was
        return now / self.size, np.array([[by.real, -by.imag], [by.imag, by.real]])


@dataclass(frozen=True, eq=False)
class OfPicture:
    """A camera that films a flat picture: projective maps [T, 3, 3] from each frame to the first."""

    maps: Points

    @property
    def num_frames(self) -> int:
        return len(self.maps)

    def before(self, xy: Points, frame: int) -> Points:
        mapped = np.concatenate([xy, np.ones_like(xy[..., :1])], -1) @ self.maps[frame].T
        depth = np.where(np.abs(mapped[..., 2:]) > 1e-6, mapped[..., 2:], 1e-6)
        return np.asarray(mapped[..., :2] / depth)


@dataclass(frozen=True)
class World:
    """What a camera is thought to film: flat ground from `view`, and nothing further than `far` metres."""

    view: View
    far: float

    @property
    def start(self) -> CameraPath:
        """The camera of the first frame."""
        return camera_path((), 1.0, 1.0, self.view)


USUAL = World(DEFAULT_VIEW, FAR)  # of tracks that `camera_tracks` makes


@dataclass(frozen=True, eq=False)
class Told:
    """What the tracks of a Shot tell: the points' ways, and the camera that leaves most of them, if one does."""

    points: Points  # K T 2
    visible: NDArray[np.bool_]  # K T
    camera: Camera | None
    own: NDArray[np.bool_]  # K, which are the camera's


@functools.lru_cache(maxsize=4)  # a film asks several times, and looking may take seconds
def told(tracks: tuple[Track, ...], num_frames: int, fps: float, size: tuple[int, int]) -> Told:
    """What tracks tell at the frames' times i / fps, in a picture of this shape."""
    points, visible = track_arrays(tracks, num_frames, fps)
    ways = points.astype(np.float64)
    camera, own = camera_of(ways, visible, size) or (None, np.zeros(len(ways), np.bool_))
    for array in (ways, visible, own):
        array.flags.writeable = False  # they are kept
    return Told(ways, visible, camera, own)


def camera_of(
    points: Points, visible: NDArray[np.bool_], size: tuple[int, int]
) -> tuple[Camera, NDArray[np.bool_]] | None:
    """The camera whose moves leave these tracks [K, T, 2], [K, T] in a picture of this shape, and which of them are its
    own [K]; None where no camera explains most of them, and where it stands still.

    Those that were made for DEFAULT_VIEW are known at once; for others, as of a film, the view is looked for."""
    if len(points) < FEWEST or points.shape[1] < 2 or not _spread(points[:, 0], visible[:, 0]):
        return None
    found = _camera_in(USUAL, points, visible, size, FEWEST, 0.6) or _before_picture(points, visible)
    if found is None:
        world = _likely(points, visible, size)
        found = None if world is None else _camera_in(world, points, visible, size, 16, 0.25)
    return found


def _before_picture(points: Points, visible: NDArray[np.bool_]) -> tuple[Camera, NDArray[np.bool_]] | None:
    """The camera that moves before a flat picture, if nearly all tracks that the first frame shows go so."""
    import cv2

    early = visible[:, 0]
    xy, shown = points[early], visible[early]
    if np.ptp(xy[:, 0, 1]) < 0.5:  # ground alone is flat as well, but the sky above it does not move with it
        return None
    maps, worst = np.tile(np.eye(3), (points.shape[1], 1, 1)), np.zeros(len(xy))
    for t in range(1, len(maps)):
        there = shown[:, t]
        if there.sum() < FEWEST:
            return None
        found, _ = cv2.findHomography(xy[there, t], xy[there, 0], cv2.RANSAC, 2 * OFF)
        if found is None:
            return None
        maps[t] = found
        off = np.abs(OfPicture(maps).before(xy[:, t], t) - xy[:, 0]).max(1)
        worst = np.maximum(worst, np.where(there, off, 0))
    own = worst < 2 * OFF
    if own.sum() < max(FEWEST, 0.8 * len(own)) or np.abs(xy[own] - xy[own][:, :1]).max() < MOVES:
        return None
    of_camera = ~early  # what comes into view later comes with it
    of_camera[early] = own
    return OfPicture(maps), of_camera


def _camera_in(
    world: World, points: Points, visible: NDArray[np.bool_], size: tuple[int, int], fewest: int, most: float
) -> tuple[Camera, NDArray[np.bool_]] | None:
    """The same over ground, in a world; at least so many tracks have to be the camera's own, and such a share."""
    early = visible[:, 0]
    xy, shown = points[early], visible[early]
    if len(xy) < fewest:
        return None
    held = np.asarray((np.abs(xy - 0.5) < 1.49).all(-1))  # K T; further ones were cut off
    if world is not USUAL:
        held &= shown  # what is hidden is not where it is said to be
    if held.sum(0).min() < FEWEST / 2:  # it has turned away from all that the first frame shows
        return None
    there = _ground(xy[:, 0], world.start, size, far=world.far)
    most_off = OFF if world is USUAL else 2 * OFF  # others are only about right, as tracks of films are
    poses, off = _poses(world, there, xy, held, held, size)
    likely = np.quantile(np.where(held, off, 0), 0.75, axis=1) < most_off
    if world is not USUAL and FEWEST <= likely.sum() < len(xy):  # things that move by themselves have pulled at it
        poses, off = _poses(world, there, xy, held & likely[:, None], held, size)
    seen = np.where(held, off, 0)
    nearly_all = np.sort(seen, 1)[:, round(0.9 * (seen.shape[1] - 1))]
    own = (nearly_all < most_off) & (seen.max(1) < 4 * most_off)
    if not np.isfinite(poses).all() or own.sum() < max(fewest, most * len(own)):
        return None
    path = _path(poses, world.view)
    if not _spread(xy[own, 0], np.ones(int(own.sum()), np.bool_)):
        return None
    if np.where(held[own, :, None], np.abs(xy[own] - xy[own][:, :1]), 0).max() < MOVES:
        return None
    of_camera = np.zeros(len(points), np.bool_)
    of_camera[early] = own
    for k in np.flatnonzero(~early):  # what comes into view later, where it stays in the world
        when = np.flatnonzero(visible[k])
        if len(when):
            place = _ground(points[k, when[-1:]], path, size, int(when[-1]), world.far)
            way = np.stack([project(place, path, size, int(t))[0][0] for t in when])
            of_camera[k] = bool(np.abs(way - points[k, when]).max() < 3 * OFF)
        else:
            of_camera[k] = True
    return OverGround(path, size), of_camera


def _poses(
    world: World, there: Points, xy: Points, by: NDArray[np.bool_], held: NDArray[np.bool_], size: tuple[int, int]
) -> tuple[Points, Points]:
    """The cameras [T, 7] of all frames, from the tracks `by` [K, T] of points there [K, 3], and by how much each of
    those that are held is off [K, T]."""
    poses, off = np.zeros((xy.shape[1], 7)), np.zeros(xy.shape[:2])
    for t in range(1, len(poses)):
        poses[t], _ = _pose(world, there, xy[:, t], by[:, t], poses[t - 1], size)
        where, _ = project(there, _path(poses[t : t + 1], world.view), size, 0)
        off[:, t] = np.where(held[:, t], np.abs(where - xy[:, t]).max(-1), 0)
    return poses, off


def _likely(points: Points, visible: NDArray[np.bool_], size: tuple[int, int]) -> World | None:
    """The world in which a camera explains most tracks, by five of their frames; None where there are too few, or all
    stand still."""
    last = points.shape[1] - 1
    chosen = np.flatnonzero(visible[:, 0])
    if len(chosen) < 2 * FEWEST or np.median(np.abs(points[chosen] - points[chosen, :1]).max((1, 2))) < MOVES:
        return None
    chosen = chosen[np.linspace(0, len(chosen) - 1, min(len(chosen), 64)).round().astype(int)]
    frames = np.unique(np.linspace(0, last, 6).round().astype(int))[1:]
    xy, held = points[chosen], visible[chosen]

    def misfit(view: View) -> float:
        world = World(view, SKY)
        there = _ground(xy[:, 0], world.start, size, far=SKY)
        pose, total = np.zeros(7), 0.0
        for t in frames:
            pose, off = _pose(world, there, xy[:, t], held[:, t], pose, size)
            total += float(np.where(held[:, t], off**2 / (off**2 + OFF**2), 0).sum())
        return total

    views = [replace(DEFAULT_VIEW, tilt=tilt, fov=fov) for tilt in (-25.0, -17.0, -10.0, -4.0) for fov in (30.0, 45.0)]
    best = min(views, key=misfit)
    for step in (4.0, 2.0, 1.0, 0.5):
        near = [replace(best, tilt=best.tilt + a, fov=best.fov + b) for a, b in ((step, 0), (-step, 0), (0, 2 * step))]
        best = min([best, *near, replace(best, fov=best.fov - 2 * step)], key=misfit)
    return World(best, SKY)


def _spread(xy: Points, there: NDArray[np.bool_]) -> bool:
    """Whether enough points [K, 2] are there, all over the picture."""
    some = xy[there]
    return len(some) >= FEWEST and bool((np.ptp(some, axis=0) >= np.array(SPREAD)).all())


def _pose(
    world: World, there: Points, seen: Points, held: NDArray[np.bool_], guess: Points, size: tuple[int, int]
) -> tuple[Points, Points]:
    """The camera (see `_path`) that sees points there [K, 3] at picture coordinates [K, 2], and by how much each is
    off: Gauss and Newton's way from a guess, points that are far off counting little (Geman & McClure 1987)."""
    pose = guess.copy()

    def off(pose: Points) -> Points:
        return np.where(held[:, None], project(there, _path(pose[None], world.view), size, 0)[0] - seen, 0)  # K 2

    small = 1e-5 * np.eye(7)
    for _ in range(ROUNDS):
        now = off(pose)
        slopes = np.stack([(off(pose + step) - now) / 1e-5 for step in small], -1)  # K 2 7
        count = 1 / (1 + (now**2).sum(1) / 0.02**2) ** 2  # K
        left = np.einsum("k,kia,kib->ab", count, slopes, slopes) + 1e-7 * np.eye(7)
        step = np.linalg.solve(left, np.einsum("k,kia,ki->a", count, slopes, now))
        pose = pose - np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-6:
            break
    return pose, np.abs(off(pose)).max(1)


def _path(poses: Points, base: View) -> CameraPath:
    """Cameras from numbers [T, 7]: metres from where a view stands, radians of pan, tilt and roll from it, and the
    logarithm of the zoom."""
    pan, tilt, roll = (
        math.radians(angle) + poses[:, 3 + i] for i, angle in enumerate((base.pan, base.tilt, base.roll))
    )
    half = math.tan(math.radians(base.fov) / 2) / np.exp(np.clip(poses[:, 6], -5, 5))
    position = np.asarray(base.position) + poses[:, :3]
    return CameraPath(position, rotation_of(pan, tilt, roll), 2 * np.degrees(np.arctan(half)))


def _ground(xy: Points, path: CameraPath, size: tuple[int, int], frame: int = 0, far: float = FAR) -> Points:
    """The points of the world [..., 3] that a frame shows at picture coordinates [..., 2]: on the ground, or as far
    away as it can be."""
    ways = directions(xy, path, size, frame)
    falling, height = -ways[..., 2], path.position[frame, 2]
    depth = np.where(falling * far > height, height / np.maximum(falling, 1e-9), far)
    return np.asarray(path.position[frame] + depth[..., None] * ways)
