"""Claims on idempotency keys, with time as an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from maxbooster_ops.jobs.idempotency import (
    Claim,
    Verdict,
    claimed,
    finished,
    freed,
    given_back,
    interrupted_run,
    reason_of,
    renewed,
    run_of,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)
WINDOW = timedelta(minutes=10)
MOMENT = timedelta(microseconds=1)


def claim(before, owner, now, *, window=WINDOW):
    return claimed(before, owner, now, window=window, lease=LEASE)


@pytest.mark.parametrize(
    ("elapsed", "verdict"),
    [
        pytest.param(WINDOW - MOMENT, Verdict.DONE, id="just before its window ends"),
        pytest.param(WINDOW, Verdict.GRANTED, id="when its window ends"),
    ],
)
def test_a_done_key_is_free_again_after_its_window(elapsed, verdict):
    done, kept = finished(claim(None, "first", NOON)[0], "first", NOON, WINDOW, '"paid"')
    assert kept
    after, found = claim(done, "second", NOON + elapsed)
    assert found is verdict
    assert after.result == ('"paid"' if verdict is Verdict.DONE else None)


@pytest.mark.parametrize(
    ("window", "elapsed", "verdict"),
    [
        pytest.param(WINDOW, LEASE - MOMENT, Verdict.BUSY, id="just before its lease ends"),
        pytest.param(WINDOW, LEASE, Verdict.INTERRUPTED, id="when its lease ends"),
        pytest.param(WINDOW, LEASE + WINDOW - MOMENT, Verdict.INTERRUPTED, id="just before its window ends"),
        pytest.param(WINDOW, LEASE + WINDOW, Verdict.GRANTED, id="when its window ends, counted from the lease's end"),
        pytest.param(MOMENT, LEASE - MOMENT, Verdict.BUSY, id="a window that is shorter than the lease"),
        pytest.param(timedelta(), LEASE - MOMENT, Verdict.BUSY, id="may be repeated, just before its lease ends"),
        pytest.param(timedelta(), LEASE, Verdict.GRANTED, id="may be repeated, when its lease ends"),
    ],
)
def test_the_key_of_a_dead_owner_is_kept_from_others(window, elapsed, verdict):
    dead, _ = claim(None, "dead", NOON, window=window)
    assert claim(dead, "next", NOON + elapsed)[1] is verdict


def test_a_renewal_moves_the_end_of_the_window_with_that_of_the_lease():
    own, _ = claim(None, "own", NOON)
    later, kept = renewed(own, "own", NOON + LEASE / 2, LEASE)
    assert kept
    assert (later.until, later.kept_until) == (NOON + 1.5 * LEASE, NOON + 1.5 * LEASE + WINDOW)


def test_asking_again_after_a_lost_answer_is_granted_again():
    first = claim(None, "same", NOON)
    assert claim(first[0], "same", NOON + MOMENT) == first
    assert claim(first[0], "same", NOON + LEASE) == claim(None, "same", NOON + LEASE), "who asks has not begun"


def test_a_failure_frees_the_key_but_a_done_one_stays_done():
    own, _ = claim(None, "own", NOON)
    assert given_back(own, "own") is None
    assert given_back(own, "another") == own
    done, _ = finished(own, "own", NOON, WINDOW)
    assert given_back(done, "own") == done


def test_a_person_frees_only_what_was_interrupted_and_only_the_run_that_was_meant():
    dead, _ = claim(None, "dead", NOON)
    assert freed(dead, run_of("dead"), NOON + LEASE) is None
    assert freed(dead, run_of("dead"), NOON + LEASE - MOMENT) == dead, "its lease lasts: it may be at work"
    assert freed(dead, run_of("an earlier one"), NOON + LEASE) == dead
    done, _ = finished(dead, "dead", NOON, WINDOW)
    assert freed(done, run_of("dead"), NOON + LEASE) == done
    assert freed(None, run_of("dead"), NOON) is None


def test_the_reason_of_a_failed_job_names_the_run_that_was_interrupted():
    assert interrupted_run(reason_of(run_of("dead"))) == run_of("dead")
    assert interrupted_run(f"It says: {reason_of(run_of('dead'))}") is None
    assert interrupted_run("job stalled more than allowable limit") is None


def test_work_that_ended_after_its_lease_is_done_all_the_same_unless_another_has_begun():
    late = NOON + 2 * LEASE
    own, _ = claim(None, "own", NOON)
    assert finished(own, "own", late, WINDOW)[1]
    assert finished(None, "own", late, WINDOW)[1]
    another, _ = claim(None, "another", late)
    assert finished(another, "own", late, WINDOW) == (another, False)


@dataclass
class Run:
    """A process as it sees itself: it works while it knows that its lease lasts."""

    owner: str
    knows_until: datetime
    alive: bool = True
    frozen: bool = False


class Processes(RuleBasedStateMachine):
    """Processes that come, work, renew, end, fail, freeze and die at any time; one record, one clock."""

    kept = WINDOW

    def __init__(self):
        super().__init__()
        self.now = NOON
        self.record: Claim | None = None
        self.runs: list[Run] = []
        self.known_to_people: list[str] = []
        self.not_before = NOON
        self.begun = 0

    def working(self):
        return [run for run in self.runs if run.alive and self.now < run.knows_until]

    def keep(self, window):
        self.not_before = self.now + window

    @rule(seconds=st.one_of(st.integers(0, 10), st.integers(25, 35), st.integers(500, 700)))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        for run in self.runs:
            run.frozen = run.frozen or (run.alive and self.now >= run.knows_until)
            run.alive = run.alive and self.now < run.knows_until  # its lease is over: it stops, dead or not

    @rule()
    def somebody_comes(self):
        self.begun += 1
        owner = f"owner {self.begun}"
        self.record, verdict = claim(self.record, owner, self.now, window=self.kept)
        if verdict is Verdict.GRANTED:
            assert self.working() == [], "never twice at once"
            assert self.now >= self.not_before, "nobody gave it back, no person freed it: never again in the window"
            self.runs.append(Run(owner=owner, knows_until=self.now + LEASE))
            self.keep(self.kept)
        elif verdict is Verdict.DONE:
            assert self.now < self.not_before
        elif verdict is Verdict.INTERRUPTED:
            assert self.working() == []
            self.known_to_people.append(run_of(self.record.owner))
        assert verdict is Verdict.GRANTED or self.record.owner != owner

    @precondition(lambda self: self.working())
    @rule()
    def it_renews(self):
        (run,) = self.working()
        self.record, is_kept = renewed(self.record, run.owner, self.now, LEASE)
        assert is_kept, "nobody can take a key while its owner works"
        run.knows_until = self.now + LEASE
        self.keep(self.kept)

    @precondition(lambda self: self.working())
    @rule()
    def it_ends(self):
        (run,) = self.working()
        self.record, is_kept = finished(self.record, run.owner, self.now, WINDOW)
        assert is_kept
        run.alive = False
        self.keep(WINDOW)

    @precondition(lambda self: self.working())
    @rule()
    def it_fails(self):
        (run,) = self.working()
        self.record, run.alive = given_back(self.record, run.owner), False
        assert self.record is None
        self.keep(timedelta())

    @precondition(lambda self: self.working())
    @rule()
    def it_dies(self):
        self.working()[0].alive = False

    @precondition(lambda self: self.known_to_people)
    @rule(data=st.data())
    def a_person_wants_it_to_be_done_again(self, data):
        """It may be of a run that is long forgotten: then it must not touch the claim of a later one."""
        run, before = data.draw(st.sampled_from(self.known_to_people)), self.record
        self.record = freed(before, run, self.now)
        if self.record != before:
            assert (self.working(), before.done, run_of(before.owner)) == ([], False, run)
            self.keep(timedelta())

    @precondition(lambda self: any(run.frozen for run in self.runs))
    @rule(data=st.data(), had_ended=st.booleans())
    def somebody_who_was_frozen_wakes(self, data, had_ended):
        """Late renewals and failures change nothing that others rely on; what has ended late is done all the same."""
        run = data.draw(st.sampled_from([run for run in self.runs if run.frozen]))
        assert renewed(self.record, run.owner, self.now, LEASE) == (self.record, False)
        current = self.record is not None and self.record.owner != run.owner
        assert not current or given_back(self.record, run.owner) == self.record
        if had_ended:
            before = self.record
            self.record, is_kept = finished(before, run.owner, self.now, WINDOW)
            assert is_kept or self.record == before
            assert not (is_kept and self.working()), "the claim of one who works stays"
            run.frozen = False
            if is_kept:
                self.keep(WINDOW)

    @invariant()
    def at_most_one_works(self):
        assert len(self.working()) <= 1


class ProcessesWhoseWorkMayBeRepeated(Processes):
    """The same where a crash frees the key: still never twice at once, nor again after it was done."""

    kept = timedelta()


Processes.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
ProcessesWhoseWorkMayBeRepeated.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestProcesses = Processes.TestCase
TestProcessesWhoseWorkMayBeRepeated = ProcessesWhoseWorkMayBeRepeated.TestCase
