"""Clip: what was made. Frames that can be read again and again, sound, rates, and the Shot they came from."""

import base64
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vitascope.shot import media
from vitascope.shot.shot import Shot

Frame = NDArray[np.uint8]  # H W 3, sRGB
MAX_ARRAY_BYTES = 4 * 2**30


class FrameSource(Protocol):
    """Frames that can be opened again: every `iter()` starts at the first frame."""

    def __iter__(self) -> Iterator[Frame]: ...

    @property
    def num_frames(self) -> int: ...

    @property
    def size(self) -> tuple[int, int]: ...


@dataclass(frozen=True, eq=False)
class ArrayFrames:
    """Frames held in memory: uint8 [T, H, W, 3], at least one."""

    frames: NDArray[np.uint8]  # T H W 3

    def __post_init__(self) -> None:
        shape, kind = self.frames.shape, self.frames.dtype
        if kind != np.uint8 or len(shape) != 4 or shape[3] != 3 or 0 in shape:
            raise ValueError(
                f"frames should be uint8 [T, H, W, 3] with at least one frame, but were {kind} {list(shape)}"
            )

    def __iter__(self) -> Iterator[Frame]:
        return iter(self.frames)

    @property
    def num_frames(self) -> int:
        return int(self.frames.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        return int(self.frames.shape[2]), int(self.frames.shape[1])


@dataclass(frozen=True)
class FileFrames:
    """Frames of a film file, decoded while they are asked for; the file must stay where it is."""

    path: Path

    def __iter__(self) -> Iterator[Frame]:
        return media.read_film(self.path)

    @cached_property
    def info(self) -> media.FilmInfo:
        return media.probe(self.path)

    @property
    def num_frames(self) -> int:
        return self.info.num_frames

    @property
    def size(self) -> tuple[int, int]:
        return self.info.size


@dataclass(frozen=True, eq=False)
class Clip:
    """What was made. `sound` is float32 [S, 2] in -1 to 1 at `sound_rate` samples a second; None is silence. `notes`
    tell what was assumed of what was asked, and what of it could not be met."""

    frames: FrameSource
    fps: float
    shot: Shot | None = None
    sound: NDArray[np.float32] | None = None
    sound_rate: int = 48_000
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.fps <= media.MAX_FPS:
            raise ValueError(f"fps should be more than 0 and at most {media.MAX_FPS}, but was {self.fps}")

    @classmethod
    def from_array(cls, array: NDArray[np.uint8], fps: float, shot: Shot | None = None) -> "Clip":
        """A silent clip of frames in memory, uint8 [T, H, W, 3]."""
        return cls(ArrayFrames(array), fps, shot)

    @classmethod
    def open(cls, path: str | Path) -> "Clip":
        """The clip in a film file or a folder of PNGs (its frames stay there) or a picture (one frame). Raises
        MediaError."""
        path = Path(path)
        shot = media.read_shot(path)
        if media.is_picture(path):
            return cls(ArrayFrames(media.read_picture(path)[None]), shot.fps if shot else 1.0, shot)
        source = FileFrames(path)
        sound = media.read_sound(path) if source.info.has_sound else None
        if sound is not None and 0 < len(sound) - (length := round(source.info.seconds * media.SOUND_RATE)) < 2048:
            sound = sound[:length]  # the coder fills its last block up with silence
        return cls(source, source.info.fps, shot, sound)

    @property
    def num_frames(self) -> int:
        return self.frames.num_frames

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.frames.size

    @property
    def seconds(self) -> float:
        return self.num_frames / self.fps

    def array(self) -> NDArray[np.uint8]:
        """All frames in memory, uint8 [T, H, W, 3]. Raises ValueError for more than 4 GiB (two minutes of 1080p would
        be 22 GB): go through `frames` instead."""
        if isinstance(self.frames, ArrayFrames):
            return self.frames.frames
        (width, height), num_frames = self.size, self.num_frames
        if num_frames * height * width * 3 > MAX_ARRAY_BYTES:
            size = f"{num_frames} frames of {width}x{height}"
            raise ValueError(
                f"{size} are more than the {MAX_ARRAY_BYTES} bytes allowed in memory; read them one by one"
            )
        array = np.empty((num_frames, height, width, 3), np.uint8)  # T H W 3
        count = 0
        for frame in self.frames:
            array[count] = frame
            count += 1
        return array[:count]

    def _repr_html_(self) -> str:
        """The clip as a notebook shows it: a film that plays, or a picture."""
        suffix = ".png" if self.num_frames == 1 else ".mp4"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"clip{suffix}"
            self.save(path)
            data = base64.b64encode(path.read_bytes()).decode()
        width, height = self.size
        sides = f'width="{width}" height="{height}"'
        if self.num_frames == 1:
            return f'<img {sides} src="data:image/png;base64,{data}">'
        return f'<video controls loop autoplay muted {sides} src="data:video/mp4;base64,{data}"></video>'

    def save(self, path: str | Path, codec: str | None = None, quality: int | None = None) -> None:
        """Write a film (see media.write_film for the formats, codecs and qualities) or, for a clip of one frame, a
        picture (.png, .jpg, .webp). Raises MediaError."""
        suffix = Path(path).suffix.lower()
        still = suffix == ".webp" and self.num_frames == 1 and codec is None and quality is None
        if media.is_film_name(path) and not still:
            media.write_film(path, self.frames, self.fps, self.shot, self.sound, self.sound_rate, codec, quality)
            return
        path = Path(path)
        if suffix not in media.PICTURE_SUFFIXES:
            allowed = ", ".join(media.SUFFIXES)
            raise media.MediaError(f"cannot write {path.name!r}: the name should end in one of {allowed}")
        if self.num_frames != 1:
            raise media.MediaError(
                f"cannot write {path.name!r}: a picture holds one frame and the clip has {self.num_frames}; use .mp4, "
                "or a name such as frames/%05d.png for one picture each"
            )
        if codec is not None or quality is not None:
            raise media.MediaError(f"cannot write {path.name!r}: a picture has no codec or quality to be set")
        media.write_picture(path, next(iter(self.frames)), shot=self.shot)
