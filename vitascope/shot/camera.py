"""Camera moves in words and true units: the camera's path through the world, and the tracks it leaves on the picture.

World: right-handed, z up, ground at z = 0, metres. A camera's rotation has the columns right, up, backward; it looks
along minus the last one. The vertical field of view is in degrees.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vitascope.shot.shot import MAX_SECONDS, ShotError, Track, checked, tracks_from_arrays

DEFAULT_FOV = 40.0  # degrees, vertical
DEFAULT_EYE_HEIGHT = 1.5  # metres
DEFAULT_PITCH = -10.0  # degrees, looking slightly down
DEFAULT_DISTANCE = 4.5  # metres from the eye to above the origin
FAR = 30.0  # metres at which the sky and all that is further hangs, for tracks

MoveKind = Literal["pan", "tilt", "roll", "zoom", "truck", "pedestal", "dolly"]
Ease = Literal["linear", "ease"]
LATER = ("orbit", "handheld", "arc", "crane")  # known to film people, not yet here

# For each kind: the word of the positive and of the negative direction, the unit, the amount when none is given, the
# largest amount, and how a caption says it.
DIRECTIONS: dict[MoveKind, tuple[str, str]] = {
    "pan": ("right", "left"),
    "tilt": ("up", "down"),
    "roll": ("clockwise", "counterclockwise"),
    "zoom": ("in", "out"),
    "truck": ("right", "left"),
    "pedestal": ("up", "down"),
    "dolly": ("in", "out"),
}
UNITS: dict[MoveKind, str] = {
    "pan": "deg", "tilt": "deg", "roll": "deg", "zoom": "x", "truck": "m", "pedestal": "m", "dolly": "m",
}  # fmt: skip
DEFAULT_AMOUNTS: dict[MoveKind, float] = {
    "pan": 20.0, "tilt": 12.0, "roll": 15.0, "zoom": 1.5, "truck": 1.0, "pedestal": 0.5, "dolly": 1.5,
}  # fmt: skip
LARGEST: dict[MoveKind, float] = {
    "pan": 360.0, "tilt": 180.0, "roll": 360.0, "zoom": 10.0, "truck": 100.0, "pedestal": 100.0, "dolly": 100.0,
}  # fmt: skip
VERBS: dict[MoveKind, str] = {
    "pan": "pans", "tilt": "tilts", "roll": "rolls", "zoom": "zooms",
    "truck": "trucks", "pedestal": "pedestals", "dolly": "dollies",
}  # fmt: skip


@dataclass(frozen=True)
class View:
    """Where a camera stands (metres) and looks (degrees: pan to the right, tilt up, roll clockwise, vertical fov)."""

    position: tuple[float, float, float] = (0.0, -DEFAULT_DISTANCE, DEFAULT_EYE_HEIGHT)
    pan: float = 0.0
    tilt: float = DEFAULT_PITCH
    roll: float = 0.0
    fov: float = DEFAULT_FOV


DEFAULT_VIEW = View()


@dataclass(frozen=True, eq=False)
class CameraPath:
    """A camera in every frame: position [T, 3], rotation [T, 3, 3] (columns right, up, backward), vertical fov [T]."""

    position: NDArray[np.float64]
    rotation: NDArray[np.float64]
    fov: NDArray[np.float64]

    def __post_init__(self) -> None:
        num = len(self.fov)
        if self.position.shape != (num, 3) or self.rotation.shape != (num, 3, 3) or self.fov.shape != (num,):
            shapes = f"{self.position.shape}, {self.rotation.shape}, {self.fov.shape}"
            raise ValueError(f"position, rotation and fov should be [T, 3], [T, 3, 3] and [T], but were {shapes}")

    @property
    def num_frames(self) -> int:
        return len(self.fov)


class Move(BaseModel):
    """One move of the camera. `amount` is signed: degrees to the right, up or clockwise; metres to the right, up or
    in; for a zoom the factor of the focal length (above 1 is in). Without `start` and `end` it takes the whole shot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: MoveKind
    amount: Annotated[float, Field(allow_inf_nan=False)]
    start: Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)] | None = None
    end: Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)] | None = None
    ease: Ease = "linear"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        most, unit = LARGEST[self.kind], UNITS[self.kind]
        if self.kind == "zoom" and not 1 / most <= self.amount <= most:
            raise ValueError(f"a zoom should be {1 / most:g}x to {most:g}x, but was {self.amount:g}x")
        if abs(self.amount) > most:
            raise ValueError(f"a {self.kind} should be at most {most:g}{unit}, but was {abs(self.amount):g}{unit}")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"a move should end after its start at {self.start:g} s, but its end was {self.end:g} s")
        return self

    @classmethod
    def towards(cls, kind: MoveKind, direction: str, amount: float | None = None, **more: Any) -> "Move":
        """A move by its direction word and a positive amount (None: a usual one). A zoom out of 2 halves the lens.

        Raises ShotError."""
        if direction not in DIRECTIONS[kind]:
            raise ShotError(f"{kind} goes {' or '.join(DIRECTIONS[kind])}, but {direction!r} was given")
        amount = DEFAULT_AMOUNTS[kind] if amount is None else amount
        if direction == DIRECTIONS[kind][1]:
            amount = 1 / amount if kind == "zoom" else -amount
        return checked(cls, {"kind": kind, "amount": amount, **more})

    @property
    def direction(self) -> str:
        """The word for where it goes; "" for a move of nothing."""
        size = math.log(self.amount) if self.kind == "zoom" else self.amount
        return "" if size == 0 else DIRECTIONS[self.kind][0 if size > 0 else 1]


