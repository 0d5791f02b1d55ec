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
from maxbooster_ops.errors import redact
from maxbooster_ops.processes.family import MARK, end
from maxbooster_ops.readiness.chaos.drill_lock import DrillRunsError, drop_drill_folders, only_one
from maxbooster_ops.readiness.chaos.fault import Fault
from maxbooster_ops.readiness.chaos.faults import FAULTS
from maxbooster_ops.readiness.chaos.journal import conclude_left
from maxbooster_ops.readiness.chaos.ledger import FaultState, Ledger, Written
from maxbooster_ops.readiness.chaos.stand import programs as stand_programs
from maxbooster_ops.readiness.chaos.targets import TargetSecrets
from maxbooster_ops.readiness.report.chaos_summary import StepSummary
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import State

_ENDED_WITHIN_SECONDS = 12.0
"""What a dead drill had started gets 8 s to end by itself, and is killed then."""

_GRACE_SECONDS = 2.0
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
    dead = {written.drill_id for written in ledger.open()} | {
        path.name for path in home.drills.iterdir() if path.is_dir()
    }
    until = time.monotonic() + _ENDED_WITHIN_SECONDS
    while (programs := _programs(home, dead)) and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
    end(programs, grace_seconds=_GRACE_SECONDS)  # whoever killed the drill killed its guardian, too
    done = ledger.roll_back_open()
    _tell_journals(home, done)
    drop_drill_folders(home)
    return done


def forget(settings: Settings, state: State, fault_id: str, *, clock: Callable[[], datetime] = utc_now) -> Written:
    """Believe a person who took a fault back by hand. Raises `DrillError` where there is no such fault."""
    return Ledger(state, {}, TargetSecrets(settings, state.home), clock=clock).forget(fault_id)


def _programs(home: Home, drill_ids: set[str]) -> list[psutil.Process]:
    """Find the programs of these drills that still run.

    Each has the drill's id on its command line, in a folder or a queue, and the mark of a supervisor: so no editor is
    taken for one that shows a journal. Redis renames itself, and is known by what its stand noted.
    """
    if not drill_ids:
        return []
    noted = {who.pid for one in drill_ids for who in stand_programs.noted(home.drills / one / "stand") if who.runs()}
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        named = any(drill_id in command for drill_id in drill_ids)
        if process.pid != os.getpid() and (process.pid in noted or (named and _is_ours(process))):
            found.append(process)
    return found


def _is_ours(process: psutil.Process) -> bool:
    try:
        return MARK in process.environ()
    except (psutil.Error, OSError):
        return False


def _tell_journals(home: Home, done: Sequence[Written]) -> None:
    """Let the journals of dead drills tell their end, which their process could not."""
    for drill_id, scenario in dict.fromkeys((one.drill_id, one.scenario) for one in done):
        steps = [_step(one) for one in done if (one.drill_id, one.scenario) == (drill_id, scenario)]
        conclude_left(home, drill_id, scenario, steps)


def _step(one: Written) -> StepSummary:
    is_stuck = one.state is FaultState.STUCK
    said = "cannot be taken back" if is_stuck else "taken back at the next start"
    name, outcome = f"fault {one.kind} {said}", "failed" if is_stuck else "ok"
    return StepSummary(at=utc_now(), part="rollback", name=name, outcome=outcome, detail=redact(one.problem or ""))


def _has_folders(state: State) -> bool:
    drills = state.home.drills
    return drills.is_dir() and any(path.is_dir() for path in drills.iterdir())
