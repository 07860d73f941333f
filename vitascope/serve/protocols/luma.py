"""Luma's Dream Machine (Ray and Photon): `LumaAI(base_url="http://…/luma/dream-machine/v1")`."""

import math
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from vitascope.serve import cost
from vitascope.serve.desk import Desk, invalid
from vitascope.serve.jobs import Job
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, Notice, Protocol, Route, answer, nothing
from vitascope.serve.protocols.luma_concepts import CONCEPTS, MOTIONS, directed
from vitascope.serve.protocols.luma_fields import (
    RESOLUTIONS,
    bare,
    canvas_of,
    concepts_of,
    even,
    expected,
    inside,
    is_list,
    model_of,
    place_on,
    possible,
    seconds_of,
    side_of,
    size_of,
    url_in,
    within,
)
from vitascope.serve.work import Result
from vitascope.shot import edit
from vitascope.shot.media import read_picture
from vitascope.shot.shot import Media, Quality, Shot, ShotError

STATES = {"queued": "queued", "running": "dreaming", "done": "completed", "failed": "failed", "cancelled": "failed"}
RAYS: dict[str, Quality] = {"ray-2": "best", "ray-flash-2": "fast", "ray-1-6": "fast"}
PHOTONS: dict[str, Quality] = {"photon-1": "best", "photon-flash-1": "fast"}
FPS = 24.0
MODES = {  # how much of the film stays
    "adhere_1": 0.9, "adhere_2": 0.8, "adhere_3": 0.7, "flex_1": 0.6, "flex_2": 0.5, "flex_3": 0.4,
    "reimagine_1": 0.3, "reimagine_2": 0.2, "reimagine_3": 0.1,
}  # fmt: skip
SUFFIXES = {"jpg": ".jpg", "png": ".png"}
UNSAID = "a film"  # the text where pictures say it all: a Shot has one
SYNC = 45.0  # seconds that a synchronous call waits: the client gives up after 60
CREDIT = 1_000_000.0  # cents: nothing is charged, so this never falls
TOLD = (  # what the echo of a request has
    "prompt", "negative_prompt", "aspect_ratio", "resolution", "duration", "loop", "keyframes", "concepts", "mode",
    "media", "first_frame", "format", "sync", "sync_timeout", "image_ref", "style_ref", "character_ref",
    "modify_image_ref", "grid_position_x", "grid_position_y", "resized_width", "resized_height", "x_start", "x_end",
    "y_start", "y_end", "callback_url",
)  # fmt: skip
FIELDS = {"text": "prompt", "size": "aspect_ratio", "seconds": "duration", "pins": "keyframes"}  # ours and theirs


# --- videos -----------------------------------------------------------------------------------------------------------


def create(call: Call) -> Response:
    asked = expected(call, "video")
    return _created(call, asked, to_work(call))


def create_older(call: Call) -> Response:
    """As releases before Ray 2 ask, which name no model."""
    call.fields.setdefault("model", "ray-1-6")
    return create(call)


def to_work(call: Call) -> dict[str, Any]:
    """The work of a video: its Shot, and the films that it goes with. Raises Problem."""
    ends, source = _keyframes(call)
    shot = to_shot(call, ends, source)
    work: dict[str, Any] = {"shot": shot}
    for name, role in (("frame0", "extend"), ("frame1", "before")):
        if name in ends and ends[name].kind == "film":
            work[role] = ends[name]
    if call.flag("loop"):
        if "frame1" in ends and ("frame0" in ends or "before" not in work):
            message = "loop: the end cannot lead back to the beginning and to keyframes.frame1 too; leave one out"
            raise Problem("invalid", message, "loop")
        work["loop"] = True
    return work


def to_shot(call: Call, ends: Mapping[str, Media], source: Job | None) -> Shot:
    """The Shot of a video between these ends; of the first that is a finished film it takes what is not said."""
    model, quality, own = model_of(call, RAYS)
    film = None if source is None else source.result("film")
    size = size_of(call, own, None if film is None else film.size)
    fps = FPS if film is None or film.fps is None else film.fps
    text = call.text("prompt", "" if ends else None)
    text = text or (UNSAID if source is None else source.shot.text)
    seconds = seconds_of(call, own)
    shot = call.desk.shot(text=text, model=model, quality=quality, size=size, seconds=seconds, fps=fps)
    shot = call.desk.tuned(call, shot)
    try:
        for name, frame in (("frame0", 0), ("frame1", shot.num_frames - 1)):
            if name in ends and ends[name].kind == "picture":
                shot = edit.pinned(shot, ends[name], frame / fps)
        return directed(shot, concepts_of(call))
    except ShotError as error:
        raise invalid(error) from None


