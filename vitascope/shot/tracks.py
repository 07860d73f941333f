"""Track: a point's way through the picture; tracks to arrays and back, and in files."""

import itertools
import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError, field_serializer, field_validator, model_validator

from vitascope.shot.files import complete
from vitascope.shot.value import (
    MAX_POINTS,
    MAX_TIMES,
    MAX_TRACKS,
    TIME_SLACK,
    Coordinate,
    Frozen,
    Seconds,
    ShotError,
    one_line,
)


class Track(Frozen):
    """«This point of the picture goes along this path, and is visible or not.»

    `points` are picture coordinates (-1 to 2, so they may leave the picture), kept to 5 decimals; `times` are seconds,
    increasing, kept to 6 decimals. `visible` is filled with True when not given.
    """

    times: Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=MAX_TIMES)]
    points: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(min_length=1, max_length=MAX_TIMES)]
    visible: Annotated[tuple[bool, ...], Field(max_length=MAX_TIMES)] = ()

    @field_validator("times")
    @classmethod
    def _round_times(cls, times: tuple[float, ...]) -> tuple[float, ...]:
        times = tuple(round(t, 6) for t in times)
        for before, after in itertools.pairwise(times):
            if after <= before:
                raise ValueError(f"should increase, but {after:g} comes after {before:g}")
        return times

    @field_validator("points")
    @classmethod
    def _round_points(cls, points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        return tuple((round(x, 5), round(y, 5)) for x, y in points)

    @model_validator(mode="before")
    @classmethod
    def _fill_visible(cls, fields: object) -> object:
        if isinstance(fields, dict) and not fields.get("visible") and isinstance(fields.get("times"), list | tuple):
            return {**fields, "visible": (True,) * len(fields["times"])}
        return fields

    @model_validator(mode="after")
    def _same_lengths(self) -> Self:
        if not len(self.times) == len(self.points) == len(self.visible):
            raise ValueError(
                f"times, points and visible should be equally long, but there were "
                f"{len(self.times)} times, {len(self.points)} points and {len(self.visible)} of visible"
            )
        return self

    @field_serializer("visible", when_used="json")
    def _short_visible(self, visible: tuple[bool, ...]) -> tuple[bool, ...]:
        return () if all(visible) else visible  # most tracks are, and reading fills it again


def track_arrays(tracks: Sequence[Track], num_frames: int, fps: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Tracks as points [K, T, 2] and visible [K, T] at the frames' times i / fps.

    Between two given times a point moves straight, and is visible where it is at both; outside its times it stays
    where it was first or last seen and is invisible.
    """
    points = np.zeros((len(tracks), num_frames, 2), np.float32)  # K T 2
    visible = np.zeros((len(tracks), num_frames), np.bool_)  # K T
    moments = np.arange(num_frames) / fps  # T
    for k, track in enumerate(tracks):
        times = np.asarray(track.times)  # n
        path = np.asarray(track.points)  # n 2
        seen = np.asarray(track.visible)  # n
        points[k, :, 0] = np.interp(moments, times, path[:, 0])
        points[k, :, 1] = np.interp(moments, times, path[:, 1])
        # The last given time at or before each moment, and the first at or after it: the same one on a given time.
        before = np.clip(np.searchsorted(times, moments + TIME_SLACK, side="right") - 1, 0, len(times) - 1)  # T
        after = np.clip(np.searchsorted(times, moments - TIME_SLACK, side="left"), 0, len(times) - 1)  # T
        inside = (moments >= times[0] - TIME_SLACK) & (moments <= times[-1] + TIME_SLACK)  # T
        visible[k] = inside & seen[before] & seen[after]
    return points, visible


def tracks_from_arrays(points: NDArray[Any], visible: NDArray[np.bool_], fps: float) -> tuple[Track, ...]:
    """Tracks of points [K, T, 2] (picture coordinates) and visible [K, T], one time per frame.

    Points that are not numbers, or lie outside -1 to 2, become invisible and are held within.
    """
    return tracks_at(np.arange(visible.shape[-1]) / fps, points, visible)


def tracks_at(times: NDArray[np.float64], points: NDArray[Any], visible: NDArray[np.bool_]) -> tuple[Track, ...]:
    """Tracks of points [K, T, 2] and visible [K, T] at these seconds [T], as `tracks_from_arrays` makes them."""
    if points.shape != (*visible.shape, 2) or visible.ndim != 2 or visible.shape[1:] != times.shape:
        shapes = f"{list(points.shape)}, {list(visible.shape)} and {list(times.shape)}"
        raise ValueError(f"points should be [K, T, 2], visible [K, T] and times [T], but were {shapes}")
    known = np.isfinite(points).all(-1)  # K T
    held = np.clip(np.where(known[..., None], points, 0.5), -1, 2).astype(np.float64)  # K T 2
    seen = visible & known & (np.abs(points - held).max(-1, initial=0) < 1e-6)  # K T
    moments = tuple(times.tolist())
    return tuple(
        Track(times=moments, points=tuple(map(tuple, path)), visible=tuple(shown))
        for path, shown in zip(held.tolist(), seen.tolist(), strict=True)
    )


def kept_frames(num_frames: int, num_tracks: int, most: int = MAX_POINTS // 4) -> NDArray[np.int64]:
    """The frames, evenly spread with the first and the last among them, in which this many tracks get a point, so that
    there are at most `most` points; all frames where that is few enough. Between them tracks move straight."""
    each = max(2, min(MAX_TIMES, most // max(1, num_tracks)))
    if num_frames <= each:
        return np.arange(num_frames)
    return np.unique(np.linspace(0, num_frames - 1, each).round().astype(np.int64))


# --- files ------------------------------------------------------------------------------------------------------------

_ALL = TypeAdapter(tuple[Track, ...])
_ARRAYS = {"lengths": ("i", MAX_TRACKS), "times": ("f", MAX_POINTS), "points": ("f", 2 * MAX_POINTS)} | {
    "visible": ("b", MAX_POINTS)
}  # the kind of number, and how many there may be
_LARGEST_FILE = 128 * 2**20  # bytes of a file of tracks as JSON


def save_tracks(path: str | Path, tracks: Sequence[Track]) -> None:
    """Write tracks as .json (a list of what a Shot holds), or as arrays in an .npz file, a tenth of that size.

    The file is whole or not there. Raises ShotError for another suffix, MediaError when it cannot be written."""
    path = Path(path)
    if path.suffix.lower() not in (".npz", ".json"):
        raise ShotError(f"tracks: cannot write {path.name!r}: the name should end in .npz or .json")
    with complete(path) as partial:
        if path.suffix.lower() == ".json":
            partial.write_bytes(_ALL.dump_json(tuple(tracks)))
            return
        with open(partial, "wb") as file:
            np.savez_compressed(
                file,
                lengths=np.array([len(track.times) for track in tracks], np.int64),
                times=np.array([t for track in tracks for t in track.times], np.float64),
                points=np.array([p for track in tracks for p in track.points], np.float64).reshape(-1, 2),
                visible=np.array([v for track in tracks for v in track.visible], np.bool_),
            )


def load_tracks(path: str | Path) -> tuple[Track, ...]:
    """The tracks that `save_tracks` wrote. Raises ShotError for any other file, and for more than a Shot may hold."""
    path = Path(path)
    try:
        if path.suffix.lower() == ".json":
            if path.stat().st_size > _LARGEST_FILE:
                raise ValueError(f"it has {path.stat().st_size} bytes, at most {_LARGEST_FILE} are allowed")
            tracks = _ALL.validate_json(path.read_bytes())
            if len(tracks) > MAX_TRACKS or sum(len(track.times) for track in tracks) > MAX_POINTS:
                raise ValueError(f"at most {MAX_TRACKS} tracks and {MAX_POINTS} points are allowed")
            return tracks
        with zipfile.ZipFile(path) as folder:
            lengths, times, points, visible = (_array(folder, name) for name in _ARRAYS)
        if lengths.ndim != 1 or (lengths < 1).any() or not len(times) == len(points) == len(visible) == lengths.sum():
            raise ValueError("its arrays do not fit each other")
        ends = np.cumsum(lengths)[:-1]
        parts = [np.split(array, ends) if len(lengths) else [] for array in (times, points, visible)]
        return tuple(
            Track(times=tuple(t.tolist()), points=tuple(map(tuple, p.tolist())), visible=tuple(v.tolist()))
            for t, p, v in zip(*parts, strict=True)
        )
    except ValidationError as error:
        problem = one_line(Track, error)
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        problem = " ".join(str(error).split())
    raise ShotError(f"tracks: {path} is not a file of tracks (.npz or .json from save_tracks): {problem}")


def _array(folder: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One array of an .npz file, measured by its own account before it is unpacked. Raises ValueError."""
    kind, most = _ARRAYS[name]
    with folder.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"{name} is in a format that save_tracks does not write")
        shape, _, numbers = np.lib.format.read_array_header_1_0(file)
        if numbers.kind != kind or numbers.itemsize > 8 or math.prod(shape) > most:
            raise ValueError(
                f"{name} should be at most {most} numbers of kind {kind!r}, but is {numbers} {list(shape)}"
            )
        data = file.read(math.prod(shape) * numbers.itemsize)
    return np.frombuffer(data, numbers).reshape(shape)