_STILL = {"", "still", "static", "none", "is still", "fixed"}
_SPLIT = re.compile(r"\s*(?:,|;|\n|\band\b)\s*")
_PIECE = re.compile(
    r"(?P<kind>[a-z]+)"
    r"(?:\s+(?P<direction>[a-z]+(?<!from)(?<!to)))?"
    r"(?:\s+(?P<amount>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>deg|degrees?|°|metres?|meters?|m|x|times)?)?"
    r"(?:\s+from\s+(?P<start>\d+(?:\.\d*)?|\.\d+)\s*s?)?"
    r"(?:\s+(?:to|until)\s+(?P<end>\d+(?:\.\d*)?|\.\d+)\s*s?)?"
    r"(?:\s+(?P<ease>ease|linear))?"
)
_UNIT_NAMES = {"degree": "deg", "degrees": "deg", "°": "deg", "times": "x"}


def parse_moves(text: str) -> tuple[Move, ...]:
    """Moves from words such as "dolly in 1.5m, pan left 20deg from 1s to 3s ease"; "" and "still" are none.

    Amounts may be left out ("pan left"). Raises ShotError naming the piece that is not understood.
    """
    text = re.sub(r"^\s*the camera\s+", "", text.strip().lower())
    if text.rstrip(".") in _STILL:
        return ()
    return tuple(_parse_move(piece) for piece in _SPLIT.split(text.rstrip(".,; ")) if piece)


def _parse_move(piece: str) -> Move:
    known = ", ".join(f"{kind} {'/'.join(words)}" for kind, words in DIRECTIONS.items())
    first = piece.split()[0]
    if first in LATER:
        raise ShotError(f"moves: {first!r} in {piece!r} is not there yet; known: {known}")
    names: dict[str, MoveKind] = {name: kind for kind in get_args(MoveKind) for name in (kind, VERBS[kind])}
    if first not in names:
        raise ShotError(f"moves: {first!r} in {piece!r} is not a move; known: {known}")
    kind = names[first]
    match = _PIECE.fullmatch(piece)
    if match is None or not match["direction"]:
        raise ShotError(
            f"moves: {piece!r} is not understood; write it like "
            f"'{kind} {DIRECTIONS[kind][0]} {DEFAULT_AMOUNTS[kind]:g}{UNITS[kind]} from 0s to 2s ease'"
        )
    unit = match["unit"] and _UNIT_NAMES.get(match["unit"], match["unit"])
    unit = "m" if unit and unit[0] == "m" else unit
    if unit and unit != UNITS[kind]:
        raise ShotError(f"moves: a {kind} is measured in {UNITS[kind]}, but {match['unit']!r} was given in {piece!r}")
    amount, start, end = (float(match[name]) if match[name] else None for name in ("amount", "start", "end"))
    if amount == 0:
        raise ShotError(f"moves: the amount in {piece!r} should be more than 0")
    try:
        return Move.towards(kind, match["direction"], amount, start=start, end=end, ease=match["ease"] or "linear")
    except ShotError as error:
        raise ShotError(f"moves: {error} in {piece!r}") from None


