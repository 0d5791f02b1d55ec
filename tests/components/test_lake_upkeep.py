"""The lake's upkeep on a real lake: small and whole, whoever reads, writes, dies or runs out of room meanwhile."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest
from filelock import FileLock
from support.facts import NOON, fact
from support.upkeeps import TODAY, bounds, inlined, parquet, rows_by_batch, write, write_beats

from maxbooster_ops.errors import StoreBusyError
from maxbooster_ops.store.facts import BeatTaken, MetricSample, QueueSample
from maxbooster_ops.store.findings import BaselineMetric, Rollup, Trend
from maxbooster_ops.store.maintenance.lake_upkeep import tidying
from maxbooster_ops.store.maintenance.retention import Retention
from maxbooster_ops.store.maintenance.upkeep import clean_up, due, tidy
from maxbooster_ops.store.opening import open_store

RAW_LINE = TODAY - timedelta(days=30)
LONG_LINE = TODAY - timedelta(days=396)
INSTANT = timedelta(microseconds=1)


def content(store, table="metric_samples"):
    (row,) = store.lake.query(
        f"SELECT count(*) AS rows, bit_xor(hash(batch_id, ts, name, value)) AS checksum FROM {table}"
    )
    return row


def moments(store, table):
    return {row["ts"] for row in store.lake.query("SELECT ts FROM query_table($table)", {"table": table})}


@pytest.mark.parametrize(
    ("kind", "known", "line"),
    [
        pytest.param(QueueSample, {}, RAW_LINE, id="raw samples 30 days"),
        pytest.param(Rollup, {"width": "1m"}, LONG_LINE, id="rollups of a minute 13 months"),
        pytest.param(Rollup, {"width": "30m"}, LONG_LINE, id="rollups of half an hour 13 months"),
        pytest.param(Rollup, {"width": "1d"}, LONG_LINE, id="rollups of a day 13 months"),
        pytest.param(Trend, {}, LONG_LINE, id="findings as long as rollups"),
    ],
)
@pytest.mark.parametrize("rows", [pytest.param(1, id="in the catalog"), pytest.param(250, id="in files")])
def test_rows_before_the_line_go_and_those_at_it_stay(store, kind, known, line, rows):
    for at in (line - INSTANT, line, line + INSTANT):
        write(store, *(fact(kind, ts=at, **known) for _ in range(rows)), batch_id=str(at))
    upkeep = clean_up(store, bounds(), Retention())
    assert moments(store, kind.table) == {line, line + INSTANT}
    assert upkeep.rows("drop") == rows
    assert upkeep.problems == ()


def test_baselines_are_kept_for_ever(store):
    long_ago = NOON - timedelta(days=4000)
    write(store, fact(BaselineMetric, ts=long_ago))
    clean_up(store, bounds(), Retention())
    assert moments(store, "baselines") == {long_ago}


def test_a_dry_run_tells_what_would_go_and_changes_nothing(store):
    write(store, fact(QueueSample, ts=RAW_LINE - INSTANT), fact(QueueSample, ts=RAW_LINE))
    upkeep = due(store, bounds(), Retention())
    assert {freed.subject: freed.rows for freed in upkeep.freed if freed.rows} == {"queue_samples": 1}
    assert len(moments(store, "queue_samples")) == 2


def test_a_day_of_small_files_becomes_one_and_no_value_changes(store, home):
    write_beats(store, 20, rows=250)
    write_beats(store, 20, first=20)
    before = content(store)
    upkeep = clean_up(store, bounds(), Retention())
    assert content(store) == before
    clean_up(store, bounds(), Retention())
    assert len([file for file in parquet(home) if "metric_samples" in str(file)]) == 1
    assert upkeep.rows("flush") >= 100
    assert upkeep.files("merge") >= 20


def test_a_merged_file_is_sorted_by_series(store, home):
    write_beats(store, 4, rows=250)
    clean_up(store, bounds(), Retention())
    clean_up(store, bounds(), Retention())
    (file,) = (file for file in parquet(home) if "metric_samples" in str(file))
    with duckdb.connect() as reader:
        rows = reader.execute("SELECT name, ts FROM read_parquet($file)", {"file": str(file)}).fetchall()
    assert rows == sorted(rows)


def test_rows_become_files_in_one_thread_and_duckdb_has_its_others_again_afterwards(store):
    """With two, DuckLake 1.5.5 corrupts memory where it flushes two versions of a table's columns at once."""
    threads = "SELECT current_setting('threads') AS threads"
    store.lake.query("SET threads = 3")
    write_beats(store, 1)
    flush = tidying(store.lake, bounds())["flush"]()
    for _ in flush:
        assert store.lake.query(threads) == [{"threads": 1}]
    assert store.lake.query(threads) == [{"threads": 3}]


