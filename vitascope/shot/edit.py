"""Directions beyond words, each a function from Shot to Shot: pictures that are pinned or gone by, films that are gone
on with, led up to, mended or learned from, a loop, and a camera, a brush and a timeline.

All times are seconds of the Shot that is given. What is made of `extend`, `before`, `retake` and `loop` is a new part
of a film; `splice.joined` puts it there.
"""

import re
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from vitascope.shot.brush import Stroke, brush_tracks, combine
from vitascope.shot.camera import camera_tracks, describe_moves, usual_grid
from vitascope.shot.clip import Clip, Frame
from vitascope.shot.media import mask_media, probe, read_mask, read_picture
from vitascope.shot.moves import Move
from vitascope.shot.shot import Media, Pin, Region, Shot, Span, Track, checked
from vitascope.shot.splice import count_frames, film_media, film_of, fitted, frames_at
from vitascope.shot.store import data_of
from vitascope.shot.timeline import Timeline, apply_timeline
from vitascope.shot.tracks import track_arrays, tracks_from_arrays
from vitascope.shot.transfer import transfer_tracks
from vitascope.shot.value import MAX_TEXT, ShotError

LOOK = 2.0  # seconds of a film on either side that a new part knows
LEAST = 0.5  # seconds that it knows at least: of less, the outermost frame stands still
LOOKED_AT = 640  # pixels at most of the longer side of frames that are only looked at
LOOP = 2.0  # seconds at most of a film that are made again so that it leads into its beginning
GROUP = 4  # frames that the network makes at once: what a loop makes again is whole groups

# --- pictures ---------------------------------------------------------------------------------------------------------


def pinned(
    shot: Shot,
    picture: Media,
    seconds: float,
    strength: float = 1.0,
    region: Region | None = None,
    mask: Media | None = None,
) -> Shot:
    """The shot with a picture (or a film that begins) at this second, all of it, scaled into a region, or where the
    mask is white. A whole picture takes the place of one that was pinned to the same frame. Raises ShotError."""
    fields = {"media": picture, "time": seconds, "strength": strength, "region": region, "mask": mask}
    return with_pin(shot, checked(Pin, fields))


def with_pin(shot: Shot, pin: Pin) -> Shot:
    """The shot with one more pin, as `pinned` puts it. Raises ShotError."""

    def gives_way(other: Pin) -> bool:
        return (
            _is_whole(pin)
            and _is_whole(other)
            and round(other.time * shot.fps) == round(min(pin.time, last) * shot.fps)
        )

    last = (shot.num_frames - 1) / shot.fps
    pins = [other for other in shot.pins if not gives_way(other)] + [pin]
    return shot.with_(pins=tuple(sorted(pins, key=lambda pin: pin.time if pin.role == "frame" else np.inf)))


def _is_whole(pin: Pin) -> bool:
    return pin.role == "frame" and pin.media.kind == "picture" and pin.region is None and pin.mask is None


_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_PIN = re.compile(
    rf"(?P<file>.+)@\s*(?P<time>-?{_NUMBER})\s*s?\s*(?::\s*(?P<region>{_NUMBER}(?:\s*,\s*{_NUMBER}){{3}}))?"
    rf"\s*(?:\*\s*(?P<strength>{_NUMBER}))?(?:\s+mask\s+(?P<mask>.+))?",
    re.DOTALL,
)


