"""A Shot as the network sees it: text states, pinned pictures as clean groups, painted tracks, and times in seconds.

The same `Conditions` are built in training and in generation. Letters: B batch, G groups, P pins, n patches of a
group, C context groups, L text tokens, M letters, K tracks, F frames, h w the patch grid.
"""

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vitascope.model import flow, patches
from vitascope.model.layout import MAX_CONTEXT, Window
from vitascope.model.recipe import Without
from vitascope.model.text import encoder, pad
from vitascope.shot.media import MediaError, probe, read_film, read_mask, read_picture
from vitascope.shot.shot import Pin, Shot, track_arrays

TRACK_IDENTITY = 9  # random numbers that tell one track from another
# … its step and its way so far, where in the patch it is (x, y), and whether any is there
TRACK_WIDTH = TRACK_IDENTITY + 7
WAY = slice(TRACK_IDENTITY + 2, TRACK_IDENTITY + 4)  # where a mark tells its way
STEP_SCALE, WAY_SCALE = 4.0, 0.5  # of steps and ways in patches, so that usual ones are about 1
KNOWN_PARTS = 4  # parts of a patch's side that a pin tells apart where it is known
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !?&.,:'-#\ufffd"  # the last stands for all others
MAX_LETTERS = 32
REFERENCE_SECOND = -2.0  # of a picture that stands at no moment of the shot
_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|(?<!\w)'([^']+)'(?!\w)")

Picture = npt.NDArray[np.uint8]  # H W 3


