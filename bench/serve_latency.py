"""How long the server takes to answer while 10,000 jobs wait: p50 and p99 of creating and of polling, at a steady rate.

The goal: p99 under 50 ms at 200 requests a second on two cores, the worker idle. Requests are begun at their time
whether or not those before them are answered, and counted from then, so a server that stalls cannot hide it. The
worker is there and asks for work, but nothing may begin: every key that has waiting jobs is at its limit."""

import argparse
import asyncio
import json
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from serving import Serving, serving

from vitascope.serve.database import Database
from vitascope.serve.job import New
from vitascope.serve.jobs import Jobs
from vitascope.serve.keys import Keys
from vitascope.serve.settings import TIERS
from vitascope.serve.work import Work
from vitascope.shot.shot import Shot

SHOT = {"text": "a red ball bounces on the grass", "size": [144, 80], "seconds": 1.0, "fps": 12.0, "model": "small"}
KEYS = 20
CONNECTIONS = 64
WAITS_LONG = replace(TIERS["first"], running=0, wait=1e9)  # may never begin


def fill(database: Database, count: int) -> None:
    """So many jobs of twenty keys that wait."""
    queue = Jobs(database)
    work = Work(shot=Shot.checked(**SHOT))
    for number in range(count):
        queue.put(New(key=f"other-{number % KEYS}", protocol="ours", work=work, cost=1.0, tier=WAITS_LONG))


def hold(database: Database, key: str) -> None:
    """Let this key's jobs wait: as many as may run at once are held by nobody for an hour."""
    queue = Jobs(database)
    work = Work(shot=Shot.checked(**SHOT))
    for _ in range(TIERS["first"].running):
        queue.put(New(key=key, protocol="ours", work=work, cost=1.0, tier=TIERS["first"]))
        if queue.claim("held", 3600.0) is None:
            raise RuntimeError("a job could not be held")


class Client:
    """Keeps connections open and does little else: a client that is slow itself would be measured beside the server."""

    def __init__(self, server: Serving) -> None:
        self._host, self._port = server.url.removeprefix("http://").split(":")
        self._head = f"Host: {self._host}\r\nAuthorization: Bearer {server.key}\r\nContent-Type: application/json\r\n"
        self._free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            self._free.put_nowait(None)

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer. Raises RuntimeError for another than 200 and 201."""
        found = await self._free.get()
        reader, writer = found or await asyncio.open_connection(self._host, int(self._port))
        writer.write(f"{method} {path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        answer = await reader.readexactly(int(head.partition("content-length:")[2].partition("\r")[0]))
        self._free.put_nowait((reader, writer))
        if not head.startswith(("http/1.1 200", "http/1.1 201")):
            raise RuntimeError(f"{head}{answer.decode()}")
        return answer


async def ask(server: Serving, rate: float, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each request by its kind: half of them create, half poll."""
    found: dict[str, list[float]] = {"create": [], "poll": []}
    ids: list[str] = []
    client = Client(server)

    async def one(kind: str, at: float) -> None:
        if kind == "create":
            body = json.dumps(SHOT | {"seed": random.randrange(2**31)}).encode()
            ids.append(json.loads(await client.ask("POST", "/v1/shots", body))["id"])
        else:
            await client.ask("GET", f"/v1/shots/{random.choice(ids)}")
        found[kind].append(1000 * (time.perf_counter() - at))

    for _ in range(20):
        await one("create", time.perf_counter())
        await one("poll", time.perf_counter())
    for times in found.values():
        times.clear()
    start = time.perf_counter()
    tasks = []
    for number in range(round(rate * seconds)):
        at = start + number / rate
        if (early := at - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        tasks.append(asyncio.create_task(one("poll" if number % 2 else "create", at)))
    await asyncio.gather(*tasks)
    return found


def at(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=1000, help="jobs that wait (10000 for the goal)")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        database = Database(f"sqlite:///{home / 'vitascope.db'}")
        start = time.perf_counter()
        fill(database, given.waiting)
        print(
            f"{given.waiting} jobs put one by one: {1000 * (time.perf_counter() - start) / given.waiting:.2f} ms each"
        )
        with serving(home, workers=given.workers) as server:
            hold(database, next(key.id for key in Keys(database).list()))
            for number in range(given.rounds):
                found = asyncio.run(ask(server, given.rate, given.seconds))
                told = "; ".join(
                    f"{kind} p50 {at(times, 0.5):.1f} p99 {at(times, 0.99):.1f} worst {max(times):.1f} ms"
                    for kind, times in found.items()
                )
                print(f"round {number + 1}, {given.rate:g} requests a second for {given.seconds:g} s: {told}")
        database.close()


if __name__ == "__main__":
    main()
