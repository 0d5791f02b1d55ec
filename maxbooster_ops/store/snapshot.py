"""The platform at one moment: the newest fact of every kind.

Belongs here: the data. Not here: reading it from the lake (`latest.py`) or judging it (`analysis/`).
"""

from __future__ import annotations

from dataclasses import dataclass

from maxbooster_ops.store.facts import (
    AiCacheSample,
    BeatTaken,
    HostSample,
    MetricSample,
    ProbeResult,
    QueueSample,
    RedisSample,
    SourceFailure,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The platform as last seen. An empty part was not seen within the last hour, or is not watched."""

    beat: BeatTaken | None
    queues: tuple[QueueSample, ...] = ()
    redis: RedisSample | None = None
    host: HostSample | None = None
    ai_caches: tuple[AiCacheSample, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    metrics: tuple[MetricSample, ...] = ()
    failures: tuple[SourceFailure, ...] = ()
