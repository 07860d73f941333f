"""Uploads are sniffed, not believed: what they are is told from their bytes, then they are really opened, elsewhere.

Decoders are large, and a kilobyte can make them ask for gigabytes, or break them. So a file is opened in a process of
its own that has little memory and time (`python -m vitascope.serve.sniff picture < file`), and is refused when that is
not enough. The server's own memory holds the bytes and nothing else.
"""

import base64
import math
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from vitascope.shot import animation
from vitascope.shot.files import MediaError
from vitascope.shot.media import FilmLimits, opened_film, probe, read_film, read_picture
from vitascope.shot.shot import MAX_INLINE_BYTES, Media, MediaKind

KNOWN = "PNG, JPEG, WebP, BMP, TIFF, GIF, MP4, MOV, WebM, Matroska, AVI, MPEG-TS, WAV, MP3, FLAC, Ogg, AAC, M4A"
CHECK_BYTES = 2 * 2**30  # of address space for the process that opens a file; 50 megapixels fit, see the tests
CHECK_SECONDS = 10  # of its processor time; twice as much until it is given up
CHECKS_AT_ONCE = 2

_SLOTS = threading.BoundedSemaphore(CHECKS_AT_ONCE)
_REFUSED, _NO_MEMORY = 3, 4  # how the process ends, where it is not 0
_LIMITS = FilmLimits()
_SLACK = 1.0  # seconds that a whole film or sound may be shorter than it says


class SniffError(ValueError):
    """Bytes that are not the media they should be: what they are or look like, and what is allowed."""


@dataclass(frozen=True)
class Sniffed:
    """What bytes are: the kind, the media type such as image/png, and the usual suffix such as .png."""

    kind: MediaKind
    mime: str
    suffix: str


# --- what it is -------------------------------------------------------------------------------------------------------

