"""Prints where the time goes from words to a film of four seconds with the weights that ship, warm and in a new
process, and what memory it takes (make bench)."""

import gc
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BORN = time.perf_counter()  # a new process begins to count here, before it imports anything large

import torch  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count  # noqa: E402

from vitascope import generate  # noqa: E402
from vitascope.evaluate.speed import Course  # noqa: E402
from vitascope.model import numerics  # noqa: E402
from vitascope.model.text import encoder  # noqa: E402
from vitascope.shot import Shot  # noqa: E402

RUNS = 3
SHOT = Shot(text="a red ball bounces on the grass at sunset", size=(256, 144), seconds=4.0, fps=12.0, seed=1)


def items(path: Path) -> dict[str, float]:
    """Seconds of each part of making one film. The words are read beforehand, since `make` does not tell of it: it
    reads them again, some milliseconds, on the way to its first step."""
    start = time.perf_counter()
    for text in (SHOT.text, SHOT.negative):
        encoder()(text)
    text_seconds = time.perf_counter() - start
    course = Course()
    generate.make(SHOT, path, progress=course.note)
    return {"text": text_seconds, **course.seconds()}


def arithmetic(path: Path) -> dict[str, int]:
    """What one film takes, counted while it is made."""

    def attention(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
        return sdpa_flop_count(q, k, v)

    # PyTorch's counter does not know the CPU's attention
    mapping = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention}
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        course = Course(counter.get_total_flops)
        generate.make(SHOT, path, progress=course.note)
    return course.arithmetic()


def matrix_rate(dtype: torch.dtype) -> float:
    """Additions and multiplications a second of a large matrix product, the best of three."""
    side = 1536
    a, b = torch.randn(side, side).to(dtype), torch.randn(side, side).to(dtype)
    return 2 * side**3 / min(_timed(lambda: a @ b) for _ in range(3))


def _timed(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak_memory() -> float | None:
    """The most memory that this process has had, MB, where the system says (Linux)."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else None


def once(path: Path) -> None:
    """Make the film in this process, which is new, and print what it took as JSON."""
    imports = time.perf_counter() - BORN
    print(json.dumps({"items": {"import": imports, **items(path)}, "memory": peak_memory()}))


def new_process(path: Path) -> dict[str, Any]:
    """What a new process took, the time of its beginning and end included."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, "once", str(path)], check=True, capture_output=True, text=True)
    whole = time.perf_counter() - start
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    told["items"]["start, end"] = whole - sum(told["items"].values())
    return told


def command(path: Path) -> dict[str, float]:
    """Seconds of `vitascope make` from its call to its end, and of its stages as it tells them."""
    words = [SHOT.text, "--size", "x".join(map(str, SHOT.size)), "--seconds", str(SHOT.seconds)]
    words += ["--seed", str(SHOT.seed), "--timing", "--json", "-o", str(path)]
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "vitascope.cli", "make", *words], check=True, capture_output=True)
    whole = time.perf_counter() - start
    stages: dict[str, float] = json.loads(done.stdout.splitlines()[-1])["seconds"]
    return {"all": whole, **stages}


def show(title: str, runs: list[dict[str, float]]) -> None:
    """A line for each part: median and range of the runs, and what share of the whole it is."""
    whole = statistics.median(sum(run.values()) for run in runs)
    print(f"\n{title}: {whole:.2f} s")
    for name in runs[0]:
        times = [run.get(name, 0.0) for run in runs]
        median = statistics.median(times)
        print(f"  {name:<12}{median:8.3f} s  ({min(times):.3f} to {max(times):.3f})  {median / whole:4.0%}")


def main() -> None:
    dtype = torch.bfloat16 if numerics.computes_bf16(torch.device("cpu")) else torch.float32
    print(f"{SHOT.size[0]}x{SHOT.size[1]}, {SHOT.seconds:g} s at {SHOT.fps:g} frames a second; ", end="")
    print(f"median of {RUNS} runs; {torch.get_num_threads()} threads", end="")
    print(f"; load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ball.mp4"
        work = arithmetic(path)  # which also warms this process up, and fills the caches that new ones find
        warm, rates = [], []
        for _ in range(RUNS):
            rates.append(matrix_rate(dtype))
            warm.append(items(path))
        show("warm", warm)
        rate = statistics.median(rates)
        kind = "bf16" if dtype == torch.bfloat16 else "fp32"
        print(f"  matrices in {kind}: {rate / 1e9:.0f} GFLOP/s ({min(rates) / 1e9:.0f} to {max(rates) / 1e9:.0f})")
        for stage, amount in work.items():
            share = amount / statistics.median(run[stage] for run in warm) / rate
            print(f"  {stage:<12}{amount / 1e9:8.0f} GFLOP, {share:.0%} of the matrix rate")
        gc.collect()
        told = [new_process(path) for _ in range(RUNS)]
        show("new process, caches filled", [one["items"] for one in told])
        peaks = [one["memory"] for one in told if one["memory"] is not None]
        if peaks:
            print(f"  memory at most {statistics.median(peaks):.0f} MB ({min(peaks):.0f} to {max(peaks):.0f})")
        told_by_command = [command(path) for _ in range(RUNS)]
        whole = [one.pop("all") for one in told_by_command]
        show("the stages of `vitascope make`", told_by_command)
        print(f"  from its call to its end {statistics.median(whole):.2f} s ({min(whole):.2f} to {max(whole):.2f})")


if __name__ == "__main__":
    once(Path(sys.argv[2])) if sys.argv[1:2] == ["once"] else main()
