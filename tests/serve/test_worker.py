"""Workers: what they hold is never lost, whichever way they end; what they made counts once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vitascope.serve import making, worker
from vitascope.serve.desk import Desk
from vitascope.serve.expiry import rushes_of
from vitascope.serve.job import Job, New
from vitascope.serve.settings import TIERS, Settings
from vitascope.serve.storage import sha256_of
from vitascope.serve.work import Work
from vitascope.serve.worker import Worker
from vitascope.shot.media import probe
from vitascope.shot.shot import Shot

SECONDS = 90.0  # that anything may take on a busy machine


@pytest.fixture
def desk(tmp_path: Path, tiny_engine: Path) -> Iterator[Desk]:
    opened = Desk.open(Settings.of(home=tmp_path / "home", model="tiny", lease=2.0))
    yield opened
    opened.database.close()


def put(desk: Desk, seconds: float = 0.5, steps: int = 2, **fields: Any) -> Job:
    shot = Shot(text="a red ball", model="tiny", size=(144, 80), seconds=seconds, fps=12.0, steps=steps)
    return desk.jobs.put(New("anna", "ours", Work(shot=shot), 1.0, TIERS["usual"], **fields))


def now(desk: Desk, job: Job) -> Job:
    found = desk.jobs.get(job.id)
    assert found is not None
    return found


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def work_off(desk: Desk, name: str = "") -> None:
    """A worker in this process, until there is nothing to do."""
    Worker(desk, name).run(until=lambda: True)


@pytest.fixture
def begin(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Begins a worker in a process of its own."""
    begun = []

    def one() -> "subprocess.Popen[bytes]":
        environment = {**os.environ, **desk.settings.as_environment(), "OMP_NUM_THREADS": "1"}
        begun.append(subprocess.Popen([sys.executable, "-m", "vitascope.cli", "worker"], env=environment))
        return begun[-1]

    yield one
    for process in begun:
        process.kill()
        process.wait()


def windows(desk: Desk, job: Job) -> dict[str, int]:
    """The finished windows of a job that is being made, each with the number that its file has on this disk."""
    assert desk.storage.local is not None
    found = sorted((desk.storage.local / rushes_of(job.id)).glob("*/[0-9][0-9][0-9].npy"))
    return {path.name: path.stat().st_ino for path in found}


def test_a_job_is_made_and_stands_whole_in_the_storage(desk: Desk) -> None:
    job = put(desk)
    work_off(desk)
    done = now(desk, job)
    assert done.state == "done" and {result.role for result in done.results} == {"film", "thumbnail", "sheet"}
    assert desk.storage.local is not None
    for result in done.results:
        path = desk.storage.local / done.folder / result.name
        assert (path.stat().st_size, sha256_of(path)) == (result.bytes, result.sha256)
    film = done.result("film")
    assert film is not None
    assert probe(desk.storage.local / done.folder / film.name).size == (144, 80)
    assert desk.storage.list("rushes") == []


