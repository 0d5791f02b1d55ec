"""Keeping a stand running, as a platform's process manager does: what ends is started again, unless it is held.

Belongs here: the restarts. Not here: killing and holding (`programs.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maxbooster_ops.logs import get_logger
from maxbooster_ops.processes import Supervisor
from maxbooster_ops.readiness.chaos.stand import programs

_LOOKS_EVERY_SECONDS = 0.1


@contextmanager
def kept_running(supervisor: Supervisor, folder: Path) -> Iterator[None]:
    """Start again what ends, in a thread of its own; until the block is over nobody else uses the supervisor."""
    for service in supervisor.services():
        programs.note(folder, service.name, service.identity)
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(supervisor, folder, over), name="stand", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep(supervisor: Supervisor, folder: Path, over: threading.Event) -> None:
    while not over.wait(_LOOKS_EVERY_SECONDS):
        for service in supervisor.ended():
            if programs.is_held(folder, service.name):
                continue
            supervisor.forget(service)
            again = supervisor.start(service.name, service.argv)
            programs.note(folder, service.name, again.identity)
            get_logger().info("stand_program_restarted", program=service.name, exit_code=service.exit_code)
