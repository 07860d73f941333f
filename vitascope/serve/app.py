"""The HTTP server: every protocol below its prefix, files by signed links, health and metrics."""

import asyncio
import contextlib
import ctypes
import json
import math
import re
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vitascope import __version__
from vitascope.serve import callbacks, links, manual
from vitascope.serve.desk import Desk
from vitascope.serve.expiry import sweep
from vitascope.serve.log import log, tell
from vitascope.serve.metrics import Metrics
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, Protocol, Route, Upload, answer, unfolded
from vitascope.serve.protocols import ours_docs as ours
from vitascope.serve.services import PROTOCOLS, protocol_of

THREADS = 64
TIDIES = 1.0  # seconds between two looks at leases and calls back, …
SWEEPS = 60.0  # … and at what has expired
MAX_FIELDS = 1000
_SURROGATES = re.compile("[\ud800-\udfff]")
MAX_FILES = 32


def build(desk: Desk) -> ASGIApp:
    """The server's application. It takes jobs; workers make them."""
    app = FastAPI(
        title="Vitascope", version=__version__, docs_url=None, redoc_url=None, lifespan=lambda app: _living(desk)
    )
    app.add_exception_handler(HTTPException, _unknown)
    for protocol in PROTOCOLS:
        for route in protocol.routes:
            path, endpoint = protocol.prefix + route.path, _endpoint(desk, protocol, route)
            if route.docs:
                app.add_api_route(path, endpoint, methods=[route.method], response_class=Response, **route.docs)
            else:
                app.router.routes.append(StarletteRoute(path, endpoint, methods=[route.method]))
    for path, endpoint in (("/healthz", _health), ("/readyz", _ready(desk)), ("/metrics", _metrics(desk))):
        app.router.routes.append(StarletteRoute(path, endpoint, methods=["GET"]))
    app.router.routes.append(StarletteRoute("/files/{job}/{name}", _file(desk), methods=["GET", "HEAD"]))
    document = app.openapi()
    document["components"] = {"securitySchemes": ours.SECURITY}
    told_at = HTMLResponse(manual.page(document))
    app.router.routes.append(StarletteRoute("/docs", lambda request: told_at, methods=["GET"]))
    return Outside(app, desk.settings.max_body)


def refused(problem: Problem, path: str, request_id: str) -> Response:
    """A problem in the form of the protocol that the path falls under."""
    headers = {}
    if problem.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(problem.retry_after)))
    protocol = protocol_of(path)
    status = protocol.statuses.get(problem.code or "", protocol.statuses.get(problem.kind, problem.status))
    return answer(protocol.error(problem, request_id), status, headers)


class Outside:
    """Around everything: request ids, the log, the limit of a body, and no error that is not in a protocol's form."""

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self.app, self.max_body = app, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, start = f"req_{uuid.uuid4().hex}", time.perf_counter()
        scope.setdefault("state", {})["request_id"] = request_id
        path, status, begun, read = scope["path"], 500, False, 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > self.max_body:
                    raise Problem("too_large", f"a request may have at most {self.max_body} bytes")
            return message

        async def marked(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                begun, status = True, message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            length = dict(scope["headers"]).get(b"content-length", b"0")
            if length.isdigit() and int(length) > self.max_body:
                raise Problem("too_large", f"a request may have at most {self.max_body} bytes, this one has more")
            await self.app(scope, counted, marked)
        except ClientDisconnect:
            status = 499
        except Exception as error:
            if begun:
                raise
            await told(error, Request(scope))(scope, receive, marked)
        finally:
            took = round(1000 * (time.perf_counter() - start), 1)
            line = {"request": request_id, "method": scope["method"], "path": path, "status": status, "ms": took}
            tell("request", **line, key=scope["state"].get("key"))


def told(error: Exception, request: Request) -> Response:
    """The answer to a request that failed, in its protocol's form. What we did not foresee is logged."""
    problem, path, request_id = as_problem(error), request.url.path, request.state.request_id
    if problem.kind == "internal":
        log.error("failed", exc_info=error, extra={"told": {"request": request_id, "path": path}})
    return refused(problem, path, request_id)


def as_problem(error: Exception) -> Problem:
    """Whatever was raised, as a problem that tells nothing of the inside."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        kinds = {404: "path", 405: "method", 413: "too_large", 415: "type"}
        kind: Any = kinds.get(error.status_code, "malformed" if error.status_code < 500 else "internal")
        messages = {"path": "there is nothing at this path", "method": "this path does not take that method"}
        return Problem(kind, messages.get(kind, str(error.detail)))
    if isinstance(error, MultiPartException):
        return Problem("malformed", f"the form cannot be read: {error.message}")
    return Problem("internal", "something failed on the server; it has been logged")


def _endpoint(desk: Desk, protocol: Protocol, route: Route) -> Any:
    async def endpoint(request: Request) -> Response:
        try:
            for value in (*request.path_params.values(), *request.query_params.values()):
                _check_text(value)
            fields, body = ({}, await request.body()) if route.raw else await read_body(request)
            return await run_in_threadpool(_answer, desk, protocol, route, request, fields, body)
        except ClientDisconnect:
            raise
        except Exception as error:
            return told(error, request)

    return endpoint


def _answer(
    desk: Desk, protocol: Protocol, route: Route, request: Request, fields: dict[str, Any], body: bytes
) -> Response:
    key = admitted(desk, protocol, request) if route.needs_key else None
    return route.answer(Call(desk, protocol, request, request.path_params, request.query_params, fields, body, key))


def admitted(desk: Desk, protocol: Protocol, request: Request) -> Any:
    """Whose request this is. Raises Problem without a good key, or where it asks too often."""
    secret = protocol.secret(request)
    if secret is None:
        raise Problem("no_key", "no API key was given")
    key = desk.keys.find(secret)
    if key is None:
        raise Problem("bad_key", "this API key is unknown or has been revoked")
    request.state.key = key.id
    if wait := desk.limiter.ask(key.id, key.tier.requests):
        message = f"too many requests: your tier has {key.tier.requests} a minute"
        raise Problem("rate", message, retry_after=wait)
    return key


async def read_body(request: Request) -> tuple[dict[str, Any], bytes]:
    """A request's fields, of JSON or a form, and its bytes where it is neither. Raises Problem."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        try:
            async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=2**20) as form:
                pairs = [(name, await _part(value)) for name, value in form.multi_items()]
        except (HTTPException, MultiPartException, ValueError) as error:
            raise Problem("malformed", f"the form cannot be read: {getattr(error, 'detail', error)}") from None
        for pair in pairs:
            _check_text(pair)
        return unfolded(pairs), b""
    body = await request.body()
    if not body or not (kind == "application/json" or (kind == "" and body[:1] == b"{")):
        return {}, body
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem("malformed", "the body is no JSON") from None
    if not isinstance(value, dict):
        raise Problem("malformed", "the body should be a JSON object")
    _check_text(value)
    return value, body


