"""The code location that `workspace.yaml` names.

Belongs here: the list of what Dagster loads. Not here: any of it. Loading reads no setting and opens nothing.
"""

from __future__ import annotations

import dagster as dg

from maxbooster_ops.pipelines.alerting import SENSORS, alerts_asset, channels_reach_people
from maxbooster_ops.pipelines.analysis import aggregate, aggregate_every_30_minutes
from maxbooster_ops.pipelines.baselines import baseline_weekly, baselines, save_baseline
from maxbooster_ops.pipelines.burn_in import (
    burn_in,
    burn_in_rehearsal,
    checks_asset,
    newest_is_fit_for_release,
    report_asset,
)
from maxbooster_ops.pipelines.burn_in_supervisor import burn_in_supervisor
from maxbooster_ops.pipelines.chaos import chaos, chaos_asset, chaos_leftovers, newest_drill_is_ready
from maxbooster_ops.pipelines.collection import collect, collect_every_minute, collected
from maxbooster_ops.pipelines.dead_letters import dead_letters, redrive, redrive_hourly, redrive_job
from maxbooster_ops.pipelines.executions import bottlenecks, job_metrics
from maxbooster_ops.pipelines.health import health, health_every_5_minutes, platform_health
from maxbooster_ops.pipelines.housekeeping import (
    cleanup,
    cleanup_daily,
    instance_housekeeping,
    store_maintenance,
    tidy_hourly,
)
from maxbooster_ops.pipelines.regressions import regressions
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.rollups import rollups
from maxbooster_ops.pipelines.run_outcomes import run_failures
from maxbooster_ops.pipelines.slo import slo_report, slo_report_monthly, slo_status
from maxbooster_ops.pipelines.trends import trends
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting

defs = dg.Definitions(
    assets=[
        collected,
        platform_health,
        alerts_asset,
        rollups,
        job_metrics,
        bottlenecks,
        trends,
        slo_status,
        slo_report,
        baselines,
        regressions,
        redrive,
        dead_letters,
        checks_asset,
        report_asset,
        chaos_asset,
        store_maintenance,
        instance_housekeeping,
    ],
    jobs=[collect, health, aggregate, save_baseline, redrive_job, cleanup, burn_in, burn_in_rehearsal, chaos],
    schedules=[
        collect_every_minute,
        health_every_5_minutes,
        aggregate_every_30_minutes,
        slo_report_monthly,
        baseline_weekly,
        redrive_hourly,
        cleanup_daily,
        tidy_hourly,
    ],
    asset_checks=[channels_reach_people, newest_is_fit_for_release, newest_drill_is_ready],
    sensors=[*SENSORS, run_failures, burn_in_supervisor, chaos_leftovers],
    resources={"ops": OpsResource(), "warm": WarmAlerting()},
    # One process per run: the steps are short, and a process per step would cost three more CPU-seconds.
    executor=dg.in_process_executor,
)
