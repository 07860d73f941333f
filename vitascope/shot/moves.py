"""Camera moves as values, and their words: what film people say, read and said back.

Amounts are degrees, metres or a factor of the focal length; times are seconds of the shot.
"""

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from vitascope.shot.shot import MAX_SECONDS, MAX_TEXT, Frozen, ShotError, checked

MoveKind = Literal["pan", "tilt", "roll", "zoom", "truck", "pedestal", "dolly", "orbit", "handheld"]
Ease = Literal["linear", "ease", "ease in", "ease out"]  # even, slow at both ends, slow at first, slow at last
MAX_MOVES = 64
MAX_DISTANCE = 100.0  # metres

# For each kind: the word of the positive and of the negative direction (a shaking hand has none), the unit, the amount
# when none is given, the largest amount, and how a caption says it.
DIRECTIONS: dict[MoveKind, tuple[str, ...]] = {
    "pan": ("right", "left"),
    "tilt": ("up", "down"),
    "roll": ("clockwise", "counterclockwise"),
    "zoom": ("in", "out"),
    "truck": ("right", "left"),
    "pedestal": ("up", "down"),
    "dolly": ("in", "out"),
    "orbit": ("right", "left"),
    "handheld": (),
}
UNITS: dict[MoveKind, str] = {
    "pan": "deg", "tilt": "deg", "roll": "deg", "zoom": "x", "truck": "m", "pedestal": "m", "dolly": "m",
    "orbit": "deg", "handheld": "deg",
}  # fmt: skip
DEFAULT_AMOUNTS: dict[MoveKind, float] = {
    "pan": 20.0, "tilt": 12.0, "roll": 15.0, "zoom": 1.5, "truck": 1.0, "pedestal": 0.5, "dolly": 1.5,
    "orbit": 30.0, "handheld": 1.0,
}  # fmt: skip
LARGEST: dict[MoveKind, float] = {
    "pan": 360.0, "tilt": 180.0, "roll": 360.0, "zoom": 10.0, "truck": 100.0, "pedestal": 100.0, "dolly": 100.0,
    "orbit": 360.0, "handheld": 15.0,
}  # fmt: skip
VERBS: dict[MoveKind, str] = {
    "pan": "pans", "tilt": "tilts", "roll": "rolls", "zoom": "zooms",
    "truck": "trucks", "pedestal": "pedestals", "dolly": "dollies", "orbit": "orbits", "handheld": "shakes",
}  # fmt: skip

Moment = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]


class Move(Frozen):
    """One move of the camera. `amount` is signed: degrees to the right, up or clockwise; metres to the right, up or
    in; for a zoom the factor of the focal length (above 1 is in); for an orbit degrees that the camera goes round to
    the right, looking at the same place; for a handheld camera the degrees that it shakes at most, more than 0.

    Without `start` and `end` it takes the whole shot. `distance` is an orbit's own (metres along the ground to what it
    goes round; None: what the camera looks at), `seed` a handheld camera's (another number is another shaking).
    """

    kind: MoveKind
    amount: Annotated[float, Field(allow_inf_nan=False)]
    start: Moment | None = None
    end: Moment | None = None
    ease: Ease = "linear"
    distance: Annotated[float, Field(gt=0, le=MAX_DISTANCE, allow_inf_nan=False)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        most, unit = LARGEST[self.kind], UNITS[self.kind]
        if self.kind == "zoom" and not 1 / most <= self.amount <= most:
            raise ValueError(f"a zoom should be {1 / most:g}x to {most:g}x, but was {self.amount:g}x")
        if abs(self.amount) > most:
            raise ValueError(f"{self.kind} should be at most {most:g}{unit}, but was {abs(self.amount):g}{unit}")
        if self.kind == "handheld" and self.amount <= 0:
            raise ValueError(f"a handheld camera should shake by more than 0deg, but {self.amount:g}deg was given")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"a move should end after its start at {self.start:g} s, but its end was {self.end:g} s")
        if self.distance is not None and self.kind != "orbit":
            raise ValueError(f"distance belongs to an orbit, but was given for a {self.kind}")
        if self.seed is not None and self.kind != "handheld":
            raise ValueError(f"seed belongs to a handheld camera, but was given for a {self.kind}")
        return self

    @classmethod
    def towards(cls, kind: MoveKind, direction: str = "", amount: float | None = None, **more: Any) -> "Move":
        """A move by its direction word ("" for a handheld camera) and a positive amount (None: a usual one). A zoom
        out of 2 halves the lens. Raises ShotError."""
        words = DIRECTIONS[kind]
        if direction not in (words or ("",)):
            allowed = " or ".join(words) if words else "in no direction"
            raise ShotError(f"{kind} goes {allowed}, but {direction!r} was given")
        amount = DEFAULT_AMOUNTS[kind] if amount is None else amount
        if words and direction == words[1]:
            amount = 1 / amount if kind == "zoom" else -amount
        return checked(cls, {"kind": kind, "amount": amount, **more})

    @property
    def direction(self) -> str:
        """The word for where it goes; "" for a move of nothing and for a handheld camera."""
        size = math.log(self.amount) if self.kind == "zoom" else self.amount
        words = DIRECTIONS[self.kind]
        return "" if size == 0 or not words else words[0 if size > 0 else 1]

    def progress(self, num_frames: int, fps: float) -> NDArray[np.float64]:
        """How much of it is done in each frame, 0 to 1 [T]."""
        return progress(num_frames, fps, self.start, self.end, self.ease)


