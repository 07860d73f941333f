"""Kling's documented API: `http://…/kling/v1/videos/text2video` with a JWT or the plain key as its bearer."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from vitascope.model.card import models
from vitascope.serve.desk import Desk, invalid
from vitascope.serve.jobs import Job
from vitascope.serve.problem import Kind, Problem
from vitascope.serve.protocol import Call, Notice, Protocol, Route, answer
from vitascope.serve.protocols import kling_sound, kling_video
from vitascope.serve.protocols.kling_auth import secret
from vitascope.serve.protocols.kling_shot import Asked
from vitascope.serve.work import Result
from vitascope.shot.shot import Media, ShotError

STATES = {
    "queued": "submitted", "running": "processing", "done": "succeed", "failed": "failed", "cancelled": "failed",
}  # fmt: skip
PAGES, PAGE = 1000, 500  # at most
PAGE_USUAL = 30
SPEAKS = 120.0  # seconds within which speech is there
ERRORS: dict[Kind, int] = {
    "no_key": 1001, "bad_key": 1000, "forbidden": 1103, "malformed": 1200, "too_large": 1200, "type": 1200,
    "invalid": 1201, "missing_field": 1201, "not_ready": 1201, "failed": 1201, "method": 1202, "not_found": 1203,
    "model": 1203, "path": 1203, "rate": 1302, "full": 1303, "busy": 1303, "internal": 5000,
}  # fmt: skip
# Our names of fields with which a message may begin, and theirs.
NAMES = {
    "text": "prompt", "negative": "negative_prompt", "seconds": "duration", "model": "model_name",
    "size": "mode and shape", "pins.role": "pictures to go by", "pins": "pictures", "sound.prompt": "prompt",
    "film": "video_url", "fps": "fps", "sound": "sound",
}  # fmt: skip
_APART = uuid.uuid5(uuid.NAMESPACE_URL, "kling's videos").int  # between the ids of tasks and of their videos


# --- a request becomes a task -----------------------------------------------------------------------------------------


def ordered(call: Call, kind: str, asked: Asked) -> Job:
    """The task of this kind in the queue, with the client's own id for it and whom to call back."""
    external, callback = call.text("external_task_id", ""), call.text("callback_url", "")
    if callback and not callback.startswith(("http://", "https://")):
        raise Problem("invalid", "callback_url should begin with https:// or http://", "callback_url")
    if len(external) > 200:
        raise Problem("invalid", "external_task_id should have at most 200 characters", "external_task_id")
    try:
        return call.desk.order(
            call,
            asked.work,
            collection=kind,
            said=asked.said | {"base": call.desk.base(call), "free": _is_free(call, asked)},
            external=external or None,
            callback=callback or None,
        )
    except Problem as problem:
        if problem.code == "taken":
            message = f"external_task_id should be new for each task, but {external[:80]!r} is another's"
            raise Problem("invalid", message, "external_task_id") from None
        raise


def _is_free(call: Call, asked: Asked) -> bool:
    """Whether it was asked of a model of ours, which is bound to no list of Kling's."""
    return bool(asked.said.get("free")) or call.fields.get("model_name") in models()


def _creates(kind: str, asks: Callable[[Call], Asked]) -> Callable[[Call], Response]:
    def create(call: Call) -> Response:
        try:
            asked = asks(call)
        except ShotError as error:
            raise invalid(error) from None
        return _told(call, from_new(ordered(call, kind, asked)))

    return create


def video_extend(call: Call) -> Asked:
    video_id = call.text("video_id")
    job, film = _video(call, video_id)
    return kling_video.video_extend(call, job, film, video_id)


def video_to_audio(call: Call) -> Asked:
    given = [name for name in ("video_id", "video_url") if call.fields.get(name)]
    if len(given) != 1:
        raise Problem("invalid", "video_id or video_url should be given, not both or none", "video_id")
    return kling_sound.video_to_audio(call, _video(call, call.text("video_id"))[1] if given == ["video_id"] else None)


