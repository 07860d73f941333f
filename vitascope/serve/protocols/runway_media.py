"""Runway's pictures, sounds, and what makes films and pictures larger or smoother."""

import re
from typing import Any

from starlette.responses import Response

from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols import runway_fields as fields
from vitascope.serve.protocols.runway_models import GEN4_IMAGE, IMAGES, RATES
from vitascope.shot.shot import Quality, Shot
from vitascope.shot.value import MAX_PIXELS, MAX_SECONDS

PICTURES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
SOUNDS = {"mp3": ".mp3", "wav": ".wav", "flac": ".flac"}
BOXES = {"720p": (1280, 720), "1k": (1920, 1080), "2k": (2560, 1440), "4k": (3840, 2160)}
GROWS = 4  # times a side, of upscale_v1
LONGEST_SIDE = 4096
MOST_FPS = 60.0
UPSCALERS: dict[str, Quality] = {"magnific_video_upscaler_creative": "best", "upscale_v1": "best"}
SMOOTHER: dict[str, Quality] = {"enhance_frame_rate": "best"}
PICTURE_UPSCALER: dict[str, Quality] = {"magnific_precision_upscaler_v2": "best"}
SOUND_MODELS: dict[str, Quality] = {"eleven_text_to_sound_v2": "best", "mirelo_sfx_2_0": "best"}
EFFECT_SECONDS = 5.0  # of an effect whose length is left to us
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,15}")


# --- pictures ---------------------------------------------------------------------------------------------------------


def text_to_image(call: Call) -> Response:
    refused = "this server paints no transparent ground"
    if call.text("background", "auto") == "transparent":
        raise Problem("invalid", f"background: {refused}; opaque and auto are taken", "background")
    fields.refuse(call, "maskUri", why="this server changes no pictures yet; send it to video_to_video as a film")
    suffix = PICTURES[call.choice("outputFormat", tuple(PICTURES), "png")]
    return fields.ordered(
        call, {"shot": to_picture(call), "takes": call.whole("outputCount", 1, 1, 4), "suffix": suffix}
    )


def to_picture(call: Call) -> Shot:
    """The Shot of text_to_image: one frame. Raises Problem."""
    name = call.text("model")
    model, quality = call.desk.model(name, IMAGES)
    if call.text("quality", "") in ("low", "very_low"):
        quality = "fast"
    given = {"text": fields.prompt_of(call, 1000 if name.startswith("gen4") else 2000), "model": model}
    size = _picture_size(call, name)
    given = fields.tuned(call, given | {"quality": quality, "size": size, "fps": 1.0, "seconds": 1.0})
    shot = call.desk.shot(seed=fields.seed_of(call), **given)
    pictures = fields.references(call, "referenceImages", 3 if name.startswith("gen4") else 16)
    if name == "gen4_image_turbo" and not pictures:
        raise Problem("missing_field", "referenceImages is missing; this model needs one to three", "referenceImages")
    for where, one in pictures:
        tag = one.get("tag")
        if tag is not None and not (isinstance(tag, str) and _TAG.fullmatch(tag)):
            message = f"{where}.tag should be 3 to 16 letters, digits and _, and begin with a letter"
            raise Problem("invalid", message, f"{where}.tag")
        picture = fields.media_of(call, one.get("uri"), "picture", f"{where}.uri")
        shot = fields.referred(call, shot, picture, where)
    return shot


def _picture_size(call: Call, name: str) -> tuple[int, int]:
    if name.startswith("gen4"):
        call.choice("ratio", GEN4_IMAGE)
    ratio = call.text("ratio", "auto")
    if ratio in ("auto", "auto_1k"):
        return 1024, 1024
    sides = fields.pair(ratio)
    if sides is None:
        raise Problem("invalid", f"ratio should be WIDTH:HEIGHT in pixels, but was {ratio[:40]!r}", "ratio")
    return sides


def image_upscale(call: Call) -> Response:
    """The picture larger by a whole factor."""
    call.desk.model(call.text("model"), PICTURE_UPSCALER)
    if str(factor := call.fields.get("scaleFactor", 2)) not in ("2", "4", "8", "16"):
        raise Problem("invalid", "scaleFactor should be 2, 4, 8 or 16", "scaleFactor")
    _hints(call, "sharpen", "smartGrain", "ultraDetail")
    call.choice("flavor", ("sublime", "photo", "photo_denoiser"), "sublime")
    picture = fields.media_of(call, call.fields.get("imageUri"), "picture", "imageUri")
    wide, high = fields.picture_size(picture)
    size = (wide * int(factor), high * int(factor))
    if max(size) > LONGEST_SIDE or size[0] * size[1] > MAX_PIXELS or min(size) < 16:
        message = (
            f"scaleFactor: {wide}x{high} would become {size[0]}x{size[1]}; at most {LONGEST_SIDE} pixels a side and "
            f"{MAX_PIXELS / 1e6:g} megapixels can be made"
        )
        raise Problem("invalid", message, "scaleFactor")
    return fields.ordered(call, {"shot": _bare(call, size), "task": "enlarge", "film": picture, "suffix": ".png"})