def _keyframes(call: Call) -> tuple[dict[str, Media], Job | None]:
    """The picture or film of each end that is given, and the first generation among them."""
    given = call.fields.get("keyframes") or {}
    if not isinstance(given, Mapping) or not given.keys() <= {"frame0", "frame1"}:
        raise Problem("invalid", "keyframes should have frame0, frame1 or both", "keyframes")
    ends: dict[str, Media] = {}
    source: Job | None = None
    for end, frame in sorted(given.items()):
        name = f"keyframes.{end}"
        if frame is None:
            continue
        if not isinstance(frame, Mapping) or frame.get("type") not in ("image", "generation"):
            raise Problem("invalid", f"{name} should have the type image (with a url) or generation (with an id)", name)
        if frame["type"] == "image":
            ends[end] = call.desk.media(call, frame.get("url"), "picture", f"{name}.url")
        else:
            job, ends[end] = call.desk.result(
                call, bare(frame.get("id"), f"{name}.id"), f"{name}.id", "film", "picture"
            )
            source = source or (job if ends[end].kind == "film" else None)
    return ends, source


def modify(call: Call) -> Response:
    asked = expected(call, "modify_video", required=True)
    model, quality, _ = model_of(call, RAYS)
    strength = MODES[call.choice("mode", MODES)]
    film = call.desk.media(call, url_in(call, "media"), "film", "media.url")
    info = call.desk.info(call.key, film)
    size = possible(within(*info.size), f"media.url: a film of {info.size[0]}x{info.size[1]}")
    fields = {"size": size, "fps": min(60.0, info.fps), "seconds": info.seconds, "model": model, "quality": quality}
    shot = call.desk.tuned(call, call.desk.shot(text=call.text("prompt", UNSAID), **fields))
    shot = _with_first(call, shot)
    return _created(call, asked, {"shot": shot, "restyle": film, "strength": strength, "keep": True})


def _with_first(call: Call, shot: Shot) -> Shot:
    """The Shot with the first frame that is given."""
    if call.fields.get("first_frame") is None:
        return shot
    return edit.pinned(shot, call.desk.media(call, url_in(call, "first_frame"), "picture", "first_frame.url"), 0.0)


def audio(call: Call) -> Response:
    """A new generation: the film of another with sound."""
    asked = expected(call, "add_audio")
    source, film, _ = _source(call)
    sound = {"prompt": call.text("prompt", ""), "negative": call.text("negative_prompt", "")}
    return _created(call, asked, {"shot": _again(source, sound=sound), "task": "sound", "film": film}, source)


def upscale(call: Call) -> Response:
    """A new generation: the film of another, larger."""
    asked = expected(call, "upscale_video")
    source, film, made = _source(call)
    assert made.size is not None and made.fps is not None
    now = min(made.size)
    larger = [name for name, side in RESOLUTIONS.items() if side > now]
    if not larger:
        raise Problem("invalid", f"the film is {made.size[0]}x{made.size[1]}, the largest there is", "resolution")
    side = side_of(call.text("resolution", larger[0]), own=source.said["model"] not in RAYS)
    if side <= now:
        message = f"resolution should be more than the film's {now}p, but was {call.text('resolution')}"
        raise Problem("invalid", message, "resolution")
    size = (even(made.size[0] * side / now), even(made.size[1] * side / now))
    shot = _again(source, size=size, fps=made.fps)
    return _created(call, asked, {"shot": shot, "task": "enlarge", "film": film}, source)


def _source(call: Call) -> tuple[Job, Media, Result]:
    """The finished generation of the path, its film as media and as a result."""
    job, film = call.desk.result(call, bare(call.path["id"]), "id")
    made = job.result("film")
    assert made is not None
    return job, film, made


def _again(source: Job, **changes: Any) -> Shot:
    """What a film was made of, without what has been done with already."""
    try:
        return source.shot.with_(pins=(), tracks=(), spans=(), cues=(), **changes)
    except ShotError as error:
        raise invalid(error) from None


# --- pictures ---------------------------------------------------------------------------------------------------------


