"""Jobs with idempotency keys whose worker died at work: a person decides, and only that brings them back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from support.job_workers import JobWorkers, eventually

from maxbooster_ops.dead_letters.by_hand import RETRIABLE
from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.dead_letters.redriving import Redrive
from maxbooster_ops.jobs import Producer, Worker
from maxbooster_ops.jobs.adding import job_id_of
from maxbooster_ops.jobs.claims import Claims
from maxbooster_ops.jobs.idempotency import interrupted_run

QUEUE = "invoices"
KEY = job_id_of("invoice 7")


@pytest.fixture
def rig(rig6):
    async def add():
        async with Producer(redis_url=rig6.redis.url, home=rig6.store.home.root) as jobs:
            await jobs.add(QUEUE, {"workMs": 500}, idempotency_key="invoice 7")

    asyncio.run(add())
    return rig6


def claims(rig):
    return Claims(rig.side.client, f"bull:{QUEUE}")


def die_at_work(rig, owner):
    """Leave the key as a worker that was killed does, let another find it so, and look."""
    claims(rig).claim(KEY, owner, window=timedelta(hours=1), lease=timedelta(milliseconds=1))
    with rig.redis.client() as client:
        assert work(rig, until=lambda: client.zcard(f"bull:{QUEUE}:failed")) == []
    rig.look()
    return rig.letter()


def work(rig, *, until):
    """Work until that holds and give the jobs that were done."""
    done = []

    async def handle(job):
        done.append(job.id)

    async def working():
        stop = asyncio.Event()
        worker = Worker(QUEUE, handle, redis_url=rig.redis.url, home=rig.store.home.root)
        serving = asyncio.create_task(worker.serve(stop))
        await asyncio.to_thread(eventually, until, what="the job ended")
        stop.set()
        await serving

    asyncio.run(working())
    return done


def by_hand(rig):
    return Redrive(state=rig.store.state, side=rig.side, actor="ann", why="it was not done")


def is_recovered(rig):
    rig.look()
    return rig.letter().state is LetterState.RECOVERED


def test_a_killed_worker_leaves_a_parked_letter_that_a_person_who_looked_brings_back(rig):
    workers = JobWorkers(redis=rig.redis, home=rig.store.home.root)
    try:
        workers.hold_all()
        workers.start(QUEUE, 2, lock_seconds=4)
        (began,) = eventually(lambda: workers.ledger("began"), what="it is at work")
        next(process for process in workers.processes if process.pid == began["pid"]).kill()
        workers.hold_no_more()
        eventually(lambda: rig.side.client.zcard(f"bull:{QUEUE}:failed"), what="it failed for good")
        rig.look()
        letter = rig.letter()
        assert (letter.state, letter.tries, letter.next_try_at) == (LetterState.PARKED, 0, None)
        assert interrupted_run(letter.reason)
        assert "look whether its work was done" in letter.note
        assert rig.redrive().returned == 0, "the schedule leaves it alone"

        assert by_hand(rig).run(rig.letters(states=RETRIABLE), clock=rig.now).returned == 1
        eventually(lambda: is_recovered(rig), what="the letter is recovered")
        assert [line["event"] for line in workers.ledger()] == ["began", "began", "ended"]
    finally:
        workers.kill()


def test_a_retry_that_died_before_it_freed_the_key_is_finished(rig):
    letter = die_at_work(rig, "dead")
    assert by_hand(rig).claim([letter], rig.now())
    rig.look()
    assert rig.settled.finished.returned == 1
    assert claims(rig).found(KEY) is None
    assert work(rig, until=lambda: is_recovered(rig)) == [KEY]


def test_a_retry_that_slept_until_the_next_run_died_too_does_not_free_its_key(rig):
    letter = die_at_work(rig, "dead")
    (slept,) = by_hand(rig).claim([letter], rig.now())
    rig.look()
    again = die_at_work(rig, "dead too")
    assert (again.state, again.tries) == (LetterState.PARKED, 1)

    rig.side.free_key(letter.job, interrupted_run(slept.reason))
    assert claims(rig).found(KEY).owner == "dead too", "of this run the person did not know"
    by_hand(rig).run([again], clock=rig.now)
    assert work(rig, until=lambda: is_recovered(rig)) == [KEY]


def test_a_retry_that_the_queue_refuses_frees_nothing_and_is_not_left_to_the_schedule(rig):
    letter = die_at_work(rig, "dead")
    client = rig.side.client
    client.hset(f"bull:{QUEUE}:{KEY}", "deid", "taken")
    client.set(f"bull:{QUEUE}:de:taken", "another")
    by_hand(rig).run([letter], clock=rig.now)
    refused = rig.letter()
    assert (refused.state, refused.tries) == (LetterState.PARKED, 0)
    assert "deduplication id; retry it when that is over" in refused.note
    assert claims(rig).found(KEY).owner == "dead"

    client.delete(f"bull:{QUEUE}:de:taken")
    by_hand(rig).run([refused], clock=rig.now)
    assert work(rig, until=lambda: is_recovered(rig)) == [KEY]
