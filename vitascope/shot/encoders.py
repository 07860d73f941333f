"""Which encoder writes which film: the table of containers and codecs, and what each encoder is told.

Software encoders are the rule, for equal input should give equal bytes on every machine. Hardware is taken when it is
asked for: the environment variable VITASCOPE_ENCODER=hardware takes the machine's own where it works and software
where not; an encoder's name in place of a codec's (h264_nvenc) takes that one or fails.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.files import SHOT_KEY, SOUND_RATE, MediaError

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer

LARGE = 1280 * 720  # pixels; larger frames are encoded at faster presets, to keep pace with what draws them
PLACE = "VITASCOPE_ENCODER"
PLACES = ("software", "hardware")

_LOSSY = ("aac", "libopus", "libmp3lame")
BLOCK = 1024  # samples that AAC takes at a time; only the very last may be shorter
_SAMPLES = {
    "aac": "fltp",
    "libopus": "flt",
    "libmp3lame": "fltp",
    "pcm_s24le": "s32",
    "pcm_s16le": "s16",
    "flac": "s16",
}  # how each encoder of sound takes it
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)

Options = Callable[[int, bool], dict[str, str]]  # of a quality, and whether frames are large


@dataclass(frozen=True)
class Encoder:
    """One of FFmpeg's encoders, by its name there, with the pixel format it is fed and how it is told what to do."""

    name: str
    pixels: str
    options: Options


@dataclass(frozen=True)
class Codec:
    """What films are compressed with. `quality` is the default and `qualities` runs from the best to the worst, on the
    codec's own scale; `software` and `hardware` are its encoders, the first that works is used."""

    quality: int
    qualities: tuple[int, int]
    software: tuple[Encoder, ...]
    hardware: tuple[Encoder, ...] = ()
    sound: str | None = None  # another codec for the sound than the container's


@dataclass(frozen=True)
class Container:
    """A kind of film file: FFmpeg's muxer, its options, the codecs it may hold (the first is the default), and the
    codec of its sound."""

    muxer: str
    codecs: tuple[str, ...]
    sound: str
    options: str = ""


@dataclass(frozen=True)
class Choice:
    """How one film is written. `sound` is FFmpeg's name of the sound's codec; `tag` is the pictures' four letters in
    the file, where FFmpeg's own would not do."""

    container: Container
    encoder: Encoder
    quality: int
    sound: str
    tag: str | None

    def options(self, size: tuple[int, int]) -> dict[str, str]:
        """What the encoder is told for frames of (width, height) pixels."""
        return self.encoder.options(self.quality, size[0] * size[1] > LARGE)


def _x264(quality: int, large: bool) -> dict[str, str]:
    # Left alone, its AVX-512 code weighs macroblocks by memory that nobody set, and equal input gives other bytes.
    told = "cpu-independent=1"
    if large:  # 2.5 times as fast as the preset alone, in less space, for 0.4 dB of 47
        told += ":subme=1:weightp=0:partitions=none:rc-lookahead=10"
    return {"crf": str(quality), "preset": "veryfast" if large else "fast", "x264-params": told}


def _x265(quality: int, large: bool) -> dict[str, str]:
    # The bytes depend on how many frames are encoded at a time, which would be taken from the number of cores.
    preset = "superfast" if large else "fast"
    return {"crf": str(quality), "preset": preset, "x265-params": "log-level=error:frame-threads=2"}


def _vp9(quality: int, large: bool) -> dict[str, str]:
    pace = {"deadline": "realtime", "cpu-used": "6"} if large else {"deadline": "good", "cpu-used": "4"}
    return {"crf": str(quality), "row-mt": "1", **pace}


def _prores(quality: int, large: bool) -> dict[str, str]:
    # A fixed quantiser: searching one for every slice takes seven times as long. 118 is FFmpeg's unit of quality.
    return {"profile": "hq", "vendor": "apl0", "flags": "+qscale", "global_quality": str(118 * quality)}


