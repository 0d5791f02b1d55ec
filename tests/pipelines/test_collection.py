"""Real runs that take beats, against a real Redis and a real store."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest

from maxbooster_ops.pipelines.collection import CollectConfig, collected
from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.settings import variables
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, and no variable of the machine's."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_HOME", str(tmp_path / "home"))
    # No source is late here on purpose, and this machine may have other tests to do.
    monkeypatch.setenv("MAXBOOSTER_SOURCE_DEADLINE_SECONDS", "30")
    return Home(root=tmp_path / "home")


def run(job, **config):
    return defs.resolve_job_def(job).execute_in_process(
        run_config=dg.RunConfig(ops={"take_beats": CollectConfig(**config)}) if config else None, raise_on_error=False
    )


def materialized(result):
    return {event.asset_key.to_user_string(): event for event in result.get_asset_materialization_events()}


def checks(result):
    return {
        (evaluation.asset_key.to_user_string(), evaluation.check_name): evaluation
        for evaluation in result.get_asset_check_evaluations()
    }


def asked(home, query):
    with open_lake(home, read_only=True) as lake:
        return lake.query(query)


def test_a_tick_asks_for_the_beats_of_its_minute_once():
    (schedule,) = (schedule for schedule in defs.schedules if schedule.name == "collect_every_minute")
    noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    with dg.build_schedule_context(scheduled_execution_time=noon) as context:
        (request,) = schedule.evaluate_tick(context).run_requests
    assert request.run_key == noon.isoformat()
    assert request.run_config["ops"]["take_beats"]["config"]["minute"] == noon.isoformat()


def test_a_run_stores_a_beat_and_shows_its_numbers(home, redis_process, monkeypatch):
    monkeypatch.setenv("REDIS_URL", redis_process.url)
    with redis_process.client() as client:
        client.hset("bull:forecast:meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:5.81.5"})
        client.rpush("bull:forecast:wait", "1", "2")
    result = run("collect", beats=1)
    assert result.success
    shown = materialized(result)
    assert set(shown) == {"queue_samples", "redis_samples", "host_samples", "beats"}
    numbers = shown["queue_samples"].materialization.metadata
    assert (numbers["queues"].value, numbers["waiting"].value) == (1, 2)
    assert "| forecast | 2 |" in numbers["newest"].value
    ping = shown["redis_samples"].materialization.metadata["ping_ms_median"].value
    assert ping == float(f"{ping:.6g}"), "a page shows every digit"
    assert asked(home, "SELECT queue, waiting FROM latest_queues") == [{"queue": "forecast", "waiting": 2}]


def test_the_button_materialize_takes_one_beat_and_shows_what_was_asked_for(home, redis_process, monkeypatch):
    monkeypatch.setenv("REDIS_URL", redis_process.url)
    monkeypatch.setenv("ALERT_QUEUE_MAX_LATENCY", "30000")
    result = dg.materialize([collected], selection="redis_samples", resources={"ops": OpsResource()})
    assert result.success
    assert set(materialized(result)) == {"redis_samples"}
    assert checks(result)["redis_samples", "redis_latency"].passed
    assert len(asked(home, "SELECT * FROM beats")) == 1


def test_a_scheduled_run_plans_no_asset_so_that_none_is_shown_as_in_progress_for_ever():
    assert not defs.resolve_job_def("collect").asset_layer.executable_asset_keys


def test_a_threshold_that_is_passed_is_a_failed_check_with_its_reason(redis_process, monkeypatch):
    monkeypatch.setenv("REDIS_URL", redis_process.url)
    monkeypatch.setenv("ALERT_QUEUE_MAX_WAITING", "1")
    with redis_process.client() as client:
        client.hset("bull:forecast:meta", "version", "bullmq:5.81.5")
        client.rpush("bull:forecast:wait", "1", "2")
    evaluation = checks(run("collect"))["queue_samples", "queue_backlog"]
    assert (evaluation.passed, evaluation.description) == (False, "forecast: 2 waiting (limit 1)")


def test_a_redis_that_is_down_is_a_row_and_a_failed_check_but_no_failed_run(home, redis_process, monkeypatch):
    monkeypatch.setenv("REDIS_URL", redis_process.url)
    redis_process.kill()
    result = run("collect")
    assert result.success
    assert not checks(result)["redis_samples", "source_readable"].passed
    assert ("redis_samples", "redis_latency") not in checks(result), "no data is never a passed check"
    failures = asked(home, "SELECT source, hint FROM source_failures ORDER BY source")
    assert [row["source"] for row in failures] == ["bullmq", "redis"]
    assert all(row["hint"] for row in failures)
    assert "queue_samples" not in materialized(result)


def test_a_store_that_cannot_be_opened_fails_the_run_with_what_to_do(home, monkeypatch):
    home.root.parent.joinpath("occupied").write_text("")
    monkeypatch.setenv("MAXBOOSTER_HOME", str(home.root.parent / "occupied" / "home"))
    result = run("collect")
    assert not result.success
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    assert "choose another folder with --home or MAXBOOSTER_HOME" in failure.event_specific_data.error.to_string()


def test_the_beats_of_an_old_minute_are_left_out_not_made_up(home):
    assert run("collect", minute="2026-11-21T12:00:00+00:00").success
    assert asked(home, "SELECT * FROM beats") == []


def test_health_judges_what_was_collected():
    run("collect")
    result = run("health")
    assert result.success
    shown = materialized(result)["platform_health"].materialization.metadata
    assert {"status", "healthy", "unhealthy_components"} <= set(shown)
    assert checks(result)["platform_health", "collection_healthy"].passed


def test_health_says_what_is_not_watched():
    run("collect")
    result = run("health")
    shown = materialized(result)["platform_health"].materialization.metadata
    assert (shown["status"].value, shown["components_not_watched"].value) == ("healthy", 5)
    assert "| redis | not watched | set REDIS\\_URL to watch it |" in shown["components"].value
    assert "| host | healthy | – |" in shown["components"].value
    check = checks(result)["platform_health", "redis_healthy"]
    assert (check.passed, check.description) == (True, "not watched: set REDIS_URL to watch it")


def test_health_without_a_store_says_how_to_get_one():
    result = run("health")
    assert not result.success
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    assert "Nothing has been collected" in failure.event_specific_data.error.to_string()
