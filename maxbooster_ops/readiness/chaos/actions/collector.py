"""Our own collector, with a store of the drill's own: killed in the middle of beats, or on a disk that is full.

Belongs here: its life, what it acknowledged, and whether the store holds exactly that. Not here: collecting.
"""

from __future__ import annotations

import json
import random
import shlex
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from maxbooster_ops.errors import DrillError
from maxbooster_ops.processes import Service
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions.reaching import ids_of, queue_of, url_of
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError, NotRunError
from maxbooster_ops.settings import variables

_BEATS = 1_000_000
_READY_WITHIN_SECONDS = 40.0
_STORED_SQL = "SELECT batch_id AS batch FROM beats"
_JOBS_SQL = "SELECT job_id AS job FROM queue_jobs WHERE queue = '{queue}'"


@action("collector.start")
def start(drill: Drill, *, every_ms: int = 200, disk_mb: int = 0) -> None:
    """Start a collector of the scenario's queue, and wait for its first beat.

    With `disk_mb` its home is on a file system of that size, in memory, which only it sees.
    """
    number = drill.scratch["collectors"] = drill.scratch.get("collectors", 0) + 1
    name, home = f"collector-{number}", drill.folder / ("disk/home" if disk_mb else "home")
    command = _collect(drill, home, _BEATS, every_ms)
    if disk_mb:
        command = _on_a_small_disk(drill, home, disk_mb, command)
    drill.scratch["collector"] = drill.supervisor.start(name, command, env=_environment(drill), cwd=drill.folder)
    wait_beats(drill, 1, seconds=_READY_WITHIN_SECONDS)


@action("collector.wait_beats")
def wait_beats(drill: Drill, count: int, *, seconds: float = 20) -> int:
    """Wait until the collector that runs has acknowledged so many more beats."""
    before = len(_acknowledged(drill))

    def more() -> bool:
        _still_runs(drill)
        return len(_acknowledged(drill)) >= before + count

    drill.wait_for(more, seconds=seconds, what=f"{count} more beats that the collector acknowledges")
    return len(_acknowledged(drill))


@action("collector.kill_over_and_over")
def kill_over_and_over(drill: Drill, kills: int, *, every_ms: int = 20) -> str:
    """Kill the collector in the middle of beats, and start another, so many times."""
    chance = random.Random(drill.id)  # noqa: S311 -- moments, not secrets
    for _ in range(kills):
        start(drill, every_ms=every_ms)
        drill.wait(chance.uniform(0, 0.3))
        collector = _collector(drill)
        drill.inject("process-killed", pid=collector.pid, created=collector.identity.created, program="the collector")
    return f"{len(_acknowledged(drill))} beats were acknowledged by {kills} collectors"


@action("collector.last_beat")
def last_beat(drill: Drill) -> None:
    """Take one more beat, so that the store has seen all that happened."""
    command = _collect(drill, drill.folder / "home", 1, 1000)
    service = drill.supervisor.start("collector-last", command, env=_environment(drill), cwd=drill.folder)
    drill.wait_for(lambda: service.exit_code is not None, seconds=60, what="one more beat")
    if service.exit_code:
        raise service.failure()


@action("collector.fill_disk")
def fill_disk(drill: Drill) -> None:
    """Fill the disk of the collector's home to the last byte."""
    process = _collecting_process(drill)
    ballast = str(drill.folder / "disk" / "ballast")
    drill.scratch["disk_fault"] = drill.inject("disk-full", pid=process.pid, created=process.created, ballast=ballast)


@action("collector.make_room")
def make_room(drill: Drill) -> None:
    """Take the ballast off the disk again."""
    drill.roll_back(drill.scratch["disk_fault"])


@action("collector.says_full")
def says_full(drill: Drill, *, seconds: float = 30) -> str:
    """Wait until the collector says that a beat was not stored because there is no room, and give its words."""

    def said() -> str | None:
        _still_runs(drill)
        errors = [line["error"] for line in _lines(drill) if line.get("outcome") == "not stored"]
        return next((error for error in errors if "No room is left" in error), None)

    return drill.wait_for(said, seconds=seconds, what="the collector to say that its disk is full")


@action("collector.stop")
def stop(drill: Drill) -> None:
    """Stop the collector; one on a small disk tells what its store holds before that disk goes."""
    collecting = psutil.Process(_collecting_process(drill).pid)
    collecting.terminate()
    drill.wait_for(lambda: _collector(drill).exit_code is not None, seconds=60, what="the collector's end")


@action("collector.nothing_lost")
def nothing_lost(drill: Drill) -> str:
    """Hold what collectors acknowledged against what the store holds: each beat once, no other lost."""
    stored = Counter(row["batch"] for row in _ask(drill, "beats", _STORED_SQL))
    acknowledged = _acknowledged(drill)
    if not acknowledged:
        raise ExpectationError("No collector acknowledged a beat, so none could be lost.")
    if lost := sorted(set(acknowledged) - set(stored)):
        raise ExpectationError(
            f"{len(lost)} of {len(acknowledged)} acknowledged beats are not in the store: {', '.join(lost[:3])}"
        )
    if doubled := [batch for batch, count in stored.items() if count > 1]:
        raise ExpectationError(f"{len(doubled)} beats are in the store more than once: {', '.join(doubled[:3])}")
    return f"{len(acknowledged)} acknowledged beats are each there once"


