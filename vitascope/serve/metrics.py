"""What an operator watches: the queue, waits, seconds of each stage and failures, as Prometheus reads them."""

import time
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from sqlalchemy import func, select

from vitascope.serve.database import Database, jobs, tallies, workers
from vitascope.serve.forecast import ALIVE
from vitascope.serve.jobs import QUEUED, RUNNING


def tally(database: Database, name: str, seconds: Mapping[str, float]) -> None:
    """Count something once for each label, with its seconds."""
    with database.writing() as connection:
        for label, took in sorted(seconds.items()):  # in one order: two that count the same do not wait for each other
            connection.execute(_TALLY, {"name": name, "label": label, "took": took})


_TALLY = sa.text("""
    INSERT INTO tallies (name, label, count, total) VALUES (:name, :label, 1, :took)
    ON CONFLICT (name, label) DO UPDATE SET count = tallies.count + 1, total = tallies.total + excluded.total
""")


class Metrics:
    """Reads the database whenever it is looked at: all servers of a database show the same."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def page(self) -> bytes:
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        now = time.time()
        with self.database.reading() as connection:
            states = [  # each from an index of its own
                row
                for which in (QUEUED, RUNNING, jobs.c.ended.is_not(None))
                for row in connection.execute(select(jobs.c.state, func.count()).where(which).group_by(jobs.c.state))
            ]
            oldest = connection.execute(
                select(func.min(jobs.c.first)).where(QUEUED, jobs.c.first.is_not(None))
            ).scalar_one()  # fmt: skip
            alive = connection.execute(
                select(func.count()).select_from(workers).where(workers.c.seen > now - ALIVE)
            ).scalar_one()
            counted = connection.execute(select(tallies)).mappings().all()
        found = dict.fromkeys(("queued", "running", "done", "failed", "cancelled"), 0) | dict(map(tuple, states))
        depth = GaugeMetricFamily("vitascope_jobs", "Jobs that are kept, by their state.", labels=["state"])
        for state, count in found.items():
            depth.add_metric([state], count)
        yield depth
        yield GaugeMetricFamily("vitascope_workers", "Workers that were seen in the last minute.", alive)
        longest = 0.0 if oldest is None else now - oldest
        yield GaugeMetricFamily("vitascope_longest_wait_seconds", "Of the first waiting job of any key.", longest)
        waits = SummaryMetricFamily("vitascope_wait_seconds", "From being put to being begun.")
        stages = SummaryMetricFamily("vitascope_stage_seconds", "Of each stage of a job.", labels=["stage"])
        failures = CounterMetricFamily("vitascope_failures", "Jobs that failed, by why.", labels=["code"])
        for row in counted:
            if row["name"] == "wait":
                waits.add_metric([], row["count"], row["total"])
            elif row["name"] == "stage":
                stages.add_metric([row["label"]], row["count"], row["total"])
            elif row["name"] == "failure":
                failures.add_metric([row["label"]], row["count"])
        yield from (waits, stages, failures)
