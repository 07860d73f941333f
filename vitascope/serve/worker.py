"""A worker: one process that takes jobs from the queue, makes them, and puts their files into the storage.

`vitascope worker --store URL --media URL` runs one; as many as one likes, on any machine that reaches both. What it
holds when it dies goes to another after its lease, and on from the last window that was finished."""

import base64
import contextlib
import fcntl
import io
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from vitascope.serve import cost, forecast
from vitascope.serve.database import media as media_table
from vitascope.serve.desk import Desk
from vitascope.serve.expiry import rushes_of
from vitascope.serve.jobs import ENDED, Job
from vitascope.serve.log import log, tell
from vitascope.serve.metrics import tally
from vitascope.serve.settings import SERVER
from vitascope.serve.storage import media_path
from vitascope.shot.files import MediaError
from vitascope.shot.shot import Media

IDLE = 0.25  # seconds between two looks at an empty queue
BEATS = 0.5  # seconds between two words to the queue while a job is made
PREVIEWS = 2.0  # seconds between two preview pictures
PREVIEW = 256  # pixels of their longer side
LETS_FINISH = 10.0  # seconds that a job may still take when the worker is asked to stop, …
LETS_STOP = 20.0  # … and that its last step may
SEEN = 10.0  # seconds between two words of being alive
AGAIN = 2.0  # seconds before the queue is asked again when it could not be
HUNG = 70  # the status of a worker that hung
FOLDER = "vitascope-job-"
HELD = "held"
SUFFIXES = {"picture": ".png", "film": ".mp4", "sound": ".wav"}


