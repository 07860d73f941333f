"""Prints what the watermark costs, what it survives, and how rarely a mark is seen where there is none (make bench).

`python bench/watermark.py 1000` looks at so many unmarked frames instead of 10,000. Photographs are taken from the
folder that VITASCOPE_PICTURES names; without it, pictures of fallen leaves stand in for them.
"""

import io
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, repeat
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from vitascope.finish import watermark
from vitascope.finish.watermark import detect, mark
from vitascope.shot.media import Frame, read_picture
from vitascope.world import footage

SEED = 61_000
PAYLOAD = 0x123456789ABC
SIZE, FPS, FRAMES = (1280, 720), 24.0, 48
SMALL = ((256, 144), (480, 270), (640, 360))
UNMARKED = {(256, 144): 0.6, (480, 270): 0.2, (640, 360): 0.1, (1280, 720): 0.1}  # the share of each size

Film = list[Frame]
Attack = Callable[[Film], Film]


# ---- films


def leaves(size: tuple[int, int], seed: int) -> Frame:
    """Discs of all sizes over each other, with grain: edges and areas are as frequent as in photographs (Lee, Mumford
    and Huang, «Occlusion models for natural images», IJCV 2001)."""
    rng = np.random.default_rng(seed)
    width, height = size
    picture = np.full((height, width, 3), 128, np.uint8)
    for _ in range(2000):
        radius = 0.004 * height / math.sqrt(rng.uniform(1e-4, 1))  # a density of r**-3
        place = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(picture, place, round(radius) + 1, rng.integers(0, 256, 3).tolist(), -1, cv2.LINE_AA)
    return np.clip(picture + grain(size, rng, 1.0)[..., None] * 6, 0, 255).astype(np.uint8)


def grain(size: tuple[int, int], rng: np.random.Generator, power: float) -> npt.NDArray[np.float64]:
    """Noise [H, W] of mean 0 and deviation 1 whose spectrum falls with the frequency to this power."""
    across, down = np.fft.rfftfreq(size[0]), np.fft.fftfreq(size[1])
    falls = 1 / np.maximum(np.hypot(down[:, None], across), 1 / max(size)) ** power
    falls[0, 0] = 0
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(size[::-1])) * falls, size[::-1])
    return noise / noise.std()


def pictures() -> list[Frame]:
    """Photographs, or what stands in for them."""
    if not (folder := os.environ.get("VITASCOPE_PICTURES")):
        return [leaves((768, 512), SEED + number) for number in range(12)]
    files = sorted(path for path in Path(folder).iterdir() if path.suffix in (".png", ".jpg", ".jpeg", ".webp"))
    return [read_picture(path) for path in files]


def pan(picture: Frame, size: tuple[int, int], speed: float, num: int = FRAMES) -> Film:
    """A camera that moves over a picture, this many pixels a frame."""
    factor = max((size[0] + speed * num) / picture.shape[1], (size[1] + speed * num) / picture.shape[0])
    moves = [np.array([[factor, 0, -speed * i], [0, factor, -speed * i / 2]]) for i in range(num)]
    return [cv2.warpAffine(picture, move, size, flags=cv2.INTER_CUBIC) for move in moves]


def render(number: int, size: tuple[int, int]) -> Film:
    take = footage.take(
        *(SEED, number), level=1 + number % 4, size=(256, 144), seconds=FRAMES / FPS, num_captions=1, num_tracks=1
    )
    frames = np.repeat(take.clip.array(), 2, 0)[:FRAMES]
    return [cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) for frame in frames]


def films(size: tuple[int, int]) -> Iterator[tuple[str, Film]]:
    photos = pictures()
    yield "render, level 1", render(0, size)
    yield "render, level 4", render(3, size)
    yield "leaves, moving", pan(leaves((1600, 900), 1), size, 3.3)
    yield "leaves, still", [leaves(size, 2)] * FRAMES
    for number in (4, 9):
        yield f"photo {number}, moving", pan(photos[number], size, 1.7)
    yield "photo 0, still", pan(photos[0], size, 0.0, 1) * FRAMES
    yield "grey", [np.full((size[1], size[0], 3), 128, np.uint8)] * FRAMES
    yield "almost black", [np.full((size[1], size[0], 3), 6, np.uint8)] * FRAMES


# ---- what is done to them


