"""Burn-ins for tests: sessions as they stand in the state, and owners that live or are dead."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.burn_in.owner import Owner
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from support.facts import NOON


def session_of(**changes) -> Session:
    """Give a running session that Dagster launched, whose run is `first`."""
    usual = {
        "id": "bi-00c0ffee",
        "status": SessionStatus.RUNNING,
        "plan": Plan(),
        "launched_by": "dagster",
        "run_id": "first",
        "started_at": NOON - timedelta(hours=1),
        "target_end_at": NOON + timedelta(hours=23),
        "paused_seconds": 0.0,
        "checks_done": 0,
        "last_check_at": None,
        "memories": {},
        "unstored": (),
        "owner": "token",
        "owner_pid": 1,
        "owner_created": 0.0,
        "owner_host": "host",
        "heartbeat_at": NOON,
        "takeovers": 0,
        "cancel_asked_at": None,
        "ended_at": None,
        "verdict": None,
        "report": None,
    }
    return Session(**{**usual, **changes})


def dead_owner() -> Owner:
    """Give an owner whose process has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = Identity.of(process.pid)
        process.communicate(b"\n")
    own = Owner.own()
    return Owner(token="dead", pid=identity.pid, created=identity.created, host=own.host)
