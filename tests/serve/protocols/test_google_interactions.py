"""Google's Interactions with the real SDK: films inline and by URI, made at once or later, and from one another."""

import base64
import time
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types
from google.genai._interactions import AuthenticationError, BadRequestError, NotFoundError

from tests.serve.conftest import ENDS, Receiver, Server
from vitascope.shot.media import probe

SHORT: dict[str, Any] = {"type": "video", "aspect_ratio": "9:5", "resolution": "80p", "duration": "1s"}


def client_of(server: Server, key: str | None = None, enterprise: bool = False) -> genai.Client:
    options = types.HttpOptions(base_url=f"{server.url}/google")
    return genai.Client(enterprise=enterprise, api_key=key or server.key, http_options=options)


def begun(client: genai.Client, given: Any = "a red ball", form: Any = SHORT, **asked: Any) -> Any:
    return client.interactions.create(**{"model": "tiny", "input": given, "response_format": form} | asked)


def ended(client: genai.Client, interaction: Any) -> Any:
    until = time.monotonic() + ENDS
    while interaction.status in ("queued", "in_progress"):
        assert time.monotonic() < until, "the interaction did not end"
        time.sleep(0.2)
        interaction = client.interactions.get(interaction.id)
    return interaction


def film_in(interaction: Any) -> bytes:
    return base64.b64decode(interaction.output_video.data)


def test_a_film_comes_inline_and_is_edited_by_words_that_follow(server: Server) -> None:
    client = client_of(server)
    made = begun(client, generation_config={"seed": 3}, system_instruction="a film of toys")
    assert (made.status, made.model, made.output_video.mime_type) == ("completed", "tiny", "video/mp4")
    info = probe(film_in(made))
    assert (info.size, info.fps, info.seconds, info.has_sound) == ((144, 80), 24.0, 1.0, False)
    assert film_in(client.interactions.get(made.id)) == film_in(made)
    changed = begun(client, "now it is blue", {"type": "video"}, previous_interaction_id=made.id)
    assert (changed.status, changed.previous_interaction_id) == ("completed", made.id)
    assert (probe(film_in(changed)).size, probe(film_in(changed)).seconds) == ((144, 80), 1.0)
    assert film_in(changed) != film_in(made)


def test_one_that_runs_in_the_background_is_polled_downloaded_and_deleted(server: Server, receiver: Receiver) -> None:
    client = client_of(server)
    hook = {"uris": [f"{receiver.url}/google/interaction"], "user_metadata": {"order": "8"}}
    form = [SHORT | {"delivery": "uri"}, {"type": "audio"}]
    begins = begun(client, form=form, background=True, webhook_config=hook)
    assert begins.status in ("queued", "in_progress")
    made = ended(client, begins)
    assert made.output_video.data is None
    data = client.files.download(file=made.output_video.uri)
    assert (probe(data).seconds, probe(data).has_sound) == (1.0, True)
    (event,) = receiver.wait_for("/google/interaction")
    assert (event["type"], event["data"]["id"]) == ("interaction.completed", made.id)
    assert event["user_metadata"] == {"order": "8"}
    client.interactions.delete(made.id)
    with pytest.raises(NotFoundError):
        client.interactions.get(made.id)


@pytest.mark.parametrize(
    ("task", "form", "size", "seconds"),
    [
        ("extend", {"type": "video", "duration": "1s"}, (144, 80), 2.0),
        ("upscale", {"type": "video", "resolution": "120p"}, (216, 120), 1.0),
    ],
)
def test_a_film_is_gone_on_with_or_enlarged(
    server: Server, film: bytes, task: str, form: dict[str, Any], size: tuple[int, int], seconds: float
) -> None:
    video = {"type": "video", "data": base64.b64encode(film).decode(), "mime_type": "video/mp4"}
    config = {"video_config": {"task": task}}
    client = client_of(server)
    made = begun(client, [{"type": "text", "text": "it goes on"}, video], form, generation_config=config)
    info = probe(film_in(made))
    assert (info.size, info.seconds, info.fps) == (size, seconds, 12.0)