def read_pin(text: str) -> Pin:
    """The pin of the command line's words, with its picture (or film) read from its file.

    "middle.png@2s" is a moment, "face.png@0s:0.25,0.25,0.5,0.5" a part of the frame (x, y, width, height),
    "a.png@1s*0.7" says how strongly, and "a.png@1s mask m.png" where (white). Raises ShotError, and MediaError for what
    is no picture.
    """
    match = _PIN.fullmatch(text.strip()) if len(text) <= MAX_TEXT else None
    if match is None:
        raise ShotError(
            f"pin: {text[:80]!r} should be a picture's file and a moment, like 'middle.png@2s', 'face.png@0s:x,y,width,"
            f"height' for a part of the frame, 'a.png@1s*0.7' for a weak one, or 'a.png@1s mask m.png'"
        )
    media = Media.from_path(match["file"])
    fields: dict[str, object] = {"media": media, "time": float(match["time"])}
    if media.kind == "film":
        probe(match["file"])  # refuses what is no film, before any work is done
    elif media.kind == "picture":
        read_picture(match["file"])
    if match["region"]:
        names = ("x", "y", "width", "height")
        values = [float(value) for value in match["region"].split(",")]
        fields["region"] = checked(Region, dict(zip(names, values, strict=True)))
    if match["strength"]:
        fields["strength"] = float(match["strength"])
    if match["mask"]:
        fields["mask"] = Media.from_path(match["mask"].strip(), "picture")
        read_mask(match["mask"].strip())
    return checked(Pin, fields)


Role = Literal["character", "style"]


def reference(shot: Shot, picture: Media, role: Role = "character") -> Shot:
    """The shot with a picture of who is in it, or of how it looks, to go by. Raises ShotError."""
    return shot.with_(pins=(*shot.pins, checked(Pin, {"media": picture, "role": role})))


def read_reference(text: str) -> tuple[Media, Role]:
    """A picture to go by, read from the file of the command line's words, such as "hero.png" (a character) or
    "ink.png: style". Raises ShotError, and MediaError for what is no picture."""
    name, colon, role = text.rpartition(":")
    name, role = (
        (name.strip(), role.strip().lower()) if colon and role.strip().lower() in get_args(Role) else (text, "")
    )
    media = Media.from_path(name, "picture")
    read_picture(name)
    return media, "style" if role == "style" else "character"


# --- motion -----------------------------------------------------------------------------------------------------------


def filmed(shot: Shot, moves: Sequence[Move]) -> Shot:
    """The shot with a camera that moves so, as tracks under its own and said in its text, as the captions of the world
    say it."""
    tracks = camera_tracks(moves, shot.size, shot.seconds, shot.fps, grid=usual_grid(shot.size))
    return shot.with_(text=_said(shot.text, moves), tracks=_added(tracks, shot))


def timed(shot: Shot, timeline: Timeline) -> Shot:
    """The shot with a timeline's words and moves, which are said in the words too; as long as that, if its length was
    left to the default. Raises ShotError for a timeline that is longer."""
    shot = apply_timeline(shot, timeline, grid=usual_grid(shot.size))
    moving: dict[tuple[float, float], list[Move]] = {}
    for move in timeline.moves:
        start, end = move.start or 0.0, timeline.end if move.end is None else move.end
        around = next((span for span in timeline.spans if span.start <= start and end <= span.end), None)
        moving.setdefault((around.start, around.end) if around else (start, end), []).append(move)
    stories = {(span.start, span.end): span.text for span in timeline.spans}
    spans = []
    for start, end in sorted(stories.keys() | moving.keys()):
        if text := _said(stories.get((start, end), ""), moving.get((start, end), [])):
            spans.append(checked(Span, {"start": start, "end": end, "text": text}))
    return shot.with_(spans=tuple(spans))


def painted(shot: Shot, strokes: Sequence[Stroke]) -> Shot:
    """The shot with up to six strokes of the brush, on top of its other motion. Raises ShotError."""
    tracks = brush_tracks(strokes, shot.size, shot.seconds, shot.fps, seed=shot.seed)
    return shot.with_(tracks=combine(shot.tracks, tracks, shot.size, shot.seconds, shot.fps))


def motion_from(shot: Shot, film: Clip) -> Shot:
    """The shot with the motion of another film, under its own. Raises ShotError."""
    tracks = transfer_tracks(film, grid=usual_grid(shot.size), seconds=shot.seconds)
    return shot.with_(tracks=_added(tracks, shot))


def _said(text: str, moves: Sequence[Move]) -> str:
    return ", ".join(part for part in (text.rstrip(" ,."), describe_moves(moves)) if part)


def _added(whole: Sequence[Track], shot: Shot) -> tuple[Track, ...]:
    """Tracks of the whole picture with the shot's own on top."""
    return combine(whole, shot.tracks, shot.size, shot.seconds, shot.fps)