def progress(
    num_frames: int, fps: float, start: float | None = None, end: float | None = None, ease: Ease = "linear"
) -> NDArray[np.float64]:
    """How much of a motion from `start` to `end` (None: of the whole shot) is done in each frame, 0 to 1 [T].

    What lasts as long as the shot is complete in its last frame; what begins there never gets going.
    """
    start, end = bounds(num_frames, fps, start, end)
    if end <= start:
        return np.zeros(num_frames)
    share = np.clip((np.arange(num_frames) / fps - start) / (end - start), 0, 1)
    return eased(share, ease)


def bounds(num_frames: int, fps: float, start: float | None, end: float | None) -> tuple[float, float]:
    """When a motion begins and ends, in seconds; an end of None, or between the last frame and the end of the shot, is
    the last frame."""
    last = (num_frames - 1) / fps
    return start or 0.0, last if end is None or last < end <= num_frames / fps + 1e-9 else end


def eased(share: NDArray[np.float64], ease: Ease) -> NDArray[np.float64]:
    """Shares of time, 0 to 1, as shares of the way."""
    if ease == "ease":
        return share * share * (3 - 2 * share)
    if ease == "ease in":
        return share * share
    return share * (2 - share) if ease == "ease out" else share


# --- words ------------------------------------------------------------------------------------------------------------

_NAMES: dict[MoveKind, str] = {
    "pan": "pan pans panning",
    "tilt": "tilt tilts tilting",
    "roll": "roll rolls rolling",
    "zoom": "zoom zooms zooming",
    "truck": "truck trucks trucking track tracks tracking crab crabs crabbing slide slides sliding",
    "pedestal": "pedestal pedestals pedestaling pedestalling crane cranes craning boom booms booming jib jibs jibbing",
    "dolly": "dolly dollies dollying push pushes pushing pull pulls pulling",
    "orbit": "orbit orbits orbiting arc arcs arcing circle circles circling",
    "handheld": "handheld hand-held shake shakes shaking shaky",
}
_KINDS: dict[str, MoveKind] = {word: kind for kind, words in _NAMES.items() for word in words.split()}
_OWN_WAY = {"push": "in", "pushes": "in", "pushing": "in", "pull": "out", "pulls": "out", "pulling": "out"}
_WAYS = {
    "in": "forward forwards ahead closer",
    "out": "back backward backwards away",
    "up": "upward upwards",
    "down": "downward downwards",
    "left": "leftward leftwards",
    "right": "rightward rightwards",
    "clockwise": "cw",
    "counterclockwise": "ccw anticlockwise counter-clockwise anti-clockwise",
}
_WAY_OF = {word: way for way, words in _WAYS.items() for word in (way, *words.split())}
_STILL = {"", "still", "static", "none", "fixed", "locked", "locked off"}

