"""OpenAI's videos (Sora), with images and models: `OpenAI(base_url="http://…/openai/v1")`."""

import base64
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from vitascope.model.card import models
from vitascope.serve.desk import Desk
from vitascope.serve.jobs import Job
from vitascope.serve.problem import Kind, Problem
from vitascope.serve.protocol import Call, Notice, Protocol, Route, answer
from vitascope.shot import edit
from vitascope.shot.shot import Media, Quality, Shot

STATUS = {"queued": "queued", "running": "in_progress", "done": "completed", "failed": "failed", "cancelled": "failed"}
MODELS: dict[str, Quality] = {
    "sora-2": "fast", "sora-2-2025-10-06": "fast", "sora-2-2025-12-08": "fast",
    "sora-2-pro": "best", "sora-2-pro-2025-10-06": "best",
}  # fmt: skip
SIZES = ("720x1280", "1280x720")
PRO_SIZES = (*SIZES, "1024x1792", "1792x1024")
SECONDS = ("4", "8", "12")
ADDED = ("4", "8", "12", "16", "20")  # by an extension
FPS = 24.0
REMIX = 0.4  # how much of a film stays in a remix, …
EDIT = 0.6  # … and in an edit
ROLES = {"video": "film", "thumbnail": "thumbnail", "spritesheet": "sheet"}
ERRORS: dict[Kind, tuple[str, str | None]] = {  # type and code
    "invalid": ("invalid_request_error", "invalid_value"),
    "missing_field": ("invalid_request_error", "missing_required_parameter"),
    "malformed": ("invalid_request_error", "invalid_body"),
    "model": ("invalid_request_error", "model_not_found"),
    "no_key": ("invalid_request_error", "invalid_api_key"),
    "bad_key": ("invalid_request_error", "invalid_api_key"),
    "forbidden": ("invalid_request_error", "forbidden"),
    "not_found": ("invalid_request_error", "not_found"),
    "path": ("invalid_request_error", "not_found"),
    "method": ("invalid_request_error", "method_not_allowed"),
    "not_ready": ("invalid_request_error", "video_not_ready"),
    "failed": ("invalid_request_error", "video_generation_failed"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "type": ("invalid_request_error", "unsupported_media_type"),
    "rate": ("rate_limit_error", "rate_limit_exceeded"),
    "full": ("rate_limit_error", "rate_limit_exceeded"),
    "busy": ("rate_limit_error", "rate_limit_exceeded"),
    "internal": ("server_error", None),
}


# --- a request becomes work -------------------------------------------------------------------------------------------


def to_shot(call: Call) -> Shot:
    """The Shot of a create call. Raises Problem."""
    name = call.text("model", "sora-2")
    model, quality = call.desk.model(name, MODELS)
    sizes = PRO_SIZES if name.startswith("sora-2-pro") else SIZES
    size = _size(call, sizes if name in MODELS else ())
    seconds = _seconds(call, "4", SECONDS if name in MODELS else ())
    shot = call.desk.shot(text=call.text("prompt"), model=model, quality=quality, size=size, seconds=seconds, fps=FPS)
    shot = call.desk.tuned(call, shot)
    if (given := _reference(call, call.fields.get("input_reference"))) is not None:
        shot = edit.pinned(shot, given, 0.0)
    return shot


def _size(call: Call, allowed: tuple[str, ...]) -> tuple[int, int]:
    """The picture's size: one of those of a model of theirs, any of ours."""
    given = call.text("size", "720x1280")
    width, _, height = given.partition("x")
    if (allowed and given not in allowed) or not (width.isdecimal() and height.isdecimal() and len(given) <= 9):
        told = ", ".join(allowed) or "WIDTHxHEIGHT in pixels"
        raise Problem("invalid", f"size should be {told}, but was {given[:40]!r}", "size")
    return int(width), int(height)


def _seconds(call: Call, default: str, allowed: tuple[str, ...]) -> float:
    given = call.fields.get("seconds", default)
    if allowed and str(given) not in allowed:
        raise Problem("invalid", f"seconds should be {', '.join(allowed)}, but was {str(given)[:40]!r}", "seconds")
    return call.number("seconds", float(default), 0.1, 120)


def _reference(call: Call, given: Any) -> Media | None:
    """The first frame, from a file part, or an object with image_url or file_id."""
    if given is None or given == "":
        return None
    if isinstance(given, Mapping):
        if "file_id" in given:
            raise Problem(
                "invalid", "input_reference.file_id: this server keeps no files; send the picture", "input_reference"
            )
        given = given.get("image_url")
    return call.desk.media(call, given, "picture", "input_reference")


def _source(call: Call) -> tuple[Job | None, Media]:
    """The film to be edited or extended: a finished video by its id, or a file."""
    given = call.fields.get("video")
    if isinstance(given, Mapping):
        id = given.get("id")
        if not isinstance(id, str):
            raise Problem("invalid", "video.id should be the id of a video", "video")
        return call.desk.result(call, _bare(id), "video")
    if given is None:
        raise Problem("missing_field", "video is missing; it should be a file or the id of a video", "video")
    return None, call.desk.media(call, given, "film", "video")


def create(call: Call) -> Response:
    shot = to_shot(call)
    said = {"model": call.text("model", "sora-2"), "characters": _characters(call, shot)}
    return answer(from_job(_order(call, {"shot": shot}, said)))


def remix(call: Call) -> Response:
    source, film = call.desk.result(call, _bare(call.path["id"]), "video_id")
    shot = source.shot.with_(text=call.text("prompt"), pins=(), tracks=())
    said = {"model": source.said["model"], "remixed": call.path["id"]}
    return answer(from_job(_order(call, {"shot": shot, "restyle": film, "strength": REMIX}, said)))


def edits(call: Call) -> Response:
    source, film = _source(call)
    shot = _like(call, source, film)
    said = {"model": _model(call, source)}
    return answer(from_job(_order(call, {"shot": shot, "restyle": film, "strength": EDIT}, said)))


def extensions(call: Call) -> Response:
    if call.fields.get("seconds") is None:
        raise Problem("missing_field", "seconds is missing; it should be the length of what is added", "seconds")
    source, film = _source(call)
    shot = _like(call, source, film)
    seconds = _seconds(call, "4", ADDED if _model(call, source) in MODELS else ())
    said = {"model": _model(call, source), "before": call.desk.info(call.key, film).seconds}
    return answer(from_job(_order(call, {"shot": shot.with_(seconds=seconds), "extend": film}, said)))


def _model(call: Call, source: Job | None) -> str:
    return call.text("model", "sora-2" if source is None else source.said["model"])


def _like(call: Call, source: Job | None, film: Media) -> Shot:
    """A Shot of the call's prompt, at the size and rate of the film that it goes with."""
    model, quality = call.desk.model(_model(call, source), MODELS)
    info = call.desk.info(call.key, film)
    fields = {"size": info.size, "fps": info.fps, "seconds": info.seconds, "model": model, "quality": quality}
    return call.desk.tuned(call, call.desk.shot(text=call.text("prompt"), **fields))


def _order(call: Call, work: dict[str, Any], said: dict[str, Any]) -> Job:
    return call.desk.order(call, work, collection="video", said=said)


# --- characters -------------------------------------------------------------------------------------------------------


def create_character(call: Call) -> Response:
    name = call.text("name")
    _, film = _source(call)
    note = call.desk.note("openai", call.key.id, "character", {"name": name, "film": film.sha256})
    return answer(_character(note.id, note.created, name))


def get_character(call: Call) -> Response:
    note = call.desk.noted("openai", call.path["id"].removeprefix("char_"), "character", call.key.id)
    if note is None:
        raise Problem("not_found", f"there is no character {call.path['id'][:80]!r}", "character_id")
    return answer(_character(note.id, note.created, note.data["name"]))


def _character(id: str, created: float, name: str) -> dict[str, Any]:
    return {"id": f"char_{id}", "object": "character", "created_at": int(created), "name": name}


def _characters(call: Call, shot: Shot) -> list[str]:
    """The characters that are named in the prompt, as @name; the model must know how to take them."""
    known = {note.data["name"]: note.id for note in call.desk.all_noted("openai", "character", call.key.id)}
    named = [id for name, id in known.items() if f"@{name}" in shot.text]
    if named:
        raise Problem("invalid", f"prompt: the model {shot.model!r} takes no characters yet", "prompt")
    return named


# --- a job becomes an answer ------------------------------------------------------------------------------------------


def from_job(job: Job) -> dict[str, Any]:
    """The Video of a job."""
    shot = job.shot
    failed = {"failed": (job.code or "video_generation_failed", job.message), "cancelled": ("cancelled", "cancelled")}
    error = failed.get(job.state)
    return {
        "id": f"video_{job.id}",
        "object": "video",
        "created_at": int(job.created),
        "completed_at": int(job.ended) if job.state == "done" and job.ended else None,
        "expires_at": int(job.expires) if job.expires else None,
        "status": STATUS[job.state],
        "progress": 100 if job.state == "done" else min(99, int(100 * job.share)),
        "model": job.said["model"],
        "seconds": f"{shot.seconds + job.said.get('before', 0.0):g}",
        "size": f"{shot.size[0]}x{shot.size[1]}",
        "prompt": shot.text,
        "remixed_from_video_id": job.said.get("remixed"),
        "error": None if error is None else {"code": error[0], "message": error[1]},
    }


def retrieve(call: Call) -> Response:
    return answer(from_job(_find(call)), headers={"openai-poll-after-ms": "500"})


def list_(call: Call) -> Response:
    order, after = call.query.get("order", "desc"), call.query.get("after")
    limit = call.query.get("limit", "20")
    if order not in ("asc", "desc"):
        raise Problem("invalid", f"order should be asc or desc, but was {order[:40]!r}", "order")
    if not (limit.isdecimal() and 1 <= int(limit) <= 100):
        raise Problem("invalid", f"limit should be 1 to 100, but was {limit[:40]!r}", "limit")
    found = call.desk.jobs.page(
        *(call.key.id, "openai"),
        collections=("video",),
        limit=int(limit) + 1,
        after=None if after is None else _bare(after),
        oldest_first=order == "asc",
    )
    data = [from_job(job) for job in found[: int(limit)]]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return answer({"object": "list", "data": data, **ends, "has_more": len(found) > int(limit)})


def delete(call: Call) -> Response:
    job = _find(call)
    call.desk.jobs.delete(job.id)
    return answer({"id": f"video_{job.id}", "object": "video.deleted", "deleted": True})


def content(call: Call) -> Response:
    variant = call.query.get("variant", "video")
    if variant not in ROLES:
        raise Problem("invalid", f"variant should be {', '.join(ROLES)}, but was {variant[:40]!r}", "variant")
    job = _find(call)
    if job.state in ("queued", "running"):
        raise Problem("not_ready", f"the video is {STATUS[job.state]}; ask again when it is completed", "id")
    result = job.result(ROLES[variant])
    if result is None:
        raise Problem("failed", job.message or "the video failed", "id", code=job.code)
    return call.desk.content(job, result, call.header("range"))


def _find(call: Call) -> Job:
    return call.desk.job(call, _bare(call.path["id"]), "video")


def _bare(id: str) -> str:
    return id.removeprefix("video_")


# --- models and images ------------------------------------------------------------------------------------------------


def list_models(call: Call) -> Response:
    return answer({"object": "list", "data": [_model_card(name) for name in (*MODELS, *models())]})


def get_model(call: Call) -> Response:
    if call.path["id"] not in (*MODELS, *models()):
        raise Problem("not_found", f"there is no model {call.path['id'][:80]!r}", "model", code="model_not_found")
    return answer(_model_card(call.path["id"]))


def _model_card(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "vitascope"}


def images(call: Call) -> Response:
    """A picture is a Shot of one frame; the call waits for it, as the client expects."""
    model, quality = call.desk.model(call.fields.get("model") or None, {"gpt-image-1": "best", "dall-e-3": "best"})
    size = (512, 512) if call.text("size", "auto") == "auto" else _size(call, ())
    kind = call.choice("output_format", ("png", "jpeg", "webp"), "png")
    shot = call.desk.shot(text=call.text("prompt"), model=model, quality=quality, size=size, fps=1.0, seconds=1.0)
    suffix = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}[kind]
    work = {"shot": call.desk.tuned(call, shot), "takes": call.whole("n", 1, 1, 4), "suffix": suffix}
    job = call.desk.wait(call.desk.order(call, work, collection="image", said={"model": model}))
    if job.state != "done":
        raise Problem("failed", job.message or "the picture could not be made", code=job.code)
    pictures = [result for result in job.results if result.role == "picture"]
    data = [base64.b64encode(call.desk.storage.get(f"{job.folder}/{result.name}")).decode() for result in pictures]
    return answer({"created": int(job.created), "output_format": kind, "data": [{"b64_json": one} for one in data]})


