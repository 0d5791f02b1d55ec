"""A process of the drill's own is killed: a worker, a collector.

Belongs here: killing. Taking it back is nobody's need: who put it there starts another, and all end with the drill.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from maxbooster_ops.errors import DrillError
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.chaos.fault import Details, Secrets

_DIES_WITHIN_SECONDS = 5.0
_POLL_SECONDS = 0.01


class ProcessKilled:
    """`details`: `pid` and `created` of the process, `program` for people."""

    kind = "process-killed"

    def inject(self, details: Details, secrets: Secrets) -> None:
        """Kill it. Raises `DrillError` where it had ended by itself, which would prove nothing."""
        del secrets
        who = _identity(details)
        if not who.runs():
            raise DrillError(f"{details['program']} (pid {who.pid}) had ended before it could be killed; see its log")
        with suppress(ProcessLookupError):
            os.kill(who.pid, signal.SIGKILL)
        until = time.monotonic() + _DIES_WITHIN_SECONDS
        while who.runs():
            if time.monotonic() > until:
                raise DrillError(f"{details['program']} (pid {who.pid}) still runs after KILL")
            time.sleep(_POLL_SECONDS)

    def roll_back(self, details: Details, secrets: Secrets) -> None:
        """Do nothing: nobody brings the dead back."""

    def is_gone(self, details: Details, secrets: Secrets) -> bool:
        """Say that a process that died is no fault any more."""
        del details, secrets
        return True


def _identity(details: Details) -> Identity:
    return Identity(pid=int(details["pid"]), created=float(details["created"]))
