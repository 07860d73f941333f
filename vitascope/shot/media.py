"""Read and write pictures, films and sound (Pillow and PyAV, imported on use).

Frames are uint8 [H, W, 3], sRGB. Whatever is wrong with a file becomes one MediaError that names it. Every file is
written beside its target and renamed when it is complete, so a failed or stopped write leaves nothing behind.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.files import MediaError, Source, check_suffix, complete, named, opened
from vitascope.shot.shot import MAX_PIXELS, Media, Shot, ShotError
from vitascope.shot.store import MediaStore as MediaStore

if TYPE_CHECKING:
    import av
    from av.container import InputContainer, OutputContainer
    from PIL import Image

Frame = NDArray[np.uint8]  # H W 3, sRGB

FILM_SUFFIXES = (".mp4",)  # that can be written
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MAX_PICTURE_PIXELS = 50_000_000
MAX_FPS = 240.0
MAX_SHOT_BYTES = 16 * 2**20  # a larger shot is stored with its media by name only
SHOT_KEY = "vitascope"
SOUND_RATE = 48_000

_PICTURE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\x00", b"MM\x00*")
_PICTURE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
# Only plain containers: playlists and the like would make FFmpeg open other files and addresses.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpegts,wav,mp3,flac,ogg,aac"


_SCALING = 4 | 0x2000 | 0x4000 | 0x40000 | 0x80000  # bicubic, chroma at full width, rounded and bit-exact


@dataclass(frozen=True)
class FilmLimits:
    """The largest film that is read: pixels of a frame, frames, and seconds."""

    pixels: int = MAX_PIXELS
    frames: int = 14_400
    seconds: float = 600.0


@dataclass(frozen=True)
class FilmInfo:
    """What a film file says of itself: (width, height) as shown, frames a second, frames, and whether it has sound."""

    size: tuple[int, int]
    fps: float
    num_frames: int
    has_sound: bool

    @property
    def seconds(self) -> float:
        return self.num_frames / self.fps


# --- pictures ---------------------------------------------------------------------------------------------------------


def is_picture(source: Source) -> bool:
    """Whether a file is a still picture, told from its first bytes. Raises MediaError when it cannot be read."""
    with opened(source) as file:
        start = file.read(12)
    return start.startswith(_PICTURE_STARTS) or (start.startswith(b"RIFF") and start.endswith(b"WEBP"))


def read_picture(source: Source) -> Frame:
    """A picture as uint8 [H, W, 3], upright as its EXIF says, on white where it is see-through. Raises MediaError."""
    from PIL import ImageOps

    with opened(source) as file, _picture(file, source) as image:
        try:
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16"):  # Pillow would cut 16 bits off at 255
                grey = (np.asarray(image, np.float32) / 257 + 0.5).astype(np.uint8)  # H W
                return np.repeat(grey[..., None], 3, axis=2)
            if image.has_transparency_data:
                image = image.convert("RGBA")
                paper = image.copy()
                paper.paste((255, 255, 255, 255), (0, 0, *image.size))
                paper.alpha_composite(image)
                image = paper
            return np.array(image.convert("RGB"))  # H W 3
        except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
            raise MediaError(f"cannot read the picture {named(source)}: {error}") from error


def read_mask(source: Source) -> NDArray[np.bool_]:
    """What is marked in a mask picture [H, W]: what is painted at all where the rest is see-through, else what is
    lighter than middle grey. Raises MediaError."""
    from PIL import ImageOps

    with opened(source) as file, _picture(file, source) as image:
        if image.has_transparency_data:
            try:
                alpha = np.asarray(ImageOps.exif_transpose(image).convert("RGBA"))[..., 3]  # H W
            except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
                raise MediaError(f"cannot read the picture {named(source)}: {error}") from error
            if (alpha < 128).any():
                return alpha >= 128
    return read_picture(source).mean(-1) >= 128


def mask_media(mask: NDArray[Any]) -> Media:
    """A mask [H, W] (true or false; 0 to 255; or 0 to 1 in floats) as media, a PNG in black and white. Raises
    MediaError."""
    from PIL import Image

    if mask.ndim != 2 or not 0 < mask.size <= MAX_PICTURE_PIXELS or mask.dtype.kind not in "bfiu":
        most = f"{MAX_PICTURE_PIXELS / 1e6:g} megapixels"
        raise MediaError(f"a mask should be numbers [H, W], at most {most}, but was {mask.dtype} {list(mask.shape)}")
    marked = mask if mask.dtype.kind == "b" else mask >= (0.5 if mask.dtype.kind == "f" else 128)
    file = io.BytesIO()
    Image.fromarray(marked.astype(np.uint8) * 255).save(file, "PNG")
    return Media.of(file.getvalue(), "picture")


def write_picture(path: str | Path, frame: Frame, shot: Shot | None = None) -> None:
    """Write uint8 [H, W, 3] as .png (which carries the shot), .jpg or .webp. Raises MediaError."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    path = Path(path)
    check_suffix(path, PICTURE_SUFFIXES)
    _check_frame(frame)
    options: dict[str, Any] = {"quality": 95}
    if path.suffix.lower() == ".png":
        options = {"pnginfo": PngInfo()}
        if shot is not None:
            options["pnginfo"].add_itxt(SHOT_KEY, _shot_text(shot))
    with complete(path) as partial:
        Image.fromarray(np.ascontiguousarray(frame)).save(partial, _format_of(path), **options)


