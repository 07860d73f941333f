"""Motion transfer: the tracks of a reference film, read with OpenCV's DIS optical flow (imported on use)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import check_grid
from vitascope.shot.clip import Clip, Frame
from vitascope.shot.tracks import Track, kept_frames, tracks_at
from vitascope.shot.value import MAX_SECONDS, MAX_TRACKS, ShotError

if TYPE_CHECKING:
    pass

WORKING = 320  # pixels of the longer side at which motion is measured
RATE = 60.0  # frames a second at most: of faster films only every other frame (or every third ...) is looked at
DISAGREEMENT = 1.0  # pixels by which going forth and back may miss ...
SHARE = 0.05  # ... and this share of the way more
CHANGE = 28.0  # grey levels by which what a point shows may change from what it showed a little earlier
SHORTEST = 3  # frames; what is seen for less is noise


def transfer_tracks(
    film: Clip | Iterable[Frame],
    grid: tuple[int, int] = (16, 9),
    fps: float | None = None,
    seconds: float = MAX_SECONDS,
    working: int = WORKING,
) -> tuple[Track, ...]:
    """The motion of a reference film: tracks of a grid (columns, rows) of points of its first frame, and of new ones
    wherever a cell of the grid has lost all of its own.

    `film` is a Clip, or frames uint8 [H, W, 3] with their `fps`; its first `seconds` are read, one frame at a time, and
    scaled so that the longer side has `working` pixels. A point is followed from frame to frame as long as the flow
    back leads to where it came from and it goes on showing the same; then its track ends. Raises ShotError, and
    MediaError for a film that cannot be read.
    """
    check_grid(grid)
    rate = film.fps if isinstance(film, Clip) else fps
    if rate is None or not 0 < rate <= 1000:
        raise ShotError(f"fps should be more than 0 and at most 1000 for frames without a clip, but was {fps}")
    if not 0 < seconds <= MAX_SECONDS:
        raise ShotError(f"seconds should be more than 0 and at most {MAX_SECONDS:g}, but was {seconds:g}")
    if not 64 <= working <= 1024:
        raise ShotError(f"working should be 64 to 1024 pixels, but was {working}")
    every = max(1, int(np.ceil(rate / RATE)))
    most = max(1, round(seconds * rate))
    frames = film.frames if isinstance(film, Clip) else film
    follower: _Follower | None = None
    for picture in _scaled(_some(frames, every, most), working):
        if follower is None:
            follower = _Follower(picture, grid)
        else:
            follower.go_on(picture)
    if follower is None:
        raise ShotError("film should have at least one frame")
    return _tracks(follower.all_paths(), follower.size, rate / every, follower.num_frames)


@dataclass
class _Path:
    """Where a point was, in pixels, in each frame from `first` on."""

    first: int
    places: list[tuple[float, float]] = field(default_factory=list)


class _Follower:
    """Points that are followed from one frame to the next."""

    def __init__(self, picture: NDArray[np.uint8], grid: tuple[int, int]) -> None:
        import cv2

        self.size = picture.shape[1], picture.shape[0]
        self.grid = grid
        self.flow: cv2.DISOpticalFlow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self.num_frames = 1
        self.ended: list[_Path] = []
        self.paths: list[_Path] = []
        self.places = np.zeros((0, 2))  # K 2, pixels; 0 is the middle of the first
        self.shown = np.zeros((0, 3))  # K 3, what each point looked like of late
        self.grey, self.soft = self._prepared(picture)
        self._start()

    def _prepared(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        import cv2

        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.blur(picture, (3, 3)).astype(np.float32)

    def go_on(self, picture: NDArray[np.uint8]) -> None:
        """Follow all points into the next frame. Raises ShotError when it is of another size."""
        if picture.shape[1::-1] != self.size:
            raise ShotError(f"film should keep its size, but frame {self.num_frames + 1} differs from the first")
        grey, soft = self._prepared(picture)
        there = self.flow.calc(self.grey, grey, None)  # H W 2
        back = self.flow.calc(grey, self.grey, None)
        step = _read(there, self.places)
        places = self.places + step
        missed = np.linalg.norm(step + _read(back, places), axis=-1)
        shown = _read(soft, places)
        changed = np.abs(shown - self.shown).max(-1, initial=0)
        inside = ((places >= -0.5) & (places <= np.array(self.size) - 0.5)).all(-1)
        seen = inside & (missed <= DISAGREEMENT + SHARE * np.linalg.norm(step, axis=-1)) & (changed <= CHANGE)
        for path, stays in zip(self.paths, seen, strict=True):
            if not stays:
                self._end(path)
        self.paths = [path for path, stays in zip(self.paths, seen, strict=True) if stays]
        self.places = places[seen]
        self.shown = 0.8 * self.shown[seen] + 0.2 * shown[seen]  # light may change slowly
        for path, place in zip(self.paths, self.places.tolist(), strict=True):
            path.places.append((place[0], place[1]))
        self.grey, self.soft = grey, soft
        self.num_frames += 1
        self._start()

    def _end(self, path: _Path) -> None:
        if len(path.places) >= SHORTEST:
            self.ended.append(path)

    def _start(self) -> None:
        """New points in the middle of every cell of the grid that has none."""
        columns, rows = self.grid
        counts = np.zeros((rows, columns), int)
        cells = ((self.places + 0.5) / self.size * self.grid).astype(int)  # K 2
        np.add.at(counts, (np.clip(cells[:, 1], 0, rows - 1), np.clip(cells[:, 0], 0, columns - 1)), 1)
        empty = np.argwhere(counts == 0)[:, ::-1]  # E 2: column, row
        empty = empty[: max(0, MAX_TRACKS - len(self.paths) - len(self.ended))]
        fresh = (empty + 0.5) / self.grid * self.size - 0.5
        self.paths += [_Path(self.num_frames - 1, [(x, y)]) for x, y in fresh.tolist()]
        self.places = np.concatenate([self.places, fresh])
        self.shown = np.concatenate([self.shown, _read(self.soft, fresh)])

    def all_paths(self) -> list[_Path]:
        """Every path that was long enough to be believed, the earliest first."""
        shortest = min(SHORTEST, self.num_frames)
        paths = self.ended + [path for path in self.paths if len(path.places) >= shortest]
        return sorted(paths, key=lambda path: path.first)


def _some(frames: Iterable[Frame], every: int, most: int) -> Iterator[Frame]:
    for i, frame in enumerate(frames):
        if i >= most:
            return
        if i % every == 0:
            yield frame


def _scaled(frames: Iterable[Frame], working: int) -> Iterator[NDArray[np.uint8]]:
    """The frames, scaled down to the working size (never up)."""
    import cv2

    for frame in frames:
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or min(frame.shape[:2]) < 16:
            shape = list(frame.shape)
            raise ShotError(
                f"film should have frames of uint8 [H, W, 3], 16 pixels or more, but was {frame.dtype} {shape}"
            )
        factor = working / max(frame.shape[:2])
        if factor < 1:
            height, width = (max(16, round(side * factor)) for side in frame.shape[:2])
            frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        yield np.ascontiguousarray(frame)


def _read(image: NDArray[Any], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """An image's values [K, C] at places [K, 2] in pixels, between its pixels and held at its edges."""
    high, wide = image.shape[:2]
    x, y = np.clip(places[:, 0], 0, wide - 1), np.clip(places[:, 1], 0, high - 1)
    left, top = np.minimum(x.astype(int), wide - 2), np.minimum(y.astype(int), high - 2)
    right, down = (x - left)[:, None], (y - top)[:, None]
    upper = image[top, left] * (1 - right) + image[top, left + 1] * right
    lower = image[top + 1, left] * (1 - right) + image[top + 1, left + 1] * right
    values: NDArray[np.float64] = upper * (1 - down) + lower * down
    return values


def _tracks(paths: Sequence[_Path], size: tuple[int, int], fps: float, num_frames: int) -> tuple[Track, ...]:
    """Paths as tracks, each from when it is first seen to when it is last seen; of long films only some frames."""
    kept = kept_frames(num_frames, len(paths))
    tracks: list[Track] = []
    for path in paths:
        last = path.first + len(path.places) - 1
        frames = np.union1d(kept[(kept > path.first) & (kept < last)], [path.first, last])
        places = (np.asarray(path.places)[frames - path.first] + 0.5) / size  # T 2
        tracks += tracks_at(frames / fps, places[None], np.ones((1, len(frames)), np.bool_))
    return tuple(tracks)
