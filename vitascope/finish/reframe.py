"""A camera's moves carried out on the picture: the network films from where the camera stands, a little wider, and what
the moving camera would see of that is cut out of its frames.

The camera is found again from its tracks (`shot/pose.py`), whoever made them. Turning and zooming need to know nothing
of what is seen, and come out exactly. Walks (truck, pedestal, dolly, orbit) take the world for flat ground, on which
things stand up like cardboard where they can be told from it (`cutout.py`); else they lean as if they were painted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.clip import Frame
from vitascope.shot.pose import Camera, OverGround, Points, told
from vitascope.shot.said import said
from vitascope.shot.shot import Shot
from vitascope.shot.tracks import Track, tracks_at

SMALLEST = 0.55  # of the wider picture's sides: less would be too coarse, and its edge is mirrored instead
LEAST = 0.2  # of it that would have to do: what shows more than that around the first frame is left to the network
ASIDE = 0.25  # of the view by which it may begin beside the middle to hold all: else what is filmed is not in it
FINE = 240  # pixels of the shorter side up to which each pixel's place is worked out
SHORT = 0.9  # of the way to the horizon that is mirrored above and below a picture
LEAST_MIRRORED = 0.1  # of a picture's height that the horizon is from its edges at least
NEAR_ROWS, AN_EDGE = 3, 40.0  # rows, and by how much their colours differ at a horizon, summed over red, green and blue
PLAIN = 12.0  # grey levels between pixels eight apart, in the mean
LEAST_CUT = 3  # pixels of an edge, that cut a thing off
FAR = 20  # sides of the picture beside it: as far as anything is looked up
BESIDE = 0.01  # of the picture beyond its edge: what is seen of no more than that matters to nobody
MIDDLE = (0.5, 0.55)  # of the wider picture: there things are


@dataclass(frozen=True, eq=False)
class Reframing:
    """What the network is to make instead of a Shot, and how its frames become those that were asked for."""

    shot: Shot  # without the camera's moves
    camera: Camera  # in the frames that the network makes
    share: float  # of the wider picture's sides that the view is
    corner: tuple[float, float]  # of the view in it, where the camera stands in the first frame

    def places(self, xy: Points, frame: int) -> Points:
        """Where in the wider picture lies what a frame shows at picture coordinates [..., 2]: the same."""
        return np.array(self.corner) + self.share * self.camera.before(xy, frame)

    def frame(self, made: Frame, number: int) -> Frame:
        """What the camera sees in a frame, of what the network made for it: [H, W, 3] each."""
        number = min(number, self.camera.num_frames - 1)
        outside = looks_outside(self.camera, (number,), self.share, self.corner)
        return seen_by(self.camera, scenery(made, self.camera, outside), number, self.share, self.corner)

    def all(self, made: Iterable[Frame]) -> "Reframed":
        return Reframed(made, self)

    def some(self, made: Sequence[Frame], first: int) -> "Glimpse":
        """Those of the frames that are looked at, of some of which the first has this number."""
        return Glimpse(made, self, first)


@dataclass(frozen=True, eq=False)
class Reframed:
    """Frames as the moving camera sees them, as often as they are played."""

    made: Iterable[Frame]
    by: Reframing

    def __iter__(self) -> Iterator[Frame]:
        return (self.by.frame(frame, number) for number, frame in enumerate(self.made))


@dataclass(frozen=True, eq=False)
class Glimpse(Sequence[Frame]):
    """Some frames as the moving camera sees them, each reckoned when it is looked at."""

    made: Sequence[Frame]
    by: Reframing
    first: int

    def __len__(self) -> int:
        return len(self.made)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> list[Frame]: ...
    def __getitem__(self, index: int | slice) -> Frame | list[Frame]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        within = range(len(self))[index]
        return self.by.frame(self.made[within], self.first + within)


@dataclass(frozen=True, eq=False)
class Scenery:
    """A picture and what stands in it: for each thing its foot in pixels [2], and its mask with soft edges [H, W]."""

    picture: Frame
    ground: Frame  # the picture without what stands in it
    standing: tuple[tuple[Points, NDArray[np.float32]], ...]
    # Of the things that the left, upper, right and lower edge cut off, where they are [4, H, W]; None: none is.
    cut_off: NDArray[np.float32] | None = None


def scenery(picture: Frame, camera: Camera, outside: bool = False) -> Scenery:
    """A picture as a camera has to know it: one that neither walks nor looks `outside` of it sees no difference between
    ground and things. Things are told apart in a smaller picture where it is large."""
    walks = isinstance(camera, OverGround) and camera.walks
    if not walks and not outside:
        return Scenery(picture, picture, ())
    # Training needs none of these.
    from vitascope.finish.cutout import behind, enlarged, shadow_of, shadows, smaller, softened, things

    size = (picture.shape[1], picture.shape[0])
    small = smaller(picture)
    scale = size[1] / small.shape[0]
    found, ground = [], picture
    cut_off: NDArray[np.float32] | None = None
    for mask in things(small):
        low = int(np.flatnonzero(mask.any(1))[-1])
        across = np.flatnonzero(mask[max(0, low - len(mask) // 40) : low + 1].any(0)).mean()
        soft = enlarged(softened(mask), size)
        found.append((np.array([across + 0.5, low + 1.0]) * scale, soft))
        ground = behind(ground, soft > 0.5)
        if not walks:  # it is mirrored, and nothing else seen of it: there the shadow would have nobody
            rows, columns = np.nonzero(mask)
            cast = shadow_of(mask, shadows(small, np.stack([columns, rows], -1).astype(float)))
            ground = ground if cast is None else behind(ground, enlarged(softened(cast[0]), size) > 0.5)
            edges = mask[:, 0], mask[0], mask[:, -1], mask[-1]
            for side in (side for side, edge in enumerate(edges) if edge.sum() >= LEAST_CUT):
                cut_off = np.zeros((4, *soft.shape), np.float32) if cut_off is None else cut_off
                cut_off[side] = np.maximum(cut_off[side], soft)
    found.sort(key=lambda one: float(one[0][1]))  # the nearest last
    return Scenery(picture, ground, tuple(found) if walks else (), cut_off)


def looks_outside(
    camera: Camera, numbers: Iterable[int], share: float = 1.0, corner: tuple[float, float] = (0.0, 0.0)
) -> bool:
    """Whether a camera sees in some of these frames what lies beside the picture (see `seen_by`)."""
    rim = np.linspace(0, 1, 9)
    low, high = np.zeros(9), np.ones(9)
    edges = np.stack([np.concatenate([rim, rim, low, high]), np.concatenate([low, high, rim, rim])], -1)
    seen = np.concatenate([np.array(corner) + share * camera.before(edges, number) for number in numbers])
    return bool((seen < -BESIDE).any() or (seen > 1 + BESIDE).any())


def seen_by(
    camera: Camera, made: Scenery, number: int, share: float = 1.0, corner: tuple[float, float] = (0.0, 0.0)
) -> Frame:
    """What a camera sees in a frame [H, W, 3], of what a picture shows of which the first frame's view is a `share` of
    the sides, from a `corner` on: the ground as it lies there, and before a camera that walks things as they stand."""
    import cv2

    def places(xy: Points) -> Points:
        return np.array(corner) + share * camera.before(xy, number)

    if not isinstance(camera, OverGround) or not camera.walks:
        return looked_up(made.picture, places, made.ground, made.cut_off)
    seen = looked_up(made.ground, places)
    if not made.standing:
        return seen
    H, W = seen.shape[:2]
    size, out = np.array([W, H]), seen.astype(np.float32)
    for foot, soft in made.standing:
        place, turned = camera.standing((foot / size - corner) / share, number)
        turned = turned / share
        way = np.column_stack([turned, place * size - 0.5 - turned @ (foot - 0.5)])
        part = cv2.warpAffine(soft, way, (W, H))[..., None]
        moved = cv2.warpAffine(made.picture, way, (W, H), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        out += part * (moved - out)
    return np.asarray(np.rint(out.clip(0, 255)), np.uint8)


def looked_up(
    frame: Frame,
    places: Callable[[Points], Points],
    ground: Frame | None = None,
    cut_off: NDArray[np.float32] | None = None,
) -> Frame:
    """A picture [H, W, 3] that shows at each of its places [H, W, 2] what a frame shows elsewhere; beyond the frame's
    edge, the mirror image of its ground: no thing is seen twice. But what an edge cuts off (see `Scenery`) goes on
    beyond it. In large pictures every few pixels are asked for, and those between lie between."""
    import cv2

    H, W = frame.shape[:2]
    step = max(1, round(min(H, W) / FINE))
    columns, rows = np.meshgrid(_between(W, step), _between(H, step))
    at = places(np.stack([columns, rows], -1)) * (W, H) - 0.5
    at = np.asarray(np.clip(at, (-FAR * W, -FAR * H), (FAR * W, FAR * H)), np.float32)
    if step > 1:
        at = cv2.resize(at, (at.shape[1] * step, at.shape[0] * step), interpolation=cv2.INTER_LINEAR)[:H, :W]
    beyond = np.concatenate([at < 0, at > (W - 1, H - 1)], -1)  # H W 4
    outside = beyond.any(-1)
    if outside.any():
        down = _mirrored(at[..., 1], H - 1, *_mirrors(frame if ground is None else ground))
        at = cv2.merge([_mirrored(at[..., 0], W - 1, 1.0, 1.0), down])
    seen = cv2.remap(frame, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    if ground is not None and ground is not frame and outside.any():
        bare = cv2.remap(ground, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        if cut_off is not None:  # whatever it lies beyond has to cut it off
            kept = [cv2.remap(one, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101) for one in cut_off]
            goes_on = np.where(beyond, np.stack(kept, -1), np.float32(1)).min(-1, keepdims=True)
            bare = np.rint(bare + goes_on * (seen.astype(np.float32) - bare)).astype(np.uint8)
        seen[outside] = bare[outside]
    return np.asarray(seen, np.uint8)


def _mirrored(at: NDArray[np.floating[Any]], last: int, before: float, after: float) -> NDArray[np.float32]:
    """Places on a side from 0 to `last`, those beyond its ends mirrored: to and fro within so much of the side."""
    first = _to_and_fro(-at, before * last)
    return np.where(at < 0, first, np.where(at > last, last - _to_and_fro(at - last, after * last), at)).astype(
        np.float32
    )


def _to_and_fro(way: NDArray[np.floating[Any]], most: float) -> NDArray[np.floating[Any]]:
    there = np.maximum(way, 0) % (2 * most)
    return np.minimum(there, 2 * most - there)


def _mirrors(picture: Frame) -> tuple[float, float]:
    """What shares of a picture's height are mirrored above and below it. Where an edge goes from side to side it is a
    horizon, and they end short of it: else the sky would come again under the ground, and the ground above the sky. But
    only what is plain can be mirrored over and over without being seen to be."""
    rows = picture[:, ::8].astype(np.float32)
    change = np.median(np.abs(rows[NEAR_ROWS:] - rows[:-NEAR_ROWS]).sum(-1), axis=1)
    if change.max() < AN_EDGE:
        return 1.0, 1.0
    row = int(change.argmax()) + NEAR_ROWS / 2
    horizon = min(max(row / len(picture), LEAST_MIRRORED), 1 - LEAST_MIRRORED)
    above, below = (np.abs(np.diff(part, axis=1)).mean() for part in (rows[: int(row)], rows[int(row) + 1 :]))
    return (SHORT * horizon if above < PLAIN else 1.0), (SHORT * (1 - horizon) if below < PLAIN else 1.0)


def _between(count: int, step: int) -> NDArray[np.float64]:
    """Picture coordinates of every so many pixels' middle, until all of `count` are covered."""
    return (np.arange(-(-count // step)) * step + step / 2) / count


def reframing(shot: Shot, num_frames: int, fps: float) -> Reframing | None:
    """How the camera of a Shot, of which the network makes so many frames at this rate, is carried out on the picture;
    None where its tracks are not those of a moving camera, and where known pictures say what is to be seen."""
    if any(pin.role == "frame" for pin in shot.pins):
        return None
    found = told(shot.tracks, num_frames, fps, shot.size)
    camera = found.camera
    if camera is None or (view := _view(camera)) is None:
        return None
    share, corner = view
    made = Reframing(shot, camera, share, corner)
    others = tuple(_carried(track, made, fps) for track, own in zip(shot.tracks, found.own, strict=True) if not own)
    spans = tuple(span.model_copy(update={"text": said(span.text).rest}) for span in shot.spans)
    plain = shot.with_(
        text=said(shot.text).rest or shot.text, tracks=others, spans=tuple(span for span in spans if span.text)
    )
    return Reframing(plain, camera, share, corner)


# ---- the wider picture


def _view(camera: Camera) -> tuple[float, tuple[float, float]] | None:
    """How large the first frame's view may be in the wider picture, so that this holds all that will be seen, and the
    view's corner; None where it holds by far not all. What is in the middle stays there, as far as it can."""
    columns, rows = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    grid = np.stack([columns, rows], -1)
    seen = np.concatenate([camera.before(grid, frame).reshape(-1, 2) for frame in range(camera.num_frames)])
    low, high = np.minimum(seen.min(0), 0), np.maximum(seen.max(0), 1)
    needed = float(1 / (high - low).max())
    if needed < LEAST:
        return None
    share = max(needed, SMALLEST)
    wished = np.array(MIDDLE) * (1 - share)
    least, most = -share * low, 1 - share * high  # corners with which all is inside
    middle = (least + most) / 2
    corner = np.where(least <= most, np.clip(wished, least, most), np.clip(middle, 0, 1 - share))
    corner = np.clip(corner, wished - ASIDE * share, wished + ASIDE * share)
    return share, (float(corner[0]), float(corner[1]))


def _carried(track: Track, by: Reframing, fps: float) -> Track:
    """A track of the asked picture as one of the wider picture."""
    last = by.camera.num_frames - 1
    points = [
        by.places(np.array(xy), min(last, round(time * fps)))
        for time, xy in zip(track.times, track.points, strict=True)
    ]
    return tracks_at(np.array(track.times), np.stack(points)[None], np.array(track.visible)[None])[0]
