"""Housekeeping: every hour what keeps reading fast, every day what keeps the store small.

Belongs here: the assets, their jobs and schedules. Not here: what is kept how long
(`store/maintenance/retention.py`), or how anything is removed (`store/maintenance/`, `instance_upkeep.py`).
"""

from collections.abc import Mapping
from datetime import timedelta

import dagster as dg
from pydantic import Field

from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.burn_in import runs_of
from maxbooster_ops.pipelines.groups import HOUSEKEEPING, OWNERS
from maxbooster_ops.pipelines.instance_upkeep import RunRetention, drop_runs, drop_tick_logs, vacuum_records
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.tables import markdown_table
from maxbooster_ops.readiness.burn_in.sessions import running
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.maintenance.disk_use import bytes_in
from maxbooster_ops.store.maintenance.freed import Freed, Upkeep
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds
from maxbooster_ops.store.maintenance.retention import Retention
from maxbooster_ops.store.maintenance.upkeep import clean_up, due, tidy
from maxbooster_ops.store.state import open_state
from maxbooster_ops.watching import home_of


class UpkeepConfig(dg.Config):
    """What a run of the upkeep does. Left as it is, it does everything."""

    daily: bool = Field(
        default=True, description="Drop what is no longer kept, merge whole days, vacuum; else only merge what is new."
    )
    dry_run: bool = Field(default=False, description="Only tell what would be dropped, and change nothing.")
    grace_hours: float = Field(
        default=24, ge=1, description="How long what only open transactions can see stays for them."
    )


@dg.asset(
    group_name=HOUSEKEEPING,
    owners=OWNERS,
    kinds={"duckdb", "sqlite"},
    description="The lake, the state and the log files kept small; what each step freed, and how long others waited.",
)
def store_maintenance(config: UpkeepConfig, ops: OpsResource) -> dg.MaterializeResult[None]:
    """Tidy up, or clean up, and show what came of it."""
    settings = ops.settings()
    bounds = Bounds.at(utc_now(), grace=timedelta(hours=config.grace_hours))
    with ops.store() as store:
        if config.dry_run:
            upkeep = due(store, bounds, _retention(settings))
        else:
            upkeep = clean_up(store, bounds, _retention(settings)) if config.daily else tidy(store, bounds)
    return _result(upkeep, sizes(home_of(settings)))


@dg.asset(
    group_name=HOUSEKEEPING,
    owners=OWNERS,
    kinds={"dagster"},
    description="Dagster's own records kept small: old runs with their events and files, and what ticks said.",
)
def instance_housekeeping(
    context: dg.AssetExecutionContext, config: UpkeepConfig, ops: OpsResource
) -> dg.MaterializeResult[None]:
    """Drop runs that nobody looks up any more; hourly, since there is one every minute and each has a file."""
    settings, now = ops.settings(), utc_now()
    home = home_of(settings)
    kept = RunRetention(runs_per_job=settings.maxbooster_keep_runs, days=settings.maxbooster_keep_runs_days)
    spared = _of_running_burn_in(context.instance, home)
    freed = list(drop_runs(context.instance, kept, now=now, spared=spared, dry_run=config.dry_run))
    if not config.dry_run:
        freed += [*drop_tick_logs(home.dagster, now=now), *vacuum_records(home.dagster)]
    return _result(Upkeep(freed=tuple(freed)), sizes(home))


cleanup = dg.define_asset_job(
    "cleanup",
    selection=dg.AssetSelection.assets(store_maintenance, instance_housekeeping),
    description="Drop what is no longer kept, merge files, give room back; Dagster's records too.",
)

cleanup_daily = dg.ScheduleDefinition(
    name="cleanup_daily",
    job=cleanup,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night the whole upkeep.",
)

tidy_hourly = dg.ScheduleDefinition(
    name="tidy_hourly",
    job=cleanup,
    cron_schedule="17 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    run_config=dg.RunConfig(
        ops={name: UpkeepConfig(daily=False) for name in ("store_maintenance", "instance_housekeeping")}
    ),
    description="Every hour what keeps the newest rows fast to read, and Dagster's records few.",
)


def _of_running_burn_in(instance: dg.DagsterInstance, home: Home) -> frozenset[str]:
    """Give the runs of a burn-in under way: one that was killed on the first day shows that day's checks."""
    with open_state(home) as state:
        session = running(state)
    return frozenset(run.run_id for run in runs_of(instance, session)) if session else frozenset()


def _retention(settings: Settings) -> Retention:
    return Retention(raw_days=settings.maxbooster_raw_days, rollup_days=settings.maxbooster_rollup_days)


def sizes(home: Home) -> Mapping[str, float]:
    """Give the size in MB of each part of the home folder."""
    parts = {"lake": home.lake, "state": home.state, "dagster": home.dagster, "logs": home.logs, "home": home.root}
    return {f"{name}_mb": round(bytes_in([path]) / 1024**2, 3) for name, path in parts.items()}


def _result(upkeep: Upkeep, megabytes: Mapping[str, float]) -> dg.MaterializeResult[None]:
    """Show sums that plot and a row per step; raise `dagster.Failure` with the same where a step failed."""
    metadata: dict[str, dg.MetadataValue | float] = {
        "rows_freed": sum(freed.rows for freed in upkeep.freed if freed.step != "flush"),
        "files_freed": sum(freed.files for freed in upkeep.freed),
        "mb_freed": round(sum(freed.bytes for freed in upkeep.freed) / 1024**2, 3),
        "longest_lock_ms": round(1000 * upkeep.longest_lock_seconds, 1),
        **megabytes,
        "steps": dg.MetadataValue.md(_table(upkeep.freed)),
    }
    if upkeep.problems:
        raise dg.Failure("; ".join(upkeep.problems), metadata=metadata, allow_retries=False)
    return dg.MaterializeResult(metadata=metadata)


def _table(freed: tuple[Freed, ...]) -> str:
    rows = (
        (one.step, one.subject, one.rows, one.files, round(one.bytes / 1024), round(1000 * one.locked_seconds))
        for one in freed
    )
    return markdown_table(("step", "of", "rows", "files", "kB", "lock ms"), rows)
