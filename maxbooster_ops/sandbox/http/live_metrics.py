"""Series that are read at the moment of a scrape: Redis, the forecast queue, the process itself.

Belongs here: turning what others know into samples. Not here: what the app counts itself (`metrics`).
What cannot be read is left out of the page: a missing series is honest, a zero is not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.asyncio import Redis
from redis.exceptions import RedisError

from maxbooster_ops.sandbox.http.metrics import PlatformMetrics
from maxbooster_ops.sandbox.queues import FORECAST, profile_of
from maxbooster_ops.sandbox.shared_keys import FINISHED_FORECASTS_KEY, MOST_FINISHED_FORECASTS, FinishedForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisReading:
    """What one look at Redis gave; `at` is a monotonic time in seconds."""

    at: float
    memory_bytes: int
    evicted_keys: int
    forecasts_waiting: int
    forecasts_active: int


class RedisGauges(Collector):
    """The cache and forecast queue gauges of the latest reading; nothing while Redis does not answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._latest: RedisReading | None = None
        self._evicted_per_second = 0.0

    async def refresh(self, metrics: PlatformMetrics) -> None:
        """Look at Redis once; forecasts that finished since the last look are counted in `metrics`."""
        try:
            reading, finished = await self._read()
        except RedisError:
            self._latest = None
            return
        if self._latest and reading.at > self._latest.at:
            evicted = max(0, reading.evicted_keys - self._latest.evicted_keys)
            self._evicted_per_second = evicted / (reading.at - self._latest.at)
        self._latest = reading
        for forecast in finished:
            _count(forecast, metrics)

    def collect(self) -> Iterator[Metric]:
        """Give the gauges."""
        if self._latest is None:
            return
        busy = 100.0 * self._latest.forecasts_active / profile_of(FORECAST).concurrency
        yield GaugeMetricFamily("cache_memory_usage_bytes", "Memory that Redis uses.", self._latest.memory_bytes)
        yield GaugeMetricFamily(
            "cache_eviction_rate_per_sec", "Keys that Redis evicted per second.", self._evicted_per_second
        )
        yield GaugeMetricFamily("forecast_queue_depth", "Forecasts that wait.", self._latest.forecasts_waiting)
        yield GaugeMetricFamily("forecast_worker_utilization_percent", "Forecast workers that are busy.", busy)

    async def _read(self) -> tuple[RedisReading, list[FinishedForecast]]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.info("memory")
            pipeline.info("stats")
            pipeline.llen(f"bull:{FORECAST}:wait")
            pipeline.llen(f"bull:{FORECAST}:active")
            pipeline.lpop(FINISHED_FORECASTS_KEY, MOST_FINISHED_FORECASTS)
            memory, stats, waiting, active, finished = await pipeline.execute()
        reading = RedisReading(
            at=time.monotonic(),
            memory_bytes=memory["used_memory"],
            evicted_keys=stats["evicted_keys"],
            forecasts_waiting=waiting,
            forecasts_active=active,
        )
        return reading, [FinishedForecast.loads(text) for text in finished or ()]


class RuntimeGauges(Collector):
    """The process under the names of prom-client's defaults; private memory stands in for V8's heap."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.event_loop_lag_seconds = 0.0

    def collect(self) -> Iterator[Metric]:
        """Give the gauges."""
        memory = self._process.memory_full_info()
        yield GaugeMetricFamily("nodejs_heap_size_used_bytes", "Memory of the process alone.", memory.uss)
        yield GaugeMetricFamily("nodejs_heap_size_total_bytes", "Resident memory of the process.", memory.rss)
        yield GaugeMetricFamily(
            "nodejs_eventloop_lag_seconds", "How late the event loop was last.", self.event_loop_lag_seconds
        )


def _count(forecast: FinishedForecast, metrics: PlatformMetrics) -> None:
    metrics.forecast_duration.observe(forecast.seconds)
    if forecast.failed:
        metrics.forecasts_failed.inc()
    else:
        metrics.forecasts_generated.labels(forecast.tier).inc()
