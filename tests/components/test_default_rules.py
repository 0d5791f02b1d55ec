"""Every default rule against a real lake: rows in that make it breach, and the very value that it sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import pytest
from support.facts import LIMITS, NOON, fact
from support.rule_lake import Case, histogram, lake_with, metric, starts

from maxbooster_ops.alerting.evaluating.series_reading import read_news, read_series
from maxbooster_ops.alerting.rule import labels_key
from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook
from maxbooster_ops.alerting.samples import Samples
from maxbooster_ops.store.facts import (
    AiCacheSample,
    Fact,
    HostSample,
    ProbeResult,
    QueueJob,
    QueueSample,
    RedisSample,
    SourceFailure,
)
from maxbooster_ops.store.findings import Regression
from maxbooster_ops.store.lake import Lake

BOOK = load_rulebook(None, LIMITS, staging=False)


def queue(**known) -> QueueSample:
    return fact(QueueSample, prefix="bull", queue="forecast", **known)


def redis(**known) -> RedisSample:
    return fact(RedisSample, server="db:6379", **known)


def probe(monitor: str, *, monitor_class: str = "critical", up: bool = False, **known) -> ProbeResult:
    """Begun ten seconds before the beat that brought its answer."""
    begun = NOON - timedelta(seconds=10)
    return fact(ProbeResult, ts=begun, monitor=monitor, monitor_class=monitor_class, up=up, **known)


def requests(ok: float, failed: float) -> list[Fact]:
    return [
        metric("http_requests_total", increase=ok, route="/a", status_code="200"),
        metric("http_requests_total", increase=failed, route="/b", status_code="500"),
    ]


def monitor(rule: str, name: str, monitor_class: str = "critical") -> Case:
    return Case(rule=rule, beats=[[probe(name, monitor_class=monitor_class)]], labels={"monitor": name}, value=1)


def gauge(rule: str, name: str, value: float, seen: float | None = None) -> Case:
    return Case(rule=rule, beats=[[metric(name, value)]], value=value if seen is None else seen)


def events(rule: str, name: str, total: float, **labels: str) -> Case:
    """Two beats a minute, each with half of the growth; the first of three is outside the window."""
    beats = [[metric(name, increase=1000.0, **labels)], *([metric(name, increase=total / 2, **labels)] for _ in "12")]
    return Case(rule=rule, beats=beats, value=total)


def regression(change_percent: float, result: str) -> Regression:
    return fact(
        Regression,
        metric="redis_hit_ratio typical",
        change_percent=change_percent,
        result=result,
        is_significant=result == "regressed",
    )


QUEUE, CACHE, SERVER = {"queue": "forecast"}, {"cache": "social"}, {"server": "db:6379"}
HALF_SLOW = {"1": 0.0, "10": 0.0, "50": 50.0, "+Inf": 50.0}

CASES = [
    Case(rule="queue_backlog", beats=[[queue(waiting=101)]], labels=QUEUE, value=101),
    Case(rule="queue_backlog_critical", beats=[[queue(waiting=1001)]], labels=QUEUE, value=1001),
    Case(rule="queue_failed_jobs", beats=[[queue(failed=51)]], labels=QUEUE, value=51),
    Case(
        rule="queue_failed_rate",
        beats=[[queue(failed_delta=3, completed_delta=5)], [queue(failed_delta=1, completed_delta=1)]],
        labels=QUEUE,
        value=40,
    ),
    Case(
        rule="queue_failed_rate_lasting",
        beats=[[queue(failed_delta=6, completed_delta=94)]] + [[queue(failed_delta=0, completed_delta=0)]] * 9,
        labels=QUEUE,
        value=6,
    ),
    Case(rule="queue_stalled", beats=[[queue(stalled=11)]], labels=QUEUE, value=11),
    Case(
        rule="job_failure_rate",
        beats=[
            [queue(failed_delta=4, completed_delta=1), fact(QueueSample, queue="b", failed_delta=2, completed_delta=3)]
        ],
        value=60,
    ),
    Case(
        rule="bottleneck",
        beats=[[queue(), fact(QueueJob, prefix="bull", queue="forecast", processing_ms=61_000.0)], [queue()]],
        labels=QUEUE,
        value=61,
    ),
    Case(
        rule="bottleneck_severe",
        beats=[[queue(), fact(QueueJob, prefix="bull", queue="forecast", processing_ms=121_000.0)]],
        labels=QUEUE,
        value=121,
    ),
    Case(rule="redis_down", beats=[[redis()], [fact(SourceFailure, source="redis")]], value=1),
    Case(rule="redis_latency", beats=[[redis(ping_ms_median=100.5)]], labels=SERVER, value=100.5),
    Case(rule="redis_memory_warning", beats=[[redis(memory_ratio=0.875)]], labels=SERVER, value=87.5),
    Case(rule="redis_memory_critical", beats=[[redis(memory_ratio=0.9375)]], labels=SERVER, value=93.75),
    Case(
        rule="ai_cache_utilization",
        beats=[[fact(AiCacheSample, cache="social", utilization_percent=91.0)]],
        labels=CACHE,
        value=91,
    ),
    Case(
        rule="ai_cache_hit_rate",
        beats=[[fact(AiCacheSample, cache="social", total_loads=20, hit_rate_percent=49.0)]],
        labels=CACHE,
        value=49,
    ),
    Case(rule="error_rate", beats=[requests(0, 900), requests(90, 10), requests(93, 7)], value=8.5),
    Case(rule="high_error_rate", beats=[requests(98, 2)] * 10, value=2),
    Case(rule="elevated_error_rate", beats=[requests(993, 7)] * 2, value=0.7),
    events("server_errors", "http_requests_total", 12, status_code="500"),
    Case(
        rule="system_error_rate",
        beats=[
            [
                *requests(40, 5),
                metric("api.request.error_count", increase=25),
                metric("api.request.success_count", increase=30),
            ]
        ],
        value=30,
    ),
    Case(
        rule="high_latency",
        beats=[histogram("http_request_duration_ms", {"1000": 90, "2000": 100, "+Inf": 100}, route="/a")] * 2,
        value=1500,
    ),
    Case(rule="high_traffic", beats=[requests(30_000, 600), requests(30_000, 600)], value=1020),
    Case(rule="slow_transaction", beats=[[metric("api.request.duration_ms", 31_000, route="/slow")]], value=31),
    gauge("database_pool_exhaustion", "db_pool_utilization_percent", 91),
    gauge("database_pool_high", "db_pool_utilization_percent", 81),
    gauge("database_pool_warning", "db_pool_utilization_percent", 71),
    gauge("database_connections_high", "db_active_connections", 141),
    Case(
        rule="database_connection_wait",
        beats=[histogram("db_connection_wait_time_ms", {"50": 90, "100": 100, "+Inf": 100})],
        value=75,
    ),
    Case(
        rule="database_query_latency",
        beats=[histogram("db_query_duration_ms", {"500": 0, "1000": 100, "+Inf": 100}, query_type="select")],
        value=975,
    ),
    events("database_connection_errors", "db_connection_errors_total", 6),
    Case(rule="database_slow", beats=[[probe("Database Connection", up=True, latency_ms=501.0)]], value=501),
    gauge("cache_memory", "cache_memory_usage_bytes", 1_932_735_284),
    gauge("cache_hit_rate_low", "cache.hit_ratio", 0.69, seen=69),
    gauge("cache_evictions", "cache_eviction_rate_per_sec", 9, seen=540),
    Case(
        rule="cache_latency",
        beats=[histogram("cache_operation_duration_ms", {"20": 90, "50": 100, "+Inf": 100}, operation="get")],
        value=35,
    ),
    gauge("queue_depth_high", "forecast_queue_depth", 201),
    gauge("forecast_workers_busy", "forecast_worker_utilization_percent", 96),
    Case(
        rule="forecast_slow",
        beats=[histogram("forecast_job_duration_seconds", {"30": 0, "60": 100, "+Inf": 100})],
        value=58.5,
    ),
    Case(
        rule="forecast_failures",
        beats=[
            [
                metric("forecast_jobs_failed_total", increase=6),
                metric("forecast_job_duration_seconds_count", increase=100, kind="histogram"),
            ]
        ],
        value=6,
    ),
    gauge("many_active_users", "active_users_concurrent", 5001),
    Case(
        rule="many_forecasts",
        beats=[
            [
                metric("forecasts_generated_total", increase=700, tier="free"),
                metric("forecasts_generated_total", increase=301, tier="pro"),
            ]
        ],
        value=1001,
    ),
    Case(
        rule="tier_limits_hit",
        beats=[[metric("tier_limit_hits_total", increase=33, tier="free"), metric("active_users_concurrent", 100)]] * 2,
        value=66,
    ),
    monitor("system_downtime", "API Health Check"),
    Case(rule="metrics_unreadable", beats=[[metric("up", 1)], [fact(SourceFailure, source="metrics")]], value=1),
    Case(
        rule="memory_usage",
        beats=[[fact(HostSample, process_rss_mb=100.0), fact(AiCacheSample, cache="social", heap_used_mb=2049.0)]],
        labels={"part": "heap"},
        value=2049,
    ),
    Case(
        rule="data_integrity",
        beats=[
            [metric("up", 1)],
            [metric("up", 1), metric("calculation_errors_total", 1, kind="counter", kind_of="tax")],
        ],
        value=1,
    ),
    events("critical_error", "log_events_total", 2, level="ERROR"),
    events("generation_failures", "generation.error_count", 12),
    events("quota_exceeded", "quota_exceeded_total", 102),
    Case(
        rule="platform_api_failure",
        beats=[[probe("Payments", monitor_class="platform")], [probe("Payments", monitor_class="platform", up=True)]],
        labels={"api": "Payments"},
        value=50,
    ),
    Case(
        rule="disk_full",
        beats=[[fact(HostSample, host="web", disk_used_percent={"/": 50.0, "/data": 96.0})]],
        labels={"host": "web", "mount": "/data"},
        value=96,
    ),
    Case(
        rule="performance_regression",
        beats=[[regression(0.5, "unchanged")], [regression(-12.5, "regressed")]],
        labels={"metric": "redis_hit_ratio typical"},
        value=12.5,
    ),
    monitor("api_down", "API Gateway"),
    monitor("database_down", "Database Connection"),
    monitor("auth_down", "Authentication Service"),
    monitor("generation_down", "AI Generation Service"),
    monitor("frontend_down", "Frontend Application", "warning"),
    monitor("service_down", "Checkout"),
    monitor("minor_service_down", "Search Service", "warning"),
    monitor("third_party_down", "Payments", "platform"),
    Case(
        rule="certificate_expires",
        beats=[[probe("API Gateway", up=True, tls_days_left=13.5)]],
        labels={"monitor": "API Gateway"},
        value=13.5,
    ),
]
STARTS = starts(CASES)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Iterator[Lake]:
    with lake_with(tmp_path_factory.mktemp("rules"), CASES) as opened:
        yield opened


def test_every_default_rule_has_a_case():
    elsewhere = ("slo_windows", "dead_letter_samples", "drill_results")  # each has tests of its own
    asked = {rule.name for rule in BOOK.rules if rule.series.sql and not set(elsewhere) & set(rule.series.tables)}
    assert asked == {case.rule for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_rule_sees_what_breaches_it(lake: Lake, case: Case):
    rule, start = BOOK.rule(case.rule), STARTS[case.rule]
    read = {
        labels_key(samples.labels): samples for samples in read_series(lake, rule, start, start + timedelta(hours=1))
    }
    found = read[labels_key(case.labels)]
    assert found.values[-1] == pytest.approx(case.value)
    assert found.ts[-1] == (start + timedelta(seconds=30 * (len(case.beats) - 1))).timestamp()
    assert rule.condition.holds(found.values[-1:])[0]


@pytest.mark.parametrize("name", ["bottleneck", "high_latency", "platform_api_failure", "data_integrity"])
def test_reading_all_rules_at_once_gives_what_reading_each_gives(lake: Lake, name: str):
    start, end = STARTS[name] - timedelta(seconds=1), STARTS[name] + timedelta(minutes=5)
    together = read_news(lake, BOOK.rules, start, end, lateness=timedelta()).samples
    alone = {rule.name: read_series(lake, rule, start, end) for rule in BOOK.rules if rule.series.sql}
    assert plain(together) == plain(alone)
    assert together[name] != []


def plain(read: Mapping[str, Sequence[Samples]]) -> dict[str, list[tuple[str, list[float], list[float]]]]:
    return {name: [(labels_key(s.labels), list(s.ts), list(s.values)) for s in found] for name, found in read.items()}
