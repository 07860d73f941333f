"""What a text says of the camera in passing is read, and what it says of others is not."""

import pytest

from vitascope.shot import edit
from vitascope.shot.moves import DIRECTIONS, Move, describe_moves, parse_moves
from vitascope.shot.said import QUICKLY, SLOWLY, USUALLY, as_said, said
from vitascope.shot.shot import Shot, Span


def told(text: str) -> list[str]:
    return [f"{move.kind} {move.direction}".strip() for move in said(text).moves]


@pytest.mark.parametrize(
    ("text", "moves", "rest"),
    [
        ("a dog runs, the camera pans left and zooms in", ["pan left", "zoom in"], "a dog runs"),
        ("The camera dollies in. A dog runs", ["dolly in"], "A dog runs"),
        ("a dog runs, while the handheld camera shakes", ["handheld"], "a dog runs"),
        ("a handheld camera follows a boy", ["handheld"], "a boy"),
        ("a handheld camera pans left over a beach", ["pan left", "handheld"], "a beach"),
        ("the camera trucks to the right past a house that burns", ["truck right"], "a house that burns"),
        ("a can bounces, filmed by a camera that trucks to the left", ["truck left"], "a can bounces"),
        ("a can rolls while the camera backs away", ["dolly out"], "a can rolls"),
        ("a field; the view pans to the right", ["pan right"], "a field"),
        ("the lens zooms out from a cube on a lawn", ["zoom out"], "a cube on a lawn"),
        ("zooming in: a can falls", ["zoom in"], "a can falls"),
        ("a street at night, slow zoom out", ["zoom out"], "a street at night"),
        ("a ball rolls, with a gentle pan to the right", ["pan right"], "a ball rolls"),
        ("a can falls, camera trucking right", ["truck right"], "a can falls"),
        ("Close-up of a face. Camera slowly pushes in.", ["dolly in"], "Close-up of a face."),
        ("a car drives; the camera pulls back to reveal a beach", ["dolly out"], "a car drives"),
        ("the camera rises above the trees and tilts down", ["pedestal up", "tilt down"], "the trees"),
        ("the camera circles around a statue", ["orbit right"], "a statue"),
        ("the drone flies forward over a coast", ["dolly in"], "a coast"),
        ("the camera turns left", ["pan left"], ""),
        ("a forest, and the camera rotates clockwise", ["roll clockwise"], "a forest"),
    ],
)
def test_what_a_camera_does_is_read_and_left_out(text: str, moves: list[str], rest: str) -> None:
    assert told(text) == moves and said(text).rest == rest


@pytest.mark.parametrize(
    "text",
    [
        "a dog looks into the camera",
        "a ball rolls towards the camera, left of a tree",
        "a man with a camera moves left",
        "a woman holds a camera and walks left",
        "the camera is still; a ball rolls left",
        "a truck right behind a car",
        "a crane up in the sky",
        "a man pans for gold and zooms away on a motorbike",
        "a zoom lens on a table",
        "the camera follows a boy",
        "a view over a valley",
        "",
    ],
)
def test_a_story_moves_no_camera(text: str) -> None:
    assert said(text) == ((), text)


@pytest.mark.parametrize("kind", list(DIRECTIONS))
def test_every_move_that_is_described_is_read(kind: str) -> None:
    for way in DIRECTIONS[kind] or ("",):  # type: ignore[index]
        move = Move.towards(kind, way)  # type: ignore[arg-type]
        found = said(f"a red ball, {describe_moves((move,))}")
        assert found.rest == "a red ball"
        usual = move.amount**USUALLY if kind == "zoom" else USUALLY * move.amount
        assert [one.kind for one in found.moves] == [kind]
        assert found.moves[0].amount == pytest.approx(usual, rel=1e-2)


def test_amounts_are_those_that_are_said_or_go_by_how_fast() -> None:
    amounts = [
        said(f"a ball, the camera {words}").moves[0].amount
        for words in ("slowly pans left", "pans left", "quickly pans left", "pans left by 33 degrees", "pans left 33 m")
    ]
    shares = [SLOWLY * USUALLY, USUALLY, QUICKLY * USUALLY, 33 / 20, USUALLY]
    assert amounts == pytest.approx([-20 * share for share in shares])
    slow, usual = (said(f"the camera {words}").moves[0].amount for words in ("gently zooms in", "zooms in"))
    assert 1 < slow < usual


def test_what_follows_shares_out_the_time() -> None:
    moves = said("the camera pans left and zooms in, then tilts up", 1.0, 5.0).moves
    assert [(move.kind, move.start, move.end) for move in moves] == [
        ("pan", 1.0, 3.0),
        ("zoom", 1.0, 3.0),
        ("tilt", 3.0, 5.0),
    ]
    assert said("the camera pans left, then tilts up").moves[0].start is None


def test_a_camera_that_only_words_tell_of_is_one_that_moves() -> None:
    shot = Shot(text="a ball, the camera pans left by 20 degrees", seconds=2.0, fps=12.0)
    moved = as_said(shot)
    assert moved.tracks == edit.filmed(shot, parse_moves("pan left")).tracks and moved.text == shot.text
    assert as_said(moved) is moved, "tracks say it already"
    for still in (shot.with_(text="a ball rolls to the left"), shot.with_(fps=12.0, seconds=1 / 12)):
        assert as_said(still) is still
    spans = (
        Span(start=0.0, end=1.0, text="a ball"),
        Span(start=1.0, end=2.0, text="the camera tilts up by 12 degrees"),
    )
    later = as_said(Shot(text="grass", seconds=2.0, fps=12.0, spans=spans))
    assert later.tracks == edit.filmed(shot, parse_moves("tilt up from 1s to 2s")).tracks
