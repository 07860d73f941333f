"""The queue: what is put is kept, goes in a fair order, and ends once, whatever happens to who makes it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from vitascope.serve.database import Database, deliveries, jobs
from vitascope.serve.job import Full, New, new_id
from vitascope.serve.jobs import MAX_DEATHS, Jobs
from vitascope.serve.settings import TIERS
from vitascope.serve.work import Result

Newly = Callable[..., New]
LEASE = 30.0
FILM = Result(name="0.mp4", role="film", mime="video/mp4", bytes=1000, sha256="ab" * 32)
ALONE = replace(TIERS["usual"], running=1)  # one job at once


@pytest.fixture
def queue(database: Database, clock: Any) -> Jobs:
    return Jobs(database, keep=100.0, clock=clock)


def claimed(queue: Jobs, worker: str = "w") -> str:
    job = queue.claim(worker, LEASE)
    assert job is not None
    return job.id


def clocks(queue: Jobs, key: str = "anna") -> list[str]:
    """The key's waiting jobs that have a clock."""
    with queue.database.reading() as connection:
        which = (jobs.c.key == key, jobs.c.state == "queued", jobs.c.first.is_not(None))
        return list(connection.execute(sa.select(jobs.c.id).where(*which).order_by(jobs.c.id)).scalars())


def state(queue: Jobs, id: str) -> str:
    job = queue.get(id)
    assert job is not None
    return job.state


def at_once(count: int, what: Callable[[int], Any]) -> list[Any]:
    """What so many threads get when all do this at the same moment; an error is raised here."""
    barrier, found = threading.Barrier(count), [None] * count

    def one(number: int) -> None:
        barrier.wait()
        try:
            found[number] = what(number)
        except Exception as error:
            found[number] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one_found in found:
        if isinstance(one_found, Exception):
            raise one_found
    return found


# --- put and found ----------------------------------------------------------------------------------------------------


def test_ids_grow_with_every_call() -> None:
    ids = [new_id() for _ in range(5000)]
    assert ids == sorted(set(ids)) and all(len(id) == 32 for id in ids)


def test_a_job_is_found_as_it_was_put(queue: Jobs, newly: Newly) -> None:
    asked = newly(said={"model": "x"}, external="mine", callback="http://a/b", collection="video")
    put = queue.put(asked)
    found = queue.get(put.id)
    assert found == put and found.work == asked.work and found.state == "queued"
    assert (found.said, found.external, found.callback, found.collection) == (
        {"model": "x"},
        "mine",
        "http://a/b",
        "video",
    )


def test_others_keys_and_protocols_do_not_find_it(queue: Jobs, newly: Newly) -> None:
    id = queue.put(newly(external="mine")).id
    assert queue.get(id, key="anna", protocol="ours") is not None
    assert queue.get(id, key="bert") is None and queue.get(id, protocol="openai") is None
    assert queue.by_external("mine", key="anna", protocol="ours") is not None
    assert queue.by_external("mine", key="bert", protocol="ours") is None
    assert queue.by_external("mine", key="anna", protocol="openai") is None


def test_pages_go_both_ways_and_after_the_last_one_seen(queue: Jobs, newly: Newly) -> None:
    ids = [queue.put(newly(collection="a" if k % 2 else "b")).id for k in range(6)]
    queue.put(newly("bert"))
    assert [job.id for job in queue.page("anna", "ours")] == ids[::-1]
    assert [job.id for job in queue.page("anna", "ours", after=ids[3], limit=2)] == [ids[2], ids[1]]
    assert [job.id for job in queue.page("anna", "ours", after=ids[3], oldest_first=True)] == ids[4:]
    assert [job.id for job in queue.page("anna", "ours", collections=("a",))] == ids[1::2][::-1]
    assert queue.count("anna", "ours") == 6 and queue.count("anna", "ours", ("a",)) == 3


def test_an_idempotency_key_is_one_job_for_its_key_and_protocol(queue: Jobs, newly: Newly) -> None:
    first = queue.put(newly(idempotency="once"))
    assert queue.put(newly(text="else", idempotency="once")).id == first.id
    assert queue.put(newly("bert", idempotency="once")).id != first.id
    assert queue.put(newly(protocol="openai", idempotency="once")).id != first.id
    assert queue.earlier("anna", "ours", "once") == first and queue.earlier("anna", "ours", "twice") is None


def test_an_idempotency_key_that_comes_eight_times_at_once_is_one_job(queue: Jobs, newly: Newly) -> None:
    found = at_once(8, lambda _: queue.put(newly(idempotency="once")))
    assert len({job.id for job in found}) == 1 and queue.count("anna", "ours") == 1


