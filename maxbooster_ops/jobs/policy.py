"""The policy of a job type: how many run at once, which goes first, how often one is tried, when all of them must wait.

Belongs here: what a policy is and what follows from it. Not here: the files that policies stand in (`policies.py`).
A job type is a queue: BullMQ limits and pauses queues, not names of jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

JITTER = 0.25
"""Share of a backoff that is left to chance, so that jobs which failed together do not come back together."""

_EXPONENTIAL = "exponential"
_KINDS = {_EXPONENTIAL, "fixed"}
"""The kinds of backoff that every BullMQ knows; others are functions of the platform's own programs."""


class Priority(StrEnum):
    """Which of the waiting jobs goes first."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"

    @property
    def number(self) -> int:
        """Give BullMQ's number; its smallest goes first, and before all of them jobs that have none."""
        return {Priority.HIGH: 1, Priority.MEDIUM: 5, Priority.LOW: 10}[self]


class AfterACrash(StrEnum):
    """What becomes of a job with an idempotency key whose worker died at work."""

    DEAD_LETTER = "dead_letter"
    AGAIN = "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPolicy:
    """How the jobs of one type are worked on.

    `concurrency` bounds one worker process and, where `limits_all_workers`, all workers of the queue together.
    `timeout` ends an attempt; `stuck_after` only says from when on a person should look. To be done `again` after a
    crash is for work that may be repeated.
    """

    name: str
    concurrency: int
    limits_all_workers: bool
    priority: Priority
    retries: int
    first_backoff: timedelta
    longest_backoff: timedelta
    breaker_failures: int
    breaker_open_for: timedelta
    idempotency_window: timedelta
    after_a_crash: AfterACrash
    stuck_after: timedelta
    timeout: timedelta | None

    @property
    def attempts(self) -> int:
        """Give how often a job is tried before it is a dead letter."""
        return self.retries + 1

    @property
    def kept_after_a_crash(self) -> timedelta:
        """Give for how long the key of a worker that died is kept from all others."""
        return self.idempotency_window if self.after_a_crash is AfterACrash.DEAD_LETTER else timedelta()

    def backoff(self, failures: int, chance: Callable[[], float], own: Mapping[str, Any] | None = None) -> timedelta:
        """Give the wait after so many failures (at least 1); `own` is what the job itself says, as BullMQ keeps it.

        Doubling up to the longest, less up to a quarter; a job's own kind, delay and jitter are kept. `chance` gives
        numbers of [0, 1).
        """
        own = own if own and own.get("type") in _KINDS and isinstance(own.get("delay"), int | float) else None
        seconds = float(own["delay"]) / 1000 if own else self.first_backoff.total_seconds()
        if own is None or own["type"] == _EXPONENTIAL:
            doublings = min(failures - 1, 40)  # far beyond any longest wait, and no number that overflows
            seconds = min(seconds * 2.0**doublings, self.longest_backoff.total_seconds())
        jitter = float(own.get("jitter") or 0) if own else JITTER
        return timedelta(seconds=seconds * (1 - jitter * chance()))

    @property
    def job_backoff(self) -> Mapping[str, Any]:
        """Give the backoff as BullMQ keeps it with a job; npm's workers obey it too."""
        return {"type": _EXPONENTIAL, "delay": round(self.first_backoff / timedelta(milliseconds=1)), "jitter": JITTER}
