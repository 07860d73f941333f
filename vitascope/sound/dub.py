"""A film's file in, the same film with a soundtrack out: its pictures are copied, its sound is new."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vitascope.shot import media
from vitascope.shot.clip import Clip, FileFrames
from vitascope.shot.encoders import CONTAINERS
from vitascope.shot.files import MediaError
from vitascope.shot.media import FilmLimits
from vitascope.shot.shot import Shot, Sound
from vitascope.shot.soundtrack import copies, with_sound, write_sound
from vitascope.sound.mix import LOUDNESS, scaled
from vitascope.sound.soundtrack import Progress, Soundtrack, compose_sound
from vitascope.sound.spot import Spotted, spot

LIMITS = FilmLimits(frames=14_400 * 60, seconds=14_400.0)  # four hours
LONGEST_CODED = 600.0  # seconds of a film whose pictures must be coded anew


def look(source: str | Path, progress: Progress | None = None, cancel: Callable[[], bool] | None = None) -> Spotted:
    """What is heard of a film, from its pictures: found by looking through it once. Raises MediaError for what is no
    film (of at most four hours), flow.Cancelled."""
    info = media.probe(source)
    if info.num_frames < 2:
        raise MediaError(f"cannot make sound for {str(source)!r}: it holds one picture; a film is needed")

    def told(number: int) -> None:
        if progress is not None:
            progress("look", min(number, info.num_frames), info.num_frames)

    return spot(media.read_film(source, LIMITS), info.fps, progress=told, cancel=cancel)


def dub(
    source: str | Path,
    path: str | Path,
    wanted: Sound = Sound(),  # noqa: B008 (it is frozen)
    *,
    spotted: Spotted | None = None,
    seed: int = 0,
    loudness: float = LOUDNESS,
    codec: str | None = None,
    keep: bool = False,
    stems: str | Path | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Soundtrack:
    """Write the film `source` to `path` (.mp4, .mov, .mkv, .webm) with a soundtrack as it is `wanted`.

    `spotted` is what is heard of it (None: the film is looked through); its `cues` may have been edited. With `keep`
    the film's own sound stays beside the new one. `stems` is a folder for each stem as it stands in the mix (.wav), the
    score (.mid) and the cues (.json). Raises MediaError for files that cannot be read or written, SoundError,
    flow.Cancelled; nothing half-written is left."""
    source, path = Path(source), Path(path)
    _check(source, path, codec)
    spotted = spotted or look(source, progress, cancel)
    info = media.probe(source)
    original = media.sound_blocks(source) if keep and info.has_sound else None
    with _folder_beside(path) as folder:
        made = compose_sound(
            *(spotted, wanted, folder),
            seed=seed,
            loudness=loudness,
            original=original,
            progress=progress,
            cancel=cancel,
        )
        shot = media.read_shot(source)
        if shot is not None:
            shot = shot.with_(sound=wanted)
        if stems is not None:
            write_stems(made, Path(stems))
        _write(source, path, made, codec, shot)
    return made


def write_stems(made: Soundtrack, folder: Path) -> None:
    """Write each stem as it stands in the mix, the score and the cues into a folder. Raises MediaError."""
    from vitascope.shot.cues import write_cues

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    for name, stem in made.stems.items():
        write_sound(folder / f"{name}.wav", scaled(stem.blocks(), made.mix.gains[name]))
    if made.piece is not None:
        from vitascope.sound.midi import write_midi

        write_midi(made.piece, folder / "music.mid")
    write_cues(folder / "cues.json", made.cues)


def _check(source: Path, path: Path, codec: str | None) -> None:
    """Refuses what could not be written, before any work is done."""
    from vitascope.shot.files import check_suffix
    from vitascope.shot.soundtrack import sound_codec

    check_suffix(path, tuple(CONTAINERS))
    if not path.parent.is_dir():
        raise MediaError(f"cannot write {path.name!r}: the folder {path.parent} does not exist")
    sound_codec(path, codec)
    info = media.probe(source)
    if not copies(source, path) and info.seconds > LONGEST_CODED:
        raise MediaError(
            f"cannot write {path.name!r}: the pictures of {str(source)!r} cannot be copied into it, and a film of "
            f"{info.seconds:g} s is too long to be coded anew ({LONGEST_CODED:g} s); use the suffix {source.suffix}"
        )


def _write(source: Path, path: Path, made: Soundtrack, codec: str | None, shot: Shot | None) -> None:
    blocks = made.mix.whole.blocks()
    if copies(source, path):
        with_sound(source, path, blocks, codec, shot)
        return
    from vitascope.sound.blocks import whole

    frames = FileFrames(source)
    Clip(frames, frames.info.fps, shot, whole(blocks)).save(path)


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A folder for what is large and of no use later, on the disk that takes the film."""
    folder = path.parent / f".{secrets.token_hex(8)}.sound"
    try:
        folder.mkdir()
    except OSError as error:
        raise MediaError(f"cannot write in the folder {path.parent}: {error.strerror or error}") from error
    try:
        yield folder
    except OSError as error:
        raise MediaError(f"cannot write in the folder {path.parent}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
