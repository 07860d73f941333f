"""Luma's own client against a server that runs, and what its requests mean, told without one."""

import base64
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import lumaai
import numpy as np
import pytest
from lumaai import LumaAI
from PIL import Image
from starlette.requests import Request

from tests.serve.conftest import ENDS, Receiver, Server
from vitascope.serve.desk import Desk
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols import luma
from vitascope.serve.protocols.luma_concepts import CONCEPTS, MOTIONS
from vitascope.serve.protocols.luma_fields import place_on
from vitascope.serve.settings import Settings
from vitascope.serve.work import Result
from vitascope.shot.media import probe, read_film

SMALL: dict[str, Any] = {
    "model": "tiny", "aspect_ratio": "9:5", "resolution": "80p", "duration": "0.5s",
    "extra_body": {"steps": 1, "seed": 7},
}  # fmt: skip


def uri(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def frame(data: bytes) -> dict[str, str]:
    return {"type": "image", "url": uri(data)}


# --- what a request means ---------------------------------------------------------------------------------------------


@pytest.fixture
def asked(tiny_engine: Path, tmp_path: Path) -> Iterator[Callable[..., Call]]:
    """Calls with these fields, at a desk without workers."""
    desk = Desk.open(Settings.of(home=tmp_path))
    key = desk.keys.create("test")[1]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": [], "server": ("here", 80)})

    def call(**fields: Any) -> Call:
        return Call(desk, luma.PROTOCOL, request, {}, {}, fields, b"", key)

    yield call
    desk.database.close()


@pytest.mark.parametrize(
    ("ratio", "resolution", "size"),
    [
        (None, None, (1280, 720)),
        ("16:9", "1080p", (1920, 1080)),
        ("9:16", "720p", (720, 1280)),
        ("1:1", "540p", (540, 540)),
        ("4:3", "540p", (720, 540)),
        ("3:4", "720p", (720, 960)),
    ],
)
def test_ratios_and_resolutions_are_sizes(asked: Any, ratio: Any, resolution: Any, size: tuple[int, int]) -> None:
    work = luma.to_work(asked(model="ray-2", prompt="a ball", aspect_ratio=ratio, resolution=resolution))
    assert (work["shot"].size, work["shot"].seconds, work["shot"].fps) == (size, 5.0, 24.0)


def test_the_two_rays_are_two_qualities(asked: Any) -> None:
    qualities = [luma.to_work(asked(model=name, prompt="a"))["shot"].quality for name in ("ray-2", "ray-flash-2")]
    assert qualities == ["best", "fast"]


def test_two_pictures_are_the_first_and_the_last_frame(asked: Any, picture: bytes) -> None:
    shot = luma.to_work(asked(model="ray-2", keyframes={"frame0": frame(picture), "frame1": frame(picture)}))["shot"]
    assert [round(pin.time * shot.fps) for pin in shot.pins] == [0, shot.num_frames - 1]


@pytest.mark.parametrize("key", CONCEPTS)
def test_every_concept_is_told_in_words(asked: Any, key: str) -> None:
    plain = luma.to_work(asked(model="tiny", prompt="a ball", duration="1s"))["shot"]
    shot = luma.to_work(asked(model="tiny", prompt="a ball", duration="1s", concepts=[{"key": key}]))["shot"]
    assert shot.text.startswith("a ball, ") and shot.seconds == plain.seconds
    assert bool(shot.tracks) == bool(CONCEPTS[key].moves)


def test_there_are_34_concepts() -> None:
    assert len(CONCEPTS) == 34 and "camera push in" in MOTIONS


def sideways(shot: Any) -> float:
    """How far what is seen goes to the right, in the middle of all tracks."""
    return float(np.median([track.points[-1][0] - track.points[0][0] for track in shot.tracks]))


def test_what_is_seen_goes_against_the_camera(asked: Any) -> None:
    fields: dict[str, Any] = {"model": "tiny", "prompt": "a ball", "duration": "1s"}
    left, right = (
        luma.to_work(asked(**fields, concepts=[{"key": key}]))["shot"] for key in ("truck_left", "truck_right")
    )
    assert sideways(left) > 0.05 > -0.05 > sideways(right)
    assert left.text == "a ball, the camera trucks left"


def test_concepts_go_together(asked: Any) -> None:
    concepts = [{"key": "overhead"}, {"key": "pan_left"}, {"key": "zoom_in"}]
    shot = luma.to_work(asked(model="tiny", prompt="a ball", duration="1s", concepts=concepts))["shot"]
    assert shot.text == "a ball, seen from straight above, the camera pans left and zooms in"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "prompt is missing"),
        ({"prompt": "a", "model": ""}, "model is missing"),
        ({"prompt": "a", "model": "ray-9"}, "'ray-9'"),
        ({"prompt": "a", "aspect_ratio": "21:9"}, "aspect_ratio: 21:9 was given"),
        ({"prompt": "a", "aspect_ratio": "9:21"}, "aspect_ratio: 9:21 was given"),
        ({"prompt": "a", "aspect_ratio": "9:5"}, "aspect_ratio should be"),
        ({"prompt": "a", "resolution": "80p"}, "resolution should be"),
        ({"prompt": "a", "resolution": "4k"}, "resolution: 3840x2160"),
        ({"prompt": "a", "duration": "7s"}, "duration should be 5s or 9s"),
        ({"prompt": "a", "duration": 5}, "duration should be text"),
        ({"prompt": "a", "loop": "maybe"}, "loop should be"),
        ({"prompt": "a", "concepts": [{"key": "loop_the_loop"}]}, "'loop_the_loop'"),
        ({"prompt": "a", "concepts": ["pan_left"]}, "concepts should be a list"),
        ({"prompt": "a", "keyframes": []}, None),
        ({"prompt": "a", "keyframes": {"frame2": {}}}, "keyframes should have"),
        ({"prompt": "a", "keyframes": {"frame0": {"type": "video"}}}, "keyframes.frame0 should have"),
        ({"prompt": "a", "keyframes": {"frame0": {"type": "generation"}}}, "keyframes.frame0.id should be"),
        ({"prompt": "a", "keyframes": {"frame1": {"type": "image", "url": "data:image/png;base64,AAAA"}}}, "frame1"),
    ],
)
def test_a_video_that_cannot_be_is_refused(asked: Any, fields: dict[str, Any], told: str | None) -> None:
    if told is None:
        assert luma.to_work(asked(model="ray-2", **fields))["shot"].pins == ()
        return
    with pytest.raises(Problem) as caught:
        luma.to_work(asked(**({"model": "ray-2"} | fields)))
    assert told in caught.value.message and caught.value.status == 400


