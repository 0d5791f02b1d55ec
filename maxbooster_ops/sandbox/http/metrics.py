"""The series of `/api/metrics`, under the names that a prom-client platform gives them.

Belongs here: names, labels, buckets. Not here: where values come from (`middleware`, `product`, `live_metrics`).
Names, labels and buckets are those of the collection spec. It names no series for connection errors, cache latency,
failed forecasts, upgrades and the trust layer; theirs are ours, in the same style.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_REQUEST_MS = (10, 50, 100, 200, 500, 1000, 2000, 5000)
_WAIT_MS = (1, 5, 10, 25, 50, 100, 250, 500)
_QUERY_MS = (1, 5, 10, 25, 50, 100, 200, 500, 1000)
_CACHE_MS = (0.5, 1, 2, 5, 10, 20, 50, 100)
_FORECAST_SECONDS = (1, 2, 5, 8, 10, 15, 20, 30, 60)


class PlatformMetrics:
    """Every series that the app itself counts; each attribute is the series of the same name, without its unit."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._api()
        self._database()
        self._cache()
        self._forecast()
        self._business()

    def _api(self) -> None:
        labels = ("method", "route", "status_code")
        self.requests = Counter("http_requests_total", "Requests answered.", labels, registry=self.registry)
        self.request_duration = self._histogram("http_request_duration_ms", "Time to answer.", _REQUEST_MS, labels)

    def _database(self) -> None:
        self.connections = self._gauge("db_active_connections", "Open database connections.")
        self.pool_utilization = self._gauge("db_pool_utilization_percent", "Open connections of those allowed.")
        self.connection_wait = self._histogram("db_connection_wait_time_ms", "Wait for a connection.", _WAIT_MS)
        self.query_duration = self._histogram("db_query_duration_ms", "Time of a query.", _QUERY_MS, ("query_type",))
        self.connection_errors = self._counter("db_connection_errors_total", "Connections that were refused.")

    def _cache(self) -> None:
        self.cache_hit_rate = self._gauge("cache_hit_rate_percent", "Hits of the latest lookups.")
        self.cache_duration = self._histogram(
            "cache_operation_duration_ms", "Time of a cache operation.", _CACHE_MS, ("operation",)
        )

    def _forecast(self) -> None:
        self.forecast_duration = self._histogram(
            "forecast_job_duration_seconds", "Time of a finished forecast, failed ones included.", _FORECAST_SECONDS
        )
        self.forecasts_failed = self._counter("forecast_jobs_failed_total", "Forecasts that failed for good.")

    def _business(self) -> None:
        self.active_users = self._gauge("active_users_concurrent", "Users seen in the last five minutes.")
        self.forecasts_generated = self._counter("forecasts_generated_total", "Forecasts generated.", ("tier",))
        self.limit_hits = self._counter(
            "tier_limit_hits_total", "Requests refused by a limit of the tier.", ("tier", "limit_type")
        )
        self.upgrades = self._counter("tier_upgrades_total", "Users who changed to a higher tier.", ("from", "to"))
        self.trust_layer = self._counter("trust_layer_usage_total", "Openings of a trust component.", ("component",))

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)
