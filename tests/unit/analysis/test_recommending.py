"""Each recommendation follows from what was measured: the pattern, pinned at its boundary, and what it names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maxbooster_ops.analysis.executions.recommending import Evidence, Kind, Pattern, Severity, recommend

SINCE = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def evidence(**known):
    usual = {
        "kind": Kind.JOB,
        "operation": "generate-report",
        "severity": Severity.MEDIUM,
        "executions": 100,
        "failures": 0,
        "retried": 0,
        "too_slow": 60,
        "p50_ms": 65_000.0,
        "p95_ms": 80_000.0,
        "slowest_ms": 90_000.0,
        "wait_ms_p95": 100.0,
        "frequent_error": None,
        "limit_ms": 60_000.0,
        "regressed_since": None,
        "regressed_percent": None,
    }
    return Evidence(**{**usual, **known})


@pytest.mark.parametrize(
    ("known", "pattern", "says"),
    [
        pytest.param({}, Pattern.STEADILY_SLOW, "split the work", id="half of all are slow, nothing else is wrong"),
        pytest.param(
            {"failures": 10, "frequent_error": "TimeoutError"},
            Pattern.FAILING,
            "10 % of its executions fail, most often with `TimeoutError`",
            id="one of ten fails",
        ),
        pytest.param({"failures": 9}, Pattern.STEADILY_SLOW, "without failing", id="just fewer than one of ten fail"),
        pytest.param({"failures": 50}, Pattern.FAILING, "50 % of its executions fail:", id="failing without a text"),
        pytest.param(
            {"failures": 30, "wait_ms_p95": 1e6, "retried": 50}, Pattern.FAILING, "fail", id="failing explains the rest"
        ),
        pytest.param({"retried": 10}, Pattern.RETRIED, "10 % of its executions needed", id="one of ten is retried"),
        pytest.param({"retried": 9}, Pattern.STEADILY_SLOW, "split", id="just fewer than one of ten is retried"),
        pytest.param(
            {"wait_ms_p95": 80_000.1}, Pattern.WAITING, "raise the concurrency", id="waiting is longer than working"
        ),
        pytest.param({"wait_ms_p95": 80_000.0}, Pattern.STEADILY_SLOW, "split", id="waiting is as long as working"),
        pytest.param({"wait_ms_p95": None}, Pattern.STEADILY_SLOW, "split", id="an own job, whose wait nobody knows"),
        pytest.param(
            {"regressed_since": SINCE, "regressed_percent": 41.6},
            Pattern.REGRESSED,
            "slower by 42 % at about 2026-11-20 08:30 UTC",
            id="slower since a moment that is known",
        ),
        pytest.param({"p50_ms": 16_000.0}, Pattern.SLOW_TAIL, "p95 is 80.0 s", id="p95 is five times the median"),
        pytest.param({"p50_ms": 16_001.0}, Pattern.STEADILY_SLOW, "16.0 s", id="p95 is just below that"),
        pytest.param(
            {"p50_ms": 800.0, "p95_ms": 1000.0, "too_slow": 4},
            Pattern.SLOW_TAIL,
            "the slowest 90.0 s and 4 of 100 took more than 60.0 s",
            id="a few outliers that the p95 does not see",
        ),
        pytest.param(
            {"kind": Kind.ROUTE, "p50_ms": 900.0, "p95_ms": 1500.0, "slowest_ms": None, "wait_ms_p95": None},
            Pattern.STEADILY_SLOW,
            "profile the handler",
            id="a slow route",
        ),
        pytest.param(
            {"kind": Kind.QUERY, "p50_ms": 400.0, "p95_ms": 700.0, "slowest_ms": None, "wait_ms_p95": None},
            Pattern.STEADILY_SLOW,
            "indexes",
            id="a slow query",
        ),
        pytest.param(
            {"kind": Kind.ROUTE, "p50_ms": 10.0, "p95_ms": 1500.0, "slowest_ms": None, "too_slow": None},
            Pattern.SLOW_TAIL,
            "which parameters",
            id="a route that is slow for some",
        ),
    ],
)
def test_the_advice_follows_from_the_numbers(known, pattern, says):
    advice = recommend(evidence(**known))
    assert advice.pattern is pattern
    assert says in advice.recommendation
