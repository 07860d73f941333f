"""Google's Interactions with video models: words, pictures and films in, a film out; made from one another."""

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from vitascope.serve.jobs import ENDED, Job
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, answer
from vitascope.serve.protocols import google_files as files
from vitascope.serve.protocols.google_asked import (
    FPS,
    OMNI,
    check_like,
    in_their_words,
    media_of,
    ordered,
    receivers,
    side_of,
    size_of,
)
from vitascope.serve.sniff import sniffed
from vitascope.shot import edit
from vitascope.shot.shot import Media, Shot, ShotError, Sound

COLLECTION = "interaction"
STATUS = {
    "queued": "queued", "running": "in_progress", "done": "completed", "failed": "failed", "cancelled": "cancelled",
}  # fmt: skip
TASKS = ("text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale")
OF_FILMS = ("edit", "extend", "upscale")
RESOLUTIONS = ("360p", "720p", "1080p", "4k")
SECONDS = (3.0, 15.0)
USUAL = 5.0  # seconds, where none are named
MAX_BLOCKS = 100
EDIT = 0.6  # how much of a film stays in an edit
LOOKS = 0.25  # seconds between two looks at a job that is waited for, …
QUIET = 20.0  # … after which the answer shows that it lives
WAITS = 570.0  # seconds; a job that takes longer is answered as it stands then
STOPS = 10.0  # seconds that are waited for a job to stop


@dataclass(frozen=True)
class Given:
    """What an interaction's input holds."""

    text: str
    pictures: tuple[Media, ...]
    films: tuple[Media, ...]
    blocks: tuple[Mapping[str, Any], ...]  # as they are told again


# --- a request becomes work -------------------------------------------------------------------------------------------


