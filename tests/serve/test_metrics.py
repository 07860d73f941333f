"""What an operator watches, in Prometheus' own form."""

import threading
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from vitascope.serve import forecast
from vitascope.serve.database import Database
from vitascope.serve.job import New
from vitascope.serve.jobs import Jobs
from vitascope.serve.metrics import Metrics, tally


def shown(database: Database) -> dict[tuple[str, str], float]:
    """The value of each metric, by its name and its label's value."""
    families = text_string_to_metric_families(Metrics(database).page().decode())
    return {(s.name, next(iter(s.labels.values()), "")): s.value for family in families for s in family.samples}


def test_the_queue_is_shown_by_state(database: Database, newly: Callable[..., New]) -> None:
    queue = Jobs(database)
    for _ in range(3):
        queue.put(newly())
    queue.claim("w", 30.0)
    forecast.report(database, "w", None)
    found = shown(database)
    assert [found["vitascope_jobs", state] for state in ("queued", "running", "done")] == [2, 1, 0]
    assert found["vitascope_workers", ""] == 1
    assert 0 <= found["vitascope_longest_wait_seconds", ""] < 60


def test_what_workers_measured_is_added_up(database: Database) -> None:
    tally(database, "stage", {"sample": 2.0, "write": 0.5})
    tally(database, "stage", {"sample": 3.0})
    tally(database, "wait", {"": 7.0})
    tally(database, "failure", {"media": 0.0})
    found = shown(database)
    assert found["vitascope_stage_seconds_sum", "sample"] == 5 and found["vitascope_stage_seconds_count", "sample"] == 2
    assert found["vitascope_wait_seconds_sum", ""] == 7 and found["vitascope_failures_total", "media"] == 1


def test_none_is_lost_when_many_count_at_once(database: Database) -> None:
    threads = [
        threading.Thread(target=lambda: [tally(database, "stage", {"b": 1.0, "a": 1.0}) for _ in range(5)])
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = shown(database)
    assert found["vitascope_stage_seconds_count", "a"] == found["vitascope_stage_seconds_count", "b"] == 25
