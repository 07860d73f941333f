"""The true move of a picture is measured as true, and a still or a melting picture as what it is."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from vitascope.evaluate import natural
from vitascope.evaluate.natural import Photograph, accuracy, filmed, morphing, photographs, true_maps
from vitascope.evaluate.suite import Frames, Outcome, Studio
from vitascope.shot.shot import Shot
from vitascope.train.stills import PicturesError, Still


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures with soft spots of all sizes, as photographs have."""
    place = tmp_path_factory.mktemp("pictures")
    for number in range(2):
        rng = np.random.default_rng(number)
        picture = sum(
            cv2.resize(rng.normal(size=(side, side, 3)), (480, 480), interpolation=cv2.INTER_CUBIC)
            for side in (6, 24, 60)
        )
        Image.fromarray((128 + 35 * np.asarray(picture)).clip(0, 255).astype(np.uint8)).save(
            place / f"spots {'ab'[number]}.png"
        )
    return place


@pytest.fixture(scope="module")
def taken(folder: Path) -> list[Still]:
    paths = sorted(folder.iterdir())
    return [filmed(Photograph(path, "spots", "folder"), number) for number, path in enumerate(paths)]


class Fake(Studio):
    def __init__(self, answer: Callable[[int], Frames]) -> None:
        object.__setattr__(self, "answer", answer)

    def draw(self, shots: list[Shot], alone: bool = False) -> list[Frames]:  # type: ignore[override]
        assert all(shot.tracks and len(shot.pins) == 1 for shot in shots)
        return [self.answer(shot.seed - natural.SEED) for shot in shots]  # type: ignore[attr-defined]


def measured(folder: Path, answer: Callable[[int], Frames]) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(natural.FOLDER, str(folder))
        return natural.measure(Fake(answer), quick=True)


def test_the_true_move_reaches_the_ceiling_and_nothing_morphs(folder: Path, taken: list[Still]) -> None:
    found = measured(folder, lambda number: taken[number].frames)
    db, left = found.metrics["db"], found.metrics["morphing"]
    assert db.value == pytest.approx(db.ceiling, abs=0.05) and db.baseline is not None and db.value > db.baseline + 10
    assert left.value < 0.02 and left.baseline is not None and left.baseline > 0.8
    assert found.details["from"] == ["folder"] and "training" in found.details["note"]


def test_a_picture_that_stands_still_is_far_from_the_move_and_does_not_morph(folder: Path, taken: list[Still]) -> None:
    found = measured(folder, lambda number: np.repeat(taken[number].frames[:1], 24, 0)).metrics
    assert found["db"].value == pytest.approx(found["db"].baseline, abs=0.05)
    assert found["morphing"].value < 0.001


def test_a_picture_that_melts_morphs_more_the_more_it_melts(taken: list[Still]) -> None:
    def melted(amount: float) -> Frames:
        other = taken[1].frames.astype(np.float64)
        share = np.linspace(0, amount, 24)[:, None, None, None]
        return (taken[0].frames * (1 - share) + other * share).round().astype(np.uint8)

    some, more = morphing(melted(0.3), taken[0]), morphing(melted(0.9), taken[0])
    assert 0.01 < some < more and more > 0.3


def test_a_move_that_was_not_asked_for_is_no_morphing(taken: list[Still]) -> None:
    still = taken[0]
    shift = [np.array([[1, 0, number / 2], [0, 1, -number / 4]], np.float32) for number in range(24)]
    frames = np.stack([cv2.warpAffine(still.frames[0], one, (144, 80), borderMode=cv2.BORDER_REFLECT) for one in shift])
    assert morphing(frames, still) < 0.05
    assert accuracy(frames, still.frames) < 25


def test_the_true_maps_lay_each_frame_upon_the_first(taken: list[Still]) -> None:
    maps = true_maps(taken[0])
    assert np.allclose(maps[0], np.eye(3), atol=1e-3)
    assert natural._left(taken[0].frames[0], taken[0].frames[23], maps[23]) < 0.02


def test_without_photographs_the_world_renders_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(natural.FOLDER, raising=False)
    monkeypatch.setattr(natural, "PACKAGED", {"no_such_package": {"a.png": "a"}})
    found = photographs(tmp_path)
    assert len(found) == 4 and {one.source for one in found} == {"world"}
    assert all(one.words and one.path.stat().st_size > 1000 for one in found)


def test_a_folder_without_pictures_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(natural.FOLDER, str(tmp_path))
    with pytest.raises(PicturesError, match="no readable picture"):
        photographs(tmp_path)
