"""Which living processes stem from the programs that we started, and how they are ended.

Belongs here: finding and ending. Not here: when to (`supervisor`, `guardian`).

A program's family is more than its children: some make a session of their own, some lose their parent and belong to
init. So three signs are read: the session, the line of parents, and a mark in the environment that every child
inherits. No sign is enough alone. A daemon leaves both session and parents; and a program that renames itself, as Redis
does, overwrites the environment that the system shows.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import psutil

MARK = "SUPERVISION_MARK"
"""The environment variable that every started program inherits; its value names the supervisor."""

GRACE_SECONDS = 8.0
"""How long a program may take to end by itself after TERM: Dagster's daemon needs about 5 s to finish a tick."""

_KILLED_WITHIN_SECONDS = 2.0
_POLL_SECONDS = 0.02

_CREATION_TOLERANCE_SECONDS = 0.05
"""The system gives creation times in ticks of 10 ms; a pid is not used again as fast as this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One process for good: a pid alone may belong to a stranger later."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Identify the living process `pid`; None where there is none."""
        try:
            return cls(pid=pid, created=psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    @classmethod
    def own(cls) -> Identity:
        """Identify this process."""
        return cls(pid=os.getpid(), created=psutil.Process().create_time())

    def lives(self) -> bool:
        """Tell whether it is still this very process that has the pid."""
        found = Identity.of(self.pid)
        return found is not None and abs(found.created - self.created) < _CREATION_TOLERANCE_SECONDS

    def runs(self) -> bool:
        """Tell whether it lives and has not ended: a zombie keeps its pid until its parent asks, which may be never."""
        try:
            return self.lives() and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def family(leaders: Iterable[Identity], *, mark: str) -> list[psutil.Process]:
    """Find every living process that stems from `leaders` or carries `mark`, except this one.

    A leader whose pid belongs to a stranger by now counts for nothing; one that ended still names its session, because
    the system gives no pid away while a session of that number lives.
    """
    sessions = {leader.pid for leader in leaders if leader.lives() or not psutil.pid_exists(leader.pid)}
    everyone = {process.pid: process for process in psutil.process_iter() if process.pid != os.getpid()}
    founders = [pid for pid in everyone if _session(pid) in sessions or _mark(everyone[pid]) == mark]
    members = _with_descendants(founders, everyone)
    return [everyone[pid] for pid in members if _works(everyone[pid])]


def end(processes: Iterable[psutil.Process], *, grace_seconds: float) -> None:
    """Ask `processes` to end, and kill those that have not when `grace_seconds` are over."""
    asked = list(processes)
    for process in asked:
        _unless_gone(process.terminate)
    stubborn = _alive_after(asked, grace_seconds)
    for process in stubborn:
        _unless_gone(process.kill)
    _alive_after(stubborn, _KILLED_WITHIN_SECONDS)


def _alive_after(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all have ended, but no longer than `seconds`; give those that have not."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if _works(process)]) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return alive


def _works(process: psutil.Process) -> bool:
    """Tell whether it still runs; a zombie does not, its parent (perhaps a careless init) only never asked."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _with_descendants(founders: Iterable[int], everyone: Mapping[int, psutil.Process]) -> set[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for pid, process in everyone.items():
        try:
            children[process.ppid()].append(pid)
        except psutil.Error:
            continue
    members: set[int] = set()
    pending = list(founders)
    while pending:
        pid = pending.pop()
        if pid not in members:
            members.add(pid)
            pending += children[pid]
    return members


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def _unless_gone(signal: Callable[[], None]) -> None:
    """Send a signal; psutil refuses where the process is gone, also where a stranger has its pid by now."""
    with contextlib.suppress(psutil.Error):
        signal()
