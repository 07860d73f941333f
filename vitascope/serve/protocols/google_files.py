"""Google's files: uploaded in pieces, listed, told of and deleted; and films that were made, which are files too."""

import base64
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from vitascope.serve.desk import Note
from vitascope.serve.expiry import throw
from vitascope.serve.jobs import Job, new_id
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, answer
from vitascope.serve.protocols.google_errors import error
from vitascope.serve.settings import DAY
from vitascope.serve.sniff import sniffed
from vitascope.serve.work import Result
from vitascope.shot.shot import MAX_INLINE_BYTES, Media, MediaKind

LASTS = 2 * DAY  # of an uploaded file
SESSION = DAY  # of an upload that has begun
PAGE = 100  # files of a list, at most
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_MADE = re.compile(r"([0-9a-f]{32})([0-9])")  # a job, and which of its films
_URI = re.compile(r"(?:https?://[^/?#]+/(?:[^?#]*/)?v1\w*/)?files/([a-z0-9-]{1,40})(?::download)?(?:[?#].*)?")


@dataclass(frozen=True)
class File:
    """A file of a key: one that it has uploaded, or (with a job) a film that was made for it."""

    id: str
    order: str  # 32 hexadecimal digits in the order of time, and one of which film
    sha256: str
    kind: MediaKind
    mime: str
    bytes: int
    created: float
    expires: float | None
    display: str = ""
    job: Job | None = None
    result: Result | None = None


# --- which files there are --------------------------------------------------------------------------------------------


def find(call: Call, id: str) -> File | None:
    """A file of this key."""
    if not _ID.fullmatch(id):
        return None
    note = call.desk.noted("google", _note_id(call, id), "file", call.key.id)
    if note is not None:
        return _uploaded(note)
    if match := _MADE.fullmatch(id):
        job = call.desk.jobs.get(match[1], key=call.key.id, protocol="google")
        return None if job is None else next((file for file in left(call, job) if file.id == id), None)
    return None


def left(call: Call, job: Job) -> list[File]:
    """The films of a job as files, less those that were deleted."""
    files = made(job)
    if len(files) == 1:  # it would have gone with its job
        return files
    return [file for file in files if call.desk.noted("google", f"gone.{file.id}", "gone") is None]


def made(job: Job) -> list[File]:
    """All films that a job has made for `files`."""
    if not job.said.get("files"):
        return []
    films = [result for result in job.results if result.role == "film"]
    return [
        File(
            id=f"{job.id}{number}",
            order=f"{job.id}{9 - number}",
            sha256=film.sha256,
            kind="film",
            mime=film.mime,
            bytes=film.bytes,
            created=job.ended or job.created,
            expires=job.expires,
            job=job,
            result=film,
        )
        for number, film in enumerate(films)
    ]


def _uploaded(note: Note) -> File:
    told = note.data
    return File(
        id=told["id"],
        order=told["order"],
        sha256=told["sha256"],
        kind=told["kind"],
        mime=told["mime"],
        bytes=told["bytes"],
        created=note.created,
        expires=note.expires,
        display=told["display"],
    )


def _note_id(call: Call, id: str) -> str:
    return f"{call.key.id}.{id}"  # clients choose names: each key has its own


def _found(call: Call) -> File:
    file = find(call, call.path["id"])
    if file is None:
        raise Problem("not_found", f"there is no file files/{call.path['id'][:80]}", "name")
    return file


def media(call: Call, uri: str, kind: MediaKind, name: str) -> Media | None:
    """The file of this server behind a URI, as media; None where it is no file of this key. Raises Problem for one of
    another kind."""
    match = _URI.fullmatch(uri)
    file = find(call, match[1]) if match else None
    if file is None and match and (uri.startswith("files/") or uri.startswith(call.desk.base(call))):
        raise Problem("invalid", f"{name}: there is no file files/{match[1]}", name)
    if file is not None and file.kind != kind:
        raise Problem("invalid", f"{name}: files/{file.id} is a {file.kind}; a {kind} is wanted", name)
    if file is None or kind == "film":
        return None if file is None else Media(sha256=file.sha256, kind=kind)
    return Media.of(call.desk.storage.get(call.desk.kept(call.key, file.sha256)["path"]), kind)


# --- what is told of them ---------------------------------------------------------------------------------------------


