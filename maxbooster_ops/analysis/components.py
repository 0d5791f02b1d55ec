"""The parts of a platform that are judged: which source sees each, in which table, and which setting switches it on.

Belongs here: one line per source. Not here: what is too much (`thresholds.py`) or the verdict (`health.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A part of the platform by the name that people see, the source that reads it and the table that it fills.

    `setting` is the variable without which nobody reads it; None where it is always read.
    """

    name: str
    source: str
    table: str
    setting: str | None


WATCHED: tuple[Watched, ...] = (
    Watched(name="queues", source="bullmq", table="queue_samples", setting="REDIS_URL"),
    Watched(name="redis", source="redis", table="redis_samples", setting="REDIS_URL"),
    Watched(name="aiModels", source="ai_caches", table="ai_cache_samples", setting="PLATFORM_URL"),
    Watched(name="application", source="metrics", table="metric_samples", setting="PLATFORM_URL"),
    Watched(name="host", source="host", table="host_samples", setting=None),
    Watched(name="monitors", source="probes", table="probe_results", setting="PLATFORM_URL"),
)
