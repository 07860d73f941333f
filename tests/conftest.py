"""What the tests share: weights of the `tiny` network, made up on the spot, so that no test needs trained ones."""

import os
from pathlib import Path

import pytest

# Where several tests run at once, each has one thread: two that share two cores wait for each other at every product.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weight file of a random `tiny` network whose answers depend on all of its inputs."""
    import torch

    from vitascope.model import checkpoint, presets
    from vitascope.model.dit import DiT

    torch.manual_seed(0)
    network = DiT(presets.tiny())
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    checkpoint.save(network, checkpoint.Card("tiny", (144, 80), 24, 12.0, 1, pins=3, words=("a", "ball", "red")), path)
    return path


@pytest.fixture
def tiny_engine(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes `model="tiny"` known for the length of a test."""
    monkeypatch.setenv("VITASCOPE_WEIGHTS", str(tiny_weights.parent))
    return tiny_weights
