"""Read and write pictures, films and sound (Pillow and PyAV, imported on use).

Frames are uint8 [H, W, 3], sRGB. Whatever is wrong with a file becomes one MediaError that names it. Every file, and
every folder of frames, is written beside its target and renamed when it is complete, so a failed or stopped write
leaves nothing behind. Which encoder writes which film: encoders.py; GIF, WebP and folders of PNGs: animation.py.
"""

import io
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from vitascope.shot import animation
from vitascope.shot.encoders import CONTAINERS, Choice, checked_quality, choose, write_stream
from vitascope.shot.files import (
    SHOT_KEY,
    SOUND_RATE,
    MediaError,
    Source,
    check_folder,
    check_suffix,
    complete,
    complete_folder,
    named,
    opened,
)
from vitascope.shot.shot import MAX_PIXELS, Media, Shot, ShotError
from vitascope.shot.store import MediaStore as MediaStore

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from PIL import Image

Frame = NDArray[np.uint8]  # H W 3, sRGB

FILM_SUFFIXES = (*CONTAINERS, ".gif", ".webp")  # that can be written
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SUFFIXES = tuple(dict.fromkeys((*FILM_SUFFIXES, *PICTURE_SUFFIXES)))
MAX_PICTURE_PIXELS = 50_000_000
MAX_FPS = 240.0
MAX_SHOT_BYTES = 16 * 2**20  # a larger shot is stored with its media by name only

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
    if animation.numbered(source):
        return False
    start = _start(source)
    return start.startswith(_PICTURE_STARTS) or (animation.is_webp(start) and not animation.is_animated_webp(start))


def _start(source: Source) -> bytes:
    """The first bytes of a file, enough to tell what it is."""
    with opened(source) as file:
        return file.read(32)


def read_picture(source: Source) -> Frame:
    """A picture as uint8 [H, W, 3], upright as its EXIF says, on white where it is see-through. Raises MediaError."""
    from PIL import ImageOps

    with opened(source) as file, _picture(file, source) as image:
        try:
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16"):  # Pillow would cut 16 bits off at 255
                grey = (np.asarray(image, np.float32) / 257 + 0.5).astype(np.uint8)  # H W
                return np.repeat(grey[..., None], 3, axis=2)
            return _on_white(image)
        except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
            raise MediaError(f"cannot read the picture {named(source)}: {error}") from error


def _on_white(image: "Image.Image") -> Frame:
    """A picture's pixels [H, W, 3], white where it is see-through."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = image.copy()
        paper.paste((255, 255, 255, 255), (0, 0, *image.size))
        paper.alpha_composite(image)
        image = paper
    return np.array(image.convert("RGB"))  # H W 3


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
    """Write uint8 [H, W, 3] as .png or .webp (which carry the shot) or .jpg. Raises MediaError."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    path = Path(path)
    check_suffix(path, PICTURE_SUFFIXES)
    _check_frame(frame)
    options: dict[str, Any] = {"quality": 95}
    if path.suffix.lower() == ".png":
        options = {"pnginfo": PngInfo()}
        if shot is not None:
            options["pnginfo"].add_itxt(SHOT_KEY, shot_text(shot))
    elif path.suffix.lower() == ".webp" and shot is not None:
        options["xmp"] = animation.xmp_of(shot_text(shot))
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
    """What a film, a GIF or WebP that moves, or a folder of PNGs is, without decoding it whole. Raises MediaError."""
    if names := animation.numbered(source):
        return _probe_pngs(names)
    if found := _animation(source):
        return FilmInfo(found.size, min(found.fps, MAX_FPS), len(found.lengths), False)
    with opened_film(source) as container:
        stream = _video_stream(container, source)
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        frame = next(iter(container.decode(stream)), None)
        if frame is None:
            raise MediaError(f"the film {named(source)} has no frames")
        size = (frame.width, frame.height) if frame.rotation % 180 == 0 else (frame.height, frame.width)
        num_frames, has_sound = stream.frames, bool(container.streams.audio)
    if num_frames <= 0:  # some containers do not say
        with opened_film(source) as container:
            num_frames = sum(1 for packet in container.demux(_video_stream(container, source)) if packet.size)
    if not 0 < fps <= MAX_FPS:
        fps = 1.0 if num_frames == 1 else 24.0  # a film of one frame has no rate of its own
    return FilmInfo(size, fps, num_frames, has_sound)


