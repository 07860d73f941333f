"""Does what is made fall, bounce, roll, collide and last as it does in the world?

A ball is followed by its colour through what a network makes of a trial (see `trials`), and physics is fitted to its
places in metres. The true render of the same scene goes through the same measurement (the ceiling), and so does the
last picture that was known, standing still (the baseline; of rolling, a ball that slides).

PhyWorld, for which networks are trained on nothing else, is measured by `phyworld`. Letters: T frames.
"""

import math
from collections import defaultdict
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from vitascope.evaluate.suite import Frames, Metric, Outcome, Plot, Shown, Studio, Table, mean
from vitascope.evaluate.trials import FPS, SIZE, Floats, Law, Spots, Trial, followed, metres, trial
from vitascope.world import render
from vitascope.world.physics import GRAVITY
from vitascope.world.scene import MATERIALS
from vitascope.world.stage import stage

COUNTS: dict[Law, tuple[int, int]] = {  # trials of each law, few and many
    "fall": (2, 12),
    "bounce": (2, 12),
    "roll": (2, 12),
    "meet": (2, 12),
    "hide": (2, 12),
}
ALIKE = (0.5, 1.7)  # times its first size: what a ball's size may be while it is the same ball
RATIOS = np.linspace(-1.0, 3.0, 21)  # turning over travel that is looked for in a rolling ball: 1 rolls, 0 slides
LAG = 2  # frames
LIKENESS = 0.6  # correlation, in the mean, below which no pattern is seen to turn: true balls have 0.92, blobs 0.35
DISC = 21  # samples across a ball in which its turning is looked for
UNITS = {
    "gravity": "m/s², fitted to falling balls",
    "gravity_error": "m/s², of each ball from 9.81",
    "bounce": "speed of the rebound over that of the impact",
    "bounce_error": "of each ball from its material's",
    "rolling_error": "turning over travel, from 1",
    "momentum": "of two balls after they meet over before (friction takes the rest)",
    "collision_error": "of both speeds after they meet, in shares of the runner's",
    "behind_occluder": "share of frames in which the ball is there again",
    "unchanged": "share of frames in which each thing is there once and of its size",
}


# ---- the laws


def gravity(one: Trial, frames: Frames) -> float:
    """Fitted g in m/s² of a ball let go at rest, from the frames before its true touch."""
    z = metres(followed(one, frames)[0].middle, one.balls[0], one.path)[:, 1]
    t = np.arange(len(z)) / FPS
    falling = t <= one.met
    terms = np.stack((np.ones(falling.sum()), -(t[falling] ** 2) / 2), 1)
    return float(np.linalg.lstsq(terms, z[falling], rcond=None)[0][1])


def bounce(one: Trial, frames: Frames) -> float:
    """Speed of the rebound over that of the impact, from the height fallen and the height reached after it. 0 where
    nothing rises again."""
    z = metres(followed(one, frames)[0].middle, one.balls[0], one.path)[:, 1]
    t = np.arange(len(z)) / FPS
    near = np.flatnonzero(np.abs(t - one.met) < 2.5 / FPS)
    low = int(near[np.argmin(z[near])])
    after = z[low : low + round(0.95 * FPS)]
    top = int(np.argmax(after))
    rest = one.balls[0].size[0]
    if after[top] - after[0] < 0.06:
        return 0.0
    highest = float(after[top])
    if 0 < top < len(after) - 1:  # the top of the arc lies between frames
        a, b, c = after[top - 1 : top + 2]
        highest += (a - c) ** 2 / (8 * (2 * b - a - c)) if 2 * b > a + c else 0.0
    return math.sqrt(max(highest - rest, 0.0) / (one.balls[0].position[2] - rest))


def rolling(one: Trial, frames: Frames) -> float:
    """How far a ball turns over how far it would if it rolled without slipping: its pattern in one frame, turned about
    the axle, is compared with the pattern two frames later. NaN where it shows none or does not move."""
    ball = one.balls[0]
    found = followed(one, frames)[0]
    x = metres(found.middle, ball, one.path)[:, 0]
    there = np.flatnonzero((found.count == 1) & (found.size > ALIKE[0] * found.size[0]))
    if len(there) < 6 or abs(x[there[-1]] - x[there[0]]) < ball.size[0]:
        return math.nan
    discs = _discs(frames[there], found, there)
    eyes = [_eye(one, x[t]) for t in there]
    likeness = np.zeros(len(RATIOS))
    for i, j in zip(range(len(there) - LAG), range(LAG, len(there)), strict=True):
        angle = (x[there[j]] - x[there[i]]) / ball.size[0]
        likeness += [_alike(discs[i], discs[j], eyes[i], eyes[j], ratio * angle) for ratio in RATIOS]
    best = int(np.clip(np.argmax(likeness), 1, len(RATIOS) - 2))
    if likeness[best] < LIKENESS * (len(there) - LAG):
        return math.nan
    a, b, c = likeness[best - 1 : best + 2]
    bend = 2 * b - a - c
    return float(RATIOS[best] + (0.5 * (c - a) / bend * (RATIOS[1] - RATIOS[0]) if bend > 1e-9 else 0.0))


