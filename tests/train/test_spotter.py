"""What the spotter should say of a film, and that it learns to."""

import numpy as np
import pytest
import torch

from vitascope.shot.shot import Cue
from vitascope.sound.spotter import DELAY, KINDS, Spotter
from vitascope.train.spotter import Lesson, batch_of, loss_of, rendered, target_of, worn

PLACE = Cue(time=0, kind="place", text="open, night", materials=("grass",))


def lesson(*cues: Cue) -> Lesson:
    return Lesson(np.zeros((24, 72, 128, 3), np.uint8), 12.0, (PLACE, *cues))


def test_a_moment_is_a_mass_of_one_at_its_time_and_place() -> None:
    cue = Cue(time=0.7, kind="bounce", materials=("rubber", "grass"), place=(0.31, 0.62), strength=0.4)
    mass = target_of(lesson(cue), 24 + DELAY).mass[:, KINDS.index("bounce")]  # T h w
    assert mass.sum() == pytest.approx(1.0, abs=1e-4)
    when, row, column = (np.arange(n) for n in mass.shape)
    assert (mass.sum((1, 2)) * when).sum() - DELAY == pytest.approx(0.7 * 12, abs=1e-3)
    assert (mass.sum((0, 1)) * (column + 0.5)).sum() / mass.shape[2] == pytest.approx(0.31, abs=1e-3)
    assert (mass.sum((0, 2)) * (row + 0.5)).sum() / mass.shape[1] == pytest.approx(0.62, abs=1e-3)


def test_what_lasts_is_a_mass_of_one_at_each_frame_and_moves() -> None:
    cue = Cue(time=0.5, kind="roll", seconds=1.0, materials=("wood", "grass"), place=(0.2, 0.5), to=(0.8, 0.5))
    mass = target_of(lesson(cue), 24 + DELAY).mass[:, KINDS.index("roll")]
    np.testing.assert_allclose(mass.sum((1, 2))[DELAY + 6 : DELAY + 19], 1.0, atol=1e-4)
    assert mass[: DELAY + 6].sum() == 0
    assert mass[DELAY + 6].argmax() % 16 < 5 < 11 < mass[DELAY + 18].argmax() % 16


def test_a_worn_film_keeps_its_cues_where_its_things_are() -> None:
    frames = np.zeros((6, 72, 128, 3), np.uint8)
    frames[:, 30:34, 20:24] = 255
    one = Lesson(frames, 12.0, (PLACE, Cue(time=0.2, kind="impact", place=(22 / 128, 32 / 72))))
    for seed in range(12):
        made = worn(one, np.random.default_rng(seed))
        place = made.cues[1].place
        if place is not None:
            bright = made.frames[0].astype(float).sum(-1)
            y, x = np.unravel_index(int(bright.argmax()), bright.shape)
            assert abs(x / 128 - place[0]) < 0.06 and abs(y / 72 - place[1]) < 0.1


def test_it_learns_a_few_films() -> None:
    torch.manual_seed(0)
    network = Spotter(16, 1)
    frames, fps, targets = batch_of([rendered(1, index, 12.0, (128, 72)) for index in range(2)])
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3)
    losses = []
    for _ in range(25):
        loss, _ = loss_of(network, frames, fps, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
