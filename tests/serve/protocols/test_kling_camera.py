"""Kling's axes and presets are camera moves whose directions and amounts are those of its documents."""

from typing import Any

import pytest

from vitascope.serve.problem import Problem
from vitascope.serve.protocols.kling_camera import moves_of
from vitascope.shot.moves import DEFAULT_AMOUNTS, LARGEST


def simple(**config: float) -> dict[str, Any]:
    return {
        "type": "simple",
        "config": {"horizontal": 0, "vertical": 0, "pan": 0, "tilt": 0, "roll": 0, "zoom": 0} | config,
    }


@pytest.mark.parametrize(
    ("axis", "kind", "direction"),
    [
        ("horizontal", "truck", "right"), ("vertical", "pedestal", "up"), ("pan", "pan", "right"),
        ("tilt", "tilt", "up"), ("roll", "roll", "clockwise"), ("zoom", "zoom", "out"),
    ],
)  # fmt: skip
def test_an_axis_is_a_move_with_its_usual_amount_at_five(axis: str, kind: Any, direction: str) -> None:
    [half], [full], [back] = (moves_of(simple(**{axis: value}), 5.0) for value in (5, 10, -2.5))
    assert (half.kind, half.direction, half.start, half.end) == (kind, direction, None, None)
    size = 1 / half.amount if kind == "zoom" else half.amount
    assert size == pytest.approx(DEFAULT_AMOUNTS[kind])
    assert full.amount == pytest.approx(half.amount**2 if kind == "zoom" else 2 * half.amount)
    assert back.direction != direction and LARGEST[kind] >= abs(full.amount)


@pytest.mark.parametrize(
    ("preset", "moves"),
    [
        ("down_back", [("pedestal", "down"), ("dolly", "out")]),
        ("forward_up", [("dolly", "in"), ("pedestal", "up")]),
        ("right_turn_forward", [("pan", "right"), ("dolly", "in")]),
        ("left_turn_forward", [("pan", "left"), ("dolly", "in")]),
    ],
)
def test_a_preset_is_two_moves(preset: str, moves: list[tuple[str, str]]) -> None:
    found = moves_of({"type": preset}, 4.0)
    assert [(move.kind, move.direction) for move in found] == moves
    if "turn" in preset:  # first it turns, then it goes there
        assert (found[0].end, found[1].start) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("control", "why"),
    [
        (simple(), "exactly one value that is not 0, but had 0"),
        (simple(pan=1, tilt=1), "exactly one"),
        (simple(pan=10.5), "-10 to 10"),
        (simple(pan=float("nan")), "-10 to 10"),
        ({"type": "simple", "config": {"dolly": 1}}, "not known"),
        ({"type": "simple"}, "config"),
        ({"type": "forward_up", "config": {"pan": 1}}, "belongs to the type simple"),
        ({"type": "spin"}, "should be one of"),
        ([], "object"),
    ],
)
def test_what_is_no_move_is_refused(control: Any, why: str) -> None:
    with pytest.raises(Problem, match=why) as caught:
        moves_of(control, 5.0)
    assert caught.value.field == "camera_control"
