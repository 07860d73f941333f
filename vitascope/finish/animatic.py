"""An animatic: a pinned first frame cut up and moved along its tracks, as storyboards are filmed, in the size and at
the rate of the film.

What the camera does is found from the tracks (`shot/pose.py`); what goes otherwise is cut out around the points that
tell so (`cutout.py`), and the hole behind it is filled. Its shadow goes over the ground with it. Where no picture is
known, the first frame that the network has drawn is set in motion instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vitascope.finish.cutout import (
    DARK,
    FEW,
    Mask,
    behind,
    enlarged,
    matte,
    near_points,
    on_plain,
    on_points,
    shadow_of,
    shadows,
    smaller,
    softened,
)
from vitascope.finish.reframe import Scenery, looks_outside, scenery, seen_by
from vitascope.model.condition import placed
from vitascope.shot.clip import Frame
from vitascope.shot.pose import MOVES, Camera, OfPicture, Points, told
from vitascope.shot.shot import Shot

LEAST = 0.03  # of the picture that a thing goes: lips and leaves that stir are no things that go
SCALES = 1.3  # by which a thing may grow or shrink
HIDDEN = 0.3  # what a hidden point counts beside one that is seen
LANDED = 0.25  # of the picture's height: as far from its shadow a thing that falls may land, or it does not land
EVEN = 1 / 120  # of the picture's height: what is finer than that in a shadow is the ground's, not its own


@dataclass(frozen=True, eq=False)
class Cut:
    """A part of the first frame and how it goes: for each frame a map [T, 2, 3] from pixels of the first."""

    soft: NDArray[np.float32]  # H W, where it is, with soft edges
    maps: Points
    shadow: "Cut | None" = None

    def at(self, size: tuple[int, int]) -> "Cut":
        """The same in a picture of another size."""
        across, down = size[0] / self.soft.shape[1], size[1] / self.soft.shape[0]
        maps = self.maps * np.array([across, down])[:, None] / np.array([across, down, 1])
        return Cut(enlarged(self.soft, size), maps, None if self.shadow is None else self.shadow.at(size))


@dataclass(frozen=True, eq=False)
class Cast:
    """A shadow: what it leaves of the light [h, w, 3] in a part of the first frame that begins at a corner (x, y), and
    how it goes: for each frame a map [T, 2, 3] from pixels of the first."""

    left: NDArray[np.float32]
    corner: tuple[int, int]
    maps: Points

    def over(self, frame: NDArray[np.float32], number: int) -> None:
        """Darken a frame [H, W, 3] where the shadow falls."""
        H, W = frame.shape[:2]
        way, (h, w) = self.maps[number], self.left.shape[:2]
        corners = way @ np.array([[x, y, 1] for x in (0, w) for y in (0, h)] + np.array([*self.corner, 0])).T
        low = np.clip(np.floor(corners.min(1)), 0, (W, H)).astype(int)
        high = np.clip(np.ceil(corners.max(1)) + 1, 0, (W, H)).astype(int)
        if (high <= low).any():
            return
        local = way.copy()
        local[:, 2] += way[:, :2] @ self.corner - low
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        frame[low[1] : high[1], low[0] : high[0]] *= cv2.warpAffine(self.left, local, size, borderValue=(1.0,) * 3)


@dataclass(frozen=True, eq=False)
class Animatic:
    """A first frame in motion."""

    first: Frame
    ground: Scenery  # the first frame without what moves
    cuts: tuple[Cut, ...]
    own: tuple[Frame, ...]  # the first frame for each cut, which about its edges has the thing's colours alone
    casts: tuple[Cast, ...]
    camera: Camera | None
    num_frames: int

    def __iter__(self) -> Iterator[Frame]:
        return map(self.frame, range(self.num_frames))

    def frame(self, number: int) -> Frame:
        """A frame [H, W, 3]: the ground as the camera sees it, and on it the things where they have gone."""
        H, W = self.first.shape[:2]
        seen = self.ground.picture if self.camera is None else seen_by(self.camera, self.ground, number)
        if not self.cuts:
            return seen
        out = seen.astype(np.float32)
        for cast in self.casts:
            cast.over(out, number)
        for cut, own in zip(self.cuts, self.own, strict=True):
            way = cut.maps[number]
            share = cv2.warpAffine(cut.soft, way, (W, H))[..., None]
            moved = cv2.warpAffine(own, way, (W, H), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            out += share * (moved - out)
        return np.asarray(np.rint(out.clip(0, 255)), np.uint8)


def animatic(shot: Shot, num_frames: int, fps: float) -> Animatic | None:
    """The Shot's first frame in motion, at the Shot's size; None for a Shot without tracks that move, or with other
    known pictures than a whole first frame."""
    first = _first(shot, fps)
    if first is None or not shot.tracks or num_frames < 2:
        return None
    asked = _asked(shot, num_frames, fps)
    if asked is None:
        return None
    cuts = _cuts(smaller(first), asked)
    camera = asked.camera or _of_rest(asked, cuts)
    if camera is None and not cuts:
        return None
    return _animatic(first, cuts, camera, num_frames)


def drawn(shot: Shot, first: Frame, num_frames: int, fps: float) -> Animatic | None:
    """The same of a first frame [H, W, 3] that a network has drawn for a Shot of which no picture is known: what stands
    out near the tracks' beginnings is put there, and goes as they do. None where nothing moves or stands out."""
    asked = _asked(shot, num_frames, fps) if moves(shot, num_frames, fps) else None
    if asked is None:
        return None
    cuts = _cuts_about(smaller(first), asked)
    return _animatic(first, cuts, None, num_frames) if cuts else None


