"""What the platform's page of metrics says of requests, the database pool and its process. Pure.

Belongs here: which series mean what (spec: collection, "Application metrics"). Not here: reading the page.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from maxbooster_ops.store.facts import MetricSample

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFigures:
    """The figures of one page; None where the page has no such series, or its growth is not known yet."""

    requests: float | None = None
    errors: float | None = None
    request_ms_p95: float | None = None
    pool_utilization_percent: float | None = None
    pool_wait_ms_p95: float | None = None
    memory_mb: float | None = None
    uptime_seconds: float | None = None


def page_figures(samples: Sequence[MetricSample], *, own_routes: Collection[str], now: datetime) -> PageFigures:
    """Read a page; requests to `own_routes` are ours and not the platform's traffic."""
    by_name: dict[str, list[MetricSample]] = defaultdict(list)
    for sample in samples:
        if sample.labels.get("route") not in own_routes:
            by_name[sample.name].append(sample)
    requests, is_known = by_name["http_requests_total"], any(sample.increase is not None for sample in samples)
    errors = [sample for sample in requests if sample.labels.get("status_code", "").startswith("5")]
    started_at = _highest(by_name["process_start_time_seconds"])
    memory_bytes = _highest(by_name["process_resident_memory_bytes"])
    return PageFigures(
        requests=sum(map(_grown, requests)) if requests and is_known else None,
        errors=sum(map(_grown, errors)) if requests and is_known else None,
        request_ms_p95=_p95(by_name["http_request_duration_ms_bucket"]),
        pool_utilization_percent=_highest(by_name["db_pool_utilization_percent"]),
        pool_wait_ms_p95=_p95(by_name["db_connection_wait_time_ms_bucket"]),
        memory_mb=memory_bytes / _MEGABYTE if memory_bytes is not None else None,
        uptime_seconds=now.timestamp() - started_at if started_at is not None else None,
    )


def quantile_of_buckets(quantile: float, buckets: Mapping[float, float]) -> float | None:
    """Estimate a quantile as Prometheus' `histogram_quantile` does.

    `buckets` are observations up to each upper bound, the last of which is infinite. Within a bucket observations are
    taken as evenly spread; what lies beyond the greatest finite bound is given as that bound. None without
    observations or without an infinite bound.
    """
    known = sorted(buckets.items())
    if len(known) < 2 or not math.isinf(known[-1][0]) or known[-1][1] <= 0:  # noqa: PLR2004 -- a bound beside the infinite
        return None
    rank = quantile * known[-1][1]
    for (low, below), (high, up_to) in pairwise([(0.0, 0.0), *known]):
        if up_to >= rank:
            if math.isinf(high):
                return low
            return low + (high - low) * (rank - below) / (up_to - below) if up_to > below else high
    return known[-2][0]


def _grown(sample: MetricSample) -> float:
    """Tell by how much a counter grew on a page that was seen before.

    One that was not there then began since: the first error of a route is a series of its own, and counts.
    """
    return sample.value if sample.increase is None else sample.increase


def _highest(samples: Iterable[MetricSample]) -> float | None:
    return max((sample.value for sample in samples if math.isfinite(sample.value)), default=None)


def _p95(samples: Iterable[MetricSample]) -> float | None:
    """Give the 95th percentile of what a histogram saw since the previous page, over all its label sets."""
    grown: dict[float, float] = defaultdict(float)
    for sample in samples:
        bound = _bound(sample.labels.get("le", ""))
        if bound is not None and sample.increase is not None:
            grown[bound] += sample.increase
    return quantile_of_buckets(0.95, grown)


def _bound(text: str) -> float | None:
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound
