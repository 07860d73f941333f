"""A delta of low rank: nothing at first, what it says afterwards, small, and bound to its weights."""

from pathlib import Path

import pytest
import torch

from vitascope.generate import Engine, fast_of, loaded
from vitascope.model import checkpoint, lowrank, presets
from vitascope.model.checkpoint import Card, CheckpointError
from vitascope.model.dit import DiT
from vitascope.model.lowrank import Delta
from vitascope.shot.shot import Shot
from vitascope.train import distil


def test_a_fresh_delta_is_nothing_and_a_learned_one_is_added() -> None:
    network = DiT(presets.tiny())
    delta = Delta(network, 4)
    own = dict(network.named_parameters())
    assert all(torch.equal(changed, own[name]) for name, changed in delta.changed(network).items())
    for up in delta.ups.values():
        torch.nn.init.normal_(up)
    changed = delta.changed(network)
    lowrank.add(network, delta.state_dict())
    assert len(changed) > 10
    for name, wanted in changed.items():
        torch.testing.assert_close(dict(network.named_parameters())[name], wanted)
        assert torch.linalg.matrix_rank(wanted - wanted * 0) >= 4


def test_the_delta_of_the_shipped_network_stays_within_three_megabytes() -> None:
    delta = Delta(DiT(presets.small()), distil.RANK)
    assert 2 * sum(p.numel() for p in delta.parameters()) < 3_000_000


def test_a_delta_is_found_beside_its_weights_and_only_used_with_them(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, path = DiT(presets.tiny()), tmp_path / "tiny.safetensors"
    checkpoint.save(network, Card("tiny", (144, 80), 24, 12.0, 1), path)
    assert loaded(path).distilled is None
    delta = Delta(network, 2)
    torch.nn.init.normal_(delta.ups["last/weight"])
    distil.save(delta, path, fast_of(path), {"ways": 1})
    made_by = loaded(path)
    assert made_by.distilled is not None
    off = made_by.distilled.last.weight - made_by.network.last.weight
    assert off.abs().max() > 0.1 and torch.linalg.matrix_rank(off, atol=1e-3) <= 2
    assert torch.equal(made_by.distilled.modulation.weight, made_by.network.modulation.weight)
    torch.nn.init.normal_(network.last.weight)
    checkpoint.save(network, Card("tiny", (144, 80), 24, 12.0, 1), path)
    with pytest.raises(CheckpointError, match="belongs to other weights"):
        loaded(path)


def test_the_quality_of_a_shot_says_how_it_is_made() -> None:
    network, other, card = DiT(presets.tiny()), DiT(presets.tiny()), Card("tiny", (144, 80), 24, 12.0, 1)
    best, fast = Shot(text="a ball"), Shot(text="a ball", quality="fast")
    plain, both = Engine(network, card), Engine(network, card, other)
    assert plain.way(best)[0] is network and both.way(best)[0] is network and both.way(fast)[0] is other
    assert plain.way(fast)[0] is network and plain.way(fast)[1].steps < plain.way(best)[1].steps
    few = both.way(fast)[1]
    assert few.steps == 4 and all(weight == 1 for weight in few.guidance.values())
