"""What Kling's kinds of tasks that make pictures and films ask for, each as the fields of a Work."""

import re
from collections.abc import Mapping
from typing import Any

from vitascope.serve.jobs import Job
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols import kling_shot as shots
from vitascope.serve.protocols.kling_pictures import Picture, picture_of, strokes_of
from vitascope.serve.protocols.kling_shot import Asked, Model, begun, filmed, model_of, objects, size_of, told, words_of
from vitascope.shot import edit
from vitascope.shot.brush import MAX_STROKES, Stroke
from vitascope.shot.shot import Media, Shot, ShotError

ADDED = 5.0  # seconds by an extension
LONGEST = 180.0  # seconds of a film that has been extended
EDIT = 0.6  # how much of a film stays in an edit
ANY_RATIO = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9")
RESOLUTIONS = {"1k": 1024 * 1024, "2k": 2048 * 2048}
MOTION = {"image": 10.0, "video": 30.0}  # seconds of a film whose motion is taken, by who says where a person looks
_NAMED = re.compile(r"<<<(image|video|element|voice)_(\d+)>>>")


def text2video(call: Call) -> Asked:
    model = model_of(call, shots.TEXT_MODELS)
    seconds = shots.seconds_of(call, model)
    text, spans = told(call, model, seconds)
    size = size_of(model, shots.ratio_of(call, model), "aspect_ratio")
    return Asked({"shot": filmed(call, begun(call, model, text, size, seconds).with_(spans=spans))})


def image2video(call: Call) -> Asked:
    model = model_of(call, shots.IMAGE_MODELS)
    seconds = shots.seconds_of(call, model)
    text, spans = told(call, model, seconds, required=False)
    _exclude(call)
    first, last = (_picture(call, name, model) for name in ("image", "image_tail"))
    shape = first or last
    if shape is None:
        raise Problem("missing_field", "image is missing; image or image_tail should be given", "image")
    size = size_of(model, shape.size[0] / shape.size[1], "image" if first else "image_tail")
    shot = _framed(begun(call, model, text, size, seconds).with_(spans=spans), first, last)
    if call.fields.get("static_mask") or call.fields.get("dynamic_masks"):
        if first is None:
            raise Problem("missing_field", "image is missing; masks are painted on it", "image")
        return Asked({"shot": _painted(shot, strokes_of(call, first))})
    return Asked({"shot": filmed(call, shot)})


def _exclude(call: Call) -> None:
    """Raise Problem for more than one of what exclude each other."""
    named = {"image_tail": "image_tail", "static_mask": "masks", "dynamic_masks": "masks"}
    named["camera_control"] = "camera_control"
    given = {group: name for name, group in named.items() if call.fields.get(name) not in (None, "", [])}
    if len(given) > 1:
        names = " and ".join(given.values())
        raise Problem("invalid", f"{names} cannot be given together", next(iter(given.values())))


def _picture(call: Call, name: str, model: Model) -> Picture | None:
    given = call.fields.get(name)
    return None if given in (None, "") else picture_of(call, given, name, free=model.free)


def _framed(shot: Shot, first: Picture | None, last: Picture | None) -> Shot:
    """The Shot with its first and last frame, where they were given."""
    if first is not None:
        shot = edit.pinned(shot, first.media, 0.0)
    if last is not None:
        shot = edit.pinned(shot, last.media, (shot.num_frames - 1) / shot.fps)
    return shot


def _painted(shot: Shot, strokes: list[Stroke]) -> Shot:
    """The Shot with the brush's strokes; what stays goes under the others where all would be too many at once."""
    try:
        if len(strokes) > MAX_STROKES:
            shot, strokes = edit.painted(shot, strokes[:1]), strokes[1:]
        return edit.painted(shot, strokes)
    except ShotError as error:
        raise Problem("invalid", f"dynamic_masks: {error}", "dynamic_masks") from None


# --- of films ---------------------------------------------------------------------------------------------------------


