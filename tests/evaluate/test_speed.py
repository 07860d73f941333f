"""What is timed adds up, and what is counted is what the network does."""

from pathlib import Path

import pytest

from vitascope.evaluate import speed
from vitascope.evaluate.speed import Course, Timed, metrics_of
from vitascope.evaluate.suite import Studio
from vitascope.shot.shot import Shot

SHORT = Shot(text="a red ball", size=(144, 80), seconds=1.0, fps=12.0, steps=1)


def test_stages_are_told_apart_and_the_time_after_the_last_call_is_decoding() -> None:
    marks = [("load", 0, 0.0, 0), ("sample", 0, 1.0, 0), ("sample", 1, 3.0, 10), ("finish", 0, 3.5, 10)]
    course = Course(marks=[*marks, ("done", 1, 4.0, 10)])
    assert course.seconds() == {"load": 1.0, "sample": 2.0, "decode": 0.5, "finish": 0.5}
    assert course.arithmetic() == {"sample": 10}


def test_numbers_follow_from_the_times() -> None:
    runs = tuple({"text": 0.5, "sample": seconds, "write": 0.5} for seconds in (2.0, 3.0, 4.0))
    found = metrics_of(Timed(SHORT, runs, {"sample": 600}, (400.0, 400.0, 400.0)), 0.25)
    assert found["fps"].value == 4.0 and found["sampling_seconds"].value == 3.0
    assert found["latency_seconds"].value == 4.0 and found["load_seconds"].value == 0.25
    assert found["share_of_peak"].value == found["sample_share_of_peak"].value == 0.5
    assert (found["fps"].low, found["fps"].high) == (3.0, 6.0)


@pytest.fixture(scope="module")
def studio(tiny_weights: Path) -> Studio:
    return Studio.of(tiny_weights)


def test_a_film_is_timed_from_its_words_to_its_file(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SMALL", SHORT)
    monkeypatch.setattr(speed, "RUNS", 1)
    outcome = speed.measure(studio, quick=True)
    told = {name: one.value for name, one in outcome.metrics.items()}
    assert all(value > 0 for value in told.values())
    assert told["latency_seconds"] >= told["sampling_seconds"] + told["write_seconds"]
    assert told["fps"] == pytest.approx(12 / told["sampling_seconds"])
    assert 0 < told["share_of_peak"] < 1.5
    assert outcome.tables[0].rows and outcome.details["threads"] >= 1
    assert speed.STEPPED[1] + "_seconds" not in told  # nothing is refined at this size


def test_twice_the_steps_are_twice_the_arithmetic(studio: Studio, tmp_path: Path) -> None:
    once, twice = (
        speed.arithmetic(studio, SHORT.with_(steps=steps), tmp_path / "film.mp4")["sample"] for steps in (2, 4)
    )
    assert twice == pytest.approx(2 * once, rel=0.35) and twice > 1.4 * once
