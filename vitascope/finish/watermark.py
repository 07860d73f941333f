"""An invisible watermark: a faint pattern in the brightness of every frame that says the film is AI-made, and by number
which one. Spread spectrum, no network. `python bench/watermark.py` measures what is promised here.

A square tile of waves with fixed random phases is repeated over the picture (Kutter, «Watermarking resistant to
translation, rotation and scaling», SPIE 1998: what repeats can be found again after a crop). Some of its waves are
always the same and are looked for; in films from 720 lines and two seconds on, the others carry 48 bits.

Measured with films of two seconds, still and moving, coded with H.264 (x264, its usual preset):

- 42.6 dB or more on every kind of frame, 49 dB where all is smooth.
- From 720 lines on, the number is read after CRF 28, and after CRF 28 of half the size, of a picture with a tenth of
  its width and height cut off, and of both: in all of nine films; of half the size in all of 18 more, and in 17 of
  those with a coarser preset (veryfast). Single pictures are found after JPEG 75 of half the size.
- 640x360 is found after CRF 28 of half the size, and after a crop. 480x270 is found after CRF 28, and after a crop; of
  half the size in eight films of nine. 256x144 is found after CRF 28, and after a crop, where the picture moves or is
  smooth; not where it is rough and still, as a single picture, or, mostly, of half the size.
- 10,000 frames without a mark, a search through all places and scales in each, scored 5.0 in the middle and 6.65 at
  most. The highest 5 % lie above 5.65 by 0.194 on average, and fall off as fast as an exponential distribution or
  faster (shape -0.1): above the threshold in 1e-7 of looks; of at most five looks at a film, in 5e-7.

It is not looked for in pictures that are turned, mirrored, cropped by more than a fifth of a side, stretched more one
way than the other, or larger than they were marked below 720 lines. And it is no secret: who reads this file can
remove a mark, or make one. The manifest is what is signed.

Letters: H W pixels, K waves of the tile.
"""

import hashlib
import heapq
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from vitascope.shot.media import Frame

Floats = npt.NDArray[np.float32]
Waves = npt.NDArray[np.complex64]

PAYLOAD_BITS = 48
CHECK_BITS = 24
LEAST_SIDE = 720  # pixels of the shorter side from which bits are carried
LEAST_SECONDS = 2.0  # of a film from which bits are carried

# The tile's side, in pixels of a picture whose shorter side is 720. Larger pictures have it larger by as much, so that
# scaling them does not matter; smaller ones have it as it is.
TILE = 256
WAVES = (7.0, 34.5)  # waves of the tile from edge to edge: 36 to 7.4 pixels long
STRAIGHT = 2  # waves that are straighter than this look like edges, subtitles and blocks of a codec
NUM_GROUPS, GROUP = (PAYLOAD_BITS + CHECK_BITS) // 8, 128  # of the waves that carry 8 bits each
NUM_CARRYING = NUM_GROUPS * GROUP
KEY = b"vitascope watermark 1"

# How strong it is: root mean square, grey levels of 255.
FLAT = 0.85  # on a smooth surface
ROUGH = 0.3  # more for each grey level by which pixels differ from their neighbours
MOST = 4.0  # in the roughest texture
MOST_OVERALL = 1.9  # over a whole frame: 42.4 dB, with the rounding
CREST = 2.5  # the pattern's largest value over its root mean square
STEPS, BITS = 128, 13  # the pattern in whole numbers; and 2**BITS = STEPS * 256 / MOST

# How it is looked for.
THRESHOLD = 8.2
LOOKED_AT = 12.0  # frames a second
# After so many frames. The first few alone, since coders that spare bits draw the mark once and then let it move with
# the picture; many together, since where the picture moves or the coder draws anew, it averages out.
LOOKS = (1, 4, 24, 72, 144)
WORKING_SIDE = 360  # pixels: larger frames are looked at so small
BLUR = 3.0  # pixels of those: what is smoother belongs to the picture
LEAST_SCALE = 0.49  # of the pattern in small files
LEAST_KEPT = 0.8  # of a side, after a crop
SLACK = 0.015  # of a scale
SCALE_STEP = 0.0075  # between two scales, in a picture 1280 pixels wide
GRID = 128  # places across the tile
PADDED = 2.6  # times the picture: so large is what its spectrum is taken of
TRIED, GUESSES = 4, 256  # words of a group, and words of all of them


