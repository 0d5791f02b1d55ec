"""Idempotency keys: what is done under a key never runs twice at once, nor again within its window.

Belongs here: what becomes of the claim on a key, with time as an argument. Not here: where it is kept (`claims.py`).

Whoever claims a free key owns it for a lease, renews it while at work, and says when it is done; from then on the key
is done for its window. A failure gives the key back. A crash leaves it owned until the lease is over: what the dead
owner had done by then cannot be known, and the work begins again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LEASE = timedelta(seconds=30)
"""As long as BullMQ's lock of a job: after a crash both are free at about the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who owns a key until when, or that it is done, with what came out of it as JSON."""

    owner: str
    until: datetime
    done: bool = False
    result: str | None = None


class Verdict(StrEnum):
    """What an attempt to claim a key came to."""

    GRANTED = "granted"
    BUSY = "busy"
    DONE = "done"


def claimed(before: Claim | None, owner: str, now: datetime, lease: timedelta = LEASE) -> tuple[Claim, Verdict]:
    """Let `owner`, a name that nobody had before, claim a key on which `before` is the claim.

    Asking again, since the answer was lost on its way, changes nothing.
    """
    if before is None or now >= before.until:
        return Claim(owner=owner, until=now + lease), Verdict.GRANTED
    if before.owner == owner and not before.done:
        return before, Verdict.GRANTED
    return before, Verdict.DONE if before.done else Verdict.BUSY


def renewed(before: Claim | None, owner: str, now: datetime, lease: timedelta = LEASE) -> tuple[Claim | None, bool]:
    """Prolong the claim of `owner`; False where it is lost and the work must stop.

    A lease that is over is lost even if nobody took the key: somebody may have come and gone.
    """
    if before is None or before.done or before.owner != owner or now >= before.until:
        return before, False
    return replace(before, until=now + lease), True


def finished(
    before: Claim | None, owner: str, now: datetime, window: timedelta, result: str | None = None
) -> tuple[Claim, bool]:
    """Mark the key as done for `window`; False where somebody else has claimed it meanwhile, whose claim stays.

    Where the lease is over and nobody came, the work is done all the same and must not be done again.
    """
    if before is not None and before.owner != owner and now < before.until:
        return before, False
    return Claim(owner=owner, until=now + window, done=True, result=result), True


def given_back(before: Claim | None, owner: str) -> Claim | None:
    """Free the key after a failure, if `owner` still owns it and did not finish."""
    return None if before is not None and before.owner == owner and not before.done else before
