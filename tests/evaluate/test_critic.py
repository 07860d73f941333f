"""The critic reads true renders rightly, finds what a clip is about, and refuses what it cannot read."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vitascope.evaluate import critic as reading
from vitascope.evaluate import renders
from vitascope.evaluate.critic import ANSWERS, NUM_READ, PAIR, SIZE, Critic, CriticError
from vitascope.model import checkpoint
from vitascope.model.checkpoint import Card, CheckpointError

UNSEEN_SEED = 104  # neither of the lessons nor of their test


@pytest.fixture(scope="module")
def unseen() -> list[renders.Lesson]:
    rows = [row for index in range(16) for row in renders.lessons(UNSEEN_SEED, index)]
    return [row for row in rows if "action" in row.answer][:24]


def test_the_shipped_critic_reads_true_renders(unseen: list[renders.Lesson]) -> None:
    found = reading.read(reading.load(), np.stack([row.frames for row in unseen]))
    for name in ("colour", "ground", "time", "direction"):
        asked = [(one[name], row.answer[name]) for one, row in zip(found, unseen, strict=True) if name in row.answer]
        assert np.mean([said == true for said, true in asked]) >= 0.8, name


def test_the_shipped_critic_finds_the_thing(unseen: list[renders.Lesson]) -> None:
    critic = reading.load()
    x = reading.centred(reading.as_input(np.stack([row.frames for row in unseen])))
    maps = critic.features(x).maps
    masks = critic.masks(maps.flatten(0, 1)).sigmoid().unflatten(0, maps.shape[:2])
    true = torch.from_numpy(np.stack([row.masks for row in unseen]))[..., 0] / 255
    there = true.sum((-2, -1)) > 3
    found = reading.boxes(reading._around(masks, reading._peak(masks), 0.3))
    astray = (found.centre - reading.boxes(true).centre).norm(dim=-1)
    assert there.float().mean() > 0.9
    assert (astray[there] < 0.08).float().mean() > 0.9


def test_the_shipped_critic_is_small_and_says_how_good_it_is() -> None:
    _, header = checkpoint.read(reading.WEIGHTS)
    assert reading.WEIGHTS.stat().st_size <= 3_000_000
    assert set(header["card"]["metrics"]) == {*ANSWERS, PAIR} - {"other colour", "other shape"}
    assert min(header["card"]["metrics"][name] for name in ("colour", "ground", "time", "direction")) >= 0.9


def test_two_things_are_called_the_same_whichever_stands_left() -> None:
    pair = reading.pair_of(("red", "cube"), ("blue", "ball"))
    assert pair == reading.pair_of(("blue", "ball"), ("red", "cube"))
    assert pair != reading.pair_of(("blue", "cube"), ("red", "ball"))


def test_any_number_of_frames_can_be_read() -> None:
    critic = Critic().eval()
    for num_frames in (1, 7, 24):
        found = reading.read(critic, np.zeros((2, num_frames, SIZE[1], SIZE[0], 3), np.uint8))
        assert [set(one) for one in found] == [{*ANSWERS, PAIR}] * 2


def test_a_clip_is_read_alike_alone_and_among_others(unseen: list[renders.Lesson]) -> None:
    critic = reading.load()
    clips = np.stack([row.frames for row in unseen[:3]])
    assert reading.read(critic, clips)[1] == reading.read(critic, clips[1:2])[0]


def test_clips_of_another_size_are_refused() -> None:
    with pytest.raises(CriticError, match=r"float64 \[1, 8, 9, 9, 3\]; uint8 \[B, T, 80, 144, 3\]"):
        reading.read(Critic().eval(), np.zeros((1, 8, 9, 9, 3)))  # type: ignore[arg-type]


def test_a_weight_file_that_holds_no_critic_is_refused(tmp_path: Path) -> None:
    checkpoint.save(torch.nn.Linear(3, 3), Card("other", SIZE, 1, 12.0, 1), tmp_path / "other.safetensors")
    with pytest.raises(CriticError, match="holds no critic of this program, but 'other'"):
        reading.load(tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="there is no file"):
        reading.load(tmp_path / "none.safetensors")


def test_a_box_is_where_the_mask_is_and_a_crop_shows_what_is_in_it() -> None:
    mask = torch.zeros(1, 20, 36)
    mask[0, 5:9, 10:18] = 1  # cells of 4 pixels
    box = reading.boxes(mask)
    assert torch.allclose(box.centre, torch.tensor([[14 / 36, 7 / 20]]), atol=1e-3)
    assert box.area == 32
    assert 0.4 < box.side < 0.65  # it is 0.4 picture heights wide, and has some room
    picture = torch.nn.functional.interpolate(mask[:, None], scale_factor=4).repeat(1, 3, 1, 1)
    crop = reading.cut_out(picture, box.centre, box.side)
    assert crop.shape == (1, 3, reading.CROP, reading.CROP)
    assert crop[0, 0, 24, 24] == 1
    assert crop.sum() / picture.sum() == pytest.approx((reading.CROP / (80 * float(box.side))) ** 2, rel=0.1)


def test_an_empty_mask_is_looked_at_in_the_middle() -> None:
    box = reading.boxes(torch.zeros(2, 20, 36))
    assert torch.allclose(box.centre, torch.full((2, 2), 0.5), atol=1e-4)
    assert torch.isfinite(box.spread).all()


def test_two_things_are_told_apart_left_and_right() -> None:
    masks = torch.zeros(2, 20, 36)
    masks[0, 5:9, 4:8], masks[0, 10:14, 20:24] = 0.8, 0.9
    masks[1, 5:9, 4:8], masks[1, 10:14, 20:24] = 0.9, 0.8
    for part, column in zip(reading.left_and_right(masks), (6, 22), strict=True):
        assert torch.allclose(reading.boxes(part).centre[:, 0], torch.tensor(column / 36), atol=0.01)


def test_read_frames_are_the_first_the_last_and_evenly_between() -> None:
    times = reading.read_times(24)
    assert len(times) == NUM_READ
    assert (times[0], times[-1]) == (0, 23)
    assert set(np.diff(times)) <= {3, 4}
