"""Marks: when something that must happen again and again last did, and what came of it.

Belongs here: reading and setting them. Not here: what they are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from maxbooster_ops.store.alert_tables import watch_marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The last time that `name` happened."""

    name: str
    at: datetime
    ok: bool
    detail: str


def mark(connection: sa.Connection, name: str) -> Mark | None:
    """Give one mark, None where it never happened."""
    row = connection.execute(sa.select(watch_marks).where(watch_marks.c.name == name)).mappings().first()
    return _mark(row) if row else None


def marks(connection: sa.Connection) -> list[Mark]:
    """Give all marks by name."""
    rows = connection.execute(sa.select(watch_marks).order_by(watch_marks.c.name)).mappings()
    return [_mark(row) for row in rows]


def set_mark(connection: sa.Connection, new: Mark) -> None:
    """Set a mark in place of the one before."""
    connection.execute(sa.delete(watch_marks).where(watch_marks.c.name == new.name))
    connection.execute(sa.insert(watch_marks).values(name=new.name, ts=new.at, ok=new.ok, detail=new.detail))


def _mark(row: sa.RowMapping) -> Mark:
    return Mark(name=row["name"], at=row["ts"], ok=row["ok"], detail=row["detail"])
