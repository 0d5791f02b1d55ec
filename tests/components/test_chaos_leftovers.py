"""What a drill leaves that died together with the guardian of its programs, and what its journal tells afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from support.chaos_kit import settings_of, written
from support.redis_process import RedisProcess
from support.running_up import eventually

from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.chaos.journal import Journal
from maxbooster_ops.readiness.chaos.leftovers import roll_back_leftovers
from maxbooster_ops.sandbox.endpoints import Endpoints, live_endpoints, save_endpoints
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
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


def kept(home):
    with open_lake(home, read_only=True) as lake:
        columns = "drill_id, scenario, verdict, valid_for_release, reasons"
        return [tuple(row.values()) for row in lake.query(f"SELECT {columns} FROM drill_results ORDER BY scenario")]


def dead_drill(home, *journals):
    """Leave what a drill leaves that is killed between two scenarios, or in one that is under way."""
    began = datetime(2026, 3, 1, 12, tzinfo=UTC)
    (home.drills / "dead").mkdir(parents=True)
    for name, outcome, counts in journals:
        heading = {"title": f"About {name}", "target": "t", "started_at": began.isoformat(), "counts": counts}
        of_drill = {"drill_began_at": began.isoformat(), "drill_counts": 5}
        journal = Journal(home, "dead", name, heading={**heading, **of_drill}, told=lambda *_: None)
        journal.add(began + timedelta(seconds=9), "method", "a step", "ok")
        if outcome:
            journal.conclude(outcome, "" if outcome == "passed" else "It broke.")


@pytest.mark.parametrize(
    ("journals", "verdict", "reasons"),
    [
        pytest.param([("a", "passed", True)], "partial", [], id="between two scenarios"),
        pytest.param(
            [("a", "failed", True), ("b", "", True)],
            "review",
            ["About a: It broke.", "About b: The process that ran it died."],
            id="after one that failed",
        ),
    ],
)
def test_a_drill_that_died_is_kept_once_with_what_it_had_come_to(home, journals, verdict, reasons):
    dead_drill(home, *journals)
    with open_state(home) as state:
        assert not roll_back_leftovers(settings_of(home), state)
        dead_drill(home)  # as if the folder could not be dropped
        assert not roll_back_leftovers(settings_of(home), state)
    whole, *scenarios = kept(home)
    assert whole == ("dead", "", verdict, False, ["The process that ran it died.", *reasons])
    assert [row[1] for row in scenarios] == [name for name, _, _ in journals]
    assert [path for path in home.drills.iterdir() if path.is_dir()] == []


def test_a_drill_that_died_is_kept_later_where_the_lake_takes_nothing_now(home):
    dead_drill(home, ("a", "passed", True))
    home.catalog.parent.mkdir(parents=True)
    home.catalog.write_text("no catalog")
    with open_state(home) as state:
        roll_back_leftovers(settings_of(home), state)
        assert (home.drills / "dead").is_dir()
        home.catalog.unlink()
        roll_back_leftovers(settings_of(home), state)
    assert [row[1] for row in kept(home)] == ["", "a"]
    assert not (home.drills / "dead").exists()


def of_another_release(text):
    """Give a journal whose steps tell something else."""
    content = json.loads(text)
    return json.dumps({**content, "steps": [{"said": "of old"}]})


@pytest.mark.parametrize("damaged", [lambda _: '{"outcome": ', of_another_release], ids=["cut off", "another release"])
def test_a_damaged_journal_keeps_nothing_else_from_being_told(home, damaged):
    dead_drill(home, ("a", "passed", True), ("b", "", True))
    file = home.reports / "chaos-dead" / "a.json"
    file.write_text(damaged(file.read_text()))
    with open_state(home) as state:
        roll_back_leftovers(settings_of(home), state)
    assert [row[1:3] for row in kept(home)] == [("", "partial"), ("b", "not run")]


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
    _, alive = psutil.wait_procs(programs, timeout=60)
    assert [program for program in alive if program.status() != psutil.STATUS_ZOMBIE] == []
    assert (left.kind, left.state) == ("drill-queue", "rolled_back")
    with redis.client() as client:
        assert client.keys("bull:drill-*") == []
    told = json.loads(journal.read_text())
    assert (told["outcome"], told["reason"]) == ("not run", "The process that ran it died.")
    assert told["steps"][-1]["name"] == "fault drill-queue taken back at the next start"
    drill_id = journal.parent.name.removeprefix("chaos-")
    assert kept(home) == [
        (drill_id, "", "partial", False, ["The process that ran it died.", "A title: The process that ran it died."]),
        (drill_id, "long", "not run", False, ["The process that ran it died."]),
    ]
    assert "The process that ran it died." in (home.reports / f"chaos-{drill_id}.md").read_text()
    assert [path for path in home.drills.iterdir() if path.is_dir()] == []


def test_a_stand_whose_owner_is_a_zombie_has_ended(tmp_path):
    with subprocess.Popen(["sleep", "600"]) as owner:
        who = Identity.of(owner.pid)
        named = {f"owner_{name}": value for name, value in asdict(who).items()}
        nowhere = {"redis_url": "redis://127.0.0.1:1/0", "platform_url": "http://127.0.0.1:1"}
        save_endpoints(Endpoints(**nowhere, **named), tmp_path)
        assert live_endpoints(tmp_path)
        owner.kill()
        eventually(lambda: not who.runs(), seconds=60, what="its end")
        assert who.lives(), "nobody asked for its end yet"
        assert live_endpoints(tmp_path) is None
