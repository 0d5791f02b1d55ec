"""What a drill that died left in force, taken back by whoever looks first: `up`, the next drill, a sensor each minute.

Belongs here: that look. Not here: how a fault is taken back (`ledger.py`, `faults/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from maxbooster_ops.clock import utc_now
from maxbooster_ops.readiness.chaos.drill_lock import DrillRunsError, drop_drill_folders, only_one
from maxbooster_ops.readiness.chaos.fault import Fault
from maxbooster_ops.readiness.chaos.faults import FAULTS
from maxbooster_ops.readiness.chaos.ledger import Ledger, Written
from maxbooster_ops.readiness.chaos.targets import TargetSecrets
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.state import State


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
    ledger = Ledger(state, faults or {fault.kind: fault for fault in FAULTS}, TargetSecrets(settings, state.home), clock=clock)
    if not (ledger.open() or _has_folders(state)):
        return ()
    with suppress(DrillRunsError), only_one(state.home, "roll-back"):
        done = ledger.roll_back_open()
        drop_drill_folders(state.home)
        return done
    return ()


def forget(settings: Settings, state: State, fault_id: str, *, clock: Callable[[], datetime] = utc_now) -> Written:
    """Believe a person who took a fault back by hand. Raises `DrillError` where there is no such fault."""
    return Ledger(state, {}, TargetSecrets(settings, state.home), clock=clock).forget(fault_id)


def _has_folders(state: State) -> bool:
    drills = state.home.drills
    return drills.is_dir() and any(path.is_dir() for path in drills.iterdir())
