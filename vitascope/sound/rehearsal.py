"""What is said in a Shot is spoken before the Shot is made, so that lips can move with the words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.shot import Cue, Shot, Sound
from vitascope.shot.tracks import track_arrays
from vitascope.sound import dialogue, kokoro
from vitascope.sound.dialogue import Speaker, Spoken
from vitascope.sound.mouth import Face, centres, talking
from vitascope.sound.phonemes import INSTALL
from vitascope.sound.quotes import quoted
from vitascope.sound.script import NARRATOR, Line, parse
from vitascope.sound.wishes import read_wishes

# Where mouths are, and how wide, in the world's shots of each size: means of 2,128 and 648 talkers alone and in pairs.
FRAMINGS = {"close": Face((0.5, 0.66), 0.1), "medium": Face((0.5, 0.32), 0.049), "wide": Face((0.5, 0.41), 0.019)}
SPREAD = {"close": 0.24, "medium": 0.2, "wide": 0.14}  # of two mouths, to either side of the middle
_FRAMED = {
    "close": re.compile(r"\bclose(?:-| )?(?:up|shot)|\bportrait\b|\btalking head\b", re.IGNORECASE),
    "medium": re.compile(r"\bmedium (?:close(?:-| )?up|shot)|\bfrom the waist up\b", re.IGNORECASE),
    "wide": re.compile(r"\b(?:wide|long|establishing|aerial|full) shot\b|\bfrom (?:far|a distance)\b", re.IGNORECASE),
}
CARRIED = 0.15  # as far from a mouth, a track still says where the mouth goes


class SoundError(ValueError):
    """Sound that cannot be made as it was asked for."""


@dataclass(frozen=True)
class Rehearsal:
    """A Shot as it was `asked` for, and as it is to be made: with tracks for the lips of those who speak. `spoken` is
    what they say, `notes` tell what was assumed and what could not be met."""

    asked: Shot
    shot: Shot
    spoken: tuple[Spoken, ...] = ()
    notes: tuple[str, ...] = ()


def rehearse(
    shot: Shot, progress: Callable[[str, int, int], None] | None = None, speaker: Speaker = dialogue.speak
) -> Rehearsal:
    """The Shot with what is said in it: the lines of its script, else those that are quoted in its words.

    A mouth is where a speech Cue of the Shot says. Without one it is assumed to be where talkers of the world have it
    in a shot of this size, two or more from left to right in the order in which they speak, going along with the
    nearest track; nothing is assumed where a picture is pinned. Quoted lines that cannot be spoken here are noted;
    SoundError is raised for a script that cannot, and for lines that would only begin after the end."""
    wanted = shot.sound
    lines = () if wanted is None else lines_of(wanted) or quoted_in(shot)
    if wanted is None or not lines or "dialogue" in read_wishes(wanted.prompt, wanted.negative).removed:
        return Rehearsal(shot, shot)
    if progress is not None:
        progress("speak", 0, 1)
    mouths = [cue for cue in shot.cues if cue.kind == "speech"]
    others = [cue for cue in shot.cues if cue.kind != "speech"]
    spoken, notes = spoken_lines(lines, shot.seconds, mouths, bool(wanted.dialogue), speaker)
    late = [one for one in spoken if one.time >= shot.seconds]
    if late:
        raise SoundError(
            f"dialogue: what is said takes {max(one.end for one in spoken):.1f} s, but the shot has {shot.seconds:g} s "
            f"and {late[0].line.words[:40]!r} would begin after its end; make it longer or say less"
        )
    faces, assumed = faces_in(shot, spoken)
    made = talking(shot.with_(cues=tuple(others)), spoken, faces)
    return Rehearsal(shot, made, spoken, (*notes, *assumed))


def lines_of(wanted: Sound) -> tuple[Line, ...]:
    """The lines of a script, else those that are quoted in the prompt for the sound. Raises SoundError for a script
    that cannot be read."""
    if not wanted.dialogue:
        return quoted(wanted.prompt)
    try:
        return parse(wanted.dialogue)
    except ValueError as error:
        raise SoundError(f"dialogue: {error}") from error


def quoted_in(shot: Shot) -> tuple[Line, ...]:
    """The lines that are quoted in a Shot's words; those of a timed direction are said when it begins."""
    lines = list(quoted(shot.text))
    for span in shot.spans:
        for number, line in enumerate(quoted(span.text)):
            lines.append(replace(line, start=span.start) if number == 0 else line)
    return tuple(lines)


