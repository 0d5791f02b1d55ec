"""How fast Redis and the platform answered, and whether they grew slower.

Belongs here: averages, and slow degradation. Not here: being away (`outages.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from maxbooster_ops.readiness.burn_in.judgement import Drift, Reason
from maxbooster_ops.readiness.burn_in.verdict.drifting import DEGRADES, Watched, drift_of
from maxbooster_ops.readiness.burn_in.verdict.evidence import Evidence, below, conditional, fails, measured, note
from maxbooster_ops.readiness.burn_in.verdict.timeline import Get, Timeline
from maxbooster_ops.readiness.report.wording import number
from maxbooster_ops.store.findings import BurnInCheck

_LEAST_HOURS = 2.0
"""Over less, passing load looks like a direction, as it does to trends."""


def _redis_ms(check: BurnInCheck) -> float | None:
    return check.redis_latency_ms


_WATCHED: Mapping[Watched, Get] = {
    Watched(name="latency of Redis", unit="ms", least_difference=5.0): _redis_ms,
    Watched(name="latency of the health endpoint", unit="ms", least_difference=50.0): (
        lambda check: check.health_latency_ms
    ),
    Watched(name="p95 of requests", unit="ms", least_difference=50.0): lambda check: check.request_ms_p95,
}
"""Differences are what a user would begin to notice, or a twentieth of what Redis is allowed."""


def weigh_latency(timeline: Timeline) -> Evidence:
    """Weigh the average latency of Redis, and the drift of whatever people wait for."""
    limit = timeline.plan.thresholds.redis_latency_ms
    average = timeline.mean(_redis_ms)
    known = timeline.numbers(_redis_ms)
    drifts = [
        drift for watched, get in _WATCHED.items() if (drift := drift_of(watched, timeline.values(get))) is not None
    ]
    return Evidence(
        reasons=[
            *_on_average(timeline, average, limit),
            *(_on_degradation(drift, timeline.hours) for drift in drifts if drift.verdict == DEGRADES),
        ],
        figures=[
            below("average latency of Redis", average, limit, "ms"),
            measured("worst latency of Redis", max(known, default=None), "ms"),
            measured("average latency of the health endpoint", timeline.mean(lambda c: c.health_latency_ms), "ms"),
        ],
        drifts=drifts,
    )


def _on_average(timeline: Timeline, average: float | None, limit: float) -> list[Reason]:
    if average is None:
        return (
            []
            if timeline.is_never_there("redis")
            else [fails("redis", "nobody knows how fast Redis was: it never answered")]
        )
    if average < limit:
        return []
    said = f"the average latency of Redis was {number(average, beside=limit)} ms"
    return [fails("redis", f"{said}; the promise is less than {number(limit)} ms")]


def _on_degradation(drift: Drift, hours: float) -> Reason:
    said = (
        f"{drift.name} grew from {number(drift.first)} to {number(drift.last)} ms between the first and the last third"
    )
    if hours < _LEAST_HOURS:
        return note("latency", f"{said}; in less than {_LEAST_HOURS:g} h that may be passing load")
    return conditional("latency", f"{said} and keeps growing, by {number(drift.slope_per_hour)} ms per hour")
