"""Every kind of fault: in force when it was put in, gone when it was taken back, whoever does it and how often."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import psutil
import pytest
import redis
from pydantic import SecretStr
from support.need import mounting
from support.stand_rig import StandSecrets

from maxbooster_ops.errors import DrillError
from maxbooster_ops.processes import wait_for
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.chaos.faults import FAULTS
from maxbooster_ops.readiness.chaos.stand import programs

KINDS = {fault.kind: fault for fault in FAULTS}
MB = 1024**2


@pytest.fixture
def secrets(redis_process):
    return StandSecrets(SecretStr(redis_process.url))


@pytest.fixture
def client(redis_process):
    with redis_process.client() as opened:
        opened.config_set("maxmemory", 64 * MB)
        opened.config_set("maxmemory-policy", "noeviction")
        yield opened


@pytest.fixture
def sleeper():
    """A process of ours that does nothing."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def identity(pid: int) -> dict[str, float]:
    who = Identity.of(pid)
    return {"pid": who.pid, "created": who.created}


FULL = {"target": "t", "before": 64 * MB, "during": 500_000}
QUEUE = {"target": "t", "queue": "drill-1-x"}


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        pytest.param("redis-full", FULL, id="redis-full"),
        pytest.param("drill-queue", QUEUE, id="drill-queue"),
        pytest.param("slow-network", {"orders": "/no/such/folder/network.json", "delay_ms": 5}, id="slow-network"),
        pytest.param("program-down", {"folder": "/no/such/stand", "program": "redis"}, id="program-down"),
        pytest.param("disk-full", {"pid": 2**22, "created": 1.0, "ballast": "/disk/ballast"}, id="disk-full"),
        pytest.param("process-killed", {"pid": 2**22, "created": 1.0, "program": "w"}, id="process-killed"),
    ],
)
def test_a_fault_that_never_came_into_force_is_taken_back_by_doing_nothing(kind, details, secrets, client):
    for _ in range(2):
        KINDS[kind].roll_back(details, secrets)
        assert KINDS[kind].is_gone(details, secrets)
    assert client.config_get("maxmemory")["maxmemory"] == str(64 * MB)


def test_a_full_redis_refuses_writes_until_exactly_its_old_limit_is_set_again(secrets, client):
    full = KINDS["redis-full"]
    full.inject(FULL, secrets)
    assert not full.is_gone(FULL, secrets)
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        client.set("key", "value")
    for _ in range(2):
        full.roll_back(FULL, secrets)
        assert full.is_gone(FULL, secrets)
    assert client.config_get("maxmemory")["maxmemory"] == str(64 * MB)
    assert client.set("key", "value")


def test_a_limit_that_somebody_set_meanwhile_is_left_alone(secrets, client):
    KINDS["redis-full"].inject(FULL, secrets)
    client.config_set("maxmemory", 32 * MB)
    KINDS["redis-full"].roll_back(FULL, secrets)
    assert client.config_get("maxmemory")["maxmemory"] == str(32 * MB)


def test_a_redis_that_would_throw_data_away_is_not_filled(secrets, client):
    client.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(DrillError, match="allkeys-lru: filled up, it would throw away what it holds"):
        KINDS["redis-full"].inject(FULL, secrets)
    assert client.config_get("maxmemory")["maxmemory"] == str(64 * MB)


def test_the_queue_of_a_drill_is_removed_whole_and_no_other(secrets, client):
    client.mset({f"bull:drill-1-x:{number}": "" for number in range(2500)})
    client.mset({"bull:drill-1-xy:meta": "", "bull:mail:meta": ""})
    queue = KINDS["drill-queue"]
    assert not queue.is_gone(QUEUE, secrets)
    with pytest.raises(DrillError, match="There is a queue drill-1-x already"):
        queue.inject(QUEUE, secrets)
    queue.roll_back(QUEUE, secrets)
    assert queue.is_gone(QUEUE, secrets)
    assert sorted(client.keys()) == [b"bull:drill-1-xy:meta", b"bull:mail:meta"]


@pytest.mark.parametrize("name", ["mail", "*", "drill-*", ""])
def test_a_queue_that_is_none_of_a_drill_is_never_removed(name, secrets, client):
    client.set("bull:mail:meta", "")
    with pytest.raises(DrillError, match="is no queue of a drill"):
        KINDS["drill-queue"].roll_back({"target": "t", "queue": name}, secrets)
    assert client.exists("bull:mail:meta")


def test_a_process_that_ended_by_itself_cannot_be_killed_to_prove_something(sleeper, secrets):
    details = {**identity(sleeper.pid), "program": "the worker"}
    KINDS["process-killed"].inject(details, secrets)
    assert sleeper.wait(60) == -9
    with pytest.raises(DrillError, match=r"the worker .* had ended before it could be killed"):
        KINDS["process-killed"].inject(details, secrets)


def test_a_full_disk_is_full_to_the_last_byte_and_has_room_again(tmp_path, secrets):
    """A real file system that only one process sees; with that process it is gone."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"mount -t tmpfs -o size=4m tmpfs {disk} && echo ready && exec sleep 600"
    with subprocess.Popen([*mounting(), script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout.readline() == b"ready\n"
        details = {**identity(process.pid), "ballast": str(disk / "ballast")}
        inside, full = f"/proc/{process.pid}/root{disk}", KINDS["disk-full"]
        full.inject(details, secrets)
        assert (os.statvfs(inside).f_bavail, full.is_gone(details, secrets)) == (0, False)
        full.roll_back(details, secrets)
        assert full.is_gone(details, secrets)
        assert os.statvfs(inside).f_bavail > 0
        full.inject(details, secrets)
        process.kill()
        process.wait()
        full.roll_back(details, secrets)
        assert full.is_gone(details, secrets)


_OWNER = """
import sys, time
from pathlib import Path
from maxbooster_ops.readiness.chaos.faults.program_down import ProgramDown
from maxbooster_ops.readiness.chaos.stand import open_stand
folder = Path(sys.argv[1])
with open_stand(folder, name="stand-test"):
    ProgramDown().inject({"folder": str(folder), "program": "posts"}, None)
    print("down", flush=True)
    sys.stdin.readline()
    ProgramDown().inject({"folder": str(folder), "program": "redis"}, None)
    print("down", flush=True)
    time.sleep(600)
"""


def test_a_program_stays_down_until_any_process_lets_it_back_and_a_stand_ends_with_its_owner(tmp_path, secrets):
    """The owner puts the faults in; this process takes one back, and kills the owner under the other."""
    folder, down = tmp_path / "stand", KINDS["program-down"]
    posts, server = ({"folder": str(folder), "program": name} for name in ("posts", "redis"))
    command = [sys.executable, "-c", textwrap.dedent(_OWNER), str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as owner:
        assert any(line == "down\n" for line in owner.stdout)
        assert not down.is_gone(posts, secrets)
        down.roll_back(posts, secrets)
        assert down.is_gone(posts, secrets)
        owner.stdin.write("on\n")
        owner.stdin.flush()
        assert any(line == "down\n" for line in owner.stdout)
        family = [Identity.of(process.pid) for process in psutil.Process(owner.pid).children(recursive=True)]
        assert len(family) >= 4, "workers, platform, posts and guardian"
        assert not down.is_gone(server, secrets)
        owner.kill()
        owner.wait()
        down.roll_back(server, secrets)
        assert down.is_gone(server, secrets)
        wait_for(lambda: not [one for one in family if one.runs()], seconds=120, what="the end of the stand")
    assert not programs.is_owned(folder)
    assert json.loads((folder / "endpoints.json").read_text())["owner_pid"] == owner.pid
