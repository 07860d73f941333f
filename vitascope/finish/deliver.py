"""The last step: a clip becomes a file that says where it came from."""

import hashlib
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from vitascope.finish import provenance, watermark
from vitascope.finish.stream import Watch, ahead
from vitascope.model.flow import Cancelled
from vitascope.shot.clip import Clip, Frame, FrameSource
from vitascope.shot.media import is_folder_name, read_shot
from vitascope.shot.shot import Shot


@dataclass(frozen=True)
class Delivery:
    """How a clip is written: codec and quality (see `encoders.CODECS`), and what says that it was made by a machine."""

    codec: str | None = None
    quality: int | None = None
    marked: bool = True
    signed: bool = True


USUAL = Delivery()


def deliver(
    clip: Clip,
    path: str | Path,
    how: Delivery = USUAL,
    progress: Callable[[int, int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> None:
    """Write a clip that was made as a film or picture (see `Clip.save`), with an invisible watermark in its frames and
    a signed manifest (C2PA) in the file, where its format can carry one, which say that a machine made it; unless
    those are left out.

    `progress(done, total)` is told of frames. When `cancel()` turns true, the work stops between two of them with
    `flow.Cancelled`. Raises MediaError and ProvenanceError. The file appears under its name when all this is in it."""
    payload = fingerprint(clip.shot) if how.marked and clip.shot is not None else None
    frames = Delivered(clip.frames, clip.fps, payload, progress, cancel, getattr(clip.frames, "watch", Watch()))
    whole, target = replace(clip, frames=frames), Path(path)
    if clip.shot is None or not how.signed or is_folder_name(path) or not provenance.can_carry(target):
        whole.save(path, how.codec, how.quality)
        return
    beside = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
    try:
        whole.save(beside, how.codec, how.quality)
        provenance.sign(beside, clip.shot, clip.shot.model, target)
    finally:
        beside.unlink(missing_ok=True)


def sign_sound(path: Path, source: Path, stems: Iterable[str], copied: bool) -> None:
    """Put a signed manifest into a film that got a soundtrack of these `stems`. In one of ours it takes the place of
    the one that this has broken. One of somebody else's, `source`, was opened: the manifest says that only its sound
    was made by a machine, and whether its pictures were `copied`. Raises ProvenanceError and MediaError."""
    if (shot := read_shot(path)) is not None:
        provenance.sign(path, shot, shot.model)
    else:
        provenance.sign_dubbed(path, source, stems, copied)


def fingerprint(shot: Shot) -> int:
    """48 bits that tell which Shot a film was made from. Its watermark carries them where it is large enough, so that
    they are still there where everything else about the file has been taken off."""
    return int.from_bytes(hashlib.sha256(shot.to_json().encode()).digest()[:6], "big")


@dataclass(frozen=True, eq=False)
class Delivered:
    """A clip's frames as they go into the file: made ahead, marked and counted."""

    frames: FrameSource
    fps: float
    payload: int | None  # of the watermark; None without one
    progress: Callable[[int, int], None] | None = None
    cancel: Callable[[], bool] | None = None
    watch: Watch = field(default_factory=Watch)

    @property
    def num_frames(self) -> int:
        return self.frames.num_frames

    @property
    def size(self) -> tuple[int, int]:
        return self.frames.size

    def __iter__(self) -> Iterator[Frame]:
        seconds = self.watch.seconds
        with closing(self._marked()) as frames:  # which ends the threads behind it, whatever happens
            for number, frame in enumerate(frames):
                if self.cancel is not None and self.cancel():
                    raise Cancelled(f"stopped after {number} of {self.num_frames} frames were written")
                if self.progress is not None:
                    self.progress(number, self.num_frames)
                start = time.perf_counter()
                yield frame
                seconds["encode"] = seconds.get("encode", 0.0) + time.perf_counter() - start

    def _marked(self) -> Generator[Frame, None, None]:
        frames = ahead(self.frames)
        if self.payload is not None:
            how = (self.size, self.fps, self.num_frames, self.payload)
            frames = self.watch.over("mark", lambda plain: watermark.mark(plain, *how), frames)
        yield from frames