def image(call: Call) -> Response:
    """A picture is a Shot of one frame. A synchronous call waits for it; the answer is then what there is."""
    asked = expected(call, "image")
    model, quality, own = model_of(call, PHOTONS)
    work: dict[str, Any] = {"suffix": SUFFIXES[call.choice("format", SUFFIXES, "jpg")]}
    like = None
    if call.fields.get("modify_image_ref") is not None:
        given = inside(call, "modify_image_ref")
        work["strength"] = given.number("weight", 0.5, 0.0, 1.0)
        work["restyle"], like = _picture(call, "modify_image_ref")
    size = size_of(call, own, like, side=1080)
    text = call.text("prompt", None if like is None else UNSAID)
    shot = call.desk.shot(text=text, model=model, quality=quality, size=size, fps=1.0, seconds=1.0)
    work["shot"] = _referring(call, call.desk.tuned(call, shot))
    sync, seconds = call.flag("sync"), call.number("sync_timeout", SYNC, 0.0, 300.0)
    job = _ordered(call, asked, work)
    if sync:
        job = call.desk.wait(job, seconds, cancel=False)
    return answer(from_job(call.desk, job, call.desk.base(call)), 201)


def _picture(call: Call, name: str) -> tuple[Media, tuple[int, int]]:
    """The picture in a field, and its size, within what can be made."""
    picture = call.desk.media(call, url_in(call, name), "picture", f"{name}.url")
    assert picture.data is not None
    high, wide, _ = read_picture(picture.data).shape
    return picture, within(wide, high)


def _referring(call: Call, shot: Shot) -> Shot:
    """The Shot with the pictures it goes by, where its model can take them."""
    roles = cost.card_of(shot.model)[0].roles
    for name in ("image_ref", "style_ref", "character_ref"):
        if not call.fields.get(name):
            continue
        role: edit.Role = "style" if name == "style_ref" else "character"
        if name == "image_ref" or role not in roles:
            message = f"{name}: the model {shot.model!r} takes no such pictures; modify_image_ref takes one to change"
            raise Problem("invalid", message, name)
        for url in _references(call.fields[name], name):
            shot = edit.reference(shot, call.desk.media(call, url, "picture", name), role)
    return shot


def _references(given: Any, name: str) -> list[Any]:
    """The URLs in [{url}] or {identity0: {images: [url]}}."""
    if isinstance(given, Mapping):
        people = [one.get("images") for one in given.values() if isinstance(one, Mapping)]
        urls = [url for images in people if is_list(images) for url in images]
    else:
        urls = [one.get("url") for one in given if isinstance(one, Mapping)] if is_list(given) else []
    if not urls:
        raise Problem("invalid", f"{name} should have at least one url", name)
    return urls


# --- reframing --------------------------------------------------------------------------------------------------------


def reframe_video(call: Call) -> Response:
    asked = expected(call, "reframe_video", required=True)
    model, quality, own = model_of(call, RAYS)
    film = call.desk.media(call, url_in(call, "media"), "film", "media.url")
    info = call.desk.info(call.key, film)
    size = canvas_of(call, own, info.size)
    fields = {"size": size, "fps": min(60.0, info.fps), "seconds": info.seconds, "model": model, "quality": quality}
    shot = call.desk.tuned(call, call.desk.shot(text=call.text("prompt", UNSAID), **fields))
    work = {"shot": _with_first(call, shot), "task": "reframe", "film": film, "place": place_on(call, info.size, size)}
    return _created(call, asked, work)


def reframe_image(call: Call) -> Response:
    asked = expected(call, "reframe_image", required=True)
    model, quality, own = model_of(call, PHOTONS)
    picture, source = _picture(call, "media")
    size = canvas_of(call, own, source)
    fields = {"size": size, "fps": 1.0, "seconds": 1.0, "model": model, "quality": quality}
    shot = call.desk.tuned(call, call.desk.shot(text=call.text("prompt", UNSAID), **fields))
    work = {"shot": shot, "task": "reframe", "film": picture, "place": place_on(call, source, size)}
    return _created(call, asked, work | {"suffix": SUFFIXES[call.choice("format", SUFFIXES, "jpg")]})


# --- a job becomes an answer ------------------------------------------------------------------------------------------


def _ordered(call: Call, asked: str, work: dict[str, Any], source: Job | None = None) -> Job:
    """The work in the queue; of what is done to another generation that one names the model."""
    callback = call.text("callback_url", "") or None
    if callback and not (callback.lower().startswith(("http://", "https://")) and callback.isprintable()):
        raise Problem("invalid", "callback_url should begin with http:// or https://", "callback_url")
    model = call.text("model") if source is None else source.said["model"]
    request = {"generation_type": asked, "model": model}
    request |= {name: _short(call.fields[name]) for name in TOLD if call.fields.get(name) is not None}
    said = {"model": model, "request": request, "base": call.desk.base(call)}
    kind = "image" if asked in ("image", "reframe_image") else "video"
    return call.desk.order(call, work, collection=kind, said=said, callback=callback)


