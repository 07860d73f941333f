"""Frames made ahead: their order, how far ahead, errors, and threads that end."""

import threading
import time
from collections.abc import Iterator

import pytest

from vitascope.finish.stream import ahead


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "frames ahead"]


def test_items_keep_their_order() -> None:
    assert list(ahead(range(100))) == list(range(100))
    assert list(ahead([])) == [] and not _threads()


def test_no_more_is_made_ahead_than_was_said() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    items = ahead(source(), most=2)
    assert next(items) == 0
    for _ in range(100):
        if len(made) >= 4:
            break
        time.sleep(0.01)
    time.sleep(0.15)
    assert len(made) == 4, "one taken, two ready, and one in hand"
    assert list(items) == list(range(1, 50))


def test_an_error_comes_in_its_place() -> None:
    def source() -> Iterator[int]:
        yield from range(3)
        raise ValueError("no more film")

    items = ahead(source())
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no more film"):
        next(items)
    assert not _threads()


def test_what_is_not_needed_any_more_is_ended() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    inner = ahead(source())
    outer = ahead(inner)
    assert next(outer) == 0
    outer.close()  # type: ignore[attr-defined]
    assert closed.wait(2) and not _threads()
