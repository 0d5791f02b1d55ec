"""Service levels: every five minutes what is left of the budgets and how fast they burn, every month a report.

Belongs here: the assets, their checks and the schedule of the report. Not here: counting and arithmetic (`slo/`).
`slo_status` runs in the job `health`.
"""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from maxbooster_ops.alerting.records.planned_work import planned_work
from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.groups import ANALYSIS, OWNERS
from maxbooster_ops.pipelines.presenting import Result, selected
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.slo.maintenance_file import load_maintenance
from maxbooster_ops.slo.objective_file import load_objectives
from maxbooster_ops.slo.report import Month, as_markdown, report_month, write_report
from maxbooster_ops.slo.status import Status, judge_objectives
from maxbooster_ops.slo.status_text import concern, numbers, status_table
from maxbooster_ops.slo.windows import keep_windows, since

CHECKED_SERVICES = ("API", "Generation", "Database", "Frontend", "Search")
"""The default services: which checks there are is fixed when the code is loaded, before any file is read."""


def _check_name(service: str) -> str:
    return f"{service.lower()}_budget"


@dg.multi_asset(
    name="slo_status",
    specs=[
        dg.AssetSpec(
            "slo_status",
            group_name=ANALYSIS,
            owners=OWNERS,
            kinds={"duckdb"},
            description="Every service level objective: budget spent and left, burn rates; see `maxbooster-ops slo`.",
            deps=["metric_samples", "probe_results", "queue_jobs"],
            skippable=True,
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            _check_name(service), asset="slo_status", description=f"{service} keeps within its error budgets."
        )
        for service in CHECKED_SERVICES
    ],
    can_subset=True,  # makes every output optional: a service of which nothing was seen is not judged
)
def slo_status(context: dg.AssetExecutionContext, ops: OpsResource) -> Iterator[Result]:
    """Compute the windows that have ended, and show how every objective stands."""
    now = utc_now()
    with ops.store() as store:
        objectives = load_objectives(store.home.objectives)
        file = load_maintenance(store.home.maintenance, objectives.services)
        with store.state.reading() as connection:
            planned = [*file.planned, *planned_work(connection, objectives.services, since(store.state, now))]
        windows = keep_windows(store, objectives.active, planned, now=now)
        statuses = judge_objectives(store.lake, objectives.active, planned, now=now)
    for problem in (*objectives.problems, *file.problems):
        context.log.warning(str(problem))
    yield from selected(context, _results(statuses, new_windows=len(windows)))


def _results(statuses: list[Status], *, new_windows: int) -> Iterator[Result]:
    yield dg.MaterializeResult(
        asset_key="slo_status",
        metadata={
            "objectives": dg.MetadataValue.md(status_table(statuses)),
            "new_windows": new_windows,
            **numbers(statuses),
        },
    )
    for service in CHECKED_SERVICES:
        if found := concern([status for status in statuses if status.service == service]):
            yield dg.AssetCheckResult(
                asset_key="slo_status",
                check_name=_check_name(service),
                passed=found.passed,
                severity=dg.AssetCheckSeverity.ERROR if found.is_grave else dg.AssetCheckSeverity.WARN,
                description=found.words,
            )


class ReportConfig(dg.Config):
    """Which month is reported."""

    month: str | None = Field(default=None, description="Such as `2026-11`. Empty: the last month that has ended.")


@dg.asset(
    group_name=ANALYSIS,
    owners=OWNERS,
    kinds={"duckdb", "markdown"},
    description="A month of every objective as `reports/slo-YYYY-MM.md`; running it again computes it anew.",
    deps=["slo_status"],
)
def slo_report(config: ReportConfig, ops: OpsResource) -> dg.MaterializeResult[None]:
    """Write the report of a month."""
    now = utc_now()
    month = Month.parse(config.month) if config.month else Month.before(now)
    with ops.store() as store:
        home = store.home
        objectives = load_objectives(home.objectives)
        work = load_maintenance(home.maintenance, objectives.services)
        with store.state.reading() as connection:
            planned = [*work.planned, *planned_work(connection, objectives.services, month.start)]
        report = report_month(store.lake, month, objectives.active, planned, now=now)
        file = write_report(home, month, as_markdown(report))
    missed = sum(one.is_kept is False for one in report.objectives)
    return dg.MaterializeResult(
        metadata={
            "report": dg.MetadataValue.md(as_markdown(report)),
            "file": dg.MetadataValue.path(file),
            "missed": missed,
            "partial": report.is_partial,
        }
    )


slo_report_monthly = dg.ScheduleDefinition(
    name="slo_report_monthly",
    target=dg.AssetSelection.assets(slo_report),
    cron_schedule="10 0 1 * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the first of the month the report of the last one.",
)
