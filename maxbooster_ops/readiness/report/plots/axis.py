"""Axes: from values and times to places in the plot, and which of them get a label.

Belongs here: scales and ticks. Not here: drawing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_TIME_STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200)
)
_DAY = timedelta(days=1)
_LEVEL_SHARE = 0.3
"""Values that move by less than this share of their greatest are shown without the way down to zero."""

_LEAST_SHARE = 0.1
"""Then the axis still spans this share of the greatest value, so that noise does not look like mountains."""

_LEAST_SPAN = 1e-6
"""Less than that is nothing in any of our units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The values from bottom to top, with the labelled ones."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Give how far up a value stands, 0 to 1."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def scale_of(values: Iterable[float], *, limit: float | None = None, most_ticks: int = 4) -> Scale:
    """Choose an axis for finite values, with `limit` on it."""
    known = list(values) or [0.0]
    low, high = min(known), max(known)
    if limit is not None:
        low, high = min(low, limit), max(high, limit)
    if low >= 0 and high - low >= _LEVEL_SHARE * high:
        low = 0.0
    least = max(_LEAST_SHARE * max(abs(low), abs(high)), _LEAST_SPAN) if low or high else 1.0
    if high - low < least:
        middle = (low + high) / 2
        low = max(0.0, middle - least / 2) if low >= 0 else middle - least / 2
        high = low + least
    step = _nice((high - low) / most_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Scale(low=ticks[0], high=ticks[-1], ticks=ticks)


def time_ticks(start: datetime, end: datetime, most: int = 5) -> list[tuple[datetime, str]]:
    """Choose round moments from `start` to `end`, in UTC, and what to write under them."""
    length = end - start
    step = next((step for step in _TIME_STEPS if length / step <= most), None)
    if step is None:
        step = _DAY * math.ceil(length / _DAY / most)
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    number = math.ceil((start - midnight) / step)
    ticks = []
    while (at := midnight + number * step) <= end:
        ticks.append((at, _label(at, step)))
        number += 1
    return ticks


def _label(at: datetime, step: timedelta) -> str:
    if at.hour == at.minute == at.second == 0:
        return f"{at:%m-%d}"
    return f"{at:%H:%M:%S}" if step < timedelta(minutes=1) else f"{at:%H:%M}"


def _nice(step: float) -> float:
    magnitude = 10.0 ** math.floor(math.log10(step))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= step * (1 - 1e-9))
