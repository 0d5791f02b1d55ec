"""How long each kind of row is kept.

Belongs here: which table is kept how long, and where the line falls. Not here: deleting (`lake_upkeep.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from maxbooster_ops.store.facts import FACTS
from maxbooster_ops.store.findings import FINDINGS, BaselineMetric, DrillResult

FOR_EVER = frozenset({BaselineMetric.table, DrillResult.table, "lake_migrations"})
"""A baseline is what later releases are held against, however late; a drill is why one was let out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how many days rows are kept, by kind."""

    raw_days: int = 30
    rollup_days: int = 396
    resolved_alert_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Rows of `table` that lie before `before` are no longer kept."""

    table: str
    before: datetime


def expiries(retention: Retention, now: datetime) -> Iterator[Expiry]:
    """Tell what is no longer kept at `now`.

    The line falls on the start of a UTC day, so that whole files go; a row is kept up to a day longer, never shorter.
    """
    raw, long = (start_of_day(now - timedelta(days=days)) for days in (retention.raw_days, retention.rollup_days))
    for kind in FACTS:
        yield Expiry(table=kind.table, before=raw)
    for kind in FINDINGS:
        if kind.table not in FOR_EVER:
            yield Expiry(table=kind.table, before=long)


def start_of_day(moment: datetime) -> datetime:
    """Give the midnight (UTC) at or before `moment`."""
    return datetime.combine(moment.astimezone(UTC).date(), time(), tzinfo=UTC)
