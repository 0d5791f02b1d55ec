"""Whether memory leaks.

Belongs here: the verdict on one series. Not here: which series, or what follows from it (a burn-in).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from maxbooster_ops.analysis.series.series import Values
from maxbooster_ops.analysis.statistics.slope import (
    Block,
    Slope,
    slope_after_warm_up,
    slope_of,
    slope_of_warm_up,
)

LEAST_PERCENT_PER_DAY = 5.0
"""Days of memory that are flat or warm up stay below, those with a leak of 10 % above (`docs/benchmarks.md`)."""

_LEAST_PERCENT_SEEN = 10.0
"""% of the level by which memory must have grown within less than half a day: so short, every program wanders."""

_HALF_DAY_HOURS = 12.0

_SURE_SHARE = 0.2
"""Share of what counts as a leak that must be beyond noise: to be just above 0 happens by chance, once in forty."""

_STEEPEST_WARM_UP = 3.0
"""A warm-up is steeper at first by far more than this; a leak goes on as it began."""


class LeakVerdict(StrEnum):
    """Suspected: it grows beyond noise, but more slowly than counts as a leak. Unknown: there are too few values."""

    HEALTHY = "healthy"
    SUSPECTED = "suspected"
    LEAKING = "leaking"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """The verdict on one series of memory, with the slope that it rests on."""

    verdict: LeakVerdict
    slope: Slope | None
    reason: str


def judge_leak(
    values: Values, *, least_percent_per_day: float = LEAST_PERCENT_PER_DAY, least_growth: float = 0.0
) -> Leak:
    """Judge memory by the slope of hourly lower quartiles: what garbage collection leaves behind, not what passes.

    It leaks where it grows by enough, both as a whole and after its first third, in which programs warm up; and where
    that is beyond noise after the first third, or as a whole and as steep later as at first. It is suspected from half
    of that growth on.

    The values should span a day; shorter spans get shorter blocks. Over less than half a day nothing is suspected, and
    growth counts from 10 % of the level, and from `least_growth` in the unit of the values, within the span on.
    """
    slopes = _slopes(values)
    if slopes is None:
        return Leak(verdict=LeakVerdict.UNKNOWN, slope=None, reason=f"{len(values)} values are too few")
    whole = slopes.whole
    if not whole.rises or whole.percent_per_day is None or slopes.later.percent_per_day is None:
        return Leak(verdict=LeakVerdict.HEALTHY, slope=whole, reason="does not grow beyond noise")
    is_short = whole.hours < _HALF_DAY_HOURS
    least = max(least_percent_per_day, _LEAST_PERCENT_SEEN * 24 / whole.hours) if is_short else least_percent_per_day
    if is_short and whole.per_hour * whole.hours < least_growth:
        reason = f"grows by less than {least_growth:g} within {whole.hours:.1f} h, which is too short to tell"
        return Leak(verdict=LeakVerdict.HEALTHY, slope=whole, reason=reason)
    percent = min(whole.percent_per_day, slopes.later.percent_per_day)
    goes_on = slopes.goes_on_beyond(_SURE_SHARE * least)
    if percent >= least and (goes_on or slopes.is_steady_beyond(_SURE_SHARE * least)):
        reason = f"grows by {whole.percent_per_day:.1f} % per 24 h, beyond noise"
        return Leak(verdict=LeakVerdict.LEAKING, slope=whole, reason=reason)
    if is_short or percent < least / 2 or not goes_on:
        return Leak(verdict=LeakVerdict.HEALTHY, slope=whole, reason=_reason_to_let_go(slopes, least))
    reason = f"grows by {percent:.1f} % per 24 h, beyond noise but by less than the {least:g} % of a leak"
    return Leak(verdict=LeakVerdict.SUSPECTED, slope=whole, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slopes:
    whole: Slope
    early: Slope | None
    later: Slope

    def goes_on_beyond(self, percent_per_day: float) -> bool:
        low = self.later.low_percent_per_day
        return low is not None and low > percent_per_day

    def is_steady_beyond(self, percent_per_day: float) -> bool:
        low = self.whole.low_percent_per_day
        if low is None or self.early is None:
            return False
        return low > percent_per_day and self.early.per_hour <= _STEEPEST_WARM_UP * self.later.per_hour


def _slopes(values: Values) -> _Slopes | None:
    whole, later = slope_of(values, Block.LOWER_QUARTILE), slope_after_warm_up(values, Block.LOWER_QUARTILE)
    if whole is None or later is None:
        return None
    return _Slopes(whole=whole, early=slope_of_warm_up(values, Block.LOWER_QUARTILE), later=later)


def _reason_to_let_go(slopes: _Slopes, least: float) -> str:
    if not slopes.later.rises:
        return "grew at first and no longer does beyond noise"
    return f"grows by less than the {least:.3g} % per 24 h of a leak, or hardly beyond noise"
