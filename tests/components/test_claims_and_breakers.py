"""What processes share in a real Redis: claims on idempotency keys, and breakers."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from maxbooster_ops.jobs.breaker import Asked, Breaker, BreakerState, Failed, Limits, Succeeded, lets_through
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.claims import RESULT_CHARACTERS, ClaimLostError, Claims, once
from maxbooster_ops.jobs.idempotency import Verdict
from maxbooster_ops.processes.waiting import wait_for

WINDOW = timedelta(hours=1)
AT_ONCE = 8


@pytest.fixture
def client(redis_process):
    with redis_process.client() as client:
        yield client


def by_all(work):
    """Have many do the same at the same moment."""
    start = threading.Barrier(AT_ONCE)

    def begin(number):
        start.wait()
        return work(number)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(begin, range(AT_ONCE)))


def test_of_many_at_once_one_runs_and_those_who_come_later_get_its_result(client):
    refused = threading.Semaphore(0)

    def attempt(number):
        with once(client, "pay 42", window=WINDOW) as block:
            if block:
                assert all(refused.acquire(timeout=60) for _ in range(AT_ONCE - 1)), "more than one runs"
                block.result = {"paid by": number}
            else:
                refused.release()
        return block.verdict

    verdicts = by_all(attempt)
    assert sorted(verdicts) == [Verdict.BUSY] * (AT_ONCE - 1) + [Verdict.GRANTED]
    with once(client, "pay 42", window=WINDOW) as late:
        assert not late
        assert late.verdict is Verdict.DONE
    assert late.result == {"paid by": verdicts.index(Verdict.GRANTED)}
    with once(client, "pay 42", window=WINDOW, scope="another") as elsewhere:
        assert elsewhere, "a key of another scope is another key"


def test_a_failure_frees_the_key_at_once(client):
    with pytest.raises(OSError, match="no route"), once(client, "pay", window=WINDOW):
        raise OSError("no route")
    with once(client, "pay", window=WINDOW) as again:
        assert again


def test_work_that_takes_several_leases_keeps_its_key(client):
    claims, lease = Claims(client, ""), timedelta(seconds=6)
    with once(client, "long", window=WINDOW, lease=lease):
        ends_at = claims.found("long").until

        def outlasts_its_lease():
            with once(client, "long", window=WINDOW, lease=lease) as other:
                assert other.verdict is Verdict.BUSY
            return claims.found("long").until >= ends_at + lease

        wait_for(outlasts_its_lease, seconds=60, what="a second lease after the first")


def test_after_a_crash_nobody_does_it_again_unless_it_may_be_repeated_or_a_person_frees_it(client):
    claims, short = Claims(client, ""), timedelta(milliseconds=1)
    claims.claim("pay", "dies at work", window=WINDOW, lease=short)
    claims.claim("draw", "dies at work", window=timedelta(), lease=short)
    time.sleep(0.01)
    with once(client, "draw", window=WINDOW, again_after_crash=True) as repeated:
        assert repeated
    with once(client, "pay", window=WINDOW) as refused:
        assert (bool(refused), refused.verdict) == (False, Verdict.INTERRUPTED)
    claims.free("pay", refused.run)
    with once(client, "pay", window=WINDOW) as freed:
        assert freed
    claims.free("pay", freed.run)
    assert claims.found("pay").done, "what is done stays so"


def test_who_lost_its_key_to_another_is_told_so(client):
    claims = Claims(client, "")

    def lose_it():
        with once(client, "pay", window=WINDOW):
            client.flushall()  # as a server without an append-only file that starts anew
            assert claims.claim("pay", "another", window=WINDOW).verdict is Verdict.GRANTED

    with pytest.raises(ClaimLostError, match="The idempotency key 'pay' was lost"):
        lose_it()
    assert claims.found("pay").owner == "another"


def test_a_result_that_is_too_long_is_not_remembered_but_that_it_is_done_is(client):
    with once(client, "big", window=WINDOW) as block:
        block.result = "x" * RESULT_CHARACTERS
    with once(client, "big", window=WINDOW) as late:
        assert (late.verdict, late.result) == (Verdict.DONE, None)


def test_redis_forgets_a_key_when_its_window_is_over(client):
    claims = Claims(client, "q")
    claims.claim("pay", "own", window=WINDOW)
    assert claims.finish("pay", "own", WINDOW)
    (key,) = client.keys("maxbooster-ops:once:q:*")
    assert 3000 < client.ttl(key) <= 3600
    assert b"pay" not in key, "a key may be a secret"


def test_no_failure_is_lost_when_many_are_told_at_once(client):
    store, limits = BreakerStore(client), Limits(failures=10_000)
    by_all(lambda number: [store.take("q", Failed(run=f"{number}/{n}"), limits) for n in range(25)])
    assert store.breakers() == {"q": Breaker(failures=25 * AT_ONCE)}


def test_of_many_who_ask_at_once_one_gets_the_trial_and_everybody_sees_it_close(client):
    limits = Limits(open_for=timedelta())
    store = BreakerStore(client)
    for number in range(5):
        store.take("q", Failed(run=str(number)), limits)
    assert not store.allows("q", Limits(open_for=WINDOW))
    assert store.allows("q", limits)

    through = by_all(lambda number: lets_through(store.take("q", Asked(run=str(number)), limits)[0], str(number)))
    assert sum(through) == 1
    assert not store.allows("q", limits)
    breaker, transition = store.take("q", Succeeded(run=str(through.index(True))), limits)
    assert (breaker, transition.after) == (Breaker(), BreakerState.CLOSED)
    recorded = store.transitions()
    assert [(one.job, one.transition.after, one.transition.why) for one in recorded] == [
        ("q", BreakerState.OPEN, "5 failures in a row"),
        ("q", BreakerState.HALF_OPEN, "its time is over: one trial"),
        ("q", BreakerState.CLOSED, "the trial succeeded"),
    ]
    assert store.transitions(after=recorded[0].id) == recorded[1:]
    assert recorded[-1].transition == transition
