"""The thresholds that the newest facts are held against, as data, and what is beyond them now.

Belongs here: one `Threshold` per line of the spec that can be judged from the newest facts alone.
Not here: how long something must last, or who is told (alert rules), and quantiles over a window (rollups).

Each has a default rule that draws the same line. What a setting or the environment decides, both take from `Limits`;
the other numbers stand here and in the rule's file, where people look for them, and a test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from maxbooster_ops.settings import Environment, Settings
from maxbooster_ops.store.facts import MetricSample
from maxbooster_ops.store.snapshot import Snapshot

_MINIMUM_LOADS = 20
"""An AI cache's hit rate says nothing before as many loads (spec: alerts, "Rules")."""

_LOW_HIT_RATE_PERCENT = 50

_FULL_CACHE_BYTES = 9 * 2 * 1024**3 // 10
"""90 % of the platform's cache of 2 GB (spec: collection, "Application metrics")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers in force."""

    queue_waiting: int
    queue_failed: int
    queue_stalled: int
    redis_ping_ms: float
    ai_cache_percent: float
    memory_mb: float
    error_percent: float

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Take each from its variable, else from the environment's defaults (spec: alerts, "Rules")."""
        staging = settings.maxbooster_env is Environment.STAGING
        return cls(
            queue_waiting=settings.alert_queue_max_waiting,
            queue_failed=settings.alert_queue_max_failed,
            queue_stalled=5 if staging else 10,
            redis_ping_ms=settings.alert_queue_max_latency or (50 if staging else 100),
            ai_cache_percent=settings.alert_ai_cache_max_util or (80 if staging else 90),
            memory_mb=settings.alert_memory_max_mb or (1536 if staging else 2048),
            error_percent=settings.alert_error_rate_max,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """Something that is beyond its threshold: what it is, its value, the limit and their unit."""

    subject: str
    value: float
    limit: float
    unit: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.value:,.6g} {self.unit} (limit {self.limit:,.6g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One bound on one table. `breaches` gives everything beyond it; `critical` marks what pages somebody."""

    name: str
    table: str
    description: str
    breaches: Callable[[Snapshot, Limits], Iterable[Breach]]
    critical: bool = False


def _above(subject: str, value: float | None, limit: float, unit: str) -> Sequence[Breach]:
    """Give a breach where `value` is known and above `limit`."""
    return [Breach(subject=subject, value=value, limit=limit, unit=unit)] if value is not None and value > limit else []


def _series(
    name: str, limit: float, unit: str, *, below: bool = False
) -> Callable[[Snapshot, Limits], Iterable[Breach]]:
    """Bound every series of one name on the platform's metrics page."""

    def breaches(seen: Snapshot, _: Limits) -> Iterable[Breach]:
        for sample in seen.metrics:
            if sample.name == name and (sample.value < limit if below else sample.value > limit):
                yield Breach(subject=_titled(sample), value=sample.value, limit=limit, unit=unit)

    return breaches


def _titled(sample: MetricSample) -> str:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}}" if labels else sample.name


def _error_rate(seen: Snapshot, limits: Limits) -> Iterable[Breach]:
    requests = [
        sample for sample in seen.metrics if sample.name == "http_requests_total" and sample.increase is not None
    ]
    total = sum(sample.increase or 0.0 for sample in requests)
    errors = sum(sample.increase or 0.0 for sample in requests if sample.labels.get("status_code", "").startswith("5"))
    return _above("requests answered 5xx", 100 * errors / total, limits.error_percent, "%") if total else ()


def _probes_down(seen: Snapshot, _: Limits) -> Iterable[Breach]:
    down = [f"{probe.monitor} ({probe.outcome})" for probe in seen.probes if not probe.up]
    return _above(", ".join(down), len(down), 0, "down")


def _low_hit_rate(seen: Snapshot, _: Limits) -> Iterable[Breach]:
    for cache in seen.ai_caches:
        rate = cache.hit_rate_percent
        if rate is not None and rate < _LOW_HIT_RATE_PERCENT and cache.total_loads >= _MINIMUM_LOADS:
            yield Breach(subject=cache.cache, value=rate, limit=_LOW_HIT_RATE_PERCENT, unit="%")


