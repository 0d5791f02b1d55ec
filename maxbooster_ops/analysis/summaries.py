"""The few numbers of a beat that are worth a plot, table by table.

Belongs here: which numbers those are. Not here: how they are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from maxbooster_ops.store.facts import (
    AiCacheEviction,
    AiCacheSample,
    BeatTaken,
    Fact,
    HostSample,
    MetricSample,
    ProbeResult,
    QueueJob,
    QueueSample,
    RedisSample,
    TrackedExecution,
)

Numbers = Mapping[str, float | None]


def summarize(facts: Sequence[Fact]) -> dict[str, float]:
    """Give the numbers of facts of one class, in the order they were seen; what is not known is left out.

    Levels (waiting, size) are those of the newest beat, changes (completed, requests) are added up over all.
    """
    summary = _SUMMARIES.get(type(facts[0]).table)
    numbers = summary(facts) if summary else {}
    return {"rows": len(facts), **{name: value for name, value in numbers.items() if value is not None}}


def _beats(beats: Sequence[BeatTaken]) -> Numbers:
    return {
        "slowest_ms": max(beat.duration_ms for beat in beats),
        "sources": beats[-1].sources,
        "rows_stored": sum(beat.rows for beat in beats),
        "failures": sum(beat.failures for beat in beats),
    }


def _queues(samples: Sequence[QueueSample]) -> Numbers:
    newest = list({(sample.prefix, sample.queue): sample for sample in samples}.values())
    return {
        "queues": len(newest),
        "waiting": sum(sample.waiting for sample in newest),
        "active": sum(sample.active for sample in newest),
        "delayed": sum(sample.delayed for sample in newest),
        "failed": sum(sample.failed for sample in newest),
        "completed_delta": _total([sample.completed_delta for sample in samples]),
        "failed_delta": _total([sample.failed_delta for sample in samples]),
        "retried": _total([sample.retried for sample in samples]),
        "stalled": _total([sample.stalled for sample in samples]),
        "slowest_processing_ms_p95": _most(sample.processing_ms_p95 for sample in samples),
        "oldest_waiting_ms": _most(sample.oldest_waiting_ms for sample in newest),
        "gaps": sum(sample.gap for sample in samples),
    }


def _jobs(jobs: Sequence[QueueJob]) -> Numbers:
    timed = [job.processing_ms for job in jobs if job.processing_ms is not None]
    return {
        "completed": sum(job.outcome == "completed" for job in jobs),
        "failed": sum(job.outcome == "failed" for job in jobs),
        "processing_ms_avg": sum(timed) / len(timed) if timed else None,
        "processing_ms_max": max(timed, default=None),
    }


def _redis(samples: Sequence[RedisSample]) -> Numbers:
    sample = samples[-1]
    return {
        "ping_ms_median": sample.ping_ms_median,
        "ping_ms_max": sample.ping_ms_max,
        "memory_used_mb": sample.memory_used_bytes / 1024**2,
        "hit_ratio": sample.hit_ratio,
        "ops_per_second": sample.ops_per_second,
        "connected_clients": sample.connected_clients,
    }


def _host(samples: Sequence[HostSample]) -> Numbers:
    sample = samples[-1]
    return {
        "cpu_percent": sample.cpu_percent,
        "memory_percent": sample.memory_percent,
        "fullest_disk_percent": max(sample.disk_used_percent.values(), default=None),
        "load_1m": sample.load_1m,
        "process_rss_mb": sample.process_rss_mb,
    }


def _probes(results: Sequence[ProbeResult]) -> Numbers:
    newest = {result.monitor: result for result in results}
    return {
        "monitors": len(newest),
        "up": sum(result.up for result in newest.values()),
        "slowest_ms": _most(result.latency_ms for result in results),
    }


def _metrics(samples: Sequence[MetricSample]) -> Numbers:
    requests = [sample.increase for sample in samples if sample.name == "http_requests_total"]
    newest = [sample for sample in samples if sample.ts == samples[-1].ts]
    return {"series": len(newest), "names": len({sample.name for sample in newest}), "requests": _total(requests)}


def _ai_caches(samples: Sequence[AiCacheSample]) -> Numbers:
    newest = {sample.cache: sample for sample in samples}
    return {
        name: value
        for cache, sample in newest.items()
        for name, value in (
            (f"{cache}_utilization_percent", sample.utilization_percent),
            (f"{cache}_hit_rate_percent", sample.hit_rate_percent),
            (f"{cache}_evictions", sample.total_evictions),
        )
    }


def _evictions(evictions: Sequence[AiCacheEviction]) -> Numbers:
    reasons = ("lru", "timeout", "manual")
    return {reason: sum(eviction.reason == reason for eviction in evictions) for reason in reasons}


def _executions(executions: Sequence[TrackedExecution]) -> Numbers:
    return {
        "succeeded": sum(execution.success for execution in executions),
        "failed": sum(not execution.success for execution in executions),
        "duration_ms_max": _most(execution.duration_ms for execution in executions),
    }


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


_SUMMARIES: Mapping[str, Callable[[Sequence[Fact]], Numbers]] = {  # each key's value takes that table's class of fact
    BeatTaken.table: _beats,  # type: ignore[dict-item]
    QueueSample.table: _queues,  # type: ignore[dict-item]
    QueueJob.table: _jobs,  # type: ignore[dict-item]
    RedisSample.table: _redis,  # type: ignore[dict-item]
    HostSample.table: _host,  # type: ignore[dict-item]
    ProbeResult.table: _probes,  # type: ignore[dict-item]
    MetricSample.table: _metrics,  # type: ignore[dict-item]
    AiCacheSample.table: _ai_caches,  # type: ignore[dict-item]
    AiCacheEviction.table: _evictions,  # type: ignore[dict-item]
    TrackedExecution.table: _executions,  # type: ignore[dict-item]
}
