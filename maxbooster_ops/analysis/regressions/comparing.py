"""Holding series against a baseline, metric by metric, all of them at once.

Belongs here: which statistics, from which change on, and what many comparisons at once mean for each. Not here: one
comparison (`analysis/statistics/comparing.py`), which baseline and which values (`finding.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np

from maxbooster_ops.analysis.regressions.false_discoveries import largest_discovery
from maxbooster_ops.analysis.series.catalog import BY_SERIES, Measure
from maxbooster_ops.analysis.series.series import SeriesKey
from maxbooster_ops.analysis.statistics.comparing import (
    LEAST_EFFECTIVE,
    LEAST_EFFECTIVE_P95,
    SIGNIFICANT_BELOW,
    Comparison,
    Result,
    Statistic,
    compare,
)
from maxbooster_ops.analysis.statistics.sample import Sample

LEAST_CHANGE = {
    "jobs": 1.0,
    "connections": 1.0,
    "ms": 0.05,
    "%": 1.0,
    "0..1": 0.01,
    "MiB": 1.0,
    "MB": 1.0,
    "bytes": 1024.0**2,
}
"""By unit: a smaller change matters to nobody, whatever its share. It also judges what was 0 before."""

LEAST_CHANGE_OF = {
    "queue_wait_ms": 20.0,
    "queue_oldest_waiting_ms": 20.0,
    "queue_processing_ms": 2.0,
    "job_duration_ms": 2.0,
}
"""The same for single series. BullMQ notes whole ms, so that from 1 to 2 is rounding; and nobody feels a job that waits
for 5 ms instead of 1, which is 400 %."""

_NO_VALUES = Sample(values=np.empty(0), count=0, effective_count=0)
_LEAST = {Statistic.TYPICAL: LEAST_EFFECTIVE, Statistic.P95: LEAST_EFFECTIVE_P95}
_ORDER = (Result.REGRESSED, Result.IMPROVED, Result.INCONCLUSIVE, Result.UNCHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One statistic of one series, before and after; `is_judged` where both have values enough for a verdict."""

    series: SeriesKey
    statistic: Statistic
    measure: Measure
    count_before: int
    count_after: int
    is_judged: bool
    comparison: Comparison

    @property
    def metric(self) -> str:
        """What was compared, as people read it: `queue_waiting{queue="forecast"} p95`."""
        return f"{self.series} {self.statistic}"

    @property
    def result(self) -> Result:
        """What it came to."""
        return self.comparison.result


def compare_all(before: Mapping[SeriesKey, Sample], after: Mapping[SeriesKey, Sample]) -> list[Compared]:
    """Compare every series of `before`, typical values and 95th percentiles; regressed ones come first.

    One that `after` lacks is inconclusive. Of everything that is called regressed or improved at most one in a
    hundred is chance, however many series there are (ADR 0010).
    """
    found = [
        _compared(key, statistic, sample, after.get(key, _NO_VALUES))
        for key, sample in sorted(before.items(), key=itemgetter(0))
        if key.name in BY_SERIES
        for statistic in Statistic
    ]
    return sorted(_beyond_chance(found), key=_urgency)


def _compared(key: SeriesKey, statistic: Statistic, before: Sample, after: Sample) -> Compared:
    measure = BY_SERIES[key.name]
    return Compared(
        series=key,
        statistic=statistic,
        measure=measure,
        count_before=before.count,
        count_after=after.count,
        is_judged=min(before.effective_count, after.effective_count) >= _LEAST[statistic],
        comparison=compare(
            before, after, worse=measure.worse, statistic=statistic, least_change=_least_change(measure)
        ),
    )


def _least_change(measure: Measure) -> float:
    return LEAST_CHANGE_OF.get(measure.series, LEAST_CHANGE.get(measure.unit, 0.0))


def _beyond_chance(found: list[Compared]) -> list[Compared]:
    judged = [one.comparison.p_value for one in found if one.is_judged and one.comparison.p_value is not None]
    largest = largest_discovery(judged, SIGNIFICANT_BELOW)
    return [_withdrawn(one, largest, len(judged)) for one in found]


def _withdrawn(one: Compared, largest: float, judged: int) -> Compared:
    p_value = one.comparison.p_value
    if one.result not in {Result.REGRESSED, Result.IMPROVED} or p_value is None or p_value <= largest:
        return one
    reason = f"{one.comparison.reason}: among {judged} comparisons that much is expected by chance"
    return replace(one, comparison=replace(one.comparison, result=Result.UNCHANGED, reason=reason))


def _urgency(one: Compared) -> tuple[int, float, str]:
    return _ORDER.index(one.result), -abs(one.comparison.change_percent or 0.0), one.metric
