"""The verdict on the platform, component by component, as far as the newest facts tell.

Belongs here: the verdict and its reasons. Not here: alert states, which know what lasted how long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maxbooster_ops.analysis.components import WATCHED, Watched
from maxbooster_ops.analysis.thresholds import THRESHOLDS, Limits
from maxbooster_ops.store.snapshot import Snapshot

STALE_AFTER = timedelta(minutes=3)
"""Age of the newest beat from which collection counts as stopped (spec: alerts, "pipeline_failure")."""

COMPONENTS = ("collection", *(part.name for part in WATCHED))
"""What is judged, in the order it is shown."""


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
    parts = [Component(name=part.name, details=tuple(_against(part, seen, limits))) for part in WATCHED]
    return Health(at=now, components=(Component(name="collection", details=tuple(_collection(seen, now))), *parts))


def _against(part: Watched, seen: Snapshot, limits: Limits) -> Iterator[str]:
    """Give everything that speaks against one part."""
    for failure in seen.failures:
        if failure.source == part.source:
            yield f"{failure.target} cannot be read: {failure.reason}"
    for threshold in THRESHOLDS:
        if threshold.table == part.table:
            yield from (f"{threshold.name}: {breach}" for breach in threshold.breaches(seen, limits))


def _collection(seen: Snapshot, now: datetime) -> Sequence[str]:
    if seen.beat is None:
        return ["no beat within the last hour: start `maxbooster-ops up`"]
    age = now - seen.beat.ts
    return [f"the newest beat is {age.total_seconds():.0f} s old"] if age > STALE_AFTER else []
