"""A delta of low rank to a network's matrices (LoRA, arXiv 2106.09685): small enough to ship beside the weights.

For each matrix W [out, in] there are `up` [out, rank] and `down` [rank, in]; the changed matrix is W + up · down.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

LEAST = 4096  # numbers that a matrix has at least, to get a delta


class Delta(nn.Module):
    """The delta to all large matrices inside a network; it begins at nothing."""

    def __init__(self, network: nn.Module, rank: int) -> None:
        super().__init__()
        self.names = tuple(name for name, _ in matrices(network))
        self.ups = nn.ParameterDict()
        self.downs = nn.ParameterDict()
        for name, weight in matrices(network):
            rows, columns = weight.shape
            fewer = min(rank, rows, columns)
            self.ups[_key(name)] = nn.Parameter(torch.zeros(rows, fewer))
            self.downs[_key(name)] = nn.Parameter(torch.randn(fewer, columns) * columns**-0.5)

    def changed(self, network: nn.Module) -> dict[str, Tensor]:
        """The matrices with the delta, by name, for `torch.func.functional_call`."""
        own = dict(network.named_parameters())
        return {name: torch.addmm(own[name], self.ups[_key(name)], self.downs[_key(name)]) for name in self.names}


def matrices(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The large matrices inside the blocks, the detailer and the last layers, by name."""
    for name, weight in network.named_parameters():
        if weight.ndim == 2 and weight.numel() >= LEAST and name.startswith(("blocks.", "detail.", "last.")):
            yield name, weight


@torch.no_grad()
def add(network: nn.Module, parts: Mapping[str, Tensor]) -> None:
    """Add the state of a Delta to a network's matrices. Raises KeyError or RuntimeError for one that does not fit."""
    own = dict(network.named_parameters())
    for key, up in parts.items():
        if key.startswith("ups."):
            name = key.removeprefix("ups.")
            own[name.replace("/", ".")].addmm_(up, parts[f"downs.{name}"])


def _key(name: str) -> str:
    return name.replace(".", "/")
