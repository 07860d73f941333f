"""Our own protocol against a server that runs."""

import base64
import hashlib
import json
from typing import Any

import httpx
import pytest

from tests.serve.conftest import Receiver, Server
from vitascope.shot.media import probe

SHOT: dict[str, Any] = {"text": "a red ball", "model": "tiny", "size": [144, 80], "seconds": 0.5, "steps": 2}


@pytest.fixture(scope="module")
def client(server: Server) -> httpx.Client:
    return httpx.Client(base_url=f"{server.url}/v1", headers={"authorization": f"Bearer {server.key}"}, timeout=60)


def watched(client: httpx.Client, id: str, **headers: str) -> list[tuple[str | None, str, Any]]:
    """The events of a job until it has ended: their ids, kinds and data."""
    found = []
    with client.stream("GET", f"/shots/{id}/events", headers=headers, timeout=120) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        number, kind = None, ""
        for line in stream.iter_lines():
            if line.startswith("id:"):
                number = line[3:].strip()
            elif line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:"):
                found.append((number, kind, json.loads(line[5:])))
                number = None
    return found


@pytest.fixture(scope="module")
def job(client: httpx.Client) -> Any:
    """A finished job, and its events."""
    made = client.post("/shots", json=SHOT)
    assert made.status_code == 201, made.text
    events = watched(client, made.json()["id"])
    return client.get(f"/shots/{made.json()['id']}").json() | {"seen": events}


def test_a_shot_is_made_and_its_file_needs_no_key(client: httpx.Client, job: Any) -> None:
    assert (job["state"], job["percent"], job["error"]) == ("done", 100, None)
    film = next(one for one in job["results"] if one["role"] == "film")
    data = httpx.get(film["url"]).content
    assert hashlib.sha256(data).hexdigest() == film["sha256"] and len(data) == film["bytes"]
    assert probe(data).size == (144, 80)
    assert client.get(f"/shots/{job['id']}/files/{film['name']}").content == data
    assert httpx.get(film["url"].replace("ends=1", "ends=2")).status_code == 403


def test_events_tell_how_it_forms(job: Any) -> None:
    kinds = [kind for _, kind, _ in job["seen"]]
    assert kinds[-1] == "done" and "running" in kinds and "preview" in kinds
    picture = next(data["image"] for _, kind, data in job["seen"] if kind == "preview")
    assert base64.b64decode(picture.partition(",")[2])[:3] == b"\xff\xd8\xff"


