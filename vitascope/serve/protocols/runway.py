"""Runway's API: `RunwayML(base_url="http://…/runway")`. Tasks, uploads, the organization, errors; the endpoints that
make something are in runway_video and runway_media."""

import datetime
import hmac
import re
import secrets
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from vitascope.serve.jobs import Job
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, Protocol, Route, Upload, answer, nothing
from vitascope.serve.protocols import runway_media as media
from vitascope.serve.protocols import runway_video as video
from vitascope.serve.protocols.runway_fields import UPLOAD
from vitascope.serve.protocols.runway_models import EDITS, IMAGES, VIDEO
from vitascope.serve.settings import DAY

VERSION = "2024-11-06"
DOCS = "https://docs.dev.runwayml.com/api"  # of the form that requests should have
FAILURES = {"media": "ASSET.INVALID", "refused": "INPUT_PREPROCESSING.REFUSED"}
OURS = {  # fields of ours that are named in errors, and theirs
    "size": "ratio", "text": "promptText", "seconds": "duration", "negative": "negativePrompt", "pins": "promptImage",
    "spans": "providerSettings.multiPrompt", "sound": "audio", "fps": "targetFramerate", "film": "videoUri",
    "extend": "videoUri", "restyle": "videoUri", "retake": "keyframes", "motion": "videoUri", "guidance": "cfgScale",
}  # fmt: skip
CANNOT = {
    "character_performance": "this server does not act a performance out (act_two)",
    "video_to_hdr": "this server writes no HDR",
    "text_to_speech": "this server reads nothing out by itself",
    "speech_to_speech": "this server changes no voices",
    "voice_dubbing": "this server dubs no speech",
    "voice_isolation": "this server cannot tell speech from other sound",
}
_PART = re.compile(r"[^.\[\]]+")


def versioned(answers: Callable[[Call], Response]) -> Callable[[Call], Response]:
    """The same for requests of the API's version that is known. Raises Problem for others."""

    def checked(call: Call) -> Response:
        if (given := call.header("x-runway-version")) != VERSION:
            told = "is missing" if given is None else f"was {given[:40]!r}"
            raise Problem("malformed", f"the header X-Runway-Version should be {VERSION}, but {told}")
        return answers(call)

    return checked


# --- tasks ------------------------------------------------------------------------------------------------------------


def retrieve(call: Call) -> Response:
    return answer(from_job(call, _task(call)))


def delete(call: Call) -> Response:
    """Cancel a task that has not ended; forget one that has."""
    call.desk.jobs.delete(_task(call).id)
    return nothing()


def from_job(call: Call, job: Job) -> dict[str, Any]:
    """The task of a job."""
    created = datetime.datetime.fromtimestamp(job.created, datetime.UTC).isoformat(timespec="milliseconds")
    told: dict[str, Any] = {"id": str(uuid.UUID(job.id)), "createdAt": created.replace("+00:00", "Z")}
    free = {"credits": 0}
    if job.state == "queued":
        busy = call.desk.jobs.running(job.key) >= call.key.tier.running
        return told | {"status": "THROTTLED" if busy else "PENDING", "estimatedCost": free}
    if job.state == "running":
        return told | {"status": "RUNNING", "progress": round(job.share, 3), "estimatedCost": free}
    if job.state == "done":
        base = call.desk.base(call)
        made = [result for result in job.results if result.role in ("film", "picture", "sound")]
        return told | {"status": "SUCCEEDED", "output": [call.desk.link(base, job, one) for one in made], "cost": free}
    code = FAILURES.get(job.code or "", "INTERNAL")
    failure = job.message or "it could not be made"
    return told | {"status": "FAILED", "failure": failure, "failureCode": code, "cost": free}


def _task(call: Call) -> Job:
    """The task of the path. Raises Problem for one that is unknown, another key's, or cancelled."""
    given = call.path["id"]
    try:
        id = uuid.UUID(given).hex
    except ValueError:
        id = ""
    job = call.desk.jobs.get(id, key=call.key.id, protocol="runway") if id else None
    if job is None or job.state == "cancelled" or job.asked_to_stop:  # their client would poll it for ever
        raise Problem("not_found", f"there is no task {given[:80]!r}", "id")
    return job


# --- uploads ----------------------------------------------------------------------------------------------------------


def begin_upload(call: Call) -> Response:
    """Where a file may be sent, without the key, and the URI by which it is known afterwards."""
    if call.text("type", "ephemeral") != "ephemeral":
        raise Problem("invalid", "type should be ephemeral", "type")
    token = secrets.token_urlsafe(32)
    data = {"filename": call.text("filename")[:255], "token": token}
    note = call.desk.note("runway", call.key.id, "upload", data, lasts=DAY)
    url = f"{call.desk.base(call)}{call.protocol.prefix}/uploads/{note.id}"
    return answer({"runwayUri": UPLOAD + note.id, "uploadUrl": url, "fields": {"token": token}})


