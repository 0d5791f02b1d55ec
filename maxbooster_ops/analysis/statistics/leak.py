"""Whether memory leaks.

Belongs here: the verdict on one series. Not here: which series, or what follows from it (a burn-in).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from maxbooster_ops.analysis.series.series import Values
from maxbooster_ops.analysis.statistics.slope import Block, Slope, slope_after_warm_up, slope_of

LEAST_PERCENT_PER_DAY = 5.0
"""Days of memory that are flat or warm up stay below, those with a leak of 10 % above (`docs/benchmarks.md`)."""


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


def judge_leak(values: Values, *, least_percent_per_day: float = LEAST_PERCENT_PER_DAY) -> Leak:
    """Judge memory by the slope of its hourly minima: what garbage collection leaves behind, not what passes.

    It leaks where the whole span grows beyond noise, and by enough both as a whole and after its first third, in which
    programs warm up. The values should span a day; shorter spans get shorter blocks.
    """
    whole, later = slope_of(values, Block.MINIMUM), slope_after_warm_up(values, Block.MINIMUM)
    if whole is None or later is None:
        return Leak(verdict=LeakVerdict.UNKNOWN, slope=None, reason=f"{len(values)} values are too few")
    if not whole.rises or whole.percent_per_day is None or later.percent_per_day is None:
        return Leak(verdict=LeakVerdict.HEALTHY, slope=whole, reason="does not grow beyond noise")
    percent = min(whole.percent_per_day, later.percent_per_day)
    if percent >= least_percent_per_day:
        reason = f"grows by {whole.percent_per_day:.1f} % per 24 h, beyond noise"
        return Leak(verdict=LeakVerdict.LEAKING, slope=whole, reason=reason)
    if not later.rises:
        return Leak(verdict=LeakVerdict.HEALTHY, slope=whole, reason="grew at first and no longer does beyond noise")
    reason = (
        f"grows by {percent:.1f} % per 24 h, beyond noise but by less than the {least_percent_per_day:g} % of a leak"
    )
    return Leak(verdict=LeakVerdict.SUSPECTED, slope=whole, reason=reason)
