"""The command line with the real road behind it: what works, and that what is wrong leaves nothing behind."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from vitascope import Clip
from vitascope.cli import app
from vitascope.shot.media import probe, read_picture, write_picture

QUICK = ("--model", "tiny", "--steps", "2")


def run(*words: object) -> tuple[int, list[str], list[str]]:
    """Status, and the lines of stdout and stderr."""
    result = CliRunner().invoke(app, ["make", *(str(word) for word in words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout.splitlines(), result.stderr.splitlines()


def test_words_a_picture_and_a_camera_move_become_a_film(tiny_engine: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "first.png", np.full((90, 160, 3), 90, np.uint8))
    film = tmp_path / "ball.mp4"
    status, out, _ = run(
        "a red ball", "-o", film, "--image", tmp_path / "first.png", "--camera", "pan left 20deg", *QUICK
    )
    assert (status, out) == (0, [str(film)])
    assert probe(film).num_frames == 24


def test_a_plan_tells_what_a_film_would_take_and_makes_nothing(tiny_engine: Path, tmp_path: Path) -> None:
    film = tmp_path / "ball.mp4"
    status, out, _ = run("a red ball", "-o", film, "--plan", *QUICK)
    assert status == 0 and out[0].startswith("frames      made at") and "2 calls" in out[1] and "calls of 0." in out[1]
    write_picture(tmp_path / "first.png", np.full((90, 160, 3), 90, np.uint8))
    moved = ("--image", tmp_path / "first.png", "--camera", "pan left 20deg")
    status, out, _ = run("a red ball", "-o", film, "--plan", *moved, *QUICK)
    assert (status, len(out)) == (0, 1) and out[0].endswith("the pinned picture in motion, without the network")
    assert not film.exists()


def test_json_tells_the_shot_and_the_times(tiny_engine: Path, tmp_path: Path) -> None:
    status, out, _ = run("a red ball", "-o", tmp_path / "ball.png", "--json", "--timing", *QUICK)
    told = json.loads(out[0])
    assert status == 0 and told["shot"]["text"] == "a red ball" and told["seconds"]["sample"] > 0
    assert read_picture(told["path"]).shape == (144, 256, 3)


def test_a_film_can_be_made_again(tiny_engine: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first.mp4", tmp_path / "again.mp4"
    assert run("a red ball", "-o", first, "--seed", 3, "--seconds", 0.5, *QUICK)[0] == 0
    assert run("--shot", first, "-o", again)[0] == 0
    assert np.array_equal(Clip.open(first).array(), Clip.open(again).array())


WRONG: dict[str, tuple[list[object], str]] = {
    "no words": (["", "-o", "{tmp}/x.mp4"], "text"),
    "ten thousand characters": (["ball " * 2000, "-o", "{tmp}/x.mp4"], "text"),
    "odd sides": (["a ball", "-o", "{tmp}/x.mp4", "--size", "255x143"], "films have even sides, say 256x144"),
    "another shape": (["a ball", "-o", "{tmp}/x.mp4", "--size", "300x100"], "from 1:2 to 2:1 can be made, say 200x100"),
    "zero seconds": (["a ball", "-o", "{tmp}/x.mp4", "--seconds", "0"], "seconds"),
    "too long": (["a ball", "-o", "{tmp}/x.mp4", "--seconds", "600"], "seconds"),
    "unknown model": (["a ball", "-o", "{tmp}/x.mp4", "--model", "huge"], "'huge' was given"),
    "damaged weights": (["a ball", "-o", "{tmp}/x.mp4", "--model", "damaged"], "damaged"),
    "no picture": (["a ball", "-o", "{tmp}/x.mp4", "--image", "{tmp}/in/text.png"], "text.png"),
    "enormous picture": (["a ball", "-o", "{tmp}/x.mp4", "--image", "{tmp}/in/enormous.png"], "enormous.png"),
    "no folder": (["a ball", "-o", "{tmp}/none/x.mp4"], "does not exist"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_and_leaves_nothing(
    case: str, tiny_engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VITASCOPE_DEBUG", raising=False)
    inputs = tmp_path / "in"
    inputs.mkdir()
    (inputs / "text.png").write_text("no picture at all")
    header = bytes.fromhex("89504e470d0a1a0a0000000d494844520000ffff0000ffff0802000000")  # 65535 x 65535, and no more
    (inputs / "enormous.png").write_bytes(header + b"\0" * 64)
    damaged = tiny_engine.with_name("damaged.safetensors")
    damaged.write_bytes(tiny_engine.read_bytes()[:-100])
    words, said = WRONG[case]
    model = () if "--model" in words else QUICK
    status, _, err = run(*(str(word).replace("{tmp}", str(tmp_path)) for word in words), *model)
    damaged.unlink()
    assert status == 2
    assert len(err) == 1 and said in err[0], err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