@dataclass
class Watch:
    """How far a job is, and whether it is to go on: for who makes it, and for the thread that keeps its lease."""

    shares: dict[str, float] = field(default_factory=dict)
    stage: str = "load"
    share: float = 0.0
    moved: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)
    stop: str = ""  # why: "cancelled", "lost", "leaving"
    _since: float = field(default_factory=time.perf_counter)
    _done: dict[str, float] = field(default_factory=dict)

    def report(self, stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self._since
        self._since, self.stage, self.moved = now, stage, time.monotonic()
        if stage in self.shares and total:
            self._done[stage] = done / total
            whole = sum(self.shares.values())
            share = sum(self.shares[name] * part for name, part in self._done.items()) / whole if whole else 0.0
            self.share = max(self.share, min(0.999, share))

    def cancel(self) -> bool:
        return bool(self.stop)


class Worker:
    """Takes one job after the other."""

    def __init__(self, desk: Desk, name: str = "") -> None:
        self.desk = desk
        self.name = name or f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
        self.leaving = threading.Event()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until it is asked to stop (or `until` says so when there is nothing to do)."""
        tell("worker begins", worker=self.name)
        _clear_after_the_dead()
        seen = -SEEN
        try:
            while not self.leaving.is_set():
                try:
                    if time.monotonic() - seen > SEEN:
                        forecast.report(self.desk.database, self.name, None)
                        seen = time.monotonic()
                    job = self.desk.jobs.claim(self.name, self.desk.settings.lease)
                    if job is not None:
                        self.work(job)
                        seen = -SEEN
                except Exception:  # the database cannot be reached: what was held goes back by its lease
                    log.exception("the queue could not be asked", extra={"told": {"worker": self.name}})
                    self.leaving.wait(AGAIN)
                    continue
                if job is None:
                    if until():
                        break
                    self.leaving.wait(IDLE)
        finally:
            forecast.leave(self.desk.database, self.name)
            tell("worker ends", worker=self.name)

    def work(self, job: Job) -> None:
        """Make one job, to whichever end it comes."""
        from vitascope.model.flow import Cancelled

        jobs = self.desk.jobs
        tell("job begins", job=job.id, worker=self.name, protocol=job.protocol, tries=job.tries, deaths=job.deaths)
        watch, start = Watch(), time.perf_counter()
        try:
            with self._watched(job, watch):
                results = self._make(job, watch)
            ended = jobs.finish(job.id, self.name, results)
            tell("job done" if ended else "job lost", job=job.id, seconds=round(time.perf_counter() - start, 2))
        except Cancelled:
            if watch.stop == "cancelled":
                jobs.stopped(job.id, self.name)
            elif watch.stop == "leaving":
                jobs.hand_back(job.id, self.name)
            tell("job stopped", job=job.id, why=watch.stop)
        except Exception as error:
            code, message = _why(error)
            if code == "internal":
                log.exception("job failed", extra={"told": {"job": job.id}})
            jobs.fail(job.id, self.name, code, message)
            tell("job failed", job=job.id, code=code, why=message)
            tally(self.desk.database, "failure", {code: 0.0})
        else:
            if ended:
                self._count(job, watch, time.perf_counter() - start)
            else:
                self.desk.storage.remove(job.folder)  # another's results count, or nobody wants any
        left = jobs.get(job.id)
        if left is None or left.state in ENDED:  # else it waits, or another worker goes on with it
            self.desk.storage.remove(rushes_of(job.id))

    def _count(self, job: Job, watch: Watch, took: float) -> None:
        """What was measured of a job that is done."""
        # A job that went on from windows that were there says nothing of how fast this worker is.
        measured = job.cost / max(took, 1e-3) if job.tries == 1 else None
        forecast.report(self.desk.database, self.name, None, measured)
        tally(self.desk.database, "stage", watch.seconds)
        if job.tries == 1 and job.started is not None:
            tally(self.desk.database, "wait", {"": job.started - job.created})

    def leave(self) -> None:
        """Stop soon: what is nearly done is finished, anything else handed back."""
        self.leaving.set()

    def _make(self, job: Job, watch: Watch) -> list[Any]:
        """The results, in the storage."""
        from vitascope.serve import making

        watch.shares = _shares(job)
        with _own_folder() as here:
            (here / "made").mkdir()
            storage = self.desk.storage
            shared = rushes_of(job.id)
            rushes = here / "rushes" if storage.local is None else storage.local / shared

            def kept(shot: Any, weights: str, at: Path) -> Any:
                return making.SharedRushes(shot, weights, at, storage, f"{shared}/{at.name}")

            with contextlib.ExitStack() as stack:
                bench = making.Bench(
                    folder=here / "made",
                    rushes=rushes,
                    files=_Files(self.desk, job.key, here, stack),
                    report=watch.report,
                    cancel=watch.cancel,
                    preview=_Previews(self.desk, job, watch),
                    kept=None if storage.local is not None else kept,
                )
                results = making.made(job.work, bench)
            watch.report("store", 0, 1)
            try:
                for result in results:
                    storage.take(f"{job.folder}/{result.name}", here / "made" / result.name)
            except MediaError as error:  # nothing that the client could mend
                raise OSError(str(error)) from error
        return results

    @contextmanager
    def _watched(self, job: Job, watch: Watch) -> Iterator[None]:
        """While a job is made, a thread keeps its lease and hears whether it is to stop."""
        over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(job, watch, over), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _beat(self, job: Job, watch: Watch, over: threading.Event) -> None:
        leaves: float | None = None
        seen = -SEEN
        told: tuple[str, int] | None = None
        while not over.wait(BEATS):
            try:
                now = time.monotonic()
                if now - watch.moved > self.desk.settings.hang:
                    log.error("hung", extra={"told": {"job": job.id, "stage": watch.stage}})
                    os._exit(HUNG)  # nothing moves: the lease ends, and another worker takes the job
                if self.leaving.is_set():
                    leaves = leaves or now
                    if now - leaves > LETS_FINISH:
                        watch.stop = watch.stop or "leaving"
                    if now - leaves > LETS_FINISH + LETS_STOP:  # a step takes too long to wait for its end
                        self.desk.jobs.hand_back(job.id, self.name)
                        os._exit(0)
                said = self.desk.jobs.beat(job.id, self.name, self.desk.settings.lease, watch.stage, watch.share)
                if said != "go on":
                    watch.stop = watch.stop or ("cancelled" if said == "stop" else "lost")
                if told != (point := (watch.stage, int(100 * watch.share))) and not watch.stop:
                    told = point
                    self.desk.jobs.tell(job.id, "progress", {"stage": point[0], "percent": point[1]})
                if now - seen > SEEN:
                    forecast.report(self.desk.database, self.name, job.id)
                    seen = now
            except Exception:
                log.exception("the lease could not be kept", extra={"told": {"job": job.id}})


class _Files:
    """Local files of a key's media, for as long as a job is made."""

    def __init__(self, desk: Desk, key: str, folder: Path, stack: contextlib.ExitStack) -> None:
        self.desk, self.key, self.folder, self.stack = desk, key, folder, stack
        self.known: dict[str, Path] = {}

    def __call__(self, media: Media) -> Path:
        if media.sha256 not in self.known:
            with self.desk.database.reading() as connection:
                where = (media_table.c.key == self.key, media_table.c.sha256 == media.sha256)
                path = connection.execute(select(media_table.c.path).where(*where)).scalar_one_or_none()
            file = self.stack.enter_context(self.desk.storage.as_file(path or media_path(media.sha256)))
            named = self.folder / f"{media.sha256}{SUFFIXES[media.kind]}"
            named.symlink_to(file)
            self.known[media.sha256] = named
        return self.known[media.sha256]


class _Previews:
    """Pictures of what is being made, as events of its job."""

    def __init__(self, desk: Desk, job: Job, watch: Watch) -> None:
        self.desk, self.job, self.watch = desk, job, watch
        self.last = -1e9

    def __call__(self, frames: Any) -> None:
        from PIL import Image

        if time.monotonic() - self.last < PREVIEWS:
            return
        self.last = time.monotonic()
        image = Image.fromarray(np.asarray(frames[len(frames) // 2]))
        image.thumbnail((PREVIEW, PREVIEW))
        data = io.BytesIO()
        image.save(data, "JPEG", quality=70)
        picture = "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
        self.desk.jobs.tell(self.job.id, "preview", {"percent": int(100 * self.watch.share), "image": picture})


def _shares(job: Job) -> dict[str, float]:
    """How much of the whole each stage is."""
    from vitascope import generate

    if job.work.task == "sound":
        return {"look": 1.0, "sound": 1.0}
    if job.work.task == "enlarge":
        return {"write": 1.0}
    shares = generate.shares(job.shot.with_(pins=()))  # what is pinned is not looked at here
    return shares | ({"sound": cost.SOUND * job.shot.seconds} if job.shot.sound else {})


def _why(error: Exception) -> tuple[str, str]:
    """A failure's code and message: our own errors say what the user can mend, all others are told nothing."""
    if isinstance(error, MediaError):
        return "media", str(error)
    if type(error).__module__.partition(".")[0] == "vitascope":
        return "refused", str(error)
    if isinstance(error, MemoryError):
        return "memory", "the machine has too little memory for this; ask for a smaller size or fewer seconds"
    if isinstance(error, OSError) and error.errno == 28:
        return "disk", "the server's disk is full"
    return "internal", "something failed on the server; it has been logged"


@contextmanager
def _own_folder() -> Iterator[Path]:
    """A folder of this job on this machine, locked for as long as its worker lives."""
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder, open(Path(folder) / HELD, "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield Path(folder)


def _clear_after_the_dead() -> None:
    """Remove the folders of workers that were killed here."""
    for path in Path(tempfile.gettempdir()).glob(f"{FOLDER}*/{HELD}"):
        with contextlib.suppress(OSError), open(path, "rb") as held:
            if time.time() - path.stat().st_mtime < SEEN:
                continue  # it may be about to be locked
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent, ignore_errors=True)


def main(desk: Desk) -> None:
    """Work until SIGTERM or SIGINT, or until the server that this worker belongs to is gone: then what is nearly done
    is finished, anything else handed back."""
    worker = Worker(desk)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.leave())
    if server := os.environ.get(SERVER):
        threading.Thread(target=_leave_with, args=(worker, int(server)), name="server", daemon=True).start()
    worker.run()


def _leave_with(worker: Worker, server: int) -> None:
    while os.getppid() == server:
        time.sleep(1)
    tell("the server is gone", worker=worker.name)
    worker.leave()
