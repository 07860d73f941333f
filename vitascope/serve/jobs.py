"""The queue: jobs that are put, claimed, watched, finished and never lost. No torch, no HTTP."""

import json
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, func, select

from vitascope.serve.database import Database, deliveries, events, jobs
from vitascope.serve.expiry import forget, remember
from vitascope.serve.job import ENDED, Full, Job, New, State, Taken, job_of, new_id, row_of
from vitascope.serve.settings import DAY
from vitascope.serve.work import Result

__all__ = ["ENDED", "Full", "Job", "Jobs", "New", "Taken", "new_id"]

_ID = re.compile(r"[0-9a-f]{32}")
MAX_DEATHS = 3  # of workers, before their job counts as what kills them
# Written out, not bound: else the indexes of waiting and of running jobs alone would not be used.
QUEUED = jobs.c.state == sa.literal_column("'queued'")
RUNNING = jobs.c.state == sa.literal_column("'running'")


class Jobs:
    """The jobs of a database, for who puts and asks (the API) and who makes (the workers).

    Of each key the first waiting job has a clock (`first`), which starts when it may begin: the job that has used the
    largest share of its wait goes next. However many jobs one key has put, the others' first ones use up their waits
    beside its. On PostgreSQL a transaction locks the job first and its key afterwards, and waits for no other job."""

    def __init__(
        self,
        database: Database,
        keep: float = 30 * DAY,
        announced: bool = False,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Jobs that have ended stay for `keep` seconds. Whether the end of each is `announced`, or only of those whose
        client asked for it; the `clock` is the database's own, where it has one."""
        self.database, self.keep, self.announced, self._clock = database, keep, announced, clock
        self._wall = clock or time.time
        self._coming: deque[_Put] = deque()
        self._putting = threading.Lock()

    # --- asked by clients ---------------------------------------------------------------------------------------------

    def put(self, new: New) -> Job:
        """Keep a job, on disk when this returns. The answer is an earlier one with the same idempotency key, if there
        is, or, where that is wanted, with the same work. Raises Full and Taken."""
        put = _Put(new, row_of(new))
        if not self.database.sqlite:
            with self.database.writing() as connection:
                self._put(connection, put)
            return put.told()
        # SQLite waits for the disk at each commit: what came while it did is written together.
        self._coming.append(put)
        with self._putting:
            if put.job is None and put.error is None:
                batch = [self._coming.popleft() for _ in range(len(self._coming))]
                try:
                    with self.database.writing() as connection:
                        for one in batch:
                            self._put(connection, one)
                except Exception as error:
                    for one in batch:
                        one.job, one.error = None, error
        return put.told()

    def _put(self, connection: Connection, put: "_Put") -> None:
        new = put.new
        self.database.hold(connection, new.key)
        if (row := self._earlier(connection, new, put.row["digest"])) is not None:
            put.job = job_of(row)
            return
        if new.external and self._row(connection, key=new.key, protocol=new.protocol, external=new.external):
            put.error = Taken(new.external)
            return
        count = connection.execute(_WAITING, {"key": new.key}).scalar_one()
        if count >= new.tier.waiting:
            put.error = Full(f"{count} of your jobs are waiting, at most {new.tier.waiting} may")
            return
        now = self._now(connection)
        put.row["created"] = now
        connection.execute(_INSERT, put.row)
        if count == 0:
            self._promote(connection, new.key, now)
        put.job = job_of(put.row)

    def earlier(self, key: str, protocol: str, idempotency: str) -> Job | None:
        """The job that was put with this idempotency key."""
        with self.database.reading() as connection:
            row = self._row(connection, key=key, protocol=protocol, idempotency=idempotency)
        return None if row is None else job_of(row)

    def get(self, id: str, *, key: str | None = None, protocol: str | None = None) -> Job | None:
        """A job; None where there is none, or it is another key's or another protocol's, or has expired."""
        if not _ID.fullmatch(id):  # which a database might not even take
            return None
        with self.database.reading() as connection:
            row = connection.execute(_GET, {"id": id}).mappings().first()
        if row is None or (key and row["key"] != key) or (protocol and row["protocol"] != protocol):
            return None
        return None if row["expires"] is not None and row["expires"] < self._wall() else job_of(row)

    def by_external(self, external: str, *, key: str, protocol: str) -> Job | None:
        """The newest job that a client has named so."""
        with self.database.reading() as connection:
            row = self._row(connection, external=external, key=key, protocol=protocol)
        return None if row is None or (row["expires"] or 1e12) < self._wall() else job_of(row)

    def page(
        self,
        key: str,
        protocol: str,
        *,
        collections: Sequence[str] = (),
        limit: int = 20,
        offset: int = 0,
        after: str | None = None,
        oldest_first: bool = False,
    ) -> list[Job]:
        """Jobs of a key, newest first, at most `limit`; `after` is the id of the last one seen."""
        query = select(jobs).where(*self._listed(key, protocol, collections))
        if after is not None:
            query = query.where(jobs.c.id > after if oldest_first else jobs.c.id < after)
        query = query.order_by(jobs.c.id if oldest_first else jobs.c.id.desc()).limit(limit).offset(offset)
        with self.database.reading() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]

    def count(self, key: str, protocol: str, collections: Sequence[str] = ()) -> int:
        query = select(func.count()).select_from(jobs).where(*self._listed(key, protocol, collections))
        with self.database.reading() as connection:
            return connection.execute(query).scalar_one()

    def _listed(self, key: str, protocol: str, collections: Sequence[str]) -> list[sa.ColumnElement[bool]]:
        """Which jobs a client's lists hold: those that have not expired, of these collections (all, if none)."""
        which = [jobs.c.key == key, jobs.c.protocol == protocol]
        which.append(sa.or_(jobs.c.expires.is_(None), jobs.c.expires > self._wall()))
        return [*which, jobs.c.collection.in_(collections)] if collections else which

    def running(self, key: str) -> int:
        """How many jobs of a key run, of any protocol."""
        with self.database.reading() as connection:
            return connection.execute(_RUNNING, {"key": key}).scalar_one()

    def said(self, key: str, protocol: str, start: float, end: float) -> list[tuple[float, dict[str, Any]]]:
        """When a key's jobs were put between two times, and what was said of them, oldest first."""
        mine = (jobs.c.key == key, jobs.c.protocol == protocol, jobs.c.created >= start, jobs.c.created < end)
        with self.database.reading() as connection:
            rows = connection.execute(select(jobs.c.created, jobs.c.said).where(*mine).order_by(jobs.c.id)).all()
        return [(created, json.loads(said)) for created, said in rows]

    def cancel(self, id: str) -> Job | None:
        """Stop a job: at once if it waits; one that runs stops at its worker's next step. Others stay as they are."""
        with self.database.writing() as connection:
            row = self._row(connection, lock=True, id=id)
            if row is None:
                return None
            if row["state"] == "queued":
                self._end(connection, row, "cancelled", self._now(connection))
            elif row["state"] == "running":
                connection.execute(sa.update(jobs).where(jobs.c.id == id).values(asked_to_stop=True))
            return job_of(self._row(connection, id=id) or row)

    def retry(self, id: str) -> Job | None:
        """Let a job that failed or was cancelled wait again; others stay as they are."""
        afresh: dict[str, Any] = {
            "state": "queued",
            "ended": None,
            "expires": None,
            "started": None,
            "first": None,
            "deaths": 0,
        }
        afresh |= {"asked_to_stop": False, "code": None, "message": None, "stage": "", "share": 0.0}
        with self.database.writing() as connection:
            row = self._row(connection, lock=True, id=id)
            if row is None:
                return None
            if row["state"] in ("failed", "cancelled"):
                connection.execute(sa.update(jobs).where(jobs.c.id == id).values(**afresh))
                _tell(connection, id, "queued", {})
                self._promote(connection, row["key"], self._now(connection))
            return job_of(self._row(connection, id=id) or row)

    def delete(self, id: str) -> bool:
        """Stop a job if it has not ended, and forget it with all that it made."""
        with self.database.writing() as connection:
            row = self._row(connection, lock=True, id=id)
            if row is None:
                return False
            now = self._now(connection)
            forget(connection, [row], now)
            self._promote(connection, row["key"], now)
        return True

    # --- done by workers ----------------------------------------------------------------------------------------------

    def claim(self, worker: str, lease: float) -> Job | None:
        """Take the waiting job that has used the largest share of its wait; None if none may begin."""
        with self.database.reading() as connection:  # so that idle workers never keep others from writing
            if connection.execute(_next(self._now(connection))).first() is None:
                return None
        try:
            with self.database.writing() as connection:
                now = self._now(connection)
                chosen = _next(now).with_for_update(skip_locked=True)  # SQLite has one writer at a time: left out there
                begun = func.coalesce(jobs.c.started, now)
                row = connection.execute(
                    sa.update(jobs)
                    .where(jobs.c.id == chosen.scalar_subquery(), QUEUED)
                    .values(state="running", worker=worker, lease=now + lease, started=begun, tries=jobs.c.tries + 1)
                    .returning(*jobs.c)
                ).mappings().first()  # fmt: skip
                if row is None:
                    return None
                self.database.hold(connection, row["key"])
                if _running(connection, row["key"]) > row["most"]:
                    raise _TooMany
                _tell(connection, row["id"], "running", {})
                self._announce(connection, row, "running", now)
                self._promote(connection, row["key"], now)
                return job_of(row)
        except _TooMany:  # another worker took one of the same key at the same moment
            return None

    def beat(self, id: str, worker: str, lease: float, stage: str, share: float) -> Literal["go on", "stop", "lost"]:
        """Hold a job a while longer and say how far it is. "lost" is a job that is no longer this worker's."""
        with self.database.writing() as connection:
            row = connection.execute(
                sa.update(jobs)
                .where(jobs.c.id == id, jobs.c.worker == worker, RUNNING)
                .values(lease=self._now(connection) + lease, stage=stage, share=share)
                .returning(jobs.c.asked_to_stop)
            ).first()
        return "lost" if row is None else "stop" if row[0] else "go on"

    def finish(self, id: str, worker: str, results: Sequence[Result]) -> bool:
        """The job is done, its results stand in the storage. False: it is no longer this worker's, and another's
        results count."""
        total = sum(result.bytes for result in results)
        written = json.dumps([result.model_dump(mode="json") for result in results])
        with self.database.writing() as connection:
            row = self._mine(connection, id, worker)
            if row is None:
                return False
            now, folder = self._now(connection), job_of(row).folder
            self._end(connection, row, "done", now, results=written, bytes=total, share=1.0)
            for result in results:
                if result.role in ("film", "picture", "sound"):
                    remember(connection, row["key"], result, f"{folder}/{result.name}", now + self.keep)
        return True

    def fail(self, id: str, worker: str, code: str, message: str) -> bool:
        """The job cannot be made. False: it is no longer this worker's."""
        with self.database.writing() as connection:
            row = self._mine(connection, id, worker)
            if row is not None:
                self._end(connection, row, "failed", self._now(connection), code=code, message=message)
        return row is not None

    def stopped(self, id: str, worker: str) -> bool:
        """The job was cancelled while it ran. False: it is no longer this worker's."""
        with self.database.writing() as connection:
            row = self._mine(connection, id, worker)
            if row is not None:
                self._end(connection, row, "cancelled", self._now(connection))
        return row is not None

    def hand_back(self, id: str, worker: str) -> None:
        """The worker stops: its job waits again, with the clock it had, and goes on from where it was."""
        with self.database.writing() as connection:
            row = self._mine(connection, id, worker)
            if row is not None:
                self._wait_again(connection, row, row["deaths"])

    def take_back(self) -> int:
        """Jobs whose worker has been silent for its lease wait again, or fail after MAX_DEATHS; how many there were."""
        with self.database.reading() as connection:
            silent = connection.execute(
                select(jobs.c.id).where(RUNNING, jobs.c.lease < self._now(connection))
            ).scalars().all()  # fmt: skip
        return sum(self._taken_back(id) for id in silent)

    def _taken_back(self, id: str) -> bool:
        with self.database.writing() as connection:
            query = select(jobs).where(jobs.c.id == id, RUNNING, jobs.c.lease < self._now(connection))
            row = connection.execute(query.with_for_update(skip_locked=True)).mappings().first()
            if row is None:
                return False
            deaths = row["deaths"] + 1
            if deaths < MAX_DEATHS or row["asked_to_stop"]:
                self._wait_again(connection, row, deaths)
            else:
                said = f"{deaths} workers stopped while they made it"
                now = self._now(connection)
                self._end(connection, row, "failed", now, code="worker_died", message=said, deaths=deaths)
        return True

    def tell(self, id: str, kind: str, data: dict[str, Any]) -> None:
        """Add an event to the job's own, for who watches it. Of previews only the newest stays."""
        with self.database.writing() as connection:
            # The lock: two that tell at the same moment would take the same number.
            if connection.execute(select(jobs.c.id).where(jobs.c.id == id).with_for_update()).first() is not None:
                _tell(connection, id, kind, data)

    def told(self, id: str, after: int = 0) -> list[tuple[int, str, dict[str, Any]]]:
        """A job's events after a number: number, kind, data."""
        with self.database.reading() as connection:
            rows = connection.execute(
                select(events.c.number, events.c.kind, events.c.data)
                .where(events.c.job == id, events.c.number > after)
                .order_by(events.c.number)
            ).all()
        return [(number, kind, json.loads(data)) for number, kind, data in rows]

    # --- inside a transaction -----------------------------------------------------------------------------------------

    def _now(self, connection: Connection) -> float:
        """Seconds since 1970, by one clock for all machines: leases are compared."""
        if self._clock is not None:
            return self._clock()
        if self.database.sqlite:
            return time.time()
        return float(connection.execute(sa.text("SELECT EXTRACT(EPOCH FROM clock_timestamp())")).scalar_one())

    def _row(self, connection: Connection, *, lock: bool = False, **equal: str) -> RowMapping | None:
        query = select(jobs).where(*(jobs.c[name] == value for name, value in equal.items()))
        query = query.order_by(jobs.c.id.desc()).limit(1)
        return connection.execute(query.with_for_update() if lock else query).mappings().first()

    def _earlier(self, connection: Connection, new: New, digest: str) -> RowMapping | None:
        """The job that answers this one: of the same idempotency key, or the newest with equal work that has not failed
        and stays for another hour."""
        if new.idempotency:
            row = self._row(connection, key=new.key, protocol=new.protocol, idempotency=new.idempotency)
            if row is not None:
                return row
        if not new.reuse:
            return None
        query = select(jobs).where(
            jobs.c.key == new.key,
            jobs.c.digest == digest,
            jobs.c.protocol == new.protocol,
            jobs.c.collection == new.collection,
            jobs.c.state.in_(("queued", "running", "done")),
            jobs.c.asked_to_stop.is_(False),
            sa.or_(jobs.c.expires.is_(None), jobs.c.expires > self._wall() + 3600),
        )
        return connection.execute(query.order_by(jobs.c.id.desc()).limit(1)).mappings().first()

    def _mine(self, connection: Connection, id: str, worker: str) -> RowMapping | None:
        query = select(jobs).where(jobs.c.id == id, jobs.c.worker == worker, RUNNING)
        return connection.execute(query.with_for_update()).mappings().first()

    def _end(self, connection: Connection, row: RowMapping, state: State, now: float, **values: Any) -> None:
        fixed = {"state": state, "ended": now, "expires": now + self.keep, "worker": None, "lease": None, "first": None}
        connection.execute(sa.update(jobs).where(jobs.c.id == row["id"]).values(**fixed, **values))
        _tell(connection, row["id"], state, {"message": values["message"]} if values.get("message") else {})
        self._announce(connection, row, state, now)
        self._promote(connection, row["key"], now)

    def _wait_again(self, connection: Connection, row: RowMapping, deaths: int) -> None:
        """The job has no worker any more: it ends if it was cancelled, else it waits, its clock not put back."""
        now = self._now(connection)
        if row["asked_to_stop"]:
            self._end(connection, row, "cancelled", now, deaths=deaths)
            return
        values = {"state": "queued", "worker": None, "lease": None, "deaths": deaths}
        connection.execute(sa.update(jobs).where(jobs.c.id == row["id"]).values(**values))
        _tell(connection, row["id"], "queued", {})

    def _promote(self, connection: Connection, key: str, now: float) -> None:
        """The clock of the key's first waiting job starts, if none has one and it may begin."""
        self.database.hold(connection, key)
        waiting = select(jobs.c.id, jobs.c.most).where(jobs.c.key == key, QUEUED).limit(1)
        if connection.execute(waiting.where(jobs.c.first.is_not(None))).first() is not None:
            return
        # One that is locked is being ended or begun, and who does it comes here next.
        oldest = connection.execute(waiting.order_by(jobs.c.id).with_for_update(skip_locked=True)).first()
        if oldest is not None and _running(connection, key) < oldest.most:
            connection.execute(sa.update(jobs).where(jobs.c.id == oldest.id).values(first=now))

    def _announce(self, connection: Connection, row: RowMapping, state: State, now: float) -> None:
        """Who waits for news of the job is told, even if this process dies now (`callbacks`)."""
        if row["callback"] or self.announced:
            values = {"id": f"evt_{uuid.uuid4().hex}", "job": row["id"], "state": state, "tries": 0}
            connection.execute(sa.insert(deliveries).values(due=now, **values))


