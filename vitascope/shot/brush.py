"""The motion brush: a painted mask and what is to move there, as tracks; and tracks on top of a camera's."""

import itertools
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from vitascope.shot.media import mask_media, read_mask
from vitascope.shot.moves import Ease, Moment, progress
from vitascope.shot.shot import Media, checked
from vitascope.shot.store import MediaStore, data_of
from vitascope.shot.tracks import Track, kept_frames, track_arrays, tracks_at
from vitascope.shot.value import MAX_TEXT, Coordinate, Frozen, ShotError

MAX_STROKES = 6
MAX_POINTS = 256  # of one stroke
BACKGROUND_GRID = (16, 9)
AMBIENT = 0.03  # picture heights that a point strays at most from its place when the ambient motion is 1

Shift = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Mask = NDArray[np.bool_]  # H W


class Stroke(Frozen):
    """One stroke of the brush: what `mask` marks moves along the `arrow` (picture widths to the right, heights down,
    over the whole time), or as `path` goes (picture coordinates; `times` in seconds for each of its points, else at an
    even speed), or stirs gently in place (`ambient`, 0 to 1), or stays (`still`): exactly one of the four.

    The mask is a picture of the shot's shape and any size (an array [H, W] becomes one): what is light, or painted at
    all on a see-through picture, is marked. Motion lasts from `start` to `end` (the whole shot).
    """

    mask: Media
    arrow: tuple[Shift, Shift] | None = None
    path: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(max_length=1000)] = ()
    times: Annotated[tuple[Moment, ...], Field(max_length=1000)] = ()
    ambient: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    still: bool = False
    start: Moment | None = None
    end: Moment | None = None
    ease: Ease = "linear"

    @field_validator("mask", mode="before")
    @classmethod
    def _picture(cls, mask: object) -> object:
        return mask_media(mask) if isinstance(mask, np.ndarray) else mask

    @model_validator(mode="after")
    def _one_motion(self) -> Self:
        given = {"arrow": self.arrow is not None, "path": bool(self.path), "ambient": self.ambient is not None}
        given["still"] = self.still
        if sum(given.values()) != 1:
            named = ", ".join(name for name, there in given.items() if there) or "none"
            raise ValueError(f"a stroke should have exactly one of {', '.join(given)}, but {named} were given")
        if self.mask.kind != "picture":
            raise ValueError(f"mask should be a picture, but a {self.mask.kind} was given")
        if len(self.path) == 1:
            raise ValueError("path should have at least 2 points, but 1 was given")
        if self.times and len(self.times) != len(self.path):
            raise ValueError(f"times should be {len(self.path)}, one for each point, but were {len(self.times)}")
        if any(after <= before for before, after in itertools.pairwise(self.times)):
            raise ValueError("times should increase from one point of the path to the next")
        if self.times and not (self.start is self.end is None and self.ease == "linear"):
            raise ValueError("a path with times of its own takes no start, end or ease")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end should be after start ({self.start:g}), but was {self.end:g}")
        return self


def brush_tracks(
    strokes: Sequence[Stroke],
    size: tuple[int, int],
    seconds: float,
    fps: float,
    num: int = 16,
    background: Literal["free", "still"] = "free",
    store: MediaStore | None = None,
    seed: int = 0,
) -> tuple[Track, ...]:
    """The tracks of up to 6 strokes: `num` points spread evenly in each mask that move as it says, and with
    `background="still"` a grid of points outside all masks that stay (and are hidden while a moved mask covers them).

    Where masks overlap, the later stroke lies on top. `store` has the masks that are named but not carried, `seed` is
    that of ambient motion. Raises ShotError (too many strokes, an empty or hidden mask, one of another shape).
    """
    if not 1 <= num <= MAX_POINTS:
        raise ShotError(f"num should be 1 to {MAX_POINTS} points for each stroke, but was {num}")
    if background not in ("free", "still"):
        raise ShotError(f"background should be 'free' or 'still', but was {background!r}")
    masks = _masks(strokes, size, store)
    grid = _cells(BACKGROUND_GRID) if background == "still" else np.zeros((0, 2))
    for mask in masks:
        grid = grid[~_marked(mask, grid)]
    frames = kept_frames(max(1, round(seconds * fps)), num * len(strokes) + len(grid))
    moments = frames / fps  # T
    covered = np.zeros((len(grid), len(frames)), np.bool_)  # K T
    points, visible = [], []
    for i, (stroke, mask) in enumerate(zip(strokes, masks, strict=True)):
        starts = _spread(mask, num, size)  # K 2
        if stroke.ambient is not None:
            rng = np.random.default_rng([seed, i, 0xB2A5])
            moved = _stirring(stroke, starts, moments, seconds, size, rng)
        else:
            shift = _shift(stroke, max(1, round(seconds * fps)), fps)[frames]  # T 2
            moved = np.broadcast_to(shift, (len(starts), *shift.shape))
            for t in np.flatnonzero(shift.any(-1)):
                covered[:, t] |= _marked(mask, grid - shift[t])
        points.append(starts[:, None] + moved)  # K T 2
        visible.append(((points[-1] >= 0) & (points[-1] <= 1)).all(-1))
    points.append(np.broadcast_to(grid[:, None], (len(grid), len(frames), 2)))
    visible.append(~covered)
    return tracks_at(moments, np.concatenate(points), np.concatenate(visible))


