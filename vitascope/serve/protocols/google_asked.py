"""What Google's dialects ask for in the same words: models, sizes, media, and whom to call back."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from vitascope.serve.jobs import Job
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols import google_files as files
from vitascope.shot.media import FilmInfo, read_picture
from vitascope.shot.shot import Media, MediaKind, Quality

VEO: dict[str, Quality] = {
    "veo-3.1-generate-preview": "best", "veo-3.1-fast-generate-preview": "fast",
    "veo-3.1-lite-generate-preview": "fast", "veo-3.1-generate-001": "best", "veo-3.1-fast-generate-001": "fast",
    "veo-3.0-generate-preview": "best", "veo-3.0-fast-generate-preview": "fast", "veo-3.0-generate-001": "best",
    "veo-3.0-fast-generate-001": "fast", "veo-2.0-generate-001": "best",
}  # fmt: skip
OMNI: dict[str, Quality] = {
    "gemini-omni-1.1-flash": "fast", "gemini-omni-1.2-flash": "fast", "gemini-omni-flash-preview": "fast",
}  # fmt: skip
FPS = 24.0
RATIOS = ("16:9", "9:16")
SIDES = {"360p": 360, "720p": 720, "1080p": 1080, "4k": 2160}  # pixels of the shorter side
SLACK = 0.03  # how far a film's shape may be from the one that was named
MAX_RECEIVERS = 5
MAX_METADATA = 16_384  # characters of what they are told again
_DATA = ("bytesBase64Encoded", "encodedVideo", "data", "imageBytes", "videoBytes")
_URIS = ("uri", "gcsUri", "fileUri")
# The fields of a Shot or Work, whose names errors begin with, by those that clients know.
_FIELDS = {
    "seconds": "duration", "text": "prompt", "negative": "negativePrompt", "pins.role": "referenceImages",
    "pins.media": "image", "pins": "image", "sound": "generateAudio", "takes": "sampleCount", "inpaint": "mask",
}  # fmt: skip


def size_of(ratio: Any, resolution: Any, names: tuple[str, ...], lifted: bool) -> tuple[int, int]:
    """Pixels of an aspect ratio and a resolution: those of the service (`names` are its resolutions), or, for models of
    ours (`lifted`), any such as 9:5 and 80p. Raises Problem."""
    told = "16:9 or 9:16" if not lifted else "two numbers such as 16:9"
    match = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", ratio) if isinstance(ratio, str) else None
    if match is None or not (lifted or ratio in RATIOS):
        raise Problem("invalid", f"aspectRatio should be {told}, but was {str(ratio)[:40]!r}", "aspectRatio")
    side = side_of(resolution, names, lifted)
    wide, high = int(match[1]), int(match[2])
    longer = max(2, round(side * max(wide, high) / min(wide, high) / 2) * 2)
    if longer > 8192:
        raise Problem("invalid", f"aspectRatio: {ratio} was given; shapes from 1:2 to 2:1 can be made", "aspectRatio")
    return (longer, side) if wide >= high else (side, longer)


def side_of(resolution: Any, names: tuple[str, ...], lifted: bool) -> int:
    """Pixels of the shorter side. Raises Problem."""
    given = resolution.lower() if isinstance(resolution, str) else ""
    if given in SIDES and (lifted or given in names):
        return SIDES[given]
    if lifted and re.fullmatch(r"[1-9]\d{1,3}p", given):
        return int(given[:-1])
    told = ", ".join(names) + (" or a number of lines such as 80p" if lifted else "")
    raise Problem("invalid", f"resolution should be {told}, but was {str(resolution)[:40]!r}", "resolution")


def check_like(info: FilmInfo, ratio: Any, resolution: Any, names: tuple[str, ...], lifted: bool, what: str) -> None:
    """Raise Problem where a shape or size was named that is not that of the film, which stays as it is."""
    wide, high = info.size
    size = f"{wide}x{high}"
    if ratio is not None:
        width, height = size_of(ratio, "720p", ("720p",), lifted)
        if abs(width * high / (height * wide) - 1) > SLACK:
            raise Problem("invalid", f"aspectRatio: {ratio} was given; {what} keeps the film's {size}", "aspectRatio")
    if resolution is not None and abs(side_of(resolution, names, lifted) / min(info.size) - 1) > SLACK:
        raise Problem("invalid", f"resolution: {resolution} was given; {what} keeps the film's {size}", "resolution")


def media_of(call: Call, given: Any, kind: MediaKind, name: str) -> Media:
    """A picture or film: its bytes in base64, a file of this server, or a URL. Raises Problem."""
    if isinstance(given, Mapping) and isinstance(given.get("inlineData"), Mapping):
        given = given["inlineData"]
    if not isinstance(given, Mapping):
        raise Problem("invalid", f"{name} should be an object with the {kind}'s bytes or its uri", name)
    data = next((given[one] for one in _DATA if given.get(one)), None)
    uri = next((given[one] for one in _URIS if given.get(one)), None)
    if data is not None and not (isinstance(data, str) and not data.startswith("http")):
        raise Problem("invalid", f"{name} should have its bytes in base64", name)
    if data is not None:
        return call.desk.media(call, data, kind, name)
    if not isinstance(uri, str):
        raise Problem("missing_field", f"{name} is empty; it should have the {kind}'s bytes or its uri", name)
    if (found := files.media(call, uri, kind, name)) is not None:
        return found
    if uri.startswith(("https://", "http://", "data:")):
        return call.desk.media(call, uri, kind, name)
    message = f"{name}: {uri[:80]!r} cannot be read from here; send the bytes, an uploaded file or an https URL"
    raise Problem("invalid", message, name)


def padded(call: Call, picture: Media, size: tuple[int, int], name: str) -> Media:
    """A picture with black beside it, in the shape of a frame."""
    from PIL import Image

    frame = read_picture(picture.data or b"")  # H W 3
    high, wide = frame.shape[:2]
    full = max(wide, round(high * size[0] / size[1])), max(high, round(wide * size[1] / size[0]))
    whole = np.zeros((full[1], full[0], 3), np.uint8)
    left, top = (full[0] - wide) // 2, (full[1] - high) // 2
    whole[top : top + high, left : left + wide] = frame
    file = io.BytesIO()
    Image.fromarray(whole).save(file, "PNG")
    return call.desk.media(call, file.getvalue(), "picture", name)


def receivers(given: Any) -> dict[str, Any]:
    """Whom to call back, and what to say to them, as a job remembers it. Raises Problem."""
    if given is None:
        return {}
    uris = given.get("uris") or [] if isinstance(given, Mapping) else None
    good = isinstance(uris, list) and all(isinstance(uri, str) and uri.startswith("http") for uri in uris)
    if not isinstance(uris, list) or not good or len(uris) > MAX_RECEIVERS:
        raise Problem("invalid", f"webhookConfig.uris should be at most {MAX_RECEIVERS} URLs", "webhookConfig")
    # The official client writes user_metadata in either dialect, whatever the API's documents say.
    metadata = given.get("user_metadata") or given.get("userMetadata") or {}
    if len(json.dumps(metadata)) > MAX_METADATA:
        message = f"webhookConfig.userMetadata should have at most {MAX_METADATA} characters of JSON"
        raise Problem("invalid", message, "webhookConfig")
    return {"receivers": uris, "metadata": metadata}


def ordered(call: Call, work: Mapping[str, Any], collection: str, said: Mapping[str, Any]) -> Job:
    """The work in the queue; what cannot be made is said in Google's names. Raises Problem."""
    try:
        return call.desk.order(call, work, collection=collection, said=said)
    except Problem as problem:
        raise in_their_words(problem, call) from None


def in_their_words(problem: Problem, call: Call) -> Problem:
    """A problem of a Shot's field as one of the request's."""
    name, message = problem.field or "", problem.message
    theirs = _FIELDS.get(name)
    if name == "size":
        theirs = "aspectRatio" if "shapes" in message else "resolution"
    if theirs is None:
        return problem
    return replace(problem, message=theirs + message.removeprefix(name), field=theirs)
