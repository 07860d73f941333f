"""How often a key may ask: so many requests a minute, saved up for at most half of one."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable


class Limiter:
    """Buckets of requests, one a key, of this process alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = 10_000) -> None:
        self._clock, self._most = clock, most
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and since when

    def ask(self, key: str, a_minute: int) -> float:
        """Take one request: 0 if it may be made, else in how many seconds it may."""
        now, full, rate = self._clock(), max(1.0, a_minute / 2), a_minute / 60
        with self._lock:
            left, since = self._buckets.pop(key, (full, now))
            left = min(full, left + (now - since) * rate)
            may = left >= 1
            self._buckets[key] = (left - 1 if may else left, now)
            while len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return 0.0 if may else (1 - left) / rate
