"""Executions of jobs: how each job does and which operations are too slow, over the last 24 hours.

Belongs here: the assets and their checks. Not here: the numbers, the targets and the advice (`analysis/executions/`).
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from maxbooster_ops.analysis.executions.bottlenecks import Bottleneck
from maxbooster_ops.analysis.executions.bottlenecks import bottlenecks as find_bottlenecks
from maxbooster_ops.analysis.executions.metrics import JobMetrics, SlowExecution, Totals, slowest_operations, totals
from maxbooster_ops.analysis.executions.metrics import job_metrics as measure_jobs
from maxbooster_ops.analysis.executions.recommending import Severity
from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.groups import ANALYSIS, OWNERS
from maxbooster_ops.pipelines.presenting import Result, selected
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.tables import markdown_table

_WINDOW = timedelta(hours=24)

_SHOWN_JOBS = 100
_ERROR_CHARACTERS = 100


@dg.multi_asset(
    name="job_metrics",
    specs=[
        dg.AssetSpec(
            "job_metrics",
            group_name=ANALYSIS,
            owners=OWNERS,
            kinds={"duckdb"},
            description="Every job over the last 24 hours: executions, failures, how long they took and waited.",
            deps=["queue_jobs", "tracked_executions"],
        )
    ],
    check_specs=[
        dg.AssetCheckSpec("job_failures", asset="job_metrics", description="Less than 5 % of all executions failed."),
        dg.AssetCheckSpec("job_average", asset="job_metrics", description="Executions took less than 30 s on average."),
    ],
    can_subset=True,  # makes the checks optional: where nothing ran, nothing is judged
)
def job_metrics(context: dg.AssetExecutionContext, ops: OpsResource) -> Iterator[Result]:
    """Measure every job."""
    now = utc_now()
    with ops.lake() as lake:
        metrics, slowest = measure_jobs(lake, now - _WINDOW, now), slowest_operations(lake, now - _WINDOW, now)
    yield from selected(context, _results(metrics, slowest))


@dg.asset(
    group_name=ANALYSIS, owners=OWNERS, kinds={"duckdb"}, deps=["queue_jobs", "tracked_executions", "metric_samples"]
)
def bottlenecks(ops: OpsResource) -> dg.MaterializeResult[None]:
    """Jobs, routes and queries that were too slow in the last 24 hours, each with a recommendation."""
    now = utc_now()
    with ops.lake() as lake:
        found = find_bottlenecks(lake, now - _WINDOW, now)
    high = sum(bottleneck.evidence.severity is Severity.HIGH for bottleneck in found)
    return dg.MaterializeResult(
        metadata={
            "medium": len(found) - high,
            "high": high,
            "worst_ms": max((bottleneck.evidence.worst_ms for bottleneck in found), default=0.0),
            "operations": dg.MetadataValue.md(_bottleneck_table(found)),
        }
    )


def _results(metrics: list[JobMetrics], slowest: list[SlowExecution]) -> Iterator[Result]:
    total = totals(metrics)
    yield dg.MaterializeResult(
        asset_key="job_metrics",
        metadata={
            **_numbers(total),
            "per_job": dg.MetadataValue.md(_job_table(metrics)),
            "slowest": dg.MetadataValue.md(_slowest_table(slowest)),
        },
    )
    yield from _checks(total, metrics)


def _numbers(total: Totals) -> dict[str, float]:
    numbers = {
        "jobs": total.jobs,
        "executions": total.executions,
        "failures": total.failures,
        "failed_percent": None if total.failed_share is None else 100 * total.failed_share,
        "avg_ms": total.avg_ms,
        "slowest_ms": total.slowest_ms,
    }
    return {name: value for name, value in numbers.items() if value is not None}


def _checks(total: Totals, metrics: list[JobMetrics]) -> Iterator[dg.AssetCheckResult]:
    if total.failed_share is not None and total.meets_failures is not None:
        failing = [f"{job.job}: {job.failures} of {job.executions}" for job in _most_failing(metrics)]
        said = f"{100 * total.failed_share:.1f} % of all executions failed. {'; '.join(failing)}"
        yield _check("job_failures", passed=total.meets_failures, said=said)
    if total.avg_ms is not None and total.meets_average is not None:
        yield _check("job_average", passed=total.meets_average, said=f"{total.avg_ms / 1000:.1f} s on average.")


def _check(name: str, *, passed: bool, said: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key="job_metrics",
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=said.strip(),
    )


def _most_failing(metrics: list[JobMetrics]) -> list[JobMetrics]:
    return sorted((job for job in metrics if job.failures), key=lambda job: -job.failures)[:5]


def _job_table(metrics: list[JobMetrics]) -> str:
    return markdown_table(
        (
            "job",
            "executions",
            "failures",
            "avg ms",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "slowest ms",
            "last run",
            "last error",
        ),
        (
            (
                job.job,
                job.executions,
                job.failures,
                job.avg_ms,
                job.p50_ms,
                job.p95_ms,
                job.p99_ms,
                job.slowest_ms,
                job.last_run,
                (job.last_error or "–")[:_ERROR_CHARACTERS],
            )
            for job in metrics[:_SHOWN_JOBS]
        ),
    )


def _slowest_table(slowest: list[SlowExecution]) -> str:
    rows = ((run.job, run.run_id, run.duration_ms, run.ended_at, run.success) for run in slowest)
    return markdown_table(("job", "run", "ms", "ended", "success"), rows)


def _bottleneck_table(found: list[Bottleneck]) -> str:
    return markdown_table(
        ("severity", "operation", "worst ms", "p50 ms", "p95 ms", "pattern", "recommendation"),
        (
            (
                seen.severity,
                seen.operation,
                seen.worst_ms,
                seen.p50_ms,
                seen.p95_ms,
                advice.pattern,
                advice.recommendation,
            )
            for seen, advice in ((bottleneck.evidence, bottleneck.recommendation) for bottleneck in found)
        ),
    )