def read_film(source: Source, limits: FilmLimits = FilmLimits()) -> Iterator[Frame]:
    """The frames of a film, a GIF or WebP that moves, or a folder of PNGs (or their name, as in frames/%05d.png): uint8
    [H, W, 3], decoded one by one. Raises MediaError, also when the file ends early."""
    if names := animation.numbered(source):
        yield from _limited((read_picture(path) for path in names.paths()), source, limits)
    elif animation.is_webp(_start(source)):
        yield from _limited(_read_webp(source, limits), source, limits)
    else:
        yield from _read_stream(source, limits)


def _limited(frames: Iterable[Frame], source: Source, limits: FilmLimits) -> Iterator[Frame]:
    """The same frames, as long as they are not too many, not too large, and of one size."""
    size: tuple[int, ...] | None = None
    for number, frame in enumerate(frames, start=1):
        if number > limits.frames:
            raise MediaError(f"the film {named(source)} has more than the allowed {limits.frames} frames")
        _check_pixels(frame.shape[1], frame.shape[0], source, limits.pixels)
        size = size or frame.shape
        if frame.shape != size:
            raise MediaError(f"the film {named(source)} changes its size at frame {number}")
        yield frame


def _probe_pngs(names: animation.Numbered) -> FilmInfo:
    paths = names.paths()
    height, width = read_picture(paths[0]).shape[:2]
    with opened(paths[0]) as file, _picture(file, paths[0]) as image:
        rate = image.info.get(animation.RATE_KEY)
    try:
        fps = float(Fraction(str(rate)))
    except (ValueError, ZeroDivisionError):
        fps = 0.0
    return FilmInfo((width, height), fps if 0 < fps <= MAX_FPS else 24.0, len(paths), False)


def _animation(source: Source) -> animation.Animation | None:
    """What a GIF, or a WebP that moves, says of itself; None for other files. Raises MediaError."""
    start = _start(source)
    read = animation.read_gif if start.startswith(b"GIF8") else animation.read_webp
    if read is animation.read_webp and not animation.is_animated_webp(start):
        return None
    try:
        with opened(source) as file:
            found = read(file)
    except (EOFError, ValueError) as error:
        raise MediaError(f"cannot read the film {named(source)}: {error}") from error
    if not found.lengths:
        raise MediaError(f"the film {named(source)} has no frames")
    return found


def _read_webp(source: Source, limits: FilmLimits) -> Iterator[Frame]:
    with opened(source) as file, _picture(file, source) as image:
        _check_pixels(image.width, image.height, source, limits.pixels)
        try:
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                yield _on_white(image)
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise MediaError(f"cannot read the film {named(source)}: {error}") from error


