"""Waiting for a condition with a deadline, and ports to listen on.

Belongs here: what starting a program needs around it. Not here: the program (`supervisor`).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from maxbooster_ops.errors import ProcessError
from maxbooster_ops.processes.service import Service

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.1


def wait_for(condition: Callable[[], T | None], *, seconds: float, what: str, needs: Iterable[Service] = ()) -> T:
    """Give the first truthy answer of `condition`, asked again and again for `seconds`.

    Raises `ProcessError` when time is up, or at once when one of the programs it `needs` has ended.
    """
    watched = list(needs)
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while not (answer := condition()):
        for service in watched:
            if service.exit_code is not None:
                raise service.failure(f"while waiting for {what}")
        if time.monotonic() >= deadline:
            logs = ", ".join(str(service.log) for service in watched) or "the program's log"
            raise ProcessError(f"Waited {seconds:g} s for {what}, in vain. See {logs} for the reason.")
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
    return answer


def free_port() -> int:
    """Give a port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int, *, host: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: a port that only old, closed connections remember is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
