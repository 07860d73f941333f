"""Veo in both of Google's dialects, the Developer API's and the Enterprise one: a request becomes work, a job becomes
the answer of a long-running operation."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from starlette.responses import Response

from vitascope.serve.jobs import Job
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, answer
from vitascope.serve.protocols import google_files as files
from vitascope.serve.protocols.google_asked import (
    FPS,
    VEO,
    check_like,
    in_their_words,
    media_of,
    ordered,
    padded,
    receivers,
    size_of,
)
from vitascope.shot import edit
from vitascope.shot.files import MediaError
from vitascope.shot.media import read_mask
from vitascope.shot.shot import Media, Region, Shot, ShotError, Sound

DEVELOPER, ENTERPRISE = "veo", "vertex"  # the collections of their jobs
RESOLUTIONS = ("720p", "1080p", "4k")
SECONDS = (4, 6, 8)
SECONDS_OF_2 = (5, 6, 7, 8)  # of Veo 2
ADDED = 7.0  # seconds, by an extension
OURS = 4.0  # seconds, of our own models where none are named
PEOPLE = ("allow_all", "allow_adult", "dont_allow")
ELSEWHERE = ("storageUri", "pubsubTopic")  # where the hosted service would put the results
WITHOUT = "the background alone"  # in place of what is removed, where nothing is said
FROM_PICTURES = "what is in the picture moves"  # where nothing is said of pictures
FAILED, CANCELLED = 13, 1  # codes of google.rpc


# --- a request becomes work -------------------------------------------------------------------------------------------


def to_work(call: Call) -> dict[str, Any]:
    """The Work of a predictLongRunning call. Raises Problem."""
    call.desk.model(call.path["model"], VEO)
    instance, asked = instance_of(call), asked_of(call)
    if instance.get("video") is None:
        if instance.get("mask") is not None:
            raise Problem("invalid", "mask: it marks a part of a video, and there is none", "mask")
        shot = to_shot(call, instance, asked)
        return {"shot": shot} | _takes(asked)
    if instance.get("image") is not None:
        raise Problem("invalid", "image: it begins a video, and cannot go with one", "image")
    film = media_of(call, instance["video"], "film", "video")
    if instance.get("mask") is not None:
        return _masked(call, instance, asked, film) | _takes(asked)
    return {"shot": _like(call, instance, asked, film), "extend": film} | _takes(asked)


def instance_of(call: Call) -> Mapping[str, Any]:
    """The one instance of a predict call. Raises Problem."""
    instances = call.fields.get("instances")
    if not (isinstance(instances, list) and len(instances) == 1 and isinstance(instances[0], Mapping)):
        raise Problem("invalid", "instances should be a list of one object", "instances")
    return instances[0]


def asked_of(call: Call) -> Call:
    """The call with the parameters as its fields; what this server cannot do with them is refused. Raises
    Problem."""
    parameters = call.fields.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Problem("invalid", "parameters should be an object", "parameters")
    asked = replace(call, fields=parameters)
    for name in ELSEWHERE:
        if parameters.get(name):
            raise Problem("invalid", f"{name}: this server sends results to no bucket and no topic; fetch them", name)
    if asked.text("compressionQuality", "optimized").lower() != "optimized":
        raise Problem(
            "invalid", "compressionQuality should be OPTIMIZED; lossless films are not made", "compressionQuality"
        )
    asked.choice("personGeneration", PEOPLE, "allow_all")
    return asked


def to_shot(call: Call, instance: Mapping[str, Any], asked: Call) -> Shot:
    """The Shot of a film that is made from words and pictures."""
    lifted = call.path["model"] not in VEO
    given = asked.fields
    size = size_of(given.get("aspectRatio") or "16:9", given.get("resolution") or "720p", RESOLUTIONS, lifted)
    text = FROM_PICTURES if instance.get("image") or instance.get("lastFrame") else None
    shot = _shot(call, instance, asked, size=size, fps=_fps(asked), seconds=_seconds(call, asked), text=text)
    return _pinned(call, shot, instance, asked)


def _shot(call: Call, instance: Mapping[str, Any], asked: Call, **fields: Any) -> Shot:
    """A Shot with what every request may say of it."""
    name = call.path["model"]
    model, quality = call.desk.model(name, VEO)
    told = replace(call, fields=dict(instance))
    negative = [asked.text("negativePrompt", "")]
    if asked.text("personGeneration", "allow_all") == "dont_allow":
        negative.append("people")
    fields |= {"text": told.text("prompt", fields.pop("text", None)), "model": model, "quality": quality}
    fields["negative"] = ", ".join(part for part in negative if part)
    if asked.fields.get("seed") is not None:
        fields["seed"] = asked.whole("seed", 0, 0, 2**63 - 1)
    sound = fields.pop("sound", name in VEO and not name.startswith("veo-2"))
    if asked.flag("generateAudio", sound):
        fields["sound"] = Sound()
    try:
        return call.desk.shot(**fields)
    except Problem as problem:
        raise in_their_words(problem, call) from None


def _fps(asked: Call) -> float:
    return asked.number("fps", FPS, 1, 60)


def _seconds(call: Call, asked: Call) -> float:
    """The length of what is made."""
    name = call.path["model"]
    if name not in VEO:
        return asked.number("durationSeconds", OURS, 0.1, 120)
    seconds, allowed = asked.whole("durationSeconds", 8, 0, 1000), SECONDS_OF_2 if "veo-2" in name else SECONDS
    if seconds not in allowed:
        told = ", ".join(map(str, allowed))
        raise Problem("invalid", f"durationSeconds should be {told}, but was {seconds}", "durationSeconds")
    return float(seconds)


def _pinned(call: Call, shot: Shot, instance: Mapping[str, Any], asked: Call) -> Shot:
    """The Shot with its first and last frame, and what it goes by."""
    pads = asked.text("resizeMode", "crop").lower()
    if pads not in ("crop", "pad"):
        raise Problem("invalid", f"resizeMode should be CROP or PAD, but was {pads[:40]!r}", "resizeMode")
    try:
        for name, at in (("image", 0.0), ("lastFrame", shot.seconds)):
            if instance.get(name) is not None:
                picture = media_of(call, instance[name], "picture", name)
                shot = edit.pinned(shot, padded(call, picture, shot.size, name) if pads == "pad" else picture, at)
        for one in _references(instance):
            kind = str(one.get("referenceType") or "asset").lower()
            if kind not in ("asset", "style"):
                raise Problem(
                    "invalid", f"referenceType should be asset or style, but was {kind[:40]!r}", "referenceType"
                )
            picture = media_of(call, one.get("image"), "picture", "referenceImages.image")
            shot = edit.reference(shot, picture, "style" if kind == "style" else "character")
    except ShotError as error:
        raise Problem("invalid", str(error), "image") from None
    return shot


def _references(instance: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = instance.get("referenceImages") or []
    if not (isinstance(given, list) and len(given) <= 3 and all(isinstance(one, Mapping) for one in given)):
        raise Problem("invalid", "referenceImages should be up to three objects with an image", "referenceImages")
    return given


def _takes(asked: Call) -> dict[str, Any]:
    takes = asked.whole("sampleCount", 1, 1, 4)
    return {"takes": takes} if takes > 1 else {}


def _like(call: Call, instance: Mapping[str, Any], asked: Call, film: Media) -> Shot:
    """The Shot of what is added to a film: it has its size and rate."""
    info, lifted = call.desk.info(call.key, film), call.path["model"] not in VEO
    check_like(
        info, asked.fields.get("aspectRatio"), asked.fields.get("resolution"), RESOLUTIONS, lifted, "an extension"
    )
    seconds = _seconds(call, asked) if lifted else ADDED
    shot = _shot(call, instance, asked, size=info.size, fps=info.fps, seconds=seconds, text="what comes next")
    return _pinned(call, shot, instance, asked)


def _masked(call: Call, instance: Mapping[str, Any], asked: Call, film: Media) -> dict[str, Any]:
    """Work on what a mask marks in a film, or (outpainting) around where it puts the film."""
    if instance.get("lastFrame") is not None or instance.get("referenceImages"):
        raise Problem("invalid", "lastFrame and referenceImages do not go with a mask", "mask")
    mask = media_of(call, instance["mask"], "picture", "mask")
    mode = str(instance["mask"].get("maskMode") or "").upper()
    info, lifted = call.desk.info(call.key, film), call.path["model"] not in VEO
    if mode == "OUTPAINT":
        given = asked.fields
        size = size_of(given.get("aspectRatio") or "16:9", given.get("resolution") or "720p", RESOLUTIONS, lifted)
        shot = _shot(
            call, instance, asked, size=size, fps=info.fps, seconds=info.seconds, text="what is around", sound=False
        )
        return {"shot": shot, "task": "reframe", "film": film, "place": _place(mask)}
    if mode == "REMOVE":
        message = "maskMode: what moves is not followed yet; REMOVE_STATIC removes what is within the mask"
        raise Problem("invalid", message, "mask.maskMode")
    if mode not in ("INSERT", "REMOVE_STATIC"):
        told = "INSERT, REMOVE_STATIC or OUTPAINT"
        raise Problem("invalid", f"maskMode should be {told}, but was {mode[:40]!r}", "mask.maskMode")
    check_like(
        info, asked.fields.get("aspectRatio"), asked.fields.get("resolution"), RESOLUTIONS, lifted, "a mask's work"
    )
    text = WITHOUT if mode == "REMOVE_STATIC" else None
    shot = _shot(call, instance, asked, size=info.size, fps=info.fps, seconds=info.seconds, text=text, sound=False)
    return {"shot": shot, "inpaint": film, "mask": mask}


def _place(mask: Media) -> Region:
    """The rectangle around what a mask marks."""
    try:
        marked = read_mask(mask.data or b"")  # H W
    except MediaError as error:
        raise Problem("invalid", f"mask: {error}", "mask") from None
    rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
    if not len(rows):
        raise Problem("invalid", "mask: nothing in it is light; the light rectangle is where the video goes", "mask")
    high, wide = marked.shape
    return Region(
        x=columns[0] / wide,
        y=rows[0] / high,
        width=(columns[-1] + 1 - columns[0]) / wide,
        height=(rows[-1] + 1 - rows[0]) / high,
    )


# --- the Developer API ------------------------------------------------------------------------------------------------


def create(call: Call) -> Response:
    said = {"model": f"models/{call.path['model']}", "files": True}
    said |= receivers(call.fields.get("webhookConfig"))
    job = ordered(call, to_work(call), DEVELOPER, said)
    return answer({"name": name_of(job)})


def name_of(job: Job) -> str:
    return f"{job.said['model']}/operations/{job.id}"


def from_job(call: Call, job: Job) -> dict[str, Any]:
    """The operation of a job, with its films by their URIs."""
    told = _operation(job)
    if job.state == "done":
        base, version = call.desk.base(call), call.path["version"]
        samples = [{"video": {"uri": files.uri_of(base, version, file)}} for file in files.left(call, job)]
        kind = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
        told["response"] = {"@type": kind, "generateVideoResponse": {"generatedSamples": samples}}
    return told


def _operation(job: Job) -> dict[str, Any]:
    """What both dialects tell of a job."""
    told: dict[str, Any] = {"name": name_of(job)}
    if job.state in ("queued", "running"):
        share = min(99, int(100 * job.share))
        return told | {"metadata": {"createTime": files.time_of(job.created), "progressPercent": share}}
    told["done"] = True
    if job.state != "done":
        code = CANCELLED if job.state == "cancelled" else FAILED
        told["error"] = {"code": code, "message": job.message or f"it was {job.state}"}
    return told


def operation(call: Call) -> Response:
    return answer(from_job(call, _found(call, DEVELOPER)))


def _found(call: Call, collection: str) -> Job:
    job = call.desk.job(call, call.path["id"], collection)
    if job.said["model"].rpartition("/")[2] != call.path["model"]:
        raise Problem("not_found", f"there is no operation {call.path['id'][:80]!r} of this model", "name")
    return job


def cancel(call: Call) -> Response:
    call.desk.jobs.cancel(_found(call, DEVELOPER).id)
    return answer({})


def delete(call: Call) -> Response:
    call.desk.jobs.delete(_found(call, DEVELOPER).id)
    return answer({})


# --- the Enterprise dialect -------------------------------------------------------------------------------------------


def create_enterprise(call: Call) -> Response:
    said = {"model": _parent(call)}
    job = ordered(call, to_work(call), ENTERPRISE, said)
    return answer({"name": name_of(job)})


def _parent(call: Call) -> str:
    """The model as the request's path names it."""
    place = ""
    if "project" in call.path:
        place = f"projects/{call.path['project']}/locations/{call.path['location']}/"
    return f"{place}publishers/google/models/{call.path['model']}"


def fetch(call: Call) -> Response:
    """The operation that the body names, with its films inline: this dialect has no files."""
    name = call.text("operationName")
    model, _, id = name.partition("/operations/")
    if model.rpartition("/")[2] != call.path["model"] or not id:
        message = f"operationName should be {_parent(call)}/operations/ and an id, but was {name[:120]!r}"
        raise Problem("invalid", message, "operationName")
    job = _found(replace(call, path={**call.path, "id": id}), ENTERPRISE)
    told = _operation(job)
    if job.state == "done":
        films = [result for result in job.results if result.role == "film"]
        data = (call.desk.storage.get(f"{job.folder}/{film.name}") for film in films)
        videos = [{"bytesBase64Encoded": base64.b64encode(one).decode(), "mimeType": "video/mp4"} for one in data]
        kind = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
        told["response"] = {"@type": kind, "raiMediaFilteredCount": 0, "videos": videos}
    return answer(told)
