"""Shot, Pin, Track and Cue: what is asked of the studio, as frozen values, checked when made (JSON in, JSON out).

Times are seconds, sizes are (width, height) in pixels, picture coordinates run from 0 to 1 from the top left.
"""

import base64
import binascii
import hashlib
import itertools
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

MAX_TEXT = 2000  # characters
MAX_SECONDS = 120.0
MAX_PIXELS = 8_900_000  # 4096x2160 fits
MAX_INLINE_BYTES = 64 * 2**20  # of one picture, film or sound carried inside a Shot
MAX_POINTS = 1_000_000  # of all tracks together
TIME_SLACK = 1e-3  # seconds by which a frame may miss a track's first or last time and still count as inside


M = TypeVar("M", bound=BaseModel)


class ShotError(ValueError):
    """A Shot that cannot be: one line with the field, what was given and what is allowed."""


def _decode(value: object) -> object:
    """Base64 text to bytes; anything else is left for pydantic to judge."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("should be base64 (letters, digits, + and /, padded with =)") from error


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


Base64 = Annotated[
    bytes,
    BeforeValidator(_decode),
    PlainSerializer(_encode, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
    Field(min_length=1, max_length=MAX_INLINE_BYTES),
]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT)]  # may be empty
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Coordinate = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=16, le=4096)]

CueKind = Literal[
    "impact", "bounce", "roll", "slide", "footstep", "cloth", "whoosh",
    "splash", "engine", "animal", "speech", "crowd", "place", "topple",
]  # fmt: skip
MediaKind = Literal["picture", "film", "sound"]


class Frozen(BaseModel):
    """A value that never changes and knows all its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Media(Frozen):
    """A picture, film or sound, named by the SHA-256 of its file's bytes; without `data`, a media store has them."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    kind: MediaKind = "picture"
    data: Base64 | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _same_bytes(self) -> Self:
        if self.data is not None and (found := hashlib.sha256(self.data).hexdigest()) != self.sha256:
            raise ValueError(f"sha256 should be that of the data, {found}, but {self.sha256} was given")
        return self

    @classmethod
    def of(cls, data: bytes, kind: MediaKind = "picture") -> Self:
        """Media that carries these bytes (a whole file, 1 byte to 64 MiB). Raises ShotError."""
        return checked(cls, {"sha256": hashlib.sha256(data).hexdigest(), "kind": kind, "data": data})

    @classmethod
    def from_path(cls, path: str | Path, kind: MediaKind | None = None) -> Self:
        """Media that carries this file's bytes; the kind is told from the suffix when not given. Raises ShotError."""
        path = Path(path)
        kind = kind or _KINDS.get(path.suffix.lower())
        if kind is None:
            raise ShotError(
                f"media: cannot tell the kind of {path.name!r}; known suffixes: {', '.join(sorted(_KINDS))}"
            )
        try:
            if path.stat().st_size > MAX_INLINE_BYTES:
                raise ShotError(
                    f"media: {path} has {path.stat().st_size} bytes, at most {MAX_INLINE_BYTES} are allowed"
                )
            return cls.of(path.read_bytes(), kind)
        except OSError as error:
            raise ShotError(f"media: cannot read {path}: {error.strerror or error}") from error

    def without_data(self) -> Self:
        """The same media by name only."""
        return self.model_copy(update={"data": None})


_KINDS: dict[str, MediaKind] = {
    ".png": "picture", ".jpg": "picture", ".jpeg": "picture", ".webp": "picture", ".bmp": "picture", ".gif": "picture",
    ".mp4": "film", ".mov": "film", ".webm": "film", ".mkv": "film", ".avi": "film", ".m4v": "film",
    ".wav": "sound", ".mp3": "sound", ".flac": "sound", ".ogg": "sound", ".m4a": "sound", ".aac": "sound",
}  # fmt: skip


class Region(Frozen):
    """A rectangle of the picture, in picture coordinates."""

    x: Share
    y: Share
    width: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
    height: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.x + self.width > 1 + 1e-6 or self.y + self.height > 1 + 1e-6:
            raise ValueError(
                f"should lie inside the picture (x + width and y + height at most 1), but was "
                f"x={self.x:g}, y={self.y:g}, width={self.width:g}, height={self.height:g}"
            )
        return self


