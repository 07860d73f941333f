"""Camera moves that a text speaks of in passing, as prompts do: «a dog runs, while the camera slowly zooms in».

Only what is surely said of a camera is read: a camera, view or lens that does something, and film people's own words
(«slow pan left», «zooming out»). `moves.py` reads what is meant as moves and nothing else.
"""

import re
from typing import NamedTuple

from vitascope.shot.camera import camera_tracks, usual_grid
from vitascope.shot.moves import DEFAULT_AMOUNTS, DIRECTIONS, LARGEST, UNITS, Move, MoveKind
from vitascope.shot.shot import Shot

USUALLY = 0.6  # of a move's usual amount, as films have it that nobody directs: the more it is, the less is sharp
SLOWLY, QUICKLY = 0.6, 1.6  # of that

_DOES: dict[str, str] = {  # what a camera does, by the kind of move
    "pan": "pan pans panning swivels swivelling swiveling",
    "tilt": "tilt tilts tilting",
    "roll": "roll rolls rolling",
    "zoom": "zoom zooms zooming",
    "truck": "truck trucks trucking tracks tracking crabs crabbing slides sliding",
    "pedestal": "pedestal pedestals pedestaling pedestalling cranes craning booms booming jibs jibbing",
    "dolly": "dolly dollies dollying pushes pushing pulls pulling",
    "orbit": "orbit orbits orbiting arcs arcing circles circling revolves revolving",
    "handheld": "shakes shaking wobbles wobbling trembles trembling",
    "go": "moves moving goes going travels travelling traveling glides gliding flies flying drifts drifting "
    "floats floating creeps creeping",
    "turn": "turns turning rotates rotating spins spinning",
    "back": "backs backing retreats retreating withdraws withdrawing recedes receding",
    "near": "approaches approaching nears nearing",
    "rise": "rises rising ascends ascending lifts lifting climbs climbing",
    "sink": "descends descending lowers lowering sinks sinking drops dropping",
}
_DONE = {word: kind for kind, words in _DOES.items() for word in words.split()}
_WAYS = {
    "in": "in inwards inward forward forwards ahead closer nearer",
    "out": "out outwards outward back backward backwards away",
    "up": "up upward upwards",
    "down": "down downward downwards",
    "left": "left leftward leftwards",
    "right": "right rightward rightwards",
    "clockwise": "clockwise",
    "counterclockwise": "counterclockwise counter-clockwise anticlockwise anti-clockwise",
}
_WAY_OF = {word: way for way, words in _WAYS.items() for word in words.split()}
_OF_GOING: dict[str, MoveKind] = {
    "in": "dolly", "out": "dolly", "left": "truck", "right": "truck", "up": "pedestal", "down": "pedestal",
}  # fmt: skip
_ALONE: dict[str, tuple[MoveKind, str]] = {  # what needs no direction to be understood
    "zoom": ("zoom", "in"), "orbit": ("orbit", "right"), "handheld": ("handheld", ""), "back": ("dolly", "out"),
    "near": ("dolly", "in"), "rise": ("pedestal", "up"), "sink": ("pedestal", "down"),
}  # fmt: skip


def _any(words: str) -> str:
    return "|".join(sorted(map(re.escape, words.split()), key=len, reverse=True))