def test_the_input_is_told_again_where_it_is_asked_for(server: Server, picture: bytes) -> None:
    client = client_of(server)
    image = {"type": "image", "data": base64.b64encode(picture).decode(), "mime_type": "image/png"}
    made = begun(client, [{"type": "text", "text": "it moves"}, image], SHORT | {"duration": "100s"}, background=True)
    told: Any = client.interactions.get(made.id, include_input=True)
    client.interactions.cancel(made.id)
    assert told.steps[0].type == "user_input"
    assert [block.type for block in told.steps[0].content] == ["text", "image"]
    assert base64.b64decode(told.steps[0].content[1].data) == picture


def test_one_that_is_cancelled_stops(server: Server) -> None:
    client = client_of(server, enterprise=True)
    begins = begun(client, form=SHORT | {"duration": "100s"}, background=True)
    cancelled = client.interactions.cancel(begins.id)
    assert ended(client, cancelled).status == "cancelled"


def test_nothing_stays_of_one_that_is_not_stored(server: Server) -> None:
    client = client_of(server)
    made = begun(client, store=False)
    assert made.status == "completed"
    assert probe(film_in(made)).seconds == 1.0
    with pytest.raises(NotFoundError):
        client.interactions.get(made.id)
    with pytest.raises(BadRequestError, match="background"):
        begun(client, store=False, background=True)


def test_other_clients_send_bare_blocks(server: Server) -> None:
    url = f"{server.url}/google/v1beta/interactions"
    body = {"model": "models/tiny", "input": [{"type": "text", "text": "a ball"}, "that is red"], "background": True}
    body |= {"response_format": SHORT}
    told = httpx.post(url, params={"key": server.key}, json=body)
    assert (told.status_code, told.json()["model"]) == (200, "tiny")
    at = f"{url}/{told.json()['id']}"
    assert httpx.post(f"{at}/cancel", params={"key": server.key}).status_code == 200
    assert httpx.delete(at, params={"key": server.key}).json() == {}


IMAGE = {"type": "image", "data": "AAAA", "mime_type": "image/png"}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"form": SHORT | {"duration": "1 minute"}}, "duration"),
        ({"model": "gemini-omni-1.2-flash", "form": {"type": "video", "duration": "1s"}}, "duration"),
        ({"model": "gemini-omni-1.2-flash", "form": {"type": "video", "resolution": "80p"}}, "resolution"),
        ({"form": SHORT | {"resolution": "4k"}}, "resolution"),
        ({"form": SHORT | {"aspect_ratio": "4:1"}}, "aspectRatio"),
        ({"form": SHORT | {"gcs_uri": "gs://bucket/x"}}, "gcs_uri"),
        ({"form": {"type": "text"}}, "response_format"),
        ({"given": [IMAGE]}, "input"),
        ({"given": [{"type": "audio", "data": "AAAA", "mime_type": "audio/wav"}]}, "input"),
        ({"given": ""}, "input"),
        ({"generation_config": {"video_config": {"task": "extend"}}}, "task"),
        ({"generation_config": {"video_config": {"task": "dance"}}}, "task"),
        ({"tools": [{"type": "google_search"}]}, "tools"),
        ({"previous_interaction_id": "none"}, "previous_interaction_id"),
    ],
)
def test_a_field_that_cannot_be_is_named(server: Server, asked: dict[str, Any], named: str) -> None:
    client = client_of(server)
    with pytest.raises((BadRequestError, NotFoundError), match=named):
        begun(client, **asked)


def test_a_wrong_key_or_model_raises_the_sdks_own_error(server: Server) -> None:
    stranger, client = client_of(server, "vita_" + "x" * 32), client_of(server)
    with pytest.raises(AuthenticationError, match="unknown"):
        begun(stranger)
    with pytest.raises(NotFoundError, match="gemini-9"):
        begun(client, model="gemini-9")
    with pytest.raises(NotFoundError):
        client.interactions.get("none")
