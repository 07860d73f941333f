"""Shot, Pin, Track and Cue: what is asked of the studio, as frozen values, checked when made (JSON in, JSON out).

Times are seconds, sizes are (width, height) in pixels, picture coordinates run from 0 to 1 from the top left.
"""

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from vitascope.shot.tracks import Track, load_tracks, save_tracks, track_arrays, tracks_from_arrays
from vitascope.shot.value import (
    MAX_CARRIED_BYTES,
    MAX_INLINE_BYTES,
    MAX_JSON_BYTES,
    MAX_PIXELS,
    MAX_POINTS,
    MAX_SECONDS,
    MAX_TEXT,
    MAX_TRACKS,
    TIME_SLACK,
    Coordinate,
    FilmSeconds,
    Frozen,
    Line,
    Seconds,
    Share,
    ShotError,
    Side,
    Word,
    Words,
    checked,
    one_line,
)

__all__ = [
    "Cue",
    "CueKind",
    "Frozen",
    "MAX_INLINE_BYTES",
    "MAX_JSON_BYTES",
    "MAX_PIXELS",
    "MAX_POINTS",
    "MAX_SECONDS",
    "MAX_CARRIED_BYTES",
    "MAX_TEXT",
    "Media",
    "MediaKind",
    "Pin",
    "Region",
    "Shot",
    "ShotError",
    "Sound",
    "Span",
    "TIME_SLACK",
    "Track",
    "checked",
    "load_tracks",
    "save_tracks",
    "track_arrays",
    "tracks_from_arrays",
]


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

CueKind = Literal[
    "impact", "bounce", "roll", "slide", "footstep", "cloth", "whoosh",
    "splash", "engine", "animal", "speech", "crowd", "place", "topple",
]  # fmt: skip
MediaKind = Literal["picture", "film", "sound"]
Quality = Literal["fast", "best"]
Guidance = Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)]


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
    """Something that is heard: when, what, how strongly, and where in the picture (None: unknown or off screen).

    `to` is where it is at the end, if it lasts and moves; `across` is how large in metres what sounds is (None:
    unknown). `materials` has what sounds and what it meets: ("rubber", "grass"), ("shoe", "snow"), ("dog",). The `text`
    of a place says which ("forest"), that of speech what is said."""

    time: FilmSeconds
    kind: CueKind
    seconds: FilmSeconds = 0.0
    strength: Share = 1.0
    materials: Annotated[tuple[Word, ...], Field(max_length=2)] = ()
    place: tuple[Coordinate, Coordinate] | None = None
    to: tuple[Coordinate, Coordinate] | None = None
    across: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = None
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
    tracks: Annotated[tuple[Track, ...], Field(max_length=MAX_TRACKS)] = ()
    cues: Annotated[tuple[Cue, ...], Field(max_length=1000)] = ()
    sound: Sound | None = None
    model: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")] = "small"
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance: Guidance | None = None  # by the text: 1 is none, more follows it more closely, None is the model's own
    pin_guidance: Guidance | None = None  # by what is pinned
    track_guidance: Guidance | None = None
    quality: Quality = "best"  # "fast" takes fewer steps and no second look, as the model sees fit; `steps` goes before

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
        carried = {media.sha256: len(media.data) for media in self._media() if media.data is not None}
        if (total := sum(carried.values())) > MAX_CARRIED_BYTES:
            raise ValueError(
                f"pins should carry at most {MAX_CARRIED_BYTES} bytes of media in all, but carried {total}; "
                f"keep them in a media store and name them"
            )
        return self

    def _media(self) -> tuple[Media, ...]:
        return tuple(media for pin in self.pins for media in (pin.media, pin.mask) if media is not None)

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
        """The Shot that `to_json` wrote, of at most 256 MiB. Raises ShotError."""
        if len(text) > MAX_JSON_BYTES:
            raise ShotError(f"shot should have at most {MAX_JSON_BYTES} bytes of JSON, but had {len(text)}")
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ShotError(one_line(cls, error)) from None

    def to_json(self) -> str:
        """The Shot as one line of JSON, inline media as base64."""
        return self.model_dump_json()

    def with_(self, **changes: Any) -> Self:
        """A copy with these fields changed, checked again; what was left to its default still counts so. Raises
        ShotError."""
        return self.checked(**{name: getattr(self, name) for name in self.model_fields_set} | changes)
