"""Where a dead letter goes next: pure decisions, with time and chance passed in.

Belongs here: backoff, parking, what a refusal or an outcome means, how long a letter is kept.
Not here: looking (`queue_side.py`), writing it down (`letter_store.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from maxbooster_ops.dead_letters.letter import Letter, LetterState, PayloadKept
from maxbooster_ops.jobs.idempotency import interrupted_run

MOST_TRIES = 5
"""Re-drives by ourselves before a letter waits for a person (spec: jobs, "Dead letters")."""

KEPT_AFTER_END = timedelta(days=30)
"""How long a letter that was recovered or discarded is kept (spec: jobs)."""

FIRST_BACKOFF = timedelta(hours=1)
LONGEST_BACKOFF = timedelta(hours=24)
JITTER = 0.1
"""The schedule runs hourly, so a shorter first wait would not be kept. Jitter spreads letters that died together."""

REFUSED_FOR = timedelta(hours=1)
"""A try that was refused did not happen; what refused it may be over at the next run of the schedule."""

GIVES_UP_AFTER = timedelta(days=7)
"""A letter refused so long after we saw it, such as the parent of a child that stays dead, waits for a person."""

VANISHED_AFTER = timedelta(minutes=10)
"""A job that is nowhere may have finished and been removed before a beat told; beats come every half minute."""


class Refusal(StrEnum):
    """Why the queue did not take a letter back; the values are what `redrive.lua` answers."""

    GONE = "gone"
    TRIMMED = "trimmed"
    NOT_FAILED = "not_failed"
    PAUSED_V5 = "paused_v5"
    DEDUPLICATED = "deduplicated"
    WAITS_FOR_CHILDREN = "waits_for_children"
    CHILD_REMOVED = "child_removed"

    @property
    def text(self) -> str:
        """Say it to a person."""
        return _REFUSALS[self]


_REFUSALS = {
    Refusal.GONE: "the job is no longer in Redis",
    Refusal.TRIMMED: "the job is no longer in Redis, nor any as old: the platform seems to remove its failed jobs",
    Refusal.NOT_FAILED: "somebody else retried the job",
    Refusal.PAUSED_V5: "the queue is paused and not known to belong to BullMQ 6; BullMQ 5 would lose the job on resume",
    Refusal.DEDUPLICATED: "another job holds its deduplication id",
    Refusal.WAITS_FOR_CHILDREN: "children of this job have not succeeded; bring them back first",
    Refusal.CHILD_REMOVED: "a child that had not succeeded was removed, and without it BullMQ never completes this job",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What becomes of a letter: its next state, what is recorded as done, and why.

    `gives_back_try` undoes the count of a try that did not happen. `works` is what a try tells of its job type: that it
    works, that it does not, or None where it tells nothing.
    """

    state: LetterState
    action: str
    note: str
    next_try_at: datetime | None = None
    gives_back_try: bool = False
    works: bool | None = None


def backoff(tries: int, chance: Callable[[], float]) -> timedelta:
    """Give the wait after so many tries (at least 1): 1, 2, 4, 8 h and on to a day, and up to a tenth more.

    `chance` gives numbers of [0, 1).
    """
    doublings = min(tries - 1, 10)  # the longest wait is reached well before
    wait = min(FIRST_BACKOFF * (1 << doublings), LONGEST_BACKOFF)
    return wait * (1 + JITTER * chance())


def when_found(reason: str, *, now: datetime) -> Step:
    """Decide on a job that has just been found dead for that reason: it is due at once, unless it was interrupted."""
    due = Step(state=LetterState.PENDING, action="found", note="found in the failed set", next_try_at=now)
    return when_interrupted(reason) or due


def when_interrupted(reason: str) -> Step | None:
    """Decide on a job whose worker died at work on it, None for any other: nothing brings it back but a person."""
    if interrupted_run(reason) is None:
        return None
    note = "look whether its work was done: `retry` does it again from its beginning, `discard` leaves it as it is"
    return Step(state=LetterState.PARKED, action="parked", note=note)


