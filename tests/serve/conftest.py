"""What the server's tests share: one really started server with the `tiny` model, and a receiver of calls back."""

import json
import pwd
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from vitascope.serve.database import Database
from vitascope.serve.job import New
from vitascope.serve.settings import TIERS, Tier
from vitascope.serve.work import Work
from vitascope.shot.media import write_film, write_picture
from vitascope.shot.shot import Shot

STARTS = 60.0  # seconds
ENDS = 120.0  # of a job, on a busy machine
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


@dataclass
class Server:
    """A server that runs: its address and its first key."""

    url: str
    key: str
    home: Path
    environment: dict[str, str]

    def new_key(self, tier: str = "usual") -> str:
        """Another key, made as an operator does."""
        command = [sys.executable, "-m", "vitascope.cli", "keys", "create", "test", "--tier", tier]
        made = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return made.stdout.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Receiver:
    """Takes calls back: each as its path, headers and body."""

    url: str
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(body) for at, _, body in list(self.calls) if at == path]

    def wait_for(self, path: str, count: int = 1, seconds: float = ENDS) -> list[Any]:
        """The bodies that were sent to a path, when there are so many."""
        until = time.monotonic() + seconds
        while len(self.bodies(path)) < count:
            assert time.monotonic() < until, f"{path} was called {len(self.bodies(path))} times in {seconds} s"
            time.sleep(0.05)
        return self.bodies(path)


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """A receiver of calls back on the loopback, for the length of the session."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            found.calls.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()


@pytest.fixture(scope="session")
def server(tiny_weights: Path, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`vitascope serve --model tiny` with one worker, for the length of the session. It may call back the loopback."""
    home, port = tmp_path_factory.mktemp("served"), free_port()
    environment = {**os.environ, "VITASCOPE_WEIGHTS": str(tiny_weights.parent), "VITASCOPE_HOME": str(home)}
    options = ["--host", "127.0.0.1", "--port", str(port), "--model", "tiny", "--allow-private", "--tier", "first"]
    options += ["--webhook-url", f"{receiver.url}/openai", "--webhook-secret", SECRET]
    log = open(home / "log.txt", "wb")  # noqa: SIM115 (closed below)
    process = subprocess.Popen(
        [sys.executable, "-m", "vitascope.cli", "serve", *options],
        env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
    )  # fmt: skip
    try:
        key = _printed_key(process)
        found = Server(f"http://127.0.0.1:{port}", key, home, environment)
        _wait_until_ready(found, process)
        yield found
    finally:
        process.terminate()
        try:
            process.wait(45)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _printed_key(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(r"vita_[A-Za-z0-9]{32}", line):
            threading.Thread(target=process.stdout.read, daemon=True).start()  # nobody blocks on a full pipe
            return match[0]
    raise AssertionError(f"the server ended with {process.wait()} and printed no key")


def _wait_until_ready(found: Server, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + STARTS
    while True:
        assert process.poll() is None, (found.home / "log.txt").read_text()
        try:
            if httpx.get(f"{found.url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until, (found.home / "log.txt").read_text()
        time.sleep(0.1)


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A PNG of 144×80."""
    rows, columns = np.mgrid[:80, :144]
    frame = np.stack([columns * 255 // 143, rows * 255 // 79, np.full((80, 144), 90)], -1).astype(np.uint8)
    path = tmp_path_factory.mktemp("media") / "picture.png"
    write_picture(path, frame)
    return path.read_bytes()


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An mp4 of 144×80, one second at 12 frames a second: a square that moves to the right."""
    frames = np.full((12, 80, 144, 3), 120, np.uint8)
    for number, frame in enumerate(frames):
        frame[30:50, 10 + 8 * number : 30 + 8 * number] = (220, 40, 40)
    path = tmp_path_factory.mktemp("media") / "film.mp4"
    write_film(path, frames, 12.0)
    return path.read_bytes()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL cluster of our own on the loopback, without a database's name; skips without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg")
    folder, port = Path(tempfile.mkdtemp(prefix="vitascope-postgres-")), free_port()
    # It refuses to run as root.
    user = None if os.geteuid() else next(name for name in ("postgres", "nobody") if _is_user(name))
    if user is not None:
        shutil.chown(folder, user)

    def run(name: str, *arguments: str) -> None:
        command = [str(found[-1].with_name(name)), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    try:
        run("initdb", "-U", "vitascope", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        told = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        run("pg_ctl", "-w", "-l", str(folder / "log.txt"), "-o", told, "start")
        yield f"postgresql+psycopg://vitascope@127.0.0.1:{port}"
        run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind that there is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'queue.db'}"
    import psycopg

    cluster = request.getfixturevalue("postgres")
    with psycopg.connect(cluster.replace("+psycopg", "") + "/postgres", autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return f"{cluster}/postgres"


@pytest.fixture
def database(store: str) -> Iterator[Database]:
    """An empty database, of each kind that there is."""
    opened = Database(store)
    yield opened
    opened.close()


@dataclass
class Clock:
    """Invented time."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def new(key: str = "anna", text: str = "a red ball", tier: Tier = TIERS["usual"], **fields: Any) -> New:
    """A job to be put."""
    work = Work(shot=Shot(text=text, model="tiny", size=(144, 80), seconds=0.5, fps=12.0))
    return New(**({"key": key, "protocol": "ours", "work": work, "cost": 1.0, "tier": tier} | fields))


@pytest.fixture
def newly() -> Any:
    """Makes jobs to be put: `newly(key=…, tier=…, …)`."""
    return new
