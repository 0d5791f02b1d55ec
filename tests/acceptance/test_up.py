"""A new user's first minutes: `up`, the UI, the other commands, Ctrl-C; and what is left after a kill."""

from __future__ import annotations

import json
import random
import signal
import socket
import stat
import subprocess

import psutil
import pytest
from support.redis_process import free_port
from support.running_up import COMMAND, RunningUp, environment, eventually

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
    running = RunningUp(home=tmp_path_factory.mktemp("story") / "home", port=free_port()).start()
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
    eventually(
        lambda: any(run["status"] == "SUCCESS" for run in up.runs("collect")), seconds=200, what="a green run", every=1
    )
    assert {run["status"] for run in up.runs("collect")} <= {"SUCCESS", "STARTED", "STARTING", "QUEUED"}
    nodes = up.ask("{assetNodes {assetKey {path} assetMaterializations(limit: 1) {metadataEntries {label}}}}")[
        "assetNodes"
    ]
    numbers = {
        node["assetKey"]["path"][0]: node["assetMaterializations"] for node in nodes if node["assetMaterializations"]
    }
    assert set(numbers) >= COLLECTED
    assert all(
        any(entry["label"] == "rows" for entry in materializations[0]["metadataEntries"])
        for materializations in (numbers[name] for name in COLLECTED)
    )


def test_the_beats_came_on_time(up):
    query = "SELECT epoch(ts - due) AS late_s FROM beats WHERE kind = 'beat' ORDER BY ts"
    late = [row["late_s"] for row in json.loads(up.cli("sql", query, "--format", "json"))]
    assert len(late) >= 3
    assert max(late) < 3


def test_every_command_reads_the_same_home_while_it_runs(up):
    status = json.loads(up.cli("status", "--json"))
    assert (status["watched"]["by"], status["up"]["dagster"]) == ("sandbox", up.url)
    assert json.loads(up.cli("health", "--json", check=False))["components"]["collection"]["healthy"]
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
    holding = [file for file in up.home.rglob("*") if file.is_file() and password.encode() in file.read_bytes()]
    assert {str(file.relative_to(up.home).parent) for file in holding} == {"sandbox"}, "not in the store, not in a log"
    assert [file for file in holding if stat.S_IMODE(file.stat().st_mode) != 0o600] == []
    assert password not in " ".join(argument for process in up.family() for argument in process.cmdline())


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
    assert [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []


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
    running.process.communicate(timeout=30)

    def remaining():
        return [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]

    eventually(lambda: not remaining(), seconds=30, what="every process to end")
