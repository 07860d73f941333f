"""What expires: forgotten at once, its files removed a while later, and never what is named again."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from vitascope.serve import expiry, forecast
from vitascope.serve.database import Database, events, media, notes, workers
from vitascope.serve.expiry import GRACE, UNSEEN, keep_upload, rushes_of, sweep
from vitascope.serve.job import Job, New
from vitascope.serve.jobs import Jobs
from vitascope.serve.storage import Storage, media_path
from vitascope.serve.work import Result

Newly = Callable[..., New]
KEEP = 100.0


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "files"))


@pytest.fixture
def queue(database: Database, clock: Any) -> Jobs:
    return Jobs(database, keep=KEEP, clock=clock)


def done(queue: Jobs, storage: Storage, new: New, data: bytes = b"film") -> Job:
    put = queue.put(new)
    job = queue.claim("w", 30.0)
    assert job is not None and job.id == put.id
    storage.put(f"{job.folder}/0.mp4", data)
    sha256 = hashlib.sha256(data).hexdigest()
    queue.finish(job.id, "w", [Result(name="0.mp4", role="film", mime="video/mp4", bytes=len(data), sha256=sha256)])
    found = queue.get(job.id)
    assert found is not None
    return found


def named(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(media.c.path).order_by(media.c.path)).scalars())


def upload(database: Database, storage: Storage, key: str, data: bytes, expires: float) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    path = media_path(sha256)
    storage.put(path, data)
    values = {"key": key, "sha256": sha256, "kind": "film", "mime": "", "path": path, "bytes": len(data)}
    with database.writing() as connection:
        keep_upload(connection, values | {"created": 0.0, "expires": expires})
    return path


def test_results_stay_until_they_expire_and_a_while_longer_for_who_reads_them(
    database: Database, storage: Storage, queue: Jobs, newly: Newly, clock: Any
) -> None:
    job = done(queue, storage, newly())
    path = f"{job.folder}/0.mp4"
    assert sweep(database, storage, clock.now + KEEP - 1) == 0 and queue.get(job.id) is not None
    assert named(database) == [path]
    gone = clock.now + KEEP + 1
    assert sweep(database, storage, gone) >= 1
    assert queue.get(job.id) is None and queue.told(job.id) == [] and named(database) == []
    sweep(database, storage, gone + GRACE - 1)
    assert storage.has(path)
    sweep(database, storage, gone + GRACE + 1)
    assert not storage.has(path) and storage.list(f"results/{job.id[-2:]}") == []


def test_every_try_of_a_deleted_job_is_removed(
    database: Database, storage: Storage, queue: Jobs, newly: Newly, clock: Any
) -> None:
    id = queue.put(newly()).id
    for worker in ("a", "b"):
        job = queue.claim(worker, 30.0)
        assert job is not None
        storage.put(f"{job.folder}/0.mp4", b"half")
        queue.hand_back(id, worker)
    queue.delete(id)
    sweep(database, storage, clock.now + GRACE + 1)
    assert storage.list(f"results/{id[-2:]}") == []


def test_many_that_expire_at_once_go_in_one_sweep(
    database: Database, storage: Storage, queue: Jobs, newly: Newly, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 4)
    for _ in range(10):
        queue.cancel(queue.put(newly()).id)
    sweep(database, storage, clock.now + KEEP + 1)
    with database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(events)).scalar_one() == 0
    assert queue.count("anna", "ours") == 0


def test_media_of_two_keys_stay_until_the_last_of_them_goes(database: Database, storage: Storage) -> None:
    path = upload(database, storage, "anna", b"film", 100.0)
    upload(database, storage, "bert", b"film", 5000.0)
    sweep(database, storage, 101.0)
    sweep(database, storage, 101.0 + GRACE + 1)
    assert storage.has(path) and named(database) == [path]
    sweep(database, storage, 5001.0)
    sweep(database, storage, 5001.0 + GRACE + 1)
    assert not storage.has(path)


def test_media_that_are_sent_again_are_trash_no_more(database: Database, storage: Storage) -> None:
    path = upload(database, storage, "anna", b"film", 100.0)
    sweep(database, storage, 101.0)
    upload(database, storage, "anna", b"film", 1e6)
    sweep(database, storage, 101.0 + GRACE + 1)
    assert storage.has(path) and named(database) == [path]


def test_media_that_were_sent_outlive_a_result_of_the_same_bytes(
    database: Database, storage: Storage, queue: Jobs, newly: Newly, clock: Any
) -> None:
    done(queue, storage, newly(), b"same")
    path = upload(database, storage, "anna", b"same", clock.now + 10 * KEEP)
    sweep(database, storage, clock.now + KEEP + 1)
    assert named(database) == [path] and storage.has(path)


def test_a_result_made_twice_is_named_as_long_as_the_newer_stays(
    database: Database, storage: Storage, queue: Jobs, newly: Newly, clock: Any
) -> None:
    done(queue, storage, newly())
    clock.now += 50
    second = done(queue, storage, newly())
    sweep(database, storage, clock.now + KEEP - 1)
    assert named(database) == [f"{second.folder}/0.mp4"]


def test_the_windows_of_what_was_given_up_while_it_waited_are_removed(
    database: Database, storage: Storage, queue: Jobs, newly: Newly, clock: Any
) -> None:
    given_up, waiting = queue.put(newly()).id, queue.put(newly()).id
    for id in (given_up, waiting):
        storage.put(f"{rushes_of(id)}/0-made/000.npy", b"x")
    queue.cancel(given_up)
    sweep(database, storage, clock.now)
    assert storage.list("rushes") == [waiting]


def test_one_file_that_cannot_be_removed_does_not_keep_the_others(
    database: Database, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [upload(database, storage, "anna", data, 1.0) for data in (b"a", b"b", b"c")]
    sweep(database, storage, 2.0)
    remove = storage.remove

    def stubborn(path: str) -> None:
        if path == paths[1]:
            raise PermissionError(path)
        remove(path)

    monkeypatch.setattr(storage, "remove", stubborn)
    sweep(database, storage, 2.0 + GRACE + 1)
    assert [storage.has(path) for path in paths] == [False, True, False]


def test_notes_and_workers_that_have_ended_are_forgotten(database: Database, storage: Storage) -> None:
    now = time.time()
    row = {"protocol": "p", "key": "k", "kind": "upload", "data": "{}", "created": 0.0}
    with database.writing() as connection:
        for id, expires in (("old", now - 1), ("new", now + 1000), ("ever", None)):
            connection.execute(sa.insert(notes).values(id=id, expires=expires, **row))
    forecast.report(database, "w", None)
    sweep(database, storage, now)
    with database.reading() as connection:
        assert set(connection.execute(sa.select(notes.c.id)).scalars()) == {"new", "ever"}
        assert connection.execute(sa.select(workers.c.id)).scalars().all() == ["w"]
    sweep(database, storage, now + UNSEEN + 10)
    with database.reading() as connection:
        assert connection.execute(sa.select(workers.c.id)).scalars().all() == []
