"""Google's Veo with the real SDK, in the Developer API's dialect and the Enterprise one; models, errors, calls back."""

import http.client
import json
import time
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types

from tests.serve.conftest import ENDS, Receiver, Server
from vitascope.serve.problem import Problem
from vitascope.serve.protocols.google_errors import error
from vitascope.shot.media import probe, read_picture

SHORT: dict[str, Any] = {"aspect_ratio": "9:5", "resolution": "80p", "duration_seconds": 1}


def developer(server: Server, key: str | None = None) -> genai.Client:
    options = types.HttpOptions(base_url=f"{server.url}/google")
    return genai.Client(api_key=key or server.key, http_options=options)


def enterprise(server: Server) -> genai.Client:
    options = types.HttpOptions(base_url=f"{server.url}/google")
    return genai.Client(vertexai=True, api_key=server.key, http_options=options)


def begun(client: genai.Client, model: str = "tiny", prompt: str | None = "a red ball", **config: Any) -> Any:
    given = {name: config.pop(name) for name in ("image", "video") if name in config}
    source = types.GenerateVideosSource(prompt=prompt, **given)
    wanted = types.GenerateVideosConfig(**({} if "video" in given else SHORT) | config)
    return client.models.generate_videos(model=model, source=source, config=wanted)


def ended(client: genai.Client, operation: Any) -> Any:
    until = time.monotonic() + ENDS
    while not operation.done:
        assert time.monotonic() < until, "the operation did not end"
        time.sleep(0.2)
        operation = client.operations.get(operation)
    return operation


# --- the Developer API ------------------------------------------------------------------------------------------------


def test_films_are_made_polled_downloaded_and_deleted(server: Server) -> None:
    client = developer(server)
    operation = begun(client, number_of_videos=2)
    assert operation.name.startswith("models/tiny/operations/")
    done = ended(client, operation)
    videos = [one.video for one in done.response.generated_videos]
    films = [client.files.download(file=video) for video in videos]
    assert films[0] != films[1]
    info = probe(films[0])
    assert (info.size, info.fps, info.seconds) == ((144, 80), 24.0, 1.0)
    listed = {file.name: file for file in client.files.list()}
    assert all(listed[video.uri].source == types.FileSource.GENERATED for video in videos)
    assert client.files.download(file=listed[videos[0].uri]) == films[0]
    client.files.delete(name=videos[0].uri)
    assert [one.video.uri for one in client.operations.get(done).response.generated_videos] == [videos[1].uri]
    with pytest.raises(errors.ClientError, match="404"):
        client.files.download(file=videos[0])
    client.files.delete(name=videos[1].uri)
    with pytest.raises(errors.ClientError, match="404"):
        client.operations.get(done)


@pytest.mark.slow
def test_a_veo_model_makes_its_own_sizes_from_a_picture(server: Server, picture: bytes) -> None:
    client = developer(server)
    first = types.Image(image_bytes=picture, mime_type="image/png")
    config = {"aspect_ratio": "9:16", "resolution": "720p", "duration_seconds": 4, "last_frame": first}
    done = ended(client, begun(client, "veo-3.1-fast-generate-preview", None, image=first, **config))
    assert done.error is None
    info = probe(client.files.download(file=done.response.generated_videos[0]))
    assert (info.size, info.seconds, info.has_sound) == ((720, 1280), 4.0, True)


def test_a_cancelled_operation_is_done_with_an_error_and_can_be_deleted(server: Server) -> None:
    client = developer(server)
    operation = begun(client, duration_seconds=100)
    headers = {"x-goog-api-key": server.key}
    url = f"{server.url}/google/v1beta/{operation.name}"
    assert httpx.post(f"{url}:cancel", headers=headers).json() == {}
    assert ended(client, operation).error["code"] == 1
    assert httpx.delete(url, headers=headers).status_code == 200
    assert httpx.get(url, headers=headers).status_code == 404


