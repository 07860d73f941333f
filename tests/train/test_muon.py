"""The optimizer of the matrices."""

import pytest
import torch

from vitascope.train.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(2, 64, 64), (2, 160, 64), (2, 64, 160)])
def test_most_singular_values_end_near_one(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonal(matrices))
    assert values.max() < 1.6
    assert ((values > 0.4) & (values < 1.6)).float().mean() > 0.9


def test_it_descends() -> None:
    draw = torch.Generator().manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(16, 24))
    goal, inputs = torch.randn(16, 24, generator=draw), torch.randn(256, 24, generator=draw)
    optimizer = Muon([weight], lr=0.05, weight_decay=0)
    losses = []
    for _ in range(150):
        loss = (inputs @ (weight - goal).T).square().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.02 * losses[0]
