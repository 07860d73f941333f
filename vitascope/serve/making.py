"""A job's work done: the Shot made, the film worked on, and the files that come of it."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitascope import generate
from vitascope.finish.deliver import deliver, sign_sound
from vitascope.finish.interpolate import interpolate
from vitascope.finish.rushes import Rushes, Take
from vitascope.finish.stream import ahead
from vitascope.finish.upscale import upscale
from vitascope.serve.storage import Storage, sha256_of
from vitascope.serve.work import Result, Work
from vitascope.shot import edit
from vitascope.shot.clip import Clip, Frame, FrameSource
from vitascope.shot.media import SOUND_RATE, MediaError, is_picture, mask_media, sound_blocks, write_picture
from vitascope.shot.sheet import Stills
from vitascope.shot.shot import Media, Pin, Region, Shot, Sound
from vitascope.shot.soundtrack import copies, write_sound
from vitascope.shot.splice import film_media, fitted, joined, open_film
from vitascope.sound.rehearsal import rehearse

STILLS = 16  # frames on the sheet of a film, in rows of …
COLUMNS = 4
LONGER = 320  # pixels of the longer side of a frame on it, and …
THUMBNAIL = 640  # … of the thumbnail
MIME = {
    ".mp4": "video/mp4", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".wav": "audio/wav",
    ".mp3": "audio/mpeg", ".flac": "audio/flac",
}  # fmt: skip

Files = Callable[[Media], Path]  # a local file of media, for as long as the job is made


@dataclass(frozen=True)
class Bench:
    """Where a job is made, and who is told how far it is."""

    folder: Path  # of this job's finished files
    rushes: Path  # of the windows of its long films
    files: Files
    report: generate.Progress
    cancel: Callable[[], bool]
    preview: generate.Preview | None = None
    kept: Callable[[Shot, str, Path], Rushes] | None = None  # where windows are kept elsewhere too


def made(work: Work, bench: Bench) -> list[Result]:
    """Do the work; the files of the results stand in the bench's folder. Raises what `generate.make` does."""
    if work.task == "sound":
        return [result for number in range(work.takes) for result in _sounded(work, bench, number)]
    results, shot = [], _filled(work.shot, bench.files)
    for number in range(work.takes):
        taken = work.model_copy(update={"shot": shot.with_(seed=(shot.seed + number) % 2**63)})
        results += _delivered(taken, _clip(taken, bench, number), bench, number)
    return results


def _clip(work: Work, bench: Bench, number: int) -> Clip:
    if work.task == "enlarge":
        return _enlarged(work, bench)
    if work.task == "reframe":
        shot, source = _reframed(work, bench)
        return _shot_made(shot, bench, number, source)
    return _joined(work, bench, number)


# --- Shots ------------------------------------------------------------------------------------------------------------


def _joined(work: Work, bench: Bench, number: int) -> Clip:
    """The Shot made, and put into the films that it goes with."""
    shot = work.shot
    films = {
        name: (Clip.open if name == "restyle" else open_film)(bench.files(media))  # a picture may be restyled too
        for name, media in work.films.items()
        if name != "motion"
    }
    if work.motion is not None:
        shot = edit.motion_from(shot, open_film(bench.files(work.motion)))
    start = end = 0.0
    if (film := films.get("retake")) is not None:
        start, end = work.start, film.seconds if work.end is None else work.end
        shot = edit.retake(shot, film, start, end, work.loop)
    elif work.inpaint is not None and work.mask is not None:
        mask = Media.of(bench.files(work.mask).read_bytes())
        shot = edit.inpaint(shot, Media.from_path(bench.files(work.inpaint), "film"), mask)
        end = films["inpaint"].seconds
    elif (film := films.get("restyle")) is not None:
        shot = _restyled(edit.like(shot, film), film, work.strength)
    if (film := films.get("extend")) is not None:
        shot = edit.extend(edit.like(shot, film), film, work.loop)
    if (film := films.get("before")) is not None:
        shot = edit.before(edit.like(shot, film), film, work.loop)
    kept = films.get("restyle") if work.keep else None
    if work.keep and work.motion is not None:
        kept = open_film(bench.files(work.motion))
    clip = _shot_made(shot, bench, number, kept)
    if (film := films.get("extend")) is not None:
        clip = joined(film, clip, film.seconds, film.seconds)
    if (film := films.get("before")) is not None:
        clip = joined(film, clip, 0.0, 0.0)
    if (film := films.get("retake") or films.get("inpaint")) is not None:
        clip = joined(film, clip, start, end)
    if work.loop and not films and clip.shot is not None:
        part = _shot_made(edit.loop(clip.shot, clip), bench, number, name="loop")
        clip = replace(joined(clip, part, clip.seconds - part.seconds, clip.seconds), shot=clip.shot)
    return clip


