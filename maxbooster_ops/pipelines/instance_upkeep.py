"""Dagster's own records: runs that nobody looks up any more, with everything that belongs to them.

Belongs here: which runs go, and removing their events and files. Not here: when (`housekeeping.py`), or the rows of
ticks, which Dagster removes by itself (`retention:` in `dagster.yaml`). When Dagster deletes a run, it leaves the run's
own database of 120 KB behind.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from dagster._core.events import DagsterEventType
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from maxbooster_ops.store.maintenance.disk_use import bytes_in
from maxbooster_ops.store.maintenance.freed import Freed
from maxbooster_ops.store.maintenance.sqlite_file import size_of, vacuum

_SUCCEEDED = dg.DagsterRunStatus.SUCCESS
_ENDED = (_SUCCEEDED, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_SHOWN = (DagsterEventType.ASSET_MATERIALIZATION.value, DagsterEventType.ASSET_OBSERVATION.value)

_SETTLED_AFTER = timedelta(hours=1)
"""Sensors have seen a run by then, and it was tried again where it is."""

_PAGE = 500
_TICK_LOG_DAYS = 7
_TICK_LOGS = (".err", ".out", ".complete")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRetention:
    """Of each job: so many runs that succeeded and so many that did not, none older than so many days."""

    runs_per_job: int = 200
    days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A run that has ended."""

    run_id: str
    job: str
    succeeded: bool
    ended_at: datetime


def unneeded(
    runs: Iterable[EndedRun], shown: frozenset[str], retention: RunRetention, *, now: datetime
) -> Iterator[EndedRun]:
    """Tell which of `runs`, newest first, may go; `shown` are those that asset pages show the newest results of."""
    seen: Counter[tuple[str, bool]] = Counter()
    for run in runs:
        seen[run.job, run.succeeded] += 1
        age = now - run.ended_at
        too_many = seen[run.job, run.succeeded] > retention.runs_per_job
        if run.run_id not in shown and age > _SETTLED_AFTER and (too_many or age > timedelta(days=retention.days)):
            yield run


def drop_runs(
    instance: dg.DagsterInstance,
    retention: RunRetention,
    *,
    now: datetime,
    spared: frozenset[str] = frozenset(),
    dry_run: bool = False,
) -> Iterator[Freed]:
    """Delete the runs that nobody needs with their events and files; runs that are not over are never touched.

    `spared` are runs that somebody still needs whatever their age.
    """
    shown = _shown(instance.event_log_storage) | spared
    gone: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    # Listed as a whole first: deleting while paging would skip some.
    for run in list(unneeded(_ended(instance), shown, retention, now=now)):
        gone[run.job] += 1
        sizes[run.job] += bytes_in(_files_of(instance, run.run_id))
        if not dry_run:
            _delete(instance, run.run_id)
    for job, count in gone.items():
        yield Freed(step="runs", subject=job, rows=count, files=count, bytes=sizes[job])


def drop_tick_logs(home: Path, *, now: datetime) -> Iterator[Freed]:
    """Remove what sensors and schedules said long ago: `<repository>/<name>/<tick>.err` and the like."""
    before = (now - timedelta(days=_TICK_LOG_DAYS)).timestamp()
    found = [file for file in home.glob("*/*/*") if file.suffix in _TICK_LOGS and file.stat().st_mtime < before]
    size = bytes_in(found)
    for file in found:
        file.unlink(missing_ok=True)
    yield Freed(step="tick logs", subject="files", files=len(found), bytes=size)


def vacuum_records(home: Path) -> Iterator[Freed]:
    """Give the room of deleted runs and ticks back."""
    for file in (home / "history" / "runs.db", home / "history" / "runs" / "index.db", home / "schedules/schedules.db"):
        if file.is_file():
            before = size_of(file)
            vacuum(file)
            yield Freed(step="vacuum", subject=f"dagster/{file.name}", bytes=before - size_of(file))


def _ended(instance: dg.DagsterInstance) -> Iterator[EndedRun]:
    cursor: str | None = None
    while records := instance.get_run_records(dg.RunsFilter(statuses=list(_ENDED)), limit=_PAGE, cursor=cursor):
        for record in records:
            run = record.dagster_run
            ended_at = (
                datetime.fromtimestamp(record.end_time, tz=record.update_timestamp.tzinfo)
                if record.end_time
                else record.update_timestamp
            )
            yield EndedRun(run_id=run.run_id, job=run.job_name, succeeded=run.status is _SUCCEEDED, ended_at=ended_at)
        cursor = records[-1].dagster_run.run_id


def _shown(storage: object) -> frozenset[str]:
    """Give the runs whose results are the newest of an asset, of one of its partitions, or of a check."""
    if not isinstance(storage, SqlEventLogStorage):
        return frozenset()
    events, checks = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
    newest = (
        sa.select(sa.func.max(events.id))
        .where(events.dagster_event_type.in_(_SHOWN))
        .group_by(events.asset_key, events.partition, events.dagster_event_type)
    )
    judged = sa.select(sa.func.max(checks.id)).group_by(checks.asset_key, checks.check_name)
    with storage.index_connection() as connection:
        return frozenset(
            [
                *connection.scalars(sa.select(events.run_id).where(events.id.in_(newest))),
                *connection.scalars(sa.select(checks.run_id).where(checks.id.in_(judged))),
            ]
        )


def _delete(instance: dg.DagsterInstance, run_id: str) -> None:
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        # A run's own database goes as a whole below, so its rows need not be deleted one by one.
        instance.run_storage.delete_run(run_id)
        with storage.index_connection() as connection:
            storage.delete_events_for_run(connection, run_id)
            connection.execute(sa.delete(AssetCheckExecutionsTable).where(AssetCheckExecutionsTable.c.run_id == run_id))
    else:
        instance.delete_run(run_id)
    for path in _files_of(instance, run_id):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _files_of(instance: dg.DagsterInstance, run_id: str) -> Sequence[Path]:
    """Give what Dagster keeps of one run in files: its database and its folder of outputs and captured logs."""
    found = [Path(instance.storage_directory()) / run_id]
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        shard = Path(storage.path_for_shard(run_id))
        found += [shard, *(shard.with_name(f"{shard.name}{ending}") for ending in ("-wal", "-shm", "-journal"))]
    return [path for path in found if path.exists()]
