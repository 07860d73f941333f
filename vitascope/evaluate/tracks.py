"""Does what is asked by tracks go where it was asked? End-point error of 1, 4, 64 and 1,024 tracks, in picture widths.

The tracks are exact ones of unseen takes of the world. On the ground and in the sky a point is followed by optical
flow from where it was asked to be; things are plain and roll, so that no tracker can hold on to their skin: a track on
a thing is judged by the thing's centre, which is found by its colours. Only points and things are asked about that the
same measurement finds again in the true render.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vitascope.evaluate import follow as following
from vitascope.evaluate.follow import Flow, Frames, Look, Points
from vitascope.evaluate.suite import Metric, Outcome, Plot, Shown, Studio, Table, mean
from vitascope.shot.shot import Media, Pin, Shot
from vitascope.shot.tracks import tracks_from_arrays
from vitascope.world.footage import Take, film, happening
from vitascope.world.physics import Motion
from vitascope.world.scene import Scene

SIZE = (144, 80)
SECONDS, FPS = 2.0, 12.0
SEED = 31_000  # of the takes; the video network's footage is that of seed 0
MOST_TRACKS = 1024
# How many tracks, and whether the first frame is given: few say nothing without a picture that shows what they are on,
# a thousand say all by themselves.
KINDS = {
    "epe_1": (1, True),
    "epe_4": (4, True),
    "epe_64": (64, False),
    "epe_64_pinned": (64, True),
    "epe_1024": (1024, False),
}
ALONE = ("epe_64", "epe_64_pinned")  # which are also asked of the network by itself
TAKES, QUICK_TAKES = 12, 2
MOST_TAKES = 400  # that are looked at to find so many
FOUND = 0.01  # picture widths by which a true render may be missed; what is missed by more is not asked about
SHORTEST = 6  # frames in which a point is seen without a break, at least
GOING = 0.12  # picture widths that a thing goes at least
FEWEST = 100  # points of ground and sky that are found again, at least
UNIT = "of the picture's width"
BY = ", by the network alone"

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """A take with what is asked of it. K tracks: the first half on the thing, the others on ground and sky."""

    take: Take
    frames: Frames  # the true render
    centre: Points  # T 2, of the thing as far as it is seen, which is so in all frames
    look: Look
    on_thing: npt.NDArray[np.int64]  # numbers of the take's tracks
    on_ground: npt.NDArray[np.int64]  # those that are found again
    num_ground: int  # of how many


@dataclass(frozen=True, eq=False)
class Question:
    """Which of a case's tracks are asked for, and whether the first frame is given. One track alone is the thing's
    centre; 0 asks for nothing: what is done without."""

    case: Case
    count: int
    pinned: bool

    @property
    def shot(self) -> Shot:
        """The Shot that asks it; the same seed for all questions of a case."""
        take = self.case.take
        frame = self.case.frames[0]
        pins = (Pin(media=Media.of(_png(frame))),) if self.pinned else ()
        return Shot(
            text=take.captions[0],
            size=SIZE,
            seconds=SECONDS,
            fps=FPS,
            seed=SEED + take.shot.seed,
            pins=pins,
            tracks=tracks_from_arrays(*self.asked, FPS),
        )

    @property
    def asked(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Points [K, T, 2] and visible [K, T]."""
        case = self.case
        if self.count == 1:
            return case.centre[None], np.ones((1, len(case.centre)), np.bool_)
        chosen = np.concatenate([_half(case.on_thing, self.count), _half(case.on_ground, self.count)])
        return case.take.points[chosen].astype(np.float64), case.take.visible[chosen]


