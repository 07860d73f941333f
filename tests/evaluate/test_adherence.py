"""The measurement counts rightly: near perfect on true renders, no better than guessing on grey clips."""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from vitascope.evaluate import adherence
from vitascope.evaluate.adherence import QUICK, AdherenceError, Frames
from vitascope.evaluate.critic import PAIR, SIZE
from vitascope.evaluate.prompts import LATER, PROMPTS, LaterPrompt, Prompt
from vitascope.model.card import WEIGHTS
from vitascope.model.checkpoint import CheckpointError
from vitascope.shot.shot import Shot

FEW = (*QUICK[:8], *QUICK[12:16])


def test_wilson_interval_is_the_known_one() -> None:
    low, high = adherence.wilson(8, 10)  # Brown, Cai & DasGupta 2001
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert adherence.wilson(0, 10)[0] == 0.0
    assert adherence.wilson(10, 10)[1] == 1.0


def test_value_ceiling_and_baseline_are_counted_apart() -> None:
    wanted = [prompt.answer for prompt in PROMPTS[:3]]  # green, red and blue
    white = {**wanted[0], "colour": "white"}
    true = [wanted[0], white, wanted[1], wanted[1], white, white]
    metric = adherence.scores(wanted, [wanted[0], wanted[0], white], true)["colour"]
    assert metric.value == round(1 / 3, 4)
    assert metric.ceiling == 0.5
    assert metric.baseline == round(1 / 6, 4)  # of six clips held against other prompts, one green
    assert metric.low < metric.value < metric.high


def test_only_prompts_that_ask_for_it_count() -> None:
    wanted = [PROMPTS[0].answer, PROMPTS[40].answer]
    metrics = adherence.scores(wanted, [wanted[0] | {"camera": "still", "material": "wood"}, wanted[1]], wanted)
    assert metrics["camera"].value == metrics["material"].value == 1.0
    assert metrics["camera"].baseline is None  # no other prompt asks for it
    assert "count" not in metrics


def test_a_red_cube_and_a_blue_ball_are_not_a_blue_cube_and_a_red_ball() -> None:
    wanted = [LATER[0].answer]
    swapped = {**wanted[0], PAIR: "green ball and red cube"}
    assert adherence.scores(wanted, wanted, wanted)["two-object binding"].value == 1.0
    assert adherence.scores(wanted, [swapped], wanted)["two-object binding"].value == 0.0


rendered = functools.cache(adherence.render)  # tests look at the same


def renders(shots: Sequence[Shot]) -> Frames:
    """Stands in for a network that makes exactly what was asked."""
    known: dict[str | None, Prompt | LaterPrompt] = {prompt.text: prompt for prompt in PROMPTS + LATER}
    return np.stack([rendered(known[shot.text], 9) for shot in shots])


def studio(frames: npt.NDArray[np.uint8] | None = None) -> Any:
    """A studio whose network draws true renders, or always the same frames."""

    def draw(shots: Sequence[Shot]) -> list[Frames]:
        return list(renders(shots)) if frames is None else [frames] * len(shots)

    return SimpleNamespace(draw=draw, card=SimpleNamespace(level=1), name="none")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adherence, "render", rendered)
    monkeypatch.setattr(adherence, "QUICK", FEW)


@pytest.mark.usefixtures("few")
def test_true_renders_score_as_the_ceiling_does() -> None:
    outcome = adherence.measure(studio(), quick=True)
    unread = outcome.details["not measured"]
    assert [name for name in list(adherence.NAMES)[:8] if adherence.NAMES[name][0] not in unread] == list(
        outcome.metrics
    )
    values = {name: metric.value for name, metric in outcome.metrics.items()}
    assert np.mean(list(values.values())) >= 0.85
    assert min(values["colour"], values["place"], values["time of day"], values["direction"]) >= 0.8
    assert np.mean([metric.baseline for metric in outcome.metrics.values() if metric.baseline is not None]) <= 0.4
    assert len(outcome.shown) == len(outcome.details["clips"]) == len(FEW)
    assert set(outcome.details["clips"][0]) == {
        *("group", "text", "seed", "asked", "read", "read of the true render"),
    }
    assert "level 1" in outcome.details["note"]
    json.dumps(outcome.details)


@pytest.mark.usefixtures("few")
def test_grey_clips_and_clips_of_one_prompt_score_no_better_than_guessing() -> None:
    grey = np.full((24, SIZE[1], SIZE[0], 3), 128, np.uint8)
    for frames in (grey, rendered(FEW[0], 9)):
        metrics = adherence.measure(studio(frames), quick=True).metrics
        assert np.mean([metric.value for metric in metrics.values()]) < 0.4


def test_the_command_writes_report_and_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adherence, "render", rendered)
    report = adherence.evaluate(None, tmp_path / "new" / "folder", 4, draw=renders)
    assert json.loads((tmp_path / "new" / "folder" / "report.json").read_text()) == report
    assert (tmp_path / "new" / "folder" / "sheet.png").stat().st_size > 10_000
    for values in report["suites"]["adherence"].values():
        assert set(values) == {"value", "low", "high", "ceiling", "baseline", "relative", "unit"}
        assert values["low"] <= values["value"] <= values["high"]


def test_a_wrong_weight_path_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^weights: there is no file .*none.safetensors$"):
        adherence.evaluate(tmp_path / "none.safetensors", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_too_few_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AdherenceError, match="count was 0; at least 1"):
        adherence.evaluate(None, tmp_path, 0, draw=renders)


SHIPPED = WEIGHTS / "small.safetensors"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return adherence.evaluate(None, tmp_path_factory.mktemp("shipped"), 40)["suites"]["adherence"]  # type: ignore[no-any-return]


@pytest.mark.slow
def test_of_forty_prompts_colour_object_and_place_are_read_nearly_as_often_as_in_true_renders(
    shipped: dict[str, Any],
) -> None:
    read = ("colour", "object", "place")
    value, ceiling = (sum(shipped[name][key] for name in read) for key in ("value", "ceiling"))
    assert value >= 0.8 * ceiling


@pytest.mark.slow
@pytest.mark.parametrize("attribute", ["colour", "place", "time of day"])
def test_the_shipped_network_gets_colour_place_and_hour_right(shipped: dict[str, Any], attribute: str) -> None:
    assert shipped[attribute]["relative"] >= 0.8


@pytest.mark.slow
def test_the_shipped_network_mostly_gets_directions_right(shipped: dict[str, Any]) -> None:
    assert shipped["direction"]["relative"] >= 0.4
