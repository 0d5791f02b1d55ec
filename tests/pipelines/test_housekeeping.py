"""Housekeeping as Dagster runs it: a real instance, real runs, their real files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from support.facts import NOON, fact

from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.housekeeping import UpkeepConfig
from maxbooster_ops.pipelines.instance_upkeep import (
    EndedRun,
    RunRetention,
    drop_runs,
    drop_tick_logs,
    unneeded,
    vacuum_records,
)
from maxbooster_ops.store.facts import BeatTaken
from maxbooster_ops.store.opening import open_store

STATUS = dg.DagsterRunStatus
KEEP_TWO = RunRetention(runs_per_job=2, days=30)


pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def instance(home):
    with dg.instance_for_test(temp_dir=str(home.dagster)) as instance:
        yield instance


@dg.asset
def watched():
    return dg.MaterializeResult(metadata={"number": 1})


@dg.asset
def other():
    return dg.MaterializeResult(metadata={"number": 1})


@dg.op
def nothing():
    pass


@dg.job
def quiet():
    nothing()


def later(hours=2):
    return datetime.now(UTC) + timedelta(hours=hours)


def shards(instance):
    return {file.stem for file in Path(instance.root_directory, "history", "runs").glob("*-*.db")}


def ended(number, *, age, succeeded=True):
    return EndedRun(run_id=f"run-{number}", job="collect", succeeded=succeeded, ended_at=NOON - age)


@pytest.mark.parametrize(
    ("age", "too_many", "gone"),
    [
        pytest.param(timedelta(hours=1), True, False, id="one too many, but sensors may not have seen it"),
        pytest.param(timedelta(hours=1, microseconds=1), True, True, id="one too many"),
        pytest.param(timedelta(days=30), False, False, id="as old as is kept"),
        pytest.param(timedelta(days=30, microseconds=1), False, True, id="older than is kept"),
    ],
)
def test_a_run_goes_when_it_is_one_too_many_of_its_job_or_too_old(age, too_many, gone):
    newer = [ended(number, age=timedelta()) for number in range(2 if too_many else 0)]
    going = unneeded([*newer, ended(9, age=age)], frozenset(), KEEP_TWO, now=NOON)
    assert [run.run_id for run in going] == (["run-9"] if gone else [])


def test_failures_are_counted_apart_so_that_successes_do_not_push_them_out():
    runs = [ended(number, age=timedelta(hours=2), succeeded=number != 5) for number in range(6)]
    assert {run.run_id for run in unneeded(runs, frozenset(), KEEP_TWO, now=NOON)} == {"run-2", "run-3", "run-4"}


def test_a_run_that_an_asset_page_shows_stays_however_old():
    runs = [ended(1, age=timedelta(days=400))]
    assert list(unneeded(runs, frozenset({"run-1"}), KEEP_TWO, now=NOON)) == []


def test_runs_go_with_their_files_while_one_is_in_progress(instance):
    runs = [quiet.execute_in_process(instance=instance).run_id for _ in range(5)]
    going_on = instance.create_run_for_job(quiet, status=STATUS.STARTED)
    folder = Path(instance.storage_directory(), runs[0])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "output").write_text("result")
    (freed,) = drop_runs(instance, KEEP_TWO, now=later())
    assert (freed.subject, freed.rows) == ("quiet", 3)
    assert freed.bytes > 100_000
    assert {record.dagster_run.run_id for record in instance.get_run_records()} == {*runs[3:], going_on.run_id}
    assert shards(instance) & set(runs) == set(runs[3:])
    assert not folder.exists()
    assert all(instance.all_logs(run) for run in runs[3:])


def test_the_newest_materialization_of_every_asset_stays_on_its_page(instance):
    dg.materialize([other], instance=instance)
    for _ in range(4):
        dg.materialize([watched], instance=instance)
    list(drop_runs(instance, RunRetention(runs_per_job=1, days=30), now=later()))
    for asset in ("other", "watched"):
        event = instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event.asset_materialization.metadata["number"].value == 1
        assert instance.get_run_by_id(event.run_id)
    assert len(instance.get_run_records()) == 2


def test_a_dry_run_of_the_runs_deletes_none(instance):
    runs = [quiet.execute_in_process(instance=instance).run_id for _ in range(3)]
    (freed,) = drop_runs(instance, RunRetention(runs_per_job=1, days=30), now=later(), dry_run=True)
    assert freed.rows == 2
    assert len(instance.get_run_records()) == len(runs)


def test_the_records_are_whole_after_a_vacuum(instance, home):
    quiet.execute_in_process(instance=instance)
    list(vacuum_records(home.dagster))
    assert quiet.execute_in_process(instance=instance).success
    assert len(instance.get_run_records()) == 2


def test_what_a_tick_said_long_ago_goes(home):
    log = home.dagster / "__repository__" / "alert_rules" / "12.err"
    log.parent.mkdir(parents=True)
    log.write_text("said")
    (kept,) = drop_tick_logs(home.dagster, now=later())
    (gone,) = drop_tick_logs(home.dagster, now=later(hours=24 * 7 + 1))
    assert (kept.files, gone.files, log.exists()) == (0, 1, False)


def run_cleanup(instance, **config):
    names = ("store_maintenance", "instance_housekeeping")
    return defs.resolve_job_def("cleanup").execute_in_process(
        instance=instance,
        run_config=dg.RunConfig(ops={name: UpkeepConfig(**config) for name in names}) if config else None,
        raise_on_error=False,
    )


def shown(result, asset):
    (event,) = (e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey(asset))
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_a_cleanup_shows_what_it_freed_and_how_large_everything_is(instance, home):
    old = datetime.now(UTC) - timedelta(days=40)
    with open_store(home) as store:
        store.lake.write(lambda transaction: transaction.insert([fact(BeatTaken, ts=old)], batch_id="b"))
    result = run_cleanup(instance)
    assert result.success
    numbers = shown(result, "store_maintenance")
    assert numbers["rows_freed"] == 1
    assert {"files_freed", "mb_freed", "longest_lock_ms", "lake_mb", "state_mb", "dagster_mb"} <= set(numbers)
    assert "| drop | beats | 1 |" in numbers["steps"]
    assert shown(result, "instance_housekeeping")["home_mb"] > 0


def test_a_dry_cleanup_only_tells(instance, home):
    old = datetime.now(UTC) - timedelta(days=40)
    with open_store(home) as store:
        store.lake.write(lambda transaction: transaction.insert([fact(BeatTaken, ts=old)], batch_id="b"))
        result = run_cleanup(instance, dry_run=True)
        assert "| would drop | beats | 1 |" in shown(result, "store_maintenance")["steps"]
        assert len(store.lake.query("FROM beats")) == 1


def test_an_hourly_tidying_succeeds_in_an_empty_home(instance):
    assert run_cleanup(instance, daily=False).success