@dataclass(frozen=True)
class Conditions:
    """All that is known about the clips of a batch, as tensors on one device; `None` where nothing is known.

    Pins are pictures, context groups are runs of four frames: both are known groups that stand beside those being made,
    each at its own second. They are scaled as the network sees them, and may be noised a little (`pin_time` below 1).
    """

    text: Tensor  # B L 384
    text_real: Tensor  # B L, True where a token is not padding
    seconds: Tensor  # B G, the middle of each group
    interval: Tensor  # B, seconds from frame to frame; 0 for pictures
    grid: tuple[int, int]  # h, w
    letters: Tensor | None = None  # B M, letters of quoted words by number, 0 where there is none
    text_at: Tensor | None = None  # B G L, which tokens each group reads, where the text changes in time; None: all
    tracks: Tensor | None = None  # B G n width·(frames of a group)
    pins: Tensor | None = None  # B P n 768
    pin_seconds: Tensor | None = None  # B P
    pin_time: Tensor | None = None  # B P, noise level: 1 is clean
    pin_reference: Tensor | None = None  # B P, True where a picture says who is to be seen, not what a frame shows
    pin_tracks: Tensor | None = None  # B P n width
    pin_known: Tensor | None = None  # B P n 16, how much of each part of a patch is known, 0…1
    context: Tensor | None = None  # B C n 3072
    context_tracks: Tensor | None = None  # B C n width·4
    context_seconds: Tensor | None = None  # B C
    context_time: Tensor | None = None  # B C

    def to(self, device: torch.device) -> "Conditions":
        """The same on another device."""
        moved: dict[str, Any] = {
            name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return replace(self, **moved)


class Known(NamedTuple):
    """A picture, or a run of four frames, that is known at a moment of a clip."""

    frames: npt.NDArray[np.uint8]  # H W 3, or 4 H W 3
    second: float  # of the picture, or of the middle of the run
    tracks: npt.NDArray[np.float32] | None = None  # n 16, or 4 n 16, painted, where it stands
    shown: npt.NDArray[np.float32] | None = None  # H W in 0…1, where the picture is known; None: everywhere
    time: float = 1.0  # noise level: 1 is clean
    reference: bool = False  # who is to be seen, at no moment of the clip


class Row(NamedTuple):
    """What is known about one clip of a batch."""

    text: npt.NDArray[np.float32]  # L 384, where the text changes in time all of them, one after the other
    tracks: npt.NDArray[np.float32]  # F n 16, painted, of the frames being made
    seconds: Tensor  # G
    pins: Sequence[Known] = ()
    context: Sequence[Known] = ()
    words: str = ""  # the text itself, for its quoted words
    read: npt.NDArray[np.bool_] | None = None  # G L, which tokens each group reads; None: all


def gather(rows: Sequence[Row], interval: float, grid: tuple[int, int], seed: int = 0) -> Conditions:
    """The conditions of a batch: rows of equally many groups, pins and context groups. An interval of 0 means pictures;
    the seed is of the noise on what is known weakly."""
    states, real = pad([row.text for row in rows])
    text_at = None
    if any(row.read is not None for row in rows):
        text_at = torch.from_numpy(np.repeat(real[:, None], len(rows[0].seconds), 1))  # B G L
        for number, row in enumerate(rows):
            if row.read is not None:
                text_at[number, :, : row.read.shape[1]] = torch.from_numpy(row.read)
    letters = spelled([row.words for row in rows])
    generator = torch.Generator().manual_seed(seed)
    pinned: dict[str, Tensor] = {}
    if rows[0].pins:
        pinned["pins"], pinned["pin_time"] = _known_patches([row.pins for row in rows], 1, generator)
        pinned["pin_seconds"] = torch.tensor([[pin.second for pin in row.pins] for row in rows])
        pinned["pin_reference"] = torch.tensor([[pin.reference for pin in row.pins] for row in rows])
        nowhere = np.zeros((grid[0] * grid[1], TRACK_WIDTH), np.float32)
        tracks = [[nowhere if pin.tracks is None else pin.tracks for pin in row.pins] for row in rows]
        pinned["pin_tracks"] = torch.from_numpy(np.stack(tracks))
        if any(pin.shown is not None for row in rows for pin in row.pins):
            pinned["pin_known"] = torch.stack([_known_parts([pin.shown for pin in row.pins], grid) for row in rows])
    if rows[0].context:
        context = [row.context for row in rows]
        pinned["context"], pinned["context_time"] = _known_patches(context, patches.GROUP, generator)
        nothing = np.zeros((patches.GROUP, grid[0] * grid[1], TRACK_WIDTH), np.float32)
        marks = [np.concatenate([nothing if run.tracks is None else run.tracks for run in row]) for row in context]
        pinned["context_tracks"] = torch.stack([group_tracks(one) for one in marks])
        pinned["context_seconds"] = torch.tensor([[known.second for known in row.context] for row in rows])
    return Conditions(
        text=torch.from_numpy(states),
        text_real=torch.from_numpy(real),
        seconds=torch.stack([row.seconds for row in rows]),
        interval=torch.full((len(rows),), interval),
        grid=grid,
        letters=None if letters is None else torch.from_numpy(letters),
        text_at=text_at,
        tracks=torch.stack([group_tracks(row.tracks) if interval else torch.from_numpy(row.tracks) for row in rows]),
        **pinned,
    )


def _known_patches(rows: Sequence[Sequence[Known]], group: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Known groups as the network sees them [B, P, n, width], and how clean each is [B, P]. What a picture does not
    show is grey."""
    found = []
    for row in rows:
        frames = patches.to_float(np.stack([known.frames for known in row]).reshape(1, -1, *row[0].frames.shape[-3:]))
        if any(known.shown is not None for known in row):
            whole = np.ones(row[0].frames.shape[:2], np.float32)
            shown = np.stack([whole if known.shown is None else known.shown for known in row])
            frames = frames * torch.from_numpy(shown)[None, ..., None]
        found.append(patches.to_patches(frames, group)[0])  # P n width
    clean = torch.stack(found)  # B P n width
    time = torch.tensor([[known.time for known in row] for row in rows])  # B P
    if bool((time < 1).any()):
        clean = flow.pair(clean, time, torch.randn(clean.shape, generator=generator)).noisy
    return flow.scaled(clean, time), time


def _known_parts(shown: Sequence[npt.NDArray[np.float32] | None], grid: tuple[int, int]) -> Tensor:
    """How much of each of the 4×4 parts of every patch is known, [P, n, 16]."""
    h, w = grid
    whole = np.ones((h * patches.PATCH, w * patches.PATCH), np.float32)
    masks = np.stack([whole if one is None else one for one in shown])  # P H W
    side = patches.PATCH // KNOWN_PARTS
    parts = masks.reshape(-1, h, KNOWN_PARTS, side, w, KNOWN_PARTS, side).mean((3, 6))  # P h 4 w 4
    return torch.from_numpy(parts.transpose(0, 1, 3, 2, 4).reshape(len(masks), h * w, KNOWN_PARTS**2))


def spelled(texts: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """The letters of the words in quotes by their number in LETTERS (from 1; what is not there is the last), [B, M];
    None where no text quotes any."""
    rows = []
    for text in texts:
        quoted = " ".join(match[1] or match[2] or match[3] for match in _QUOTED.finditer(text))[:MAX_LETTERS]
        rows.append([1 + at if (at := LETTERS.find(letter)) >= 0 else len(LETTERS) for letter in quoted.upper()])
    if not any(rows):
        return None
    out = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, found in zip(out, rows, strict=True):
        row[: len(found)] = found
    return out


def condition(
    shots: Sequence[Shot],
    window: Window,
    before: Sequence[npt.NDArray[np.uint8]] | None = None,
    without: Sequence[Without | None] = (None,),
) -> Conditions:
    """A window of Shots of one size and length as the network sees them, once for each of `without`: with everything
    (None), with the negative text in place of the text, without the tracks, or without the pins: [len(without) · B].
    Guidance leads away from the latter. Those without the pins cannot stand in one batch with others.

    Sizes and rates are the network's own; media are carried by the Shots. `before` are the frames of each shot
    [4·context, H, W, 3] that come before a window which is not the first."""
    first = shots[0]
    grid = patches.grid_of(first.size)
    fps = first.fps
    film = first.num_frames > 1
    num_frames = window.num_frames if film else 1
    zero = window.zero(fps)
    if before is None and film:  # what was pinned before the shot stands where the window's context would
        zero = min([0.0, *(run.second - (patches.GROUP - 1) / 2 / fps for shot in shots for run in runs(shot))])
    seconds = group_seconds(window.num_groups, fps, window.first / fps - zero) if film else torch.zeros(1)
    rows: dict[Without | None, list[Row]] = {kind: [] for kind in without}
    for number, shot in enumerate(shots):
        points, visible = track_arrays(shot.tracks, window.first + num_frames, fps)
        began = max(0, window.first - window.num_context * patches.GROUP)
        painted = paint(points, visible, grid, np.random.default_rng([shot.seed, 1]), began)
        end = (window.first + num_frames + MAX_CONTEXT * patches.GROUP) / fps
        # An own clock: what is known, and is not much older or younger than the window, at its second of that.
        pins = [
            pin if pin.reference else _later(pin, zero)
            for pin in pictures(shot, painted)
            if pin.reference or (zero <= pin.second + 1e-6 and pin.second < end)
        ]
        context = [_later(run, zero) for run in runs(shot) if zero <= run.second and run.second < end] if film else []
        come: list[Known] = []
        if before is not None:
            groups = before[number].reshape(-1, patches.GROUP, *before[number].shape[1:])
            middles = group_seconds(len(groups), fps)
            marks = painted[began : window.first].reshape(len(groups), patches.GROUP, -1, TRACK_WIDTH)
            come = [Known(*known) for known in zip(groups, middles.tolist(), marks, strict=True)]
        text, read = directions(shot, seconds + zero)
        row = Row(text, painted[window.first :], seconds, pins, context + come, shot.text, read)
        for kind in without:
            rows[kind].append(_lacking(row, kind, shot, come))
    flat = [row for kind in without for row in rows[kind]]
    return gather(flat, 1 / fps if film else 0.0, grid, first.seed)


def _lacking(row: Row, without: Without | None, shot: Shot, come: list[Known]) -> Row:
    """A clip's row without one of its conditions; the frames that come before a window are not one."""
    if without == "text":
        return row._replace(text=encoder()(shot.negative), words=shot.negative, read=None)
    if without == "tracks":
        pins = [pin._replace(tracks=None) for pin in row.pins]
        context = [run._replace(tracks=None) for run in row.context]
        return row._replace(tracks=np.zeros_like(row.tracks), pins=pins, context=context)
    if without == "pins":
        return row._replace(pins=[], context=come)
    return row


def directions(shot: Shot, seconds: Tensor) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_] | None]:
    """The words' states [L, 384], and which of them the group at each of these seconds of the shot reads [G, L]: the
    shot's text, with that of the span at this moment after it. None where there are no spans, and all read all."""
    if not shot.spans:
        return encoder()(shot.text), None
    said = [
        ". ".join([shot.text, *(span.text for span in shot.spans if span.start <= second < span.end)])
        for second in seconds.tolist()
    ]
    different = list(dict.fromkeys(said))
    states = [encoder()(text) for text in different]
    owner = np.repeat(np.arange(len(states)), [len(one) for one in states])  # L
    return np.concatenate(states), np.array([different.index(text) for text in said])[:, None] == owner