_STARTS: tuple[tuple[bytes, Sniffed], ...] = (
    (rb"\x89PNG\r\n\x1a\n", Sniffed("picture", "image/png", ".png")),
    (rb"\xff\xd8\xff", Sniffed("picture", "image/jpeg", ".jpg")),
    (rb"RIFF.{4}WEBP", Sniffed("picture", "image/webp", ".webp")),
    (rb"GIF8[79]a", Sniffed("picture", "image/gif", ".gif")),
    (rb"BM.{4}\0{4}", Sniffed("picture", "image/bmp", ".bmp")),
    (rb"II\*\0|MM\0\*", Sniffed("picture", "image/tiff", ".tif")),
    (rb".{4}ftypqt  |.{4}(moov|mdat|wide|free|skip)", Sniffed("film", "video/quicktime", ".mov")),
    (rb".{4}ftyp", Sniffed("film", "video/mp4", ".mp4")),
    (rb"\x1a\x45\xdf\xa3.{0,64}\x42\x82.webm", Sniffed("film", "video/webm", ".webm")),
    (rb"\x1a\x45\xdf\xa3", Sniffed("film", "video/x-matroska", ".mkv")),
    (rb"RIFF.{4}AVI ", Sniffed("film", "video/x-msvideo", ".avi")),
    (rb"\x47.{187}\x47.{187}\x47", Sniffed("film", "video/mp2t", ".ts")),
    (rb"OggS.{22}.{1,255}\x80theora", Sniffed("film", "video/ogg", ".ogv")),
    (rb"OggS", Sniffed("sound", "audio/ogg", ".ogg")),
    (rb"RIFF.{4}WAVE", Sniffed("sound", "audio/wav", ".wav")),
    (rb"fLaC", Sniffed("sound", "audio/flac", ".flac")),
    (rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]", Sniffed("sound", "audio/mpeg", ".mp3")),
    (rb"\xff[\xf0\xf1\xf8\xf9]", Sniffed("sound", "audio/aac", ".aac")),
)  # fmt: skip
_SOUND_ALONE = {  # containers of films that also hold sound alone
    ".mov": Sniffed("sound", "audio/mp4", ".m4a"),
    ".mp4": Sniffed("sound", "audio/mp4", ".m4a"),
    ".webm": Sniffed("sound", "audio/webm", ".webm"),
    ".mkv": Sniffed("sound", "audio/x-matroska", ".mka"),
}
_OTHERS = (
    (rb".{4}ftyp(avif|avis|heic|heix|hevc|mif1|msf1)", "an AVIF or HEIC picture"),
    (rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|7z\xbc\xaf|Rar!", "an archive"),
    (rb"%PDF", "a PDF"),
    (rb"#EXTM3U", "a playlist"),
    (rb"(\xef\xbb\xbf)?\s*(<svg|<(\?xml|!--|!DOCTYPE svg).*<svg)", "an SVG drawing"),
    (rb"(\xef\xbb\xbf)?\s*[<{\[]", "a web page or other text"),
)
_PICTURES_IN_MP4 = re.compile(rb"hdlr.{8}vide", re.DOTALL)
_PICTURES_IN_MATROSKA = re.compile(rb"\x83\x81\x01")  # a track's type
_CLUSTER = b"\x1f\x43\xb6\x75"  # where a Matroska file's tracks have been told
_GIF_FRAME = re.compile(rb"\x21\xf9\x04.{4}\0[\x21\x2c]", re.DOTALL)


def sniffed(data: bytes) -> Sniffed:
    """What these bytes begin as, without opening them; whether they go on so is for checked_media. Raises SniffError
    for what is no picture, film or sound."""
    start = data[:2048]
    for pattern, name in _OTHERS:
        if re.match(pattern, start, re.DOTALL | re.IGNORECASE):
            raise SniffError(f"this is {name}; known are {KNOWN}")
    found = next((found for pattern, found in _STARTS if re.match(pattern, start, re.DOTALL)), None)
    if found is None:
        what = f"these {len(data)} bytes are no picture, film or sound" if data else "there is nothing in it"
        raise SniffError(f"{what}; known are {KNOWN}")
    if _moves(data, found):
        return Sniffed("film", found.mime, found.suffix)
    return _SOUND_ALONE[found.suffix] if found.suffix in _SOUND_ALONE and not _has_pictures(data, found) else found


def _moves(data: bytes, found: Sniffed) -> bool:
    if found.suffix == ".gif":
        return len(list(islice(_GIF_FRAME.finditer(data), 2))) == 2
    return found.suffix == ".webp" and animation.is_animated_webp(data[:32])


def _has_pictures(data: bytes, found: Sniffed) -> bool:
    if found.suffix in (".mp4", ".mov"):
        return _PICTURES_IN_MP4.search(data) is not None
    head = data.find(_CLUSTER)
    return _PICTURES_IN_MATROSKA.search(data, 0, head if head >= 0 else len(data)) is not None


# --- whether it is whole ----------------------------------------------------------------------------------------------


def checked_media(data: bytes, wanted: MediaKind | None = None) -> Media:
    """A stranger's picture, film or sound as media, after it was really opened: pictures are decoded, of films and
    sounds all packets are counted and the first is decoded. Blocks for up to some seconds. Raises SniffError for what
    is too large, too long, cut off, damaged, or not of the wanted kind."""
    if len(data) > MAX_INLINE_BYTES:
        raise SniffError(f"the file has {len(data)} bytes; at most {MAX_INLINE_BYTES} are allowed")
    found = sniffed(data)
    if wanted not in (None, found.kind):
        raise SniffError(f"a {wanted} is wanted here, but this is a {found.kind} ({found.mime})")
    _opened_elsewhere(data, found)
    return Media.of(data, found.kind)


def _opened_elsewhere(data: bytes, found: Sniffed) -> None:
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([root, *filter(None, sys.path)])
    command = [sys.executable, "-P", "-m", "vitascope.serve.sniff", found.kind]
    spent = f"the {found.kind} ({found.mime}) cannot be opened in the memory and time that one may take"
    with _SLOTS:
        try:
            done = subprocess.run(
                command,
                input=data,
                capture_output=True,
                timeout=2 * CHECK_SECONDS,
                env={**os.environ, "PYTHONPATH": paths, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired:
            raise SniffError(spent) from None
    if done.returncode == _REFUSED:
        raise SniffError(done.stdout.decode(errors="replace").strip())
    if done.returncode == _NO_MEMORY or done.returncode < 0:
        raise SniffError(spent)
    if done.returncode != 0:  # no fault of the file's
        raise RuntimeError(f"the check of a {found.kind} failed: {done.stderr.decode(errors='replace')[-2000:]}")


def _main(kind: str) -> int:
    """Check the file at the standard input, in this process. Returns how to end."""
    data = sys.stdin.buffer.read()
    _bound_this_process()
    try:
        {"picture": read_picture, "film": _check_film, "sound": _check_sound}[kind](data)
    except (MediaError, SniffError) as error:
        print(" ".join(str(error).split()))
        return _REFUSED
    except MemoryError:
        return _NO_MEMORY
    except ImportError:  # ours, not the file's
        raise
    except Exception as error:  # whatever else a damaged file brings libraries to
        print(f"the {kind} cannot be read ({type(error).__name__})")
        return _REFUSED
    return 0


def _bound_this_process() -> None:
    try:
        import resource
    except ImportError:  # Windows, where only the time is limited
        return
    for kind, most in (
        (resource.RLIMIT_AS, CHECK_BYTES),
        (resource.RLIMIT_CPU, CHECK_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _check_film(data: bytes) -> None:
    if data.startswith(b"GIF8") or animation.is_webp(data[:32]):
        info = probe(data)
        _check_length(info.num_frames, info.seconds)
        next(read_film(data, _LIMITS))
        return
    with opened_film(data) as container:
        stream = _first_of(container.streams.video, "film")
        coder = stream.codec_context
        _check_size(coder.width, coder.height)
        _check_length(stream.frames, float((stream.duration or 0) * (stream.time_base or 0)))
        coder.thread_count = 1  # each has pictures of its own in memory
        coder.options = {"max_pixels": str(2 * _LIMITS.pixels)}  # coders round sizes up
        picture, num_frames, seconds = _counted(container, stream)
        _check_size(picture.width, picture.height)
        if num_frames < stream.frames:
            raise SniffError(f"the film ends after {num_frames} of its {stream.frames} frames")
        _check_end(container, seconds)


def _check_sound(data: bytes) -> None:
    with opened_film(data) as container:
        _, _, seconds = _counted(container, _first_of(container.streams.audio, "sound"))
        _check_end(container, seconds)


def _first_of(streams: Any, kind: MediaKind) -> Any:
    if not streams or streams[0].codec_context is None:
        raise SniffError(f"there is no {kind} in it that can be decoded")
    return streams[0]


def _counted(container: Any, stream: Any) -> tuple[Any, int, float]:
    """The first decoded frame of a stream, how many packets it has, and how many seconds the whole file lasts."""
    frame, num_packets = None, 0
    start, end = math.inf, -math.inf  # seconds
    for packet in container.demux():
        if packet.stream_index == stream.index:
            frame = frame or next(iter(packet.decode()), None)
            num_packets += packet.size > 0
        if packet.size and packet.pts is not None:
            start = min(start, float(packet.pts * packet.time_base))
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            _check_length(num_packets if stream.type == "video" else 0, end - start)
    if frame is None:
        raise SniffError("there is nothing in it that can be decoded")
    return frame, num_packets, max(0.0, end - start)


def _check_end(container: Any, seconds: float) -> None:
    """Refuse a file that is shorter than it says, where its format knows."""
    told = (container.duration or 0) / 1e6
    if seconds + _SLACK < told and {"mov", "matroska", "flac"} & set(container.format.name.split(",")):
        raise SniffError(f"the file ends after {seconds:.1f} of its {told:.1f} s")


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= _LIMITS.pixels:
        most = f"{_LIMITS.pixels / 1e6:g} megapixels"
        raise SniffError(f"the film is {width}x{height}; at most {most} a frame are allowed")


def _check_length(num_frames: int, seconds: float) -> None:
    if num_frames > _LIMITS.frames:
        raise SniffError(f"the film has more than the allowed {_LIMITS.frames} frames")
    if seconds > _LIMITS.seconds:
        raise SniffError(f"it lasts longer than the allowed {_LIMITS.seconds:g} s")


# --- base64 -----------------------------------------------------------------------------------------------------------


def from_base64(text: str, max_bytes: int) -> bytes:
    """The bytes of base64, bare or in a data: URI, in either alphabet, with or without padding and line breaks. Raises
    SniffError for other text and for more than `max_bytes`."""
    if text[:5].lower() == "data:":
        head, comma, text = text.partition(",")
        if not comma or not head.lower().rstrip().endswith(";base64"):
            raise SniffError("a data URI should look like data:image/png;base64,iVBORw0… with base64 after the comma")
    letters = "".join(text.split()).rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    if len(letters) * 3 // 4 > max_bytes:
        raise SniffError(f"the base64 holds {len(letters) * 3 // 4} bytes; at most {max_bytes} are allowed")
    try:
        data = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except ValueError as error:
        raise SniffError(f"this is not base64 (letters, digits, + and / or - and _): {error}") from error
    if not data:
        raise SniffError("there is nothing in the base64")
    return data


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
