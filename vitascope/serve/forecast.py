"""When a job will begin and end, from what waits before it and how fast the workers have been."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import func, select

from vitascope.serve.database import Database, jobs, workers
from vitascope.serve.jobs import Job

ALIVE = 60.0  # seconds since a worker was last seen, up to which it counts
LEARNS = 0.3  # how much the newest job weighs in a worker's speed


@dataclass(frozen=True)
class Queue:
    """What waits and runs, as it was a moment ago. Costs are guessed seconds on two cores."""

    waiting: Mapping[str, tuple[int, float]]  # number and cost of each key's waiting jobs
    left: float  # cost of what runs
    workers: int
    speed: float  # cost that all workers together do in a second

    def before(self, key: str, ahead: int, cost: float) -> tuple[int, float]:
        """How many jobs, and what cost, go before one of a key that has so many of its own, of that cost, ahead: the
        keys take turns, so of each other key as many go before, as far as it has them."""
        number, total = ahead, cost
        for other, (count, costs) in self.waiting.items():
            if other != key and count:
                share = min(count, ahead + 1)
                number, total = number + share, total + costs * share / count
        return number, total

    def seconds(self, cost: float) -> float:
        """How long all workers together take for it, and for what runs now."""
        return (self.left + cost) / self.speed


@dataclass(frozen=True)
class Expected:
    """Of a job that has not ended: how many go before it, and in how many seconds it begins and is there."""

    place: int
    begins: float
    ends: float


class Forecast:
    """Looks at the queue at most once in `fresh` seconds, however often it is asked."""

    def __init__(self, database: Database, fresh: float = 1.0) -> None:
        self.database, self.fresh = database, fresh
        self._lock = threading.Lock()
        self._seen = -1e9
        self._queue = Queue({}, 0.0, 0, 1.0)

    def queue(self) -> Queue:
        with self._lock:
            if time.monotonic() - self._seen > self.fresh:
                self._queue, self._seen = self._look(), time.monotonic()
            return self._queue

    def of(self, job: Job) -> Expected | None:
        """None for a job that has ended."""
        queue = self.queue()
        if job.state == "running":
            left = job.cost * (1 - job.share) / (queue.speed / max(1, queue.workers))
            return Expected(0, 0.0, left)
        if job.state != "queued":
            return None
        with self.database.reading() as connection:
            ahead, cost = connection.execute(
                select(func.count(), func.coalesce(func.sum(jobs.c.cost), 0.0)).where(
                    jobs.c.key == job.key, jobs.c.state == "queued", jobs.c.id < job.id
                )
            ).one()
        return self.next_of(job.key, job.cost, ahead, cost)

    def next_of(self, key: str, cost: float, ahead: int, cost_ahead: float) -> Expected:
        """What to expect of a job of this cost with so many of its own key's ahead of it."""
        queue = self.queue()
        place, total = queue.before(key, ahead, cost_ahead)
        begins = queue.seconds(total) if total or queue.left else 0.0
        return Expected(place, begins, begins + cost / (queue.speed / max(1, queue.workers)))

    def as_first(self, key: str) -> float:
        """Seconds that a job waits from when it is the first of its key's: each other key's turn comes before it."""
        queue = self.queue()
        return queue.seconds(queue.before(key, 0, 0.0)[1])

    def waiting_of(self, key: str) -> tuple[int, float]:
        return self.queue().waiting.get(key, (0, 0.0))

    def _look(self) -> Queue:
        with self.database.reading() as connection:
            waiting = connection.execute(
                select(jobs.c.key, func.count(), func.sum(jobs.c.cost))
                .where(jobs.c.state == "queued")
                .group_by(jobs.c.key)
            ).all()
            left = connection.execute(
                select(func.coalesce(func.sum(jobs.c.cost * (1 - jobs.c.share)), 0.0)).where(jobs.c.state == "running")
            ).scalar_one()
            speeds = connection.execute(
                select(workers.c.speed).where(workers.c.seen > time.time() - ALIVE)
            ).scalars().all()  # fmt: skip
        known = [speed for speed in speeds if speed]
        usual = sum(known) / len(known) if known else 1.0
        total = sum(speed or usual for speed in speeds) if speeds else usual
        return Queue({key: (count, cost) for key, count, cost in waiting}, left, len(speeds), max(total, 1e-6))


def report(database: Database, worker: str, job: str | None, measured: float | None = None) -> None:
    """A worker is alive, on this job; and did a job with this `measured` speed, where it has just ended one."""
    with database.writing() as connection:
        row = connection.execute(select(workers).where(workers.c.id == worker)).mappings().first()
        speed = None if row is None else row["speed"]
        if measured is not None:
            speed = measured if speed is None else speed + LEARNS * (measured - speed)
        values = {"seen": time.time(), "speed": speed, "job": job}
        if row is None:
            connection.execute(sa.insert(workers).values(id=worker, **values))
        else:
            connection.execute(sa.update(workers).where(workers.c.id == worker).values(**values))


def leave(database: Database, worker: str) -> None:
    """A worker has stopped."""
    with database.writing() as connection:
        connection.execute(sa.delete(workers).where(workers.c.id == worker))