def time_of(seconds: float) -> str:
    """Seconds since 1970 in ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uri_of(base: str, version: str, file: File) -> str:
    """Where a film is fetched with the key. The official client reads https URIs and bare names; of a plain http URI it
    makes nonsense, so that a server without TLS gives the name."""
    if not base.startswith("https://"):
        return f"files/{file.id}"
    return f"{base}/google/{version}/files/{file.id}:download?alt=media"


def told(call: Call, file: File) -> dict[str, Any]:
    """A file as the clients see it."""
    base, version = call.desk.base(call), call.path["version"]
    found = {
        "name": f"files/{file.id}",
        "displayName": file.display,
        "mimeType": file.mime,
        "sizeBytes": str(file.bytes),
        "createTime": time_of(file.created),
        "updateTime": time_of(file.created),
        "expirationTime": None if file.expires is None else time_of(file.expires),
        "sha256Hash": base64.b64encode(bytes.fromhex(file.sha256)).decode(),
        "state": "ACTIVE",
        "source": "UPLOADED",
        "uri": f"{base}/google/{version}/files/{file.id}",
    }
    if file.job is not None:
        uri = uri_of(base, version, file)
        found |= {"source": "GENERATED", "uri": uri, "downloadUri": uri}
    return {name: value for name, value in found.items() if value not in (None, "")}


def get(call: Call) -> Response:
    return answer(told(call, _found(call)))


def list_(call: Call) -> Response:
    """Newest first; the token of a page is the order of the last file on the one before."""
    size, token = page_size(call, 10, PAGE), call.query.get("pageToken", "")
    if token and not re.fullmatch(r"[0-9a-f]{32}[0-9]", token):
        raise Problem("invalid", f"pageToken should be one that this server has given, but was {token[:60]!r}")
    uploaded = [_uploaded(note) for note in call.desk.all_noted("google", "file", call.key.id)]
    found = [file for file in uploaded if not token or file.order < token]
    for number, file in enumerate(_all_made(call, token)):
        found.append(file)
        if number == size:
            break
    found.sort(key=lambda file: file.order, reverse=True)
    page: dict[str, Any] = {"files": [told(call, file) for file in found[:size]]}
    return answer(page | ({"nextPageToken": found[size - 1].order} if len(found) > size else {}))


def page_size(call: Call, default: int, most: int) -> int:
    """How many a page shall have. Raises Problem."""
    given = call.query.get("pageSize", "")
    if given in ("", "0"):
        return default
    if not (given.isascii() and given.isdecimal() and len(given) <= 6):
        raise Problem("invalid", f"pageSize should be 1 to {most}, but was {given[:40]!r}", "pageSize")
    return min(int(given), most)


def _all_made(call: Call, before: str) -> Iterator[File]:
    """The films of all jobs, newest first, from the one after `before`."""
    after = before[:32] + "0" if before else None  # other films of that very job may follow
    while True:
        jobs = call.desk.jobs.page(call.key.id, "google", limit=PAGE, after=after)
        for job in jobs:
            yield from (file for file in left(call, job) if not before or file.order < before)
        if len(jobs) < PAGE:
            return
        after = jobs[-1].id


def delete(call: Call) -> Response:
    """The last film of a job goes with the job."""
    file = _found(call)
    if file.job is None:
        call.desk.forget("google", _note_id(call, file.id))
    elif len(left(call, file.job)) > 1:
        lasts = max(1.0, (file.expires or 0.0) - time.time())
        call.desk.note("google", call.key.id, "gone", {}, lasts, f"gone.{file.id}")
    else:
        call.desk.jobs.delete(file.job.id)
    return answer({})


def download(call: Call) -> Response:
    file = _found(call)
    if file.job is None or file.result is None:
        raise Problem("not_ready", "only generated files can be downloaded; this one was uploaded", "name")
    return call.desk.content(file.job, file.result, call.header("range"))


# --- uploads ----------------------------------------------------------------------------------------------------------


def start(call: Call) -> Response:
    """Begin an upload: the answer's header says where the bytes go, and that address is all they need."""
    if (call.header("x-goog-upload-protocol") or "").lower() != "resumable" or "start" not in _commands(call):
        message = "X-Goog-Upload-Protocol should be resumable and X-Goog-Upload-Command start; no other way is known"
        raise Problem("invalid", message)
    given = call.fields.get("file") or {}
    if not isinstance(given, Mapping):
        raise Problem("invalid", "file should be an object", "file")
    size = str(call.header("x-goog-upload-header-content-length") or _either(given, "size_bytes", "sizeBytes") or "0")
    if not (size.isascii() and size.isdecimal() and len(size) <= 15):
        raise Problem("invalid", f"file.size_bytes should be a number of bytes, but was {size[:40]!r}", "file")
    if int(size) > MAX_INLINE_BYTES:
        raise Problem("too_large", f"a file may have at most {MAX_INLINE_BYTES} bytes, this one has {size}", "file")
    call.desk.check_room(call.key, int(size))
    name, session = _name(call, given), secrets.token_hex(24)
    display = str(_either(given, "display_name", "displayName") or "")[:512].encode(errors="replace").decode()
    data = {"key": call.key.id, "id": name, "display": display, "pieces": []}
    call.desk.note("google", call.key.id, "upload", data, SESSION, session)
    url = f"{call.desk.base(call)}/google/upload/{call.path['version']}/sessions/{session}"
    return answer({}, headers={"x-goog-upload-url": url, "x-goog-upload-status": "active"})


