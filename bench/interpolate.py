"""How near interpolated frames come to those that the world draws in between: PSNR beside plain blending and beside the
nearest frame, over the pixels of all frames that are not there, and the time that one takes.

    python bench/interpolate.py [--takes 8]
"""

import argparse
import time

import numpy as np

from vitascope.finish.interpolate import interpolate
from vitascope.world import footage

SEED = 71_000  # of takes that nothing was trained on
FPS = 12
RATES = (30, 60)
ALL = 60  # frames a second that hold those of every rate; the most that a Shot can have


def main() -> None:
    parser = argparse.ArgumentParser(description="interpolated frames beside those that the world draws")
    parser.add_argument("--takes", type=int, default=8, help="of each level")
    given = parser.parse_args()
    print("level  rate  interpolated     blended     nearest  ms a frame")
    for level in (1, 2, 3):
        takes = [_film(level, index) for index in range(given.takes)]
        for rate in RATES:
            errors, took, made = [], 0.0, 0
            for film in takes:
                known, wanted = film[:: ALL // FPS], film[:: ALL // rate]
                start = time.perf_counter()
                found = list(interpolate(known, FPS, rate, len(wanted)))
                took, made = took + time.perf_counter() - start, made + len(wanted)
                for number in range(len(wanted)):
                    first, share = divmod(number * FPS / rate, 1)
                    if 1e-6 < share < 1 - 1e-6 and first + 1 < len(known):
                        one, two = known[int(first)].astype(float), known[int(first) + 1].astype(float)
                        answers = (found[number], one * (1 - share) + two * share, one if share < 0.5 else two)
                        errors.append([np.square(answer - wanted[number].astype(float)).mean() for answer in answers])
            ours, plain, nearest = 10 * np.log10(255**2 / np.mean(errors, 0))
            milliseconds = 1000 * took / made
            print(f"{level:5}  {rate:4}  {ours:9.2f} dB  {plain:7.2f} dB  {nearest:7.2f} dB  {milliseconds:10.1f}")


def _film(level: int, index: int) -> np.ndarray:
    """A second of the world at the rate that holds all others, [T, H, W, 3]."""
    return footage.take(
        *(SEED, index),
        level=level,
        style="natural",
        size=(256, 144),
        seconds=1.0,
        fps=ALL,
        num_captions=1,
        num_tracks=1,
    ).clip.array()


if __name__ == "__main__":
    main()
