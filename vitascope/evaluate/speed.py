"""How fast a film is made here and now: frames a second, the time to the finished file, and what share of the machine's
matrix rate each stage of the network reaches.

Everything is timed warm, in the median of some runs, and says only what this machine did while it did nothing else.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from vitascope import generate
from vitascope.evaluate.suite import Metric, Outcome, Studio, Table
from vitascope.model import checkpoint
from vitascope.model.text import encoder
from vitascope.shot.shot import Shot
from vitascope.train.journal import matrix_rate

SEED = 44_000
TEXT = "a red ball bounces on the grass at sunset"
SMALL = Shot(text=TEXT, size=(144, 80), seconds=2.0, fps=12.0, seed=SEED)
LARGE = Shot(text=TEXT, size=(256, 144), seconds=4.0, fps=12.0, seed=SEED)
RUNS = 3
STEPPED = ("sample", "refine")  # stages that go by calls of the network
STAGES = ("load", "text", "sample", "refine", "decode", "finish", "write")


@dataclass
class Course:
    """What making told of its progress, and when: each mark is (stage, steps done, seconds, arithmetic)."""

    work: Callable[[], int] = lambda: 0
    marks: list[tuple[str, int, float, int]] = field(default_factory=list)

    def note(self, stage: str, done: int, total: int) -> None:
        self.marks.append((stage, done, time.perf_counter(), self.work()))

    def seconds(self) -> dict[str, float]:
        """Seconds of each stage. What comes between the last call of the network and the next stage is counted by
        itself: there patches become frames."""
        took: dict[str, float] = {}
        for (stage, done, start, _), (following, _, end, _) in pairwise(self.marks):
            name = "decode" if stage in STEPPED and done > 0 and following != stage else stage
            took[name] = took.get(name, 0.0) + end - start
        return took

    def arithmetic(self) -> dict[str, int]:
        """Additions and multiplications of the matrix products of each stage, where there are any."""
        done: dict[str, int] = {}
        for (stage, _, _, before), (*_, after) in pairwise(self.marks):
            done[stage] = done.get(stage, 0) + after - before
        return {stage: amount for stage, amount in done.items() if amount}


def run(studio: Studio, shot: Shot, path: Path, work: Callable[[], int] | None = None) -> Course:
    """One film, from the Shot to its file. The words are read once by themselves, since making does not tell of it: it
    reads them again, some milliseconds, on the way to its first step."""
    course = Course(work or (lambda: 0))
    course.note("text", 0, 1)
    for text in (shot.text, shot.negative):
        encoder()(text)
    course.note("start", 0, 1)
    clip = generate.make_with(studio.engine, shot.with_(quality=studio.quality), course.note)
    course.note("write", 0, 1)
    clip.save(path)
    course.note("done", 1, 1)
    return course


def arithmetic(studio: Studio, shot: Shot, path: Path) -> dict[str, int]:
    """What the matrix products of one film take, by stage, counted while it is made."""

    def attention(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
        return sdpa_flop_count(q, k, v)

    # PyTorch's counter does not know the CPU's attention.
    mapping = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention}
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        return run(studio, shot, path, counter.get_total_flops).arithmetic()


def load_seconds(studio: Studio, folder: Path) -> float:
    """Seconds to read this network from a weight file as they are shipped (int8), the file being in memory."""
    path = folder / "weights.safetensors"
    checkpoint.save(studio.network, studio.card, path, stored="int8")
    start = time.perf_counter()
    checkpoint.load(path)
    return time.perf_counter() - start


@dataclass(frozen=True)
class Timed:
    """Runs of one Shot: seconds of its stages in each, the arithmetic of its stages, and operations a second of a large
    matrix product, measured before each run."""

    shot: Shot
    runs: tuple[dict[str, float], ...]
    work: dict[str, int]
    rates: tuple[float, ...]

    def all(self, *stages: str) -> list[float]:
        """Seconds of these stages together, in each run."""
        return [sum(one.get(stage, 0.0) for stage in stages) for one in self.runs]

    def share(self, stage: str) -> list[float]:
        """What share of the matrix rate a stage reached, in each run."""
        took = self.all(stage)
        return [self.work[stage] / seconds / rate for seconds, rate in zip(took, self.rates, strict=True)]


def timed(studio: Studio, shot: Shot, folder: Path, count: int) -> Timed:
    """A Shot made once to warm up and count, and then some times."""
    path = folder / "film.mp4"
    device = next(studio.network.parameters()).device
    work = arithmetic(studio, shot, path)
    runs, rates = [], []
    for _ in range(count):
        rates.append(matrix_rate(device))
        runs.append(run(studio, shot, path).seconds())
    return Timed(shot, tuple(runs), work, tuple(rates))


def median(values: list[float], unit: str) -> Metric:
    """The middle one of some runs, with the least and greatest in place of an interval: they are too few for one.
    Nothing true can be timed, and there is no trivial answer."""
    return Metric(statistics.median(values), min(values), max(values), None, None, unit)


def metrics_of(found: Timed, loaded: float) -> dict[str, Metric]:
    """What is told of a film."""
    frames = found.shot.num_frames
    network = tuple(stage for stage in STEPPED if stage in found.runs[0])
    sampling = found.all(*network)
    latency = found.all(*_names(found))
    told = {
        "fps": median([frames / seconds for seconds in sampling], "frames that the network makes a second"),
        "sampling_seconds": median(sampling, "seconds in the network"),
        "latency_seconds": median(latency, "seconds from the Shot to its file, warm"),
        "load_seconds": median([loaded], "seconds to read the weights"),
    }
    for stage in STAGES[1:]:
        if stage in found.runs[0]:
            told[f"{stage}_seconds"] = median(found.all(stage), f"seconds: {stage}")
    whole = [sum(found.work[stage] for stage in network) / s / r for s, r in zip(sampling, found.rates, strict=True)]
    told["share_of_peak"] = median(whole, "share of the rate of a large matrix product, while sampling")
    for stage in network:
        told[f"{stage}_share_of_peak"] = median(found.share(stage), f"share of that rate: {stage}")
    return told


def measure(studio: Studio, quick: bool) -> Outcome:
    """Two seconds at 144×80; in full also four seconds at 256×144."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loaded = load_seconds(studio, folder)
        small = timed(studio, SMALL, folder, RUNS)
        films = [small] if quick else [small, timed(studio, LARGE, folder, RUNS)]
    metrics = metrics_of(small, loaded)
    if not quick:
        metrics |= {f"large_{key}": one for key, one in metrics_of(films[1], loaded).items() if key != "load_seconds"}
    details = {
        "quality": studio.quality,
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "matrix_gflops": round(statistics.median(small.rates) / 1e9, 1),
        "films": [f"{one.shot.size[0]}x{one.shot.size[1]}, {one.shot.seconds:g} s" for one in films],
    }
    return Outcome(metrics, tables=tuple(_table(one) for one in films), details=details)


def _names(found: Timed) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in found.runs for name in one))


def _table(found: Timed) -> Table:
    """Where the time of a film goes."""
    width, height = found.shot.size
    whole = statistics.median(found.all(*_names(found)))
    rows = []
    for name in _names(found):
        seconds = statistics.median(found.all(name))
        work = found.work.get(name)
        reached = statistics.median(found.share(name)) if work else None
        told = (f"{work / 1e9:.0f}" if work else "", "" if reached is None else f"{reached:.0%}")
        rows.append((name, f"{seconds:.3f}", f"{seconds / whole:.0%}", *told))
    title = f"{width}x{height}, {found.shot.seconds:g} s at {found.shot.fps:g} frames a second: {whole:.2f} s"
    return Table(title, ("stage", "seconds", "share", "GFLOP", "of the matrix rate"), tuple(rows))
