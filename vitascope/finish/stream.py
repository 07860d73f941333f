"""Frames that are made ahead of the one who needs them, each stage in a thread of its own."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from vitascope.model import numerics

T = TypeVar("T")
U = TypeVar("U")


class Watch:
    """How long each stage of a stream was busy, in seconds; what it waited for the stage before is not in it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def over(self, name: str, stage: Callable[[Iterator[T]], Iterator[T]], items: Iterable[T]) -> Iterator[T]:
        """What the stage makes of the items."""
        self.seconds.setdefault(name, 0.0)

        def source() -> Iterator[T]:
            for item, waited in _timed(items):
                self.seconds[name] -= waited
                yield item

        for item, took in _timed(stage(source())):
            self.seconds[name] += took
            yield item


def together(work: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
    """`work` of each item, in their order, several at once: each in a thread that keeps to one core. Many small steps
    shared by all cores wait for each other, and for whatever else the machine does."""
    cores = torch.get_num_threads()
    waiting: deque[Future[U]] = deque()
    with ThreadPoolExecutor(cores, "frames together", numerics.keep_to_one_core, (cores,)) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > cores:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _timed(items: Iterable[T]) -> Iterator[tuple[T, float]]:
    """Items, and how long each was waited for."""
    source = iter(items)
    while True:
        start = time.perf_counter()
        try:
            item = next(source)
        except StopIteration:
            return
        yield item, time.perf_counter() - start


class _End:
    """What a thread leaves behind: nothing, or the error that stopped it."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterable[T], most: int = 3) -> Iterator[T]:
    """The same items, made in a thread of their own, which is at most `most` ahead of what was asked for.

    An error in making them is raised here, at its place in the order. When this iterator is closed, or thrown away, the
    thread ends with the item that it is making, and closes what it reads from."""
    ready: queue.Queue[T | _End] = queue.Queue(most)
    stop = threading.Event()

    def put(item: T | _End) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        source = iter(items)
        error: BaseException | None = None
        try:
            for item in source:
                if not put(item):
                    break
        except BaseException as raised:
            error = raised
        finally:
            if (close := getattr(source, "close", None)) is not None:
                close()
            put(_End(error))

    thread = threading.Thread(target=work, name="frames ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        thread.join()
