"""How far each periodic work over the lake has got.

Belongs here: reading and noting it. The lake's own rows and this mark share no transaction, so work must be such that
doing it again changes nothing; the mark is noted last. Not here: the work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.store.analysis_tables import progress
from maxbooster_ops.store.state import State

BREAKERS = "breakers"
"""The work of noting circuit breakers; its detail says under `open` of each job type whether its breaker is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Up to when a work has seen everything, and what else it must know the next time."""

    ts: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)


def progress_of(state: State, work: str) -> Progress | None:
    """Give how far `work` has got; None where it was never done."""
    with state.reading() as connection:
        return read_progress(connection, work)


def read_progress(connection: sa.Connection, work: str) -> Progress | None:
    """Give the same within a transaction."""
    row = connection.execute(sa.select(progress.c.ts, progress.c.detail).where(progress.c.work == work)).first()
    return Progress(ts=row.ts, detail=json.loads(row.detail)) if row else None


def note_progress(state: State, work: str, reached: Progress) -> None:
    """Write down how far `work` has got."""
    with state.writing() as connection:
        connection.execute(sa.delete(progress).where(progress.c.work == work))
        connection.execute(
            sa.insert(progress).values(work=work, ts=reached.ts, detail=json.dumps(dict(reached.detail)))
        )