def combine(
    camera: Sequence[Track], strokes: Sequence[Track], size: tuple[int, int], seconds: float, fps: float
) -> tuple[Track, ...]:
    """Tracks of strokes on top of those of a camera (or of any other motion of the whole picture).

    What a stroke moves goes where the camera carries the place that it has reached: q(t) = p(t) + c(p(t), t), with the
    displacement c of the camera's tracks since the first frame, continued smoothly between them. The camera's tracks
    that begin among a stroke's points give way to them.
    """
    if not camera or not strokes:
        return (*camera, *strokes)
    num_frames = max(1, round(seconds * fps))
    frames = kept_frames(num_frames, len(camera) + len(strokes))
    whole, _ = track_arrays(camera, num_frames, fps)
    field = np.asarray(whole[:, frames], np.float64)  # C T 2
    paths, visible = track_arrays(strokes, num_frames, fps)
    points = np.asarray(paths[:, frames], np.float64)  # K T 2
    visible = visible[:, frames]  # K T
    known = np.all(np.abs(field - 0.5) < 1.5 - 1e-6, axis=-1)  # what left -1 to 2 was held at its edge
    square = np.array((size[0] / size[1], 1.0))  # to picture heights, in which distances are true
    moved = np.stack([_carried(path, field, known, square) for path in points])
    inside = ((moved >= 0) & (moved <= 1)).all(-1)
    free = ~_among(field[:, 0] * square, points[:, 0] * square)
    kept = tuple(track for track, stays in zip(camera, free, strict=True) if stays)
    return (*tracks_at(frames / fps, moved, visible & inside), *kept)


