"""A camera's moves carried out on the picture: the network films from where the camera stands, a little wider, and what
the moving camera would see of that is cut out of its frames.

Tracks that one camera leaves on flat ground and the sky (`camera_tracks`) are recognised, whoever made them, and the
camera is found again from them. Turning and zooming need to know nothing of what is seen, and come out exactly. Walks
(truck, pedestal, dolly, orbit) take the world for flat: what stands on it leans as if it were painted there.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import DEFAULT_VIEW, FAR, CameraPath, View, camera_path, directions, project, rotation_of
from vitascope.shot.clip import Frame
from vitascope.shot.moves import VERBS
from vitascope.shot.shot import Shot
from vitascope.shot.tracks import Track, track_arrays, tracks_at

FEWEST = 12  # tracks that tell of a camera, …
SPREAD = (0.3, 0.15)  # … which lie apart by at least this share of the picture's width and height …
OFF = 0.004  # … and are off by at most this share of the width
MOVES = 0.01  # of the picture: less is a camera that stands
SMALLEST = 0.55  # of the wider picture's sides: less would be too coarse, and its edge is mirrored instead
MIDDLE = (0.5, 0.55)  # of the wider picture: there things are
SKY = 1000.0  # metres at which the sky hangs, and ground that is further
ROUNDS = 8  # of looking for the camera of a frame
Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reframing:
    """What the network is to make instead of a Shot, and how its frames become those that were asked for."""

    shot: Shot  # without the camera's moves
    path: CameraPath  # of the frames that the network makes
    share: float  # of the wider picture's sides that the view is
    corner: tuple[float, float]  # of the view in it, where the camera stands in the first frame

    def places(self, xy: Points, frame: int) -> Points:
        """Where in the wider picture lies what a frame shows at picture coordinates [..., 2]: the same."""
        return np.array(self.corner) + self.share * _before(xy, self.path, self.shot.size, frame)

    def frame(self, made: Frame, number: int) -> Frame:
        """What the camera sees in a frame, of what the network made for it: [H, W, 3] each."""
        import cv2

        H, W = made.shape[:2]
        columns, rows = np.meshgrid((np.arange(W) + 0.5) / W, (np.arange(H) + 0.5) / H)
        at = self.places(np.stack([columns, rows], -1), min(number, self.path.num_frames - 1)) * (W, H) - 0.5
        at = np.clip(at, (-W, -H), (2 * W, 2 * H)).astype(np.float32)  # H W 2
        return np.asarray(cv2.remap(made, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101), np.uint8)

    def all(self, made: Iterable[Frame]) -> "Reframed":
        return Reframed(made, self)


@dataclass(frozen=True, eq=False)
class Reframed:
    """Frames as the moving camera sees them, as often as they are played."""

    made: Iterable[Frame]
    by: Reframing

    def __iter__(self) -> Iterator[Frame]:
        return (self.by.frame(frame, number) for number, frame in enumerate(self.made))


def reframing(shot: Shot, num_frames: int, fps: float) -> Reframing | None:
    """How the camera of a Shot, of which the network makes so many frames at this rate, is carried out on the picture;
    None where its tracks are not those of a moving camera, and where known pictures say what is to be seen: but a first
    frame does not, if the camera shows no more than that."""
    known = [pin for pin in shot.pins if pin.role == "frame"]
    later = any(pin.media.kind == "film" or round(pin.time * fps) for pin in known)
    if num_frames < 2 or len(shot.tracks) < FEWEST or later:
        return None
    points, visible = track_arrays(shot.tracks, num_frames, fps)
    xy = points.astype(np.float64)
    if not _spread(xy[:, 0], visible[:, 0]):
        return None
    found = camera_of(xy, visible, shot.size)
    if found is None:
        return None
    path, of_camera = found
    share, corner = _view(path, shot.size)
    if known and share < 1:
        return None
    made = Reframing(shot, path, share, corner)
    others = tuple(_carried(track, made, fps) for track, own in zip(shot.tracks, of_camera, strict=True) if not own)
    spans = tuple(span.model_copy(update={"text": without_camera(span.text)}) for span in shot.spans)
    plain = shot.with_(
        text=without_camera(shot.text) or shot.text, tracks=others, spans=tuple(span for span in spans if span.text)
    )
    return Reframing(plain, path, share, corner)


def without_camera(text: str) -> str:
    """A text without what it says of the camera's moves (see `describe_moves`): of «a dog, the camera pans left» the
    dog is left."""
    verbs = "|".join(map(re.escape, sorted(set(VERBS.values()))))
    said = rf"[,;.]?\s*\b(?:(?:and|while|as)\s+)?the (?:handheld )?camera (?:{verbs})\b[^.;]*"
    return re.sub(said, "", text, flags=re.IGNORECASE).lstrip(" ,;.").rstrip()


# ---- which camera it was


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


def camera_of(
    points: Points, visible: NDArray[np.bool_], size: tuple[int, int]
) -> tuple[CameraPath, NDArray[np.bool_]] | None:
    """The camera whose moves over flat ground leave these tracks [K, T, 2], [K, T], and which of them are its own [K];
    None where no camera explains most of them, and where it stands still.

    Those that were made for DEFAULT_VIEW are known at once; for others, as of a film, the view is looked for."""
    found = _camera_in(USUAL, points, visible, size, FEWEST, 0.6)
    if found is None:
        world = _likely(points, visible, size)
        found = None if world is None else _camera_in(world, points, visible, size, 16, 0.35)
    return found


def _camera_in(
    world: World, points: Points, visible: NDArray[np.bool_], size: tuple[int, int], fewest: int, most: float
) -> tuple[CameraPath, NDArray[np.bool_]] | None:
    """The same, in a world; at least so many tracks, and such a share of them, have to be the camera's own."""
    early = visible[:, 0]
    xy, shown = points[early], visible[early]
    if len(xy) < fewest:
        return None
    held = np.asarray((np.abs(xy - 0.5) < 1.49).all(-1))  # K T; further ones were cut off
    if world is not USUAL:
        held &= shown  # what is hidden is not where it is said to be
    there = _ground(xy[:, 0], world.start, size, far=world.far)
    poses, off = np.zeros((points.shape[1], 7)), np.zeros(xy.shape[:2])
    for t in range(1, len(poses)):
        poses[t], off[:, t] = _pose(world, there, xy[:, t], held[:, t], poses[t - 1], size)
    seen = np.where(held, off, 0)
    most_off = OFF if world is USUAL else 2 * OFF  # others are only about right, as tracks of films are
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
    return path, of_camera


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


