"""When a job will begin and end, from what waits before it and how fast the workers have been."""

import bisect
import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import sqlalchemy as sa
from sqlalchemy import func, select

from vitascope.serve.database import Database, jobs, workers
from vitascope.serve.jobs import QUEUED, RUNNING, Job

ALIVE = 60.0  # seconds since a worker was last seen, up to which it counts
LEARNS = 0.3  # how much the newest job weighs in a worker's speed


@dataclass(frozen=True)
class Waiting:
    """A key's waiting jobs: how many, what they cost together, and the shortest wait that one was promised."""

    count: int
    cost: float
    wait: float


@dataclass(frozen=True)
class Queue:
    """What waits and runs, as it was a moment ago. Costs are guessed seconds on two cores."""

    waiting: Mapping[str, Waiting]  # by key
    left: float  # cost of what runs
    workers: int
    speed: float  # cost that all workers together do in a second

    def before(self, key: str, wait: float, ahead: int, cost: float) -> tuple[int, float]:
        """How many jobs, and what cost, go before one of a key that has so many of its own, of that cost, ahead.

        The keys take turns, each the oftener the shorter its wait: of another key as many jobs go before as the key
        has turns, or that many times more as its wait is shorter, as far as it has them."""
        number, total = ahead, cost
        for other, there in self.waiting.items():
            if other != key and there.count:
                turns = min(there.count, math.ceil((ahead + 1) * max(1.0, wait / there.wait)))
                number, total = number + turns, total + there.cost * turns / there.count
        return number, total

    @property
    def each(self) -> float:
        """The speed of one worker."""
        return self.speed / max(1, self.workers)

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
    """Looks at the queue, and at the waiting jobs of a key, at most once in `fresh` seconds, however often it is
    asked."""

    def __init__(self, database: Database, fresh: float = 1.0) -> None:
        self.database, self.fresh = database, fresh
        self._lock = threading.Lock()
        self._seen = -1e9
        self._queue = Queue({}, 0.0, 0, 1.0)
        self._lines: dict[str, _Line] = {}

    def queue(self) -> Queue:
        with self._lock:
            if time.monotonic() - self._seen > self.fresh:
                self._queue, self._seen = self._look(), time.monotonic()
                self._lines = {}
            return self._queue

    def of(self, job: Job) -> Expected | None:
        """None for a job that has ended."""
        queue = self.queue()
        if job.state == "running":
            return Expected(0, 0.0, job.cost * (1 - job.share) / queue.each)
        if job.state != "queued":
            return None
        ahead, cost = self._line(job.key).before(job.id)
        place, total = queue.before(job.key, job.wait, ahead, cost)
        begins = max(queue.seconds(total), cost / queue.each / job.most) if total or queue.left else 0.0
        return Expected(place, begins, begins + job.cost / queue.each)

    def as_first(self, key: str, wait: float) -> float:
        """Seconds that a job of a key with this wait waits from when it is the key's first: each other key's turn
        comes before it."""
        queue = self.queue()
        return queue.seconds(queue.before(key, wait, 0, 0.0)[1])

    def _line(self, key: str) -> "_Line":
        with self._lock:
            line = self._lines.get(key)
            if line is None:
                query = select(jobs.c.id, jobs.c.cost).where(jobs.c.key == key, QUEUED).order_by(jobs.c.id)
                with self.database.reading() as connection:
                    rows = connection.execute(query).all()
                line = _Line([row[0] for row in rows], list(accumulate((row[1] for row in rows), initial=0.0)))
                self._lines[key] = line
            return line

    def _look(self) -> Queue:
        with self.database.reading() as connection:
            waiting = connection.execute(
                select(jobs.c.key, func.count(), func.sum(jobs.c.cost), func.min(jobs.c.wait))
                .where(QUEUED)
                .group_by(jobs.c.key)
            ).all()
            left = connection.execute(
                select(func.coalesce(func.sum(jobs.c.cost * (1 - jobs.c.share)), 0.0)).where(RUNNING)
            ).scalar_one()
            seen = connection.execute(select(workers.c.speed, workers.c.seen)).all()
        # One that has done nothing yet is as fast as the others are, or those before it were.
        known = [speed for speed, _ in seen if speed]
        usual = sum(known) / len(known) if known else 1.0
        speeds = [speed or usual for speed, at in seen if at > time.time() - ALIVE]
        found = {key: Waiting(count, cost, wait) for key, count, cost, wait in waiting}
        return Queue(found, left, len(speeds), max(sum(speeds) or usual, 1e-6))


@dataclass(frozen=True)
class _Line:
    """A key's waiting jobs in their order, and what those before each cost together."""

    ids: Sequence[str]
    costs: Sequence[float]

    def before(self, id: str) -> tuple[int, float]:
        place = bisect.bisect_left(self.ids, id)
        return place, self.costs[place]


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
