"""When beats are due: multiples of the interval, so that every process agrees on them.

Belongs here: the arithmetic. Not here: waiting, or a clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

LEAD = timedelta(seconds=20)
"""A scheduled run starts 5–10 s after its minute and needs some seconds of imports. It therefore takes the beats due
from 20 s after its minute to 80 s after it, so that each is on time although no run is."""

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def beats_due(minute: datetime, interval_seconds: int) -> list[datetime]:
    """Give the beats that the run scheduled for `minute` takes: those due in (minute + LEAD, minute + LEAD + 60 s].

    With 30 s these are :30 and the next :00. Consecutive minutes share no beat and leave none out.
    """
    step = timedelta(seconds=interval_seconds)
    start, end = minute + LEAD, minute + LEAD + timedelta(minutes=1)
    due = _beat_after(start, step)
    beats = []
    while due <= end:
        beats.append(due)
        due += step
    return beats


def is_overdue(due: datetime, interval_seconds: int, *, now: datetime) -> bool:
    """Tell whether a beat is so late that the next one has replaced it; such a beat is left out, not faked."""
    return now >= due + timedelta(seconds=interval_seconds)


def beat_to_await(
    newest: datetime | None, interval_seconds: int, *, now: datetime, within: timedelta, patience: timedelta
) -> datetime | None:
    """Give the beat after `newest` if it is due `within` that time from `now`, or late by less than `patience`."""
    earliest = now - patience
    due = _beat_after(max(newest, earliest) if newest else earliest, timedelta(seconds=interval_seconds))
    return due if due <= now + within else None


def _beat_after(moment: datetime, step: timedelta) -> datetime:
    return _EPOCH + ((moment - _EPOCH) // step + 1) * step