def to_work(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Work of an interaction, and what its job remembers. Raises Problem."""
    _check_known(call)
    name = call.text("model").removeprefix("models/")
    call.desk.model(name, OMNI)
    given, form = _given(call), _format(call)
    films = given.films
    previous = call.text("previous_interaction_id", "")
    if previous and not films:
        films = (call.desk.result(call, previous, "previous_interaction_id")[1],)
    task = _task(call, given, bool(films))
    said: dict[str, Any] = {"model": name, "task": task, "previous": previous or None, "input": list(given.blocks)}
    said |= {"delivery": form.get("delivery") or "inline", "files": form.get("delivery") == "uri"}
    said |= receivers(call.fields.get("webhook_config"))
    config = replace(call, fields=_object(call.fields.get("generation_config"), "generation_config"))
    asked = replace(call, fields=form | {"seed": config.fields.get("seed"), "model": name})
    if task in OF_FILMS:
        return _of_film(asked, given, task, films[0]), said
    return {"shot": to_shot(asked, given, task)}, said


def _check_known(call: Call) -> None:
    """Refuse what this server has no answer to."""
    for name in ("agent", "tools", "stream", "cached_content", "environment"):
        if call.fields.get(name):
            raise Problem("invalid", f"{name} is not known to this server; interactions make videos here", name)
    modalities = call.fields.get("response_modalities") or ["video"]
    if not isinstance(modalities, list) or "video" not in [str(one).lower() for one in modalities]:
        raise Problem("invalid", "response_modalities should have video", "response_modalities")


def _object(given: Any, name: str) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Problem("invalid", f"{name} should be an object", name)
    return given


def _format(call: Call) -> dict[str, Any]:
    """The video's part of the response format; with `audio` where sound is asked for beside it."""
    given = call.fields.get("response_format")
    formats = given if isinstance(given, list) else [] if given is None else [given]
    kinds = [one.get("type") if isinstance(one, Mapping) else None for one in formats]
    if any(kind not in ("video", "audio") for kind in kinds) or (kinds and kinds.count("video") != 1):
        raise Problem("invalid", "response_format should be one of type video (and audio)", "response_format")
    form = dict(formats[kinds.index("video")]) if kinds else {}
    modalities = [str(one).lower() for one in call.fields.get("response_modalities") or ()]
    form["audio"] = "audio" in kinds or "audio" in modalities
    if form.get("gcs_uri"):
        raise Problem("invalid", "gcs_uri: this server writes to no bucket; take delivery uri or inline", "gcs_uri")
    if form.get("delivery") not in (None, "inline", "uri"):
        raise Problem("invalid", "delivery should be inline or uri", "response_format.delivery")
    return form


def _given(call: Call) -> Given:
    """The input: text, or blocks of text and media, bare or in steps."""
    given = call.fields.get("input")
    if isinstance(given, str):
        given = [{"type": "text", "text": given}]
    if isinstance(given, Mapping):
        given = [given]
    if not isinstance(given, list) or not given:
        raise Problem("missing_field", "input is missing; it should be text, or a list of text and media", "input")
    blocks: list[Any] = []
    for one in given:
        is_step = isinstance(one, Mapping) and one.get("type") == "user_input"
        content = one.get("content") if is_step else [one]
        blocks += content if isinstance(content, list) else [content]
    if len(blocks) > MAX_BLOCKS:
        raise Problem("invalid", f"input: at most {MAX_BLOCKS} blocks can be taken", "input")
    words, told = [call.text("system_instruction", "")], []
    pictures: list[Media] = []
    films: list[Media] = []
    for block in blocks:
        kind = "text" if isinstance(block, str) else block.get("type") if isinstance(block, Mapping) else None
        if kind == "text":
            text = block if isinstance(block, str) else block.get("text")
            if not isinstance(text, str):
                raise Problem("invalid", "input: a block of type text should have its text", "input")
            words.append(text)
            told.append({"type": "text", "text": text})
        elif kind in ("image", "video"):
            media = media_of(call, block, "picture" if kind == "image" else "film", f"input.{kind}")
            (pictures if kind == "image" else films).append(media)
            told.append({"type": kind, "sha256": media.sha256})
        else:
            known = "text, image or video"
            raise Problem("invalid", f"input: blocks should be {known}; {str(kind)[:40]!r} cannot be taken", "input")
    text = "\n".join(part.strip() for part in words if part.strip())
    return Given(text, tuple(pictures), tuple(films), tuple(told))


def _task(call: Call, given: Given, film: bool) -> str:
    """What is to be done: as it is named, else what fits what was given."""
    config = _object(call.fields.get("generation_config"), "generation_config")
    video = _object(config.get("video_config"), "generation_config.video_config")
    usual = "edit" if film else "image_to_video" if given.pictures else "text_to_video"
    task = str(video.get("task") or usual)
    where = "generation_config.video_config.task"
    if task not in TASKS:
        raise Problem("invalid", f"task should be one of {', '.join(TASKS)}, but was {task[:40]!r}", where)
    if (task in OF_FILMS) != film:
        needs = "needs a video in the input" if task in OF_FILMS else "takes no video"
        raise Problem("invalid", f"task: {task} {needs}", where)
    if task in ("image_to_video", "reference_to_video") and not given.pictures:
        raise Problem("invalid", f"task: {task} needs an image in the input", where)
    if task in ("text_to_video", *OF_FILMS) and given.pictures:
        raise Problem("invalid", f"task: {task} takes no images yet", where)
    if len(given.films) > 1 or (task == "image_to_video" and len(given.pictures) > 2):
        raise Problem("invalid", "input: it should have one video, or a first and a last image, at most", "input")
    return task


def to_shot(asked: Call, given: Given, task: str) -> Shot:
    """The Shot of words and pictures: one image is the first frame, a second one the last, or all show who is in it."""
    form, lifted = asked.fields, asked.fields["model"] not in OMNI
    size = size_of(form.get("aspect_ratio") or "16:9", form.get("resolution") or "720p", RESOLUTIONS, lifted)
    shot = _shot(asked, given, size=size, fps=FPS, seconds=_seconds(form.get("duration"), lifted))
    try:
        for number, picture in enumerate(given.pictures):
            if task == "reference_to_video":
                shot = edit.reference(shot, picture)
            else:
                shot = edit.pinned(shot, picture, shot.seconds * number)
    except ShotError as error:
        raise Problem("invalid", str(error), "input") from None
    return shot


def _shot(asked: Call, given: Given, text: str | None = None, **fields: Any) -> Shot:
    name = asked.fields["model"]
    model, quality = asked.desk.model(name, OMNI)
    if not given.text and text is None and not given.pictures:
        raise Problem("missing_field", "input should say in words what is to be seen", "input")
    fields |= {"text": given.text or text or "what is in the picture moves", "model": model, "quality": quality}
    if asked.fields.get("seed") is not None:
        fields["seed"] = asked.whole("seed", 0, 0, 2**63 - 1)
    if fields.pop("sound", asked.fields["audio"] or name in OMNI):
        fields["sound"] = Sound()
    try:
        return asked.desk.shot(**fields)
    except Problem as problem:
        raise in_their_words(problem, asked) from None


def _seconds(given: Any, lifted: bool) -> float:
    """A duration such as "5s"."""
    if given is None:
        return USUAL
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,9})?)s", given) if isinstance(given, str) else None
    least, most = (0.1, 120.0) if lifted else SECONDS
    if match is None or not least <= float(match[1]) <= most:
        message = f'duration should be "{least:g}s" to "{most:g}s", but was {str(given)[:40]!r}'
        raise Problem("invalid", message, "response_format.duration")
    return float(match[1])