class Pin(Frozen):
    """«This picture (or part of it, or these frames) is known here, this strongly.»

    `time` is where the first frame of the media stands in the shot; it may be negative for frames that come before
    the shot. `seconds` 0 means one frame, more means a run of a film. In `mask`, white is known.
    """

    media: Media
    time: Annotated[float, Field(ge=-MAX_SECONDS, le=MAX_SECONDS, allow_inf_nan=False)] = 0.0
    seconds: Seconds = 0.0
    region: Region | None = None
    mask: Media | None = None
    strength: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 1.0
    role: Literal["frame", "character", "style"] = "frame"

    @model_validator(mode="after")
    def _fitting_media(self) -> Self:
        if self.media.kind == "sound":
            raise ValueError("media.kind should be 'picture' or 'film' in a pin, but was 'sound'")
        if self.seconds > 0 and self.media.kind != "film":
            raise ValueError(f"seconds should be 0 for a picture (only a film can run), but was {self.seconds:g}")
        if self.mask is not None and self.mask.kind == "sound":
            raise ValueError("mask.kind should be 'picture' or 'film', but was 'sound'")
        return self


class Track(Frozen):
    """«This point of the picture goes along this path, and is visible or not.»

    `points` are picture coordinates (-1 to 2, so they may leave the picture), kept to 5 decimals; `times` are seconds,
    increasing, kept to 6 decimals. `visible` is filled with True when not given.
    """

    times: Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=4096)]
    points: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(min_length=1, max_length=4096)]
    visible: Annotated[tuple[bool, ...], Field(max_length=4096)] = ()

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


class Span(Frozen):
    """A timed direction: this text holds from `start` to `end`."""

    start: Seconds
    end: Seconds
    text: Words

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end should be after start ({self.start:g}), but was {self.end:g}")
        return self


class Cue(Frozen):
    """Something that is heard: when, what, how strongly, and where in the picture (None: unknown or off screen)."""

    time: Seconds
    kind: CueKind
    seconds: Seconds = 0.0
    strength: Share = 1.0
    materials: Annotated[tuple[Word, ...], Field(max_length=2)] = ()
    place: tuple[Coordinate, Coordinate] | None = None
    text: Line = ""


class Sound(Frozen):
    """What is to be heard, in words; all empty means whatever fits the picture."""

    prompt: Line = ""
    negative: Line = ""
    score: Line = ""
    dialogue: Line = ""


class Shot(Frozen):
    """What is asked. `Shot.checked(...)` and `Shot.from_json(...)` raise ShotError, one clear line; the bare
    constructor raises pydantic's ValidationError."""

    text: Words
    negative: Line = ""
    spans: Annotated[tuple[Span, ...], Field(max_length=100)] = ()
    size: tuple[Side, Side] = (256, 144)
    seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False)] = 2.0
    fps: Annotated[float, Field(ge=1, le=60, allow_inf_nan=False)] = 12.0
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    pins: Annotated[tuple[Pin, ...], Field(max_length=64)] = ()
    tracks: Annotated[tuple[Track, ...], Field(max_length=4096)] = ()
    cues: Annotated[tuple[Cue, ...], Field(max_length=1000)] = ()
    sound: Sound | None = None
    model: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")] = "small"
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance: Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)] | None = None

    @field_validator("size")
    @classmethod
    def _few_pixels(cls, size: tuple[int, int]) -> tuple[int, int]:
        if size[0] * size[1] > MAX_PIXELS:
            raise ValueError(f"should have at most {MAX_PIXELS / 1e6:g} megapixels, but was {size[0]}x{size[1]}")
        return size

    @model_validator(mode="after")
    def _inside_the_shot(self) -> Self:
        # What stands after the end would be dropped in silence, which nobody wants.
        for i, pin in enumerate(self.pins):
            if pin.role == "frame" and pin.time > self.seconds:
                raise ValueError(
                    f"pins[{i}].time should be at most the shot's {self.seconds:g} s, but was {pin.time:g}"
                )
        for i, span in enumerate(self.spans):
            if span.start >= self.seconds:
                raise ValueError(
                    f"spans[{i}].start should be before the shot's end at {self.seconds:g} s, but was {span.start:g}"
                )
        if (count := sum(len(track.times) for track in self.tracks)) > MAX_POINTS:
            raise ValueError(f"tracks should have at most {MAX_POINTS} points in all, but had {count}")
        return self

    @property
    def num_frames(self) -> int:
        """How many frames this many seconds are (at least one)."""
        return max(1, round(self.seconds * self.fps))

    @classmethod
    def checked(cls, **fields: Any) -> Self:
        """A Shot of these fields. Raises ShotError."""
        return checked(cls, fields)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The Shot that `to_json` wrote. Raises ShotError."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ShotError(_one_line(cls, error)) from None

    def to_json(self) -> str:
        """The Shot as one line of JSON, inline media as base64."""
        return self.model_dump_json()

    def with_(self, **changes: Any) -> Self:
        """A copy with these fields changed, checked again. Raises ShotError."""
        return self.checked(**{name: getattr(self, name) for name in type(self).model_fields} | changes)


