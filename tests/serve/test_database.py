"""The database: made once, brought up to date once, and written to as a whole or not at all."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from vitascope.serve import database as module
from vitascope.serve.database import Database, keys
from vitascope.serve.jobs import QUEUED, RUNNING, _next


def key_of(id: str) -> dict[str, object]:
    return {"id": id, "hash": id, "name": "", "hint": "", "tier": "free", "created": 0.0}


def ids(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.execute(sa.select(keys.c.id)).scalars())


def test_what_was_written_is_there_when_it_is_opened_again(store: str) -> None:
    first = Database(store)
    with first.writing() as connection:
        connection.execute(sa.insert(keys).values(key_of("a")))
    first.close()
    second = Database(store)
    assert ids(second) == {"a"}
    second.close()


def test_what_fails_halfway_leaves_nothing(database: Database) -> None:
    def half() -> None:
        with database.writing() as connection:
            connection.execute(sa.insert(keys).values(key_of("a")))
            raise RuntimeError("stop")

    pytest.raises(RuntimeError, half)
    assert ids(database) == set()


def test_many_that_open_it_at_once_make_its_tables_once(store: str) -> None:
    opened: list[Database] = []
    threads = [threading.Thread(target=lambda: opened.append(Database(store))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    with opened[0].reading() as connection:
        assert connection.execute(sa.text("SELECT COUNT(*) FROM migrations")).scalar_one() == len(module.MIGRATIONS)
    for one in opened:
        one.close()


def test_a_new_migration_is_applied_once(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Database(store).close()
    added = (lambda connection: connection.execute(sa.text("CREATE TABLE later (a INTEGER)")),)
    monkeypatch.setattr(module, "MIGRATIONS", (*module.MIGRATIONS, *added))
    for _ in range(2):
        opened = Database(store)
        with opened.reading() as connection:
            assert connection.execute(sa.text("SELECT COUNT(*) FROM later")).scalar_one() == 0
        opened.close()


def test_a_database_of_a_newer_program_is_refused(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Database(store).close()
    monkeypatch.setattr(module, "MIGRATIONS", ())
    with pytest.raises(RuntimeError, match="of migration 1, this program knows 0"):
        Database(store)


def test_threads_that_write_wait_for_each_other(database: Database) -> None:
    """Each reads a number and writes the next: none is lost where they hold a name."""
    with database.writing() as connection:
        connection.execute(sa.insert(keys).values(key_of("a") | {"created": 0.0}))

    def add() -> None:
        for _ in range(10):
            with database.writing() as connection:
                database.hold(connection, "a")
                seen = connection.execute(sa.select(keys.c.created)).scalar_one()
                connection.execute(sa.update(keys).values(created=seen + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        assert connection.execute(sa.select(keys.c.created)).scalar_one() == 40


def test_a_reader_does_not_wait_for_who_writes(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sa.insert(keys).values(key_of("a")))
        assert ids(database) == set()
    assert ids(database) == {"a"}


def test_the_queues_questions_are_answered_from_their_indexes(tmp_path: Path) -> None:
    opened = Database(f"sqlite:///{tmp_path / 'queue.db'}")
    jobs = module.jobs
    asked = {
        "jobs_first": _next(1.0),
        "jobs_waiting": sa.select(sa.func.count()).select_from(jobs).where(jobs.c.key == "a", QUEUED),
        "jobs_running": sa.select(sa.func.count()).select_from(jobs).where(jobs.c.key == "a", RUNNING),
        "jobs_ended": sa.select(jobs.c.state, sa.func.count()).where(jobs.c.ended.is_not(None)).group_by(jobs.c.state),
        "jobs_of_protocol": sa.select(jobs).where(jobs.c.key == "a", jobs.c.protocol == "b").order_by(jobs.c.id.desc()),
    }
    with opened.reading() as connection:
        for index, query in asked.items():
            text = query.compile(opened.engine, compile_kwargs={"literal_binds": False})
            parameters = tuple(text.params[name] for name in text.positiontup or ())
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters).all()
            assert any(f"INDEX {index}" in row[3] for row in plan), (index, plan)
            assert index == "jobs_first" or not any("TEMP B-TREE" in row[3] for row in plan), (index, plan)
    opened.close()
