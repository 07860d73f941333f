"""What a suite of measurements is: who makes the clips that are judged, and what is told of them.

A suite is a module with one function `measure(studio, quick) -> Outcome`. It asks the studio for clips and measures
them; it puts true renders of the same through the same measurement (the ceiling: what a perfect model would get) and
something trivial (the baseline: what ignoring the question gets). Letters: T frames, H W pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vitascope import generate
from vitascope.finish.animatic import animatic, drawn
from vitascope.finish.reframe import reframing
from vitascope.model.card import WEIGHTS
from vitascope.model.checkpoint import Card
from vitascope.model.dit import DiT
from vitascope.shot.clip import Clip
from vitascope.shot.said import as_said
from vitascope.shot.shot import Quality, Shot

BATCH = 8  # clips that are made together
RESAMPLES = 2000

Frames = npt.NDArray[np.uint8]  # T H W 3


@dataclass(frozen=True)
class Metric:
    """One number, its 95 % interval, and what the same measurement gives for true renders and for a trivial answer."""

    value: float
    low: float
    high: float
    ceiling: float | None  # None where nothing true can be put through the same measurement
    baseline: float | None
    unit: str


@dataclass(frozen=True, eq=False)
class Shown:
    """A clip to look at in the report, beside the truth if there is one; `note` says what was measured."""

    title: str
    made: Frames
    true: Frames | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of a table in the report, as they are to be printed."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Plot:
    """Points or lines of a plot in the report: series by name, each of (x, y). `diagonal`: asked against done."""

    title: str
    x: str
    y: str
    series: dict[str, tuple[tuple[float, float], ...]]
    diagonal: bool = False


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a suite has found. `details` goes into report.json as it is."""

    metrics: dict[str, Metric]
    shown: tuple[Shown, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Studio:
    """Who makes the clips: a network with its card, as `generate` uses it."""

    network: DiT
    card: Card
    name: str  # of the weight file
    distilled: DiT | None = None
    quality: Quality = "best"  # of all shots, whatever they say

    @classmethod
    def of(cls, weights: Path | None = None, quality: Quality = "best") -> "Studio":
        """The studio of a weight file; of the shipped one if none is named. Raises CheckpointError."""
        path = weights or WEIGHTS / "small.safetensors"
        made_by = generate.loaded(path)
        return cls(made_by.network, made_by.card, path.name, made_by.distilled, quality)

    def draw(self, shots: Sequence[Shot], alone: bool = False) -> list[Frames]:
        """The frames of shots of the network's own size and rate and of at most one window, as the network made them
        (nothing is put back or scaled), set in motion, and as a moving camera sees them: [T, H, W, 3] each.
        With `alone` the network has to move all by itself. Shots of one length and as many pins are made together."""
        shots = list(shots if alone else map(as_said, shots))
        moved = [None if alone else animatic(shot, shot.num_frames, shot.fps) for shot in shots]
        plain = iter(self._seen([shot for shot, one in zip(shots, moved, strict=True) if one is None], alone))
        return [next(plain) if one is None else np.stack(list(one)) for one in moved]

    def _seen(self, shots: Sequence[Shot], alone: bool) -> list[Frames]:
        cameras = [None if alone else reframing(shot, shot.num_frames, shot.fps) for shot in shots]
        filmed = [shot if camera is None else camera.shot for shot, camera in zip(shots, cameras, strict=True)]
        made: list[Frames] = []
        for shot, frames, camera in zip(filmed, self._drawn(filmed), cameras, strict=True):
            moved = None if alone else drawn(shot, frames[0], shot.num_frames, shot.fps)
            kept = frames if moved is None else moved
            made.append(np.stack(list(kept if camera is None else camera.all(kept))))
        return made

    def _drawn(self, shots: Sequence[Shot]) -> list[Frames]:
        made: dict[int, Frames] = {}
        alike: dict[tuple[Any, ...], list[int]] = {}
        for number, shot in enumerate(shots):
            kinds = tuple(pin.media.kind for pin in shot.pins)
            alike.setdefault((shot.num_frames, shot.guidance, shot.steps, kinds), []).append(number)
        for numbers in alike.values():
            for start in range(0, len(numbers), BATCH):
                chosen = numbers[start : start + BATCH]
                made.update(zip(chosen, generate.draw(self.network, [shots[number] for number in chosen]), strict=True))
        return [made[number] for number in range(len(shots))]

    def make(self, shot: Shot) -> Clip:
        """The whole way, as a user goes it: any size, windows, refinement, pinned frames put back."""
        return generate.make_with(self.engine, shot.with_(quality=self.quality))

    @property
    def engine(self) -> generate.Engine:
        return generate.Engine(self.network, self.card, self.distilled)


def mean(values: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """The mean of some numbers and its 95 % interval by resampling (Efron 1979)."""
    numbers = np.asarray(values, np.float64)
    picks = np.random.default_rng(seed).integers(len(numbers), size=(RESAMPLES, len(numbers)))
    low, high = np.quantile(numbers[picks].mean(1), (0.025, 0.975))
    return float(numbers.mean()), float(low), float(high)


def fitted_slope(asked: Sequence[float], done: Sequence[float], seed: int = 0) -> tuple[float, float, float, float]:
    """The slope of done = slope · asked by least squares through the origin, its 95 % interval by resampling, and R²
    (of the same line; 1 - what is left over what there was about the mean)."""
    x, y = np.asarray(asked, np.float64), np.asarray(done, np.float64)
    picks = np.random.default_rng(seed).integers(len(x), size=(RESAMPLES, len(x)))
    slopes = (x[picks] * y[picks]).sum(1) / np.maximum((x[picks] ** 2).sum(1), 1e-12)
    slope = float((x * y).sum() / max((x * x).sum(), 1e-12))
    spread = float(((y - y.mean()) ** 2).sum())
    left = float(((y - slope * x) ** 2).sum())
    low, high = np.quantile(slopes, (0.025, 0.975))
    return slope, float(low), float(high), 1 - left / spread if spread > 0 else 0.0
