"""A made-up past in a real lake: every table that rules read, sampled every 30 s, with troubles here and there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = named_queries(Path(__file__).with_suffix(".sql"))
_TICKS = "ticks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """So many beats from `start` on, of a platform with so many queues; `trouble` is SQL on the number of the beat."""

    start: datetime
    beats: int
    queues: int = 8
    trouble: str = "hash(tick // 60) % 23 = 0"

    def fill(self, lake: Lake, *, beats_per_write: int = 2880) -> int:
        """Write it, a day at a time; give the number of rows."""
        firsts = range(0, self.beats, beats_per_write)
        return sum(
            lake.write(partial(self._write, first=first, last=min(first + beats_per_write, self.beats)))
            for first in firsts
        )

    def _write(self, transaction: LakeTransaction, *, first: int, last: int) -> int:
        run = transaction.connection.execute
        bounds = {"start": self.start, "first": first, "last": last}
        run(_QUERIES[_TICKS].format(trouble=self.trouble), bounds)
        written = 0
        for table, rows in _QUERIES.items():
            if table != _TICKS:
                parameters = {"queues": self.queues} if "$queues" in rows else None
                inserted = run(f"INSERT INTO ops.{table} BY NAME {rows}", parameters).fetchone()
                written += int(inserted[0]) if inserted else 0
        return written
