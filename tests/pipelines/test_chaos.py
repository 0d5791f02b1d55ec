"""Chaos drills in real Dagster runs, of a real Redis that the settings name."""

from __future__ import annotations

import os
import signal
import threading
from urllib.parse import urlsplit

import dagster as dg
import pytest
from support.chaos_kit import written
from support.facts import fact
from support.redis_process import RedisProcess
from support.running_up import eventually

from maxbooster_ops.clock import utc_now
from maxbooster_ops.pipelines.chaos import ChaosConfig, chaos_leftovers, newest_drill_is_ready
from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.refusals import was_refused
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting
from maxbooster_ops.readiness.chaos.faults import FAULTS
from maxbooster_ops.readiness.chaos.ledger import Ledger
from maxbooster_ops.readiness.chaos.targets import TargetSecrets
from maxbooster_ops.settings import load_settings, variables
from maxbooster_ops.store.findings import DrillResult
from maxbooster_ops.store.opening import open_store
from maxbooster_ops.store.state import open_state

LIMIT = 64 * 1024**2


def step(module, func, *, pause=0, tolerance=None, **arguments):
    provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
    kind = {"type": "action"} if tolerance is None else {"type": "probe", "tolerance": tolerance}
    return {**kind, "name": func, "provider": provider, "pauses": {"after": pause}}


ANSWERS = step("redis", "answers", tolerance=True)
SCENARIOS = {
    "quick": written([ANSWERS], steady=[ANSWERS], needs=["redis"]),
    "long": written([step("redis", "fill", pause=60)], steady=[ANSWERS], needs=["redis"]),
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = RedisProcess(folder=tmp_path_factory.mktemp("redis")).start()
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, made_home, redis):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MAXBOOSTER_ENV", "staging")
    monkeypatch.setenv("REDIS_URL", redis.url)
    monkeypatch.setenv("MAXBOOSTER_CHAOS_TARGETS", f"127.0.0.1:{urlsplit(redis.url).port}")
    opened = made_home(tmp_path / "home")
    opened.chaos.mkdir()
    for name, text in SCENARIOS.items():
        (opened.chaos / f"{name}.yaml").write_text(text)
    with redis.client() as client:
        client.config_set("maxmemory", LIMIT)
    return opened


@pytest.fixture
def state(home):
    with open_state(home) as opened:
        yield opened


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def ledger(state):
    secrets = TargetSecrets(load_settings(), state.home)
    return Ledger(state, {fault.kind: fault for fault in FAULTS}, secrets, clock=utc_now)


def limit(redis):
    with redis.client() as client:
        return int(client.config_get("maxmemory")["maxmemory"])


def run(instance, *scenarios, target="settings"):
    return defs.resolve_job_def("chaos").execute_in_process(
        run_config=dg.RunConfig(ops={"run_chaos_scenarios": ChaosConfig(scenarios=list(scenarios), target=target)}),
        instance=instance,
        raise_on_error=False,
    )


def only_run(instance):
    (found,) = instance.get_runs()
    return found


def events(instance, kind):
    return [log.dagster_event for log in instance.all_logs(only_run(instance).run_id, of_type=kind)]


def report(instance):
    (event,) = events(instance, dg.DagsterEventType.ASSET_MATERIALIZATION)
    return event.materialization.metadata


def test_each_scenario_is_an_observation_and_the_end_is_a_report(instance):
    assert run(instance, "quick").success
    (event,) = events(instance, dg.DagsterEventType.ASSET_OBSERVATION)
    shown = event.asset_observation_data.asset_observation
    assert shown.asset_key == dg.AssetKey("chaos_report")
    assert (shown.metadata["scenario"].value, shown.metadata["outcome"].value) == ("quick", "passed")
    assert "steady state after" in shown.metadata["steps"].value
    assert (report(instance)["verdict"].value, report(instance)["beyond_passed"].value) == ("partial", 1)
    assert report(instance)["drill"].value in report(instance)["report"].value
    (judged,) = events(instance, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert not judged.asset_check_evaluation_data.passed
    assert "No chaos drill has run to its end" in str(newest_drill_is_ready(OpsResource()).description)


@pytest.mark.parametrize(("verdict", "valid"), [("ready", True), ("ready", False), ("review", False)])
def test_a_release_rests_on_a_drill_only_where_nothing_of_it_is_left(home, verdict, valid):
    result = fact(
        DrillResult,
        ts=utc_now(),
        drill="chaos",
        drill_id="c",
        scenario="",
        verdict=verdict,
        valid_for_release=valid,
        numbers={"passed": 5.0, "total": 5.0},
    )
    with open_store(home) as store:
        store.lake.write(lambda transaction: transaction.insert_row(result, batch_id="c"))
    assert newest_drill_is_ready(OpsResource()).passed is valid


def test_terminate_takes_the_fault_back_and_reports(state, redis, instance):
    def terminate():
        eventually(lambda: limit(redis) != LIMIT, seconds=300, what="a Redis that is full")
        instance.report_run_canceling(only_run(instance))
        os.kill(os.getpid(), signal.SIGINT)

    somebody = threading.Thread(target=terminate)
    somebody.start()
    run(instance, "long")
    somebody.join()
    assert only_run(instance).status is dg.DagsterRunStatus.CANCELED
    assert limit(redis) == LIMIT
    assert ledger(state).open() == []
    assert report(instance)["verdict"].value == "partial"


def test_the_sensor_takes_back_what_a_drill_that_died_left(state, redis):
    target = f"settings at 127.0.0.1:{urlsplit(redis.url).port}/0"
    details = {"target": target, "before": LIMIT, "during": 100_000}
    ledger(state).inject("died", "redis-full", "redis-full", target=target, details=details)
    assert limit(redis) == 100_000
    looked = chaos_leftovers(dg.build_sensor_context(), ops=OpsResource(), warm=WarmAlerting())
    assert "rolled_back: redis-full in settings" in looked.skip_message
    assert limit(redis) == LIMIT
    again = chaos_leftovers(dg.build_sensor_context(), ops=OpsResource(), warm=WarmAlerting())
    assert again.skip_message == "no drill left anything behind"


def test_a_target_that_is_not_allowed_fails_the_run_in_words(redis, instance, monkeypatch):
    monkeypatch.setenv("MAXBOOSTER_CHAOS_TARGETS", "elsewhere:6379")
    assert not run(instance, "long").success
    (failed,) = events(instance, dg.DagsterEventType.STEP_FAILURE)
    assert "is not on the list of what may be drilled (elsewhere:6379)" in str(failed.step_failure_data.error)
    assert was_refused(only_run(instance))
    assert limit(redis) == LIMIT