def _read_stream(source: Source, limits: FilmLimits) -> Iterator[Frame]:
    size: tuple[int, ...] | None = None
    with opened_film(source) as container:
        stream = _video_stream(container, source, limits.pixels)
        stream.thread_type = "AUTO"
        # Whatever the header said, no frame is unpacked that is much larger (coders round sizes up).
        # Colours that pixels share lie to their left, as players have it, in films that do not say where.
        stream.codec_context.options = {
            "max_pixels": str(limits.pixels * 5 // 4 + 65536),
            "chroma_sample_location": "left",
        }
        _check_limits(stream, source, limits)
        num_frames = num_packets = num_meant = 0
        moment = 0.0  # of the last picture, in seconds
        for packet in container.demux(stream):
            num_packets += packet.size > 0
            num_meant += packet.size > 0 and not packet.is_discard  # cut films keep pictures that are not to be shown
            for picture in packet.decode():
                num_frames += 1
                moment = max(moment, picture.time or 0.0)
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
        if stream.frames == 0 and moment + 0.1 + 1.5 / max(float(stream.average_rate or 0), 1) < (
            told := _told(stream)
        ):
            raise MediaError(f"the film {named(source)} ends after {moment:.2f} of its {told:.2f} s")
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
    codec: str | None = None,
    quality: int | None = None,
) -> None:
    """Write frames (uint8 [H, W, 3]) as a film that carries the shot, in the format that the name asks for:

    - .mp4 (h264, hevc, av1), .mov (prores, h264, hevc), .mkv (all of these and vp9), .webm (vp9, av1), with `sound`
      [S, 2]; the first codec is the default, and `quality` is on its scale: see encoders.CODECS
    - .gif and .webp (quality 0 to 100, the best), without sound
    - a folder of PNGs, without sound: a name such as frames/%05d.png, or any that ends in a slash

    Equal input mostly gives equal bytes (see the test). Raises MediaError; what the frames' own iterator raises passes
    through (an OSError as a MediaError), and nothing is left behind.
    """
    choice = check_film(path, codec, quality)
    if not 0 < fps <= MAX_FPS:
        raise MediaError(f"fps should be more than 0 and at most {MAX_FPS:g}, but was {fps}")
    names, path = _folder(path), Path(path)
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise MediaError(f"cannot write {path.name!r}: a film needs at least one frame")
    _check_frame(first)
    size = first.shape[1], first.shape[0]
    frames = _checked(chain([first], frames), size)
    text = None if shot is None else shot_text(shot)
    track = None if sound is None else (_checked_sound(sound), sound_rate)
    rate = Fraction(fps).limit_denominator(1001)
    import av

    try:
        if names is not None:
            with complete_folder(names.folder, names.names) as folder:
                animation.write_pngs(folder, names, frames, size, rate, text)
        elif choice is not None:
            _check_even(size, choice)
            with complete(path) as partial:
                write_stream(partial, choice, frames, size, rate, text, track)
        elif path.suffix.lower() == ".gif":
            with complete(path) as partial:
                animation.write_gif(partial, frames, size, fps, text)
        else:
            with complete(path) as partial:
                animation.write_webp(partial, frames, size, fps, text, _webp_quality(quality))
    except av.codec.codec.UnknownCodecError as error:  # of the sound, or of pictures that have no choice
        raise MediaError(f"cannot write {str(path)!r}: this build of FFmpeg has no encoder {error}") from error
    except av.FFmpegError as error:
        raise MediaError(f"cannot write {str(path)!r}: {error.strerror or error}") from error


def check_film(path: str | Path, codec: str | None = None, quality: int | None = None) -> Choice | None:
    """How write_film would write a film of this name; None for what has no choice of encoders. Raises MediaError for
    what it would refuse whatever the frames are, so that nobody waits for them in vain."""
    names, path = _folder(path), Path(path)
    if names is None:
        check_suffix(path, FILM_SUFFIXES)
        if path.suffix.lower() in CONTAINERS:
            return choose(path, codec, quality)
    only = "png" if names is not None else path.suffix.lower().removeprefix(".")
    if codec not in (None, only):
        raise MediaError(f"cannot write {path.name!r} as {codec!r}: it holds {only}")
    if only == "webp":
        _webp_quality(quality)
    elif quality is not None:
        raise MediaError(f"cannot write {path.name!r} with the quality {quality}: {only} has none to be set")
    if names is not None:
        check_folder(names.folder, names.names)
    return None


def is_film_name(path: str | Path) -> bool:
    """Whether a name is one that write_film takes: a film's suffix or a folder of PNGs."""
    return is_folder_name(path) or Path(path).suffix.lower() in FILM_SUFFIXES


def is_folder_name(path: str | Path) -> bool:
    """Whether a file of this name would be a folder of pictures, one for each frame."""
    return _folder(path) is not None


def _folder(path: str | Path) -> animation.Numbered | None:
    """The folder of PNGs that a name to write means; a folder named like a file is none, unless a slash says so."""
    names = animation.numbered(path)
    alike = names is not None and names.folder == Path(path) and not str(path).endswith(("/", os.sep))
    return None if alike and Path(path).suffix.lower() in SUFFIXES else names


def _webp_quality(quality: int | None) -> int:
    return checked_quality("webp", quality, animation.WEBP_QUALITY, animation.WEBP_QUALITIES)


