"""Claims on idempotency keys, with time as an argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from maxbooster_ops.jobs.idempotency import Claim, Verdict, claimed, finished, given_back, renewed

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)
WINDOW = timedelta(minutes=10)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("elapsed", "verdict"),
    [
        pytest.param(WINDOW - MOMENT, Verdict.DONE, id="just before its window ends"),
        pytest.param(WINDOW, Verdict.GRANTED, id="when its window ends"),
    ],
)
def test_a_done_key_is_free_again_after_its_window(elapsed, verdict):
    done, kept = finished(claimed(None, "first", NOON, LEASE)[0], "first", NOON, WINDOW, '"paid"')
    assert kept
    after, found = claimed(done, "second", NOON + elapsed, LEASE)
    assert found is verdict
    assert after.result == ('"paid"' if verdict is Verdict.DONE else None)


@pytest.mark.parametrize(
    ("elapsed", "verdict"),
    [
        pytest.param(LEASE - MOMENT, Verdict.BUSY, id="just before its lease ends"),
        pytest.param(LEASE, Verdict.GRANTED, id="when its lease ends"),
    ],
)
def test_the_key_of_a_dead_owner_is_free_after_its_lease(elapsed, verdict):
    dead, _ = claimed(None, "dead", NOON, LEASE)
    assert claimed(dead, "next", NOON + elapsed, LEASE)[1] is verdict


def test_asking_again_after_a_lost_answer_is_granted_again():
    first = claimed(None, "same", NOON, LEASE)
    assert claimed(first[0], "same", NOON + MOMENT, LEASE) == first


def test_a_failure_frees_the_key_but_a_done_one_stays_done():
    own, _ = claimed(None, "own", NOON, LEASE)
    assert given_back(own, "own") is None
    assert given_back(own, "another") == own
    done, _ = finished(own, "own", NOON, WINDOW)
    assert given_back(done, "own") == done


def test_work_that_ended_after_its_lease_is_done_all_the_same_unless_another_has_begun():
    late = NOON + 2 * LEASE
    own, _ = claimed(None, "own", NOON, LEASE)
    assert finished(own, "own", late, WINDOW)[1]
    assert finished(None, "own", late, WINDOW)[1]
    another, _ = claimed(own, "another", late, LEASE)
    assert finished(another, "own", late, WINDOW) == (another, False)


@dataclass
class Run:
    """A process as it sees itself: it works while it knows that its lease lasts."""

    owner: str
    knows_until: datetime
    alive: bool = True
    seen: list[str] = field(default_factory=list)


class Processes(RuleBasedStateMachine):
    """Processes that come, work, renew, end, fail and die at any time; one record, one clock."""

    def __init__(self):
        super().__init__()
        self.now = NOON
        self.record: Claim | None = None
        self.runs: list[Run] = []
        self.done_at: datetime | None = None
        self.begun = 0

    def working(self):
        return [run for run in self.runs if run.alive and self.now < run.knows_until]

    @rule(seconds=st.one_of(st.integers(0, 10), st.integers(25, 35), st.integers(500, 700)))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        for run in self.runs:
            run.alive = run.alive and self.now < run.knows_until  # its lease is over: it stops, dead or not

    @rule()
    def somebody_comes(self):
        self.begun += 1
        owner = f"owner {self.begun}"
        self.record, verdict = claimed(self.record, owner, self.now, LEASE)
        if verdict is Verdict.GRANTED:
            assert self.working() == [], "never twice at once"
            assert self.done_at is None or self.now >= self.done_at + WINDOW, "never again within the window"
            self.runs.append(Run(owner=owner, knows_until=self.now + LEASE))
        elif verdict is Verdict.DONE:
            assert self.done_at is not None
            assert self.now < self.done_at + WINDOW
        else:
            assert self.record.owner != owner

    @precondition(lambda self: self.working())
    @rule()
    def it_renews(self):
        (run,) = self.working()
        self.record, kept = renewed(self.record, run.owner, self.now, LEASE)
        assert kept, "nobody can take a key while its owner works"
        run.knows_until = self.now + LEASE

    @precondition(lambda self: self.working())
    @rule()
    def it_ends(self):
        (run,) = self.working()
        self.record, kept = finished(self.record, run.owner, self.now, WINDOW)
        assert kept
        self.done_at, run.alive = self.now, False

    @precondition(lambda self: self.working())
    @rule()
    def it_fails(self):
        (run,) = self.working()
        self.record, run.alive = given_back(self.record, run.owner), False
        assert self.record is None

    @precondition(lambda self: self.working())
    @rule()
    def it_dies(self):
        self.working()[0].alive = False

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def somebody_who_was_frozen_wakes(self, data):
        """Late renewals and failures of those whose lease is over change nothing that others rely on."""
        late = [run for run in self.runs if self.now >= run.knows_until]
        if late:
            owner = data.draw(st.sampled_from(late)).owner
            assert renewed(self.record, owner, self.now, LEASE) == (self.record, False)
            current = self.record is not None and self.record.owner != owner
            assert not current or given_back(self.record, owner) == self.record

    @invariant()
    def at_most_one_works(self):
        assert len(self.working()) <= 1


Processes.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestProcesses = Processes.TestCase
