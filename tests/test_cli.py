"""The command line: its options are frozen, it starts light, and what the user got wrong is one line and status 2."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

import vitascope
from vitascope.cli import app
from vitascope.finish.deliver import USUAL, Delivery
from vitascope.shot import Clip, Media, Pin, Region, Shot, ShotError
from vitascope.shot.camera import camera_tracks, parse_moves, usual_grid
from vitascope.shot.media import read_mask, write_film, write_picture
from vitascope.shot.tracks import track_arrays

ROOT = Path(__file__).resolve().parent.parent

# Scripts depend on these: adding one is a new promise, taking one away breaks an old one.
OPTIONS = {
    "make": "--again --before --brush --camera --codec --codec-quality --dialogue --extend --fps --guidance --image"
    " --inpaint --json --last --loop --mask --model --motion-from --n --negative --no-manifest --no-watermark --output"
    " --pin --pin-guidance --plan --quality --reference --resume --retake --score --seconds --seed --sheet --shot"
    " --size --sound --steps --timeline --timing --track-guidance --transfer -o",
    "sound": "--codec --cues --dialogue --json --keep --loudness --negative --output --prompt --score --seed --stems"
    " --takes --timing -o",
    "verify": "--json",
    "world": "--count --level --output --overlay --scene --seconds --seed --size --style -o",
    "train": "--batch --device --init --level --max-seconds --out --picture-share --pictures --pool --preset"
    " --resume --seed --steps --workers",
    "evaluate": "--out --quality --quick --suite --weights",
    "schema": "",
    "serve": "--allow-private --expire-days --hang --home --host --lease --log --max-body --media --model --port"
    " --public-url --store --tier --webhook-secret --webhook-url --workers",
    "worker": "--expire-days --hang --home --lease --log --media --model --store --webhook-secret --webhook-url",
    "keys": "",
}

Reporter = Callable[[str, int, int], None]


class FakeGenerate:
    """Stands for vitascope.generate: remembers the Shot and makes grey frames at once, without a network."""

    def __init__(self) -> None:
        self.shot: Shot | None = None
        self.shots: list[Shot] = []
        self.error: BaseException | None = None
        self.cancelled = False
        self.interrupt = False
        self.unknown: dict[str, str] = {}
        self.delivery, self.resumed = USUAL, False

    def make(
        self,
        shot: Shot,
        path: str | None = None,
        *,
        progress: Reporter,
        cancel: Callable[[], bool],
        delivery: Delivery = USUAL,
        resume: bool = False,
    ) -> Clip:
        self.shot, self.delivery, self.resumed = shot, delivery, resume
        self.shots.append(shot)
        progress("sample", 0, 2)
        if self.error is not None:
            raise self.error
        if self.interrupt:
            os.kill(os.getpid(), signal.SIGINT)
            self.cancelled = cancel()
        progress("decode", 1, 1)
        if path is not None:
            Path(path).write_bytes(b"a film")
        width, height = shot.size
        return Clip.from_array(np.full((shot.num_frames, height, width, 3), 128, np.uint8), shot.fps, shot)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeGenerate:
    stand_in = FakeGenerate()
    module: Any = SimpleNamespace(
        make=stand_in.make, unknown_words=lambda shot: stand_in.unknown, shares=lambda shot: {"write": 1.0}
    )
    monkeypatch.setitem(sys.modules, "vitascope.generate", module)
    monkeypatch.setattr(vitascope, "generate", module, raising=False)
    monkeypatch.delenv("VITASCOPE_DEBUG", raising=False)
    return stand_in


def run(*words: object) -> SimpleNamespace:
    """Runs the command line in this process: status, stdout, stderr as lines."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return SimpleNamespace(status=result.exit_code, out=result.stdout.splitlines(), err=result.stderr.splitlines())


def asked(fake: FakeGenerate, *words: object) -> Shot:
    """The Shot that these words of `vitascope make` come to."""
    done = run("make", *words)
    assert done.status == 0, done.err
    assert fake.shot is not None
    return fake.shot


def picture(path: Path) -> Path:
    write_picture(path, np.full((20, 30, 3), 200, np.uint8))
    return path


# What is there


def test_the_options_are_the_frozen_ones() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    found = {
        name: " ".join(sorted(opt for parameter in command.params for opt in parameter.opts if opt.startswith("-")))
        for name, command in group.commands.items()
    }
    assert found == OPTIONS


