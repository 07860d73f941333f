"""What words ask of a soundtrack: "no music", "only footsteps", "metal instead of wood", "louder engine, rain".

A prompt is read clause by clause. Words for kinds of sound that are not listed here are taken for the listed one that
means most like them, if one does; what is not understood is told.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from vitascope.model.vocabulary import COMMON, strangers, words_of
from vitascope.shot.shot import Cue, CueKind
from vitascope.sound.quotes import unquoted
from vitascope.sound.room import room_named

ALIKE = 0.42  # of two words' directions: "chatter" and "talking" stand at 0.42, "purple" and any at most at 0.3
LOUDER = 6.0  # dB of what should be louder; as much less of what should be quieter
RAISED = 3.0  # dB of what a prompt names without saying more
STEMS = ("effects", "music", "dialogue", "original")
EVERYTHING: tuple[CueKind, ...] = (
    *("impact", "bounce", "topple", "roll", "slide", "footstep", "cloth", "whoosh", "splash"),
    *("engine", "animal", "speech", "crowd", "place"),
)
_HITS: tuple[CueKind, ...] = ("impact", "bounce", "topple")
# What each word stands for: kinds of cues, or a stem.
NAMES: dict[str, tuple[str, ...]] = {
    "impacts": _HITS, "hits": _HITS, "bangs": _HITS, "thuds": _HITS, "crashes": _HITS, "knocks": _HITS,
    "collisions": _HITS, "falls": _HITS, "bounces": ("bounce",), "bouncing": ("bounce",), "claps": ("impact",),
    "rolling": ("roll",), "rolls": ("roll",), "sliding": ("slide",), "slides": ("slide",), "scraping": ("slide",),
    "scrapes": ("slide",), "friction": ("roll", "slide"), "footsteps": ("footstep",), "steps": ("footstep",),
    "walking": ("footstep",), "hooves": ("footstep",), "paws": ("footstep",), "cloth": ("cloth",),
    "clothes": ("cloth",), "rustling": ("cloth",), "whooshes": ("whoosh",), "whooshing": ("whoosh",),
    "swooshes": ("whoosh",), "splashes": ("splash",), "water": ("splash",), "engines": ("engine",),
    "motors": ("engine",), "cars": ("engine",), "vehicles": ("engine",), "traffic": ("engine",),
    "animals": ("animal",), "barking": ("animal",), "dogs": ("animal",), "birds": ("animal",), "voices": ("speech",),
    "speech": ("speech", "dialogue"), "talking": ("speech", "dialogue"), "dialogue": ("speech", "dialogue"),
    "words": ("speech", "dialogue"), "murmur": ("speech", "crowd"), "crowds": ("crowd",), "people": ("crowd", "speech"),
    "ambience": ("place",), "ambient": ("place",), "atmosphere": ("place",), "background": ("place",),
    "surroundings": ("place",), "room": ("place",), "music": ("music",), "score": ("music",), "soundtrack": ("music",),
    "melody": ("music",), "effects": EVERYTHING, "foley": EVERYTHING, "sounds": EVERYTHING, "noises": EVERYTHING,
    "original": ("original",),
}  # fmt: skip
# Places and weather that may be asked for in words (`foley` knows how they sound).
PLACES = (
    *("rain", "storm", "thunder", "wind", "snow", "sea", "ocean", "waves", "river", "stream", "forest", "park"),
    *("street", "city", "beach", "desert", "village", "kitchen", "night", "crickets", "birdsong", "underwater", "fire"),
    *("cave", "church", "cathedral", "chapel", "temple", "hall", "room", "bathroom", "tunnel", "cellar", "canyon"),
    *("small room", "large room", "big room", "empty room", "living room", "concert hall", "bedroom", "office"),
    *("garage", "warehouse", "corridor", "museum", "woods", "jungle", "cavern", "closet", "castle", "library"),
)
_PLACES = re.compile(rf"\b(?:{'|'.join(sorted(PLACES, key=len, reverse=True))})\b")
_THERE = re.compile(
    rf"\b(?:in|inside|at|on|into|through|across|along|by|under|near)\s+(?:[\w-]+\s+){{0,3}}?({_PLACES.pattern})"
)
# What a prompt may call what is struck or walked on, and the material it is.
MATERIALS = {
    "wood": "wood", "wooden": "wood", "metal": "metal", "metallic": "metal", "steel": "metal", "iron": "metal",
    "glass": "glass", "rubber": "rubber", "stone": "stone", "rock": "stone", "marble": "stone", "plastic": "plastic",
    "grass": "grass", "sand": "sand", "gravel": "sand", "snow": "snow", "tile": "tile", "tiles": "tile",
    "ceramic": "tile", "concrete": "asphalt", "asphalt": "asphalt", "pavement": "asphalt", "leaves": "grass",
}  # fmt: skip
_MUSICAL = """
music musical score soundtrack melody orchestra orchestral strings piano guitar violin cello drums drum bass synth choir
brass flute harp jazz rock waltz electronic lofi ukulele trumpet cinematic chords song bpm
"""
MUSICAL = frozenset(_MUSICAL.split())
MANNERS = frozenset(
    ("quiet", "loud", "soft", "hard", "calm", "slow", "fast", "distant", "close", "strong", "gentle", "big", "small")
)
_OFF = re.compile(r"^(?:no|without|remove|mute|drop)\s+(?:any\s+|the\s+)?(.+)$")
_ONLY = re.compile(r"^(?:only|just|nothing but)\s+(?:the\s+)?(.+)$")
_SWAP = re.compile(r"^(.+?)\s+(?:instead of|in place of|rather than)\s+(.+)$")
_GAIN = re.compile(
    r"^(?:(louder|loud|more|stronger)|(quieter|quiet|softer|soft|less|fainter|faint))\s+(?:the\s+)?(.+)$"
)
_ON = re.compile(r"^(.+?)\s+on\s+(?:the\s+|a\s+)?(\w+)$")


@dataclass(frozen=True)
class Wishes:
    """What was asked, as it is done: kinds and stems that are left out, gains (dB) of kinds and stems, materials taken
    for others, the ground that is walked on, places heard beside the one that is seen, and what was not understood."""

    removed: frozenset[str] = frozenset()
    gains: dict[str, float] = field(default_factory=dict)
    swaps: dict[str, str] = field(default_factory=dict)
    ground: str | None = None
    places: tuple[str, ...] = ()
    music: str = ""  # the words that ask for some
    unknown: tuple[str, ...] = ()

    def heard(self, cues: Iterable[Cue]) -> tuple[Cue, ...]:
        """The cues as they should be heard: without what is not wanted, of the materials that are."""
        return tuple(cue for cue in self.changed(cues) if cue.kind not in self.removed)

    def changed(self, cues: Iterable[Cue]) -> tuple[Cue, ...]:
        """All cues, also those that are not wanted, of the materials and at the places that are."""
        found = tuple(self._changed(cue) for cue in cues)
        if not self.places or any(cue.kind == "place" for cue in found):
            return found
        return (Cue(time=0.0, kind="place", strength=0.5, text=", ".join(self.places)), *found)

    def gain(self, name: str) -> float:
        """dB of a kind or stem."""
        return self.gains.get(name, 0.0)

    def _changed(self, cue: Cue) -> Cue:
        materials = tuple(self.swaps.get(name, name) for name in cue.materials)
        if cue.kind == "footstep" and self.ground is not None:
            materials = (*materials[:1], self.ground)
        text = self._place(cue.text) if cue.kind == "place" and self.places else cue.text
        if materials == cue.materials and text == cue.text:
            return cue
        return cue.model_copy(update={"materials": materials, "text": text})

    def _place(self, seen: str) -> str:
        """The places that are asked for, in place of the one that is seen if one of them has walls, woods or water of
        its own; else beside it."""
        elsewhere = any(room_named(place) is not None for place in self.places)
        return ", ".join(self.places if elsewhere else (seen, *self.places))


def places_told(text: str) -> tuple[str, ...]:
    """The places where something happens by these words: "a ball bounces in an old church"."""
    found = (match[1] for match in _THERE.finditer(unquoted(text).lower()))
    return tuple(dict.fromkeys(place for place in found if place != "fire"))


def read_wishes(prompt: str, negative: str = "") -> Wishes:
    """What a prompt and a negative prompt ask for, beside what is quoted to be said."""
    removed: set[str] = set()
    only: set[str] = set()
    gains: dict[str, float] = {}
    swaps: dict[str, str] = {}
    ground: str | None = None
    places: list[str] = []
    music: list[str] = []
    unknown: list[str] = []

    def named(words: str) -> set[str]:
        found, missed = kinds_of(words)
        unknown.extend(missed)
        return found

    for clause in _clauses(unquoted(prompt)):
        if match := _OFF.match(clause):
            removed |= named(match[1])
        elif match := _ONLY.match(clause):
            only |= named(match[1])
        elif match := _SWAP.match(clause):
            new, old = (next((MATERIALS[w] for w in words_of(side) if w in MATERIALS), None) for side in match.groups())
            if new is None or old is None:
                unknown.append(clause)
            else:
                swaps[old] = new
        elif match := _GAIN.match(clause):
            for name in named(match[3]):
                gains[name] = LOUDER if match[1] else -LOUDER
        elif MUSICAL & set(words_of(clause.replace("-", ""))):
            music.append(clause)
        else:
            if (match := _ON.match(clause)) and match[2] in MATERIALS:
                ground = MATERIALS[match[2]]
                clause = match[1]
            places += _PLACES.findall(clause)
            rest = _PLACES.sub(" ", clause)
            raised = named(rest)
            gains |= {name: RAISED for name in raised if name not in gains}
    for clause in _clauses(negative):
        removed |= named(clause.removeprefix("no ").removeprefix("without "))
    instruments = {word for word in unknown if word in MUSICAL}
    music += [f"no {word}" for word in unknown if word in instruments]  # which the composer understands
    unknown = [word for word in unknown if word not in instruments]
    if only:
        removed |= {*EVERYTHING, *STEMS} - {"effects"} - only
    return Wishes(
        frozenset(removed), gains, swaps, ground, tuple(dict.fromkeys(places)), ", ".join(music), tuple(unknown)
    )


def kinds_of(words: str) -> tuple[set[str], list[str]]:
    """The kinds and stems that these words name, and those of them that name none."""
    found: set[str] = set()
    missed = []
    for word in words_of(words):
        if word in COMMON or word in MATERIALS or word in MANNERS:
            continue
        if word in PLACES:
            found.add("place")
            continue
        if word in MUSICAL and word not in NAMES:
            missed.append(word)
            continue
        name = next((name for name in (word, word + "s", word + "es", word.removesuffix("s")) if name in NAMES), None)
        if name is None:
            name = _alike(word)
        if name is None:
            missed.append(word)
        else:
            found |= set(NAMES[name])
    return found, missed


def _alike(word: str) -> str | None:
    """The listed word that means nearly the same."""
    from vitascope.model.vocabulary import likeness

    nearest = strangers(word, tuple(NAMES)).get(word)
    return nearest if nearest is not None and likeness(word, nearest) > ALIKE else None


def _clauses(prompt: str) -> list[str]:
    """The parts of a prompt: commas and full stops divide them, and "and" before another order."""
    text = re.sub(r"\band\s+(?=(?:no|without|only|louder|quieter)\b)", ", ", prompt.lower())
    return [clause.strip() for clause in re.split(r"[,;.!\n]+", text) if clause.strip()]