# --- films ------------------------------------------------------------------------------------------------------------


def like(shot: Shot, film: Clip) -> Shot:
    """The shot at the film's size and rate, where it names none of its own, and in whole frames. Raises ShotError."""
    own = {name: value for name, value in (("size", film.size), ("fps", film.fps)) if name not in shot.model_fields_set}
    shot = shot.with_(**own)
    seconds = shot.num_frames / shot.fps
    return shot if abs(shot.seconds - seconds) < 1e-9 else shot.with_(seconds=seconds)


def extend(shot: Shot, film: Clip, loop: bool = False) -> Shot:
    """The shot as what comes after the film; with `loop` it also leads back into the film's beginning."""
    shot = like(shot, film)
    whole = range(count_frames(film, shot.fps))
    shot = _after(shot, film, whole)
    return _up_to(shot, film, whole) if loop else shot


def before(shot: Shot, film: Clip, loop: bool = False) -> Shot:
    """The shot as what comes before the film; with `loop` it also begins where the film ends."""
    shot = like(shot, film)
    whole = range(count_frames(film, shot.fps))
    shot = _up_to(shot, film, whole)
    return _after(shot, film, whole) if loop else shot


def retake(shot: Shot, film: Clip, start: float, end: float | None = None, loop: bool = False) -> Shot:
    """A shot of the whole film as one of its seconds start…end (None: the end) alone, made anew, with the film's frames
    before and after known. With `loop`, a part at the film's end leads into its beginning, and the other way round.

    What was pinned, timed or tracked within the part stays there. Raises ShotError for a part that is not in the film,
    or is less than two frames.
    """
    shot = like(shot, film)
    num = count_frames(film, shot.fps)
    first, last = round(start * shot.fps), num if end is None else round(end * shot.fps)
    said = f"{start:g}-{'' if end is None else f'{end:g}'} s was given"
    if not 0 <= first < last <= num:
        raise ShotError(f"retake: {said}; it should lie within the film's 0 to {num / shot.fps:g} s")
    if last - first < 2:
        raise ShotError(f"retake: {said}; at {shot.fps:g} fps it should be at least {2 / shot.fps:.2g} s long")
    if loop and first > 0 and last < num:
        raise ShotError(f"retake: {said}; for a loop it should begin or end with the film's 0 to {num / shot.fps:g} s")
    part = _part(shot, first, last)
    part = _after(part, film, range(first) or range(last, num if loop else 0))
    return _up_to(part, film, range(last, num) or range(first if loop else 0))


_RETAKE = re.compile(rf"(.+)@\s*({_NUMBER})\s*s?\s*[-–]\s*(?:({_NUMBER})\s*s?)?", re.DOTALL)


def parse_retake(text: str) -> tuple[str, float, float | None]:
    """A film's file and the seconds to be made anew, from words such as "clip.mp4@1.0-2.5" or "clip.mp4@1.5-" (to the
    end). Raises ShotError."""
    match = _RETAKE.fullmatch(text.strip()) if len(text) <= MAX_TEXT else None
    if match is None:
        raise ShotError(f"retake: {text[:80]!r} should be a film's file and its seconds, like 'clip.mp4@1.0-2.5'")
    return match[1], float(match[2]), None if match[3] is None else float(match[3])


