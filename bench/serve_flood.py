"""One key sends thousands of jobs, another one every now and then: how long does the second wait?

The queue itself, with workers that make nothing but take their time; an hour goes by in seconds, since each second of
the story is `--scale` of a second here. In full: --flood 5000."""

import argparse
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from vitascope.serve.database import Database
from vitascope.serve.forecast import Forecast
from vitascope.serve.job import New
from vitascope.serve.jobs import Jobs
from vitascope.serve.settings import TIERS
from vitascope.serve.work import Work
from vitascope.shot.shot import Shot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flood", type=int, default=500, help="jobs that the first key sends at once")
    parser.add_argument("--single", type=int, default=10, help="jobs that the second sends, one a minute")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--takes", type=float, default=30.0, help="seconds of the story that a job takes")
    parser.add_argument("--tier", choices=tuple(TIERS), default="usual", help="of both keys")
    parser.add_argument("--scale", type=float, default=0.01)
    given = parser.parse_args()
    tier = replace(TIERS[given.tier], waiting=100_000)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'vitascope.db'}")
        begun = time.time()
        queue = Jobs(database, clock=lambda: begun + (time.time() - begun) / given.scale)
        work = Work(shot=Shot(text="a red ball", size=(144, 80), seconds=1.0, fps=12.0))

        def put(key: str) -> str:
            return queue.put(New(key=key, protocol="ours", work=work, cost=given.takes, tier=tier)).id

        start = time.perf_counter()
        for _ in range(given.flood):
            put("flood")
        print(f"{given.flood} jobs put by one key, {1000 * (time.perf_counter() - start) / given.flood:.1f} ms each")
        over = threading.Event()

        def works(name: str) -> None:
            while not over.is_set():
                job = queue.claim(name, 1e9)
                if job is None:
                    over.wait(0.01)
                else:
                    over.wait(given.takes * given.scale)
                    queue.finish(job.id, name, [])

        threads = [threading.Thread(target=works, args=(f"w{number}",)) for number in range(given.workers)]
        for thread in threads:
            thread.start()
        expected = Forecast(database).as_first("single", tier.wait)
        ids = []
        for _ in range(given.single):
            ids.append(put("single"))
            time.sleep(60 * given.scale)
        waits = [_wait(queue, id) for id in ids]
        over.set()
        for thread in threads:
            thread.join()
        done = queue.count("flood", "ours") - _waiting(database, "flood")
        middle = sorted(waits)[len(waits) // 2]
        print(f"the second key's jobs waited {middle:.0f} s in the middle and {max(waits):.0f} s at most")
        print(f"foretold {expected:.0f} s, promised {tier.wait:.0f} s; meanwhile {done} of the flood were begun")
        database.close()
    if max(waits) > tier.wait:
        raise SystemExit("LONGER THAN PROMISED")


def _wait(queue: Jobs, id: str) -> float:
    """Seconds of the story that a job waited, when it has been begun."""
    while (job := queue.get(id)) is not None and job.started is None:
        time.sleep(0.01)
    assert job is not None and job.started is not None
    return job.started - job.created


def _waiting(database: Database, key: str) -> int:
    found = Forecast(database, fresh=0.0).queue().waiting.get(key)
    return 0 if found is None else found.count


if __name__ == "__main__":
    main()
