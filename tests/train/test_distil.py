"""Distillation: what is taught, and that a student learns it."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from vitascope.generate import DISTILLED
from vitascope.model import flow, presets
from vitascope.model.dit import DiT
from vitascope.train import distil
from vitascope.train.distil import Way
from vitascope.train.stream import Format, Source

SOURCE = Source(seed=1, formats=(Format((48, 32), 8, 12.0),))


@pytest.fixture(scope="module")
def teacher() -> DiT:
    torch.manual_seed(0)
    network = DiT(presets.tiny())
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.03)
    return network.requires_grad_(False)


@pytest.fixture(scope="module")
def ways(teacher: DiT) -> list[Way]:
    told: list[str] = []
    found = distil.gather(teacher, SOURCE, 0.5, told.append)
    assert len(told) == len(found) >= 1
    return found[:2]


def test_the_teachers_way_begins_in_noise_and_ends_in_what_it_makes(teacher: DiT, ways: list[Way]) -> None:
    way = ways[0]
    assert len(way.places) == DISTILLED.steps + 1
    assert way.places[0].std().item() == pytest.approx(flow.SCALE, rel=0.1)
    levels = [place.std().item() for place in way.places]
    assert all(later < earlier for earlier, later in pairwise(levels)), "less noise at each of the student's times"


def test_the_right_steps_lead_from_place_to_place(ways: list[Way]) -> None:
    way = ways[0]
    few = flow.schedule(DISTILLED.steps, least=DISTILLED.least)

    def perfect(z: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        which = int(np.argmin([abs(float(time[0, 0]) - t) for t in few[:-1]]))
        begins, _, wanted = distil.lesson(way, which)
        torch.testing.assert_close(z, begins, atol=1e-3, rtol=1e-3)
        return wanted

    made = flow.sample(perfect, way.places[0] / flow.SCALE, few, method="euler")
    torch.testing.assert_close(made, way.places[-1])


def test_a_student_comes_nearer_to_its_teacher(teacher: DiT, ways: list[Way]) -> None:
    def astray(delta: distil.Delta) -> float:
        total = 0.0
        for way in ways[:1]:
            for which in range(DISTILLED.steps):
                z, time, wanted = distil.lesson(way, which)
                with torch.no_grad():
                    x = torch.func.functional_call(
                        teacher, delta.changed(teacher), (flow.scaled(z, time), time, way.conditions)
                    )
                total += float(flow.loss(x, wanted, time))
        return total

    fresh, learned = distil.Delta(teacher, 16), distil.distil(teacher, ways[:1], 100.0, rank=16, most=150)
    assert astray(learned) < 0.9 * astray(fresh)