_SLOW = "slow slowly gently gentle slightly subtly subtle softly soft gradually gradual"
_QUICK = "quick quickly fast rapidly rapid swiftly swift sharply"
_ADVERB = rf"(?:{_any(_SLOW + ' ' + _QUICK + ' smoothly smooth steadily steady continuously then')})"
_WAY = rf"(?:to\s+(?:the|its)\s+)?(?P<way>{_any(' '.join(_WAY_OF))})\b"
_AMOUNT = r"(?:\s+by)?\s+(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>degrees?|deg|°|met(?:re|er)s?|m|x|times)(?![\w])"
# What a verb's object begins with: «zooms in on the ball», «trucks right past a house».
_OBJECT = (
    r"\s+(?:on|onto|past|from|over|across|along|alongside|around|towards?|to\s+reveal|through|into|above|about|to)\b"
)
_VERB = rf"(?:{_ADVERB},?\s+)*(?P<verb>{_any(' '.join(_DONE))})\b(?:\s+{_ADVERB}\b)?(?:\s+{_WAY})?(?:\s+{_ADVERB}\b)*"
_DOING = re.compile(rf"{_VERB}(?:{_AMOUNT})?", re.IGNORECASE)
_AND = re.compile(
    rf"(?P<object>{_OBJECT}[^,;.:]{{1,60}}?)??\s*(?:,\s*)?(?P<link>and\s+then|then|and|while|before)\s+"
    rf"(?=(?:{_ADVERB}\s+)*(?:{_any(' '.join(_DONE))})\b)",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(r"(?:follows|following|films|filming|shows|showing)\s+", re.IGNORECASE)
_LEAD = (
    r"(?:\s*[,;.:]?\s*\b(?:and|while|as|whereas|when|with|filmed\s+by|shot\s+by|seen\s+by|through)\b|\s*[,;]|\s+)?\s*"
)
_NOT_TO = (
    r"(?<!\bto )(?<!\btowards )(?<!\btoward )(?<!\bfrom )(?<!\binto )(?<!\bat )(?<!\bof )(?<!\bfacing )(?<!\bpast )"
)
_CAMERA = re.compile(
    rf"{_LEAD}(?:(?:the|an?|our)\s+)?{_NOT_TO.replace(' )', ' the )')}{_NOT_TO}(?<!\bwith a )"
    r"\b(?P<hand>(?:hand-?held|shaky)\s+)?(?:camera|lens|drone|(?<=the )view(?:point)?)\s+"
    r"(?:(?:that|which|who)\s+)?(?:(?:is|starts?|begins?)\s+(?:to\s+)?)?",
    re.IGNORECASE,
)
_OWN = re.compile(  # «slow pan left», «zooming out»
    rf"(?:^|(?<=[,;:.]))\s*(?:with\s+)?(?:an?\s+)?(?=(?:{_ADVERB}\s+)*(?:panning|tilting|zooming|dollying|orbiting|trucking|"
    rf"craning|pan|tilt|zoom|dolly|orbit)\s+(?:{_ADVERB}\s+)?{_WAY.replace('?P<way>', '?:')})"
    rf"|{_LEAD}\bwith\s+an?\s+(?=(?:{_ADVERB}\s+)*(?:pan|tilt|zoom|dolly|orbit)\s+{_WAY.replace('?P<way>', '?:')})",
    re.IGNORECASE,
)


class Said(NamedTuple):
    """What a text says of the camera: its moves, and the text without that."""

    moves: tuple[Move, ...]
    rest: str


def said(text: str, start: float = 0.0, end: float = 0.0) -> Said:
    """What a text says of the camera. Between start and end, in seconds, what comes one after the other («pans left,
    then tilts up») shares out the time; without an end all moves take the whole shot."""
    stages: list[list[Move]] = []
    rest, at = [], 0
    while found := _next(text, at):
        told = _clause(text, found.end(), bool(found.groupdict().get("hand")))
        if not told.stages:
            rest.append(text[at : found.end()])
            at = found.end()
            continue
        first = not (text[at : found.start()].strip() or "".join(rest).strip())
        rest.append(text[at : found.start()])
        stages += told.stages
        at = _after_object(text, told.end, first and not told.objects)
        if first:  # what it shows is told nowhere else
            rest += [", ".join(told.objects), "" if first and not told.objects else " "]
    rest.append(text[at:])
    joined = re.sub(r"^[\s,;.:]+|[\s,;:]+$", "", re.sub(r"\s*([,;.:])(?:\s*[,;.:])+", r"\1", "".join(rest)))
    return Said(_timed(stages, start, end), joined)


def as_said(shot: Shot) -> Shot:
    """The shot with a camera that moves as its words tell in passing («the camera slowly pans left»), where nothing but
    words says how anything moves."""
    if shot.tracks or shot.num_frames == 1:
        return shot
    moves = [move for span in shot.spans for move in said(span.text, span.start, span.end).moves]
    moves += said(shot.text, 0, shot.seconds).moves
    if not moves:
        return shot
    return shot.with_(tracks=camera_tracks(moves, shot.size, shot.seconds, shot.fps, grid=usual_grid(shot.size)))


def _next(text: str, at: int) -> re.Match[str] | None:
    found = [match for pattern in (_CAMERA, _OWN) if (match := pattern.search(text, at))]
    return min(found, key=lambda match: (match.end(), match.start())) if found else None


class _Told(NamedTuple):
    """Stages of moves that follow each other, where the words about them end, and what they go by."""

    stages: list[list[Move]]
    end: int
    objects: list[str]


def _clause(text: str, at: int, by_hand: bool) -> _Told:
    """What is done from here on."""
    stages: list[list[Move]] = []
    objects = []
    following = False
    while (match := _DOING.match(text, at)) and (move := _move(match)):
        if following or not stages:
            stages.append([])
        stages[-1].append(move)
        at = match.end()
        link = _AND.match(text, at)
        if link is None or _move(_DOING.match(text, link.end())) is None:
            break
        if link["object"]:
            objects.append(re.sub(rf"^{_OBJECT}\s*", "", link["object"], flags=re.IGNORECASE))
        following = "then" in link["link"].lower() or "before" in link["link"].lower()
        at = link.end()
    if by_hand:
        shaking = Move.towards("handheld", amount=USUALLY * DEFAULT_AMOUNTS["handheld"])
        if not stages and (match := _FOLLOWS.match(text, at)):
            at = match.end()
        stages = [
            stage if any(move.kind == "handheld" for move in stage) else [*stage, shaking] for stage in stages or [[]]
        ]
    return _Told(stages, at, objects)


def _move(match: re.Match[str] | None) -> Move | None:
    """The move that words tell of; None where they do not tell all of it."""
    if match is None:
        return None
    does, way = _DONE[match["verb"].lower()], _WAY_OF.get((match["way"] or "").lower(), "")
    kind: MoveKind | None
    if does == "go":
        kind = _OF_GOING.get(way)
    elif does == "turn":
        kind = "pan" if way in DIRECTIONS["pan"] else "roll" if way in DIRECTIONS["roll"] else None
    elif does == "truck" and way in DIRECTIONS["dolly"] and match["verb"].lower().startswith("track"):
        kind = "dolly"
    elif does == "roll":
        kind, way = "roll", {"right": "clockwise", "left": "counterclockwise"}.get(way, way)
    elif does in _ALONE and way not in DIRECTIONS.get(does, ()):  # type: ignore[call-overload]
        kind, way = _ALONE[does]
    else:
        kind = does  # type: ignore[assignment]
    if kind is None or kind not in DIRECTIONS or way not in (DIRECTIONS[kind] or ("",)):
        return None
    amount = DEFAULT_AMOUNTS[kind]
    words = set(match[0].lower().replace(",", " ").split())
    pace = USUALLY * (SLOWLY if words & set(_SLOW.split()) else QUICKLY if words & set(_QUICK.split()) else 1.0)
    amount = amount**pace if kind == "zoom" else amount * pace
    if match["amount"] and _unit(match["unit"]) == UNITS[kind] and 0 < float(match["amount"]) <= LARGEST[kind]:
        amount = float(match["amount"])
    return Move.towards(kind, way, round(amount, 3))


def _unit(name: str) -> str:
    return "deg" if name.startswith(("deg", "°")) else "m" if name.startswith("m") else "x"


def _after_object(text: str, at: int, first: bool) -> int:
    """Where the text goes on: a camera that begins it tells of what it shows («pushes in on an egg»), so the egg stays;
    elsewhere that was told before, and is left out."""
    match = re.compile(_OBJECT, re.IGNORECASE).match(text, at)
    if match is None:
        return at
    if first:
        return match.end()
    end = re.compile(r"[,;.:]|$").search(text, match.end())
    assert end is not None  # at the latest the text's end
    return end.start()


def _timed(stages: list[list[Move]], start: float, end: float) -> tuple[Move, ...]:
    if end <= start:
        return tuple(move for stage in stages for move in stage)
    each = (end - start) / max(1, len(stages))
    return tuple(
        move.model_copy(update={"start": start + i * each, "end": start + (i + 1) * each})
        for i, stage in enumerate(stages)
        for move in stage
    )
