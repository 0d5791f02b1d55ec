"""Baselines: those that come by themselves, the button that saves one, and the weekly one.

Belongs here: the asset, the job, the schedule. Not here: what a baseline is, and when one is due
(`analysis/baselines/`).
"""

from datetime import datetime

import dagster as dg
from pydantic import Field

from maxbooster_ops.analysis.baselines.baseline import LAUNCH_BASELINE, Kind
from maxbooster_ops.analysis.baselines.baseline_file import duration_text
from maxbooster_ops.analysis.baselines.keeping import Version, versions
from maxbooster_ops.analysis.baselines.saving import WEEKLY, Saved, last_monday, save, save_due
from maxbooster_ops.clock import utc_now
from maxbooster_ops.durations import duration_of
from maxbooster_ops.errors import UsageError
from maxbooster_ops.pipelines.groups import ANALYSIS, OWNERS
from maxbooster_ops.pipelines.refusals import marking_refusals
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.tables import markdown_table

_SHOWN = 50
_ON_DEMAND = tuple(kind for kind in Kind if kind is not Kind.AUTOMATIC)


class SaveBaselineConfig(dg.Config):
    """Which baseline a run saves. Left as it is, the last hour becomes the baseline of the launch."""

    name: str = Field(
        default=LAUNCH_BASELINE,
        description="Its name: letters, digits, dots, hyphens, underscores. A name that exists gets a new version.",
    )
    kind: str = Field(default=Kind.NAMED.value, description=f"The occasion: {', '.join(_ON_DEMAND)}.")
    last: str | None = Field(
        default=None,
        description="How long to measure, such as `2h30m`. Empty: 1 h; weekly 7 d, post_launch 24 h.",
    )
    until: str | None = Field(default=None, description="The end of what is measured, ISO 8601 (UTC). Empty: now.")


@dg.asset(group_name=ANALYSIS, owners=OWNERS, kinds={"duckdb"}, deps=["rollups", "tracked_executions"])
def baselines(ops: OpsResource) -> dg.MaterializeResult[None]:
    """Keep what later values are held against; what is due is saved: weekly, 24 h after a launch, per job."""
    now = utc_now()
    with ops.store() as store:
        saved = save_due(store.lake, now)
        kept = versions(store.lake, now)
    return dg.MaterializeResult(metadata={**_counts(kept), "saved": len(saved), "newest": _table(kept)})


@dg.op(description="Measure a time and keep it as a baseline, in the lake and as a file.")
def save_one_baseline(context: dg.OpExecutionContext, config: SaveBaselineConfig, ops: OpsResource) -> None:
    """Save the baseline that the launchpad or the schedule asks for, and record it on the asset `baselines`."""
    now = utc_now()
    with ops.store() as store:
        with marking_refusals(context):
            until = _moment(config.until) if config.until else now
            length = duration_of("last", config.last) if config.last else None
            saved = save(store.lake, config.name, kind=_kind(config.kind), length=length, now=until)
        kept = versions(store.lake, max(now, until))
    context.log_event(dg.AssetMaterialization("baselines", metadata=_saved(saved) | _counts(kept)))


@dg.job(
    description="Save a baseline: how every series is now, to hold later values against.",
    executor_def=dg.in_process_executor,
)
def save_baseline() -> None:
    """Give the launchpad and the schedule something to launch."""
    save_one_baseline()


@dg.schedule(
    name="baseline_weekly",
    job=save_baseline,
    cron_schedule="0 0 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every Monday at 00:00 a baseline of the past week.",
)
def baseline_weekly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for the run of one week."""
    monday = last_monday(context.scheduled_execution_time).isoformat()
    config = SaveBaselineConfig(name=WEEKLY, kind=Kind.WEEKLY.value, until=monday)
    return dg.RunRequest(run_key=monday, run_config=dg.RunConfig(ops={"save_one_baseline": config}))


def _saved(saved: Saved) -> dict[str, dg.MetadataValue]:
    baseline = saved.baseline
    rows = [
        (metric.series, ", ".join(metric.labels.values()), metric.count, metric.p50, metric.p95)
        for metric in baseline.metrics
    ]
    return {
        "name": dg.MetadataValue.text(baseline.name),
        "duration": dg.MetadataValue.text(duration_text(baseline.until - baseline.start)),
        "file": dg.MetadataValue.path(str(saved.file)),
        "series": dg.MetadataValue.int(len(rows)),
        "values": dg.MetadataValue.md(markdown_table(("series", "of", "values", "typical", "p95"), rows)),
    }


def _counts(kept: list[Version]) -> dict[str, dg.MetadataValue]:
    return {
        "baselines": dg.MetadataValue.int(len({version.name for version in kept})),
        "versions": dg.MetadataValue.int(len(kept)),
        "automatic": dg.MetadataValue.int(len({one.name for one in kept if one.kind is Kind.AUTOMATIC})),
    }


def _table(kept: list[Version]) -> dg.MetadataValue:
    columns = ("name", "kind", "saved", "duration", "series", "values")
    rows = [
        (one.name, str(one.kind), one.ts, duration_text(one.until - one.start), one.series, one.values)
        for one in kept[:_SHOWN]
    ]
    return dg.MetadataValue.md(markdown_table(columns, rows))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"until: `{text}` is no moment. Expected ISO 8601, such as `2026-11-23T00:00Z`.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)


def _kind(text: str) -> Kind:
    if text not in _ON_DEMAND:
        raise UsageError(f"kind: `{text}` is no occasion. Expected one of: {', '.join(_ON_DEMAND)}.")
    return Kind(text)