def _hardware(codec: str) -> tuple[Encoder, ...]:
    """The machine's encoders that can be fed plain pictures: NVIDIA, Intel, AMD, Apple."""
    told: dict[str, Options] = {
        "nvenc": lambda quality, large: {"rc": "vbr", "cq": str(quality), "b": "0", "preset": "p5"},
        "qsv": lambda quality, large: {"global_quality": str(quality), "preset": "medium"},
        "amf": lambda quality, large: {"rc": "cqp", "qp_i": str(quality), "qp_p": str(quality), "quality": "quality"},
        "videotoolbox": lambda quality, large: {  # its scale is 1 to 100, the best
            "flags": "+qscale",
            "global_quality": str(118 * (100 - 3 * quality // 2)),
        },
    }
    pixels = {"qsv": "nv12"}
    return tuple(Encoder(f"{codec}_{name}", pixels.get(name, "yuv420p"), options) for name, options in told.items())


# The default qualities look alike: about as good as H.264 at its 16.
CODECS = {
    "h264": Codec(16, (0, 51), (Encoder("libx264", "yuv420p", _x264),), _hardware("h264")),
    "hevc": Codec(18, (0, 51), (Encoder("libx265", "yuv420p", _x265),), _hardware("hevc")),
    "av1": Codec(
        quality=24,
        qualities=(1, 63),
        software=(
            Encoder(
                "libsvtav1",
                "yuv420p",
                lambda quality, large: {"crf": str(quality), "preset": "10" if large else "8"},
            ),
            Encoder(
                "libaom-av1",
                "yuv420p",
                lambda quality, large: {"crf": str(quality), "cpu-used": "8" if large else "6", "row-mt": "1"},
            ),
        ),
        hardware=_hardware("av1")[:3],
    ),
    "vp9": Codec(22, (0, 63), (Encoder("libvpx-vp9", "yuv420p", _vp9),)),
    "prores": Codec(4, (1, 31), (Encoder("prores_ks", "yuv422p10le", _prores),), sound="pcm_s24le"),
}

# The index goes first, so that a film plays while it loads; a Shot's key is none of the format's own.
_INDEX_FIRST = "faststart+use_metadata_tags"

CONTAINERS = {
    ".mp4": Container("mp4", ("h264", "hevc", "av1"), "aac", _INDEX_FIRST),
    ".mov": Container("mov", ("prores", "h264", "hevc"), "aac", _INDEX_FIRST),
    ".mkv": Container("matroska", ("h264", "hevc", "av1", "vp9", "prores"), "aac"),
    ".webm": Container("webm", ("vp9", "av1"), "libopus"),
}


def choose(path: Path, codec: str | None, quality: int | None) -> Choice:
    """The encoder for a film of this name and codec (or encoder; None is the container's first codec). Raises
    MediaError for what cannot go together, and for an encoder that is not here."""
    container = CONTAINERS[path.suffix.lower()]
    name = container.codecs[0] if codec is None else codec
    asked: Encoder | None = None
    if name not in container.codecs:  # perhaps an encoder's name
        both = [(each, encoder) for each in container.codecs for encoder in _encoders(each) if encoder.name == name]
        if not both:
            allowed = ", ".join(container.codecs)
            raise MediaError(f"cannot write {path.name!r} as {name!r}: a {path.suffix.lower()} film holds {allowed}")
        name, asked = both[0]
    quality = checked_quality(name, quality, CODECS[name].quality, CODECS[name].qualities)
    if asked is not None and (problem := problem_of(asked.name)):
        raise MediaError(f"the encoder {asked.name} does not work here: {problem}")
    encoder = asked or _first_working(name)
    if encoder.name == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "0")  # it would print a page about itself; FFmpeg has no option for that
    # Apple's players take HEVC by this name only.
    tag = "hvc1" if name == "hevc" and container.options else None
    return Choice(container, encoder, quality, CODECS[name].sound or container.sound, tag)


def checked_quality(codec: str, quality: int | None, default: int, scale: tuple[int, int]) -> int:
    """The quality to use; `scale` runs from the best to the worst. Raises MediaError for one outside."""
    if quality is None:
        return default
    if not min(scale) <= quality <= max(scale):
        raise MediaError(f"the quality of {codec} should be {scale[0]} (the best) to {scale[1]}, but was {quality}")
    return quality


def _encoders(codec: str) -> tuple[Encoder, ...]:
    return CODECS[codec].software + CODECS[codec].hardware


def _first_working(codec: str) -> Encoder:
    """The encoder to use when none was asked for by name. Raises MediaError when there is none."""
    place = os.environ.get(PLACE, "").lower() or "software"
    if place not in PLACES:
        raise MediaError(f"{PLACE} should be {' or '.join(PLACES)}, but was {place!r}")
    tried = CODECS[codec].software
    if place == "hardware":
        tried = CODECS[codec].hardware + tried
    for encoder in tried:
        if problem_of(encoder.name) is None:
            return encoder
    problems = "; ".join(f"{encoder.name}: {problem_of(encoder.name)}" for encoder in tried)
    raise MediaError(f"there is no encoder for {codec} here ({problems})")


@cache
def problem_of(name: str) -> str | None:
    """Why one of the table's encoders cannot be used here, None when it can. A build of FFmpeg names many encoders
    whose hardware is not there, so of those one small picture is asked."""
    import av

    try:
        context = av.CodecContext.create(name, "w")
    except av.codec.codec.UnknownCodecError:
        return "this build of FFmpeg lacks it"
    hardware = {encoder.name: encoder for codec in CODECS.values() for encoder in codec.hardware}
    if name not in hardware:
        return None
    width, height, encoder = 320, 240, hardware[name]  # some take no smaller ones
    try:
        context.width, context.height, context.pix_fmt = width, height, encoder.pixels
        context.time_base, context.framerate = Fraction(1, 24), Fraction(24)
        context.options = encoder.options(20, False)
        picture = av.VideoFrame(width, height, encoder.pixels)
        for plane in picture.planes:
            plane.update(bytes(plane.buffer_size))
        picture.pts, picture.time_base = 0, Fraction(1, 24)
        found = [*context.encode(picture), *context.encode(None)]
    except (av.FFmpegError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)
    return None if found else "it gives nothing back"


# --- writing ----------------------------------------------------------------------------------------------------------


def write_stream(
    path: Path,
    choice: Choice,
    frames: Iterable[NDArray[np.uint8]],
    size: tuple[int, int],
    rate: Fraction,
    text: str | None,
    sound: tuple[NDArray[np.float32], int] | None,
) -> None:
    """Write frames [H, W, 3] of (width, height) as a film that carries `text`, with sound [S, 2] of a rate."""
    import av

    # Bit-exact keeps versions and dates out, so that equal input can give equal bytes.
    options = {"fflags": "bitexact"} | ({"movflags": choice.container.options} if choice.container.options else {})
    with av.open(f"file:{path}", "w", format=choice.container.muxer, options=options) as container:
        if text is not None:
            container.metadata[SHOT_KEY] = text
        video = container.add_stream(choice.encoder.name, rate=rate, options=choice.options(size))
        video.width, video.height = size
        video.pix_fmt = choice.encoder.pixels
        context = video.codec_context
        if choice.tag is not None:
            context.codec_tag = choice.tag
        context.time_base = 1 / rate
        context.gop_size = max(1, round(2 * rate))  # players and editors seek to every other second
        context.thread_count, context.thread_type = 4, "AUTO"  # a fixed number: the bytes depend on it
        first = list(islice(frames := iter(frames), 3))
        if len(first) < 3:  # x265 gives the packets of so short a film times that no file can hold
            context.max_b_frames = 0
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1  # 16 to 235
        track = None if sound is None else SoundTrack(container, [sound[0]], sound[1], choice.sound)
        convert = _Converter(choice, size)
        for i, frame in enumerate(chain(first, frames)):
            picture = convert(frame)
            picture.color_primaries = picture.color_trc = 1  # ProRes takes them from here
            picture.pts, picture.time_base = i, 1 / rate
            container.mux(video.encode(picture))
            if track is not None:
                track.write_until((i + 1) / float(rate))
        container.mux(video.encode())
        if track is not None:
            track.finish()


class _Converter:
    """Turns frames [H, W, 3] into an encoder's pixels: BT.709, 16 to 235, and colours where the codec's readers take
    them to be. FFmpeg's plain converter would put them half a pixel aside."""

    def __init__(self, choice: Choice, size: tuple[int, int]) -> None:
        import av

        self.graph = av.filter.Graph()
        flags = "bicubic+full_chroma_int+full_chroma_inp+accurate_rnd+bitexact"
        told = f"flags={flags}:out_color_matrix=bt709:out_range=tv:out_chroma_loc=left"
        given = f"video_size={size[0]}x{size[1]}:pix_fmt=rgb24:time_base=1/1:pixel_aspect=1/1:colorspace=gbr:range=pc"
        steps = [
            self.graph.add("buffer", given),
            self.graph.add("scale", told),
            self.graph.add("format", f"pix_fmts={choice.encoder.pixels}"),
            self.graph.add("buffersink"),
        ]
        for step, after in pairwise(steps):
            step.link_to(after)
        self.graph.configure()

    def __call__(self, frame: NDArray[np.uint8]) -> "av.VideoFrame":
        import av

        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture.pts, picture.time_base = 0, Fraction(1)
        self.graph.push(picture)
        return self.graph.pull()


class SoundTrack:
    """Feeds sound to the encoder as the pictures advance, so that the file holds both side by side."""

    def __init__(
        self, container: "OutputContainer", blocks: Iterable[NDArray[np.float32]], rate: int, codec: str
    ) -> None:
        """`blocks` [S, 2] are asked for when they are due."""
        self.container, self.blocks, self.rate, self.done = container, iter(blocks), rate, 0
        self.waiting = np.zeros((0, 2), np.float32)  # S 2
        # Opus knows few rates; the encoder's own resampler brings others to its own.
        own_rate = SOUND_RATE if codec == "libopus" and rate not in _OPUS_RATES else rate
        self.stream = container.add_stream(codec, rate=own_rate, layout="stereo", format=_SAMPLES[codec])
        if codec in _LOSSY:
            self.stream.codec_context.bit_rate = 192_000

    def write_until(self, seconds: float) -> None:
        """Encode what is heard before this time, except for a last part of a block."""
        stop = round(seconds * self.rate)
        while self.done + BLOCK <= stop and self._more(BLOCK):
            self._encode(BLOCK)

    def finish(self) -> None:
        """Encode the rest."""
        while self._more(BLOCK):
            self._encode(BLOCK)
        if len(self.waiting):
            self._encode(len(self.waiting))
        self.container.mux(self.stream.encode())

    def _more(self, least: int) -> bool:
        """Whether so many samples are there."""
        while len(self.waiting) < least and (block := next(self.blocks, None)) is not None:
            self.waiting = np.concatenate([self.waiting, block])
        return len(self.waiting) >= least

    def _encode(self, number: int) -> None:
        import av

        samples, self.waiting = self.waiting[:number], self.waiting[number:]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = self.rate, self.done, Fraction(1, self.rate)
        self.container.mux(self.stream.encode(frame))
        self.done += number