@action("collector.jobs_counted_once")
def jobs_counted_once(drill: Drill, *, jobs: str = "jobs") -> bool:
    """Find every finished job of the scenario in the store, once."""
    counted = Counter(row["job"] for row in _ask(drill, "jobs", _JOBS_SQL.format(queue=queue_of(drill))))
    ids = ids_of(drill, jobs)
    missing = [job for job in ids if not counted[job]]
    doubled = [job for job in ids if counted[job] > 1]
    if missing or doubled:
        raise ExpectationError(
            f"Of {len(ids)} jobs {len(missing)} are not in the store and {len(doubled)} more than once."
        )
    return True


def _collect(drill: Drill, home: Path, beats: int, every_ms: int) -> list[str]:
    drill.scratch["home"] = home
    return [*_ours("collect", home), "--beats", str(beats), "--every", f"{every_ms}ms", "--json"]


def _ours(command: str, home: Path) -> list[str]:
    return [sys.executable, "-m", "maxbooster_ops", command, "--home", str(home)]


def _environment(drill: Drill) -> dict[str, str]:
    """Watch the scenario's queue alone; everything else of the settings is left empty, which means: not set."""
    return {**dict.fromkeys(variables(), ""), "REDIS_URL": url_of(drill), "MAXBOOSTER_QUEUES": queue_of(drill)}


def _on_a_small_disk(drill: Drill, home: Path, disk_mb: int, command: list[str]) -> list[str]:
    """Mount the disk where only this program sees it; when the collector ends, ask its store before the disk goes."""
    if shutil.which("unshare") is None:
        raise NotRunError("A small disk of the collector's own needs Linux and `unshare` (util-linux).")
    disk = home.parent
    disk.mkdir(exist_ok=True)
    asked = {"beats": _STORED_SQL, "jobs": _JOBS_SQL.format(queue=queue_of(drill))}
    questions = [
        f"{shlex.join([*_ours('sql', home), '--format', 'json', sql])} > {shlex.quote(str(_answer_file(drill, name)))}"
        for name, sql in asked.items()
    ]
    mount = f"mount -t tmpfs -o size={disk_mb}m tmpfs {shlex.quote(str(disk))} || exit 77"
    script = "; ".join([mount, shlex.join(command), *questions])
    inside = ["unshare", "--user", "--map-root-user", "--mount"]
    return [*inside, "sh", "-c", script]


def _still_runs(drill: Drill) -> None:
    collector = _collector(drill)
    if collector.exit_code is None:
        return
    said = collector.last_lines(5)
    if collector.exit_code == 77 or "unshare" in said:  # noqa: PLR2004 -- our own exit code, see `_on_a_small_disk`
        raise NotRunError(f"No file system may be mounted on this machine: {said or 'no reason given'}")
    raise collector.failure()


def _collecting_process(drill: Drill) -> Identity:
    """Give the process that collects: the started program itself, or what it started inside of its own disk."""
    collector = _collector(drill)
    for process in [psutil.Process(collector.pid), *psutil.Process(collector.pid).children(recursive=True)]:
        command = process.cmdline()
        if command[:1] == [sys.executable] and "collect" in command:
            return Identity(pid=process.pid, created=process.create_time())
    raise DrillError("The collector has ended; see its log.")


def _collector(drill: Drill) -> Service:
    if "collector" not in drill.scratch:
        raise DrillError("No collector runs; start one with `collector.start` first.")
    service: Service = drill.scratch["collector"]
    return service


def _lines(drill: Drill) -> list[dict[str, Any]]:
    """Give what every collector of the scenario said so far; one that was killed may have left half a line."""
    logs = sorted((drill.folder / "logs").glob("collector-*.log"))
    lines = (
        line for log in logs for line in log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    )
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}\n")]


def _acknowledged(drill: Drill) -> list[str]:
    return [line["batch_id"] for line in _lines(drill) if line.get("outcome") not in {None, "not stored"}]


def _answer_file(drill: Drill, name: str) -> Path:
    return drill.folder / f"{name}.json"


def _ask(drill: Drill, name: str, sql: str) -> list[dict[str, Any]]:
    """Ask the collector's store; of one that was on a small disk the answer was kept."""
    file = _answer_file(drill, name)
    if not file.exists():
        command = [*_ours("sql", drill.scratch["home"]), "--format", "json", sql]
        shell = f"{shlex.join(command)} > {shlex.quote(str(file))}"
        service = drill.supervisor.start(f"sql-{name}", ["sh", "-c", shell], cwd=drill.folder)
        drill.wait_for(lambda: service.exit_code is not None, seconds=60, what="the store's answer")
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8") or "[]")
    return rows
