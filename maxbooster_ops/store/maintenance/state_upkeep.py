"""The state's upkeep: what was decided about alerts that are long over.

Belongs here: which rows go together and in which order. Not here: giving their room back (`sqlite_file.py`).
Silences stay: a month's report still asks which maintenance windows there were, and they are few.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from maxbooster_ops.store.alert_tables import (
    alert_decisions,
    alert_transitions,
    alerts,
    deliveries,
    outbox,
    outbox_alerts,
)
from maxbooster_ops.store.maintenance.freed import Freed
from maxbooster_ops.store.maintenance.lake_upkeep import Step
from maxbooster_ops.store.maintenance.sqlite_file import size_of, vacuum
from maxbooster_ops.store.state import State

_SLICE = 500
"""Alerts, or other rows, of one transaction; about 20 ms."""

_TURN_SECONDS = 0.02

Deleted = tuple[int, float]
"""How many rows went in one transaction, and how long it lasted."""


def state_steps(state: State, *, now: datetime, resolved_alert_days: int) -> dict[str, Step]:
    """Give the steps of every day, by name."""
    before = now - timedelta(days=resolved_alert_days)
    return {
        "alerts": partial(_repeat, "alerts", partial(_drop_alerts, state, before)),
        "messages": partial(_repeat, "outbox", partial(_drop_messages, state, before)),
        "transitions": partial(_repeat, "alert_transitions", partial(_drop_transitions, state, before)),
        "state vacuum": partial(_vacuum, state),
    }


def _repeat(table: str, delete: Callable[[], Deleted]) -> Iterator[Freed]:
    rows, locked = 0, 0.0
    while True:
        deleted, seconds = delete()
        rows, locked = rows + deleted, max(locked, seconds)
        if not deleted:
            break
        time.sleep(_TURN_SECONDS)
    yield Freed(step="state", subject=table, rows=rows, locked_seconds=locked)


def _drop_alerts(state: State, before: datetime) -> Deleted:
    """Drop alerts that ended before, once whoever was told of them knows, with everything that is only about them."""
    over = sa.select(alerts.c.id).where(alerts.c.resolved_at < before, alerts.c.settled).limit(_SLICE)
    with state.writing() as connection:
        began = time.monotonic()
        gone = connection.scalars(over).all()
        rows = sum(
            connection.execute(sa.delete(table).where(column.in_(gone))).rowcount
            for table, column in (
                (alert_transitions, alert_transitions.c.alert_id),
                (alert_decisions, alert_decisions.c.alert_id),
                (outbox_alerts, outbox_alerts.c.alert_id),
                (alerts, alerts.c.id),
            )
        )
    return rows, time.monotonic() - began


def _drop_messages(state: State, before: datetime) -> Deleted:
    """Drop messages that arrived or were given up, when no alert that is kept was told by them."""
    done = sa.or_(outbox.c.delivered_at.is_not(None), outbox.c.failed_at.is_not(None))
    still_about = sa.exists().where(outbox_alerts.c.key == outbox.c.key)
    over = sa.select(outbox.c.key).where(outbox.c.ts < before, done, ~still_about).limit(_SLICE)
    with state.writing() as connection:
        began = time.monotonic()
        gone = connection.scalars(over).all()
        rows = sum(
            connection.execute(sa.delete(table).where(table.c.key.in_(gone))).rowcount for table in (deliveries, outbox)
        )
    return rows, time.monotonic() - began


def _drop_transitions(state: State, before: datetime) -> Deleted:
    """Drop what series did that never came to fire."""
    over = (
        sa.select(alert_transitions.c.id)
        .where(alert_transitions.c.alert_id.is_(None), alert_transitions.c.ts < before)
        .limit(_SLICE)
    )
    with state.writing() as connection:
        began = time.monotonic()
        gone: Sequence[int] = connection.scalars(over).all()
        rows = connection.execute(sa.delete(alert_transitions).where(alert_transitions.c.id.in_(gone))).rowcount
    return rows, time.monotonic() - began


def _vacuum(state: State) -> Iterator[Freed]:
    file = state.home.state
    before, began = size_of(file), time.monotonic()
    vacuum(file)
    seconds = time.monotonic() - began
    yield Freed(step="vacuum", subject=file.name, bytes=before - size_of(file), locked_seconds=seconds)
