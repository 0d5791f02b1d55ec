"""Breakers of queues that programs on npm work on: fed by how re-driven jobs end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.dead_letter_rig import die, mend
from support.job_workers import eventually

from maxbooster_ops.clock import utc_now
from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.dead_letters.service import DeadLetters
from maxbooster_ops.jobs.breaker import BreakerState, Limits
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.queue_facts import QueueKeys, note_own_worker

POLICIES = "policies:\n- {name: mail, breaker_failures: 2, breaker_open_for: 500 ms}\n"


@pytest.fixture
def rig(rig6):
    rig6.store.home.job_policies.write_text(POLICIES)
    die(rig6, jobs=3)
    look(rig6)
    return rig6


def look(rig):
    rig.collector.beat(utc_now())
    dead_letters = DeadLetters(store=rig.store, side=rig.side)
    dead_letters.look(rig.now())
    return dead_letters


def redrive(rig):
    """Bring back all that the breaker allows; gives how many came back, and how many were held."""
    dead_letters = DeadLetters(store=rig.store, side=rig.side)
    due = dead_letters.due(rig.now(), ignoring_backoff=True)
    done = dead_letters.redrive(due, actor="test", why="due", clock=rig.now)
    return done.returned, len(done.held)


def settle(rig):
    """Look until no letter is under way any more."""

    def is_settled():
        look(rig)
        return not rig.letters(states=(LetterState.RETRYING,))

    eventually(is_settled, what="every try has ended")


def test_jobs_that_fail_again_open_it_then_one_is_tried_and_what_works_closes_it(rig):
    breakers = BreakerStore(rig.side.client)
    assert redrive(rig) == (3, 0)
    settle(rig)
    assert breakers.look("mail")[0].state is BreakerState.OPEN

    eventually(lambda: redrive(rig) == (1, 2), what="its time is over, and one may try")
    settle(rig)
    assert breakers.look("mail")[0].state is BreakerState.OPEN, "the trial failed"

    mend(rig)
    eventually(lambda: redrive(rig) == (1, 2), what="the next trial")
    settle(rig)
    assert breakers.look("mail")[0].state is BreakerState.CLOSED
    assert redrive(rig) == (2, 0)
    settle(rig)
    whys = [recorded.transition.why for recorded in breakers.transitions()]
    trial = "its time is over: one trial"
    assert whys == ["2 failures in a row", trial, "the trial failed", trial, "the trial succeeded"]


def test_a_letter_that_its_queue_refuses_leaves_the_trial_to_the_next(rig):
    redrive(rig)
    settle(rig)
    oldest = rig.letters()[0].job
    rig.platform.tell("remove", queue="mail", id=oldest.job_id)
    limits = Limits(open_for=timedelta(milliseconds=500))
    eventually(lambda: BreakerStore(rig.side.client).allows("mail", limits), what="its time is over, and one may try")
    assert redrive(rig) == (1, 1)
    assert [letter.job for letter in rig.letters(states=(LetterState.PARKED,))] == [oldest]


def test_while_a_trial_is_under_way_no_other_letter_is_tried_and_people_are_told(rig):
    redrive(rig)
    settle(rig)
    rig.platform.tell("stop")
    eventually(lambda: redrive(rig) == (1, 2), what="the trial")
    assert redrive(rig) == (0, 2)
    dead_letters = DeadLetters(store=rig.store, side=rig.side)
    due = dead_letters.due(rig.now(), ignoring_backoff=True)
    told = {one.what for one in dead_letters.foresee(due, now=rig.now(), ignoring_backoff=True)}
    assert [text.partition("; ")[2] for text in told] == [
        "its trial is under way, and the others may follow when that has succeeded"
    ]


def test_where_a_worker_of_ours_tells_of_every_job_nobody_tells_twice(rig):
    note_own_worker(rig.side.client, QueueKeys(prefix="bull", queue="mail"))
    assert redrive(rig) == (3, 0)
    settle(rig)
    assert BreakerStore(rig.side.client).breakers() == {}
