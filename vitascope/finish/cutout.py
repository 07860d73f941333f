"""What to cut out of a picture, from the points that things go by: masks of the things on which they lie.

In a picture that is known the points are on the thing (GrabCut, Rother et al. 2004). In one that a network has drawn
for them they are only about there: what stands out of its surroundings near them is taken instead.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vitascope.shot.clip import Frame
from vitascope.shot.pose import Points

Mask = NDArray[np.bool_]  # H W

LOOKED_AT = 320  # pixels of the longer side of pictures in which things are looked for
FEW = 8  # points: fewer do not tell how large what they are on is
LARGEST = 0.5  # of the picture that is cut out: more is no thing
SMALLEST = 0.0015  # of the picture: less is grain
ROUNDS = 4  # of cutting out
NEAR = 0.6  # of a thing's points' extent: as far around them it may reach
ABOUT = 0.25  # of the picture's height: as far from its points a thing may have been drawn
APART = 6.0  # by which what is beside a pixel differs where it counts half (Lab)
CONVEX = 0.8  # of its hull that a thing fills which is taken for convex
FEATHER = 0.7  # pixels over which a cut edge is soft
THIN = 0.2  # of a thing that its inside is at least: else it is all edge
ALIKE = 30.0  # grey levels: a thing that differs less from what is behind it cannot be told from it pixel by pixel
RIM = 0.02  # of the picture's height: as wide are the edges in which a thing and what is behind it are mixed
A_THING = 0.004  # of the picture: less is no thing that must be told from its ground
WIDEST = 0.5  # of the picture's width that a thing has
STRONG = 0.4  # of what stands out most: what does so less is a shadow or a cloud
ENDS = 0.6  # of that which three quarters of what lies around a whole thing stand out by at most
PLAIN = 8.0  # by which plain surroundings differ within themselves at most (Lab)
TIMES = 3.0  # what they differ within themselves: what stands out does so by more, …
LEAST_OUT = 12.0  # … and by at least this much (Lab)
LIT = 0.6  # of the ground in a row is darker than what is taken for lit: shadows only darken
DARKEST = 0.2  # of the light that a shadow leaves
DARK_CORE, DARK_EDGE = (0.92, 3.0), (0.96, 2.5)  # of it left at most in a shadow, and times what a row differs by
TINT = 0.22  # of what is left by which it may differ from colour to colour: a sky still lights what the sun does not
DARK = 8.0  # grey levels that are added before shares are taken: of nearly black they say nothing
FAINT = 24.0  # grey levels of a colour with which what is left of it is believed half; the other half is that of all
ON_SHADE = 0.3  # of the points that lie on what looks like shadow: more, and it is a grey thing
BELOW = 2.5  # widths of a thing that its shadow may be away, and larger than it by area


def on_points(picture: Frame, points: Points, still: Points) -> Mask:
    """The thing, or things, of a picture on which these pixels [K, 2] lie, and those that stand still do not."""
    H, W = picture.shape[:2]
    low, high = points.min(0), points.max(0)
    reach = np.maximum(NEAR * (high - low), 0.12 * H)
    if len(points) < 3:  # one point says nothing of how large what it is on is
        reach = np.maximum(reach, 0.25 * H)
    left, top = np.maximum(low - reach, 0).astype(int)
    right, bottom = np.minimum(high + reach + 1, (W, H)).astype(int)
    marks = np.full((H, W), cv2.GC_BGD, np.uint8)
    marks[top:bottom, left:right] = cv2.GC_PR_BGD
    for x, y in still:
        cv2.circle(marks, (int(x), int(y)), 1, cv2.GC_BGD, -1)
    near, wide = (0.12, 0.05) if len(points) < FEW else (0.04, 0.014)  # a few have to stand for all around them
    for x, y in points:
        cv2.circle(marks, (int(x), int(y)), round(near * H), cv2.GC_PR_FGD, -1)
    for x, y in points:
        cv2.circle(marks, (int(x), int(y)), max(1, round(wide * H)), cv2.GC_FGD, -1)
    known = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
    try:
        cv2.setRNGSeed(0)  # the same cut each time
        cv2.grabCut(picture, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
        cut = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
    except cv2.error:
        cut = known
    cut = known if not 0 < cut.mean() < LARGEST else cut
    closed = cv2.morphologyEx(cut.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray(closed > 0)


def on_plain(picture: Frame, points: Points) -> Mask | None:
    """The same where the surroundings are so plain that things stand out as a whole; None where they are not, or where
    most points are on nothing that does."""
    parts, usual = _parts(picture, points)
    row, column = _pixels(points, parts)
    wide = cv2.dilate(parts.astype(np.uint8), np.ones((3, 3), np.uint8))[row, column]  # an edge is soft
    on = wide > 0
    return np.asarray(np.isin(parts, wide[on])) if usual < PLAIN and on.mean() >= 0.5 else None


def near_points(picture: Frame, points: Points, seen: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """What stands out near those of these pixels [K, 2] that are `seen` [K]: parts of the picture [H, W] numbered from
    1, and for each point the number of the part that is nearest to it [K], 0 where none is near."""
    parts, _ = _parts(picture, points[seen])
    wanted = np.unique(_nearest(parts, points[seen]))
    parts = np.where(np.isin(parts, wanted[wanted > 0]), parts, 0).astype(np.int32)
    return parts, _nearest(parts, points)


def shadows(picture: Frame, points: Points) -> NDArray[np.float64]:
    """What share of the light is taken from each pixel [H, W] of what looks like the shadow of things near these pixels
    [K, 2]: darker than the ground beside it by about as much in all colours. Nowhere any where the surroundings are not
    plain, or the points lie on what looks so, which then is a grey thing."""
    about = _about(points, (picture.shape[0], picture.shape[1]))
    soft = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float64) + DARK
    free = ~about
    rows = np.flatnonzero(free.mean(1) > 0.1)
    if not len(rows):
        return np.zeros(about.shape)
    beside = [soft[row][free[row]] for row in rows]
    lit = np.array([np.quantile(some, LIT, axis=0) for some in beside])
    apart = [
        np.quantile(np.abs(some.mean(-1) / light.mean() - 1), LIT) for some, light in zip(beside, lit, strict=True)
    ]
    every = np.arange(len(soft))
    light = np.stack([np.interp(every, rows, lit[:, channel]) for channel in range(3)], -1)[:, None]
    sure = light / (light + FAINT)
    left = sure * soft / light + (1 - sure) * (soft.sum(-1) / light.sum(-1))[..., None]
    low, high = left.min(-1), left.max(-1)
    grain = np.interp(every, rows, apart)[:, None]
    core, edge = (high < np.minimum(most, 1 - times * grain) for most, times in (DARK_CORE, DARK_EDGE))
    found = edge & (low > DARKEST) & (high - low < TINT * high + 0.02)
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, parts = cv2.connectedComponents(opened)
    opened = np.isin(parts, np.unique(parts[core & (parts > 0)]))
    row, column = _pixels(points, opened)
    return np.where(opened & (opened[row, column].mean() < ON_SHADE), 1 - left.mean(-1), 0.0)


def shadow_of(thing: Mask, shade: NDArray[np.float64]) -> tuple[Mask, bool] | None:
    """Which part of what looks like shadow is that of a thing, and whether it touches it: what begins at the thing, or
    else what takes the most light below it. None where there is none."""
    free = np.asarray((shade > 0) & ~thing)
    opened = cv2.morphologyEx(free.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, parts, told, middles = cv2.connectedComponentsWithStats(opened)
    area, far = int(thing.sum()), cv2.distanceTransform((~thing).astype(np.uint8), cv2.DIST_L2, 5)
    rows, columns = np.nonzero(thing)
    fits = [
        part
        for part in range(1, count)
        if 0.03 * area < told[part, cv2.CC_STAT_AREA] < BELOW * area and middles[part][1] > rows.mean()
    ]
    touching = [part for part in fits if far[parts == part].min() < 3]
    if touching:
        return np.asarray(np.isin(parts, touching)), True
    apart = [part for part in fits if abs(middles[part][0] - columns.mean()) < BELOW * np.ptp(columns)]
    if not apart:
        return None
    return np.asarray(parts == max(apart, key=lambda part: float(shade[parts == part].sum()))), False


def things(picture: Frame) -> list[Mask]:
    """What stands out anywhere in a picture of plain surroundings, and is no cloud, shadow or tile; nothing where the
    surroundings are not plain. What goes on beyond its outline is a part of something, and left out too."""
    H, W = picture.shape[:2]
    out = _standing_out(picture, np.zeros((H, W), np.bool_))
    usual = float(np.median(out))
    if usual >= PLAIN:
        return []
    threshold = max(TIMES * usual, LEAST_OUT, STRONG * float(np.quantile(out, 0.99)))
    parts = _apart(out, threshold)
    found = [np.asarray(parts == number) for number in np.unique(parts[parts > 0])]
    return [
        mask
        for mask in found
        if mask.mean() > A_THING
        and mask.any(0).mean() < WIDEST
        and float(np.quantile(out[_about_it(mask)], 0.75)) < ENDS * threshold
    ]


def _about_it(mask: Mask) -> Mask:
    """What lies around a mask [H, W], a few pixels from it."""
    inner, outer = (cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) for side in (5, 9))
    return np.asarray(outer > inner)


def _parts(picture: Frame, points: Points) -> tuple[NDArray[np.int32], float]:
    """What stands out in a picture as things of these pixels [K, 2] may do, numbered from 1 [H, W], and by how much
    their surroundings differ within themselves (Lab)."""
    about = _about(points, (picture.shape[0], picture.shape[1]))
    out = _standing_out(picture, about)
    usual = float(np.median(out[~about])) if not about.all() else np.inf
    steps = np.clip(out[about] * 2, 0, 255).astype(np.uint8)[:, None]
    threshold = cv2.threshold(steps, 0, 255, cv2.THRESH_OTSU)[0] / 2
    shade = shadows(picture, points) > 0
    parts = _apart(np.where(shade, 0, out), max(threshold, TIMES * usual, LEAST_OUT))
    edges = cv2.dilate(parts.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
    return np.where(shade & (parts == 0), edges, parts), usual  # a dark thing's soft edge looks like shade


def _apart(out: NDArray[np.float64], threshold: float) -> NDArray[np.int32]:
    """What is more than a threshold [H, W], in connected parts that are numbered from 1."""
    H, W = out.shape
    mask = (out > threshold).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, parts, told, _ = cv2.connectedComponentsWithStats(mask)
    sizes = told[:, cv2.CC_STAT_AREA]
    found = np.zeros((H, W), np.int32)
    for number in np.flatnonzero((sizes >= SMALLEST * H * W) & (sizes <= LARGEST * H * W)):
        if number:  # 0 is what does not stand out
            found[_closed(np.asarray(parts == number))] = number
    return found


def _closed(mask: Mask) -> Mask:
    """A mask without its holes, and without bays where it is nearly convex: gloss on a thing looks like the sky."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    full = cv2.drawContours(np.zeros(mask.shape, np.uint8), outlines, -1, 1, cv2.FILLED)
    hull = cv2.fillConvexPoly(np.zeros_like(full), cv2.convexHull(np.concatenate(outlines)), 1)
    return np.asarray((hull if full.sum() > CONVEX * hull.sum() else full) > 0)


