"""Who sounds how: a voice for each character that stays the same through a film, and what a mood does to it."""

import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vitascope.sound.names import sex_of
from vitascope.sound.script import NARRATOR, Emotion, Line, Sex, told

# Kokoro's English voices, the clearest first, with their median pitch (Hz, as the model has it for four sentences).
WOMEN = {
    "af_heart": 192, "af_bella": 190, "af_sarah": 185, "af_kore": 148, "bf_emma": 179, "af_nova": 154,
    "af_aoede": 178, "bf_isabella": 204, "af_alloy": 135, "af_sky": 152, "bf_alice": 209, "af_jessica": 194,
    "af_river": 175, "bf_lily": 172, "af_nicole": 140,
}  # fmt: skip
MEN = {
    "am_michael": 109, "am_fenrir": 131, "am_puck": 114, "bm_george": 140, "am_onyx": 83, "bm_fable": 115,
    "am_eric": 145, "am_echo": 103, "am_liam": 114, "bm_lewis": 97, "bm_daniel": 121, "am_adam": 113, "am_santa": 158,
}  # fmt: skip
PITCHES = WOMEN | MEN
FIRST = 6  # voices among which a name chooses; those behind are for when these are taken
CHILD_UNTIL, YOUTH_UNTIL, OLD_FROM = 13, 18, 63  # years


@dataclass(frozen=True)
class Voice:
    """A model's voice, and what is changed of it.

    `pitch` is its median in Hz; `formants` is by how much the resonances of its throat are raised (a shorter throat,
    a smaller person: 1.0 to 1.25); `pace` is how fast it speaks by nature."""

    model: str
    pitch: float
    formants: float = 1.0
    pace: float = 1.0


@dataclass(frozen=True)
class Manner:
    """What a mood does to a voice: pace and pitch as factors, `spread` to how far the pitch moves (an exponent),
    `level` in dB, and `tilt` in dB an octave above 1 kHz (effort makes a voice brighter). Without `voiced` there is
    only breath."""

    pace: float = 1.0
    pitch: float = 1.0
    spread: float = 1.0
    level: float = 0.0
    tilt: float = 0.0
    mouth: float = 1.0  # how far it opens
    voiced: bool = True


# Directions as in Murray & Arnott (1993), "Toward the simulation of emotion in synthetic speech"; amounts by ear of
# measurement: what a recogniser still understands.
MANNERS: dict[Emotion, Manner] = {
    "neutral": Manner(),
    "happy": Manner(1.06, 1.12, 1.35, 1.5, 0.5, 1.1),
    "sad": Manner(0.88, 0.92, 0.75, -3.0, -1.0, 0.8),
    "angry": Manner(1.08, 1.07, 1.3, 4.0, 1.0, 1.15),
    "surprised": Manner(1.04, 1.22, 1.45, 2.0, 0.5, 1.15),
    "afraid": Manner(1.12, 1.2, 1.1, 0.0, 0.3),
    "tense": Manner(1.08, 1.06, 0.85, -1.0, 0.3, 0.9),
    "calm": Manner(0.94, 0.97, 0.85, -1.5, -0.3, 0.9),
    "tender": Manner(0.92, 0.96, 0.9, -4.0, -0.7, 0.85),
    "tired": Manner(0.86, 0.93, 0.8, -3.0, -0.8, 0.75),
    "whisper": Manner(0.94, 1.0, 1.0, -9.0, 0.0, 0.8, voiced=False),
    "shout": Manner(1.0, 1.32, 1.2, 7.0, 1.5, 1.3),
}


def cast(lines: Iterable[Line], known: Mapping[str, Voice] | None = None) -> dict[str, Voice]:
    """A voice for each who speaks in these lines, by name; the voices of `known` (of earlier scenes) stay.

    It follows from sex, age, name, and the order of first lines alone. All differ in their model's voice while there
    are enough (15 women's, 13 men's), then in pitch and size."""
    voices = dict(known or {})
    # The narrator speaks most, and chooses first.
    for line in sorted(told(lines), key=lambda line: line.who != NARRATOR):
        if line.who not in voices:
            voices[line.who] = _voice(line, voices)
    return voices


def sex_and_age(line: Line) -> tuple[Sex, float]:
    """What is told of a speaker, or may be guessed from the name."""
    sex = line.sex or sex_of(line.who)
    if sex is None:
        sex = "female" if zlib.crc32(line.who.lower().encode()) % 2 or line.who == NARRATOR else "male"
    return sex, 35.0 if line.age is None else line.age


def _voice(line: Line, taken: Mapping[str, Voice]) -> Voice:
    sex, age = sex_and_age(line)
    # A boy's throat is nearer to a woman's than to a man's until his voice breaks.
    pool = list(WOMEN if sex == "female" or age < CHILD_UNTIL else MEN)
    pool.remove("af_nicole" if "af_nicole" in pool else "am_santa")  # one only breathes; the other is Father Christmas
    if line.who == NARRATOR:
        pool.insert(0, pool.pop(pool.index("af_heart" if sex == "female" else "am_michael")))
    start = 0 if line.who == NARRATOR else zlib.crc32(line.who.lower().encode()) % FIRST
    order = pool[start:FIRST] + pool[:start] + pool[FIRST:]
    uses = [voice.model for voice in taken.values()]
    fewest = min(uses.count(name) for name in order)
    name = next(name for name in order if uses.count(name) == fewest)
    voice = _aged(name, sex, age)
    # Who shares a model's voice is a little smaller or larger: up, down, further up, ...
    step = math.ceil(fewest / 2) * (1 if fewest % 2 else -1)
    return Voice(voice.model, voice.pitch * 1.09**step, voice.formants * 1.035**step, voice.pace)


def _aged(name: str, sex: Sex, age: float) -> Voice:
    """A model's voice made as old as asked. Children's median pitch and the length of their throats after Lee,
    Potamianos & Narayanan (1999), "Acoustics of children's speech"."""
    pitch = float(PITCHES[name])
    if age < CHILD_UNTIL:
        young = (CHILD_UNTIL - age) / (CHILD_UNTIL - 5)  # 1 at five years
        middle = (235.0 if sex == "female" else 220.0) + 45.0 * min(young, 1.2)
        return Voice(name, middle * (pitch / 175.0) ** 0.4, 1.08 + 0.12 * min(young, 1.2), 0.96)
    if age < YOUTH_UNTIL:
        return Voice(name, pitch * (1.12 if sex == "female" else 1.15), 1.05, 1.02)
    if age >= OLD_FROM:
        # Age lowers a woman's voice and raises a man's, and takes its time.
        return Voice(name, pitch * (0.93 if sex == "female" else 1.06), 0.985, 0.9)
    return Voice(name, pitch)