def test_a_loop_has_no_other_end(asked: Any, picture: bytes) -> None:
    assert luma.to_work(asked(model="ray-2", loop=True, keyframes={"frame0": frame(picture)}))["loop"]
    with pytest.raises(Problem, match="loop"):
        luma.to_work(asked(model="ray-2", loop=True, keyframes={"frame1": frame(picture)}))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"x_start": 0, "x_end": 50, "y_start": 25, "y_end": 75}, (0.0, 0.25, 0.5, 0.5)),
        ({"resized_width": 40}, (0.3, 0.4, 0.4, 0.2)),
        ({"resized_height": 20, "grid_position_y": 80}, (0.3, 0.8, 0.4, 0.2)),
        ({"grid_position_y": 50}, (0.0, 0.5, 1.0, 0.5)),
    ],
)
def test_a_source_lies_where_it_is_put(asked: Any, fields: dict[str, int], place: tuple[float, ...]) -> None:
    found = place_on(asked(**fields), (200, 100), (100, 100))
    assert found is not None and (found.x, found.y, found.width, found.height) == place


@pytest.mark.parametrize(
    "fields", [{"grid_position_x": 10}, {"resized_width": 101}, {"x_start": 5}, {"x_start": 9, "x_end": 9}]
)
def test_a_source_lies_on_the_canvas(asked: Any, fields: dict[str, int]) -> None:
    with pytest.raises(Problem):
        place_on(asked(**fields), (200, 100), (100, 100))


ODD: tuple[Any, ...] = (
    True,
    -1,
    1e308,
    float("nan"),
    "\ud800",
    "\0",
    "http://[",
    [None],
    [[]],
    {"url": 1},
    {"key": {}},
)


@pytest.mark.parametrize("name", ["model", "generation_type", *luma.TOLD])
def test_whatever_a_field_holds_is_taken_or_refused(asked: Any, name: str) -> None:
    usual = {"prompt": "a", "sync_timeout": 0}
    for make, model in ((luma.create, "ray-2"), (luma.image, "photon-1")):
        for value in ODD:
            status, told = 201, None
            try:
                status = make(asked(**(usual | {"model": model, name: value}))).status_code
            except Problem as problem:
                status, told = problem.status, luma.error(problem, "")["detail"]
            assert (status == 201 and told is None) or (status == 400 and told), value