def _later(known: Known, zero: float) -> Known:
    return known._replace(second=known.second - zero)


def pictures(shot: Shot, painted: npt.NDArray[np.float32]) -> list[Known]:
    """A Shot's pinned pictures at their seconds of the shot, and references; `painted` [F, n, 16] are its tracks."""
    pins = []
    for pin in shot.pins:
        if pin.role != "frame":
            picture = contained(read_picture(pin.media.data or b""), shot.size)
            time = flow.time_of_share(pin.strength)
            pins.append(Known(picture, REFERENCE_SECOND, time=time, reference=True))
        elif pin.media.kind == "picture":
            frame = min(shot.num_frames - 1, round(pin.time * shot.fps))
            picture, shown = placed(pin, shot.size)
            tracks = painted[frame] if 0 <= frame < len(painted) else None
            pins.append(Known(picture, frame / shot.fps, tracks, shown, flow.time_of_share(pin.strength)))
    return pins


def runs(shot: Shot) -> list[Known]:
    """A Shot's pinned films in runs of four frames, at their seconds of the shot. Of what comes before or after it,
    only what is next to it is looked at; of films with a mask nothing (they are held, see `held`).

    Runs are whole groups: what is left over is dropped at the end, or at the beginning of a film that comes before the
    shot. Raises MediaError for such a film that is too short."""
    found = []
    for pin in shot.pins:
        if pin.media.kind != "film" or pin.mask is not None:
            continue
        frames, start = film_frames(pin, shot.size, shot.fps)
        skipped = len(frames) % patches.GROUP if pin.time < 0 else 0
        if len(frames) < patches.GROUP:
            least, given = patches.GROUP / shot.fps, len(frames) / shot.fps
            raise MediaError(f"pins: {given:.2f} s of a film were pinned, at least {least:.2f} s are needed")
        for at in range(skipped, len(frames) - patches.GROUP + 1, patches.GROUP):
            middle = start + (at + (patches.GROUP - 1) / 2) / shot.fps
            far = MAX_CONTEXT * patches.GROUP / shot.fps
            if -far <= middle <= shot.seconds + far:
                found.append(Known(frames[at : at + patches.GROUP], middle, time=flow.time_of_share(pin.strength)))
    return found