def test_equal_work_is_answered_by_what_is_there_if_that_is_wanted(queue: Jobs, newly: Newly, clock: Any) -> None:
    queue.keep = 10_000.0
    first = queue.put(newly(reuse=True))
    assert queue.put(newly(reuse=True)).id == first.id
    assert queue.put(newly()).id != first.id
    assert queue.put(newly(text="a blue cube", reuse=True)).id != first.id
    assert queue.put(newly("bert", reuse=True)).id != first.id


def test_a_result_that_goes_within_the_hour_answers_nothing(queue: Jobs, newly: Newly, clock: Any) -> None:
    queue.keep = 4000.0
    first = queue.put(newly(reuse=True))
    claimed(queue)
    queue.finish(first.id, "w", [FILM])
    assert queue.put(newly(reuse=True)).id == first.id
    clock.now += 500
    assert queue.put(newly(reuse=True)).id != first.id


def test_a_key_may_have_so_many_waiting_jobs_and_no_more(queue: Jobs, newly: Newly) -> None:
    few = replace(TIERS["usual"], waiting=2)
    for _ in range(2):
        queue.put(newly(tier=few))
    with pytest.raises(Full, match="2 of your jobs are waiting"):
        queue.put(newly(tier=few))
    queue.put(newly("bert", tier=few))
    claimed(queue)
    queue.put(newly(tier=few))


def test_what_many_put_at_once_is_all_there_and_one_has_the_clock(queue: Jobs, newly: Newly) -> None:
    found = at_once(12, lambda _: queue.put(newly()))
    assert len({job.id for job in found}) == 12 and queue.count("anna", "ours") == 12
    assert len(clocks(queue)) == 1


# --- the order --------------------------------------------------------------------------------------------------------


def test_a_keys_jobs_go_in_their_order(queue: Jobs, newly: Newly) -> None:
    ids = [queue.put(newly()).id for _ in range(4)]
    assert [claimed(queue) for _ in range(4)] == ids
    assert queue.claim("w", LEASE) is None


def test_a_flood_does_not_starve_another_key(queue: Jobs, newly: Newly, clock: Any) -> None:
    flood = {queue.put(newly("flood", tier=ALONE)).id for _ in range(50)}
    clock.now += 5
    single = queue.put(newly("single")).id
    order = []
    for _ in range(4):
        clock.now += 1
        order.append(claimed(queue))
        queue.finish(order[-1], "w", [])
    assert order.index(single) == 1 and set(order) - {single} <= flood


def test_who_was_promised_a_shorter_wait_goes_oftener(queue: Jobs, newly: Newly, clock: Any) -> None:
    for _ in range(40):
        queue.put(newly("free", tier=replace(TIERS["free"], wait=40)))
        queue.put(newly("first", tier=replace(TIERS["first"], wait=10)))
    keys = []
    for _ in range(30):
        clock.now += 1
        job = queue.claim("w", LEASE)
        assert job is not None
        keys.append(job.key)
        queue.finish(job.id, "w", [])
    assert 5 <= keys.count("free") <= 8


def test_no_more_of_a_key_run_than_may(queue: Jobs, newly: Newly) -> None:
    first, second = (queue.put(newly(tier=ALONE)).id for _ in range(2))
    assert claimed(queue) == first
    assert queue.claim("v", LEASE) is None
    queue.finish(first, "w", [])
    assert claimed(queue, "v") == second


def test_the_clock_of_the_next_job_starts_when_it_may_begin(queue: Jobs, newly: Newly, clock: Any) -> None:
    first = queue.put(newly(tier=ALONE)).id
    second = queue.put(newly(tier=ALONE)).id
    assert clocks(queue) == [first]
    claimed(queue)
    assert clocks(queue) == []
    queue.finish(first, "w", [])
    assert clocks(queue) == [second]


@pytest.mark.parametrize("way", ["cancel", "delete"])
def test_the_clock_goes_to_the_next_when_the_first_is_given_up(queue: Jobs, newly: Newly, way: str) -> None:
    ids = [queue.put(newly()).id for _ in range(3)]
    getattr(queue, way)(ids[0])
    assert clocks(queue) == [ids[1]]
    getattr(queue, way)(ids[2])
    assert clocks(queue) == [ids[1]]


def test_workers_that_claim_at_once_get_a_job_each(queue: Jobs, newly: Newly) -> None:
    many = replace(TIERS["usual"], running=100)
    for key in range(12):
        queue.put(newly(str(key), tier=many))
        queue.put(newly(str(key), tier=many))
    found = [job for _ in range(3) for job in at_once(8, lambda n: queue.claim(f"w{n}", LEASE)) if job is not None]
    while (job := queue.claim("last", LEASE)) is not None:
        found.append(job)
    assert len({job.id for job in found}) == len(found) == 24


