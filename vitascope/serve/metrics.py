"""What an operator watches: the queue, waits, seconds of each stage and failures, as Prometheus reads them."""

import time
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from sqlalchemy import func, select

from vitascope.serve.database import Database, jobs, tallies, workers
from vitascope.serve.forecast import ALIVE


def tally(database: Database, name: str, seconds: Mapping[str, float]) -> None:
    """Count something once for each label, with its seconds."""
    with database.writing() as connection:
        for label, took in seconds.items():
            which = (tallies.c.name == name, tallies.c.label == label)
            changed = connection.execute(
                sa.update(tallies).where(*which).values(count=tallies.c.count + 1, total=tallies.c.total + took)
            )
            if changed.rowcount == 0:
                connection.execute(sa.insert(tallies).values(name=name, label=label, count=1, total=took))


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
            states = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
            oldest = connection.execute(select(func.min(jobs.c.first)).where(jobs.c.state == "queued")).scalar_one()
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
