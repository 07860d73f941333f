"""What Runway's endpoints have in common: media by URI, seeds, shapes, references, and the answer to a new task."""

import math
import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from vitascope.serve import cost
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, answer
from vitascope.shot import edit
from vitascope.shot.media import read_picture
from vitascope.shot.shot import Media, MediaKind, Shot

UPLOAD = "runway://"
SEEDS = 2**32
UNSAID = "a scene"  # where a prompt may be left out, and is
WIDE = 16 / 9
_RATIO = re.compile(r"(\d{1,5}):(\d{1,5})")
_LINES = re.compile(r"(?:auto_)?(\d{2,4})p")


def ordered(call: Call, work: Mapping[str, Any]) -> Response:
    """Put the work into the queue; the answer of every endpoint that makes something."""
    job = call.desk.order(call, work, collection="task", said={"model": call.text("model")})
    return answer({"id": str(uuid.UUID(job.id)), "estimatedCost": {"credits": 0}})


# --- media ------------------------------------------------------------------------------------------------------------


def media_of(call: Call, source: Any, kind: MediaKind, name: str) -> Media:
    """Media by their URI: https, runway or data. Pictures carry their bytes. Raises Problem."""
    if source is None or source == "":
        raise Problem("missing_field", f"{name} is missing; it should be an https, runway or data URI", name)
    if not isinstance(source, str) or not source.lower().startswith(("https://", "http://", "data:", UPLOAD)):
        raise Problem("invalid", f"{name} should be an https://, runway:// or data: URI", name)
    if not source.startswith(UPLOAD):
        return call.desk.media(call, source, kind, name)
    note = call.desk.noted("runway", source.removeprefix(UPLOAD), "upload", call.key.id)
    if note is None or "sha256" not in note.data:
        raise Problem("invalid", f"{name}: nothing has been uploaded as {source[:60]!r}, or it has expired", name)
    if note.data["kind"] != kind:
        raise Problem("invalid", f"{name} should be a {kind}, but a {note.data['kind']} was uploaded", name)
    found = call.desk.named(call.key, note.data["sha256"], name)
    if kind != "picture":
        return found
    return found.model_copy(update={"data": call.desk.storage.get(call.desk.kept(call.key, found.sha256)["path"])})


def picture_size(picture: Media) -> tuple[int, int]:
    high, wide = read_picture(picture.data or b"").shape[:2]
    return int(wide), int(high)


def referred(call: Call, shot: Shot, picture: Media, name: str) -> Shot:
    """The shot with a picture of a character or a thing to go by. Raises Problem where the model takes none."""
    if "character" not in cost.card_of(shot.model)[0].roles:
        message = f"{name}: the model {shot.model!r} takes no reference pictures yet, only first and last frames"
        raise Problem("invalid", message, name)
    return edit.reference(shot, picture)


def references(call: Call, name: str, most: int) -> list[tuple[str, Mapping[str, Any]]]:
    """A list of objects with a uri, each with its place's name; one URI alone is a list of one. Raises Problem."""
    given = call.fields.get(name) or []
    if isinstance(given, str):
        given = [{"uri": given}]
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise Problem("invalid", f"{name} should be a URI, or a list of objects with a uri", name)
    if len(given) > most:
        raise Problem("invalid", f"{name} should have at most {most}, but had {len(given)}", name)
    return [(f"{name}[{number}]", one) for number, one in enumerate(given)]


def refuse(call: Call, *names: str, why: str) -> None:
    """Raise Problem where one of these fields asks for something."""
    for name in names:
        if call.fields.get(name):
            raise Problem("invalid", f"{name}: {why}", name)


def mp4_only(call: Call) -> None:
    """Raise Problem where another format of films is asked for."""
    call.choice("outputFormat", ("mp4",), "mp4")
    refuse(call, "proresProfile", why="it is for outputFormat prores, which this server does not write; only mp4")


# --- numbers and words ------------------------------------------------------------------------------------------------


def seed_of(call: Call) -> int:
    """The seed that is given, or one by chance."""
    return call.whole("seed", secrets.randbelow(SEEDS), 0, SEEDS - 1)


def prompt_of(call: Call, most: int, required: bool = True) -> str:
    """The prompt, at most so many UTF-16 units. Raises Problem."""
    text = call.text("promptText", None if required else UNSAID)
    if (length := len(text.encode("utf-16-le", "surrogatepass")) // 2) > most:
        message = f"promptText should have at most {most} UTF-16 units, but had {length}"
        raise Problem("invalid", message, "promptText")
    return text


def tuned(call: Call, fields: dict[str, Any]) -> dict[str, Any]:
    """A Shot's fields with what tunes it: negativePrompt and cfgScale, and what only this server knows, from
    extra_body: steps and guidance."""
    if negative := call.text("negativePrompt", ""):
        fields["negative"] = negative
    if call.fields.get("cfgScale") is not None:
        fields["guidance"] = 1 + 4 * call.number("cfgScale", 0.5, 0.0, 1.0)  # theirs is 0.5 if left out, ours 3
    if call.fields.get("steps") is not None:
        fields["steps"] = call.whole("steps", 16, 1, 1000)
    if call.fields.get("guidance") is not None:
        fields["guidance"] = call.number("guidance", 3.0, 0.0, 30.0)
    return fields


# --- shapes -----------------------------------------------------------------------------------------------------------


def pair(ratio: str) -> tuple[int, int] | None:
    """The two numbers of "W:H"; None where it is none."""
    match = _RATIO.fullmatch(ratio)
    found = (int(match[1]), int(match[2])) if match else (0, 0)
    return found if all(found) else None


def lines_of(name: str) -> int | None:
    """720 of "720p" or "auto_720p", and 1440 of "2k"."""
    match = _LINES.fullmatch(name.lower())
    return int(match[1]) if match else {"1k": 1080, "2k": 1440, "4k": 2160}.get(name.lower())


def framed(lines: int, shape: float) -> tuple[int, int]:
    """The frame of this shape that has as many pixels as one of 16:9 with so many lines; its sides are even."""
    high = math.sqrt(lines * lines * WIDE / shape)
    return _even(high * shape), _even(high)


def widened(size: tuple[int, int], shape: float) -> tuple[int, int]:
    """The smallest frame of this shape around a film of this size; its sides are even."""
    wide, high = size
    return (_even(high * shape), _even(high)) if shape * high > wide else (_even(wide), _even(wide / shape))


def within(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The size made as large as fits in the box, or in the box turned by 90°; its sides are even."""
    longer, shorter = max(size), min(size)
    factor = min(max(box) / longer, min(box) / shorter)
    return max(2, _floor_even(size[0] * factor)), max(2, _floor_even(size[1] * factor))


def nearest(ratios: tuple[str, ...], shape: float, lines: int) -> tuple[int, int]:
    """Of sizes in pixels the one whose shape is nearest, and of these the one that comes nearest to so many lines."""
    pixels = lines * lines * WIDE
    sizes = [found for ratio in ratios if (found := pair(ratio))]
    return min(sizes, key=lambda size: (round(abs(math.log(size[0] / size[1] / shape)), 2),
                                        abs(math.log(size[0] * size[1] / pixels))))  # fmt: skip


def _even(number: float) -> int:
    return 2 * round(number / 2)


def _floor_even(number: float) -> int:
    return 2 * int(number / 2 + 1e-6)
