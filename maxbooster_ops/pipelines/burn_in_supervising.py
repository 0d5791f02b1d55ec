"""What is done about a burn-in whose process is gone: nothing yet, resume it, or end it with what was seen.

Belongs here: that decision, from values. Not here: looking at runs and sessions, or doing it (`burn_in_supervisor.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from maxbooster_ops.readiness.burn_in.session import Session

TERMINAL_GIVEN_UP_AFTER = timedelta(minutes=10)
"""A person whose terminal died has that long to resume the burn-in before it is closed with a partial report."""

MOST_TRIES = 5
"""Runs that ended one after the other without a single check between them; the sixth would do no better."""


class Step(StrEnum):
    """What to do. `END` is for a burn-in that somebody wanted to stop, `GIVE_UP` for one that nobody takes up."""

    WAIT = "wait"
    RESUME = "resume"
    END = "end"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """A Dagster run that works, worked or shall work on the session.

    `has_process` is False where its process is known to be gone, None where none is known. `stopped_by_person` is
    whether somebody pressed Terminate. `found_checks` is how many checks there were when it was asked for.
    """

    run_id: str
    is_over: bool
    has_process: bool | None
    stopped_by_person: bool
    found_checks: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The step, why, and which runs claim to go on although their process is gone."""

    step: Step
    reason: str
    dead_runs: Sequence[str] = ()


def decide(session: Session, runs: Sequence[RunSeen], now: datetime) -> Decision:
    """Decide about a running `session` whose owner is dead, with all `runs` of it."""
    dead = tuple(run.run_id for run in runs if not run.is_over and _is_dead(run, session))
    own = next((run for run in runs if run.run_id == session.run_id), None)
    if session.cancel_asked_at or (own and own.stopped_by_person):
        return Decision(step=Step.END, reason="it was to be stopped, and its process is gone", dead_runs=dead)
    if session.launched_by == "terminal" and session.run_id is None:
        return _of_terminal(session, now)
    if coming := [run.run_id for run in runs if not run.is_over and run.run_id not in dead]:
        return Decision(step=Step.WAIT, reason=f"run {coming[0]} is about to take it up", dead_runs=dead)
    tries = sum(run.found_checks == session.checks_done for run in runs)
    if tries >= MOST_TRIES:
        reason = f"{tries} runs took it up one after the other and none took a check"
        return Decision(step=Step.GIVE_UP, reason=reason, dead_runs=dead)
    return Decision(step=Step.RESUME, reason=f"its process is gone after {session.checks_done} checks", dead_runs=dead)


def _is_dead(run: RunSeen, session: Session) -> bool:
    """Tell whether a run that claims to go on cannot: its process is gone, or the session knows it was its owner."""
    return run.has_process is False or run.run_id == session.run_id


def _of_terminal(session: Session, now: datetime) -> Decision:
    last_sign = session.heartbeat_at or session.started_at
    if now - last_sign < TERMINAL_GIVEN_UP_AFTER:
        return Decision(step=Step.WAIT, reason="its terminal is gone; `maxbooster-ops burn-in --resume` takes it up")
    return Decision(step=Step.GIVE_UP, reason="its terminal is gone, and nobody took it up for ten minutes")
