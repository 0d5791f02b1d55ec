"""The nightly clean-up of a busy platform's lake: `python tests/benchmarks/cleanup.py [--days 30]`.

Writes so many clean days of 20 queues and 250 scraped series every 30 s, two days too old to be kept, and yesterday as
the hourly upkeep leaves it: a file per hour, in the order of the beats. Then cleans up while another process writes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.facts import fact
from support.month import Month

from maxbooster_ops.store.facts import MetricSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds
from maxbooster_ops.store.maintenance.retention import Retention, start_of_day
from maxbooster_ops.store.maintenance.upkeep import clean_up
from maxbooster_ops.store.opening import open_store

TABLES = ("metric_samples", "queue_samples", "queue_jobs")
DAY = timedelta(days=1)


def copy_hour(transaction: LakeTransaction, *, table: str, start: datetime) -> None:
    """Write one hour a day later than it was, beat by beat."""
    bounds = {"start": start - DAY, "until": start - DAY + timedelta(hours=1)}
    transaction.connection.execute(
        f"INSERT INTO ops.{table} SELECT * REPLACE (ts + INTERVAL 1 DAY AS ts) FROM ops.{table} "
        "WHERE ts >= $start AND ts < $until ORDER BY ts",
        bounds,
    )


def fill(lake: Lake, *, days: int, today: datetime) -> None:
    Month(start=today - (days + 2) * DAY, days=days + 1).fill(lake)
    for hour in range(24):
        for table in TABLES:
            lake.write(partial(copy_hour, table=table, start=today - DAY + timedelta(hours=hour)))


def write_beats(root: str) -> None:
    """Write a beat every three seconds, ten times as often as collection does; print how long each took, ms."""
    with open_store(Home(root=Path(root))) as store:
        while True:
            now = datetime.now(UTC)
            facts = [fact(MetricSample, ts=now, name=f"m{n}", value=float(n)) for n in range(250)]
            began = time.perf_counter()
            store.lake.write(lambda transaction, facts=facts: transaction.insert(facts, batch_id=str(facts[0].ts)))
            print(f"{1000 * (time.perf_counter() - began):.0f}", flush=True)
            time.sleep(3)


def main(days: int) -> None:
    now = datetime.now(UTC)
    today = start_of_day(now)
    with tempfile.TemporaryDirectory() as folder, open_store(Home(root=Path(folder))) as store:
        fill(store.lake, days=days, today=today)
        (row,) = store.lake.query("SELECT count(*) AS rows FROM metric_samples")
        print(f"{row['rows']:,} scraped samples in {days + 2} days")
        command = [sys.executable, __file__, "--write", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            writer.stdout.readline()
            began, cpu = time.perf_counter(), time.process_time()
            upkeep = clean_up(store, Bounds.at(now), Retention(raw_days=days))
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
            writer.kill()
            waits = [int(line) for line in writer.stdout if line.strip().isdigit()]
        print(f"cleaned up in {seconds:.1f} s ({cpu:.1f} CPU-s), lock held {upkeep.longest_lock_seconds:.2f} s at most")
        middle = sorted(waits)[len(waits) // 2]
        print(f"meanwhile {len(waits)} writes of 250 rows: {middle} ms at the median, {max(waits)} ms at most")
        for freed in upkeep.freed:
            if not freed.is_nothing:
                print(
                    f"  {freed.step} {freed.subject}: {freed.rows:,} rows, {freed.files} files, {freed.bytes:,} bytes"
                )
        print(f"problems: {upkeep.problems or 'none'}")
        sizes = (
            "SELECT sum(file_size_bytes) / sum(record_count) AS bytes FROM __ducklake_metadata_ops.ducklake_data_file "
            "JOIN __ducklake_metadata_ops.ducklake_table AS named USING (table_id) "
            "WHERE ducklake_data_file.end_snapshot IS NULL AND table_name = 'metric_samples'"
        )
        print(f"{store.lake.query(sizes)[0]['bytes']:.2f} bytes per scraped sample")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--write", help=argparse.SUPPRESS)
    options = parser.parse_args()
    write_beats(options.write) if options.write else main(options.days)
