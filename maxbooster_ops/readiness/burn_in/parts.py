"""The six parts of a check, each held against what was promised. Pure.

Belongs here: what makes a part fail or a warning, in sentences with numbers. Not here: reading (`checking.py`), and
what many checks together mean (`verdict/`). What the plan promises makes a part fail; what would only alert somebody
is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.readiness.burn_in.plan import Thresholds
from maxbooster_ops.readiness.burn_in.seen import Seen
from maxbooster_ops.sources.probes import Outcome

_FULL_HOST_PERCENT = 95.0
_FULL_REDIS_RATIO = 0.85


class Condition(StrEnum):
    """How a part was found. Missing: nothing is configured that would tell; who cannot be read has failed."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: how it was found, and why where that is not ok."""

    condition: Condition
    problems: Sequence[str] = ()

    @classmethod
    def of(cls, *, failed: Iterable[str] = (), warnings: Iterable[str] = ()) -> Part:
        """Make one that failed where anything did, else warns where anything does."""
        worse, lesser = list(failed), list(warnings)
        if worse:
            return cls(condition=Condition.FAILED, problems=[*worse, *lesser])
        return cls(condition=Condition.WARNING if lesser else Condition.OK, problems=lesser)


NOT_CONFIGURED = Part(condition=Condition.MISSING)


def queue_health(seen: Seen, limits: Limits) -> Part:
    """Judge backlog, stalls and paused queues."""
    return _unless_away(seen, "bullmq", "The queues") or Part.of(
        failed=(
            f"{queue.queue}: {queue.stalled} jobs stalled since the previous check (limit {limits.queue_stalled})."
            for queue in seen.queues
            if queue.stalled is not None and queue.stalled > limits.queue_stalled
        ),
        warnings=_about_queues(seen, limits),
    )


def _about_queues(seen: Seen, limits: Limits) -> Iterator[str]:
    yield from (f"A part of the queues cannot be read: {told}." for told in seen.complaints.get("bullmq", ()))
    for queue in seen.queues:
        if queue.waiting > limits.queue_waiting:
            yield f"{queue.queue}: {queue.waiting} jobs wait (limit {limits.queue_waiting})."
        if queue.is_paused:
            yield f"{queue.queue} is paused."
        if queue.workers == 0 and queue.waiting:
            yield f"{queue.queue}: {queue.waiting} jobs wait and no worker is connected."


def failed_jobs(seen: Seen, *, so_far: int, promised: Thresholds) -> Part:
    """Judge the jobs that failed for good since the session began, `so_far` in all."""
    unknown = [queue.queue for queue in seen.queues if queue.failed_delta is None]
    return _unless_away(seen, "bullmq", "Failed jobs") or Part.of(
        failed=[f"{so_far} jobs failed for good so far (limit {promised.failed_jobs})."]
        if so_far >= promised.failed_jobs
        else [],
        warnings=[f"How many jobs failed since the previous check is not known of {', '.join(unknown)}."]
        if unknown
        else [],
    )


def ai_caches(seen: Seen, limits: Limits, promised: Thresholds) -> Part:
    """Judge how full the AI model caches are."""
    failed, warnings = [], list(seen.complaints.get("ai_caches", ()))
    for cache in seen.caches:
        said = f"AI cache {cache.cache}: {cache.utilization_percent:.1f} % used"
        if cache.utilization_percent >= promised.cache_utilization_percent:
            failed.append(f"{said} (limit {promised.cache_utilization_percent:g} %).")
        elif cache.utilization_percent > limits.ai_cache_percent:
            warnings.append(f"{said} (alerts above {limits.ai_cache_percent:g} %).")
    return _unless_away(seen, "ai_caches", "The AI model caches") or Part.of(failed=failed, warnings=warnings)


def system_health(seen: Seen) -> Part:
    """Judge the health endpoints; one that only asks us to come less often is a warning."""
    if away := _unless_away(seen, "health", "The health endpoints"):
        return away
    if not seen.probes:
        nobody = "No monitor of class critical asks a path of the platform, so nobody knows whether it is well."
        return Part(condition=Condition.MISSING, problems=[nobody])
    unwell = [probe for probe in seen.probes if probe.outcome != Outcome.HEALTHY]
    return Part.of(
        failed=(f"{probe.monitor}: {probe.outcome}, {probe.detail}." for probe in unwell if not probe.up),
        warnings=(f"{probe.monitor}: {probe.outcome}." for probe in unwell if probe.up),
    )


def memory(seen: Seen, limits: Limits, may_grow_mb: float, *, now_mb: float, at_first_mb: float | None) -> Part:
    """Judge the memory of the platform's process and of the host."""
    failed, warnings = [], []
    growth_mb = now_mb - at_first_mb if at_first_mb is not None else 0.0
    if growth_mb >= may_grow_mb:
        failed.append(
            f"The platform uses {now_mb:.0f} MB, {growth_mb:.0f} MB more than at first (limit {may_grow_mb:,.0f} MB)."
        )
    if now_mb > limits.memory_mb:
        warnings.append(f"The platform uses {now_mb:.0f} MB (limit {limits.memory_mb:g} MB).")
    if seen.host and seen.host.memory_percent >= _FULL_HOST_PERCENT:
        warnings.append(f"{seen.host.memory_percent:.0f} % of the host's memory is in use.")
    return Part.of(failed=failed, warnings=warnings)


def no_memory(seen: Seen, *, watched: bool) -> Part:
    """Judge that nobody told the memory of the platform: it failed where its process is `watched`."""
    if not watched:
        return NOT_CONFIGURED
    reason = "; ".join(seen.complaints.get("host", ())) or seen.unreadable.get("host", "nobody tells it any more")
    return Part.of(failed=[f"The memory of the platform cannot be read: {reason}."])


def redis(seen: Seen, limits: Limits, promised: Thresholds) -> Part:
    """Judge latency and state of Redis."""
    if away := _unless_away(seen, "redis", "Redis"):
        return away
    server = seen.redis
    if server is None:
        return Part.of(failed=["Redis told nothing."])
    latency_ms, said = server.ping_ms_median, f"Redis answers PING in {server.ping_ms_median:.1f} ms"
    failed, warnings = [], []
    if latency_ms >= promised.redis_latency_ms:
        failed.append(f"{said} (limit {promised.redis_latency_ms:g} ms).")
    elif latency_ms > limits.redis_ping_ms:
        warnings.append(f"{said} (alerts above {limits.redis_ping_ms:g} ms).")
    if server.loading:
        failed.append("Redis is still loading its data.")
    if server.memory_ratio is not None and server.memory_ratio > _FULL_REDIS_RATIO:
        warnings.append(f"Redis uses {100 * server.memory_ratio:.0f} % of the memory that it may use.")
    if server.rdb_last_save_ok is False or server.aof_last_write_ok is False:
        warnings.append("Redis could not save its data to disk.")
    return Part.of(failed=failed, warnings=warnings)


def _unless_away(seen: Seen, source: str, name: str) -> Part | None:
    """Give the part whose `source` is not there at all, None where it is."""
    if source not in seen.expected:
        return NOT_CONFIGURED
    if reason := seen.unreadable.get(source):
        return Part.of(failed=[f"{name} cannot be read: {reason}."])
    return None
