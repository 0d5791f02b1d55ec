"""A dead letter: a job that used up its own attempts, and where it stands on its way back.

Belongs here: what one is. Not here: where it goes next (`deciding.py`), or where it is kept (`letter_store.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LetterState(StrEnum):
    """Where a dead letter stands. Pending, retrying and parked are open, the others its end."""

    PENDING = "pending"
    RETRYING = "retrying"
    RECOVERED = "recovered"
    PARKED = "parked"
    DISCARDED = "discarded"

    @property
    def is_open(self) -> bool:
        """Something may still become of it."""
        return self in {LetterState.PENDING, LetterState.RETRYING, LetterState.PARKED}


class PayloadKept(StrEnum):
    """Where the job's data is: with the job in Redis, or copied since the platform removes failed jobs.

    Without the job, a redacted copy, and data that is too large to copy, cannot be read as JSON or is lost, cannot be
    brought back as it was.
    """

    REDIS = "redis"
    COPIED = "copied"
    REDACTED = "redacted"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKey:
    """Which job: BullMQ's key prefix, the queue and the job id."""

    prefix: str
    queue: str
    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One dead letter; fields are the columns of the state's table `dead_letters`."""

    id: str
    job: JobKey
    name: str
    state: LetterState
    reason: str
    stack: str
    attempts: int
    payload: str | None
    payload_kept: PayloadKept
    options: str
    parent: str | None
    first_failed_at: datetime
    last_failed_at: datetime
    found_at: datetime
    tries: int
    next_try_at: datetime | None
    try_token: str | None
    tried_at: datetime | None
    ended_at: datetime | None
    note: str
    version: int