def test_a_link_of_the_servers_own_needs_no_fetch(asked: Any, picture: bytes) -> None:
    """The desk may not fetch from the loopback, where this server is."""
    call = asked(model="ray-2", prompt="a")
    desk: Desk = call.desk
    desk.order(call, luma.to_work(call))
    made: Any = desk.jobs.claim("worker", 60)
    result = Result(name="0.png", role="picture", mime="image/png", bytes=len(picture), sha256="0" * 64)
    assert desk.jobs.finish(made.id, "worker", [result])
    desk.storage.put(f"{made.folder}/0.png", picture)
    link = desk.link("http://127.0.0.1:9", made, result)
    assert desk.media(call, link, "picture", "url").data == picture
    with pytest.raises(Problem):
        desk.media(call, link[:-1], "picture", "url")


# --- the client -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(server: Server) -> LumaAI:
    return LumaAI(base_url=f"{server.url}/luma/dream-machine/v1", auth_token=server.key, max_retries=0)


def ended(client: LumaAI, made: Any) -> Any:
    until = time.monotonic() + ENDS
    while made.state in ("queued", "dreaming"):
        assert time.monotonic() < until, made
        time.sleep(0.1)
        made = client.generations.get(id=made.id)
    return made


def finished(client: LumaAI, made: Any) -> Any:
    made = ended(client, made)
    assert made.state == "completed", made.failure_reason
    return made


def film_of(made: Any) -> bytes:
    """The film, fetched as a stranger would: without a key."""
    answer = httpx.get(made.assets.video)
    assert answer.status_code == 200 and answer.headers["content-type"] == "video/mp4"
    return answer.content


def picture_of(made: Any) -> Image.Image:
    return Image.open(io.BytesIO(httpx.get(made.assets.image).content))


@pytest.fixture(scope="module")
def video(client: LumaAI) -> Any:
    """A finished video of half a second."""
    return finished(client, client.generations.create(prompt="a red ball bounces", **SMALL))


def test_a_video_is_created_polled_and_downloaded(client: LumaAI, video: Any) -> None:
    answer = client.generations.with_raw_response.get(id=video.id).json()
    assert (video.generation_type, video.model, video.failure_reason) == ("video", "tiny", None)
    assert answer["request"] == {
        "generation_type": "video", "model": "tiny", "prompt": "a red ball bounces", "aspect_ratio": "9:5",
        "resolution": "80p", "duration": "0.5s",
    }  # fmt: skip
    assert len(video.id) == 36 and video.created_at.tzinfo is not None
    info = probe(film_of(video))
    assert (info.size, info.fps, info.num_frames) == ((144, 80), 24.0, 12)
    assert picture_of(video).size == (144, 80)


def test_the_default_is_theirs(client: LumaAI) -> None:
    answer = client.generations.video.with_raw_response.create(model="ray-2", prompt="a ball")
    made = answer.parse()
    assert answer.status_code == 201 and (made.model, made.state, made.assets) == ("ray-2", "queued", None)
    client.generations.delete(id=made.id)


def test_a_video_goes_on_to_an_end_frame(client: LumaAI, video: Any, picture: bytes) -> None:
    keyframes = {"frame0": {"type": "generation", "id": video.id}, "frame1": frame(picture)}
    whole = film_of(finished(client, client.generations.create(keyframes=keyframes, **SMALL)))
    frames = list(read_film(whole))
    assert len(frames) == 24
    assert difference(frames[0], next(read_film(film_of(video)))) < 6  # of 255: the codec and the mark lie between
    assert difference(frames[-1], np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))) < 6


def difference(one: Any, other: Any) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize("ends", [("frame1",), ("frame0", "frame1")])
def test_a_video_is_led_up_to_and_two_are_joined(client: LumaAI, video: Any, ends: tuple[str, ...]) -> None:
    keyframes: Any = {end: {"type": "generation", "id": video.id} for end in ends}
    fields = {name: value for name, value in SMALL.items() if name not in ("aspect_ratio", "resolution")}
    made = finished(client, client.generations.create(prompt="on it goes", keyframes=keyframes, **fields))
    info = probe(film_of(made))
    assert (info.size, info.num_frames) == ((144, 80), 12 * len(ends) + 12)


def test_a_loop_of_a_picture_with_a_camera_comes_out(client: LumaAI, picture: bytes) -> None:
    made = client.generations.create(
        prompt="a ball", loop=True, keyframes={"frame0": frame(picture)},
        concepts=[{"key": "handheld"}, {"key": "low_angle"}], **SMALL,
    )  # fmt: skip
    frames = list(read_film(film_of(finished(client, made))))
    assert len(frames) == 12
    assert difference(frames[0], np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))) < 6


