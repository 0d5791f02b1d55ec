"""The circuit breaker, with time as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.jobs.breaker import (
    Asked,
    Breaker,
    BreakerState,
    Failed,
    Limits,
    Renewed,
    Succeeded,
    Withdrawn,
    allows,
    lets_through,
    step,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMITS = Limits()
MOMENT = timedelta(microseconds=1)

RUNS = st.sampled_from(["a", "b", "c", "d"])
EVENTS = st.one_of(
    *(st.builds(kind, run=RUNS) for kind in (Asked, Renewed, Succeeded, Failed, Withdrawn)),
    st.builds(Failed, run=RUNS),  # more of these, so that it opens
)
PAUSES = st.one_of(st.integers(0, 5), st.integers(25, 65)).map(lambda seconds: timedelta(seconds=seconds))
HISTORIES = st.lists(st.tuples(PAUSES, EVENTS), max_size=60)


def after(breaker, *events, now=NOON):
    for event in events:
        breaker, _ = step(breaker, event, now)
    return breaker


def opened(now=NOON):
    return after(Breaker(), *(Failed(run=str(number)) for number in range(5)), now=now)


def replayed(history):
    """Give (before, event, now, after, transition) of every step."""
    breaker, now = Breaker(), NOON
    for pause, event in history:
        now += pause
        before = breaker
        breaker, transition = step(before, event, now)
        yield before, event, now, breaker, transition


def test_five_failures_in_a_row_open_it_and_four_do_not():
    four = after(Breaker(), *(Failed(run=str(number)) for number in range(4)))
    assert four.state is BreakerState.CLOSED
    fifth, transition = step(four, Failed(run="5"), NOON)
    assert fifth.state is BreakerState.OPEN
    assert (transition.before, transition.after, transition.why) == (
        BreakerState.CLOSED,
        BreakerState.OPEN,
        "5 failures in a row",
    )


def test_a_success_between_begins_the_count_anew():
    failures = [Failed(run=str(number)) for number in range(4)]
    assert after(Breaker(), *failures, Succeeded(run="x"), *failures).state is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("elapsed", "through"),
    [
        pytest.param(timedelta(seconds=60) - MOMENT, False, id="just before 60 s"),
        pytest.param(timedelta(seconds=60), True, id="at 60 s"),
    ],
)
def test_an_open_one_lets_a_trial_through_after_sixty_seconds(elapsed, through):
    asked = after(opened(), Asked(run="trial"), now=NOON + elapsed)
    assert lets_through(asked, "trial") is through


@pytest.mark.parametrize(
    ("silent", "through"),
    [
        pytest.param(timedelta(seconds=30) - MOMENT, False, id="while its lease lasts"),
        pytest.param(timedelta(seconds=30), True, id="when its lease is over"),
    ],
)
def test_a_trial_that_died_gives_way_to_another_after_its_lease(silent, through):
    began = NOON + timedelta(seconds=60)
    trying = after(opened(), Asked(run="dies"), now=began)
    assert lets_through(after(trying, Asked(run="next"), now=began + silent), "next") is through


def test_a_trial_decides_and_late_news_of_earlier_runs_does_not():
    later = NOON + timedelta(seconds=61)
    trying = after(opened(), Succeeded(run="0"), Failed(run="1"), Asked(run="trial"), Succeeded(run="0"), now=later)
    assert trying.state is BreakerState.HALF_OPEN
    assert after(trying, Succeeded(run="trial"), now=later) == Breaker()
    again = after(trying, Failed(run="trial"), now=later)
    assert (again.state, again.opened_at) == (BreakerState.OPEN, later)


@given(HISTORIES)
def test_it_opens_by_five_failures_in_a_row_or_a_failed_trial_and_by_nothing_else(history):
    in_a_row = 0
    for before, event, _, breaker, transition in replayed(history):
        if before.state is BreakerState.CLOSED:
            in_a_row = in_a_row + 1 if isinstance(event, Failed) else 0 if isinstance(event, Succeeded) else in_a_row
            assert (breaker.state is BreakerState.OPEN) == (in_a_row == LIMITS.failures)
        elif before.state is BreakerState.HALF_OPEN and breaker.state is BreakerState.OPEN:
            assert event == Failed(run=before.trial)
        if breaker.state is not BreakerState.CLOSED:
            in_a_row = 0
        assert (transition is not None) == (breaker.state is not before.state)


@given(HISTORIES)
def test_while_it_is_not_closed_at_most_one_run_is_at_work_and_only_sixty_seconds_after_opening(history):
    trial, alive_until, opened_at = None, NOON, None
    for before, event, now, breaker, _ in replayed(history):
        if breaker.state is BreakerState.OPEN and before.state is not BreakerState.OPEN:
            opened_at = now
        begins = isinstance(event, Asked) and before.trial != event.run and lets_through(breaker, event.run)
        if begins and breaker.state is BreakerState.HALF_OPEN:
            assert now >= opened_at + LIMITS.open_for
            assert trial is None or now >= alive_until
            trial = event.run
        if event == Renewed(run=trial) or begins:
            alive_until = now + LIMITS.trial_lease
        if isinstance(event, Succeeded | Failed | Withdrawn) and event.run == trial:
            trial = None


@given(HISTORIES)
def test_it_closes_by_the_success_of_its_trial_only(history):
    for before, event, _, breaker, _ in replayed(history):
        if before.state is not BreakerState.CLOSED and breaker.state is BreakerState.CLOSED:
            assert before.state is BreakerState.HALF_OPEN
            assert event == Succeeded(run=before.trial)


@given(HISTORIES, PAUSES)
def test_what_allows_says_is_what_a_run_that_asks_is_told(history, pause):
    for _, _, now, breaker, _ in replayed(history):
        asked, _ = step(breaker, Asked(run="somebody new"), now + pause)
        assert allows(breaker, now + pause) == lets_through(asked, "somebody new")
