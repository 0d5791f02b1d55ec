"""Analysis: the job that brings every finding up to date, every half hour.

Belongs here: that job and its schedule. Not here: the assets, each in a module of its own.
"""

import dagster as dg

from maxbooster_ops.pipelines.groups import ANALYSIS
from maxbooster_ops.pipelines.rollups import RollupsConfig

# Objectives are judged every five minutes in the job `health`, and reported once a month.
_OBJECTIVES = dg.AssetSelection.key_substring("slo_")

aggregate = dg.define_asset_job(
    "aggregate",
    selection=dg.AssetSelection.groups(ANALYSIS) - _OBJECTIVES,
    description="Roll up what is new, then everything that is found in it: jobs, trends, baselines, regressions.",
)


@dg.schedule(
    name="aggregate_every_30_minutes",
    job=aggregate,
    cron_schedule="*/30 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every half hour, at midnight also for the day that has ended.",
)
def aggregate_every_30_minutes(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for the run of one half hour."""
    at = context.scheduled_execution_time
    return dg.RunRequest(
        run_key=at.isoformat(),
        partition_key=at.strftime("%Y-%m-%d"),
        run_config=dg.RunConfig(ops={"rollups": RollupsConfig(since_last_time=True)}),
    )