def tts(call: Call) -> Response:
    """Speech; the answer waits until it is there."""
    job = call.desk.wait(ordered(call, "audio/tts", kling_sound.tts(call)), SPEAKS)
    return _told(call, from_job(call.desk, call.desk.base(call), job))


def _video(call: Call, video_id: str) -> tuple[Job, Media]:
    """The task that made a video, and the video. Raises Problem."""
    try:
        id = f"{uuid.UUID(video_id).int ^ _APART:032x}" if "-" in video_id else ""
    except ValueError:
        id = ""
    if not id or call.desk.jobs.get(id, key=call.key.id, protocol="kling") is None:
        message = f"video_id: there is no video {video_id[:80]!r}; it is the id in a task's result, not the task's"
        raise Problem("not_found", message, "video_id")
    return call.desk.result(call, id, "video_id")


def video_id_of(job: Job) -> str:
    """A task's video has an id of its own."""
    return str(uuid.UUID(int=int(job.id, 16) ^ _APART))


# --- a task becomes an answer -----------------------------------------------------------------------------------------


def _told(call: Call, data: Any) -> Response:
    return answer({"code": 0, "message": "SUCCEED", "request_id": call.request.state.request_id, "data": data})


def from_new(job: Job) -> dict[str, Any]:
    """What is told of a task when it has been created."""
    return {
        "task_id": job.id,
        "task_status": STATES[job.state],
        "task_info": {"external_task_id": job.external} if job.external else {},
        "created_at": int(1000 * job.created),
        "updated_at": int(1000 * (job.ended or job.started or job.created)),
    }


def from_job(desk: Desk, base: str, job: Job) -> dict[str, Any]:
    """What is told of a task whenever it is asked for, and its state called back. `base` is the server's URL."""
    data = from_new(job)
    if (parent := job.said.get("parent")) is not None:
        data["task_info"]["parent_video"] = _parent(desk, base, job, parent)
    message = (job.message or "it could not be made") if data["task_status"] == "failed" else ""
    return data | {
        "task_status_msg": message,
        "task_result": _result(desk, base, job) if job.state == "done" else {},
        "final_unit_deduction": "0",
        "watermark_info": {"enabled": False},
    }


def _parent(desk: Desk, base: str, job: Job, parent: Mapping[str, Any]) -> dict[str, Any]:
    """The video that a task has extended; without a URL where it has expired."""
    source = desk.jobs.get(parent["job"], key=job.key, protocol="kling")
    film = None if source is None else source.result("film")
    url = "" if source is None or film is None else desk.link(base, source, film)
    return {"id": parent["id"], "url": url, "duration": _seconds(parent["duration"])}


def _result(desk: Desk, base: str, job: Job) -> dict[str, Any]:
    """The files of a finished task, by kind."""
    told: dict[str, Any] = {}
    films, pictures, sounds = (
        [result for result in job.results if result.role == role] for role in ("film", "picture", "sound")
    )
    if films:
        told["videos"] = [
            {"id": video_id_of(job), "url": desk.link(base, job, film), "duration": _seconds(film.seconds)}
            for film in films[:1]
        ]
    if pictures:
        told["images"] = [
            {"index": index, "url": desk.link(base, job, picture)} for index, picture in enumerate(pictures)
        ]
    if sounds:
        told["audios"] = [_audio(desk, base, job, sounds)]
    return told


def _audio(desk: Desk, base: str, job: Job, sounds: list[Result]) -> dict[str, Any]:
    told = {"id": str(uuid.uuid5(uuid.UUID(job.id), "audio"))}
    if job.collection == "audio/tts":
        return told | {"url": desk.link(base, job, sounds[0]), "duration": _seconds(sounds[0].seconds)}
    for sound in sounds:
        suffix = sound.name.rpartition(".")[2]
        told |= {f"url_{suffix}": desk.link(base, job, sound), f"duration_{suffix}": _seconds(sound.seconds)}
    return told


