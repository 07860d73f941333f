"""Choosing suites, running them, and what is left of a run that breaks off."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from vitascope.evaluate import suites
from vitascope.evaluate.suite import Metric, Outcome, Studio, fitted_slope, mean
from vitascope.evaluate.suites import EvaluationError


def test_suites_are_chosen_by_name_in_the_order_of_the_report() -> None:
    assert suites.chosen(None) == tuple(suites.SUITES)
    assert suites.chosen("speed, camera") == ("camera", "speed")
    with pytest.raises(EvaluationError, match="suite: 'cameras' was given; there are adherence, camera"):
        suites.chosen("camera,cameras")


def test_every_suite_is_there_and_can_measure() -> None:
    import importlib

    for name in suites.SUITES:
        assert callable(importlib.import_module(f"vitascope.evaluate.{name}").measure), name


def test_a_run_writes_what_it_found_even_if_it_breaks_off(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def good(studio: Studio, quick: bool) -> Outcome:
        assert studio.name == tiny_weights.name and quick
        return Outcome({"value": Metric(1 / 3, 0.0, 1.0, None, 0.25, "share")}, details={"seen": 3})

    def bad(studio: Studio, quick: bool) -> Outcome:
        raise RuntimeError("broken off")

    for name, measure in (("camera", good), ("tracks", bad)):
        module = ModuleType(name)
        module.measure = measure  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"vitascope.evaluate.{name}", module)
    told: list[str] = []
    with pytest.raises(RuntimeError):
        suites.evaluate(["camera", "tracks"], tmp_path / "out", weights=tiny_weights, quick=True, told=told.append)
    assert told == ["camera", "tracks"]
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    wanted = {"value": 0.33333, "low": 0.0, "high": 1.0, "ceiling": None, "baseline": 0.25, "unit": "share"}
    assert report["suites"] == {"camera": {"value": wanted}}
    assert report["details"] == {"camera": {"seen": 3}} and report["seconds"]["camera"] >= 0
    assert (tmp_path / "out" / "index.html").is_file()


def test_what_cannot_be_written_is_said(tiny_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(EvaluationError, match="cannot be written"):
        suites.write({"seconds": {}}, {}, tmp_path / "out")


def test_means_and_slopes_have_intervals_that_hold_them() -> None:
    value, low, high = mean([1.0, 2.0, 3.0, 4.0])
    assert value == 2.5 and 1.0 <= low < 2.5 < high <= 4.0
    assert mean([2.0, 2.0]) == (2.0, 2.0, 2.0)
    slope, low, high, r2 = fitted_slope([-2, -1, 1, 2], [-1.1, -0.4, 0.5, 1.0])
    assert low <= slope <= high and slope == pytest.approx(0.51, abs=1e-6) and 0.98 < r2 < 1
    assert fitted_slope([1, 2, 3], [0, 0, 0])[0] == 0
    assert fitted_slope([-1, 1], [1, -1])[0] == -1
