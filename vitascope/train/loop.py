"""The training loop: `vitascope train --preset small --out runs/a`, resumable to the byte on one machine.

All randomness of a step is drawn from the run's seed and the step's number, and the stream of clips depends only on
how many were used before; so the state of a run is its weights, its optimizers and two counters.
"""

import contextlib
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vitascope.model import checkpoint, flow, numerics, presets
from vitascope.model.checkpoint import Card, CheckpointError
from vitascope.model.dit import DiT
from vitascope.model.text import encoder
from vitascope.train import video
from vitascope.train.journal import Journal, arithmetic, matrix_rate
from vitascope.train.muon import Muon
from vitascope.train.processes import SharedRing, add_up, joined, own_rows, ranks, total_of
from vitascope.train.sheet import PROMPTS, write_sheet
from vitascope.train.stream import Ring, Source


class TrainError(ValueError):
    """A run that cannot be started or resumed as asked."""


@dataclass(frozen=True)
class Options:
    """A run, as the command line gives it."""

    preset: str
    out: Path
    resume: bool = False
    init: Path | None = None
    max_seconds: float | None = None
    max_steps: int | None = None  # stop here, before the planned end
    steps: int = 4000  # planned length: the learning rate falls over its last quarter
    batch: int = 32  # the cost of a step, in groups of the main format
    seed: int = 0
    learning_rate: float = 1.5e-3  # of vectors, embeddings and heads (AdamW)
    matrix_rate: float = 3e-3  # of the matrices inside the blocks (Muon)
    ring: int = 384  # clips kept at hand
    uses: float = 6.0  # times that each clip is used in full
    workers: int = 1
    device: str = "auto"  # "cpu", "cuda", or a GPU where there is one
    save_seconds: float = 180.0
    sheet_seconds: float = 1500.0
    source: Source = field(default_factory=Source)


