"""The scenarios on a stand that bears its faults: real workers, a real Redis, a real service, all really killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.need import lacking, program
from support.stand_rig import open_rig

from maxbooster_ops.readiness.chaos.scenarios import load_catalog
from maxbooster_ops.store.home import Home

V6 = Path(__file__).parents[1] / "node" / "v6"
CATALOG = load_catalog(Home(root=Path("there is no such home")))
FIVE = [experiment.name for experiment in CATALOG.experiments if experiment.five]
BEYOND = ["redis-restart", "redis-full", "slow-network"]


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with open_rig(tmp_path_factory.mktemp("scenarios")) as opened:
        yield opened


def test_exactly_five_scenarios_decide():
    assert set(FIVE) == {
        "worker-crash",
        "posts-survive",
        "retry-policy",
        "queue-monitoring",
        "monitoring-endpoints",
    }


@pytest.mark.parametrize("name", [*FIVE, *BEYOND])
def test_a_platform_that_bears_the_fault_passes_and_nothing_of_the_drill_stays(rig, name):
    result = rig.run(name)
    assert (result.outcome, result.reason) == ("passed", "")
    with rig.redis() as client:
        assert list(client.scan_iter(match="bull:drill-*")) == []
        assert client.config_get("maxmemory")["maxmemory"] == str(256 * 1024**2)


def test_jobs_survive_a_killed_worker_of_npms_bullmq_too(rig):
    program("node", "install Node.js 20")
    if not (V6 / "node_modules" / "bullmq").is_dir():
        lacking("npm bullmq 6", "npm install --no-package-lock --prefix tests/node/v6")
    result = rig.run("worker-crash-npm", npm_folder=str(V6))
    assert (result.outcome, result.reason) == ("passed", "")


def test_without_npms_package_its_scenario_is_not_run_and_says_what_it_needs(rig, tmp_path):
    program("node", "install Node.js 20")
    result = rig.run("worker-crash-npm", npm_folder=str(tmp_path))
    assert result.outcome == "not run"
    assert "There is no node_modules/bullmq" in result.reason
    assert "npm_folder" in result.reason
