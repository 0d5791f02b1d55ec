"""The parts of a platform that are judged: which source sees each, and in which table.

Belongs here: one line per source. Not here: what is too much (`thresholds.py`) or the verdict (`health.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A part of the platform by the name that people see, the source that reads it and the table that it fills."""

    name: str
    source: str
    table: str


WATCHED: tuple[Watched, ...] = (
    Watched(name="queues", source="bullmq", table="queue_samples"),
    Watched(name="redis", source="redis", table="redis_samples"),
    Watched(name="aiModels", source="ai_caches", table="ai_cache_samples"),
    Watched(name="application", source="metrics", table="metric_samples"),
    Watched(name="host", source="host", table="host_samples"),
    Watched(name="monitors", source="probes", table="probe_results"),
)
