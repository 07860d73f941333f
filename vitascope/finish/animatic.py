"""An animatic: a pinned first frame cut up and moved along its tracks, as storyboards are filmed. The network goes over
it (SDEdit, arXiv 2108.01073), so that the film goes where it was told and looks as the network makes films.

What the camera does is found from the tracks (`shot/pose.py`); what goes otherwise is cut out around the points that
tell so (GrabCut, Rother et al. 2004), and the hole behind it is filled.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vitascope.finish.reframe import looked_up
from vitascope.model.condition import placed
from vitascope.shot.clip import Frame
from vitascope.shot.pose import MOVES, Camera, Points, camera_of
from vitascope.shot.shot import Shot
from vitascope.shot.tracks import track_arrays

Frames = NDArray[np.uint8]  # T H W 3
Mask = NDArray[np.bool_]  # H W

LEAST = 0.03  # of the picture that a thing goes: lips and leaves that stir are no things that go
FEW = 8  # tracks
LARGEST = 0.5  # of the picture that is cut out: more is no thing
ROUNDS = 4  # of cutting out
NEAR = 0.6  # of a thing's points' extent: as far around them it may reach
SCALES = 1.3  # by which a thing may grow or shrink
FEATHER = 0.7  # pixels over which a cut edge is soft


@dataclass(frozen=True, eq=False)
class Cut:
    """A part of the first frame and how it goes: for each frame a map [T, 2, 3] from pixels of the first."""

    mask: Mask
    soft: NDArray[np.float32]  # H W, the same with soft edges
    maps: Points


@dataclass(frozen=True, eq=False)
class Animatic:
    """A first frame in motion."""

    first: Frame
    ground: Frame  # the first frame without its things
    cuts: tuple[Cut, ...]
    camera: Camera | None
    num_frames: int

    def frame(self, number: int) -> Frame:
        """A frame [H, W, 3]: the ground as the camera sees it, and the things where they have gone."""
        number = min(number, self.num_frames - 1)
        H, W = self.first.shape[:2]
        camera, seen = self.camera, self.ground
        if camera is not None:
            seen = looked_up(seen, lambda xy: camera.before(xy, number))
        out = seen.astype(np.float32)
        for cut in self.cuts:
            way = cut.maps[number]
            share = cv2.warpAffine(cut.soft, way, (W, H))[..., None]
            moved = cv2.warpAffine(self.first, way, (W, H), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            out += share * (moved - out)
        return np.asarray(np.rint(out.clip(0, 255)), np.uint8)

    def frames(self, first: int, count: int) -> Frames:
        """Some of them [count, H, W, 3]; the last one again where there are no more."""
        return np.stack([self.frame(first + number) for number in range(count)])


def animatic(shot: Shot, num_frames: int, fps: float) -> Animatic | None:
    """The Shot's first frame in motion, at the Shot's size; None for a Shot without tracks that move, or with other
    known pictures than a whole first frame."""
    first = _first(shot, fps)
    if first is None or not shot.tracks or num_frames < 2:
        return None
    points, visible = track_arrays(shot.tracks, num_frames, fps)
    xy = points.astype(np.float64)
    found = camera_of(xy, visible, shot.size)
    camera, of_camera = (None, _ways_of(xy, visible) < MOVES) if found is None else found
    early = visible[:, 0]
    moving = early & ~of_camera & (_ways_of(xy, visible) > LEAST)
    everywhere = moving.sum() > 0.6 * early.sum() and (np.ptp(xy[moving, 0], axis=0) > 0.6).all()
    if everywhere:  # that is no thing but a camera's work which is not understood, or a crowd's
        return None
    cuts = _cuts(first, xy, visible, moving, early & of_camera)
    if camera is None and not cuts:
        return None
    return Animatic(first, _filled(first, cuts), tuple(cuts), camera, num_frames)


def _first(shot: Shot, fps: float) -> Frame | None:
    """The whole picture that is pinned as the first frame, if that is all that is pinned."""
    known = [pin for pin in shot.pins if pin.role == "frame"]
    if len(known) != 1 or known[0].media.kind != "picture" or round(known[0].time * fps) or known[0].strength < 1:
        return None
    picture, shown = placed(known[0], shot.size)
    return picture if shown is None else None


def _ways_of(xy: Points, visible: NDArray[np.bool_]) -> Points:
    """How far tracks get from where they begin, as long as they are seen [K]."""
    ways = np.abs(xy - xy[:, :1]).max(-1)
    return np.asarray(np.where(visible, ways, 0).max(1))


# ---- what is cut out


def _cuts(
    first: Frame, xy: Points, visible: NDArray[np.bool_], moving: NDArray[np.bool_], still: NDArray[np.bool_]
) -> list[Cut]:
    """What the moving tracks are on, each connected part with its own motion."""
    size = np.array(first.shape[1::-1])
    if not moving.any():
        return []
    whole = _cut_out(first, xy[moving, 0] * size, xy[still, 0] * size)
    count, parts = cv2.connectedComponents(whole.astype(np.uint8))
    cuts = []
    for part in range(1, count):
        mask = np.asarray(parts == part)
        pixels = np.clip((xy[:, 0] * size).astype(int), 0, size - 1)
        own = moving & mask[pixels[:, 1], pixels[:, 0]]
        if own.any():
            soft = np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), FEATHER), np.float32)
            cuts.append(Cut(mask, soft, _ways(xy[own] * size, visible[own])))
    return cuts


def _cut_out(first: Frame, seeds: Points, still: Points) -> Mask:
    """The thing, or things, on which these pixels [K, 2] lie, and those that stand still do not."""
    H, W = first.shape[:2]
    low, high = seeds.min(0), seeds.max(0)
    reach = np.maximum(NEAR * (high - low), 0.12 * H)
    if len(seeds) < 3:  # one point says nothing of how large what it is on is
        reach = np.maximum(reach, 0.25 * H)
    left, top = np.maximum(low - reach, 0).astype(int)
    right, bottom = np.minimum(high + reach + 1, (W, H)).astype(int)
    marks = np.full((H, W), cv2.GC_BGD, np.uint8)
    marks[top:bottom, left:right] = cv2.GC_PR_BGD
    for x, y in still:
        cv2.circle(marks, (int(x), int(y)), 1, cv2.GC_BGD, -1)
    near, wide = (0.12, 0.05) if len(seeds) < FEW else (0.04, 0.014)  # a few points have to stand for all around them
    for x, y in seeds:
        cv2.circle(marks, (int(x), int(y)), round(near * H), cv2.GC_PR_FGD, -1)
    for x, y in seeds:
        cv2.circle(marks, (int(x), int(y)), max(1, round(wide * H)), cv2.GC_FGD, -1)
    known = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
    try:
        cv2.setRNGSeed(0)  # the same cut each time
        cv2.grabCut(first, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
        cut = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
    except cv2.error:
        cut = known
    cut = known if not 0 < cut.mean() < LARGEST else cut
    closed = cv2.morphologyEx(cut.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray(closed > 0)


def _ways(pixels: Points, visible: NDArray[np.bool_]) -> Points:
    """How a thing goes by its points [K, T, 2]: for each frame a shift, turn and scale from the first, [T, 2, 3]. Where
    none is seen it stays as it was."""
    maps = np.tile(np.array([[1.0, 0, 0], [0, 1, 0]]), (pixels.shape[1], 1, 1))
    for t in range(1, len(maps)):
        there = visible[:, t] & visible[:, 0]
        if not there.any():
            maps[t] = maps[t - 1]
            continue
        before, after = pixels[there, 0], pixels[there, t]
        found = None
        if there.sum() >= FEW and np.ptp(before, axis=0).min() > 2:
            found, _ = cv2.estimateAffinePartial2D(before, after, method=cv2.LMEDS)
        if found is None:
            found = np.array([[1.0, 0, 0], [0, 1, 0]])
        scale = float(np.linalg.norm(found[:, 0]))
        found[:, :2] *= np.clip(scale, 1 / SCALES, SCALES) / max(scale, 1e-6)  # what turns away seems to shrink
        found[:, 2] = np.median(after - before @ found[:, :2].T, axis=0)
        maps[t] = found
    return maps


def _filled(first: Frame, cuts: list[Cut]) -> Frame:
    """The first frame with what lies behind the things, as far as it can be guessed from what is around them."""
    if not cuts:
        return first
    hole = np.any([cut.mask for cut in cuts], axis=0).astype(np.uint8)
    wide = max(1, round(first.shape[0] / 48))
    hole = cv2.dilate(hole, np.ones((2 * wide + 1, 2 * wide + 1), np.uint8))
    return np.asarray(cv2.inpaint(np.ascontiguousarray(first), hole, 3, cv2.INPAINT_TELEA), np.uint8)
