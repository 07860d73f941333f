"""What finishing costs: small frames at 12 a second become 1920x1080 at 30, with watermark and manifest, in a file.

    python bench/finish.py [--seconds 5,15] [--size 1920x1080] [--fps 30]

For each length, in a process of its own: frames a second, how long each stage was busy, and the most memory that the
process took; and beside it FFmpeg's `minterpolate` and `scale` (Lanczos) with the same encoder on the same frames.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

SMALL, RATE = (256, 144), 12.0


class Rolling:
    """A short take forwards and backwards, for as long as it is looked at."""

    def __init__(self, frames: np.ndarray) -> None:
        self.frames = frames

    def __iter__(self) -> Iterator[np.ndarray]:
        last, number = len(self.frames) - 1, 0
        while True:
            yield self.frames[last - abs(number % (2 * last) - last)]
            number += 1


def footage() -> Rolling:
    from vitascope.world.footage import take

    return Rolling(take(91, 2, level=2, style="natural", size=SMALL, seconds=2.0, num_captions=1).clip.array())


def ours(seconds: float, size: tuple[int, int], fps: float, path: Path) -> dict[str, float]:
    from vitascope.finish.deliver import deliver
    from vitascope.finish.frames import Finished
    from vitascope.shot.clip import Clip
    from vitascope.shot.shot import Shot

    shot = Shot(text="a truck drives by", size=size, seconds=seconds, fps=fps)
    frames = Finished(footage(), round(seconds * RATE), RATE, shot)
    start = time.perf_counter()
    deliver(Clip(frames, fps, shot), path)
    took = time.perf_counter() - start
    return {"fps": shot.num_frames / took, "seconds": took, **frames.watch.seconds}


def theirs(seconds: float, size: tuple[int, int], fps: float, path: Path) -> dict[str, float]:
    """FFmpeg's own filters, one graph."""
    import av

    rate, wide, high = Fraction(round(RATE)), *SMALL
    graph = av.filter.Graph()
    source = graph.add_buffer(width=wide, height=high, format="rgb24", time_base=1 / rate)
    between = graph.add("minterpolate", f"fps={fps:g}:mi_mode=mci")
    larger = graph.add("scale", f"{size[0]}:{size[1]}:flags=lanczos")
    plain = graph.add("format", "yuv420p")
    sink = graph.add("buffersink")
    graph.link_nodes(source, between, larger, plain, sink).configure()
    start, count = time.perf_counter(), 0
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=round(fps), options={"crf": "16", "preset": "veryfast"})
        video.width, video.height = size
        video.pix_fmt = "yuv420p"

        def drain() -> int:
            made = 0
            while True:
                try:
                    picture = graph.pull()
                except (av.BlockingIOError, av.EOFError):
                    return made
                picture.pts = None
                container.mux(video.encode(picture))
                made += 1

        for number, frame in enumerate(islice(footage(), round(seconds * RATE))):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = number, 1 / rate
            graph.push(picture)
            count += drain()
        graph.push(None)
        count += drain()
        container.mux(video.encode())
    took = time.perf_counter() - start
    return {"fps": count / took, "seconds": took}


def main() -> None:
    parser = argparse.ArgumentParser(description="what finishing costs")
    parser.add_argument("--seconds", default="5,15", help="lengths of film")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--one", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    wide, _, high = given.size.partition("x")
    size = int(wide), int(high)
    lengths = [float(part) for part in given.seconds.split(",")]
    if given.one:
        with tempfile.TemporaryDirectory() as folder:
            make = ours if given.one == "ours" else theirs
            found = make(lengths[0], size, given.fps, Path(folder) / "film.mp4")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**found, "memory": peak}))
        return
    for seconds in lengths:
        for name in ("ours", "theirs"):
            words = ("--one", name, "--seconds", f"{seconds:g}", "--size", given.size, "--fps", f"{given.fps:g}")
            done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=True)
            found = json.loads(done.stdout)
            rate, took, memory = found.pop("fps"), found.pop("seconds"), found.pop("memory")
            stages = ", ".join(f"{stage} {busy:.1f}" for stage, busy in found.items())
            who = "vitascope" if name == "ours" else "FFmpeg"
            print(
                f"{seconds:5g} s of {given.size} at {given.fps:g}: {who:9} {rate:5.1f} frames a second ({took:.1f} s), "
                f"{memory:.0f} MB" + (f"; busy: {stages}" if stages else "")
            )


if __name__ == "__main__":
    main()