class WatermarkError(ValueError):
    """What cannot be marked: what is wrong with it, and what is allowed."""


@dataclass(frozen=True)
class Found:
    """What was found: a mark when the score is above the threshold. `payload` is None where the mark carries no number
    or it cannot be read. `scale` is the size of the mark's pattern (1 as it is made at 720p), `shift` where its tile
    begins, in pixels of the file; both None without a mark."""

    present: bool
    score: float
    threshold: float
    payload: int | None = None
    scale: float | None = None
    shift: tuple[float, float] | None = None


# --- the pattern ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pattern:
    """The waves of the tile: how often each goes from edge to edge across and down [K, 2], and its phase [K]. The first
    `NUM_GROUPS * GROUP` carry bits."""

    waves: npt.NDArray[np.int64]
    phases: Waves


@cache
def _pattern() -> _Pattern:
    """The same for all time: from a hash, since numpy's generators may change."""
    least, most = WAVES
    reach = range(-int(most), int(most) + 1)
    waves = np.array(
        [
            (x, y)
            for y in reach
            for x in reach
            if x >= STRAIGHT and abs(y) >= STRAIGHT and least <= math.hypot(x, y) <= most
        ]
    )
    noise = np.frombuffer(hashlib.shake_256(KEY).digest(8 * len(waves)), "<u4").reshape(-1, 2)
    phases = np.exp(2j * np.pi * noise[:, 0] / 2**32).astype(np.complex64)
    return _Pattern(waves[np.argsort(noise[:, 1], kind="stable")], phases)


def _drawn(size: tuple[int, int], payload: int | None) -> Floats:
    """The pattern over a whole picture [H, W]: mean 0, root mean square 1, nothing beyond CREST."""
    width, height = size
    pattern = _pattern()
    weights = pattern.phases.copy()  # K
    if payload is None:
        weights[:NUM_CARRYING] = 0
    else:
        weights[:NUM_CARRYING] *= _chips(payload)
    most = int(WAVES[1])
    grid: Waves = np.zeros((2 * most + 1, most + 1), np.complex64)  # waves down, waves across
    grid[pattern.waves[:, 1] + most, pattern.waves[:, 0]] = weights
    period = TILE * _unit(size)
    down = np.exp(2j * np.pi / period * np.outer(np.arange(height), np.arange(-most, most + 1))).astype(np.complex64)
    across = np.exp(2j * np.pi / period * np.outer(np.arange(most + 1), np.arange(width))).astype(np.complex64)
    drawn = np.ascontiguousarray(((down @ grid) @ across).real)  # H W
    drawn /= np.sqrt((np.abs(weights) ** 2).sum() / 2)
    return np.clip(drawn, -CREST, CREST)


def _unit(size: tuple[int, int]) -> float:
    return max(1.0, min(size) / LEAST_SIDE)


