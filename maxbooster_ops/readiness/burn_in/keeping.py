"""Keeping checks: first in the state with the sources' memories, then in the lake, each once whatever dies.

Belongs here: the order of these steps. Not here: taking a check (`checking.py`), or when to try again (`running.py`).

A crash before the state has a check leaves nothing of it: the next one reads on from where the memories end. A crash
after that leaves it among `unstored`: whoever works on the session next puts it into the lake, unless it is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from maxbooster_ops.readiness.burn_in import sessions
from maxbooster_ops.readiness.burn_in.checking import Memories, Taken
from maxbooster_ops.readiness.burn_in.judgement import Verdict
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from maxbooster_ops.store.findings import BurnInCheck, DrillResult
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake, LakeTransaction, open_lake
from maxbooster_ops.store.ops_sql import write_ops_sql
from maxbooster_ops.store.state import State

_OPENED_AGAIN_FROM = timedelta(minutes=1)
"""An open lake takes 80 MB, opening it 0.5 CPU-s: between checks that are further apart it is closed."""

# All by ts as well, so that only the files of those days are looked at.
_STORED = "SELECT number FROM ops.burn_in_checks WHERE ts >= $since AND session_id = $session"
_RESULTS = "SELECT count(*) FROM ops.drill_results WHERE ts >= $since AND batch_id = $batch_id"
_CHECKS = "SELECT {columns} FROM ops.burn_in_checks WHERE ts >= $since AND session_id = $session ORDER BY number"


class Keeper:
    """Keeps the checks of one session for the owner that works on it."""

    def __init__(self, state: State, session: Session) -> None:
        self.session = session
        """As the state had it when this process last looked or wrote."""
        self._state = state
        self._pending: list[BurnInCheck] = []
        self._memories: Memories = session.memories
        self._open = ExitStack()
        self._lake: Lake | None = None

    @property
    def home(self) -> Home:
        """Give the home that it is kept in."""
        return self._state.home

    @property
    def next_number(self) -> int:
        """Give the number of the next check."""
        return self.session.checks_done + len(self._pending) + 1

    @property
    def newest_due(self) -> datetime | None:
        """Tell when the newest check was due, kept or not."""
        return self._pending[-1].due if self._pending else self.session.last_check_at

    @property
    def memories(self) -> Memories:
        """Give what the sources remember after the newest check."""
        return self._memories

    def add(self, taken: Taken) -> None:
        """Take a new check over; it is lost with this process until `keep` has kept it."""
        self._pending.append(taken.check)
        self._memories = taken.memories

    def keep(self, now: datetime) -> Sequence[BurnInCheck]:
        """Put what is new into the state, and give it; raises what the state raises, and then all stays as it was."""
        checks = tuple(self._pending)
        if checks:
            self.session = sessions.keep_checks(self._state, self.session, checks, self._memories, now=now)
            self._pending.clear()
        return checks

    def look(self) -> Session:
        """Read the session; raises `OwnershipLostError` where it is somebody else's by now."""
        self.session = sessions.look(self._state, self.session)
        return self.session

    def beat_heart(self, now: datetime) -> Session:
        """Say that the owner lives."""
        self.session = sessions.beat_heart(self._state, self.session, now)
        return self.session

    def recover(self, now: datetime, *, cancels: bool) -> None:
        """Take the session as the state has it, after an interruption at any point: what was kept is not new.

        Where this `cancels`, the state is told so: whoever takes the session up ends it.
        """
        if cancels:
            sessions.ask_to_cancel(self._state, self.session.id, now)
        self.beat_heart(now)
        self._pending = [check for check in self._pending if check.number > self.session.checks_done]

    def end(self, status: SessionStatus, *, verdict: str, report: str, now: datetime) -> Session:
        """End the session."""
        self.session = sessions.end(self._state, self.session, status, verdict=verdict, report=report, now=now)
        return self.session

    @property
    def has_unstored(self) -> bool:
        """Tell whether the lake may lack checks that the state has."""
        return bool(self.session.unstored)

    def store(self) -> None:
        """Put what the state has into the lake, once.

        Raises `StoreError` where that cannot be done now; nothing is lost.
        """
        checks = self.session.unstored
        try:
            if checks:
                self.lake().write(lambda transaction: self._insert(transaction, checks))
        finally:
            if self.session.plan.interval >= _OPENED_AGAIN_FROM:
                self.close()

    def note_stored(self) -> None:
        """Tell the state that the lake has it."""
        self.session = sessions.note_stored(self._state, self.session)

    def store_result(self, result: DrillResult) -> None:
        """Put what came of the burn-in into the lake: the end once, what was partial once for each number of checks."""
        which = f"partial-{self.session.checks_done}" if result.verdict == Verdict.PARTIAL else "result"
        batch_id = f"burn-in-{self.session.id}-{which}"
        bounds = {"since": self.session.started_at, "batch_id": batch_id}

        def insert(transaction: LakeTransaction) -> None:
            if transaction.connection.execute(_RESULTS, bounds).fetchall() == [(0,)]:
                transaction.insert_row(result, batch_id=batch_id)

        self.lake().write(insert)

    def checks(self) -> list[BurnInCheck]:
        """Give every check of the session that the lake has, in order."""
        columns = ", ".join(field.name for field in fields(BurnInCheck))
        return [BurnInCheck(**row) for row in self.lake().query(_CHECKS.format(columns=columns), self._bounds())]

    def lake(self) -> Lake:
        """Give the open lake."""
        if self._lake is None:
            self._lake = self._open.enter_context(open_lake(self._state.home, threads=1))
            write_ops_sql(self._state.home)  # a burn-in may be the first that writes into a home
        return self._lake

    def close(self) -> None:
        """Close the lake."""
        self._lake = None
        self._open.close()

    def _insert(self, transaction: LakeTransaction, checks: Sequence[BurnInCheck]) -> None:
        stored = {number for (number,) in transaction.connection.execute(_STORED, self._bounds()).fetchall()}
        for check in checks:
            if check.number not in stored:
                transaction.insert_row(check, batch_id=f"burn-in-{check.session_id}-{check.number}")

    def _bounds(self) -> Mapping[str, Any]:
        return {"since": self.session.started_at, "session": self.session.id}
