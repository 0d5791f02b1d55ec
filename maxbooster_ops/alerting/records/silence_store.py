"""Silences in the state.

Belongs here: every statement on them. Not here: what they match (`dispatching/silence.py`).
"""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa

from maxbooster_ops.alerting.dispatching.silence import Match, Matcher, Silence
from maxbooster_ops.store.alert_tables import silences


def current_silences(connection: sa.Connection, now: datetime) -> list[Silence]:
    """Give the silences that hold now or will, the first to end first."""
    query = sa.select(silences).where(silences.c.ends_at > now).order_by(silences.c.ends_at)
    return [_silence(row) for row in connection.execute(query).mappings()]


def add_silence(connection: sa.Connection, silence: Silence, *, at: datetime) -> None:
    """Add a silence."""
    matchers = [[matcher.name, matcher.match.value, matcher.value] for matcher in silence.matchers]
    connection.execute(
        sa.insert(silences).values(
            id=silence.id,
            matchers=json.dumps(matchers),
            starts_at=silence.starts_at,
            ends_at=silence.ends_at,
            reason=silence.reason,
            author=silence.author,
            maintenance=silence.maintenance,
            created_at=at,
        )
    )


def end_silence(connection: sa.Connection, silence_id: str, *, at: datetime) -> bool:
    """End a silence now; False where none of this id lasts."""
    held = sa.and_(silences.c.id == silence_id, silences.c.ends_at > at)
    return connection.execute(sa.update(silences).where(held).values(ends_at=at)).rowcount == 1


def _silence(row: sa.RowMapping) -> Silence:
    matchers = tuple(Matcher(name=n, match=Match(m), value=v) for n, m, v in json.loads(row["matchers"]))
    names = ("id", "starts_at", "ends_at", "reason", "author", "maintenance")
    return Silence(matchers=matchers, **{name: row[name] for name in names})
