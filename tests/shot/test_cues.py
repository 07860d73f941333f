"""A cue sheet comes back as it was written, and says what is wrong with it."""

from pathlib import Path

import pytest

from vitascope.shot.cues import read_cues, write_cues
from vitascope.shot.shot import Cue, ShotError


def test_a_sheet_comes_back_in_the_order_of_time(tmp_path: Path) -> None:
    late = Cue(time=4000.5, kind="roll", seconds=2, materials=("rubber", "grass"), place=(0.1, 0.5), to=(0.9, 0.5))
    early = Cue(time=0.25, kind="impact", strength=0.3, across=0.4)
    write_cues(tmp_path / "cues.json", [late, early])
    assert read_cues(tmp_path / "cues.json") == (early, late)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "cannot read"),
        ("{}", "a list"),
        ("[3]", "number 0"),
        ('[{"time": 1, "kind": "impact"}, {"time": 1, "kind": "bang"}]', "number 1"),
    ],
)
def test_what_is_wrong_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "cues.json").write_text(text)
    with pytest.raises(ShotError, match=told):
        read_cues(tmp_path / "cues.json")


def test_a_sheet_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ShotError, match="cannot write"):
        write_cues(tmp_path / "none" / "cues.json", [])
    assert not list(tmp_path.iterdir())