@dataclass
class _Put:
    """A job that is being put, and what has come of it."""

    new: New
    row: dict[str, Any]
    job: Job | None = None
    error: Exception | None = None

    def told(self) -> Job:
        if self.error is not None:
            raise self.error
        assert self.job is not None
        return self.job


class _TooMany(Exception):
    """More jobs of a key than may run at once."""


# Made once: SQLAlchemy takes longer to see that two statements are equal than the database to answer.
_INSERT = sa.insert(jobs)
_WAITING = select(func.count()).select_from(jobs).where(jobs.c.key == sa.bindparam("key"), QUEUED)
_RUNNING = select(func.count()).select_from(jobs).where(jobs.c.key == sa.bindparam("key"), RUNNING)
_GET = select(jobs).where(jobs.c.id == sa.bindparam("id"))


def _next(now: float) -> sa.Select[tuple[str]]:
    """The job that goes next."""
    other = jobs.alias("other")
    running = select(func.count()).where(other.c.key == jobs.c.key, other.c.state == sa.literal_column("'running'"))
    return (
        select(jobs.c.id)
        .where(QUEUED, jobs.c.first.is_not(None), running.scalar_subquery() < jobs.c.most)
        .order_by(((now - jobs.c.first) / jobs.c.wait).desc(), jobs.c.id)
        .limit(1)
    )


def _running(connection: Connection, key: str) -> int:
    return connection.execute(_RUNNING, {"key": key}).scalar_one()


def _tell(connection: Connection, id: str, kind: str, data: dict[str, Any]) -> None:
    number = select(func.coalesce(func.max(events.c.number), 0) + 1).where(events.c.job == id).scalar_subquery()
    values = {"job": id, "number": number, "kind": kind, "data": json.dumps(data), "at": time.time()}
    added = connection.execute(sa.insert(events).values(**values).returning(events.c.number)).scalar_one()
    if kind == "preview":
        older = (events.c.job == id, events.c.kind == "preview", events.c.number < added)
        connection.execute(sa.delete(events).where(*older))