def _of_film(asked: Call, given: Given, task: str, film: Media) -> dict[str, Any]:
    """Work on a film: made anew to words, gone on with, or enlarged."""
    info, form, lifted = asked.desk.info(asked.key, film), asked.fields, asked.fields["model"] not in OMNI
    ratio, resolution, duration = form.get("aspect_ratio"), form.get("resolution"), form.get("duration")
    known: dict[str, Any] = {"fps": info.fps, "size": info.size}
    if task == "extend":
        check_like(info, ratio, resolution, RESOLUTIONS, lifted, "an extension")
        return {
            "shot": _shot(asked, given, "what comes next", seconds=_seconds(duration, lifted), **known),
            "extend": film,
        }
    if duration is not None and abs(_seconds(duration, True) - info.seconds) > 0.5:
        message = f"duration: {duration} was given; {task} keeps the film's {info.seconds:g} s"
        raise Problem("invalid", message, "response_format.duration")
    if task == "edit":
        check_like(info, ratio, resolution, RESOLUTIONS, lifted, "an edit")
        shot = _shot(asked, given, seconds=info.seconds, sound=asked.fields["audio"], **known)
        return {"shot": shot, "restyle": film, "strength": EDIT}
    check_like(info, ratio, None, RESOLUTIONS, lifted, "an enlarged film")
    side = side_of(resolution or "720p", RESOLUTIONS, lifted)
    if side <= min(info.size):
        message = f"resolution should be larger than the film's {info.size[0]}x{info.size[1]}, but was {side}p"
        raise Problem("invalid", message, "response_format.resolution")
    size = tuple(round(one * side / min(info.size) / 2) * 2 for one in info.size)
    shot = _shot(asked, given, "the film", seconds=info.seconds, size=size, sound=False)
    return {"shot": shot, "task": "enlarge", "film": film}


# --- asked of interactions --------------------------------------------------------------------------------------------


def create(call: Call) -> Response:
    """With `background` the answer comes at once, else when the film is there. Without `store` nothing of it stays."""
    background, store = call.flag("background"), call.flag("store", True)
    if background and not store:
        raise Problem("invalid", "background: what is not stored cannot be asked for later", "background")
    work, said = to_work(call)
    job = ordered(call, work, COLLECTION, said)
    if background:
        return answer(from_job(call, job))
    return _when_ended(call, job, WAITS, forget=not store)


