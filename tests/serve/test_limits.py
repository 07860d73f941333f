"""Requests a minute: each key has its own, saved up for half of one."""

import threading
from typing import Any

import pytest

from vitascope.serve.limits import Limiter


def test_a_key_may_ask_half_a_minutes_requests_at_once_and_then_as_they_come(clock: Any) -> None:
    limiter = Limiter(clock)
    assert [limiter.ask("a", 60) for _ in range(30)] == [0.0] * 30
    assert limiter.ask("a", 60) == pytest.approx(1.0)
    assert limiter.ask("b", 60) == 0.0
    clock.now += 0.5
    assert limiter.ask("a", 60) == pytest.approx(0.5)
    clock.now += 0.5
    assert limiter.ask("a", 60) == 0.0


def test_who_comes_back_when_it_was_told_to_is_let_in(clock: Any) -> None:
    limiter = Limiter(clock)
    for _ in range(500):
        if wait := limiter.ask("a", 600):
            clock.now += wait + 1e-6
            assert limiter.ask("a", 600) == 0.0


def test_no_more_is_saved_up_than_half_a_minutes(clock: Any) -> None:
    limiter = Limiter(clock)
    limiter.ask("a", 60)
    clock.now += 10_000
    assert sum(limiter.ask("a", 60) == 0.0 for _ in range(100)) == 30


def test_only_so_many_keys_are_remembered(clock: Any) -> None:
    limiter = Limiter(clock, most=10)
    for number in range(1000):
        limiter.ask(str(number), 60)
    assert len(limiter._buckets) == 10


def test_threads_share_what_a_key_may(clock: Any) -> None:
    limiter, let_in = Limiter(clock), []
    threads = [
        threading.Thread(target=lambda: let_in.extend(limiter.ask("a", 200) == 0.0 for _ in range(50)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) == 400 and sum(let_in) == 100
