"""Who works on a burn-in: one process at a time, named so that everybody can tell whether it still lives.

Belongs here: what an owner is. Not here: becoming one, or losing that (`sessions.py`).
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from maxbooster_ops.errors import DrillError
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus

HEARTBEAT_EVERY = timedelta(seconds=10)
"""How often an owner says that it lives."""

SILENT_FOR = timedelta(seconds=90)
"""After this without a heartbeat an owner counts as dead, wherever it runs: nine of them were missed."""


class OwnershipLostError(DrillError):
    """Another process works on the burn-in now, or it was ended: whoever held it writes nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One claim of one process. A process that claims twice is two owners."""

    token: str
    pid: int
    created: float
    host: str

    @classmethod
    def own(cls) -> Owner:
        """Make a new owner of this process."""
        created = Identity.own().created
        return cls(token=uuid.uuid4().hex, pid=os.getpid(), created=created, host=socket.gethostname())


def orphaned(session: Session, now: datetime) -> bool:
    """Tell whether `session` is running and nobody works on it: its owner is known to be dead, or silent for long."""
    if session.status is not SessionStatus.RUNNING:
        return False
    if session.owner is None or session.heartbeat_at is None:
        return True
    if _is_known_dead(session):
        return True
    return now - session.heartbeat_at > SILENT_FOR


def _is_known_dead(session: Session) -> bool:
    """Look for the process, where that can be done: on its own host."""
    if session.owner_pid is None or session.owner_created is None or session.owner_host != socket.gethostname():
        return False
    return not Identity(pid=session.owner_pid, created=session.owner_created).runs()
