"""Executions in numbers: per job, over all jobs, and the slowest single ones.

Belongs here: reading them, and the product's own targets for jobs. Not here: what to do about slow ones
(`recommending.py`), or the arithmetic (`store/migrations/lake/0006_executions.sql`, which users ask too).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

QUERIES = Path(__file__).with_name("executions.sql")

TARGET_FAILED = 0.05
"""Less than this share of all executions may fail (spec: analysis, "Targets of the product itself")."""

TARGET_AVERAGE_MS = 30_000.0
"""An execution takes less than this on average (same place)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMetrics:
    """One job over a window. Of `executions`, `timed` have a duration; with none, durations are None."""

    job: str
    executions: int
    successes: int
    failures: int
    success_rate: float
    timed: int
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    slowest_ms: float | None
    wait_ms_p95: float | None
    last_run: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowExecution:
    """One of the slowest executions; `origin` is `bullmq` or `tracked`."""

    job: str
    run_id: str
    duration_ms: float
    wait_ms: float | None
    success: bool
    attempt: int | None
    error: str | None
    ended_at: datetime
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """All jobs together; shares and averages are None where nothing ran, or nothing was timed."""

    jobs: int
    executions: int
    failures: int
    failed_share: float | None
    avg_ms: float | None
    slowest_ms: float | None

    @property
    def meets_failures(self) -> bool | None:
        """Tell whether few enough fail; None where nothing ran."""
        return None if self.failed_share is None else self.failed_share < TARGET_FAILED

    @property
    def meets_average(self) -> bool | None:
        """Tell whether executions are fast enough; None where none was timed."""
        return None if self.avg_ms is None else self.avg_ms < TARGET_AVERAGE_MS


def job_metrics(lake: Lake, start: datetime, until: datetime) -> list[JobMetrics]:
    """Give every job that ran with `start <= ts < until`, the busiest first."""
    rows = lake.query(named_queries(QUERIES)["job_metrics"], {"from": start, "until": until})
    return [JobMetrics(**row) for row in rows]


def slowest_operations(lake: Lake, start: datetime, until: datetime) -> list[SlowExecution]:
    """Give the twenty slowest executions of the window, the slowest first."""
    rows = lake.query(named_queries(QUERIES)["slowest_operations"], {"from": start, "until": until})
    return [SlowExecution(**row) for row in rows]


def totals(metrics: Sequence[JobMetrics]) -> Totals:
    """Add jobs up; averages are of single executions, so a job counts as often as it ran."""
    executions, failures = sum(job.executions for job in metrics), sum(job.failures for job in metrics)
    timed = [(job.timed, job.avg_ms) for job in metrics if job.avg_ms is not None]
    count = sum(number for number, _ in timed)
    return Totals(
        jobs=len(metrics),
        executions=executions,
        failures=failures,
        failed_share=failures / executions if executions else None,
        avg_ms=sum(number * avg for number, avg in timed) / count if count else None,
        slowest_ms=max((job.slowest_ms for job in metrics if job.slowest_ms is not None), default=None),
    )
