"""`maxbooster-ops jobs`: how jobs do, what is slow, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from maxbooster_ops.analysis.executions.bottlenecks import Bottleneck, bottlenecks
from maxbooster_ops.analysis.executions.metrics import JobMetrics, SlowExecution, job_metrics, slowest_operations
from maxbooster_ops.cli.options import HomeOption, JsonOption, settings_for
from maxbooster_ops.cli.output import console, milliseconds, plain, print_json, print_table, shown
from maxbooster_ops.clock import utc_now
from maxbooster_ops.durations import duration_of
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.watching import home_of

_ERROR_CHARACTERS = 60


def run(
    last: Annotated[str, typer.Option("--last", help="How far to look back, such as `90min`, `24h` or `7d`.")] = "24h",
    slowest: Annotated[bool, typer.Option("--slowest", help="The twenty slowest executions instead.")] = False,
    slow: Annotated[
        bool, typer.Option("--bottlenecks", help="Too slow jobs, routes and queries with advice instead.")
    ] = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show every job: executions, failures, durations, and how long jobs wait.

    Jobs are BullMQ's finished ones, and own ones that track themselves (`maxbooster_ops.jobs.track`).
    """
    if slowest and slow:
        raise UsageError("--slowest and --bottlenecks are two different answers: give one of them.")
    until = utc_now()
    start = until - duration_of("--last", last)
    with open_lake(home_of(settings_for(home)), read_only=True) as lake:
        if slow:
            _show_bottlenecks(bottlenecks(lake, start, until), last, json=json)
        elif slowest:
            _show_slowest(slowest_operations(lake, start, until), last, json=json)
        else:
            _show_jobs(job_metrics(lake, start, until), last, json=json)


def _show_jobs(metrics: Sequence[JobMetrics], last: str, *, json: bool) -> None:
    if json:
        print_json(metrics)
    elif not metrics:
        console.print(f"No job ended within the last {last}. `maxbooster-ops queues` shows what waits.")
    else:
        columns = ("job", "runs", "failed", "ok %", "avg", "p50", "p95", "p99", "slowest", "wait p95", "last run")
        print_table(f"Jobs of the last {last}", columns, map(_job_row, metrics))
        failed = [job for job in metrics if job.last_error]
        if failed:
            rows = ((job.job, _first_line(job.last_error)) for job in failed)
            print_table("\nLast errors", ("job", "error"), rows)


def _job_row(job: JobMetrics) -> tuple[object, ...]:
    durations = (job.avg_ms, job.p50_ms, job.p95_ms, job.p99_ms, job.slowest_ms, job.wait_ms_p95)
    return (
        job.job,
        job.executions,
        job.failures,
        100 * job.success_rate,
        *map(milliseconds, durations),
        job.last_run,
    )


def _show_slowest(executions: Sequence[SlowExecution], last: str, *, json: bool) -> None:
    if json:
        print_json(executions)
    elif not executions:
        console.print(f"No execution within the last {last} was timed.")
    else:
        rows = (
            (run.job, run.run_id, milliseconds(run.duration_ms), run.ended_at, run.success, _first_line(run.error))
            for run in executions
        )
        columns = ("job", "run", "took", "ended", "success", "error")
        print_table(f"Slowest executions of the last {last}", columns, rows)


def _show_bottlenecks(found: Sequence[Bottleneck], last: str, *, json: bool) -> None:
    if json:
        print_json([{**plain(b.evidence), **plain(b.recommendation)} for b in found])
        return
    if not found:
        console.print(f"Nothing was too slow within the last {last}.")
        return
    console.print(f"Too slow within the last {last}", style="bold", highlight=False)
    for bottleneck in found:
        seen, advice = bottleneck.evidence, bottleneck.recommendation
        measured = ", ".join(
            f"{name} {shown(milliseconds(value))}"
            for name, value in (("slowest", seen.slowest_ms), ("p95", seen.p95_ms), ("p50", seen.p50_ms))
            if value is not None
        )
        line = f"\n{seen.severity.upper()} {seen.operation} ({advice.pattern}): {measured}, {seen.executions:,} runs"
        console.print(line, markup=False, highlight=False)
        console.print(f"  {advice.recommendation}", markup=False, highlight=False)


def _first_line(error: str | None) -> str | None:
    return error.partition("\n")[0][:_ERROR_CHARACTERS] if error else None
