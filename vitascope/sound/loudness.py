"""How loud a sound is (EBU R128) and how far it peaks, measured by FFmpeg's `ebur128`, and a limiter for true peaks."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from vitascope.sound.blocks import RATE, Blocks, Stereo

if TYPE_CHECKING:
    import av
    from av.filter import Graph

SILENT = -70.0  # LUFS: below the gate of R128, nothing is heard
TOLD = RATE // 10  # samples after which the filter tells of all before
LIMITER = 4  # times the rate at which peaks are limited: true peaks lie between the samples


@dataclass(frozen=True)
class Loudness:
    """Of a whole sound: integrated loudness in LUFS (SILENT where nothing is heard), its range in LU, and the true
    peak in dBTP (-inf for silence)."""

    integrated: float
    range: float
    true_peak: float


class Meter:
    """Measures sound that passes through. Takes a second or so of memory."""

    def __init__(self) -> None:
        self._graph = _graph(("ebur128", "metadata=1:peak=true:framelog=quiet"))
        self._told: dict[str, str] = {}
        self._done = 0

    def add(self, block: Stereo) -> None:
        """The next samples [S, 2]."""
        for frame in _through(self._graph, block, self._done):
            self._told = dict(frame.metadata)
        self._done += len(block)

    def over(self, blocks: Iterable[Stereo]) -> Blocks:
        """The same blocks, measured while they pass."""
        for block in blocks:
            self.add(block)
            yield block

    def result(self) -> Loudness:
        """What was measured; call it when all has passed."""
        if self._done % TOLD:  # a last part that is shorter is never told of
            self.add(np.zeros((TOLD - self._done % TOLD, 2), np.float32))
        said = {name: float(self._told.get(f"lavfi.r128.{name}", "nan")) for name in ("I", "LRA", "true_peak")}
        loud = SILENT if math.isnan(said["I"]) else max(SILENT, said["I"])
        peak = 20 * math.log10(said["true_peak"]) if said["true_peak"] > 0 else -math.inf
        return Loudness(loud, 0.0 if math.isnan(said["LRA"]) else said["LRA"], peak)


def measured(blocks: Iterable[Stereo]) -> Loudness:
    """The loudness of a sound."""
    meter = Meter()
    for block in blocks:
        meter.add(block)
    return meter.result()


def limited(blocks: Iterable[Stereo], ceiling: float) -> Blocks:
    """The sound with no true peak above the ceiling (dBTP), as many samples as before. Peaks are turned down shortly
    before they come, at four times the rate, where those between the samples are seen."""
    high = RATE * LIMITER
    limit = 10 ** ((ceiling - 0.15) / 20)  # the way back to the usual rate raises some a little
    limiter = f"limit={limit:.6f}:attack=2:release=60:level=false:latency=true"
    floats = ("aformat", "sample_fmts=fltp")
    graph = _graph(("aresample", f"{high}"), ("alimiter", limiter), ("aresample", f"{RATE}"), floats)
    count = given = 0
    for block in chain(blocks, (None,)):
        for frame in _through(graph, block, given):
            samples = _samples(frame)
            count += len(samples)
            yield samples
        given += 0 if block is None else len(block)
    if count < given:
        yield np.zeros((given - count, 2), np.float32)


def _graph(*filters: tuple[str, str]) -> "Graph":
    """FFmpeg's filters one after the other, from stereo at RATE."""
    import av

    graph = av.filter.Graph()
    source = f"sample_rate={RATE}:sample_fmt=fltp:channel_layout=stereo:time_base=1/{RATE}"
    steps = [graph.add("abuffer", source)]
    steps += [graph.add(name, options) for name, options in filters]
    steps.append(graph.add("abuffersink"))
    for step, after in pairwise(steps):
        step.link_to(after)
    graph.configure()
    return graph


def _through(graph: "Graph", block: Stereo | None, first: int) -> "Iterator[av.AudioFrame]":
    """What comes out of filters after a block [S, 2] that begins at sample `first`; None ends the sound."""
    import av

    if block is None:
        graph.push(None)
    elif len(block):
        samples = np.ascontiguousarray(block.T, dtype=np.float32)  # 2 S
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
        graph.push(frame)
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return


def _samples(frame: "av.AudioFrame") -> Stereo:
    return np.ascontiguousarray(frame.to_ndarray().T, dtype=np.float32)  # S 2
