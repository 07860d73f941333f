"""What the reader of matter is shown, and that it learns."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from vitascope.sound.matter import MATTERS, SIDE, Matter, load
from vitascope.train.matter import WIDE, augmented, pictures, train


def found(count: int) -> list[tuple[np.ndarray, int]]:
    return [one for index in range(count) for one in pictures(5, index)]


def test_scenes_give_three_looks_at_what_sounds() -> None:
    shown = found(12)
    assert len(shown) > 8 and len({answer for _, answer in shown}) > 3
    for seen, answer in shown:
        assert seen.shape == (3, WIDE, WIDE, 3) and seen.dtype == np.uint8
        assert 0 <= answer < len(MATTERS)
        assert seen.std() > 2, "something is to be seen"
    moving = [np.abs(seen[0].astype(int) - seen[2]).mean() for seen, _ in shown]
    assert max(moving) > 3, "the looks are of different times"
    for (one, _), (other, _) in zip(shown, found(12), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_learns_what_it_is_shown() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    shown = [one for one in found(40) if MATTERS[one[1]] in ("wood", "plastic")][:16]
    answers = torch.tensor([answer for _, answer in shown])
    assert len(set(answers.tolist())) == 2
    network = Matter((8, 16, 24, 32)).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(50):
        x = torch.from_numpy(np.stack([augmented(seen, rng) for seen, _ in shown])).movedim(-1, 1)
        assert x.shape == (len(shown), 3, SIDE, SIDE)
        loss = F.cross_entropy(network(x), answers)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert np.mean(losses[-8:]) < 0.6 * losses[0]


def test_a_run_writes_a_file_that_can_be_gone_on_from(tmp_path: Path) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    train(first, 1.0)
    train(second, 1.0, first)
    assert load(second).widths == load(first).widths
