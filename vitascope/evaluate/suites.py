"""All suites by name, and the run through some of them that ends in report.json and a page to look at."""

import importlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from vitascope import __version__
from vitascope.evaluate import page
from vitascope.evaluate.suite import Metric, Outcome, Studio
from vitascope.shot.shot import Quality

if TYPE_CHECKING:
    from rich.table import Table as RichTable

# What each is about, in the order of the report; a suite is the module of its name with a function `measure`.
SUITES = {
    "adherence": "Is seen what was asked? Unseen prompts, read by a critic that has only ever seen true renders.",
    "camera": "Does the camera move as it was asked to? Each move fitted to the frames, asked against done.",
    "tracks": "Does what was asked to move go along its path? End-point error as a share of the picture's width.",
    "pins": "Do known pictures come back, and does the rest go with them?",
    "physics": "Does what falls, bounces, rolls and collides do so as in the world that it learned from?",
    "identity": "Does a thing stay itself from shot to shot?",
    "drift": "Does the picture stay as it is, when a film is extended again and again?",
    "natural": "What becomes of a photograph, when the camera moves over it?",
    "sound": "Is what is heard in time with what is seen, and is it what was asked for?",
    "speed": "How long does it take, stage by stage?",
}


class EvaluationError(ValueError):
    """A measurement that cannot be made as asked."""


def chosen(names: str | None) -> tuple[str, ...]:
    """The suites of a list such as "adherence,camera", in the report's order; all if there is none."""
    if names is None:
        return tuple(SUITES)
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in SUITES:
            raise EvaluationError(f"suite: {name!r} was given; there are {', '.join(SUITES)}")
    return tuple(name for name in SUITES if name in wanted)


def known_quality(name: str) -> Quality:
    """A quality by its name."""
    if name not in get_args(Quality):
        raise EvaluationError(f"quality: {name!r} was given; it can be {' or '.join(get_args(Quality))}")
    return cast(Quality, name)


def evaluate(
    names: Sequence[str],
    out: Path,
    *,
    weights: Path | None = None,
    quick: bool = False,
    quality: Quality = "best",
    told: Callable[[str], None] = lambda name: None,
) -> dict[str, Any]:
    """Run suites on a weight file (the shipped one if none is named) and write out/report.json, out/index.html and the
    clips that the page shows; `told` hears the name of each suite before it begins. Returns the report.

    After each suite what has been found so far is written, so that a run that is broken off leaves its results. Raises
    EvaluationError or CheckpointError with one clear line."""
    studio = Studio.of(weights, quality)
    report: dict[str, Any] = {
        "version": __version__,
        "weights": {"file": studio.name, "training": studio.card.training},
        "quick": quick,
        "quality": quality,
        "suites": {},
        "details": {},
        "seconds": {},
    }
    outcomes: dict[str, Outcome] = {}
    for name in names:
        told(name)
        since = time.perf_counter()
        outcomes[name] = importlib.import_module(f"vitascope.evaluate.{name}").measure(studio, quick)
        report["seconds"][name] = round(time.perf_counter() - since, 1)
        report["suites"][name] = {key: rounded(metric) for key, metric in outcomes[name].metrics.items()}
        report["details"][name] = outcomes[name].details
        write(report, outcomes, out)
    return report


def rounded(metric: Metric) -> dict[str, Any]:
    """A metric as report.json has it, numbers to five digits."""
    return {
        key: float(f"{value:.5g}") if isinstance(value, float | int) else value for key, value in asdict(metric).items()
    }


def table(report: dict[str, Any]) -> "RichTable":
    """All metrics of a report, for a terminal."""
    from rich.table import Table as RichTable

    made = RichTable(title=f"{report['weights']['file']}, {'quick' if report['quick'] else 'full'}")
    for column in ("suite", "metric", "value", "95 %", "ceiling", "baseline", "unit"):
        made.add_column(column, justify="left" if column in ("suite", "metric", "unit") else "right")
    for name, metrics in report["suites"].items():
        for key, metric in metrics.items():
            interval = f"{page.number(metric['low'])} … {page.number(metric['high'])}"
            told = (page.number(metric[one]) for one in ("ceiling", "baseline"))
            made.add_row(name, key, page.number(metric["value"]), interval, *told, metric["unit"])
    return made


def write(report: dict[str, Any], outcomes: dict[str, Outcome], out: Path) -> None:
    """The report's files, as far as it has got."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        page.write(report, outcomes, SUITES, out)
    except OSError as error:
        raise EvaluationError(f"{out} cannot be written ({error.strerror})") from None
