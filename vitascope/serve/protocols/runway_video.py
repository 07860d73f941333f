"""Runway's films: from text, from pictures, and from other films."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols import runway_fields as fields
from vitascope.serve.protocols.runway_models import AUTO_SECONDS, EDITS, OUR_EDITS, OURS, VIDEO, VideoModel
from vitascope.shot import edit
from vitascope.shot.media import FilmInfo
from vitascope.shot.shot import Media, Shot, ShotError
from vitascope.shot.value import MAX_SECONDS

FPS = 24.0
KEPT = 0.6  # how much of a film stays in an edit
KEYFRAMES = 5
REFERENCES = 10
VIDEO_NAMES = {name: model.quality for name, model in VIDEO.items()}
EDIT_NAMES = {name: model.quality for name, model in EDITS.items()}
NO_AUDIO = "this server takes no sound to go by"
NO_FILMS = "this server takes no films to go by here; video_to_video takes one"
NO_DRAFTS = "this server makes no drafts"
Placed = tuple[Media, str, str]  # a picture, first, last or "" (a reference), and its field


def text_to_video(call: Call) -> Response:
    return fields.ordered(call, {"shot": to_shot(call, with_picture=False)})


def image_to_video(call: Call) -> Response:
    return fields.ordered(call, {"shot": to_shot(call, with_picture=True)})


def to_shot(call: Call, with_picture: bool) -> Shot:
    """The Shot of text_to_video or image_to_video. Raises Problem."""
    name = call.text("model")
    model, quality = call.desk.model(name, VIDEO_NAMES)
    takes = VIDEO.get(name, OURS)
    ratios = takes.image if with_picture else takes.text
    if ratios is None:
        raise Problem("invalid", f"model: {name!r} makes films from pictures only; use image_to_video", "model")
    fields.mp4_only(call)
    fields.refuse(call, "referenceAudio", why=NO_AUDIO)
    fields.refuse(call, "referenceVideos", why=NO_FILMS)
    fields.refuse(call, "draft", "draftTaskId", why=NO_DRAFTS)
    pictures = _prompt_images(call, takes) if with_picture else []
    pictures += _references(call)
    seconds, spans = _times(call, name, takes)
    given: dict[str, Any] = {"model": model, "quality": quality, "fps": FPS, "seconds": seconds}
    given["text"] = fields.prompt_of(call, takes.most, not spans and (takes.prompt or not with_picture))
    if spans:
        given["spans"] = spans
    sides = next((fields.picture_size(one) for one, place, _ in pictures if place), None)
    shape = sides and sides[0] / sides[1]
    if (size := _size(call, takes, ratios, shape)) is not None:
        given["size"] = size
    if call.flag("audio", takes.audio):
        given["sound"] = {}
    return _with_pictures(call, call.desk.shot(seed=fields.seed_of(call), **fields.tuned(call, given)), pictures)


# --- pictures ---------------------------------------------------------------------------------------------------------


def _prompt_images(call: Call, takes: VideoModel) -> list[Placed]:
    """The pictures of promptImage, with their places."""
    given = call.fields.get("promptImage")
    if not given:
        raise Problem("missing_field", "promptImage is missing; it should be a URI or a list of them", "promptImage")
    if isinstance(given, str):
        return [(fields.media_of(call, given, "picture", "promptImage"), "first", "promptImage")]
    found: list[Placed] = []
    for name, one in fields.references(call, "promptImage", REFERENCES):
        place = _place(one, name, takes.loose)
        if place == "last" and not takes.last:
            raise Problem("invalid", f"{name}.position: this model takes a first picture only", f"{name}.position")
        if place and any(place == other for _, other, _ in found):
            message = f"{name}.position: there is another {place} picture; one of each may be given"
            raise Problem("invalid", message, f"{name}.position")
        found.append((fields.media_of(call, one.get("uri"), "picture", f"{name}.uri"), place, name))
    if not takes.loose and not any(place == "first" for _, place, _ in found):
        raise Problem(
            "invalid", "promptImage should have a first picture; this model takes no last alone", "promptImage"
        )
    return found


def _place(one: Mapping[str, Any], name: str, loose: bool) -> str:
    place = one.get("position")
    if place is None and loose:
        return ""
    if place not in ("first", "last"):
        raise Problem("invalid", f"{name}.position should be first or last", f"{name}.position")
    return str(place)


def _references(call: Call) -> list[Placed]:
    """The pictures of references: what is to be seen, or, with a position, the first or last frame."""
    return [
        (fields.media_of(call, one.get("uri"), "picture", f"{name}.uri"), _place(one, name, True), name)
        for name, one in fields.references(call, "references", REFERENCES)
    ]


def _with_pictures(call: Call, shot: Shot, pictures: list[Placed]) -> Shot:
    for picture, place, name in pictures:
        if place:
            shot = edit.pinned(shot, picture, 0.0 if place == "first" else (shot.num_frames - 1) / shot.fps)
        else:
            shot = fields.referred(call, shot, picture, name)
    return shot


# --- lengths and sizes ------------------------------------------------------------------------------------------------


def _times(call: Call, name: str, takes: VideoModel) -> tuple[float, list[dict[str, Any]]]:
    """Seconds, and the timed words of multiPrompt."""
    spans = _multi_prompt(call)
    if not spans:
        return _seconds(call, name, takes), []
    total = float(spans[-1]["end"])
    if takes.seconds and not 3 <= total <= 15:
        message = f"providerSettings.multiPrompt should last 3 to 15 s in all, but lasts {total:g} s"
        raise Problem("invalid", message, "providerSettings.multiPrompt")
    if call.fields.get("duration") is not None and call.number("duration", total, 0, MAX_SECONDS) != total:
        raise Problem("invalid", f"duration should be that of all of multiPrompt, {total:g}", "duration")
    return total, spans


def _multi_prompt(call: Call) -> list[dict[str, Any]]:
    settings = call.fields.get("providerSettings") or {}
    if not isinstance(settings, Mapping):
        raise Problem("invalid", "providerSettings should be an object", "providerSettings")
    name = "providerSettings.multiPrompt"
    parts = settings.get("multiPrompt") or []
    if settings.get("shotType", "customize") not in ("customize", "intelligence"):
        where = "providerSettings.shotType"
        raise Problem("invalid", f"{where} should be customize or intelligence", where)
    if not isinstance(parts, list):
        raise Problem("invalid", f"{name} should be a list of objects with prompt and duration", name)
    spans: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        part = part if isinstance(part, Mapping) else {}
        seconds, text = _number(part.get("duration")), part.get("prompt")
        if seconds is None or not 0 < seconds <= MAX_SECONDS or not isinstance(text, str) or not text.strip():
            raise Problem("invalid", f"{name}[{number}] should have a prompt and a duration", f"{name}[{number}]")
        start = spans[-1]["end"] if spans else 0.0
        spans.append({"start": start, "end": start + seconds, "text": text})
    return spans


def _seconds(call: Call, name: str, takes: VideoModel) -> float:
    given = call.fields.get("duration")
    if not takes.seconds:
        return call.number("duration", 5.0, 0.1, MAX_SECONDS)
    if given is None and takes.default is None:
        raise Problem("missing_field", "duration is missing; it should be whole seconds", "duration")
    if given is None or (given == "auto" and name in AUTO_SECONDS):
        return float(takes.default or 5)
    seconds = call.whole("duration", 0, 0, 1000)
    if seconds not in takes.seconds:
        known = ", ".join(map(str, takes.seconds))
        raise Problem("invalid", f"duration should be one of {known}, but was {seconds}", "duration")
    return float(seconds)


def _size(call: Call, takes: VideoModel, ratios: tuple[str, ...], shape: float | None) -> tuple[int, int] | None:
    """The frame's size; None for the model's own. `shape` is that of the picture which the film begins with."""
    ratio = call.text("ratio", None if takes.ratio else "auto")
    lines = takes.lines
    if takes.resolutions:
        lines = fields.lines_of(_resolution(call, takes)) or lines
    if not takes.seconds:
        return _our_size(call, ratio, shape)
    if ratio == "auto" and ratios and not takes.resolutions:
        return (
            fields.nearest(ratios, shape or fields.WIDE, lines) if fields.pair(ratios[0]) else _auto(ratios[0], shape)
        )
    if ratio == "auto" or not ratios:
        return fields.framed(lines, shape or fields.WIDE)
    call.choice("ratio", ratios)
    sides = fields.pair(ratio)
    if sides is None:  # auto_720p, or adaptive
        return fields.framed(fields.lines_of(ratio) or lines, shape or fields.WIDE)
    return sides if min(sides) > 100 else fields.framed(lines, sides[0] / sides[1])


def _auto(ratio: str, shape: float | None) -> tuple[int, int]:
    return fields.framed(fields.lines_of(ratio) or 720, shape or fields.WIDE)


def _resolution(call: Call, takes: VideoModel) -> str:
    given = call.text("resolution", takes.resolutions[0]).lower()
    if given not in takes.resolutions:
        message = f"resolution should be one of {', '.join(takes.resolutions)}, but was {given[:40]!r}"
        raise Problem("invalid", message, "resolution")
    return given


def _our_size(call: Call, ratio: str, shape: float | None) -> tuple[int, int] | None:
    """Of a model of ours any size in pixels may be asked for, or a shape and a resolution such as 80p."""
    sides = fields.pair(ratio)
    if sides is None and ratio != "auto":
        raise Problem("invalid", f"ratio should be WIDTH:HEIGHT, but was {ratio[:40]!r}", "ratio")
    given = call.text("resolution", "")
    lines = fields.lines_of(given)
    if given and lines is None:
        raise Problem("invalid", f"resolution should be like 720p, but was {given[:40]!r}", "resolution")
    if sides is not None and min(sides) > 30:
        return sides
    if sides is None and lines is None and shape is None:
        return None
    return fields.framed(lines or 144, sides[0] / sides[1] if sides else shape or fields.WIDE)


# --- films from films -------------------------------------------------------------------------------------------------


def video_to_video(call: Call) -> Response:
    return fields.ordered(call, to_work(call))


def to_work(call: Call) -> dict[str, Any]:
    """The work of video_to_video. Raises Problem."""
    name = call.text("model")
    model, quality = call.desk.model(name, EDIT_NAMES)
    takes = EDITS.get(name, OUR_EDITS)
    fields.mp4_only(call)
    fields.refuse(call, "referenceAudio", why=NO_AUDIO)
    fields.refuse(call, "referenceVideos", why="this server takes one film to go by, the one in " + takes.film)
    fields.refuse(call, "draft", why=NO_DRAFTS)
    if _multi_prompt(call):
        multi = "providerSettings.multiPrompt"
        raise Problem("invalid", f"{multi}: this server edits a film with one prompt", multi)
    if not takes.keyframes:
        fields.refuse(call, "keyframes", "targetAspectRatio", why=f"{name!r} takes none")
    mode = call.choice("mode", takes.modes, takes.modes[0])
    where = takes.film if takes is not OUR_EDITS or "videoUri" in call.fields else "promptVideo"
    film = fields.media_of(call, call.fields.get(where), "film", where)
    info = call.desk.info(call.key, film)
    if info.seconds > MAX_SECONDS:
        raise Problem("invalid", f"{where} should last at most {MAX_SECONDS:g} s, but lasts {info.seconds:g} s", where)
    text = fields.prompt_of(call, 2500, takes.prompt or (mode != "reference" and not takes.keyframes))
    given = fields.tuned(call, {"text": text, "model": model, "quality": quality, "seed": fields.seed_of(call)})
    if mode == "edit":
        return _edited(call, given, film, info)
    if call.flag("audio", name in VIDEO and VIDEO[name].audio):
        given["sound"] = {}
    return _continued(call, name, given, mode, film, info)


def _continued(call: Call, name: str, given: dict[str, Any], mode: str, film: Media, info: FilmInfo) -> dict[str, Any]:
    """The film gone on with; or a new one that moves as it does."""
    takes = VIDEO.get(name, OURS)
    given |= {"seconds": _seconds(call, name, takes), "fps": info.fps if mode == "extend" else FPS}
    given["size"] = (info.size[0] // 2 * 2, info.size[1] // 2 * 2)
    if mode == "extend":
        fields.refuse(call, "ratio", why="a film is gone on with at its own size")
    elif call.fields.get("ratio"):
        given["size"] = _size(call, takes, takes.text or (), info.size[0] / info.size[1]) or given["size"]
    shot = _with_pictures(call, call.desk.shot(**given), _references(call))
    return {"shot": shot, "extend" if mode == "extend" else "motion": film}


def _edited(call: Call, given: dict[str, Any], film: Media, info: FilmInfo) -> dict[str, Any]:
    """The film made anew as a whole or in a part of its time, or in a frame of another shape."""
    if call.fields.get("duration") not in (None, "auto", "") and call.fields["duration"] != info.seconds:
        raise Problem("invalid", f"duration: an edited film stays as long as it is, {info.seconds:g} s", "duration")
    size = (info.size[0] // 2 * 2, info.size[1] // 2 * 2)
    given |= {"size": size, "fps": info.fps, "seconds": info.seconds}
    if ratio := call.text("ratio", ""):
        given["size"] = _edited_size(ratio, info)
    if (target := call.text("targetAspectRatio", "")) and call.fields.get("keyframes"):
        raise Problem("invalid", "keyframes and targetAspectRatio cannot be given together yet", "targetAspectRatio")
    if target:
        sides = fields.pair(
            call.choice("targetAspectRatio", ("16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "21:9"))
        )
        assert sides is not None
        given["size"] = fields.widened(size, sides[0] / sides[1])
        shot = call.desk.shot(**given)
        call.desk.check(shot)
        return {"shot": shot, "task": "reframe", "film": film}
    shot = _with_pictures(call, call.desk.shot(**given), _references(call))
    shot, window = _keyframes(call, shot)
    call.desk.check(shot)
    if window is not None:
        return {"shot": shot, "retake": film, "start": window[0], "end": window[1]}
    settings = call.fields.get("providerSettings") or {}
    keep = settings.get("keepOriginalSound", True) is not False if isinstance(settings, Mapping) else True
    return {"shot": shot, "restyle": film, "strength": KEPT, "keep": keep}


def _edited_size(ratio: str, info: FilmInfo) -> tuple[int, int]:
    lines, sides = fields.lines_of(ratio), fields.pair(ratio)
    if lines is not None:
        return fields.framed(lines, info.size[0] / info.size[1])
    if sides is None or min(sides) <= 30:
        raise Problem("invalid", f"ratio should be WIDTH:HEIGHT in pixels, but was {ratio[:40]!r}", "ratio")
    return sides


def _keyframes(call: Call, shot: Shot) -> tuple[Shot, tuple[float, float] | None]:
    """The shot with pictures at moments of the film, and the part of its time that is to be made anew."""
    windows: set[tuple[float, float] | None] = set()
    for name, one in fields.references(call, "keyframes", KEYFRAMES):
        window = _window(one.get("range"), f"{name}.range", shot.seconds)
        windows.add(window)
        seconds = _moment(one, name, shot)
        if window is not None and not window[0] <= seconds < window[1]:
            raise Problem("invalid", f"{name}: {seconds:g} s should lie within its range", f"{name}.range")
        picture = fields.media_of(call, one.get("uri"), "picture", f"{name}.uri")
        try:
            shot = edit.pinned(shot, picture, seconds)
        except ShotError as error:
            raise Problem("invalid", f"{name}: {error}", name) from None
    if len(windows) > 1:
        message = "keyframes should all have the same range, or none; this server edits one part of a film at a time"
        raise Problem("invalid", message, "keyframes")
    return shot, next(iter(windows), None)


def _moment(one: Mapping[str, Any], name: str, shot: Shot) -> float:
    """The seconds of a keyframe, which says them, or where `at` of the whole it stands."""
    key = "seconds" if "seconds" in one else "at"
    value, last = _number(one.get(key)), (shot.num_frames - 1) / shot.fps
    most = shot.seconds if key == "seconds" else 1.0
    if value is None or not 0 <= value <= most:
        raise Problem("invalid", f"{name}.{key} should be a number from 0 to {most:g}", f"{name}.{key}")
    return min(value if key == "seconds" else value * shot.seconds, last)


def _window(given: Any, name: str, seconds: float) -> tuple[float, float] | None:
    if given is None:
        return None
    given = given if isinstance(given, Mapping) else {}
    start, end = _number(given.get("startSeconds")), _number(given.get("endSeconds"))
    if start is None or end is None or not 0 <= start < end:
        raise Problem("invalid", f"{name} should have startSeconds and, after it, endSeconds", name)
    if end > seconds + 1 / FPS:
        raise Problem("invalid", f"{name}.endSeconds should be at most the film's {seconds:g} s", name)
    return start, min(end, seconds)


def _number(value: Any) -> float | None:
    """A number of JSON; None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
