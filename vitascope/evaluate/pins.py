"""Does a shot keep what is pinned in it, exactly and without a jump beside it?

Every way of pinning is asked for once a source, the whole way that a user goes: first, last, middle and several
pictures, parts (a hole, a middle), a film before, after and around the shot, and a loop. A source is a true
render of a thing that rolls, slides or rests, since a true impact is a jump too. Letters: T frames, H W pixels.
"""

import io
import itertools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vitascope import generate
from vitascope.evaluate.suite import Frames, Metric, Outcome, Shown, Studio, Table, mean
from vitascope.shot import edit, splice
from vitascope.shot.clip import Clip
from vitascope.shot.media import mask_media, read_film
from vitascope.shot.shot import Media, Pin, Region, Shot
from vitascope.shot.splice import film_media
from vitascope.world import footage

SEED = 41_000  # of the footage, which training has never seen
SIZE, FPS, SECONDS = (144, 80), 12.0, 2.0
USUAL_SIZE = Shot.model_fields["size"].default  # of a film whose size nobody names
SMOOTH = ("roll", "slide", "stand")  # actions whose frames change evenly
NEAR = 6  # differences that one is compared with: a motion of two seconds may end in its middle
FLOOR = 0.25  # grey levels: what frames differ by where nothing happens
NEIGHBOURS = 3  # frames after the first that are compared with it
HALF = 12  # frames of a source that are known where a film is pinned before or after the shot
PART = (8, 16)  # frames of a source that are made again in a retake
ALIKE = 99.0  # dB, for pictures that are the same

Picture = npt.NDArray[np.uint8]  # H W 3
Mask = npt.NDArray[np.bool_]  # H W


# ---- what is measured