def coded(film: Film, crf: int = 28) -> Film:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(FPS), options={"crf": str(crf), "preset": "medium"})
        stream.height, stream.width = film[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in film:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def halved(film: Film) -> Film:
    height, width = (side // 4 * 2 for side in film[0].shape[:2])
    return [cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in film]


def cropped(film: Film) -> Film:
    """A tenth of the width and of the height cut off, at the left and the top."""
    height, width = film[0].shape[:2]
    left, top = width // 10, height // 10
    return [frame[top : top + (height - top) // 2 * 2, left : left + (width - left) // 2 * 2] for frame in film]


ATTACKS: dict[str, Attack] = {
    "CRF 28": coded,
    "half, CRF 28": lambda film: coded(halved(film)),
    "crop, CRF 28": lambda film: coded(cropped(film)),
    "half, crop, 28": lambda film: coded(halved(cropped(film))),
}


def jpeg(frame: Frame, quality: int) -> Frame:
    data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


# ---- what is measured


def psnr(film: Film, marked: Film) -> float:
    """Of the worst of some frames, dB."""
    errors = [((one.astype(np.float32) - other) ** 2).mean() for one, other in zip(film[::8], marked[::8], strict=True)]
    return 10 * math.log10(255**2 / max(errors))


def waves_right(film: Film) -> float:
    """The share of the waves that carry the number which have the right sign, before any is corrected."""
    total = sum(watermark._residue(frame) for frame in film[::2])
    assert isinstance(total, np.ndarray)
    spectrum, place = watermark._best(total, (film[0].shape[1], film[0].shape[0]))
    return float((watermark._agreement(spectrum, place) * watermark._chips(PAYLOAD) > 0).mean())


def survival(size: tuple[int, int], attacks: dict[str, Attack]) -> None:
    """One line a film: PSNR, and for each attack the score, the share of waves that are right, and the number."""
    carried = watermark.carries(size, FPS, FRAMES)
    print(f"\n{size[0]}x{size[1]}, {FRAMES / FPS:g} s:  score" + ("  waves right  number read" if carried else ""))
    print(f"{'':18s}{'PSNR':>6s}" + "".join(f"{name:>20s}" for name in attacks))
    for name, film in films(size):
        marked = list(mark(film, size, FPS, len(film), PAYLOAD))
        cells = []
        for attack in attacks.values():
            after = attack(marked)
            found = detect(after, FPS)
            number = {None: "no", PAYLOAD: "yes"}.get(found.payload, "WRONG")
            bits = f" {100 * waves_right(after):4.0f} % {number:>4s}" if carried else ""
            cells.append(f"{found.score:.1f}{'' if found.present else '!'}{bits}".rjust(20))
        print(f"{name:18s}{psnr(film, marked):6.2f}" + "".join(cells), flush=True)


def stills() -> None:
    """Single pictures of several sizes: the score as they are, as JPEG, and as JPEG of half the size."""
    print(
        f"\n{'single pictures':18s}{'as it is':>12s}{'JPEG 75':>12s}{'half, JPEG 75':>16s}   worst of 12, of the median"
    )
    for size in (*SMALL, SIZE, (1920, 1080)):
        scores = []
        for photo in pictures()[:12]:
            (marked,) = mark(pan(photo, size, 0.0, 1), size, FPS, 1, None)
            files = (marked, jpeg(marked, 75), jpeg(halved([marked])[0], 75))
            scores.append([detect([file]).score for file in files])
        worst, middle = np.min(scores, 0), np.median(scores, 0)
        cells = (f"{a:.1f}, {b:.1f}".rjust(width) for a, b, width in zip(worst, middle, (12, 12, 16), strict=True))
        print(f"{f'{size[0]}x{size[1]}':18s}" + "".join(cells), flush=True)


def unmarked(rng: np.random.Generator) -> Iterator[Frame]:
    """Frames without a mark: half of them rendered, the others noise and parts of pictures."""
    photos = pictures()
    for number in count():
        take = footage.take(
            *(SEED + 1, number), level=1 + number % 4, size=(256, 144), seconds=2.0, fps=6.0, samples=1
        )  # twelve frames of a scene
        for frame in take.clip.array():
            yield frame
            if rng.random() < 0.5:
                noise = 128 + rng.uniform(5, 60) * grain((256, 144), rng, rng.uniform(0, 2))
                yield np.repeat(np.clip(noise, 0, 255).astype(np.uint8)[..., None], 3, 2)
            else:
                photo = photos[int(rng.integers(len(photos)))]
                side = int(rng.uniform(0.3, 1) * min(photo.shape[:2]))
                top, left = (int(rng.integers(n - side + 1)) for n in photo.shape[:2])
                yield photo[top : top + side * 9 // 16, left : left + side]


def false_marks(num: int) -> None:
    """The scores of unmarked frames, the whole search included, and how they would go on beyond the largest."""
    rng = np.random.default_rng(SEED)
    sizes, shares = list(UNMARKED), list(UNMARKED.values())
    scores = []
    for frame in unmarked(rng):
        size = sizes[int(rng.choice(len(sizes), p=shares))]
        scores.append(detect([cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)]).score)
        if len(scores) == num:
            break
    values = np.sort(scores)
    print(f"\n{num} frames without a mark: median {np.median(values):.2f}, largest {values[-1]:.2f}")
    for share in (0.05, 0.01):
        tail = values[-round(num * share) :]
        over = tail - tail[0]
        # The shape of a generalised Pareto distribution of this mean and variance: at most 0 where a tail falls as
        # fast as the exponential one, or faster.
        shape = (1 - over.mean() ** 2 / over.var()) / 2
        beyond = share * math.exp((tail[0] - watermark.THRESHOLD) / over.mean())
        print(
            f"  the highest {share:.0%}: above {tail[0]:.2f} by {over.mean():.4f} on average, shape {shape:.2f}; "
            f"above {watermark.THRESHOLD:g}, if exponential: {beyond:.1e} a look"
        )


def cost() -> None:
    """Processor time on one thread: of the fastest frame, since others may be using the machine."""
    size = (1920, 1080)
    marking = mark(repeat(leaves(size, 3)), size, FPS, FRAMES, PAYLOAD)
    marked = next(marking)  # this one waits for the pattern, and perhaps a compiler
    times = [time.process_time()]
    for _ in range(40):
        next(marking)
        times.append(time.process_time())
    print(f"{size[0]}x{size[1]}: {1000 * np.diff(times).min():.1f} ms a frame to mark")
    start = time.process_time()
    detect([marked] * FRAMES, FPS)
    middle = time.process_time()
    detect([leaves(size, 3)] * FRAMES, FPS)
    end = time.process_time()
    print(f"  of two seconds, decoded: {middle - start:.2f} s to find the mark, {end - middle:.2f} s to find none")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    cost()
    survival(SIZE, ATTACKS)
    for small in SMALL:
        survival(small, {"CRF 16": lambda film: coded(film, 16)} | {name: ATTACKS[name] for name in list(ATTACKS)[:3]})
    stills()
    false_marks(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
