"""Limits that stand twice: an asset check shows at once what its rule tells people of once it lasts."""

from __future__ import annotations

import numpy as np
import pytest
from support.facts import LIMITS, fact, seen

from maxbooster_ops.alerting.rulebook.rulebook import load_rulebook
from maxbooster_ops.analysis.thresholds import THRESHOLDS, Limits
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.facts import AiCacheSample, HostSample, MetricSample, ProbeResult, QueueSample, RedisSample

RULE_OF_CHECK = {
    "queue_backlog": "queue_backlog",
    "queue_failed_jobs": "queue_failed_jobs",
    "queue_failed_rate": "queue_failed_rate",
    "queue_stalled": "queue_stalled",
    "redis_latency": "redis_latency",
    "redis_memory": "redis_memory_warning",
    "ai_cache_utilization": "ai_cache_utilization",
    "ai_cache_hit_rate": "ai_cache_hit_rate",
    "memory_usage": "memory_usage",
    "monitors_up": "service_down",
    "error_rate": "error_rate",
    "db_active_connections": "database_connections_high",
    "db_pool_utilization_percent": "database_pool_high",
    "cache_memory_usage_bytes": "cache_memory",
    "cache_hit_rate_percent": "cache_hit_rate_low",
    "forecast_queue_depth": "queue_depth_high",
    "forecast_worker_utilization_percent": "forecast_workers_busy",
    "active_users_concurrent": "many_active_users",
}

AWFUL = seen(
    queues=(fact(QueueSample, queue="forecast", waiting=10**6, failed=10**6, failed_rate=1.0, stalled=10**6),),
    redis=fact(RedisSample, ping_ms_median=1e6, memory_ratio=1.0),
    host=fact(HostSample, process_rss_mb=1e6),
    ai_caches=(fact(AiCacheSample, cache="social", utilization_percent=100.0, total_loads=10**6, hit_rate_percent=0),),
    probes=(fact(ProbeResult, monitor="API", outcome="timeout", up=False),),
    metrics=(
        fact(MetricSample, name="http_requests_total", labels={"status_code": "500"}, increase=1e6),
        *(
            fact(MetricSample, name=name, value=0.0 if name == "cache_hit_rate_percent" else 1e12)
            for name in (threshold.name for threshold in THRESHOLDS if threshold.table == "metric_samples")
        ),
    ),
)


def test_every_check_has_its_rule():
    assert set(RULE_OF_CHECK) == {threshold.name for threshold in THRESHOLDS}


@pytest.mark.parametrize("staging", [pytest.param(False, id="production"), pytest.param(True, id="staging")])
@pytest.mark.parametrize("threshold", THRESHOLDS, ids=lambda threshold: threshold.name)
def test_a_check_and_its_rule_draw_the_same_line(threshold, staging):
    limits = Limits.of(Settings(_env_file=None, maxbooster_env="staging")) if staging else LIMITS
    rule = load_rulebook(None, limits, staging=staging).rule(RULE_OF_CHECK[threshold.name])
    breaches = list(threshold.breaches(AWFUL, limits))
    assert {breach.limit for breach in breaches} == {rule.condition.threshold}
    assert rule.condition.holds(np.array([breach.value for breach in breaches])).all()
    assert not rule.condition.holds(np.array([rule.condition.threshold]))
