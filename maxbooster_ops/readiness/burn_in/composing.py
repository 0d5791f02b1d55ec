"""One check, put together from what was seen. Pure.

Belongs here: which figure comes from where, and what later checks must know. Not here: reading (`checking.py`), judging
the parts (`parts.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.errors import redact
from maxbooster_ops.readiness.burn_in import parts
from maxbooster_ops.readiness.burn_in.page import page_figures
from maxbooster_ops.readiness.burn_in.parts import Condition
from maxbooster_ops.readiness.burn_in.plan import DAY, Thresholds
from maxbooster_ops.readiness.burn_in.seen import Seen
from maxbooster_ops.store.facts import QueueSample
from maxbooster_ops.store.findings import BurnInCheck

SESSION = "session"
"""Under this name the memories hold the tally, beside those of the sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What of the earlier checks later ones need: failed jobs so far, memory at first, sources that were ever there."""

    failed_jobs: int = 0
    first_memory_mb: float | None = None
    first_memory_at: float | None = None
    """When that was, s since the epoch."""
    sources: Sequence[str] = ()
    target: str = ""
    """What is checked, in words without secrets."""

    @classmethod
    def of(cls, memories: Mapping[str, Mapping[str, Any]]) -> Tally:
        """Restore it from among the memories of the sources."""
        return cls(**memories.get(SESSION, {}))

    def may_grow_mb(self, promised: Thresholds, now: datetime) -> float:
        """Tell by how much memory may have grown by now: as much as in a day, in proportion over a longer time."""
        since = timedelta(seconds=now.timestamp() - self.first_memory_at) if self.first_memory_at else DAY
        return promised.memory_growth_mb * max(1.0, since / DAY)

    def kept(self) -> Mapping[str, Any]:
        """Give the form that goes through JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Which check it is, and when."""

    session_id: str
    number: int
    due: datetime
    now: datetime
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a check is held against, and the requests that are our own."""

    promised: Thresholds
    limits: Limits
    own_routes: frozenset[str]
    has_process: bool
    target: str


def compose(
    occasion: Occasion, terms: Terms, seen: Seen, tally: Tally, *, memory_low_mb: float | None, health_ms: float | None
) -> tuple[BurnInCheck, Tally]:
    """Put a check together, and the tally after it."""
    page = page_figures(seen.metrics, own_routes=terms.own_routes, now=occasion.now)
    host, server = seen.host, seen.redis
    memory_mb = host.process_rss_mb if host and host.process_rss_mb is not None else page.memory_mb
    uptime = host.process_uptime_seconds if host else None
    failed_delta = _total(seen.queues, lambda queue: queue.failed_delta)
    knows_first = tally.first_memory_mb is not None or memory_mb is None
    after = Tally(
        failed_jobs=tally.failed_jobs + (failed_delta or 0),
        first_memory_mb=tally.first_memory_mb if knows_first else memory_mb,
        first_memory_at=tally.first_memory_at if knows_first else occasion.now.timestamp(),
        sources=sorted(seen.expected),
        target=tally.target or terms.target,
    )
    limits, promised = terms.limits, terms.promised
    may_grow_mb = after.may_grow_mb(promised, occasion.now)
    found = {
        "queue_health": parts.queue_health(seen, limits),
        "ai_caches": parts.ai_caches(seen, limits, promised),
        "system_health": parts.system_health(seen),
        "memory": parts.memory(seen, limits, may_grow_mb, now_mb=memory_mb, at_first_mb=after.first_memory_mb)
        if memory_mb is not None
        else parts.no_memory(seen, watched=terms.has_process or tally.first_memory_mb is not None),
        "redis": parts.redis(seen, limits, promised),
        "failed_jobs": parts.failed_jobs(seen, so_far=after.failed_jobs, promised=promised),
    }
    check = BurnInCheck(
        ts=occasion.now,
        session_id=occasion.session_id,
        number=occasion.number,
        due=occasion.due,
        duration_ms=occasion.duration_ms,
        ok=all(part.condition is not Condition.FAILED for part in found.values()),
        **{name: part.condition.value for name, part in found.items()},
        problems=[redact(problem) for problem in dict.fromkeys(p for part in found.values() for p in part.problems)],
        redis_latency_ms=server.ping_ms_median if server else None,
        health_latency_ms=health_ms,
        memory_mb=memory_mb,
        memory_low_mb=min((mb for mb in (memory_low_mb, memory_mb) if mb is not None), default=None),
        host_memory_percent=host.memory_percent if host else None,
        open_files=host.process_open_files if host else None,
        queues=len(seen.queues) if "bullmq" in seen.readable else None,
        waiting=_total(seen.queues, lambda queue: queue.waiting + queue.prioritized + queue.paused),
        active=_total(seen.queues, lambda queue: queue.active),
        delayed=_total(seen.queues, lambda queue: queue.delayed),
        completed_delta=_total(seen.queues, lambda queue: queue.completed_delta),
        failed_delta=failed_delta,
        stalled_delta=_total(seen.queues, lambda queue: queue.stalled),
        cache_utilization_percent=max((cache.utilization_percent for cache in seen.caches), default=None),
        cache_evictions=sum(cache.total_evictions for cache in seen.caches) if seen.caches else None,
        pool_utilization_percent=page.pool_utilization_percent,
        pool_wait_ms_p95=page.pool_wait_ms_p95,
        redis_clients=server.connected_clients if server else None,
        requests_delta=page.requests,
        errors_delta=page.errors,
        request_ms_p95=page.request_ms_p95,
        platform_uptime_seconds=page.uptime_seconds if uptime is None else uptime,
        redis_uptime_seconds=server.uptime_seconds if server else None,
    )
    return check, after


def _total(queues: Iterable[QueueSample], figure: Callable[[QueueSample], int | None]) -> int | None:
    """Add up what is known; None where nothing is. A part warns where not all of it is."""
    known = [value for queue in queues if (value := figure(queue)) is not None]
    return sum(known) if known else None
