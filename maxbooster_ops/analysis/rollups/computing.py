"""Computing rollups of one stretch of time, and exchanging them for what the lake has.

Belongs here: that, in slices short enough that the collector does not wait. Not here: which stretches (`rolling.py`).
A `Lake` answers from its own connection, so what was computed stays in temporary tables of it until it is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from maxbooster_ops.analysis.rollups.windows import DAY, Stretch, Width
from maxbooster_ops.analysis.series.reading import QUERIES as SERIES_QUERIES
from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.named_sql import named_queries

QUERIES = named_queries(Path(__file__).with_name("rollups.sql"))

_SLICE = {Width.MINUTE: timedelta(hours=2), Width.HALF_HOUR: DAY, Width.DAY: DAY}
"""How much is written at once. Two hours of minutes are 50 000 rows on a busy platform and hold the lock for 0.3 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """What rolling up a stretch changed in the lake: rows that are new or other than before, and rows that went."""

    series: int
    written: int
    removed: int
    longest_lock_seconds: float


def compute(lake: Lake, stretch: Stretch, widths: Iterable[Width]) -> int:
    """Roll up the windows that begin in `stretch`, which ends where one of every width ends; give how many series."""
    series_queries = named_queries(SERIES_QUERIES)
    bounds = {"from": stretch.start, "until": stretch.until}
    lake.query(QUERIES["read_values"].format(**series_queries), bounds)
    lake.query(QUERIES["read_histograms"], bounds)
    lake.query(QUERIES["computed"])
    for width in widths:
        window = {**bounds, "width": width.value, "length_us": width.length // timedelta(microseconds=1)}
        lake.query(QUERIES["compute_values"], window)
        lake.query(QUERIES["compute_histograms"], window)
    return int(lake.query(QUERIES["series"])[0]["series"])


def exchange(lake: Lake, stretch: Stretch, widths: Iterable[Width], *, series: int) -> Exchanged:
    """Write what `compute` found; rows that the lake has just so are left alone, so the same again writes nothing."""
    written = removed = 0
    longest = 0.0
    for width in widths:
        for piece in stretch.slices(_SLICE[width]):
            bounds = {"from": piece.start, "until": piece.until, "width": width.value}
            fresh, stale = _compare(lake, bounds)
            if fresh or stale:
                done = lake.timed_write(lambda transaction, bounds=bounds: _write(transaction, bounds))  # type: ignore[misc]
                longest = max(longest, done.locked_seconds)
            written, removed = written + fresh, removed + stale
    return Exchanged(series=series, written=written, removed=removed, longest_lock_seconds=longest)


def _compare(lake: Lake, bounds: dict[str, Any]) -> tuple[int, int]:
    """Set aside the rows to write and those to remove; give how many."""
    is_empty = not lake.query(QUERIES["stored"], bounds)[0]["rows"]
    fresh = lake.query(QUERIES["fresh" if is_empty else "changed"], bounds)
    stale = lake.query(QUERIES["nothing_stale"]) if is_empty else lake.query(QUERIES["stale"], bounds)
    return int(fresh[0]["Count"]), int(stale[0]["Count"])


def _write(transaction: LakeTransaction, bounds: dict[str, Any]) -> None:
    run = transaction.connection.execute
    found = run(QUERIES["stored"], bounds).fetchone()
    if found and found[0]:
        run(QUERIES["delete"], bounds)
    run(QUERIES["insert"])
