"""Jobs of twenty keys, while the server and its workers are killed (-9) at random: does each end once, in a film that
can be decoded?

The clients send each job with an idempotency key, and send it again when they get no answer. In full:
--jobs 1000 --kills 20."""

import argparse
import collections
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
from serving import free_port

from vitascope.serve.database import Database
from vitascope.serve.keys import Keys
from vitascope.shot.media import probe

SHOT = {"text": "a red ball", "model": "tiny", "size": [144, 80], "seconds": 0.25, "fps": 12.0, "steps": 2}
KEYS = 20
CLIENTS = 4
ENDED = ("done", "failed", "cancelled")


def tiny_weights(folder: Path) -> None:
    """A random network of the smallest preset: what it makes is noise, but a film."""
    import torch

    from vitascope.model import checkpoint, presets
    from vitascope.model.dit import DiT

    torch.manual_seed(0)
    card = checkpoint.Card("tiny", (144, 80), 24, 12.0, 1, pins=3, words=("a", "ball", "red"))
    checkpoint.save(DiT(presets.tiny()), card, folder / "tiny.safetensors")


class Target:
    """The server's process, begun again whenever it was killed; the workers are its children, and killed as well."""

    def __init__(self, home: Path, workers: int, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "vitascope.cli", "serve", "--home", str(home), "--port", str(self.port)]
        self._command = [*command, "--workers", str(workers), "--model", "tiny", "--lease", "3", "--log", "ERROR"]
        self._environment = environment
        self.begin()

    def begin(self) -> None:
        self.process = subprocess.Popen(self._command, env=self._environment, stdout=subprocess.DEVNULL)

    def workers(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task")
        children = (task / "children" for task in path.iterdir())
        return [int(pid) for child in children for pid in child.read_text(encoding="ascii").split()]

    def kill_one(self, chance: random.Random) -> str:
        """Kill the server or one of its workers."""
        workers = self.workers()
        if workers and chance.random() < 0.6:
            os.kill(chance.choice(workers), signal.SIGKILL)
            return "worker"
        self.process.kill()
        self.process.wait()
        self.begin()
        return "server"

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


def asked(url: str, method: str, path: str, key: str, until: float, **more: object) -> httpx.Response:
    """An answer, however often the server is killed before it gives one."""
    headers = {"authorization": f"Bearer {key}", **more.pop("headers", {})}  # type: ignore[dict-item]
    while True:
        try:
            answer = httpx.request(method, f"{url}{path}", headers=headers, timeout=20, **more)  # type: ignore[arg-type]
            if answer.status_code < 500 and answer.status_code != 429:
                return answer
        except httpx.TransportError:
            pass
        if time.monotonic() > until:
            raise RuntimeError(f"{method} {path} had no answer")
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=8.0, help="seconds between two kills, on average")
    parser.add_argument("--minutes", type=float, default=30.0, help="after which it is given up")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", default="", help="another database, such as an empty one of PostgreSQL")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "weights").mkdir()
        tiny_weights(home / "weights")
        environment = {**os.environ, "VITASCOPE_WEIGHTS": str(home / "weights"), "OMP_NUM_THREADS": "1"}
        store = given.store or f"sqlite:///{home / 'vitascope.db'}"
        environment["VITASCOPE_STORE"] = store
        database = Database(store)
        keys = [Keys(database).create(f"key {number}", "usual")[0] for number in range(KEYS)]
        begun = time.monotonic()
        until = begun + 60 * given.minutes
        target = Target(home, given.workers, environment)
        try:
            report(given.jobs, *run(target, keys, given, chance, until), home, begun)
        finally:
            target.end()
            database.close()


def run(target: Target, keys: list[str], given: argparse.Namespace, chance: random.Random, until: float) -> tuple:
    """Send all jobs, kill at random meanwhile, and wait until every job has ended: key and job, by what they were sent
    as, and how often what was killed."""
    accepted: dict[int, tuple[str, str]] = {}
    numbers = iter(range(given.jobs))
    turn = threading.Lock()

    def send() -> None:
        while True:
            with turn:
                number = next(numbers, None)
            if number is None:
                return
            key, headers = keys[number % KEYS], {"idempotency-key": f"job-{number}"}
            answer = asked(target.url, "POST", "/v1/shots", key, until, json=SHOT | {"seed": number}, headers=headers)
            if answer.status_code != 201:
                raise RuntimeError(answer.text)
            accepted[number] = (key, answer.json()["id"])

    clients = [threading.Thread(target=send) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    killed: collections.Counter[str] = collections.Counter()
    waiting: set[int] = set(range(given.jobs))
    kill_at = time.monotonic() + chance.uniform(0.5, 1.5) * given.every
    ended: dict[int, dict] = {}
    while waiting:
        if time.monotonic() > until:
            raise RuntimeError(f"{len(waiting)} jobs have not ended: {sorted(waiting)[:10]}")
        if killed.total() < given.kills and time.monotonic() > kill_at:
            killed[target.kill_one(chance)] += 1
            kill_at = time.monotonic() + chance.uniform(0.5, 1.5) * given.every
        for number in sorted(waiting & set(accepted))[:5]:
            key, id = accepted[number]
            job = asked(target.url, "GET", f"/v1/shots/{id}", key, until).json()
            if job["state"] in ENDED:
                ended[number] = job
                waiting.discard(number)
        time.sleep(0.05)
    for client in clients:
        client.join()
    doubled = sum(len(kept(target, key, until) - {id for _, id in accepted.values()}) for key in keys)
    return accepted, ended, killed, doubled, target, until


def kept(target: Target, key: str, until: float) -> set[str]:
    """All of a key's jobs that the server knows of, whoever asked for them."""
    found: set[str] = set()
    query = {"limit": "100"}
    while True:
        page = asked(target.url, "GET", "/v1/shots", key, until, params=query).json()
        found |= {job["id"] for job in page["data"]}
        if page["next"] is None:
            return found
        query["after"] = page["next"]


def report(
    count: int,
    accepted: dict[int, tuple[str, str]],
    ended: dict[int, dict],
    killed: "collections.Counter[str]",
    doubled: int,
    target: Target,
    until: float,
    home: Path,
    begun: float,
) -> None:
    """What became of the jobs; every film is fetched and decoded."""
    decoded, path = 0, home / "fetched.mp4"
    for number, job in ended.items():
        films = [result for result in job["results"] if result["role"] == "film"]
        if job["state"] == "done" and len(films) == 1:
            link = films[0]["url"].removeprefix(target.url)
            path.write_bytes(asked(target.url, "GET", link, accepted[number][0], until).content)
            decoded += probe(path).size == (144, 80)
    states = collections.Counter(job["state"] for job in ended.values())
    codes = collections.Counter(job["error"]["code"] for job in ended.values() if job["error"])
    took = time.monotonic() - begun
    print(f"{count} jobs of {KEYS} keys in {took:.0f} s; killed: {dict(killed)}")
    different = len({id for _, id in accepted.values()})
    print(f"accepted {len(accepted)}, as different jobs {different}; not asked for {doubled}")
    print(f"ended: {dict(states)} {dict(codes) or ''}; films that were decoded: {decoded}")
    good = decoded == len(accepted) == len(set(accepted.values())) == count and not doubled
    print("all there, none lost, none doubled" if good else "NOT ALL THERE")
    if not good:
        sys.exit(1)


if __name__ == "__main__":
    main()
