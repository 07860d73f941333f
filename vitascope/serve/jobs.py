"""The queue: jobs that are put, claimed, watched, finished and never lost. No torch, no HTTP."""

import hashlib
import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, func, select

from vitascope.serve.database import Database, deliveries, events, jobs, media, trash
from vitascope.serve.settings import Tier
from vitascope.serve.work import Result, Work
from vitascope.shot.shot import Shot

State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")
MAX_DEATHS = 3  # of workers, before their job counts as what kills them
GRACE = 900.0  # seconds that a file stays after its last name is gone: somebody may be reading it
_RESULTS = TypeAdapter(list[Result])
_ID = re.compile(r"[0-9a-f]{32}")


class Full(Exception):
    """A queue that takes no more of this key: why, and when it will."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(frozen=True)
class New:
    """A job as a protocol asks for it."""

    key: str
    protocol: str
    work: Work
    cost: float
    tier: Tier
    collection: str = ""
    said: dict[str, Any] = field(default_factory=dict)
    external: str | None = None
    idempotency: str | None = None
    callback: str | None = None
    reuse: bool = False  # whether an equal job's result may be the answer


@dataclass(frozen=True)
class Job:
    """A job as it stands now. Times are seconds since 1970."""

    id: str
    key: str
    protocol: str
    collection: str
    state: State
    raw: str  # JSON of its work
    said: dict[str, Any]
    external: str | None
    callback: str | None
    model: str
    cost: float
    created: float
    started: float | None
    ended: float | None
    expires: float | None
    deaths: int
    asked_to_stop: bool
    stage: str
    share: float
    code: str | None
    message: str | None
    results: tuple[Result, ...]

    @cached_property
    def work(self) -> Work:
        return Work.model_validate_json(self.raw)

    @property
    def shot(self) -> Shot:
        return self.work.shot

    def result(self, *roles: str) -> Result | None:
        """The first result of one of these roles."""
        return next((one for one in self.results if one.role in roles), None)

    @property
    def folder(self) -> str:
        """Where its results are in the storage."""
        return f"results/{self.id[-2:]}/{self.id}"


def new_id() -> str:
    """32 hexadecimal digits in the order of time (UUID version 7, RFC 9562)."""
    now = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    number = now << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return f"{number:032x}"


def digest_of(work: Work) -> str:
    return hashlib.sha256(work.model_dump_json().encode()).hexdigest()


class Jobs:
    """The jobs of a database, for who puts and asks (the API) and who makes (the workers)."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # --- asked by clients ---------------------------------------------------------------------------------------------

    def put(self, new: New) -> Job:
        """Keep a job, on disk when this returns. The answer is an earlier one with the same idempotency key, if there
        is, or, where that is wanted, with the same work. Raises Full."""
        with self.database.writing() as connection:
            if new.idempotency and (row := self._row(connection, key=new.key, idempotency=new.idempotency)):
                return _job(row)
            digest = digest_of(new.work)
            if new.reuse and (row := self._same(connection, new, digest)):
                return _job(row)
            count = connection.execute(
                select(func.count()).select_from(jobs).where(jobs.c.key == new.key, jobs.c.state == "queued")
            ).scalar_one()
            if count >= new.tier.waiting:
                raise Full(f"{count} of your jobs are waiting, at most {new.tier.waiting} may", 10.0)
            now = time.time()
            values = {
                "id": new_id(),
                "key": new.key,
                "protocol": new.protocol,
                "collection": new.collection,
                "state": "queued",
                "work": new.work.model_dump_json(exclude_unset=True),
                "said": json.dumps(new.said),
                "digest": digest,
                "external": new.external,
                "idempotency": new.idempotency,
                "callback": new.callback,
                "model": new.work.shot.model,
                "cost": new.cost,
                "wait": new.tier.wait,
                "most": new.tier.running,
                "created": now,
                "first": now if count == 0 else None,
                "deaths": 0,
                "asked_to_stop": False,
                "stage": "",
                "share": 0.0,
                "results": "[]",
                "bytes": 0,
            }
            row = connection.execute(sa.insert(jobs).values(values).returning(*jobs.c)).mappings().one()
            return _job(row)

    def get(self, id: str, *, key: str | None = None, protocol: str | None = None) -> Job | None:
        """A job; None where there is none, or it is another key's or another protocol's, or has expired."""
        if not _ID.fullmatch(id):  # which a database might not even take
            return None
        with self.database.reading() as connection:
            row = self._row(connection, id=id)
        if row is None or (key and row["key"] != key) or (protocol and row["protocol"] != protocol):
            return None
        return None if row["expires"] is not None and row["expires"] < time.time() else _job(row)

    def by_external(self, external: str, *, key: str, protocol: str) -> Job | None:
        """The job that a client has named so."""
        with self.database.reading() as connection:
            row = self._row(connection, external=external, key=key, protocol=protocol)
        return None if row is None else _job(row)

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
        query = select(jobs).where(jobs.c.key == key, jobs.c.protocol == protocol)
        query = query.where(sa.or_(jobs.c.expires.is_(None), jobs.c.expires > time.time()))
        if collections:
            query = query.where(jobs.c.collection.in_(collections))
        if after is not None:
            query = query.where(jobs.c.id > after if oldest_first else jobs.c.id < after)
        query = query.order_by(jobs.c.id if oldest_first else jobs.c.id.desc()).limit(limit).offset(offset)
        with self.database.reading() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def count(self, key: str, protocol: str, collections: Sequence[str] = ()) -> int:
        query = select(func.count()).select_from(jobs).where(jobs.c.key == key, jobs.c.protocol == protocol)
        query = query.where(sa.or_(jobs.c.expires.is_(None), jobs.c.expires > time.time()))
        if collections:
            query = query.where(jobs.c.collection.in_(collections))
        with self.database.reading() as connection:
            return connection.execute(query).scalar_one()

    def cancel(self, id: str) -> Job | None:
        """Stop a job: at once if it waits; one that runs stops at its worker's next step. Others stay as they are."""
        now = time.time()
        with self.database.writing() as connection:
            row = self._row(connection, id=id)
            if row is None:
                return None
            if row["state"] == "queued":
                self._end(connection, row, "cancelled", now)
            elif row["state"] == "running":
                connection.execute(sa.update(jobs).where(jobs.c.id == id).values(asked_to_stop=True))
            return _job(self._row(connection, id=id) or row)

    def retry(self, id: str) -> Job | None:
        """Let a job that failed or was cancelled wait again; others stay as they are."""
        now = time.time()
        with self.database.writing() as connection:
            connection.execute(
                sa.update(jobs)
                .where(jobs.c.id == id, jobs.c.state.in_(("failed", "cancelled")))
                .values(
                    state="queued", ended=None, expires=None, deaths=0, asked_to_stop=False, code=None, message=None
                )
                .values(message=None, first=None, stage="", share=0.0, worker=None, lease=None)
            )
            row = self._row(connection, id=id)
            if row is None:
                return None
            self._promote(connection, row["key"], now)
            return _job(self._row(connection, id=id) or row)

    def delete(self, id: str) -> bool:
        """Stop a job if it has not ended, and forget it with all that it made."""
        now = time.time()
        with self.database.writing() as connection:
            row = self._row(connection, id=id)
            if row is None:
                return False
            self._forget(connection, [_job(row)], now)
            self._promote(connection, row["key"], now)
        return True

    # --- done by workers ----------------------------------------------------------------------------------------------

    def claim(self, worker: str, lease: float) -> Job | None:
        """Take the waiting job that has used the largest share of its wait; None if none may begin.

        Of each key only the first of its waiting jobs has a clock: however many one key has put, the others' first
        ones use up their waits beside its."""
        now = time.time()
        other = jobs.alias("other")
        running = (
            select(func.count()).select_from(other).where(other.c.key == jobs.c.key, other.c.state == "running")
        ).scalar_subquery()
        chosen = (
            select(jobs.c.id)
            .where(jobs.c.state == "queued", jobs.c.first.is_not(None), running < jobs.c.most)
            .order_by(((now - jobs.c.first) / jobs.c.wait).desc(), jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)  # SQLite has one writer at a time and leaves this out
            .scalar_subquery()
        )
        claimed = (
            sa.update(jobs)
            .where(jobs.c.id == chosen, jobs.c.state == "queued")
            .values(state="running", worker=worker, lease=now + lease, started=func.coalesce(jobs.c.started, now))
            .returning(*jobs.c)
        )
        with self.database.writing() as connection:
            row = connection.execute(claimed).mappings().first()
            if row is None:
                return None
            self._promote(connection, row["key"], now)
        return _job(row)

    def beat(self, id: str, worker: str, lease: float, stage: str, share: float) -> Literal["go on", "stop", "lost"]:
        """Hold a job a while longer and say how far it is. "lost" is a job that is no longer this worker's."""
        with self.database.writing() as connection:
            row = connection.execute(
                sa.update(jobs)
                .where(jobs.c.id == id, jobs.c.worker == worker, jobs.c.state == "running")
                .values(lease=time.time() + lease, stage=stage, share=share)
                .returning(jobs.c.asked_to_stop)
            ).first()
        return "lost" if row is None else "stop" if row[0] else "go on"

    def finish(self, id: str, worker: str, results: Sequence[Result], keep: float) -> bool:
        """The job is done, its results stand in the storage and stay for `keep` seconds. False: it is no longer this
        worker's, and another's results count."""
        now = time.time()
        total = sum(result.bytes for result in results)
        with self.database.writing() as connection:
            row = self._mine(connection, id, worker)
            if row is None:
                return False
            job = _job(row)
            written = json.dumps([result.model_dump(mode="json") for result in results])
            self._end(connection, row, "done", now, results=written, bytes=total, expires=now + keep, share=1.0)
            for result in results:
                if result.role in ("film", "picture", "sound"):
                    remember(connection, job.key, result, f"{job.folder}/{result.name}", now + keep)
        return True

    def fail(self, id: str, worker: str, code: str, message: str, keep: float) -> bool:
        """The job cannot be made. False: it is no longer this worker's."""
        now = time.time()
        with self.database.writing() as connection:
            row = self._mine(connection, id, worker)
            if row is not None:
                self._end(connection, row, "failed", now, code=code, message=message, expires=now + keep)
        return row is not None

    def stopped(self, id: str, worker: str, keep: float) -> bool:
        """The job was cancelled while it ran. False: it is no longer this worker's."""
        now = time.time()
        with self.database.writing() as connection:
            row = self._mine(connection, id, worker)
            if row is not None:
                self._end(connection, row, "cancelled", now, expires=now + keep)
        return row is not None

    def hand_back(self, id: str, worker: str) -> None:
        """The worker stops: its job waits again, and goes on from where it was."""
        with self.database.writing() as connection:
            connection.execute(
                sa.update(jobs)
                .where(jobs.c.id == id, jobs.c.worker == worker, jobs.c.state == "running")
                .values(state="queued", worker=None, lease=None, first=func.coalesce(jobs.c.first, time.time()))
            )

    def take_back(self, keep: float) -> int:
        """Jobs whose worker has been silent for its lease wait again, or fail after MAX_DEATHS; how many there were."""
        now = time.time()
        with self.database.writing() as connection:
            silent = connection.execute(
                select(jobs).where(jobs.c.state == "running", jobs.c.lease < now).with_for_update(skip_locked=True)
            ).mappings().all()  # fmt: skip
            for row in silent:
                deaths = row["deaths"] + 1
                if row["asked_to_stop"]:
                    self._end(connection, row, "cancelled", now, expires=now + keep, deaths=deaths)
                elif deaths >= MAX_DEATHS:
                    said = f"{deaths} workers stopped while they made it"
                    self._end(
                        connection, row, "failed", now, code="worker_died", message=said, expires=now + keep,
                        deaths=deaths,
                    )  # fmt: skip
                else:
                    values = {"state": "queued", "worker": None, "lease": None, "deaths": deaths}
                    connection.execute(sa.update(jobs).where(jobs.c.id == row["id"]).values(**values))
        return len(silent)

    def tell(self, id: str, kind: str, data: dict[str, Any]) -> None:
        """Add an event to the job's own, for who watches it."""
        with self.database.writing() as connection:
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

    # --- housekeeping -------------------------------------------------------------------------------------------------

    def sweep(self) -> int:
        """Forget jobs and media that have expired; how many. Their files stay for a while, as trash."""
        now = time.time()
        with self.database.writing() as connection:
            old = connection.execute(select(jobs).where(jobs.c.expires < now).limit(500)).mappings().all()
            self._forget(connection, [_job(row) for row in old], now)
            gone = connection.execute(
                sa.delete(media).where(media.c.expires < now).returning(media.c.sha256, media.c.path)
            ).all()
            for sha256, path in gone:
                _throw(connection, sha256, path, now)
        return len(old) + len(gone)

    def trash(self) -> list[str]:
        """Paths in the storage that may be removed now."""
        with self.database.reading() as connection:
            return list(connection.execute(select(trash.c.path).where(trash.c.due < time.time()).limit(500)).scalars())

    def thrown(self, path: str, after: float) -> None:
        """Let a path in the storage be removed after so many seconds, whatever becomes of it until then."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(trash).where(trash.c.path == path))
            connection.execute(sa.insert(trash).values(path=path, due=time.time() + after))

    def emptied(self, paths: Sequence[str]) -> None:
        """These paths have been removed."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(trash).where(trash.c.path.in_(paths)))

    # --- inside a transaction -----------------------------------------------------------------------------------------

    def _row(self, connection: Connection, **equal: str) -> RowMapping | None:
        query = select(jobs).where(*(jobs.c[name] == value for name, value in equal.items()))
        return connection.execute(query.limit(1)).mappings().first()

    def _same(self, connection: Connection, new: New, digest: str) -> RowMapping | None:
        """The newest job of this key and protocol with equal work that has not failed, and stays for another hour."""
        equal = (jobs.c.key == new.key, jobs.c.digest == digest, jobs.c.protocol == new.protocol)
        stays = sa.or_(jobs.c.expires.is_(None), jobs.c.expires > time.time() + 3600)
        query = select(jobs).where(*equal, jobs.c.state.in_(("queued", "running", "done")), stays)
        return connection.execute(query.order_by(jobs.c.id.desc()).limit(1)).mappings().first()

    def _mine(self, connection: Connection, id: str, worker: str) -> RowMapping | None:
        query = select(jobs).where(jobs.c.id == id, jobs.c.worker == worker, jobs.c.state == "running")
        return connection.execute(query.with_for_update()).mappings().first()

    def _end(self, connection: Connection, row: RowMapping, state: State, now: float, **values: Any) -> None:
        values = {"state": state, "ended": now, "worker": None, "lease": None, "first": None} | values
        connection.execute(sa.update(jobs).where(jobs.c.id == row["id"]).values(**values))
        _tell(connection, row["id"], state, {"message": values["message"]} if values.get("message") else {})
        self._promote(connection, row["key"], now)

    def _promote(self, connection: Connection, key: str, now: float) -> None:
        """The clock of the key's first waiting job starts, if none has one."""
        waiting = (jobs.c.key == key, jobs.c.state == "queued")
        if connection.execute(select(jobs.c.id).where(*waiting, jobs.c.first.is_not(None)).limit(1)).first() is None:
            oldest = select(func.min(jobs.c.id)).where(*waiting).scalar_subquery()
            connection.execute(sa.update(jobs).where(jobs.c.id == oldest).values(first=now))

    def _forget(self, connection: Connection, old: Sequence[Job], now: float) -> None:
        for job in old:
            for table, column in ((jobs, jobs.c.id), (events, events.c.job), (deliveries, deliveries.c.job)):
                connection.execute(sa.delete(table).where(column == job.id))
            for result in job.results:
                path = f"{job.folder}/{result.name}"
                connection.execute(sa.delete(media).where(media.c.key == job.key, media.c.path == path))
            if job.results:
                _throw(connection, None, job.folder, now)


