"""A month of a busy platform: `python tests/benchmarks/scale.py [--days 30] [--home DIR]`.

Writes the days as the daily upkeep leaves them (20 queues and 250 scraped series every 30 s: 21.6 million scraped
samples in 30 days), or takes them from DIR where they were written before; then prints bytes per scraped sample and how
long it takes to roll up, to look at the last hour, and to rank a month. CPU seconds are those of this process: on a
machine that does other work as well they say more than the clock.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.month import Month

from maxbooster_ops.analysis.rollups.rolling import WORK, RolledUp, roll_up, roll_up_day
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import Store, open_store
from maxbooster_ops.store.progress import Progress, note_progress

START = datetime(2026, 10, 1, tzinfo=UTC)

FILES = """
    SELECT table_name, sum(record_count) AS rows, sum(file_size_bytes) AS bytes, count(*) AS files
    FROM __ducklake_metadata_ops.ducklake_data_file JOIN __ducklake_metadata_ops.ducklake_table USING (table_id)
    WHERE ducklake_data_file.end_snapshot IS NULL AND ducklake_table.end_snapshot IS NULL
    GROUP BY ALL ORDER BY bytes DESC"""

LAST_HOUR = """
    SELECT queue, ts, waiting, active, failed, processing_ms_p95 FROM queue_samples
    WHERE ts >= $until - INTERVAL 1 HOUR AND ts < $until ORDER BY queue, ts"""

BACKLOG_BY_DAY = """
    SELECT queue, date_trunc('day', ts) AS day, quantile_cont(waiting, 0.95) AS p95 FROM queue_samples
    WHERE ts >= $start AND ts < $until GROUP BY ALL"""

DURATION_BY_DAY = """
    SELECT queue, date_trunc('day', ts) AS day, quantile_cont(processing_ms, 0.95) AS p95 FROM queue_jobs
    WHERE ts >= $start AND ts < $until GROUP BY ALL"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    month = Month(start=START, days=options.days)
    root = options.home or Path(tempfile.mkdtemp(prefix="scale-"))
    with open_store(Home(root=root)) as store:
        if not store.lake.query("SELECT count(*) AS rows FROM beats")[0]["rows"]:
            timed(f"{month.days} days written to {root}", lambda: month.fill(store.lake))
        show_files(store)
        show_queries(store, month)
        show_rollups(store, month)
    return 0


def show_files(store: Store) -> None:
    print("\n| table | rows | files | MB | bytes a row |\n|---|---|---|---|---|")
    for row in store.lake.query(FILES):
        rows, size = float(row["rows"]), float(row["bytes"])
        print(f"| {row['table_name']} | {rows:.0f} | {row['files']} | {size / 1e6:.1f} | {size / rows:.2f} |")


def show_queries(store: Store, month: Month) -> None:
    bounds = {"start": month.start, "until": month.until}
    for name, query in {
        "the last 60 minutes of all queues": LAST_HOUR,
        f"p95 backlog per queue and day, {month.days} days": BACKLOG_BY_DAY,
        f"p95 duration per queue and day, {month.days} days of single jobs": DURATION_BY_DAY,
    }.items():
        known = {key: value for key, value in bounds.items() if f"${key}" in query}
        took = [timed("", lambda query=query, known=known: store.lake.query(query, known)) for _ in range(7)]
        print(f"{name}: median {1000 * statistics.median(took):.0f} ms, least {1000 * min(took):.0f}", flush=True)


def show_rollups(store: Store, month: Month) -> None:
    last = month.until - timedelta(days=1)
    for name, now in {
        "the half hour at noon": last + timedelta(hours=12, seconds=2),
        "the half hour at noon again": last + timedelta(hours=12, seconds=2),
        "the half hour at midnight, and the day": month.until + timedelta(seconds=2),
    }.items():
        note_progress(store.state, WORK, Progress(ts=now - timedelta(minutes=30), detail={"days_left": []}))
        timed(name, lambda now=now: roll_up(store, now))
    timed("a whole day", lambda: roll_up_day(store, last.date() - timedelta(days=1), month.until))
    timed("a whole day again", lambda: roll_up_day(store, last.date() - timedelta(days=1), month.until))


def timed(name: str, work: Callable[[], RolledUp | object]) -> float:
    clock, cpu = time.perf_counter(), time.process_time()
    answer = work()
    took, used = time.perf_counter() - clock, time.process_time() - cpu
    if name:
        detail = ""
        if isinstance(answer, RolledUp):
            detail = (
                f"; {answer.series} series, {answer.written} rows written, {answer.removed} removed, "
                f"longest lock {answer.longest_lock_seconds:.2f} s"
            )
        print(f"{name}: {took:.2f} s, {used:.2f} CPU-s{detail}", flush=True)
    return took


if __name__ == "__main__":
    sys.exit(main())
