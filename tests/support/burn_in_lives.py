"""Processes that work on a burn-in, all at once, or each until it kills itself between two steps.

Belongs here: what such a process does. Not here: judging what it left.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.burn_in import sessions
from maxbooster_ops.readiness.burn_in.checking import Checker
from maxbooster_ops.readiness.burn_in.keeping import Keeper
from maxbooster_ops.readiness.burn_in.owner import Owner
from maxbooster_ops.readiness.burn_in.plan import Plan
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.state import open_state


@dataclass
class HandClock:
    """A clock that only waiting moves, so that a day passes at once."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Dies(StrEnum):
    """After which step of a check a process dies."""

    TAKEN = "taken, not kept"
    KEPT = "kept, not in the lake"
    STORED = "in the lake, not noted"
    NOTED = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One process: takes up a burn-in, takes one check, and dies."""

    root: Path
    redis_url: str
    session_id: str
    due: datetime
    dies: Dies


def live(life: Life) -> None:
    """Take one check, the steps of the loop one by one, and die after the one that was chosen."""
    settings = Settings(_env_file=None, redis_url=life.redis_url, maxbooster_home=life.root)
    with open_state(Home(root=life.root)) as state:
        owner = Owner.own()
        session = sessions.resume(state, life.session_id, run_id=None, owner=owner, now=utc_now())
        keeper, checker = Keeper(state, session), Checker(settings, session.id, session.plan)
        if keeper.has_unstored:
            keeper.store()
            keeper.note_stored()
        steps: list[tuple[Callable[[], Any], Dies]] = [
            (lambda: keeper.add(_check(checker, keeper, life)), Dies.TAKEN),
            (lambda: keeper.keep(utc_now()), Dies.KEPT),
            (keeper.store, Dies.STORED),
            (keeper.note_stored, Dies.NOTED),
        ]
        for step, name in steps:
            step()
            if life.dies is name:
                os.kill(os.getpid(), signal.SIGKILL)


def _check(checker: Checker, keeper: Keeper, life: Life) -> Any:
    return checker.take(keeper.next_number, life.due, keeper.memories, now=utc_now(), memory_low_mb=None)


def lead(life: Life) -> None:
    """Run `live` in a process of its own and see it die."""
    process = _CONTEXT.Process(target=live, args=(life,), daemon=True)
    process.start()
    process.join(300)
    assert process.exitcode == -signal.SIGKILL, f"it ended by itself: {process.exitcode}"


def race(root: Path, *, racers: int, resumes: str | None = None) -> list[str]:
    """Let processes begin a burn-in, or resume one, all at once; give what each got: an owner's token, or a refusal."""
    barrier, answers = _CONTEXT.Barrier(racers), _CONTEXT.SimpleQueue()
    over = _CONTEXT.Event()
    arguments = (root, resumes, barrier, over, answers)
    processes = [_CONTEXT.Process(target=_race, args=arguments, daemon=True) for _ in range(racers)]
    for process in processes:
        process.start()
    told = [answers.get() for _ in processes]
    over.set()  # until then the winner lives, and the losers must see that
    _join(processes)
    return told


def _race(root: Path, resumes: str | None, barrier: Any, over: Any, answers: Any) -> None:
    with open_state(Home(root=root)) as state:
        owner = Owner.own()
        barrier.wait()
        try:
            if resumes:
                sessions.resume(state, resumes, run_id=None, owner=owner, now=utc_now())
            else:
                sessions.begin(state, Plan(), launched_by="terminal", run_id=None, owner=owner, now=utc_now())
            answers.put(owner.token)
        except DrillError as error:
            answers.put(str(error))
        except Exception as error:  # noqa: BLE001 -- whoever waits for an answer would wait for ever
            answers.put(repr(error))
        over.wait()


def _join(processes: Iterable[Any]) -> None:
    for process in processes:
        process.join(300)


_CONTEXT = get_context("forkserver")
# What takes long to import. This module itself cannot be: the server's path is not that of the tests.
_CONTEXT.set_forkserver_preload([Checker.__module__, Keeper.__module__, sessions.__name__])
