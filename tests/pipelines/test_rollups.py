"""Rollups as Dagster runs them: by schedule, by partition, and as a back-fill of a week in one run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from support.past import Past

from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.rollups import DAYS, rollups
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.opening import open_store


def midnight_now() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def today() -> datetime:
    """The midnight with which the day began; while the test runs another one may begin."""
    return midnight_now()


@pytest.fixture
def home(home: Home, today: datetime) -> Home:
    """An hour of beats on each of the seven days before today."""
    with open_store(home) as store:
        for number in range(1, 8):
            Past(start=today - timedelta(days=number), beats=120, queues=1).fill(store.lake)
    return home


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    """Give what the run shows on the asset's page, the same on each of its partitions."""
    events = result.get_asset_materialization_events()
    return {name: value.value for name, value in events[-1].materialization.metadata.items()}


def rolled(home: Home) -> list[dict]:
    with open_lake(home, read_only=True) as lake:
        return lake.query("FROM rollups ORDER BY width, ts, series, kind, labels")


def test_the_schedule_runs_every_half_hour_by_itself_with_the_partition_of_the_day():
    schedule = defs.resolve_schedule_def("aggregate_every_30_minutes")
    assert (schedule.cron_schedule, schedule.default_status) == ("*/30 * * * *", dg.DefaultScheduleStatus.RUNNING)
    for hour, minute, day in [(0, 0, "2026-11-21"), (23, 30, "2026-11-21")]:
        at = datetime(2026, 11, 21, hour, minute, tzinfo=UTC)
        data = schedule.evaluate_tick(
            dg.build_schedule_context(scheduled_execution_time=at, repository_def=defs.get_repository_def())
        )
        (request,) = data.run_requests
        assert request.partition_key == day
        assert request.run_config["ops"] == {"rollups": {"config": {"since_last_time": True}}}


def test_the_job_brings_all_of_analysis_up_to_date_but_the_objectives():
    assets = defs.resolve_asset_graph()
    wanted = {key for key in assets.get_all_asset_keys() if assets.get(key).group_name == "analysis"}
    selected = defs.resolve_job_def("aggregate").asset_layer.selected_asset_keys
    assert selected == {key for key in wanted if not key.to_user_string().startswith("slo_")}
    assert dg.AssetKey("rollups") in selected


def left_after_the_first_run(today: datetime) -> set[int]:
    """Two of seven days are done; there are eight where midnight has passed since, and perhaps only after that run."""
    return {5, 5 + (midnight_now() - today).days}


def test_a_week_is_filled_in_one_run_and_equals_the_runs_of_every_half_hour(
    home: Home, instance: dg.DagsterInstance, today: datetime
):
    days = [f"{today - timedelta(days=number):%Y-%m-%d}" for number in range(7, 0, -1)]
    assert rollups.backfill_policy == dg.BackfillPolicy.single_run()
    week = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
    by_hand = dg.materialize([rollups], instance=instance, resources={"ops": OpsResource()}, tags=week)
    assert metadata(by_hand)["series"] > 30
    assert instance.get_materialized_partitions(dg.AssetKey("rollups")) == set(days)
    filled = [row for row in rolled(home) if row["ts"] < today]
    assert len({row["ts"] for row in filled if row["width"] == "1d"}) == 7

    scheduled = dg.RunConfig(ops={"rollups": {"config": {"since_last_time": True}}})
    lefts = []
    while not lefts or lefts[-1]:
        run = dg.materialize(
            [rollups],
            instance=instance,
            resources={"ops": OpsResource()},
            partition_key=f"{today:%Y-%m-%d}",
            run_config=scheduled,
        )
        lefts.append(metadata(run)["days_left"])
    assert lefts[0] in left_after_the_first_run(today)
    assert lefts == [*range(lefts[0], 0, -2), 0]
    assert 0 <= metadata(run)["lag_seconds"] < 1800
    assert [row for row in rolled(home) if row["ts"] < today] == filled


def test_a_run_without_a_partition_rolls_up_what_is_due(home: Home, instance: dg.DagsterInstance, today: datetime):
    job = defs.resolve_job_def("aggregate")
    done = job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("rollups")])
    assert metadata(done)["days_left"] in left_after_the_first_run(today)
    assert {row["width"] for row in rolled(home)} == {"1m", "30m", "1d"}


def test_today_is_a_partition():
    before, last, after = midnight_now(), DAYS.get_last_partition_key(), midnight_now()
    assert last in {f"{day:%Y-%m-%d}" for day in (before, after)}