def _about(points: Points, size: tuple[int, int]) -> Mask:
    """Where things may be that go by these points: close to some of them, and between them."""
    marks = np.zeros(size, np.uint8)
    for x, y in points:
        cv2.circle(marks, (int(x), int(y)), round(ABOUT * size[0]), 1, -1)
    return np.asarray(marks > 0)


def _standing_out(picture: Frame, about: Mask) -> NDArray[np.float64]:
    """By how much each pixel [H, W] differs from what is beside it, outside of where things may be (Lab): grounds and
    skies change from top to bottom, and hardly from side to side. What differs there anyhow, as light and dark tiles
    do, counts less."""
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), 1.0), cv2.COLOR_RGB2LAB).astype(np.float64)
    free = ~about
    rows = np.flatnonzero(free.mean(1) > 0.1)
    if not len(rows):
        return np.zeros(about.shape)
    beside = [lab[row][free[row]] for row in rows]
    usual = [np.median(some, axis=0) for some in beside]
    apart = [np.median(np.abs(some - middle), axis=0) for some, middle in zip(beside, usual, strict=True)]
    middle, spread = (
        np.stack([np.interp(np.arange(len(lab)), rows, np.array(of)[:, channel]) for channel in range(3)], -1)
        for of in (usual, apart)
    )
    out = (lab - middle[:, None]) / (1 + spread[:, None] / APART)
    return np.asarray(np.sqrt((out**2).sum(-1)))


