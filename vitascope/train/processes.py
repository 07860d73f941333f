"""Several processes that train one network, as `torchrun` starts them.

All make the same batch, each takes its share of the rows, and the sum of their gradients is that of the whole batch. So
their weights stay equal, and the first one alone saves, logs and shows.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from vitascope.train import video
from vitascope.train.stream import Ring, Sample, Source


@contextlib.contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Stands together with the other processes that torchrun has started, if it has."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def ranks() -> tuple[int, int]:
    """The number of this process, and how many there are."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def add_up(tensors: list[Tensor]) -> None:
    """Replace fp32 tensors by their sums over all processes, in one exchange."""
    together = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(together)
    for tensor, summed in zip(tensors, together.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(summed.view_as(tensor))


def total_of(number: float, device: torch.device) -> float:
    """The sum of a number over all processes."""
    if ranks()[1] == 1:
        return number
    box = torch.tensor(number, dtype=torch.float64, device=device)
    dist.all_reduce(box)
    return float(box)


def own_rows(made: video.Batch) -> tuple[video.Batch, float]:
    """This process's rows of a batch, and which share of the batch they are. Where there are fewer rows than processes,
    some take one that counts nothing: so all have gradients for the same weights."""
    rank, size = ranks()
    B = len(made.clean)
    rows = slice(rank, None, size) if rank < B else slice(0, 1)
    share = len(range(rank, B, size)) / B
    known = made.conditions
    mine: dict[str, Any] = {name: value[rows] for name, value in vars(known).items() if isinstance(value, Tensor)}
    clean, noise, time, care = (part[rows] for part in (made.clean, made.noise, made.time, made.care))
    return replace(made, clean=clean, noise=noise, time=time, care=care, conditions=replace(known, **mine)), share


@dataclass(frozen=True)
class _Part(Source):
    """What one of several processes renders of a footage: every so manieth clip."""

    rank: int = 0
    num_processes: int = 1

    def sample(self, index: int) -> Sample | None:  # type: ignore[override]
        return super().sample(index) if index % self.num_processes == self.rank else None


class SharedRing(Ring):
    """A ring whose clips are rendered once for all processes. All make the same batches and so need the same clips in
    the same order: when one is needed first, the process that has rendered it hands it round."""

    def __init__(self, source: Source, size: int, workers: int) -> None:
        rank, self._num_processes = ranks()
        given = {part.name: getattr(source, part.name) for part in fields(source)}
        super().__init__(_Part(**given, rank=rank, num_processes=self._num_processes), size, workers)
        self._group = dist.new_group(backend="gloo")  # its own, since batches are made beside the steps
        self._here: set[int] = set()

    def __getitem__(self, index: int) -> Sample:
        if index not in self._here:
            box = [super().__getitem__(index)]
            dist.broadcast_object_list(box, index % self._num_processes, self._group)
            self._kept[index] = box[0]
            self._here.add(index)
        return super().__getitem__(index)
