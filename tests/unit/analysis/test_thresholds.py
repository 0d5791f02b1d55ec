from __future__ import annotations

import pytest
from support.facts import LIMITS, fact, seen

from maxbooster_ops.analysis.thresholds import THRESHOLDS, Limits
from maxbooster_ops.settings import load_settings
from maxbooster_ops.store.facts import AiCacheSample, HostSample, MetricSample, ProbeResult, QueueSample, RedisSample


def queue(**known):
    return seen(queues=(fact(QueueSample, queue="forecast", **known),))


def cache(**known):
    return seen(ai_caches=(fact(AiCacheSample, cache="social", **known),))


def requests(ok, failed):
    def sample(code, increase):
        return fact(MetricSample, name="http_requests_total", labels={"status_code": code}, increase=increase)

    return seen(metrics=(sample("200", ok), sample("503", failed)))


def metric(name, value):
    return seen(metrics=(fact(MetricSample, name=name, value=value),))


@pytest.mark.parametrize(
    ("name", "at_the_bound", "beyond", "said"),
    [
        pytest.param(
            "queue_backlog", queue(waiting=100), queue(waiting=101), "forecast: 101 waiting (limit 100)", id="backlog"
        ),
        pytest.param(
            "queue_failed_jobs", queue(failed=50), queue(failed=51), "forecast: 51 failed (limit 50)", id="failed"
        ),
        pytest.param(
            "queue_failed_rate", queue(failed_rate=0.1), queue(failed_rate=0.11), "11 % failed (limit 10)", id="rate"
        ),
        pytest.param(
            "queue_failed_rate", queue(failed_rate=None), queue(failed_rate=1.0), "100 % failed", id="no job: no rate"
        ),
        pytest.param("queue_stalled", queue(stalled=10), queue(stalled=11), "11 stalled", id="stalled"),
        pytest.param(
            "redis_latency",
            seen(redis=fact(RedisSample, ping_ms_median=100.0)),
            seen(redis=fact(RedisSample, ping_ms_median=100.5)),
            "100.5 ms",
            id="latency",
        ),
        pytest.param(
            "redis_memory",
            seen(redis=fact(RedisSample, memory_ratio=None)),
            seen(redis=fact(RedisSample, memory_ratio=0.9)),
            "90 %",
            id="memory: no limit is no breach",
        ),
        pytest.param(
            "ai_cache_utilization",
            cache(utilization_percent=90.0),
            cache(utilization_percent=90.1),
            "social: 90.1 %",
            id="cache",
        ),
        pytest.param(
            "ai_cache_hit_rate",
            cache(total_loads=19, hit_rate_percent=1.0),
            cache(total_loads=20, hit_rate_percent=49.0),
            "49 %",
            id="hit rate: 20 loads are needed",
        ),
        pytest.param(
            "memory_usage",
            seen(host=fact(HostSample, process_rss_mb=2048.0)),
            seen(host=fact(HostSample, process_rss_mb=2049.0)),
            "platform process: 2,049 MB",
            id="platform memory",
        ),
        pytest.param(
            "monitors_up",
            seen(probes=(fact(ProbeResult, up=True),)),
            seen(probes=(fact(ProbeResult, monitor="API", outcome="timeout", up=False),)),
            "API (timeout): 1 down (limit 0)",
            id="monitor down",
        ),
        pytest.param("error_rate", requests(95, 5), requests(94, 6), "6 % (limit 5)", id="error rate"),
        pytest.param("error_rate", seen(), requests(0, 1), "100 %", id="no request: no rate"),
        pytest.param(
            "cache_hit_rate_percent",
            metric("cache_hit_rate_percent", 70),
            metric("cache_hit_rate_percent", 69),
            "69",
            id="low",
        ),
        pytest.param(
            "forecast_queue_depth",
            metric("forecast_queue_depth", 200),
            metric("forecast_queue_depth", 201),
            "201",
            id="depth",
        ),
    ],
)
def test_the_bound_itself_is_allowed_and_what_is_beyond_is_named(name, at_the_bound, beyond, said):
    (threshold,) = (threshold for threshold in THRESHOLDS if threshold.name == name)
    assert list(threshold.breaches(at_the_bound, LIMITS)) == []
    (breach,) = threshold.breaches(beyond, LIMITS)
    assert said in str(breach)


def test_staging_takes_the_stricter_values(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_ENV", "staging")
    limits = Limits.of(load_settings())
    assert (limits.queue_stalled, limits.redis_ping_ms, limits.ai_cache_percent, limits.memory_mb) == (5, 50, 80, 1536)


def test_a_variable_wins_over_the_environment_s_default(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_ENV", "staging")
    monkeypatch.setenv("ALERT_QUEUE_MAX_LATENCY", "75")
    assert Limits.of(load_settings()).redis_ping_ms == 75


def test_threshold_names_are_unique_per_table():
    names = [(threshold.table, threshold.name) for threshold in THRESHOLDS]
    assert len(names) == len(set(names))
