"""Google's video models (Veo, Omni): `genai.Client(api_key=…, http_options=HttpOptions(base_url="http://…/google"))`.

Three dialects: the Developer API and the Enterprise one (google_veo), and Interactions (google_interactions); beside
them files (google_files), models, and pictures (Imagen).
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vitascope.model.card import models
from vitascope.serve.desk import Desk
from vitascope.serve.jobs import Job
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, Notice, Protocol, Route, answer, bearer
from vitascope.serve.protocols import google_files as files
from vitascope.serve.protocols import google_interactions as interactions
from vitascope.serve.protocols import google_veo as veo
from vitascope.serve.protocols.google_asked import OMNI, VEO, in_their_words, ordered, size_of
from vitascope.serve.protocols.google_errors import CODES, error
from vitascope.shot.shot import Quality

VERSIONS = ("v1", "v1beta", "v1beta1", "v1alpha")
PLACE = "/projects/{project}/locations/{location}"
IMAGEN: dict[str, Quality] = {
    "imagen-4.0-generate-001": "best", "imagen-4.0-fast-generate-001": "fast", "imagen-4.0-ultra-generate-001": "best",
    "imagen-3.0-generate-002": "best",
}  # fmt: skip
PICTURES = {  # Imagen's shapes and sizes
    "1:1": (1024, 1024), "16:9": (1408, 768), "9:16": (768, 1408), "4:3": (1280, 896), "3:4": (896, 1280),
}  # fmt: skip
SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
PAGE = 1000  # models of a list, at most


def secret(request: Request) -> str | None:
    """The key, of whichever place Google's clients put it."""
    return request.headers.get("x-goog-api-key") or request.query_params.get("key") or bearer(request)


# --- models -----------------------------------------------------------------------------------------------------------


def methods() -> dict[str, list[str]]:
    """All models by name, and what each can be asked for."""
    ours = {name: ["predictLongRunning", "createInteraction", "predict"] for name in models()}
    videos = {name: ["predictLongRunning"] for name in VEO} | {name: ["createInteraction"] for name in OMNI}
    return videos | {name: ["predict"] for name in IMAGEN} | ours


def _card(name: str) -> dict[str, Any]:
    return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": methods()[name]}


def _publisher_card(name: str) -> dict[str, Any]:
    return {"name": f"publishers/google/models/{name}", "versionId": "default", "launchStage": "GA"}


def list_models(call: Call) -> Response:
    return _page(call, "models", _card)


def list_publisher_models(call: Call) -> Response:
    return _page(call, "publisherModels", _publisher_card)


def _page(call: Call, field: str, card: Callable[[str], dict[str, Any]]) -> Response:
    """The token of a page is the number of its first model."""
    names, size = list(methods()), files.page_size(call, 50, PAGE)
    token = call.query.get("pageToken") or "0"
    if not (token.isascii() and token.isdecimal() and len(token) <= 9):
        raise Problem("invalid", f"pageToken should be one that this server has given, but was {token[:60]!r}")
    end = int(token) + size
    found: dict[str, Any] = {field: [card(name) for name in names[int(token) : end]]}
    return answer(found | ({"nextPageToken": str(end)} if end < len(names) else {}))


def get_model(call: Call) -> Response:
    return answer(_card(_known(call)))


def get_publisher_model(call: Call) -> Response:
    return answer(_publisher_card(_known(call)))


def _known(call: Call) -> str:
    name = call.path["model"]
    if name not in methods():
        raise Problem("model", f"models/{name[:80]} is not found; list the models to see which there are", "model")
    return name


def unknown_method(call: Call) -> Response:
    """Whatever else the hosted models can be asked for, which is not about video."""
    name, _, method = call.path["model"].partition(":")
    served = ", ".join(methods().get(name, [])) or "nothing: there is no such model"
    message = f"models/{name[:80]} is not supported for {method[:40] or 'this'} here; it is for {served}"
    raise Problem("model", message, "model")


# --- pictures ---------------------------------------------------------------------------------------------------------


def pictures(call: Call) -> Response:
    """Imagen's predict: a picture is a Shot of one frame; the call waits for it, as the client expects."""
    name = call.path["model"]
    if name in VEO or name in OMNI:
        return unknown_method(replace(call, path={**call.path, "model": f"{name}:predict"}))
    model, quality = call.desk.model(name, IMAGEN)
    instance, asked = veo.instance_of(call), veo.asked_of(call)
    if extra := sorted(instance.keys() - {"prompt"}):
        message = f"instances: pictures are made from a prompt alone, without {extra[0][:40]!r}"
        raise Problem("invalid", message, "instances")
    parameters, prompt = asked.fields, replace(call, fields=dict(instance)).text("prompt")
    output = parameters.get("outputOptions") or {}
    mime = output.get("mimeType") or "image/png" if isinstance(output, dict) else None
    if mime not in tuple(SUFFIXES):
        raise Problem("invalid", f"outputOptions.mimeType should be one of {', '.join(SUFFIXES)}", "outputOptions")
    size = _picture_size(name, parameters.get("aspectRatio") or "1:1", parameters.get("sampleImageSize"))
    fields: dict[str, Any] = {
        "text": prompt,
        "model": model,
        "quality": quality,
        "size": size,
        "fps": 1.0,
        "seconds": 1.0,
    }
    fields |= {"negative": asked.text("negativePrompt", ""), "seed": asked.whole("seed", 0, 0, 2**63 - 1)}
    try:
        shot = call.desk.shot(**fields)
    except Problem as problem:
        raise in_their_words(problem, call) from None
    work = {"shot": shot, "takes": asked.whole("sampleCount", 1, 1, 4), "suffix": SUFFIXES[mime]}
    job = call.desk.wait(ordered(call, work, "image", {"model": name}))
    if job.state != "done":
        raise Problem("failed", job.message or "the picture could not be made")
    found = [result for result in job.results if result.role == "picture"]
    data = [base64.b64encode(call.desk.storage.get(f"{job.folder}/{one.name}")).decode() for one in found]
    return answer({"predictions": [{"bytesBase64Encoded": one, "mimeType": mime} for one in data]})


