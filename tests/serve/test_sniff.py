"""Uploads are told from their bytes; what is whole and small enough passes, all else is refused with flat memory."""

import base64
import io
import re
import struct
import sys
import tracemalloc
import wave
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vitascope.serve import sniff
from vitascope.serve.sniff import SniffError, checked_media, from_base64, sniffed
from vitascope.shot.media import MediaError, write_film


def moving(num: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A grey level that changes from frame to frame [T, H, W, 3]."""
    return np.broadcast_to((np.arange(num) % 200 + 20).astype(np.uint8)[:, None, None, None], (num, height, width, 3))


def picture(kind: str, size: tuple[int, int] = (64, 48)) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, kind)
    return file.getvalue()


def film(folder: Path, name: str, num: int = 12, sound: bool = False, fps: float = 12) -> bytes:
    hiss = np.random.default_rng(0).uniform(-0.1, 0.1, (48_000, 2)).astype(np.float32) if sound else None
    write_film(folder / name, moving(num), fps, sound=hiss)
    return (folder / name).read_bytes()


def sound(container: str, codec: str, seconds: float = 1.0, rate: int = 48_000) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        noise = np.random.default_rng(0).integers(-2000, 2000, (1, round(seconds * rate)), np.int16)
        frame = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    return file.getvalue()


def png(width: int, height: int, data: bytes, colours: int = 0) -> bytes:
    """A PNG that says this size over these compressed bytes."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


# --- what it is -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mime", "suffix"),
    [
        ("PNG", "image/png", ".png"),
        ("JPEG", "image/jpeg", ".jpg"),
        ("WEBP", "image/webp", ".webp"),
        ("BMP", "image/bmp", ".bmp"),
        ("TIFF", "image/tiff", ".tif"),
        ("GIF", "image/gif", ".gif"),
    ],
)
def test_pictures_are_known_and_pass(kind: str, mime: str, suffix: str) -> None:
    data = picture(kind)
    found = sniffed(data)
    assert (found.kind, found.mime, found.suffix) == ("picture", mime, suffix)
    media = checked_media(data, "picture")
    assert (media.kind, media.data) == ("picture", data)


@pytest.mark.parametrize(
    ("suffix", "mime"),
    [
        (".mp4", "video/mp4"),
        (".mov", "video/quicktime"),
        (".mkv", "video/x-matroska"),
        (".webm", "video/webm"),
        (".gif", "image/gif"),
        (".webp", "image/webp"),
    ],
)
def test_films_are_known_and_pass(tmp_path: Path, suffix: str, mime: str) -> None:
    data = film(tmp_path, f"film{suffix}", sound=suffix not in (".gif", ".webp"))
    found = sniffed(data)
    assert (found.kind, found.mime, found.suffix) == ("film", mime, suffix)
    assert checked_media(data).kind == "film"


@pytest.mark.parametrize(
    ("container", "codec", "mime"),
    [
        ("wav", "pcm_s16le", "audio/wav"),
        ("flac", "flac", "audio/flac"),
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("ogg", "libopus", "audio/ogg"),
        ("adts", "aac", "audio/aac"),
        ("ipod", "aac", "audio/mp4"),
        ("webm", "libopus", "audio/webm"),
        ("matroska", "libopus", "audio/x-matroska"),
    ],
)
def test_sounds_are_known_and_pass(container: str, codec: str, mime: str) -> None:
    data = sound(container, codec)
    assert (sniffed(data).kind, sniffed(data).mime) == ("sound", mime)
    assert checked_media(data, "sound").kind == "sound"