def _half(numbers: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Half of `count` of the numbers, evenly chosen; all of them where there are no more."""
    wanted = min(len(numbers), count // 2)
    return numbers[np.linspace(0, len(numbers) - 1, wanted).round().astype(np.int64)] if wanted else numbers[:0]


def _png(frame: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(frame).save(held, "PNG")
    return held.getvalue()


# ---- what is asked


def cases(count: int) -> list[Case]:
    """The first `count` takes that can be measured, as many with a camera that stands as with one that moves."""
    found: dict[bool, list[Case]] = {False: [], True: []}
    wanted = {False: count - count // 2, True: count // 2}
    for index in range(MOST_TAKES):
        if all(len(found[moves]) == wanted[moves] for moves in found):
            break
        scene, motion = happening(SEED, index, size=SIZE, seconds=SECONDS, fps=FPS)
        moves = bool(scene.camera.moves)
        if len(found[moves]) < wanted[moves]:
            found[moves] += _case(scene, motion, index)
    return [case for pair in _by_turns(found[False], found[True]) for case in pair]


def _by_turns(first: Sequence[Case], second: Sequence[Case]) -> Iterator[tuple[Case, ...]]:
    for k in range(max(len(first), len(second))):
        yield (*first[k : k + 1], *second[k : k + 1])


def _case(scene: Scene, motion: Motion, index: int) -> list[Case]:
    """The case of a take; none where the thing hardly moves or is not found again, or too few points are."""
    few = film(scene, motion, SEED, index, size=SIZE, num_captions=1, num_tracks=1)
    frames = few.clip.array()
    centre, there = following.middle_of(few.ids > 0)
    if not there.all() or _lengths(centre - centre[0]).max() < GOING:
        return []
    look = following.look_of(frames, few.ids > 0)
    place, _ = following.centres(frames, look, centre[0])
    missed = _lengths(place - centre)
    if missed.mean() > FOUND or missed.max() > 3 * FOUND:
        return []
    take = film(scene, motion, SEED, index, size=SIZE, num_captions=1, num_tracks=4 * MOST_TRACKS)
    first, end = following.longest_run(take.visible)
    long = end - first >= SHORTEST
    thing = _on_thing(take)
    ground = np.flatnonzero(long & ~thing)[:MOST_TRACKS]
    kept = ground[_followed(Flow(frames), take, ground) <= FOUND]
    if len(kept) < FEWEST or not (long & thing).any():
        return []
    return [Case(take, frames, centre, look, np.flatnonzero(long & thing), kept, len(ground))]


def _on_thing(take: Take) -> npt.NDArray[np.bool_]:
    """Which of the take's tracks are on the thing, told by what is seen in the frame where each is first seen."""
    T, H, W = take.ids.shape
    first, _ = following.longest_run(take.visible)
    first = np.minimum(first, T - 1)
    places = take.points[np.arange(len(first)), first]
    column = np.clip((places[:, 0] * W).astype(np.int64), 0, W - 1)
    row = np.clip((places[:, 1] * H).astype(np.int64), 0, H - 1)
    return np.asarray(take.ids[first, row, column] > 0)


# ---- what was done


def _lengths(steps: Points) -> Numbers:
    """Lengths [...] in picture widths of steps [..., 2] in picture coordinates."""
    return np.asarray(np.hypot(steps[..., 0], steps[..., 1] * SIZE[1] / SIZE[0]))


def _followed(flow: Flow, take: Take, tracks: npt.NDArray[np.int64]) -> Numbers:
    """How far these tracks' points are from where they were asked, on average over the frames in which each is seen
    without a break: [K] in picture widths."""
    points, visible = take.points[tracks].astype(np.float64), take.visible[tracks]
    first, end = following.longest_run(visible)
    places = following.follow(flow, points[np.arange(len(tracks)), first], first)
    frame = np.arange(points.shape[1])
    run = (frame > first[:, None]) & (frame < end[:, None])  # K T; in the first frame it stands where it was asked
    return np.asarray((_lengths(places - points) * run).sum(1) / np.maximum(run.sum(1), 1))


@dataclass(frozen=True, eq=False)
class Answer:
    """What a clip did with a question, in picture widths."""

    error: float  # over all its tracks
    thing: float  # of the thing's centre alone
    place: Points  # T 2, where the thing was found
    seen: float  # share of the frames in which it was found at all


def answer(question: Question, flow: Flow) -> Answer:
    """Measure a clip against a question."""
    case = question.case
    place, seen = following.centres(flow.frames, case.look, case.centre[0])
    thing = float(_lengths(place - case.centre).mean())
    errors = [thing]
    if question.count > 1:
        ground = _half(case.on_ground, question.count)
        num_thing = len(_half(case.on_thing, question.count))
        errors = [thing] * num_thing + _followed(flow, case.take, ground).tolist()
    return Answer(float(np.mean(errors)), thing, place, float(seen.mean()))


# ---- the numbers


@dataclass(frozen=True, eq=False)
class Judged:
    """A question with what a clip did, what the true render does, and what is done without tracks."""

    question: Question
    made: Frames
    done: Answer
    best: Answer
    none: Answer


def judged(studio: Studio, asked: Sequence[Case]) -> dict[str, list[Judged]]:
    """Every case asked in every way of KINDS."""
    ways = [*KINDS.values(), (0, False), (0, True)]
    questions = [Question(case, *way) for case in asked for way in ways]
    made = iter(studio.draw([question.shot for question in questions]))
    found: dict[str, list[Judged]] = {name: [] for name in KINDS}
    for case in asked:  # what flows take in memory is let go case by case
        frames = {way: next(made) for way in ways}
        true, free = Flow(case.frames), {pinned: Flow(frames[0, pinned]) for pinned in (False, True)}
        for name, way in KINDS.items():
            question = Question(case, *way)
            done = answer(question, Flow(frames[way]))
            found[name].append(
                Judged(question, frames[way], done, answer(question, true), answer(question, free[way[1]]))
            )
    return found


def measure(studio: Studio, quick: bool) -> Outcome:
    """End-point errors of tracks, and of the thing's centre where 64 tracks and the first frame are given."""
    asked = cases(QUICK_TAKES if quick else TAKES)
    all_of = judged(studio, asked)
    metrics = {f"tracks.{name}": _metric(some, "error") for name, some in all_of.items()}
    best_known = all_of["epe_64_pinned"]
    metrics["tracks.object"] = _metric(best_known, "thing")
    for name in ALONE:
        by_itself = studio.draw([one.question.shot for one in all_of[name]], alone=True)
        errors = [answer(one.question, Flow(made)).error for one, made in zip(all_of[name], by_itself, strict=True)]
        metrics[f"tracks.{name}_alone"] = replace(metrics[f"tracks.{name}"], **_interval(errors), unit=f"{UNIT}{BY}")
    columns = ("tracks", "error", "low", "high", "true renders", "without tracks", "thing found")
    rows = []
    for name, some in all_of.items():
        m = metrics[f"tracks.{name}"]
        numbers = (f"{share:.2%}" for share in (m.value, m.low, m.high, m.ceiling, m.baseline))
        rows.append((name, *numbers, f"{np.mean([one.done.seen for one in some]):.0%}"))
    details = {
        "takes": [case.take.name for case in asked],
        "texts": [case.take.captions[0] for case in asked],
        "points_found_again": [round(len(case.on_ground) / case.num_ground, 3) for case in asked],
        "errors": {name: [round(one.done.error, 5) for one in some] for name, some in all_of.items()},
    }
    table = Table(f"End-point error, {UNIT}", columns, tuple(rows))
    return Outcome(metrics, tuple(map(_shown, best_known)), (table,), (_plot(best_known),), details)


def _interval(errors: Sequence[float]) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), mean(errors), strict=True))


