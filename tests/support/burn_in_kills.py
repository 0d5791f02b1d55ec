"""Killing what works on a burn-in, at random moments: its run, the keeper of that, Dagster's programs, everything.

Belongs here: one burn-in under fire in an `up` of its own. Not here: judging what came of it (`burn_in_audit.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil

from maxbooster_ops.clock import utc_now
from maxbooster_ops.processes.family import Identity
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from maxbooster_ops.readiness.burn_in.sessions import find, running
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import State, open_state
from support.redis_process import free_port
from support.running_up import RunningUp, eventually

VICTIMS = ("run", "keeper", "run and keeper", "code server", "daemon", "everything")

_WORDS = {"code server": "dagster api grpc", "daemon": "dagster-daemon run"}
_OWNERLESS = {"run", "run and keeper", "everything"}
"""After these nobody works on the burn-in until the supervisor has it taken up."""

_LOOK_EVERY_S = 0.2
_TAKEN_UP_WITHIN_S = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill: when, of what, and when the next check after it was kept."""

    what: str
    at: datetime
    working_again_at: datetime | None
    start_again_after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """A process that began to work on the session, and whether its predecessor still lived then."""

    pid: int
    seen_at: datetime
    predecessor_lived: bool


@dataclass
class BurnInDrill:
    """One burn-in in a home of its own; `kills`, `owners` and `memory_mb` (resident, own share) are what happened."""

    root: Path
    minutes: float
    interval_s: float
    victims: Sequence[str]
    pause_s: tuple[float, float]
    seed: int
    kills: list[Kill] = field(default_factory=list)
    owners: list[Ownership] = field(default_factory=list)
    memory_mb: list[tuple[float, float]] = field(default_factory=list)
    session_id: str = ""
    up: RunningUp = field(init=False)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Session:
        """Burn in, kill, wait for the end; `up` runs on."""
        chance = random.Random(self.seed)
        home = Home(root=self.root)
        self._start()
        with open_state(home) as state:
            self._launch()
            session = eventually(lambda: running(state), seconds=90, what="a burn-in that runs")
            self.session_id = session.id
            watching = threading.Thread(target=self._watch, args=(state,))
            watching.start()
            try:
                self._kill_until_its_end(state, chance)
            finally:
                self._over.set()
                watching.join()
            return find(state, self.session_id)

    def _start(self) -> None:
        self.up = RunningUp(home=self.root, port=free_port()).start()

    def _launch(self) -> None:
        config = {"duration": f"{self.minutes * 60:g}s", "interval": f"{self.interval_s:g}s"}
        text = json.dumps(json.dumps({"ops": {"take_burn_in_checks": {"config": config}}}))
        launched = self.up.ask(
            "mutation {launchRun(executionParams: {selector: {repositoryLocationName: "
            '"maxbooster_ops", repositoryName: "__repository__", jobName: "burn_in"}, '
            f"runConfigData: {text}}}) {{__typename ... on PythonError {{message}} "
            "... on RunConfigValidationInvalid {errors {message}}}}"
        )
        assert launched["launchRun"]["__typename"] == "LaunchRunSuccess", launched

    def _kill_until_its_end(self, state: State, chance: random.Random) -> None:
        while True:
            pause_ends = time.monotonic() + chance.uniform(*self.pause_s)
            while time.monotonic() < pause_ends:
                if self._look(state).status is not SessionStatus.RUNNING:
                    return
                time.sleep(_LOOK_EVERY_S)
            self._kill_one(state, chance)

    def _kill_one(self, state: State, chance: random.Random) -> None:
        # In turn, so that a short drill has had each once; the moment is what is left to chance.
        what = self.victims[len(self.kills) % len(self.victims)]
        session = self._look(state)
        if session.owner_pid is None:
            return
        at = utc_now()
        down_s = chance.uniform(0, 20) if what == "everything" else 0.0
        _kill(self._victims(what, session))
        if what == "everything":
            self.up.process.wait()
            time.sleep(down_s)
            self._start()
        again = self._works_again(state, session, ownerless=what in _OWNERLESS)
        self.kills.append(Kill(what=what, at=at, working_again_at=again, start_again_after_s=down_s))

    def _works_again(self, state: State, before: Session, *, ownerless: bool) -> datetime | None:
        """Wait for a check that was taken after the kill, or for the end."""
        deadline = time.monotonic() + _TAKEN_UP_WITHIN_S
        while time.monotonic() < deadline:
            now = self._look(state)
            is_taken_up = now.owner != before.owner or not ownerless
            if now.status is not SessionStatus.RUNNING or (is_taken_up and now.checks_done > before.checks_done):
                return utc_now()
            time.sleep(_LOOK_EVERY_S)
        return None

    def _victims(self, what: str, session: Session) -> list[psutil.Process]:
        if what in _WORDS:
            up = psutil.Process(self.up.process.pid)
            return [eventually(lambda: _child(up, _WORDS[what]), seconds=60, what=f"a running {what}")]
        run = _process(session.owner_pid)
        keeper = run.parent() if run else None
        of_run = {"run": [run], "keeper": [keeper], "run and keeper": [keeper, run]}
        if what in of_run:
            return [process for process in of_run[what] if process and process.pid > 1]
        # The guardian first, which would end the rest in an orderly way.
        family = sorted(self.up.family(), key=lambda one: "guardian" not in " ".join(one.cmdline()))
        return [psutil.Process(self.up.process.pid), *family, *(one for one in (keeper, run) if one and one.pid > 1)]

    def _look(self, state: State) -> Session:
        return find(state, self.session_id)

    def _watch(self, state: State) -> None:
        """Write down who works on the session, and how much memory that takes."""
        last: tuple[str, Identity] | None = None
        while not self._over.wait(_LOOK_EVERY_S):
            session = self._look(state)
            if session.owner is None or session.owner_pid is None:
                continue
            identity = Identity(pid=session.owner_pid, created=session.owner_created)
            if last is None or session.owner != last[0]:
                lived = last is not None and last[1] != identity and last[1].lives()
                self.owners.append(Ownership(pid=identity.pid, seen_at=utc_now(), predecessor_lived=lived))
                last = (session.owner, identity)
            with contextlib.suppress(psutil.Error):
                memory = psutil.Process(identity.pid).memory_full_info()
                self.memory_mb.append((memory.rss / 1e6, memory.pss / 1e6))


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _child(up: psutil.Process, words: str) -> psutil.Process | None:
    for child in up.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE and words in " ".join(child.cmdline()):
                return child
    return None
