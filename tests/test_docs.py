"""The documents keep up: every command and every camera move is named in them, and no option that does not exist."""

import re
from pathlib import Path
from typing import get_args

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from vitascope.cli import app
from vitascope.shot.camera import MoveKind

ROOT = Path(__file__).resolve().parent.parent
GROUP = get_command(app)
assert isinstance(GROUP, TyperGroup)
COMMANDS = GROUP.commands


def documents() -> str:
    """What a user reads. The design is a plan and names what does not exist yet, so it does not count."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.name != "design.md" and path.exists())


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"\bvitascope {command}\b", documents()), f"say in README.md what `vitascope {command}` does"


@pytest.mark.parametrize("kind", get_args(MoveKind))
def test_every_camera_move_is_documented(kind: str) -> None:
    assert re.search(rf"\b{kind}\b", documents()), f"say in README.md that the camera can {kind}"


@pytest.mark.parametrize(
    "option", sorted({option for parameter in COMMANDS["make"].params for option in parameter.opts})
)
def test_every_option_of_make_is_documented(option: str) -> None:
    if option.startswith("-"):
        assert re.search(rf"{option}(?![\w-])", documents()), f"say in README.md what `vitascope make {option}` does"


def test_documented_options_exist() -> None:
    for command, rest in re.findall(r"\bvitascope (\w+)((?:\\\n|[^\n`])*)", documents()):
        if command not in COMMANDS:
            continue
        within = getattr(COMMANDS[command], "commands", {}).values()  # of a group, such as keys
        parameters = [parameter for one in (COMMANDS[command], *within) for parameter in one.params]
        known = {option for parameter in parameters for option in parameter.opts}
        used = set(re.findall(r"(?<=\s)--[a-z][a-z-]*", rest))
        assert used <= known | {"--help"}, f"`vitascope {command}` has no {', '.join(sorted(used - known))}"
