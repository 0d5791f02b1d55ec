"""When checks are due: at the start and after every interval, a grid that pauses move. Pure.

Belongs here: which place of the grid it is, and whether it is over. Not here: waiting (`running.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from maxbooster_ops.readiness.burn_in.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The places at which checks are due, counted from 0. One that was missed is not made up for."""

    begins_at: datetime
    interval: timedelta
    last_place: int
    ends_at: datetime

    @classmethod
    def of(cls, session: Session) -> Grid:
        """Give the grid of a session as its pauses so far have moved it."""
        plan = session.plan
        return cls(
            begins_at=session.target_end_at - plan.duration,
            interval=plan.interval,
            last_place=plan.expected_checks - 1,
            ends_at=session.target_end_at,
        )

    def place(self, at: datetime) -> int:
        """Tell which place's time it is: a check may be taken until the next one is due."""
        return (at - self.begins_at) // self.interval

    def due(self, place: int) -> datetime:
        """Tell when the check of a place is due."""
        return self.begins_at + place * self.interval

    def due_now(self, newest: datetime | None, now: datetime) -> datetime | None:
        """Tell when the check that is to be taken now was due; None where none is, or the grid is over.

        `newest` is when the newest check that was taken was due.
        """
        place = self.place(now)
        is_taken = newest is not None and place <= self._place_of(newest)
        return None if is_taken or not 0 <= place <= self.last_place else self.due(place)

    def is_over(self, newest: datetime | None, now: datetime) -> bool:
        """Tell whether no check can fall due any more and the time is over."""
        return now >= self.ends_at and self.due_now(newest, now) is None

    def is_complete(self, newest: datetime | None) -> bool:
        """Tell whether the last check was taken."""
        return newest is not None and self._place_of(newest) >= self.last_place

    def next_due(self, now: datetime) -> datetime:
        """Tell when there is something to do again: the next place's time, or the end."""
        place = max(self.place(now) + 1, 0)
        return self.due(place) if place <= self.last_place else self.ends_at

    def _place_of(self, due: datetime) -> int:
        return round((due - self.begins_at) / self.interval)
