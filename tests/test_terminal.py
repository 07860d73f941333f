"""What is left is foretold from what was measured."""

import pytest

from vitascope.terminal import Forecast


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def run(forecast: Forecast, clock: Clock, stage: str, steps: int, seconds: float, first: int = 0) -> None:
    for done in range(first, steps + 1):
        clock.now += 0.0 if done == first else seconds
        forecast.report(stage, done, steps)


def test_nothing_is_foretold_before_anything_was_measured() -> None:
    forecast = Forecast(Clock())
    forecast.begin({"sample": 10.0, "write": 30.0})
    forecast.report("load", 0, 1)
    assert forecast.left is None


def test_stages_that_have_not_begun_take_their_share_at_the_pace_so_far() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.begin({"sample": 10.0, "write": 30.0})
    run(forecast, clock, "sample", 10, 2.0)  # twice as long as its share says
    assert forecast.left == pytest.approx(60.0)
    forecast.report("write", 0, 5)
    clock.now += 4.0
    forecast.report("write", 1, 5)  # and now its own pace is known
    assert forecast.left == pytest.approx(16.0)


def test_two_stages_may_take_turns() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.begin({"sample": 8.0, "refine": 4.0})
    for window in range(2):
        for stage, each in (("sample", 1.0), ("refine", 3.0)):
            for done in range(5):
                clock.now += each if done else 0.0
                forecast.report(stage, 4 * window + done, 8)
        assert forecast.left == pytest.approx(16.0 * (1 - window))


def test_what_was_there_before_is_not_taken_for_work_of_now() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.begin({"sample": 10.0})
    run(forecast, clock, "sample", 10, 2.0, first=7)
    forecast.begin({"sample": 10.0})
    assert forecast.left == pytest.approx(20.0)


def test_further_takes_count() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.begin({"sample": 10.0}, after=2)
    run(forecast, clock, "sample", 10, 1.0)
    assert forecast.left == pytest.approx(20.0)