def _animatic(first: Frame, cuts: list[Cut], camera: Camera | None, num_frames: int) -> Animatic:
    """With what lies behind the things, as far as it can be guessed: what is beside them."""
    cuts = [cut.at((first.shape[1], first.shape[0])) for cut in cuts]
    ground = first
    for cut in cuts:
        ground = behind(ground, cut.soft > 0.5)
        if cut.shadow is not None:
            ground = behind(ground, cut.shadow.soft > 0.5)
    casts = tuple(_cast(first, ground, cut.shadow) for cut in cuts if cut.shadow is not None)
    outside = camera is not None and looks_outside(camera, range(num_frames))
    known = Scenery(ground, ground, ()) if camera is None else scenery(ground, camera, outside)
    mattes = [matte(first, ground, cut.soft) for cut in cuts]
    fine = tuple(replace(cut, soft=soft) for cut, (soft, _) in zip(cuts, mattes, strict=True))
    return Animatic(first, known, fine, tuple(own for _, own in mattes), casts, camera, num_frames)


def _cast(first: Frame, ground: Frame, shadow: Cut) -> Cast:
    """What a shadow leaves of the light, by the first frame and the same without it."""
    even = max(1.0, EVEN * first.shape[0])
    wide = round(3 * even)
    rows, columns = np.nonzero(shadow.soft > 0.01)
    top, left = max(0, int(rows.min()) - wide), max(0, int(columns.min()) - wide)
    part = (slice(top, int(rows.max()) + wide + 1), slice(left, int(columns.max()) + wide + 1))
    dark, lit = (cv2.GaussianBlur(f[part].astype(np.float32) + DARK, (0, 0), even) for f in (first, ground))
    share = cv2.GaussianBlur(shadow.soft[part], (0, 0), even)[..., None]
    return Cast(1 + share * (np.minimum(dark / lit, 1) - 1), (left, top), shadow.maps)


def moves(shot: Shot, num_frames: int, fps: float) -> bool:
    """Whether `drawn` may set something in motion: no picture is known, and tracks move without a camera's doing."""
    if any(pin.role == "frame" for pin in shot.pins) or not shot.tracks or num_frames < 2:
        return False
    asked = _asked(shot, num_frames, fps)
    return asked is not None and asked.camera is None and bool(asked.begun.any())


@dataclass(frozen=True, eq=False)
class _Asked:
    """What tracks ask for."""

    points: Points  # K T 2
    visible: NDArray[np.bool_]  # K T
    moving: NDArray[np.bool_]  # K, by themselves
    still: NDArray[np.bool_]  # K, or by the camera alone, and seen in the first frame
    camera: Camera | None

    @property
    def begun(self) -> NDArray[np.bool_]:
        """Those that move and are seen in the first frame [K]; all that move, if none is."""
        seen = self.moving & self.visible[:, 0]
        return seen if seen.any() else self.moving