def _restyled(shot: Shot, film: Clip, strength: float) -> Shot:
    """The Shot with a film that it resembles as a whole: a weak pin over all of its frames."""
    factor = min(1.0, edit.LOOKED_AT / max(film.size))
    size = (round(film.size[0] * factor / 2) * 2, round(film.size[1] * factor / 2) * 2)
    frames = [fitted(frame, size) for frame in film.frames]
    shot = shot.with_(seconds=max(shot.seconds, 1 / shot.fps) if film.num_frames == 1 else film.seconds)
    weak = Pin(media=film_media(frames, film.fps), seconds=film.seconds, strength=min(0.99, max(0.01, strength)))
    return shot.with_(pins=(weak, *shot.pins))


def _shot_made(shot: Shot, bench: Bench, number: int, source: Clip | None = None, name: str = "made") -> Clip:
    """What the network makes of a Shot; of a long one, the windows that are there already are not made again."""
    made_by = generate.engine(shot.model)
    folder = bench.rushes / f"{number}-{name}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    generate.refuse(shot, made_by)
    said = rehearse(shot, bench.report)  # first what is said, so that lips can move with it
    kept: Rushes | None = None
    if len(generate.layout(said.shot, made_by.card).windows) > 1:
        kept = (bench.kept or _resumed)(said.shot, made_by.digest, folder)
    clip = generate.make_with(made_by, said.shot, bench.report, bench.cancel, kept, bench.preview)
    if shot.sound is not None:
        return generate.heard(clip, said, bench.report, bench.cancel)
    if source is not None and source.sound is not None:
        return replace(clip, sound=source.sound, sound_rate=source.sound_rate)
    return clip


def _resumed(shot: Shot, weights: str, folder: Path) -> Rushes:
    """The windows that are there already; none where they are of other weights, or damaged."""
    try:
        found = Rushes(shot, weights, folder, resume=True)
        number = 0
        while found.get(number) is not None:
            number += 1
        return found
    except MediaError:
        shutil.rmtree(folder, ignore_errors=True)
        return Rushes(shot, weights, folder)


class SharedRushes(Rushes):
    """Windows that are kept in a storage elsewhere too, where another machine's worker finds them."""

    def __init__(self, shot: Shot, weights: str, folder: Path, storage: Storage, path: str) -> None:
        self._storage, self._path = storage, path
        there = storage.list(path)
        if there and not folder.exists():
            folder.mkdir(parents=True)
            for name in sorted(there, key=lambda name: not name.endswith(".small.npy")):  # a window's frames last
                with storage.as_file(f"{path}/{name}") as file:
                    shutil.copyfile(file, folder / name)
        try:
            super().__init__(shot, weights, folder, resume=folder.exists())
        except MediaError:  # of other weights
            storage.remove(path)
            shutil.rmtree(folder, ignore_errors=True)
            super().__init__(shot, weights, folder)
        storage.put(f"{path}/shot.json", (folder / "shot.json").read_bytes())

    def put(self, number: int, take: Take) -> None:
        super().put(number, take)
        for file in sorted(self.folder.glob(f"{number:03}.*"), key=lambda file: not file.name.endswith(".small.npy")):
            self._storage.put(f"{self._path}/{file.name}", file.read_bytes())


