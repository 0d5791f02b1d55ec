from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxbooster_ops.readiness.burn_in.page import page_figures, quantile_of_buckets
from maxbooster_ops.store.facts import MetricSample

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
INF = math.inf


def sample(name, value, increase=None, **labels):
    return MetricSample(
        ts=NOON, source="platform", name=name, kind="counter", labels=labels, value=value, increase=increase
    )


def figures(*samples):
    return page_figures(samples, own_routes={"/health"}, now=NOON)


def test_our_own_requests_are_no_traffic():
    seen = figures(
        sample("http_requests_total", 90, 7, route="/health", status_code="200"),
        sample("http_requests_total", 50, 5, route="/posts", status_code="200"),
        sample("http_requests_total", 4, 2, route="/posts", status_code="503"),
    )
    assert (seen.requests, seen.errors) == (7, 2)


def test_the_first_error_of_a_route_counts_although_its_series_is_new():
    seen = figures(
        sample("http_requests_total", 50, 5, route="/posts", status_code="200"),
        sample("http_requests_total", 1, None, route="/posts", status_code="500"),
    )
    assert (seen.requests, seen.errors) == (6, 1)


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([], id="no such series"),
        pytest.param([sample("http_requests_total", 50, None, route="/posts")], id="the first page of all"),
    ],
)
def test_what_nobody_can_know_is_not_zero(samples):
    seen = figures(*samples)
    assert (seen.requests, seen.errors, seen.request_ms_p95, seen.memory_mb) == (None, None, None, None)


def test_a_remote_process_tells_its_memory_and_age():
    seen = figures(
        sample("process_resident_memory_bytes", 64 * 1024**2),
        sample("process_start_time_seconds", NOON.timestamp() - 60),
    )
    assert (seen.memory_mb, seen.uptime_seconds) == (64, 60)


def test_waiting_for_a_connection_is_what_was_waited_since_the_page_before():
    """95 of 100 new waits are within 10 ms; what was counted before does not matter."""
    seen = figures(
        sample("db_connection_wait_time_ms_bucket", 900, 95, le="10"),
        sample("db_connection_wait_time_ms_bucket", 990, 100, le="50"),
        sample("db_connection_wait_time_ms_bucket", 1000, 100, le="+Inf"),
        sample("db_connection_wait_time_ms_bucket", 1000, 100, le="broken"),
    )
    assert seen.pool_wait_ms_p95 == pytest.approx(10)


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        pytest.param({10: 50, 20: 100, INF: 100}, 19, id="within a bucket, evenly spread"),
        pytest.param({10: 10, 20: 10, INF: 100}, 20, id="beyond the greatest bound: that bound"),
        pytest.param({10: 0, INF: 0}, None, id="no observation"),
        pytest.param({10: 5, 20: 9}, None, id="no bucket for the rest"),
        pytest.param({INF: 5}, None, id="nothing but the rest"),
        pytest.param({}, None, id="no bucket"),
    ],
)
def test_a_quantile_follows_prometheus(buckets, expected):
    found = quantile_of_buckets(0.95, buckets)
    assert found == (None if expected is None else pytest.approx(expected))


@given(st.lists(st.integers(0, 50), min_size=2, max_size=10), st.floats(0.01, 1))
def test_a_quantile_lies_between_zero_and_the_greatest_bound(counts, quantile):
    total, buckets = 0, {}
    for bound, count in enumerate(counts[:-1], start=1):
        total += count
        buckets[float(bound)] = float(total)
    buckets[INF] = float(total + counts[-1])
    found = quantile_of_buckets(quantile, buckets)
    assert (found is None) == (buckets[INF] == 0)
    assert found is None or 0 <= found <= len(counts) - 1