_CAMERA = re.compile(r"\s*(?:the\s+)?camera\b|\s*(?:(?:the|an?)\s+)?(?:hand-?held|shaky)\s+camera\b", re.IGNORECASE)
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_SECONDS = r"\s*(?:seconds?|secs?|s)?"
_METRES = r"(?:metres?|meters?|m)"
# What may follow a move's name, each at most once and in any order.
_OPTIONS = tuple(
    re.compile(rf"(?:{pattern})(?![\w.])\s*")
    for pattern in (
        rf"(?:from\s+)?(?P<start>{_NUMBER}){_SECONDS}\s*[-–—]\s*(?P<end>{_NUMBER}){_SECONDS}",
        rf"from\s+(?P<start>{_NUMBER}){_SECONDS}",
        rf"(?:to|until|till)\s+(?P<end>{_NUMBER}){_SECONDS}",
        rf"(?:over|for)\s+(?P<seconds>{_NUMBER}){_SECONDS}",
        rf"(?:at|around|about)\s+(?P<distance>{_NUMBER})\s*{_METRES}",
        r"(?:around|about)\s+(?P<subject>it|the\s+(?:subject|scene|centre|center|middle))",
        r"seed\s+(?P<seed>\d{1,19})",
        rf"(?:by\s+)?(?P<amount>{_NUMBER})\s*(?P<unit>degrees?|deg|°|centimetres?|centimeters?|cm|{_METRES}|x|×|times)?",
        r"(?P<ease>linear|ease(?:\s+(?:in|out))?)",
    )
)
_UNIT_OF = {"°": "deg", "×": "x", "times": "x"}


def parse_moves(text: str) -> tuple[Move, ...]:
    """Moves from words such as "dolly in 1.5m, pan left 20deg from 1s to 3s ease"; "" and "still" are none.

    Amounts may be left out ("pan left"), and film people's other words are known ("push in", "crane up", "track left",
    "arc right", "handheld"). Raises ShotError naming the piece that is not understood.
    """
    if len(text) > MAX_TEXT:
        raise ShotError(f"moves: at most {MAX_TEXT} characters are allowed, but {len(text)} were given")
    text = _plain(text)
    if text in _STILL:
        return ()
    pieces = [piece for piece in re.split(r"\s*(?:,|;|\n|\+|\b(?:and|while)\b)\s*", text) if piece]
    if len(pieces) > MAX_MOVES:
        raise ShotError(f"moves: at most {MAX_MOVES} are allowed, but {len(pieces)} were given")
    return tuple(_parse_move(piece) for piece in pieces)


def is_move(text: str) -> bool:
    """Whether words are meant as a camera move: they speak of the camera, or name a move and its direction and nothing
    else, or with a number. (A wrong amount is a mistake to be told, while "pull back the curtain" is a story.)"""
    if _CAMERA.match(text):
        return True
    kind, way, rest = _head(_plain(text))
    if kind is None or bool(DIRECTIONS[kind]) != bool(way):
        return False
    return _options(rest) is not None or bool(re.match(_NUMBER, rest))


def _plain(text: str) -> str:
    """Words in one manner: lower case, without «the camera», and "ease in and out" as "ease"."""
    text = text.strip().lower().rstrip(".,; ")
    text = re.sub(r"\bease[\s-]+in(?:\s*(?:-|/|\band\b)\s*|\s+)out\b", "ease", text)
    text = re.sub(r"\bto\s+the\s+(left|right)\b", r"\1", text)
    hand = r"(?:\bwith\s+)?(?:\b(?:the|an?)\s+)?\b(hand-?held|shaky)\s+camera\b"
    text = re.sub(rf"{hand}(?=\s+[a-z])(?!\s+(?:from|for|seed|ease)\b)", r"\1, ", text)  # that does something else
    text = re.sub(hand, r"\1", text)
    text = re.sub(r"\b(handheld|hand-held|shaky),?\s+shakes?\b", r"\1", text)
    return re.sub(r"^(?:the\s+)?camera\s*:?\s*(?:is\s+)?", "", text).strip()


