"""A run whose process dies without a word: it is reported with how, people are called, and the next one works."""

from __future__ import annotations

import os
import signal
import time

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.launcher.base import LaunchRunContext
from support.facts import fact
from support.upkeeps import inlined, rows_by_batch, write

from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.housekeeping import cleanup, tidy_hourly
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.run_launcher import PROCESS_TAG
from maxbooster_ops.pipelines.run_outcomes import failure_of, run_failures
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting
from maxbooster_ops.store.alert_tables import job_outcomes
from maxbooster_ops.store.facts import FACTS
from maxbooster_ops.store.opening import open_store

pytestmark = pytest.mark.usefixtures("home")

LAUNCHER = {"run_launcher": {"module": "maxbooster_ops.pipelines.run_launcher", "class": "WarmRunLauncher"}}


@pytest.fixture
def instance(home):
    with dg.instance_for_test(temp_dir=str(home.dagster), overrides=LAUNCHER) as instance:
        yield instance


def launched(instance):
    """Launch the hourly upkeep as the daemon does, and give the id of its run."""
    repository = ReconstructableRepository.for_module("maxbooster_ops.pipelines.definitions", "defs")
    job = repository.get_reconstructable_job(cleanup.name)
    config = tidy_hourly.evaluate_tick(dg.build_schedule_context(instance)).run_requests[0].run_config
    run = instance.create_run_for_job(
        defs.resolve_job_def(cleanup.name), run_config=config, job_code_origin=job.get_python_origin()
    )
    instance.run_launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
    return run.run_id


def ended(instance, run_id):
    while not (run := instance.get_run_by_id(run_id)).is_finished:
        time.sleep(0.05)
    return run.status


@pytest.fixture
def tick(instance):
    """One tick of the sensor after the other; gives how the newest run of the upkeep ended, as the rule sees it."""
    warm, ops = WarmAlerting(), OpsResource()
    cursor = run_failures(dg.build_sensor_context(instance=instance), ops=ops, warm=warm).cursor

    def ticked():
        nonlocal cursor
        cursor = run_failures(dg.build_sensor_context(instance=instance, cursor=cursor), ops=ops, warm=warm).cursor
        with warm.state(ops.settings()).reading() as connection:
            found = connection.execute(sa.select(job_outcomes).where(job_outcomes.c.job == cleanup.name)).one()
        return found.failed, found.run_id

    return ticked


def test_an_upkeep_aborted_in_a_flush_calls_people_and_the_next_one_mends_it(instance, home, tick):
    """A real SIGABRT of a real run when its first file is there, as DuckDB would die by itself.

    There is a file to come for every table, each after a pause: time enough to kill it, however busy the machine is.
    """
    with open_store(home) as store:
        for kind in FACTS:
            write(store, fact(kind))
        dying = launched(instance)
        while not list(home.lake_files.rglob("*.parquet")):
            assert not instance.get_run_by_id(dying).is_finished
        pid = int(instance.get_run_by_id(dying).tags[PROCESS_TAG].partition(":")[0])
        os.kill(pid, signal.SIGABRT)
        assert ended(instance, dying) is dg.DagsterRunStatus.FAILURE
        assert failure_of(instance, dying) == f"The process of this run (pid {pid}) ended with SIGABRT."
        assert tick() == (True, dying)
        assert rows_by_batch(store, "metric_samples") == {"b": 1}

        mending = launched(instance)
        assert ended(instance, mending) is dg.DagsterRunStatus.SUCCESS
        assert tick() == (False, mending)
        assert (rows_by_batch(store, "metric_samples"), rows_by_batch(store, "beats")) == ({"b": 1}, {"b": 1})
        assert inlined(store) == 0
