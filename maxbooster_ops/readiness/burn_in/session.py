"""One burn-in as the state knows it.

Belongs here: what a session is. Not here: changing it (`sessions.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.store.findings import BurnInCheck


class SessionStatus(StrEnum):
    """Abandoned: nobody took it up again after its owner died; like a cancelled one it can be resumed by its id."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One burn-in: what whoever takes it up must know. Fields are the columns of `burn_in_sessions`."""

    id: str
    status: SessionStatus
    plan: Plan
    launched_by: str
    run_id: str | None
    started_at: datetime
    target_end_at: datetime
    paused_seconds: float
    checks_done: int
    last_check_at: datetime | None
    memories: Mapping[str, Mapping[str, Any]]
    unstored: Sequence[BurnInCheck]
    owner: str | None
    owner_pid: int | None
    owner_created: float | None
    owner_host: str | None
    heartbeat_at: datetime | None
    takeovers: int
    cancel_asked_at: datetime | None
    ended_at: datetime | None
    verdict: str | None
    report: str | None