def _metric(some: Sequence[Judged], what: str) -> Metric:
    done, best, none = ([getattr(getattr(one, who), what) for one in some] for who in ("done", "best", "none"))
    return Metric(*mean(done), ceiling=float(np.mean(best)), baseline=float(np.mean(none)), unit=UNIT)


# ---- what a human sees


def _shown(one: Judged) -> Shown:
    """The clip beside the truth, with a ring where the thing's centre was asked to be and a dot where it was found."""
    case = one.question.case
    note = f"{one.question.count} tracks: off by {one.done.error:.1%} of the width, the thing by {one.done.thing:.1%}"
    true = marked(case.frames, case.centre, one.best.place)
    return Shown(case.take.captions[0], marked(one.made, case.centre, one.done.place), true, note)


def marked(frames: Frames, asked: Points, found: Points) -> Frames:
    """The frames with a ring at one place [T, 2] and a dot at another."""
    import cv2

    pages = frames.copy()
    for page, ring, dot in zip(pages, asked * SIZE - 0.5, found * SIZE - 0.5, strict=True):
        for colour, wide in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.circle(page, (round(ring[0]), round(ring[1])), 4, colour, wide)
        cv2.circle(page, (round(dot[0]), round(dot[1])), 1, (255, 60, 40), -1)
    return pages


def _plot(some: Sequence[Judged]) -> Plot:
    """How far the thing had gone to the right in every fourth frame, asked against done."""
    series = {}
    for name, who in (("with 64 tracks", "done"), ("without tracks", "none")):
        pairs = [(one.question.case.centre, getattr(one, who).place) for one in some]
        series[name] = tuple(
            (float(x), float(y))
            for asked, went in pairs
            for x, y in zip(asked[3::4, 0] - asked[0, 0], went[3::4, 0] - asked[0, 0], strict=True)
        )
    return Plot("The thing's way to the right", f"asked, {UNIT}", f"done, {UNIT}", series, diagonal=True)