def describe_moves(moves: Sequence[Move]) -> str:
    """Short English such as "the camera zooms in and pans right", "" for none; `parse_moves` reads it back, with usual
    amounts."""
    pieces = list(dict.fromkeys(f"{VERBS[move.kind]} {move.direction}" for move in moves if move.direction))
    if len(pieces) > 2:
        pieces = [", ".join(pieces[:-1]), pieces[-1]]
    return f"the camera {' and '.join(pieces)}" if pieces else ""


def camera_path(moves: Sequence[Move], seconds: float, fps: float, base: View = DEFAULT_VIEW) -> CameraPath:
    """The camera in each of max(1, round(seconds * fps)) frames; a move without an end is complete in the last frame.

    Moves compose: pan turns about the world's z, tilt about the camera's right, roll about its axis; truck and dolly go
    along the horizontal right and viewing direction of the moment, pedestal along z; zoom multiplies the focal length.
    """
    num_frames = max(1, round(seconds * fps))
    total: dict[str, NDArray[np.float64]] = {kind: np.zeros(num_frames) for kind in get_args(MoveKind)}
    for move in moves:
        amount = math.log(move.amount) if move.kind == "zoom" else move.amount
        total[move.kind] += amount * _progress(move, num_frames, fps)
    pan, tilt, roll = (
        np.radians(start + total[kind]) for kind, start in (("pan", base.pan), ("tilt", base.tilt), ("roll", base.roll))
    )  # T each
    position = np.tile(np.asarray(base.position, np.float64), (num_frames, 1))  # T 3
    middle = (pan[1:] + pan[:-1]) / 2  # the heading between two frames
    dolly, truck = np.diff(total["dolly"]), np.diff(total["truck"])
    position[1:, 0] += np.cumsum(dolly * np.sin(middle) + truck * np.cos(middle))
    position[1:, 1] += np.cumsum(dolly * np.cos(middle) - truck * np.sin(middle))
    position[:, 2] += total["pedestal"]
    half = np.tan(math.radians(base.fov) / 2) / np.exp(total["zoom"])
    return CameraPath(position, _rotation(pan, tilt, roll), 2 * np.degrees(np.arctan(half)))


def _progress(move: Move, num_frames: int, fps: float) -> NDArray[np.float64]:
    """How much of a move is done in each frame, 0 to 1 [T]."""
    start = 0.0 if move.start is None else move.start
    end = (num_frames - 1) / fps if move.end is None else move.end
    moments = np.arange(num_frames) / fps
    if end <= start:  # one frame, or a move that begins with the last one: it never gets going
        return np.zeros(num_frames)
    share = np.clip((moments - start) / (end - start), 0, 1)
    return share * share * (3 - 2 * share) if move.ease == "ease" else share


