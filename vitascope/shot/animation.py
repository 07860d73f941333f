"""Moving pictures that are no films: GIF, WebP, and folders of numbered PNGs, written in one pass with flat memory.

GIF has 256 colours and hundredths of a second, WebP thousandths; both round every frame's moment, never its length, so
that they keep step with the clock. None of them has sound.
"""

import html
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.encoders import LARGE
from vitascope.shot.files import SHOT_KEY, MediaError, Source, complete

Frame = NDArray[np.uint8]  # H W 3, sRGB

RATE_KEY = "fps"
GIF_FPS = 50  # players show frames of less than two hundredths of a second for ten
WEBP_QUALITY, WEBP_QUALITIES = 80, (100, 0)
NUMBERED = "%05d.png"

_SPOOL_BYTES = 256 * 2**20  # frames of a GIF that wait in memory for its palette; more wait on the disk
_COLOURS = 255  # of a GIF's palette; one more is for what does not change from frame to frame
_STEPS = 32  # of red, green and blue each, in the table from any colour to the palette's
_RATES = (*map(Fraction, range(1, 241)), *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60)))
_PATTERN = re.compile(r"([^%]*)%0?(\d*)d([^%]*\.png)", re.IGNORECASE)
_WEBP_HEADER = 30  # bytes of a WebP file until its first picture, where it has an extended header


@dataclass(frozen=True)
class Animation:
    """What a GIF or WebP file says of itself: (width, height), each frame's length in ticks, ticks a second, and its
    shot's JSON."""

    size: tuple[int, int]
    lengths: tuple[int, ...]
    ticks: int
    text: str | None

    @property
    def fps(self) -> float:
        """Frames a second: a usual rate that puts the last frame where it is; if there is none, the plain quotient."""
        most = self.lengths[:-1] or self.lengths  # writers guess the last one's length
        frames, seconds = len(most), max(sum(most), 1) / self.ticks
        best = min(_RATES, key=lambda rate: abs(frames / rate - seconds))
        return float(best) if abs(frames / best - seconds) * self.ticks <= 0.51 else frames / seconds


# --- GIF --------------------------------------------------------------------------------------------------------------


