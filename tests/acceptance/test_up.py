"""A new user's first minutes: `up`, the UI, the other commands, Ctrl-C; and what is left after a kill."""

from __future__ import annotations

import json
import random
import signal
import socket
import stat
import subprocess
from itertools import pairwise

import pytest
from support.redis_process import free_port
from support.running_up import COMMAND, RunningUp, environment, eventually, still_running

from maxbooster_ops.processes.waiting import is_free

# Not the probes: the first beat took them all, and none is due again before the first run ends.
COLLECTED = {
    "queue_samples",
    "queue_jobs",
    "redis_samples",
    "host_samples",
    "metric_samples",
    "ai_cache_samples",
    "beats",
}


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """One `up` with its sandbox for the whole story."""
    # Nothing here is about a source that does not answer, and this machine may have other tests to do.
    patient = {"MAXBOOSTER_SOURCE_DEADLINE_SECONDS": "20"}
    running = RunningUp(home=tmp_path_factory.mktemp("story") / "home", port=free_port(), variables=patient).start()
    yield running
    running.stop()


def test_it_says_what_runs_where(up):
    assert f"http://127.0.0.1:{up.port}" in up.printed
    assert str(up.home) in up.printed
    assert "sandbox" in up.printed
    assert "redis://***@127.0.0.1" in up.printed


def test_the_first_beat_is_there_at_once(up):
    queues = json.loads(up.cli("queues", "--json"))
    assert {queue["queue"] for queue in queues} == {
        "scheduled-posts",
        "content-generation",
        "project-scheduled-publish",
        "item-scheduled-publish",
        "generate-report",
        "export-data",
        "forecast",
    }


def test_a_scheduled_run_becomes_green_and_materializes_what_was_collected(up):
    def statuses():
        return {run["status"] for run in up.runs("collect")}

    def shown():
        query = "{assetNodes {assetKey {path} assetMaterializations(limit: 1) {metadataEntries {label}}}}"
        return {node["assetKey"]["path"][0]: node["assetMaterializations"] for node in up.ask(query)["assetNodes"]}

    eventually(lambda: "SUCCESS" in statuses(), seconds=600, what="a green run", every=1)
    assert statuses().isdisjoint({"FAILURE", "CANCELING", "CANCELED"})
    numbers = eventually(
        lambda: (found := shown()) and all(found[name] for name in COLLECTED) and found,
        seconds=600,
        what="what was collected",
        every=1,
    )
    labels = {name: {entry["label"] for entry in numbers[name][0]["metadataEntries"]} for name in COLLECTED}
    assert {name for name, found in labels.items() if "rows" in found} == COLLECTED


def test_the_beats_came_on_time(up):
    """Those of a schedule, which a run takes that began up to a minute before they are due."""
    query = "SELECT epoch(ts - due) AS late_s FROM beats WHERE kind = 'beat' AND epoch_ms(due) % 30000 = 0 ORDER BY due"

    def late():
        return [row["late_s"] for row in json.loads(up.cli("sql", query, "--format", "json"))]

    def both_on_time():
        return any(early < 3 and later < 3 for early, later in pairwise(late()))

    # A run that a busy machine begins half a minute late is late with its first beat; the next run need not be.
    eventually(both_on_time, seconds=600, what="two beats in a row on time", every=1)


def test_every_command_reads_the_same_home_while_it_runs(up):
    status = json.loads(up.cli("status", "--json"))
    assert (status["watched"]["by"], status["up"]["dagster"]) == ("sandbox", up.url)

    def components():
        return json.loads(up.cli("health", "--json", check=False))["components"]

    eventually(lambda: components()["collection"]["healthy"], seconds=600, what="collection to be healthy", every=1)
    assert {cache["cache"] for cache in json.loads(up.cli("ai", "--json"))["caches"]} == {"social", "advertising"}
    assert up.cli("sql", "SELECT 6 * 7 AS answer", "--format", "csv").split() == ["answer", "42"]


def test_a_beat_from_another_terminal_joins_in(up):
    (line,) = up.cli("collect", "--json").splitlines()
    beat = json.loads(line)
    assert set(beat["sources"]) == {"bullmq", "redis", "host", "probes", "metrics", "ai_caches", "executions"}
    assert {"rows", "duration_ms", "error"} == set(beat["sources"]["bullmq"])
    assert [name for name, source in beat["sources"].items() if source["error"]] == []


def test_the_password_is_only_in_files_that_its_owner_alone_may_read(up):
    password = json.loads((up.home / "sandbox" / "endpoints.json").read_text())["redis_url"].split(":")[2].split("@")[0]
    holding = [file for file, content in up.files() if password.encode() in content]
    assert {str(file.relative_to(up.home).parent) for file in holding} == {"sandbox"}, "not in the store, not in a log"
    assert [file for file in holding if stat.S_IMODE(file.stat().st_mode) != 0o600] == []
    assert "redis-server" in up.command_lines()
    assert password not in up.command_lines()


def test_a_second_up_on_the_same_home_is_refused_with_where_the_first_is(up):
    run = subprocess.run(
        [COMMAND, "up", "--home", str(up.home)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        cwd=up.home.parent,
    )
    assert run.returncode == 2
    assert f"already runs on {up.home}" in " ".join(run.stderr.split())


def test_ctrl_c_ends_everything(up):
    family = up.family()
    assert up.stop() in {0, 130}
    # Those that had to be killed are gone as soon as the system comes to it.
    eventually(lambda: not still_running(family), seconds=300, what="every process to end")


def test_a_busy_port_is_replaced_and_said_and_a_kill_leaves_no_process_behind(tmp_path):
    # Below what the kernel hands out, where another test might take the next port before `up` does.
    wanted = next(port for port in random.sample(range(15_000, 30_000), 100) if is_free(port, host="127.0.0.1"))
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", wanted))
        occupied.listen()
        running = RunningUp(home=tmp_path / "home", port=wanted).start()
        assert not running.url.endswith(f":{running.port}")
    family = running.family()
    assert len(family) >= 7
    running.process.send_signal(signal.SIGKILL)
    running.process.communicate()
    eventually(lambda: not still_running(family), seconds=300, what="every process to end")