def loop(shot: Shot, film: Clip) -> Shot:
    """The last part of the film, made anew so that it leads into the film's beginning: half of it, at most 2 s. `shot`
    is what the film was made from; its camera's and brush's tracks would lead away and are not followed in this part.
    Raises ShotError for a film of less than four frames."""
    shot = like(shot, film)
    num = count_frames(film, shot.fps)
    if num < GROUP:
        raise ShotError(f"loop: the film has {num} frames; it should have at least {GROUP}")
    made = min(num // 2, round(LOOP * shot.fps))
    made -= made % GROUP if made > GROUP else 0
    return retake(shot.with_(tracks=()), film, (num - made) / shot.fps, loop=True)


def inpaint(shot: Shot, film: Media, mask: Media) -> Shot:
    """The shot as the whole film with what the mask marks (white) made anew, and the rest pinned. The mask, a picture
    of the film's shape, holds for all frames. Raises ShotError, and MediaError for media that cannot be read."""
    clip = film_of(film)
    marked = read_mask(data_of(mask))  # H W
    high, wide = marked.shape
    if abs(np.log(wide * clip.size[1] / (high * clip.size[0]))) > 0.03:
        shape = f"{clip.size[0]}x{clip.size[1]}"
        raise ShotError(f"mask: it should have the film's shape, {shape}, but was {wide}x{high}")
    if not marked.any():
        raise ShotError("mask: it should mark what is to be made anew, but nothing in it is light or painted")
    shot = like(shot, clip)
    seconds = count_frames(clip, shot.fps) / shot.fps
    pin = Pin(media=film, mask=mask_media(~marked))
    others = (pin for pin in shot.pins if pin.role != "frame" or 0 <= pin.time <= seconds)
    return shot.with_(seconds=seconds, pins=(pin, *others))


def _after(shot: Shot, film: Clip, numbers: range) -> Shot:
    """The shot as what comes after these frames of a film (none: as it is), in place of any other film before it."""
    if not numbers:
        return shot
    num = round(LOOK * shot.fps)
    frames = _looked_at(shot, film, numbers[-num:])
    held = _missing(shot, frames)
    frames = frames[:1] * held + frames
    pin = Pin(media=film_media(frames, shot.fps), time=-len(frames) / shot.fps)
    others = (pin for pin in shot.pins if not (pin.role == "frame" and pin.media.kind == "film" and pin.time < 0))
    return shot.with_(pins=(pin, *others))


def _up_to(shot: Shot, film: Clip, numbers: range) -> Shot:
    """The shot as what comes before these frames of a film (none: as it is), in place of any other film after it."""
    if not numbers:
        return shot
    num = round(LOOK * shot.fps)
    frames = _looked_at(shot, film, numbers[:num])
    frames += frames[-1:] * _missing(shot, frames)
    pin = Pin(media=film_media(frames, shot.fps), time=shot.seconds)
    others = (pin for pin in shot.pins if pin.role != "frame" or pin.time < shot.seconds)
    return shot.with_(pins=(*others, pin))


def _looked_at(shot: Shot, film: Clip, numbers: range) -> list[Frame]:
    """Frames of a film at the shot's shape and rate, not larger than is worth looking at."""
    factor = min(1.0, LOOKED_AT / max(shot.size))
    small = (max(16, round(shot.size[0] * factor)), max(16, round(shot.size[1] * factor)))
    return [fitted(frame, small) for frame in frames_at(film, numbers, shot.size, shot.fps)]


def _missing(shot: Shot, frames: list[Frame]) -> int:
    """How many frames a film lacks of being long enough to be looked at."""
    return max(0, round(LEAST * shot.fps) - len(frames))


def _part(shot: Shot, first: int, last: int) -> Shot:
    """The frames first…last of a shot as one of their own, with what is pinned, said, tracked and heard in them."""
    start, seconds = first / shot.fps, (last - first) / shot.fps
    pins = []
    for pin in shot.pins:
        if pin.role != "frame":
            pins.append(pin)
        elif first <= round(pin.time * shot.fps) < last:
            pins.append(pin.model_copy(update={"time": max(0.0, pin.time - start)}))
    spans = [
        span.model_copy(update={"start": max(0.0, span.start - start), "end": min(seconds, span.end - start)})
        for span in shot.spans
        if span.start < start + seconds and span.end > start
    ]
    cues = [
        cue.model_copy(update={"time": cue.time - start}) for cue in shot.cues if start <= cue.time < start + seconds
    ]
    points, visible = track_arrays(shot.tracks, last, shot.fps)
    seen = visible[:, first:].any(1)  # K
    tracks = tracks_from_arrays(points[seen, first:], visible[seen, first:], shot.fps)
    return shot.with_(seconds=seconds, pins=tuple(pins), spans=tuple(spans), cues=tuple(cues), tracks=tracks)
