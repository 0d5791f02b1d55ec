"""What follows from a try to deliver: done, again later, or given up; and whether a backup is to be told.

Belongs here: the decision, pure. Not here: trying (`delivery.py`) or keeping what was decided (`outbox.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from maxbooster_ops.alerting.channels.channel import Sent

_FIRST_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(hours=24)
"""Longer than any outage that people sleep through; then the alert is old news, and the store has it."""

TRIES_BEFORE_BACKUP = 5
"""About half a minute of trying: the channel is down rather than stumbling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What happens to a message now: tried again at `due_at`, given up, or (neither) delivered.

    `hand_over`: a backup channel must get a copy, unless one has it already.
    """

    due_at: datetime | None = None
    given_up: bool = False
    hand_over: bool = False


def next_step(sent: Sent, *, attempt: int, decided_at: datetime, now: datetime, random: Random) -> Next:
    """Decide after the `attempt`-th try (from 1) of a message that was decided at `decided_at`.

    A permanent error is final; a temporary one is tried again until the message is a day old.
    """
    if sent.delivered:
        return Next()
    if sent.permanent or now - decided_at >= GIVE_UP_AFTER:
        return Next(given_up=True, hand_over=True)
    pause = max(wait(attempt, random), sent.retry_after or timedelta())
    return Next(due_at=now + pause, hand_over=attempt >= TRIES_BEFORE_BACKUP)


def wait(failures: int, random: Random) -> timedelta:
    """Give how long to wait after so many failures: 1 s, 2 s, 4 s … up to 5 min, less up to a quarter at random.

    The random part keeps the messages of one outage from all coming back in the same second.
    """
    doublings = min(failures - 1, 16)  # far beyond the longest wait, and no number that overflows
    whole = min(_FIRST_WAIT * 2**doublings, _LONGEST_WAIT)
    return timedelta(seconds=whole.total_seconds() * random.uniform(0.75, 1.0))
