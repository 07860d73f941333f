"""What the API's process holds while it is polled for long: it should not grow. In full: --minutes 60."""

import argparse
import itertools
import tempfile
import threading
import time
from pathlib import Path

import httpx
from serve_latency import SHOT
from serving import Serving, serving

CLIENTS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--jobs", type=int, default=200, help="that are polled")
    parser.add_argument("--grows", type=float, default=16.0, help="MiB that it may after its first third")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), workers=1) as server:
        with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {server.key}"}, timeout=30) as client:
            ids = [client.post("/v1/shots", json=SHOT | {"seed": k}).json()["id"] for k in range(given.jobs)]
        count, seen = poll(server, ids, 60 * given.minutes)
    mib = [memory / 2**20 for memory in seen]
    third = max(mib[: max(1, len(mib) // 3)])
    print(f"{count} polls in {given.minutes:g} minutes ({count / 60 / given.minutes:.0f} a second)")
    print(f"first {mib[0]:.1f} MiB, {third:.1f} at most in the first third, {max(mib):.1f} in all, {mib[-1]:.1f} last")
    if max(mib) - third > given.grows:
        raise SystemExit("IT GROWS")


def poll(server: Serving, ids: list[str], seconds: float) -> tuple[int, list[int]]:
    """Poll all jobs in turn; how often, and the memory each second."""
    until, numbers, counts = time.monotonic() + seconds, itertools.count(), [0] * CLIENTS

    def ask(place: int) -> None:
        with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {server.key}"}, timeout=30) as client:
            while time.monotonic() < until:
                number = next(numbers)
                path = "/v1/shots" if number % 50 == 0 else f"/v1/shots/{ids[number % len(ids)]}"
                if client.get(path).status_code == 429:
                    time.sleep(0.1)
                else:
                    counts[place] += 1

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(CLIENTS)]
    for thread in threads:
        thread.start()
    seen = []
    while time.monotonic() < until:
        seen.append(server.memory())
        time.sleep(min(1.0, max(0.05, seconds / 30)))
    for thread in threads:
        thread.join()
    return sum(counts), seen


if __name__ == "__main__":
    main()
