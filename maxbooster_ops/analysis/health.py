"""The verdict on the platform, component by component, as far as the newest facts tell.

Belongs here: the verdict and its reasons. Not here: alert states, which know what lasted how long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from maxbooster_ops.analysis.components import WATCHED, Watched
from maxbooster_ops.analysis.thresholds import THRESHOLDS, Limits
from maxbooster_ops.store.snapshot import Snapshot

STALE_AFTER = timedelta(minutes=3)
"""Age of the newest beat from which collection counts as stopped (spec: alerts, "pipeline_failure")."""

COMPONENTS = ("collection", *(part.name for part in WATCHED))
"""What is judged, in the order it is shown."""


class Verdict(StrEnum):
    """What is said of one component; the last two are no judgement, since there is nothing to judge."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    NOTHING_SEEN = "nothing seen"
    NOT_WATCHED = "not watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of the platform: `details` say what speaks against it, `note` why there is nothing to judge."""

    name: str
    verdict: Verdict
    details: tuple[str, ...] = ()
    note: str | None = None

    @property
    def healthy(self) -> bool:
        """Nothing speaks against it."""
        return self.verdict is not Verdict.DEGRADED

    @property
    def why(self) -> tuple[str, ...]:
        """Give what a person reads beside the verdict."""
        return self.details or ((self.note,) if self.note else ())


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

    def count(self, verdict: Verdict) -> int:
        """Count the components of which this is said."""
        return sum(component.verdict is verdict for component in self.components)


def judge_health(seen: Snapshot, limits: Limits, *, now: datetime) -> Health:
    """Judge what was last seen; a part that is not watched counts for nothing, collection that stopped as degraded."""
    tables, failing = _tables_with_rows(seen), {failure.source for failure in seen.failures}
    read = {part.setting for part in WATCHED if part.table in tables or part.source in failing}
    collection = tuple(_collection(seen, now))
    parts = (
        _judged(part, tuple(_against(part, seen, limits)), has_rows=part.table in tables, is_read=part.setting in read)
        if seen.beat
        else Component(name=part.name, verdict=Verdict.NOTHING_SEEN)
        for part in WATCHED
    )
    first = Component(name="collection", verdict=_verdict(collection), details=collection)
    return Health(at=now, components=(first, *parts))


def _judged(part: Watched, details: tuple[str, ...], *, has_rows: bool, is_read: bool) -> Component:
    """Judge one part. `is_read` tells that its address is: where one part of it was seen, all of them are watched."""
    if details or has_rows:  # a breach needs rows, a failure none
        return Component(name=part.name, verdict=_verdict(details), details=details)
    if is_read or part.setting is None:
        return Component(name=part.name, verdict=Verdict.NOTHING_SEEN, note="it was read, and nothing was there")
    return Component(name=part.name, verdict=Verdict.NOT_WATCHED, note=f"set {part.setting} to watch it")


def _verdict(details: Sequence[str]) -> Verdict:
    return Verdict.DEGRADED if details else Verdict.HEALTHY


def _tables_with_rows(seen: Snapshot) -> frozenset[str]:
    facts = (seen.redis, seen.host, *seen.queues, *seen.ai_caches, *seen.probes, *seen.metrics)
    return frozenset(fact.table for fact in facts if fact)


def _against(part: Watched, seen: Snapshot, limits: Limits) -> Iterator[str]:
    """Give everything that speaks against one part."""
    for failure in seen.failures:
        if failure.source == part.source:
            target = "" if failure.target in failure.reason else f"{failure.target} "  # many reasons name it themselves
            yield f"{target}cannot be read: {failure.reason}"
    for threshold in THRESHOLDS:
        if threshold.table == part.table:
            yield from (_said(threshold.name, str(breach)) for breach in threshold.breaches(seen, limits))


def _said(threshold: str, breach: str) -> str:
    """Name the threshold with its breach, once: that of a single series has the series' name."""
    return breach if breach.startswith(threshold) else f"{threshold}: {breach}"


def _collection(seen: Snapshot, now: datetime) -> Sequence[str]:
    if seen.beat is None:
        return ["no beat within the last hour: start `maxbooster-ops up`"]
    age = now - seen.beat.ts
    return [f"the newest beat is {age.total_seconds():.0f} s old"] if age > STALE_AFTER else []
