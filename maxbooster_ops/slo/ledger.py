"""The ledger of an objective: its windows in the order of time, and what they add up to over any span.

Belongs here: the sums. Not here: what follows from them (`burn_rate.py`, `budget.py`), or where windows come from.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from operator import mul

WINDOW = timedelta(minutes=5)

NEAR = timedelta(minutes=15)
"""For how long events speak for the time around them: a monitor may be asked every ten minutes only."""

_WINDOW_SECONDS, _NEAR_SECONDS = WINDOW.total_seconds(), NEAR.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What some windows add up to; `seen` is how much time they speak for."""

    windows: int
    weight: float
    bad: float
    evidence: float
    seen: timedelta

    @property
    def bad_share(self) -> float | None:
        """The share of bad events; None where nothing was seen."""
        return self.bad / self.weight if self.windows and self.weight > 0 else None


class Ledger:
    """Windows in which something was seen and that no maintenance excuses."""

    def __init__(self) -> None:
        self._ends: list[float] = []
        self._weight, self._bad, self._evidence, self._seconds = [0.0], [0.0], [0.0], [0.0]

    def add(self, ends: datetime, *, weight: float, bad_share: float, evidence: float) -> None:
        """Append a window, later than all before it, that stands for `weight` events.

        It speaks for the time since the one before too, where that is near.
        """
        moment = ends.timestamp()
        self._seconds.append(self._seconds[-1] + _speaks_for(moment, self._ends[-1] if self._ends else -math.inf))
        self._ends.append(moment)
        self._weight.append(self._weight[-1] + weight)
        self._bad.append(self._bad[-1] + weight * bad_share)
        self._evidence.append(self._evidence[-1] + evidence)

    @classmethod
    def of(
        cls, ends: Sequence[float], weights: Sequence[float], bad_shares: Sequence[float], evidences: Sequence[float]
    ) -> Ledger:
        """Make a ledger of many windows at once, in the order of time; `ends` are seconds since 1970."""
        ledger = cls()
        ledger._ends = list(ends)
        ledger._weight = list(accumulate(weights, initial=0.0))
        ledger._bad = list(accumulate(map(mul, weights, bad_shares), initial=0.0))
        ledger._evidence = list(accumulate(evidences, initial=0.0))
        ledger._seconds = list(accumulate(map(_speaks_for, ends, (-math.inf, *ends[:-1])), initial=0.0))
        return ledger

    def newest(self, until: datetime) -> datetime | None:
        """Give the end of the newest window up to `until`."""
        last = bisect_right(self._ends, until.timestamp())
        return datetime.fromtimestamp(self._ends[last - 1], UTC) if last else None

    def over(self, span: timedelta, until: datetime) -> Tally:
        """Add up the windows that end within `span` before `until`, or at it."""
        last = bisect_right(self._ends, until.timestamp())
        first = bisect_right(self._ends, (until - span).timestamp())
        return Tally(
            windows=last - first,
            weight=self._weight[last] - self._weight[first],
            bad=self._bad[last] - self._bad[first],
            evidence=self._evidence[last] - self._evidence[first],
            seen=min(timedelta(seconds=self._seconds[last] - self._seconds[first]), span),
        )


def _speaks_for(ends: float, last: float) -> float:
    """Give how many seconds a window speaks for, the one before having ended at `last`."""
    return ends - last if ends - last <= _NEAR_SECONDS else _WINDOW_SECONDS
