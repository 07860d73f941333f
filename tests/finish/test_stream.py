"""Frames made ahead: their order, how far ahead, errors, and threads that end."""

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from vitascope.finish.stream import ahead, together


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


def test_what_is_worked_on_together_keeps_its_order() -> None:
    def work(number: int) -> int:
        time.sleep(0.01 * (number % 3))
        return number * number

    assert list(together(work, range(20))) == [number * number for number in range(20)]
    assert list(together(work, [])) == []


def test_each_of_those_who_work_together_keeps_to_one_core_and_others_do_not() -> None:
    usual = torch.get_num_threads()
    found = set(together(lambda number: (threading.get_ident(), torch.get_num_threads()), range(40)))
    assert {cores for _, cores in found} == {1} and len(found) <= usual
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert [torch.get_num_threads(), *later] == [usual, usual]


def test_an_error_of_one_who_works_with_others_comes_in_its_place() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("this frame cannot be")
        return number

    made = together(work, range(1_000_000))
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="this frame"):
        next(made)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("frames together")]