def psnr(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Peak signal to noise of two arrays of one shape, dB; ALIKE for equal ones."""
    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return min(ALIKE, 10 * float(np.log10(255**2 / error))) if error > 0 else ALIKE


def differences(frames: Frames) -> npt.NDArray[np.float64]:
    """How much each frame differs from the one before: mean absolute grey levels, [T - 1]."""
    values = frames.astype(np.int16)
    return np.array([np.abs(after - before).mean() for before, after in itertools.pairwise(values)])


def pop(changes: npt.NDArray[np.float64], at: Sequence[int]) -> float:
    """By how many standard deviations the greatest of the differences `at` stands out from the NEAR others around them.
    About 0 where nothing jumps."""
    others = [i for i in range(len(changes)) if i not in at]
    near = changes[sorted(others, key=lambda i: min(abs(i - j) for j in at))[:NEAR]]
    return float((changes[list(at)].max() - near.mean()) / (near.std() + FLOOR))


def exact(made: npt.NDArray[np.uint8], wanted: npt.NDArray[np.uint8], shown: Mask | None = None) -> float:
    """The share of pixels [..., 3] that are exactly as wanted, of those that are shown [...]."""
    same = (made == wanted).all(-1)
    return float(same.mean() if shown is None else same[shown].mean())


def seam(frames: Frames) -> float:
    """How much the step from the last frame of a loop to its first stands out from those around it."""
    half = len(frames) // 2
    return pop(differences(np.concatenate((frames[half:], frames[:half]))), (len(frames) - half - 1,))


def in_file(frames: Frames, fps: float = FPS) -> Frames:
    """The frames as they come back from the file that a clip is saved to: [T, H, W, 3]."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        Clip.from_array(frames, fps).save(path)
        return np.stack(list(read_film(path)))


# ---- media


def picture(frame: Picture) -> Media:
    """A frame as media that carries it, exactly."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG")
    return Media.of(file.getvalue(), "picture")


@dataclass(frozen=True, eq=False)
class Source:
    """A true render, its words, and the number that its shots are seeded with."""

    frames: Frames  # T H W 3, T = 24
    text: str
    number: int

    def shot(self, *pins: Pin, seconds: float = SECONDS) -> Shot:
        return Shot(text=self.text, size=SIZE, seconds=seconds, fps=FPS, seed=SEED + self.number, pins=pins)

    def clip(self, part: slice = slice(None)) -> Clip:
        return Clip.from_array(self.frames[part], FPS)


def sources(count: int) -> list[Source]:
    """The first so many renders of the seed in which things move evenly."""
    found: list[Source] = []
    index = 0
    while len(found) < count:
        scene, motion = footage.happening(SEED, index, size=SIZE, seconds=SECONDS, fps=FPS)
        if scene.things[0].action in SMOOTH:
            take = footage.film(scene, motion, SEED, index, size=SIZE, num_captions=1, num_tracks=1)
            found.append(Source(take.clip.array(), take.captions[0], index))
        index += 1
    return found


# ---- the ways of pinning


class Tally:
    """Numbers by the metric's name: what was made, what is true, and the trivial answer."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[float, float, float]]] = {}

    def add(self, name: str, made: float, true: float, trivial: float) -> None:
        self.rows.setdefault(name, []).append((made, true, trivial))

    def metrics(self, units: dict[str, str]) -> dict[str, Metric]:
        found = {}
        for name, unit in units.items():
            made, true, trivial = zip(*self.rows[name], strict=True)
            found[name] = Metric(*mean(made), mean(true)[0], mean(trivial)[0], unit)
        return found


Make = Callable[[Shot], Frames]
MOMENTS: dict[str, tuple[int, ...]] = {"first": (0,), "last": (23,), "middle": (12,), "several": (0, 12, 23)}


def _pictures(make: Make, source: Source, other: Source, tally: Tally) -> Shown:
    """Whole pictures at the moments of the clip. The trivial answer to all of it is another clip; to how even it is,
    this one with a picture of another in its place."""
    shown = None
    for name, moments in MOMENTS.items():
        made = make(source.shot(*(Pin(media=picture(source.frames[at]), time=at / FPS) for at in moments)))
        there = list(moments)
        tally.add("exact", exact(made[there], source.frames[there]), 1.0, exact(other.frames[there], made[there]))
        if name == "several":
            shown = Shown(f"first, middle and last picture pinned: {source.text}", made, source.frames)
            continue
        touched = [i for i in (there[0] - 1, there[0]) if 0 <= i < len(made) - 1]
        strange = source.frames.copy()
        strange[there] = other.frames[there]
        pops = [pop(differences(one), touched) for one in (made, source.frames, strange)]
        tally.add(f"{name}_pop", *pops)
        if name == "first":
            for step in range(1, 1 + NEIGHBOURS):
                near = [psnr(one[step], source.frames[0]) for one in (made, source.frames, other.frames)]
                tally.add("first_match", *near)
    assert shown is not None
    return shown


def _file(make: Make, source: Source, other: Source, tally: Tally) -> None:
    """Pictures pinned to a shot of the usual size, as its file has them."""
    there = list(MOMENTS["several"])
    wanted, strange = (
        np.stack([generate.scaled(frame, USUAL_SIZE) for frame in one.frames]) for one in (source, other)
    )
    pins = tuple(Pin(media=picture(wanted[at]), time=at / FPS) for at in there)
    made = make(source.shot(*pins).with_(size=USUAL_SIZE))
    kept = [psnr(one, wanted[there]) for one in (in_file(made)[there], in_file(wanted)[there], strange[there])]
    tally.add("file_db", *kept)


def _regions(make: Make, source: Source, other: Source, tally: Tally) -> Shown:
    """Parts: a film but for a hole in its middle (inpaint), and only the middle of a picture (outpaint). Their edges
    lie on whole pixels, so nothing is scaled, and what must be there is known without asking the program."""
    width, height = SIZE
    left, top = width // 4, height // 4
    middle = np.zeros((height, width), np.bool_)
    middle[top : height - top, left : width - left] = True
    known = source.frames[:HALF]
    mended = make(edit.inpaint(source.shot(), film_media(list(known), FPS), mask_media(middle)))
    around = np.broadcast_to(~middle, known.shape[:3])
    tally.add("region_exact", exact(mended, known, around), 1.0, exact(other.frames[:HALF], known, around))

    inside = picture(known[0, top : height - top, left : width - left])
    region = Region(x=0.25, y=0.25, width=0.5, height=0.5)
    made = make(source.shot(Pin(media=inside, region=region), seconds=HALF / FPS))
    tally.add("region_exact", exact(made[0], known[0], middle), 1.0, exact(other.frames[0], known[0], middle))
    return Shown(f"all but the middle known: {source.text}", mended, known)


def _films(studio: Studio, source: Source, other: Source, tally: Tally) -> Shown:
    """A film that is gone on with, led up to, of which a part is made again, or that is made a loop: how even its
    seams are, the film's own frames beside them. The trivial answer is a cut to another clip; to the loop, none."""
    half, seam_at = HALF / FPS, (HALF - 1,)
    shot = source.shot(seconds=half)
    begun, ended = source.clip(slice(0, HALF)), source.clip(slice(HALF, None))
    made = studio.make(edit.extend(shot, begun))
    extended = splice.joined(begun, made, half, half).array()
    cut = np.concatenate((source.frames[:HALF], other.frames[HALF:]))
    tally.add("extend_pop", *(pop(differences(one), seam_at) for one in (extended, source.frames, cut)))

    made = studio.make(edit.before(shot, ended))
    led = splice.joined(ended, made, 0.0, 0.0).array()
    cut = np.concatenate((other.frames[:HALF], source.frames[HALF:]))
    tally.add("before_pop", *(pop(differences(one), seam_at) for one in (led, source.frames, cut)))

    whole, (start, end) = source.clip(), PART
    made = studio.make(edit.retake(source.shot(), whole, start / FPS, end / FPS))
    again = splice.joined(whole, made, start / FPS, end / FPS).array()
    cut = source.frames.copy()
    cut[start:end] = other.frames[start:end]
    tally.add("retake_pop", *(pop(differences(one), (start - 1, end - 1)) for one in (again, source.frames, cut)))
    kept = np.r_[0:start, end : len(source.frames)]
    wanted = source.frames[kept]
    tally.add("retake_identical", exact(again[kept], wanted), 1.0, exact(other.frames[kept], wanted))

    made = studio.make(edit.loop(source.shot(), whole))
    ring = splice.joined(whole, made, SECONDS - made.seconds, SECONDS).array()
    there = source.frames[: HALF + 1]
    back = np.concatenate((there, there[-2:0:-1]))  # there and back again is a true loop
    tally.add("loop_seam", seam(ring), seam(back), seam(source.frames))
    return Shown(f"a second known, a second made: {source.text}", extended, source.frames)


_STANDS_OUT = "standard deviations of the differences around it (0 is even)"
UNITS = {
    "exact": "share of pinned pixels that are exact in the clip's frames",
    "file_db": "PSNR of pinned frames in the file, dB",
    "first_pop": _STANDS_OUT,
    "last_pop": _STANDS_OUT,
    "middle_pop": _STANDS_OUT,
    "first_match": f"PSNR of the {NEIGHBOURS} frames after the pinned first picture to it, dB",
    "region_exact": "share of pinned pixels that are exact in the clip's frames",
    "extend_pop": _STANDS_OUT,
    "before_pop": _STANDS_OUT,
    "loop_seam": _STANDS_OUT,
    "retake_identical": "share of pixels outside of the retake that are exact in the clip's frames",
    "retake_pop": _STANDS_OUT,
}


def measure(studio: Studio, quick: bool) -> Outcome:
    """Eleven clips of one source (quick) or of four."""
    chosen = sources(2 if quick else 5)
    tally = Tally()
    shown: list[Shown] = []

    def make(shot: Shot) -> Frames:
        return studio.make(shot).array()

    for source, other in itertools.pairwise(chosen):
        shown.append(_pictures(make, source, other, tally))
        _file(make, source, other, tally)
        shown.append(_regions(make, source, other, tally))
        shown.append(_films(studio, source, other, tally))
    metrics = tally.metrics(UNITS)
    rows = tuple(
        (name, f"{one.value:.3f}", f"{one.ceiling:.3f}", f"{one.baseline:.3f}") for name, one in metrics.items()
    )
    table = Table("pins", ("what", "made", "true renders", "another clip"), rows)
    return Outcome(metrics, tuple(shown), (table,), details={"sources": [one.text for one in chosen[:-1]]})