_SIDE = np.linspace(-0.85, 0.85, DISC)
_RIGHT, _UP = np.meshgrid(_SIDE, -_SIDE)
_INSIDE = _RIGHT**2 + _UP**2 < 0.7


def _discs(frames: Frames, found: Spots, there: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """How light the ball is over its disc [T, DISC, DISC], without what stays in its place (light and gloss)."""
    light = frames.astype(np.float32).mean(-1)
    discs = []
    for picture, t in zip(light, there, strict=True):
        radius = math.sqrt(found.size[t] / math.pi)
        across = (found.middle[t, 0] - 0.5 + _RIGHT * radius).astype(np.float32)
        down = (found.middle[t, 1] - 0.5 - _UP * radius).astype(np.float32)
        discs.append(cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    stacked = np.stack(discs)
    return stacked - stacked.mean(0)


def _eye(one: Trial, x: float) -> tuple[Floats, float]:
    """How the camera sees a ball at x: the axes right, up and towards it, as rows [3, 3], and how many radii away it
    is."""
    ball = one.balls[0]
    towards = one.path.position[0] - (x, ball.position[1], ball.size[0])
    away = float(np.linalg.norm(towards))
    towards = towards / away
    up = one.path.rotation[0][:, 1]
    right = np.cross(up, towards)
    right = right / np.linalg.norm(right)
    return np.stack((right, np.cross(towards, right), towards)), away / ball.size[0]


def _alike(
    one: npt.NDArray[np.float32],
    other: npt.NDArray[np.float32],
    eye: tuple[Floats, float],
    later: tuple[Floats, float],
    angle: float,
) -> float:
    """Correlation of two discs when the first has rolled on by an angle (to the right), each as it is seen."""
    axes, away = later
    edge = 1 / math.sqrt(away**2 - 1)  # tangent of the half angle that the ball fills
    rays = np.stack((_RIGHT[_INSIDE] * edge, _UP[_INSIDE] * edge, np.full(_INSIDE.sum(), -1.0)), -1)
    square = (rays**2).sum(-1)
    far = (away - np.sqrt(np.maximum(away**2 - square * (away**2 - 1), 0))) / square
    points = (rays * far[:, None] + (0, 0, away)) @ axes  # K 3, on the ball of radius 1, in the world's axes
    axle, cos, sin = np.array([0.0, 1.0, 0.0]), math.cos(-angle), math.sin(-angle)
    before = points * cos + np.cross(axle, points) * sin + (points @ axle)[:, None] * axle * (1 - cos)
    axes, away = eye
    local = before @ axes.T
    edge = 1 / math.sqrt(away**2 - 1)
    place = local[:, :2] / (away - local[:, 2:]) / edge
    seen = (local[:, 2] > 1 / away + 0.15) & ((place**2).sum(-1) < 0.7)
    if seen.sum() < 30:
        return 0.0
    scale = (DISC - 1) / 2 / 0.85
    across, down = (0.85 + place[:, :1]) * scale, (0.85 - place[:, 1:]) * scale
    turned = cv2.remap(one, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR)[:, 0][seen]
    a, b = turned - turned.mean(), other[_INSIDE][seen] - other[_INSIDE][seen].mean()
    return float((a * b).sum() / (math.sqrt(float((a * a).sum() * (b * b).sum())) + 1e-3))


def after_meeting(one: Trial, frames: Frames) -> tuple[float, float]:
    """Of two equally heavy balls that have met: their momentum in shares of what the runner had before, and how far
    their speeds are from the world's, in shares of its speed."""
    t = np.arange(len(frames)) / FPS
    before, after = t < one.met, (t > one.met) & (t < one.met + 5.5 / FPS)
    true = one.motion.position[..., 0]  # T N
    start = _slope(t[before], true[before, 0])
    wanted = [_slope(t[after], true[after, ball]) / start for ball in range(2)]
    done = [
        _slope(t[after], metres(found.middle, ball, one.path)[after, 0]) / start
        for found, ball in zip(followed(one, frames), one.balls, strict=True)
    ]
    return sum(done), float(np.abs(np.subtract(done, wanted)).mean())


def _slope(t: Floats, x: Floats) -> float:
    return float(np.polyfit(t, x, 1)[0])


def lasting(one: Trial, frames: Frames) -> float:
    """The share of frames after its time behind the cube in which the ball is there again, near its true place."""
    found, true = followed(one, frames)[0], followed(one, one.true)[0]
    hidden = np.flatnonzero(true.size == 0)
    out = np.flatnonzero((true.size > 0.6 * true.size[0]) & (np.arange(len(frames)) > hidden[-1]))
    wide = 2 * math.sqrt(true.size[0] / math.pi)
    near = np.hypot(*(found.middle[out] - true.middle[out]).T) < wide
    return float(((found.size[out] > 0.5 * true.size[out]) & near).mean())


def unchanged(one: Trial, frames: Frames) -> float:
    """The share of frames in which each ball is there once and of its size, of those in which it truly is."""
    shares = []
    for found, true in zip(followed(one, frames), followed(one, one.true), strict=True):
        wanted = true.size > 0.8 * true.size[0]
        wanted[: one.given] = False
        share = found.size / true.size[0]
        shares.append(((found.count == 1) & (share > ALIKE[0]) & (share < ALIKE[1]))[wanted].mean())
    return float(np.mean(shares))


# ---- the suite


def numbers(one: Trial, frames: Frames) -> dict[str, float]:
    """What is measured of a trial in some frames [T, H, W, 3]."""
    if one.law == "hide":
        return {"behind_occluder": lasting(one, frames)}
    found = {"unchanged": unchanged(one, frames)}
    if one.law == "fall":
        g = gravity(one, frames)
        return found | {"gravity": g, "gravity_error": abs(g - GRAVITY)}
    if one.law == "bounce":
        ratio = bounce(one, frames)
        return found | {"bounce": ratio, "bounce_error": abs(ratio - restitution(one))}
    if one.law == "roll":
        turning = rolling(one, frames)
        return found | {"rolling_error": 1.0 if math.isnan(turning) else abs(turning - 1)}
    momentum, error = after_meeting(one, frames)
    return found | {"momentum": momentum, "collision_error": error}


def restitution(one: Trial) -> float:
    return MATERIALS[one.balls[0].material].restitution


def trivial(one: Trial) -> Frames:
    """The last picture that was known, standing still; of rolling, a ball that slides."""
    if one.law == "roll":
        turned = np.broadcast_to(one.motion.rotation[:1], one.motion.rotation.shape)
        return render.draw(stage(one.scene, replace(one.motion, rotation=turned), one.path), SIZE).frames
    known = max(1, one.given)
    return np.concatenate((one.true[:known], np.repeat(one.true[known - 1 : known], len(one.true) - known, 0)))


def measure(studio: Studio, quick: bool) -> Outcome:
    """All laws, on few trials or on many."""
    trials = [trial(law, index) for law, counts in COUNTS.items() for index in range(counts[0 if quick else 1])]
    drawn = studio.draw([one.shot for one in trials])
    made = [one.whole(frames) for one, frames in zip(trials, drawn, strict=True)]
    found = [numbers(one, frames) for one, frames in zip(trials, made, strict=True)]
    true = [numbers(one, one.true) for one in trials]
    plain = [numbers(one, trivial(one)) for one in trials]
    metrics = {
        name: Metric(*mean(_all(found, name)), _mean(true, name), _mean(plain, name), unit)
        for name, unit in UNITS.items()
    }
    rows = [
        (one.law, one.shot.text, *("; ".join(f"{name} {each[name]:.2f}" for name in each) for each in (mine, truth)))
        for one, mine, truth in zip(trials, found, true, strict=True)
    ]
    shown = {
        one.law: _shown(one, frames, mine)
        for one, frames, mine in reversed(list(zip(trials, made, found, strict=True)))
    }
    return Outcome(
        metrics,
        tuple(shown[law] for law in COUNTS),
        (Table("Physics of each clip", ("law", "asked", "made", "true"), tuple(rows)),),
        (_falls(trials, made), _rebounds(trials, found, true)),
        {"trials": [{"law": row[0], "text": row[1], "made": mine} for row, mine in zip(rows, found, strict=True)]},
    )


def _all(found: list[dict[str, float]], name: str) -> list[float]:
    return [each[name] for each in found if name in each]


def _mean(found: list[dict[str, float]], name: str) -> float:
    return float(np.mean(_all(found, name)))


def _shown(one: Trial, frames: Frames, found: dict[str, float]) -> Shown:
    note = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    return Shown(f"{one.law}: {one.shot.text}", frames, one.true, note)


def _falls(trials: list[Trial], made: list[Frames]) -> Plot:
    """How far balls have fallen, in the mean over the trials."""
    heights: dict[str, list[Floats]] = defaultdict(list)
    for one, frames in zip(trials, made, strict=True):
        if one.law == "fall":
            for name, clip in (("made", frames), ("true", one.true)):
                z = metres(followed(one, clip)[0].middle, one.balls[0], one.path)[:, 1]
                heights[name].append(z[0] - z)
    lines = {name: np.mean(falls, 0)[: round(FPS)] for name, falls in heights.items()}
    series = {name: tuple((i / FPS, float(fall)) for i, fall in enumerate(line)) for name, line in lines.items()}
    return Plot("How far balls have fallen", "seconds", "metres", series)


def _rebounds(trials: list[Trial], found: list[dict[str, float]], true: list[dict[str, float]]) -> Plot:
    """Rebound over impact, against the material's."""
    series = {
        name: tuple(
            (restitution(one), each["bounce"]) for one, each in zip(trials, of, strict=True) if "bounce" in each
        )
        for name, of in (("made", found), ("true", true))
    }
    return Plot("Bouncing", "the material's ratio", "measured ratio", series, diagonal=True)
