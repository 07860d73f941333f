"""Our own protocol: Shots as they are, whatever else is done to films, events while they form, media by SHA-256."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from vitascope.model.card import MAX_PIXELS, models
from vitascope.model.layout import SHAPES
from vitascope.serve import cost
from vitascope.serve.desk import Desk, invalid
from vitascope.serve.jobs import ENDED, Job
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, Notice, Protocol, Route, answer, nothing
from vitascope.serve.protocols import ours_docs as docs
from vitascope.serve.work import Work
from vitascope.shot.shot import Media, Shot, ShotError
from vitascope.shot.value import MAX_SECONDS, one_line

LOOKS = 0.25  # seconds between two looks for new events
QUIET = 15.0  # seconds without an event after which the stream shows that it lives


# --- jobs -------------------------------------------------------------------------------------------------------------


def create(call: Call) -> Response:
    """The body is a Shot."""
    try:
        shot = Shot.from_json(call.body)
    except ShotError as error:
        raise invalid(error) from None
    return _ordered(call, {"shot": shot})


def create_work(call: Call) -> Response:
    """The body is a Work."""
    try:
        work = Work.model_validate_json(call.body)
    except ValidationError as error:
        raise invalid(ShotError(one_line(Work, error))) from None
    return _ordered(call, {name: getattr(work, name) for name in work.model_fields_set})


def _ordered(call: Call, fields: dict[str, Any]) -> Response:
    takes = _number(call, "takes", fields.get("takes", 1), 1, 9)
    fields = {name: _known(call, value, name) for name, value in fields.items()}
    job = call.desk.order(
        call,
        fields | ({"takes": takes} if takes > 1 else {}),
        collection="shot",
        callback=call.query.get("callback_url"),
        reuse=_flag(call, "reuse"),
    )
    return answer(from_job(call, job), 201, {"location": f"{call.protocol.prefix}/shots/{job.id}"})


def _known(call: Call, value: Any, name: str) -> Any:
    """A Work's field with all media in it known to the server: those that carry their bytes are taken in."""
    if isinstance(value, Media):
        return _taken(call, value, name)
    if not isinstance(value, Shot):
        return value
    pins = []
    for number, pin in enumerate(value.pins):
        changes: dict[str, Any] = {"media": _taken(call, pin.media, f"pins[{number}].media")}
        if pin.mask is not None:
            changes["mask"] = _taken(call, pin.mask, f"pins[{number}].mask")
        pins.append(pin.model_copy(update=changes))
    return value.with_(pins=tuple(pins)) if pins else value


def _taken(call: Call, given: Media, name: str) -> Media:
    if given.data is not None:
        return call.desk.media(call, given.data, given.kind, name)
    found = call.desk.named(call.key, given.sha256, name)
    if found.kind != given.kind:
        raise Problem("invalid", f"{name}: {given.sha256[:12]}… is a {found.kind}, not a {given.kind}", name)
    return found


def from_job(call: Call, job: Job) -> dict[str, Any]:
    """A job as clients see it: how it stands, when to expect it, and where its files are."""
    base = call.desk.base(call)
    told: dict[str, Any] = {
        "id": job.id,
        "state": job.state,
        "created": job.created,
        "started": job.started,
        "ended": job.ended,
        "expires": job.expires,
        "model": job.model,
        "stage": job.stage or None,
        "percent": 100 if job.state == "done" else int(100 * job.share),
        "error": None if job.code is None else {"code": job.code, "message": job.message},
        "results": [
            result.model_dump(mode="json", exclude_none=True) | {"url": call.desk.link(base, job, result)}
            for result in job.results
        ],
        "events": f"{base}{call.protocol.prefix}/shots/{job.id}/events",
        "work": json.loads(job.raw),
    }
    if (expected := call.desk.forecast.of(job)) is not None:
        told["queue"] = {
            "place": expected.place,
            "begins_in": round(expected.begins, 1),
            "ready_in": round(expected.ends, 1),
        }
    return told


def get(call: Call) -> Response:
    return answer(from_job(call, call.desk.job(call, call.path["id"])))


def list_(call: Call) -> Response:
    limit = _number(call, "limit", 20, 1, 100)
    found = call.desk.jobs.page(call.key.id, "ours", limit=limit + 1, after=call.query.get("after"))
    shown = [from_job(call, job) for job in found[:limit]]
    return answer({"data": shown, "next": shown[-1]["id"] if len(found) > limit else None})


def cancel(call: Call) -> Response:
    job = call.desk.jobs.cancel(call.desk.job(call, call.path["id"]).id)
    if job is None:
        raise Problem("not_found", "the job has gone", "id")
    return answer(from_job(call, job))


def retry(call: Call) -> Response:
    job = call.desk.job(call, call.path["id"])
    if job.state not in ("failed", "cancelled"):
        raise Problem("invalid", f"the job is {job.state}; only one that failed or was cancelled is tried again", "id")
    again = call.desk.jobs.retry(job.id)
    if again is None:
        raise Problem("not_found", "the job has gone", "id")
    return answer(from_job(call, again))


def delete(call: Call) -> Response:
    call.desk.jobs.delete(call.desk.job(call, call.path["id"]).id)
    return nothing()


def content(call: Call) -> Response:
    job = call.desk.job(call, call.path["id"])
    if job.state != "done":
        raise Problem("not_ready", f"the job is {job.state}; it has no files", "id")
    result = job.file(call.path["name"])
    if result is None:
        raise Problem("not_found", f"there is no file {call.path['name'][:80]!r}", "name")
    return call.desk.content(job, result, call.header("range"))