def _memory(seen: Snapshot, limits: Limits) -> Iterable[Breach]:
    process = seen.host.process_rss_mb if seen.host else None
    heaps = [cache.heap_used_mb for cache in seen.ai_caches if cache.heap_used_mb is not None]
    return [
        *_above("platform process", process, limits.memory_mb, "MB"),
        *_above("platform heap", max(heaps, default=None), limits.memory_mb, "MB"),
    ]


THRESHOLDS: tuple[Threshold, ...] = (
    Threshold(
        name="queue_backlog",
        table="queue_samples",
        description="No queue has more jobs waiting than ALERT_QUEUE_MAX_WAITING.",
        breaches=lambda seen, limits: (
            b for q in seen.queues for b in _above(q.queue, q.waiting, limits.queue_waiting, "waiting")
        ),
    ),
    Threshold(
        name="queue_failed_jobs",
        table="queue_samples",
        description="No queue keeps more failed jobs than ALERT_QUEUE_MAX_FAILED.",
        breaches=lambda seen, limits: (
            b for q in seen.queues for b in _above(q.queue, q.failed, limits.queue_failed, "failed")
        ),
    ),
    Threshold(
        name="queue_failed_rate",
        table="queue_samples",
        description="At most 10 % of the jobs that finished since the previous sample failed.",
        breaches=lambda seen, _: (
            b for q in seen.queues for b in _above(q.queue, _percent(q.failed_rate), 10, "% failed")
        ),
    ),
    Threshold(
        name="queue_stalled",
        table="queue_samples",
        description="At most 10 jobs (staging: 5) of a queue stalled since the previous sample.",
        breaches=lambda seen, limits: (
            b for q in seen.queues for b in _above(q.queue, q.stalled, limits.queue_stalled, "stalled")
        ),
    ),
    Threshold(
        name="redis_latency",
        table="redis_samples",
        description="Redis answers PING within ALERT_QUEUE_MAX_LATENCY.",
        breaches=lambda seen, limits: (
            _above("PING, median", seen.redis.ping_ms_median, limits.redis_ping_ms, "ms") if seen.redis else ()
        ),
    ),
    Threshold(
        name="redis_memory",
        table="redis_samples",
        description="Redis uses at most 85 % of its memory limit.",
        breaches=lambda seen, _: _above("memory", _percent(seen.redis.memory_ratio), 85, "%") if seen.redis else (),
    ),
    Threshold(
        name="ai_cache_utilization",
        table="ai_cache_samples",
        description="No AI cache is fuller than ALERT_AI_CACHE_MAX_UTIL.",
        breaches=lambda seen, limits: (
            b for c in seen.ai_caches for b in _above(c.cache, c.utilization_percent, limits.ai_cache_percent, "%")
        ),
    ),
    Threshold(
        name="ai_cache_hit_rate",
        table="ai_cache_samples",
        description="After 20 loads, at least half of an AI cache's look-ups are hits.",
        breaches=_low_hit_rate,
    ),
    Threshold(
        name="memory_usage",
        table="host_samples",
        description="The platform uses at most ALERT_MEMORY_MAX_MB.",
        breaches=_memory,
    ),
    Threshold(
        name="monitors_up",
        table="probe_results",
        description="Every monitor's service answers.",
        breaches=_probes_down,
        critical=True,
    ),
    Threshold(
        name="error_rate",
        table="metric_samples",
        description="At most ALERT_ERROR_RATE_MAX of the requests since the previous sample were answered 5xx.",
        breaches=_error_rate,
        critical=True,
    ),
    *(
        Threshold(
            name=name, table="metric_samples", description=description, breaches=_series(name, limit, unit, below=below)
        )
        for name, limit, unit, below, description in (
            ("db_active_connections", 140, "connections", False, "At most 140 database connections are active."),
            ("db_pool_utilization_percent", 80, "%", False, "At most 80 % of the database pool is in use."),
            (
                "cache_memory_usage_bytes",
                _FULL_CACHE_BYTES,
                "bytes",
                False,
                "The cache uses at most 90 % of its 2 GB.",
            ),
            ("cache_hit_rate_percent", 70, "%", True, "At least 70 % of the cache's look-ups are hits."),
            ("forecast_queue_depth", 200, "jobs", False, "At most 200 forecasts wait."),
            ("forecast_worker_utilization_percent", 95, "%", False, "The forecast workers are at most 95 % busy."),
            ("active_users_concurrent", 5000, "users", False, "At most 5000 users are active."),
        )
    ),
)


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else 100 * ratio
