"""What nobody wants any more: jobs, media and notes are forgotten at once, their files removed a while later."""

import time
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, select

from vitascope.serve.database import Database, deliveries, events, jobs, media, notes, trash, workers
from vitascope.serve.log import log
from vitascope.serve.storage import Storage
from vitascope.serve.work import Result

GRACE = 900.0  # seconds that a file stays after its last name is gone: somebody may be reading it
UNSEEN = 86_400.0  # seconds after which a worker that has died without a word is forgotten
BATCH = 200  # jobs that one transaction forgets


def folder_of(job: str, tries: int) -> str:
    """Where what a worker made of a job is in the storage. Each time that a job is claimed it has another folder, so a
    worker that has lost it cannot write over what counts."""
    return f"results/{job[-2:]}/{job}-{tries}"


def rushes_of(job: str) -> str:
    """Where the finished windows of a job are in the storage, while it is made."""
    return f"rushes/{job}"


def remember(connection: Connection, key: str, result: Result, path: str, expires: float) -> None:
    """A result may be named as media by its key, for as long as the newest job that made it stays."""
    kind = {"film": "film", "picture": "picture", "sound": "sound"}[result.role]
    values = {"key": key, "sha256": result.sha256, "kind": kind, "mime": result.mime, "path": path, "expires": expires}
    connection.execute(_REMEMBER, values | {"now": time.time()})  # 0 bytes: its job counts them


_REMEMBER = sa.text("""
    INSERT INTO media (key, sha256, kind, mime, path, bytes, created, expires)
    VALUES (:key, :sha256, :kind, :mime, :path, 0, :now, :expires)
    ON CONFLICT (key, sha256) DO UPDATE SET
        path = CASE WHEN media.bytes = 0 THEN excluded.path ELSE media.path END,
        expires = CASE WHEN media.expires > excluded.expires THEN media.expires ELSE excluded.expires END
""")


def keep_upload(connection: Connection, values: Mapping[str, object]) -> None:
    """Media that a client has sent are its key's, and no trash. The values are those of a row of `media`."""
    connection.execute(_KEEP, dict(values))
    connection.execute(sa.delete(trash).where(trash.c.path == values["path"]))


_KEEP = sa.text("""
    INSERT INTO media (key, sha256, kind, mime, path, bytes, created, expires)
    VALUES (:key, :sha256, :kind, :mime, :path, :bytes, :created, :expires)
    ON CONFLICT (key, sha256) DO UPDATE SET path = excluded.path, bytes = excluded.bytes, expires = excluded.expires
""")


def forget(connection: Connection, old: Iterable[RowMapping], now: float) -> None:
    """Jobs go with all that is kept of them; what they made becomes trash."""
    for row in old:
        for table, column in ((jobs, jobs.c.id), (events, events.c.job), (deliveries, deliveries.c.job)):
            connection.execute(sa.delete(table).where(column == row["id"]))
        folders = [folder_of(row["id"], number) for number in range(1, row["tries"] + 1)]
        for folder in folders:
            within = media.c.path.between(f"{folder}/", f"{folder}0")  # 0 is what follows /
            connection.execute(sa.delete(media).where(media.c.key == row["key"], within))
            throw(connection, folder, now)


def throw(connection: Connection, path: str, now: float) -> None:
    """A path becomes trash."""
    values = {"path": path, "due": now + GRACE}
    connection.execute(sa.text("INSERT INTO trash VALUES (:path, :due) ON CONFLICT (path) DO NOTHING"), values)


def sweep(database: Database, storage: Storage, now: float | None = None) -> int:
    """Forget what has expired, and remove the files that nobody has named for a while; how many things were
    forgotten."""
    now = time.time() if now is None else now
    total = 0
    while count := _sweep_jobs(database, now):
        total += count
    with database.writing() as connection:
        gone = connection.execute(sa.delete(media).where(media.c.expires < now).returning(media.c.path)).scalars().all()
        for path in sorted(set(gone)):
            throw(connection, path, now)
        total += connection.execute(sa.delete(notes).where(notes.c.expires < now)).rowcount
        connection.execute(sa.delete(workers).where(workers.c.seen < now - UNSEEN))
    _empty(database, storage, now)
    _sweep_rushes(database, storage)
    return total + len(gone)


def _sweep_jobs(database: Database, now: float) -> int:
    with database.reading() as connection:
        if connection.execute(select(jobs.c.id).where(jobs.c.expires < now).limit(1)).first() is None:
            return 0
    with database.writing() as connection:
        old = connection.execute(
            select(jobs.c.id, jobs.c.key, jobs.c.tries)
            .where(jobs.c.expires < now)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).mappings().all()  # fmt: skip
        forget(connection, old, now)
    return len(old)


def _empty(database: Database, storage: Storage, now: float) -> None:
    """Remove the trash that is due. What has been named again meanwhile stays."""
    with database.reading() as connection:
        paths = connection.execute(select(trash.c.path).where(trash.c.due < now)).scalars().all()
    for path in paths:
        # Within the transaction: who names these media now waits, and then finds that the file is gone (`Desk.keep`).
        try:
            with database.writing() as connection:
                this = connection.execute(select(trash.c.path).where(trash.c.path == path).with_for_update()).first()
                named = connection.execute(select(media.c.key).where(media.c.path == path).limit(1)).first()
                if this is not None and named is None:
                    storage.remove(path)
                connection.execute(sa.delete(trash).where(trash.c.path == path))
        except Exception:
            log.exception("trash could not be removed", extra={"told": {"path": path}})


def _sweep_rushes(database: Database, storage: Storage) -> None:
    """The windows of jobs that have ended without a worker: cancelled or deleted while they waited again."""
    there = storage.list("rushes")
    if not there:
        return
    with database.reading() as connection:
        wanted = set(
            connection.execute(
                select(jobs.c.id).where(sa.or_(*(jobs.c.state == sa.literal_column(f"'{s}'") for s in OPEN)))
            ).scalars()
        )
    for job in there:
        if job not in wanted:
            storage.remove(rushes_of(job))


OPEN = ("queued", "running")
