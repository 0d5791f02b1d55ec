"""Whether the AI model caches had room.

Belongs here: utilization and evictions. Not here: the memory that models take (`memory.py`).
"""

from __future__ import annotations

from itertools import pairwise

from maxbooster_ops.readiness.burn_in.judgement import Reason
from maxbooster_ops.readiness.burn_in.verdict.drifting import Watched, drift_of
from maxbooster_ops.readiness.burn_in.verdict.evidence import Evidence, below, conditional, measured
from maxbooster_ops.readiness.burn_in.verdict.timeline import Timeline
from maxbooster_ops.readiness.report.wording import number
from maxbooster_ops.store.findings import BurnInCheck

_SATURATED_SHARE = 0.5
"""Of the checks: full for half of the time is no peak any more."""

_CACHE = Watched(name="AI cache utilization", unit="%")


def weigh_caches(timeline: Timeline) -> Evidence:
    """Weigh how full the fullest AI cache was, and how many models had to go."""
    limit = timeline.plan.thresholds.cache_utilization_percent
    known = timeline.numbers(_utilization)
    evictions = _evictions(timeline)
    drift = drift_of(_CACHE, timeline.values(_utilization))
    return Evidence(
        reasons=_on_utilization(timeline, limit, evictions),
        figures=[
            below("highest AI cache utilization", max(known, default=None), limit, "%"),
            measured("models put out of AI caches", evictions, ""),
        ],
        drifts=[drift] if drift else [],
    )


def _utilization(check: BurnInCheck) -> float | None:
    return check.cache_utilization_percent


def _evictions(timeline: Timeline) -> float | None:
    """Add up what came; a count that fell started again from zero."""
    known = timeline.numbers(lambda check: check.cache_evictions)
    if not known:
        return None
    return sum(after - before if after >= before else after for before, after in pairwise(known))


def _on_utilization(timeline: Timeline, limit: float, evictions: float | None) -> list[Reason]:
    known = timeline.numbers(_utilization)
    if not known:
        unknown = conditional("cache", "nobody knows how full the AI caches were: no check could see them")
        return [] if timeline.is_never_there("ai_caches") else [unknown]
    over = [value for value in known if value >= limit]
    if not over:
        return []
    put_out = f", and {evictions:,.0f} models were put out" if evictions else ""
    where = f"in {len(over):,} of {len(known):,} checks, {number(max(known), beside=limit)} % at most{put_out}"
    if len(over) >= _SATURATED_SHARE * len(known):
        text = f"an AI cache is saturated: at {limit:g} % or more {where}; the promise is less"
        return [conditional("cache", text)]
    return [conditional("cache", f"an AI cache reached {limit:g} % {where}; the promise is less")]
