"""Where a dead letter goes next, pinned at each boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.facts import NOON
from support.letters import LETTER

from maxbooster_ops.dead_letters.deciding import (
    GIVES_UP_AFTER,
    LONGEST_BACKOFF,
    MOST_TRIES,
    VANISHED_AFTER,
    Refusal,
    after_failure,
    after_refusal,
    after_removal,
    backoff,
    expires_before,
    when_found,
    when_nowhere,
)
from maxbooster_ops.dead_letters.letter import LetterState, PayloadKept
from maxbooster_ops.jobs.idempotency import reason_of, run_of

HOUR = timedelta(hours=1)


def no_jitter():
    return 0.0


@pytest.mark.parametrize(
    ("tries", "hours"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 24), (60, 24)],
    ids=str,
)
def test_the_wait_doubles_up_to_a_day(tries, hours):
    assert backoff(tries, no_jitter) == hours * HOUR


@given(tries=st.integers(1, 1000), chance=st.floats(0, 1, exclude_max=True))
def test_jitter_only_ever_lengthens_the_wait_and_by_a_tenth_at_most(tries, chance):
    least = backoff(tries, no_jitter)
    assert least <= backoff(tries, lambda: chance) <= least * 1.1
    assert least <= LONGEST_BACKOFF


@pytest.mark.parametrize("tries", range(1, MOST_TRIES))
def test_a_failure_before_the_last_try_waits_for_the_next(tries):
    step = after_failure(replace(LETTER, tries=tries), "no route", now=NOON, chance=no_jitter)
    assert (step.state, step.next_try_at) == (LetterState.PENDING, NOON + backoff(tries, no_jitter))


def test_the_failure_of_the_last_try_parks():
    step = after_failure(replace(LETTER, tries=MOST_TRIES), "no route", now=NOON, chance=no_jitter)
    assert (step.state, step.next_try_at, step.action) == (LetterState.PARKED, None, "parked")


def test_a_failure_of_somebody_elses_try_waits_as_after_the_first():
    step = after_failure(replace(LETTER, tries=0), "no route", now=NOON, chance=no_jitter)
    assert step.next_try_at == NOON + HOUR


INTERRUPTED = reason_of(run_of("a worker that died"))
COPIED = replace(LETTER, payload_kept=PayloadKept.COPIED)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(when_found(INTERRUPTED, now=NOON), id="as it is found"),
        pytest.param(after_failure(LETTER, INTERRUPTED, now=NOON, chance=no_jitter), id="after a try"),
        pytest.param(after_removal(COPIED, INTERRUPTED, now=NOON), id="after a try, and its job was removed"),
    ],
)
def test_a_job_whose_worker_died_at_work_waits_for_a_person_at_once(step):
    assert (step.state, step.next_try_at) == (LetterState.PARKED, None)
    assert "look whether its work was done" in step.note


def test_any_other_job_that_is_found_is_due_at_once():
    step = when_found("no route", now=NOON)
    assert (step.state, step.next_try_at) == (LetterState.PENDING, NOON)


@pytest.mark.parametrize("refusal", [one for one in Refusal if one is not Refusal.NOT_FAILED])
def test_a_refusal_never_leaves_an_interrupted_job_to_the_schedule(refusal):
    step = after_refusal(replace(LETTER, reason=INTERRUPTED), refusal, now=NOON)
    assert step.state in {LetterState.PARKED, LetterState.DISCARDED}


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refused_try_does_not_count(refusal):
    assert after_refusal(LETTER, refusal, now=NOON).gives_back_try


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        pytest.param(Refusal.NOT_FAILED, LetterState.RETRYING, id="somebody else brought it back"),
        pytest.param(Refusal.GONE, LetterState.DISCARDED, id="somebody removed it"),
        pytest.param(Refusal.PAUSED_V5, LetterState.PENDING, id="the queue may be resumed"),
        pytest.param(Refusal.DEDUPLICATED, LetterState.PENDING, id="the id may become free"),
        pytest.param(Refusal.WAITS_FOR_CHILDREN, LetterState.PENDING, id="the children may succeed"),
    ],
)
def test_a_refusal_leads_where_its_reason_says(refusal, state):
    step = after_refusal(LETTER, refusal, now=NOON)
    assert (step.state, refusal.text in step.note) == (state, True)


@pytest.mark.parametrize("kept", [PayloadKept.REDACTED, PayloadKept.TOO_LARGE, PayloadKept.LOST])
def test_a_job_that_is_gone_without_a_whole_copy_waits_for_a_person(kept):
    step = after_refusal(replace(LETTER, payload_kept=kept), Refusal.GONE, now=NOON)
    assert (step.state, kept.value.replace("_", " ") in step.note) == (LetterState.PARKED, True)


@pytest.mark.parametrize(
    ("since", "state"),
    [
        pytest.param(GIVES_UP_AFTER, LetterState.PENDING, id="exactly seven days"),
        pytest.param(GIVES_UP_AFTER + timedelta(seconds=1), LetterState.PARKED, id="a second more"),
    ],
)
def test_what_is_refused_for_a_week_is_parked(since, state):
    letter = replace(LETTER, last_failed_at=NOON - 9 * GIVES_UP_AFTER, found_at=NOON - since)
    assert after_refusal(letter, Refusal.WAITS_FOR_CHILDREN, now=NOON).state is state


def test_a_removed_failure_is_added_again_only_from_a_whole_copy_and_while_tries_are_left():
    copied = replace(LETTER, payload_kept=PayloadKept.COPIED)
    assert after_removal(copied, "no route", now=NOON).state is LetterState.PENDING
    assert after_removal(LETTER, "no route", now=NOON).state is LetterState.PARKED
    assert after_removal(replace(copied, tries=MOST_TRIES), "no route", now=NOON).state is LetterState.PARKED


@pytest.mark.parametrize(
    ("after", "parked"),
    [
        pytest.param(VANISHED_AFTER, False, id="a beat may still tell"),
        pytest.param(VANISHED_AFTER + timedelta(seconds=1), True, id="no beat told"),
    ],
)
def test_a_job_that_is_nowhere_is_given_up_after_ten_minutes(after, parked):
    step = when_nowhere(LETTER, now=NOON + after)
    assert (step is not None and step.state is LetterState.PARKED) == parked


def test_ended_letters_are_kept_for_thirty_days():
    assert expires_before(NOON) == NOON - timedelta(days=30)
