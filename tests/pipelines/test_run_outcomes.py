"""Real runs that fail and succeed, noted by real ticks for the rule on our own pipelines."""

import dagster as dg
import pytest
import sqlalchemy as sa

from maxbooster_ops.errors import RefusedError
from maxbooster_ops.pipelines.refusals import marking_refusals
from maxbooster_ops.pipelines.resources import OpsResource
from maxbooster_ops.pipelines.run_outcomes import run_failures
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting
from maxbooster_ops.store.alert_tables import job_outcomes


class Work(dg.Config):
    """Whether the work goes wrong."""

    wrong: bool = False


@dg.op
def work(config: Work) -> None:
    """Fail with a secret in the message, or do nothing."""
    if config.wrong:
        raise dg.Failure("cannot reach redis://user:hunter2@10.0.0.1", allow_retries=False)


@dg.job
def nightly():
    """Work."""
    work()


@dg.op
def begin_what_runs_already(context: dg.OpExecutionContext) -> None:
    """Be refused."""
    with marking_refusals(context):
        raise RefusedError("A burn-in runs already.")


@dg.job
def drill():
    """Begin."""
    begin_what_runs_already()


@pytest.fixture
def tick(tmp_path, made_home, monkeypatch):
    """One tick after the other on an instance of its own; gives what is noted by job."""
    home = made_home(tmp_path / "home")
    monkeypatch.setenv("MAXBOOSTER_HOME", str(home.root))
    warm, cursor = WarmAlerting(), None

    def ticked(instance: dg.DagsterInstance) -> dict[str, tuple[bool, str, str]]:
        nonlocal cursor
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        cursor = run_failures(context, ops=OpsResource(), warm=warm).cursor
        with warm.state(OpsResource().settings()).reading() as connection:
            rows = connection.execute(sa.select(job_outcomes)).all()
        return {row.job: (row.failed, row.run_id, row.detail) for row in rows}

    return ticked


def run(instance: dg.DagsterInstance, *, wrong: bool) -> str:
    config = dg.RunConfig(ops={"work": Work(wrong=wrong)})
    return nightly.execute_in_process(config, instance=instance, raise_on_error=False).run_id


def test_the_newest_run_of_a_job_is_noted_with_its_reason_and_without_secrets(tick):
    with dg.DagsterInstance.ephemeral() as instance:
        assert tick(instance) == {}
        failed = run(instance, wrong=True)
        noted = tick(instance)["nightly"]
        assert noted[:2] == (True, failed)
        assert noted[2]
        assert "hunter2" not in noted[2]
        succeeded = run(instance, wrong=False)
        assert tick(instance)["nightly"] == (False, succeeded, "")


def test_of_runs_between_two_ticks_the_last_to_end_counts(tick):
    with dg.DagsterInstance.ephemeral() as instance:
        tick(instance)
        run(instance, wrong=True)
        run(instance, wrong=False)
        last = run(instance, wrong=True)
        assert tick(instance)["nightly"][:2] == (True, last)
        assert tick(instance)["nightly"][:2] == (True, last), "looking again changes nothing"


def test_a_run_that_was_refused_calls_nobody_and_resolves_nothing(tick):
    with dg.DagsterInstance.ephemeral() as instance:
        tick(instance)
        assert not drill.execute_in_process(instance=instance, raise_on_error=False).success
        assert tick(instance) == {}