# --- events -----------------------------------------------------------------------------------------------------------


def events(call: Call) -> Response:
    """What happens to a job, as server-sent events, from the first or from the one after Last-Event-ID."""
    job = call.desk.job(call, call.path["id"])
    last = call.header("last-event-id") or call.query.get("after") or "0"
    if not (last.isascii() and last.isdigit() and len(last) < 10):
        raise Problem("invalid", f"Last-Event-ID should be a number, but was {last[:40]!r}", "Last-Event-ID")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_stream(call, job, int(last)), 200, headers, "text/event-stream")


async def _stream(call: Call, job: Job, last: int) -> AsyncIterator[str]:
    told, quiet, before = last, 0.0, ""
    yield "retry: 1000\n\n"
    while True:
        current = await run_in_threadpool(call.desk.jobs.get, job.id)
        new = await run_in_threadpool(call.desk.jobs.told, job.id, told)
        for number, kind, data in new:
            told = number
            yield _event(kind, data, number)
        if current is None:
            yield _event("deleted", {})
            return
        state = "" if new else await run_in_threadpool(_waiting, call, current)
        if state and state != before:
            before = state
            yield f"event: queue\ndata: {state}\n\n"
        if current.state in ENDED and not new:
            return
        quiet = 0.0 if new else quiet + LOOKS
        if quiet >= QUIET:
            quiet = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(LOOKS)


def _event(kind: str, data: Mapping[str, Any], number: int | None = None) -> str:
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _waiting(call: Call, job: Job) -> str:
    expected = call.desk.forecast.of(job) if job.state == "queued" else None
    return "" if expected is None else json.dumps({"place": expected.place, "ready_in": round(expected.ends)})


# --- media and models -------------------------------------------------------------------------------------------------


def put_media(call: Call) -> Response:
    """The body is a file, or a form with the part `file`, or JSON with a `url`."""
    source: Any = call.fields.get("file") or call.fields.get("url") or call.body
    found = call.desk.media(call, source, None, "file")
    return answer(_media(found.sha256, found.kind, len(found.data or b"")), 201)


def get_media(call: Call) -> Response:
    found = call.desk.kept(call.key, call.path["sha256"])
    return answer(_media(call.path["sha256"], found["kind"], found["bytes"]))


def _media(sha256: str, kind: str, size: int) -> dict[str, Any]:
    return {"sha256": sha256, "kind": kind, "bytes": size}


def list_models(call: Call) -> Response:
    """What each model can make."""
    return answer({"data": [_able(name) for name in models()]})


def _able(name: str) -> dict[str, Any]:
    card, parameters = cost.card_of(name)
    return {
        "id": name,
        "parameters": parameters,
        "made_at": {"size": card.size, "fps": card.fps},
        "sizes": {"least_side": 16, "most_pixels": MAX_PIXELS, "shapes": SHAPES},
        "seconds": {"most": MAX_SECONDS},
        "fps": {"least": 1, "most": 60},
        "pins": {"pictures": card.pins, "roles": card.roles, "films": True, "masks": True, "regions": True},
        "tracks": True,
        "sound": {"effects": True, "score": True, "dialogue": _speaks()},
        "words": len(card.words),
    }


def _speaks() -> bool:
    from importlib.util import find_spec

    return find_spec("sanotts") is not None


# --- the rest ---------------------------------------------------------------------------------------------------------


def error(problem: Problem, request_id: str) -> dict[str, Any]:
    told = {"code": problem.code or problem.kind, "message": problem.message, "field": problem.field}
    return {"error": told | {"request": request_id, "retry_after": problem.retry_after}}


def notice(desk: Desk, job: Job) -> Notice | None:
    if not job.callback:
        return None
    told = {"id": job.id, "state": job.state, "error": job.message}
    return Notice(job.callback, {"type": f"shot.{job.state}", "data": told}, signed=True)


def _number(call: Call, name: str, default: int, least: int, most: int) -> int:
    given = call.query.get(name, str(default))
    if not (given.isascii() and given.isdigit() and least <= int(given[:9]) <= most and len(given) < 9):
        raise Problem("invalid", f"{name} should be {least} to {most}, but was {given[:40]!r}", name)
    return int(given)


def _flag(call: Call, name: str) -> bool:
    given = call.query.get(name, "false")
    if given not in ("true", "false"):
        raise Problem("invalid", f"{name} should be true or false, but was {given[:40]!r}", name)
    return given == "true"


PROTOCOL = Protocol(
    name="ours",
    prefix="/v1",
    routes=(
        Route("POST", "/shots", create, docs=docs.CREATE, raw=True),
        Route("POST", "/work", create_work, docs=docs.CREATE_WORK, raw=True),
        Route("GET", "/shots", list_, docs=docs.LIST),
        Route("GET", "/shots/{id}", get, docs=docs.GET),
        Route("POST", "/shots/{id}/cancel", cancel, docs=docs.CANCEL),
        Route("POST", "/shots/{id}/retry", retry, docs=docs.RETRY),
        Route("DELETE", "/shots/{id}", delete, docs=docs.DELETE),
        Route("GET", "/shots/{id}/events", events, docs=docs.EVENTS),
        Route("GET", "/shots/{id}/files/{name}", content, docs=docs.CONTENT),
        Route("POST", "/media", put_media, docs=docs.PUT_MEDIA),
        Route("GET", "/media/{sha256}", get_media, docs=docs.GET_MEDIA),
        Route("GET", "/models", list_models, docs=docs.MODELS),
    ),
    error=error,
    notice=notice,
)