def spoken_lines(
    lines: Sequence[Line],
    seconds: float,
    mouths: Sequence[Cue] = (),
    required: bool = False,
    speaker: Speaker = dialogue.speak,
) -> tuple[tuple[Spoken, ...], tuple[str, ...]]:
    """Lines where they stand in a film of this length: where `mouths` are seen to move, if any do; and what there is
    to be noted. What cannot be spoken here raises SoundError where it is `required`, else it is left out and noted."""
    if speaker is dialogue.speak and not kokoro.installed() and not required:
        said = ", ".join(repr(line.words[:40]) for line in lines)
        return (), (f"{said} stays unsaid: speech needs {INSTALL}",)
    try:
        spoken = dialogue.place(lines, seconds, mouths=mouths, speaker=speaker)
    except (ValueError, ImportError) as error:
        if required:
            raise SoundError(f"dialogue: {error}") from error
        return (), (f"what is quoted stays unsaid: {error}",)
    return spoken, dialogue.notes(spoken)


def framing(text: str) -> str | None:
    """The size of a shot that its words ask for: close, medium or wide; None where they do not say."""
    return next((name for name in ("medium", "close", "wide") if _FRAMED[name].search(text)), None)


def faces_in(shot: Shot, spoken: Sequence[Spoken]) -> tuple[dict[str, Face], tuple[str, ...]]:
    """By name the mouths of those who speak in the picture, where that is known or assumed; and what was assumed."""
    said = [one for one in spoken if one.line.who != NARRATOR and not one.line.off]
    people = list(dict.fromkeys(one.line.who for one in said))
    size = framing(shot.text) or ("close" if len(people) == 1 else "medium")
    usual = FRAMINGS[size]
    reach = 0.0 if len(people) == 1 else SPREAD[size] if len(people) == 2 else 0.3
    faces, assumed, unknown = {}, [], []
    for who, x in zip(people, 0.5 + reach * np.linspace(-1, 1, len(people)), strict=True):
        own = [one for one in said if one.line.who == who]
        if any(one.place is not None for one in own):
            faces[who] = Face(centres(own, shot), usual.width)
        elif any(pin.role == "frame" for pin in shot.pins):
            unknown.append(who)
        else:
            faces[who] = Face(carried((float(x), usual.centre[1]), shot), usual.width)
            assumed.append(f"{who} at {x:.2f}, {usual.centre[1]:.2f}")
    notes = []
    if assumed:
        notes.append(f"mouths are taken to be where a {size} shot has them: {'; '.join(assumed)}")
    if unknown:
        who = ", ".join(unknown)
        notes.append(f"no lips are moved of {who}: a picture is pinned, and no speech cue says where the mouth is")
    return faces, tuple(notes)


def carried(place: tuple[float, float], shot: Shot) -> NDArray[np.float64]:
    """Where what is at this place in the first frame is in each: [T, 2]. It goes along with the nearest of the Shot's
    tracks; where there is none near, it stays."""
    path = np.tile(np.array(place), (shot.num_frames, 1))
    if not shot.tracks:
        return path
    points, _ = track_arrays(shot.tracks, shot.num_frames, shot.fps)
    away = np.hypot(*(points[:, 0] - np.array(place)).T)  # K
    nearest = int(np.argmin(away))
    if away[nearest] <= CARRIED:
        path += points[nearest] - points[nearest, 0]
    return path
