"""What is done to lessons in training keeps their answers true, and learning from them lessens the losses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vitascope.evaluate import critic, lessons, renders
from vitascope.evaluate.critic import ANSWERS, NUM_READ, PAIR, Critic
from vitascope.evaluate.lessons import NAMES, Lot
from vitascope.evaluate.renders import Lessons


def _lot(count: int = 4) -> Lot:
    answers = torch.full((count, len(NAMES)), -1)
    return Lot(torch.rand(count, 8, 3, 80, 144), torch.rand(count, 8, 2, 20, 36), answers)


def test_in_a_mirror_left_is_right_and_the_other_thing_is_the_one() -> None:
    lot = _lot(2)
    at = {name: NAMES.index(name) for name in NAMES}
    lot.answers[0, at["direction"]] = ANSWERS["direction"].index("left")
    lot.answers[0, at["camera"]] = ANSWERS["camera"].index("pan right")
    lot.answers[1, at["shape"]], lot.answers[1, at["other shape"]] = 2, 5
    lot.answers[0, at["word"]] = 3
    flipped = lessons.mirrored(lot)
    assert ANSWERS["direction"][flipped.answers[0, at["direction"]]] == "right"
    assert ANSWERS["camera"][flipped.answers[0, at["camera"]]] == "pan left"
    assert flipped.answers[0, at["word"]] == -1
    assert flipped.answers[1, [at["shape"], at["other shape"]]].tolist() == [5, 2]
    assert flipped.answers[0, at["shape"]] == -1
    assert torch.equal(flipped.x[..., 0], lot.x[..., -1])
    assert torch.equal(flipped.masks[1, :, 0], lot.masks[1, :, 1].flip(-1))
    assert torch.equal(flipped.masks[0, :, 0], lot.masks[0, :, 0].flip(-1))


def test_backwards_the_camera_goes_the_other_way() -> None:
    lot = _lot(len(ANSWERS["camera"]))
    at = NAMES.index("camera")
    lot.answers[:, at] = torch.arange(len(lot.answers))
    other = [ANSWERS["camera"][k] for k in lessons.reversed_(lot).answers[:, at]]
    assert other[0] == "still"
    assert other[ANSWERS["camera"].index("zoom in")] == "zoom out"
    assert other[ANSWERS["camera"].index("tilt up")] == "tilt down"
    assert torch.equal(lessons.reversed_(lot).x[:, 0], lot.x[:, -1])


def test_moved_lessons_move_with_their_masks() -> None:
    frames, masks = np.zeros((1, 8, 80, 144, 3), np.uint8), np.zeros((1, 8, 20, 36, 2), np.uint8)
    frames[:, :, 40:44, 80:84], masks[:, :, 10, 20] = 255, 255
    taught = Lessons(frames, masks, np.zeros((1, len(NAMES)), np.int64))
    lot = lessons.lot_of(taught, np.array([0]), np.arange(8)[None], (1, -2))
    assert lot.x[0, 0, 0].nonzero().min(0).values.tolist() == [48, 76]
    assert lot.masks[0, 0, 0].nonzero().tolist() == [[12, 19]]


@pytest.mark.parametrize("shown", [3, 8])
def test_worsened_frames_stay_pictures_of_the_same_scene(shown: int) -> None:
    x = torch.rand(4, shown, 3, 5, 9).repeat_interleave(16, 3).repeat_interleave(16, 4)
    worse = lessons.worsened(x.clone(), torch.Generator().manual_seed(0))
    assert worse.shape == x.shape
    assert worse.min() >= 0
    assert worse.max() <= 1
    assert 0.01 < (worse - x).abs().mean() < 0.3


@pytest.fixture(scope="module")
def few() -> Lessons:
    rows = [row for index in range(3) for row in renders.lessons(5, index)]
    frames, masks = (np.stack([getattr(row, name) for row in rows]) for name in ("frames", "masks"))
    return Lessons(frames, masks, renders.numbers([row.answer for row in rows]))


@pytest.mark.parametrize("part", ["trunks", "close", "stuff", "heads"])
def test_learning_lessens_the_losses(part: str, few: Lessons) -> None:
    torch.manual_seed(0)
    network = Critic().eval()
    generator = torch.Generator().manual_seed(0)
    times = np.broadcast_to(np.arange(NUM_READ), (len(few.frames), NUM_READ))
    lot = lessons.lot_of(few, np.arange(len(few.frames)), times)
    studied = lessons.study(network, few, generator)
    losses = {
        "trunks": lambda: lessons.trunk_losses(network, lot),
        "close": lambda: lessons.close_losses(network, lot, generator),
        "stuff": lambda: lessons.stuff_losses(network, lot, generator),
        "heads": lambda: lessons.heads_losses(network, studied),
    }[part]
    parts = {
        "trunks": (network.looks, network.looks_pool, network.named, network.heads, network.motion),
        "close": (network.closer, network.seen, network.trust, network.known, network.close_heads),
        "stuff": (network.grain, network.stuff),
        "heads": (network.where, network.whole_heads, network.moving_heads),
    }[part]
    totals: list[float] = []

    def told() -> dict[str, torch.Tensor]:
        found = losses()
        totals.append(sum(loss.item() for loss in found.values()))
        return found

    while len(totals) < 14:
        lessons.learn(parts, told, 0.01, 0.04)  # whose first step is a twentieth of that
    assert min(totals[-3:]) < 0.9 * totals[0]


def test_a_trained_critic_is_written_with_its_accuracies(
    few: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = lessons.accuracies(Critic().eval(), few)
    assert set(metrics) <= {*ANSWERS, PAIR}
    assert all(0 <= value <= 1 for value in metrics.values())
    words = {name: ANSWERS[name][0] for name in ANSWERS}
    right = lessons.numbers([words] * len(few.frames))
    right[1:, NAMES.index("shape")], right[1:, NAMES.index("other shape")] = 1, -1
    pair = critic.pair_of((words["colour"], words["shape"]), (words["other colour"], words["other shape"]))
    monkeypatch.setattr(lessons, "read", lambda network, frames: [words | {PAIR: pair}] * len(frames))
    told = lessons.accuracies(Critic(), replace(few, answers=right))
    assert (told["shape"], told["colour"], told["camera"], told[PAIR]) == (0.0, 1.0, 1.0, 1.0)
    lessons.save(Critic(), {"steps": 1}, metrics, tmp_path / "critic.safetensors")
    assert isinstance(critic.load(tmp_path / "critic.safetensors"), Critic)
