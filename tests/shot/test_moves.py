"""Words of camera moves: read as film people say them, said back in short English, refused by name."""

from typing import get_args

import pytest

from vitascope.shot.moves import (
    DEFAULT_AMOUNTS,
    DIRECTIONS,
    LARGEST,
    UNITS,
    VERBS,
    Move,
    MoveKind,
    describe_moves,
    is_move,
    parse_moves,
)
from vitascope.shot.shot import ShotError


def test_words_become_moves() -> None:
    assert parse_moves("dolly in 1.5m, pan left 20deg from 1s to 3s ease") == (
        Move(kind="dolly", amount=1.5),
        Move(kind="pan", amount=-20, start=1, end=3, ease="ease"),
    )


def test_amounts_may_be_left_out_and_still_is_no_move() -> None:
    assert parse_moves("Pan Left and tilt up 5 degrees") == (Move(kind="pan", amount=-20), Move(kind="tilt", amount=5))
    assert parse_moves("still") == parse_moves("") == parse_moves(" The camera is still. ") == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("wiggle left", ["wiggle", "pan right/left", "dolly in/out"]),
        ("orbit clockwise", ["orbit clockwise", "right or left"]),
        ("orbit left 2m", ["measured in deg", "'m'"]),
        ("pan left at 3m", ["distance belongs to an orbit"]),
        ("pan left around the subject", ["only an orbit goes around"]),
        ("pan left seed 3", ["seed belongs to a handheld camera"]),
        ("handheld left", ["handheld left", "handheld 1deg"]),
        ("handheld 90deg", ["15deg", "90deg"]),
        ("dolly", ["'dolly'", "in or out"]),
        ("pan left then tilt up", ["then", "not understood"]),
        ("pan left 20deg 30deg", ["not understood"]),
        ("pan left to 2s over 1s", ["says twice when it ends"]),
        ("pan left, " * 65, ["at most 64", "65"]),
        ("pan left " * 300, ["2000", "2700"]),
        ("pan sideways", ["sideways", "right or left"]),
        ("pan", ["'pan'", "write it like"]),
        ("tilt up, zoom in 2m", ["zoom", "'m'", "measured in x"]),
        ("zoom in 100x", ["zoom in 100x", "10x"]),
        ("zoom in 0x", ["zoom in 0x", "more than 0"]),
        ("pan left 400deg", ["360deg", "400deg"]),
        ("pan left from 2s to 1s", ["end after its start"]),
        ("pan left 20deg quickly", ["quickly", "write it like"]),
        ("pan left from 1000s", ["start", "120"]),
    ],
)
def test_words_that_are_not_understood_are_named(text: str, parts: list[str]) -> None:
    with pytest.raises(ShotError) as caught:
        parse_moves(text)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_every_move_is_described_in_words_that_can_be_read_back() -> None:
    for kind, directions in DIRECTIONS.items():
        for direction in directions or ("",):
            moves = (Move.towards(kind, direction),)
            assert parse_moves(describe_moves(moves)) == moves


def test_descriptions_are_short_english() -> None:
    assert describe_moves(parse_moves("pan left 20deg")) == "the camera pans left"
    assert describe_moves(parse_moves("zoom in, pan right")) == "the camera zooms in and pans right"
    assert (
        describe_moves(parse_moves("zoom out, pan right, tilt up")) == "the camera zooms out, pans right and tilts up"
    )
    assert describe_moves(()) == ""


def test_every_kind_has_all_that_is_known_of_kinds() -> None:
    for table in (DIRECTIONS, UNITS, DEFAULT_AMOUNTS, LARGEST, VERBS):
        assert list(table) == list(get_args(MoveKind))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("push in 1m", "dolly in 1m"),
        ("pull out", "dolly out"),
        ("pull back 30cm", "dolly out 0.3m"),
        ("dolly forward 2 metres", "dolly in 2m"),
        ("crane up 2m", "pedestal up 2m"),
        ("boom down", "pedestal down"),
        ("track left 1m", "truck left 1m"),
        ("track forward 1m", "dolly in 1m"),
        ("arc right 40° around the subject", "orbit right 40deg"),
        ("orbits left around it", "orbit left"),
        ("camera shake 2deg", "handheld 2deg"),
        ("handheld camera", "handheld"),
        ("with a handheld camera", "handheld"),
        ("shaky camera", "handheld"),
        ("roll ccw 10deg", "roll counterclockwise 10deg"),
        ("The camera is panning left", "pan left"),
        ("pan to the left by 20 degrees", "pan left 20deg"),
        ("panning left while tilting upwards", "pan left, tilt up"),
        ("zoom in 2×", "zoom in 2x"),
        ("pan left 1-3s", "pan left from 1s to 3s"),
        ("pan left from 1 until 3 seconds", "pan left from 1s to 3s"),
        ("pan left from 1s over 2s", "pan left from 1s to 3s"),
        ("pan left for 2s ease in 10deg", "pan left 10deg to 2s ease in"),
        ("pan left ease in and out", "pan left ease"),
        ("pan left ease in-out, tilt up ease out", "pan left ease, tilt up ease out"),
        ("the handheld camera pans left", "handheld, pan left"),
    ],
)
def test_film_peoples_words_mean_the_same(text: str, plain: str) -> None:
    assert parse_moves(text) == parse_moves(plain) != ()


def test_an_orbits_distance_and_a_hands_seed_are_read() -> None:
    assert parse_moves("orbit left 30deg at 2.5m, handheld 0.5deg seed 7") == (
        Move(kind="orbit", amount=-30, distance=2.5),
        Move(kind="handheld", amount=0.5, seed=7),
    )


def test_a_handheld_camera_is_said_of_the_camera() -> None:
    assert describe_moves(parse_moves("orbit left")) == "the camera orbits left"
    assert describe_moves(parse_moves("handheld")) == "the handheld camera shakes"
    both = parse_moves("handheld, pan left, zoom in")
    assert describe_moves(both) == "the handheld camera pans left and zooms in"
    assert parse_moves(describe_moves(both)) == both


@pytest.mark.parametrize(
    "text", ["pan left", "Dolly in 2m", "the camera pans left", "camera wiggles", "pan left 20 apples", "handheld"]
)
def test_words_meant_as_moves_are_known(text: str) -> None:
    assert is_move(text)


@pytest.mark.parametrize(
    "text",
    ["a ball rolls", "pull back the curtain", "rolls of thunder", "tilt", "a camera falls", "track 3 riders", ""],
)
def test_words_of_a_story_are_no_moves(text: str) -> None:
    assert not is_move(text)
