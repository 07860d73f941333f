"""Weights on disk: safetensors with a JSON header that says what they are, checked before they are trusted.

Matrices may be stored as bf16 (half of the size) or as int8 with one scale a row (a quarter, no visible difference).
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from vitascope.model import lowrank
from vitascope.model.card import FORMAT, VERSION, Card, CheckpointError, checked_header
from vitascope.model.dit import DiT, DiTParams

Small = TypeVar("Small", bound=nn.Module)
NETWORK = 4  # of the video network: which parts it is made of
_ROW_SCALE = ".row_scale"
Stored = Literal["fp32", "bf16", "int8"]


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of all names, shapes and numbers."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        total.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        total.update(tensor.view(torch.uint8).numpy().tobytes() if tensor.ndim else tensor.numpy().tobytes())
    return total.hexdigest()


def _packed(state: dict[str, Tensor], stored: Stored) -> dict[str, Tensor]:
    packed: dict[str, Tensor] = {}
    for name, value in state.items():
        value = value.detach().float().cpu().contiguous()
        matrix = value.ndim == 2 and value.numel() >= 4096
        if matrix and stored == "bf16":
            packed[name] = value.to(torch.bfloat16)
        elif matrix and stored == "int8":
            scale = value.abs().amax(1).clamp(min=1e-12) / 127
            packed[name] = (value / scale[:, None]).round().to(torch.int8)
            packed[name + _ROW_SCALE] = scale
        else:
            packed[name] = value
    return packed


def _unpacked(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: value.float() * packed[name + _ROW_SCALE][:, None] if name + _ROW_SCALE in packed else value.float()
        for name, value in packed.items()
        if not name.endswith(_ROW_SCALE)
    }


def save(network: nn.Module, card: Card, path: Path, *, stored: Stored = "fp32") -> None:
    """Write weights and card; the file appears under its name only when it is whole."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors = _packed(network.state_dict(), stored)
    header = {"format": FORMAT, "version": VERSION, "sha256": _digest(tensors), "card": asdict(card)}
    if isinstance(network, DiT):
        header |= {"params": asdict(network.params), "network": NETWORK}
    beside = path.with_name(path.name + ".part")
    try:
        save_file(tensors, beside, metadata={"vitascope": json.dumps(header)})
        beside.chmod(0o644)  # safetensors makes files that only their owner can read
        os.replace(beside, path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"weights: {path} cannot be written ({error})") from None
    finally:
        beside.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A file's tensors and header. Raises CheckpointError, saying what is wrong with the file."""
    with _opened(path) as file:
        header = checked_header(path, file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dict
    if _digest(tensors) != header["sha256"]:
        raise CheckpointError(f"weights: {path} is damaged, its numbers do not match its checksum")
    return _unpacked(tensors), header


def digest(path: Path) -> str:
    """The checksum of a weight file's numbers, as it says itself. Raises CheckpointError."""
    with _opened(path) as file:
        return str(checked_header(path, file.metadata() or {})["sha256"])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A safetensors file to read from. Raises CheckpointError for one that cannot be read."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"weights: there is no file {path}")
    try:
        with safe_open(path, "pt") as file:
            yield file
    except CheckpointError:
        raise
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"weights: {path} is damaged or not a safetensors file ({error})") from None


def load_small(path: Path, kind: type[Small], name: str) -> Small:
    """The small network of this kind in a weight file, whose card says how it is laid out. Raises CheckpointError for a
    file that does not hold one, by the name given."""
    state, header = read(path)
    try:
        network = kind(**header["card"]["training"]["network"])
        network.load_state_dict(state)
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"weights: {path} does not hold {name} ({error})") from None
    return network.eval().requires_grad_(False)


def load(path: Path) -> tuple[DiT, Card]:
    """The video network in a weight file, ready to generate, and its card."""
    state, header = read(path)
    if header.get("network", 1) != NETWORK:
        found = header.get("network", 1)
        raise CheckpointError(f"weights: {path} holds a network of version {found}, this program makes {NETWORK}")
    try:
        card = Card.of(header["card"])
        network = DiT(DiTParams(**header["params"]))
        network.load_state_dict(state)
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"weights: {path} does not hold a video network of this program ({error})") from None
    return network.eval().requires_grad_(False), card


def load_with(path: Path, delta: Path) -> DiT:
    """The video network of a weight file with a delta of low rank added (see `lowrank`). Raises CheckpointError for one
    that belongs to other weights."""
    network, _ = load(path)
    parts, header = read(delta)
    made_for = header.get("card", {}).get("training", {}).get("base")
    if made_for != digest(path):
        raise CheckpointError(f"weights: {delta} belongs to other weights than {path}; make it anew or remove it")
    try:
        lowrank.add(network, parts)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"weights: {delta} holds no delta for {path} ({error})") from None
    return network
