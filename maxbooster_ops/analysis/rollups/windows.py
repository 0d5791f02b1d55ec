"""Windows of time and stretches of them, all in UTC and aligned to its midnights.

Belongs here: their arithmetic. Not here: which of them are due (`planning.py`), or what is in them.
A row exactly on the edge between two windows belongs to the one that it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)


class Width(Enum):
    """How long a window is, by the name that it has in `rollups`."""

    MINUTE = "1m"
    HALF_HOUR = "30m"
    DAY = "1d"

    @property
    def length(self) -> timedelta:
        """Its duration."""
        return {Width.MINUTE: timedelta(minutes=1), Width.HALF_HOUR: HALF_HOUR, Width.DAY: DAY}[self]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Stretch:
    """The time from `start` to `until`, which is outside."""

    start: datetime
    until: datetime

    @property
    def half_hours(self) -> int:
        """How many half hours it has."""
        return (self.until - self.start) // HALF_HOUR

    @property
    def days(self) -> list[date]:
        """The days that it touches, the oldest first."""
        last = (self.until - timedelta(microseconds=1)).date()
        return [self.start.date() + number * DAY for number in range((last - self.start.date()).days + 1)]

    def slices(self, length: timedelta) -> Iterator[Stretch]:
        """Cut it into pieces at most so long, none across a midnight."""
        start = self.start
        while start < self.until:
            until = min(start + length, self.until, midnight(start.date()) + DAY)
            yield Stretch(start=start, until=until)
            start = until


def midnight(day: date) -> datetime:
    """Give when `day` begins."""
    return datetime.combine(day, time(), UTC)


def whole_day(day: date) -> Stretch:
    """Give the stretch that is `day`."""
    return Stretch(start=midnight(day), until=midnight(day) + DAY)


def half_hour_of(moment: datetime) -> datetime:
    """Give when the half hour begins that holds `moment`."""
    begun = midnight(moment.astimezone(UTC).date())
    return begun + (moment - begun) // HALF_HOUR * HALF_HOUR


def joined(half_hours: Iterable[datetime]) -> list[Stretch]:
    """Make as few stretches of half hours as there can be, the newest first; none goes across a midnight."""
    stretches: list[Stretch] = []
    for start in sorted(set(half_hours)):
        if stretches and stretches[-1].until == start != midnight(start.date()):
            stretches[-1] = Stretch(start=stretches[-1].start, until=start + HALF_HOUR)
        else:
            stretches.append(Stretch(start=start, until=start + HALF_HOUR))
    return stretches[::-1]