# --- films ------------------------------------------------------------------------------------------------------------


def video_upscale(call: Call) -> Response:
    """The film with more pixels, or more frames a second."""
    name = call.text("model")
    call.desk.model(name, UPSCALERS | SMOOTHER)
    film = fields.media_of(call, call.fields.get("videoUri"), "film", "videoUri")
    info = call.desk.info(call.key, film)
    if info.seconds > MAX_SECONDS:
        message = f"videoUri should last at most {MAX_SECONDS:g} s, but lasts {info.seconds:g} s"
        raise Problem("invalid", message, "videoUri")
    size, fps = (info.size[0] // 2 * 2, info.size[1] // 2 * 2), info.fps
    if name in SMOOTHER:
        fps = RATES[call.choice("targetFramerate", RATES)]
        if fps > MOST_FPS:
            raise Problem(
                "invalid", f"targetFramerate: at most {MOST_FPS:g} frames a second can be made", "targetFramerate"
            )
    elif name == "upscale_v1":
        most = (LONGEST_SIDE, 2160) if size[0] != size[1] else (2160, 2160)
        size = min(fields.within(size, most), (size[0] * GROWS, size[1] * GROWS))
    else:
        _hints(call, "creativity", "sharpen", "smartGrain")
        call.choice("flavor", ("vivid", "natural"), "natural")
        box = BOXES[call.choice("resolution", BOXES, "2k")]
        size = fields.within(size, box)
        fps = min(MOST_FPS, max(fps, 2 * fps if call.flag("fpsBoost") else fps))
        if size[0] < info.size[0] // 2 * 2:
            message = f"resolution: the film has {info.size[0]}x{info.size[1]} already, which is more"
            raise Problem("invalid", message, "resolution")
    return fields.ordered(call, {"shot": _bare(call, size).with_(fps=fps), "task": "enlarge", "film": film})


def _bare(call: Call, size: tuple[int, int]) -> Shot:
    """A Shot that only says how large something is to be."""
    return call.desk.shot(text=fields.UNSAID, size=size, model=call.desk.settings.model)


def _hints(call: Call, *names: str) -> None:
    """Hints of 0 to 100 that change nothing here, but must be numbers."""
    for name in names:
        call.whole(name, 0, 0, 100)


# --- sound ------------------------------------------------------------------------------------------------------------


def sound_effect(call: Call) -> Response:
    """Sound from words alone."""
    name = call.text("model")
    call.desk.model(name, SOUND_MODELS)
    if call.flag("loop"):
        raise Problem("invalid", "loop: this server makes no sounds that loop yet", "loop")
    if name == "mirelo_sfx_2_0" and call.fields.get("duration") is None:
        raise Problem("missing_field", "duration is missing; it should be seconds", "duration")
    seconds = call.number("duration", EFFECT_SECONDS, 0.5, 30.0)
    return fields.ordered(call, _sound(call, seconds, fields.prompt_of(call, 2000)))


def video_to_audio(call: Call) -> Response:
    """The sound of a film, by itself."""
    call.desk.model(call.text("model"), {"mirelo_sfx_2_0": "best"})
    if call.flag("preserveSpeech"):
        raise Problem("invalid", "preserveSpeech: this server cannot tell speech from other sound", "preserveSpeech")
    film = fields.media_of(call, call.fields.get("videoUri"), "film", "videoUri")
    info = call.desk.info(call.key, film)
    if call.fields.get("duration") is None:
        raise Problem("missing_field", "duration is missing; it should be seconds", "duration")
    seconds = call.number("duration", info.seconds, 0.1, MAX_SECONDS)
    if seconds > info.seconds + 0.5:
        message = f"duration should be at most that of the film, {info.seconds:g} s, but was {seconds:g}"
        raise Problem("invalid", message, "duration")
    return fields.ordered(call, _sound(call, seconds, call.text("promptText", "")) | {"film": film})


def _sound(call: Call, seconds: float, prompt: str) -> dict[str, Any]:
    sound = {"prompt": prompt, "negative": call.text("negativePrompt", "")}
    shot = call.desk.shot(
        text=prompt or fields.UNSAID, seconds=seconds, sound=sound, seed=fields.seed_of(call),
        model=call.desk.settings.model,
    )  # fmt: skip
    suffix = SOUNDS[call.choice("format", tuple(SOUNDS), "mp3")]
    takes = call.whole("numVariants", 1, 1, 4)
    return {"shot": shot, "task": "sound", "suffix": suffix, "takes": takes}
