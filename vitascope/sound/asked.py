"""What words alone let be heard, where there is no film to look at: "a dog barks in the rain"."""

import math
from collections.abc import Iterator

from vitascope.model.vocabulary import words_of
from vitascope.shot.shot import Cue, CueKind
from vitascope.sound.animals import CALLS
from vitascope.sound.score import ENERGY_RATE
from vitascope.sound.soundtrack import SoundError
from vitascope.sound.spot import Spotted
from vitascope.sound.wishes import EVERYTHING, MATERIALS, PLACES, kinds_of, read_wishes

VAGUE = frozenset(("sound", "sounds", "noise", "noises", "effect", "effects", "foley", "sfx"))  # name nothing
FIRST = 0.2  # seconds before what happens at a moment
STEP = 0.55  # seconds from one footstep to the next, …
CALL = 2.5  # … and from one animal's call
BOUNCES = (0.6, 0.75)  # seconds to the second bounce, and how each next gap is to the last
LASTING: tuple[CueKind, ...] = ("roll", "slide", "cloth", "engine", "speech", "crowd", "place")


def asked(prompt: str, seconds: float) -> Spotted:
    """The cues that a prompt names, spread over so many seconds. Music, materials and all else that it asks for is for
    `compose_sound` with the same prompt. Raises SoundError for one that names nothing that can be heard."""
    wishes = read_wishes(prompt)
    words = [word for word in words_of(prompt) if word not in VAGUE]
    kinds = kinds_of(" ".join(words))[0] - wishes.removed
    if {"impact", "bounce", "topple"} <= kinds:  # words such as "a bang" stand for all three
        kinds -= {"bounce", "topple"}
    made: dict[CueKind, tuple[str, ...]] = {
        kind: _materials(kind, words, wishes.ground) for kind in EVERYTHING if kind in kinds
    }
    if not made and not wishes.music:
        known = ", ".join(EVERYTHING)
        raise SoundError(
            f"prompt: {prompt[:80]!r} names no sound that can be made; there are {known}, places and music"
        )
    cues = tuple(cue for kind, materials in made.items() for cue in _spread(kind, materials, words, seconds))
    return Spotted(cues, seconds, (0.0,) * math.ceil(seconds * ENERGY_RATE), ())


def _materials(kind: CueKind, words: list[str], ground: str | None) -> tuple[str, ...]:
    """What sounds, and what it meets, as far as the words say so."""
    named = [MATERIALS[word] for word in words if word in MATERIALS]
    if kind == "animal":
        return tuple(name for name in CALLS if name in words or f"{name}s" in words)[:1]
    if kind == "footstep":
        return "shoe", ground or (named[0] if named else "wood")
    if kind in ("impact", "bounce", "topple", "roll", "slide"):
        return (*named, "wood")[0], ground or "stone"
    return ()


def _spread(kind: CueKind, materials: tuple[str, ...], words: list[str], seconds: float) -> Iterator[Cue]:
    """The cues of a kind: one that lasts, or one for each moment."""
    if kind in LASTING:
        text = ", ".join(word for word in words if word in PLACES) if kind == "place" else ""
        yield Cue(time=0.0, kind=kind, seconds=seconds, strength=0.8, materials=materials, text=text)
        return
    strength = 0.8
    for time in _moments(kind, seconds):
        yield Cue(time=time, kind=kind, strength=strength, materials=materials)
        strength *= 0.8 if kind == "bounce" else 1.0


def _moments(kind: CueKind, seconds: float) -> Iterator[float]:
    time, gap = min(FIRST, seconds / 4), {"footstep": STEP, "animal": CALL, "bounce": BOUNCES[0]}.get(kind)
    while time < seconds:
        yield time
        if gap is None or gap < 0.05:
            return
        time += gap
        gap *= BOUNCES[1] if kind == "bounce" else 1.0