def test_workers_that_claim_at_once_keep_to_what_may_run(queue: Jobs, newly: Newly, clock: Any) -> None:
    for _ in range(3):  # three with a clock of their own: they have been claimed and handed back
        queue.put(newly(tier=TIERS["usual"]))
    for number, id in enumerate([claimed(queue, str(k)) for k in range(3)]):
        queue.hand_back(id, str(number))
    with queue.database.writing() as connection:
        connection.execute(sa.update(jobs).values(most=1))
    found = at_once(6, lambda n: queue.claim(f"w{n}", LEASE))
    assert sum(job is not None for job in found) == 1


def test_all_at_once_leaves_each_key_with_one_clock_and_loses_nothing(queue: Jobs, newly: Newly) -> None:
    """Clients put and cancel while workers claim, finish and hand back."""

    def one(number: int) -> int:
        ended = 0
        for turn in range(6):
            put = queue.put(newly(f"key{number % 3}", tier=ALONE))
            if turn % 3 == 2:
                queue.cancel(put.id)
            job = queue.claim(f"w{number}", LEASE)
            if job is not None and turn % 2:
                queue.hand_back(job.id, f"w{number}")
            elif job is not None:
                ended += queue.finish(job.id, f"w{number}", [])
        return ended

    at_once(6, one)
    while (job := queue.claim("last", LEASE)) is not None:
        queue.finish(job.id, "last", [])
    for key in range(3):
        found = queue.page(f"key{key}", "ours", limit=100)
        assert len(found) == 12 and all(job.state in ("done", "cancelled") for job in found)


# --- a job's life -----------------------------------------------------------------------------------------------------


def test_a_job_that_is_done_has_its_results_where_its_last_worker_put_them(queue: Jobs, newly: Newly) -> None:
    id = queue.put(newly()).id
    job = queue.claim("w", LEASE)
    assert job is not None and job.id == id and job.tries == 1
    assert queue.finish(id, "w", [FILM])
    found = queue.get(id)
    assert found is not None and found.results == (FILM,) and found.folder == job.folder and found.share == 1.0
    assert [kind for _, kind, _ in queue.told(id)] == ["running", "done"]


def test_a_job_that_was_lost_cannot_be_ended(queue: Jobs, newly: Newly, clock: Any) -> None:
    id = queue.put(newly()).id
    first = queue.claim("slow", LEASE)
    clock.now += LEASE + 1
    assert queue.take_back() == 1
    second = queue.claim("fast", LEASE)
    assert first is not None and second is not None and first.id == second.id == id
    assert first.folder != second.folder
    assert queue.beat(id, "slow", LEASE, "", 0.5) == "lost"
    assert not queue.finish(id, "slow", [FILM])
    assert not queue.fail(id, "slow", "x", "y") and not queue.stopped(id, "slow")
    queue.hand_back(id, "slow")
    assert queue.beat(id, "fast", LEASE, "", 0.5) == "go on"
    assert queue.finish(id, "fast", [FILM])
    found = queue.get(id)
    assert found is not None and found.folder == second.folder and found.deaths == 1


def test_a_lease_that_is_kept_is_not_taken_back(queue: Jobs, newly: Newly, clock: Any) -> None:
    id = queue.put(newly()).id
    claimed(queue)
    for _ in range(5):
        clock.now += LEASE - 1
        assert queue.take_back() == 0
        assert queue.beat(id, "w", LEASE, "sample", 0.1) == "go on"


def test_three_deaths_fail_a_job(queue: Jobs, newly: Newly, clock: Any) -> None:
    id = queue.put(newly()).id
    for death in range(1, MAX_DEATHS + 1):
        assert claimed(queue) == id
        clock.now += LEASE + 1
        assert queue.take_back() == 1
        found = queue.get(id)
        assert found is not None and found.deaths == death
    assert (
        found is not None
        and (found.state, found.code) == ("failed", "worker_died")
        and "3 workers" in (found.message or "")
    )
    assert queue.claim("w", LEASE) is None


def test_a_lease_that_ended_is_taken_back_once(queue: Jobs, newly: Newly, clock: Any) -> None:
    id = queue.put(newly()).id
    claimed(queue)
    clock.now += LEASE + 1
    assert sum(at_once(6, lambda _: queue.take_back())) == 1
    found = queue.get(id)
    assert found is not None and found.deaths == 1


def test_what_was_handed_back_keeps_its_clock_and_counts_no_death(queue: Jobs, newly: Newly, clock: Any) -> None:
    ids = [queue.put(newly()).id for _ in range(3)]
    claimed(queue)
    clock.now += 10
    queue.hand_back(ids[0], "w")
    found = queue.get(ids[0])
    assert found is not None and (found.state, found.deaths) == ("queued", 0)
    clock.now += 10
    assert claimed(queue, "v") == ids[0]


