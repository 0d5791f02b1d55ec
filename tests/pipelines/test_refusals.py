"""What a launchpad asks for and cannot be: refused in words, by a run that calls nobody."""

from __future__ import annotations

import dagster as dg
import pytest

from maxbooster_ops.pipelines.baselines import SaveBaselineConfig
from maxbooster_ops.pipelines.burn_in import BurnInConfig, ThresholdsConfig
from maxbooster_ops.pipelines.chaos import ChaosConfig
from maxbooster_ops.pipelines.dead_letters import RedriveConfig
from maxbooster_ops.pipelines.definitions import defs
from maxbooster_ops.pipelines.refusals import was_refused
from maxbooster_ops.readiness.burn_in.plan import Thresholds
from maxbooster_ops.readiness.burn_in.sessions import newest
from maxbooster_ops.settings import variables
from maxbooster_ops.store.state import open_state


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, made_home):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXBOOSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    return made_home(tmp_path / "home")


def refused(job, config, *, schedule=None):
    """Run it; give what the run that failed says, and whether it is marked as refused."""
    tags = {"dagster/schedule_name": schedule} if schedule else {}
    with dg.DagsterInstance.ephemeral() as instance:
        launched = defs.resolve_job_def(job)
        result = launched.execute_in_process(run_config=config, instance=instance, raise_on_error=False, tags=tags)
        assert not result.success
        (run,) = instance.get_runs()
        (failed,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        return str(failed.dagster_event.step_failure_data.error), was_refused(run)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param({"duration": "a day"}, "`a day` is not a duration", id="no duration"),
        pytest.param({"interval": "1ms"}, "`1ms` is out of bounds. Expected between 1 s and 30 days", id="too often"),
        pytest.param({"duration": "5s", "interval": "10s"}, "a check every 10 s does not fit into 5 s", id="too short"),
        pytest.param(
            {"thresholds": {"failed_jobs": 0}},
            "`failed_jobs: 0` cannot be used: input should be greater than or equal to 1",
            id="a threshold that nothing keeps",
        ),
        pytest.param({"resume": " bi-nothing "}, "There is no burn-in `bi-nothing`", id="unknown"),
    ],
)
def test_a_burn_in_that_cannot_be(home, config, said):
    found, is_marked = refused("burn_in", dg.RunConfig(ops={"take_burn_in_checks": BurnInConfig(**config)}))
    assert said in found
    assert is_marked
    with open_state(home) as state:
        assert newest(state, 9) == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param({"target": "moon"}, "`moon` is no target", id="target"),
        pytest.param({"scenarios": ["moon"]}, "There is no scenario `moon`", id="scenario"),
        pytest.param({"target": "settings"}, "127.0.0.1:1 is not on the list of what may be drilled", id="not allowed"),
    ],
)
def test_a_chaos_drill_that_cannot_be(config, said):
    found, is_marked = refused("chaos", dg.RunConfig(ops={"run_chaos_scenarios": ChaosConfig(**config)}))
    assert said in found
    assert is_marked


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param({"reason": "("}, "reason: `(` is no regular expression", id="a pattern that is none"),
        pytest.param({"older_than": "2 fortnights"}, "older_than: `2 fortnights` is not a duration", id="no duration"),
    ],
)
def test_a_round_of_dead_letters_that_cannot_be(config, said):
    found, is_marked = refused("redrive", dg.RunConfig(ops={"bring_back": RedriveConfig(**config)}))
    assert said in found
    assert is_marked


BASELINES_THAT_CANNOT_BE = [
    pytest.param({"kind": "monthly"}, "kind: `monthly` is no occasion. Expected one of: named, weekly", id="kind"),
    pytest.param({"kind": "automatic"}, "kind: `automatic` is no occasion", id="by itself only"),
    pytest.param({"last": "5 parsecs"}, "last: `5 parsecs` is not a duration", id="length"),
    pytest.param({"name": "../elsewhere"}, "cannot name a baseline", id="name"),
]


@pytest.mark.parametrize(("config", "said"), BASELINES_THAT_CANNOT_BE)
def test_a_baseline_that_cannot_be(config, said):
    found, is_marked = refused("save_baseline", baseline_of(**config))
    assert said in found
    assert is_marked


def test_what_a_schedule_cannot_have_is_not_marked_since_nobody_reads_it():
    found, is_marked = refused("save_baseline", baseline_of(name="weekly"), schedule="baseline_weekly")
    assert "at least 2 are needed" in found
    assert not is_marked


def baseline_of(**config):
    return dg.RunConfig(ops={"save_one_baseline": SaveBaselineConfig(**config)})


def test_the_launchpad_has_every_threshold_as_it_is_promised():
    fields = ThresholdsConfig.to_fields_dict()
    told = {name: (field.default_value, field.description) for name, field in fields.items()}
    assert told == {name: (field.default, field.description) for name, field in Thresholds.model_fields.items()}
