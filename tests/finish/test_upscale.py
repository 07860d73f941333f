"""Larger frames: of the right size, one by one, better than interpolated ones, and without flicker."""

from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from vitascope.finish import upscale as finish
from vitascope.finish.upscale import FACTOR, WEIGHTS, Steady, Upscaler, enlarged, resized, upscale, upscaler
from vitascope.model.checkpoint import CheckpointError
from vitascope.train.upscaler import psnr, rendered

Frame = npt.NDArray[np.uint8]


def noise(*shape: int) -> Frame:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def scene(h: int = 48, w: int = 64, left: float = 20.0) -> Frame:
    """A bright disc before a gradient, drawn smoothly."""
    y, x = np.mgrid[:h, :w].astype(np.float64)
    disc = np.clip(12.5 - np.hypot(x - left, y - h / 2), 0, 1)[..., None]
    ground = np.stack([60 + x, 80 + y, 120 + 0 * x], -1)
    return np.rint(ground * (1 - disc) + np.array([220.0, 60.0, 40.0]) * disc).astype(np.uint8)


def by_lanczos(frame: Frame, factor: int = FACTOR) -> Frame:
    size = frame.shape[1] * factor, frame.shape[0] * factor
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


@pytest.fixture(scope="module")
def lively() -> Upscaler:
    """A small network that does something, of random weights."""
    torch.manual_seed(0)
    network = Upscaler(8, 1)
    torch.nn.init.normal_(network.last.weight, std=0.05)
    return network.eval().requires_grad_(False)


def test_a_fresh_network_is_lanczos() -> None:
    frame = 100 + noise(20, 30, 3) // 4  # Pillow cuts off what is beyond 0..255 halfway
    made, plain = enlarged(Upscaler(8, 1), frame), by_lanczos(frame)
    inside = slice(3 * FACTOR, -3 * FACTOR)  # at the borders Pillow leaves out what is not there
    off = np.abs(made[inside, inside].astype(int) - plain[inside, inside])
    assert off.max() <= 1


@pytest.mark.parametrize(
    "size", [(128, 96), (512, 384), (481, 77), (512, 24), (20, 500), (640, 480), (64, 48), (16, 12), (1, 1)]
)
def test_frames_come_in_the_size_that_is_asked(size: tuple[int, int], lively: Upscaler) -> None:
    (made,) = upscale([scene()], size, lively)
    assert made.shape == (size[1], size[0], 3) and made.dtype == np.uint8
    assert np.abs(made.mean((0, 1)) - scene().mean((0, 1))).max() < 12, "it should still be the same picture"


def test_pictures_of_a_few_pixels_grow_too(lively: Upscaler) -> None:
    for h, w in ((1, 1), (1, 7), (5, 2)):
        (made,) = upscale([noise(h, w, 3)], (8 * w, 8 * h), lively)
        assert made.shape == (8 * h, 8 * w, 3)


def test_what_need_not_grow_is_not_touched_by_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "upscaler", lambda: pytest.fail("the network was asked"))
    frames = [scene(), scene(left=30)]
    for made, frame in zip(upscale(frames, (64, 48), steady=False), frames, strict=True):
        np.testing.assert_array_equal(made, frame)
    (half,) = upscale([scene()], (32, 24))
    averaged = scene().reshape(24, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(half - averaged).max() <= 1


def test_one_side_may_grow_while_the_other_shrinks() -> None:
    """The rows are averaged, as where both shrink, and not merely picked."""
    rows = np.zeros((40, 10, 3), np.uint8)
    rows[::2] = 200
    assert np.abs(resized(rows, (25, 20)).astype(int) - 100).max() <= 1


def test_a_large_frame_in_strips_has_no_seams(monkeypatch: pytest.MonkeyPatch, lively: Upscaler) -> None:
    frame = noise(70, 20, 3)
    whole = enlarged(lively, frame)
    monkeypatch.setattr(finish, "MOST", 20 * 17)
    asked: list[int] = []
    hook = lively.first.register_forward_pre_hook(lambda _, given: asked.append(given[0].shape[2]))
    strips = enlarged(lively, frame)
    hook.remove()
    assert len(asked) == 5 and max(asked) < 70
    assert np.abs(strips.astype(int) - whole).max() <= 1


def test_a_size_of_nothing_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"size must be .* not \(0, 9\)"):
        upscale([], (0, 9))


