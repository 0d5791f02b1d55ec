"""Idempotency keys: what is done under a key never runs twice at once, nor again within its window.

Belongs here: what becomes of the claim on a key, with time as an argument. Not here: where it is kept (`claims.py`).

Whoever claims a free key owns it for a lease, renews it while at work, and says when it is done; from then on the key
is done for its window. A failure gives the key back. An owner that dies says nothing: when its lease is over the key is
interrupted, since what had been done by then cannot be known. It stays so for the window that the work would have had,
unless a person frees it; a claim that was made with no window is free again when its lease is over.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LEASE = timedelta(seconds=30)
"""As long as BullMQ's lock of a job: after a crash both are free at about the same time."""

_INTERRUPTED = "The worker that had begun this work died, and nobody knows how much of it was done"
_REASON = re.compile(rf"{_INTERRUPTED} \(run ([0-9a-f]{{16}})\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who owns a key until when, or that it is done, with what came out of it as JSON.

    From `kept_until` on the key is free, whatever became of its owner.
    """

    owner: str
    until: datetime
    kept_until: datetime
    done: bool = False
    result: str | None = None


class Verdict(StrEnum):
    """What an attempt to claim a key came to."""

    GRANTED = "granted"
    BUSY = "busy"
    DONE = "done"
    INTERRUPTED = "interrupted"


def claimed(
    before: Claim | None, owner: str, now: datetime, *, window: timedelta, lease: timedelta = LEASE
) -> tuple[Claim, Verdict]:
    """Let `owner`, a name that nobody had before, claim a key on which `before` is the claim.

    `window` is for how long the key is kept from everybody if the owner dies. Asking again, since the answer was lost
    on its way, changes nothing while the lease lasts; afterwards it is claimed anew, for who asks has not begun.
    """
    if before is None or now >= before.kept_until or (_is_own(before, owner) and now >= before.until):
        return Claim(owner=owner, until=now + lease, kept_until=now + lease + window), Verdict.GRANTED
    if before.done:
        return before, Verdict.DONE
    if before.owner == owner:
        return before, Verdict.GRANTED
    return before, Verdict.BUSY if now < before.until else Verdict.INTERRUPTED


def renewed(before: Claim | None, owner: str, now: datetime, lease: timedelta = LEASE) -> tuple[Claim | None, bool]:
    """Prolong the claim of `owner`; False where it is lost and the work must stop.

    A lease that is over is lost even if nobody took the key: somebody may have come and gone.
    """
    if before is None or not _is_own(before, owner) or now >= before.until:
        return before, False
    window = before.kept_until - before.until
    return replace(before, until=now + lease, kept_until=now + lease + window), True


def finished(
    before: Claim | None, owner: str, now: datetime, window: timedelta, result: str | None = None
) -> tuple[Claim, bool]:
    """Mark the key as done for `window`; False where somebody else has claimed it meanwhile, whose claim stays.

    Where the lease is over and nobody came, the work is done all the same and must not be done again.
    """
    if before is not None and before.owner != owner and now < before.until:
        return before, False
    end = now + window
    return Claim(owner=owner, until=end, kept_until=end, done=True, result=result), True


def given_back(before: Claim | None, owner: str) -> Claim | None:
    """Free the key after a failure, if `owner` still owns it and did not finish."""
    return None if before is not None and _is_own(before, owner) else before


def freed(before: Claim | None, run: str, now: datetime) -> Claim | None:
    """Free the key that `run`, as `run_of` names it, left interrupted: a person wants its work to be done again.

    A claim that is done, at work, or of a later run stays: of that one the person did not know.
    """
    is_meant = before is not None and not before.done and now >= before.until and run_of(before.owner) == run
    return None if is_meant else before


def run_of(owner: str) -> str:
    """Name the run of an owner so that it fits into a sentence."""
    return hashlib.sha256(owner.encode()).hexdigest()[:16]


def reason_of(run: str) -> str:
    """Say to a person why the work under a key is not done, whose run was interrupted."""
    return (
        f"{_INTERRUPTED} (run {run}). Its idempotency key is kept until a person who has looked lets it be done again, "
        "or its window is over."
    )


def interrupted_run(reason: str) -> str | None:
    """Give the run that the reason of a failed job tells of, None where it failed for another reason."""
    found = _REASON.match(reason)
    return found[1] if found else None


def _is_own(before: Claim, owner: str) -> bool:
    return before.owner == owner and not before.done
