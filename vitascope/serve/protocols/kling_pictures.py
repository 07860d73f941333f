"""Kling's pictures: what may be sent, and its motion brush as strokes."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.shot.brush import Stroke
from vitascope.shot.media import mask_media
from vitascope.shot.shot import Media

MOST_BYTES = 10 * 2**20
LEAST_SIDE = 300
SHAPES = (0.4, 2.5)  # width to height
MASKS = 6  # that move
POINTS = (2, 77)
MASK_PIXELS = 16_000_000
BLACK = 32  # of 255: a JPEG's black is not quite 0
ALIKE = 0.02  # by which two shapes may differ


@dataclass(frozen=True)
class Picture:
    """A picture that was sent, and its size in pixels as it is shown."""

    media: Media
    size: tuple[int, int]


def picture_of(call: Call, given: Any, name: str, *, free: bool) -> Picture:
    """The picture in a field of this name; `free` ones may have any size. Raises Problem."""
    media = call.desk.media(call, given, "picture", name)
    data = media.data or b""
    found = Picture(media, size_of(data))
    if not free:
        _check(data, found.size, name)
    return found


def size_of(data: bytes) -> tuple[int, int]:
    """A picture's width and height as it is shown, from its head."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        return (image.height, image.width) if turned else (image.width, image.height)


def _check(data: bytes, size: tuple[int, int], name: str) -> None:
    told = f"{size[0]}x{size[1]}"
    if not data.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        raise Problem("invalid", f"{name} should be a JPEG or PNG", name)
    if len(data) > MOST_BYTES:
        raise Problem("invalid", f"{name} should have at most 10 MB, but had {len(data) / 2**20:.1f}", name)
    if min(size) < LEAST_SIDE:
        raise Problem("invalid", f"{name} should have at least {LEAST_SIDE} pixels a side, but was {told}", name)
    if not SHAPES[0] - 1e-9 <= size[0] / size[1] <= SHAPES[1] + 1e-9:
        raise Problem("invalid", f"{name} should have a shape from 1:2.5 to 2.5:1, but was {told}", name)


# --- the motion brush -------------------------------------------------------------------------------------------------


def strokes_of(call: Call, image: Picture) -> list[Stroke]:
    """The strokes of static_mask and dynamic_masks; none where none were given. Raises Problem."""
    strokes = []
    sizes: dict[str, tuple[int, int]] = {}
    if call.fields.get("static_mask") not in (None, ""):
        strokes.append(Stroke(mask=_mask(call, call.fields["static_mask"], "static_mask", image, sizes), still=True))
    given = call.fields.get("dynamic_masks") or []
    if not isinstance(given, list) or len(given) > MASKS:
        raise Problem("invalid", f"dynamic_masks should be a list of at most {MASKS}", "dynamic_masks")
    for number, one in enumerate(given):
        name = f"dynamic_masks[{number}]"
        if not isinstance(one, Mapping):
            raise Problem("invalid", f"{name} should be an object with mask and trajectories", name)
        path = _path(one.get("trajectories"), image.size, f"{name}.trajectories")
        strokes.append(Stroke(mask=_mask(call, one.get("mask"), f"{name}.mask", image, sizes), path=path))
    return strokes


def _mask(call: Call, given: Any, name: str, image: Picture, sizes: dict[str, tuple[int, int]]) -> Media:
    """A mask in black and white: what is neither black nor transparent in the picture that was sent is marked."""
    from PIL import Image, ImageOps

    media = call.desk.media(call, given, "picture", name)
    wide, high = size_of(media.data or b"")
    sizes[name] = (wide, high)
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{one} is {size[0]}x{size[1]}" for one, size in sizes.items())
        raise Problem("invalid", f"all masks should have one size, but {told}", name)
    if abs(np.log(wide * image.size[1] / (high * image.size[0]))) > ALIKE:
        shape = f"{image.size[0]}x{image.size[1]}"
        raise Problem("invalid", f"{name} should have the shape of image, {shape}, but was {wide}x{high}", name)
    if wide * high > MASK_PIXELS:
        raise Problem("invalid", f"{name} should have at most {MASK_PIXELS / 1e6:g} megapixels", name)
    with Image.open(io.BytesIO(media.data or b"")) as picture:
        painted = np.asarray(ImageOps.exif_transpose(picture).convert("RGBA"))  # H W 4
    marked = (painted[..., :3].max(-1) >= BLACK) & (painted[..., 3] >= 128)
    if not marked.any():
        raise Problem("invalid", f"{name} should mark something, but all of it is black or transparent", name)
    return mask_media(marked)


def _path(given: Any, size: tuple[int, int], name: str) -> tuple[tuple[float, float], ...]:
    """Points in pixels from the bottom left as picture coordinates from the top left."""
    if not isinstance(given, list) or not POINTS[0] <= len(given) <= POINTS[1]:
        raise Problem("invalid", f"{name} should be {POINTS[0]} to {POINTS[1]} points", name)
    points = []
    for point in given:
        x: Any
        y: Any
        x, y = (point.get("x"), point.get("y")) if isinstance(point, Mapping) else (None, None)
        if not (_is_number(x) and _is_number(y)):
            raise Problem("invalid", f"{name} should have points with the numbers x and y", name)
        if not (0 <= x <= size[0] and 0 <= y <= size[1]):
            told = f"{str(x)[:20]}, {str(y)[:20]}"
            message = f"{name} should lie in the image of {size[0]}x{size[1]} pixels, but had {told}"
            raise Problem("invalid", message, name)
        points.append((x / size[0], 1 - y / size[1]))
    return tuple(points)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
