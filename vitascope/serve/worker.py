"""A worker: one process that takes jobs from the queue, makes them, and puts their files into the storage.

`vitascope worker --store URL --media URL` runs one; as many as one likes, on any machine that reaches both. What it
holds when it dies goes to another after its lease, and on from the last window that was finished."""

import base64
import contextlib
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

from vitascope.serve import callbacks, forecast
from vitascope.serve.database import media as media_table
from vitascope.serve.desk import Desk
from vitascope.serve.jobs import Job
from vitascope.serve.log import log, tell
from vitascope.serve.metrics import tally
from vitascope.serve.protocol import Notice
from vitascope.serve.services import by_name
from vitascope.serve.settings import DAY
from vitascope.serve.storage import media_path
from vitascope.shot.files import MediaError
from vitascope.shot.shot import Media

IDLE = 0.25  # seconds between two looks at an empty queue
BEATS = 0.5  # seconds between two words to the queue while a job is made
PREVIEWS = 2.0  # seconds between two preview pictures
PREVIEW = 256  # pixels of their longer side
LETS_FINISH = 10.0  # seconds that a job may still take when the worker is asked to stop
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
        seen = 0.0
        try:
            while not self.leaving.is_set():
                if time.monotonic() - seen > 10:
                    forecast.report(self.desk.database, self.name, None)
                    seen = time.monotonic()
                job = self.desk.jobs.claim(self.name, self.desk.settings.lease)
                if job is not None:
                    self.work(job)
                    seen = 0.0
                elif until():
                    break
                else:
                    self.leaving.wait(IDLE)
        finally:
            forecast.leave(self.desk.database, self.name)
            tell("worker ends", worker=self.name)

    def work(self, job: Job) -> None:
        """Make one job, to whichever end it comes."""
        from vitascope.model.flow import Cancelled

        jobs, keep = self.desk.jobs, self.desk.settings.expire_days * DAY
        tell("job begins", job=job.id, worker=self.name, protocol=job.protocol, deaths=job.deaths)
        forecast.report(self.desk.database, self.name, job.id)
        if job.deaths == 0 and job.started is not None:
            tally(self.desk.database, "wait", {"": job.started - job.created})
        jobs.tell(job.id, "running", {})
        self._announce(job)
        watch, start = Watch(), time.perf_counter()
        try:
            with self._watched(job, watch):
                results = self._make(job, watch)
            if jobs.finish(job.id, self.name, results, keep):
                took = time.perf_counter() - start
                forecast.report(self.desk.database, self.name, None, job.cost / max(took, 1e-3))
                tally(self.desk.database, "stage", watch.seconds)
                tell("job done", job=job.id, seconds=round(took, 2))
        except Cancelled:
            if watch.stop == "cancelled":
                jobs.stopped(job.id, self.name, keep)
            elif watch.stop == "leaving":
                jobs.hand_back(job.id, self.name)
            tell("job stopped", job=job.id, why=watch.stop)
        except Exception as error:
            code, message = _why(error)
            if code == "internal":
                log.exception("job failed", extra={"told": {"job": job.id}})
            jobs.fail(job.id, self.name, code, message, keep)
            tally(self.desk.database, "failure", {code: 0.0})
            tell("job failed", job=job.id, code=code, why=message)
        ended = jobs.get(job.id)
        if ended is not None and ended.state in ("done", "failed", "cancelled"):
            self._announce(ended)
            self.desk.storage.remove(f"rushes/{job.id}")

    def leave(self) -> None:
        """Stop soon: what is nearly done is finished, anything else handed back."""
        self.leaving.set()

    def _make(self, job: Job, watch: Watch) -> list[Any]:
        """The results, in the storage."""
        from vitascope.serve import making

        watch.shares = _shares(job)
        with tempfile.TemporaryDirectory(prefix="vitascope-") as folder:
            here = Path(folder)
            (here / "made").mkdir()
            storage = self.desk.storage
            rushes = here / "rushes" if storage.local is None else storage.local / "rushes" / job.id

            def kept(shot: Any, weights: str, at: Path) -> Any:
                return making.SharedRushes(shot, weights, at, storage, f"rushes/{job.id}/{at.name}")

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
            for result in results:
                storage.take(f"{job.folder}/{result.name}", here / "made" / result.name)
            if storage.local is not None:
                shutil.rmtree(rushes, ignore_errors=True)
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
        told: tuple[str, int] | None = None
        while not over.wait(BEATS):
            try:
                if time.monotonic() - watch.moved > self.desk.settings.hang:
                    log.error("hung", extra={"told": {"job": job.id, "stage": watch.stage}})
                    os._exit(70)  # nothing moves: the lease ends, and another worker takes the job
                said = self.desk.jobs.beat(job.id, self.name, self.desk.settings.lease, watch.stage, watch.share)
                if said != "go on":
                    watch.stop = watch.stop or ("cancelled" if said == "stop" else "lost")
                if told != (now := (watch.stage, int(100 * watch.share))) and not watch.stop:
                    told = now
                    self.desk.jobs.tell(job.id, "progress", {"stage": watch.stage, "percent": now[1]})
                if self.leaving.is_set():
                    leaves = leaves or time.monotonic()
                    if time.monotonic() - leaves > LETS_FINISH:
                        watch.stop = watch.stop or "leaving"
            except Exception:
                log.exception("the lease could not be kept", extra={"told": {"job": job.id}})

    def _announce(self, job: Job) -> None:
        """Let the client's receiver know what has become of its job."""
        current = self.desk.jobs.get(job.id) or job
        protocol = by_name(job.protocol)
        notice = None if protocol is None else protocol.notice(self.desk, current)
        for one in (notice,) if isinstance(notice, Notice) else notice or ():
            callbacks.announce(self.desk.database, job.id, one)


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
    return shares | ({"sound": 0.4 * job.shot.seconds} if job.shot.sound else {})


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


def main(desk: Desk) -> None:
    """Work until SIGTERM or SIGINT: then what is nearly done is finished, anything else handed back."""
    worker = Worker(desk)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.leave())
    worker.run()
