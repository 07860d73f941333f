"""Does the camera go as it was told? Moves asked as the command line asks them, and read off the ground of the clip.

The camera that a clip was made with is not known, but what it leaves on flat ground and on the sky is: of all amounts
of the move that was asked, the one is found that best explains where the textures of the picture went. It is given in
the units of the view that the tracks were made for, since a metre in a picture means nothing by itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vitascope.evaluate import follow as following
from vitascope.evaluate.follow import Flow, Frames, Points
from vitascope.evaluate.suite import Metric, Outcome, Plot, Shown, Studio, Table, fitted_slope, mean
from vitascope.finish.cutout import things
from vitascope.shot.camera import (
    DEFAULT_VIEW,
    DIRECTIONS,
    UNITS,
    CameraPath,
    Move,
    MoveKind,
    View,
    camera_path,
    camera_tracks,
    describe_moves,
    project,
    usual_grid,
)
from vitascope.shot.shot import Shot
from vitascope.world import render
from vitascope.world.framing import MOVES, sample_camera
from vitascope.world.physics import simulate
from vitascope.world.sample_things import actor
from vitascope.world.scene import Colour, GroundName, Hour, Scene
from vitascope.world.stage import stage

SIZE = (144, 80)
SECONDS, FPS = 2.0, 12.0
SEED = 32_000
KINDS: tuple[MoveKind, ...] = ("pan", "tilt", "roll", "zoom", "truck", "pedestal", "dolly", "orbit")
QUICK_KINDS: tuple[MoveKind, ...] = ("pan", "tilt", "zoom", "truck", "dolly")  # all that level 1 of the footage has
SHARES = (-1.0, -2 / 3, -1 / 3, 1 / 3, 2 / 3, 1.0)  # of the largest move that the footage of the world has
QUICK_SHARES = (-2 / 3, 2 / 3)
WALKS: tuple[MoveKind, ...] = ("truck", "pedestal", "dolly")  # which the sky does not show
RUN = 8  # frames over which points are followed, before new ones are taken
EVERY = 4  # pixels from point to point
AROUND = 4  # pixels around things that move with them
OFF = 0.7  # pixels by which a point may be off and still count for something: beyond that it counts less and less
NEAR = 12.0  # metres within which ground tells of a walk
SKY = 1000.0  # metres at which the sky hangs, and ground that is further
NAMED: tuple[MoveKind, ...] = ("pan", "tilt", "zoom", "truck", "dolly")  # moves that prompts ask for by words
A_MOVE = 0.1  # of the largest move of a kind: less is none
EXPLAINED = 0.7  # of what standing still leaves unexplained that a move may leave
MANY = 16  # points by which a move is named, at least
FEWEST = 12  # points that tell of a move, at least
BEYOND = 2.0  # times the largest move that are looked through
RESAMPLES = 500


@dataclass(frozen=True)
class Setting:
    """What is filmed: a thing at rest on textured ground."""

    text: str
    colour: Colour
    ground: GroundName
    time: Hour


SETTINGS = (
    Setting("a red ball rests on a tiled floor at noon", "red", "tiles", "noon"),
    Setting("a blue ball rests on a wooden floor at noon", "blue", "wood", "noon"),
    Setting("a yellow ball rests on the grass under an overcast sky", "yellow", "grass", "overcast"),
    Setting("a purple ball rests on a tiled floor at sunset", "purple", "tiles", "sunset"),
)


@dataclass(frozen=True)
class Order:
    """A camera move that is asked for in a setting; a share of 0 is a camera that stands still."""

    kind: MoveKind
    share: float
    setting: Setting
    seed: int

    @property
    def moves(self) -> tuple[Move, ...]:
        return (Move(kind=self.kind, amount=amount_of(self.kind, self.share)),) if self.share else ()

    @property
    def shot(self) -> Shot:
        """The Shot as the command line makes it from --camera: tracks, and the move in the text."""
        tracks = camera_tracks(self.moves, SIZE, SECONDS, FPS, grid=usual_grid(SIZE))
        text = ", ".join(part for part in (self.setting.text, describe_moves(self.moves)) if part)
        return self.free.with_(text=text, tracks=tracks)

    @property
    def free(self) -> Shot:
        """The same without a word of the camera, and without tracks."""
        return Shot(text=self.setting.text, size=SIZE, seconds=SECONDS, fps=FPS, seed=self.seed)


def amount_of(kind: MoveKind, share: float) -> float:
    """A share of the largest move that the footage has, as a Move's amount; half a zoom is the root of its factor."""
    most = MOVES[kind][1]
    return float(most**share) if kind == "zoom" else share * most


def said(kind: MoveKind, amount: float) -> float:
    """An amount as a number that is 0 for no move, and twice as large for twice the move."""
    return math.log2(amount) if kind == "zoom" else amount


