"""Kling's requests become Shots that mean the same: sizes, lengths, frames, strokes, moves and parts."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.requests import Request

from vitascope.serve.desk import Desk
from vitascope.serve.problem import Kind, Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols import kling, kling_sound, kling_video
from vitascope.serve.settings import Settings
from vitascope.shot.shot import Shot

Asks = Callable[..., Call]


@pytest.fixture
def call(tiny_engine: Path, tmp_path: Path) -> Asks:
    """Calls to a desk without a server, by their fields."""
    settings = Settings.of(home=tmp_path, model="tiny")
    desk = Desk.open(settings)
    _, key = desk.keys.create("test")
    request = Request({"type": "http", "headers": [], "server": ("127.0.0.1", 80), "path": "/", "scheme": "http"})

    def ask(**fields: Any) -> Call:
        return Call(desk, kling.PROTOCOL, request, {}, {}, fields, b"", key)

    return ask


def picture(size: tuple[int, int] = (480, 320), mode: str = "RGB", box: tuple[int, ...] = (), paint: Any = 255) -> str:
    image = Image.new(mode, size)
    if box:
        image.paste(paint, box)  # type: ignore[arg-type]
    data = io.BytesIO()
    image.save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


def text(call: Asks, **fields: Any) -> Shot:
    return kling_video.text2video(call(**({"prompt": "a ball"} | fields))).work["shot"]


def image(call: Asks, **fields: Any) -> Shot:
    return kling_video.image2video(call(**fields)).work["shot"]


def refused(call: Asks, asks: Callable[[Call], Any], **fields: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        asks(call(**fields))
    return caught.value


def test_the_defaults_are_theirs(call: Asks) -> None:
    shot = text(call)
    assert (shot.size, shot.seconds, shot.fps, shot.model, shot.quality) == ((1280, 720), 5.0, 24.0, "tiny", "fast")
    assert (shot.text, shot.sound, shot.guidance, shot.tracks) == ("a ball", None, None, ())


@pytest.mark.parametrize(
    ("mode", "ratio", "size"),
    [
        ("std", "9:16", (720, 1280)), ("std", "1:1", (960, 960)), ("pro", "16:9", (1920, 1080)),
        ("pro", "1:1", (1440, 1440)),
    ],
)  # fmt: skip
def test_mode_and_ratio_are_a_size(call: Asks, mode: str, ratio: str, size: tuple[int, int]) -> None:
    shot = text(call, mode=mode, aspect_ratio=ratio)
    assert shot.size == size and shot.quality == ("best" if mode == "pro" else "fast")


def test_models_of_ours_take_any_size_and_length(call: Asks) -> None:
    shot = text(call, model_name="tiny", mode="80p", aspect_ratio="144:80", duration=0.5, fps=12, seed=3, steps=2)
    assert (shot.size, shot.seconds, shot.fps, shot.seed, shot.steps) == ((144, 80), 0.5, 12.0, 3, 2)


@pytest.mark.parametrize(
    ("model", "good", "bad"), [("kling-v1", "10", "7"), ("kling-v2-6", 5, "3"), ("kling-v3", "15", "16")]
)
def test_each_model_has_its_lengths(call: Asks, model: str, good: Any, bad: str) -> None:
    assert text(call, model_name=model, duration=good).seconds == float(good)
    problem = refused(call, kling_video.text2video, prompt="a", model_name=model, duration=bad)
    assert problem.field == "duration"


def test_hints_are_followed_where_the_model_knows_them(call: Asks) -> None:
    shot = text(call, cfg_scale=1, negative_prompt="rain", sound="on")
    assert (shot.guidance, shot.negative) == (5.0, "rain") and shot.sound is not None
    assert text(call, model_name="kling-v2-6", cfg_scale=1).guidance is None


def test_a_camera_moves_the_whole_picture(call: Asks) -> None:
    control = {"type": "simple", "config": {"horizontal": 10}}
    shot = text(call, camera_control=control)
    assert shot.text == "a ball, the camera trucks right"
    shifts = [track.points[-1][0] - track.points[0][0] for track in shot.tracks]
    assert len(shifts) > 20 and sum(shifts) / len(shifts) < -0.05  # what is seen goes to the left


def test_parts_follow_each_other(call: Asks) -> None:
    parts = [{"index": 2, "prompt": "it falls", "duration": "2"}, {"index": 1, "prompt": "a ball", "duration": 1}]
    fields = {"model_name": "kling-v3", "multi_shot": True, "shot_type": "customize", "multi_prompt": parts}
    shot = kling_video.text2video(call(**fields, duration="3")).work["shot"]
    assert [(span.start, span.end, span.text) for span in shot.spans] == [(0, 1, "a ball"), (1, 3, "it falls")]
    problem = refused(call, kling_video.text2video, **fields, duration="4")
    assert "add up to 4 s, but are 3 s" in problem.message
    shot = text(call, model_name="kling-v3", multi_shot=True, shot_type="intelligence", prompt="It is. It was then.")
    assert [span.text for span in shot.spans] == ["It is.", "It was then."] and shot.spans[1].end == 5


def test_frames_stand_at_both_ends_in_the_pictures_shape(call: Asks) -> None:
    shot = image(call, image=picture(), image_tail=picture((400, 400)))
    assert shot.size == (1176, 784)
    assert [round(pin.time * shot.fps) for pin in shot.pins] == [0, 119]
    assert image(call, image_tail="data:image/png;base64," + picture((400, 400))).size == (960, 960)


def test_the_brush_counts_from_the_bottom_left(call: Asks) -> None:
    mask = picture(mode="RGBA", box=(48, 32, 240, 160), paint=(255, 0, 0, 255))
    path = [{"x": 100, "y": 200}, {"x": 220, "y": 280}]  # to the right by a quarter, up by a quarter
    still = picture(box=(300, 200, 470, 310), paint=(0, 90, 0))
    shot = image(call, image=picture(), static_mask=still, dynamic_masks=[{"mask": mask, "trajectories": path}])
    moved = [(t.points[0], t.points[-1]) for t in shot.tracks if t.points[0] != t.points[-1]]
    stays = [t.points[0] for t in shot.tracks if t.points[0] == t.points[-1]]
    assert len(moved) == 16 and len(stays) == 16
    for start, end in moved:
        assert 0.1 <= start[0] <= 0.5 and 0.1 <= start[1] <= 0.5
        assert (end[0] - start[0], end[1] - start[1]) == pytest.approx((0.25, -0.25), abs=1e-3)
    assert all(x > 0.6 and y > 0.6 for x, y in stays)


def test_six_masks_may_move_while_a_seventh_stays(call: Asks) -> None:
    boxes = [(60 * n, 10, 60 * n + 50, 100) for n in range(6)]
    path = [{"x": 10, "y": 10}, {"x": 20, "y": 10}]
    masks = [{"mask": picture(box=box, paint=(255, 255, 255)), "trajectories": path} for box in boxes]
    still = picture(box=(10, 200, 470, 310), paint=(255, 255, 255))
    shot = image(call, image=picture(), static_mask=still, dynamic_masks=masks)
    moving = sum(abs(t.points[-1][0] - t.points[0][0] - 10 / 480) < 2e-3 for t in shot.tracks)
    assert moving == 6 * 16 and len(shot.tracks) == 7 * 16


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"image_tail": picture(), "static_mask": picture(box=(0, 0, 9, 9))}, "image_tail and static_mask"),
        ({"image_tail": picture(), "camera_control": {"type": "down_back"}}, "image_tail and camera_control"),
        ({"camera_control": {"type": "down_back"}, "dynamic_masks": [{}]}, "dynamic_masks and camera_control"),
        ({"static_mask": picture()}, "black or transparent"),
        ({"static_mask": picture((320, 320), box=(0, 0, 9, 9), paint=(255, 0, 0))}, "shape of image"),
        ({"dynamic_masks": [{"mask": "", "trajectories": [{"x": 1, "y": 1}]}]}, "2 to 77 points"),
        ({"dynamic_masks": [{"mask": "", "trajectories": [{"x": 1, "y": 1}, {"x": 10**400, "y": 1}]}]}, "lie in"),
        ({"dynamic_masks": [{"mask": "", "trajectories": [{"x": 1}, {"x": 1}]}]}, "numbers x and y"),
        ({"dynamic_masks": [{}] * 7}, "at most 6"),
    ],
)
def test_what_excludes_each_other_is_refused(call: Asks, fields: dict[str, Any], named: str) -> None:
    assert named in refused(call, kling_video.image2video, image=picture(), **fields).message


def test_masks_are_of_one_size(call: Asks) -> None:
    path = [{"x": 1, "y": 1}, {"x": 9, "y": 9}]
    small = {"mask": picture((240, 160), box=(0, 0, 99, 99), paint=(255, 0, 0)), "trajectories": path}
    still = picture(box=(200, 200, 300, 300), paint=(255, 0, 0))
    problem = refused(call, kling_video.image2video, image=picture(), static_mask=still, dynamic_masks=[small])
    assert "one size" in problem.message


def test_an_omni_film_has_its_frames_and_edits_a_film(call: Asks, film: bytes) -> None:
    frames = [{"image_url": picture(), "type": "first_frame"}, {"image_url": picture(), "type": "end_frame"}]
    asked = kling_video.omni_video(call(prompt="from <<<image_1>>> on", image_list=frames, duration="3"))
    shot = asked.work["shot"]
    assert shot.text == "from the picture on" and len(shot.pins) == 2 and shot.quality == "best"
    films = [{"video_url": base64.b64encode(film).decode(), "keep_original_sound": "yes"}]
    edited = kling_video.omni_video(call(prompt="snow", video_list=films, model_name="tiny")).work
    assert (edited["shot"].size, edited["shot"].fps, edited["shot"].seconds) == ((144, 80), 12.0, 1.0)
    assert edited["keep"] is True and edited["restyle"].kind == "film"
    problem = refused(call, kling_video.omni_video, prompt="snow", video_list=films)
    assert "3 to 10 s, but lasts 1 s" in problem.message


def test_a_picture_made_of_another_stays_as_near_as_asked(call: Asks) -> None:
    work = kling_video.generations(call(prompt="a cat", image=picture(), image_fidelity=0.8, n=3)).work
    assert (work["strength"], work["takes"], work["shot"].size) == (0.8, 3, (1366, 768))
    assert work["restyle"].kind == "picture" and work["shot"].num_frames == 1


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ("oversea_male1", "man"), ("reader_en_f-v1", "woman"), ("uk_boy1", "child, man"), ("uk_man2", "man"),
        ("genshin_vindi2", "woman"), ("chat1_female_new-3", "woman"),
    ],
)  # fmt: skip
def test_a_voices_name_tells_whose_it_is(voice: str, said: str) -> None:
    assert kling_sound.whose(voice) == said


def test_speech_is_a_script(call: Asks, monkeypatch: pytest.MonkeyPatch) -> None:
    from vitascope.sound.script import parse

    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())  # as where the extra is installed
    work = kling_sound.tts(call(text="Hi: you\nthere (all).", voice_id="reader_en_m-v1", voice_speed=0.8)).work
    [line] = parse(work["shot"].sound.dialogue)
    assert (line.words, line.sex, line.pace, line.who) == ("Hi: you there (all).", "male", 0.8, "Reader_en_m_v1")
    assert refused(call, kling_sound.tts, text="hi", voice_id="12").field == "voice_id"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert refused(call, kling_sound.tts, text="hi", voice_id="reader_en_m-v1").field == "text"


def test_errors_are_told_in_their_names_and_codes() -> None:
    told = kling.error(Problem("invalid", "seconds should be less", "seconds"), "req_1")
    assert told == {"code": 1201, "message": "duration should be less", "request_id": "req_1"}
    kinds: tuple[Kind, ...] = ("full", "busy", "internal", "forbidden")
    codes = {kind: kling.error(Problem(kind, ""), "")["code"] for kind in kinds}
    assert codes == {"full": 1303, "busy": 1303, "internal": 5000, "forbidden": 1103}