def _filled(shot: Shot, files: Files) -> Shot:
    """The Shot with the bytes of its media."""

    def with_data(media: Media) -> Media:
        return media if media.data is not None else media.model_copy(update={"data": files(media).read_bytes()})

    pins = [
        pin.model_copy(
            update={"media": with_data(pin.media), "mask": None if pin.mask is None else with_data(pin.mask)}
        )
        for pin in shot.pins
    ]
    return shot.with_(pins=tuple(pins)) if pins else shot


# --- films that are worked on -----------------------------------------------------------------------------------------


def _source(work: Work, bench: Bench) -> tuple[Path, Clip]:
    if work.film is None:
        raise MediaError("film: none was given")
    path = bench.files(work.film)
    return path, Clip.open(path)


def _enlarged(work: Work, bench: Bench) -> Clip:
    """The film at the Shot's size and rate; its sound stays."""
    _, film = _source(work, bench)
    fps = work.shot.fps if "fps" in work.shot.model_fields_set else film.fps
    frames = Grown(film.frames, film.fps, fps, work.shot.size)
    return replace(film, frames=frames, fps=fps)


@dataclass(frozen=True, eq=False)
class Grown:
    """Frames at another rate and size, made while they are played."""

    frames: FrameSource
    fps: float
    wanted: float
    size: tuple[int, int]

    @property
    def num_frames(self) -> int:
        return max(1, round(self.frames.num_frames / self.fps * self.wanted))

    def __iter__(self) -> Iterator[Frame]:
        frames = iter(self.frames)
        if self.wanted != self.fps and self.frames.num_frames > 1:
            frames = ahead(interpolate(frames, self.fps, self.wanted, self.num_frames))
        yield from upscale(frames, self.size)


def _reframed(work: Work, bench: Bench) -> tuple[Shot, Clip | None]:
    """A Shot in whose frame the film (or picture) stands where it is to be, with the rest to be made; and the film."""
    path, film = _source(work, bench)
    shot, place = work.shot, work.place or centred(film.size, work.shot.size)
    if is_picture(path):
        pin = Pin(media=Media.from_path(path, "picture"), region=place)
        return shot.with_(pins=(pin,), seconds=1 / shot.fps), None
    shot = shot.with_(fps=film.fps, seconds=film.seconds)
    width, height = shot.size
    left, top = round(place.x * width), round(place.y * height)
    inside = (max(2, round(place.width * width)), max(2, round(place.height * height)))
    known = np.zeros((height, width), bool)
    known[top : top + inside[1], left : left + inside[0]] = True
    frames = []
    for frame in film.frames:
        whole = np.zeros((height, width, 3), np.uint8)
        part = fitted(frame, inside)[: height - top, : width - left]
        whole[top : top + len(part), left : left + part.shape[1]] = part
        frames.append(whole)
    pin = Pin(media=film_media(frames, film.fps), mask=mask_media(known))
    return shot.with_(pins=(pin, *shot.pins)), film


def centred(size: tuple[int, int], frame: tuple[int, int]) -> Region:
    """Where a picture of a size lies in a frame of another shape: as large as it can be, in the middle."""
    scale = min(frame[0] / size[0], frame[1] / size[1])
    width, height = min(1.0, size[0] * scale / frame[0]), min(1.0, size[1] * scale / frame[1])
    return Region(x=(1 - width) / 2, y=(1 - height) / 2, width=width, height=height)


