"""What the upscaler is taught, and that it learns."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from vitascope.finish.upscale import FACTOR, Upscaler, load
from vitascope.train import upscaler
from vitascope.train.upscaler import Frame, Pair


def pair(number: int, side: int = 64) -> Pair:
    """A few discs, drawn large and small by one rule."""
    rng = np.random.default_rng(number)
    large = np.full((side * FACTOR, side * FACTOR, 3), rng.integers(30, 200, 3), np.uint8)
    for _ in range(8):
        at, colour = rng.integers(0, side * FACTOR, 2).tolist(), rng.integers(0, 256, 3).tolist()
        cv2.circle(large, at, int(rng.integers(20, 60)), colour, -1, cv2.LINE_AA)
    return Pair(np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8), large)


def test_two_sizes_of_a_render_show_the_same() -> None:
    (one, other) = upscaler.rendered(3, 1, 1, ((64, 36), (256, 144)))
    for small, large in (one, other):
        assert small.shape == (36, 64, 3) and large.shape == (144, 256, 3)
        averaged = cv2.resize(large, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32)
        assert np.abs(averaged - small).mean() < 8
    assert (one[0] != other[0]).any(), "the two frames are of different times"


def test_renders_are_kept_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def drawn(seed: int, index: int, level: int, sizes: object) -> list[list[Frame]]:
        asked.append((index, level))
        return [[np.full((9, 16, 3), index, np.uint8), np.full((36, 64, 3), index, np.uint8)]] * 2

    monkeypatch.setattr(upscaler, "rendered", drawn)
    first = upscaler.gather(tmp_path, 1, 5)
    again = upscaler.gather(tmp_path, 1, 5)
    assert asked == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 1)], "all levels, each take once"
    assert [one.small[0, 0, 0] for one in first] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.large, other.large)


def test_both_pictures_of_a_crop_show_the_same_part() -> None:
    small = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    whole = Pair(small, small.repeat(FACTOR, 0).repeat(FACTOR, 1))
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(40):
        part = upscaler.crop(whole, rng, 16)
        assert part.small.shape == (16, 16, 3)
        np.testing.assert_array_equal(part.large, part.small.repeat(FACTOR, 0).repeat(FACTOR, 1))
        seen.add(part.small.tobytes())
    assert len(seen) > 35


def test_wear_is_of_many_kinds_but_leaves_the_picture_recognisable() -> None:
    clean = pair(0).small
    rng = np.random.default_rng(0)
    made = [upscaler.worn(clean, rng) for _ in range(60)]
    off = np.array([np.abs(one.astype(float) - clean).mean() for one in made])
    assert all(one.shape == clean.shape and one.dtype == np.uint8 for one in made)
    assert off.min() < 1.0 < off.max() < 15


def test_pictures_kept_for_the_test_are_not_learned_from(tmp_path: Path) -> None:
    for number, words in enumerate(("a tabby cat", "old coins", "a rocket on its launch pad")):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{words}.png")
    for number in range(11):
        Image.new("RGBA", (8, 8), (0, number, 0, 255)).save(tmp_path / f"cut-out {number:02}.png")
    learned, kept = ([
        {tuple(picture[0, 0, :2].tolist()) for picture in group}
        for group in upscaler.naturals(str(tmp_path), held_out=held_out)
    ] for held_out in (False, True))  # fmt: skip
    assert learned == [{(1, 0)}, {(0, number) for number in range(1, 10)}]
    assert kept == [{(0, 0), (2, 0)}, {(0, 0), (0, 10)}]


def test_a_crop_of_each_kind_can_be_drawn() -> None:
    rng = np.random.default_rng(0)
    pictures = [[np.random.default_rng(1).integers(0, 256, (200, 150, 3)).astype(np.uint8)]]
    small, large = upscaler.batch([pair(0)], pictures, rng, 12)
    assert small.shape == (12, 3, upscaler.CROP, upscaler.CROP)
    assert large.shape == (12, 3, upscaler.CROP * FACTOR, upscaler.CROP * FACTOR)
    assert small.min() >= 0 and small.max() <= 1 and large.max() > 0.5


def test_the_loss_is_least_for_what_is_wanted() -> None:
    wanted = torch.rand(1, 3, 8, 8)
    exact, near, far = (float(upscaler.loss(wanted + off * torch.randn(1, 3, 8, 8), wanted)) for off in (0, 0.05, 0.2))
    assert exact == pytest.approx(0, abs=1e-6) and exact < near < far


def test_it_learns_to_beat_lanczos_and_its_weights_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscaler, "CLEAN_SHARE", 1.0)  # what is clean is learned within seconds
    monkeypatch.setattr(upscaler, "CROP", 24)
    torch.manual_seed(0)
    lessons, test = [pair(number) for number in range(6)], [pair(100)]
    kept, steps = upscaler.train(Upscaler(12, 1), lessons, [], 100.0, most=70, count=3, rate=3e-3)
    assert steps == 70
    learned = upscaler.gain(kept, test)
    assert learned > 0.4 > upscaler.gain(Upscaler(12, 1), test)
    upscaler.save(kept, tmp_path / "kept.safetensors", {"steps": steps}, {})
    again = load(tmp_path / "kept.safetensors")
    assert upscaler.gain(again, test) == pytest.approx(learned)


def test_training_goes_on_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscaler, "gather", lambda folder, seed, *_: [pair(seed)])
    monkeypatch.setattr(upscaler, "Upscaler", lambda: Upscaler(8, 1))
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    words = ["upscaler", "--seconds", "0.4", "--lessons", str(tmp_path)]
    monkeypatch.setattr("sys.argv", [*words, "--out", str(first)])
    upscaler.main()
    monkeypatch.setattr("sys.argv", [*words, "--out", str(second), "--init", str(first), "--rate", "0"])
    upscaler.main()
    one, other = load(first).state_dict(), load(second).state_dict()
    assert one["last.weight"].any()
    torch.testing.assert_close(one, other)


def test_weights_that_cannot_be_gone_on_from_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, nothing = tmp_path / "out.safetensors", tmp_path / "nothing.safetensors"
    monkeypatch.setattr("sys.argv", ["upscaler", "--out", str(out), "--init", str(nothing)])
    with pytest.raises(SystemExit, match=r"there is no file .*nothing"):
        upscaler.main()