def _created(call: Call, asked: str, work: dict[str, Any], source: Job | None = None) -> Response:
    return answer(from_job(call.desk, _ordered(call, asked, work, source), call.desk.base(call)), 201)


def _short(value: Any, depth: int = 4) -> Any:
    """What was asked as it is echoed: media that came inline are not sent back."""
    if isinstance(value, str):
        return (value if len(value) <= 5000 else value[:60] + "…").encode("utf-8", "replace").decode()
    if depth == 0 or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, Mapping):
        return {_short(name): _short(one, depth - 1) for name, one in list(value.items())[:64]}
    return [_short(one, depth - 1) for one in value[:64]] if is_list(value) else value


def from_job(desk: Desk, job: Job, base: str) -> dict[str, Any]:
    """The Generation of a job, with links below this base."""
    assets = None
    if job.state == "done":
        film, picture = job.result("film"), job.result("picture", "thumbnail")
        urls = {"video": film, "image": picture, "progress_video": None}
        assets = {name: None if found is None else desk.link(base, job, found) for name, found in urls.items()}
    reasons = {"failed": job.message or "the generation failed", "cancelled": "cancelled"}
    return {
        "id": str(uuid.UUID(job.id)),
        "generation_type": job.collection,
        "state": STATES[job.state],
        "failure_reason": reasons.get(job.state),
        "created_at": datetime.fromtimestamp(job.created, UTC).isoformat().replace("+00:00", "Z"),
        "model": job.said["model"],
        "assets": assets,
        "request": job.said["request"],
    }


def get(call: Call) -> Response:
    return answer(from_job(call.desk, _find(call), call.desk.base(call)))


def list_(call: Call) -> Response:
    limit, offset = (_counted(call, *given) for given in (("limit", 10, 1, 100), ("offset", 0, 0, 10**9)))
    found = call.desk.jobs.page(call.key.id, "luma", limit=limit + 1, offset=offset)
    told = [from_job(call.desk, job, call.desk.base(call)) for job in found[:limit]]
    ends = {"count": len(told), "limit": limit, "offset": offset, "has_more": len(found) > limit}
    return answer({"generations": told, **ends})


def _counted(call: Call, name: str, default: int, least: int, most: int) -> int:
    given = call.query.get(name, str(default))
    if not (given.isascii() and given.isdecimal() and len(given) <= 10 and least <= int(given) <= most):
        raise Problem("invalid", f"{name} should be {least} to {most}, but was {given[:40]!r}", name)
    return int(given)


def delete(call: Call) -> Response:
    """Also of one that waits or runs, which ends then."""
    call.desk.jobs.delete(_find(call).id)
    return nothing()


def _find(call: Call) -> Job:
    job = call.desk.jobs.get(bare(call.path["id"]), key=call.key.id, protocol="luma")
    if job is None:
        raise Problem("not_found", f"there is no generation {call.path['id'][:80]!r}", "id")
    return job


def error(problem: Problem, request_id: str) -> dict[str, Any]:
    """A Problem in their form, with their names of fields."""
    ours = next((name for name in FIELDS if re.match(rf"{name}\b", problem.message)), None)
    return {"detail": problem.message if ours is None else FIELDS[ours] + problem.message[len(ours) :]}


def notice(desk: Desk, job: Job) -> Notice | None:
    """The Generation itself, when it is begun and when it has ended."""
    if job.callback is None or job.state not in ("running", "done", "failed"):
        return None
    return Notice(job.callback, from_job(desk, job, job.said["base"]))


PROTOCOL = Protocol(
    name="luma",
    prefix="/luma/dream-machine/v1",
    routes=(
        Route("POST", "/generations", create_older),
        Route("GET", "/generations", list_),
        Route("POST", "/generations/video", create),
        Route("POST", "/generations/video/modify", modify),
        Route("POST", "/generations/video/reframe", reframe_video),
        Route("POST", "/generations/image", image),
        Route("POST", "/generations/image/reframe", reframe_image),
        Route("GET", "/generations/concepts/list", lambda call: answer(list(CONCEPTS))),
        Route("GET", "/generations/camera_motion/list", lambda call: answer(list(MOTIONS))),
        Route("GET", "/generations/{id}", get),
        Route("DELETE", "/generations/{id}", delete),
        Route("POST", "/generations/{id}/audio", audio),
        Route("POST", "/generations/{id}/upscale", upscale),
        Route("GET", "/credits", lambda call: answer({"credit_balance": CREDIT})),
        Route("GET", "/ping", lambda call: answer({"message": "pong"})),
    ),
    error=error,
    notice=notice,
)