def _sounded(work: Work, bench: Bench, number: int) -> list[Result]:
    """The film with sound, or, for a sound's suffix, what is heard alone, for the seconds that the Shot names; and the
    other files of what is heard."""
    from vitascope.sound import dub
    from vitascope.sound.asked import asked, read_out
    from vitascope.sound.soundtrack import compose_sound

    told = partial(_as_sound, bench.report)
    wanted, seed = work.shot.sound or Sound(), (work.shot.seed + number) % 2**32
    path = bench.folder / f"{number}{work.suffix}"
    source = None if work.film is None else bench.files(work.film)
    if work.suffix == ".mp4":
        if source is None:
            raise MediaError("film: none was given")
        dubbed = dub.dub(source, path, wanted, seed=seed, keep=work.keep, progress=told, cancel=bench.cancel)
        sign_sound(path, source, dubbed.stems, copies(source, path))
        film = result_of(path, "film", clip=Clip.open(path), seed=work.shot.seed)
        alone = (
            _heard(path.with_suffix(suffix), sound_blocks(path), film.seconds or 0.0, seed) for suffix in work.also
        )
        return [film, *alone]
    spoken = None
    if source is None:
        only = bool(wanted.dialogue) and not (wanted.prompt or wanted.score)
        seen, spoken = read_out(wanted, work.shot.seconds) if only else (asked(wanted.prompt, work.shot.seconds), None)
    else:
        seen = dub.look(source, told, bench.cancel)
    seconds = min(seen.seconds, work.shot.seconds) if "seconds" in work.shot.model_fields_set else seen.seconds
    parts = bench.folder / "parts"
    parts.mkdir()
    sound = compose_sound(seen, wanted, parts, seed=seed, spoken=spoken, progress=told, cancel=bench.cancel)
    results = [
        _heard(path.with_suffix(suffix), sound.mix.whole.blocks(), seconds, seed)
        for suffix in (work.suffix, *work.also)
    ]
    shutil.rmtree(parts)
    return results


def _heard(path: Path, blocks: Iterable[NDArray[np.float32]], seconds: float, seed: int) -> Result:
    """A file of what is heard alone, so many seconds of it."""
    write_sound(path, _begun(blocks, seconds))
    return result_of(path, "sound", seed=seed).model_copy(update={"seconds": seconds})


def _begun(blocks: Iterable[NDArray[np.float32]], seconds: float) -> Iterator[NDArray[np.float32]]:
    """The first seconds of a sound."""
    left = round(seconds * SOUND_RATE)
    for block in blocks:
        if left > 0:
            yield block[:left]
        left -= len(block)


def _as_sound(report: generate.Progress, part: str, done: int, total: int) -> None:
    report("sound", done, total)


# --- files ------------------------------------------------------------------------------------------------------------


def _delivered(work: Work, clip: Clip, bench: Bench, number: int) -> list[Result]:
    """The clip's file, and beside a film its thumbnail and a sheet of its frames."""
    path = bench.folder / f"{number}{work.suffix}"
    if work.suffix != ".mp4":
        deliver(clip, path, progress=partial(bench.report, "write"), cancel=bench.cancel)
        return [result_of(path, "picture", clip=clip, seed=work.shot.seed)]
    num = clip.num_frames
    stills = Stills(clip.frames, {round(k * (num - 1) / (STILLS - 1)) for k in range(STILLS)})
    deliver(replace(clip, frames=stills), path, progress=partial(bench.report, "write"), cancel=bench.cancel)
    seen = stills.seen()
    thumbnail, sheet = bench.folder / f"{number}.thumbnail.webp", bench.folder / f"{number}.sheet.jpg"
    write_picture(thumbnail, _small(seen[0], THUMBNAIL))
    write_picture(sheet, _tiled([_small(frame, LONGER) for frame in seen]))
    return [
        result_of(path, "film", clip=clip, seed=work.shot.seed),
        result_of(thumbnail, "thumbnail"),
        result_of(sheet, "sheet"),
    ]


def result_of(path: Path, role: Any, clip: Clip | None = None, seed: int | None = None) -> Result:
    """What is told of a finished file."""
    fields: dict[str, Any] = {"size": clip.size} if clip is not None else {}
    if clip is not None and role == "film":
        fields |= {"seconds": clip.seconds, "fps": clip.fps}
    name, suffix = path.name, path.suffix
    told: dict[str, Any] = {"bytes": path.stat().st_size, "sha256": sha256_of(path), "seed": seed}
    return Result(name=name, role=role, mime=MIME[suffix], **told, **fields)


def _small(frame: Frame, longer: int) -> Frame:
    factor = min(1.0, longer / max(frame.shape[:2]))
    return fitted(frame, (max(1, round(frame.shape[1] * factor)), max(1, round(frame.shape[0] * factor))))


def _tiled(frames: list[Frame]) -> Frame:
    while len(frames) % COLUMNS:
        frames.append(np.zeros_like(frames[0]))
    rows = [np.concatenate(frames[at : at + COLUMNS], axis=1) for at in range(0, len(frames), COLUMNS)]
    return np.concatenate(rows)