def test_help_is_light() -> None:
    code = (
        "import sys\nfrom vitascope.cli import app\n"
        "try:\n    app(['--help'])\nfinally:\n"
        "    heavy = {'torch', 'numba', 'av', 'numpy', 'mujoco', 'onnxruntime'} & set(sys.modules)\n"
        "    print('loaded:', *heavy, file=sys.stderr)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    assert "make" in done.stdout
    assert done.stderr.split() == ["loaded:"]
    # time on the processor, not on the wall: other tests run beside this one
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0


def test_without_a_command_the_help_is_shown() -> None:
    done = run()
    assert done.status == 0
    assert any("schema" in line for line in done.out)


def test_version() -> None:
    assert run("--version").out == [vitascope.__version__]


def test_schema_is_that_of_a_shot() -> None:
    assert json.loads("\n".join(run("schema").out)) == Shot.model_json_schema()


# Options become a Shot


def test_the_path_is_the_last_line(fake: FakeGenerate, tmp_path: Path) -> None:
    done = run("make", "a red ball", "-o", tmp_path / "ball.mp4", "--timing")
    assert done.status == 0
    assert done.out == [str(tmp_path / "ball.mp4")]
    assert [line.split()[0] for line in done.err] == ["load", "sample", "decode"]


def test_json_is_one_object(fake: FakeGenerate, tmp_path: Path) -> None:
    done = run("make", "a red ball", "-o", tmp_path / "ball.mp4", "--json", "--seed", 5)
    made = json.loads("\n".join(done.out))
    assert set(made) == {"path", "shot", "seconds", "busy", "unknown_words"}
    assert made["path"] == str(tmp_path / "ball.mp4")
    assert made["shot"]["seed"] == 5
    assert set(made["seconds"]) == {"load", "sample", "decode"}


def test_what_is_left_out_is_the_default(fake: FakeGenerate, tmp_path: Path) -> None:
    assert asked(fake, "a red ball", "-o", tmp_path / "ball.mp4") == Shot(text="a red ball")


def test_every_option_reaches_the_shot(fake: FakeGenerate, tmp_path: Path) -> None:
    options = (
        "--seconds 1 --size 144x256 --fps 8 --seed 3 --negative blur --steps 4 --guidance 2.5 --pin-guidance 2"
        " --track-guidance 0 --quality fast --model tiny"
    )
    assert asked(fake, "a dog", "-o", tmp_path / "dog.mp4", *options.split()) == Shot(
        text="a dog",
        seconds=1,
        size=(144, 256),
        fps=8,
        seed=3,
        negative="blur",
        steps=4,
        guidance=2.5,
        pin_guidance=2,
        track_guidance=0,
        quality="fast",
        model="tiny",
    )


def test_options_go_over_a_shot_file(fake: FakeGenerate, tmp_path: Path) -> None:
    (tmp_path / "shot.json").write_text(Shot(text="a dog", seed=1, fps=8).to_json())
    shot = asked(fake, "-o", tmp_path / "dog.mp4", "--shot", tmp_path / "shot.json", "--seed", 2)
    assert shot == Shot(text="a dog", seed=2, fps=8)


def test_a_picture_made_before_is_a_shot_file(fake: FakeGenerate, tmp_path: Path) -> None:
    shot = Shot(text="a dog", seconds=1 / 12, seed=9)
    write_picture(tmp_path / "before.png", np.zeros((16, 16, 3), np.uint8), shot=shot)
    assert asked(fake, "-o", tmp_path / "again.png", "--shot", tmp_path / "before.png") == shot


def test_a_picture_is_a_shot_of_one_frame(fake: FakeGenerate, tmp_path: Path) -> None:
    assert asked(fake, "a dog", "-o", tmp_path / "dog.png", "--fps", 7).num_frames == 1


def test_an_image_is_pinned_at_the_start(fake: FakeGenerate, tmp_path: Path) -> None:
    path = picture(tmp_path / "first.png")
    shot = asked(fake, "a dog", "-o", tmp_path / "dog.mp4", "--image", path)
    data = path.read_bytes()
    media = Media(sha256=hashlib.sha256(data).hexdigest(), kind="picture", data=data)
    assert shot.pins == (Pin(media=media, time=0.0),)


def test_a_last_image_is_pinned_at_the_end(fake: FakeGenerate, tmp_path: Path) -> None:
    first, last = picture(tmp_path / "first.png"), tmp_path / "last.png"
    write_picture(last, np.zeros((16, 16, 3), np.uint8))
    words = ("a dog", "-o", tmp_path / "dog.mp4", "--last", last, "--image", first, "--seconds", 1)
    shot = asked(fake, *words)
    assert [pin.time for pin in shot.pins] == [0.0, 11 / 12]
    assert [pin.media for pin in shot.pins] == [Media.from_path(first), Media.from_path(last)]


def test_an_image_takes_the_place_of_the_first_frame_only(fake: FakeGenerate, tmp_path: Path) -> None:
    other = Media.from_path(picture(tmp_path / "other.png"))
    kept = (Pin(media=other, time=1.0), Pin(media=other, role="style"))
    (tmp_path / "shot.json").write_text(Shot(text="a dog", pins=(Pin(media=other), *kept)).to_json())
    write_picture(tmp_path / "first.png", np.zeros((16, 16, 3), np.uint8))
    words = ("-o", tmp_path / "dog.mp4", "--shot", tmp_path / "shot.json", "--image", tmp_path / "first.png")
    shot = asked(fake, *words)
    assert shot.pins == (Pin(media=Media.from_path(tmp_path / "first.png")), *kept)


def test_a_camera_move_is_said_and_tracked(fake: FakeGenerate, tmp_path: Path) -> None:
    shot = asked(fake, "a dog.", "-o", tmp_path / "dog.mp4", "--camera", "pan left 20deg")
    assert shot.text == "a dog, the camera pans left"
    assert shot.tracks
    first = shot.tracks[0].points
    assert first[-1][0] > first[0][0], "what stands still goes to the right when the camera pans left"


def test_a_brush_moves_what_is_painted_and_a_camera_the_rest(fake: FakeGenerate, tmp_path: Path) -> None:
    mask = np.zeros((36, 64, 3), np.uint8)
    mask[10:20, 10:20] = 255
    write_picture(tmp_path / "mask.png", mask)
    words = ("a dog", "-o", tmp_path / "dog.mp4", "--brush", f"{tmp_path}/mask.png: 0.2,0")
    painted = asked(fake, *words)
    assert len(painted.tracks) > 4
    for track in painted.tracks:
        assert track.points[-1][0] - track.points[0][0] == pytest.approx(0.2, abs=0.01)
    both = asked(fake, *words, "--camera", "pan left 20deg")
    assert len(both.tracks) > len(painted.tracks)
    carried = both.tracks[0].points  # by the camera too, which pushes everything to the right
    assert carried[-1][0] - carried[0][0] > 0.25


def test_a_film_lends_its_motion(fake: FakeGenerate, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wide = np.kron(rng.integers(0, 255, (12, 40, 3), dtype=np.uint8), np.ones((6, 6, 1), np.uint8))
    frames = np.stack([wide[:, 4 * t : 4 * t + 128] for t in range(12)])
    Clip.from_array(frames, 12.0).save(tmp_path / "pan.mp4")
    shot = asked(fake, "a dog", "-o", tmp_path / "dog.mp4", "--motion-from", tmp_path / "pan.mp4")
    moved = np.median([track.points[-1][0] - track.points[0][0] for track in shot.tracks])
    assert -0.36 < moved < -0.15  # to the left, as the film's picture goes
    assert asked(fake, "a dog", "-o", tmp_path / "dog.mp4", "--transfer", tmp_path / "pan.mp4") == shot


def test_camera_moves_add_up(fake: FakeGenerate, tmp_path: Path) -> None:
    shot = asked(fake, "a dog", "-o", tmp_path / "dog.mp4", "--camera", "pan left 10deg + zoom in 1.2x")
    assert shot.text == "a dog, the camera pans left and zooms in"
    by_camera = camera_tracks(parse_moves("pan left 10deg, zoom in 1.2x"), shot.size, 2, 12, grid=usual_grid(shot.size))
    assert shot.tracks == by_camera


def test_six_strokes_with_arrows_paths_and_stillness(fake: FakeGenerate, tmp_path: Path) -> None:
    motions = ("0.2,0", "path 0,0@0s 0,0.1@1s 0.1,0.1@2s", "still", "ambient 0.5", "0,0.1 from 1s to 2s ease", "0,-0.1")
    options: list[str] = []
    for number, motion in enumerate(motions):
        mask = np.zeros((36, 64, 3), np.uint8)
        mask[8:28, 10 * number + 2 : 10 * number + 10] = 255
        write_picture(tmp_path / f"{number}.png", mask)
        options += ["--brush", f"{tmp_path}/{number}.png: {motion}"]
    words = ("a dog", "-o", tmp_path / "dog.mp4")
    points, _ = track_arrays(asked(fake, *words, *options).tracks, 24, 12)
    points = points.reshape(6, -1, 24, 2)
    went = (points[:, :, -1] - points[:, :, 0]).mean(1)
    assert went[[0, 2, 4, 5]] == pytest.approx(np.array([(0.2, 0), (0, 0), (0, 0.1), (0, -0.1)]), abs=2e-3)
    assert (points[1, :, 12] - points[1, :, 0]).mean(0) == pytest.approx((0, 0.1), abs=2e-3)
    assert 0 < np.abs(points[3] - points[3, :, :1]).max() < 0.05
    assert_one_line(run("make", *words, *options, "--brush", f"{tmp_path}/0.png: still"), "at most 6")


def test_pictures_are_pinned_at_their_moments(fake: FakeGenerate, tmp_path: Path) -> None:
    path = picture(tmp_path / "middle.png")
    pins = ("--pin", f"{path}@2.0s", "--pin", f"{path}@0.5s:0.25,0.25,0.5,0.5*0.7")
    shot = asked(fake, "a dog", "-o", tmp_path / "dog.mp4", *pins)
    media = Media.from_path(path)
    region = Region(x=0.25, y=0.25, width=0.5, height=0.5)
    assert shot.pins == (Pin(media=media, time=0.5, region=region, strength=0.7), Pin(media=media, time=2.0))


def test_pictures_to_go_by_have_their_roles(fake: FakeGenerate, tmp_path: Path) -> None:
    hero, ink = picture(tmp_path / "hero.png"), picture(tmp_path / "ink.png")
    shot = asked(fake, "a dog", "-o", tmp_path / "dog.mp4", "--reference", hero, "--reference", f"{ink}: style")
    assert [pin.role for pin in shot.pins] == ["character", "style"]


def test_a_character_is_refused_by_a_model_that_knows_none(tiny_engine: Path, tmp_path: Path) -> None:
    words = ("--model", "tiny", "--reference", picture(tmp_path / "hero.png"))
    assert_one_line(run("make", "a dog", "-o", tmp_path / "dog.mp4", *words), "pins.role: 'character' was given")
    assert not (tmp_path / "dog.mp4").exists()


def test_a_timeline_is_words_and_moves_and_makes_the_film_as_long(fake: FakeGenerate, tmp_path: Path) -> None:
    words = (
        "a red ball",
        "-o",
        tmp_path / "dog.mp4",
        "--timeline",
        "0-1s: a ball rolls; pan left 10deg, 1-3s: it stops",
    )
    shot = asked(fake, *words)
    assert shot.seconds == 3 and shot.tracks
    assert [span.text for span in shot.spans] == ["a ball rolls, the camera pans left", "it stops"]
    assert len(asked(fake, *words, "--camera", "zoom in").tracks) > 0
    assert_one_line(run("make", *words, "--seconds", 2), "it ends at 3 s, but the shot has 2 s")


# Films


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A film of two seconds, made from words before."""
    frames = np.random.default_rng(0).integers(0, 80, (24, 4, 6, 3), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    Clip.from_array(frames, 12.0, Shot(text="a red ball", seed=4)).save(tmp_path / "old.mp4")
    return tmp_path / "old.mp4"


def written(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The frames of every film that is written from now on, before they are coded."""
    films: list[np.ndarray] = []
    save = Clip.save

    def remember(self: Clip, path: str | Path, codec: str | None = None, quality: int | None = None) -> None:
        films.append(self.array())
        save(self, path, codec, quality)

    monkeypatch.setattr(Clip, "save", remember)
    return films


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--extend", "{}", "--seconds", "1"), ("old[0:24]", "new[12]")),
        (("--before", "{}", "--seconds", "0.5"), ("new[6]", "old[0:24]")),
        (("--extend", "{}", "--before", "{}", "--seconds", "1"), ("old[0:24]", "new[12]", "old[0:24]")),
        (("--extend", "{}", "--loop"), ("old[0:24]", "new[24]")),
        (("--retake", "{}@0.5-1.25"), ("old[0:6]", "new[9]", "old[15:24]")),
        (("--retake", "{}@1.5-"), ("old[0:18]", "new[6]")),
        (("--retake", "{}@1.5-", "--loop"), ("old[0:18]", "new[6]")),
    ],
)
def test_what_is_made_is_joined_to_its_film_which_stays_as_it_was(
    fake: FakeGenerate, tmp_path: Path, old: Path, monkeypatch: pytest.MonkeyPatch, options: Any, expected: Any
) -> None:
    films = written(monkeypatch)
    words = [word.replace("{}", str(old)) for word in options]
    done = run("make", "-o", tmp_path / "new.mp4", "--no-watermark", *words)
    assert done.status == 0, done.err
    assert done.out == [str(tmp_path / "new.mp4")]
    assert fake.shot is not None and fake.shot.text == "a red ball", "what the film was made from"
    assert (fake.shot.size, fake.shot.fps) == ((48, 32), 12.0)
    frames = Clip.open(old).array()
    parts = []
    for part in expected:
        kind, _, numbers = part.rstrip("]").partition("[")
        bounds = [int(number) for number in numbers.split(":")]
        grey = np.full((bounds[0], 32, 48, 3), 128, np.uint8)
        parts.append(frames[slice(*bounds)] if kind == "old" else grey)
    assert np.array_equal(films[-1], np.concatenate(parts))
    assert Clip.open(tmp_path / "new.mp4").shot == fake.shot