def test_frames_stream(lively: Upscaler) -> None:
    asked = 0

    def endless() -> Iterator[Frame]:
        nonlocal asked
        while True:
            asked += 1
            yield scene(left=20 + asked)

    made = upscale(endless(), (128, 96), lively)
    assert asked == 0
    ahead = torch.get_num_threads()
    for number in range(1, 4):
        next(made)
        assert asked <= number + ahead, "no more are asked for than can be worked on"


def test_the_same_frames_give_the_same_bytes(lively: Upscaler) -> None:
    frames = [scene(left=20 + i) for i in range(3)]
    for one, other in zip(*(upscale(frames, (300, 200), lively) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_frames_that_change_their_shape_are_all_made(lively: Upscaler) -> None:
    shapes = [frame.shape for frame in upscale([scene(), scene(32, 32), scene()], (200, 160), lively)]
    assert shapes == [(160, 200, 3)] * 3


def trembling(frame: Frame, count: int, seed: int = 0) -> list[Frame]:
    """A still shot with noise of two levels that differs from frame to frame."""
    rng = np.random.default_rng(seed)
    return [np.rint(frame + rng.normal(0, 2, frame.shape)).clip(0, 255).astype(np.uint8) for _ in range(count)]


def flicker(frames: list[Frame]) -> float:
    return float(np.mean([np.abs(a.astype(np.float32) - b).mean() for a, b in pairwise(frames)]))


def test_a_still_shot_flickers_less_than_enlarged_by_lanczos() -> None:
    shot = trembling(scene(), 10)
    made = list(upscale(shot, (256, 192)))
    assert flicker(made[3:]) < 0.5 * flicker([by_lanczos(frame) for frame in shot[3:]])


def test_what_does_not_change_stands_still(lively: Upscaler) -> None:
    assert flicker(list(upscale([scene()] * 4, (256, 192), lively))) == 0


def test_what_moves_leaves_no_trace() -> None:
    """A cut is shown as it is, and so is where a disc has been and gone."""
    first, second = scene(left=15), noise(48, 64, 3)
    steady = Steady()
    *_, last = [steady(frame) for frame in (first, first, second)]
    assert np.abs(last - second).max() < 0.5
    shot = [scene(left=10 + 4 * i) for i in range(10)]
    steady = Steady()
    for shown, true in zip(map(steady, shot), shot, strict=True):
        assert np.abs(shown - true).max() < 3


def test_a_slow_fade_is_followed() -> None:
    shot = [np.full((16, 16, 3), 100 + i, np.uint8) for i in range(30)]
    steady = Steady()
    for shown, true in zip(map(steady, shot), shot, strict=True):
        assert np.abs(shown - true).max() < 2


def test_the_network_that_ships_beats_lanczos_on_renders_it_has_not_seen() -> None:
    gains = []
    for index in range(3):
        ((small, large),) = rendered(77, index, 4, ((256, 144), (1024, 576)), num_frames=1)
        gains.append(psnr(enlarged(upscaler(), small), large) - psnr(by_lanczos(small), large))
    assert np.mean(gains) > 0.6 and min(gains) > 0.1


def test_the_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size < 3e6


def test_what_holds_no_upscaler_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no file"):
        finish.load(tmp_path / "nothing.safetensors")
    save_file({"a": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="not written by vitascope"):
        finish.load(tmp_path / "foreign.safetensors")
    small = WEIGHTS.parent.parent / "evaluate" / "reader.safetensors"
    with pytest.raises(CheckpointError, match="does not hold an upscaler"):
        finish.load(small)


def test_a_long_film_needs_no_more_memory(lively: Upscaler) -> None:
    """No frame is kept: what the stream has made is gone when nobody holds it."""
    import weakref

    made = upscale((scene(left=10 + i) for i in range(6)), (128, 96), lively)
    seen = [weakref.ref(frame) for frame in islice(made, 5)]
    next(made)
    assert not any(ref() is not None for ref in seen)
