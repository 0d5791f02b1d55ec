"""Without `up`: the same schedules and sensors under `dagster dev`, and with each program of Dagster as a service."""

from __future__ import annotations

import pytest
from support.plain_dagster import PlainDagster
from support.redis_process import RedisProcess
from support.running_up import eventually

from maxbooster_ops.processes import Supervisor
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake

WAYS = ("dev", "services")

_RUNS = '{runsOrError(filter: {pipelineName: "collect"}) {... on Runs {results {status}}}}'
_OURS = '{repositoryName: "__repository__", repositoryLocationName: "maxbooster_ops"}'
_SENSORS = "{... on Sensors {results {name sensorState {ticks(limit: 5) {status}}}}}"
_TICKS = f"{{sensorsOrError(repositorySelector: {_OURS}) {_SENSORS}}}"


@pytest.fixture(scope="module")
def installations(tmp_path_factory):
    """Both ways at once, each in a home of its own, watching one real Redis."""
    root = tmp_path_factory.mktemp("plain")
    server = RedisProcess(folder=root).start()
    # No source is late here on purpose, and this machine may have other tests to do.
    variables = {"REDIS_URL": server.url, "MAXBOOSTER_SOURCE_DEADLINE_SECONDS": "20"}
    with Supervisor(root / "logs") as supervisor:
        yield {
            way: getattr(PlainDagster(root=root / way, supervisor=supervisor, variables=variables), way)()
            for way in WAYS
        }
    server.kill()


@pytest.mark.parametrize("way", WAYS)
def test_a_scheduled_run_becomes_green(installations, way):
    def statuses():
        return [run["status"] for run in installations[way].ask(_RUNS)["runsOrError"]["results"]]

    eventually(lambda: "SUCCESS" in statuses(), seconds=900, what="a green run", every=1)
    assert "FAILURE" not in statuses()


@pytest.mark.parametrize("way", WAYS)
def test_what_was_collected_is_in_the_store(installations, way):
    query = "SELECT count(DISTINCT ts) AS beats, count(memory_used_bytes) AS answered FROM redis_samples"

    def rows():
        with open_lake(Home(root=installations[way].root), read_only=True) as lake:
            return lake.query(query)

    # Two a minute, or one where a run begins so late that the next beat is due.
    eventually(lambda: rows()[0]["beats"] >= 2, seconds=600, what="two beats", every=1)
    (found,) = rows()
    assert found["beats"] == found["answered"]


@pytest.mark.parametrize("way", WAYS)
def test_every_sensor_ticks_without_a_failure(installations, way):
    def ticks():
        sensors = installations[way].ask(_TICKS)["sensorsOrError"]["results"]
        return {sensor["name"]: {tick["status"] for tick in sensor["sensorState"]["ticks"]} for sensor in sensors}

    eventually(lambda: all(ticks().values()), seconds=600, what="a tick of each sensor", every=1)
    assert {name: found for name, found in ticks().items() if "FAILURE" in found} == {}
