"""The circuit breaker of a job type: after failures in a row nothing is started, until one trial has gone well.

Belongs here: what it becomes by an event, with time as an argument. Not here: where it is kept (`breaker_store.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FAILURES = 5
OPEN_FOR = timedelta(seconds=60)
"""The spec's (jobs, "Circuit breaker"); a policy may have others."""

TRIAL_LEASE = timedelta(seconds=30)
"""A trial that has not been renewed for so long is dead, and another may take its place."""


class BreakerState(StrEnum):
    """Closed lets everything through, open nothing, half-open one trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a breaker opens, for how long, and how long a trial may be silent."""

    failures: int = FAILURES
    open_for: timedelta = OPEN_FOR
    trial_lease: timedelta = TRIAL_LEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """One breaker: `failures` in a row, `opened_at` unless closed, and whose the trial is until when."""

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    opened_at: datetime | None = None
    trial: str | None = None
    trial_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody, named by `run`, wants to start a job."""

    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The run is still at work."""

    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The run ended well."""

    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The run failed."""

    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """The run ended and says nothing of whether the job works: it was stopped, or had nothing to do."""

    run: str


Event = Asked | Renewed | Succeeded | Failed | Withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A breaker went from one state to another, and why."""

    at: datetime
    before: BreakerState
    after: BreakerState
    why: str


def allows(breaker: Breaker, now: datetime, limits: Limits | None = None) -> bool:
    """Tell whether a run that asked now would be let through."""
    limits = limits or Limits()
    if breaker.state is BreakerState.CLOSED:
        return True
    if breaker.state is BreakerState.OPEN:
        return breaker.opened_at is None or now >= breaker.opened_at + limits.open_for
    return breaker.trial is None or breaker.trial_until is None or now >= breaker.trial_until


def lets_through(breaker: Breaker, run: str) -> bool:
    """Tell whether the run, having asked, may start: everything is let through, or the trial is its own."""
    return breaker.state is BreakerState.CLOSED or breaker.trial == run


def step(
    breaker: Breaker, event: Event, now: datetime, limits: Limits | None = None
) -> tuple[Breaker, Transition | None]:
    """Give what `breaker` becomes by `event`, and the transition where its state changes.

    Only the trial moves a breaker that is not closed: what began before it opened, or lost its lease to another trial,
    tells nothing about now.
    """
    limits = limits or Limits()
    match event:
        case Asked():
            after, why = _asked(breaker, event.run, now, limits), "its time is over: one trial"
        case Renewed():
            after, why = _renewed(breaker, event.run, now, limits), ""
        case Succeeded():
            after, why = _succeeded(breaker, event.run), "the trial succeeded"
        case Failed():
            after = _failed(breaker, event.run, now, limits)
            trial_failed = breaker.state is BreakerState.HALF_OPEN
            why = "the trial failed" if trial_failed else f"{after.failures} failures in a row"
        case Withdrawn():
            after, why = _withdrawn(breaker, event.run), ""
    if after.state is breaker.state:
        return after, None
    return after, Transition(at=now, before=breaker.state, after=after.state, why=why)


def _asked(breaker: Breaker, run: str, now: datetime, limits: Limits) -> Breaker:
    if breaker.state is BreakerState.CLOSED or not allows(breaker, now, limits):
        return breaker
    return replace(breaker, state=BreakerState.HALF_OPEN, trial=run, trial_until=now + limits.trial_lease)


def _renewed(breaker: Breaker, run: str, now: datetime, limits: Limits) -> Breaker:
    return replace(breaker, trial_until=now + limits.trial_lease) if breaker.trial == run else breaker


def _succeeded(breaker: Breaker, run: str) -> Breaker:
    return Breaker() if breaker.state is BreakerState.CLOSED or breaker.trial == run else breaker


def _failed(breaker: Breaker, run: str, now: datetime, limits: Limits) -> Breaker:
    if breaker.state is not BreakerState.CLOSED and breaker.trial != run:
        return breaker
    failures = breaker.failures + 1
    if breaker.state is BreakerState.CLOSED and failures < limits.failures:
        return Breaker(failures=failures)
    return Breaker(state=BreakerState.OPEN, failures=failures, opened_at=now)


def _withdrawn(breaker: Breaker, run: str) -> Breaker:
    return replace(breaker, trial=None, trial_until=None) if breaker.trial == run else breaker


def asks_again_after(breaker: Breaker, limits: Limits | None = None) -> timedelta:
    """Give for how long a job that was not let through is best put off.

    While a trial runs, nobody knows for how long: a while that is short beside the time that a breaker is open.
    """
    open_for = (limits or Limits()).open_for
    return open_for if breaker.state is BreakerState.OPEN else min(open_for, timedelta(seconds=5))