# --- errors and events ------------------------------------------------------------------------------------------------


def error(problem: Problem, request_id: str) -> dict[str, Any]:
    kind, code = ERRORS[problem.kind]
    told = {"message": problem.message, "type": kind, "param": problem.field, "code": problem.code or code}
    return {"error": told}


def notice(desk: Desk, job: Job) -> Notice | None:
    """An event for the receiver that the operator has set up."""
    kinds = {"done": "video.completed", "failed": "video.failed"}
    if not desk.settings.webhook_url or job.state not in kinds or job.collection != "video":
        return None
    body = {
        "id": f"evt_{job.id}",
        "object": "event",
        "created_at": int(job.ended or job.created),
        "type": kinds[job.state],
        "data": {"id": f"video_{job.id}"},
    }
    return Notice(desk.settings.webhook_url, body, signed=True)


PROTOCOL = Protocol(
    name="openai",
    prefix="/openai/v1",
    routes=(
        Route("POST", "/videos", create),
        Route("GET", "/videos", list_),
        Route("POST", "/videos/edits", edits),
        Route("POST", "/videos/extensions", extensions),
        Route("POST", "/videos/characters", create_character),
        Route("GET", "/videos/characters/{id}", get_character),
        Route("GET", "/videos/{id}", retrieve),
        Route("DELETE", "/videos/{id}", delete),
        Route("GET", "/videos/{id}/content", content),
        Route("POST", "/videos/{id}/remix", remix),
        Route("GET", "/models", list_models),
        Route("GET", "/models/{id}", get_model),
        Route("POST", "/images/generations", images),
    ),
    error=error,
    notice=notice,
)
