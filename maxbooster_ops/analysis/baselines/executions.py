"""Durations of single executions of jobs, of which some have few a day.

Belongs here: reading the first or the last of them. Not here: what is made of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from maxbooster_ops.analysis.series.series import SeriesKey, Values
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

JOB_SERIES = "job_duration_ms"

_QUERIES = named_queries(Path(__file__).with_name("baselines.sql"))


def first_executions(
    lake: Lake, jobs: Iterable[str], start: datetime, until: datetime, *, most: int
) -> dict[SeriesKey, Values]:
    """Give how long the first `most` executions of each job took that ended in [start, until)."""
    return _executions(lake, "first_executions", jobs, start, until, most)


def last_executions(
    lake: Lake, jobs: Iterable[str], start: datetime, until: datetime, *, most: int
) -> dict[SeriesKey, Values]:
    """Give how long the last `most` executions of each job took that ended in [start, until)."""
    return _executions(lake, "last_executions", jobs, start, until, most)


def job_series(job: str) -> SeriesKey:
    """Name the series of one job."""
    return SeriesKey.of(JOB_SERIES, {"job": job})


def _executions(
    lake: Lake, query: str, jobs: Iterable[str], start: datetime, until: datetime, most: int
) -> dict[SeriesKey, Values]:
    asked = sorted(set(jobs))
    if not asked:
        return {}
    bounds = {"jobs": json.dumps(asked), "from": start, "until": until, "executions": most}
    rows = lake.query(_QUERIES[query], bounds)
    return {job_series(job): _values(list(found)) for job, found in groupby(rows, key=itemgetter("job"))}


def _values(rows: list[dict[str, Any]]) -> Values:
    return Values(
        moments=np.array([row["ts"].timestamp() for row in rows], dtype=np.float64),
        values=np.array([row["duration_ms"] for row in rows], dtype=np.float64),
    )