def _head(piece: str) -> tuple[MoveKind | None, str, str]:
    """The kind and direction ("" when none is said) that a piece begins with, and what follows them."""
    words = piece.split(maxsplit=2)
    kind = _KINDS.get(words[0]) if words else None
    if kind is None:
        return None, "", piece
    way = _WAY_OF.get(words[1], "") if len(words) > 1 else ""
    if kind == "roll":
        way = {"right": "clockwise", "left": "counterclockwise"}.get(way, way)
    if words[0].startswith("track") and way in DIRECTIONS["dolly"]:
        kind = "dolly"
    if way not in DIRECTIONS[kind]:
        return kind, _OWN_WAY.get(words[0], ""), " ".join(words[1:])
    return kind, way, " ".join(words[2:])


def _options(rest: str) -> dict[str, str] | None:
    """What follows a move's name, by its names in the patterns; None when something else does, or one thing twice."""
    found: dict[str, str] = {}
    while rest:
        match = next((match for option in _OPTIONS if (match := option.match(rest))), None)
        given = {name: value for name, value in match.groupdict().items() if value} if match else {}
        if match is None or given.keys() & found.keys():
            return None
        found |= given
        rest = rest[match.end() :]
    return found


def _parse_move(piece: str) -> Move:
    kind, way, rest = _head(piece)
    if kind is None:
        known = ", ".join(" ".join((kind, "/".join(words))).strip() for kind, words in DIRECTIONS.items())
        raise ShotError(f"moves: {piece.split()[0]!r} in {piece!r} is not a move; known: {known}")
    found = _options(rest)
    if found is None or bool(DIRECTIONS[kind]) != bool(way):
        words = " ".join((kind, *DIRECTIONS[kind][:1]))
        example = f"{words} {DEFAULT_AMOUNTS[kind]:g}{UNITS[kind]} from 0s to 2s ease"
        only = f"; it goes {' or '.join(DIRECTIONS[kind])}" if DIRECTIONS[kind] and not way else ""
        raise ShotError(f"moves: {piece!r} is not understood{only}; write it like {example!r}")
    amount, start, end, seconds, distance = (
        float(found[name]) if name in found else None for name in ("amount", "start", "end", "seconds", "distance")
    )
    unit, factor = _unit(found.get("unit", ""))
    if unit and unit != UNITS[kind]:
        raise ShotError(f"moves: {kind} is measured in {UNITS[kind]}, but {found['unit']!r} was given in {piece!r}")
    if amount == 0:
        raise ShotError(f"moves: the amount in {piece!r} should be more than 0")
    if "subject" in found and kind != "orbit":
        raise ShotError(f"moves: only an orbit goes around something, but {piece!r} was given")
    if seconds is not None:
        if end is not None:
            raise ShotError(f"moves: {piece!r} says twice when it ends")
        end = (start or 0) + seconds
    more: dict[str, Any] = {"start": start, "end": end, "ease": found.get("ease", "linear"), "distance": distance}
    more["ease"] = " ".join(more["ease"].split())
    more["seed"] = int(found["seed"]) if "seed" in found else None
    try:
        return Move.towards(kind, way, amount and amount * factor, **more)
    except ShotError as error:
        raise ShotError(f"moves: {error} in {piece!r}") from None


def _unit(name: str) -> tuple[str, float]:
    """A unit's short name, and how many of it one of these is."""
    if name.startswith("c"):
        return "m", 0.01
    return ("deg" if name.startswith("deg") else "m" if name.startswith("m") else _UNIT_OF.get(name, name)), 1.0


def describe_moves(moves: Sequence[Move]) -> str:
    """A short English clause such as "the camera zooms in and pans right", "" for none; `parse_moves` reads it back,
    with usual amounts. A handheld camera is "the handheld camera shakes" or "the handheld camera pans left"."""
    pieces = list(dict.fromkeys(f"{VERBS[move.kind]} {move.direction}" for move in moves if move.direction))
    who = "the handheld camera" if any(move.kind == "handheld" for move in moves) else "the camera"
    if not pieces and "handheld" in who:
        pieces = [VERBS["handheld"]]
    if len(pieces) > 2:
        pieces = [", ".join(pieces[:-1]), pieces[-1]]
    return f"{who} {' and '.join(pieces)}" if pieces else ""
