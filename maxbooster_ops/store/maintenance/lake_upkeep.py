"""The lake's upkeep: old days dropped, small files merged, snapshots and files that nobody needs removed.

Belongs here: the steps and their slices. Each slice is one transaction, so that a death at any moment leaves the
lake as it was before it or after it, and the next run goes on. What takes long is done without the write lock
(`Lake.rewrite`); between slices everybody else gets a turn. Not here: how long rows are kept (`retention.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from maxbooster_ops.store.lake import Lake, LakeTransaction, Written
from maxbooster_ops.store.maintenance.freed import Freed
from maxbooster_ops.store.maintenance.retention import Expiry, Retention, expiries
from maxbooster_ops.store.maintenance.sqlite_file import size_of, vacuum_elsewhere
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = named_queries(Path(__file__).with_suffix(".sql"))

_TURN_SECONDS = 0.12
"""A pause between slices. Whoever waits for the lock looks every 0.05 s."""

_SLICE = 1000
"""Snapshots or files of one slice; 1000 take about 0.15 s."""

_MERGED_AT_MOST = 200
"""Merges of one table in one run; a day has one to three."""

SMALL_FILE_BYTES = 64 * 1024
"""A file of one beat has 4–20 KB. Those that an hour was merged into are left alone until the day is over, else every
hour would rewrite the whole day."""

ANY_FILE_BYTES = 2**40

Step = Callable[[], Iterator[Freed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an upkeep goes by.

    A transaction that began after `files_before` finds every file of its view.
    """

    now: datetime
    snapshots_before: datetime
    files_before: datetime

    @classmethod
    def at(cls, now: datetime, *, grace: timedelta = timedelta(days=1)) -> Bounds:
        """Leave everything to readers for the grace time."""
        return cls(now=now, snapshots_before=now - grace, files_before=now - grace)


def tidying(lake: Lake, bounds: Bounds) -> Mapping[str, Step]:
    """Give the steps of every hour, by name: the newest rows are read fast again."""
    return {
        "flush": partial(_flush, lake),
        "expire": partial(_expire, lake, bounds.snapshots_before),
        "merge": partial(_merge, lake, SMALL_FILE_BYTES),
    }


def cleaning(lake: Lake, bounds: Bounds, retention: Retention) -> Mapping[str, Step]:
    """Give the steps of every day, by name; first those that make room, since the others need some."""
    return {
        "drop": partial(_drop, lake, list(expiries(retention, bounds.now))),
        "expire": partial(_expire, lake, bounds.snapshots_before),
        "clean": partial(_in_slices, lake, "clean", "unneeded_files", bounds.files_before),
        "orphans": partial(_orphans, lake, bounds.files_before),
        "flush": partial(_flush, lake),
        "merge": partial(_merge, lake, ANY_FILE_BYTES),
        "vacuum": partial(_vacuum, lake),
    }


def expired_rows(lake: Lake, retention: Retention, *, now: datetime) -> Iterator[Freed]:
    """Count the rows that are no longer kept at `now`."""
    filled = _tables(lake)
    for expiry in expiries(retention, now):
        if expiry.table in filled:
            question = _QUERIES["expired_rows"].format(table=expiry.table)
            (row,) = lake.query(question, {"before": expiry.before})
            yield Freed(step="would drop", subject=expiry.table, rows=row["rows"])


def _drop(lake: Lake, expired: Sequence[Expiry]) -> Iterator[Freed]:
    filled = _tables(lake)
    for expiry in expired:
        if expiry.table not in filled:
            continue
        before = _files(lake, expiry.table)
        rows, locked = 0, 0.0
        for found in lake.query(_QUERIES["expired_days"].format(table=expiry.table), {"before": expiry.before}):
            bounds = {"day": found["day"], "next_day": min(found["day"] + timedelta(days=1), expiry.before)}
            written = _turn(lake.rewrite, _QUERIES["drop_day"].format(table=expiry.table), bounds)
            rows, locked = rows + int(written.answer[0][0]), max(locked, written.locked_seconds)
        yield _freed(lake, "drop", expiry.table, before, rows=rows, locked_seconds=locked)