def write_gif(path: Path, frames: Iterable[Frame], size: tuple[int, int], fps: float, text: str | None) -> None:
    """Write frames [H, W, 3] of (width, height) as a GIF that repeats, in the 255 colours that suit the whole film.
    From a film of more than 50 frames a second some are left out."""
    import av

    width, height = size
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES, dir=str(path.parent)) as spool:
        colours = _Colours()
        times: list[int] = []
        for number, frame in enumerate(frames):
            time = round(100 * number / fps)
            if not times or time >= times[-1] + 100 // GIF_FPS:
                times.append(time)
                spool.write(frame.tobytes())
                colours.add(frame)
        end = max(round(100 * (number + 1) / fps), times[-1] + 100 // GIF_FPS)
        palette, table, strength = colours.palette()
        screen = _screen(size, strength)
        shown = np.zeros((256, 4), np.uint8)  # alpha, red, green, blue
        shown[: len(palette), 0], shown[: len(palette), 1:] = 255, palette
        options = {"final_delay": str(end - times[-1])}
        with av.open(f"file:{path}", "w", format="gif", options=options) as container:
            stream = container.add_stream("gif", rate=100)
            stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
            stream.codec_context.time_base = Fraction(1, 100)
            spool.seek(0)
            for time in times:
                frame = np.frombuffer(spool.read(width * height * 3), np.uint8).reshape(height, width, 3)
                screened = np.clip(frame + screen, 0, 255).astype(np.uint8)
                picture = av.VideoFrame.from_ndarray((table[_cells(screened)], shown), format="pal8")
                picture.pts, picture.time_base = time, Fraction(1, 100)
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
    if text is not None:
        _add_comment(path, f"{SHOT_KEY}:{text}".encode())


class _Colours:
    """The colours of a film's frames, counted in coarse cells."""

    def __init__(self) -> None:
        self.counts = np.zeros(_STEPS**3)  # cells
        self.sums = np.zeros((_STEPS**3, 3))  # cells 3

    def add(self, frame: Frame) -> None:
        """Count the colours of a frame [H, W, 3]: all of a small one, every fourth pixel of a large one."""
        every = 2 if frame.shape[0] * frame.shape[1] > LARGE else 1
        pixels = frame[::every, ::every].reshape(-1, 3)  # N 3
        cells = _cells(pixels)
        self.counts += np.bincount(cells, minlength=len(self.counts))
        for channel in range(3):
            self.sums[:, channel] += np.bincount(cells, pixels[:, channel], len(self.counts))

    def palette(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], float]:
        """The colours [N, 3] of the palette, every cell's nearest of them [cells], and how far off they are on the
        average, in grey levels."""
        from PIL import Image

        used = self.counts > 0
        number = np.arange(len(self.counts))
        middles = np.stack([number // _STEPS**2, number // _STEPS % _STEPS, number % _STEPS], 1) * (256 // _STEPS) + 4
        colours = np.where(used[:, None], self.sums / np.maximum(self.counts, 1)[:, None], middles)  # cells 3
        # A picture of all colours, each as often as its share says but once at least: rare ones count as well.
        shares = np.maximum(1, np.rint(self.counts[used] / self.counts.sum() * 2**15)).astype(int)
        crowd = np.repeat(np.rint(colours[used]).astype(np.uint8), shares, axis=0)[None]  # 1 N 3
        found = Image.fromarray(crowd).quantize(_COLOURS, Image.Quantize.MEDIANCUT, kmeans=1).getpalette() or []
        palette = np.array(found[: _COLOURS * 3], np.uint8).reshape(-1, 3)
        wide = palette.astype(np.float32)
        distances = (wide**2).sum(1) - 2 * colours.astype(np.float32) @ wide.T  # cells N, less what all have in common
        table = distances.argmin(1).astype(np.uint8)
        off = ((colours - wide[table]) ** 2).mean(1)  # cells
        return palette, table, float(np.sqrt((off * self.counts).sum() / self.counts.sum()))


def _cells(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The cell of every pixel's colour."""
    coarse = (pixels // (256 // _STEPS)).astype(np.int32)
    return (coarse[..., 0] * _STEPS + coarse[..., 1]) * _STEPS + coarse[..., 2]


def _screen(size: tuple[int, int], strength: float) -> NDArray[np.int16]:
    """What is added to a frame [H, W, 3] so that neighbours of one colour get different ones of the palette, and from
    afar look like it: an ordered pattern, for it stands still from frame to frame, and another for each channel."""
    matrix = np.zeros((1, 1))
    for _ in range(3):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    matrix = (matrix + 0.5) / matrix.size - 0.5  # 8 8, in -0.5 to 0.5
    tile = np.stack([np.roll(matrix, (3 * channel, 5 * channel), (0, 1)) for channel in range(3)], -1)  # 8 8 3
    width, height = size
    across = np.tile(2 * strength * tile, (height // 8 + 1, width // 8 + 1, 1))[:height, :width]
    return np.rint(across).astype(np.int16)


def _add_comment(path: Path, comment: bytes) -> None:
    """Put a comment after a GIF's header; at its end readers would take it for one more frame."""
    blocks = [comment[start : start + 255] for start in range(0, len(comment), 255)]
    with complete(path) as partial, open(path, "rb") as before, open(partial, "wb") as after:
        header = before.read(13)
        after.write(header + before.read(_colours_length(header[10])))
        after.write(b"!\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0")
        shutil.copyfileobj(before, after, 2**20)


def read_gif(file: BinaryIO) -> Animation:
    """What a GIF says of itself, without unpacking it. Raises EOFError when it ends early, ValueError if it is none."""
    header = _exactly(file, 13)
    if not header.startswith((b"GIF87a", b"GIF89a")):
        raise ValueError("it is no GIF")
    lengths: list[int] = []
    text, delay = None, 0
    _exactly(file, _colours_length(header[10]))
    while (kind := _exactly(file, 1)) != b";":
        if kind == b",":
            _exactly(file, _colours_length(_exactly(file, 9)[8]) + 1)
            _blocks(file, keep=False)
            lengths.append(delay)
        elif kind == b"!":
            label = _exactly(file, 1)
            content = _blocks(file, keep=label in b"\xf9\xfe")
            if label == b"\xf9" and len(content) >= 3:
                delay = _number(content[1:3])
                delay = delay if delay >= 100 // GIF_FPS else 10  # as players do
            elif label == b"\xfe" and content.startswith(f"{SHOT_KEY}:".encode()):
                text = content[len(SHOT_KEY) + 1 :].decode(errors="replace")
        else:
            raise ValueError("it is damaged")
    return Animation((_number(header[6:8]), _number(header[8:10])), tuple(lengths), 100, text)


def _colours_length(flags: int) -> int:
    """Bytes of a table of colours, by the flags that announce it."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(file: BinaryIO, keep: bool) -> bytes:
    """The content of a row of blocks, each after its length; empty when it is not to be kept."""
    found = []
    while length := _exactly(file, 1)[0]:
        block = _exactly(file, length)
        if keep:
            found.append(block)
    return b"".join(found)


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise EOFError("it ends early")
    return data


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


# --- WebP -------------------------------------------------------------------------------------------------------------


def write_webp(
    path: Path, frames: Iterable[Frame], size: tuple[int, int], fps: float, text: str | None, quality: int
) -> None:
    """Write frames [H, W, 3] of (width, height) as a WebP that repeats; `quality` is 0 to 100, the best."""
    import av

    width, height = size
    opaque = np.full((height, width, 4), 255, np.uint8)  # H W 4, blue, green, red, alpha
    with av.open(f"file:{path}", "w", format="webp", options={"loop": "0"}) as container:
        effort = "1" if width * height > LARGE else "4"
        told = {"compression_level": effort, "quality": str(quality)}
        stream = container.add_stream("libwebp_anim", rate=1000, options=told)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgra"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, frame in enumerate(frames):
            opaque[..., :3] = frame[..., ::-1]
            picture = av.VideoFrame.from_ndarray(opaque, format="bgra")
            picture.pts, picture.time_base = round(1000 * number / fps), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    if text is not None:
        _add_xmp(path, xmp_of(text), size)


def xmp_of(text: str) -> bytes:
    """A shot's JSON as the XMP that pictures carry."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:{SHOT_KEY}="urn:{SHOT_KEY}" {SHOT_KEY}:shot="{html.escape(text)}"/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def text_of_xmp(xmp: bytes) -> str | None:
    """The shot's JSON inside a picture's XMP; None when it carries none."""
    found = re.search(rb' %s:shot="([^"]*)"' % SHOT_KEY.encode(), xmp)
    return html.unescape(found[1].decode(errors="replace")) if found else None


def _add_xmp(path: Path, xmp: bytes, size: tuple[int, int]) -> None:
    """Append XMP to a WebP file and say so in its header."""
    with open(path, "r+b") as file:
        start = file.read(_WEBP_HEADER)
        if start[12:16] != b"VP8X":  # one picture alone: it gets the extended header that XMP needs
            file.seek(12)
            picture = file.read()
            sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
            file.seek(12)
            file.write(b"VP8X\x0a\0\0\0" + bytes(4) + sides + picture)
            start = start[:12] + b"VP8X" + bytes(14)
        file.seek(20)
        file.write(bytes([start[20] | 4]))
        file.seek(0, 2)
        file.write(b"XMP " + len(xmp).to_bytes(4, "little") + xmp + bytes(len(xmp) % 2))
        length = file.tell() - 8
        file.seek(4)
        file.write(length.to_bytes(4, "little"))


def read_webp(file: BinaryIO) -> Animation:
    """What an animated WebP says of itself, without unpacking it. Raises EOFError when it ends early."""
    header = _exactly(file, _WEBP_HEADER)
    lengths: list[int] = []
    text = None
    while kind := file.read(4):
        length = _number(_exactly(file, 4))
        if kind == b"ANMF":
            start = _exactly(file, 16)
            lengths.append(_number(start[12:15]))
            _exactly(file, length - 16 + length % 2)
        else:
            content = _exactly(file, length + length % 2)
            text = text_of_xmp(content) if kind == b"XMP " else text
    return Animation((_number(header[24:27]) + 1, _number(header[27:30]) + 1), tuple(lengths), 1000, text)


def is_webp(start: bytes) -> bool:
    """Whether a file that starts with these bytes (21 at least) is a WebP."""
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"


def is_animated_webp(start: bytes) -> bool:
    """Whether it is a WebP of several frames."""
    return is_webp(start) and start[12:16] == b"VP8X" and len(start) > 20 and bool(start[20] & 2)


# --- folders of PNGs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Numbered:
    """A folder of PNGs whose names hold their number: a name with %05d (or the like) in it."""

    folder: Path
    name: str = NUMBERED

    @property
    def names(self) -> re.Pattern[str]:
        """What the names of its files look like; the number is the first group."""
        before, _, after = self._parts()
        return re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}")

    def _parts(self) -> tuple[str, str, str]:
        found = _PATTERN.fullmatch(self.name)
        assert found is not None
        return found[1], found[2], found[3]

    def path(self, number: int, folder: Path | None = None) -> Path:
        """The file of a frame, in this folder or another one."""
        before, digits, after = self._parts()
        return (folder or self.folder) / f"{before}{number:0{digits or 1}d}{after}"

    def paths(self) -> list[Path]:
        """The files that are there, in their order. Raises MediaError when there are none, or some are missing."""
        names = self.names
        try:
            found = {int(match[1]): path for path in self.folder.iterdir() if (match := names.fullmatch(path.name))}
        except OSError as error:
            raise MediaError(f"cannot read the folder {str(self.folder)!r}: {error.strerror or error}") from error
        if not found:
            raise MediaError(f"the folder {str(self.folder)!r} holds no frames named like {self.name!r}")
        numbers = sorted(found)
        for number, expected in zip(numbers, range(numbers[0], numbers[-1] + 1), strict=False):
            if number != expected:
                raise MediaError(f"the folder {str(self.folder)!r} lacks {self.path(expected).name!r}")
        return [found[number] for number in numbers]


def numbered(source: Source) -> Numbered | None:
    """The folder of PNGs that a name means: frames/%05d.png, a folder that exists, or a name ending in a slash; None
    for other names."""
    if isinstance(source, bytes):
        return None
    path = Path(source)
    if _PATTERN.fullmatch(path.name):
        return Numbered(path.parent, path.name)
    if (isinstance(source, str) and source.endswith(("/", os.sep))) or os.path.isdir(source):
        return Numbered(path)
    return None


def write_pngs(
    folder: Path, names: Numbered, frames: Iterable[Frame], size: tuple[int, int], fps: Fraction, text: str | None
) -> None:
    """Write frames [H, W, 3] of (width, height) as PNGs into a folder, from number 1 on; the first one carries the rate
    and the shot."""
    import av

    context: Any = av.CodecContext.create("png", "w")
    context.width, context.height = size
    context.pix_fmt, context.time_base = "rgb24", 1 / fps
    context.options = {"compression_level": "1", "pred": "mixed"}  # half a picture editor's time, for a fifth more
    context.thread_count = 2

    def packets() -> Iterator[bytes]:
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture.pts, picture.time_base = number, 1 / fps
            yield from map(bytes, context.encode(picture))
        yield from map(bytes, context.encode(None))

    for number, data in enumerate(packets(), start=1):
        if number == 1:
            told = {RATE_KEY: str(fps)} | ({} if text is None else {SHOT_KEY: text})
            data = _with_text(data, told)
        names.path(number, folder).write_bytes(data)


def _with_text(png: bytes, texts: dict[str, str]) -> bytes:
    """A PNG file with texts put in after its header."""
    chunks = b""
    for key, text in texts.items():
        chunk = b"iTXt" + key.encode() + bytes(5) + text.encode()  # not compressed, in no language
        chunks += (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return png[:33] + chunks + png[33:]
