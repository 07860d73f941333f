"""Calls back: written down with the change, signed, tried again, and held up by nobody."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from vitascope.serve import callbacks
from vitascope.serve.database import deliveries
from vitascope.serve.desk import Desk
from vitascope.serve.fetch import FetchError
from vitascope.serve.settings import Settings

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()


class Post:
    """Stands for the network: answers with these in turn, the last one for ever."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers, self.calls = list(answers), list[tuple[str, bytes, dict[str, str], bool]]()

    def __call__(self, url: str, body: bytes, headers: dict[str, str], *, seconds: float, allow_private: bool) -> int:
        self.calls.append((url, body, headers, allow_private))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(Settings.of(home=tmp_path))
    yield opened
    opened.database.close()


def left(desk: Desk) -> list[Any]:
    with desk.database.reading() as connection:
        return list(connection.execute(sa.select(deliveries).order_by(deliveries.c.due)).mappings())


def put(desk: Desk, newly: Any) -> str:
    """A job that was cancelled, whose client is to be told."""
    id = desk.jobs.put(newly(callback="http://receiver/x")).id
    desk.jobs.cancel(id)
    return id


def send_all(desk: Desk) -> int:
    due = callbacks.claim_due(desk, 10)
    for one in due:
        callbacks.send(desk, one)
    return len(due)


def test_a_change_is_told_once(desk: Desk, newly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post(200)
    monkeypatch.setattr(callbacks, "post", post)
    id = put(desk, newly)
    assert send_all(desk) == 1 and send_all(desk) == 0
    ((url, body, headers, allowed),) = post.calls
    assert url == "http://receiver/x" and id in body.decode() and "cancelled" in body.decode() and not allowed
    assert headers["webhook-id"].startswith("evt_") and left(desk) == []


@pytest.mark.parametrize("refusal", [503, FetchError("no answer")])
def test_who_does_not_take_it_is_asked_three_times(
    desk: Desk, newly: Any, monkeypatch: pytest.MonkeyPatch, refusal: int | Exception
) -> None:
    post = Post(refusal)
    monkeypatch.setattr(callbacks, "post", post)
    monkeypatch.setattr(callbacks, "WAITS", (0.0, 0.0))
    put(desk, newly)
    while left(desk):
        assert send_all(desk) == 1
    assert len(post.calls) == callbacks.TRIES and len({headers["webhook-id"] for _, _, headers, _ in post.calls}) == 1


def test_the_second_try_waits(desk: Desk, newly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "post", Post(500))
    put(desk, newly)
    send_all(desk)
    assert send_all(desk) == 0
    assert 0 < left(desk)[0]["due"] - time.time() <= callbacks.WAITS[0]


def test_what_a_server_took_and_did_not_send_is_sent_by_another(
    desk: Desk, newly: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(desk, newly)
    assert [len(callbacks.claim_due(desk, 10)) for _ in range(2)] == [1, 0]
    with desk.database.writing() as connection:
        connection.execute(sa.update(deliveries).values(due=deliveries.c.due - 60))
    post = Post(200)
    monkeypatch.setattr(callbacks, "post", post)
    assert send_all(desk) == 1 and len(post.calls) == 1


def test_a_deleted_job_is_told_of_no_more(desk: Desk, newly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post(200)
    monkeypatch.setattr(callbacks, "post", post)
    desk.jobs.delete(put(desk, newly))
    assert send_all(desk) == 0 and not post.calls


def test_openais_events_are_signed(tmp_path: Path, newly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk.open(Settings.of(home=tmp_path, webhook_url="http://127.0.0.1:1/hook", webhook_secret=SECRET))
    post = Post(200)
    monkeypatch.setattr(callbacks, "post", post)
    desk.jobs.put(newly(protocol="openai", collection="video", said={"model": "sora-2"}))
    job = desk.jobs.claim("w", 30.0)
    assert job is not None
    desk.jobs.fail(job.id, "w", "internal", "no")
    while send_all(desk):
        pass
    ((url, body, headers, allowed),) = post.calls
    assert url == "http://127.0.0.1:1/hook" and allowed  # the operator's own, wherever it is
    assert json.loads(body)["type"] == "video.failed"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"0123456789abcdef", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    desk.database.close()


def test_a_receiver_that_sleeps_does_not_hold_up_the_others(
    desk: Desk, newly: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def post(url: str, *given: object, **more: object) -> int:
        if "slow" in url:
            time.sleep(1.0)
        taken.append(url)
        return 200

    monkeypatch.setattr(callbacks, "post", post)
    monkeypatch.setattr(callbacks, "LOOKS", 0.02)
    for name in ("slow", "a", "b", "c"):
        desk.jobs.cancel(desk.jobs.put(newly(callback=f"http://{name}")).id)

    async def until_all_are_told() -> None:
        task = asyncio.create_task(callbacks.deliver(desk))
        while len(taken) < 4:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(until_all_are_told(), 20))
    assert taken[-1] == "http://slow"


def test_an_end_is_not_told_before_its_beginning(desk: Desk, newly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post(FetchError("receiver: it does not answer"), 200)
    monkeypatch.setattr(callbacks, "post", post)
    desk.jobs.put(newly(callback="http://receiver/x"))
    job = desk.jobs.claim("worker", 30)
    assert job is not None
    desk.jobs.fail(job.id, "worker", "media", "it cannot be read")
    assert [one["state"] for one in left(desk)] == ["running", "failed"]
    assert send_all(desk) == 1 and send_all(desk) == 0  # the first was not taken: it is due again later
    with desk.database.writing() as connection:
        connection.execute(sa.update(deliveries).values(due=time.time()))
    assert send_all(desk) == 1 and send_all(desk) == 1
    assert [json.loads(body)["type"] for _, body, *_ in post.calls] == ["shot.running"] * 2 + ["shot.failed"]
