"""Who is on call: people who take turns week by week.

Belongs here: whose week it is. Not here: reading the file (`on_call.py`), or whom a message goes to (`composing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be on call."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """People in the order of their weeks; the first one's begins on `starts_on` at `hands_over_at`, local time.

    The turns go on in both directions, so that somebody is on call before the start too. A week is seven days of the
    wall clock: when the clocks change, the hour of the handover does not.
    """

    people: tuple[Person, ...]
    starts_on: date
    hands_over_at: time = time(9)
    time_zone: tzinfo = UTC

    def primary(self, now: datetime) -> Person:
        """Give whose week it is; a week begins exactly at its handover."""
        return self._turn(now, 0)

    def secondary(self, now: datetime) -> Person | None:
        """Give whose week comes next, None where one person does it all."""
        return self._turn(now, 1) if len(self.people) > 1 else None

    def _turn(self, now: datetime, ahead: int) -> Person:
        wall_clock = now.astimezone(self.time_zone).replace(tzinfo=None)
        weeks = (wall_clock - datetime.combine(self.starts_on, self.hands_over_at)) // _WEEK
        return self.people[(weeks + ahead) % len(self.people)]
