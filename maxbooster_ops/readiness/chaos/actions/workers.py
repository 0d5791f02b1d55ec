"""Workers of a scenario: real BullMQ workers on its queue, started, killed and stopped.

Belongs here: their life. Not here: what they do (`stand/worker.py`, `stand/worker.mjs`).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from maxbooster_ops.errors import DrillError
from maxbooster_ops.processes import Service
from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions.reaching import queue_of, redis_of, url_of
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError, NotRunError
from maxbooster_ops.readiness.chaos.stand import worker_contract

PYTHON = "python"
NPM = "npm"

_PYTHON_WORKER = "maxbooster_ops.readiness.chaos.stand.worker"
_NPM_WORKER = Path(worker_contract.__file__).with_name("worker.mjs")


@action("workers.start")
def start(  # noqa: PLR0913 -- a scenario says what it needs by name
    drill: Drill,
    *,
    name: str = "worker",
    program: str = PYTHON,
    npm_folder: str = "",
    concurrency: int = 5,
    lock_ms: int = 3000,
    stalled_ms: int = 1000,
    network: str = "direct",
) -> int:
    """Start a worker of the scenario's queue: `python`, `npm`, or the path of a Python program like `stand/worker.py`.

    Locks are short, so that the jobs of one that dies are taken over within seconds; not so short that a busy machine
    lets one expire whose worker lives. `network: slow` goes through the
    proxy of `network.open`.
    """
    url = drill.scratch["network_url"] if network == "slow" else url_of(drill)
    env = {worker_contract.URL_VARIABLE: url}
    if program == NPM:
        env[worker_contract.NPM_VARIABLE] = _npm_folder(npm_folder)
    command = [*_command(program), queue_of(drill), str(concurrency), str(lock_ms), str(stalled_ms)]
    _workers(drill)[name] = drill.supervisor.start(name, command, env=env)
    return _workers(drill)[name].pid


@action("workers.kill")
def kill(drill: Drill, *, name: str = "worker") -> str:
    """Kill a worker in the middle of its jobs, and keep in mind which those were."""
    service = _worker(drill, name)
    drill.inject("process-killed", pid=service.pid, created=service.identity.created, program=f"worker {name}")
    with redis_of(drill) as client:
        killed = [str(job) for job in client.lrange(f"bull:{queue_of(drill)}:active", 0, -1)]
    if not killed:
        raise ExpectationError("The worker was killed while it did nothing, which proves nothing.")
    del _workers(drill)[name]
    drill.scratch["killed"] = [*drill.scratch.get("killed", []), *killed]
    drill.note(f"Killed with {len(killed)} jobs active: {', '.join(sorted(killed, key=int))}")
    return f"{len(killed)} jobs were active"


@action("workers.stop")
def stop(drill: Drill) -> None:
    """Stop all workers of the scenario."""
    workers = _workers(drill)
    for service in workers.values():
        service.ask_to_end()
    drill.wait_for(
        lambda: all(service.exit_code is not None for service in workers.values()), seconds=60, what="the workers' end"
    )
    workers.clear()


def must_run(drill: Drill) -> None:
    """Tell of a worker that ended although nobody killed it, instead of waiting for what it would have done."""
    if ended := next((service for service in _workers(drill).values() if service.exit_code is not None), None):
        raise ended.failure()


def _workers(drill: Drill) -> dict[str, Service]:
    found: dict[str, Service] = drill.scratch.setdefault("workers", {})
    return found


def _worker(drill: Drill, name: str) -> Service:
    if name not in _workers(drill):
        raise DrillError(f"There is no worker `{name}`; start it with `workers.start` first.")
    return _workers(drill)[name]


def _command(program: str) -> list[str]:
    if program == PYTHON:
        return [sys.executable, "-m", _PYTHON_WORKER]
    if program == NPM:
        node = shutil.which("node")
        if node is None:
            raise NotRunError("A worker on npm's BullMQ needs Node.js, and `node` is not on PATH.")
        return [node, str(_NPM_WORKER)]
    return [sys.executable, program]


def _npm_folder(named: str) -> str:
    """Give the folder whose `node_modules` has bullmq: the one named, else the nearest from here upwards."""
    places = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents]
    found = next((place for place in places if (place / "node_modules" / "bullmq").is_dir()), None)
    if found is None:
        raise NotRunError(
            f"There is no node_modules/bullmq in {named or f'{Path.cwd()} or above'}. Start the drill in the folder of "
            "a platform that has it, or copy the scenario into `chaos/` of the home and set `npm_folder` there."
        )
    return str(found.absolute())
