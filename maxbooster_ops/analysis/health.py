"""The verdict on the platform, component by component, as far as the newest facts tell.

Belongs here: the verdict and its reasons. Not here: alert states, which know what lasted how long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maxbooster_ops.analysis.thresholds import THRESHOLDS, Limits
from maxbooster_ops.store.latest import Snapshot

STALE_AFTER = timedelta(minutes=3)
"""Age of the newest beat from which collection counts as stopped (spec: alerts, "pipeline_failure")."""

_TABLE_OF_COMPONENT = {
    "queues": "queue_samples",
    "redis": "redis_samples",
    "aiModels": "ai_cache_samples",
    "application": "metric_samples",
    "host": "host_samples",
    "monitors": "probe_results",
}

COMPONENTS = ("collection", *_TABLE_OF_COMPONENT)
"""What is judged, in the order it is shown."""

_COMPONENT_OF_SOURCE = {
    "bullmq": "queues",
    "redis": "redis",
    "ai_caches": "aiModels",
    "metrics": "application",
    "host": "host",
    "probes": "monitors",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of the platform: healthy unless `details` says why not."""

    name: str
    details: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Nothing speaks against it."""
        return not self.details


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The verdict at `at`."""

    at: datetime
    components: tuple[Component, ...]

    @property
    def healthy(self) -> bool:
        """Every component is."""
        return all(component.healthy for component in self.components)

    @property
    def status(self) -> str:
        """`healthy` or `degraded`."""
        return "healthy" if self.healthy else "degraded"


def judge_health(seen: Snapshot, limits: Limits, *, now: datetime) -> Health:
    """Judge what was last seen; a part that is not watched is healthy, collection that stopped is not."""
    details: dict[str, list[str]] = {name: [] for name in _TABLE_OF_COMPONENT}
    for failure in seen.failures:
        component = _COMPONENT_OF_SOURCE.get(failure.source, "host")
        details[component].append(f"{failure.target} cannot be read: {failure.reason}")
    for name, table in _TABLE_OF_COMPONENT.items():
        for threshold in THRESHOLDS:
            if threshold.table == table:
                details[name] += [f"{threshold.name}: {breach}" for breach in threshold.breaches(seen, limits)]
    collection = Component(name="collection", details=tuple(_collection(seen, now)))
    return Health(at=now, components=(collection, *(Component(name=n, details=tuple(d)) for n, d in details.items())))


def _collection(seen: Snapshot, now: datetime) -> Sequence[str]:
    if seen.beat is None:
        return ["no beat within the last hour: start `maxbooster-ops up`"]
    age = now - seen.beat.ts
    return [f"the newest beat is {age.total_seconds():.0f} s old"] if age > STALE_AFTER else []
