"""One frozen dataclass per lake table; its fields are the table's columns, in name and type.

Belongs here: what one row of a table is. Not here: how rows come to be (`sources/`) or are written (`lake.py`).
A test holds every class against its table, so a column cannot be added on one side alone. The meaning and unit of each
column are the COMMENTs in `migrations/lake/`. None means "not known" or "nothing to measure", never zero.
Every table has one more column, `batch_id`, that the writer adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from maxbooster_ops.errors import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A row of the lake table `table`; `ts` is when it was true (UTC)."""

    table: ClassVar[str]
    ts: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatTaken(Fact):
    """One beat: every source read once, everything seen written in one transaction."""

    table: ClassVar[str] = "beats"
    kind: str
    due: datetime
    duration_ms: float
    sources: int
    failures: int
    rows: int
    collector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailure(Fact):
    """A source that could not be read at `ts`, and why."""

    table: ClassVar[str] = "source_failures"
    source: str
    target: str
    error: str
    reason: str
    hint: str

    @classmethod
    def of(cls, source: str, error: BaseException, *, at: datetime, target: str, hint: str) -> SourceFailure:
        """Describe `error`, met while `source` read `target`; credentials in the texts are removed."""
        reason = redact(str(error)) or type(error).__name__
        return cls(ts=at, source=source, target=redact(target), error=type(error).__name__, reason=reason, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSample(Fact):
    """One BullMQ queue at one moment. Deltas and timings are of the time since the previous sample.

    `gap` is True when events were trimmed away before we read them: then the deltas come from BullMQ's own metrics
    counters, or are None where the platform keeps none, and the timings are those of the jobs that were still seen.
    """

    table: ClassVar[str] = "queue_samples"
    prefix: str
    queue: str
    waiting: int
    active: int
    completed: int
    failed: int
    delayed: int
    prioritized: int
    waiting_children: int
    paused: int
    is_paused: bool
    stalled: int | None
    retried: int | None
    completed_delta: int | None
    failed_delta: int | None
    failed_rate: float | None
    processing_ms_avg: float | None
    processing_ms_p50: float | None
    processing_ms_p95: float | None
    processing_ms_p99: float | None
    wait_ms_p95: float | None
    oldest_waiting_ms: float | None
    workers: int | None
    concurrency: int | None
    utilization: float | None
    redriven: int | None
    gap: bool
    bullmq_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueJob(Fact):
    """One finished job; `ts` is when it finished. `timed_by` says whose clock: the job's or the event stream's."""

    table: ClassVar[str] = "queue_jobs"
    prefix: str
    queue: str
    job_id: str
    name: str | None
    outcome: str
    processing_ms: float | None
    wait_ms: float | None
    attempts: int | None
    reason: str | None
    timed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSample(Fact):
    """The Redis server behind the queues."""

    table: ClassVar[str] = "redis_samples"
    server: str
    ping_ms_median: float
    ping_ms_max: float
    memory_used_bytes: int
    memory_max_bytes: int | None
    memory_ratio: float | None
    hit_ratio: float | None
    evicted_per_minute: float | None
    connected_clients: int
    blocked_clients: int
    ops_per_second: float
    uptime_seconds: float
    role: str
    version: str
    maxmemory_policy: str | None
    rdb_last_save_ok: bool | None
    rdb_changes_since_save: int | None
    aof_enabled: bool | None
    aof_last_write_ok: bool | None
    loading: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSample(Fact):
    """The host that we run on, and the platform's own process where one is named."""

    table: ClassVar[str] = "host_samples"
    host: str
    cpu_percent: float | None
    memory_used_mb: float
    memory_total_mb: float
    memory_percent: float
    swap_used_mb: float
    swap_total_mb: float
    disk_used_percent: Mapping[str, float]
    disk_read_bytes_per_second: float | None
    disk_write_bytes_per_second: float | None
    network_sent_bytes_per_second: float | None
    network_received_bytes_per_second: float | None
    load_1m: float
    load_5m: float
    load_15m: float
    uptime_seconds: float
    open_file_descriptors: int | None
    process_name: str | None
    process_pid: int | None
    process_rss_mb: float | None
    process_cpu_percent: float | None
    process_open_files: int | None
    process_uptime_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult(Fact):
    """One request of one monitor. `outcome` is a value of `sources.probes.outcome.Outcome`."""

    table: ClassVar[str] = "probe_results"
    monitor: str
    url: str
    monitor_class: str
    every_seconds: float
    outcome: str
    up: bool
    status_code: int | None
    latency_ms: float | None
    body_status: str | None
    tls_days_left: float | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSample(Fact):
    """One series of a Prometheus page, under the name it has there (`x_bucket`, `x_sum`, `x_count` for a histogram).

    `value` is what the page says. `increase` is, for counters and histograms, the growth since the previous sample with
    resets handled as Prometheus does (a value that fell started again from zero); None on first sight and for gauges.
    """

    table: ClassVar[str] = "metric_samples"
    source: str
    name: str
    kind: str
    labels: Mapping[str, str]
    value: float
    increase: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AiCacheSample(Fact):
    """One AI model cache of the platform."""

    table: ClassVar[str] = "ai_cache_samples"
    cache: str
    current_size: int
    max_size: int
    utilization_percent: float
    total_loads: int
    total_evictions: int
    hit_rate_percent: float | None
    average_load_ms: float | None
    heap_used_mb: float | None
    estimated_model_mb: float | None
    estimated_total_mb: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AiCacheEviction(Fact):
    """One model that was put out of a cache; `ts` is the platform's time of the eviction."""

    table: ClassVar[str] = "ai_cache_evictions"
    cache: str
    user_id: str
    reason: str
    idle_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedExecution(Fact):
    """One execution of a job that reported itself (`maxbooster_ops.jobs`); `ts` is when it ended."""

    table: ClassVar[str] = "tracked_executions"
    job: str
    run_id: str
    success: bool
    duration_ms: float
    attempt: int
    metadata: Mapping[str, str]
    error: str | None


FACTS: tuple[type[Fact], ...] = (
    BeatTaken,
    SourceFailure,
    QueueSample,
    QueueJob,
    RedisSample,
    HostSample,
    ProbeResult,
    MetricSample,
    AiCacheSample,
    AiCacheEviction,
    TrackedExecution,
)
