"""Rollups: the asset, one partition a day.

Belongs here: what a run is asked for, and what Dagster shows of it. Not here: rolling up (`analysis/rollups/`).
"""

import dagster as dg
from pydantic import Field

from maxbooster_ops.analysis.rollups.rolling import RolledUp, roll_up, roll_up_day
from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.groups import ANALYSIS, OWNERS
from maxbooster_ops.pipelines.resources import OpsResource

DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01", timezone="UTC", end_offset=1)
"""Today is a partition too: what has ended of it is rolled up."""


class RollupsConfig(dg.Config):
    """What a run rolls up. Left as it is, the whole days of its partitions over again; without any, what is due."""

    since_last_time: bool = Field(
        default=False,
        description="Only what became due since the last time, got late rows or was missed, whatever the partition.",
    )


@dg.asset(
    group_name=ANALYSIS,
    owners=OWNERS,
    kinds={"duckdb"},
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="rollups",  # of two runs at once, the one that read first must not write last
    deps=[
        "queue_samples",
        "queue_jobs",
        "tracked_executions",
        "redis_samples",
        "host_samples",
        "probe_results",
        "metric_samples",
        "ai_cache_samples",
    ],
    description="Count, mean, extremes and percentiles of every series by the minute, half hour and day.",
)
def rollups(context: dg.AssetExecutionContext, config: RollupsConfig, ops: OpsResource) -> dg.MaterializeResult[None]:
    """Roll up what is due, or whole days; running it again changes nothing."""
    now = utc_now()
    with ops.store() as store:
        # A run launched without a partition, from the launchpad or by a program, has nothing else that it could mean.
        if config.since_last_time or not _has_partitions(context):
            done = [roll_up(store, now)]
        else:
            days = [DAYS.time_window_for_partition_key(key).start.date() for key in context.partition_keys]
            done = [roll_up_day(store, day, now) for day in days]
    return dg.MaterializeResult(metadata=_metadata(done, lag_seconds=(now - done[-1].until).total_seconds()))


def _has_partitions(context: dg.AssetExecutionContext) -> bool:
    return bool(context.has_partition_key or context.has_partition_key_range)


def _metadata(done: list[RolledUp], *, lag_seconds: float) -> dict[str, dg.MetadataValue | float | int]:
    days = [*dict.fromkeys(f"{day} rolled up" for each in done for day in each.days_done)]
    days += [f"{day} to do" for each in done for day in each.days_left]
    numbers = {
        "series": max(each.series for each in done),
        "rows": sum(each.written for each in done),
        "rows_removed": sum(each.removed for each in done),
        "late_windows": sum(each.late_half_hours for each in done),
        "lag_seconds": lag_seconds,
        "days_left": sum(len(each.days_left) for each in done),
        "longest_lock_seconds": round(max(each.longest_lock_seconds for each in done), 3),
    }
    listed = {"days": dg.MetadataValue.md("\n".join(f"- {day}" for day in days))} if days else {}
    return {**numbers, **listed}
