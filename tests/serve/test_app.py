"""What holds for all protocols: forms of errors, limits of bodies, and text that nothing can hold."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tests.serve.conftest import Server
from vitascope.serve.app import Outside
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import unfolded
from vitascope.serve.services import PROTOCOLS, protocol_of

SHAPES = {"openai": {"error"}, "ours": {"error"}, "runway": {"error"}, "luma": {"detail"}, "google": {"error"},
          "kling": {"code", "message", "request_id"}}  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.name)
@pytest.mark.parametrize(("method", "path"), [("GET", "/no/such/path"), ("PATCH", "/"), ("GET", "/%00")])
def test_unknown_paths_are_told_in_the_form_of_their_prefix(
    server: Server, protocol: Any, method: str, path: str
) -> None:
    answer = httpx.request(method, server.url + protocol.prefix + path)
    assert 400 <= answer.status_code < 500
    assert SHAPES[protocol.name] <= set(answer.json()), answer.text
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.name)
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"prompt": "\\ud83d"}', b'{"prompt": "a\\u0000"}', b"{" * 100_000])
def test_bodies_that_cannot_be_read_are_refused(server: Server, protocol: Any, body: bytes) -> None:
    plain = (one.path.replace("{version}", "v1") for one in protocol.routes if one.method == "POST")
    path = next(path for path in plain if "{" not in path)
    headers = {
        "authorization": f"Bearer {server.key}",
        "x-goog-api-key": server.key,
        "content-type": "application/json",
    }
    headers["x-runway-version"] = "2024-11-06"
    answer = httpx.post(server.url + protocol.prefix + path, headers=headers, content=body)
    assert answer.status_code == 400, answer.text
    assert SHAPES[protocol.name] <= set(answer.json())


def test_the_longest_prefix_has_the_say() -> None:
    assert protocol_of("/openai/v1/videos").name == "openai"
    assert protocol_of("/v1/shots").name == "ours"
    assert protocol_of("/openai").name == "ours" and protocol_of("/elsewhere").name == "ours"


@pytest.mark.parametrize("told", [True, False])
def test_a_body_may_not_be_too_large(told: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        raise AssertionError("the whole body was read")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=Outside(app, max_body=20_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = {"content-length": "100000"} if told else {}
            return await client.post("/luma/dream-machine/v1/generations", content=pieces(), headers=headers)

    answer = asyncio.run(ask())
    assert answer.status_code == 413 and "20000 bytes" in answer.json()["detail"]


def test_a_key_that_asks_too_often_is_told_when_to_come_back(server: Server) -> None:
    headers = {"authorization": f"Bearer {server.new_key('free')}"}
    with httpx.Client(base_url=server.url, headers=headers) as client:
        answers = [client.get("/openai/v1/models/none") for _ in range(400)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late and {answer.status_code for answer in answers} == {404, 429}
    assert int(late[0].headers["retry-after"]) >= 1
    assert late[0].json()["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize(
    ("pairs", "fields"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a[b]", "1"), ("a[c][]", "2"), ("a[c][]", "3")], {"a": {"b": "1", "c": ["2", "3"]}}),
        ([("a", "1"), ("a", "2")], {"a": ["1", "2"]}),
        ([("a[]", "1")], {"a": ["1"]}),
    ],
)
def test_forms_are_unfolded(pairs: list[tuple[str, Any]], fields: dict[str, Any]) -> None:
    assert unfolded(pairs) == fields


@pytest.mark.parametrize("names", [("a", "a[b]"), ("a[b]", "a[]"), ("a" + "[b]" * 20,)])
def test_forms_that_contradict_themselves_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(Problem):
        unfolded([(name, "1") for name in names])


def test_an_answer_shows_nothing_of_the_inside(server: Server) -> None:
    headers = {"authorization": f"Bearer {server.key}"}
    answer = httpx.post(
        f"{server.url}/v1/shots", headers=headers, content=json.dumps({"text": "x", "model": "../../x"})
    )
    assert answer.status_code == 400
    assert not any(word in answer.text for word in ("Traceback", "site-packages", str(server.home), ".py"))
