"""What OpenAPI says of our own protocol: summaries, schemas and examples."""

from typing import Any

from vitascope.serve.work import Work
from vitascope.shot.shot import Shot

Docs = dict[str, Any]  # the keyword arguments of FastAPI's add_api_route

JOB = {
    "id": "019ab2c4d1e27f3a8b5c6d7e8f901234", "state": "done", "created": 1795400000.0, "started": 1795400000.4,
    "ended": 1795400006.1, "expires": 1797992006.1, "model": "small", "stage": "store", "percent": 100, "error": None,
    "results": [{
        "name": "0.mp4", "role": "film", "mime": "video/mp4", "bytes": 151234, "sha256": "9f" * 32, "size": [256, 144],
        "seconds": 2.0, "fps": 12.0, "seed": 7,
        "url": "http://127.0.0.1:8000/files/019ab2c4d1e27f3a8b5c6d7e8f901234/0.mp4?ends=1795486406&signature=…",
    }],
    "events": "http://127.0.0.1:8000/v1/shots/019ab2c4d1e27f3a8b5c6d7e8f901234/events",
    "work": {"shot": {"text": "a red ball bounces on the grass", "seed": 7}},
}  # fmt: skip
SHOT = {"text": "a red ball bounces on the grass at sunset", "seconds": 2, "size": [256, 144], "seed": 7}
WORK = {"shot": SHOT, "task": "shot", "takes": 2}
ERROR = {"error": {"code": "invalid", "message": "size[0] should be …", "field": "size", "request": "req_…"}}


def _inline(schema: Docs) -> Docs:
    """A pydantic schema whose definitions stand inside it, as a document of many wants it."""
    definitions = schema.pop("$defs", {})

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return put(definitions[value["$ref"].rpartition("/")[2]])
            return {name: put(one) for name, one in value.items()}
        return [put(one) for one in value] if isinstance(value, list) else value

    found: Docs = put(schema)
    return found


def _json(example: Any, schema: Docs | None = None) -> Docs:
    return {"application/json": {"schema": schema or {"type": "object"}, "example": example}}


def _docs(
    summary: str,
    answers: dict[int | str, Any],
    body: Docs | None = None,
    query: Docs | None = None,
    path: tuple[str, ...] = (),
) -> Docs:
    parameters: list[Docs] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in path
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": schema} for name, schema in (query or {}).items()
    ]
    extra: Docs = {"security": [{"key": []}]}
    if body is not None:
        extra["requestBody"] = {"required": True, "content": body}
    if parameters:
        extra["parameters"] = parameters
    refused = {status: {"description": told, "content": _json(ERROR)} for status, told in REFUSED.items()}
    return {"summary": summary, "responses": {**refused, **answers}, "openapi_extra": extra}


SECURITY = {"key": {"type": "http", "scheme": "bearer", "description": "vitascope keys create"}}
REFUSED = {
    400: "A field cannot be", 401: "No key, or a wrong one", 404: "There is none of yours",
    413: "The body is too large", 429: "Too many requests or jobs: ask again after `retry-after` seconds",
}  # fmt: skip
_A_JOB = {"description": "The job", "content": _json(JOB)}
_QUERY = {
    "takes": {"type": "integer", "minimum": 1, "maximum": 9, "description": "Takes of the next seeds"},
    "reuse": {"type": "boolean", "description": "Answer with an equal job that is there already"},
    "callback_url": {"type": "string", "format": "uri", "description": "Called when the job's state has changed"},
}
CREATE = _docs("Make a Shot", {201: _A_JOB}, _json(SHOT, _inline(Shot.model_json_schema())), _QUERY)
CREATE_WORK = _docs(
    "Make a Shot with films, or work on a film", {201: _A_JOB}, _json(WORK, _inline(Work.model_json_schema())), _QUERY
)
LIST = _docs(
    "Your jobs, newest first",
    {200: {"description": "A page", "content": _json({"data": [JOB], "next": None})}},
    query={
        "limit": {"type": "integer", "minimum": 1, "maximum": 100},
        "after": {"type": "string", "description": "`next` of the page before"},
    },
)
GET = _docs("How a job stands", {200: _A_JOB}, path=("id",))
CANCEL = _docs("Stop a job, within one step if it runs", {200: _A_JOB}, path=("id",))
RETRY = _docs("Try a job again that failed or was cancelled", {200: _A_JOB}, path=("id",))
DELETE = _docs("Stop a job and forget it with its files", {204: {"description": "Gone"}}, path=("id",))
EVENTS = _docs(
    "What happens to a job, as server-sent events; resumable with Last-Event-ID",
    {200: {"description": "Events: queue, running, progress, preview, done, failed, cancelled", "content": {
        "text/event-stream": {"schema": {"type": "string"},
                              "example": 'id: 2\nevent: progress\ndata: {"stage": "sample", "percent": 25}\n\n'}
    }}},
    query={"after": {"type": "integer", "minimum": 0, "description": "As Last-Event-ID"}},
    path=("id",),
)  # fmt: skip
CONTENT = _docs(
    "A file of a finished job", {200: {"description": "The file", "content": {"*/*": {}}}}, path=("id", "name")
)
PUT_MEDIA = _docs(
    "Keep a picture, film or sound, to be named by its SHA-256",
    {201: {"description": "Its name", "content": _json({"sha256": "9f" * 32, "kind": "picture", "bytes": 51234})}},
    {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        },
        "application/json": {"schema": {"type": "object", "properties": {"url": {"type": "string"}}}},
    },
)
GET_MEDIA = _docs(
    "Whether the server has media",
    {200: {"description": "It has", "content": _json({"sha256": "9f" * 32})}},
    path=("sha256",),
)
MODELS = _docs("What each model can make", {200: {"description": "The models", "content": _json({"data": []})}})