def _chips(payload: int) -> Floats:
    """+1 or -1 for each of the waves that carry: 48 bits and 24 to check them, each 8 as one of the 256 words of the
    first-order Reed-Muller code of length 128 (of which any two differ in at least 64 places)."""
    data = payload.to_bytes(PAYLOAD_BITS // 8, "big")
    words = np.frombuffer(data + _check(data), np.uint8).astype(np.int64)
    signs = 1 - 2 * (words >> 7)
    return (_hadamard()[words & 127] * signs[:, None]).astype(np.float32).ravel()


def _check(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=CHECK_BITS // 8, key=KEY).digest()


@cache
def _hadamard() -> npt.NDArray[np.int64]:
    rows = np.ones((1, 1), np.int64)
    while len(rows) < GROUP:
        rows = np.block([[rows, rows], [rows, -rows]])
    return rows


# --- marking ----------------------------------------------------------------------------------------------------------


def carries(size: tuple[int, int], fps: float, num_frames: int) -> bool:
    """Whether a film of this size (width, height) and length carries bits, or only its presence."""
    return min(size) >= LEAST_SIDE and num_frames > 1 and num_frames >= LEAST_SECONDS * fps - 0.5


def mark(
    frames: Iterable[Frame], size: tuple[int, int], fps: float, num_frames: int, payload: int | None
) -> Iterator[Frame]:
    """The frames with the mark in them. It carries `payload` (0 to 2**48 - 1) where `carries` says so. A picture is a
    film of one frame. Raises WatermarkError."""
    if payload is not None and not 0 <= payload < 2**PAYLOAD_BITS:
        raise WatermarkError(f"payload should be from 0 to 2**{PAYLOAD_BITS} - 1, but was {payload}")
    return _marked(frames, size, payload if carries(size, fps, num_frames) else None)


def _marked(frames: Iterable[Frame], size: tuple[int, int], payload: int | None) -> Iterator[Frame]:
    pattern = np.rint(_drawn(size, payload) * STEPS).astype(np.int16)  # H W
    for frame in frames:
        if frame.shape != (size[1], size[0], 3) or frame.dtype != np.uint8:
            expected = f"uint8 {[size[1], size[0], 3]}"
            raise WatermarkError(f"a frame should be {expected}, but was {frame.dtype} {list(frame.shape)}")
        change = np.empty(pattern.shape, np.uint8)  # H W
        _scale(pattern.ravel(), _strength(frame).ravel(), change.ravel())
        marked = np.empty_like(frame, order="C")
        every = cv2.cvtColor(change, cv2.COLOR_GRAY2RGB)  # H W 3
        _add(np.ascontiguousarray(frame).ravel(), every.ravel(), marked.ravel())
        yield marked


def _strength(frame: Frame) -> npt.NDArray[np.uint8]:
    """How strong the mark may be at each pixel [H, W], in steps of MOST / 255: more where the picture is rough."""
    height, width = frame.shape[:2]
    unit = _unit((width, height))
    grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    half = (math.ceil(width / (2 * unit)), math.ceil(height / (2 * unit)))
    grey = cv2.resize(grey, half, interpolation=cv2.INTER_AREA)
    rough = cv2.absdiff(grey, cv2.blur(grey, (5, 5)))
    cells = (math.ceil(half[0] / 4), math.ceil(half[1] / 4))
    rough = cv2.blur(cv2.resize(rough, cells, interpolation=cv2.INTER_AREA).astype(np.float32), (3, 3))
    strength = np.minimum(FLAT + ROUGH * rough, MOST)
    strength *= min(1.0, MOST_OVERALL / math.sqrt(float((strength**2).mean())))
    steps = np.rint(strength * (255 / MOST)).astype(np.uint8)
    return cv2.resize(steps, (width, height), interpolation=cv2.INTER_LINEAR)


@njit(cache=True, nogil=True)
def _scale(pattern: npt.NDArray[np.int16], strength: npt.NDArray[np.uint8], change: npt.NDArray[np.uint8]) -> None:
    """By how much each pixel becomes lighter, and 128."""
    for i in range(pattern.size):
        change[i] = 128 + ((np.int32(pattern[i]) * np.int32(strength[i]) + (1 << (BITS - 1))) >> BITS)


@njit(cache=True, nogil=True)
def _add(frame: npt.NDArray[np.uint8], change: npt.NDArray[np.uint8], marked: npt.NDArray[np.uint8]) -> None:
    for i in range(frame.size):
        value = np.int32(frame[i]) + np.int32(change[i]) - 128
        marked[i] = 0 if value < 0 else 255 if value > 255 else value


# --- finding ----------------------------------------------------------------------------------------------------------


def detect(frames: Iterable[Frame], fps: float | None = None) -> Found:
    """Whether frames carry a mark, and which number. Looks at twelve frames a second (24 are taken to be one where the
    rate is not given), of the first twelve seconds at most, and fewer where the number is clear before."""
    every = max(1, round((fps or 24.0) / LOOKED_AT))
    found = Found(False, -math.inf, THRESHOLD)
    total: Floats | None = None  # h w
    size, num = (0, 0), 0
    for frame in itertools.islice(frames, 0, None, every):
        left = _residue(frame)
        total = left if total is None else total + left
        size, num = (frame.shape[1], frame.shape[0]), num + 1
        if num in LOOKS:
            found = _better(found, _search(total, size))
            if found.payload is not None or num == LOOKS[-1]:
                return found
    return found if total is None or num in LOOKS else _better(found, _search(total, size))


def _better(one: Found, other: Found) -> Found:
    return other if other.payload is not None or other.score > one.score else one


def _residue(frame: Frame) -> Floats:
    """What is left of a frame's brightness without the picture, as far as they can be told apart [h, w], made small."""
    grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY).astype(np.float32)  # H W
    factor = min(1.0, WORKING_SIDE / min(grey.shape))
    if factor < 1:
        small = (round(grey.shape[1] * factor), round(grey.shape[0] * factor))
        grey = cv2.resize(grey, small, interpolation=cv2.INTER_AREA)
    return _levelled(grey, 1.0)


def _levelled(grey: Floats, floor: float) -> Floats:
    """The fine parts of a picture, with rough places as strong as smooth ones: one edge must not outweigh a sky."""
    fine = grey - cv2.GaussianBlur(grey, (0, 0), BLUR)
    rough = cv2.GaussianBlur(np.abs(fine), (0, 0), BLUR)
    return np.clip(fine / (rough + floor), -3, 3)


def _search(total: Floats, size: tuple[int, int]) -> Found:
    """What is found in the sum of residues [h, w] of frames of this size."""
    spectrum, place = _best(total, size)
    if place.score <= THRESHOLD:
        return Found(False, place.score, THRESHOLD)
    working = total.shape[1] / size[0]
    middle = np.array(total.shape[::-1]) // 2
    x, y = (middle + place.shift) % (TILE * place.scale) / working
    payload = _payload(_agreement(spectrum, place))
    return Found(True, place.score, THRESHOLD, payload, place.scale / working, (float(x), float(y)))


def _best(total: Floats, size: tuple[int, int]) -> tuple["_Spectrum", "_Place"]:
    """The residues' spectrum, and the scale and place at which the pattern fits best."""
    pattern, working = _pattern(), total.shape[1] / size[0]
    waves, phases = pattern.waves[NUM_CARRYING:], pattern.phases[NUM_CARRYING:]  # K
    spectrum = _spectrum(_levelled(total / math.sqrt(float((total**2).mean()) + 1e-12), 0.1))
    scales = _scales(size)
    best = max((_placed(spectrum, waves, phases, scale * working) for scale in scales), key=lambda place: place.score)
    around = best.scale * (scales[1] / scales[0]) ** np.linspace(-1, 1, 13)
    places = (_placed(spectrum, waves, phases, float(scale), fine=True) for scale in around)
    return spectrum, max(places, key=lambda place: place.score)


def _scales(size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """The sizes of the pattern that are tried: pixels of the file for one of the tile's.

    A picture of 720 lines or more that is cropped has the pattern larger for its size; a smaller one never had it
    smaller than the tile, before it was scaled."""
    relative = min(size) / LEAST_SIDE
    least, most = (1 - SLACK) * relative, (1 + SLACK) * relative / LEAST_KEPT
    if relative < 1:
        least, most = max(LEAST_SCALE, least), max(1 + SLACK, most)
    # A scale is met as long as the waves at the picture's edges are not half a wave off.
    step = min(0.05, SCALE_STEP * 1280 * least / max(size))
    return np.geomspace(least, most, 2 + math.ceil(math.log(most / least) / step))


@dataclass(frozen=True)
class _Spectrum:
    """A picture's spectrum about its middle, finely enough to be read between its lines."""

    values: Waves  # h, w // 2 + 1
    size: tuple[int, int]  # w, h: of the picture with what was added around it


@dataclass(frozen=True)
class _Place:
    """How well the pattern fits, its scale, and where its tile begins, from the middle: pixels of what is searched."""

    score: float
    scale: float
    shift: npt.NDArray[np.float64]


def _spectrum(picture: Floats) -> _Spectrum:
    height, width = picture.shape
    h, w = (cv2.getOptimalDFTSize(math.ceil(PADDED * side)) for side in (height, width))
    padded = np.zeros((h, w), np.float32)
    padded[:height, :width] = picture
    padded = np.roll(padded, (-(height // 2), -(width // 2)), (0, 1))
    return _Spectrum(np.fft.rfft2(padded).astype(np.complex64), (w, h))


def _read(spectrum: _Spectrum, waves: npt.NDArray[np.int64], scale: float) -> Waves:
    """The phases of waves [K, 2] in the spectrum, of a tile of this scale, as numbers of length 1 [K].

    Only the phases: then nothing in a picture is so strong that it looks like the pattern by itself."""
    values, (w, h) = spectrum.values, spectrum.size
    x, y = waves[:, 0] * (w / (TILE * scale)), waves[:, 1] * (h / (TILE * scale))
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    u, v = (x - left).astype(np.float32), (y - top).astype(np.float32)
    upper = values[top % h, left] * (1 - u) + values[top % h, left + 1] * u
    lower = values[(top + 1) % h, left] * (1 - u) + values[(top + 1) % h, left + 1] * u
    between = upper * (1 - v) + lower * v
    return between / np.maximum(np.abs(between), 1e-12)


def _placed(
    spectrum: _Spectrum, waves: npt.NDArray[np.int64], phases: Waves, scale: float, fine: bool = False
) -> _Place:
    """Where the pattern of this scale fits best. The score has mean 0 and deviation 1 at any one place without a mark,
    and is at most the root of 2 K."""
    turned = _read(spectrum, waves, scale) * phases.conj()  # K
    grid = np.zeros((GRID, GRID), np.complex64)
    grid[waves[:, 1] % GRID, waves[:, 0]] = turned
    fit = cv2.dft(grid.view(np.float32).reshape(GRID, GRID, 2), flags=cv2.DFT_INVERSE)[..., 0]
    place = np.array(divmod(int(fit.argmax()), GRID)[::-1], np.float64)
    score = float(fit.max())
    if fine:
        offsets = np.linspace(-1, 1, 9)
        across, down = (
            np.exp(2j * np.pi / GRID * np.outer(w, p + offsets)) for w, p in zip(waves.T, place, strict=True)
        )
        fit = (down.T @ (turned[:, None] * across)).real
        below, beside = divmod(int(fit.argmax()), len(offsets))
        place, score = place + offsets[[beside, below]], float(fit.max())
    return _Place(score / math.sqrt(len(waves) / 2), scale, place * (TILE * scale / GRID))


def _agreement(spectrum: _Spectrum, place: _Place) -> Floats:
    """How well each of the waves that carry bits agrees with the pattern [K], -1 to 1, weighted by how well the others
    of its length do."""
    pattern = _pattern()
    turns = np.exp(2j * np.pi / (TILE * place.scale) * (pattern.waves @ place.shift))
    fits = (_read(spectrum, pattern.waves, place.scale) * pattern.phases.conj() * turns).real
    lengths = np.hypot(*pattern.waves.T)
    known = slice(NUM_CARRYING, None)
    near = np.exp(-0.5 * (np.subtract.outer(lengths[:NUM_CARRYING], lengths[known]) / 3) ** 2)
    weights = np.maximum(near @ fits[known] / near.sum(1), 0.05)
    return (fits[:NUM_CARRYING] * weights).astype(np.float32)


def _payload(agreement: Floats) -> int | None:
    """The number that waves carry, from how well each agrees with the pattern; None where the check fails."""
    fits = agreement.reshape(NUM_GROUPS, GROUP) @ _hadamard().astype(np.float32)  # groups, words
    fits = np.concatenate([fits, -fits], 1)  # groups, 256
    order = np.argsort(-fits, 1)[:, :TRIED]
    lost = np.take_along_axis(fits, order[:, :1], 1) - np.take_along_axis(fits, order, 1)  # groups, tried
    # The likeliest words first: where two of them are almost as likely, the check tells which it was.
    tried = [(0.0, (0,) * NUM_GROUPS)]
    seen = {tried[0][1]}
    for _ in range(GUESSES):
        so_far, choice = heapq.heappop(tried)
        words = bytes(int(order[group, rank]) for group, rank in enumerate(choice))
        data, check = words[: PAYLOAD_BITS // 8], words[PAYLOAD_BITS // 8 :]
        if _check(data) == check:
            return int.from_bytes(data, "big")
        for group, rank in enumerate(choice):
            following = (*choice[:group], rank + 1, *choice[group + 1 :])
            if rank + 1 < TRIED and following not in seen:
                seen.add(following)
                more = float(lost[group, rank + 1] - lost[group, rank])
                heapq.heappush(tried, (so_far + more, following))
    return None
