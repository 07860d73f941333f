"""Path, loss and sampler, against a flow whose answer is known."""

from itertools import pairwise
from typing import get_args

import pytest
import torch

from vitascope.model import flow
from vitascope.model.patches import to_patches


def _gaussian(mean: float, deviation: float) -> flow.Network:
    """The exact clean prediction E[x | z] for x normal with this mean and deviation."""

    def network(z: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        t = time[..., None, None]
        variance = (t * deviation) ** 2 + ((1 - t) * flow.SCALE) ** 2
        return mean + t * deviation**2 / variance * (z - t * mean)

    return network


@pytest.mark.parametrize("method", get_args(flow.Method))
def test_the_sampler_recovers_a_known_gaussian(method: flow.Method) -> None:
    noise = torch.randn(1, 1, 1, 20_000, generator=torch.Generator().manual_seed(0))
    made = flow.sample(_gaussian(0.3, 0.5), noise, flow.schedule(200), method=method)
    assert made.mean().item() == pytest.approx(0.3, abs=0.02)
    assert made.std().item() == pytest.approx(0.5, rel=0.04)


def test_the_second_order_needs_fewer_steps() -> None:

    noise = torch.randn(1, 1, 1, 5_000, generator=torch.Generator().manual_seed(0))
    exact = 0.3 + 0.5 * noise  # the flow of a Gaussian maps noise linearly

    def error(method: flow.Method, steps: int) -> float:
        made = flow.sample(_gaussian(0.3, 0.5), noise, flow.schedule(steps), method=method)
        return (made - exact).square().mean().sqrt().item()

    assert error("multistep", 24) < 0.6 * error("euler", 24)
    assert error("heun", 24) < 0.6 * error("euler", 24)


def test_what_is_held_stays_and_is_seen_with_the_noise_of_the_moment() -> None:
    noise, clean = torch.randn(1, 2, 3, 4), torch.full((1, 2, 3, 4), 0.7)
    share = torch.zeros(1, 2, 3, 4)
    share[:, 0] = 1
    seen: list[torch.Tensor] = []

    def network(z: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        seen.append(z[:, 0] - flow.pair(clean, time, noise).noisy[:, 0])
        return torch.full_like(z, 0.2)

    made = flow.sample(network, noise, flow.schedule(4), held=(clean, share))
    assert torch.equal(made[:, 0], clean[:, 0]) and torch.allclose(made[:, 1], torch.tensor(0.2))
    assert len(seen) == 4 and all(off.abs().max() < 1e-5 for off in seen)


def test_known_groups_are_left_out_of_the_loss() -> None:
    clean, predicted = torch.zeros(1, 2, 3, 768), torch.ones(1, 2, 3, 768)
    time = torch.tensor([[1.0, 0.5]])
    assert flow.loss(predicted, clean, time).item() == pytest.approx(4.0 * (1 + flow.COARSE))  # 1 / (1 - 0.5)²


def test_grain_counts_less_than_what_is_wrong_over_whole_cells() -> None:
    time = torch.full((1, 1), 0.5)
    frames = torch.ones(1, 4, 16, 32, 3)
    grain = frames.clone()
    grain[..., ::2, :] = -1
    flat, fine = (flow.loss(to_patches(off, 4), torch.zeros(1, 1, 2, 3072), time).item() for off in (frames, grain))
    assert fine == pytest.approx(4.0) and flat == pytest.approx(4.0 * (1 + flow.COARSE))
    care = torch.full((1, 1, 2, 3072), 3.0)
    assert flow.loss(to_patches(frames, 4), torch.zeros(1, 1, 2, 3072), time, care).item() == pytest.approx(3 * flat)


def test_training_times_reach_both_ends() -> None:
    times = flow.times((20_000,), torch.Generator().manual_seed(0))
    assert times.min() < 0.01 and times.max() > 0.99
    noise = flow.SCALE * (1 - times) / times
    fine = (noise < 0.3).float().mean()
    assert 0.2 < fine < 0.3, "edges are learned where there is little noise"
    assert 0.4 < times[noise > 1.5].median() < 0.6


def test_what_is_fine_counts_more_but_not_without_end() -> None:
    weight = flow.importance(torch.tensor([0.0, 0.5, 0.75, 0.9, 0.99, 0.9999, 1.0])).tolist()
    assert weight[:3] == pytest.approx([1, 4, 16]) and weight[6] == 0
    assert weight[3] == pytest.approx(16 * 2.5, rel=1e-3) and weight[4] == pytest.approx(16 * 25, rel=1e-3)
    assert weight[5] == pytest.approx(16 / flow.FINEST, rel=1e-3)


def test_schedules_run_from_noise_to_clean() -> None:
    for start in (0.0, 0.6):
        steps = flow.schedule(10, start)
        assert steps[0] == start and steps[-1] == 1 and steps == sorted(steps) and len(set(steps)) == 11
        assert flow.SCALE * (1 - steps[-2]) / steps[-2] == pytest.approx(0.04)
    ratios = [(1 - t) / t for t in flow.schedule(16)[1:-1]]
    assert all(1.2 < first / second < 3 for first, second in pairwise(ratios)), "about even in the noise's logarithm"
    assert flow.schedule(1, 0.6) == [0.6, 1.0]
    with pytest.raises(ValueError, match="0 given"):
        flow.schedule(0)


def test_guidance_leads_away_from_the_unconditional_answer_inside_its_interval() -> None:
    z = torch.zeros(1, 1, 1, 1)
    one, nothing, half = torch.ones_like(z), torch.zeros_like(z), torch.full_like(z, 0.5)
    network = flow.guided(lambda z, t: one, lambda z, t: (one, nothing), [3.0], (0.2, 0.8))
    assert network(z, torch.tensor([[0.5]])).item() == 3
    assert network(z, torch.tensor([[0.9]])).item() == 1
    two = flow.guided(lambda z, t: one, lambda z, t: (one, nothing, half), [3.0, 2.0])
    assert two(z, torch.tensor([[0.5]])).item() == 1 + 2 * 1 + 1 * 0.5
    assert flow.guided(lambda z, t: one, lambda z, t: pytest.fail("no guidance"), [])(z, torch.tensor([[0.5]])) == 1


def test_what_guidance_leads_away_from_is_asked_anew_every_so_often() -> None:
    asked: list[float] = []

    def both(z: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(float(z))
        return z, z - float(t)

    network = flow.guided(lambda z, t: z, both, [3.0], (0.0, 0.8), every=2)
    times = (0.1, 0.2, 0.3, 0.4, 0.5, 0.9)
    led = [float(network(torch.full((1, 1, 1, 1), float(i)), torch.tensor([[t]]))) for i, t in enumerate(times)]
    assert asked == [0, 1, 3]
    ways = [0.1, 0.2, 0.2, 0.4, 0.4, 0.0]
    assert led == pytest.approx([i + 2 * way for i, way in enumerate(ways)])


def test_a_sampler_stops_when_asked_and_tells_its_progress() -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(flow.Cancelled, match="after 2 of 5"):
        flow.sample(
            _gaussian(0, 1),
            torch.zeros(1, 1, 1, 1),
            flow.schedule(5),
            progress=lambda done, total: told.append((done, total)),
            cancel=lambda: len(told) == 2,
        )
    assert told == [(1, 5), (2, 5)]
