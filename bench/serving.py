"""A server of our own on the loopback, for the scripts beside this file: begun, measured and ended."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass
class Serving:
    """A server that runs: its address, its first key, and its process."""

    url: str
    key: str
    process: "subprocess.Popen[str]"

    def memory(self) -> int:
        """Bytes that the API's process holds now."""
        fields = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serving(home: Path, *options: str, workers: int = 1, model: str = "small", port: int = 0) -> Iterator[Serving]:
    """`vitascope serve` with its data in `home`, until the block ends."""
    port = port or free_port()
    command = [sys.executable, "-m", "vitascope.cli", "serve", "--home", str(home), "--port", str(port)]
    command += ["--workers", str(workers), "--model", model, "--tier", "first", "--log", "ERROR", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        key = _first_key(process)
        found = Serving(f"http://127.0.0.1:{port}", key, process)
        _wait(found)
        yield found
    finally:
        process.terminate()
        try:
            process.wait(45)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _first_key(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(r"vita_[A-Za-z0-9]{32}", line):
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return match[0]
    raise RuntimeError(f"the server ended with {process.wait()} before it printed a key")


def _wait(found: Serving, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if httpx.get(f"{found.url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the server did not answer within {seconds:g} s")