def test_rows_of_each_version_of_a_tables_columns_become_files(store):
    """As after a release that adds a column."""
    write_beats(store, 1)
    store.lake.write(
        lambda transaction: transaction.connection.execute(
            "ALTER TABLE ops.metric_samples ADD COLUMN added INTEGER; "
            f"INSERT INTO ops.metric_samples (ts, batch_id, added) VALUES ('{NOON}', 'new', 1)"
        )
    )
    assert tidy(store, bounds()).problems == ()
    assert inlined(store) == 0
    assert rows_by_batch(store, "metric_samples") == {"beat-0": 5, "new": 1}


def test_an_hourly_upkeep_leaves_what_an_hour_was_merged_into(store):
    write_beats(store, 3, rows=250)
    assert tidy(store, bounds()).files("merge") == 2
    assert tidy(store, bounds()).files("merge") == 0


def test_an_open_reader_keeps_its_view_and_finds_every_file_of_it(store, home):
    write_beats(store, 10, rows=250)
    write(store, fact(MetricSample, ts=RAW_LINE - INSTANT, name="old"))
    before = content(store)
    with duckdb.connect() as reader:
        reader.execute(home.ops_sql.read_text())
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM beats")
        for _ in range(2):
            clean_up(store, bounds(grace=timedelta(days=1)), Retention())
            write_beats(store, 1, rows=250, first=50)
        rows, checksum = reader.execute(
            "SELECT count(*), bit_xor(hash(batch_id, ts, name, value)) FROM metric_samples"
        ).fetchone()
        reader.execute("COMMIT")
        assert (rows, checksum) == (before["rows"], before["checksum"])
        assert reader.execute("SELECT count(*) FROM metric_samples").fetchone() == (12 * 250,)


def test_files_that_a_dead_writer_left_go_after_the_grace_time(store, home):
    write_beats(store, 1, rows=250)
    left = parquet(home)[0].with_name("left.parquet")
    left.write_bytes(b"half a file")
    assert clean_up(store, bounds(grace=timedelta(days=1)), Retention()).files("orphans") == 0
    assert left.exists()
    assert clean_up(store, bounds(), Retention()).files("orphans") == 1
    assert not left.exists()


def test_a_write_between_begin_and_commit_makes_the_work_be_done_again(store, home):
    write_beats(store, 3, rows=250)
    tries = []

    def merged(transaction):
        merge = "CALL ducklake_merge_adjacent_files('ops', 'metric_samples')"
        tries.append(transaction.connection.execute(merge).fetchall())
        if len(tries) == 1:
            with open_store(home) as other:
                write_beats(other, 1, rows=250, first=10)

    store.lake.rewrite(merged)
    assert tries == [[("main", "metric_samples", 3, 1)], [("main", "metric_samples", 4, 1)]]
    assert content(store)["rows"] == 1000


def test_work_that_others_interrupt_every_time_is_given_up_with_nothing_changed(store, home):
    write_beats(store, 3, rows=250)
    with open_store(home) as other:

        def interrupted(transaction):
            transaction.connection.execute("DELETE FROM ops.metric_samples").fetchall()
            write_beats(other, 1, rows=250, first=10)

        with pytest.raises(StoreBusyError, match="the next run tries again"):
            store.lake.rewrite(interrupted)
    assert content(store)["rows"] == (3 + 6) * 250


def test_two_at_once_are_refused_before_anything_happens(store, home):
    with (
        FileLock(home.root / "upkeep.lock"),
        pytest.raises(StoreBusyError, match="Another upkeep"),
    ):
        clean_up(store, bounds(), Retention())


def test_a_step_that_fails_takes_no_other_down(store, home):
    """A folder where the files of a table should be: merging them fails, as it would on a full disk."""
    write(store, fact(BeatTaken, ts=RAW_LINE - INSTANT), fact(BeatTaken, ts=NOON))
    in_the_way = home.lake_files / "main" / "beats" / "year=2026"
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("")
    upkeep = clean_up(store, bounds(), Retention())
    assert [problem.partition(":")[0] for problem in upkeep.problems] == ["flush"]
    assert upkeep.rows("drop") == 1
    in_the_way.unlink()
    assert clean_up(store, bounds(), Retention()).problems == ()
    assert moments(store, "beats") == {NOON}