def _before(xy: Points, path: CameraPath, size: tuple[int, int], frame: int) -> Points:
    """Where the first frame shows what a later one shows at picture coordinates [..., 2]."""
    return project(_ground(xy, path, size, frame, SKY), path, size, 0)[0]


# ---- the wider picture


def _view(path: CameraPath, size: tuple[int, int]) -> tuple[float, tuple[float, float]]:
    """How large the first frame's view may be in the wider picture, so that this holds all that will be seen, and the
    view's corner. What is in the middle stays there, as far as it can."""
    columns, rows = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    grid = np.stack([columns, rows], -1)
    seen = np.concatenate([_before(grid, path, size, frame).reshape(-1, 2) for frame in range(path.num_frames)])
    low, high = np.minimum(seen.min(0), 0), np.maximum(seen.max(0), 1)
    share = float(np.clip(1 / (high - low).max(), SMALLEST, 1))
    wished = np.array(MIDDLE) * (1 - share)
    least, most = -share * low, 1 - share * high  # corners with which all is inside
    middle = (least + most) / 2
    corner = np.where(least <= most, np.clip(wished, least, most), np.clip(middle, 0, 1 - share))
    return share, (float(corner[0]), float(corner[1]))


def _carried(track: Track, by: Reframing, fps: float) -> Track:
    """A track of the asked picture as one of the wider picture."""
    last = by.path.num_frames - 1
    points = [
        by.places(np.array(xy), min(last, round(time * fps)))
        for time, xy in zip(track.times, track.points, strict=True)
    ]
    return tracks_at(np.array(track.times), np.stack(points)[None], np.array(track.visible)[None])[0]