def orders(shares: Sequence[float], kinds: Sequence[MoveKind] = KINDS) -> list[Order]:
    """Each kind at each share, each share in a setting of its own."""
    return [
        Order(kind, share, SETTINGS[number % len(SETTINGS)], SEED + number)
        for kind in kinds
        for number, share in enumerate(shares)
    ]


def true_render(order: Order, base: View = DEFAULT_VIEW) -> Frames:
    """The order carried out to the letter, as the world draws it: [T, H, W, 3]."""
    rng = np.random.default_rng(order.seed)
    thing = actor(rng, action="stand")
    while thing.shape != "ball":
        thing = actor(rng, action="stand")
    thing = thing.model_copy(update={"colour": order.setting.colour})
    look = int(rng.integers(2**31))
    scene = Scene(things=(thing,), ground=order.setting.ground, time=order.setting.time, look=look)
    motion = simulate(scene, SECONDS, FPS)
    return render.draw(stage(scene, motion, camera_path(order.moves, SECONDS, FPS, base)), SIZE).frames


def as_footage(order: Order) -> View:
    """A view from which the footage of the world might have filmed the order: nearer and steeper than DEFAULT_VIEW."""
    rng = np.random.default_rng([order.seed, 1])
    scene = Scene(things=(actor(rng, action="stand"),), ground=order.setting.ground, time=order.setting.time)
    camera = sample_camera(scene, rng, still=True)
    place = (0.0, -camera.distance, camera.height)
    return View(position=place, tilt=camera.pitch, fov=camera.fov, pivot=camera.distance)


# ---- what was done


@dataclass(frozen=True, eq=False)
class Seen:
    """Textures that were followed for a while: from pixels of frame `first` to places in N later ones."""

    first: int
    row: npt.NDArray[np.int64]  # K
    column: npt.NDArray[np.int64]  # K
    grip: npt.NDArray[np.float64]  # K 2 2, what being off counts for
    later: tuple[int, ...]  # N
    places: Points  # K N 2
    sure: npt.NDArray[np.bool_]  # K N

    def only(self, which: npt.NDArray[np.bool_]) -> "Seen":
        """Some of the points."""
        return Seen(
            self.first,
            self.row[which],
            self.column[which],
            self.grip[which],
            self.later,
            self.places[which],
            self.sure[which],
        )