@functools.lru_cache(maxsize=4)
def film_frames(pin: Pin, size: tuple[int, int], fps: float) -> tuple[npt.NDArray[np.uint8], float]:
    """The frames of a pinned film [F, H, W, 3] at a size and rate, and the second of the shot at which they begin.
    `seconds` of the film are taken where the pin says so."""
    data = pin.media.data or b""
    info = probe(data)
    seconds = info.seconds if pin.seconds == 0 else min(pin.seconds, info.seconds)
    at = [min(info.num_frames - 1, round(i / fps * info.fps)) for i in range(max(1, round(seconds * fps)))]
    wanted, kept = set(at), {}
    for number, frame in enumerate(itertools.islice(read_film(data), at[-1] + 1)):
        if number in wanted:
            kept[number] = fit(frame, size)
    last = max(kept)
    return np.stack([kept.get(number, kept[last]) for number in at]), round(pin.time * fps) / fps


def known_frames(shot: Shot, beyond: int = 0) -> Iterator[tuple[int, Picture, npt.NDArray[np.float32] | None]]:
    """What a Shot's pins know for certain: the number of a frame, its picture [H, W, 3], and where that is known [H, W]
    in 0…1 (None: everywhere). Of films also so many frames `beyond` its first and its last."""
    for pin in shot.pins:
        if pin.strength < 1 or pin.role != "frame":
            continue
        if pin.media.kind == "picture":
            yield min(shot.num_frames - 1, round(pin.time * shot.fps)), *placed(pin, shot.size)
            continue
        run, start = film_frames(pin, shot.size, shot.fps)
        shown = _shown(pin, shot.size)
        for number, frame in enumerate(run):
            at = round(start * shot.fps) + number
            if -beyond <= at < shot.num_frames + beyond:
                yield at, frame, shown


