"""What the user of a terminal sees of work that takes a while, and how it is stopped."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


class Forecast:
    """How much of some work is done, and how long the rest will take. `shares` are the seconds that each stage takes on
    some machine: their ratios are believed until a stage has begun and its own pace is known."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.shares: dict[str, float] = {}
        self.after = 0
        self._clock = clock
        self._stage, self._since = "", clock()
        self._spent: dict[str, float] = {}  # seconds since the first report of each stage …
        self._worth: dict[str, float] = {}  # … and what was done in them, as its share says
        self._done: dict[str, float] = {}  # 0…1, of the present piece of work

    def begin(self, shares: Mapping[str, float], after: int = 0) -> None:
        """A piece of work begins, and so many like it come after it."""
        self.shares, self.after = dict(shares), after
        self._done = {}

    def report(self, stage: str, done: int, total: int) -> None:
        """So much of a stage is done."""
        now = self._clock()
        if stage == self._stage:
            self._spent[stage] = self._spent.get(stage, 0.0) + now - self._since
        self._stage, self._since = stage, now
        part = done / total if total else 0.0
        if stage in self._done:  # what was there at its first report has not been done now
            gone = max(0.0, part - self._done[stage])
            self._worth[stage] = self._worth.get(stage, 0.0) + gone * self.shares.get(stage, 0.0)
        self._done[stage] = part

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take; None as long as nothing has been measured."""
        known = {stage: self._spent[stage] / worth for stage, worth in self._worth.items() if worth > 0}
        if not known:
            return None
        usual = sum(self._spent[stage] for stage in known) / sum(self._worth[stage] for stage in known)
        return sum(
            known.get(stage, usual) * share * (self.after + 1 - self._done.get(stage, 0.0))
            for stage, share in self.shares.items()
        )


class Stages:
    """The stages of the work as `generate.make` reports them: how long each took, and a bar on a terminal with the time
    that is left for the whole."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.forecast = Forecast()
        self._stage = "load"
        self._begun = self._since = time.perf_counter()
        self._show: Callable[[str], None] = lambda stage: None

    def begin(self, shares: Mapping[str, float], after: int = 0) -> None:
        """A piece of work begins whose stages take about so many seconds, and so many like it come after it."""
        self.forecast.begin(shares, after)

    def report(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._close()
            self._stage = stage
        self.forecast.report(stage, done, total)
        self._show(stage)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Shows a bar on stderr if that is a terminal, and closes the last stage in the end."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        console = Console(stderr=True)
        left = TextColumn("{task.fields[left]}")
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), left)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(self._stage, total=None, left="")

            def show(stage: str) -> None:
                rest = self.forecast.left
                if rest is None:
                    bar.update(task, description=stage)
                else:
                    gone = time.perf_counter() - self._begun
                    bar.update(task, description=stage, completed=gone, total=gone + rest, left=f"{_clock(rest)} left")

            self._show = show
            yield
        self._close()

    def _close(self) -> None:
        now = time.perf_counter()
        self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + now - self._since, 3)
        self._since = now


def _clock(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


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
