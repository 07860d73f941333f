"""The fields of Luma's requests, read and checked: models, shapes, resolutions, durations, concepts, places."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from vitascope.model.card import MAX_PIXELS
from vitascope.model.layout import fits
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols.luma_concepts import CONCEPTS
from vitascope.shot.shot import Quality, Region

RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21")
RESOLUTIONS = {"540p": 540, "720p": 720, "1080p": 1080, "4k": 2160}  # pixels of the shorter side
DURATIONS = ("5s", "9s")


def seconds_of(call: Call, own: bool) -> float:
    given = call.text("duration", "5s")
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,3})?)s", given, re.ASCII)
    if match is None or (given not in DURATIONS and not own) or not 0.1 <= float(match[1]) <= 120:
        told = "0.1s to 120s" if own else " or ".join(DURATIONS)
        raise Problem("invalid", f"duration should be {told}, but was {given[:40]!r}", "duration")
    return float(match[1])


def size_of(call: Call, own: bool, like: tuple[int, int] | None = None, side: int = 720) -> tuple[int, int]:
    """The picture's size. What is not said is as in `like`, else 16:9 and `side` pixels for the shorter side."""
    ratio, resolution = call.text("aspect_ratio", ""), call.text("resolution", "")
    if like is not None:
        if not ratio and not resolution:
            return possible(like, f"aspect_ratio: {like[0]}:{like[1]}")
        side = min(like)
    shape = 16 / 9 if like is None else like[0] / like[1]
    if ratio:
        match = re.fullmatch(r"(\d{1,4}):(\d{1,4})", ratio, re.ASCII)
        if match is None or (ratio not in RATIOS and not own) or not int(match[1]) * int(match[2]):
            told = "WIDTH:HEIGHT" if own else ", ".join(RATIOS)
            raise Problem("invalid", f"aspect_ratio should be {told}, but was {ratio[:40]!r}", "aspect_ratio")
        shape = int(match[1]) / int(match[2])
    if resolution:
        side = side_of(resolution, own)
    size = (even(side * max(1.0, shape)), even(side / min(1.0, shape)))
    return possible(size, f"aspect_ratio: {ratio}")


def side_of(resolution: str, own: bool) -> int:
    """Pixels of the shorter side."""
    if resolution in RESOLUTIONS:
        return RESOLUTIONS[resolution]
    if own and (match := re.fullmatch(r"(\d{2,4})p", resolution, re.ASCII)):
        return int(match[1])
    told = ", ".join(RESOLUTIONS) + (" or any such as 80p" if own else "")
    raise Problem("invalid", f"resolution should be {told}, but was {resolution[:40]!r}", "resolution")


def possible(size: tuple[int, int], what: str) -> tuple[int, int]:
    """The size, if films of it can be made. Raises Problem, which says what was given."""
    if not fits(size):
        raise Problem("invalid", f"{what} was given; shapes from 1:2 to 2:1 can be made", what.partition(":")[0])
    if size[0] * size[1] > MAX_PIXELS:
        message = f"resolution: {size[0]}x{size[1]} was asked for; up to 1080p can be made, which can be upscaled then"
        raise Problem("invalid", message, "resolution")
    return size


def within(width: int, height: int) -> tuple[int, int]:
    """A size with even sides, of no more pixels than can be made."""
    factor = min(1.0, (MAX_PIXELS / (width * height)) ** 0.5)
    return int(width * factor / 2) * 2, int(height * factor / 2) * 2


def even(length: float) -> int:
    return round(length / 2) * 2


def canvas_of(call: Call, own: bool, source: tuple[int, int]) -> tuple[int, int]:
    """The size to be filled: of the asked shape, its shorter side that of the source (at most 1080 pixels)."""
    call.text("aspect_ratio")  # is required here
    return size_of(call, own, side=min(1080, *source))


def place_on(call: Call, source: tuple[int, int], canvas: tuple[int, int]) -> Region | None:
    """Where the source lies on the canvas: by its edges, or by its corner and its size there, all in pixels; None is as
    large as it can be, in the middle. Raises Problem for what does not lie on the canvas."""
    edges, corner = ("x_start", "y_start", "x_end", "y_end"), ("grid_position_x", "grid_position_y")
    given = {name for name in (*edges, *corner, "resized_width", "resized_height") if call.fields.get(name) is not None}
    if not given:
        return None
    if given & {*edges}:
        if given != {*edges}:
            raise Problem("invalid", f"{', '.join(edges)} should be given together, and alone", edges[0])
        left, top, right, bottom = (call.whole(name, 0, 0, 8192) for name in edges)
    else:
        fit = min(canvas[0] / source[0], canvas[1] / source[1])
        wide = call.whole("resized_width", 0, 1, 8192) or round(
            call.whole("resized_height", round(source[1] * fit), 1, 8192) * source[0] / source[1]
        )
        high = call.whole("resized_height", 0, 1, 8192) or round(wide * source[1] / source[0])
        left = call.whole(corner[0], (canvas[0] - wide) // 2, 0, 8192)
        top = call.whole(corner[1], (canvas[1] - high) // 2, 0, 8192)
        right, bottom = left + wide, top + high
    if not (0 <= left < right <= canvas[0] and 0 <= top < bottom <= canvas[1]):
        message = (
            f"the source would lie from {left},{top} to {right},{bottom}; it should lie within the canvas of "
            f"{canvas[0]}x{canvas[1]} pixels"
        )
        raise Problem("invalid", message, min(given))
    wide, high = right - left, bottom - top
    return Region(x=left / canvas[0], y=top / canvas[1], width=wide / canvas[0], height=high / canvas[1])


def expected(call: Call, kind: str, required: bool = False) -> str:
    """The kind of generation that a path is for, if that is what the request says too."""
    if call.text("generation_type", None if required else kind) != kind:
        raise Problem("invalid", f"generation_type should be {kind} here", "generation_type")
    return kind


def model_of(call: Call, theirs: Mapping[str, Quality]) -> tuple[str, Quality, bool]:
    """The model of ours, its quality, and whether it was named itself: that lifts their lists of sizes and lengths."""
    name = call.text("model")
    return *call.desk.model(name, theirs), name not in theirs


def concepts_of(call: Call) -> list[str]:
    given = call.fields.get("concepts") or []
    keys = [one.get("key") if isinstance(one, Mapping) else None for one in given] if is_list(given) else [None]
    for key in keys:
        if not isinstance(key, str):
            raise Problem("invalid", 'concepts should be a list such as [{"key": "push_in"}]', "concepts")
        if key not in CONCEPTS:
            raise Problem("invalid", f"concepts: there is no {key[:40]!r}; there are {', '.join(CONCEPTS)}", "concepts")
    return [key for key in keys if key is not None]


def inside(call: Call, name: str) -> Call:
    """The call with the fields of one of its objects."""
    given = call.fields.get(name)
    if not isinstance(given, Mapping):
        raise Problem("missing_field" if given is None else "invalid", f"{name} should be an object with a url", name)
    return replace(call, fields=dict(given))


def url_in(call: Call, name: str) -> Any:
    return inside(call, name).fields.get("url")


def is_list(given: Any) -> TypeGuard[list[Any]]:
    return isinstance(given, list)


def bare(id: Any, name: str = "id") -> str:
    """The id of a job: a UUID's digits. Raises Problem."""
    if not isinstance(id, str):
        raise Problem("invalid", f"{name} should be the id of a generation", name)
    try:
        return uuid.UUID(id).hex
    except ValueError:
        raise Problem("not_found", f"{name}: there is no generation {id[:80]!r}", name) from None
