"""Burn-ins in real Dagster runs, of a real Redis and a small HTTP platform."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest
import sqlalchemy as sa
from support.burn_in_checks import healthy
from support.burn_ins import dead_owner
from support.http_server import answer, answer_json, http_server
from support.redis_process import RedisProcess
from support.running_up import eventually

from maxbooster_ops.alerting.evaluating.watched_jobs import job_ended
from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.burn_in import (
    SESSION_TAG,
    SUSPENDED_TAG,
    BurnInConfig,
    newest_is_fit_for_release,
)
from maxbooster_ops.pipelines.burn_in_showing import observation
from maxbooster_ops.pipelines.burn_in_supervising import MOST_TRIES
from maxbooster_ops.pipelines.burn_in_supervisor import FOUND_TAG, burn_in_supervisor
from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.refusals import was_refused
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting
from maxbooster_ops.readiness.burn_in.owner import Owner
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.session import SessionStatus
from maxbooster_ops.readiness.burn_in.sessions import ask_to_cancel, begin, end, find, keep_checks, newest, running
from maxbooster_ops.settings import variables
from maxbooster_ops.store.alert_tables import job_outcomes
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.state import open_state

LONG = {"duration": "10m", "interval": "1s"}
SHORT = {"duration": "6s", "interval": "3s"}


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    redis = RedisProcess(folder=tmp_path_factory.mktemp("redis")).start()
    with http_server() as server:
        for path in ("/health", "/api/health"):
            server.on(path, answer_json({"status": "ok"}))
        server.on("/api/metrics", answer("# TYPE up gauge\nup 1\n"))
        yield {"REDIS_URL": redis.url, "PLATFORM_URL": server.url}
    redis.kill()


@pytest.fixture
def home(tmp_path, monkeypatch, made_home, platform):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_HOME", str(tmp_path / "home"))
    for name, value in platform.items():
        monkeypatch.setenv(name, value)
    return made_home(tmp_path / "home")


@pytest.fixture
def state(home):
    with open_state(home) as opened:
        yield opened


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def run(instance, **config):
    return defs.resolve_job_def("burn_in").execute_in_process(
        run_config=dg.RunConfig(ops={"take_burn_in_checks": BurnInConfig(**config)}),
        instance=instance,
        raise_on_error=False,
    )


def events(instance, run_id, kind):
    return [log.dagster_event for log in instance.all_logs(run_id, of_type=kind)]


def observed(instance, run_id):
    return [
        event.asset_observation_data.asset_observation
        for event in events(instance, run_id, dg.DagsterEventType.ASSET_OBSERVATION)
    ]


def report(instance, run_id):
    (event,) = events(instance, run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
    return event.materialization


def stored(home):
    with open_lake(home, read_only=True) as lake:
        return [row["number"] for row in lake.query("SELECT number FROM burn_in_checks ORDER BY ts")]


def begun(state, owner, *, duration=timedelta(minutes=10), **changes):
    given = {"launched_by": "dagster", "run_id": None, "now": utc_now(), **changes}
    return begin(state, Plan(duration=duration, interval=timedelta(seconds=1)), owner=owner, **given)


def tick(instance):
    context = dg.build_sensor_context(instance=instance, definitions=defs)
    return burn_in_supervisor(context, ops=OpsResource(), warm=WarmAlerting())


def only_run(instance):
    (found,) = instance.get_runs()
    return found


def test_each_check_is_an_observation_with_numbers_and_the_end_is_a_report(home, state, instance):
    result = run(instance, **SHORT)
    assert result.success
    checks = observed(instance, result.run_id)
    (session,) = newest(state, 9)
    assert 1 <= session.checks_done <= 3, "a machine that stands still for three seconds misses one"
    assert [check.metadata["number"].value for check in checks] == list(range(1, session.checks_done + 1))
    assert stored(home) == list(range(1, session.checks_done + 1))
    assert checks[0].asset_key == dg.AssetKey("burn_in_checks")
    answered = [check.metadata for check in checks if check.metadata["redis"].value == "ok"]
    assert answered[0]["redis_latency_ms"].value >= 0
    shown = report(instance, result.run_id)
    assert shown.asset_key == dg.AssetKey("burn_in_report")
    assert shown.metadata["verdict"].value == session.verdict
    assert shown.metadata["checks"].value == session.checks_done
    assert session.id in shown.metadata["report"].value
    assert only_run(instance).tags[SESSION_TAG] == session.id
    (judged,) = events(instance, result.run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert judged.asset_check_evaluation_data.check_name == "fit_for_release"


def test_a_second_burn_in_is_refused_in_words(state, instance):
    session = begun(state, Owner.own())
    assert not run(instance, **SHORT).success
    (failed,) = events(instance, only_run(instance).run_id, dg.DagsterEventType.STEP_FAILURE)
    assert f"Burn-in {session.id} is running since" in str(failed.step_failure_data.error)
    assert was_refused(only_run(instance))


def test_nothing_is_begun_where_nothing_is_watched(state, instance, monkeypatch):
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.delenv("PLATFORM_URL")
    assert not run(instance, **SHORT).success
    assert newest(state, 9) == []


def interrupt(instance, state, *, by_person):
    """Do after two checks what the Terminate button does, or what stopping the installation does."""
    eventually(lambda: (session := running(state)) and session.checks_done >= 2, seconds=500, what="two checks")
    if by_person:
        instance.report_run_canceling(only_run(instance))
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("by_person", [True, False], ids=["Terminate", "the installation is stopped"])
def test_an_interrupted_run_reports_only_where_a_person_wanted_that(home, state, instance, by_person):
    somebody = threading.Thread(target=interrupt, args=(instance, state), kwargs={"by_person": by_person})
    somebody.start()
    run(instance, **LONG)
    somebody.join()
    (session,) = newest(state, 9)
    ended = only_run(instance)
    assert ended.status is dg.DagsterRunStatus.CANCELED
    assert len(stored(home)) in {session.checks_done - 1, session.checks_done}
    if by_person:
        assert (session.status, session.verdict) == (SessionStatus.CANCELLED, "PARTIAL")
        assert report(instance, ended.run_id).metadata["verdict"].value == "PARTIAL"
        assert stored(home) == list(range(1, session.checks_done + 1))
    else:
        assert (session.status, session.verdict) == (SessionStatus.RUNNING, None)
        assert ended.tags[SUSPENDED_TAG] == "true"


def test_what_a_terminal_asks_to_stop_ends_with_a_report_and_is_cancelled(state, instance):
    def ask():
        session = eventually(lambda: running(state), seconds=500, what="a burn-in that runs")
        ask_to_cancel(state, session.id, utc_now())

    somebody = threading.Thread(target=ask)
    somebody.start()
    run(instance, **LONG)
    somebody.join()
    assert only_run(instance).status is dg.DagsterRunStatus.CANCELED
    assert report(instance, only_run(instance).run_id).metadata["verdict"].value == "PARTIAL"
    assert newest(state, 1)[0].status is SessionStatus.CANCELLED


def test_a_burn_in_whose_process_died_is_taken_up_once_by_the_same_job(state, instance):
    session = begun(state, dead_owner())
    (request,) = tick(instance).run_requests
    assert (request.job_name, request.tags[SESSION_TAG]) == ("burn_in", session.id)
    assert request.run_config["ops"]["take_burn_in_checks"]["config"]["resume"] == session.id
    (again,) = tick(instance).run_requests
    assert again.run_key == request.run_key, "Dagster launches one run a key, however often it is asked"


def test_a_run_that_goes_on_with_a_burn_in_counts_on(home, state, instance):
    """Shows what the dead run kept and did not show, and ends the alert on that run, whose failure is read late."""
    began = utc_now() - timedelta(minutes=10) + timedelta(seconds=1)
    earlier = begun(state, dead_owner(), now=began)
    kept = replace(healthy(1, earlier.plan), session_id=earlier.id, ts=began, due=began)
    keep_checks(state, earlier, [kept], {}, now=began)
    resumed = run(instance, resume=earlier.id)
    assert resumed.success
    session = find(state, earlier.id)
    shown = [check.metadata["number"].value for check in observed(instance, resumed.run_id)]
    assert shown == list(range(1, session.checks_done + 1))
    with state.writing() as connection:
        job_ended(connection, "burn_in", run_id="dead", failed=True, detail="killed", at=began)
        noted = connection.execute(sa.select(job_outcomes.c.run_id, job_outcomes.c.failed)).all()
    assert noted == [(resumed.run_id, False)]
    assert (session.status, session.takeovers) == (SessionStatus.FINISHED, 1)
    assert stored(home) == list(range(1, session.checks_done + 1))
    assert report(instance, only_run(instance).run_id).metadata["gaps"].value == 1


def test_a_run_whose_process_is_gone_is_reported_failed(state, instance):
    dead = instance.create_run_for_job(defs.resolve_job_def("burn_in"), status=dg.DagsterRunStatus.STARTED)
    begun(state, dead_owner(), run_id=dead.run_id)
    assert len(tick(instance).run_requests) == 1
    assert instance.get_run_by_id(dead.run_id).status is dg.DagsterRunStatus.FAILURE


def test_runs_that_the_installations_end_cut_short_are_no_tries(state, instance):
    session = begun(state, dead_owner())
    job = defs.resolve_job_def("burn_in")
    tags = {SESSION_TAG: session.id, FOUND_TAG: "0", SUSPENDED_TAG: "true"}
    for _ in range(MOST_TRIES):
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.CANCELED, tags=tags)
    assert len(tick(instance).run_requests) == 1


def test_what_was_to_be_stopped_and_died_ends_with_all_that_was_kept_and_without_an_alert(state, instance):
    session = begun(state, dead_owner(), run_id="dead")
    keep_checks(state, session, [replace(healthy(1, session.plan), session_id=session.id)], {}, now=utc_now())
    ask_to_cancel(state, session.id, utc_now())
    with state.writing() as connection:
        job_ended(connection, "burn_in", run_id="dead", failed=True, detail="killed", at=utc_now())
    shown, report_shown = tick(instance).asset_events
    assert (shown.metadata["number"].value, report_shown.metadata["verdict"].value) == (1, "PARTIAL")
    tick(instance)
    with state.reading() as connection:
        assert connection.execute(sa.select(job_outcomes.c.job, job_outcomes.c.failed)).all() == [("burn_in", False)]


def test_what_somebody_works_on_is_left_alone(state, instance):
    session = begun(state, Owner.own())
    found = tick(instance)
    assert (found.run_requests, str(found.skip_reason.skip_message)) == ([], f"{session.id} is worked on")


def test_a_terminal_that_died_long_ago_leaves_a_partial_report(state, instance):
    session = begun(state, dead_owner(), launched_by="terminal", now=utc_now() - timedelta(minutes=11))
    (shown,) = tick(instance).asset_events
    assert shown.metadata["verdict"].value == "PARTIAL"
    assert find(state, session.id).status is SessionStatus.ABANDONED


def test_only_a_day_that_ran_to_its_end_makes_a_release_fit_and_any_failure_unfit(state):
    def fit_after(duration, status, verdict):
        session = begun(state, Owner.own(), duration=duration)
        end(state, session, status, verdict=verdict, report=None, now=utc_now())
        return newest_is_fit_for_release(OpsResource()).passed

    minutes, day = timedelta(minutes=10), timedelta(days=1)
    assert not newest_is_fit_for_release(OpsResource()).passed
    assert not fit_after(minutes, SessionStatus.FINISHED, "PASS"), "a rehearsal says nothing"
    assert fit_after(day, SessionStatus.FINISHED, "CONDITIONAL PASS")
    assert fit_after(day, SessionStatus.CANCELLED, "PARTIAL"), "what was ended early says nothing either"
    assert not fit_after(minutes, SessionStatus.FINISHED, "FAIL")


def test_what_the_platform_says_stays_text_in_the_ui():
    hostile = ["![x](http://evil/) <img src=x>", "second"]
    shown = observation(replace(healthy(1, Plan()), problems=hostile), 1).metadata["problems"].value
    assert shown == "- \\!\\[x\\](http\\://evil/) \\<img src=x\\>\n- second"
