"""Whether a series gets better or worse.

Belongs here: the verdict on one series and its reason. Not here: the slope (`statistics/slope.py`), reading or keeping
(`finding.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from maxbooster_ops.analysis.series.catalog import Measure, Worse
from maxbooster_ops.analysis.series.series import Values
from maxbooster_ops.analysis.statistics.leak import LEAST_PERCENT_PER_DAY
from maxbooster_ops.analysis.statistics.slope import LEAST_BLOCKS, Block, Slope, slope_after_warm_up, slope_of

LEAST_SPAN = timedelta(hours=2)
"""Over less, whatever goes on at the moment looks like a direction."""

_NEARLY = 0.95
"""Share of that span that is enough: the first and the last value of two hours are never quite two hours apart."""

_ENDED_SHARE = 1 / 8
"""A series without a value for so much of the time looked at, three hours of a day, has ended and goes nowhere now."""

_LEAST_PERCENT_SEEN = 1.0
"""% of the level by which a series must have moved within the values: of two hours, 5 % a day would be 0.4 %."""

_LEAST_PER_DAY = {"bytes": 10 * 2**20, "MiB": 10.0, "MB": 10.0, "ms": 1.0, "jobs": 10.0}
"""By unit, what a day must bring for anybody to care: 5 % of a small memory, or of a backlog of 3, is nothing."""

_HOUR = timedelta(hours=1)

_MEMORY_UNITS = ("bytes", "MiB", "MB")


class Verdict(StrEnum):
    """Where a series is going. Unknown is an answer: there are too few values."""

    DEGRADING = "degrading"
    UNKNOWN = "unknown"
    IMPROVING = "improving"
    STABLE = "stable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdict on one series; `slope` is None where there are too few values for one."""

    verdict: Verdict
    slope: Slope | None
    reason: str


def judge_at(measure: Measure, values: Values, *, now: datetime, looked_at: timedelta) -> Judged:
    """Judge where a series is going `now`: unknown for one that ended, as of a host or a queue that is gone."""
    silent = now - datetime.fromtimestamp(float(values.moments[-1]), UTC)
    if silent > _ENDED_SHARE * looked_at:
        reason = f"no value for {silent / _HOUR:.1f} h: it ended, or is no longer collected"
        return Judged(verdict=Verdict.UNKNOWN, slope=None, reason=reason)
    return judge_trend(measure, values)


def judge_trend(measure: Measure, values: Values) -> Judged:
    """Judge where values in the order of time are going.

    They go somewhere where the 95 % confidence interval of the slope leaves out 0, and where that is at least 5 % of
    the level per day, both as a whole and after the first third, in which programs warm up. The 5 % are a leak's.
    Memory is judged by the least value of each block, everything else by the median.
    """
    by = Block.MINIMUM if measure.unit in _MEMORY_UNITS else Block.MEDIAN
    slope, later = slope_of(values, by), slope_after_warm_up(values, by)
    if slope is None or later is None or slope.hours < _NEARLY * (LEAST_SPAN / _HOUR):
        return Judged(verdict=Verdict.UNKNOWN, slope=None, reason=_too_few(values))
    if not slope.rises and not slope.falls:
        return Judged(verdict=Verdict.STABLE, slope=slope, reason="no slope beyond noise")
    if later.per_hour * slope.per_hour <= 0:
        return Judged(verdict=Verdict.STABLE, slope=slope, reason="moved at first and no longer does")
    if too_little := _too_little(measure, min((slope, later), key=lambda each: abs(each.per_hour)), slope.hours):
        return Judged(verdict=Verdict.STABLE, slope=slope, reason=too_little)
    is_worse = slope.rises == (measure.worse is Worse.HIGHER)
    way = "rises" if slope.rises else "falls"
    reason = f"{way} by {_per_day(slope, measure.unit)}, beyond noise"
    return Judged(verdict=Verdict.DEGRADING if is_worse else Verdict.IMPROVING, slope=slope, reason=reason)


def _too_few(values: Values) -> str:
    span = timedelta(seconds=float(values.moments[-1] - values.moments[0])) if len(values) else timedelta()
    if span < _NEARLY * LEAST_SPAN:
        seen = f"{span / _HOUR:.1f} h" if span >= _HOUR else f"{span / timedelta(minutes=1):.0f} min"
        return f"values of {seen}; a trend needs {LEAST_SPAN / _HOUR:.0f} h"
    return (
        f"{len(values)} values over {span / _HOUR:.1f} h are too sparse; a trend needs some in at least {LEAST_BLOCKS} "
        "equal parts of the last two thirds"
    )


def _too_little(measure: Measure, slope: Slope, hours: float) -> str | None:
    least = _LEAST_PER_DAY.get(measure.unit, 0.0)
    if abs(24 * slope.per_hour) < least:
        return f"moves by {_per_day(slope, measure.unit)}, less than the {least:g} {measure.unit} that count"
    percent = slope.percent_per_day
    least_percent = max(LEAST_PERCENT_PER_DAY, _LEAST_PERCENT_SEEN * 24 / hours)
    if percent is not None and abs(percent) < least_percent:
        return f"moves by {_per_day(slope, measure.unit)}, less than the {least_percent:.3g} % that count"
    return None


def _per_day(slope: Slope, unit: str) -> str:
    moved = f"{abs(24 * slope.per_hour):,.4g} {unit}"
    percent = slope.percent_per_day
    return f"{moved} per day" if percent is None else f"{abs(percent):.1f} % ({moved}) per day"