def _check_text(value: Any) -> None:
    """Raise Problem for text, however deep in a value, that neither databases nor files can hold."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, str) and ("\0" in one or (not one.isascii() and _SURROGATES.search(one))):
            raise Problem("malformed", "a text holds a null or half of a character")


async def _part(value: UploadFile | str) -> Upload | str:
    if isinstance(value, str):
        return value
    return Upload(value.filename or "", value.content_type or "", await value.read())


@contextlib.asynccontextmanager
async def _living(desk: Desk) -> AsyncIterator[None]:
    """While the server runs, leases are watched, calls back made, and what has expired is swept away."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    tasks = [asyncio.create_task(_tidy(desk)), asyncio.create_task(callbacks.deliver(desk))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        desk.database.close()


async def _tidy(desk: Desk) -> None:
    swept = 0.0
    while True:
        try:
            if back := await run_in_threadpool(desk.jobs.take_back):
                tell("leases ended", jobs=back)
            if time.monotonic() - swept > SWEEPS:
                swept = time.monotonic()
                await run_in_threadpool(sweep, desk.database, desk.storage)
                _trim()
        except Exception:
            log.exception("tidying failed")
        await asyncio.sleep(TIDIES)


def _trim() -> None:
    """Give memory back: glibc keeps what a few large requests have taken (11 MB of JSON 150 MB) for ever."""
    with contextlib.suppress(OSError, AttributeError):  # other systems do so by themselves, or cannot
        ctypes.CDLL(None).malloc_trim(0)


async def _unknown(request: Request, error: Exception) -> Response:
    return told(error, request)


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _ready(desk: Desk) -> Any:
    async def ready(request: Request) -> Response:
        """Whether jobs can be taken, and there is somebody to make them."""
        try:
            queue = await run_in_threadpool(desk.forecast.queue)
        except Exception:
            return PlainTextResponse("the database does not answer\n", 503)
        if queue.workers == 0:
            return PlainTextResponse("no worker has been seen in the last minute\n", 503)
        return PlainTextResponse("ready\n")

    return ready


def _metrics(desk: Desk) -> Any:
    metrics = Metrics(desk.database)

    async def page(request: Request) -> Response:
        return Response(await run_in_threadpool(metrics.page), media_type="text/plain; version=0.0.4")

    return page


def _file(desk: Desk) -> Any:
    def file(request: Request) -> Response:
        """A result, to whoever has its signed link."""
        job_id, name = request.path_params["job"], request.path_params["name"]
        ends, signature = request.query_params.get("ends", ""), request.query_params.get("signature", "")
        if not links.is_signed(desk.link_secret, f"files/{job_id}/{name}", ends, signature):
            return PlainTextResponse("this link is not valid, or has ended\n", 403)
        job = desk.jobs.get(job_id)
        result = None if job is None else job.file(name)
        if job is None or result is None:
            return PlainTextResponse("there is no such file\n", 404)
        try:
            return desk.content(job, result, request.headers.get("range"), request.method == "GET")
        except Problem as problem:
            return PlainTextResponse(f"{problem.message}\n", problem.status)

    return file
