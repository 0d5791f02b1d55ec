"""Where a series went over a burn-in, and whether that is slow degradation.

Belongs here: the line of the table of trends, and what makes it more than noise. Not here: which series there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maxbooster_ops.analysis.series.series import Values
from maxbooster_ops.analysis.statistics.slope import Block, Slope, slope_after_warm_up, slope_of
from maxbooster_ops.readiness.burn_in.judgement import Drift

_LEAST_VALUES = 3
"""A third needs one."""

_SURE_SHARE = 1 / 3
"""Of the first third, that growth must reach even at the low end of its interval (`docs/benchmarks.md`)."""

DEGRADES = "degrades"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One series: what it is called, and from which difference between its first and last third on it got worse.

    Growth counts from `least_difference` in `unit` and from `least_factor` times the first third on, both together;
    where one is None, no growth of this series is a degradation by itself.
    """

    name: str
    unit: str
    by: Block = Block.MEDIAN
    least_difference: float | None = None
    least_factor: float = 1.5


def drift_of(watched: Watched, values: Values) -> Drift | None:
    """Say where a series went: medians of its first and last third, the slope between; None of fewer than 3 values.

    It degrades where it rises beyond noise, over the whole and still after the first third, and by enough.
    """
    if len(values) < _LEAST_VALUES:
        return None
    third = len(values) // 3
    first, last = float(np.median(values.values[:third])), float(np.median(values.values[-third:]))
    slope, later = slope_of(values, watched.by), slope_after_warm_up(values, watched.by)
    return Drift(
        name=watched.name,
        unit=watched.unit,
        first=first,
        last=last,
        slope_per_hour=slope.per_hour if slope else None,
        slope_low=slope.low if slope else None,
        slope_high=slope.high if slope else None,
        verdict=_verdict(watched, first, last, slope, later),
    )


def _verdict(watched: Watched, first: float, last: float, slope: Slope | None, later: Slope | None) -> str:
    if slope is None or later is None:
        return "too few values"
    if slope.falls:
        return "falls"
    if not slope.rises:
        return "steady"
    if watched.least_difference is None or later.per_hour <= 0:
        return "rises"
    by_enough = last - first >= watched.least_difference and last >= watched.least_factor * first
    is_sure = slope.low * slope.hours >= _SURE_SHARE * first
    return DEGRADES if by_enough and is_sure else "rises"
