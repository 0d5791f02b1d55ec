"""Finding regressions: the last hours of every series held against its baseline.

Belongs here: which values are held against which, and since when something is worse. Not here: comparing
(`comparing.py`), keeping what was found (`keeping.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from maxbooster_ops.analysis.baselines.baseline import Baseline, sample_in
from maxbooster_ops.analysis.baselines.executions import JOB_SERIES, last_executions
from maxbooster_ops.analysis.baselines.keeping import references
from maxbooster_ops.analysis.regressions.comparing import Compared, compare_all
from maxbooster_ops.analysis.regressions.level import Level, newest_level, since
from maxbooster_ops.analysis.series.reading import read_values
from maxbooster_ops.analysis.series.series import SeriesKey, Values
from maxbooster_ops.analysis.statistics.comparing import Result
from maxbooster_ops.analysis.statistics.sample import sample_of
from maxbooster_ops.store.findings import BaselineMetric, Regression
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

LOOK_BACK = timedelta(hours=6)
"""What is held against the baseline: long enough for hundreds of samples, short enough to notice on the same day."""

FEW_EXECUTIONS = 50
"""A job that ended less often within these hours is judged by its last so many executions."""

EXECUTIONS_WITHIN = timedelta(days=14)

_CHANGED_WITHIN = timedelta(hours=24)
"""How far back the start of a change is looked for when it is first noticed."""

_NOTICED_WITHIN = timedelta(hours=2)
"""A regression that a run of so long ago found already goes on: it keeps its start."""

_QUERIES = named_queries(Path(__file__).with_name("regressions.sql"))


def find_regressions(lake: Lake, now: datetime) -> list[Regression]:
    """Hold the last hours of every series that has a baseline against it, regressed ones first.

    Only what was measured after the baseline counts, and of that the newest level. A series without a value since is
    left out.
    """
    reference = references(lake, now)
    levels = {key: newest_level(values) for key, values in _values_since(lake, reference, now).items()}
    before = {key: sample_in(reference[key]) for key in levels}
    compared = compare_all(before, {key: sample_of(level.values.values) for key, level in levels.items()})
    regressed = [one for one in compared if one.result is Result.REGRESSED]
    starts = _starts(lake, regressed, reference, levels, now)
    return [_regression(one, reference[one.series], starts.get(one.metric), now) for one in compared]


def compare_with_now(lake: Lake, before: Baseline, length: timedelta, now: datetime) -> list[Compared]:
    """Hold the newest level of the `length` that ends now against a baseline; jobs by their last executions.

    Only what was measured after the baseline counts: its own values held against themselves would hide what is new.
    """
    samples, end = before.samples, before.until.timestamp()
    values = _recent_values(lake, samples, max(now - length, before.until), now)
    later = {key: since(found, end) for key, found in values.items() if key in samples}
    after = {key: sample_of(newest_level(found).values.values) for key, found in later.items()}
    return compare_all(samples, after)


def _values_since(lake: Lake, reference: Mapping[SeriesKey, BaselineMetric], now: datetime) -> dict[SeriesKey, Values]:
    """Give the values to judge of every series that has any since its baseline."""
    found = _recent_values(lake, reference, now - LOOK_BACK, now)
    after = {key: since(values, reference[key].until.timestamp()) for key, values in found.items() if key in reference}
    return {key: values for key, values in after.items() if len(values)}


def _recent_values(lake: Lake, keys: Collection[SeriesKey], start: datetime, now: datetime) -> dict[SeriesKey, Values]:
    """Read values since `start`; of a job that ended seldom its last executions, however long ago they were."""
    if not keys:
        return {}
    found = read_values(lake, {key.name for key in keys}, start, now)
    seldom = [
        dict(key.labels)["job"]
        for key in keys
        if key.name == JOB_SERIES and (key not in found or len(found[key]) < FEW_EXECUTIONS)
    ]
    return found | last_executions(lake, seldom, now - EXECUTIONS_WITHIN, now, most=FEW_EXECUTIONS)


def _starts(
    lake: Lake,
    regressed: Sequence[Compared],
    reference: Mapping[SeriesKey, BaselineMetric],
    levels: Mapping[SeriesKey, Level],
    now: datetime,
) -> dict[str, datetime]:
    """Give since when each regressed metric is worse, where that can be told.

    That is when an earlier run saw it begin, else when its newest level began, else when it changed before the hours
    that were looked at.
    """
    if not regressed:
        return {}
    rows = lake.query(_QUERIES["starts"], {"from": now - _NOTICED_WITHIN, "until": now})
    noticed = {(row["metric"], row["baseline"]): row["started_at"] for row in rows}
    starts = {
        one: noticed.get((one.metric, reference[one.series].name)) or levels[one.series].begun for one in regressed
    }
    missing = {one.series for one, start in starts.items() if start is None}
    earlier = _recent_values(lake, missing, now - _CHANGED_WITHIN, now)
    for one in (one for one, start in starts.items() if start is None):
        # The baseline's own values, where they are recent, show a change at its end too.
        starts[one] = newest_level(since(earlier[one.series], reference[one.series].start.timestamp())).begun
    return {one.metric: start for one, start in starts.items() if start}


def _regression(one: Compared, against: BaselineMetric, start: datetime | None, now: datetime) -> Regression:
    found = one.comparison
    return Regression(
        ts=now,
        baseline=against.name,
        series=one.series.name,
        labels=dict(one.series.labels),
        metric=one.metric,
        statistic=one.statistic,
        unit=one.measure.unit,
        before=found.before,
        after=found.after,
        change_percent=found.change_percent,
        count_before=one.count_before,
        count_after=one.count_after,
        p_value=found.p_value,
        result=one.result,
        is_significant=one.result is Result.REGRESSED,
        exceeds_naive=found.exceeds_naive,
        started_at=start,
        reason=found.reason,
    )
