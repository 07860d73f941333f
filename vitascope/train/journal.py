"""What can be read of a run while it goes on: log.csv, TensorBoard, and how much of the machine it uses."""

import contextlib
import csv
import os
import time
from pathlib import Path
from typing import Any

import torch

from vitascope.model import detail, numerics, patches
from vitascope.model.condition import KNOWN_PARTS, TRACK_WIDTH
from vitascope.model.dit import DiTParams
from vitascope.model.text import TEXT_WIDTH
from vitascope.shot.media import read_picture
from vitascope.train import video

# The columns of log.csv, and how their numbers are written.
COLUMNS = {
    "step": "d",
    "loss": ".4f",
    "rate": ".3f",
    "groups_a_second": ".1f",
    "mfu": ".3f",  # model FLOPs utilisation, see `steps`
    "samples": "d",
    "seconds": ".0f",
}
CURVES = ("loss", "rate", "groups_a_second", "mfu")  # what TensorBoard gets of them


def arithmetic(params: DiTParams, made: video.Batch) -> int:
    """How many operations (a multiplication and an addition are two) the matrix products of a step are, there and back:
    those of all linear layers and of attention, exactly. Letters as in `DiT`."""
    B, G, n, width = made.clean.shape
    known = made.conditions
    C, P, M = (0 if there is None else there.shape[1] for there in (known.context, known.pins, known.letters))
    D, K, L = params.width, C + P, known.text.shape[1] + M
    N, squeezed, squeezed_still = (G + K) * n, params.bottleneck, params.bottleneck // 2
    moving = width == patches.MOVING_WIDTH

    # Multiplications of one clip. The way back takes as many for the gradient of a layer's weights, and as many again
    # for that of its inputs, unless these are data.
    of_data = G * n * width * (squeezed if moving else squeezed_still)
    of_data += C * n * patches.MOVING_WIDTH * squeezed + P * n * patches.STILL_WIDTH * squeezed_still
    inside = (G * n * (squeezed if moving else squeezed_still) + C * n * squeezed + P * n * squeezed_still) * D
    if known.tracks is not None:
        of_data += G * n * known.tracks.shape[-1] * D
    of_data += (
        P * n * D * (TRACK_WIDTH * (known.pin_tracks is not None) + KNOWN_PARTS**2 * (known.pin_known is not None))
    )
    if known.context_tracks is not None:
        of_data += C * n * known.context_tracks.shape[-1] * D
    of_data += (G + K) * (128 + n * 64) * D + TEXT_WIDTH * D  # noise level, places and gist
    inside += (G + K) * (D * D + D * 6 * D) + G * D * 2 * D + G * n * D * width  # … modulation, and the way out
    channels, cells, cell = params.channels, G * n * detail.SIDE**2, width // detail.SIDE**2  # of the detailer
    inside += cells * channels * (2 * cell + D + cell) + detail.DEPTH * (
        cells * 18 * channels**2 + G * D * 2 * channels
    )
    for index in range(params.depth):
        everywhere = G <= 2 or index % params.global_every == params.global_every // 2
        pairs = N * N if everywhere else n * n * (3 * G - 2 + G * K + K * (G + K))  # of tokens that attend
        inside += N * (4 * D * D + 3 * D * params.hidden) + 2 * pairs * D
        if index % params.text_every == 0:
            inside += 2 * N * D * D + 2 * N * L * D
            words = 2 * L * TEXT_WIDTH * D
            inside, of_data = (inside + words, of_data) if M else (inside, of_data + words)  # letters are weights
    once = 32 * D + M * 32 * TEXT_WIDTH  # fineness and letters' places: the same for all clips
    gist = known.text.shape[1] * TEXT_WIDTH  # only there
    return 2 * (B * (3 * inside + 2 * of_data + gist) + 2 * once)


def matrix_rate(device: torch.device) -> float:
    """Operations a second of a large matrix product, in the numbers that training multiplies (bf16 or
    fp32): the best one of 0.15 s."""
    size = 8192 if device.type == "cuda" else 1024
    kind = torch.bfloat16 if numerics.computes_bf16(device) else torch.float32
    x = torch.randn(size, size, generator=torch.Generator(device).manual_seed(0), device=device).to(kind)
    taken: list[float] = []
    until = time.monotonic() + 0.15
    while len(taken) < 3 or time.monotonic() < until:  # the first one also wakes the library up
        begun = time.perf_counter()
        x @ x
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - begun)
    return 2 * size**3 / min(taken)


class Journal:
    """What can be read of a run while it goes on: log.csv, and events for TensorBoard where that package is there."""

    def __init__(self, out: Path, step: int) -> None:
        """The journal of a run that goes on from a step."""
        columns = _columns(out / "log.csv")
        self._file = open(out / "log.csv", "a", newline="")  # noqa: SIM115, closed by `close`
        self._rows = csv.DictWriter(self._file, columns, restval="")
        self._events: Any = None
        with contextlib.suppress(ImportError):
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(str(out), purge_step=step)

    def line(self, **values: float) -> None:
        """The numbers of a step, by their columns."""
        self._rows.writerow({name: format(value, COLUMNS[name]) for name, value in values.items()})
        self._file.flush()
        if self._events is not None:
            for name in CURVES:
                self._events.add_scalar(name, values[name], values["step"])

    def picture(self, path: Path, step: int) -> None:
        """A sheet of samples, which is a file already."""
        if self._events is not None:
            self._events.add_image("samples", read_picture(path.read_bytes()), step, dataformats="HWC")

    def close(self) -> None:
        self._file.close()
        if self._events is not None:
            self._events.close()


def _columns(path: Path) -> list[str]:
    """The columns of a log, which is begun if there is none. One that lacks some (older versions wrote fewer) gets
    them, empty in the lines so far."""
    rows: list[list[str]] = []
    if path.exists():
        with open(path, newline="") as file:
            rows = list(csv.reader(file))
    there = rows[0] if rows else []
    columns = there + [name for name in COLUMNS if name not in there]
    if columns != there:
        beside = path.with_suffix(".part")
        with open(beside, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(row + [""] * (len(columns) - len(row)) for row in rows[1:])
        os.replace(beside, path)
    return columns
