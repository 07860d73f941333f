"""A photograph as the first frame, and a camera that moves: is it the true move, and does the picture stay what it is?

The photograph hangs before the camera like a wall (see `train.stills`), so the true frames are known and each of them
is a projective map of the first. Letters: T frames, H W pixels, K points.
"""

import importlib.util
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vitascope.evaluate.pins import in_file, picture, psnr
from vitascope.evaluate.suite import Frames, Metric, Outcome, Shown, Studio, Table, mean
from vitascope.shot.media import write_picture
from vitascope.shot.moves import describe_moves
from vitascope.shot.shot import Pin, Shot
from vitascope.shot.tracks import tracks_from_arrays
from vitascope.train import stills
from vitascope.train.stills import Still
from vitascope.world import footage

SEED = 43_000
SIZE, FPS, SECONDS = (144, 80), 12.0, 2.0
FOLDER = "VITASCOPE_PICTURES"  # the environment variable that may name a folder of photographs
LOOKED_AT = (7, 11, 15, 19, 23)  # frames: before these a slow move has hardly begun
SOFT = 1.0  # pixels: both pictures are blurred by so much before they are compared, as one of them has been scaled
OVERLAP = 0.3  # of the frame that the first one must still show there
RENDERED = (432, 240)  # of pictures that stand in for photographs

# Photographs that come with packages which may be installed, and what they show.
PACKAGED: dict[str, dict[str, str]] = {
    "skimage": {f"data/{name}": words for name, words in stills.PHOTOS.items()},
    "sklearn": {
        "datasets/images/china.jpg": "a Chinese palace on a square",
        "datasets/images/flower.jpg": "a red flower in a garden",
    },
    "matplotlib": {"mpl-data/sample_data/grace_hopper.jpg": "a woman in a navy uniform before a flag"},
}

Matrix = npt.NDArray[np.float64]  # 3 3, pixels to pixels


# ---- photographs


@dataclass(frozen=True)
class Photograph:
    """A picture's file, what it shows, and where it comes from."""

    path: Path
    words: str
    source: str


def photographs(room: Path) -> list[Photograph]:
    """Photographs of the folder in VITASCOPE_PICTURES, else of the packages that are installed, else pictures that the
    world renders into `room`, in its natural style: at least two, in a fixed order."""
    found: list[Photograph] = []
    if given := os.environ.get(FOLDER):
        filling, _ = stills.pictures(given)
        found = [Photograph(path, stills.words_of(path), "folder") for path in filling]
    for name, files in PACKAGED.items():
        spec = None if found and found[0].source == "folder" else importlib.util.find_spec(name)
        for place in [] if spec is None else list(spec.submodule_search_locations or ()):
            there = [(Path(place) / file, words) for file, words in files.items()]
            found += [Photograph(path, words, name) for path, words in there if path.is_file()]
    return found if len(found) > 1 else [_rendered(room, number) for number in range(4)]


def _rendered(room: Path, number: int) -> Photograph:
    take = footage.take(SEED, number, level=4, size=RENDERED, seconds=2 / FPS, style="natural", num_tracks=1)
    path = room / f"rendered {number}.png"
    write_picture(path, take.clip.array()[0])
    return Photograph(path, take.captions[0].rstrip("."), "world")