def held(shots: Sequence[Shot], window: Window) -> tuple[Tensor, Tensor] | None:
    """What stays as it is in a window while the rest is made: clean patches [B, G, n, width], and how much of each
    number is known, shaped alike; None where nothing is.

    Pinned films are held, and the pictures of a Shot of one frame. Pictures pinned to a film are not: a single frame
    that is written over makes its neighbours pop."""
    film = shots[0].num_frames > 1
    num_frames = window.num_frames if film else 1
    width, height = shots[0].size
    clean = np.zeros((len(shots), num_frames, height, width, 3), np.uint8)
    share = np.zeros((len(shots), num_frames, height, width, 3), np.float32)
    for row, shot in enumerate(shots):
        runs_only = shot.model_copy(update={"pins": tuple(p for p in shot.pins if not film or p.media.kind == "film")})
        for number, picture, shown in known_frames(runs_only):
            if 0 <= (at := number - window.first) < num_frames:
                clean[row, at] = picture
                share[row, at] = 1 if shown is None else shown[..., None]
    if not share.any():
        return None
    group = patches.GROUP if film else 1
    frames = patches.to_float(torch.from_numpy(clean))
    return patches.to_patches(frames, group), patches.to_patches(torch.from_numpy(share), group)


def placed(pin: Pin, size: tuple[int, int]) -> tuple[Picture, npt.NDArray[np.float32] | None]:
    """A pinned picture [H, W, 3] at a size, and where it is known [H, W] in 0…1 (None: everywhere).

    A picture with a region is scaled into it; a mask (white is known) belongs to the whole picture."""
    picture = read_picture(pin.media.data or b"")
    width, height = size
    shown: npt.NDArray[np.float32] | None = None
    if pin.region is not None:
        left, right = round(pin.region.x * width), round((pin.region.x + pin.region.width) * width)
        top, bottom = round(pin.region.y * height), round((pin.region.y + pin.region.height) * height)
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        whole = np.zeros((height, width, 3), np.uint8)
        shown = np.zeros((height, width), np.float32)
        whole[top:bottom, left:right] = fit(picture, (right - left, bottom - top))[: height - top, : width - left]
        shown[top:bottom, left:right] = 1
        picture = whole
    else:
        picture = fit(picture, size)
    if (mask := _shown(pin, size)) is not None:
        shown = mask if shown is None else np.multiply(shown, mask, dtype=np.float32)
    return picture, shown


def _shown(pin: Pin, size: tuple[int, int]) -> npt.NDArray[np.float32] | None:
    """Where a pin's mask says that it is known [H, W] in 0…1; None without a mask."""
    if pin.mask is None:
        return None
    marked = read_mask(pin.mask.data or b"").astype(np.uint8) * 255
    return np.asarray(fit(marked, size, ringing=False) / 255, np.float32)


