"""Films cut and joined: frames of a film at another size and rate, exact media of a few of them, and a new part put
into a film."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.clip import Clip, Frame, FrameSource
from vitascope.shot.media import FilmInfo, MediaError, is_picture, probe, read_film
from vitascope.shot.shot import Media
from vitascope.shot.store import data_of

Sound = NDArray[np.float32]  # S 2


def open_film(path: str | Path) -> Clip:
    """The clip in a film file. Raises MediaError, also for a picture."""
    if is_picture(path):
        raise MediaError(f"{str(path)!r} is a picture; a film is needed here")
    return Clip.open(path)


@dataclass(frozen=True)
class MediaFrames:
    """Frames of a film in memory, decoded while they are asked for."""

    data: bytes
    info: FilmInfo

    def __iter__(self) -> Iterator[Frame]:
        return read_film(self.data)

    @property
    def num_frames(self) -> int:
        return self.info.num_frames

    @property
    def size(self) -> tuple[int, int]:
        return self.info.size


def film_of(media: Media) -> Clip:
    """The silent clip of media that carry a film. Raises MediaError."""
    data = data_of(media)
    info = probe(data)
    return Clip(MediaFrames(data, info), info.fps)


def count_frames(film: Clip, fps: float) -> int:
    """How many frames a film has at this rate (at least one)."""
    return max(1, round(film.seconds * fps))


def frames_at(film: Clip, numbers: range, size: tuple[int, int], fps: float) -> Iterator[Frame]:
    """These frames of a film, counted at another rate, each scaled to fill a size, what hangs over cut off evenly. Of
    the same size and rate they are as they were. What is asked for after the end is the last frame."""
    wanted = [min(film.num_frames - 1, round(number / fps * film.fps)) for number in numbers]
    source, at, frame = iter(film.frames), -1, None
    for number in wanted:
        while at < number and (following := next(source, None)) is not None:
            at, frame = at + 1, following
        if frame is None:
            raise MediaError("the film has no frames")
        yield fitted(frame, size)


def fitted(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame [H, W, 3] scaled to fill a size; what hangs over is cut off evenly."""
    from PIL import Image, ImageOps

    if frame.shape[1::-1] == size:
        return frame
    return np.asarray(ImageOps.fit(Image.fromarray(frame), size, Image.Resampling.LANCZOS))


def film_media(frames: Sequence[Frame], fps: float) -> Media:
    """One or more frames, uint8 [H, W, 3], as media that give back every pixel exactly (H.264 in RGB, without loss).
    Raises MediaError, and ShotError for more than media may hold."""
    import av

    file = io.BytesIO()
    rate = Fraction(fps).limit_denominator(1001)
    try:
        with av.open(file, "w", format="mp4", options={"fflags": "bitexact"}) as container:
            stream = container.add_stream("libx264rgb", rate=rate, options={"qp": "0", "preset": "fast"})
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = "rgb24"
            context = stream.codec_context
            context.time_base = 1 / rate
            context.thread_count = 1  # the bytes depend on it
            for number, frame in enumerate(frames):
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
                picture.pts, picture.time_base = number, 1 / rate
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
    except av.FFmpegError as error:
        raise MediaError(f"cannot make media of the frames: {error.strerror or error}") from error
    return Media.of(file.getvalue(), "film")


@dataclass(frozen=True, eq=False)
class JoinedFrames:
    """A film in which `made` stands in place of the frames start…end, at the size and rate of what was made."""

    film: Clip
    made: FrameSource
    fps: float
    start: int
    end: int

    @property
    def num_frames(self) -> int:
        return self.start + self.made.num_frames + count_frames(self.film, self.fps) - self.end

    @property
    def size(self) -> tuple[int, int]:
        return self.made.size

    def __iter__(self) -> Iterator[Frame]:
        yield from frames_at(self.film, range(self.start), self.size, self.fps)
        yield from self.made
        yield from frames_at(self.film, range(self.end, count_frames(self.film, self.fps)), self.size, self.fps)


def joined(film: Clip, made: Clip, start: float, end: float) -> Clip:
    """The film with what was made in place of its seconds start…end, at the size and rate of what was made and with its
    Shot: of the same size and rate, all other frames are the film's own.

    The film's sound stays, also under a silent new picture that takes the place of an old one; a silent part that is
    added is silence. Raises MediaError for sounds of two rates.
    """
    first, last = round(start * made.fps), round(end * made.fps)
    frames = JoinedFrames(film, made.frames, made.fps, first, last)
    sound, rate = _joined_sound(film, made, first / made.fps, last / made.fps)
    return replace(made, frames=frames, sound=sound, sound_rate=rate)


def _joined_sound(film: Clip, made: Clip, start: float, end: float) -> tuple[Sound | None, int]:
    """The sound of the joined film [S, 2] and its rate."""
    if film.sound is None and made.sound is None:
        return None, made.sound_rate
    if film.sound is not None and made.sound is not None and film.sound_rate != made.sound_rate:
        raise MediaError(f"the film's sound has {film.sound_rate} samples a second, the new part's {made.sound_rate}")
    rate = made.sound_rate if film.sound is None else film.sound_rate
    length, new = (round(seconds * rate) for seconds in (film.seconds, made.seconds))
    first, last = round(start * rate), min(length, round(end * rate))
    old = _padded(film.sound, length)
    middle = old[first:last] if made.sound is None else made.sound
    return np.concatenate((old[:first], _padded(middle, new), old[last:])), rate


def _padded(sound: Sound | None, length: int) -> Sound:
    """A sound of this many samples: cut off, or with silence after it."""
    out = np.zeros((length, 2), np.float32)
    if sound is not None:
        out[: len(sound)] = sound[:length]
    return out