def test_a_video_gets_sound_and_grows(client: LumaAI, video: Any) -> None:
    heard = client.generations.audio(id=video.id, prompt="a ball on grass", negative_prompt="music")
    larger = client.generations.upscale(id=video.id, resolution="160p")
    assert len({video.id, heard.id, larger.id}) == 3
    with_sound, grown = (probe(film_of(finished(client, made))) for made in (heard, larger))
    assert with_sound.has_sound and with_sound.size == (144, 80)
    assert grown.size == (288, 160) and grown.num_frames == 12
    with pytest.raises(lumaai.BadRequestError, match="more than the film's 80p"):
        client.generations.upscale(id=video.id, resolution="80p")


def test_a_video_is_modified_from_its_own_link(client: LumaAI, video: Any, picture: bytes) -> None:
    made = client.generations.video.modify(
        generation_type="modify_video", model="tiny", mode="flex_2", prompt="at night",
        media={"url": video.assets.video}, first_frame={"url": uri(picture)}, extra_body={"steps": 1},
    )  # fmt: skip
    assert made.request.mode == "flex_2"
    assert probe(film_of(finished(client, made))).num_frames == 12


def test_a_film_is_reframed(client: LumaAI, film: bytes) -> None:
    made = client.generations.video.reframe(
        generation_type="reframe_video", model="tiny", aspect_ratio="1:1", media={"url": uri(film, "video/mp4")},
        resized_width=80, resized_height=44, grid_position_x=0, grid_position_y=0, extra_body={"steps": 1},
    )  # fmt: skip
    frames = list(read_film(film_of(finished(client, made))))
    assert len(frames) == 12 and frames[0].shape == (80, 80, 3)
    known = np.asarray(Image.fromarray(next(read_film(film))).resize((80, 44)))
    assert difference(frames[0][4:40, 4:76], known[4:40, 4:76]) < 12


def test_a_picture_is_made_while_the_caller_waits(client: LumaAI) -> None:
    made = client.generations.image.create(
        model="tiny", prompt="a ball", aspect_ratio="9:5", format="png", sync=True, extra_body=tiny_picture()
    )
    assert (made.state, made.generation_type, made.assets.video) == ("completed", "image", None)
    assert (picture_of(made).size, picture_of(made).format) == ((144, 80), "PNG")


def tiny_picture() -> dict[str, Any]:
    return {"steps": 1, "resolution": "80p"}


def test_a_caller_waits_no_longer_than_it_says(client: LumaAI) -> None:
    made = client.generations.image.create(model="photon-1", prompt="a ball", sync=True, sync_timeout=0)
    assert made.state in ("queued", "dreaming")
    client.generations.delete(id=made.id)


def test_a_picture_is_changed_and_reframed(client: LumaAI, picture: bytes) -> None:
    changed = client.generations.image.create(
        model="tiny", prompt="at night", modify_image_ref={"url": uri(picture), "weight": 0.9}, extra_body={"steps": 1}
    )
    reframed = client.generations.image.reframe(
        generation_type="reframe_image", model="tiny", aspect_ratio="1:1", media={"url": uri(picture)},
        extra_body={"steps": 1},
    )  # fmt: skip
    seen = picture_of(finished(client, changed))
    assert (seen.size, seen.format) == ((144, 80), "JPEG")
    assert picture_of(finished(client, reframed)).size == (80, 80)


@pytest.mark.parametrize(
    "fields",
    [
        {"image_ref": [{"url": "https://example.com/a.png", "weight": 0.8}]},
        {"style_ref": [{"url": "https://example.com/a.png"}]},
        {"character_ref": {"identity0": {"images": ["https://example.com/a.png"]}}},
    ],
)
def test_pictures_to_go_by_are_refused(client: LumaAI, fields: dict[str, Any]) -> None:
    with pytest.raises(lumaai.BadRequestError, match=next(iter(fields))):
        client.generations.image.create(model="photon-1", prompt="a ball", **fields)


def test_the_list_is_paged_newest_first_and_what_is_deleted_is_gone(server: Server) -> None:
    mine = LumaAI(base_url=f"{server.url}/luma/dream-machine/v1", auth_token=server.new_key(), max_retries=0)
    assert mine.generations.list().generations == []
    ids = [mine.generations.create(model="ray-2", prompt=f"ball {n}").id for n in range(5)]
    page = mine.generations.list(limit=2, offset=1)
    assert [made.id for made in page.generations] == ids[3:1:-1]
    assert (page.count, page.limit, page.offset, page.has_more) == (2, 2, 1, True)
    assert mine.generations.list(limit=5).has_more is False
    for id in ids:
        assert mine.generations.with_raw_response.delete(id=id).status_code == 204
    with pytest.raises(lumaai.NotFoundError):
        mine.generations.get(id=ids[0])
    assert mine.generations.list().count == 0


