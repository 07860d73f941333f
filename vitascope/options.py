"""What the options of the command line say: Shots and the films that they go with, and files that can be written."""

import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from vitascope.shot import Clip, Shot, Sound

SHEET_FRAMES = 8  # frames on the sheet of one film


def read_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})[xX×](\d{1,6})", text.strip())
    if match is None:
        message = f"{text!r} was given; it must be WIDTHxHEIGHT in pixels, such as 256x144"
        raise typer.BadParameter(message, param_hint="--size")
    return int(match[1]), int(match[2])


def build_shot(path: Path | None, given: dict[str, Any]) -> "Shot":
    """The Shot of a file (or the defaults) with the given fields put over it."""
    from vitascope.shot import Shot, ShotError
    from vitascope.shot.media import FILM_SUFFIXES, PICTURE_SUFFIXES, read_shot

    if path is None:
        if "text" not in given:
            raise typer.BadParameter("say what is seen, or name a Shot with --shot", param_hint="PROMPT")
        return Shot.checked(**given)
    if path.suffix.lower() in (*FILM_SUFFIXES, *PICTURE_SUFFIXES):
        base = read_shot(path)
        if base is None:
            raise typer.BadParameter(f"{path} carries no Shot; files made by vitascope do", param_hint="--shot")
    else:
        try:
            base = Shot.from_json(path.read_text(encoding="utf-8", errors="replace"))
        except ShotError as error:
            raise ShotError(f"{path}: {error}") from error
    return base.with_(**given)


class Place(NamedTuple):
    """Where a new part goes: into a film, in place of its seconds start…end."""

    path: Path
    film: "Clip"
    start: float
    end: float


def open_films(
    extend: Path | None, before: Path | None, retake: str | None, inpaint: Path | None
) -> "dict[str, Place]":
    """The films to be gone on with, led up to or mended, by their options' names, and where the new part goes."""
    from vitascope.shot.edit import parse_retake
    from vitascope.shot.splice import open_film

    films = {}
    if extend is not None:
        film = open_film(extend)
        films["extend"] = Place(extend, film, film.seconds, film.seconds)
    if before is not None:
        films["before"] = Place(before, open_film(before), 0.0, 0.0)
    if retake is not None:
        name, start, end = parse_retake(retake)
        film = open_film(name)
        films["retake"] = Place(Path(name), film, start, film.seconds if end is None else end)
    if inpaint is not None:
        film = open_film(inpaint)
        films["inpaint"] = Place(inpaint, film, 0.0, film.seconds)
    return films


def check_films(
    films: dict[str, Place], mask: Path | None, loop: bool, seconds: float | None, picture: Path | None
) -> None:
    """Refuses options that do not go together; `picture` is what is to be written, where that is one."""
    names = list(films)
    if len(names) > 1 and names != ["extend", "before"]:
        raise typer.BadParameter(f"--{names[1]} was given too; name one of the two", param_hint=f"--{names[0]}")
    if loop and (len(names) > 1 or "inpaint" in names):
        raise typer.BadParameter(f"--{' and --'.join(names)} was given, which cannot loop", param_hint="--loop")
    if ("inpaint" in names) != (mask is not None):
        raise typer.BadParameter("--inpaint and --mask go together, but one was given alone", param_hint="--mask")
    if seconds is not None and ("retake" in names or "inpaint" in names):
        message = f"{seconds:g} was given, but --{names[0]} is as long as what it makes anew"
        raise typer.BadParameter(message, param_hint="--seconds")
    if (names or loop) and picture is not None:
        raise typer.BadParameter(f"{picture} was given, but a film is made; name an .mp4", param_hint="--output")


def within(shot: "Shot", films: dict[str, Place], mask: Path | None, loop: bool) -> "Shot":
    """The Shot like its films; as a part of one, or all of it, where that is made anew."""
    from vitascope.shot import Media, edit

    for name, (path, film, start, end) in films.items():
        if name == "retake":
            shot = edit.retake(shot, film, start, end, loop)
        elif mask is not None:
            shot = edit.inpaint(shot, Media.from_path(path, "film"), Media.from_path(mask, "picture"))
        else:
            shot = edit.like(shot, film)
    return shot


def beside(shot: "Shot", films: dict[str, Place], loop: bool) -> "Shot":
    """The Shot, now that its length is known, between the films that it goes on with or leads up to."""
    from vitascope.shot import edit

    for name, place in films.items():
        if name == "extend":
            shot = edit.extend(shot, place.film, loop)
        elif name == "before":
            shot = edit.before(shot, place.film, loop)
    return shot


def join(clip: "Clip", films: dict[str, Place], loop: bool, make: "Callable[[Shot], Clip]") -> "Clip":
    """What was made, put into its films; where there is none, a loop's end is made again."""
    from vitascope.shot import edit
    from vitascope.shot.splice import joined

    for _, film, start, end in films.values():
        clip = joined(film, clip, start, end)
    if loop and not films and clip.shot is not None:
        part = make(edit.loop(clip.shot, clip))
        clip = replace(joined(clip, part, clip.seconds - part.seconds, clip.seconds), shot=clip.shot)
    return clip