@dataclass
class Run:
    """The state of a run, all of which a checkpoint holds."""

    network: DiT
    average: DiT  # exponential moving average of the weights: what is shipped
    matrices: Muon
    others: torch.optim.AdamW
    step: int = 0
    consumed: float = 0.0  # clips used up, in full uses
    num_samples: int = 0  # clips, parts of clips and pictures trained on
    seconds: float = 0.0

    def state(self) -> dict[str, Any]:
        parts = {name: getattr(self, name).state_dict() for name in ("network", "average", "matrices", "others")}
        counters = {name: getattr(self, name) for name in ("step", "consumed", "num_samples", "seconds")}
        return {**parts, **counters}

    def load(self, state: dict[str, Any]) -> None:
        for name in ("network", "average", "matrices", "others"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.consumed = state["step"], state["consumed"]
        self.num_samples, self.seconds = state["num_samples"], state["seconds"]


def device_of(options: Options) -> torch.device:
    """Where a run computes. Raises TrainError for a device that is not there."""
    there = torch.cuda.is_available()
    if options.device not in ("auto", "cpu", "cuda") or (options.device == "cuda" and not there):
        allowed = "auto, cpu or cuda" if there else "auto or cpu: there is no CUDA GPU here"
        raise TrainError(f"device: {options.device!r} was given; it can be {allowed}")
    if not there or options.device == "cpu":
        return torch.device("cpu")
    own = int(os.environ.get("LOCAL_RANK", 0))  # torchrun's: the number of this process on this machine
    if own >= torch.cuda.device_count():
        raise TrainError(f"device: {own + 1} processes or more, but only {torch.cuda.device_count()} GPUs are here")
    return torch.device("cuda", own)


# A run


def begin(options: Options) -> Run:
    """A fresh run, from random weights or from a weight file."""
    device = device_of(options)
    torch.manual_seed(options.seed)
    network = DiT(presets.params(options.preset))
    if options.init is not None:
        given, _ = checkpoint.load(options.init)
        if given.params != network.params:
            raise TrainError(f"init: {options.init} is no {options.preset!r} network, its sizes are {given.params}")
        network.load_state_dict(given.state_dict())
    network.to(device)
    average = DiT(network.params).requires_grad_(False).to(device)
    average.load_state_dict(network.state_dict())
    inside = [p for name, p in network.blocks.named_parameters() if p.ndim == 2 and not name.endswith("offset")]
    inside += network.detail.matrices()
    chosen = {id(p) for p in inside}
    rest = [p for p in network.parameters() if id(p) not in chosen]
    return Run(
        network,
        average,
        Muon(inside, lr=options.matrix_rate),
        torch.optim.AdamW(rest, lr=options.learning_rate, betas=(0.9, 0.98), weight_decay=0.0, foreach=True),
    )


def rate(step: int, steps: int) -> float:
    """Warm-up, stable, decay: the share of the learning rate at a step."""
    warm = min(1.0, (step + 1) / 100)
    left = (steps - step) / (0.25 * steps)
    return warm * min(1.0, max(0.02, left))


def advance(run: Run, made: video.Batch, options: Options) -> Tensor:
    """One step: loss, gradients, both optimizers, the average. Returns the loss, that of the whole batch on all
    processes."""
    alone = ranks()[1] == 1
    part, weight = (made, 1.0) if alone else own_rows(made)
    noisy, clean = flow.pair(part.clean, part.time, part.noise)
    with numerics.products(noisy.device):
        predicted = run.network(flow.scaled(noisy, part.time), part.time, part.conditions)
    loss = flow.loss(predicted, clean, part.time, part.care) * weight
    loss.backward()
    loss = loss.detach()
    if not alone:
        add_up([loss, *(weights.grad for weights in run.network.parameters() if weights.grad is not None)])
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    share = rate(run.step, options.steps)
    for optimizer, full in ((run.matrices, options.matrix_rate), (run.others, options.learning_rate)):
        for group in optimizer.param_groups:
            group["lr"] = full * share
        optimizer.step()
        optimizer.zero_grad()
    keep = min(0.9985, (1 + run.step) / (10 + run.step))
    with torch.no_grad():
        torch._foreach_lerp_(list(run.average.parameters()), list(run.network.parameters()), 1 - keep)
    return loss


def num_clips(run: Run, options: Options, more: float = 0.0) -> int:
    """How many clips the run has asked for so far (or when it has used up some more): a quarter of the ring to begin
    with, then as they are used up."""
    return options.ring // 4 + int((run.consumed + more) / options.uses)


def show(run: Run, options: Options) -> Path:
    """Samples of the fixed prompts, as the average of the weights makes them now."""
    path = options.out / f"sheet-{run.step:06d}.png"
    write_sheet(run.average, options.source, PROMPTS, path)
    return path


def save(run: Run, options: Options) -> None:
    """The whole state, written beside and renamed, and the average as a weight file."""
    path = options.out / "state.pt"
    beside = path.with_suffix(".part")
    try:
        torch.save({**run.state(), "options": repr(options.source), "preset": options.preset}, beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    source = options.source
    training = {
        "steps": run.step,
        "clips_rendered": num_clips(run, options),
        "samples": run.num_samples,
        "seconds": round(run.seconds),
        "hardware": hardware(device_of(options)),
        "torch": torch.__version__,
    }
    pins = len(video.PIN_SHARES) - 1
    main = source.formats[0]
    formats = tuple((*kind.size, kind.num_frames, kind.fps) for kind in source.formats)
    card = Card(
        *(options.preset, main.size, main.num_frames, main.fps, source.level, training),
        pins=pins,
        formats=formats,
        roles=("frame", "character"),
    )
    checkpoint.save(run.average, card, options.out / "weights.safetensors")


def hardware(device: torch.device) -> str:
    """What a run computes on, in words."""
    one = f"{platform.machine()}, {torch.get_num_threads()} threads"
    if device.type == "cuda":
        one = str(torch.cuda.get_device_name(device))
    size = ranks()[1]
    return one if size == 1 else f"{size} × {one}"


def restore(run: Run, options: Options) -> None:
    """Take up a run where it stopped. Raises CheckpointError when there is none, or one of other footage."""
    path = options.out / "state.pt"
    if not path.is_file():
        raise CheckpointError(f"resume: {options.out} holds no run (no state.pt); leave --resume away to start one")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["preset"] != options.preset or state["options"] != repr(options.source):
            raise CheckpointError(f"resume: {path} is a {state['preset']!r} run on {state['options']}, not this one")
        run.load(state)
    except CheckpointError:
        raise
    except Exception as error:  # torch raises whatever its unpickler meets
        raise CheckpointError(f"resume: {path} is damaged ({type(error).__name__}: {error})") from None


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or a plain kill has come. Either waits for the end of the step, since one that is cut in half
    (weights moved by one optimizer and not yet by the other) would not resume to the byte; a second is final."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    stop = threading.Event()

    def ask(signum: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def train(options: Options) -> Path:
    """Train until the planned steps, `max_steps` or `max_seconds`; returns the weight file. Ctrl-C (or a
    plain kill) finishes the step, saves and stops; a second one stops at once, without saving."""
    if not options.resume and (options.out / "state.pt").exists():
        raise TrainError(f"out: {options.out} already holds a run; add --resume to go on, or name another folder")
    with joined(device_of(options)):
        run = begin(options)
        if options.resume:
            restore(run, options)
        options.out.mkdir(parents=True, exist_ok=True)
        carry_on(run, options)
    return options.out / "weights.safetensors"


def carry_on(run: Run, options: Options) -> None:
    """Train a run on to its end; the first process saves, logs and shows it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    done = (TextColumn("step"), MofNCompleteColumn(), BarColumn())
    columns = (*done, TextColumn("{task.description}"), TimeRemainingColumn())
    last = min(options.steps, options.max_steps or options.steps)
    rank, size = ranks()
    device = device_of(options)
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(contextlib.closing(Journal(options.out, run.step))) if rank == 0 else None
        stop = stack.enter_context(_asked_to_stop())
        bar = stack.enter_context(Progress(*columns, disable=rank > 0 or not os.isatty(2)))
        task = bar.add_task("", total=last, completed=run.step)
        kind = Ring if size == 1 else SharedRing
        ring = stack.enter_context(kind(options.source, options.ring, options.workers))
        started = saved = sheeted = time.monotonic()
        for pace in steps(run, ring, options, last):
            bar.update(
                task, completed=run.step, description=f"loss {pace.loss:.3f}, {pace.groups_a_second:.0f} groups/s"
            )
            now = time.monotonic()
            if journal is not None:
                if run.step % 20 == 0:
                    counts = {"step": run.step, "samples": run.num_samples, "seconds": run.seconds}
                    journal.line(**counts, **pace._asdict(), rate=rate(run.step, options.steps))
                if now - saved > options.save_seconds:
                    save(run, options)
                    saved = now
                if now - sheeted > options.sheet_seconds:
                    journal.picture(show(run, options), run.step)
                    sheeted = time.monotonic()
            late = options.max_seconds is not None and now - started > options.max_seconds
            if total_of(stop() or late, device):  # all processes end with the same step
                if stop() and journal is not None:
                    bar.console.print(f"stopped at step {run.step}")
                break
        if journal is not None:
            save(run, options)
            ring.close()
            journal.picture(show(run, options), run.step)


class Pace(NamedTuple):
    """How a run goes, smoothed over the last steps."""

    loss: float
    groups_a_second: float  # of the main format
    mfu: float  # model FLOPs utilisation: a step's `arithmetic` a second, as a share of the measured `matrix_rate`


def steps(run: Run, ring: Ring, options: Options, last: int) -> Iterator[Pace]:
    """The loop itself: yields how it goes after each step. What is done meanwhile does not count as its time."""
    untexted = torch.from_numpy(encoder()(""))
    device = device_of(options)
    tokens_a_group = options.source.formats[0].num_patches
    peak = total_of(matrix_rate(device), device)
    pace: Pace | None = None

    def make(step: int, end: int) -> video.Batch:
        """The batch of a step that begins when the run has asked for `end` clips."""
        ring.ask(end, ahead=2 * options.workers)  # so that the step need not wait
        first = max(0, end - options.ring)
        return video.batch(ring, first, end, options.batch, step, (options.seed, step), untexted, device)

    # A GPU's next batch is made while it works. What is in it is known beforehand: how many clips a batch uses up is.
    builder = ThreadPoolExecutor(1, "batch")
    coming: Future[video.Batch] | None = None
    try:
        while run.step < last:
            before = time.monotonic()
            made = coming.result() if coming else make(run.step, num_clips(run, options))
            if device.type == "cuda":
                coming = builder.submit(make, run.step + 1, num_clips(run, options, made.clips_used))
            loss = float(advance(run, made, options))
            if loss != loss:
                raise TrainError(f"the loss is not a number at step {run.step}; start again with a lower learning rate")
            run.step += 1
            run.consumed += made.clips_used
            run.num_samples += made.num_samples
            taken = time.monotonic() - before
            run.seconds += taken
            speed = made.num_tokens / tokens_a_group / taken
            mfu = arithmetic(run.network.params, made) / taken / peak
            if pace is None:
                pace = Pace(loss, speed, mfu)
            else:
                pace = Pace(
                    0.98 * pace.loss + 0.02 * loss,
                    0.95 * pace.groups_a_second + 0.05 * speed,
                    0.95 * pace.mfu + 0.05 * mfu,
                )
            yield pace
    finally:
        builder.shutdown()  # a batch under way is finished, since other processes may need this one's clips for theirs
