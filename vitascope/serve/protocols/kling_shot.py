"""Kling's fields that most kinds of tasks share, as a Shot: model, mode, shape, length, words, camera and sound."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vitascope.model.card import models
from vitascope.model.layout import fits
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols.kling_camera import moves_of
from vitascope.shot import edit
from vitascope.shot.moves import Move
from vitascope.shot.shot import Quality, Shot, ShotError, Sound, Span, checked

FPS = 24.0
MODES: dict[str, tuple[int, Quality]] = {"std": (1280 * 720, "fast"), "pro": (1920 * 1080, "best")}  # pixels
TEXT_MODELS = (
    "kling-v1", "kling-v1-6", "kling-v2-master", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3",
)  # fmt: skip
IMAGE_MODELS = (*TEXT_MODELS, "kling-v1-5", "kling-v2-1")
OMNI_MODELS = ("kling-video-o1", "kling-v3-omni")
MOTION_MODELS = ("kling-v2-6", "kling-v3")
PICTURE_MODELS = ("kling-v1", "kling-v1-5", "kling-v2", "kling-v2-new", "kling-v2-1")
RATIOS = ("16:9", "9:16", "1:1")
LONG = ("kling-v3", "kling-v3-omni", "kling-video-o1")  # of which one may ask for any whole length
WITH_CFG = ("kling-v1", "kling-v1-5", "kling-v1-6")
MOST_WORDS = 2500  # characters
USUAL_CFG = 0.5
WORDLESS = "a film"  # the text of what has no prompt
PROMPTS = 6
PROMPT_WORDS = 512
_NUMBER = r"\d{1,3}(?:\.\d{1,6})?"
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+")


@dataclass(frozen=True)
class Asked:
    """What a request asks to be made: the fields of a Work, and what the answers to come need to know."""

    work: dict[str, Any]
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """The model that a request names, ours behind it, and how well it is to be made. Ours are `free` of Kling's lists
    of sizes and lengths."""

    name: str
    ours: str
    quality: Quality
    mode: str
    free: bool


def model_of(call: Call, allowed: tuple[str, ...], mode: str = "std") -> Model:
    """The model and mode that are asked for; the first of those allowed is the default. Raises Problem."""
    name, mode = call.text("model_name", allowed[0]), call.text("mode", mode)
    quality: Quality = MODES[mode][1] if mode in MODES else "best"
    if name not in allowed and name not in models():
        known = ", ".join((*allowed, *models()))
        raise Problem("not_found", f"model_name: there is no model {name[:80]!r} here; there are {known}", "model_name")
    ours, _ = call.desk.model(name, dict.fromkeys(allowed, quality))
    return Model(name, ours, quality, mode, name not in allowed)


def size_of(model: Model, ratio: float, name: str) -> tuple[int, int]:
    """The size of a film of this shape (width to height) in the request's mode: 720p, 1080p, or for a model of ours
    also "80p", the shorter side. `name` is the field that told the shape. Raises Problem."""
    if model.mode in MODES:
        area = float(MODES[model.mode][0])
    elif model.free and re.fullmatch(r"\d{2,4}p", model.mode):
        area = int(model.mode[:-1]) ** 2 * max(ratio, 1 / ratio)
    elif model.mode == "4k":
        raise Problem("invalid", "mode: 4k cannot be made here yet; std and pro can", "mode")
    else:
        raise Problem("invalid", f"mode should be std or pro, but was {model.mode[:40]!r}", "mode")
    high = math.sqrt(area / ratio)
    size = max(16, round(high * ratio / 2) * 2), max(16, round(high / 2) * 2)
    if not fits((round(ratio * 1000), 1000)):
        raise Problem("invalid", f"{name}: its shape is {ratio:.3g}:1; from 1:2 to 2:1 can be made", name)
    return size


def ratio_of(call: Call, model: Model, allowed: tuple[str, ...] = RATIOS, default: str = "16:9") -> float:
    """The shape that aspect_ratio asks for. Raises Problem."""
    given = call.text("aspect_ratio", default)
    found = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", given)
    if found is None or (given not in allowed and not model.free):
        message = f"aspect_ratio should be one of {', '.join(allowed)}, but was {given[:40]!r}"
        raise Problem("invalid", message, "aspect_ratio")
    return int(found[1]) / int(found[2])


def seconds_of(call: Call, model: Model, most: int = 15, default: str = "5") -> float:
    """How long it is to be: "5" or "10", "3" to `most` with newer models, and anything with ours. Raises Problem."""
    if model.free:
        return call.number("duration", float(default), 0.1, 120)
    allowed = tuple(str(n) for n in range(3, most + 1)) if model.name in LONG else ("5", "10")
    given = call.fields.get("duration")
    given = default if given in (None, "") else str(given)[:40]
    if given not in allowed:
        message = f"duration should be one of {', '.join(allowed)} with {model.name}, but was {given!r}"
        raise Problem("invalid", message, "duration")
    return float(given)


def words_of(call: Call, name: str = "prompt", default: str | None = None, most: int = MOST_WORDS) -> str:
    """A field of so many characters at most. Raises Problem."""
    given = call.text(name, default)
    if len(given) > most:
        raise Problem("invalid", f"{name} should have at most {most} characters, but had {len(given)}", name)
    return given


def begun(call: Call, model: Model, text: str, size: tuple[int, int], seconds: float) -> Shot:
    """A Shot of these, with negative_prompt, cfg_scale and sound, and what only this server knows: seed, steps,
    guidance and fps. Raises Problem."""
    refuse_extras(call)
    fields: dict[str, Any] = {"model": model.ours, "quality": model.quality, "size": size, "seconds": seconds}
    fields["fps"] = call.number("fps", FPS, 1, 60)
    if negative := words_of(call, "negative_prompt", ""):
        fields["negative"] = negative
    cfg = call.number("cfg_scale", USUAL_CFG, 0, 1)
    if cfg != USUAL_CFG and (model.free or model.name in WITH_CFG):
        fields["guidance"] = 1 + 4 * cfg  # half of the way is the network's usual 3
    for name, least, most in (("seed", 0, 2**63 - 1), ("steps", 1, 1000)):
        if call.fields.get(name) is not None:
            fields[name] = call.whole(name, least, least, most)
    if call.fields.get("guidance") is not None:
        fields["guidance"] = call.number("guidance", 3.0, 0.0, 30.0)
    if call.choice("sound", ("on", "off"), "off") == "on":
        fields["sound"] = Sound()
    return call.desk.shot(text=text or WORDLESS, **fields)


def refuse_extras(call: Call) -> None:
    """Raise Problem for what would be seen or heard, and cannot be made here."""
    mark = call.fields.get("watermark_info")
    if isinstance(mark, Mapping) and mark.get("enabled") not in (None, False):
        raise Problem("invalid", "watermark_info.enabled: no visible watermark is made here", "watermark_info")
    for name, what in (("element_list", "elements"), ("voice_list", "voices of one's own")):
        if call.fields.get(name):
            raise Problem("invalid", f"{name}: {what} cannot be used here yet", name)


def filmed(call: Call, shot: Shot) -> Shot:
    """The Shot with what camera_control asks for. Raises Problem."""
    if call.fields.get("camera_control") is None:
        return shot
    moves: Sequence[Move] = moves_of(call.fields["camera_control"], shot.seconds)
    try:
        return edit.filmed(shot, moves)
    except ShotError as error:
        raise Problem("invalid", f"camera_control: {error}", "camera_control") from None


# --- several shots in one film ----------------------------------------------------------------------------------------


def told(call: Call, model: Model, seconds: float, required: bool = True) -> tuple[str, tuple[Span, ...]]:
    """The words of a film, and which hold when: of prompt, or of multi_prompt, whose parts follow each other. Raises
    Problem."""
    if not call.flag("multi_shot"):
        if call.fields.get("multi_prompt"):
            raise Problem("invalid", "multi_prompt is for multi_shot true", "multi_prompt")
        return words_of(call, default=None if required else ""), ()
    if model.name not in LONG and not model.free:
        raise Problem("invalid", f"multi_shot is not for {model.name}, but for {', '.join(LONG)}", "multi_shot")
    if call.choice("shot_type", ("customize", "intelligence")) == "customize":
        return _parts(call, seconds)
    text = words_of(call)
    return text, _sentences(text, seconds)


def _parts(call: Call, seconds: float) -> tuple[str, tuple[Span, ...]]:
    given = objects(call, "multi_prompt", 1, PROMPTS)
    parts = []
    for number, one in enumerate(given):
        name = f"multi_prompt[{number}]"
        text, lasts, index = one.get("prompt"), one.get("duration"), one.get("index", number + 1)
        if not isinstance(text, str) or not 1 <= len(text.strip()) <= PROMPT_WORDS:
            raise Problem("invalid", f"{name}.prompt should have 1 to {PROMPT_WORDS} characters", name)
        parts.append((_whole(index, f"{name}.index"), text.strip(), _part_seconds(lasts, f"{name}.duration")))
    if len({index for index, _, _ in parts}) < len(parts):
        raise Problem("invalid", "multi_prompt should have another index for each part", "multi_prompt")
    parts.sort(key=lambda part: part[0])
    if abs((total := sum(lasts for _, _, lasts in parts)) - seconds) > 1e-6:
        message = f"multi_prompt: the durations should add up to {seconds:g} s, but are {total:g} s"
        raise Problem("invalid", message, "multi_prompt")
    spans, at = [], 0.0
    for _, text, lasts in parts:
        spans.append(checked(Span, {"start": at, "end": at + lasts, "text": text}))
        at += lasts
    return WORDLESS, tuple(spans)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        raise Problem("invalid", f"{name} should be a whole number, but was {str(value)[:40]}", name)
    return value


def _part_seconds(value: Any, name: str) -> float:
    found = float(value) if isinstance(value, str | int | float) and re.fullmatch(_NUMBER, str(value)) else 0.0
    if not 0.1 <= found <= 120:
        raise Problem("invalid", f"{name} should be seconds, but was {str(value)[:40]!r}", name)
    return found


def _sentences(text: str, seconds: float) -> tuple[Span, ...]:
    """The sentences of a prompt one after the other, each as long as its share of the words; none of a single one."""
    sentences = [sentence.strip() for sentence in _SENTENCE.split(text.strip()) if sentence.strip()]
    if not 2 <= len(sentences) <= PROMPTS:
        return ()
    total, spans, at = sum(map(len, sentences)), [], 0.0
    for sentence in sentences:
        lasts = seconds * len(sentence) / total
        spans.append(checked(Span, {"start": at, "end": min(seconds, at + lasts), "text": sentence}))
        at += lasts
    return tuple(spans)


def objects(call: Call, name: str, least: int, most: int) -> list[Mapping[str, Any]]:
    """A field that is a list of objects. Raises Problem."""
    given = call.fields.get(name) or []
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise Problem("invalid", f"{name} should be a list of objects", name)
    if not least <= len(given) <= most:
        raise Problem("invalid", f"{name} should have {least} to {most} parts, but had {len(given)}", name)
    return given
