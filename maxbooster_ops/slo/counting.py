"""Counting the events of an objective, window by window, in the lake.

Belongs here: which of an objective's indicators speaks for a window, and what it saw. Not here: what follows from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from math import inf, isinf
from operator import itemgetter
from pathlib import Path
from typing import Any

from maxbooster_ops.slo.objective import Counter, Indicator, Objective
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

LOOK_BACK = timedelta(minutes=10)
"""How far before a window its queries look for a page that was read before."""

_A_MOMENT = timedelta(microseconds=1)
"""A window has its end."""

QUERIES = named_queries(Path(__file__).with_name("counting.sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one indicator saw in one window; `total` is above zero. `is_first`: no better indicator exists."""

    indicator: Indicator
    is_first: bool
    total: float
    bad: float

    @property
    def bad_share(self) -> float:
        """The share of bad events, 0..1."""
        return self.bad / self.total

    @property
    def evidence(self) -> float:
        """The bad events in multiples of what it takes to judge."""
        return self.bad / self.indicator.enough_bad


def count_all(
    lake: Lake, objectives: Sequence[Objective], start: datetime, until: datetime
) -> list[tuple[Objective, dict[datetime, Count]]]:
    """Count the events of every objective, reading each table once: there are more questions than tables."""
    since = {"metric_samples": start - LOOK_BACK, "queue_jobs": start, "probe_results": start}
    with lake.held(since, until + _A_MOMENT):
        return [(objective, count_events(lake, objective, start, until)) for objective in objectives]


def count_events(lake: Lake, objective: Objective, start: datetime, until: datetime) -> dict[datetime, Count]:
    """Give by their ends the windows of `start < ts <= until` in which something was seen; one begins at `start`."""
    counts: dict[datetime, Count] = {}
    for number, indicator in enumerate(objective.indicators):
        for ends, (total, bad) in _seen(lake, indicator, objective.limit_ms, start, until).items():
            if ends not in counts:
                counts[ends] = Count(indicator=indicator, is_first=number == 0, total=total, bad=bad)
    return counts


def good_within(limit: float, buckets: Iterable[tuple[float, float]]) -> tuple[float, float] | None:
    """Give how many observations there are and how many of them are within `limit`.

    `buckets` are (upper bound, observations up to it), ascending, the last bound infinite. Between two bounds
    observations are taken as evenly spread, as Prometheus' `histogram_quantile` does. None beyond the greatest finite
    bound, where nobody knows how they are spread, or without a bucket for the rest.
    """
    known = [(0.0, 0.0), *buckets]
    bound, total = known[-1]
    if not isinf(bound):
        return None
    for (low, below), (high, up_to) in pairwise(known):
        if limit == high:
            return total, up_to
        if low < limit < high:
            return None if high == inf else (total, below + (up_to - below) * (limit - low) / (high - low))
    return None


def _seen(
    lake: Lake, indicator: Indicator, limit_ms: float | None, start: datetime, until: datetime
) -> dict[datetime, tuple[float, float]]:
    bounds = {"from": start, "until": until, "name": indicator.name}
    match indicator.counter:
        case Counter.REQUESTS:
            asked = {**bounds, "labels": _json(indicator.labels), "status_label": indicator.status_label}
            return _totals(lake.query(_scraped("requests"), asked))
        case Counter.HISTOGRAM:
            asked = {**bounds, "labels": _json(indicator.labels), "name": f"{indicator.name}_bucket"}
            return _slow(lake.query(_scraped("histogram"), asked), limit_ms or inf)
        case _:
            return _totals(lake.query(QUERIES[indicator.counter.value], {**bounds, "limit_ms": limit_ms}))


def _scraped(query: str) -> str:
    return QUERIES[query].format(growth=QUERIES["growth"])


def _json(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(labels))


def _totals(rows: Iterable[Mapping[str, Any]]) -> dict[datetime, tuple[float, float]]:
    return {row["ends"]: (row["total"], row["bad"]) for row in rows}


def _slow(rows: Iterable[Mapping[str, Any]], limit: float) -> dict[datetime, tuple[float, float]]:
    """Take the windows of a histogram, without those of which it cannot be told and those without observations."""
    seen: dict[datetime, tuple[float, float]] = {}
    for ends, buckets in groupby(rows, key=itemgetter("ends")):
        found = good_within(limit, [(row["le"], row["grown"]) for row in buckets])
        if found and found[0] > 0:
            total, good = found
            seen[ends] = total, max(total - good, 0.0)
    return seen
