"""The trends of everything that has one, from the lake and back into it.

Belongs here: reading the values, one row per series, keeping the rows. Not here: the verdict (`judging.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from maxbooster_ops.analysis.series.catalog import BY_SERIES, MEASURES
from maxbooster_ops.analysis.series.reading import read_values
from maxbooster_ops.analysis.series.series import SeriesKey, Values
from maxbooster_ops.analysis.trends.judging import Verdict, judge_at
from maxbooster_ops.store.findings import Trend
from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = named_queries(Path(__file__).with_name("trends.sql"))

LOOKED_AT = timedelta(hours=24)
"""A day, so that what every day brings is no direction."""


def find_trends(lake: Lake, now: datetime, looked_at: timedelta = LOOKED_AT) -> list[Trend]:
    """Judge every series that has a trend by its values of the time before `now`; the worst come first.

    A series without a value in that time is left out; one that ended within it is unknown.
    """
    names = [measure.series for measure in MEASURES if measure.has_trend]
    read = read_values(lake, names, now - looked_at, now)
    return sorted((_trend(key, values, now, looked_at) for key, values in read.items()), key=_urgency)


def keep_trends(lake: Lake, trends: Sequence[Trend]) -> bool:
    """Write what one run found and tell whether it was written: a second run of the same half hour is not."""
    if not trends:
        return False
    found_at = trends[0].ts
    begun = found_at.replace(minute=found_at.minute // 30 * 30, second=0, microsecond=0)
    batch_id = f"trends-{begun:%Y%m%dT%H%M}"

    def write(transaction: LakeTransaction) -> bool:
        if transaction.connection.execute(_QUERIES["is_kept"], {"from": begun, "batch_id": batch_id}).fetchone():
            return False
        transaction.insert(trends, batch_id=batch_id)
        return True

    return lake.write(write)


def _trend(key: SeriesKey, values: Values, now: datetime, looked_at: timedelta) -> Trend:
    measure = BY_SERIES[key.name]
    judged = judge_at(measure, values, now=now, looked_at=looked_at)
    slope = judged.slope
    return Trend(
        ts=now,
        series=key.name,
        labels=dict(key.labels),
        metric=str(key),
        unit=measure.unit,
        hours=slope.hours if slope else _hours(values),
        count=len(values),
        level=slope.level if slope else None,
        slope_per_hour=slope.per_hour if slope else None,
        slope_low=slope.low if slope else None,
        slope_high=slope.high if slope else None,
        change_percent_per_day=slope.percent_per_day if slope else None,
        verdict=judged.verdict,
        reason=judged.reason,
    )


def _hours(values: Values) -> float:
    return float(values.moments[-1] - values.moments[0]) / 3600


def _urgency(trend: Trend) -> tuple[int, float, str]:
    return list(Verdict).index(Verdict(trend.verdict)), -abs(trend.change_percent_per_day or 0.0), trend.metric
