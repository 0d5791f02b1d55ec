"""The series that baselines, regressions and trends judge: their unit, and which way is worse.

Belongs here: one line per series. Not here: how much worse is too much (`analysis/regressions/`), or their values.
Every other series is rolled up all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Worse(StrEnum):
    """In which direction a series gets worse."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A series worth judging. `has_trend` marks those of which a person wants to know where they are going."""

    series: str
    unit: str
    worse: Worse = Worse.HIGHER
    has_trend: bool = False


MEASURES: tuple[Measure, ...] = (
    Measure(series="queue_waiting", unit="jobs", has_trend=True),
    Measure(series="queue_failed_rate", unit="0..1"),
    Measure(series="queue_oldest_waiting_ms", unit="ms"),
    Measure(series="queue_processing_ms", unit="ms"),
    Measure(series="queue_wait_ms", unit="ms"),
    Measure(series="job_duration_ms", unit="ms", has_trend=True),
    Measure(series="redis_ping_ms_median", unit="ms", has_trend=True),
    Measure(series="redis_memory_used_bytes", unit="bytes", has_trend=True),
    Measure(series="redis_hit_ratio", unit="0..1", worse=Worse.LOWER),
    Measure(series="host_cpu_percent", unit="%"),
    Measure(series="host_memory_used_mb", unit="MiB", has_trend=True),
    Measure(series="process_rss_mb", unit="MiB", has_trend=True),
    Measure(series="process_cpu_percent", unit="%"),
    Measure(series="probe_latency_ms", unit="ms"),
    Measure(series="ai_cache_hit_rate_percent", unit="%", worse=Worse.LOWER),
    Measure(series="ai_cache_average_load_ms", unit="ms"),
    Measure(series="ai_cache_heap_used_mb", unit="MB", has_trend=True),
    Measure(series="db_active_connections", unit="connections"),
    Measure(series="db_pool_utilization_percent", unit="%"),
    Measure(series="cache_hit_rate_percent", unit="%", worse=Worse.LOWER),
    Measure(series="forecast_queue_depth", unit="jobs", has_trend=True),
)

BY_SERIES = {measure.series: measure for measure in MEASURES}
