"""OpenAI's own client against a server that runs, and its events checked by the client's own code."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from PIL import Image

from tests.serve.conftest import SECRET, Receiver, Server
from vitascope.shot.media import probe

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SMALL: dict[str, Any] = {"model": "tiny", "size": "144x80", "extra_body": {"steps": 2, "seed": 7}}


@pytest.fixture(scope="module")
def client(server: Server) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/openai/v1", api_key=server.key, max_retries=0)


@pytest.fixture(scope="module")
def video(client: OpenAI) -> Any:
    """A finished video of one second."""
    made = client.videos.create_and_poll(prompt="a red ball bounces", seconds="1", **SMALL)
    assert made.status == "completed", made.error
    return made


def test_a_video_is_created_polled_and_downloaded(client: OpenAI, video: Any) -> None:
    assert (video.object, video.progress, video.seconds, video.size, video.model) == (
        *("video", 100, "1", "144x80", "tiny"),
    )
    assert video.prompt == "a red ball bounces" and video.error is None and video.completed_at >= video.created_at
    info = probe(client.videos.download_content(video.id).read())
    assert (info.size, info.fps, info.num_frames) == ((144, 80), 24.0, 24)


@pytest.mark.parametrize(("variant", "kind"), [("thumbnail", "WEBP"), ("spritesheet", "JPEG")])
def test_a_video_has_a_thumbnail_and_a_sheet(client: OpenAI, video: Any, variant: Any, kind: str) -> None:
    data = client.videos.download_content(video.id, variant=variant).read()
    assert Image.open(io.BytesIO(data)).format == kind


def test_a_player_may_ask_for_a_part(server: Server, client: OpenAI, video: Any) -> None:
    whole = client.videos.download_content(video.id).read()
    headers = {"authorization": f"Bearer {server.key}", "range": "bytes=10-19"}
    part = httpx.get(f"{server.url}/openai/v1/videos/{video.id}/content", headers=headers)
    assert part.status_code == 206 and part.content == whole[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    headers["range"] = f"bytes={len(whole)}-"
    assert httpx.get(f"{server.url}/openai/v1/videos/{video.id}/content", headers=headers).status_code == 416


def test_the_default_is_theirs(client: OpenAI) -> None:
    made = client.videos.create(prompt="a ball")
    assert (made.model, made.size, made.seconds, made.status) == ("sora-2", "720x1280", "4", "queued")
    assert client.videos.delete(made.id).deleted


@pytest.mark.parametrize("form", ["part", "json", "bracket"])
def test_a_first_frame_comes_in_three_forms(server: Server, client: OpenAI, picture: bytes, form: str) -> None:
    body: dict[str, Any] = {"prompt": "it moves", "model": "tiny", "size": "144x80", "seconds": "0.5", "steps": 1}
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    ours: dict[str, Any] = {"steps": 1}
    if form == "part":
        extra: dict[str, Any] = {"extra_body": ours}
        made: Any = client.videos.create(
            prompt="it moves", model="tiny", size="144x80", seconds="0.5",
            input_reference=("a.png", picture, "image/png"), **extra,
        )  # fmt: skip
    elif form == "bracket":
        extra = {"extra_body": ours | {"input_reference": {"image_url": url}}}
        made = client.videos.create(prompt="it moves", model="tiny", size="144x80", seconds="0.5", **extra)
    else:
        headers = {"authorization": f"Bearer {server.key}"}
        body |= {"input_reference": {"image_url": url}}
        answer = httpx.post(f"{server.url}/openai/v1/videos", headers=headers, json=body)
        made = client.videos.retrieve(answer.json()["id"])
    made = client.videos.poll(made.id)
    assert made.status == "completed", made.error
    first = next(iter(_frames(client.videos.download_content(made.id).read())))
    given = Image.open(io.BytesIO(picture)).convert("RGB")
    difference = sum(abs(a - b) for a, b in zip(first.tobytes(), given.tobytes(), strict=True)) / len(given.tobytes())
    assert difference < 6  # of 255: only the codec and the mark lie between


def _frames(data: bytes) -> Iterator[Any]:
    from vitascope.shot.media import read_film

    return read_film(data)


def test_a_video_is_remixed_edited_and_extended(client: OpenAI, video: Any, film: bytes) -> None:
    remixed = client.videos.remix(video.id, prompt="a blue ball")
    edited = client.videos.edit(
        prompt="at night", video=("a.mp4", film, "video/mp4"), extra_body={"model": "tiny", "steps": 1}
    )
    extended = client.videos.extend(
        prompt="it rolls on", seconds="4", video=openai.omit,
        extra_body={"video": {"id": video.id}, "steps": 1, "seconds": "0.5"},
    )  # fmt: skip
    assert remixed.remixed_from_video_id == video.id and remixed.seconds == "1"
    for made in (remixed, edited, extended):
        made = client.videos.poll(made.id)
        assert made.status == "completed", made.error
    whole = probe(client.videos.download_content(extended.id).read())
    assert extended.seconds == "1.5" and whole.num_frames == 36
    assert edited.size == "144x80"


def test_the_list_is_paged_newest_first(server: Server) -> None:
    mine = OpenAI(base_url=f"{server.url}/openai/v1", api_key=server.new_key(), max_retries=0)
    assert list(mine.videos.list()) == []
    ids = [mine.videos.create(prompt=f"ball {n}", seconds="1", **SMALL).id for n in range(5)]
    assert [video.id for video in mine.videos.list(limit=2)] == ids[::-1]
    assert [video.id for video in mine.videos.list(limit=2, order="asc")] == ids
    page = mine.videos.list(limit=3)
    assert page.has_more and page.last_id == ids[2]
    for id in ids:
        mine.videos.delete(id)


def test_a_waiting_video_is_not_ready_and_a_deleted_one_not_found(client: OpenAI) -> None:
    made = client.videos.create(prompt="a ball", model="tiny", size="144x80", seconds="8")
    with pytest.raises(openai.BadRequestError) as caught:
        client.videos.download_content(made.id)
    assert caught.value.code == "video_not_ready"
    assert client.videos.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError) as gone:
        client.videos.retrieve(made.id)
    assert gone.value.code == "not_found" and gone.value.request_id


def test_one_key_sees_nothing_of_another(server: Server, video: Any) -> None:
    other = OpenAI(base_url=f"{server.url}/openai/v1", api_key=server.new_key(), max_retries=0)
    for ask in (other.videos.retrieve, other.videos.delete, other.videos.download_content):
        with pytest.raises(openai.NotFoundError):
            ask(video.id)
    with pytest.raises(openai.NotFoundError):
        other.videos.remix(video.id, prompt="mine")


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"prompt": ""}, "prompt", "missing_required_parameter"),
        ({"seconds": "7"}, "seconds", "invalid_value"),
        ({"size": "640x480"}, "size", "invalid_value"),
        ({"size": "1792x1024"}, "size", "invalid_value"),
        ({"model": "sora-9"}, "model", "model_not_found"),
        ({"model": "tiny", "size": "4000x400"}, "size", "invalid_value"),
        ({"input_reference": ("a.png", b"<svg/>", "image/png")}, "input_reference", "invalid_value"),
        ({"extra_body": {"seed": "-1"}}, "seed", "invalid_value"),
        ({"prompt": "x" * 3000}, "text", "invalid_value"),
    ],
)
def test_a_field_that_cannot_be_is_named(client: OpenAI, fields: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.videos.create(**({"prompt": "a ball"} | fields))
    assert (caught.value.param, caught.value.code) == (param, code)


def test_keys_are_asked_for(server: Server) -> None:
    for key in ("wrong", "vita_" + "a" * 32):
        with pytest.raises(openai.AuthenticationError) as caught:
            OpenAI(base_url=f"{server.url}/openai/v1", api_key=key, max_retries=0).videos.list()
        assert caught.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("PATCH", "/videos", None, 405),
        ("POST", "/videos", b"{", 400),
        ("POST", "/videos", b"[1]", 400),
        ("GET", "/videos?limit=0", None, 400),
    ],
)
def test_the_frameworks_errors_take_their_form(
    server: Server, method: str, path: str, body: bytes | None, status: int
) -> None:
    headers = {"authorization": f"Bearer {server.key}", "content-type": "application/json"}
    answer = httpx.request(method, f"{server.url}/openai/v1{path}", headers=headers, content=body)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"} and set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_broken_form_is_told_in_their_form(server: Server) -> None:
    headers = {"authorization": f"Bearer {server.key}", "content-type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{server.url}/openai/v1/videos", headers=headers, content=b"--y\r\nnonsense")
    assert answer.status_code == 400 and answer.json()["error"]["type"] == "invalid_request_error"


def test_events_are_signed(server: Server, receiver: Receiver, client: OpenAI, video: Any) -> None:
    receiver.wait_for("/openai")
    sent = [(headers, body) for path, headers, body in receiver.calls if path == "/openai"]
    headers, body = next((h, b) for h, b in sent if json.loads(b)["data"]["id"] == video.id)
    event = client.webhooks.unwrap(body.decode(), headers, secret=SECRET)
    assert event.type == "video.completed" and event.data.id == video.id
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.verify_signature(body.decode() + " ", headers, secret=SECRET)


def test_models_are_listed(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert {"sora-2", "tiny"} <= set(names)
    assert client.models.retrieve("sora-2-pro").owned_by == "vitascope"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-5")


def test_a_picture_is_generated(client: OpenAI) -> None:
    made = client.images.generate(prompt="a ball", model="tiny", size="144x80", n=2, extra_body={"steps": 1})
    assert [Image.open(io.BytesIO(base64.b64decode(one.b64_json))).size for one in made.data] == [(144, 80)] * 2


def test_characters_are_kept_but_not_yet_taken(client: OpenAI, video: Any) -> None:
    made = client.videos.create_character(name="Mo", video=openai.omit, extra_body={"video": {"id": video.id}})
    assert client.videos.get_character(made.id).name == "Mo"
    with pytest.raises(openai.BadRequestError) as caught:
        client.videos.create(prompt="@Mo walks")
    assert caught.value.param == "prompt"
