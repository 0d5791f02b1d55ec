"""What a drill that died left in force, taken back by whoever looks first: `up`, the next drill, a sensor each minute.

Belongs here: that look. Not here: how a fault is taken back (`ledger.py`, `faults/`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import partial

import psutil

from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import StoreError, redact
from maxbooster_ops.logs import get_logger
from maxbooster_ops.processes.family import MARK, end
from maxbooster_ops.readiness.chaos.dead_drills import keep_dead
from maxbooster_ops.readiness.chaos.drill_lock import DrillRunsError, left_folders, only_one
from maxbooster_ops.readiness.chaos.fault import Fault
from maxbooster_ops.readiness.chaos.faults import FAULTS
from maxbooster_ops.readiness.chaos.journal import conclude_left
from maxbooster_ops.readiness.chaos.ledger import FaultState, Ledger, Written
from maxbooster_ops.readiness.chaos.stand import programs as stand_programs
from maxbooster_ops.readiness.chaos.targets import TargetSecrets
from maxbooster_ops.readiness.report.chaos_summary import StepSummary
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake, open_lake
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
    if not (ledger.open() or left_folders(state.home)):
        return ()
    with suppress(DrillRunsError), only_one(state.home, "roll-back"):
        return take_back(ledger, state.home, partial(open_lake, state.home, threads=1))
    return ()


def take_back(ledger: Ledger, home: Home, lake: Callable[[], AbstractContextManager[Lake]]) -> Sequence[Written]:
    """Take back every open fault, keep what dead drills had come to, and drop their folders; for who holds the lock.

    First the programs of dead drills must have ended: a worker that still runs would put keys back into its queue.
    """
    folders = left_folders(home)
    dead = {written.drill_id for written in ledger.open()} | folders.keys()
    until = time.monotonic() + _ENDED_WITHIN_SECONDS
    while (programs := _programs(home, dead)) and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
    end(programs, grace_seconds=_GRACE_SECONDS)  # whoever killed the drill killed its guardian, too
    done = ledger.roll_back_open()
    _tell_journals(home, dead, done)
    if folders and _are_kept(folders, done, lake):
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
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


def _tell_journals(home: Home, dead: Iterable[str], done: Sequence[Written]) -> None:
    """Let the journals of dead drills tell their end, which their process could not."""
    for drill_id in dead:
        steps: dict[str, list[StepSummary]] = defaultdict(list)
        for one in done:
            if one.drill_id == drill_id:
                steps[one.scenario].append(_step(one))
        conclude_left(home, drill_id, steps)


def _are_kept(
    drill_ids: Iterable[str], done: Sequence[Written], lake: Callable[[], AbstractContextManager[Lake]]
) -> bool:
    """Keep what dead drills had come to; False where that cannot be done now, and the next look tries again."""
    try:
        with lake() as opened:
            for drill_id in sorted(drill_ids):
                left = [str(one) for one in done if (one.drill_id, one.state) == (drill_id, FaultState.STUCK)]
                keep_dead(opened, drill_id, left)
    except StoreError as error:
        get_logger().warning("dead_drills_kept_later", reason=str(error))
        return False
    return True


def _step(one: Written) -> StepSummary:
    is_stuck = one.state is FaultState.STUCK
    said = "cannot be taken back" if is_stuck else "taken back at the next start"
    name, outcome = f"fault {one.kind} {said}", "failed" if is_stuck else "ok"
    return StepSummary(at=utc_now(), part="rollback", name=name, outcome=outcome, detail=redact(one.problem or ""))
