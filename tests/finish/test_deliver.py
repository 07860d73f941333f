"""Files that say where they come from, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vitascope.finish import watermark
from vitascope.finish.deliver import Delivery, deliver, fingerprint
from vitascope.finish.provenance import verify
from vitascope.model.flow import Cancelled
from vitascope.shot.clip import Clip
from vitascope.shot.media import MediaError, read_shot
from vitascope.shot.shot import Shot

SHOT = Shot(text="a red ball", seed=4)


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITASCOPE_HOME", str(tmp_path / "keys"))


def _clip(num: int = 24, size: tuple[int, int] = (96, 64), shot: Shot | None = SHOT) -> Clip:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (num, size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    return Clip.from_array(coarse.repeat(8, 1).repeat(8, 2), 12.0, shot)


def _psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.square(one.astype(float) - other).mean())))


def test_a_film_says_that_a_machine_made_it_and_from_what(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    deliver(_clip(), tmp_path / "a.mp4", progress=lambda *words: told.append(words))
    assert told == [(number, 24) for number in range(24)]
    report = verify(tmp_path / "a.mp4")
    text = "\n".join(report.lines())
    assert "valid" in text and "AI-made" in text and "a red ball" in text
    assert read_shot(tmp_path / "a.mp4") == SHOT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "keys"]


def test_the_mark_is_in_the_frames_and_cannot_be_seen(tmp_path: Path) -> None:
    names = str(tmp_path / "a" / "%03d.png")
    deliver(_clip(), names)
    frames = Clip.open(tmp_path / "a").array()
    assert _psnr(frames, _clip().array()) > 42 and not np.array_equal(frames, _clip().array())
    deliver(_clip(), str(tmp_path / "b" / "%03d.png"), Delivery(marked=False))
    assert np.array_equal(Clip.open(tmp_path / "b").array(), _clip().array())


def test_what_is_not_wanted_is_left_out(tmp_path: Path) -> None:
    deliver(_clip(), tmp_path / "a.mp4", Delivery(signed=False, marked=False))
    report = verify(tmp_path / "a.mp4")
    assert report.manifest == "none" and report.shot == SHOT
    assert report.watermark is not None and not report.watermark.present
    deliver(_clip(shot=None), tmp_path / "c.mp4")
    assert "none" in "\n".join(verify(tmp_path / "c.mp4").lines()), "what no Shot made is not said to be AI-made"


def test_a_shot_has_its_own_fingerprint() -> None:
    assert fingerprint(SHOT) == fingerprint(Shot.from_json(SHOT.to_json()))
    assert fingerprint(SHOT) != fingerprint(SHOT.with_(seed=5)) and 0 <= fingerprint(SHOT) < 2**48


def test_a_large_film_carries_it(tmp_path: Path) -> None:
    marked: list[int | None] = []
    true = watermark.mark

    def remember(frames: object, size: object, fps: object, num: object, payload: int | None) -> Iterator[np.ndarray]:
        marked.append(payload)
        return true(frames, size, fps, num, payload)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watermark, "mark", remember)
        deliver(_clip(), tmp_path / "a.mp4")
    assert marked == [fingerprint(SHOT)]


def test_a_film_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    calls = iter([False] * 5 + [True] * 100)
    with pytest.raises(Cancelled, match="stopped after 5 of 24 frames were written"):
        deliver(_clip(), tmp_path / "a.mp4", cancel=lambda: next(calls))
    assert [path.name for path in tmp_path.iterdir() if path.name != "keys"] == []


def test_a_bad_name_is_refused_as_by_save(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="nothere"):
        deliver(_clip(), tmp_path / "nothere" / "a.mp4")
    with pytest.raises(MediaError, match="vp8"):
        deliver(_clip(), tmp_path / "a.mp4", Delivery(codec="vp8"))
    assert [path.name for path in tmp_path.iterdir() if path.name != "keys"] == []