def test_the_caller_is_called_back(client: LumaAI, receiver: Receiver) -> None:
    good = client.generations.create(prompt="a ball", callback_url=f"{receiver.url}/luma/good", **SMALL)
    bad = client.generations.create(  # two frames are too few to lead back to the first
        prompt="a ball", loop=True, callback_url=f"{receiver.url}/luma/bad", **(SMALL | {"duration": "0.1s"})
    )
    told = {one["state"]: one for one in receiver.wait_for("/luma/good", 2)}
    assert told.keys() == {"dreaming", "completed"} and told["dreaming"]["id"] == good.id
    assert httpx.get(told["completed"]["assets"]["video"]).status_code == 200
    assert {one["state"] for one in receiver.wait_for("/luma/bad", 2)} == {"dreaming", "failed"}
    failed = client.generations.get(id=bad.id)
    assert failed.state == "failed" and "2 frames" in failed.failure_reason and failed.assets is None


def test_a_generation_must_be_finished_and_the_callers(server: Server, client: LumaAI, video: Any) -> None:
    other = LumaAI(base_url=f"{server.url}/luma/dream-machine/v1", auth_token=server.new_key(), max_retries=0)
    keyframes: Any = {"frame0": {"type": "generation", "id": video.id}}
    for ask in (
        lambda: other.generations.get(id=video.id),
        lambda: other.generations.delete(id=video.id),
        lambda: other.generations.audio(id=video.id, prompt="wind"),
        lambda: other.generations.create(model="ray-2", keyframes=keyframes),
        lambda: client.generations.get(id="no-uuid"),
    ):
        with pytest.raises(lumaai.NotFoundError):
            ask()
    waiting = client.generations.create(model="ray-2", prompt="a ball")
    with pytest.raises(lumaai.BadRequestError, match="has no film"):
        client.generations.upscale(id=waiting.id, resolution="1080p")
    client.generations.delete(id=waiting.id)


def test_an_error_is_a_detail(client: LumaAI) -> None:
    for fields, told in (
        ({"prompt": "x" * 3000}, "prompt should"),
        ({"aspect_ratio": "21:9"}, "aspect_ratio: 21:9"),
        ({"callback_url": "ftp://example.com"}, "callback_url"),
        ({"generation_type": "image"}, "generation_type"),
        ({"extra_body": {"seed": -1}}, "seed"),
    ):
        with pytest.raises(lumaai.BadRequestError) as caught:
            client.generations.create(**({"model": "ray-2", "prompt": "a ball"} | fields))
        assert set(caught.value.body) == {"detail"} and caught.value.body["detail"].startswith(told)


def test_keys_are_asked_for(server: Server) -> None:
    for key in ("wrong", "vita_" + "a" * 32):
        with pytest.raises(lumaai.AuthenticationError):
            LumaAI(base_url=f"{server.url}/luma/dream-machine/v1", auth_token=key, max_retries=0).ping.check()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("PATCH", "/generations", None, 405),
        ("POST", "/generations/video", b"{", 400),
        ("GET", "/generations?limit=0", None, 400),
        ("GET", "/generations?offset=-1", None, 400),
        ("POST", "/generations/video/modify", b"{}", 400),
    ],
)
def test_the_frameworks_errors_take_their_form(
    server: Server, method: str, path: str, body: bytes | None, status: int
) -> None:
    headers = {"authorization": f"Bearer {server.key}", "content-type": "application/json"}
    answer = httpx.request(method, f"{server.url}/luma/dream-machine/v1{path}", headers=headers, content=body)
    assert answer.status_code == status and set(answer.json()) == {"detail"}


def test_the_small_calls_answer(client: LumaAI) -> None:
    assert client.ping.check().message == "pong"
    assert client.credits.get().credit_balance > 0
    assert client.generations.concepts.list() == list(CONCEPTS)


def test_older_releases_are_answered(server: Server) -> None:
    headers = {"authorization": f"Bearer {server.key}"}
    url = f"{server.url}/luma/dream-machine/v1/generations"
    made = httpx.post(url, headers=headers, json={"prompt": "a ball"})
    assert made.status_code == 201 and made.json()["model"] == "ray-1-6"
    assert httpx.delete(f"{url}/{made.json()['id']}", headers=headers).status_code == 204
    assert "camera orbit left" in httpx.get(f"{url}/camera_motion/list", headers=headers).json()
