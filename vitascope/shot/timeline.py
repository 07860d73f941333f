"""The director's timeline: «0–1.5 s: a ball rolls; pan left 20deg, 1.5–4 s: it stops» as timed words and moves."""

import itertools
import re
from collections.abc import Sequence
from typing import Annotated, Any, Self

from numpy.typing import NDArray
from pydantic import Field, model_validator

from vitascope.shot.brush import combine
from vitascope.shot.camera import DEFAULT_VIEW, View, camera_tracks
from vitascope.shot.moves import MAX_MOVES, Move, is_move, parse_moves
from vitascope.shot.shot import Shot, Span, checked
from vitascope.shot.value import MAX_SECONDS, Frozen, ShotError

MAX_CHARACTERS = 20_000  # of a whole timeline
MAX_SPANS = 100


class Timeline(Frozen):
    """What happens when: `spans` of words that do not overlap, the camera's `moves` with their times, and the `end` in
    seconds."""

    spans: Annotated[tuple[Span, ...], Field(max_length=MAX_SPANS)] = ()
    moves: Annotated[tuple[Move, ...], Field(max_length=MAX_MOVES)] = ()
    end: Annotated[float, Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for before, after in itertools.pairwise(self.spans):
            if after.start < before.end - 1e-9:
                raise ValueError(
                    f"spans should not overlap, but {after.text!r} starts at {after.start:g} s and {before.text!r} "
                    f"ends at {before.end:g} s"
                )
        last = max((*(span.end for span in self.spans), *(move.end or 0.0 for move in self.moves)), default=0.0)
        if last > self.end + 1e-9:
            raise ValueError(f"end should not be before what ends last, at {last:g} s, but was {self.end:g} s")
        return self


_TIME = r"(?:(\d{1,2}):)?(\d{1,4}(?:\.\d*)?|\.\d+)"  # seconds, or minutes:seconds
_UNIT = r"\s*(?:seconds?|secs?|s)?"
_RANGE = re.compile(
    rf"(?:^|(?<=[\s,;.]))(?:from\s+)?(?:\[\s*)?{_TIME}{_UNIT}\s*(?:-|–|—|to\b|until\b)\s*{_TIME}{_UNIT}\s*(?:\]\s*:?|:(?!\d))",
    re.IGNORECASE,
)
_CAMERA = r"(?:(?:the|an?)\s+)?(?:(?:hand-?held|shaky)\s+)?camera\b"
_BREAK = re.compile(rf"\s*[,;\n]\s*|\.(?=\s|$)\s*|\s+(?:while|as|and|with)\s+(?={_CAMERA})", re.IGNORECASE)


def parse_timeline(text: str) -> Timeline:
    """A timeline from spans such as "0-1.5s: a ball rolls; pan left 20deg, 1.5–4 s: it stops" or "[0:00-0:02] ...".

    What is a camera move in a span (`parse_moves`) becomes a Move that lasts as long as the span, or as it says itself
    (seconds of the shot, within the span); the rest is the span's text. Raises ShotError naming the piece.
    """
    if len(text) > MAX_CHARACTERS:
        raise ShotError(f"timeline: at most {MAX_CHARACTERS} characters are allowed, but {len(text)} were given")
    found = list(_RANGE.finditer(text))
    before = text[: found[0].start()].strip(" \t\n,;") if found else text.strip()
    if not found or before:
        raise ShotError(f"timeline: {_short(before)} has no time before it; write it like '0-1.5s: a ball rolls'")
    if len(found) > MAX_SPANS:
        raise ShotError(f"timeline: at most {MAX_SPANS} spans are allowed, but {len(found)} were given")
    pieces = []
    for match, after in zip(found, [*found[1:], None], strict=True):
        words = text[match.end() : after.start() if after else None].strip(" \t\r\n,;")
        start, end = _seconds(match[1], match[2]), _seconds(match[3], match[4])
        piece = _short(f"{match[0].strip()} {words}")
        if end <= start:
            raise ShotError(f"timeline: {piece} should end after its start at {start:g} s, but its end was {end:g} s")
        if end > MAX_SECONDS:
            raise ShotError(f"timeline: {piece} should end by {MAX_SECONDS:g} s, but its end was {end:g} s")
        if not words:
            raise ShotError(f"timeline: {piece} says nothing about what happens")
        pieces.append((start, end, words, piece))
    pieces.sort(key=lambda piece: piece[0])
    for (_, ended, _, first), (start, _, _, second) in itertools.pairwise(pieces):
        if start < ended - 1e-9:
            raise ShotError(f"timeline: {second} starts at {start:g} s, before {first} ends at {ended:g} s")
    spans: list[Span] = []
    moves: list[Move] = []
    for start, end, words, piece in pieces:
        story, own = _parted(words, start, end, piece)
        moves.extend(own)
        if story:
            spans.append(_named(Span, piece, {"start": start, "end": end, "text": story}))
    return checked(Timeline, {"spans": tuple(spans), "moves": tuple(moves), "end": max(end for _, end, _, _ in pieces)})


def _parted(words: str, start: float, end: float, piece: str) -> tuple[str, list[Move]]:
    """A span's words without its camera moves, and these."""
    story, moves, at, between = "", [], 0, ""
    for stop in [*_BREAK.finditer(words), None]:
        part = words[at : stop.start() if stop else None]
        if is_move(part):
            try:
                moves += [_placed(move, start, end) for move in parse_moves(part)]
            except ShotError as error:
                raise ShotError(f"timeline: {error}, in {piece}") from None
        elif part.strip():
            story += (between if story else "") + part
        if stop:
            at, between = stop.end(), stop[0]
    return " ".join(story.split()), moves


def _placed(move: Move, start: float, end: float) -> Move:
    """A move within a span."""
    begins, ends = start if move.start is None else move.start, end if move.end is None else move.end
    if begins < start - 1e-9 or ends > end + 1e-9 or ends <= begins:
        raise ShotError(f"a {move.kind} from {begins:g} s to {ends:g} s should lie within {start:g} s to {end:g} s")
    return move.model_copy(update={"start": begins, "end": ends})


def _named(model: type[Span], piece: str, fields: dict[str, Any]) -> Span:
    try:
        return checked(model, fields)
    except ShotError as error:
        raise ShotError(f"timeline: {error}, in {piece}") from None


def _seconds(minutes: str | None, seconds: str) -> float:
    return 60 * float(minutes or 0) + float(seconds)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")


def apply_timeline(
    shot: Shot,
    timeline: Timeline,
    depth: NDArray[Any] | None = None,
    grid: tuple[int, int] = (16, 9),
    base: View = DEFAULT_VIEW,
) -> Shot:
    """The shot with the timeline's spans, and its moves as tracks (the shot's own tracks go on top of them). A shot
    whose seconds were left to the default becomes as long as the timeline. Raises ShotError when it is shorter."""
    seconds = shot.seconds if "seconds" in shot.model_fields_set else timeline.end
    if timeline.end > seconds + 1e-6:
        raise ShotError(f"timeline: it ends at {timeline.end:g} s, but the shot has {seconds:g} s")
    tracks: Sequence[Any] = shot.tracks
    if timeline.moves:
        moved = camera_tracks(timeline.moves, shot.size, seconds, shot.fps, depth, grid, base)
        tracks = combine(moved, shot.tracks, shot.size, seconds, shot.fps)
    return shot.with_(spans=timeline.spans, seconds=seconds, tracks=tuple(tracks))