def test_every_receiver_is_told_of_a_film_with_what_the_client_said(server: Server, receiver: Receiver) -> None:
    uris = [f"{receiver.url}/google/one", f"{receiver.url}/google/two"]
    hook = types.WebhookConfig(uris=uris, user_metadata={"order": "7"})
    operation = begun(developer(server), webhook_config=hook)
    for path in ("/google/one", "/google/two"):
        (event,) = receiver.wait_for(path)
        assert (event["type"], event["user_metadata"]) == ("video.generated", {"order": "7"})
        assert event["data"]["id"] == operation.name
        assert event["data"]["file_uris"][0].startswith("files/")
    headers = next(headers for path, headers, _ in receiver.calls if path == "/google/one")
    assert headers["webhook-signature"].startswith("v1,")


# --- the Enterprise dialect -------------------------------------------------------------------------------------------


def test_the_enterprise_dialect_has_the_film_in_its_answer_and_goes_on_from_it(server: Server) -> None:
    client = enterprise(server)
    operation = begun(client, seed=7, fps=12, generate_audio=True, labels={"team": "a"})
    assert operation.name.startswith("publishers/google/models/tiny/operations/")
    video = ended(client, operation).response.generated_videos[0].video
    assert video.mime_type == "video/mp4"
    info = probe(video.video_bytes)
    assert (info.size, info.fps, info.seconds, info.has_sound) == ((144, 80), 12.0, 1.0, True)
    film = types.Video(video_bytes=video.video_bytes, mime_type="video/mp4")
    longer = ended(client, begun(client, prompt="it rolls on", video=film, duration_seconds=1))
    assert probe(longer.response.generated_videos[0].video.video_bytes).seconds == 2.0


@pytest.mark.parametrize(("mode", "size"), [("REMOVE_STATIC", (144, 80)), ("OUTPAINT", (96, 96))])
def test_a_mask_says_what_is_made_anew(
    server: Server, film: bytes, picture: bytes, mode: str, size: tuple[int, int]
) -> None:
    client = enterprise(server)
    mask = types.VideoGenerationMask(
        image=types.Image(image_bytes=picture, mime_type="image/png"), mask_mode=types.VideoGenerationMaskMode(mode)
    )
    config: dict[str, Any] = {"aspect_ratio": "1:1", "resolution": "96p"} if mode == "OUTPAINT" else {}
    video = types.Video(video_bytes=film, mime_type="video/mp4")
    done = ended(client, begun(client, video=video, mask=mask, **config))
    info = probe(done.response.generated_videos[0].video.video_bytes)
    assert (info.size, info.seconds) == (size, 1.0)


def test_a_project_and_a_location_stay_in_the_operations_name(server: Server) -> None:
    at = f"{server.url}/google/v1beta1/projects/p/locations/l/publishers/google/models/tiny"
    headers = {"Authorization": f"Bearer {server.key}"}
    body = {
        "instances": [{"prompt": "a red ball"}],
        "parameters": {"aspectRatio": "9:5", "resolution": "80p", "durationSeconds": 1},
    }
    name = httpx.post(f"{at}:predictLongRunning", json=body, headers=headers).json()["name"]
    assert name.startswith("projects/p/locations/l/publishers/google/models/tiny/operations/")
    told = httpx.post(f"{at}:fetchPredictOperation", json={"operationName": name}, headers=headers)
    assert (told.status_code, told.json()["name"]) == (200, name)
    other = at.replace("tiny", "veo-2.0-generate-001")
    wrong = httpx.post(f"{other}:fetchPredictOperation", json={"operationName": name}, headers=headers)
    assert wrong.status_code == 400


# --- models -----------------------------------------------------------------------------------------------------------


def test_models_are_listed_page_by_page_in_both_dialects(server: Server) -> None:
    client, other = developer(server), enterprise(server)
    listed = list(client.models.list(config={"page_size": 4}))
    names = [model.name for model in listed]
    assert len(names) == len(set(names)) > 8
    assert {"models/tiny", "models/veo-3.1-generate-preview", "models/gemini-omni-1.2-flash"} <= set(names)
    assert "predictLongRunning" in (client.models.get(model="tiny").supported_actions or ())
    published = [model.name for model in other.models.list(config={"page_size": 4})]
    assert "publishers/google/models/veo-3.1-generate-001" in published