def test_a_loop_is_made_twice_and_remembers_the_whole(
    fake: FakeGenerate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("make", "a dog", "-o", tmp_path / "dog.mp4", "--loop", "--size", "64x32", "--seed", 3)
    assert done.status == 0, done.err
    first, second = fake.shots
    assert (first.num_frames, second.num_frames) == (24, 12)
    assert [pin.time for pin in second.pins] == [-1.0, 1.0], "between what comes before and the beginning"
    clip = Clip.open(tmp_path / "dog.mp4")
    assert clip.num_frames == 24
    assert clip.shot == first == Shot(text="a dog", size=(64, 32), seed=3)


def test_what_a_mask_marks_is_made_anew(fake: FakeGenerate, tmp_path: Path, old: Path) -> None:
    mask = np.zeros((32, 48, 3), np.uint8)
    mask[8:16, 8:16] = 255
    write_picture(tmp_path / "mask.png", mask)
    words = ("--inpaint", old, "--mask", tmp_path / "mask.png")
    shot = asked(fake, "a hat", "-o", tmp_path / "new.mp4", *words)
    assert (shot.text, shot.size, shot.seconds) == ("a hat", (48, 32), 2.0)
    (pin,) = shot.pins
    assert pin.media == Media.from_path(old)
    assert pin.mask is not None and pin.mask.data is not None
    assert np.array_equal(read_mask(pin.mask.data), mask[..., 0] == 0)


def test_words_and_other_directions_go_into_the_new_part(fake: FakeGenerate, tmp_path: Path, old: Path) -> None:
    path = picture(tmp_path / "a.png")
    words = ("--retake", f"{old}@1-2", "--pin", f"{path}@0.5s", "--camera", "pan left 9deg", "--n", 2)
    done = run("make", "a dog", "-o", tmp_path / "new.mp4", *words)
    assert [Path(line).name for line in done.out] == ["new-0.mp4", "new-1.mp4"]
    shot = fake.shots[0]
    assert shot.text == "a dog, the camera pans left" and shot.seconds == 1 and shot.tracks
    assert [(pin.media.kind, pin.time) for pin in shot.pins] == [("film", -1.0), ("picture", 0.5)]
    shot = asked(fake, "-o", tmp_path / "new.mp4", "--extend", old, "--timeline", "0-3s: it stops", "--loop")
    assert [(pin.media.kind, pin.time) for pin in shot.pins] == [("film", -2.0), ("film", 3.0)]
    shot = asked(fake, "-o", tmp_path / "new.mp4", "--extend", old, "--again", old, "--seed", 9)
    assert (shot.text, shot.seed) == ("a red ball", 9)


def test_takes_have_seeds_and_files_of_their_own(fake: FakeGenerate, tmp_path: Path) -> None:
    done = run("make", "a dog", "-o", tmp_path / "dog.mp4", "--n", 3, "--seed", 5, "--size", "64x32")
    assert [Path(line).name for line in done.out] == ["dog-5.mp4", "dog-6.mp4", "dog-7.mp4"]
    assert fake.shot is not None and fake.shot.seed == 7
    from vitascope.shot.media import read_picture

    assert read_picture(tmp_path / "dog-sheet.png").shape == (3 * 32, 4 * 64, 3)


def test_words_that_the_model_does_not_know_are_named(fake: FakeGenerate, tmp_path: Path) -> None:
    fake.unknown = {"dragon": "egg"}
    done = run("make", "a dragon", "-o", tmp_path / "dragon.mp4")
    assert done.status == 0
    assert "dragon (nearest that it knows: egg)" in done.err[-1]
    assert done.out == [str(tmp_path / "dragon.mp4")]


def test_a_film_is_made_again(fake: FakeGenerate, tmp_path: Path) -> None:
    shot = Shot(text="a dog", seed=9, size=(64, 32))
    Clip.from_array(np.zeros((24, 32, 64, 3), np.uint8), 12.0, shot).save(tmp_path / "old.mp4")
    assert asked(fake, "-o", tmp_path / "new.mp4", "--again", tmp_path / "old.mp4") == shot


def test_a_sheet_shows_frames_of_the_clip(fake: FakeGenerate, tmp_path: Path) -> None:
    from vitascope.shot.media import read_picture

    asked(fake, "a dog", "-o", tmp_path / "dog.mp4", "--size", "64x32", "--sheet", tmp_path / "sheet.png")
    assert read_picture(tmp_path / "sheet.png").shape == (2 * 32, 4 * 64, 3)


def test_a_sheet_of_few_frames_is_filled_up(fake: FakeGenerate, tmp_path: Path) -> None:
    from vitascope.shot.media import read_picture

    words = ("--size", "64x32", "--seconds", 0.5, "--fps", 10, "--sheet", tmp_path / "sheet.png")
    asked(fake, "a dog", "-o", tmp_path / "dog.mp4", *words)
    assert read_picture(tmp_path / "sheet.png").shape == (2 * 32, 4 * 64, 3)


# What goes wrong

WRONG: dict[str, tuple[list[str], str]] = {
    "no prompt": ([], "PROMPT"),
    "empty prompt": ([""], "text"),
    "blank prompt": (["  "], "text"),
    "10,000 characters": (["x" * 10_000], "text"),
    "a text as picture": (["a dog", "--image", "{tmp}/notes.png"], "notes.png"),
    "no such picture": (["a dog", "--image", "{tmp}/none.png"], "none.png"),
    "a folder as picture": (["a dog", "--image", "{tmp}"], "{tmp}"),
    "size 0x0": (["a dog", "--size", "0x0"], "size"),
    "size of one pixel": (["a dog", "--size", "1x1"], "size"),
    "size too large": (["a dog", "--size", "99999x144"], "size"),
    "negative size": (["a dog", "--size", "-256x144"], "size"),
    "size in words": (["a dog", "--size", "large"], "WIDTHxHEIGHT"),
    "zero seconds": (["a dog", "--seconds", "0"], "seconds"),
    "negative seconds": (["a dog", "--seconds", "-1"], "seconds"),
    "endless": (["a dog", "--seconds", "inf"], "seconds"),
    "seconds in words": (["a dog", "--seconds", "two"], "seconds"),
    "zero fps": (["a dog", "--fps", "0"], "fps"),
    "negative seed": (["a dog", "--seed", "-1"], "seed"),
    "zero steps": (["a dog", "--steps", "0"], "steps"),
    "unknown camera word": (["a dog", "--camera", "swirl left"], "swirl"),
    "camera too far": (["a dog", "--camera", "pan left 9999deg"], "pan"),
    "no such shot": (["--shot", "{tmp}/none.json"], "none.json"),
    "corrupted shot": (["--shot", "{tmp}/torn.json"], "torn.json"),
    "shot that is no text": (["--shot", "{tmp}/bytes.json"], "bytes.json"),
    "shot with unknown field": (["--shot", "{tmp}/field.json"], "colour"),
    "picture without shot": (["--shot", "{tmp}/plain.png"], "plain.png"),
    "brush without motion": (["a dog", "--brush", "{tmp}/plain.png"], "brush"),
    "brush without mask": (["a dog", "--brush", "{tmp}/none.png: 0.1,0"], "none.png"),
    "film to take over that is none": (["a dog", "--motion-from", "{tmp}/notes.png"], "notes.png"),
    "two motions at once": (["a dog", "--motion-from", "{tmp}/a.mp4", "--camera", "pan left 9deg"], "--camera"),
    "picture to take motion from": (["a dog", "--motion-from", "{tmp}/plain.png"], "is a picture"),
    "pin without a moment": (["a dog", "--pin", "{tmp}/plain.png"], "like 'middle.png@2s'"),
    "pin after the end": (["a dog", "--pin", "{tmp}/plain.png@3s"], "at most the shot's 2 s"),
    "pin that is no picture": (["a dog", "--pin", "{tmp}/notes.png@1s"], "notes.png"),
    "pin outside the frame": (["a dog", "--pin", "{tmp}/plain.png@1s:0.9,0,0.5,0.5"], "inside the picture"),
    "no such character": (["a dog", "--reference", "{tmp}/none.png"], "none.png"),
    "no such film to go on with": (["a dog", "--extend", "{tmp}/none.mp4"], "none.mp4"),
    "picture to go on with": (["a dog", "--extend", "{tmp}/plain.png"], "is a picture"),
    "text to lead up to": (["a dog", "--before", "{tmp}/notes.png"], "notes.png"),
    "retake of no seconds": (["a dog", "--retake", "{tmp}/film.mp4"], "like 'clip.mp4@1.0-2.5'"),
    "retake after the end": (["a dog", "--retake", "{tmp}/film.mp4@1-9"], "film's 0 to 2 s"),
    "retake in the middle as a loop": (["a dog", "--retake", "{tmp}/film.mp4@0.5-1", "--loop"], "begin or end"),
    "retake and its length": (["a dog", "--retake", "{tmp}/film.mp4@1-2", "--seconds", "3"], "--seconds"),
    "retake and extension": (["a dog", "--retake", "{tmp}/film.mp4@1-2", "--extend", "{tmp}/film.mp4"], "--retake"),
    "mask of nothing": (["a dog", "--mask", "{tmp}/plain.png"], "--inpaint"),
    "inpainting everywhere": (["a dog", "--inpaint", "{tmp}/film.mp4"], "--mask"),
    "inpainting a loop": (["a dog", "--inpaint", "{tmp}/film.mp4", "--mask", "{tmp}/plain.png", "--loop"], "--loop"),
    "mask of another shape": (["a dog", "--inpaint", "{tmp}/film.mp4", "--mask", "{tmp}/square.png"], "film's shape"),
    "film without a shot, without words": (["--extend", "{tmp}/film.mp4"], "PROMPT"),
    "timeline without times": (["a dog", "--timeline", "it runs"], "no time before it"),
    "guidance of pins too large": (["a dog", "--pin-guidance", "31"], "pin_guidance"),
    "guidance of tracks below nothing": (["a dog", "--track-guidance", "-1"], "track_guidance"),
    "quality that is not known": (["a dog", "--quality", "good"], "'fast' or 'best'"),
    "two shots at once": (["--again", "{tmp}/a.mp4", "--shot", "{tmp}/torn.json"], "--again"),
    "no takes": (["a dog", "--n", "0"], "--n"),
    "unknown option": (["a dog", "--sekonds", "2"], "--sekonds"),
    "sheet of unknown kind": (["a dog", "--sheet", "{tmp}/sheet.txt"], "sheet.txt"),
    "sheet in no folder": (["a dog", "--sheet", "{tmp}/none/sheet.png"], "does not exist"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_line(fake: FakeGenerate, tmp_path: Path, case: str) -> None:
    (tmp_path / "notes.png").write_text("this is no picture")
    (tmp_path / "torn.json").write_text(Shot(text="a dog").to_json()[:-20])
    (tmp_path / "bytes.json").write_bytes(bytes(range(256)))
    (tmp_path / "field.json").write_text('{"text": "a dog", "colour": "red"}')
    picture(tmp_path / "plain.png")
    write_picture(tmp_path / "square.png", np.full((20, 20, 3), 200, np.uint8))
    write_film(tmp_path / "film.mp4", np.zeros((24, 32, 48, 3), np.uint8), 12.0)
    folder = tmp_path / "out"
    folder.mkdir()
    words, named = WRONG[case]
    done = run("make", "-o", folder / "dog.mp4", *(word.replace("{tmp}", str(tmp_path)) for word in words))
    assert_one_line(done, named.replace("{tmp}", str(tmp_path)))
    assert fake.shot is None, "no work may begin"
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("output", "named"),
    [
        ("none/dog.mp4", "does not exist"),
        ("file/dog.mp4", "does not exist"),
        ("folder.mp4", "is a folder"),
        ("dog.txt", ".mp4"),
        ("dog", ".mp4"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_first(
    fake: FakeGenerate, tmp_path: Path, output: str, named: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.mp4").mkdir()
    assert_one_line(run("make", "a dog", "-o", tmp_path / output), named)
    assert fake.shot is None


def test_a_folder_without_leave_to_write_is_refused_first(
    fake: FakeGenerate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)  # root may write anywhere, so bits would not do
    assert_one_line(run("make", "a dog", "-o", tmp_path / "dog.mp4"), "Permission denied")
    assert fake.shot is None


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--size 0x0", "size"),
        ("--size wide", "WIDTHxHEIGHT"),
        ("--size 65x32", "even sides"),
        ("--seconds 0", "seconds"),
        ("--count 0", "--count"),
        ("--level 5", "--level"),
        ("--style baroque", "style was 'baroque'"),
        ("--scene nowhere.json", "nowhere.json"),
    ],
)
def test_impossible_footage_is_refused_first(tmp_path: Path, words: str, named: str) -> None:
    assert_one_line(run("world", "-o", tmp_path / "takes", *words.split()), named)
    assert not (tmp_path / "takes").exists()


@pytest.mark.parametrize(
    ("scene", "named"),
    [
        ("{", "scene"),
        ('{"ground": "lava", "time": "noon"}', "ground"),
        ('{"ground": "grass", "time": "noon"}', "at least one"),
        ('{"ground": "grass", "time": "noon", "cast": [{"kind": "person", "height": 40}]}', "height"),
        (
            '{"ground": "grass", "time": "noon", "cast": [{"kind": "animal", "species": "elephant", "action": "fly"}]}',
            "fly",
        ),
        ('{"ground": "grass", "time": "noon", "cast": [{"kind": "sign", "word": "WAR"}]}', "word"),
        (
            '{"ground": "grass", "time": "noon", "cast": [{}], "camera": {"moves": [{"kind": "pan", "amount": 1e9}]}}',
            "",
        ),
    ],
)
def test_impossible_scenes_are_refused_first(tmp_path: Path, scene: str, named: str) -> None:
    (tmp_path / "scene.json").write_text(scene)
    assert_one_line(run("world", "-o", tmp_path / "takes", "--scene", tmp_path / "scene.json"), named)
    assert not list(tmp_path.glob("takes/*"))


@pytest.mark.slow
def test_footage_is_saved_with_its_sheet(tmp_path: Path) -> None:
    options = "--seed 7 --count 2 --size 64x32 --seconds 0.5"
    done = run("world", "-o", tmp_path / "takes", *options.split())
    assert done.out == [str(tmp_path / "takes" / "sheet-7.png")]
    assert (tmp_path / "takes" / "sheet-7.png").exists()
    assert len(list((tmp_path / "takes").glob("*/clip.mp4"))) == 2
    scene = next((tmp_path / "takes").glob("*/scene.json"))
    done = run("world", "-o", tmp_path / "again", "--scene", scene, "--count", "1", "--overlay", *options.split()[4:])
    assert (tmp_path / "again" / "sheet-0.png").exists() and not done.err
    assert sorted(path.name for path in next((tmp_path / "again").glob("take-*")).iterdir()) == [
        "clip.mp4",
        "scene.json",
        "shot.json",
        "tracks.npz",
    ]


@pytest.mark.parametrize("command", ["world", "train", "evaluate"])
def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("")
    assert_one_line(run(command, "-o" if command == "world" else "--out", tmp_path / "file"), "file")


def test_errors_of_the_studio_are_one_line(fake: FakeGenerate, tmp_path: Path) -> None:
    fake.error = ShotError("model: 'huge' is not known;\nallowed: small")
    done = run("make", "a dog", "-o", tmp_path / "dog.mp4")
    assert_one_line(done, "model: 'huge' is not known; allowed: small")


def test_a_film_is_not_written_as_a_picture(fake: FakeGenerate, tmp_path: Path) -> None:
    assert_one_line(run("make", "a dog", "-o", tmp_path / "dog.png", "--loop"), "name an .mp4")


def test_a_full_disk_is_one_line(fake: FakeGenerate, tmp_path: Path) -> None:
    fake.error = OSError(28, "No space left on device")
    assert_one_line(run("make", "a dog", "-o", tmp_path / "dog.mp4"), "No space left")


def test_mistakes_of_our_own_are_not_hidden(fake: FakeGenerate, tmp_path: Path) -> None:
    fake.error = ValueError("shapes do not match")
    with pytest.raises(ValueError, match="shapes do not match"):
        run("make", "a dog", "-o", tmp_path / "dog.mp4")


def test_debug_shows_where_it_happened(fake: FakeGenerate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITASCOPE_DEBUG", "1")
    fake.error = ShotError("model: 'huge' is not known")
    with pytest.raises(ShotError):
        run("make", "a dog", "-o", tmp_path / "dog.mp4")


def test_interrupting_asks_to_stop_and_ends_with_130(fake: FakeGenerate, tmp_path: Path) -> None:
    fake.interrupt = True
    done = run("make", "a dog", "-o", tmp_path / "dog.mp4")
    assert done.status == 130
    assert fake.cancelled
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interrupt_stops_at_once(fake: FakeGenerate, tmp_path: Path) -> None:
    fake.error = KeyboardInterrupt()
    assert run("make", "a dog", "-o", tmp_path / "dog.mp4").status == 130


def assert_one_line(done: SimpleNamespace, named: str) -> None:
    assert done.status == 2
    assert len(done.err) == 1, done.err
    assert done.err[0].startswith("vitascope: ")
    assert named in done.err[0]
    assert not done.out


# How it is written


def test_how_a_film_is_written_is_passed_on(fake: FakeGenerate, tmp_path: Path) -> None:
    asked(fake, "a dog", "-o", tmp_path / "dog.mkv", "--codec", "vp9", "--codec-quality", 30, "--resume")
    assert fake.delivery == Delivery("vp9", 30) and fake.resumed
    asked(fake, "a dog", "-o", tmp_path / "dog.mp4", "--no-watermark", "--no-manifest")
    assert fake.delivery == Delivery(marked=False, signed=False) and not fake.resumed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "{}/dog.mp4", "--codec", "vp8"), "vp8"),
        (("-o", "{}/dog.webm", "--codec", "h264"), "h264"),
        (("-o", "{}/dog.mp4", "--codec-quality", "99"), "99"),
        (("-o", "{}/dog.png", "--codec", "h264"), "--codec"),
        (("-o", "{}/dog.avi"), "dog.avi was given; the name must end in .mp4"),
        (("-o", "{}/frames/%05d.png", "--n", "2"), "a folder for one film"),
        (("-o", "{}/dog.mp4", "--loop", "--resume"), "--resume"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(
    fake: FakeGenerate, tmp_path: Path, words: Any, said: str
) -> None:
    assert_one_line(run("make", "a dog", *(str(word).replace("{}", str(tmp_path)) for word in words)), said)
    assert fake.shot is None


def test_a_folder_of_pictures_is_a_film(fake: FakeGenerate, tmp_path: Path) -> None:
    (tmp_path / "dog").mkdir()
    shot = asked(fake, "a dog", "-o", tmp_path / "dog" / "%03d.png", "--seconds", 1)
    assert shot.num_frames == 12
    assert asked(fake, "a dog", "-o", tmp_path / "dog.webp").num_frames == 24
    assert asked(fake, "a dog", "-o", tmp_path / "dog.png").num_frames == 1


def test_verify_tells_where_a_file_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "plain.mp4"
    Clip.from_array(np.zeros((2, 32, 48, 3), np.uint8), 12.0, Shot(text="a red ball")).save(path)
    done = run("verify", path)
    assert done.status == 0 and any("a red ball" in line for line in done.out)
    told = json.loads(run("verify", path, "--json").out[0])
    assert told["manifest"] == "none"
    assert_one_line(run("verify", tmp_path / "none.mp4"), "none.mp4")