def _carried(
    path: NDArray[np.float64], field: NDArray[np.float64], known: Mask, square: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where a path [T, 2] in the first frame's picture lies when the camera's tracks [C, T, 2] have gone along.

    At each time the nearest tracks are fitted by an affine map, weighted by their distance (moving least squares).
    """
    start = field[:, 0]  # C 2
    apart = (((path[:, None] - start) * square) ** 2).sum(-1)  # T C
    usable = known.T & known[:, 0]  # T C
    apart = np.where(usable, apart, np.inf)
    near = np.sort(apart, axis=1)[:, : min(6, apart.shape[1])]  # T 6
    width = np.where(np.isfinite(near), near, 0).max(1, keepdims=True) + 1e-6  # of the nearest six
    weights = np.where(usable, np.exp(-3 * np.where(usable, apart, 0) / width), 0) + 0.0  # T C
    total = weights.sum(1, keepdims=True)  # T 1
    enough = total[:, 0] > 1e-9
    weights = weights / np.maximum(total, 1e-9)
    middle = weights @ start  # T 2
    landed = np.einsum("tc,ctd->td", weights, field)  # T 2
    away = start[None] - middle[:, None]  # T C 2
    spread = np.einsum("tc,tci,tcj->tij", weights, away, away) + 1e-6 * np.eye(2)  # T 2 2
    drift = np.einsum("tc,tci,ctj->tij", weights, away, field - start[:, None])  # T 2 2
    slope = np.linalg.solve(spread, drift)  # T 2 2
    went = landed - middle + np.einsum("ti,tij->tj", path - middle, slope)
    return np.where(enough[:, None], path + went, path)


def _among(places: NDArray[np.float64], points: NDArray[np.float64]) -> Mask:
    """Which of these places [C, 2] lie among points [K, 2] that are spread evenly over an area: about as near to one as
    that is to its own neighbours."""
    between = np.linalg.norm(points[:, None] - points, axis=-1)  # K K
    np.fill_diagonal(between, np.inf)
    reach = np.minimum(np.sort(between, axis=1)[:, :2], 0.3).mean(1) * 0.9  # K
    return (np.linalg.norm(places[:, None] - points, axis=-1) <= reach).any(1)


def _masks(strokes: Sequence[Stroke], size: tuple[int, int], store: MediaStore | None) -> list[Mask]:
    """Each stroke's mask without what later ones cover, all in the size of the first."""
    if len(strokes) > MAX_STROKES:
        raise ShotError(f"strokes: at most {MAX_STROKES} are allowed, but {len(strokes)} were given")
    width, height = size
    cells = _cells((min(width, 512), min(height, 512)))
    masks: list[Mask] = []
    for i, stroke in enumerate(strokes):
        mask = read_mask(data_of(stroke.mask, store))
        high, wide = mask.shape
        if abs(np.log(wide * height / (high * width))) > 0.03:
            raise ShotError(f"strokes[{i}].mask should have the shot's shape, {width}x{height}, but was {wide}x{high}")
        if not mask.any():
            raise ShotError(f"strokes[{i}].mask should mark something, but nothing in it is light or painted")
        masks.append(_marked(mask, cells).reshape(min(height, 512), min(width, 512)))
    for i, mask in enumerate(masks):
        for above in masks[i + 1 :]:
            mask &= ~above
        if not mask.any():
            why = "lies wholly under later strokes" if i + 1 < len(masks) else "is smaller than a pixel"
            raise ShotError(f"strokes[{i}].mask should mark a part of the picture of its own, but {why}")
    return masks


def _cells(grid: tuple[int, int]) -> NDArray[np.float64]:
    """The middles of a grid's (columns, rows) cells in picture coordinates [K, 2], row by row."""
    columns, rows = np.meshgrid((np.arange(grid[0]) + 0.5) / grid[0], (np.arange(grid[1]) + 0.5) / grid[1])
    return np.stack([columns, rows], -1).reshape(-1, 2)


def _marked(mask: Mask, points: NDArray[np.float64]) -> Mask:
    """Which of these points [K, 2] a mask marks; nothing outside the picture is."""
    high, wide = mask.shape
    inside = ((points >= 0) & (points < 1)).all(-1)
    column = np.clip((points[:, 0] * wide).astype(int), 0, wide - 1)
    row = np.clip((points[:, 1] * high).astype(int), 0, high - 1)
    marked: Mask = inside & mask[row, column]
    return marked


def _spread(mask: Mask, num: int, size: tuple[int, int]) -> NDArray[np.float64]:
    """Up to `num` points [K, 2] spread evenly in what a mask marks, each on a marked pixel's middle."""
    high, wide = mask.shape
    rows, columns = np.nonzero(mask)
    every = max(1, len(rows) // 4096)
    places = np.stack([(columns[::every] + 0.5) / wide, (rows[::every] + 0.5) / high], -1)  # N 2
    flat = places * (size[0] / size[1], 1)  # in picture heights, so that distances are true
    num = min(num, len(places))
    chosen = [int(((flat - flat.mean(0)) ** 2).sum(-1).argmin())]
    apart = ((flat - flat[chosen[0]]) ** 2).sum(-1)
    while len(chosen) < num:  # always the one that is furthest from all chosen so far
        chosen.append(int(apart.argmax()))
        apart = np.minimum(apart, ((flat - flat[chosen[-1]]) ** 2).sum(-1))
    for _ in range(4):  # then each into the middle of its own cell: away from the mask's edge
        owner = ((flat[:, None] - flat[chosen]) ** 2).sum(-1).argmin(1)
        for k in range(num):
            own = np.flatnonzero(owner == k)
            if len(own):
                chosen[k] = int(own[((flat[own] - flat[own].mean(0)) ** 2).sum(-1).argmin()])
    return places[chosen]


def _shift(stroke: Stroke, num_frames: int, fps: float) -> NDArray[np.float64]:
    """How far a stroke has moved in each frame [T, 2], in picture coordinates."""
    share = progress(num_frames, fps, stroke.start, stroke.end, stroke.ease)  # T
    if stroke.arrow is not None:
        return share[:, None] * np.asarray(stroke.arrow)
    if not stroke.path:
        return np.zeros((num_frames, 2))
    path = np.asarray(stroke.path)  # n 2
    if stroke.times:
        at, marks = np.arange(num_frames) / fps, np.asarray(stroke.times)
    else:
        lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
        at, marks = share * lengths.sum(), np.concatenate([[0.0], np.cumsum(lengths)])
    return np.stack([np.interp(at, marks, path[:, d]) for d in (0, 1)], -1) - path[0]


def _stirring(
    stroke: Stroke,
    starts: NDArray[np.float64],
    moments: NDArray[np.float64],
    seconds: float,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Gentle random motion of points [K, 2] about their places, as displacements [K, T, 2]: a few slow waves that run
    through the picture, so that neighbours move alike. It begins from rest."""
    num_waves = 5
    places = starts * (size[0] / size[1], 1)  # K 2, picture heights
    speeds = 2 * np.pi * rng.uniform(0.3, 1.3, (2, num_waves))  # radians a second
    turns = rng.uniform(0, 2 * np.pi, (2, num_waves))
    runs = rng.normal(0, 5, (2, num_waves, 2))  # radians a picture height
    phase = np.einsum("kx,dwx->kdw", places, runs) + turns  # K 2 W
    start, end = stroke.start or 0.0, seconds if stroke.end is None else stroke.end
    at = np.clip(moments, start, max(start, end)) - start  # T
    waves = np.sin(phase[:, None] + speeds * at[:, None, None]) - np.sin(phase[:, None])  # K T 2 W
    moved: NDArray[np.float64] = np.clip(waves.mean(-1), -1, 1) * (stroke.ambient or 0) * AMBIENT  # K T 2
    return moved * (size[1] / size[0], 1)


# --- words ------------------------------------------------------------------------------------------------------------

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_POINT = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})(?:\s*@\s*({_NUMBER})\s*s?)?")
_TIMING = re.compile(
    rf"(?:\s+from\s+(?P<start>{_NUMBER})\s*s?)?(?:\s+(?:to|until)\s+(?P<end>{_NUMBER})\s*s?)?"
    r"(?:\s+(?P<ease>linear|ease(?:\s+(?:in|out))?))?$"
)


def parse_stroke(text: str) -> tuple[str, dict[str, Any]]:
    """A mask's file name and the stroke's other fields from the command line's words.

    "mask.png: 0.2,-0.1" is an arrow, "mask.png: path 0.1,0.2 0.3,0.25" a path, "mask.png: ambient 0.3" and
    "mask.png: still" are what they say; "from 1s to 2s ease" may follow. Raises ShotError.
    """
    name, colon, words = text.rpartition(":")
    name, words = name.strip(), words.strip().lower()
    if not colon or not name or not words or len(text) > MAX_TEXT:
        raise ShotError(f"brush: {text[:80]!r} should be a mask's file, a colon and a motion, {_EXAMPLES}")
    timing = _TIMING.search(words)
    fields: dict[str, Any] = {key: value for key, value in (timing.groupdict() if timing else {}).items() if value}
    motion = words[: timing.start()] if timing else words
    if "ease" in fields:
        fields["ease"] = " ".join(fields["ease"].split())
    if motion == "still":
        return name, fields | {"still": True}
    if match := re.fullmatch(rf"ambient\s+({_NUMBER})", motion):
        return name, fields | {"ambient": float(match[1])}
    is_path = motion.startswith("path")
    body = motion[4 * is_path :]
    points = [match.groups() for match in _POINT.finditer(body)]
    timed = sum(at is not None for _, _, at in points)
    whole = bool(points) and not _POINT.sub("", body).strip() and timed in (0, len(points))
    if not whole or (not is_path and (len(points) > 1 or timed)):
        raise ShotError(f"brush: {motion!r} in {text!r} is not understood; write a motion {_EXAMPLES}")
    places = tuple((float(x), float(y)) for x, y, _ in points)
    if not is_path:
        return name, fields | {"arrow": places[0]}
    return name, fields | {"path": places, "times": tuple(float(at) for _, _, at in points if at)}


_EXAMPLES = "like '0.2,-0.1', 'path 0.1,0.2 0.3,0.25 0.6,0.2', 'ambient 0.3' or 'still'"


def read_stroke(text: str) -> Stroke:
    """The stroke of the command line's words, with the mask that they name read from its file. Raises ShotError."""
    name, fields = parse_stroke(text)
    return checked(Stroke, {"mask": Media.from_path(name, "picture"), **fields})
