"""Runway's own client against a server that runs."""

import base64
import datetime
import io
import uuid
from typing import Any

import httpx
import numpy as np
import pytest
import runwayml
from PIL import Image
from runwayml import RunwayML
from runwayml.lib import polling

from tests.serve.conftest import Server
from vitascope.shot.media import probe, read_film, read_sound

TINY: dict[str, Any] = {"model": "tiny", "ratio": "144:80", "duration": 1, "extra_body": {"steps": 1}}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their helper looks every 6 s; here it need not wait so long."""
    monkeypatch.setattr(polling, "POLL_TIME", 0.2)
    monkeypatch.setattr(polling, "POLL_JITTER", 0.0)


@pytest.fixture(scope="module")
def client(server: Server) -> RunwayML:
    return RunwayML(base_url=f"{server.url}/runway", api_key=server.key, max_retries=0)


@pytest.fixture(scope="module")
def picture_uri(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


@pytest.fixture(scope="module")
def film_uri(film: bytes) -> str:
    return "data:video/mp4;base64," + base64.b64encode(film).decode()


def output(made: Any) -> list[bytes]:
    """The files of a task when it is done, fetched as a browser does: with no key."""
    done = made.wait_for_task_output(timeout=120)
    assert done.status == "SUCCEEDED"
    return [httpx.get(url).raise_for_status().content for url in done.output]


def likeness(frame: Any, picture: bytes) -> float:
    """The correlation of a frame with a picture."""
    given = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), float)
    return float(np.corrcoef(frame.ravel(), given.ravel())[0, 1])


# --- tasks ------------------------------------------------------------------------------------------------------------


def test_a_film_is_made_from_text(client: RunwayML) -> None:
    made = client.text_to_video.create(prompt_text="a red ball bounces", audio=True, **TINY)
    assert str(uuid.UUID(made.id)) == made.id and made.estimated_cost.credits == 0
    (data,) = output(made)
    info = probe(data)
    assert (info.size, info.fps, info.num_frames, info.has_sound) == ((144, 80), 24.0, 24, True)
    task = client.tasks.retrieve(made.id)
    assert task.status == "SUCCEEDED" and task.created_at.tzinfo is not None and task.cost.credits == 0


@pytest.mark.parametrize("form", ["data", "upload", "output"])
def test_a_film_begins_with_a_picture_and_ends_with_another(
    client: RunwayML, picture: bytes, picture_uri: str, form: str
) -> None:
    uri = picture_uri
    if form == "upload":
        uri = client.uploads.create_ephemeral(file=("a.png", picture, "image/png")).uri
        assert uri.startswith("runway://")
    elif form == "output":
        still = client.text_to_image.create(
            model="tiny", prompt_text="a ball", ratio="144:80", extra_body={"steps": 1}
        ).wait_for_task_output()
        uri = still.output[0]
        picture = httpx.get(uri).content
    given: Any = (
        uri if form == "output" else [{"uri": picture_uri, "position": "last"}, {"uri": uri, "position": "first"}]
    )
    made = client.image_to_video.create(prompt_image=given, prompt_text="it moves", **TINY)
    frames = list(read_film(output(made)[0]))
    # What the untrained network painted is mere noise, of which the film's codec keeps half.
    assert likeness(frames[0], picture) > (0.4 if form == "output" else 0.9)
    assert form == "output" or likeness(frames[-1], picture) > 0.9


def test_a_deleted_task_is_gone(client: RunwayML) -> None:
    made = client.text_to_video.create(model="gen4.5", prompt_text="a ball", ratio="1280:720", duration=10)
    task = client.tasks.retrieve(made.id)
    assert task.status in ("PENDING", "THROTTLED", "RUNNING") and task.estimated_cost.credits == 0
    assert client.tasks.delete(made.id) is None
    with pytest.raises(runwayml.NotFoundError):
        client.tasks.retrieve(made.id)
    with pytest.raises(runwayml.NotFoundError):
        client.tasks.delete(made.id)


def test_a_key_at_its_limit_is_throttled(server: Server) -> None:
    mine = RunwayML(base_url=f"{server.url}/runway", api_key=server.new_key("free"), max_retries=0)
    made = [
        mine.text_to_video.create(prompt_text=f"{n} balls", model="tiny", ratio="144:80", duration=60) for n in range(2)
    ]
    seen: set[str] = set()
    for _ in range(600):
        seen.add(mine.tasks.retrieve(made[1].id).status)
        if "THROTTLED" in seen:
            break
    assert seen <= {"PENDING", "THROTTLED"} and mine.tasks.retrieve(made[0].id).status == "RUNNING"
    assert "THROTTLED" in seen
    for one in made:
        mine.tasks.delete(one.id)


def test_a_failed_task_says_why(client: RunwayML) -> None:
    made = client.sound_effect.create(model="eleven_text_to_sound_v2", prompt_text="the colour purple", duration=1)
    with pytest.raises(runwayml.TaskFailedError) as caught:
        made.wait_for_task_output()
    task = caught.value.task_details
    assert task.status == "FAILED" and "names no sound" in task.failure
    assert task.failure_code == "INPUT_PREPROCESSING.REFUSED"


def test_one_key_sees_nothing_of_another(server: Server, client: RunwayML, picture: bytes) -> None:
    other = RunwayML(base_url=f"{server.url}/runway", api_key=server.new_key(), max_retries=0)
    uri = client.uploads.create_ephemeral(file=("a.png", picture)).uri
    with pytest.raises(runwayml.BadRequestError, match="nothing has been uploaded"):
        other.image_to_video.create(prompt_image=uri, prompt_text="it moves", **TINY)
    made = client.text_to_video.create(prompt_text="a ball", **TINY)
    for call in (other.tasks.retrieve, other.tasks.delete):
        with pytest.raises(runwayml.NotFoundError):
            call(made.id)
    client.tasks.delete(made.id)


# --- the other endpoints ----------------------------------------------------------------------------------------------


def test_a_film_is_edited_extended_and_followed(client: RunwayML, film_uri: str, picture_uri: str) -> None:
    body = {"videoUri": film_uri, "steps": 1}
    keyframe: Any = {"uri": picture_uri, "at": 1.0}
    asked: dict[str, dict[str, Any]] = {
        "whole": {},
        "keyframes": {"keyframes": [keyframe]},
        "wider": {"targetAspectRatio": "2:3"},
        "extend": {"mode": "extend", "duration": 0.5},
        "reference": {"mode": "reference", "duration": 0.5},
    }
    made = {
        name: client.video_to_video.create(
            model="tiny", video_uri=film_uri, prompt_text="at night", extra_body=body | more
        )  # type: ignore[call-overload]
        for name, more in asked.items()
    }
    films = {name: output(one)[0] for name, one in made.items()}
    told = {name: (probe(data).size, probe(data).num_frames) for name, data in films.items()}
    assert told == {
        "whole": ((144, 80), 12),
        "keyframes": ((144, 80), 12),
        "wider": ((144, 216), 12),
        "extend": ((144, 80), 18),
        "reference": ((144, 80), 12),
    }


def test_a_part_of_a_film_is_edited(client: RunwayML, film: bytes, picture_uri: str) -> None:
    uri = client.uploads.create_ephemeral(file=("film.mp4", film)).uri
    keyframe = {"uri": picture_uri, "seconds": 0.5, "range": {"startSeconds": 0.5, "endSeconds": 1}}
    made = client.video_to_video.create(
        model="tiny", video_uri=uri, prompt_text="at night", keyframes=[keyframe], extra_body={"steps": 1}
    )  # type: ignore[call-overload]
    new, old = list(read_film(output(made)[0])), list(read_film(film))
    away = [float(abs(a.astype(int) - b.astype(int)).mean()) for a, b in zip(new, old, strict=True)]
    assert max(away[:5]) < 8 < min(away[6:])


def test_a_film_is_made_larger_and_smoother(client: RunwayML, film_uri: str) -> None:
    larger = client.video_upscale.create(
        model="magnific_video_upscaler_creative", video_uri=film_uri, resolution="720p"
    )
    smoother = client.video_upscale.create(model="enhance_frame_rate", video_uri=film_uri, target_framerate="23_98")
    info = probe(output(larger)[0])
    assert (info.size, info.num_frames) == ((1280, 710), 12)
    info = probe(output(smoother)[0])
    assert (info.size, info.num_frames, round(info.fps, 3)) == ((144, 80), 24, 23.976)


def test_pictures_are_made_and_made_larger(client: RunwayML, picture_uri: str) -> None:
    made = client.text_to_image.create(
        model="tiny", prompt_text="a ball", ratio="96:96",
        extra_body={"outputCount": 2, "outputFormat": "webp", "steps": 1},
    )  # type: ignore[call-overload]  # fmt: skip
    pictures = [Image.open(io.BytesIO(data)) for data in output(made)]
    assert [(one.size, one.format) for one in pictures] == [((96, 96), "WEBP")] * 2
    assert pictures[0].tobytes() != pictures[1].tobytes()
    larger = client.image_upscale.create(model="magnific_precision_upscaler_v2", image_uri=picture_uri, scale_factor=4)
    assert Image.open(io.BytesIO(output(larger)[0])).size == (576, 320)


def test_sounds_are_made_from_words_and_from_films(client: RunwayML, film_uri: str) -> None:
    effect = client.sound_effect.create(
        model="mirelo_sfx_2_0", prompt_text="footsteps on gravel", duration=1.5, format="wav", num_variants=2
    )
    heard = client.video_to_audio.create(model="mirelo_sfx_2_0", video_uri=film_uri, duration=0.5, format="flac")
    files = output(effect)
    assert len(files) == 2 and files[0] != files[1]
    for data in files:
        assert len(read_sound(data)) == 72_000 and abs(read_sound(data)).max() > 0.01
    assert len(read_sound(output(heard)[0])) == 24_000


def test_the_organization_tells_limits_and_use(server: Server) -> None:
    mine = RunwayML(base_url=f"{server.url}/runway", api_key=server.new_key(), max_retries=0)
    made = mine.text_to_video.create(model="veo3.1_fast", prompt_text="a ball", ratio="1280:720", duration=4)
    told = mine.organization.retrieve()
    assert told.tier.models["gen4.5"].max_concurrent_generations == 4
    assert told.usage.models["veo3.1_fast"].daily_generations == 1 and told.credit_balance == 0
    today = datetime.datetime.now(datetime.UTC).date()
    use = mine.organization.retrieve_usage(start_date=today, before_date=today + datetime.timedelta(days=1))
    assert use.models == ["veo3.1_fast"] and use.results[0].used_credits[0].amount == 0
    mine.tasks.delete(made.id)


# --- errors -----------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"model": "gen4.5", "promptText": "a ball", "ratio": "1280:720", "duration": 5}
WRONG: list[tuple[str, dict[str, Any], list[Any]]] = [
    ("text_to_video", {"model": "gen5"}, ["model"]),
    ("text_to_video", {"model": "gen4_turbo"}, ["model"]),
    ("text_to_video", {"promptText": ""}, ["promptText"]),
    ("text_to_video", {"promptText": "😀" * 501}, ["promptText"]),
    ("text_to_video", {"ratio": "960:960"}, ["ratio"]),
    ("text_to_video", {"ratio": None}, ["ratio"]),
    ("text_to_video", {"duration": 11}, ["duration"]),
    ("text_to_video", {"duration": None}, ["duration"]),
    ("text_to_video", {"duration": "soon"}, ["duration"]),
    ("text_to_video", {"seed": 2**32}, ["seed"]),
    ("text_to_video", {"outputFormat": "prores"}, ["outputFormat"]),
    ("text_to_video", {"model": "kling3.0_4k", "ratio": "3840:2160"}, ["ratio"]),
    ("text_to_video", {"model": "wan3", "references": [{"uri": "PICTURE"}]}, ["references", 0]),
    ("text_to_video", {"model": "seedance2", "referenceVideos": [{"uri": "x"}]}, ["referenceVideos"]),
    ("image_to_video", {}, ["promptImage"]),
    ("image_to_video", {"promptImage": "/etc/passwd"}, ["promptImage"]),
    ("image_to_video", {"promptImage": "data:image/png;base64,AAAA"}, ["promptImage"]),
    ("image_to_video", {"promptImage": [{"uri": "PICTURE", "position": "last"}]}, ["promptImage", 0, "position"]),
    ("image_to_video", {"promptImage": [{"uri": "PICTURE", "position": "middle"}]}, ["promptImage", 0, "position"]),
    ("image_to_video", {"promptImage": [{"position": "first"}]}, ["promptImage", 0, "uri"]),
    ("image_to_video", {"promptImage": "PICTURE", "ratio": "1584:672"}, ["ratio"]),  # wider than can be made
    ("video_to_video", {"model": "aleph2"}, ["videoUri"]),
    ("video_to_video", {"model": "aleph2", "videoUri": "PICTURE"}, ["videoUri"]),
    ("video_to_video", {"model": "klingO3_pro", "targetAspectRatio": "1:1"}, ["targetAspectRatio"]),
    ("video_upscale", {"model": "enhance_frame_rate", "videoUri": "FILM", "targetFramerate": "120"},
     ["targetFramerate"]),
    ("text_to_image", {"model": "gen4_image_turbo", "ratio": "720:720"}, ["referenceImages"]),
    ("text_to_image", {"model": "gpt_image_2", "ratio": "3840:2160"}, ["ratio"]),
    ("image_upscale", {"model": "magnific_precision_upscaler_v2", "imageUri": "PICTURE", "scaleFactor": 3},
     ["scaleFactor"]),
    ("sound_effect", {"model": "eleven_text_to_sound_v2", "loop": True}, ["loop"]),
    ("video_to_audio", {"model": "mirelo_sfx_2_0", "videoUri": "FILM", "duration": 9}, ["duration"]),
    ("character_performance", {"model": "act_two"}, ["model"]),
    ("text_to_speech", {"model": "eleven_multilingual_v2"}, ["model"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "changes", "at"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_is_refused_where_it_stands(
    client: RunwayML, picture_uri: str, film_uri: str, path: str, changes: dict[str, Any], at: list[Any]
) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        return {"PICTURE": picture_uri, "FILM": film_uri}.get(value, value) if isinstance(value, str) else value

    body = {name: value for name, value in filled(GOOD | changes).items() if value is not None}
    with pytest.raises(runwayml.BadRequestError) as caught:
        client.post(f"/v1/{path}", body=body, cast_to=object)
    told: Any = caught.value.body
    assert told["issues"][0]["path"] == at and told["issues"][0]["message"] == told["error"]
    assert told["docUrl"].startswith("https://")


@pytest.mark.parametrize("version", [None, "2023-01-01"])
def test_another_version_of_the_api_is_refused(server: Server, version: str | None) -> None:
    headers = {"authorization": f"Bearer {server.key}"} | ({"x-runway-version": version} if version else {})
    answer = httpx.get(f"{server.url}/runway/v1/organization", headers=headers)
    assert answer.status_code == 400 and "X-Runway-Version should be 2024-11-06" in answer.json()["error"]


def test_errors_are_of_their_classes(server: Server, client: RunwayML) -> None:
    stranger = RunwayML(base_url=f"{server.url}/runway", api_key="vita_" + "x" * 32, max_retries=0)
    with pytest.raises(runwayml.AuthenticationError):
        stranger.organization.retrieve()
    for id in ("00000000-0000-4000-8000-000000000000", "no-such-task"):
        with pytest.raises(runwayml.NotFoundError) as gone:
            client.tasks.retrieve(id)
        assert "there is no task" in gone.value.body["error"]  # type: ignore[index]
    with pytest.raises(runwayml.NotFoundError) as path:
        client.post("/v1/workflows/x", cast_to=object)
    assert isinstance(path.value.body["error"], str)  # type: ignore[index]
    with pytest.raises(runwayml.APIStatusError) as method:
        client.get("/v1/text_to_video", cast_to=object)
    assert method.value.status_code == 405 and "error" in method.value.body  # type: ignore[operator]


def test_an_upload_needs_its_token_and_real_media(server: Server, client: RunwayML, picture: bytes) -> None:
    begun: Any = client.post("/v1/uploads", body={"filename": "a.png", "type": "ephemeral"}, cast_to=object)
    files = {"file": ("a.png", picture)}
    assert httpx.post(begun["uploadUrl"], data={"token": "wrong"}, files=files).status_code == 403
    nothing = httpx.post(begun["uploadUrl"], data=begun["fields"])
    assert nothing.status_code == 400 and nothing.json()["issues"][0]["path"] == ["file"]
    text = httpx.post(begun["uploadUrl"], data=begun["fields"], files={"file": ("a.png", b"hello")})
    assert text.status_code == 400 and "no picture, film or sound" in text.json()["error"]
    assert httpx.post(begun["uploadUrl"], data=begun["fields"], files=files).is_success
    with pytest.raises(runwayml.BadRequestError, match="should be a film, but a picture was uploaded"):
        client.video_upscale.create(model="enhance_frame_rate", video_uri=begun["runwayUri"], target_framerate="24")
