"""What a drill leaves that died together with the guardian of its programs, and what its journal tells afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict

import psutil
import pytest
from support.chaos_kit import settings_of, written
from support.redis_process import RedisProcess
from support.running_up import eventually

from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.chaos.leftovers import roll_back_leftovers
from maxbooster_ops.sandbox.endpoints import Endpoints, live_endpoints, save_endpoints
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state


def step(module, func, *, pause=0, **arguments):
    provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
    return {"type": "action", "name": func, "provider": provider, "pauses": {"after": pause}}


ANSWERS = {**step("redis", "answers"), "type": "probe", "tolerance": True}
LONG = written(
    [step("queues", "open"), step("jobs", "add", count=1, work_ms=60_000), step("workers", "start", pause=60)],
    steady=[ANSWERS],
)


@pytest.fixture
def redis(tmp_path):
    (tmp_path / "redis").mkdir()
    server = RedisProcess(folder=tmp_path / "redis").start()
    yield server
    server.kill()


@pytest.fixture
def home(tmp_path):
    opened = Home(root=tmp_path / "home")
    opened.chaos.mkdir(parents=True)
    (opened.chaos / "long.yaml").write_text(LONG)
    return opened


def run_until_its_worker_works(home, redis, folder):
    """Start a drill in a process of its own; give it and its programs."""
    environment = {
        **os.environ,
        "MAXBOOSTER_HOME": str(home.root),
        "MAXBOOSTER_ENV": "staging",
        "REDIS_URL": redis.url,
        "MAXBOOSTER_CHAOS_TARGETS": f"127.0.0.1:{redis.port}",
    }
    command = [sys.executable, "-m", "maxbooster_ops", "chaos", "--target", "settings", "-s", "long"]
    drill = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    with redis.client() as client:
        eventually(lambda: client.keys("bull:drill-*:drill-runs"), seconds=120, what="a job under way")
    return drill, psutil.Process(drill.pid).children(recursive=True)


def test_a_worker_whose_drill_and_guardian_were_killed_is_ended_before_its_queue_is_removed(home, redis, tmp_path):
    drill, programs = run_until_its_worker_works(home, redis, tmp_path)
    (journal,) = home.reports.glob("chaos-*/long.json")
    with subprocess.Popen([sys.executable, "-c", "input()", str(journal)], stdin=subprocess.PIPE) as reader:
        for one in [program for program in programs if "guardian" in " ".join(program.cmdline())]:
            one.kill()
        drill.kill()
        drill.wait()
        assert any(program.is_running() for program in programs), "the worker, which nobody ends"
        with open_state(home) as state:
            (left,) = roll_back_leftovers(settings_of(home, redis.url), state)
        assert reader.poll() is None, "who reads a journal is none of ours"
        reader.kill()
    _, alive = psutil.wait_procs(programs, timeout=5)
    assert [program for program in alive if program.status() != psutil.STATUS_ZOMBIE] == []
    assert (left.kind, left.state) == ("drill-queue", "rolled_back")
    with redis.client() as client:
        assert client.keys("bull:drill-*") == []
    told = json.loads(journal.read_text())
    assert (told["outcome"], told["reason"]) == ("not run", "The process that ran it died.")
    assert told["steps"][-1]["name"] == "fault drill-queue taken back at the next start"


def test_a_stand_whose_owner_is_a_zombie_has_ended(tmp_path):
    with subprocess.Popen(["sleep", "600"]) as owner:
        who = Identity.of(owner.pid)
        named = {f"owner_{name}": value for name, value in asdict(who).items()}
        nowhere = {"redis_url": "redis://127.0.0.1:1/0", "platform_url": "http://127.0.0.1:1"}
        save_endpoints(Endpoints(**nowhere, **named), tmp_path)
        assert live_endpoints(tmp_path)
        owner.kill()
        eventually(lambda: not who.runs(), seconds=10, what="its end")
        assert who.lives(), "nobody asked for its end yet"
        assert live_endpoints(tmp_path) is None
