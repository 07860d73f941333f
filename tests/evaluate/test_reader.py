"""The reader reads true renders rightly, refuses what it cannot read, and its lessons say what is so."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vitascope.evaluate import reader as reading
from vitascope.evaluate.reader import ANSWERS, NUM_READ, SIZE, Reader, ReaderError
from vitascope.model import checkpoint
from vitascope.model.checkpoint import Card, CheckpointError
from vitascope.world.sample import sample_scene

UNSEEN_SEED = 104  # neither of the lessons nor of their test


def test_the_shipped_reader_reads_true_renders() -> None:
    pairs = [pair for index in range(4) for pair in reading.lessons(UNSEEN_SEED, index)]
    found = reading.read(reading.load(), np.stack([frames for frames, _, _ in pairs]))
    rows = list(zip(found, (answer for _, answer, _ in pairs), strict=True))
    assert len(rows) >= 8
    assert np.mean([one["colour"] == true["colour"] for one, true in rows]) >= 0.8
    assert np.mean([[one[name] == true[name] for name in ANSWERS] for one, true in rows]) >= 0.8


def test_the_shipped_reader_is_small_and_says_how_good_it_is() -> None:
    _, header = checkpoint.read(reading.WEIGHTS)
    assert reading.WEIGHTS.stat().st_size <= 1_500_000
    assert set(header["card"]["metrics"]) == set(ANSWERS)
    assert min(header["card"]["metrics"][name] for name in ("colour", "ground", "time", "direction")) >= 0.9


def test_any_number_of_frames_can_be_read() -> None:
    reader = Reader().eval()
    for num_frames in (1, 7, 24):
        found = reading.read(reader, np.zeros((2, num_frames, SIZE[1], SIZE[0], 3), np.uint8))
        assert [set(one) for one in found] == [set(ANSWERS)] * 2


def test_clips_of_another_size_are_refused() -> None:
    with pytest.raises(ReaderError, match=r"float64 \[1, 8, 9, 9, 3\]; uint8 \[B, T, 80, 144, 3\]"):
        reading.read(Reader().eval(), np.zeros((1, 8, 9, 9, 3)))  # type: ignore[arg-type]


def test_a_weight_file_that_holds_no_reader_is_refused(tmp_path: Path) -> None:
    checkpoint.save(torch.nn.Linear(3, 3), Card("other", SIZE, 1, 12.0, 1), tmp_path / "other.safetensors")
    with pytest.raises(ReaderError, match="holds no reader of this program, but 'other'"):
        reading.load(tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="there is no file"):
        reading.load(tmp_path / "none.safetensors")


def test_the_answers_are_those_of_the_scene() -> None:
    for index in range(60):
        scene = sample_scene(np.random.default_rng([9, index]), split="any")
        thing, answer = scene.things[0], reading.answer_of(scene)
        assert all(answer[name] in words for name, words in ANSWERS.items())
        assert (answer["direction"] == "down") == (thing.action in ("bounce", "fall"))
        assert thing.direction in (None, answer["direction"])


def test_the_same_lesson_is_the_same_bytes() -> None:
    first, second = reading.lessons(3, 1, looks=1), reading.lessons(3, 1, looks=1)
    assert first[0][1] == second[0][1]
    assert (first[0][0] == second[0][0]).all()
    assert first[0][0].shape == (NUM_READ, SIZE[1], SIZE[0], 3)


def test_in_a_mirror_left_is_right() -> None:
    answers = torch.tensor([[0, 0, 0, 0, i] for i in range(6)])
    x, centres = torch.rand(6, 8, 3, 4, 6), torch.rand(6, 8, 2)
    flipped, swapped, places = reading.mirrored(x, answers, centres)
    assert swapped[:, -1].tolist() == [1, 0, 2, 3, 4, 5]
    assert torch.equal(flipped[..., 0], x[..., -1])
    assert torch.allclose(places, torch.tensor([1.0, 0.0]) + centres * torch.tensor([-1.0, 1.0]))


def test_worsened_frames_stay_pictures_of_the_same_scene() -> None:
    x = torch.rand(4, 8, 3, 5, 9).repeat_interleave(16, 3).repeat_interleave(16, 4)
    worse = reading.worsened(x.clone(), torch.Generator().manual_seed(0))
    assert worse.shape == x.shape
    assert worse.min() >= 0
    assert worse.max() <= 1
    assert 0.01 < (worse - x).abs().mean() < 0.3
