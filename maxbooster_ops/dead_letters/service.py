"""Everything about the dead letters of one installation, for commands and pipelines.

Belongs here: the deeds that both offer, put together. Not here: how each is done (the modules beside this one).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from maxbooster_ops.dead_letters.deciding import expires_before
from maxbooster_ops.dead_letters.finding import Finder, Found
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import chosen, purge
from maxbooster_ops.dead_letters.queue_side import QueueSide, queue_side
from maxbooster_ops.dead_letters.redriving import Redrive, Redriven
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.dead_letters.settling import Settled, Settling
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
        return found, Settling(lake=lake, state=state, side=self.side, chance=self.chance).settle(now)

    def chosen(self, selection: Selection, *, whole: bool = False) -> list[Letter]:
        """Give the letters that somebody means."""
        with self.store.state.reading() as connection:
            return chosen(connection, selection, whole=whole)

    def due(self, now: datetime, *, ignoring_backoff: bool = False) -> list[Letter]:
        """Give the letters whose time has come, or all that wait for it."""
        due_by = None if ignoring_backoff else now
        return self.chosen(Selection(states=(LetterState.PENDING,), due_by=due_by), whole=True)

    def redrive(
        self,
        letters: Sequence[Letter],
        *,
        actor: str,
        why: str,
        clock: Callable[[], datetime],
        allows: Callable[[Letter], bool] = lambda _: True,
    ) -> Redriven:
        """Bring these letters back, each whose breaker `allows` it."""
        return Redrive(state=self.store.state, side=self.side, actor=actor, why=why, allows=allows).run(
            letters, clock=clock
        )

    def purge(self, now: datetime) -> int:
        """Drop letters that ended more than thirty days ago; give how many."""
        with self.store.state.writing() as connection:
            return purge(connection, ended_before=expires_before(now))


@contextmanager
def open_dead_letters(store: Store, redis_url: str, *, redacted: Collection[str] = ()) -> Iterator[DeadLetters]:
    """Connect the dead letters of `store` with the platform's Redis; raises `PlatformError` when that fails."""
    with queue_side(redis_url) as side:
        yield DeadLetters(store=store, side=side, redacted=redacted)