def look(frames: Frames) -> list[Seen]:
    """Follow a clip's textures, RUN frames at a time, from a grid of points that the picture holds."""
    found = []
    for first in range(0, len(frames) - 1, RUN):
        flow = Flow(frames[first : first + RUN + 1])
        row, column, grip = _held(flow.frames[0])
        points = _points(row, column)
        places = following.follow(flow, points)
        steps = sorted({flow.num_frames // 2, flow.num_frames - 1})
        ends, sure = zip(*(following.anchored(flow, places, step) for step in steps), strict=True)
        later = tuple(first + step for step in steps)
        found.append(Seen(first, row, column, grip, later, np.stack(ends, 1), np.stack(sure, 1)))
    return found


def _held(
    frame: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Rows and columns of a grid's pixels whose texture holds them [K], and how [K, 2, 2]; of ground and sky alone:
    what stands on a ground that is nearly bare would be all that is seen of a camera's walk."""
    H, W = frame.shape[:2]
    row, column = (side.ravel() for side in np.mgrid[EVERY // 2 : H : EVERY, EVERY // 2 : W : EVERY])
    least, grip = following.grip(frame, row, column)
    side = 2 * AROUND + 1
    masks = [cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) for mask in things(frame)]
    standing = np.any(masks, axis=0) if masks else np.zeros((H, W), np.bool_)
    held = (least > following.HELD) & ~standing[row, column]
    return row[held], column[held], grip[held]


def _points(row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> Points:
    """Picture coordinates of pixels' centres [K, 2]."""
    return np.asarray((np.stack([column, row], 1) + 0.5) / SIZE)


def done(kind: MoveKind, seen: Sequence[Seen], base: View = DEFAULT_VIEW) -> tuple[float, int]:
    """The amount (as `said`) of this kind of move that best explains what was seen, and by how many points; 0 where
    fewer than FEWEST tell anything."""
    chosen = [_telling(kind, one, base) for one in seen]
    num = sum(int(one.sure[:, -1].sum()) for one in chosen)
    if num < FEWEST:
        return 0.0, num
    most = abs(said(kind, amount_of(kind, 1.0)))
    middle, reach = 0.0, BEYOND * most
    for count in (41, 21, 21, 21):
        tried = middle + np.linspace(-reach, reach, count)
        middle = float(tried[np.argmin([_misfit(kind, float(amount), chosen, base) for amount in tried])])
        reach *= 3 / count
    return middle, num


def name_of(frames: Frames) -> str:
    """What the camera of a clip does, "still" or as "pan left": the one of NAMED that best explains what was seen,
    where enough is seen and something goes on."""
    seen = look(frames)
    base, best = DEFAULT_VIEW, (EXPLAINED, "still")
    for kind in NAMED:
        amount, num = done(kind, seen)
        if num < MANY or abs(amount) < A_MOVE * abs(said(kind, amount_of(kind, 1.0))):
            continue
        telling = [_telling(kind, one, base) for one in seen]
        left = _misfit(kind, amount, telling, base) / max(_misfit(kind, 0.0, telling, base), 1e-9)
        best = min(best, (left, f"{kind} {DIRECTIONS[kind][int(amount < 0)]}"))
    return best[1]


def _telling(kind: MoveKind, seen: Seen, base: View) -> Seen:
    """The points that tell of a move: of a walk only near ground, else all."""
    if kind not in WALKS:
        return seen
    depth = _depth(camera_path((), 1 / FPS, FPS, base), 0, seen)[0]
    return seen.only(depth < NEAR)


def _depth(path: CameraPath, frame: int, seen: Seen) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How deep the ground is at the points' pixels, or the sky, metres [K]; and the ways there from the eye, a metre
    deep [K, 3]."""
    across = (_points(seen.row, seen.column) - 0.5) * (2, -2) * math.tan(math.radians(path.fov[frame]) / 2)
    local = np.stack([across[:, 0] * SIZE[0] / SIZE[1], across[:, 1], np.full(len(across), -1.0)], 1)
    way = local @ path.rotation[frame].T
    falling, height = -way[:, 2], path.position[frame, 2]
    return np.where(falling * SKY > height, height / np.maximum(falling, 1e-9), SKY), way


def _misfit(kind: MoveKind, amount: float, seen: Sequence[Seen], base: View) -> float:
    """How badly this amount explains what was seen. What is far off counts no more than what is off at all, so that
    things and shadows do not pull (Geman & McClure 1987)."""
    move = Move(kind=kind, amount=2.0**amount if kind == "zoom" else amount)
    path = camera_path((move,), SECONDS, FPS, base)
    total, count = 0.0, 0
    for one in seen:
        depth, way = _depth(path, one.first, one)
        world = path.position[one.first] + depth[:, None] * way
        for number, frame in enumerate(one.later):
            where, _ = project(world, path, SIZE, frame)
            sure = one.sure[:, number]
            off = np.einsum("kij,kj->ki", one.grip, (where - one.places[:, number]) * SIZE)[sure] / OFF
            far = (off**2).sum(1)
            total += float((far / (1 + far)).sum())
            count += int(sure.sum())
    return total / max(1, count)


def strayed(frames: Frames) -> float:
    """How far the textures of a clip have gone from where they were in its first frame, on average over points and
    frames, in picture widths: 0 where all stays still."""
    points = _points(*_held(frames[0])[:2])
    if not len(points):
        return 0.0
    ways = (following.follow(Flow(frames), points) - points[:, None])[:, 1:]
    return float(np.hypot(ways[..., 0], ways[..., 1] * SIZE[1] / SIZE[0]).mean())


# ---- the numbers


@dataclass(frozen=True, eq=False)
class Read:
    """An order with what was done, as `said`: in the clip, in the true render, in what the network alone makes, and in
    a clip made without control."""

    order: Order
    asked: float
    made: float
    true: float
    alone: float  # by the network, without anything that moves the camera for it
    free: float
    points: int  # by which the clip was read


def read(studio: Studio, asked: Sequence[Order]) -> tuple[list[Read], list[Frames]]:
    """Carry out orders, and read what was done; the frames are the clips'."""
    free = {(order.setting, order.seed): order.free for order in asked}  # serves every kind
    made = studio.draw([order.shot for order in asked] + list(free.values()))
    by_itself = studio.draw([order.shot for order in asked], alone=True)
    unasked = {key: look(frames) for key, frames in zip(free, made[len(asked) :], strict=True)}
    found = []
    for order, frames, own in zip(asked, made, by_itself, strict=False):
        went, points = done(order.kind, look(frames))
        alone, _ = done(order.kind, look(own))
        true, _ = done(order.kind, look(true_render(order)))
        went_free, _ = done(order.kind, unasked[order.setting, order.seed])
        found.append(
            Read(order, said(order.kind, amount_of(order.kind, order.share)), went, true, alone, went_free, points)
        )
    return found, made[: len(asked)]


def r2(asked: Sequence[float], went: Sequence[float]) -> tuple[float, float, float]:
    """R² of the fitted line, and its 95 % interval by resampling."""
    x, y = np.asarray(asked), np.asarray(went)
    rng = np.random.default_rng(0)
    picks = rng.integers(len(x), size=(RESAMPLES, len(x)))
    drawn = [_r2(x[pick], y[pick]) for pick in picks if len(set(x[pick])) > 1]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return _r2(x, y), float(low), float(high)


def _r2(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    spread = float(((y - y.mean()) ** 2).sum())
    slope = float((x * y).sum() / max(float((x * x).sum()), 1e-12))
    return 1 - float(((y - slope * x) ** 2).sum()) / spread if spread > 0 else 0.0


def measure(studio: Studio, quick: bool) -> Outcome:
    """Slope and R² of asked against done for each kind of move, and how far the picture of a camera goes that was told
    to stand still."""
    kinds = QUICK_KINDS if quick else KINDS
    asked = orders(QUICK_SHARES if quick else SHARES, kinds)
    found, frames = read(studio, asked)
    metrics: dict[str, Metric] = {}
    rows, shown = [], []
    for kind in kinds:
        some = [one for one in found if one.order.kind == kind]
        sides = ("asked", "made", "true", "free", "alone")
        x, done_, true, free, alone = ([getattr(one, who) for one in some] for who in sides)
        slope, low, high, _ = fitted_slope(x, done_)
        unit = "halvings of the view" if kind == "zoom" else UNITS[kind]
        best, none, own = fitted_slope(x, true), fitted_slope(x, free), fitted_slope(x, alone)
        metrics[f"camera.{kind}_slope"] = Metric(slope, low, high, best[0], none[0], f"{unit} done for each asked")
        metrics[f"camera.{kind}_r2"] = Metric(*r2(x, done_), best[3], none[3], "share of what was done that is asked")
        points = int(np.mean([one.points for one in some]))
        metrics[f"camera.{kind}_slope_alone"] = Metric(*own[:3], best[0], none[0], f"{unit}, by the network alone")
        slopes = tuple(f"{one[0]:.2f}" for one in ((slope,), own, best, none))
        rows.append((kind, *slopes, f"{r2(x, done_)[0]:.2f}", str(points)))
        last = some[-1]
        text = f"asked {last.asked:.3g}, done {last.made:.3g} {unit}"
        shown.append(Shown(last.order.shot.text, frames[found.index(last)], true_render(last.order), text))
    metrics["camera.still"], still = stillness(studio, quick)
    columns = ("move", "slope", "network alone", "true renders", "without control", "R²", "points read")
    series = {
        str(kind): tuple((_share(one, one.asked), _share(one, one.made)) for one in found if one.order.kind == kind)
        for kind in kinds
    }
    plot = Plot("Camera moves", "asked, share of the footage's largest move", "done", series, diagonal=True)
    details: dict[str, Any] = {
        "moves": [
            {"kind": one.order.kind, "asked": one.asked}
            | {"done": one.made, "alone": one.alone, "true": one.true, "free": one.free}
            for one in found
        ]
    }
    if not quick:
        details["slopes_of_footage"] = footage_slopes(asked)
    return Outcome(metrics, (*shown, still), (Table("Camera moves", columns, tuple(rows)),), (plot,), details)


def footage_slopes(asked: Sequence[Order]) -> dict[str, float]:
    """The slopes that moves have in true renders from the footage's own views, read as if from DEFAULT_VIEW: what a
    network gets that has learned its footage perfectly."""
    found: dict[str, float] = {}
    for kind in KINDS:
        some = [order for order in asked if order.kind == kind]
        went = [done(kind, look(true_render(order, as_footage(order))))[0] for order in some]
        found[kind] = round(fitted_slope([said(kind, amount_of(kind, order.share)) for order in some], went)[0], 3)
    return found


def _share(one: Read, amount: float) -> float:
    return amount / said(one.order.kind, amount_of(one.order.kind, 1.0))


def stillness(studio: Studio, quick: bool) -> tuple[Metric, Shown]:
    """How far a picture goes whose camera was told to stand; told nothing, for the baseline."""
    asked = [Order("pan", 0.0, setting, SEED + n) for n, setting in enumerate(SETTINGS[: 2 if quick else 4])]
    made = studio.draw([order.shot for order in asked] + [order.free for order in asked])
    went = [strayed(frames) for frames in made]
    true = [strayed(true_render(order)) for order in asked]
    metric = Metric(
        *mean(went[: len(asked)]), float(np.mean(true)), float(np.mean(went[len(asked) :])), "of the picture's width"
    )
    note = f"a camera that stands: strayed by {went[0]:.2%} of the width"
    return metric, Shown(asked[0].shot.text, made[0], true_render(asked[0]), note)