def _check_even(size: tuple[int, int], choice: Choice) -> None:
    """Raise MediaError where two pixels side by side, or one above the other, share a colour and there are not two."""
    width, height = size
    two_high = "420" in choice.encoder.pixels or choice.encoder.pixels == "nv12"
    if width % 2 or (two_high and height % 2):
        near = f"{width + width % 2}x{height + height % 2 * two_high}"
        sides = "width and height" if two_high else "width"
        raise MediaError(f"a film's {sides} should be even, but were {width}x{height}; the nearest is {near}")


def read_sound(source: Source, rate: int = SOUND_RATE, seconds: float = 600.0) -> NDArray[np.float32]:
    """The sound of a film or sound file as float32 [S, 2] at `rate`, at most `seconds` long. Raises MediaError."""
    blocks: list[NDArray[np.float32]] = []
    num_samples, most = 0, round(seconds * rate)
    for block in sound_blocks(source, rate):
        num_samples += len(block)
        if num_samples > most:
            raise MediaError(f"the sound of {named(source)} is longer than the allowed {seconds:g} s")
        blocks.append(block)
    return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)  # S 2


def sound_blocks(source: Source, rate: int = SOUND_RATE) -> Iterator[NDArray[np.float32]]:
    """The sound of a film or sound file as it is decoded: float32 [S, 2] at `rate`. Raises MediaError."""
    import av

    with opened_film(source) as container:
        if not container.streams.audio or container.streams.audio[0].codec_context is None:
            raise MediaError(f"{named(source)} has no sound that can be decoded")
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
        decoded: Iterator[av.AudioFrame | None] = chain(container.decode(container.streams.audio[0]), [None])
        for frame in decoded:
            for block in resampler.resample(frame):
                yield np.ascontiguousarray(block.to_ndarray().T, dtype=np.float32)  # S 2


def _video_stream(container: "InputContainer", source: Source, pixels: int = MAX_PIXELS) -> "av.VideoStream":
    """The film's pictures, none of them decoded yet, and small enough."""
    if not container.streams.video:
        raise MediaError(f"{named(source)} has no pictures in it")
    stream = container.streams.video[0]
    if stream.codec_context is None:  # FFmpeg knows no decoder for it
        raise MediaError(f"the film {named(source)} is in a format that cannot be decoded")
    _check_pixels(stream.codec_context.width, stream.codec_context.height, source, pixels)
    return stream


def _told(stream: "av.VideoStream") -> float:
    """Seconds that Matroska says a stream lasts (it does not count frames); 0 for streams that do not say."""
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0


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
    if names := animation.numbered(source):
        source = names.paths()[0]
    if is_picture(source):
        with opened(source) as file, _picture(file, source) as image:
            text, xmp = image.info.get(SHOT_KEY), image.info.get("xmp")
        if text is None and isinstance(xmp, bytes):
            text = animation.text_of_xmp(xmp)
    elif found := _animation(source):
        text = found.text
    else:
        with opened_film(source) as container:
            told = {key.lower(): value for key, value in container.metadata.items()}  # Matroska shouts its keys
            text = told.get(SHOT_KEY)
    if text is None:
        return None
    try:
        return Shot.from_json(str(text))
    except ShotError as error:
        raise MediaError(f"the shot inside {named(source)} cannot be read: {error}") from error


def shot_text(shot: Shot) -> str:
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
def opened_film(source: Source) -> Iterator["InputContainer"]:
    """An open film or sound file; whatever FFmpeg finds wrong with it, also later, becomes a MediaError."""
    import av

    with opened(source) as file:
        try:
            options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
            with av.open(file, "r", container_options=options, metadata_errors="replace") as container:
                yield container
        except av.FFmpegError as error:
            raise MediaError(f"cannot read the film or sound {named(source)}: {error.strerror or error}") from error


def _checked(frames: Iterable[Frame], size: tuple[int, int]) -> Iterator[Frame]:
    """The same frames, as long as they are all right."""
    for frame in frames:
        _check_frame(frame, size)
        yield frame


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
