"""Taking a baseline: measuring every judged series over a time.

Belongs here: what is read, and when there is enough of it. Not here: keeping it (`keeping.py`), when one is due
(`saving.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from maxbooster_ops.analysis.baselines.baseline import AUTOMATIC_PREFIX, Baseline, Kind, measured
from maxbooster_ops.analysis.baselines.executions import first_executions, job_series, last_executions
from maxbooster_ops.analysis.series.catalog import MEASURES
from maxbooster_ops.analysis.series.reading import read_values
from maxbooster_ops.analysis.series.series import SeriesKey, Values
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

AUTOMATIC_EXECUTIONS = 10
"""Executions of a job after which it gets a baseline of its own (spec: analysis, "Baselines")."""

VALID_FOR = timedelta(days=400)
"""As long as rollups are kept, 13 months: an older baseline says nothing about today."""

_LEAST_BEATS = 2
_QUERIES = named_queries(Path(__file__).with_name("baselines.sql"))


def take(lake: Lake, name: str, kind: Kind, start: datetime, until: datetime, now: datetime) -> Baseline:
    """Measure every judged series over [start, until); the baseline begins where beats do.

    Raises `UsageError` where the time holds no two beats.
    """
    found = lake.query(_QUERIES["beats"], {"from": start, "until": until})[0]
    if found["beats"] < _LEAST_BEATS:
        raise UsageError(
            f"No baseline `{name}` was saved: from {start:%Y-%m-%d %H:%M:%S} to {until:%Y-%m-%d %H:%M:%S} UTC the lake "
            f"holds {found['beats']} beats, and at least {_LEAST_BEATS} are needed. Start collection with "
            f"`maxbooster-ops up`, or measure over a longer time with `--last`."
        )
    begun = max(start, found["first"])
    values = read_values(lake, (measure.series for measure in MEASURES), begun, until)
    return measured(name, kind, ts=now, window=(begun, until), values=values)


def take_automatic(lake: Lake, job: str, *, newest: bool, now: datetime) -> Baseline | None:
    """Measure the first 10 executions of a job, or the newest 10; None where there are not so many yet."""
    read = last_executions if newest else first_executions
    key = job_series(job)
    values = read(lake, [job], now - VALID_FOR, now, most=AUTOMATIC_EXECUTIONS).get(key)
    return automatic(key, values, now=now) if values else None


def automatic(key: SeriesKey, values: Values, *, now: datetime) -> Baseline | None:
    """Make a job's automatic baseline of its executions; None where they are too few."""
    if len(values) < AUTOMATIC_EXECUTIONS:
        return None
    first, last = (datetime.fromtimestamp(float(values.moments[edge]), now.tzinfo) for edge in (0, -1))
    # What comes after `until` is held against it: the last execution that it holds is before.
    window = (first, last + timedelta(milliseconds=1))
    name = f"{AUTOMATIC_PREFIX}{dict(key.labels)['job']}"
    return measured(name, Kind.AUTOMATIC, ts=now, window=window, values={key: values})