def remember(connection: Connection, key: str, result: Result, path: str, expires: float) -> None:
    """A result may be named as media by its key."""
    kind = {"film": "film", "picture": "picture", "sound": "sound"}[result.role]
    known = select(media.c.key).where(media.c.key == key, media.c.sha256 == result.sha256)
    if connection.execute(known).first() is None:
        values = {"key": key, "sha256": result.sha256, "kind": kind, "mime": result.mime, "path": path}
        times = {"bytes": 0, "created": time.time(), "expires": expires}  # its job counts the bytes
        connection.execute(sa.insert(media).values(**values, **times))


def _throw(connection: Connection, sha256: str | None, path: str, now: float) -> None:
    """A path becomes trash, unless another key has the same media."""
    if sha256 is not None and connection.execute(select(media.c.key).where(media.c.path == path)).first():
        return
    if connection.execute(select(trash.c.path).where(trash.c.path == path)).first() is None:
        connection.execute(sa.insert(trash).values(path=path, due=now + GRACE))


def _tell(connection: Connection, id: str, kind: str, data: dict[str, Any]) -> None:
    number = select(func.coalesce(func.max(events.c.number), 0) + 1).where(events.c.job == id).scalar_subquery()
    values = {"job": id, "number": number, "kind": kind, "data": json.dumps(data), "at": time.time()}
    connection.execute(sa.insert(events).values(**values))


def _job(row: RowMapping) -> Job:
    taken = {name: row[name] for name in Job.__dataclass_fields__ if name not in ("raw", "said", "results")}
    results = tuple(_RESULTS.validate_json(row["results"]))
    return Job(**taken, raw=row["work"], said=json.loads(row["said"]), results=results)
