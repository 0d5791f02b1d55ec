"""Tracking of own jobs when the job and the collector are killed, with real SIGKILLs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.sources.executions import Executions
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

KILLS = 5

_JOB = """
import logging, sys
from maxbooster_ops.jobs import track

how = ["written"]

class Complaints(logging.Handler):
    def emit(self, record):
        how[0] = "kept in memory"  # this one and perhaps more, since others are busy with the state for too long

logging.getLogger("maxbooster_ops.jobs").addHandler(Complaints())
for number in range(10**6):
    with track("killed", run_id=f"{sys.argv[2]}-{number}", home=sys.argv[1]):
        pass
    print(f"{sys.argv[2]}-{number}", how[0], flush=True)
"""

_COLLECTOR = """
import sys
from pathlib import Path
from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.sources.executions import Executions
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

with open_store(Home(root=Path(sys.argv[1]))) as store:
    collector = Collector([Executions(store.state)], store.beats, interval_seconds=30, deadline_seconds=30)
    while True:
        collector.beat()
        print("beat", flush=True)
"""


def test_killing_the_job_and_the_collector_loses_no_execution_and_takes_none_twice(tmp_path, made_home):
    """What a job went on after was written, and is in the lake once in the end.

    Unless it had said that it keeps it in memory: with that it may die.
    """
    home = made_home(tmp_path / "a home")
    told = {}
    for kill in range(KILLS):
        told |= _told_until_killed(home, kill)
    runs = _taken(home)
    written = {run for run, how in told.items() if how == "written"}
    assert written
    assert written <= set(runs)
    assert len(runs) == len(set(runs))
    assert len(set(runs) - set(told)) <= KILLS, "at most the one that was being told at each kill"


def _told_until_killed(home: Home, kill: int) -> dict[str, str]:
    """Let both run for a beat or two, kill them, and give which runs the job told of, and how each was kept."""
    job = _started(_JOB, home.root, kill)
    collector = _started(_COLLECTOR, home.root)
    for _ in range(1 + kill % 2):
        collector.stdout.readline()
    for process in (collector, job):
        process.kill()
    lines = job.stdout.read().splitlines(keepends=True)
    for process in (collector, job):
        process.communicate()
    return dict(line.strip().split(" ", 1) for line in lines if line.endswith("\n"))


def _taken(home: Home) -> list[str]:
    with open_store(home) as store:
        collector = Collector([Executions(store.state)], store.beats, interval_seconds=30, deadline_seconds=600)
        while collector.beat().sources["executions"].rows:
            pass
        return [row["run_id"] for row in store.lake.query("SELECT run_id FROM tracked_executions")]


def _started(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