def video_extend(call: Call, job: Job, film: Media, video_id: str) -> Asked:
    """What comes after a finished video. `job` is the task that made it."""
    info = call.desk.info(call.key, film)
    free = job.said.get("free", False)
    seconds = call.number("duration", ADDED, 0.1, 120) if free else ADDED
    if info.seconds + seconds > LONGEST:
        message = f"video_id: with {seconds:g} s more it would be longer than {LONGEST:g} s"
        raise Problem("invalid", message, "video_id")
    source = job.shot
    model = Model(source.model, source.model, source.quality, "std", True)
    shot = begun(call, model, words_of(call, default=source.text), info.size, seconds).with_(fps=info.fps)
    if source.sound is not None:
        shot = shot.with_(sound=source.sound)
    parent = {"id": video_id, "job": job.id, "duration": info.seconds}
    return Asked({"shot": shot, "extend": film}, {"parent": parent, "free": free})


def multi_image2video(call: Call) -> Asked:
    model = model_of(call, ("kling-v1-6",))
    pictures = [
        picture_of(call, one.get("image"), f"image_list[{number}].image", free=model.free)
        for number, one in enumerate(objects(call, "image_list", 1, 4))
    ]
    seconds = shots.seconds_of(call, model)
    size = size_of(model, shots.ratio_of(call, model), "aspect_ratio")
    return Asked({"shot": _referring(begun(call, model, words_of(call), size, seconds), pictures)})


def _referring(shot: Shot, pictures: list[Picture]) -> Shot:
    """The Shot with pictures of who is in it; a model that takes none refuses them later."""
    for picture in pictures:
        shot = edit.reference(shot, picture.media)
    return shot


def omni_video(call: Call) -> Asked:
    """Frames of a film, or a film that is edited; a film to go by cannot be had."""
    model = model_of(call, shots.OMNI_MODELS, mode="pro")
    frames: dict[str, Picture] = {}
    others = []
    for number, one in enumerate(objects(call, "image_list", 0, 7)):
        name, kind = f"image_list[{number}]", one.get("type")
        if kind not in (None, "", "first_frame", "end_frame") or kind in frames:
            raise Problem("invalid", f"{name}.type should be first_frame or end_frame, each once", name)
        picture = picture_of(call, one.get("image_url"), f"{name}.image_url", free=model.free)
        if kind:
            frames[kind] = picture
        else:
            others.append(picture)
    if "end_frame" in frames and "first_frame" not in frames:
        raise Problem("invalid", "image_list: an end_frame should have a first_frame", "image_list")
    films = objects(call, "video_list", 0, 1)
    if films:
        if frames:
            raise Problem("invalid", "image_list: frames and a video cannot be given together", "image_list")
        return _edited(call, model, films[0], others)
    seconds = shots.seconds_of(call, model, 15 if model.name != "kling-video-o1" else 10)
    text, spans = told(call, model, seconds)
    text = _plain(text)
    first = frames.get("first_frame")
    if first is None and not call.fields.get("aspect_ratio"):
        raise Problem("missing_field", "aspect_ratio is missing; it should be given where no frame is", "aspect_ratio")
    ratio = shots.ratio_of(call, model) if first is None else first.size[0] / first.size[1]
    size = size_of(model, ratio, "aspect_ratio" if first is None else "image_list")
    shot = begun(call, model, text, size, seconds).with_(spans=spans)
    return Asked({"shot": _referring(_framed(shot, first, frames.get("end_frame")), others)})


