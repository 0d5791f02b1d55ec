"""Working on a burn-in: a check whenever one is due, until its end, a word to stop, or another owner.

Belongs here: the loop. Not here: what a check reads (`checking.py`), keeping it (`keeping.py`), what the loop's end
leads to (`reporting.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from maxbooster_ops.clock import utc_now
from maxbooster_ops.errors import StoreError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.readiness.burn_in.between import READ_EVERY_SECONDS
from maxbooster_ops.readiness.burn_in.checking import Checker
from maxbooster_ops.readiness.burn_in.grid import Grid
from maxbooster_ops.readiness.burn_in.keeping import Keeper
from maxbooster_ops.readiness.burn_in.owner import HEARTBEAT_EVERY, OwnershipLostError
from maxbooster_ops.readiness.burn_in.reporting import Reported, report
from maxbooster_ops.readiness.burn_in.sampling import LowMark
from maxbooster_ops.readiness.burn_in.session import Session, SessionStatus
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.findings import BurnInCheck
from maxbooster_ops.store.state import State

_SLICE_SECONDS = 0.5
"""How long the loop waits at a time: a word to stop is heard after this."""

_LOOK_SECONDS = 2.0
"""How often the session is read; what others ask of it is done after this at the latest."""

_STORE_AGAIN_SECONDS = 30.0
"""After how long what the lake did not take is tried again."""


class Ending(StrEnum):
    """Why the loop ended. Lost: another process works on the session now, or it was ended; this one must go."""

    FINISHED = "finished"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(slots=True)
class _Due:
    """When something that recurs is due next, in seconds of the monotonic clock."""

    every_seconds: float
    at: float = field(default=0.0)

    def comes(self, monotonic: float) -> bool:
        """Tell whether it is due, and if so, put it off by its period."""
        if monotonic < self.at:
            return False
        self.at = monotonic + self.every_seconds
        return True


class BurnIn:
    """One burn-in that this process works on."""

    def __init__(self, checker: Checker, keeper: Keeper, *, clock: Callable[[], datetime]) -> None:
        self._checker = checker
        self._keeper = keeper
        self._clock = clock
        self._low_mark = LowMark()
        self._look = _Due(_LOOK_SECONDS)
        self._storing = _Due(_STORE_AGAIN_SECONDS)
        self._reading_ahead = _Due(READ_EVERY_SECONDS)

    @property
    def session(self) -> Session:
        """The session as it was last seen."""
        return self._keeper.session

    def run(self, on_check: Callable[[BurnInCheck], None], wait: Callable[[float], None] = time.sleep) -> Ending:
        """Take the checks as they fall due, and tell `on_check` of each as soon as the state keeps it.

        What a busy or full store does not take is kept in this process and tried again. Whatever `wait` or `on_check`
        raises goes through; `report` can be asked for then, too.
        """
        try:
            while True:
                now, grid = self._clock(), Grid.of(self.session)
                if self._is_asked_to_stop(now):
                    return Ending.CANCELLED
                if due := grid.due_now(self._keeper.newest_due, now):
                    self._take(due, now)
                self._keep(on_check)
                now = self._clock()
                if grid.is_over(self._keeper.newest_due, now):
                    return Ending.FINISHED
                self._look_in_between(now)
                wait(min(max((grid.next_due(now) - now).total_seconds(), 0.0), _SLICE_SECONDS))
        except OwnershipLostError as error:
            get_logger().warning("burn_in_lost", session=self.session.id, reason=str(error))
            return Ending.LOST

    def report(self, ending: Ending) -> Reported:
        """Judge, write the report, keep the result in the lake and end the session; doing it again changes nothing.

        Raises `OwnershipLostError` where the session is another's, and `StoreError` where the report cannot be kept
        now: then the session stays as it is, and whoever takes it up reports it.
        """
        if ending is Ending.LOST:
            raise OwnershipLostError(f"Burn-in {self.session.id} is another process's now, which reports it.")
        status = SessionStatus.FINISHED if ending is Ending.FINISHED else SessionStatus.CANCELLED
        return report(self._keeper, status, now=self._clock())

    def _take(self, due: datetime, now: datetime) -> None:
        keeper, low_mb = self._keeper, self._low_mark.take()
        keeper.add(
            self._checker.take(keeper.next_number, due, keeper.memories, now=now, memory_low_mb=low_mb),
        )
        self._storing.at = 0.0
        self._reading_ahead.at = time.monotonic() + READ_EVERY_SECONDS

    def _look_in_between(self, now: datetime) -> None:
        """See what would be gone at the next check."""
        self._low_mark.look(self._checker.process, time.monotonic())
        if self._reading_ahead.comes(time.monotonic()):
            self._checker.read_ahead(self._keeper.memories, now)

    def _keep(self, on_check: Callable[[BurnInCheck], None]) -> None:
        """Keep what is new and store what is kept, as far as the stores let us."""
        for check in self._newly_kept():
            on_check(check)
        if self._keeper.has_unstored and self._storing.comes(time.monotonic()):
            try:
                self._keeper.store()
                self._keeper.note_stored()
            except StoreError as error:
                get_logger().warning("burn_in_checks_stored_later", session=self.session.id, reason=str(error))

    def _newly_kept(self) -> Sequence[BurnInCheck]:
        try:
            return self._keeper.keep(self._clock())
        except StoreError as error:
            get_logger().warning("burn_in_check_kept_later", session=self.session.id, reason=str(error))
            return ()

    def _is_asked_to_stop(self, now: datetime) -> bool:
        if self._look.comes(time.monotonic()):
            self._answer(now)
        return self.session.cancel_asked_at is not None

    def _answer(self, now: datetime) -> None:
        """Look what others want, and say that we live where that is due.

        It is due by the clock of the day, by which others judge us: that one goes on while the machine sleeps.
        """
        beaten_at = self.session.heartbeat_at
        try:
            if beaten_at is None or now - beaten_at >= HEARTBEAT_EVERY:
                self._keeper.beat_heart(now)
            else:
                self._keeper.look()
        except StoreError as error:
            get_logger().warning("burn_in_not_looked_at", session=self.session.id, reason=str(error))


@contextmanager
def open_burn_in(
    settings: Settings, state: State, session: Session, *, clock: Callable[[], datetime] = utc_now
) -> Iterator[BurnIn]:
    """Work on `session`, whose owner this process is. The lake is opened by itself where it is written to."""
    checker, keeper = Checker(settings, session.id, session.plan), Keeper(state, session)
    try:
        yield BurnIn(checker, keeper, clock=clock)
    finally:
        keeper.close()
        checker.close()
