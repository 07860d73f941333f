"""What Google's requests become, without a server: Shots, their pins and sound, masks and places, files by URI."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.requests import Request

from vitascope.serve.desk import Desk
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols import google, google_interactions, google_veo
from vitascope.serve.protocols.google_files import File, uri_of
from vitascope.serve.settings import Settings
from vitascope.shot.media import read_picture
from vitascope.shot.shot import Media, Shot


@pytest.fixture
def desk(tiny_engine: Path, tmp_path: Path) -> Desk:
    return Desk.open(Settings.of(home=tmp_path, model="tiny"))


def call(desk: Desk, fields: dict[str, Any], model: str = "tiny") -> Call:
    """A request as a route sees it."""
    scope = {"type": "http", "method": "POST", "scheme": "http", "server": ("studio", 80), "path": "/", "headers": []}
    request = Request({**scope, "query_string": b"", "root_path": ""})
    _, key = desk.keys.create("test")
    path = {"version": "v1beta", "model": model}
    return Call(desk, google.PROTOCOL, request, path, {}, fields, b"", key)


def veo(desk: Desk, instance: dict[str, Any], model: str = "tiny", **parameters: Any) -> dict[str, Any]:
    body = {"instances": [{"prompt": "a ball"} | instance], "parameters": parameters}
    return google_veo.to_work(call(desk, body, model))


def shot_of(desk: Desk, instance: dict[str, Any], model: str = "tiny", **parameters: Any) -> Shot:
    shot = veo(desk, instance, model, **parameters)["shot"]
    assert isinstance(shot, Shot)
    return shot


def inline(data: bytes, mime: str = "image/png") -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": mime}


def picture_of(frame: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG")
    return file.getvalue()


# --- Veo --------------------------------------------------------------------------------------------------------------


def test_a_veo_model_makes_eight_seconds_of_720p_with_sound(desk: Desk) -> None:
    shot = shot_of(desk, {}, "veo-3.1-generate-preview")
    assert (shot.size, shot.seconds, shot.fps, shot.quality) == ((1280, 720), 8.0, 24.0, "best")
    assert shot.sound is not None
    assert shot_of(desk, {}, "veo-3.1-generate-001", generateAudio=False).sound is None
    assert shot_of(desk, {}, "veo-2.0-generate-001").sound is None


def test_a_fast_model_is_of_the_fast_quality(desk: Desk) -> None:
    assert shot_of(desk, {}, "veo-3.1-fast-generate-001").quality == "fast"


def test_parameters_become_the_shots_fields(desk: Desk) -> None:
    parameters: dict[str, Any] = {
        "seed": 7,
        "negativePrompt": "rain",
        "personGeneration": "dont_allow",
        "fps": 12,
        "sampleCount": 3,
    }
    work = veo(desk, {}, aspectRatio="9:16", resolution="1080p", durationSeconds=2.5, **parameters)
    shot = work["shot"]
    assert (shot.size, shot.seconds, shot.fps, shot.seed) == ((1080, 1920), 2.5, 12.0, 7)
    assert (shot.negative, work["takes"]) == ("rain, people", 3)


def test_image_and_last_frame_are_pinned_at_the_beginning_and_the_end(desk: Desk, picture: bytes) -> None:
    other = picture_of(np.full((80, 144, 3), 9, np.uint8))
    shot = shot_of(desk, {"image": inline(picture), "lastFrame": inline(other)}, durationSeconds=2)
    assert [(pin.media.data, pin.time) for pin in shot.pins] == [(picture, 0.0), (other, 2.0)]


def test_a_picture_that_is_padded_stands_whole_between_black_bars(desk: Desk) -> None:
    white = picture_of(np.full((60, 60, 3), 255, np.uint8))
    shot = shot_of(desk, {"image": inline(white)}, aspectRatio="16:9", resizeMode="PAD")
    frame = read_picture(shot.pins[0].media.data or b"")
    assert frame.shape == (60, 107, 3)
    assert frame[:, 23:83].min() == 255
    assert not frame[:, :23].any()
    assert not frame[:, 83:].any()


def test_a_film_is_gone_on_with_at_its_own_size_and_rate(desk: Desk, film: bytes) -> None:
    asked = {"video": {"encodedVideo": inline(film)["bytesBase64Encoded"], "encoding": "video/mp4"}}
    work = veo(desk, asked, "veo-3.1-generate-preview", aspectRatio="16:9")
    shot = work["shot"]
    assert (shot.size, shot.fps, shot.seconds) == ((144, 80), 12.0, 7.0)
    assert work["extend"].sha256 == Media.of(film, "film").sha256
    with pytest.raises(Problem, match="resolution: 1080p was given; an extension keeps the film's 144x80"):
        veo(desk, asked, "veo-3.1-generate-preview", resolution="1080p")
    with pytest.raises(Problem, match="image"):
        veo(desk, asked | {"image": inline(b"x")})


def test_outpainting_puts_the_film_where_the_mask_is_light(desk: Desk, film: bytes) -> None:
    marked = np.zeros((100, 100), np.uint8)
    marked[25:75, 10:60] = 255
    asked = {"video": inline(film, "video/mp4"), "mask": inline(picture_of(marked)) | {"maskMode": "OUTPAINT"}}
    work = veo(desk, asked, aspectRatio="1:1", resolution="96p")
    place = work["place"]
    assert (work["task"], work["shot"].size) == ("reframe", (96, 96))
    assert (place.x, place.y, place.width, place.height) == pytest.approx((0.1, 0.25, 0.5, 0.5))
    with pytest.raises(Problem, match="nothing in it is light"):
        veo(desk, asked | {"mask": inline(picture_of(0 * marked)) | {"maskMode": "OUTPAINT"}})


def test_removing_what_is_in_a_mask_needs_no_words_but_following_it_is_refused(desk: Desk, film: bytes) -> None:
    mask = inline(picture_of(np.full((80, 144), 255, np.uint8)))
    asked: dict[str, Any] = {"video": inline(film, "video/mp4"), "prompt": None}
    work = veo(desk, asked | {"mask": mask | {"maskMode": "REMOVE_STATIC"}})
    assert {"inpaint", "mask"} < work.keys()
    assert work["shot"].text == google_veo.WITHOUT
    with pytest.raises(Problem, match="what moves is not followed yet"):
        veo(desk, asked | {"mask": mask | {"maskMode": "REMOVE"}})
    with pytest.raises(Problem, match="prompt is missing"):
        veo(desk, asked | {"mask": mask | {"maskMode": "INSERT"}})
    with pytest.raises(Problem, match="it marks a part of a video"):
        veo(desk, {"mask": mask | {"maskMode": "INSERT"}})


@pytest.mark.parametrize("instances", [None, [], {}, [{}, {}], ["a ball"]])
def test_there_is_one_instance(desk: Desk, instances: Any) -> None:
    with pytest.raises(Problem, match="instances should be a list of one object"):
        google_veo.to_work(call(desk, {"instances": instances}))


# --- Interactions -----------------------------------------------------------------------------------------------------


def interaction(desk: Desk, **fields: Any) -> dict[str, Any]:
    return google_interactions.to_work(call(desk, {"model": "gemini-omni-1.2-flash"} | fields))[0]


def test_an_interaction_is_720p_with_sound_and_takes_words_from_all_texts(desk: Desk) -> None:
    texts = [{"type": "text", "text": "a ball"}, {"type": "text", "text": "that is red"}]
    steps = [{"type": "user_input", "content": texts}]
    shot = interaction(desk, input=steps, system_instruction="toys", generation_config={"seed": 4})["shot"]
    assert (shot.text, shot.size, shot.seconds, shot.seed) == ("toys\na ball\nthat is red", (1280, 720), 5.0, 4)
    assert shot.sound is not None


def test_a_first_and_a_last_image_are_pinned_and_references_go_by_their_role(desk: Desk, picture: bytes) -> None:
    image = {"type": "image", "data": base64.b64encode(picture).decode(), "mime_type": "image/png"}
    form = {"type": "video", "duration": "3s"}
    shot = interaction(desk, input=[image, image], response_format=form)["shot"]
    assert [(pin.time, pin.role) for pin in shot.pins] == [(0.0, "frame"), (3.0, "frame")]
    config = {"video_config": {"task": "reference_to_video"}}
    shot = interaction(desk, input=[image, image], generation_config=config)["shot"]
    assert [pin.role for pin in shot.pins] == ["character", "character"]


def test_a_film_is_edited_unless_another_task_is_named(desk: Desk, film: bytes) -> None:
    video = {"type": "video", "data": base64.b64encode(film).decode(), "mime_type": "video/mp4"}
    words = {"type": "text", "text": "in winter"}
    work = interaction(desk, input=[words, video])
    assert (work["strength"], work["shot"].size, work["shot"].seconds) == (0.6, (144, 80), 1.0)
    with pytest.raises(Problem, match="needs a video"):
        interaction(desk, input="x", generation_config={"video_config": {"task": "upscale"}})
    with pytest.raises(Problem, match="one video"):
        interaction(desk, input=[words, video, video])
    config = {"video_config": {"task": "upscale"}}
    form = {"type": "video", "resolution": "80p"}
    with pytest.raises(Problem, match="larger than the film's 144x80"):
        interaction(desk, model="tiny", input=[video], generation_config=config, response_format=form)


# --- files ------------------------------------------------------------------------------------------------------------


def test_films_have_https_addresses_where_there_is_tls_and_names_elsewhere() -> None:
    file = File("0a1", "0", "", "film", "video/mp4", 1, 0.0, None)
    assert uri_of("http://studio:8000", "v1", file) == "files/0a1"
    https = "https://studio/google/v1/files/0a1:download?alt=media"
    assert uri_of("https://studio", "v1", file) == https


@pytest.mark.parametrize("uri", ["files/none", "http://studio/google/v1beta/files/none"])
def test_a_file_of_this_server_that_is_not_there_is_never_fetched(desk: Desk, uri: str) -> None:
    with pytest.raises(Problem, match="there is no file files/none"):
        veo(desk, {"image": {"gcsUri": uri}})
