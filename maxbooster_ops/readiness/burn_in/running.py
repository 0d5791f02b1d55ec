"""Working on a burn-in: a check whenever one is due, until its end, a word to stop, or another owner.

Belongs here: the loop, and what happens at its end. Not here: what a check reads (`checking.py`), the state's
transactions (`sessions.py`), the verdict (`verdict/`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from maxbooster_ops.readiness.burn_in.judgement import Judgement
from maxbooster_ops.readiness.burn_in.session import Session
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.findings import BurnInCheck
from maxbooster_ops.store.state import State


class Ending(StrEnum):
    """Why the loop ended. Lost: another process works on the session now, or it was ended; this one must go."""

    FINISHED = "finished"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A burn-in that was judged: the session as it is now, the judgement, and its report's path without an ending."""

    session: Session
    judgement: Judgement
    report: str


class BurnIn:
    """One burn-in that this process works on."""

    session: Session
    """As it is now; changes with every check."""

    def run(self, on_check: Callable[[BurnInCheck], None], wait: Callable[[float], None] = time.sleep) -> Ending:
        """Take the checks as they fall due, and tell `on_check` of each as soon as the state keeps it."""
        raise NotImplementedError

    def report(self, ending: Ending) -> Reported:
        """Judge, write the report, keep the result in the lake and end the session; doing it again changes nothing."""
        raise NotImplementedError


@contextmanager
def open_burn_in(settings: Settings, state: State, session: Session) -> Iterator[BurnIn]:
    """Work on `session`, whose owner this process is. The lake is opened for each write only: it is large."""
    raise NotImplementedError


def report_orphan(settings: Settings, state: State, session_id: str) -> Reported:
    """Give up a session that nobody works on, with a partial report; raises `DrillError` where somebody does."""
    raise NotImplementedError