def after_failure(letter: Letter, reason: str, *, now: datetime, chance: Callable[[], float]) -> Step:
    """Decide after a try of `letter` failed for that reason."""
    if step := when_interrupted(reason):
        return step
    if letter.tries >= MOST_TRIES:
        note = f"failed again after {letter.tries} tries: somebody must decide"
        return Step(state=LetterState.PARKED, action="parked", note=note, works=False)
    at = now + backoff(max(letter.tries, 1), chance)
    note = f"failed again after {letter.tries} of {MOST_TRIES} tries"
    return Step(state=LetterState.PENDING, action="failed_again", note=note, next_try_at=at, works=False)


def after_refusal(letter: Letter, refusal: Refusal, *, now: datetime) -> Step:
    """Decide after the queue refused a try of `letter`, which therefore does not count."""
    if refusal is Refusal.NOT_FAILED:
        return Step(state=LetterState.RETRYING, action="refused", note=refusal.text, gives_back_try=True)
    if refusal in {Refusal.GONE, Refusal.TRIMMED}:
        return _after_disappearance(letter, refusal)
    if refusal is Refusal.CHILD_REMOVED:
        return Step(state=LetterState.PARKED, action="parked", note=refusal.text, gives_back_try=True)
    if interrupted_run(letter.reason) is not None:
        # A person wanted it to run now. Whether it may run later that person must say then.
        note = f"{refusal.text}; retry it when that is over"
        return Step(state=LetterState.PARKED, action="parked", note=note, gives_back_try=True)
    if now - max(letter.last_failed_at, letter.found_at) > GIVES_UP_AFTER:
        note = f"refused for {GIVES_UP_AFTER.days} days: {refusal.text}"
        return Step(state=LetterState.PARKED, action="parked", note=note, gives_back_try=True)
    return Step(
        state=LetterState.PENDING,
        action="refused",
        note=refusal.text,
        next_try_at=now + REFUSED_FOR,
        gives_back_try=True,
    )


def _after_disappearance(letter: Letter, refusal: Refusal) -> Step:
    if letter.payload_kept is PayloadKept.REDIS and refusal is Refusal.TRIMMED:
        note = f"{refusal.text}; from now on those of this queue are copied"
        return Step(state=LetterState.PARKED, action="parked", note=note, gives_back_try=True)
    if letter.payload_kept is PayloadKept.REDIS:
        note = f"{refusal.text}: somebody removed it"
        return Step(state=LetterState.DISCARDED, action="discarded", note=note, gives_back_try=True)
    why = (
        "its copy belongs to a flow" if letter.parent else f"its data is {letter.payload_kept.value.replace('_', ' ')}"
    )
    note = f"{Refusal.GONE.text} and {why}: it cannot be added again as it was"
    return Step(state=LetterState.PARKED, action="parked", note=note, gives_back_try=True)


def after_removal(letter: Letter, reason: str, *, now: datetime) -> Step:
    """Decide after a try of `letter` failed for that reason and its job was removed: a copy may be added again."""
    if letter.payload_kept is PayloadKept.COPIED and (step := when_interrupted(reason)):
        return step
    if letter.payload_kept is PayloadKept.COPIED and letter.tries < MOST_TRIES:
        note = f"failed again after {letter.tries} of {MOST_TRIES} tries and was removed; its copy will be added again"
        at = now + REFUSED_FOR
        return Step(state=LetterState.PENDING, action="failed_again", note=note, next_try_at=at, works=False)
    note = f"failed again after {letter.tries} tries and was removed by the platform"
    return Step(state=LetterState.PARKED, action="parked", note=note, works=False)


def when_nowhere(letter: Letter, *, now: datetime) -> Step | None:
    """Decide on a letter under way whose job is nowhere and of which no beat told; None while one still may."""
    if letter.tried_at and now - letter.tried_at <= VANISHED_AFTER:
        return None
    note = "the job vanished after it was brought back; nobody saw how it ended"
    return Step(state=LetterState.PARKED, action="parked", note=note)


def recovered(letter: Letter) -> Step:
    """Decide on a letter whose job was completed."""
    note = f"completed after {letter.tries} of {MOST_TRIES} tries"
    return Step(state=LetterState.RECOVERED, action="recovered", note=note, works=True)


def expires_before(now: datetime) -> datetime:
    """Give the moment such that letters that ended before it are no longer kept."""
    return now - KEPT_AFTER_END
