"""A month of a busy platform in a real lake: 250 scraped series and some queues, every 30 s, a file per table and day.

It is made by queries, so that a day takes about a second; the same day is the same in every lake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.named_sql import named_queries

SCRAPED_SERIES = 250

_QUERIES = named_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """So many whole days from `start`, a midnight (UTC), of a platform with so many queues."""

    start: datetime
    days: int = 30
    queues: int = 20

    @property
    def until(self) -> datetime:
        """When its last day ends."""
        return self.start + timedelta(days=self.days)

    def fill(self, lake: Lake) -> None:
        """Write it, a day at a time."""
        for number in range(self.days):
            lake.write(partial(self._write, day=self.start + timedelta(days=number)))

    def _write(self, transaction: LakeTransaction, *, day: datetime) -> None:
        known = {"day": day, "queues": self.queues}
        for text in _QUERIES.values():
            parameters = {name: value for name, value in known.items() if f"${name}" in text}
            transaction.connection.execute(text, parameters or None)
