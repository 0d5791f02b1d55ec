"""How large a home gets, Dagster's records included: `python tests/benchmarks/home_size.py --home DIR [--days 3]`.

Run it beside `maxbooster-ops up --home DIR`. It makes the runs that the schedules would make in so many days, one after
the other in this process and with the real jobs against the real instance, notes the sensors' and schedules' ticks as
the daemon does, keeps house at the simulated hours, and prints what every part of the home weighs every six hours.

`--thinned` makes only every tenth run of `collect` and every third of `health`, which takes 20 minutes instead of two
hours: of each job no more than the newest 200 are kept anyway, and every number is passed all the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # instead of this folder, whose bullmq.py hides the package

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorType, TickData, TickStatus

from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.housekeeping import sizes
from maxbooster_ops.pipelines.instance_upkeep import RunRetention, drop_runs, drop_tick_logs, vacuum_records
from maxbooster_ops.store.home import Home

SENSORS = ("alert_rules", "notifications")
TICKS_PER_MINUTE = 6
JOBS = {"collect": 1, "health": 5, "aggregate": 30, "redrive": 60}
"""Every how many minutes a job runs. The upkeep's own runs are as the hourly job's."""


def run(job: str, instance: dg.DagsterInstance) -> bool:
    definition = defs.get_job_def(job)
    keys = definition.partitions_def.get_partition_keys() if definition.partitions_def else [None]
    return definition.execute_in_process(instance=instance, partition_key=keys[-1], raise_on_error=False).success


def note_ticks(instance: dg.DagsterInstance, minute: datetime) -> None:
    for name in SENSORS:
        for tick in range(TICKS_PER_MINUTE):
            at = (minute + timedelta(seconds=10 * tick)).timestamp()
            _tick(instance, name, InstigatorType.SENSOR, TickStatus.SKIPPED, at)
    _tick(instance, "collect_every_minute", InstigatorType.SCHEDULE, TickStatus.SUCCESS, minute.timestamp())


def _tick(instance: dg.DagsterInstance, name: str, kind: InstigatorType, status: TickStatus, at: float) -> None:
    instance.create_tick(
        TickData(
            instigator_origin_id=f"simulated-{name}",
            instigator_name=name,
            instigator_type=kind,
            status=status,
            timestamp=at,
            end_timestamp=at + 0.1,
            selector_id=f"simulated-{name}",
            run_ids=[],
        )
    )


def purge_ticks(instance: dg.DagsterInstance, now: datetime) -> None:
    """Do what Dagster's daemon does by `retention:` in dagster.yaml."""
    for kind, days in (
        (InstigatorType.SENSOR, {"SKIPPED": 1, "SUCCESS": 3}),
        (InstigatorType.SCHEDULE, {"SUCCESS": 7}),
    ):
        names = SENSORS if kind is InstigatorType.SENSOR else ("collect_every_minute",)
        for name in names:
            for status, kept in days.items():
                before = (now - timedelta(days=kept)).timestamp()
                origin = f"simulated-{name}"
                instance.purge_ticks(origin, origin, before=before, tick_statuses=[TickStatus[status]])


def keep_house(instance: dg.DagsterInstance, home: Home) -> int:
    # Runs of the last hour are left alone; the simulated hour has passed.
    later = datetime.now(UTC) + timedelta(hours=2)
    dropped = sum(freed.rows for freed in drop_runs(instance, RunRetention(), now=later))
    list(drop_tick_logs(home.dagster, now=later))
    list(vacuum_records(home.dagster))
    return dropped


THINNED = {**JOBS, "collect": 10, "health": 15}


def main(home: Home, days: float, jobs: Mapping[str, int]) -> None:
    os.environ["MAXBOOSTER_HOME"] = str(home.root)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    began, done = time.monotonic(), Counter[str]()
    start = datetime.now(UTC) - timedelta(days=days)
    with dg.DagsterInstance.get() as instance:
        for minute in range(1, int(days * 1440) + 1):
            now = start + timedelta(minutes=minute)
            for job, every in jobs.items():
                if minute % every == 0:
                    done[job if run(job, instance) else f"{job} failed"] += 1
            note_ticks(instance, now)
            if minute % 60 == 0:
                dropped = keep_house(instance, home)
                done["cleanup" if run("cleanup", instance) else "cleanup failed"] += 1
                purge_ticks(instance, now)
                if minute % 360 == 0:
                    parts = ", ".join(f"{name} {size:.1f}" for name, size in sizes(home).items())
                    print(f"day {minute / 1440:.2f}: {parts}; {dropped} runs dropped, {dict(done)}", flush=True)
    print(f"{days} days in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--days", type=float, default=3)
    parser.add_argument("--thinned", action="store_true")
    options = parser.parse_args()
    main(Home(root=options.home), options.days, THINNED if options.thinned else JOBS)
