"""How Runway's requests become Shots, with no server."""

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vitascope.serve.desk import Desk
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols import runway_fields as fields
from vitascope.serve.protocols.runway import PROTOCOL
from vitascope.serve.protocols.runway_models import EDITS, VIDEO
from vitascope.serve.protocols.runway_video import to_shot, to_work
from vitascope.serve.settings import Settings
from vitascope.shot.shot import MediaKind

Asking = Callable[..., Call]


@pytest.fixture(scope="module")
def asking(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """Makes a call of these fields."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITASCOPE_WEIGHTS", str(tiny_weights.parent))
        desk = Desk.open(Settings.of(home=tmp_path_factory.mktemp("desk"), model="tiny"))
        _, key = desk.keys.create("test")
        yield lambda **given: Call(desk, PROTOCOL, None, {}, {}, given, b"", key)  # type: ignore[arg-type]
        desk.database.close()


def uploaded(asking: Asking, data: bytes, kind: MediaKind) -> str:
    """What was looked at once need not be looked at again in each test."""
    call = asking()
    found = call.desk.media(call, data, kind, "file")
    return "runway://" + call.desk.note("runway", call.key.id, "upload", {"sha256": found.sha256, "kind": kind}).id


@pytest.fixture(scope="module")
def wide(asking: Asking) -> str:
    """A picture of 16:9."""
    return uploaded(asking, base64.b64decode(uri((160, 90)).partition(",")[2]), "picture")


@pytest.fixture(scope="module")
def source(asking: Asking, film: bytes) -> str:
    """A film of one second."""
    return uploaded(asking, film, "film")


def uri(size: tuple[int, int]) -> str:
    data = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


def test_a_request_becomes_a_shot(asking: Asking) -> None:
    asked = asking(model="veo3.1", promptText="a ball", ratio="720:1280", negativePrompt="rain", seed=4294967295)
    shot = to_shot(asked, with_picture=False)
    assert (shot.text, shot.negative, shot.size, shot.seconds, shot.fps) == ("a ball", "rain", (720, 1280), 8.0, 24.0)
    assert (shot.model, shot.quality, shot.seed) == ("tiny", "best", 2**32 - 1) and shot.sound is not None


def test_a_seed_left_out_is_chosen_by_chance(asking: Asking) -> None:
    seeds = {to_shot(asking(model="tiny", promptText="a"), with_picture=False).seed for _ in range(4)}
    assert len(seeds) == 4


def test_pictures_stand_first_and_last(asking: Asking) -> None:
    pictures = [{"uri": uri((64, 32)), "position": "last"}, {"uri": uri((32, 64)), "position": "first"}]
    shot = to_shot(asking(model="veo3.1_fast", promptImage=pictures, ratio="1280:720", duration=4), with_picture=True)
    assert [round(pin.time * shot.fps) for pin in shot.pins] == [0, 95] and shot.quality == "fast"


def test_many_prompts_are_said_in_turn(asking: Asking) -> None:
    parts = [{"prompt": "a ball rolls", "duration": 2}, {"prompt": "it stops", "duration": 3}]
    asked = asking(model="kling3.0_pro", ratio="1920:1080", cfgScale=1, providerSettings={"multiPrompt": parts})
    shot = to_shot(asked, with_picture=False)
    assert [(span.start, span.end, span.text) for span in shot.spans] == [(0, 2, "a ball rolls"), (2, 5, "it stops")]
    assert shot.seconds == 5.0 and shot.guidance == 5.0
    short = asking(model="kling3.0_pro", ratio="1920:1080", providerSettings={"multiPrompt": parts[:1]})
    with pytest.raises(Problem, match="3 to 15 s"):
        to_shot(short, with_picture=False)


@pytest.mark.parametrize(
    ("model", "given", "size"),
    [
        ("kling2.5_turbo_pro", {}, (1920, 1080)),  # no ratio: the picture's shape, 16:9, …
        ("kling3.0_standard", {}, (1280, 720)),
        ("seedance2", {}, (1280, 720)),
        ("wan3", {"ratio": "auto_480p"}, (854, 480)),
        ("kling_4", {"ratio": "auto_1080p"}, (1920, 1080)),
        ("hailuo3", {"ratio": "1:1", "resolution": "768P"}, (1024, 1024)),
        ("hailuo3", {"ratio": "adaptive"}, (1366, 768)),
        ("grok_imagine_1_5_lite", {}, (854, 480)),
        ("happyhorse_1_0", {"resolution": "1080p"}, (1920, 1080)),
    ],
)
def test_the_frame_is_as_large_as_the_model_says(
    asking: Asking, wide: str, model: str, given: dict[str, Any], size: tuple[int, int]
) -> None:
    asked = asking(model=model, promptText="a ball", promptImage=wide, **given)
    assert to_shot(asked, with_picture=True).size == size


def test_the_frame_follows_an_upright_picture(asking: Asking) -> None:
    for model, size in (("kling2.5_turbo_pro", (1080, 1920)), ("klingO3_standard", (720, 1280))):
        asked = asking(model=model, promptText="a ball", promptImage=uri((90, 160)))
        assert to_shot(asked, with_picture=True).size == size


@pytest.mark.parametrize("model", sorted(VIDEO))
def test_every_model_makes_a_film_of_the_least_that_it_asks_for(asking: Asking, wide: str, model: str) -> None:
    takes = VIDEO[model]
    given: dict[str, Any] = {"model": model, "promptText": "a ball", "duration": takes.seconds[0]}
    for ratios, with_picture in ((takes.text, False), (takes.image, True)):
        if ratios is None:
            continue
        more = {"ratio": ratios[0]} if takes.ratio else {}
        if with_picture:
            more["promptImage"] = wide
        shot = to_shot(asking(**given, **more), with_picture)
        assert shot.seconds == takes.seconds[0] and len(shot.pins) == with_picture
        assert shot.size[0] % 2 == shot.size[1] % 2 == 0


def test_every_editor_takes_a_film_where_it_says(asking: Asking, source: str) -> None:
    for model, takes in EDITS.items():
        work = to_work(asking(model=model, promptText="at night", **{takes.film: source}))
        assert ("restyle" in work, "motion" in work) == (takes.modes[0] == "edit", takes.modes[0] == "reference"), model


def test_an_edit_keeps_the_films_sound_unless_it_should_not(asking: Asking, source: str) -> None:
    given = {"model": "klingO3_pro", "promptText": "at night", "promptVideo": source}
    assert to_work(asking(**given))["keep"] is True
    assert to_work(asking(**given, providerSettings={"keepOriginalSound": False}))["keep"] is False


@pytest.mark.parametrize(
    ("keyframes", "message"),
    [
        ([{"seconds": 2}], r"keyframes\[0\].seconds should be a number from 0 to 1"),
        ([{"at": 0.2, "range": {"startSeconds": 0.5, "endSeconds": 1}}], "should lie within its range"),
        ([{"at": 0.9, "range": {"startSeconds": 0, "endSeconds": 3}}], "at most the film's 1 s"),
        ([{"at": 0.2}, {"at": 0.6, "range": {"startSeconds": 0.5, "endSeconds": 1}}], "all have the same range"),
        ([{"at": 0.1}] * 6, "at most 5"),
        ([{"at": share / 4} for share in range(4)], "4 pictures were given"),  # tiny has learned three
    ],
)
def test_keyframes_that_cannot_be_are_refused(
    asking: Asking, source: str, wide: str, keyframes: list[dict[str, Any]], message: str
) -> None:
    pictures = [{"uri": wide, **keyframe} for keyframe in keyframes]
    with pytest.raises(Problem, match=message):
        to_work(asking(model="aleph2", videoUri=source, keyframes=pictures))


def test_shapes_keep_what_they_should() -> None:
    assert fields.framed(720, 1.0) == (960, 960) and fields.framed(1080, 9 / 16) == (1080, 1920)
    assert fields.widened((144, 80), 1.0) == (144, 144) and fields.widened((80, 144), 1.0) == (144, 144)
    assert fields.within((144, 80), (1280, 720)) == (1280, 710) and fields.within((80, 144), (1280, 720)) == (710, 1280)