def upload(call: Call) -> Response:
    """The file of an upload that has begun; its token is what allows it."""
    note = call.desk.noted("runway", call.path["id"], "upload")
    token = call.text("token", "")
    if note is None or not hmac.compare_digest(note.data["token"].encode(), token.encode("utf-8", "replace")):
        raise Problem("forbidden", "this upload is unknown or has expired, or its token is not right", "token")
    file, key = call.fields.get("file"), call.desk.keys.get(note.key)
    if not isinstance(file, Upload):
        raise Problem("missing_field", "file is missing; it should be the form's last part", "file")
    if key is None:
        raise Problem("bad_key", "the key that began this upload has been revoked")
    found = call.desk.media(replace(call, key_or_none=key), file, None, "file")
    data = note.data | {"sha256": found.sha256, "kind": found.kind}
    lasts = (note.expires or 0.0) - time.time()
    call.desk.note("runway", note.key, "upload", data, lasts=lasts, id=note.id)
    return nothing()


# --- the organization -------------------------------------------------------------------------------------------------


def organization(call: Call) -> Response:
    """Nothing costs credits here; what limits is how many tasks run at once."""
    limits = {"maxConcurrentGenerations": call.key.tier.running, "maxDailyGenerations": None}
    names = sorted({*VIDEO, *EDITS, *IMAGES, *media.UPSCALERS, *media.SMOOTHER, *media.SOUND_MODELS})
    now = time.time()
    used = Counter(said.get("model", "") for _, said in call.desk.jobs.said(call.key.id, "runway", now - DAY, now))
    tier = {"maxMonthlyCreditSpend": 0, "models": dict.fromkeys(names, limits)}
    usage = {"models": {name: {"dailyGenerations": used[name]} for name in sorted({*names, *used})}}
    return answer({"creditBalance": 0, "tier": tier, "usage": usage})


def usage(call: Call) -> Response:
    """Which models were used on which days; each cost nothing."""
    today = datetime.datetime.now(datetime.UTC).date()
    start = _date(call, "startDate", today - datetime.timedelta(days=30))
    before = _date(call, "beforeDate", start + datetime.timedelta(days=30))
    if not 0 < (before - start).days <= 90:
        raise Problem("invalid", "beforeDate should be 1 to 90 days after startDate", "beforeDate")
    times = [datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp() for day in (start, before)]
    days: dict[str, set[str]] = {}
    for created, said in call.desk.jobs.said(call.key.id, "runway", times[0], times[1]):
        day = datetime.datetime.fromtimestamp(created, datetime.UTC).date().isoformat()
        days.setdefault(day, set()).add(said.get("model", ""))
    results = [
        {"date": day, "usedCredits": [{"model": name, "amount": 0} for name in sorted(names)]}
        for day, names in sorted(days.items())
    ]
    return answer({"models": sorted(set().union(*days.values())), "results": results})


def _date(call: Call, name: str, usual: datetime.date) -> datetime.date:
    try:
        return datetime.date.fromisoformat(call.text(name, usual.isoformat())[:10])
    except ValueError:
        raise Problem("invalid", f"{name} should be a date like 2025-01-31", name) from None


# --- errors -----------------------------------------------------------------------------------------------------------


def cannot(why: str) -> Callable[[Call], Response]:
    """An endpoint of theirs that nothing here can serve."""

    def refused(call: Call) -> Response:
        raise Problem("invalid", why, "model")

    return refused


def error(problem: Problem, request_id: str) -> dict[str, Any]:
    name, message = problem.field, problem.message
    if name is not None and (head := _PART.findall(name)[0]) in OURS:
        message = OURS[head] + message.removeprefix(name) if message.startswith(name) else message
        name = OURS[head]
    told: dict[str, Any] = {"error": message}
    if name is not None and problem.kind in ("invalid", "missing_field", "model"):
        path = [int(part) if part.isdecimal() else part for part in _PART.findall(name)]
        told |= {"issues": [{"message": message, "path": path}], "docUrl": DOCS}
    return told


def _made(path: str, answers: Callable[[Call], Response]) -> Route:
    return Route("POST", path, versioned(answers))


PROTOCOL = Protocol(
    name="runway",
    prefix="/runway/v1",
    routes=(
        _made("/text_to_video", video.text_to_video),
        _made("/image_to_video", video.image_to_video),
        _made("/video_to_video", video.video_to_video),
        _made("/video_upscale", media.video_upscale),
        _made("/text_to_image", media.text_to_image),
        _made("/image_upscale", media.image_upscale),
        _made("/sound_effect", media.sound_effect),
        _made("/video_to_audio", media.video_to_audio),
        *(_made(f"/{name}", cannot(why)) for name, why in CANNOT.items()),
        Route("GET", "/tasks/{id}", versioned(retrieve)),
        Route("DELETE", "/tasks/{id}", versioned(delete)),
        Route("POST", "/uploads", versioned(begin_upload)),
        Route("POST", "/uploads/{id}", upload, needs_key=False),
        Route("GET", "/organization", versioned(organization)),
        Route("POST", "/organization/usage", versioned(usage)),
    ),
    error=error,
)