def _flush(lake: Lake) -> Iterator[Freed]:
    with _one_thread(lake):
        for table in _tables(lake):
            if not _has_inlined_rows(lake, table):
                continue
            before = _files(lake, table)
            # Under the lock as a whole: the rows leave the catalog while the file is written.
            written = _turn(lake.timed_write, _QUERIES["flush"], {"table": table})
            rows = sum(int(row[2]) for row in written.answer)
            yield _freed(lake, "flush", table, before, rows=rows, locked_seconds=written.locked_seconds)


@contextmanager
def _one_thread(lake: Lake) -> Iterator[None]:
    """Leave DuckDB one thread inside.

    The DuckLake of DuckDB 1.5.5 flushes each version of a table's columns on its own, several at once, and each adds
    to one list without a lock. Two threads at a time corrupt the process's memory: it dies, here or at the commit.
    """
    (setting,) = lake.query(_QUERIES["threads"])
    lake.query(_QUERIES["set_threads"].format(threads=1))
    try:
        yield
    finally:
        lake.query(_QUERIES["set_threads"].format(threads=setting["threads"]))


def _merge(lake: Lake, largest: int) -> Iterator[Freed]:
    for table in _tables(lake):
        before, locked = _files(lake, table), 0.0
        for _ in range(_MERGED_AT_MOST):
            written = _turn(lake.rewrite, _QUERIES["merge"], {"table": table, "largest": largest})
            locked = max(locked, written.locked_seconds)
            if not written.answer:
                break
        yield _freed(lake, "merge", table, before, locked_seconds=locked)


def _expire(lake: Lake, before: datetime) -> Iterator[Freed]:
    return _in_slices(lake, "expire", "snapshots", before)


def _in_slices(lake: Lake, step: str, question: str, before: datetime) -> Iterator[Freed]:
    """Do `step` up to one moment after the other, so that each holds the lock for a fraction of a second."""
    moments = [row["moment"] for row in lake.query(_QUERIES[question], {"before": before})]
    done, locked = 0, 0.0
    for until in [*moments[_SLICE::_SLICE], before] if moments else []:
        written = _turn(lake.timed_write, _QUERIES[step], {"before": until})
        done, locked = done + len(written.answer), max(locked, written.locked_seconds)
    yield Freed(step=step, subject=question.replace("_", " "), files=done, locked_seconds=locked)


def _orphans(lake: Lake, before: datetime) -> Iterator[Freed]:
    if not lake.query(_QUERIES["found_orphans"], {"before": before}):  # the usual case; looking through folders is slow
        return
    # Under the lock, which a writer holds from its file's first byte to the commit that makes it known.
    written = _turn(lake.timed_write, _QUERIES["orphans"], {"before": before})
    yield Freed(step="orphans", subject="files", files=len(written.answer), locked_seconds=written.locked_seconds)


def _vacuum(lake: Lake) -> Iterator[Freed]:
    before = size_of(lake.home.catalog)
    locked = vacuum_elsewhere(lake.home.catalog, lock=lake.home.write_lock)
    gone = before - size_of(lake.home.catalog)
    yield Freed(step="vacuum", subject="lake/catalog.sqlite", bytes=gone, locked_seconds=locked)


def _turn(
    write: Callable[[Callable[[LakeTransaction], list[Any]]], Written[list[Any]]], order: str, bounds: Mapping[str, Any]
) -> Written[list[Any]]:
    """Carry out one order, and let others go first."""
    written = write(lambda transaction: transaction.connection.execute(order, dict(bounds)).fetchall())
    if written.answer:
        time.sleep(_TURN_SECONDS)
    return written


def _tables(lake: Lake) -> list[str]:
    return [row["name"] for row in lake.query(_QUERIES["tables"])]


def _has_inlined_rows(lake: Lake, table: str) -> bool:
    places = [row["name"] for row in lake.query(_QUERIES["inlined"], {"table": table})]
    return any(lake.query(_QUERIES["has_rows"].format(inlined=place)) for place in places)


def _files(lake: Lake, table: str) -> tuple[int, int]:
    (row,) = lake.query(_QUERIES["files"], {"table": table})
    return row["files"], row["bytes"]


def _freed(
    lake: Lake, step: str, table: str, before: tuple[int, int], *, locked_seconds: float, rows: int = 0
) -> Freed:
    files, size = _files(lake, table)
    return Freed(
        step=step,
        subject=table,
        rows=rows,
        files=before[0] - files,
        bytes=before[1] - size,
        locked_seconds=locked_seconds,
    )