def filmed(photograph: Photograph, number: int) -> Still:
    """The photograph with a camera that moves before it, the true frames: the same for the same number."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / photograph.path.name).symlink_to(photograph.path.resolve())
        for attempt in range(100):
            rng = np.random.default_rng([SEED, number, attempt])
            still = stills.film(folder, SIZE, round(SECONDS * FPS), FPS, rng, num_captions=1, num_tracks=64)
            if still.moves and all(move.kind != "handheld" for move in still.moves):
                return still
    raise stills.PicturesError(f"pictures: no camera finds room in {photograph.path.name}, which is too small")


def shot_of(photograph: Photograph, still: Still, number: int) -> Shot:
    """What asks for that film: its first frame, words that say the move, and the tracks of the move."""
    text = ", ".join(part for part in (photograph.words, describe_moves(still.moves)) if part)
    tracks = tracks_from_arrays(still.points, still.visible, FPS)
    pins = (Pin(media=picture(still.frames[0])),)
    return Shot(text=text, size=SIZE, seconds=SECONDS, fps=FPS, seed=SEED + number, pins=pins, tracks=tracks)


# ---- what is measured


def accuracy(made: Frames, true: Frames) -> float:
    """How near frames are to the true ones when they come back from a file: mean PSNR of those looked at, dB."""
    kept = in_file(made, FPS)
    return float(np.mean([psnr(kept[number], true[number]) for number in LOOKED_AT]))


def morphing(made: Frames, still: Still) -> float:
    """How much of what frames show no move of the photograph explains: 0 nothing, 1 as much as if nothing did.

    Each frame is laid upon the photograph by the best projective map that can be found, starting from the true one,
    from that of the frame looked at before, and from none."""
    first, true = still.frames[0], true_maps(still)
    shares: list[float] = []
    before = np.eye(3)
    for number in LOOKED_AT:
        starts = [true[number], before, np.eye(3)]
        maps = starts + [_aligned(first, made[number], start) for start in starts]
        left = [_left(first, made[number], one) for one in maps]
        before = maps[int(np.argmin(left))]
        shares.append(min(left))
    return float(np.mean(shares))


def true_maps(still: Still) -> list[Matrix]:
    """The projective map from pixels of each frame to those of the first."""
    place = still.points * np.array(SIZE) - 0.5  # K F 2
    maps = []
    for number in range(place.shape[1]):
        found, _ = cv2.findHomography(place[:, number], place[:, 0])
        maps.append(np.eye(3) if found is None else found / found[2, 2])
    return maps


def _soft(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return cv2.GaussianBlur(frame.astype(np.float32), (0, 0), SOFT)


def _aligned(first: npt.NDArray[np.uint8], frame: npt.NDArray[np.uint8], start: Matrix) -> Matrix:
    """The map from pixels of a frame to those of the first that makes them most alike, near a start (ECC, Evangelidis &
    Psarakis 2008); the start where none is found."""
    grey, wanted = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in (first, frame))
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        _, found = cv2.findTransformECC(
            wanted, grey, start.astype(np.float32), cv2.MOTION_HOMOGRAPHY, criteria, None, 5
        )
    except cv2.error:
        return start
    return found.astype(np.float64)


def _left(first: npt.NDArray[np.uint8], frame: npt.NDArray[np.uint8], found: Matrix) -> float:
    """The squared difference that a map leaves, as a share of what there is about the mean, where both show anything;
    1 where they hardly overlap."""
    size = frame.shape[1::-1]
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpPerspective(first, found, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpPerspective(np.ones(frame.shape[:2], np.float32), found, size, flags=how) > 0.999
    if inside.mean() < OVERLAP:
        return 1.0
    wanted = _soft(frame)[inside]
    error = float(((_soft(moved)[inside] - wanted) ** 2).mean())
    return min(1.0, error / max(float(wanted.var(0).mean()), 1.0))


# ---- the numbers


UNITS = {
    "db": "PSNR of the file to the true move, dB",
    "morphing": "share of what is seen that no move of the photograph explains (0 is none)",
}


def compare(taken: Sequence[Still], made: Sequence[Frames]) -> tuple[dict[str, Metric], list[dict[str, float]]]:
    """The metrics of clips of these films, in their order, and the numbers of each. The trivial answer to the move is a
    picture that stands still; to morphing, another photograph."""
    rows: list[dict[str, float]] = []
    for number, (still, frames) in enumerate(zip(taken, made, strict=True)):
        other = taken[(number + 1) % len(taken)].frames
        stands = np.repeat(still.frames[:1], len(frames), 0)
        becomes = np.concatenate((still.frames[:1], other[1:]))
        rows.append(
            {
                "db": accuracy(frames, still.frames),
                "db_true": accuracy(still.frames, still.frames),
                "db_trivial": accuracy(stands, still.frames),
                "morphing": morphing(frames, still),
                "morphing_true": morphing(still.frames, still),
                "morphing_trivial": morphing(becomes, still),
            }
        )
    metrics = {
        name: Metric(
            *mean([row[name] for row in rows]),
            mean([row[f"{name}_true"] for row in rows])[0],
            mean([row[f"{name}_trivial"] for row in rows])[0],
            unit,
        )
        for name, unit in UNITS.items()
    }
    return metrics, rows


def measure(studio: Studio, quick: bool) -> Outcome:
    """A film of each of four photographs (quick) or three of each of all."""
    with tempfile.TemporaryDirectory() as room:
        found = photographs(Path(room))
        chosen = found[:4] if quick else found * 3
        taken = [filmed(photograph, number) for number, photograph in enumerate(chosen)]
    shots = [shot_of(photograph, still, n) for n, (photograph, still) in enumerate(zip(chosen, taken, strict=True))]
    made = studio.draw(shots)
    metrics, rows = compare(taken, made)
    alone = studio.draw(shots, alone=True)
    near = mean([accuracy(clip, still.frames) for clip, still in zip(alone, taken, strict=True)])
    metrics["db_alone"] = replace(
        metrics["db"], value=near[0], low=near[1], high=near[2], unit=f"{UNITS['db']}, by the network alone"
    )
    titles = [shot.text for shot in shots]
    shown = tuple(
        Shown(title, clip, still.frames, f"{row['db']:.1f} dB, morphing {row['morphing']:.2f}")
        for title, clip, still, row in list(zip(titles, made, taken, rows, strict=True))[:6]
    )
    columns = ("film", "made, dB", "true", "standing still", "morphing", "true", "another")
    lines = tuple(
        (title, *(f"{value:.1f}" if name.startswith("db") else f"{value:.3f}" for name, value in row.items()))
        for title, row in zip(titles, rows, strict=True)
    )
    sources = sorted({photograph.source for photograph in found})
    details = {
        "pictures": len(found),
        "from": sources,
        "note": "no photographs were found: the world rendered pictures in their place"
        if sources == ["world"]
        else "the network may have seen these very photographs in training",
    }
    return Outcome(metrics, shown, (Table("Photographs before a moving camera", columns, lines),), details=details)