def test_pictures_are_made_in_the_shape_and_kind_that_is_asked_for(server: Server) -> None:
    client = enterprise(server)
    config = types.GenerateImagesConfig(aspect_ratio="9:5", image_size="80p", output_mime_type="image/jpeg")
    made: Any = client.models.generate_images(model="tiny", prompt="a ball", config=config)
    picture = made.generated_images[0].image.image_bytes
    assert picture.startswith(b"\xff\xd8\xff")
    assert read_picture(picture).shape == (80, 144, 3)
    wide = types.GenerateImagesConfig(aspect_ratio="2:1")
    with pytest.raises(errors.ClientError, match="aspectRatio should be one of 1:1"):
        client.models.generate_images(model="imagen-4.0-generate-001", prompt="a ball", config=wide)


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1beta1", "v1alpha"])
def test_every_version_is_served_alike_and_the_key_may_stand_in_three_places(server: Server, version: str) -> None:
    url = f"{server.url}/google/{version}/models/tiny"
    for given in (
        {"headers": {"x-goog-api-key": server.key}},
        {"headers": {"Authorization": f"Bearer {server.key}"}},
        {"params": {"key": server.key}},
    ):
        assert httpx.get(url, **given).json()["name"] == "models/tiny"  # type: ignore[arg-type]


# --- errors -----------------------------------------------------------------------------------------------------------


def refused(server: Server, status: int, name: str, client: genai.Client | None = None, **asked: Any) -> str:
    with pytest.raises(errors.ClientError) as caught:
        begun(client or developer(server), **asked)
    assert (caught.value.code, caught.value.status) == (status, name)
    return str(caught.value.message)


def test_a_wrong_key_is_unauthenticated(server: Server) -> None:
    client = developer(server, "vita_" + "x" * 32)
    assert "unknown" in refused(server, 401, "UNAUTHENTICATED", client)
    assert httpx.get(f"{server.url}/google/v1/models").json()["error"]["status"] == "UNAUTHENTICATED"


def test_an_unknown_model_operation_or_path_is_not_found(server: Server) -> None:
    assert "veo-9" in refused(server, 404, "NOT_FOUND", model="veo-9")
    client = developer(server)
    with pytest.raises(errors.ClientError, match="404 NOT_FOUND"):
        client.operations.get(types.GenerateVideosOperation.model_validate({"name": "models/tiny/operations/0"}))
    headers = {"x-goog-api-key": server.key}
    for method, path in (("GET", "v1beta/nothing"), ("GET", "v7/models"), ("PUT", "v1beta/models"), ("GET", "")):
        told = httpx.request(method, f"{server.url}/google/{path}", headers=headers)
        assert (told.status_code, told.json()["error"]["status"]) == (404, "NOT_FOUND")


def test_what_is_not_about_video_is_not_found(server: Server) -> None:
    client, other = developer(server), enterprise(server)
    with pytest.raises(errors.ClientError, match=r"404 NOT_FOUND.*generateContent"):
        client.models.generate_content(model="gemini-2.5-flash", contents="hello")
    with pytest.raises(errors.ClientError, match=r"404 NOT_FOUND.*generateContent"):
        other.models.generate_content(model="tiny", contents="hello")


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"prompt": "", "aspect_ratio": "16:9"}, "prompt"),
        ({"aspect_ratio": "3:1"}, "aspectRatio"),
        ({"resolution": "4k"}, "resolution"),
        ({"resolution": "huge"}, "resolution"),
        ({"duration_seconds": 121}, "durationSeconds"),
        ({"model": "veo-3.1-generate-preview", "aspect_ratio": "16:9", "resolution": "80p"}, "resolution"),
        (
            {"model": "veo-3.1-generate-preview", "aspect_ratio": "16:9", "resolution": "720p", "duration_seconds": 5},
            "durationSeconds",
        ),
        ({"number_of_videos": 5}, "sampleCount"),
        ({"person_generation": "some"}, "personGeneration"),
        ({"image": types.Image(image_bytes=b"no picture", mime_type="image/png")}, "image"),
        ({"video": types.Video(uri="files/none"), "duration_seconds": 1}, "video"),
    ],
)
def test_a_field_that_cannot_be_is_named(server: Server, asked: dict[str, Any], named: str) -> None:
    assert refused(server, 400, "INVALID_ARGUMENT", **asked).startswith(named)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"output_gcs_uri": "gs://bucket/x"}, "storageUri"),
        ({"pubsub_topic": "topic"}, "pubsubTopic"),
        ({"compression_quality": "LOSSLESS"}, "compressionQuality"),
        ({"image": types.Image(gcs_uri="gs://bucket/x.png", mime_type="image/png")}, "image"),
        ({"resize_mode": "STRETCH", "image": types.Image(gcs_uri="gs://b/x.png")}, "resizeMode"),
    ],
)
def test_what_only_the_hosted_service_has_is_refused(server: Server, asked: dict[str, Any], named: str) -> None:
    assert refused(server, 400, "INVALID_ARGUMENT", enterprise(server), **asked).startswith(named)