def _format_of(path: Path) -> str:
    return {".png": "PNG", ".webp": "WEBP"}.get(path.suffix.lower(), "JPEG")


def _picture(file: BinaryIO, source: Source) -> "Image.Image":
    """The picture, opened but not yet decoded, and small enough."""
    from PIL import Image

    try:
        image = Image.open(file, formats=_PICTURE_FORMATS)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise MediaError(
            f"cannot read {named(source)} as a picture ({', '.join(_PICTURE_FORMATS)}): {error}"
        ) from error
    if image.width * image.height > MAX_PICTURE_PIXELS:
        raise MediaError(
            f"the picture {named(source)} is {image.width}x{image.height}; "
            f"at most {MAX_PICTURE_PIXELS / 1e6:g} megapixels are allowed"
        )
    return image


# --- films ------------------------------------------------------------------------------------------------------------


def probe(source: Source) -> FilmInfo:
    """What a film is, without decoding it whole. Raises MediaError."""
    with _film(source) as container:
        stream = _video_stream(container, source)
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        frame = next(iter(container.decode(stream)), None)
        if frame is None:
            raise MediaError(f"the film {named(source)} has no frames")
        size = (frame.width, frame.height) if frame.rotation % 180 == 0 else (frame.height, frame.width)
        num_frames, has_sound = stream.frames, bool(container.streams.audio)
    if num_frames <= 0:  # some containers do not say
        with _film(source) as container:
            num_frames = sum(1 for packet in container.demux(_video_stream(container, source)) if packet.size)
    if not 0 < fps <= MAX_FPS:
        fps = 1.0 if num_frames == 1 else 24.0  # a film of one frame has no rate of its own
    return FilmInfo(size, fps, num_frames, has_sound)


