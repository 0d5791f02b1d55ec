"""The checks of one burn-in in the order of time, beside what was planned and what happened.

Belongs here: reading numbers, series and stretches out of checks. Not here: what any of them means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from maxbooster_ops.analysis.series.series import Values
from maxbooster_ops.readiness.burn_in.judgement import Course
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.store.findings import BurnInCheck

Get = Callable[[BurnInCheck], float | None]
"""Reads one number of a check; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What a verdict rests on. Checks are in the order of time, and each is there once."""

    checks: Sequence[BurnInCheck]
    plan: Plan
    course: Course

    @classmethod
    def of(cls, checks: Sequence[BurnInCheck], plan: Plan, course: Course) -> Timeline:
        """Put checks into their order; of two with one number only the first counts."""
        by_number: dict[int, BurnInCheck] = {}
        for check in sorted(checks, key=lambda check: (check.ts, check.number)):
            by_number.setdefault(check.number, check)
        return cls(checks=tuple(by_number.values()), plan=plan, course=course)

    @property
    def paused(self) -> timedelta:
        """How long it stood still before it was resumed, in all."""
        return timedelta(seconds=self.course.paused_seconds)

    @property
    def ends_at(self) -> datetime:
        """When the last check fell due, or when it was ended before that. A report that came later changes nothing."""
        return min(self.course.ended_at, self.course.started_at + self.plan.duration + self.paused)

    @property
    def expected_checks(self) -> int:
        """How many checks fell due, until it was ended early where it was; a pause makes none fall due."""
        if not self.course.ended_early:
            return self.plan.expected_checks
        watched = max(timedelta(0), self.ends_at - self.course.started_at - self.paused)
        return min(self.plan.expected_checks, int(watched / self.plan.interval) + 1)

    @property
    def hours(self) -> float:
        """From the first check to the last."""
        if not self.checks:
            return 0.0
        return (self.checks[-1].ts - self.checks[0].ts) / timedelta(hours=1)

    def is_never_there(self, part: str) -> bool:
        """Say whether no check could read that part, which is a reason of its own (`success.py`)."""
        return all(getattr(check, part) == "missing" for check in self.checks)

    def numbers(self, get: Get) -> list[float]:
        """Give a number of all checks that know it."""
        return [value for check in self.checks if (value := get(check)) is not None]

    def total(self, get: Get) -> float | None:
        """Add up what came since the check before; None where no check knows it."""
        known = self.numbers(get)
        return sum(known) if known else None

    def mean(self, get: Get) -> float | None:
        """Give the mean of the checks that know it."""
        known = self.numbers(get)
        return sum(known) / len(known) if known else None

    def values(self, get: Get) -> Values:
        """Give a series of the checks that know it."""
        known = [(check.ts.timestamp(), value) for check in self.checks if (value := get(check)) is not None]
        moments, values = np.array(known, dtype=np.float64).reshape(-1, 2).T
        return Values(moments=moments, values=values)

    def unknown_share(self, get: Get) -> float:
        """Give the share of the time between checks (0 to 1) over which nobody knows what came."""
        steps = [(after, after.ts - before.ts) for before, after in pairwise(self.checks)]
        whole = sum((length for _, length in steps), timedelta(0))
        unknown = sum((length for after, length in steps if get(after) is None), timedelta(0))
        return unknown / whole if whole else 0.0

    def only(self, keep: Callable[[BurnInCheck], bool]) -> Timeline:
        """Give the checks of some kind, as if there were no others."""
        return replace(self, checks=tuple(filter(keep, self.checks)))