def fit(picture: Picture, size: tuple[int, int], ringing: bool = True) -> Picture:
    """A picture [H, W, 3] or mask [H, W] scaled to fill a size; what hangs over is cut off evenly. Without `ringing`
    nothing is overshot beside edges, as masks need it, and all is a little softer."""
    from PIL import Image, ImageOps

    how = Image.Resampling.LANCZOS if ringing else Image.Resampling.BILINEAR
    return np.asarray(ImageOps.fit(Image.fromarray(picture), size, how))


def contained(picture: Picture, size: tuple[int, int]) -> Picture:
    """A picture [H, W, 3] scaled to lie wholly inside a size, on the mean colour of its border."""
    from PIL import Image, ImageOps

    border = np.concatenate((picture[0], picture[-1], picture[:, 0], picture[:, -1])).mean(0)
    red, green, blue = (round(float(value)) for value in border)
    padded = ImageOps.pad(Image.fromarray(picture), size, Image.Resampling.LANCZOS, (red, green, blue))
    return np.asarray(padded)


def group_seconds(num_groups: int, fps: float, start: float = 0.0) -> Tensor:
    """The middle of each moving group in seconds, [G]: frame i of the window is at start + i / fps."""
    middle = torch.arange(num_groups) * patches.GROUP + (patches.GROUP - 1) / 2
    return start + middle / fps


def paint(
    points: npt.NDArray[np.float32],
    visible: npt.NDArray[np.bool_],
    grid: tuple[int, int],
    rng: np.random.Generator,
    start: int = 0,
) -> npt.NDArray[np.float32]:
    """Tracks as a map: points [K, F, 2] in 0…1 and visible [K, F] to [F, n, 16].

    Each track gets a random identity; it is laid down in every patch that the track visits while it is visible
    (Motion Prompting, arXiv 2412.02700), with its step since the frame before, its way since frame `start`, both in
    patches, and the place inside the patch in -1…1. Tracks that share a patch are averaged.
    """
    h, w = grid
    num_tracks, num_frames = visible.shape
    out = np.zeros((num_frames, h * w, TRACK_WIDTH), dtype=np.float32)
    if num_tracks == 0:
        return out
    identity = rng.standard_normal((num_tracks, TRACK_IDENTITY)).astype(np.float32)
    place = points * np.array([w, h], dtype=np.float32)  # K F 2, in patches
    step = np.diff(place, axis=1, prepend=place[:, :1])  # K F 2
    if num_frames > 1:
        step[:, 0] = step[:, 1]
    way = place - place[:, min(start, num_frames - 1)][:, None]  # K F 2
    motion = np.concatenate((step * STEP_SCALE, way * WAY_SCALE), -1).clip(-4, 4)  # K F 4
    inside = visible & (place >= 0).all(-1) & (place[..., 0] < w) & (place[..., 1] < h)  # K F
    track, frame = np.nonzero(inside)
    at = place[track, frame]  # M 2
    cell = np.floor(at).astype(np.int64)
    index = cell[:, 1] * w + cell[:, 0]
    there = np.ones((len(track), 1), np.float32)
    mark = np.concatenate((identity[track], motion[track, frame], (at - cell) * 2 - 1, there), 1)  # M 16
    np.add.at(out, (frame, index), mark)
    count = np.maximum(out[..., -1:], 1)
    out[..., :-1] /= count
    out[..., -1] = np.minimum(out[..., -1], 1)
    return out


def group_tracks(painted: npt.NDArray[np.float32]) -> Tensor:
    """A painted map [F, n, 16] as the groups see it, [G, n, 4·16]."""
    F, n, width = painted.shape
    x = painted.reshape(F // patches.GROUP, patches.GROUP, n, width).transpose(0, 2, 1, 3)
    return torch.from_numpy(np.ascontiguousarray(x.reshape(F // patches.GROUP, n, patches.GROUP * width)))