def checked(model: type[M], fields: dict[str, Any]) -> M:
    """A value of this model, or a ShotError of one line."""
    try:
        return model(**fields)
    except ValidationError as error:
        raise ShotError(_one_line(model, error)) from None


def _one_line(model: type[BaseModel], error: ValidationError) -> str:
    """The first of pydantic's findings as «field should be ..., but was ...»."""
    problems = error.errors(include_url=False)
    problem = problems[0]
    if problem["type"] == "value_error" and not problem["loc"]:
        return problem["msg"].removeprefix("Value error, ")
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return " ".join(f"{where or model.__name__.lower()}{_finding(model, problem)}{more}".split())


def _finding(model: type[BaseModel], problem: ErrorDetails) -> str:
    if problem["type"] == "extra_forbidden":
        holder = _model_at(model, problem["loc"][:-1])
        return f" is not a known field; known: {', '.join(holder.model_fields)}"
    if problem["type"] == "missing":
        return " is missing"
    if problem["type"] == "value_error":
        message = problem["msg"].removeprefix("Value error, ")
        return f" {message}" if message.startswith("should") else f": {message}"
    given = repr(problem["input"])
    message = re.sub(r"^(Input|String|Tuple|Data) should", "should", problem["msg"])
    return f" {message}, but was {given if len(given) <= 60 else given[:57] + '...'}"


def _model_at(model: type[BaseModel], where: Sequence[int | str]) -> type[BaseModel]:
    """The model that holds the field at this place of a nested value."""
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models_in(model.model_fields[part].annotation), model)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, UnionType) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


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
    if points.shape != (*visible.shape, 2) or visible.ndim != 2:
        raise ValueError(f"points should be [K, T, 2] and visible [K, T], but were {points.shape} and {visible.shape}")
    known = np.isfinite(points).all(-1)  # K T
    held = np.clip(np.where(known[..., None], points, 0.5), -1, 2).astype(np.float64)  # K T 2
    seen = visible & known & (np.abs(points - held).max(-1, initial=0) < 1e-6)  # K T
    times = tuple((np.arange(visible.shape[1]) / fps).tolist())
    return tuple(
        Track(times=times, points=tuple(map(tuple, path)), visible=tuple(shown))
        for path, shown in zip(held.tolist(), seen.tolist(), strict=True)
    )


def save_tracks(path: str | Path, tracks: Sequence[Track]) -> None:
    """Write tracks as arrays in an .npz file, a tenth of their size in JSON."""
    np.savez_compressed(
        path,
        lengths=np.array([len(track.times) for track in tracks], np.int64),
        times=np.array([t for track in tracks for t in track.times], np.float64),
        points=np.array([p for track in tracks for p in track.points], np.float64).reshape(-1, 2),
        visible=np.array([v for track in tracks for v in track.visible], np.bool_),
    )


def load_tracks(path: str | Path) -> tuple[Track, ...]:
    """The tracks that `save_tracks` wrote. Raises ShotError for any other file."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            ends = np.cumsum(arrays["lengths"])[:-1]
            parts = [np.split(arrays[name], ends) for name in ("times", "points", "visible")]
        return tuple(
            Track(times=tuple(t.tolist()), points=tuple(map(tuple, p.tolist())), visible=tuple(v.tolist()))
            for t, p, v in zip(*parts, strict=True)
            if len(t)
        )
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ShotError(f"tracks: {path} is not a file of tracks (.npz from save_tracks): {error}") from error
