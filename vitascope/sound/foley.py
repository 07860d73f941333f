"""Effects: every cue is made heard, at its time, from its side of the picture, in its place.

All of it is synthesised: struck bodies in `modal`, what rolls and slides in `rubbing`, footsteps in `steps`, air and
water in `air`, `engines`, `voices`, `animals`, places in `ambience`, and the room's answer in `room`.
"""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from vitascope.shot.shot import Cue
from vitascope.sound.air import rushed, rustled, splashed
from vitascope.sound.ambience import ambience, places_of
from vitascope.sound.animals import called
from vitascope.sound.blocks import RATE, Blocks, Stereo, laid
from vitascope.sound.engines import driven
from vitascope.sound.modal import struck, toppled
from vitascope.sound.room import OFF_SCREEN, ROOMS, Room, placed, reverberated, room_named
from vitascope.sound.rubbing import rubbed
from vitascope.sound.signals import Pieces, decibels
from vitascope.sound.steps import stepped
from vitascope.sound.voices import murmured, talked

WATER = ("water", "sea", "lake", "river", "pool", "puddle", "ocean")


def effects(
    cues: Sequence[Cue],
    seconds: float,
    *,
    seed: int = 0,
    reverb: bool = True,
    room: Room | None = None,
    gains: Mapping[str, float] | None = None,
) -> Blocks:
    """A stream of this length in which every cue is heard: blocks [S, 2] at 48 kHz.

    A cue of kind "place" without length lasts to the end; all others are in this `room` (None: the one that the first
    cue of that kind says; the open, nearly dry, where there is none). `gains` are in dB, by kind. Cues may come in any
    order; those after the end are left out. The same cues and seed give the same samples. Memory does not grow with the
    length."""
    timed = sorted((cue for cue in cues if cue.time < seconds), key=lambda cue: cue.time)
    lasting = [_to_the_end(cue, seconds) for cue in timed if cue.kind == "place"]
    dry = laid(_in_time([cue for cue in timed if cue.kind != "place"], seed, gains), seconds)
    if reverb:
        dry = reverberated(dry, room or room_of(timed), seed=seed)
    if not lasting:
        return dry
    around = laid(_in_time(lasting, seed, gains), seconds)
    return (block + air for block, air in zip(dry, around, strict=True))


def render(cue: Cue, rng: np.random.Generator, *, seed: int = 0) -> Stereo:
    """One cue by itself, in memory and without a room: [S, 2], from its own beginning.

    `rng` makes each sound a little different; `seed` is what bodies are made from: with the same one, blows to a body
    of the same material and size are blows to the same body."""
    pieces = list(_heard(cue, rng, seed))
    out = np.zeros((max((start + len(piece) for start, piece in pieces), default=0), 2), np.float32)
    for start, piece in pieces:
        out[start : start + len(piece)] += piece
    return out


def room_of(cues: Iterable[Cue]) -> Room:
    """The room that the first cue of kind "place" names, in its words or its materials; the open where none does."""
    for cue in cues:
        if cue.kind == "place":
            names = (room_named(words) for words in (cue.text, *places_of(cue)))
            return ROOMS[next((name for name in names if name is not None), "open")]
    return ROOMS["open"]


def _to_the_end(cue: Cue, seconds: float) -> Cue:
    return cue if cue.seconds else cue.model_copy(update={"seconds": seconds - cue.time})


def _in_time(cues: Sequence[Cue], seed: int, gains: Mapping[str, float] | None) -> Iterator[tuple[float, Stereo]]:
    """The pieces of all cues in the order of their times; each cue is begun when its time has come, not before."""
    waiting = iter(cues)
    coming = next(waiting, None)
    open_: list[tuple[int, int, Stereo, Pieces]] = []  # a heap: sample, number, piece, those after it
    number = 0
    while coming is not None or open_:
        if coming is not None and (not open_ or round(coming.time * RATE) <= open_[0][0]):
            rest = _from_start(coming, seed, (gains or {}).get(coming.kind, 0.0))
            number, coming = number + 1, next(waiting, None)
            own = number
        else:
            start, own, piece, rest = heapq.heappop(open_)
            yield start / RATE, piece
        following = next(rest, None)
        if following is not None:
            heapq.heappush(open_, (following[0], own, following[1], rest))


def _from_start(cue: Cue, seed: int, gain: float) -> Pieces:
    """The pieces of a cue, their samples counted from the stream's first. What a cue says is its randomness: it
    sounds the same whatever is heard beside it."""
    said = hashlib.sha256(cue.model_dump_json().encode()).digest()
    rng = np.random.default_rng([seed, *np.frombuffer(said[:16], np.uint32).tolist()])
    first = round(cue.time * RATE)
    loud = np.float32(decibels(gain))
    return ((first + start, loud * piece) for start, piece in _heard(cue, rng, seed))


def _heard(cue: Cue, rng: np.random.Generator, seed: int) -> Pieces:
    """The pieces of a cue [S, 2], each from its side."""
    whole = max(1, round(cue.seconds * RATE))
    level = np.float32(decibels(OFF_SCREEN) if cue.place is None and cue.kind in LOCATED else 1.0)
    for start, piece in _made(cue, rng, seed):
        if piece.ndim == 2:  # it has its own sides
            yield start, piece
        elif cue.place is None:
            yield start, np.repeat(piece[:, None] * level, 2, axis=1)
        elif cue.to is None or cue.to == cue.place or not cue.seconds:
            yield start, placed(piece, np.array([cue.place[0]]))
        else:
            along = np.clip(np.arange(start, start + len(piece)) / whole, 0, 1)
            yield start, placed(piece, cue.place[0] + (cue.to[0] - cue.place[0]) * along)


# what happens somewhere, and so is farther away when it is not in the picture
LOCATED = ("roll", "slide", "footstep", "cloth", "whoosh", "splash", "engine", "animal", "speech")


def _made(cue: Cue, rng: np.random.Generator, seed: int) -> Pieces:
    """The sound of a cue, in mono [S] or with its own sides [S, 2]."""
    wet = len(cue.materials) > 1 and cue.materials[1].lower() in WATER
    match cue.kind:
        case "splash":
            return iter([(0, splashed(cue, rng))])
        case "impact" | "bounce" | "topple" if wet:
            return iter([(0, splashed(cue, rng))])
        case "impact" | "bounce":
            return iter([(0, struck(cue, rng, seed=seed))])
        case "topple":
            return iter([(0, toppled(cue, rng, seed=seed))])
        case "footstep":
            return iter([(0, stepped(cue, rng))])
        case "roll" | "slide":
            return rubbed(cue, rng, seed=seed)
        case "cloth":
            return rustled(cue, rng)
        case "whoosh":
            return rushed(cue, rng)
        case "engine":
            return driven(cue, rng)
        case "animal":
            return called(cue, rng)
        case "speech":
            return talked(cue, rng)
        case "crowd":
            return murmured(cue, rng)
        case "place":
            return ambience(cue, rng)