@pytest.mark.parametrize(
    ("data", "looks"),
    [
        (b"", "nothing in it"),
        (b"\x00" * 100, "no picture, film or sound"),
        (b"just words, and some more of them", "no picture, film or sound"),
        ("words in UTF-16".encode("utf-16"), "no picture, film or sound"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', "an SVG drawing"),
        (b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg/>', "an SVG drawing"),
        (b"<!DOCTYPE html><body><svg/></body>", "a web page"),
        (b"\xef\xbb\xbf <!DOCTYPE html><html>not found</html>", "a web page"),
        (b'{"error": "not found"}', "a web page or other text"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n", "a playlist"),
        (b"PK\x03\x04" + bytes(100), "an archive"),
        (b"%PDF-1.7\n", "a PDF"),
        (box(b"ftyp", b"heic", bytes(4), b"mif1heic"), "HEIC"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "no picture, film or sound"),
    ],
)
def test_what_is_no_media_is_named_and_refused(data: bytes, looks: str) -> None:
    with pytest.raises(SniffError, match=looks) as caught:
        checked_media(data)
    assert "\n" not in str(caught.value)


def test_another_kind_than_the_wanted_is_refused() -> None:
    with pytest.raises(SniffError, match=r"a film is wanted here, but this is a picture \(image/png\)"):
        checked_media(picture("PNG"), "film")


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_huge_png_is_refused_from_its_header() -> None:
    packer = zlib.compressobj()
    zeros = b"".join(packer.compress(bytes(30_001 * 1000)) for _ in range(30)) + packer.flush()
    data = png(30_000, 30_000, zeros)
    assert len(data) < 2**20
    tracemalloc.start()
    try:
        with pytest.raises(MediaError, match=r"900000000 pixels"):
            sniff.read_picture(data)  # what the other process does
        with pytest.raises(SniffError, match=r"900000000 pixels"):
            checked_media(data)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (50_000_001, 1)])
def test_more_megapixels_than_are_allowed_are_refused(width: int, height: int) -> None:
    with pytest.raises(SniffError, match="at most 50 megapixels"):
        checked_media(png(width, height, zlib.compress(bytes(1000))))


@pytest.mark.slow
def test_the_largest_picture_that_is_allowed_fits_the_memory_of_the_check() -> None:
    zeros = zlib.compress(bytes(5_000 * (1 + 4 * 10_000)), 1)
    assert checked_media(png(10_000, 5_000, zeros, colours=6)).kind == "picture"  # 6: red, green, blue and alpha


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_a_picture_that_is_cut_off_is_refused(kind: str) -> None:
    data = picture(kind, (200, 200))
    with pytest.raises(SniffError, match="picture"):
        checked_media(data[: len(data) * 2 // 3])


# --- films and sounds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".gif"])
def test_a_film_that_is_cut_off_is_refused(tmp_path: Path, suffix: str) -> None:
    data = film(tmp_path, f"film{suffix}", num=60)
    with pytest.raises(SniffError):
        checked_media(data[: len(data) * 2 // 3])


def test_a_film_of_ten_hours_is_refused_though_it_is_small(tmp_path: Path) -> None:
    data = film(tmp_path, "film.mp4", num=300, fps=1 / 120)
    assert len(data) < 20_000
    with pytest.raises(SniffError, match="longer than the allowed 600 s"):
        checked_media(data)


def test_a_film_of_too_many_frames_is_refused(tmp_path: Path) -> None:
    data = film(tmp_path, "film.mkv", num=14_401, fps=240)
    with pytest.raises(SniffError, match="more than the allowed 14400 frames"):
        checked_media(data)


def test_a_film_that_says_more_frames_than_it_has_is_refused(tmp_path: Path) -> None:
    data = film(tmp_path, "film.mp4")
    told = b"stsz" + struct.pack(">III", 0, 0, 12)
    assert data.count(told) == 1
    for num in (10_000, 60_000_000):  # all of one size: FFmpeg alone would take 2 GB for a list of 60 million
        with pytest.raises(SniffError):
            checked_media(data.replace(told, b"stsz" + struct.pack(">III", 0, 1, num)))


def test_a_film_that_says_less_seconds_than_it_has_is_refused(tmp_path: Path) -> None:
    data = film(tmp_path, "film.mp4", num=10, fps=10 / 1200)
    told = re.search(rb"mdhd.{16}(.{4})", data, re.DOTALL)
    assert told
    with pytest.raises(SniffError, match="longer than the allowed 600 s"):
        checked_media(data[: told.start(1)] + struct.pack(">I", 1) + data[told.end(1) :])


def test_a_film_whose_pictures_are_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", np.zeros((1, 4320, 7680, 3), np.uint8), 12)
    data = (tmp_path / "film.mp4").read_bytes()
    size = struct.pack(">HH", 7680, 4320)
    assert size in data
    for lying in (data, data.replace(size, struct.pack(">HH", 64, 48))):
        with pytest.raises(SniffError, match=r"megapixels|decoded|cannot read"):
            checked_media(lying)


def test_sound_beside_a_short_film_counts_as_its_length(tmp_path: Path) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        pictures = out.add_stream("mpeg4", rate=12)
        pictures.width, pictures.height = 64, 48
        hiss = out.add_stream("libopus", rate=48_000, layout="mono")
        out.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        out.mux(pictures.encode(None))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 48_000 * 601), np.int16), format="s16", layout="mono")
        silence.sample_rate = 48_000
        for packet in [*hiss.encode(silence), *hiss.encode(None)]:
            out.mux(packet)
    assert sniffed(file.getvalue()).kind == "film"
    with pytest.raises(SniffError, match="longer than the allowed 600 s"):
        checked_media(file.getvalue())


def test_a_sound_that_is_too_long_is_refused() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(bytes(8000 * 601))
    with pytest.raises(SniffError, match="longer than the allowed 600 s"):
        checked_media(file.getvalue())


def test_a_sound_that_is_cut_off_is_refused() -> None:
    data = sound("flac", "flac", 4.0)
    with pytest.raises(SniffError, match="ends after"):
        checked_media(data[: len(data) // 3])


def test_starts_without_anything_behind_them_are_refused() -> None:
    for start in (
        b"ID3\x04\0\0\0\0\0\0",
        b"\xff\xfb\x90\x00",
        b"OggS",
        b"fLaC",
        b"\x1a\x45\xdf\xa3",
        b"RIFF\0\0\0\0WAVE",
    ):
        with pytest.raises(SniffError):
            checked_media(start + bytes(1000))


def test_a_check_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniff, "CHECK_SECONDS", 0.01)
    with pytest.raises(SniffError, match="cannot be opened in the memory and time"):
        checked_media(picture("PNG"))


def test_a_check_that_fails_by_our_own_fault_is_not_the_uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="the check of a picture failed"):
        checked_media(picture("PNG"))


# --- base64 -----------------------------------------------------------------------------------------------------------

BYTES = bytes(range(256))
PLAIN = base64.b64encode(BYTES).decode()


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.rstrip("="),
        base64.urlsafe_b64encode(BYTES).decode(),
        base64.encodebytes(BYTES).decode(),
        f"  {PLAIN}\r\n",
        f"data:image/png;base64,{PLAIN}",
        f"data:;base64,{PLAIN}",
        f"DATA:image/png;name=a.png;BASE64,{PLAIN}",
        f"data:image/png;base64,\n{PLAIN.rstrip('=')}",
    ],
)
def test_base64_is_read_in_all_its_spellings(text: str) -> None:
    assert from_base64(text, 256) == BYTES


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "nothing in the base64"),
        ("====", "nothing in the base64"),
        ("data:image/png;base64,", "nothing in the base64"),
        ("data:image/png,abc", "a data URI should look like"),
        ("data:image/png;base64", "a data URI should look like"),
        ("https://example.com/a.png", "not base64"),
        ("ab=cd", "not base64"),
        ("abcde", "not base64"),
        ("äöü", "not base64"),
        ("ab\ud800d", "not base64"),
        ("AAAA" + PLAIN, "holds 259 bytes; at most 256"),
    ],
)
def test_other_text_than_base64_is_refused(text: str, fault: str) -> None:
    with pytest.raises(SniffError, match=fault):
        from_base64(text, 256)
