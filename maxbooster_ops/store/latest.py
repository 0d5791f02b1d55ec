"""The newest of everything that was collected, as facts.

Belongs here: reading the `latest_*` views back into fact classes. Not here: judging them (`analysis/health.py`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TypeVar

from maxbooster_ops.store.facts import (
    AiCacheEviction,
    AiCacheSample,
    BeatTaken,
    Fact,
    HostSample,
    MetricSample,
    ProbeResult,
    QueueSample,
    RedisSample,
    SourceFailure,
)
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries
from maxbooster_ops.store.snapshot import Snapshot

F = TypeVar("F", bound=Fact)

_QUERIES = Path(__file__).with_suffix(".sql")


def latest(lake: Lake, kind: type[F]) -> list[F]:
    """Give the newest facts of one class (see the view of that table), none where the last hour has none."""
    return [kind(**row) for row in lake.query(named_queries(_QUERIES)[kind.table])]


def last_beat_ever(lake: Lake) -> datetime | None:
    """Give the moment of the newest beat, however long ago."""
    newest: datetime | None = lake.query(named_queries(_QUERIES)["last_beat_ever"])[0]["ts"]
    return newest


def latest_evictions(lake: Lake) -> list[AiCacheEviction]:
    """Give the evictions of the last hour, at most 100, newest first."""
    return latest(lake, AiCacheEviction)


def snapshot(lake: Lake) -> Snapshot:
    """Read everything that is newest."""
    beats, redis, host = latest(lake, BeatTaken), latest(lake, RedisSample), latest(lake, HostSample)
    return Snapshot(
        beat=beats[0] if beats else None,
        queues=tuple(latest(lake, QueueSample)),
        redis=redis[0] if redis else None,
        host=host[0] if host else None,
        ai_caches=tuple(latest(lake, AiCacheSample)),
        probes=tuple(latest(lake, ProbeResult)),
        metrics=tuple(latest(lake, MetricSample)),
        failures=tuple(latest(lake, SourceFailure)),
    )