def test_a_waiting_job_is_cancelled_at_once_and_expires(queue: Jobs, newly: Newly, clock: Any) -> None:
    id = queue.put(newly()).id
    cancelled = queue.cancel(id)
    assert cancelled is not None and cancelled.state == "cancelled" and cancelled.expires == clock.now + queue.keep
    assert queue.claim("w", LEASE) is None


def test_a_running_job_is_asked_to_stop(queue: Jobs, newly: Newly) -> None:
    id = queue.put(newly()).id
    claimed(queue)
    queue.cancel(id)
    assert state(queue, id) == "running"
    assert queue.beat(id, "w", LEASE, "", 0.0) == "stop"
    assert queue.stopped(id, "w") and state(queue, id) == "cancelled"


@pytest.mark.parametrize("how", ["handed back", "died"])
def test_a_job_that_was_asked_to_stop_does_not_wait_again(queue: Jobs, newly: Newly, clock: Any, how: str) -> None:
    id = queue.put(newly()).id
    claimed(queue)
    queue.cancel(id)
    if how == "died":
        clock.now += LEASE + 1
        queue.take_back()
    else:
        queue.hand_back(id, "w")
    assert state(queue, id) == "cancelled"


def test_what_has_ended_is_not_cancelled(queue: Jobs, newly: Newly) -> None:
    id = queue.put(newly()).id
    claimed(queue)
    queue.finish(id, "w", [FILM])
    cancelled = queue.cancel(id)
    assert cancelled is not None and cancelled.state == "done"


def test_a_job_that_failed_is_tried_again_as_if_it_were_new(queue: Jobs, newly: Newly, clock: Any) -> None:
    id = queue.put(newly()).id
    claimed(queue)
    queue.fail(id, "w", "internal", "no")
    clock.now += 50
    again = queue.retry(id)
    assert again is not None and (again.state, again.code, again.deaths, again.expires) == ("queued", None, 0, None)
    assert clocks(queue) == [id]
    assert claimed(queue) == id
    retried = queue.retry(id)
    assert retried is not None and retried.state == "running"


def test_retrying_does_not_overtake_the_keys_clock(queue: Jobs, newly: Newly) -> None:
    old, other = queue.put(newly()).id, queue.put(newly()).id
    queue.cancel(old)
    queue.retry(old)
    assert clocks(queue) == [other]


def test_a_deleted_job_is_lost_to_its_worker(queue: Jobs, newly: Newly) -> None:
    id = queue.put(newly()).id
    claimed(queue)
    assert queue.delete(id) and not queue.delete(id)
    assert queue.get(id) is None and queue.told(id) == []
    assert queue.beat(id, "w", LEASE, "", 0.0) == "lost" and not queue.finish(id, "w", [FILM])
    queue.tell(id, "progress", {})
    assert queue.told(id) == []


def test_an_expired_job_is_not_found(queue: Jobs, newly: Newly, clock: Any) -> None:
    id = queue.put(newly(external="mine")).id
    claimed(queue)
    queue.finish(id, "w", [FILM])
    clock.now += queue.keep + 1
    assert queue.get(id) is None and queue.page("anna", "ours") == [] and queue.count("anna", "ours") == 0
    assert queue.by_external("mine", key="anna", protocol="ours") is None


# --- what is told -----------------------------------------------------------------------------------------------------


def test_events_are_numbered_in_their_order_though_many_tell_at_once(queue: Jobs, newly: Newly) -> None:
    id = queue.put(newly()).id
    at_once(8, lambda number: queue.tell(id, "progress", {"percent": number}))
    told = queue.told(id)
    assert [number for number, _, _ in told] == list(range(1, 9))
    assert {data["percent"] for _, _, data in told} == set(range(8))
    assert queue.told(id, after=6) == told[6:]


def test_of_previews_only_the_newest_stays(queue: Jobs, newly: Newly) -> None:
    id = queue.put(newly()).id
    claimed(queue)
    for percent in (1, 2, 3):
        queue.tell(id, "preview", {"percent": percent})
    assert [data for _, kind, data in queue.told(id) if kind == "preview"] == [{"percent": 3}]
    queue.finish(id, "w", [])
    assert [(number, kind) for number, kind, _ in queue.told(id)] == [(1, "running"), (4, "preview"), (5, "done")]


@pytest.mark.parametrize(
    ("callback", "announced", "count"), [(None, False, 0), ("http://a", False, 2), (None, True, 2)]
)
def test_who_asked_is_told_of_each_change(
    database: Database, newly: Newly, callback: str | None, announced: bool, count: int
) -> None:
    queue = Jobs(database, announced=announced)
    id = queue.put(newly(callback=callback)).id
    queue.claim("w", LEASE)
    queue.finish(id, "w", [])
    with database.reading() as connection:
        rows = connection.execute(sa.select(deliveries.c.state).order_by(deliveries.c.due)).scalars().all()
    assert rows == ["running", "done"][:count]
