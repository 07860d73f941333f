"""What the user of a terminal sees of work that takes a while, and how it is stopped."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stages:
    """The stages of the work as `generate.make` reports them: how long each took, and a bar on a terminal."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage = "load"
        self._since = time.perf_counter()
        self._show: Callable[[str, int, int], None] = lambda stage, done, total: None

    def report(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._close()
            self._stage = stage
        self._show(stage, done, total)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Shows a bar on stderr if that is a terminal, and closes the last stage in the end."""
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(self._stage, total=None)
            self._show = lambda stage, done, total: bar.update(task, description=stage, completed=done, total=total)
            yield
        self._close()

    def _close(self) -> None:
        now = time.perf_counter()
        self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + now - self._since, 3)
        self._since = now


@contextmanager
def cancelled_by_interrupt() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C into a request to stop, so that half-made files are cleaned away; a second is final."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    stop = threading.Event()

    def interrupt(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop.is_set
    except Exception:
        if not stop.is_set():
            raise
    finally:
        signal.signal(signal.SIGINT, before)
    if stop.is_set():
        raise KeyboardInterrupt
