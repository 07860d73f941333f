"""What negative prompts leave is measured against effects without it."""

from pathlib import Path

import pytest

from vitascope.evaluate import delivery
from vitascope.evaluate.delivery import EVERY_KIND, UNWANTED, unheard
from vitascope.sound.wishes import EVERYTHING


def test_there_is_a_cue_and_a_word_for_each_kind() -> None:
    assert (
        {cue.kind for cue in EVERY_KIND} == set(EVERYTHING) == {kind for kinds in UNWANTED.values() for kind in kinds}
    )


def test_what_is_named_is_gone_and_nothing_else_changes(tmp_path: Path) -> None:
    metrics = unheard(tmp_path, [-100.0])
    kinds = metrics["negative_kinds"]
    assert kinds.value <= -60 < -40 < (kinds.baseline or 0) and metrics["negative_others"].value <= -60


def test_a_prompt_that_is_not_obeyed_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "UNWANTED", {"purple": ("impact",), "footsteps": ("roll",)})
    metrics = unheard(tmp_path, [-100.0])
    assert metrics["negative_kinds"].value > -40 and metrics["negative_others"].value > -60
