"""A lake that an upkeep has work with: rows in its catalog and in files, and what became of them.

Belongs here: writing them and looking. Not here: the upkeep.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from maxbooster_ops.store.facts import MetricSample
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds
from maxbooster_ops.store.maintenance.retention import start_of_day
from support.facts import NOON, fact

TODAY = start_of_day(NOON)


def bounds(*, grace=timedelta(0)):
    """The facts of these tests are of one noon; snapshots and files have the machine's time."""
    now = datetime.now(UTC) + timedelta(seconds=1)
    return Bounds(now=NOON, snapshots_before=now - grace, files_before=now - grace)


def write(store, *facts, batch_id="b"):
    store.lake.write(lambda transaction: transaction.insert(list(facts), batch_id=batch_id))


def write_beats(store, count, *, rows=5, first=0):
    """Five rows a beat stay in the catalog, 250 become a file."""
    for number in range(first, first + count):
        at = TODAY + timedelta(seconds=30 * number)
        samples = [fact(MetricSample, ts=at, name=f"m{n}", value=float(number * n)) for n in range(rows)]
        write(store, *samples, batch_id=f"beat-{number}")


def parquet(home):
    return list(home.lake_files.rglob("*.parquet"))


def inlined(store, tables=("beats", "metric_samples")):
    """Count the rows that are still in the catalog."""
    places = store.lake.query(
        "SELECT held.table_name AS place FROM __ducklake_metadata_ops.ducklake_inlined_data_tables AS held "
        "JOIN __ducklake_metadata_ops.ducklake_table AS named USING (table_id) "
        "WHERE list_contains($tables, named.table_name)",
        {"tables": list(tables)},
    )
    counts = [
        store.lake.query(f"SELECT count(*) AS rows FROM __ducklake_metadata_ops.{row['place']}") for row in places
    ]
    return sum(count[0]["rows"] for count in counts)


def rows_by_batch(store, table):
    rows = store.lake.query("SELECT batch_id, count(*) AS rows FROM query_table($table) GROUP BY ALL", {"table": table})
    return {row["batch_id"]: row["rows"] for row in rows}