def test_events_go_on_after_the_last_one_seen(client: httpx.Client, job: Any) -> None:
    # Of pictures only the newest is kept.
    lasting = [(number, kind) for number, kind, _ in job["seen"] if number and kind != "preview"]
    middle = lasting[len(lasting) // 2 - 1][0]
    seen = watched(client, job["id"], **{"last-event-id": middle})
    again = [(number, kind) for number, kind, _ in seen if number and kind != "preview"]
    assert again == lasting[len(lasting) // 2 :]


def test_media_are_named_by_their_sha256(client: httpx.Client, server: Server, picture: bytes) -> None:
    kept = client.post("/media", content=picture, headers={"content-type": "application/octet-stream"}).json()
    assert kept == {"sha256": hashlib.sha256(picture).hexdigest(), "kind": "picture", "bytes": len(picture)}
    assert client.get(f"/media/{kept['sha256']}").status_code == 200
    pin = {"media": {"sha256": kept["sha256"]}}
    made = client.post("/shots", json=SHOT | {"pins": [pin]})
    assert made.status_code == 201, made.text
    assert watched(client, made.json()["id"])[-1][1] == "done"
    other = {"authorization": f"Bearer {server.new_key()}"}
    assert httpx.get(f"{server.url}/v1/media/{kept['sha256']}", headers=other).status_code == 404
    refused = httpx.post(f"{server.url}/v1/shots", headers=other, json=SHOT | {"pins": [pin]})
    assert refused.status_code == 400 and "upload them first" in refused.json()["error"]["message"]


def test_work_goes_on_from_a_film_and_gives_it_sound(client: httpx.Client, film: bytes) -> None:
    media = {"sha256": hashlib.sha256(film).hexdigest(), "kind": "film", "data": base64.b64encode(film).decode()}
    longer = client.post("/work", json={"shot": SHOT, "extend": media})
    assert longer.status_code == 201, longer.text
    named = {"sha256": media["sha256"], "kind": "film"}
    larger = client.post("/work", json={"task": "enlarge", "film": named, "shot": SHOT | {"size": [288, 160]}})
    sound = client.post("/work", json={"task": "sound", "film": named, "shot": SHOT | {"sound": {"prompt": "wind"}}})
    found = {}
    for name, made in (("longer", longer), ("larger", larger), ("sound", sound)):
        assert watched(client, made.json()["id"])[-1][1] == "done"
        told = client.get(f"/shots/{made.json()['id']}").json()
        found[name] = probe(httpx.get(told["results"][0]["url"]).content)
    assert found["longer"].num_frames == 18
    assert found["larger"].size == (288, 160) and found["larger"].num_frames == 12
    assert found["sound"].has_sound and found["sound"].size == (144, 80)


def test_a_running_job_is_cancelled_and_tried_again(client: httpx.Client) -> None:
    made = client.post("/shots", json=SHOT | {"seconds": 20, "steps": 200}).json()
    with client.stream("GET", f"/shots/{made['id']}/events", timeout=60) as stream:
        next(line for line in stream.iter_lines() if line == "event: running")
    assert client.post(f"/shots/{made['id']}/cancel").status_code == 200
    assert watched(client, made["id"])[-1][1] == "cancelled"
    again = client.post(f"/shots/{made['id']}/retry").json()
    assert again["state"] == "queued"
    assert client.delete(f"/shots/{made['id']}").status_code == 204
    assert client.get(f"/shots/{made['id']}").status_code == 404


def test_an_equal_shot_may_be_answered_with_what_is_there(client: httpx.Client, job: Any) -> None:
    assert client.post("/shots?reuse=true", json=SHOT).json()["id"] == job["id"]
    assert client.post("/shots?reuse=true", json=SHOT | {"seed": 1}).json()["id"] != job["id"]


def test_the_same_idempotency_key_is_the_same_job(client: httpx.Client) -> None:
    ids = {client.post("/shots", json=SHOT, headers={"idempotency-key": "once"}).json()["id"] for _ in range(3)}
    assert len(ids) == 1


def test_a_receiver_is_called_when_it_has_ended(client: httpx.Client, receiver: Receiver) -> None:
    made = client.post("/shots", params={"callback_url": f"{receiver.url}/ours"}, json=SHOT).json()
    told = receiver.wait_for("/ours", 2)
    assert [one["type"] for one in told] == ["shot.running", "shot.done"] and told[0]["data"]["id"] == made["id"]


def test_the_list_is_paged(server: Server) -> None:
    headers = {"authorization": f"Bearer {server.new_key()}"}
    ids = [httpx.post(f"{server.url}/v1/shots", headers=headers, json=SHOT).json()["id"] for _ in range(3)]
    page = httpx.get(f"{server.url}/v1/shots?limit=2", headers=headers).json()
    assert [one["id"] for one in page["data"]] == ids[:0:-1] and page["next"] == ids[1]
    rest = httpx.get(f"{server.url}/v1/shots?limit=2&after={page['next']}", headers=headers).json()
    assert [one["id"] for one in rest["data"]] == ids[:1] and rest["next"] is None


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/shots", {"text": ""}, "text"),
        ("/shots", SHOT | {"size": [1000, 100]}, "size"),
        ("/shots", SHOT | {"model": "none"}, "model"),
        ("/shots", SHOT | {"pins": [{"media": "/etc/passwd"}]}, "pins[0].media"),
        ("/work", {"shot": SHOT, "task": "sound"}, "film"),
        ("/work", {"shot": SHOT, "takes": 99}, "takes"),
        ("/shots?takes=0", SHOT, "takes"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client: httpx.Client, path: str, body: Any, field: str) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["field"] == field, answer.json()


def test_models_say_what_they_can(client: httpx.Client) -> None:
    told = {one["id"]: one for one in client.get("/models").json()["data"]}
    assert told["tiny"]["made_at"] == {"size": [144, 80], "fps": 12.0} and told["tiny"]["pins"]["pictures"] == 3
    assert "small" in told


def test_the_documents_have_an_example_of_everything(server: Server) -> None:
    told = httpx.get(f"{server.url}/openapi.json").json()
    create = told["paths"]["/v1/shots"]["post"]
    assert create["requestBody"]["content"]["application/json"]["example"]["text"]
    assert create["responses"]["201"]["content"]["application/json"]["example"]["state"] == "done"
    assert {path for path in told["paths"] if not path.startswith("/v1/")} == set()


def test_the_documents_are_a_page_that_needs_nothing_from_elsewhere(server: Server) -> None:
    page = httpx.get(f"{server.url}/docs")
    assert page.headers["content-type"].startswith("text/html")
    told = httpx.get(f"{server.url}/openapi.json").json()
    assert all(path in page.text for path in told["paths"])
    assert "a red ball bounces on the grass" in page.text and "src=" not in page.text and "@import" not in page.text


def test_health_and_metrics_are_told_to_anybody(server: Server, job: Any) -> None:
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert httpx.get(f"{server.url}/readyz").status_code == 200
    page = httpx.get(f"{server.url}/metrics").text
    assert 'vitascope_jobs{state="done"}' in page and 'vitascope_stage_seconds_sum{stage="sample"}' in page
