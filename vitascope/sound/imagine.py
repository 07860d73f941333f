"""Sound of words alone: what they name becomes cues, as if a film of it had been looked through."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from vitascope.model.vocabulary import words_of
from vitascope.shot.shot import Cue, CueKind, Sound
from vitascope.sound import ambience, animals, engines, materials
from vitascope.sound.soundtrack import Progress, SoundError, Soundtrack, compose_sound, spoken_lines
from vitascope.sound.spot import ENERGY_RATE, Spotted
from vitascope.sound.wishes import EVERYTHING, MATERIALS, kinds_of, read_wishes

AFTER = 0.3  # seconds of silence after what is only spoken
CALM = 0.3  # motion, for music without a picture
# What comes again and again: when it comes first, how long after that again, and how long it lasts (seconds; 0: a
# moment). All other kinds last from beginning to end.
RHYTHMS: dict[CueKind, tuple[float, float, float]] = {
    "footstep": (0.15, 0.55, 0.0), "impact": (0.25, 1.9, 0.0), "topple": (0.3, 2.6, 0.0), "bounce": (0.25, 0.75, 0.0),
    "cloth": (0.15, 1.3, 0.5), "whoosh": (0.2, 1.8, 0.6), "splash": (0.25, 2.1, 0.0), "animal": (0.3, 2.4, 0.5),
    "speech": (0.3, 2.8, 1.8),
}  # fmt: skip
ANIMALS = {
    **{name: name for name in (*animals.CALLS, "bird")}, **animals.OTHER_ANIMALS, "bark": "dog", "barking": "dog",
    "howl": "dog", "growl": "dog", "meow": "cat", "purr": "cat", "neigh": "horse", "moo": "cow", "bleat": "sheep",
    "grunt": "pig", "roar": "lion", "roaring": "lion", "quack": "duck", "chirp": "bird", "chirping": "bird",
    "tweet": "bird", "birdsong": "bird",
}  # fmt: skip
ENGINES = {**{name: name for name in engines.ENGINES}, **engines.OTHER_ENGINES}
PLACES = frozenset((*ambience.PLACES, *ambience.OTHER_PLACES)) - {"wood", "grass"}  # which are stuff, more often
STUFF = frozenset((*MATERIALS, *materials.BODIES, *materials.GROUNDS, *materials.OTHER_NAMES))
_ON = re.compile(r"\bon\s+(?:an?\s+|the\s+)?(\w+)")
LOUD = ("loud", "loudly", "hard", "heavy", "heavily", "strong", "violent", "huge", "big", "roaring")
SOFT = ("soft", "softly", "quiet", "quietly", "gentle", "gently", "light", "distant", "faint", "far", "small", "calm")


def imagined(prompt: str, seconds: float, seed: int = 0) -> Spotted:
    """What is heard where a prompt says "a dog barks in the rain, footsteps on gravel": places, animals, engines and
    kinds of sound that it names, each for as long as this lasts or again and again. Names nothing: no cues."""
    rng = np.random.default_rng([seed, 0x1A61])
    words = words_of(prompt)
    strength = 1.0 if set(LOUD) & set(words) else 0.3 if set(SOFT) & set(words) else 0.6
    ground = set(_ON.findall(prompt.lower())) & STUFF
    stuff = [word for word in words if word in ground or (word in MATERIALS and word not in PLACES)]
    places = [word for word in words if word in PLACES and word not in stuff]
    cues = [Cue(time=0.0, kind="place", text=", ".join(places[:3]))] if places else []
    for kind, names in _named([word for word in words if word not in places]):
        made = names or (tuple((stuff + stuff)[:2]) if kind not in ("speech", "footstep") else _stepping(kind, stuff))
        cues += _again(kind, made, seconds, strength, rng)
    energy = (CALM,) * max(1, round(seconds * ENERGY_RATE))
    return Spotted(tuple(sorted(cues, key=lambda cue: cue.time)), seconds, energy, ())


def _named(words: Iterable[str]) -> Iterator[tuple[CueKind, tuple[str, ...]]]:
    """The kinds of sound that words name, each once, with what makes the sound where that is told."""
    seen: set[str] = set()
    rest = []
    for word in words:
        thing = re.sub(r"(?<=[a-z]{2})s$", "", word)
        kind: CueKind = "animal" if thing in ANIMALS else "engine"
        name = ANIMALS.get(thing) or ENGINES.get(thing)
        if name is None:
            rest.append(word)
        elif f"{kind} {name}" not in seen:
            seen |= {kind, f"{kind} {name}"}
            yield kind, (name,)
    for word in rest:
        kinds = {kind for kind in kinds_of(word)[0] if kind in EVERYTHING} - seen - {"place"}
        if len(kinds) <= 3:  # "sounds" and "effects" stand for all, and name none
            seen |= kinds
            yield from ((kind, ()) for kind in EVERYTHING if kind in kinds)


def _stepping(kind: CueKind, stuff: list[str]) -> tuple[str, ...]:
    return ("voice", "woman") if kind == "speech" else ("shoe", stuff[-1] if stuff else "wood")


def _again(
    kind: CueKind, made: tuple[str, ...], seconds: float, strength: float, rng: np.random.Generator
) -> list[Cue]:
    if kind not in RHYTHMS:
        return [Cue(time=0.0, kind=kind, seconds=seconds, strength=strength, materials=made)]
    first, every, lasts = RHYTHMS[kind]
    times = np.arange(min(first, seconds / 4), seconds, every)
    times = times + rng.uniform(-0.06, 0.06, len(times)) * every
    return [
        Cue(time=max(0.0, float(time)), kind=kind, seconds=min(lasts, seconds), strength=strength, materials=made)
        for time in times
    ]


def compose_words(
    wanted: Sound,
    seconds: float,
    folder: Path,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Soundtrack:
    """A soundtrack of words alone, with its files in `folder`: of this length, or, where there is only dialogue, at
    most so long. Raises SoundError where nothing is named that can be heard, flow.Cancelled."""
    spoken = spoken_lines(wanted.dialogue, seconds) if wanted.dialogue else ()
    if spoken and not (wanted.prompt or wanted.score):
        seconds = min(seconds, max(one.end for one in spoken) + AFTER)
    found = imagined(wanted.prompt, seconds, seed)
    if not (found.cues or spoken or wanted.score or read_wishes(wanted.prompt).music):
        raise SoundError(
            f"prompt: {wanted.prompt[:80]!r} names nothing that can be heard; say what sounds, such as footsteps on "
            f"gravel, a dog, an engine, rain, a street, or calm piano music"
        )
    return compose_sound(found, wanted, folder, seed=seed, spoken=spoken, progress=progress, cancel=cancel)
