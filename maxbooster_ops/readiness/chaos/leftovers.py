"""What a drill that died left in force, taken back by whoever looks first: `up`, the next drill, a sensor each minute.

Belongs here: that look. Not here: how a fault is taken back (`ledger.py`, `faults/`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import psutil

from maxbooster_ops.clock import utc_now
from maxbooster_ops.readiness.chaos.drill_lock import DrillRunsError, drop_drill_folders, only_one
from maxbooster_ops.readiness.chaos.fault import Fault
from maxbooster_ops.readiness.chaos.faults import FAULTS
from maxbooster_ops.readiness.chaos.ledger import Ledger, Written
from maxbooster_ops.readiness.chaos.targets import TargetSecrets
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import State

_ENDED_WITHIN_SECONDS = 12.0
"""What a dead drill had started gets 8 s to end by itself, and is killed then."""

_POLL_SECONDS = 0.05


def roll_back_leftovers(
    settings: Settings,
    state: State,
    faults: Mapping[str, Fault] | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> Sequence[Written]:
    """Take back every open fault, and tell what each is now; does nothing while a drill runs, which does it itself.

    Doing it again, or from several processes, is fine. A fault that cannot be taken back is tried again next time.
    """
    kinds = faults or {fault.kind: fault for fault in FAULTS}
    ledger = Ledger(state, kinds, TargetSecrets(settings, state.home), clock=clock)
    if not (ledger.open() or _has_folders(state)):
        return ()
    with suppress(DrillRunsError), only_one(state.home, "roll-back"):
        return take_back(ledger, state.home)
    return ()


def take_back(ledger: Ledger, home: Home) -> Sequence[Written]:
    """Take back every open fault and drop what drills left on disk; only for who holds the lock.

    First the programs of dead drills must have ended: a worker that still runs would put keys back into its queue.
    """
    dead = {written.drill_id for written in ledger.open()}
    until = time.monotonic() + _ENDED_WITHIN_SECONDS
    while _is_working(dead) and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
    done = ledger.roll_back_open()
    drop_drill_folders(home)
    return done


def forget(settings: Settings, state: State, fault_id: str, *, clock: Callable[[], datetime] = utc_now) -> Written:
    """Believe a person who took a fault back by hand. Raises `DrillError` where there is no such fault."""
    return Ledger(state, {}, TargetSecrets(settings, state.home), clock=clock).forget(fault_id)


def _is_working(drill_ids: set[str]) -> bool:
    """Look for a program of these drills: each has the drill's id on its command line, in a folder or a queue."""
    if not drill_ids:
        return False
    others = (process for process in psutil.process_iter(["pid", "cmdline"]) if process.pid != os.getpid())
    commands = (" ".join(process.info["cmdline"] or ()) for process in others)
    return any(drill_id in command for command in commands for drill_id in drill_ids)


def _has_folders(state: State) -> bool:
    drills = state.home.drills
    return drills.is_dir() and any(path.is_dir() for path in drills.iterdir())