def _picture_size(name: str, ratio: Any, lines: Any) -> tuple[int, int]:
    """Pixels, as Imagen has them; of our own models any shape, at a number of lines such as 80p. Raises Problem."""
    if name not in IMAGEN:
        return size_of(ratio, lines or "360p", ("360p",), lifted=True)
    if ratio not in tuple(PICTURES):
        raise Problem("invalid", f"aspectRatio should be one of {', '.join(PICTURES)}", "aspectRatio")
    if lines not in (None, "1K"):
        raise Problem("invalid", "sampleImageSize should be 1K", "sampleImageSize")
    return PICTURES[ratio]


# --- events -----------------------------------------------------------------------------------------------------------

EVENTS = {
    (veo.DEVELOPER, "done"): "video.generated", (veo.DEVELOPER, "failed"): "video.failed",
    (interactions.COLLECTION, "done"): "interaction.completed",
    (interactions.COLLECTION, "failed"): "interaction.failed",
    (interactions.COLLECTION, "cancelled"): "interaction.cancelled",
}  # fmt: skip


def notice(desk: Desk, job: Job) -> tuple[Notice, ...]:
    """An event for each of the receivers that the request has named, without the films themselves."""
    kind = EVENTS.get((job.collection, job.state))
    if kind is None:
        return ()
    data: dict[str, Any] = {"id": veo.name_of(job) if job.collection == veo.DEVELOPER else job.id}
    if made := files.made(job):
        data["file_uris"] = [files.uri_of(desk.settings.public_url, "v1beta", file) for file in made]
    if job.state == "failed":
        data["error"] = {"code": job.code or "internal", "message": job.message or "it failed"}
    body = {"type": kind, "version": "v1", "timestamp": files.time_of(job.ended or job.created), "data": data}
    if job.said.get("metadata"):
        body["user_metadata"] = job.said["metadata"]
    return tuple(Notice(url, body, signed=True) for url in job.said.get("receivers", ()))


# --- routes -----------------------------------------------------------------------------------------------------------


def _any_version(method: str, path: str, found: Callable[[Call], Response], **how: Any) -> Route:
    """A route below whichever version: all are served alike."""

    def checked(call: Call) -> Response:
        if call.path["version"] not in VERSIONS:
            told = ", ".join(VERSIONS)
            raise Problem("path", f"there is no version {call.path['version'][:40]!r}; there are {told}")
        return found(call)

    return Route(method, path, checked, **how)


def _enterprise(place: str) -> tuple[Route, ...]:
    """The Enterprise dialect, for keys and for who names a project and a location."""
    at = "/{version}" + place
    model = at + "/publishers/google/models/{model}"
    return (
        _any_version("GET", f"{at}/publishers/google/models", list_publisher_models),
        _any_version("GET", model, get_publisher_model),
        _any_version("POST", f"{model}:predictLongRunning", veo.create_enterprise),
        _any_version("POST", f"{model}:fetchPredictOperation", veo.fetch),
        _any_version("POST", f"{model}:predict", pictures),
        _any_version("POST", model, unknown_method),
        _any_version("POST", f"{at}/interactions", interactions.create),
        _any_version("GET", f"{at}/interactions/{{id}}", interactions.get),
        _any_version("DELETE", f"{at}/interactions/{{id}}", interactions.delete),
        _any_version("POST", f"{at}/interactions/{{id}}/cancel", interactions.cancel),
    )


PROTOCOL = Protocol(
    name="google",
    prefix="/google",
    routes=(
        _any_version("POST", "/upload/{version}/files", files.start),
        _any_version("POST", "/upload/{version}/sessions/{session}", files.piece, needs_key=False, raw=True),
        _any_version("GET", "/{version}/files", files.list_),
        _any_version("GET", "/{version}/files/{id}:download", files.download),
        _any_version("GET", "/{version}/files/{id}", files.get),
        _any_version("DELETE", "/{version}/files/{id}", files.delete),
        _any_version("GET", "/{version}/models", list_models),
        _any_version("GET", "/{version}/models/{model}", get_model),
        _any_version("POST", "/{version}/models/{model}:predictLongRunning", veo.create),
        _any_version("POST", "/{version}/models/{model}:predict", pictures),
        _any_version("POST", "/{version}/models/{model}", unknown_method),
        _any_version("GET", "/{version}/models/{model}/operations/{id}", veo.operation),
        _any_version("DELETE", "/{version}/models/{model}/operations/{id}", veo.delete),
        _any_version("POST", "/{version}/models/{model}/operations/{id}:cancel", veo.cancel),
        *_enterprise(""),
        *_enterprise(PLACE),
    ),
    error=error,
    secret=secret,
    notice=notice,
    statuses=CODES,
)
