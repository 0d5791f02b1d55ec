"""Whether connections and open files come back after use.

Belongs here: the database's pool, Redis' clients, open files. Not here: memory (`memory.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from maxbooster_ops.analysis.statistics.slope import Block
from maxbooster_ops.readiness.burn_in.judgement import Drift, Reason
from maxbooster_ops.readiness.burn_in.verdict.drifting import DEGRADES, Watched, drift_of
from maxbooster_ops.readiness.burn_in.verdict.evidence import Evidence, conditional, measured
from maxbooster_ops.readiness.burn_in.verdict.timeline import Get, Timeline
from maxbooster_ops.readiness.report.wording import number
from maxbooster_ops.store.findings import BurnInCheck

EXHAUSTED_PERCENT = 90.0
EXHAUSTED_IN_A_ROW = 3
"""A pool so full in so many checks in a row is no peak: the next ones wait."""

LONGEST_WAIT_MS = 500.0
"""p95 of waiting for a connection; a whole database request may take as long (the product's promise under load)."""

_POOL = Watched(name="database pool utilization", unit="%")


def _pool_percent(check: BurnInCheck) -> float | None:
    return check.pool_utilization_percent


_RETURNED: Mapping[Watched, Get] = {
    Watched(name="clients of Redis", unit="clients", by=Block.MINIMUM, least_difference=20.0): (
        lambda check: check.redis_clients
    ),
    Watched(name="open files of the platform", unit="files", by=Block.MINIMUM, least_difference=50.0): (
        lambda check: check.open_files
    ),
}
"""By the least of each block, since what comes and goes is not what is never given back."""


def weigh_connections(timeline: Timeline) -> Evidence:
    """Weigh whether the pool ran out, and whether something that should be given back piles up."""
    utilization = timeline.numbers(_pool_percent)
    waits = timeline.numbers(lambda check: check.pool_wait_ms_p95)
    piles = [drift for watched, get in _RETURNED.items() if (drift := drift_of(watched, timeline.values(get)))]
    pool = drift_of(_POOL, timeline.values(_pool_percent))
    return Evidence(
        reasons=[
            *_on_exhaustion(timeline),
            *_on_waits(waits),
            *(_on_pile(drift) for drift in piles if drift.verdict == DEGRADES),
        ],
        figures=[
            measured("highest database pool utilization", max(utilization, default=None), "%"),
            measured("longest wait for a database connection, p95", max(waits, default=None), "ms"),
        ],
        drifts=[*([pool] if pool else []), *piles],
    )


def _on_exhaustion(timeline: Timeline) -> list[Reason]:
    def is_full(check: BurnInCheck) -> bool:
        return (_pool_percent(check) or 0.0) >= EXHAUSTED_PERCENT

    longest = max((len(list(run)) for full, run in groupby(timeline.checks, is_full) if full), default=0)
    if longest < EXHAUSTED_IN_A_ROW:
        return []
    said = f"the database's connection pool was used up: {EXHAUSTED_PERCENT:g} % or more in {longest:,} checks in a row"
    return [conditional("connections", f"{said}; {EXHAUSTED_IN_A_ROW} count")]


def _on_waits(waits: list[float]) -> list[Reason]:
    over = [wait for wait in waits if wait >= LONGEST_WAIT_MS]
    if len(over) < EXHAUSTED_IN_A_ROW:
        return []
    said = f"waiting for a database connection took {LONGEST_WAIT_MS:g} ms or more (p95) in {len(over):,} checks"
    return [conditional("connections", f"{said}, {number(max(over))} ms at most; {EXHAUSTED_IN_A_ROW} count")]


def _on_pile(drift: Drift) -> Reason:
    said = f"{drift.name} pile up: {drift.first:,.0f} in the first third, {drift.last:,.0f} in the last"
    return conditional("connections", f"{said}, {number(drift.slope_per_hour)} more per hour and never given back")