def _asked(shot: Shot, num_frames: int, fps: float) -> _Asked | None:
    """None where nearly everything moves and no camera is understood."""
    found = told(shot.tracks, num_frames, fps, shot.size)
    xy, visible = found.points, found.visible
    ways = _ways_of(xy, visible)
    of_camera = ways < MOVES if found.camera is None else found.own
    early, moving = visible[:, 0], ~of_camera & (ways > LEAST)
    begun = early & moving
    if begun.sum() > 0.6 * early.sum() and (np.ptp(xy[begun, 0], axis=0) > 0.6).all():
        return None  # that is no thing but a camera's work which is not understood, or a crowd's
    return _Asked(xy, visible, moving, early & of_camera, found.camera)


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


def _cuts(first: Frame, asked: _Asked) -> list[Cut]:
    """What the moving tracks are on, each connected part with its own motion."""
    size, xy, moving = np.array(first.shape[1::-1]), asked.points, asked.moving
    if not asked.begun.any():
        return []
    begin = xy[asked.begun, 0] * size
    whole = on_plain(first, begin)
    shade = None if whole is None else shadows(first, begin)
    if whole is None:
        whole = on_points(first, begin, xy[asked.still, 0] * size)
    count, parts = cv2.connectedComponents(whole.astype(np.uint8))
    cuts = []
    for part in range(1, count):
        mask = np.asarray(parts == part)
        pixels = np.clip((xy[:, 0] * size).astype(int), 0, size - 1)
        own = moving & mask[pixels[:, 1], pixels[:, 0]]
        if own.any():
            maps = _ways(xy[own] * size, asked.visible[own])
            cuts.append(Cut(softened(mask), maps, None if shade is None else _shadow(mask, maps, shade)))
    return cuts


def _cuts_about(first: Frame, asked: _Asked) -> list[Cut]:
    """What stands out near the moving tracks, each part with the motion of those that are nearest to it. Its middle is
    put where theirs is, if they are many, or beside it."""
    size = np.array(first.shape[1::-1])
    pixels, visible = asked.points[asked.moving] * size, asked.visible[asked.moving]
    parts, nearest = near_points(first, pixels[:, 0], visible[:, 0])
    shade = shadows(first, pixels[visible[:, 0], 0]) if visible[:, 0].any() else np.zeros(parts.shape)
    cuts = []
    for part in np.unique(nearest[nearest > 0]):
        mask, own = np.asarray(parts == part), nearest == part
        rows, columns = np.nonzero(mask)
        begin = pixels[own, 0]
        at = np.clip(begin.astype(int), 0, size - 1)
        maps = _ways(pixels[own], visible[own])
        if len(begin) >= FEW or not mask[at[:, 1], at[:, 0]].any():
            middle = np.array([columns.mean(), rows.mean()]) + 0.5
            told = np.where(visible[own, 0], 1.0, HIDDEN)
            maps[..., 2] += maps[..., :2] @ (np.average(begin, axis=0, weights=told) - middle)
        cuts.append(Cut(softened(mask), maps, _shadow(mask, maps, shade)))
    return cuts


def _shadow(thing: Mask, maps: Points, shade: NDArray[np.float64]) -> Cut | None:
    """The shadow of a thing that goes by these maps, and how it goes: over the ground beneath the thing, and the nearer
    to it, the lower the thing is. The ground is where the thing is lowest, and between two such moments between."""
    found = shadow_of(thing, shade)
    if found is None:
        return None
    mask, touches = found
    H = len(thing)
    rows, columns = np.nonzero(thing)
    shadow_rows, shadow_columns = np.nonzero(mask)
    place = np.array([shadow_columns.mean(), shadow_rows.mean()])
    across = maps[:, 0, :2] @ np.array([columns.mean(), rows.mean()]) + maps[:, 0, 2]  # T
    low = (maps[:, 1, :2] @ np.stack([columns, rows]) + maps[:, 1, 2:]).max(1)  # T
    ground = _above(low)
    if touches:
        foot = np.array([columns[rows > rows.max() - 0.1 * np.ptp(rows) - 1].mean(), low[0]])
        tip = np.argmax(np.hypot(shadow_columns - foot[0], shadow_rows - foot[1]))
        slant = (np.array([shadow_columns[tip], shadow_rows[tip]]) - foot) / max(1.0, float(np.ptp(rows)))
        beside, was = np.array([foot[0] - across[0], 0.0]), foot
    else:  # until it lands the ground is where it will land
        lands = int(np.argmax(low >= low.max() - 0.03 * H))
        ground[:lands] = ground[lands]
        beside, was = place - (across[0], ground[0]), place
        height, slant = float(ground[0] - low[0]), np.zeros(2)
        if height >= 1 and abs(beside[1]) < LANDED * H:
            slant, beside = beside / height, np.zeros(2)
    high = np.maximum(0, ground - low)[:, None]
    places = np.stack([across, ground], -1) + beside + high * slant
    scales = np.sqrt(np.abs(np.linalg.det(maps[..., :2])))
    shadow_maps = np.zeros((len(maps), 2, 3))
    shadow_maps[:, 0, 0] = shadow_maps[:, 1, 1] = scales
    shadow_maps[..., 2] = places - scales[:, None] * was
    return Cut(softened(mask), shadow_maps)


