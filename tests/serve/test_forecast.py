"""What to expect: from what waits and runs, and from how fast the workers have been."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from vitascope.serve import forecast
from vitascope.serve.database import Database, workers
from vitascope.serve.forecast import Forecast, Queue, Waiting
from vitascope.serve.job import Job, New
from vitascope.serve.jobs import Jobs
from vitascope.serve.settings import TIERS

Newly = Callable[..., New]


@pytest.fixture
def queue(database: Database) -> Jobs:
    return Jobs(database)


def looked(database: Database) -> Forecast:
    return Forecast(database, fresh=0.0)


def begins(database: Database, job: Job) -> float:
    found = looked(database).of(job)
    assert found is not None
    return found.begins


def test_the_keys_take_turns() -> None:
    queue = Queue({"a": Waiting(10, 20.0, 900), "b": Waiting(2, 8.0, 900)}, left=3.0, workers=1, speed=2.0)
    assert queue.before("c", 900, 0, 0.0) == (2, 2.0 + 4.0)
    assert queue.before("c", 900, 4, 5.0) == (4 + 5 + 2, 5.0 + 10.0 + 8.0)
    assert queue.seconds(7.0) == 5.0


def test_a_key_with_a_longer_wait_has_fewer_turns() -> None:
    queue = Queue({"a": Waiting(100, 100.0, 120)}, left=0.0, workers=1, speed=1.0)
    assert queue.before("free", 3600, 0, 0.0) == (30, 30.0)
    assert queue.before("first", 60, 0, 0.0) == (1, 1.0)


def test_a_job_begins_after_those_ahead_of_it(database: Database, queue: Jobs, newly: Newly) -> None:
    forecast.report(database, "w", None, 2.0)
    put = [queue.put(newly(cost=4.0)) for _ in range(3)]
    assert [begins(database, job) for job in put] == [0.0, 2.0, 4.0]
    expected = looked(database).of(put[2])
    assert expected is not None and (expected.place, expected.ends) == (2, 6.0)


def test_a_key_that_may_run_one_job_has_one_worker(database: Database, queue: Jobs, newly: Newly) -> None:
    for name in ("v", "w"):
        forecast.report(database, name, None, 1.0)
    alone = replace(TIERS["usual"], running=1)
    put = [queue.put(newly(cost=4.0, tier=alone)) for _ in range(3)]
    assert begins(database, put[2]) == 8.0


def test_what_runs_is_counted_by_what_is_left_of_it(database: Database, queue: Jobs, newly: Newly) -> None:
    forecast.report(database, "w", None, 1.0)
    running = queue.put(newly("bert", cost=10.0))
    waiting = queue.put(newly(cost=1.0))
    queue.claim("w", 30.0)
    queue.beat(running.id, "w", 30.0, "sample", 0.75)
    assert begins(database, waiting) == pytest.approx(2.5)
    now = queue.get(running.id)
    assert now is not None
    expected = looked(database).of(now)
    assert expected is not None and (expected.place, expected.begins, expected.ends) == (0, 0.0, pytest.approx(2.5))


def test_nothing_is_expected_of_what_has_ended(database: Database, queue: Jobs, newly: Newly) -> None:
    ended = queue.cancel(queue.put(newly()).id)
    assert ended is not None and looked(database).of(ended) is None


def test_speeds_are_learned_and_outlive_their_worker(database: Database) -> None:
    forecast.report(database, "w", None, 4.0)
    forecast.report(database, "w", None, 2.0)
    assert looked(database).queue().speed == pytest.approx(4 + forecast.LEARNS * (2 - 4))
    with database.writing() as connection:
        connection.execute(sa.update(workers).values(seen=workers.c.seen - 2 * forecast.ALIVE))
    assert looked(database).queue().workers == 0
    forecast.report(database, "new", None)
    assert (looked(database).queue().workers, looked(database).queue().speed) == (1, pytest.approx(3.4))


def test_who_leaves_counts_no_more(database: Database) -> None:
    for name in ("v", "w"):
        forecast.report(database, name, None, 1.0)
    forecast.leave(database, "v")
    assert (looked(database).queue().workers, looked(database).queue().speed) == (1, 1.0)


def test_the_first_of_a_key_waits_for_one_of_each_other(database: Database, queue: Jobs, newly: Newly) -> None:
    forecast.report(database, "w", None, 1.0)
    for _ in range(20):
        queue.put(newly("flood", cost=3.0))
    queue.put(newly("bert", cost=5.0))
    assert looked(database).as_first("anna", TIERS["usual"].wait) == 8.0
    assert looked(database).as_first("flood", TIERS["usual"].wait) == 5.0


def test_the_queue_is_looked_at_once_however_often_it_is_asked(
    database: Database, queue: Jobs, newly: Newly, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, asked = queue.put(newly()), Forecast(database, fresh=60.0)
    asked.of(job)
    reads: list[Any] = []
    monkeypatch.setattr(database, "reading", lambda: reads.append(1))
    for _ in range(50):
        asked.of(job)
    assert not reads