def _edited(call: Call, model: Model, given: Mapping[str, Any], others: list[Picture]) -> Asked:
    """A film made anew as the prompt says."""
    if given.get("refer_type", "base") != "base":
        message = "video_list[0].refer_type: a film can be edited (base) here, not gone by (feature)"
        raise Problem("invalid", message, "video_list")
    if others:
        raise Problem("invalid", "image_list: pictures to go by cannot be used in an edit here", "image_list")
    film = call.desk.media(call, given.get("video_url"), "film", "video_list[0].video_url")
    info = call.desk.info(call.key, film)
    _check_length(info.seconds, 3, 10, "video_list[0].video_url", model.free)
    size = size_of(model, info.size[0] / info.size[1], "video_list")
    if size[0] > info.size[0]:
        size = info.size[0] // 2 * 2, info.size[1] // 2 * 2
    shot = begun(call, model, _plain(words_of(call)), size, info.seconds).with_(fps=info.fps)
    keep = _yes(given.get("keep_original_sound", "no"), "video_list[0].keep_original_sound")
    return Asked({"shot": shot, "restyle": film, "strength": EDIT, "keep": keep})


def motion_control(call: Call) -> Asked:
    """A picture that moves as a film does."""
    model = model_of(call, shots.MOTION_MODELS)
    facing = call.choice("character_orientation", MOTION)
    first = picture_of(call, call.fields.get("image_url"), "image_url", free=model.free)
    film = call.desk.media(call, call.fields.get("video_url"), "film", "video_url")
    info = call.desk.info(call.key, film)
    _check_length(info.seconds, 3, MOTION[facing], "video_url", model.free)
    size = size_of(model, first.size[0] / first.size[1], "image_url")
    shot = begun(call, model, words_of(call, default=""), size, min(info.seconds, MOTION["video"]))
    keep = _yes(call.fields.get("keep_original_sound", "yes"), "keep_original_sound")
    return Asked({"shot": _framed(shot, first, None), "motion": film, "keep": keep})


def _check_length(seconds: float, least: float, most: float, name: str, free: bool) -> None:
    if not free and not least - 0.05 <= seconds <= most + 0.05:
        raise Problem("invalid", f"{name} should last {least:g} to {most:g} s, but lasts {seconds:.3g} s", name)


def _yes(value: Any, name: str) -> bool:
    if value not in ("yes", "no"):
        raise Problem("invalid", f"{name} should be yes or no, but was {str(value)[:40]!r}", name)
    return bool(value == "yes")


def _plain(text: str) -> str:
    """A prompt without the marks of what is sent with it."""
    names = {"image": "the picture", "video": "the film", "element": "the subject", "voice": "the voice"}
    return _NAMED.sub(lambda match: names[match[1]], text)


# --- pictures ---------------------------------------------------------------------------------------------------------


def generations(call: Call) -> Asked:
    """Pictures, of words or of another picture."""
    model = model_of(call, shots.PICTURE_MODELS)
    resolution = call.text("resolution", "1k")
    if resolution == "2k":
        raise Problem("invalid", "resolution: 2k cannot be made here yet; 1k can", "resolution")
    if resolution not in RESOLUTIONS and not model.free:
        raise Problem("invalid", f"resolution should be 1k, but was {resolution[:40]!r}", "resolution")
    ratio = shots.ratio_of(call, model, ANY_RATIO)
    if resolution in RESOLUTIONS:
        high = (RESOLUTIONS[resolution] / ratio) ** 0.5
        mode = f"{min(9999, round(high * min(ratio, 1.0)))}p"
    else:
        mode = resolution
    size = size_of(Model(model.name, model.ours, "best", mode, True), ratio, "aspect_ratio")
    shot = begun(call, model, words_of(call), size, 1.0).with_(fps=1.0, quality="best", sound=None)
    work: dict[str, Any] = {"takes": call.whole("n", 1, 1, 9), "suffix": ".png"}
    if (picture := _picture(call, "image", model)) is None:
        return Asked(work | {"shot": shot})
    if call.fields.get("image_reference"):
        call.choice("image_reference", ("subject", "face"))
        return Asked(work | {"shot": _referring(shot, [picture])})
    fidelity = call.number("image_fidelity", 0.5, 0, 1)
    return Asked(work | {"shot": shot, "restyle": picture.media, "strength": fidelity})