def test_references_that_the_model_cannot_go_by_are_refused(server: Server, picture: bytes) -> None:
    image = types.Image(image_bytes=picture, mime_type="image/png")
    kind = types.VideoGenerationReferenceType.ASSET
    reference = types.VideoGenerationReferenceImage(image=image, reference_type=kind)
    assert "character" in refused(server, 400, "INVALID_ARGUMENT", reference_images=[reference])


def test_a_body_that_is_no_json_or_too_large_is_refused_in_googles_form(server: Server) -> None:
    url = f"{server.url}/google/v1beta/models/tiny:predictLongRunning"
    headers = {"x-goog-api-key": server.key, "content-type": "application/json"}
    told = httpx.post(url, content=b"{", headers=headers)
    assert (told.status_code, told.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", "/google/v1beta/models/tiny:predictLongRunning")
    connection.putheader("content-length", str(2**40))
    connection.endheaders()
    large = connection.getresponse()
    assert (large.status, json.loads(large.read())["error"]["code"]) == (413, 413)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("models/tiny:predictLongRunning", '{"instances": [{"prompt": "\\ud800"}]}'),
        ("models/tiny:predictLongRunning", '{"instances": [{"prompt": "x"}], "parameters": {"durationSeconds": NaN}}'),
        ("models/tiny:predictLongRunning", '{"instances": [{"prompt": "x", "image": {"uri": ["files/x"]}}]}'),
        ("models/tiny:predictLongRunning", '{"instances": [{"prompt": "x"}], "webhookConfig": {"uris": "http://x"}}'),
        ("publishers/google/models/tiny:fetchPredictOperation", '{"operationName": "tiny/operations/\\ud800"}'),
        (
            "publishers/google/models/tiny:predict",
            '{"instances": [{"prompt": "x"}], "parameters": {"aspectRatio": [1]}}',
        ),
        ("interactions", '{"model": "tiny", "input": [[]]}'),
        ("interactions", '{"model": "tiny", "input": "x", "previous_interaction_id": "\\u0000"}'),
        ("interactions", '{"model": "tiny", "input": "x", "generation_config": {"seed": 1e400}}'),
        ("interactions", '{"model": "tiny", "input": "x", "response_format": ["video"]}'),
    ],
)
def test_a_hostile_body_is_refused_and_never_breaks_the_server(server: Server, path: str, body: str) -> None:
    headers = {"x-goog-api-key": server.key, "content-type": "application/json"}
    told = httpx.post(f"{server.url}/google/v1beta/{path}", content=body, headers=headers)
    assert told.status_code in (400, 404)
    assert told.json()["error"]["code"] == told.status_code


def test_who_asks_too_often_is_told_when_to_come_again(server: Server) -> None:
    key = server.new_key("free")
    with httpx.Client(headers={"x-goog-api-key": key}) as client:
        answers = (client.get(f"{server.url}/google/v1/models/tiny") for _ in range(2000))
        told = next(answer for answer in answers if answer.status_code != 200)
    assert (told.status_code, told.json()["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert int(told.headers["retry-after"]) >= 1
    assert told.json()["error"]["details"][0]["retryDelay"].endswith("s")


def test_a_fault_of_the_server_is_internal() -> None:
    told = error(Problem("internal", "something failed"), "")
    assert (told["error"]["code"], told["error"]["status"]) == (500, "INTERNAL")


def test_one_key_sees_nothing_of_another(server: Server) -> None:
    operation = begun(developer(server), duration_seconds=100)
    other = developer(server, server.new_key())
    with pytest.raises(errors.ClientError, match="404"):
        other.operations.get(operation)
    httpx.post(f"{server.url}/google/v1/{operation.name}:cancel", headers={"x-goog-api-key": server.key})