def _seconds(seconds: float | None) -> str:
    return f"{round(seconds or 0.0, 3):g}"


def _gets(kind: str) -> Callable[[Call], Response]:
    def get(call: Call) -> Response:
        named = call.path["id"]
        job = call.desk.jobs.get(named, key=call.key.id, protocol="kling")
        job = job or call.desk.jobs.by_external(named, key=call.key.id, protocol="kling")
        if job is None or job.collection != kind:
            raise Problem("not_found", f"there is no task {named[:80]!r} of this kind", "task_id")
        return _told(call, from_job(call.desk, call.desk.base(call), job))

    return get


def _lists(kind: str) -> Callable[[Call], Response]:
    def list_(call: Call) -> Response:
        page, size = _page(call, "pageNum", 1, PAGES), _page(call, "pageSize", PAGE_USUAL, PAGE)
        found = call.desk.jobs.page(*(call.key.id, "kling"), collections=(kind,), limit=size, offset=(page - 1) * size)
        return _told(call, [from_job(call.desk, call.desk.base(call), job) for job in found])

    return list_


def _page(call: Call, name: str, usual: int, most: int) -> int:
    given = call.query.get(name) or str(usual)
    if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= most):
        raise Problem("invalid", f"{name} should be 1 to {most}, but was {given[:40]!r}", name)
    return int(given)


def costs(call: Call) -> Response:
    """What the account has bought: nothing is sold here."""
    times = []
    for name in ("start_time", "end_time"):
        given = call.query.get(name, "")
        if not (given.isascii() and given.isdigit() and len(given) <= 15):
            raise Problem("invalid", f"{name} should be milliseconds since 1970, but was {given[:40]!r}", name)
        times.append(int(given))
    if times[1] < times[0]:
        raise Problem("invalid", "end_time should not be before start_time", "end_time")
    return _told(call, {"code": 0, "msg": "SUCCEED", "resource_pack_subscribe_infos": []})


# --- errors and calls back --------------------------------------------------------------------------------------------


def error(problem: Problem, request_id: str) -> dict[str, Any]:
    """The envelope without data. What our values call a field is told by Kling's name."""
    code = int(problem.code) if problem.code and problem.code.isdigit() else ERRORS[problem.kind]
    message, name = problem.message, problem.field or ""
    if name in NAMES and message.startswith(name):
        message = NAMES[name] + message.removeprefix(name)
    return {"code": code, "message": message, "request_id": request_id}


def notice(desk: Desk, job: Job) -> Notice | None:
    """The task as it is now, to the callback_url that came with it."""
    return Notice(job.callback, from_job(desk, job.said["base"], job)) if job.callback else None


KINDS: dict[str, Callable[[Call], Asked]] = {
    "videos/text2video": kling_video.text2video,
    "videos/image2video": kling_video.image2video,
    "videos/multi-image2video": kling_video.multi_image2video,
    "videos/omni-video": kling_video.omni_video,
    "videos/video-extend": video_extend,
    "videos/motion-control": kling_video.motion_control,
    "audio/text-to-audio": kling_sound.text_to_audio,
    "audio/video-to-audio": video_to_audio,
    "images/generations": kling_video.generations,
}

PROTOCOL = Protocol(
    name="kling",
    prefix="/kling",
    routes=(
        *(Route("POST", f"/v1/{kind}", _creates(kind, asks)) for kind, asks in KINDS.items()),
        Route("POST", "/v1/audio/tts", tts),
        *(Route("GET", f"/v1/{kind}", _lists(kind)) for kind in (*KINDS, "audio/tts")),
        *(Route("GET", f"/v1/{kind}/{{id}}", _gets(kind)) for kind in (*KINDS, "audio/tts")),
        Route("GET", "/account/costs", costs),
    ),
    error=error,
    secret=secret,
    notice=notice,
    statuses={"method": 404, "model": 404, "type": 400},
)
