"""What the spotter should say of a film, and that it learns to."""

import numpy as np
import pytest
import torch

from vitascope.shot.shot import Cue
from vitascope.sound.spotter import DELAY, KINDS, Spotter
from vitascope.train.spotter import Lesson, batch_of, loss_of, rendered, slowed, target_of, view, worn

PLACE = Cue(time=0, kind="place", text="open, night", materials=("grass",))


def lesson(*cues: Cue) -> Lesson:
    return Lesson(np.zeros((24, 144, 256, 3), np.uint8), 12.0, (PLACE, *cues))


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


@pytest.mark.parametrize("window", [(64, 48), (256, 144)])
def test_a_part_of_a_film_keeps_its_cues_where_its_things_are(window: tuple[int, int]) -> None:
    frames = np.zeros((6, 144, 256, 3), np.uint8)
    frames[:, 60:68, 40:48] = 255
    hit = Cue(time=0.2, kind="impact", place=(44 / 256, 64 / 144))
    passing = Cue(time=0, kind="roll", seconds=0.4, place=(44 / 256, 64 / 144), to=(0.9, 0.5))
    one, wide, seen = Lesson(frames, 12.0, (PLACE, hit, passing)), window[0], 0
    for seed in range(24):
        made = view(one, window, np.random.default_rng(seed))
        assert made.frames.shape == (6, window[1], wide, 3)
        bright = made.frames[0].astype(float).sum(-1)
        for cue in made.cues[1:]:
            assert cue.place is not None
            x, y = cue.place[0] * wide - 0.5, cue.place[1] * window[1] - 0.5
            if 4 < x < wide - 5 and 4 < y < window[1] - 5:
                seen += 1
                rows, columns = np.nonzero(bright > 0.5 * 765)
                assert abs(columns.mean() - x) < 0.7 and abs(rows.mean() - y) < 0.7
    assert seen > 10


def test_what_lies_outside_of_the_picture_is_not_to_be_told() -> None:
    outside = Cue(time=0.7, kind="bounce", place=(0.5, 0.5)).model_copy(update={"place": (1.2, 0.5)})
    assert target_of(lesson(outside), 24 + DELAY).mass.sum() == 0


def test_a_film_at_half_its_rate_keeps_the_times_of_what_is_heard() -> None:
    film = rendered(401, 3, fps=24.0, size=(144, 96))
    begins = set()
    for seed in range(8):
        slow = slowed(film, np.random.default_rng(seed))
        begin = 0 if (slow.frames[0] == film.frames[0]).all() else 1
        begins.add(begin)
        assert slow.fps == 12 and (slow.frames == film.frames[begin::2]).all()
        was = {(cue.kind, cue.place, round(cue.time - begin / 24, 9)) for cue in film.cues if cue.time >= begin / 24}
        assert was <= {(cue.kind, cue.place, round(cue.time, 9)) for cue in slow.cues}
        assert all(cue.time >= 0 for cue in slow.cues)
    assert begins == {0, 1}


def test_a_worn_film_is_as_long_and_shows_the_same() -> None:
    film = rendered(1, 0, 12.0, (128, 80))
    for seed in range(6):
        made = worn(film, np.random.default_rng(seed))
        assert made.frames.shape == film.frames.shape and made.cues == film.cues
        true, seen = (np.asarray(one.frames, np.float64).mean(3).ravel() for one in (film, made))
        assert np.corrcoef(true, seen)[0, 1] > 0.8


def test_it_learns_a_few_films() -> None:
    torch.manual_seed(0)
    network = Spotter((8, 16, 16), (1, 1, 1))
    frames, fps, targets = batch_of([rendered(1, index, 12.0, (128, 80)) for index in range(2)])
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3)
    losses = []
    for _ in range(25):
        loss, _ = loss_of(network, frames, fps, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
