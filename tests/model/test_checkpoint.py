"""Weight files: what is written comes back, and what is wrong is refused with its reason."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from vitascope.model import checkpoint
from vitascope.model.checkpoint import Card, CheckpointError, Stored


def test_weights_and_card_come_back(tiny_weights: Path) -> None:
    network, card = checkpoint.load(tiny_weights)
    assert card == Card("tiny", (144, 80), 24, 12.0, 1, pins=3, words=("a", "ball", "red"))
    assert not network.training
    again = tiny_weights.with_name("again.safetensors")
    checkpoint.save(network, card, again)
    other, _ = checkpoint.load(again)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(("stored", "size", "error"), [("int8", 0.3, 1 / 127), ("bf16", 0.55, 1 / 256)])
def test_smaller_weights_are_nearly_the_same(
    tiny_weights: Path, tmp_path: Path, stored: Stored, size: float, error: float
) -> None:
    network, card = checkpoint.load(tiny_weights)
    path = tmp_path / "small.safetensors"
    checkpoint.save(network, card, path, stored=stored)
    assert path.stat().st_size < size * tiny_weights.stat().st_size
    changed = 0.0
    for (name, before), after in zip(network.named_parameters(), checkpoint.load(path)[0].parameters(), strict=True):
        assert (before - after).abs().max() <= before.abs().max() * error, name
        changed += float((before != after).float().mean())
    assert changed > 1


def _with_header(path: Path, source: Path, **changes: object) -> Path:
    from safetensors import safe_open

    with safe_open(source, "pt") as file:
        header = json.loads(file.metadata()["vitascope"])
    save_file(load_file(source), path, metadata={"vitascope": json.dumps(header | changes)})
    return path


def test_what_is_wrong_with_a_file_is_said(tiny_weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    with pytest.raises(CheckpointError, match="there is no file"):
        checkpoint.load(path)
    whole = tiny_weights.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(path)
    path.write_bytes(whole[:-4] + b"\0\0\0\1")
    with pytest.raises(CheckpointError, match="checksum"):
        checkpoint.load(path)
    path.write_bytes(b"no weights at all")
    with pytest.raises(CheckpointError, match="damaged or not a safetensors file"):
        checkpoint.load(path)
    save_file({"x": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="not written by vitascope"):
        checkpoint.load(path)
    with pytest.raises(CheckpointError, match="version 99"):
        checkpoint.load(_with_header(path, tiny_weights, version=99))
    with pytest.raises(CheckpointError, match="network of version 1, this program makes 4"):
        checkpoint.load(_with_header(path, tiny_weights, network=1))
    with pytest.raises(CheckpointError, match="does not hold a video network"):
        checkpoint.load(_with_header(path, tiny_weights, params={"width": 64}))


def test_a_folder_that_is_missing_is_said_and_nothing_is_left(tiny_weights: Path, tmp_path: Path) -> None:
    network, card = checkpoint.load(tiny_weights)
    with pytest.raises(CheckpointError, match="cannot be written"):
        checkpoint.save(network, card, tmp_path / "nowhere" / "w.safetensors")
    assert not list(tmp_path.iterdir())
