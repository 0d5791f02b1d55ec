"""What the code server does first: load everything, and find no two things of one name."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._daemon.sensor import MIN_INTERVAL_LOOP_TIME

from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.sensor_ticks import ticks_every

COLLECTED = {
    "queue_samples",
    "queue_jobs",
    "redis_samples",
    "host_samples",
    "probe_results",
    "metric_samples",
    "ai_cache_samples",
    "ai_cache_evictions",
    "tracked_executions",
    "beats",
}
JUDGED = {"platform_health", "alerts"}
FOUND = {
    "rollups",
    "job_metrics",
    "bottlenecks",
    "trends",
    "baselines",
    "regressions",
    "slo_status",
    "slo_report",
}
KEPT_SMALL = {"store_maintenance", "instance_housekeeping"}
BROUGHT_BACK = {"redrive", "dead_letters"}
DRILLED = {"burn_in_checks", "burn_in_report", "chaos_report"}


def test_the_code_server_can_load_every_definition():
    repository = defs.get_repository_def()
    repository.load_all_definitions()
    assert {"collect", "health", "aggregate", "cleanup", "redrive", "save_baseline"} <= set(repository.job_names)


def test_every_asset_is_described_owned_and_in_a_group():
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    assert set(specs) == COLLECTED | JUDGED | FOUND | KEPT_SMALL | BROUGHT_BACK | DRILLED
    lacking = [
        name
        for name, spec in specs.items()
        if not (spec.description and spec.owners and spec.kinds and spec.group_name != "default")
    ]
    assert lacking == []


def test_every_check_is_of_an_asset():
    checked = {key.asset_key for key in defs.resolve_asset_graph().asset_check_keys}
    assert checked <= {spec.key for spec in defs.resolve_all_asset_specs()}


def test_the_sensors_run_by_default_each_at_its_pace():
    sensors = {sensor.name: sensor for sensor in defs.sensors}
    assert {name: sensor.minimum_interval_seconds for name, sensor in sensors.items()} == {
        "alert_rules": ticks_every(10),
        "notifications": ticks_every(15),
        "run_failures": ticks_every(30),
        "burn_in_supervisor": ticks_every(60),
        "chaos_leftovers": ticks_every(60),
    }
    assert {sensor.default_status for sensor in sensors.values()} == {dg.DefaultSensorStatus.RUNNING}


def test_the_schedules_run_by_default_at_the_times_of_the_spec():
    schedules = {schedule.name: schedule for schedule in defs.schedules}
    assert {name: schedule.cron_schedule for name, schedule in schedules.items()} == {
        "collect_every_minute": "* * * * *",
        "health_every_5_minutes": "*/5 * * * *",
        "aggregate_every_30_minutes": "*/30 * * * *",
        "baseline_weekly": "0 0 * * 1",
        "redrive_hourly": "0 * * * *",
        "slo_report_monthly": "10 0 1 * *",
        "cleanup_daily": "0 2 * * *",
        "tidy_hourly": "17 * * * *",
    }
    assert {schedule.default_status for schedule in schedules.values()} == {dg.DefaultScheduleStatus.RUNNING}


@pytest.mark.parametrize("seconds", [10, 15, 60])
def test_a_sensor_is_due_at_the_look_of_the_daemon_that_comes_when_its_time_is_up(seconds):
    """Not at the look before, and not only at the next one when a look comes some milliseconds early."""
    assert seconds - MIN_INTERVAL_LOOP_TIME < ticks_every(seconds) < seconds - 0.5


@pytest.mark.parametrize("seconds", [0, -5, 7, 12])
def test_a_pace_that_the_daemon_cannot_keep_is_refused(seconds):
    with pytest.raises(
        ValueError, match=f"a tick every {seconds} s: expected a multiple of {MIN_INTERVAL_LOOP_TIME} s"
    ):
        ticks_every(seconds)