def _above(values: Points) -> Points:
    """The least concave curve over values [T]."""
    hull: list[int] = []
    for i, value in enumerate(values):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (values[b] - values[a]) * (i - a) > (value - values[a]) * (b - a):
                break
            hull.pop()
        hull.append(i)
    return np.asarray(np.interp(np.arange(len(values)), hull, values[hull]))


def _of_rest(asked: _Asked, cuts: list[Cut]) -> Camera | None:
    """What the camera does to a flat picture by the tracks that are on nothing that was cut out, where most of those
    go: too few to know a camera by, but what they are on goes with them."""
    if not cuts:
        return None
    things = np.any([cut.soft > 0.5 for cut in cuts], axis=0)
    H, W = things.shape
    column, row = np.clip((asked.points[:, 0] * (W, H)).astype(int), 0, (W - 1, H - 1)).T
    rest = asked.visible[:, 0] & ~things[row, column]
    xy, seen = asked.points[rest], asked.visible[rest]
    if not len(xy) or np.median(_ways_of(xy, seen)) < MOVES:
        return None
    maps = np.tile(np.eye(3), (xy.shape[1], 1, 1))
    for t in range(1, len(maps)):
        there = seen[:, t]
        if not there.any():
            maps[t] = maps[t - 1]
            continue
        found = None
        if there.sum() >= 3:
            found, _ = cv2.estimateAffinePartial2D(xy[there, t] * (W, H), xy[there, 0] * (W, H), method=cv2.LMEDS)
        if found is None:
            maps[t, :2, 2] = np.median(xy[there, 0] - xy[there, t], axis=0)
        else:
            maps[t, :2] = np.diag([1 / W, 1 / H]) @ found @ np.diag([W, H, 1])
    return OfPicture(maps)


def _ways(pixels: Points, visible: NDArray[np.bool_]) -> Points:
    """How a thing goes by its points [K, T, 2]: for each frame a shift, turn and scale from the first, [T, 2, 3].

    Points that are hidden count a little where they are said to be: what turns hides one side and shows another, and
    the middle of all its points is where it is."""
    maps = np.tile(np.array([[1.0, 0, 0], [0, 1, 0]]), (pixels.shape[1], 1, 1))
    turn = np.eye(2)
    for t in range(1, len(maps)):
        both = visible[:, t] & visible[:, 0]
        told = np.where(both, 1.0, HIDDEN)
        before, after = (np.average(pixels[:, at], axis=0, weights=told) for at in (0, t))
        if both.sum() >= FEW and np.ptp(pixels[both, 0], axis=0).min() > 2:
            found, _ = cv2.estimateAffinePartial2D(pixels[both, 0], pixels[both, t], method=cv2.LMEDS)
            if found is not None:
                turn = found[:, :2] / max(float(np.linalg.norm(found[:, 0])), 1e-6)
        was, now = (
            np.average(((pixels[:, at] - middle) ** 2).sum(-1), weights=told)
            for at, middle in ((0, before), (t, after))
        )
        scale = np.sqrt(now / was) if len(pixels) >= FEW and was > 1 else 1.0
        maps[t, :, :2] = np.clip(scale, 1 / SCALES, SCALES) * turn
        maps[t, :, 2] = after - maps[t, :, :2] @ before
    return maps