def _rotation(pan: NDArray[np.float64], tilt: NDArray[np.float64], roll: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices [T, 3, 3] of angles in radians [T]: pan to the right, tilt up, roll clockwise."""
    none = np.zeros_like(pan)
    right = np.stack([np.cos(pan), -np.sin(pan), none], -1)  # T 3
    ahead = np.stack([np.sin(pan) * np.cos(tilt), np.cos(pan) * np.cos(tilt), np.sin(tilt)], -1)  # T 3
    up = np.cross(right, ahead)  # T 3
    cos, sin = np.cos(roll)[:, None], np.sin(roll)[:, None]
    return np.stack([cos * right - sin * up, cos * up + sin * right, -ahead], -1)  # T 3 3


def project(
    points: ArrayLike, path: CameraPath, size: tuple[int, int], frame: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """World points [..., 3] as picture coordinates [..., 2] and depth [...] in one frame, or in all (T comes first).

    Depth is metres along the viewing direction. Where it is 0 or less the point is behind the camera, and its picture
    coordinates are finite but mean nothing. `size` is (width, height), only its shape matters. For points that move,
    call it frame by frame.
    """
    if frame is None:
        each = [project(points, path, size, t) for t in range(path.num_frames)]
        return np.stack([xy for xy, _ in each]), np.stack([depth for _, depth in each])
    local = (np.asarray(points, np.float64) - path.position[frame]) @ path.rotation[frame]  # ... 3: right, up, backward
    depth = -local[..., 2]
    scale = (
        0.5 / math.tan(math.radians(path.fov[frame]) / 2) / np.where(depth > 1e-6, depth, 1e-6)
    )  # pictures per metre
    x = 0.5 + local[..., 0] * scale * size[1] / size[0]
    y = 0.5 - local[..., 1] * scale
    return np.stack([x, y], -1), depth


def rays(path: CameraPath, size: tuple[int, int], frame: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The eye [3] and a direction [H, W, 3] through every pixel's centre; eye + depth * direction has that depth."""
    width, height = size
    columns, rows = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return path.position[frame], _directions(np.stack([columns, rows], -1), path, size, frame)


def _directions(xy: NDArray[np.float64], path: CameraPath, size: tuple[int, int], frame: int) -> NDArray[np.float64]:
    """Directions [..., 3] through picture coordinates [..., 2], one metre deep."""
    half = math.tan(math.radians(path.fov[frame]) / 2)
    right = (xy[..., 0] - 0.5) * 2 * half * size[0] / size[1]
    up = (0.5 - xy[..., 1]) * 2 * half
    local = np.stack([right, up, np.full_like(right, -1.0)], -1)
    world: NDArray[np.float64] = local @ path.rotation[frame].T
    return world


def camera_tracks(
    moves: Sequence[Move],
    size: tuple[int, int],
    seconds: float,
    fps: float,
    depth: NDArray[Any] | None = None,
    grid: tuple[int, int] = (16, 9),
    base: View = DEFAULT_VIEW,
) -> tuple[Track, ...]:
    """The tracks that these moves leave on a still world: a grid (columns, rows) of points of the first frame, and
    those of a grid on the last frame that were not in the first.

    `depth` is the first frame's, [H, W] in metres; without it the world is flat ground under the default view. Points
    in the sky or further than 30 m hang at 30 m. Points are visible inside the picture and before the camera.
    """
    if depth is not None and (depth.ndim != 2 or 0 in depth.shape):
        raise ValueError(f"depth should be [H, W] in metres, but was {list(depth.shape)}")
    path = camera_path(moves, seconds, fps, base)
    columns, rows = np.meshgrid((np.arange(grid[0]) + 0.5) / grid[0], (np.arange(grid[1]) + 0.5) / grid[1])
    cells = np.stack([columns, rows], -1).reshape(-1, 2)  # K 2
    last = path.num_frames - 1
    early = _unproject(cells, _depth_at(cells, path, size, 0, depth), path, size, 0)  # K 3
    late = _unproject(cells, _depth_at(cells, path, size, last, depth), path, size, last)  # K 3
    seen = _inside(*project(late, path, size, 0))
    xy, deep = project(np.concatenate([early, late[~seen]]), path, size)  # T K 2, T K
    return tracks_from_arrays(xy.transpose(1, 0, 2), _inside(xy, deep).T, fps)


def _inside(xy: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = ((xy >= 0) & (xy <= 1)).all(-1) & (depth > 0.01)
    return inside


def _unproject(
    cells: NDArray[np.float64], depth: NDArray[np.float64], path: CameraPath, size: tuple[int, int], frame: int
) -> NDArray[np.float64]:
    """World points [K, 3] seen at these picture coordinates [K, 2] at these depths [K]."""
    world: NDArray[np.float64] = path.position[frame] + depth[:, None] * _directions(cells, path, size, frame)
    return world


def _depth_at(
    cells: NDArray[np.float64], path: CameraPath, size: tuple[int, int], frame: int, depth: NDArray[Any] | None
) -> NDArray[np.float64]:
    """Depth [K] at picture coordinates [K, 2]: of the ground, or read from the first frame's depth map."""
    if depth is None:
        falling = -_directions(cells, path, size, frame)[:, 2]  # metres down per metre of depth
        height = path.position[frame, 2]
        return np.where(falling * FAR > height, height / np.maximum(falling, 1e-9), FAR)
    known = np.where(np.isfinite(depth) & (depth > 0), np.minimum(depth, FAR), FAR)  # H W
    if frame != 0:
        # What comes into view later has no known depth: it continues the nearest edge of what was seen.
        guess = np.full(len(cells), np.median(known))
        cells = project(_unproject(cells, guess, path, size, frame), path, size, 0)[0]
    column = np.clip((cells[:, 0] * known.shape[1]).astype(int), 0, known.shape[1] - 1)
    row = np.clip((cells[:, 1] * known.shape[0]).astype(int), 0, known.shape[0] - 1)
    read: NDArray[np.float64] = known[row, column].astype(np.float64)
    return read
