"""Kling's camera: one of six axes from -10 to 10, or one of four presets, as moves in degrees and metres.

5 of an axis is the move's usual amount, 10 is twice that: 40 degrees of pan, 24 of tilt, 30 of roll, 2 m to the side,
1 m up, and 2.25 times the focal length. What English and Chinese documents say of pan and tilt contradicts each other;
here pan is left and right and tilt up and down, which is what the words mean.
"""

from collections.abc import Mapping
from typing import Any

from vitascope.serve.problem import Problem
from vitascope.shot.moves import DEFAULT_AMOUNTS, Move, MoveKind

AXES: dict[str, MoveKind] = {
    "horizontal": "truck", "vertical": "pedestal", "pan": "pan", "tilt": "tilt", "roll": "roll", "zoom": "zoom",
}  # fmt: skip
USUAL = 5.0  # of an axis
MOST = 10.0
PRESETS = ("down_back", "forward_up", "right_turn_forward", "left_turn_forward")
TYPES = ("simple", *PRESETS)


def moves_of(control: Any, seconds: float) -> tuple[Move, ...]:
    """The moves that a request's camera_control asks for in a shot of this length. Raises Problem."""
    if not isinstance(control, Mapping):
        raise _problem("should be an object with type and config")
    kind, config = control.get("type", "simple"), control.get("config")
    if kind not in TYPES:
        raise _problem(f".type should be one of {', '.join(TYPES)}, but was {str(kind)[:40]!r}")
    if kind == "simple":
        return (_simple(config),)
    if config not in (None, {}):
        raise _problem(f".config belongs to the type simple, and was given for {kind}")
    return _preset(kind, seconds)


def _simple(config: Any) -> Move:
    if not isinstance(config, Mapping):
        raise _problem(f".config should have one of {', '.join(AXES)} for the type simple")
    if unknown := next((name for name in config if name not in AXES), None):
        raise _problem(f".config.{str(unknown)[:40]} is not known; there are {', '.join(AXES)}")
    given = {name: _amount(name, value) for name, value in config.items() if value is not None}
    turned = {name: value for name, value in given.items() if value != 0}
    if len(turned) != 1:
        raise _problem(f".config should have exactly one value that is not 0, but had {len(turned)}")
    [(name, value)] = turned.items()
    kind = AXES[name]
    share = value / USUAL
    # A positive zoom shows more: the focal length becomes shorter.
    amount = DEFAULT_AMOUNTS[kind] ** -share if kind == "zoom" else DEFAULT_AMOUNTS[kind] * share
    return Move(kind=kind, amount=amount)


def _amount(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST <= value <= MOST:
        raise _problem(f".config.{name} should be a number from -10 to 10, but was {str(value)[:40]}")
    return float(value)


def _preset(kind: str, seconds: float) -> tuple[Move, ...]:
    if kind == "down_back":
        return Move.towards("pedestal", "down"), Move.towards("dolly", "out")
    if kind == "forward_up":
        return Move.towards("dolly", "in"), Move.towards("pedestal", "up")
    turn = Move.towards("pan", "right" if kind == "right_turn_forward" else "left", end=seconds / 2)
    return turn, Move.towards("dolly", "in", start=seconds / 2)


def _problem(message: str) -> Problem:
    space = "" if message.startswith(".") else " "
    return Problem("invalid", f"camera_control{space}{message}", "camera_control")
