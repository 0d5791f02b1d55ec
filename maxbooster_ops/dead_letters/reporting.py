"""What stands with the dead letters of an installation: numbers over time, and the newest ones.

Belongs here: the figures of the asset. Not here: what is counted at every look (`counting.py`), or how it is shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import chosen, counts, oldest_open
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.store.dead_letter_tables import dead_letter_actions
from maxbooster_ops.store.named_sql import named_queries
from maxbooster_ops.store.opening import Store

_QUERIES = Path(__file__).with_suffix(".sql")
_NEWEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happened to letters on one day (UTC)."""

    day: date
    found: int
    recovered: int
    parked: int
    discarded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Letters by queue and state, jobs that were stuck when last counted, days with what happened on them.

    `recovery_rate` is the share of the recovered among all that were decided: recovered, parked, discarded. None where
    none was.
    """

    queues: Mapping[str, Mapping[str, int]]
    stuck: int
    oldest_open: timedelta | None
    days: Sequence[Day]
    newest: Sequence[Letter]

    def of(self, state: LetterState) -> int:
        """Give the number of letters in a state."""
        return sum(numbers.get(state.value, 0) for numbers in self.queues.values())

    @property
    def recovery_rate(self) -> float | None:
        """Give the share of the recovered, 0–1."""
        recovered = self.of(LetterState.RECOVERED)
        decided = recovered + self.of(LetterState.PARKED) + self.of(LetterState.DISCARDED)
        return recovered / decided if decided else None


def report(store: Store, now: datetime) -> Report:
    """Give what stands at `now`."""
    queues: dict[str, Counter[str]] = defaultdict(Counter)
    with store.state.reading() as connection:
        for _, queue, state, number in counts(connection):
            queues[queue][state] += number
        oldest = min(oldest_open(connection).values(), default=None)
        days = _days(connection)
        letters = chosen(connection, Selection(failed_after=now - timedelta(days=1)))
    rows = store.lake.query(named_queries(_QUERIES)["stuck_jobs"], {"until": now})
    return Report(
        queues=queues,
        stuck=int(rows[0]["stuck"]),
        oldest_open=now - oldest if oldest else None,
        days=days,
        newest=letters[: -_NEWEST - 1 : -1],
    )


def _days(connection: sa.Connection) -> list[Day]:
    actions = dead_letter_actions.c
    day = sa.func.date(actions.ts)
    query = sa.select(day, actions.action, sa.func.count()).group_by(day, actions.action)
    numbers: dict[str, Counter[str]] = defaultdict(Counter)
    for at, action, number in connection.execute(query):
        numbers[at][action] += number
    return [
        Day(
            day=date.fromisoformat(at),
            found=done["found"],
            recovered=done["recovered"],
            parked=done["parked"],
            discarded=done["discarded"],
        )
        for at, done in sorted(numbers.items(), reverse=True)
    ]
