"""Everything about the dead letters of one installation, for commands and pipelines.

Belongs here: the deeds that both offer, put together. Not here: how each is done (the modules beside this one).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from maxbooster_ops.dead_letters.breakers import BreakerFeed, BreakerGate
from maxbooster_ops.dead_letters.counting import Counted, count
from maxbooster_ops.dead_letters.deciding import expires_before
from maxbooster_ops.dead_letters.finding import Finder, Found
from maxbooster_ops.dead_letters.foreseeing import Foreseen, foresee
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import chosen, must_know, purge
from maxbooster_ops.dead_letters.queue_side import QueueSide, queue_side
from maxbooster_ops.dead_letters.redriving import Redrive, Redriven
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.dead_letters.settling import Settled, Settling
from maxbooster_ops.dead_letters.stuck import StuckJob, stuck_jobs
from maxbooster_ops.jobs.breaker_store import BreakerStore
from maxbooster_ops.jobs.policies import Policies, load_policies
from maxbooster_ops.logs import get_logger
from maxbooster_ops.store.opening import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """The dead letters of one store and one Redis; `redacted` keys of job data are masked in copies."""

    store: Store
    side: QueueSide
    redacted: Collection[str] = ()
    chance: Callable[[], float] = random.random

    def look(self, now: datetime) -> tuple[Found, Settled]:
        """Find what died since the last look, and settle what is under way; doing it again changes nothing."""
        lake, state = self.store.lake, self.store.state
        found = Finder(lake=lake, state=state, side=self.side, redacted=self.redacted).find(now)
        settled = Settling(lake=lake, state=state, side=self.side, chance=self.chance).settle(now)
        if settled.tried:
            BreakerFeed(self.side.client, self.policies()).tell(settled.tried)
        return found, settled

    def count(self, now: datetime) -> Counted:
        """Count letters, stuck jobs and breakers into the store, for plots and alert rules."""
        return count(self.store, self.side.client, self.policies(), now)

    def stuck(self, now: datetime) -> list[StuckJob]:
        """Give the jobs that are stuck."""
        return stuck_jobs(self.store.lake, self.side.client, self.policies(), now)

    def policies(self) -> Policies:
        """Give the policies of jobs in force; what of the user's file cannot be used is logged."""
        policies, problems = load_policies(self.store.home)
        for problem in problems:
            get_logger().warning("job_policy_left_out", reason=str(problem))
        return policies

    def breaker_gate(self) -> BreakerGate:
        """Give what asks the breakers, for one re-drive."""
        under_way = Selection(states=(LetterState.RETRYING,))
        return BreakerGate(BreakerStore(self.side.client), self.policies(), lambda: self.chosen(under_way))

    def chosen(self, selection: Selection, *, whole: bool = False) -> list[Letter]:
        """Give the letters that somebody means."""
        with self.store.state.reading() as connection:
            return chosen(connection, selection, whole=whole)

    def must_know(self, ids: Sequence[str]) -> None:
        """Refuse ids that nobody knows; raises `UsageError` that names them."""
        with self.store.state.reading() as connection:
            must_know(connection, ids)

    def due(self, now: datetime, *, ignoring_backoff: bool = False) -> list[Letter]:
        """Give the letters whose time has come, or all that wait for it."""
        due_by = None if ignoring_backoff else now
        return self.chosen(Selection(states=(LetterState.PENDING,), due_by=due_by))

    def foresee(self, letters: Sequence[Letter], *, now: datetime, ignoring_backoff: bool = False) -> list[Foreseen]:
        """Tell what a re-drive of these letters would do; nothing is changed."""
        return foresee(self.side, letters, now=now, ignoring_backoff=ignoring_backoff, gate=self.breaker_gate())

    def redrive(
        self,
        letters: Sequence[Letter],
        *,
        actor: str,
        why: str,
        clock: Callable[[], datetime],
        told: Callable[[int], None] = lambda _: None,
    ) -> Redriven:
        """Bring these letters back, each whose breaker allows it."""
        gate = self.breaker_gate()
        redrive = Redrive(state=self.store.state, side=self.side, actor=actor, why=why, gate=gate, told=told)
        return redrive.run(letters, clock=clock)

    def purge(self, now: datetime) -> int:
        """Drop letters that ended more than thirty days ago; give how many."""
        with self.store.state.writing() as connection:
            return purge(connection, ended_before=expires_before(now))


@contextmanager
def open_dead_letters(store: Store, redis_url: str, *, redacted: Collection[str] = ()) -> Iterator[DeadLetters]:
    """Connect the dead letters of `store` with the platform's Redis; raises `PlatformError` when that fails."""
    with queue_side(redis_url) as side:
        yield DeadLetters(store=store, side=side, redacted=redacted)
