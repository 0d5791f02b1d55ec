"""Error budgets: how much may go wrong, and how much did.

Belongs here: that arithmetic. Not here: how fast it goes (`burn_rate.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

BUDGET_PERIOD = timedelta(days=30)
"""A month has 43 200 minutes, whichever month it is: 99.95 % leave 21.6, 99.9 % 43.2, 99 % 432."""

_MINUTE = timedelta(minutes=1)

_DIGITS = 9
"""A share has nine digits at most; what comes after them is how computers subtract."""


def budget_minutes(target: float) -> float:
    """Give the minutes of 30 days that may be bad: 21.6 of 99.95 %, and not 21.59999999999762."""
    return round((1 - target) * (BUDGET_PERIOD / _MINUTE), _DIGITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A budget and what of it is gone; `spent_minutes` is None where nothing was seen."""

    minutes: float
    spent_minutes: float | None

    @property
    def left_minutes(self) -> float | None:
        """What is left; below zero where more was spent than there was."""
        return None if self.spent_minutes is None else self.minutes - self.spent_minutes

    @property
    def left_share(self) -> float | None:
        """The same, 1 being all of it."""
        left = self.left_minutes
        return None if left is None else left / self.minutes

    @property
    def is_exhausted(self) -> bool:
        """Tell whether nothing is left."""
        return self.spent_minutes is not None and self.spent_minutes >= self.minutes


def spent(target: float, *, bad_share: float | None, seen: timedelta) -> Budget:
    """Give the budget after `seen` of the period, in which `bad_share` of the events were bad.

    Minutes are weighted by their events: ten bad minutes at the busiest hour spend more than ten at night. What was not
    seen, for want of data or for maintenance, spends nothing.
    """
    minutes = None if bad_share is None else bad_share * (seen / _MINUTE)
    return Budget(minutes=budget_minutes(target), spent_minutes=minutes)