def with_pins(shot: "Shot", image: Path | None, last: Path | None, pins: list[str], references: list[str]) -> "Shot":
    """The Shot with pictures at its moments, and others to go by."""
    from vitascope.shot import Media, edit
    from vitascope.shot.media import read_picture

    for path, frame in ((image, 0), (last, shot.num_frames - 1)):
        if path is not None:
            media = Media.from_path(path, "picture")
            read_picture(path)  # refuses what is no picture, before any work is done
            shot = edit.pinned(shot, media, frame / shot.fps)
    for words in pins:
        shot = edit.with_pin(shot, edit.read_pin(words))
    for words in references:
        shot = edit.reference(shot, *edit.read_reference(words))
    return shot


def with_tracks(shot: "Shot", camera: str | None, brush: list[str], film: Path | None) -> "Shot":
    """The Shot with camera moves or the motion of another film, and the brush's strokes on top of either."""
    from vitascope.shot import edit
    from vitascope.shot.brush import read_stroke
    from vitascope.shot.moves import parse_moves
    from vitascope.shot.splice import open_film

    if camera is not None and film is not None:
        message = "--camera was given too; the film's motion has its camera's in it"
        raise typer.BadParameter(message, param_hint="--motion-from")
    if film is not None:
        shot = edit.motion_from(shot, open_film(film))
    if camera is not None:
        shot = edit.filmed(shot, parse_moves(camera))
    if brush:
        shot = edit.painted(shot, [read_stroke(words) for words in brush])
    return shot


def wanted_sound(prompt: str, negative: str, score: str | None, dialogue: Path | None) -> "Sound":
    """What is to be heard, from options."""
    from vitascope.shot.shot import Sound
    from vitascope.shot.value import checked

    script = "" if dialogue is None else dialogue.read_text(encoding="utf-8", errors="replace")
    if dialogue is not None and not script.strip():
        raise typer.BadParameter(f"{dialogue} is empty; a line looks like ANNA: Good morning.", param_hint="--dialogue")
    return checked(Sound, {"prompt": prompt, "negative": negative, "score": score or "", "dialogue": script})


def check_output(output: str, codec: str | None, quality: int | None, count: int) -> bool:
    """Whether a picture is to be written. Refuses what could not be, before any work is done."""
    from vitascope.shot.media import FILM_SUFFIXES, PICTURE_SUFFIXES, SUFFIXES, check_film, is_folder_name

    path = Path(output)
    is_picture = path.suffix.lower() in PICTURE_SUFFIXES and path.suffix.lower() not in FILM_SUFFIXES
    if is_folder_name(output):
        if count > 1:
            raise typer.BadParameter(f"{output} was given, a folder for one film; name a file", param_hint="--output")
        check_film(output, codec, quality)
        return False
    check_file(path, SUFFIXES, "--output")
    if not is_picture:
        check_film(output, codec, quality)
    elif codec is not None or quality is not None:
        raise typer.BadParameter(f"{output} is a picture, which has none", param_hint="--codec")
    return is_picture


def check_file(path: Path, suffixes: tuple[str, ...], option: str) -> None:
    """Refuses a file that could not be written, before any work is done."""
    if path.suffix.lower() not in suffixes:
        allowed = ", ".join(suffixes)
        raise typer.BadParameter(f"{path} was given; the name must end in {allowed}", param_hint=option)
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a file", param_hint=option)
    if not path.parent.is_dir():
        raise typer.BadParameter(f"the folder {path.parent} does not exist", param_hint=option)
    check_writable(path.parent, option)


def make_folder(path: Path, option: str) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be made: {error.strerror}", param_hint=option) from error
    check_writable(path, option)


def check_writable(folder: Path, option: str) -> None:
    # permission bits say nothing to root and on read-only disks: try it
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = f"the folder {folder} cannot be written: {error.strerror}"
        raise typer.BadParameter(message, param_hint=option) from error


def write_sheet(clips: "list[Clip]", path: Path) -> None:
    """Writes frames spread evenly over the films, side by side, earliest first: one film in up to two rows of four, of
    several each in a row."""
    import numpy as np

    from vitascope.shot.media import write_picture

    rows = []
    for clip in clips:
        num_shown = min(SHEET_FRAMES if len(clips) == 1 else SHEET_FRAMES // 2, clip.num_frames)
        wanted = set(np.linspace(0, clip.num_frames - 1, num_shown).round().astype(int).tolist())
        shown: list[np.ndarray] = [frame for index, frame in enumerate(clip.frames) if index in wanted]
        columns = min(4, len(shown))
        while len(shown) % columns:
            shown.append(np.zeros_like(shown[0]))
        rows += [np.concatenate(shown[first : first + columns], axis=1) for first in range(0, len(shown), columns)]
    write_picture(path, np.concatenate(rows, axis=0))
