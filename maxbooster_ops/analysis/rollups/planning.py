"""Which windows a run rolls up: those that have ended since the last time, those that got late rows, and older days.

Belongs here: that decision; pure, time is an argument. Not here: finding late rows or the work itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from maxbooster_ops.analysis.rollups.windows import DAY, HALF_HOUR, Stretch, half_hour_of, joined, midnight

STORED_WITHIN = timedelta(minutes=5)
"""How long after its `ts` a beat is in the lake at the latest: it may wait 30 s for the lock, several times. Half hours
that had not ended for so long when they were rolled up are rolled up once more."""

DAYS_PER_RUN = 2
"""Whole days that one run makes up for: some seconds each on a busy platform, and a run comes every half hour."""

MOST_LATE = 48
"""Half hours of past days with late rows that are rolled up singly; of more, their whole days are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Where the last run ended: everything before `until` was seen, but for the `days_left`."""

    until: datetime
    days_left: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run does: the `stretches`, then the whole `days`; `days_left` are for the runs after it."""

    stretches: tuple[Stretch, ...]
    days: tuple[date, ...]
    days_left: tuple[date, ...]


def plan(reached: Reached, late: Collection[datetime], *, now: datetime) -> Plan:
    """Decide what to do at `now`; `late` are half hours into which rows came after they were rolled up.

    The newest is done first. A stretch that reaches back before yesterday becomes whole days, at most `DAYS_PER_RUN` a
    run, so that a run after a month without any is not longer than the others.
    """
    today, end = midnight(now.date()), half_hour_of(now)
    # A mark ahead of the clock was left while that was wrong, and hides what came since: all from yesterday on is due.
    begin = recheck_from(reached.until) if reached.until <= now else today - DAY
    missed = set(reached.days_left)
    if begin < today - DAY:
        missed |= _days(begin.date(), today.date())
        begin = today
    of_today = {half_hour for half_hour in late if half_hour >= today}
    of_past_days = set(late) - of_today
    if len(of_past_days) > MOST_LATE:
        missed |= {half_hour.date() for half_hour in of_past_days}
    due = {begin + number * HALF_HOUR for number in range(max(0, (end - begin) // HALF_HOUR))}
    half_hours = {each for each in due | of_today | of_past_days if each < end and each.date() not in missed}
    newest_first = sorted(missed, reverse=True)
    return Plan(
        stretches=tuple(joined(half_hours)),
        days=tuple(newest_first[:DAYS_PER_RUN]),
        days_left=tuple(newest_first[DAYS_PER_RUN:]),
    )


def recheck_from(until: datetime) -> datetime:
    """Give the first half hour that is rolled up again by the run after one that ended at `until`."""
    return half_hour_of(until - STORED_WITHIN)


def _days(first: date, after: date) -> set[date]:
    return {first + number * DAY for number in range((after - first).days)}