def _nearest(parts: NDArray[np.integer[Any]], points: Points) -> NDArray[np.int64]:
    """The number of the part [H, W] that is nearest to each point [K], of those that are near."""
    H = len(parts)
    found = np.zeros(len(points), np.int64)
    nearest = np.full(len(points), ABOUT * H)
    row, column = _pixels(points, parts)
    for number in np.unique(parts[parts > 0]):
        far = cv2.distanceTransform((parts != number).astype(np.uint8), cv2.DIST_L2, 5)[row, column]
        found, nearest = np.where(far < nearest, number, found), np.minimum(far, nearest)
    return found


def _pixels(points: Points, picture: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of points [K, 2] in a picture [H, W], those outside at its edge."""
    H, W = picture.shape
    column, row = np.clip(points.astype(np.int64), 0, (W - 1, H - 1)).T
    return row, column


def smaller(picture: Frame) -> Frame:
    """A large picture [H, W, 3] small enough for things to be found in it; a small one as it is."""
    H, W = picture.shape[:2]
    share = LOOKED_AT / max(H, W)
    if share >= 1:
        return picture
    return np.asarray(cv2.resize(picture, (round(W * share), round(H * share)), interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(soft: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """A mask with soft edges [h, w] at a size [H, W]."""
    if (soft.shape[1], soft.shape[0]) == size:
        return soft
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), np.float32)


def softened(mask: Mask) -> NDArray[np.float32]:
    """A mask with soft edges, 0…1."""
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), FEATHER), np.float32)


def matte(picture: Frame, behind_it: Frame, soft: NDArray[np.float32]) -> tuple[NDArray[np.float32], Frame]:
    """How much of each pixel about the edge of a thing [H, W] is its own, and the picture [H, W, 3] with its colours
    alone there: what is seen lies between those that are near inside and what is behind. Cut out harder, a thing would
    carry a fringe of what lay around it."""
    wide = max(1, round(RIM * len(soft)))
    side = np.ones((2 * wide + 1, 2 * wide + 1), np.uint8)
    mask = (soft > 0.5).astype(np.uint8)
    inside = cv2.erode(mask, side)
    if inside.sum() < THIN * mask.sum():
        return soft, picture
    known = inside.astype(np.float32)[..., None]
    weight = cv2.GaussianBlur(known, (0, 0), 1.5 * wide)[..., None]
    colours = cv2.GaussianBlur(picture * known, (0, 0), 1.5 * wide) / np.maximum(weight, 1e-6)
    edge = (cv2.dilate(mask, side) > 0) & (inside == 0) & (weight[..., 0] > 1e-3)
    apart, seen = colours[edge] - behind_it[edge], picture[edge].astype(np.float32) - behind_it[edge]
    far = (apart**2).sum(-1)
    share, own = soft.copy(), picture.copy()
    share[edge] = np.where(far > ALIKE**2, ((apart * seen).sum(-1) / np.maximum(far, 1)).clip(0, 1), soft[edge])
    share[~edge] = inside[~edge]
    share = cv2.morphologyEx(share, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))  # gloss is no hole
    much = share[edge][:, None]
    alone = behind_it[edge] + seen / np.maximum(much, 0.5)
    own[edge] = np.rint(np.where(much > 0.5, alone, colours[edge]).clip(0, 255))
    return share, own


# ---- what is behind


def behind(picture: Frame, mask: Mask) -> Frame:
    """A picture [H, W, 3] with what may lie behind a thing: what is beside it at the same height, or, where there is
    no room, what is around it smeared over it (Telea 2004)."""
    H, W = mask.shape
    wide = max(1, round(H / 30))
    hole = cv2.dilate(mask.astype(np.uint8), np.ones((2 * wide + 1, 2 * wide + 1), np.uint8)) > 0
    columns = np.flatnonzero(hole.any(0))
    if not len(columns):
        return picture
    left, right = int(columns[0]), int(columns[-1]) + 1
    apart = right - left + 2 * wide
    ring = cv2.dilate(hole.astype(np.uint8), np.ones((2 * wide + 1, 2 * wide + 1), np.uint8)) > 0
    edge = ring & ~hole
    best: tuple[float, Frame] | None = None
    for shift in (apart, -apart, apart + apart // 2, -apart - apart // 2):  # from the right, from the left
        if not (2 * wide <= left + shift and right + shift <= W - 2 * wide):
            continue
        beside = np.roll(picture, -shift, 1)
        off = float(np.abs(beside[edge].astype(float) - picture[edge]).mean()) if edge.any() else 0.0
        if best is None or off < best[0]:
            best = off, beside
    if best is None:
        smeared = cv2.inpaint(np.ascontiguousarray(picture), hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        return np.asarray(smeared, np.uint8)
    share = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), wide / 2)[..., None]
    share = np.where(mask[..., None], 1, share)
    return np.asarray(np.rint(picture + share * (best[1].astype(np.float32) - picture)), np.uint8)