def read_film(source: Source, limits: FilmLimits = FilmLimits()) -> Iterator[Frame]:
    """The frames of a film, uint8 [H, W, 3], decoded one by one. Raises MediaError, also when the file ends early."""
    size: tuple[int, ...] | None = None
    with _film(source) as container:
        stream = _video_stream(container, source, limits.pixels)
        stream.thread_type = "AUTO"
        # Whatever the header said, no frame is unpacked that is much larger (coders round sizes up).
        stream.codec_context.options = {"max_pixels": str(limits.pixels * 5 // 4 + 65536)}
        _check_limits(stream, source, limits)
        num_frames = num_packets = num_meant = 0
        for packet in container.demux(stream):
            num_packets += packet.size > 0
            num_meant += packet.size > 0 and not packet.is_discard  # cut films keep pictures that are not to be shown
            for picture in packet.decode():
                num_frames += 1
                if num_frames > limits.frames:
                    raise MediaError(f"the film {named(source)} has more than the allowed {limits.frames} frames")
                if 0 < stream.frames < num_frames:
                    raise MediaError(f"the film {named(source)} has more than the {stream.frames} frames that it says")
                _check_pixels(picture.width, picture.height, source, limits.pixels)
                frame = _upright(picture)
                size = size or frame.shape
                if frame.shape != size:
                    raise MediaError(f"the film {named(source)} changes its size at frame {num_frames}")
                yield frame
        if num_frames == 0:
            raise MediaError(f"the film {named(source)} has no frames")
        if num_packets < stream.frames:
            raise MediaError(f"the film {named(source)} ends after {num_packets} of its {stream.frames} frames")
        if stream.frames > 0 and num_frames < num_meant:
            raise MediaError(f"of the film {named(source)} only {num_frames} of {num_meant} frames can be decoded")


def write_film(
    path: str | Path,
    frames: Iterable[Frame],
    fps: float,
    shot: Shot | None = None,
    sound: NDArray[np.float32] | None = None,
    sound_rate: int = SOUND_RATE,
) -> None:
    """Write frames (uint8 [H, W, 3], even sizes) as an .mp4 that carries the shot: H.264, and AAC for `sound` [S, 2].

    Equal input mostly gives equal bytes (see the test). Raises MediaError; what the frames' own iterator raises passes
    through (an OSError as a MediaError), and nothing is left behind.
    """
    path = Path(path)
    check_suffix(path, FILM_SUFFIXES)
    if not 0 < fps <= MAX_FPS:
        raise MediaError(f"fps should be more than 0 and at most {MAX_FPS:g}, but was {fps}")
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise MediaError(f"cannot write {path.name!r}: a film needs at least one frame")
    _check_frame(first)
    height, width = first.shape[:2]
    if width % 2 or height % 2:
        near = f"{width + width % 2}x{height + height % 2}"
        raise MediaError(f"a film's width and height should be even, but were {width}x{height}; the nearest is {near}")
    import av

    try:
        with complete(path) as partial:
            # Bit-exact keeps versions and dates out, so that equal input can give equal bytes.
            options = {"movflags": "faststart+use_metadata_tags", "fflags": "bitexact"}
            with av.open(f"file:{partial}", "w", format="mp4", options=options) as container:
                if shot is not None:
                    container.metadata[SHOT_KEY] = _shot_text(shot)
                _encode(container, chain([first], frames), (width, height), fps, sound, sound_rate)
    except av.FFmpegError as error:
        raise MediaError(f"cannot write {str(path)!r}: {error.strerror or error}") from error


def _encode(
    container: "OutputContainer",
    frames: Iterable[Frame],
    size: tuple[int, int],
    fps: float,
    sound: NDArray[np.float32] | None,
    sound_rate: int,
) -> None:
    import av

    rate = Fraction(fps).limit_denominator(1001)
    video = container.add_stream("libx264", rate=rate, options={"crf": "16", "preset": "fast"})
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.time_base = 1 / rate
    context.gop_size = max(1, round(2 * rate))  # players and editors seek to every other second
    context.thread_count = 4  # a fixed number: the bytes depend on it
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = 1  # 16 to 235
    track = None if sound is None else _SoundTrack(container, _checked_sound(sound), sound_rate)
    for i, frame in enumerate(frames):
        _check_frame(frame, size)
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = picture.reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", interpolation=_SCALING, threads=1
        )
        picture.pts, picture.time_base = i, 1 / rate
        container.mux(video.encode(picture))
        if track is not None:
            track.write_until((i + 1) / float(rate))
    container.mux(video.encode())
    if track is not None:
        track.finish()


class _SoundTrack:
    """Feeds sound to the encoder as the pictures advance, so that the file holds both side by side."""

    def __init__(self, container: "OutputContainer", sound: NDArray[np.float32], rate: int) -> None:
        self.container, self.sound, self.rate, self.done = container, sound, rate, 0
        self.stream = container.add_stream("aac", rate=rate, layout="stereo", format="fltp")
        self.stream.codec_context.bit_rate = 192_000

    def write_until(self, seconds: float, last: bool = False) -> None:
        import av

        block = 1024  # samples that AAC takes at a time; only the very last may be shorter
        stop = len(self.sound) if last else min(round(seconds * self.rate), len(self.sound))
        while self.done < stop and (last or self.done + block <= stop):
            samples = self.sound[self.done : self.done + block]  # S 2
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = self.rate, self.done, Fraction(1, self.rate)
            self.container.mux(self.stream.encode(frame))
            self.done += len(samples)

    def finish(self) -> None:
        self.write_until(0, last=True)
        self.container.mux(self.stream.encode())


def read_sound(source: Source, rate: int = SOUND_RATE, seconds: float = 600.0) -> NDArray[np.float32]:
    """The sound of a film or sound file as float32 [S, 2] at `rate`, at most `seconds` long. Raises MediaError."""
    import av

    blocks: list[NDArray[np.float32]] = []
    num_samples, most = 0, round(seconds * rate)
    with _film(source) as container:
        if not container.streams.audio or container.streams.audio[0].codec_context is None:
            raise MediaError(f"{named(source)} has no sound that can be decoded")
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
        decoded: Iterator[av.AudioFrame | None] = chain(container.decode(container.streams.audio[0]), [None])
        for frame in decoded:
            for block in resampler.resample(frame):
                samples = block.to_ndarray().astype(np.float32)  # 2 S
                num_samples += samples.shape[1]
                if num_samples > most:
                    raise MediaError(f"the sound of {named(source)} is longer than the allowed {seconds:g} s")
                blocks.append(samples)
    return np.concatenate(blocks, 1).T.copy() if blocks else np.zeros((0, 2), np.float32)  # S 2


def _video_stream(container: "InputContainer", source: Source, pixels: int = MAX_PIXELS) -> "av.VideoStream":
    """The film's pictures, none of them decoded yet, and small enough."""
    if not container.streams.video:
        raise MediaError(f"{named(source)} has no pictures in it")
    stream = container.streams.video[0]
    if stream.codec_context is None:  # FFmpeg knows no decoder for it
        raise MediaError(f"the film {named(source)} is in a format that cannot be decoded")
    _check_pixels(stream.codec_context.width, stream.codec_context.height, source, pixels)
    return stream


def _check_pixels(width: int, height: int, source: Source, pixels: int) -> None:
    if width * height > pixels:
        most = f"{pixels / 1e6:g} megapixels"
        raise MediaError(f"the film {named(source)} is {width}x{height}; at most {most} a frame are allowed")


def _check_limits(stream: "av.VideoStream", source: Source, limits: FilmLimits) -> None:
    """Refuse what is too long by its own account, before anything is decoded."""
    if stream.frames > limits.frames:
        raise MediaError(f"the film {named(source)} has {stream.frames} frames; at most {limits.frames} are allowed")
    seconds = float((stream.duration or 0) * (stream.time_base or 0))
    if seconds > limits.seconds:
        raise MediaError(f"the film {named(source)} lasts {seconds:.1f} s; at most {limits.seconds:g} s are allowed")


def _upright(picture: "av.VideoFrame") -> Frame:
    """A decoded picture as uint8 [H, W, 3], turned as the film says (telephones film sideways)."""
    # Files that do not say which matrix made their YUV are BT.709 from high definition up, as players take them.
    matrix = None if picture.colorspace not in (2, None) else ("ITU709" if picture.height >= 720 else "ITU601")
    frame = picture.to_ndarray(format="rgb24", src_colorspace=matrix, interpolation=_SCALING)
    return np.ascontiguousarray(np.rot90(frame, picture.rotation // 90)) if picture.rotation % 360 else frame


# --- the shot inside a file -------------------------------------------------------------------------------------------


def read_shot(source: Source) -> Shot | None:
    """The Shot that a film or picture of ours carries; None when it carries none. Raises MediaError."""
    if is_picture(source):
        with opened(source) as file, _picture(file, source) as image:
            text = image.info.get(SHOT_KEY)
    else:
        with _film(source) as container:
            text = container.metadata.get(SHOT_KEY)
    if text is None:
        return None
    try:
        return Shot.from_json(str(text))
    except ShotError as error:
        raise MediaError(f"the shot inside {named(source)} cannot be read: {error}") from error


def _shot_text(shot: Shot) -> str:
    """The shot as JSON; a very large one names its media instead of carrying them."""
    text = shot.to_json()
    if len(text) <= MAX_SHOT_BYTES:
        return text
    pins = tuple(
        pin.model_copy(update={"media": pin.media.without_data(), "mask": pin.mask and pin.mask.without_data()})
        for pin in shot.pins
    )
    return shot.model_copy(update={"pins": pins}).to_json()


# --- files ------------------------------------------------------------------------------------------------------------


@contextmanager
def _film(source: Source) -> Iterator["InputContainer"]:
    """An open film or sound file; whatever FFmpeg finds wrong with it, also later, becomes a MediaError."""
    import av

    with opened(source) as file:
        try:
            options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
            with av.open(file, "r", container_options=options, metadata_errors="replace") as container:
                yield container
        except av.FFmpegError as error:
            raise MediaError(f"cannot read the film or sound {named(source)}: {error.strerror or error}") from error


def _check_frame(frame: Frame, size: tuple[int, int] | None = None) -> None:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise MediaError(f"a frame should be uint8 [H, W, 3], but was {frame.dtype} {list(frame.shape)}")
    if size is not None and (frame.shape[1], frame.shape[0]) != size:
        raise MediaError(
            f"all frames should be {size[0]}x{size[1]} like the first, but one was {frame.shape[1]}x{frame.shape[0]}"
        )


def _checked_sound(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    if sound.ndim != 2 or sound.shape[1] != 2 or not np.isfinite(sound).all():
        raise MediaError(f"sound should be finite numbers [S, 2], but was {sound.dtype} {list(sound.shape)}")
    return np.clip(sound, -1, 1).astype(np.float32)
