"""Where a series is going: the median of the pairwise slopes of its blocks, with a confidence interval.

Belongs here: blocks, Theil and Sen's slope, its interval. Not here: what a slope means (`leak.py`, `analysis/trends/`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from maxbooster_ops.analysis.series.series import Values
from maxbooster_ops.analysis.statistics.effective import effective_count
from maxbooster_ops.analysis.statistics.ranks import Floats

BLOCKS = 24
"""Blocks that a span is divided into: hours of a day. Their 276 slopes cost the same for 288 values and for 2880."""

LEAST_BLOCKS = 8
"""Blocks with values; of fewer, even a straight line is hardly beyond noise."""

WARM_UP = 1 / 3
"""Share of a span that may be a warm-up."""

_Z = 1.959963984540054
"""The normal deviate of a two-sided 95 % interval."""


class Block(StrEnum):
    """What stands for a block: its least value (memory, whose peaks are passing), its lower quartile or its median.

    The lower quartile is nearly as blind for peaks as the least value and half as much at the mercy of noise.
    """

    MINIMUM = "minimum"
    LOWER_QUARTILE = "lower quartile"
    MEDIAN = "median"

    def of(self, values: Floats) -> float:
        """Give what stands for a block of `values`, of which there is at least one."""
        match self:
            case Block.MINIMUM:
                return float(values.min())
            case Block.LOWER_QUARTILE:
                return float(np.quantile(values, 0.25))
            case Block.MEDIAN:
                return float(np.median(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """A slope per hour with its 95 % confidence interval, `low` to `high`.

    `level` is the median of the newest hour (or block, where that is longer), `hours` the span of time looked at.
    """

    per_hour: float
    low: float
    high: float
    level: float
    hours: float

    @property
    def rises(self) -> bool:
        """The values rise beyond noise."""
        return self.low > 0

    @property
    def falls(self) -> bool:
        """The values fall beyond noise."""
        return self.high < 0

    @property
    def percent_per_day(self) -> float | None:
        """The change in % of the level per 24 h; None where the level is 0."""
        return self._percent_per_day(self.per_hour)

    @property
    def low_percent_per_day(self) -> float | None:
        """The same at the low end of the interval."""
        return self._percent_per_day(self.low)

    def _percent_per_day(self, per_hour: float) -> float | None:
        return None if self.level == 0 else 100 * 24 * per_hour / abs(self.level)


def slope_of(values: Values, by: Block = Block.MEDIAN, *, blocks: int = BLOCKS) -> Slope | None:
    """Estimate the slope of values in the order of time; None where fewer than eight of the `blocks` have any.

    Blocks make it robust: one outlier moves a block by little and a warm-up of a few hours is a minority of the pairs.
    They also take away most of the autocorrelation; what is left widens the interval, see `theil_sen`.
    """
    if len(values) < LEAST_BLOCKS:
        return None
    hours = (values.moments - values.moments[0]) / 3600
    span = float(hours[-1])
    if span <= 0:
        return None
    number = np.minimum((hours / span * blocks).astype(int), blocks - 1)
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    if len(starts) < LEAST_BLOCKS:
        return None
    levels = np.array([by.of(part) for part in np.split(values.values, starts[1:])])
    middles = np.add.reduceat(hours, starts) / np.diff(starts, append=len(hours))
    per_hour, low, high = theil_sen(middles, levels)
    newest = values.values[hours >= span - max(1.0, span / blocks)]
    return Slope(per_hour=per_hour, low=low, high=high, level=float(np.median(newest)), hours=span)


def slope_after_warm_up(values: Values, by: Block = Block.MEDIAN) -> Slope | None:
    """Estimate the slope without the first third of the span: what goes on when a program has warmed up."""
    kept = _warmed_up_from(values)
    later = Values(moments=values.moments[kept:], values=values.values[kept:])
    return slope_of(later, by, blocks=_LATER_BLOCKS)


def slope_of_warm_up(values: Values, by: Block = Block.MEDIAN) -> Slope | None:
    """Estimate the slope of the first third of the span alone."""
    kept = _warmed_up_from(values)
    first = Values(moments=values.moments[:kept], values=values.values[:kept])
    return slope_of(first, by, blocks=_LATER_BLOCKS)


_LATER_BLOCKS = round((1 - WARM_UP) * BLOCKS)


def _warmed_up_from(values: Values) -> int:
    if not len(values):
        return 0
    start = values.moments[0] + WARM_UP * (values.moments[-1] - values.moments[0])
    return int(np.searchsorted(values.moments, start))


def theil_sen(times: Floats, values: Floats, *, independent: bool = False) -> tuple[float, float, float]:
    """Give the median of all pairwise slopes and its 95 % confidence interval (Sen 1968, corrected for ties).

    The interval rests on the variance of Kendall's S. Unless `independent`, that grows by as much as the deviations
    from the line are correlated, since correlated values drift without going anywhere.

    Raises ValueError where all `times` are equal.
    """
    first, second = np.triu_indices(len(times), 1)
    apart = times[second] - times[first]
    slopes = np.sort((values[second] - values[first])[apart != 0] / apart[apart != 0])
    if not len(slopes):
        raise ValueError("a slope needs values at two different times")
    middle = float(np.median(slopes))
    count = len(times)
    # Two dozen blocks are too few to correct the bias of what they are worth: real slopes would drown in the interval.
    worth = float(count) if independent else effective_count(values - middle * times, unbiased=False)
    half = _Z * math.sqrt(max(0.0, _kendall_variance(times, values)) * count / worth) / 2
    low = max(round(len(slopes) / 2 - half) - 1, 0)
    high = min(round(len(slopes) / 2 + half), len(slopes) - 1)
    return middle, float(slopes[low]), float(slopes[high])


def _kendall_variance(times: Floats, values: Floats) -> float:
    tied = np.concatenate([np.unique(each, return_counts=True)[1] for each in (times, values)])
    count = len(times)
    return (_pairs(count) - float(sum(_pairs(int(size)) for size in tied))) / 18


def _pairs(count: int) -> float:
    return count * (count - 1) * (2 * count + 5)