@pytest.mark.slow
def test_a_killed_worker_loses_its_job_and_another_goes_on_from_its_last_window(
    desk: Desk, begin: Callable[[], "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = put(desk, seconds=8.0, steps=16)
    first = begin()
    wait_until(lambda: len(windows(desk, job)) >= 1, "no window was finished")
    first.kill()
    first.wait()
    kept = windows(desk, job)
    assert now(desk, job).state == "running" and now(desk, job).results == ()
    wait_until(lambda: desk.jobs.take_back() == 1, "the lease did not end")
    assert (now(desk, job).state, now(desk, job).deaths) == ("queued", 1)
    still: list[dict[str, int]] = []
    finish = desk.jobs.finish

    def finished(*given: Any) -> bool:
        still.append(windows(desk, job))
        return finish(*given)

    monkeypatch.setattr(desk.jobs, "finish", finished)
    made: list[int] = []
    put_window = making.Rushes.put

    def putting(rushes: making.Rushes, number: int, take: Any) -> None:
        made.append(number)
        put_window(rushes, number, take)

    monkeypatch.setattr(making.Rushes, "put", putting)
    work_off(desk)
    done = now(desk, job)
    assert done.state == "done" and done.tries == 2
    assert kept.items() <= still[0].items()  # the very files
    assert made == list(range(len(kept), len(still[0]))) and len(still[0]) > len(kept)
    film = done.result("film")
    assert film is not None and film.seconds == 8.0


@pytest.mark.slow
def test_three_workers_that_die_fail_their_job(desk: Desk, begin: Callable[[], "subprocess.Popen[bytes]"]) -> None:
    job = put(desk, seconds=8.0, steps=500)
    for death in range(1, 4):
        process = begin()
        wait_until(lambda: now(desk, job).state == "running", "the job was not begun")
        process.kill()
        process.wait()
        wait_until(lambda: desk.jobs.take_back() == 1, "the lease did not end")
        assert now(desk, job).deaths == death
    failed = now(desk, job)
    assert (failed.state, failed.code) == ("failed", "worker_died")
    assert failed.message == "3 workers stopped while they made it"


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_hands_its_job_back(
    desk: Desk, begin: Callable[[], "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = put(desk, seconds=8.0, steps=500)
    process = begin()
    wait_until(lambda: now(desk, job).stage == "sample", "the job was not begun")
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    back = now(desk, job)
    assert (back.state, back.deaths, back.tries) == ("queued", 0, 1)
    again = desk.jobs.claim("w", 30.0)
    assert again is not None and again.id == job.id


@pytest.mark.slow
def test_a_worker_ends_with_the_server_that_it_belongs_to(desk: Desk) -> None:
    """The server is killed before it can say anything."""
    code = (
        "import os, subprocess, sys, time\n"
        "environment = {**os.environ, 'VITASCOPE_SERVER': str(os.getpid())}\n"
        "print(subprocess.Popen([sys.executable, '-m', 'vitascope.cli', 'worker'], env=environment).pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    environment = {**os.environ, **desk.settings.as_environment()}
    server = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    wait_until(lambda: desk.forecast._look().workers == 1, "the worker did not begin")
    server.kill()
    server.wait()
    wait_until(lambda: not Path(f"/proc/{pid}/exe").exists() or _is_over(pid), "the worker is still there")
    assert desk.forecast._look().workers == 0


def _is_over(pid: int) -> bool:
    """Whether a process has ended, and only waits for somebody to ask how."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"


def test_a_cancelled_job_stops_at_the_next_step(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BEATS", 0.01)
    job = put(desk, steps=1000)
    steps: list[tuple[float, bool]] = []
    report = worker.Watch.report

    def watched(watch: worker.Watch, stage: str, done: int, total: int) -> None:
        if stage == "sample" and done == 3:
            desk.jobs.cancel(job.id)
            wait_until(lambda: watch.stop == "cancelled", "the worker did not hear of it")
        if stage == "sample":
            steps.append((done, bool(watch.stop)))
        report(watch, stage, done, total)

    monkeypatch.setattr(worker.Watch, "report", watched)
    work_off(desk)
    assert now(desk, job).state == "cancelled"
    assert sum(stopped for _, stopped in steps) <= 1  # the step during which it was heard


@pytest.mark.slow
def test_a_job_that_does_not_move_ends_its_worker(desk: Desk, begin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose network never answers."""
    code = (
        "import time\n"
        "from vitascope.serve import making, run, worker\n"
        "from vitascope.serve.settings import Settings\n"
        "making.made = lambda *given: time.sleep(600)\n"
        "run.work(Settings.of())\n"
    )
    environment = {**os.environ, **desk.settings.as_environment(), "VITASCOPE_HANG": "10", "VITASCOPE_LEASE": "5"}
    job = put(desk)
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE)
    assert process.wait(SECONDS) == worker.HUNG
    wait_until(lambda: desk.jobs.take_back() == 1, "the lease did not end")
    assert (now(desk, job).state, now(desk, job).deaths) == ("queued", 1)
    process.communicate()


def test_a_job_is_done_only_when_its_files_are_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = put(desk)
    seen: list[bool] = []
    finish = desk.jobs.finish

    def checked(id: str, name: str, results: Any) -> bool:
        there = now(desk, job)
        seen.extend(desk.storage.size(f"{there.folder}/{result.name}") == result.bytes for result in results)
        seen.append(there.results == ())
        return finish(id, name, results)

    monkeypatch.setattr(desk.jobs, "finish", checked)
    work_off(desk)
    assert seen == [True] * 4 and now(desk, job).state == "done"


def test_a_worker_that_lost_its_job_leaves_what_counts_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first puts its files away, its lease ends and another worker makes the job."""
    job = put(desk)
    finish = desk.jobs.finish

    def late(id: str, name: str, results: Any) -> bool:
        if name == "slow":
            time.sleep(0.01)
            with desk.database.writing() as connection:
                from vitascope.serve.database import jobs as table

                connection.execute(table.update().values(lease=0.0))
            assert desk.jobs.take_back() == 1
            work_off(desk, "fast")
        return finish(id, name, results)

    monkeypatch.setattr(desk.jobs, "finish", late)
    work_off(desk, "slow")
    done = now(desk, job)
    assert (done.state, done.tries) == ("done", 2)
    for result in done.results:
        assert desk.storage.size(f"{done.folder}/{result.name}") == result.bytes
    assert desk.storage.list(done.folder.rpartition("/")[0]) == [f"{job.id}-2"]


def test_a_deleted_job_leaves_no_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = put(desk)
    finish = desk.jobs.finish

    def too_late(id: str, name: str, results: Any) -> bool:
        return desk.jobs.delete(id) and finish(id, name, results)

    monkeypatch.setattr(desk.jobs, "finish", too_late)
    work_off(desk)
    assert desk.jobs.get(job.id) is None
    assert desk.storage.list(f"results/{job.id[-2:]}") == [] and desk.storage.list("rushes") == []


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (RuntimeError("/secret/path is broken"), "internal", "it has been logged"),
        (OSError(28, "No space left"), "disk", "disk is full"),
        (MemoryError(), "memory", "too little memory"),
    ],
)
def test_a_failure_says_what_the_client_can_mend_and_nothing_of_the_inside(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, told: str
) -> None:
    def failing(*given: object) -> None:
        raise error

    monkeypatch.setattr(making, "made", failing)
    job = put(desk)
    work_off(desk)
    failed = now(desk, job)
    assert (failed.state, failed.code) == ("failed", code)
    assert told in (failed.message or "") and "/secret" not in (failed.message or "")


def test_a_worker_outlives_a_queue_that_cannot_be_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "AGAIN", 0.01)
    job, claim, refused = put(desk), desk.jobs.claim, [True, True]

    def claims(name: str, lease: float) -> Job | None:
        if refused:
            refused.pop()
            raise OSError("the database has gone away")
        return claim(name, lease)

    monkeypatch.setattr(desk.jobs, "claim", claims)
    work_off(desk)
    assert now(desk, job).state == "done"


def test_the_folders_of_dead_workers_are_cleared_and_those_of_living_ones_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.tempfile, "tempdir", str(tmp_path))
    dead = tmp_path / f"{worker.FOLDER}dead"
    dead.mkdir()
    (dead / worker.HELD).touch()
    os.utime(dead / worker.HELD, (0, 0))
    with worker._own_folder() as living:
        os.utime(living / worker.HELD, (0, 0))
        worker._clear_after_the_dead()
        assert living.is_dir() and not dead.exists()