def get(call: Call) -> Response:
    if call.query.get("stream", "false").lower() == "true":
        raise Problem("invalid", "stream: this server does not stream interactions; ask again", "stream")
    job = call.desk.job(call, call.path["id"], COLLECTION)
    return answer(from_job(call, job, with_input=call.query.get("include_input", "false").lower() == "true"))


def cancel(call: Call) -> Response:
    job = call.desk.jobs.cancel(call.desk.job(call, call.path["id"], COLLECTION).id)
    if job is None:
        raise Problem("not_found", "the interaction has gone", "id")
    return answer(from_job(call, job)) if job.state in ENDED else _when_ended(call, job, STOPS)


def delete(call: Call) -> Response:
    call.desk.jobs.delete(call.desk.job(call, call.path["id"], COLLECTION).id)
    return answer({})


def _when_ended(call: Call, job: Job, seconds: float, forget: bool = False) -> Response:
    """The interaction when it has ended, or, after so many seconds, as it stands. No thread waits meanwhile."""

    async def body() -> AsyncIterator[bytes]:
        begun = last = time.monotonic()
        try:
            while True:
                found = await run_in_threadpool(call.desk.jobs.get, job.id)
                now = time.monotonic()
                if found is None or found.state in ENDED or now - begun > seconds:
                    told = await run_in_threadpool(from_job, call, found or replace(job, state="cancelled"))
                    yield json.dumps(told, ensure_ascii=False).encode()
                    return
                if now - last > QUIET:
                    last = now
                    yield b" "  # which JSON allows, and which keeps proxies from giving up
                await asyncio.sleep(LOOKS)
        finally:
            if forget:  # also when the client has hung up
                call.desk.jobs.delete(job.id)

    return StreamingResponse(body(), 200, media_type="application/json")


# --- a job becomes an answer ------------------------------------------------------------------------------------------


def from_job(call: Call, job: Job, with_input: bool = False) -> dict[str, Any]:
    """The Interaction of a job; the film is in its last step."""
    told: dict[str, Any] = {
        "id": job.id,
        "object": "interaction",
        "model": job.said["model"],
        "status": STATUS[job.state],
        "created": files.time_of(job.created),
        "updated": files.time_of(job.ended or job.started or job.created),
        "steps": [{"type": "user_input", "content": _input(call, job)}] if with_input else [],
    }
    if job.said.get("previous"):
        told["previous_interaction_id"] = job.said["previous"]
    if job.state == "failed":
        told["errors"] = [{"code": job.code or "internal", "message": job.message or "it failed"}]
    if job.state == "done" and (content := _output(call, job)):
        told["steps"].append({"type": "model_output", "content": content})
    return told


def _output(call: Call, job: Job) -> list[dict[str, Any]]:
    if job.said["delivery"] == "uri":
        base, version = call.desk.base(call), call.path["version"]
        return [
            {"type": "video", "mime_type": file.mime, "uri": files.uri_of(base, version, file)}
            for file in files.left(call, job)
        ]
    film = job.result("film")
    if film is None:
        return []
    data = call.desk.storage.get(f"{job.folder}/{film.name}")
    return [{"type": "video", "mime_type": film.mime, "data": base64.b64encode(data).decode()}]


def _input(call: Call, job: Job) -> list[dict[str, Any]]:
    """The input as it was given, its media inline where they are still kept."""
    told = []
    for block in job.said["input"]:
        if "sha256" not in block:
            told.append(block)
            continue
        try:
            data = call.desk.storage.get(call.desk.kept(call.key, block["sha256"])["path"])
        except Problem:
            continue
        told.append({"type": block["type"], "mime_type": sniffed(data).mime, "data": base64.b64encode(data).decode()})
    return told
