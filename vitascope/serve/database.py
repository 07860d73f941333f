"""The database: its tables, its numbered migrations, and how it is opened (SQLite or PostgreSQL, by URL)."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Connection, Double, Integer, MetaData, Table, Text, event

metadata = MetaData()

keys = Table(
    "keys", metadata,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False),  # SHA-256 of the key
    Column("name", Text, nullable=False),
    Column("hint", Text, nullable=False),  # its last four characters
    Column("tier", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("revoked", Double),
)  # fmt: skip

jobs = Table(
    "jobs", metadata,
    Column("id", Text, primary_key=True),  # in the order of creation
    Column("key", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("collection", Text, nullable=False),  # of the protocol's kinds of jobs
    Column("state", Text, nullable=False),
    Column("work", Text, nullable=False),  # JSON of a Work
    Column("said", Text, nullable=False),  # JSON: what the protocol has to remember of the request
    Column("digest", Text, nullable=False),  # equal for equal work
    Column("external", Text),  # the client's own id
    Column("idempotency", Text),
    Column("callback", Text),
    Column("model", Text, nullable=False),
    Column("cost", Double, nullable=False),  # seconds that it is guessed to take on two cores
    Column("wait", Double, nullable=False),  # the tier's
    Column("most", Integer, nullable=False),  # jobs of this key that run at once
    Column("created", Double, nullable=False),
    Column("first", Double),  # since when it is the first of its key's waiting jobs
    Column("started", Double),
    Column("ended", Double),
    Column("expires", Double),
    Column("worker", Text),
    Column("lease", Double),
    Column("tries", Integer, nullable=False),  # how often it was claimed: each has a folder of its own
    Column("deaths", Integer, nullable=False),
    Column("asked_to_stop", Boolean, nullable=False),
    Column("stage", Text, nullable=False),
    Column("share", Double, nullable=False),  # 0…1 of the whole that is done
    Column("code", Text),  # of the failure
    Column("message", Text),
    Column("results", Text, nullable=False),  # JSON: a list of Results
    Column("bytes", BigInteger, nullable=False),
)  # fmt: skip

events = Table(
    "events", metadata,
    Column("job", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("at", Double, nullable=False),
)  # fmt: skip

media = Table(
    "media", metadata,
    Column("key", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("path", Text, nullable=False),  # in the storage
    Column("bytes", BigInteger, nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double, nullable=False),
)  # fmt: skip

notes = Table(  # small things that protocols remember: uploads that have begun, characters, files
    "notes", metadata,
    Column("protocol", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double),
)  # fmt: skip

deliveries = Table(  # calls back that are still to be made
    "deliveries", metadata,
    Column("id", Text, primary_key=True),
    Column("job", Text, nullable=False),
    Column("state", Text, nullable=False),  # of the job, of which the receiver is to be told
    Column("tries", Integer, nullable=False),
    Column("due", Double, nullable=False),
)  # fmt: skip

trash = Table(  # paths in the storage that nobody names any more
    "trash", metadata,
    Column("path", Text, primary_key=True),
    Column("due", Double, nullable=False),
)  # fmt: skip

workers = Table(
    "workers", metadata,
    Column("id", Text, primary_key=True),
    Column("seen", Double, nullable=False),
    Column("speed", Double),  # of guessed seconds a second; None before its first job
    Column("job", Text),
)  # fmt: skip

tallies = Table(  # what workers have measured, for /metrics: how often, and how many seconds in all
    "tallies", metadata,
    Column("name", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
)  # fmt: skip


def _first(connection: Connection) -> None:
    metadata.create_all(connection)
    # Of these only the small ones, of some states, begin with the key: else SQLite takes one of all of a key's jobs.
    for statement in (
        "CREATE INDEX jobs_first ON jobs (first) WHERE state = 'queued' AND first IS NOT NULL",
        "CREATE INDEX jobs_waiting ON jobs (key, id, cost, wait) WHERE state = 'queued'",
        "CREATE INDEX jobs_running ON jobs (key, lease) WHERE state = 'running'",
        "CREATE INDEX jobs_of_protocol ON jobs (protocol, key, id)",
        "CREATE INDEX jobs_external ON jobs (external, key, protocol) WHERE external IS NOT NULL",
        "CREATE UNIQUE INDEX jobs_once ON jobs (idempotency, key, protocol) WHERE idempotency IS NOT NULL",
        "CREATE INDEX jobs_same ON jobs (digest, key)",
        "CREATE INDEX jobs_bytes ON jobs (key, bytes) WHERE bytes > 0",
        "CREATE INDEX jobs_ended ON jobs (state, ended) WHERE ended IS NOT NULL",
        "CREATE INDEX jobs_expiring ON jobs (expires) WHERE expires IS NOT NULL",
        "CREATE UNIQUE INDEX keys_hash ON keys (hash)",
        "CREATE INDEX media_expiring ON media (expires)",
        "CREATE INDEX media_path ON media (path)",
        "CREATE INDEX media_sha256 ON media (sha256)",
        "CREATE INDEX deliveries_due ON deliveries (due)",
        "CREATE INDEX deliveries_job ON deliveries (job)",
        "CREATE INDEX trash_due ON trash (due)",
    ):
        connection.execute(sa.text(statement))


# Numbered by their place, applied once each, never changed afterwards. The first makes the tables as they stand above:
# a later change of a table comes with a migration of its own, which finds the change made on new databases.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_first,)
CONNECTIONS = 24  # that stay open, and as many more for a while


class Database:
    """An open database. `reading()` and `writing()` give connections; what is written in one is there as a whole or not
    at all. One within another waits for itself."""

    def __init__(self, url: str) -> None:
        """Open it, and bring its tables up to date. Raises sqlalchemy's errors for one that cannot be opened."""
        self.sqlite = url.startswith("sqlite")
        self._turn = threading.Lock()
        # The connection that was used last is used first: few are ever opened, each of which keeps pages in memory.
        pool = {"pool_size": CONNECTIONS, "max_overflow": CONNECTIONS, "pool_use_lifo": True}
        if self.sqlite and (path := sa.make_url(url).database):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(url, **pool)
            event.listen(self.engine, "connect", _prepare)
            event.listen(self.engine, "begin", _begin)
        else:
            self.engine = sa.create_engine(url, pool_pre_ping=True, **pool)
        self._migrate()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: alone on SQLite, as others elsewhere."""
        # SQLite lets who waits for the lock sleep, longer each time: within a process the threads wait in line instead.
        turn = self._turn if self.sqlite else contextlib.nullcontext()
        with turn, self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    def hold(self, connection: Connection, name: str) -> None:
        """Let no other transaction hold this name until this one ends. On SQLite there is no other."""
        if not self.sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})

    def close(self) -> None:
        self.engine.dispose()

    def _migrate(self) -> None:
        with self.writing() as connection:
            self.hold(connection, "migrations")
            connection.execute(
                sa.text("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, at DOUBLE PRECISION)")
            )
            done = connection.execute(sa.text("SELECT COALESCE(MAX(number), 0) FROM migrations")).scalar_one()
            if done > len(MIGRATIONS):
                raise RuntimeError(f"the database is of migration {done}, this program knows {len(MIGRATIONS)}")
            for number, migration in enumerate(MIGRATIONS[done:], start=done + 1):
                migration(connection)
                connection.execute(sa.text("INSERT INTO migrations VALUES (:n, :at)"), {"n": number, "at": time.time()})


def _prepare(connection, record) -> None:  # type: ignore[no-untyped-def]
    """What an SQLite connection begins with: a log that readers do not wait for, on disk at each commit."""
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in ("busy_timeout=15000", "journal_mode=WAL", "synchronous=FULL", "cache_size=-4000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # One that writes takes the lock at once: a read lock that becomes one of writing may have to fail.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