def _name(call: Call, given: Mapping[str, Any]) -> str:
    """The id that a client wishes for its file, else none."""
    wish = given.get("name") or ""
    id = wish.removeprefix("files/") if isinstance(wish, str) else "?"
    if id and not _ID.fullmatch(id):
        message = "file.name should be files/ and up to 40 small letters, digits and inner dashes"
        raise Problem("invalid", f"{message}, but was {str(wish)[:60]!r}", "file.name")
    if id and find(call, id) is not None:
        raise Problem("invalid", f"there is a file files/{id} already", "file.name", code="ALREADY_EXISTS")
    return id


def _commands(call: Call) -> list[str]:
    return [word.strip().lower() for word in (call.header("x-goog-upload-command") or "").split(",")]


def _either(given: Mapping[str, Any], *names: str) -> Any:
    return next((given[name] for name in names if given.get(name) is not None), None)


def piece(call: Call) -> Response:
    """A piece of a file, or its end. What goes wrong ends the upload, or the client would send the piece again."""
    try:
        return _taken(call)
    except Problem as problem:
        told = error(problem, "")
        return answer(told, told["error"]["code"], {"x-goog-upload-status": "cancelled"})


def _taken(call: Call) -> Response:
    note = call.desk.noted("google", call.path["session"], "upload")
    key = None if note is None else call.desk.keys.get(note.data["key"])
    if note is None or key is None:
        raise Problem("not_found", "there is no such upload, or it has ended")
    pieces, commands, folder = note.data["pieces"], _commands(call), f"uploads/{note.id}"
    received = sum(pieces)
    if "cancel" in commands:
        _end(call, note)
        return answer({}, headers={"x-goog-upload-status": "cancelled"})
    if "upload" in commands:
        offset = call.header("x-goog-upload-offset") or "0"
        if offset != str(received):
            raise Problem("invalid", f"X-Goog-Upload-Offset should be {received}, but was {offset[:20]!r}")
        if received + len(call.body) > MAX_INLINE_BYTES:
            _end(call, note)
            raise Problem("too_large", f"a file may have at most {MAX_INLINE_BYTES} bytes")
    elif not {"finalize", "query"} & set(commands):
        raise Problem("invalid", "X-Goog-Upload-Command should be upload, finalize, query or cancel")
    body = call.body if "upload" in commands else b""
    if "finalize" not in commands:
        if body:
            call.desk.storage.put(f"{folder}/{len(pieces):06}", body)
            with call.desk.database.writing() as connection:
                throw(connection, folder, time.time() + SESSION)  # if it is never ended
            data = note.data | {"pieces": [*pieces, len(body)]}
            call.desk.note("google", key.id, "upload", data, SESSION, note.id)
        size = {"x-goog-upload-size-received": str(received + len(body))}
        return answer({}, headers={"x-goog-upload-status": "active"} | size)
    parts = [call.desk.storage.get(f"{folder}/{number:06}") for number in range(len(pieces))]
    _end(call, note)
    file = _kept(replace(call, key_or_none=key), b"".join([*parts, body]), note)
    return answer({"file": told(call, file)}, headers={"x-goog-upload-status": "final"})


def _kept(call: Call, data: bytes, note: Note) -> File:
    """The whole file, in the storage and known by its name."""
    found = call.desk.media(call, data, None, "file")
    id = note.data["id"] or note.id[:32]
    lasts = min(LASTS, call.desk.settings.expire_days * DAY)
    about = {"sha256": found.sha256, "kind": found.kind, "mime": sniffed(data).mime, "bytes": len(data)}
    about |= {"id": id, "order": new_id() + "0", "display": note.data["display"]}
    return _uploaded(call.desk.note("google", call.key.id, "file", about, lasts, _note_id(call, id)))


def _end(call: Call, note: Note) -> None:
    call.desk.forget("google", note.id)
    if note.data["pieces"]:
        call.desk.storage.remove(f"uploads/{note.id}")
