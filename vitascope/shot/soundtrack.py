"""A film's file with another sound: its pictures are copied as they are, never decoded and encoded again."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.encoders import CONTAINERS, SoundTrack
from vitascope.shot.files import SHOT_KEY, SOUND_RATE, MediaError, check_suffix, complete, named
from vitascope.shot.media import is_folder_name, is_picture, opened_film, shot_text
from vitascope.shot.shot import Shot

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

# FFmpeg's decoders and what `encoders.CODECS` calls what they read.
_CODEC_NAMES = {
    "h264": "h264", "hevc": "hevc", "av1": "av1", "libdav1d": "av1", "libaom-av1": "av1", "vp9": "vp9",
    "libvpx-vp9": "vp9", "prores": "prores",
}  # fmt: skip
SOUND_SUFFIXES = {
    ".wav": ("wav", "pcm_s16le"),
    ".flac": ("flac", "flac"),
    ".m4a": ("ipod", "aac"),
    ".opus": ("ogg", "libopus"),
    ".mp3": ("mp3", "libmp3lame"),
}


def copies(source: Path, path: Path) -> bool:
    """Whether the pictures of a film can be put into a file of this name as they are. Raises MediaError for no film."""
    if is_folder_name(source) or is_picture(source) or source.suffix.lower() in (".gif", ".webp"):
        return False
    with opened_film(source) as film:
        if not film.streams.video:
            raise MediaError(f"{named(source)} has no pictures in it")
        return _CODEC_NAMES.get(film.streams.video[0].codec.name, "") in CONTAINERS[path.suffix.lower()].codecs


def with_sound(
    source: Path,
    path: Path,
    blocks: Iterable[NDArray[np.float32]],
    codec: str | None = None,
    shot: Shot | None = None,
    rate: int = SOUND_RATE,
) -> None:
    """Write the film `source` to `path` (.mp4, .mov, .mkv, .webm) with the sound of these blocks [S, 2], which begins
    with its first picture, in place of any other. `codec` is aac or opus; None is the container's own. The film then
    carries `shot`, if there is one. Raises MediaError; nothing half-written is left."""
    import av

    path = Path(path)
    check_suffix(path, tuple(CONTAINERS))
    container = CONTAINERS[path.suffix.lower()]
    name = sound_codec(path, codec)
    options = {"fflags": "bitexact"} | ({"movflags": container.options} if container.options else {})
    try:
        with complete(path) as partial, opened_film(source) as film:
            if not film.streams.video:
                raise MediaError(f"{named(source)} has no pictures in it")
            given = film.streams.video[0]
            with av.open(f"file:{partial}", "w", format=container.muxer, options=options) as made:
                for key, value in film.metadata.items():
                    made.metadata[key] = value
                if shot is not None:
                    made.metadata[SHOT_KEY] = shot_text(shot)
                stream = made.add_stream_from_template(given)
                track = SoundTrack(made, blocks, rate, name)
                for packet in _packets(film, given):
                    packet.stream = stream
                    until = float((packet.pts or 0) * packet.time_base)
                    made.mux(packet)
                    track.write_until(until)
                track.finish()
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, MediaError):
            raise
        what = getattr(error, "strerror", None) or error
        raise MediaError(f"cannot write {str(path)!r} with the pictures of {named(source)}: {what}") from error


def write_sound(path: Path, blocks: Iterable[NDArray[np.float32]], rate: int = SOUND_RATE) -> None:
    """Write sound [S, 2] alone (.wav with 16 bits, .flac, .m4a, .opus, .mp3). Raises MediaError."""
    import av

    path = Path(path)
    check_suffix(path, tuple(SOUND_SUFFIXES))
    muxer, codec = SOUND_SUFFIXES[path.suffix.lower()]
    try:
        with (
            complete(path) as partial,
            av.open(f"file:{partial}", "w", format=muxer, options={"fflags": "bitexact"}) as made,
        ):
            SoundTrack(made, blocks, rate, codec).finish()
    except av.FFmpegError as error:
        raise MediaError(f"cannot write {str(path)!r}: {error.strerror or error}") from error


def sound_codec(path: Path, codec: str | None) -> str:
    """FFmpeg's name of the encoder for a film of this name. Raises MediaError for what its container cannot hold."""
    known = {None: CONTAINERS[path.suffix.lower()].sound, "aac": "aac", "opus": "libopus"}
    if codec not in known:
        raise MediaError(f"the sound's codec should be aac or opus, but was {codec!r}")
    if path.suffix.lower() == ".webm" and codec == "aac":
        raise MediaError(f"cannot write {path.name!r} with aac: a .webm film holds opus")
    return known[codec]


def _packets(film: "InputContainer", stream: "av.VideoStream") -> Iterator["av.Packet[Any]"]:
    """The pictures' packets, the first shown at 0."""
    first = None
    for packet in film.demux(stream):
        if packet.dts is None:  # the end
            continue
        if first is None:
            first = stream.start_time if stream.start_time is not None else (packet.pts or 0)
        packet.dts -= first
        if packet.pts is not None:
            packet.pts -= first
        yield packet
