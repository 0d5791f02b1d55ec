"""What the lake answers from memory while it is held is what it would answer from its files."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from support.facts import NOON, fact

from maxbooster_ops.errors import StoreError
from maxbooster_ops.pipelines.warm_alerting import WarmAlerting
from maxbooster_ops.processes import wait_for
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.facts import BeatTaken, QueueSample
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.maintenance.lake_upkeep import Bounds, tidying

SECOND = timedelta(seconds=1)
MANY = 300
"""More rows than DuckLake keeps in its catalog instead of a file."""


@pytest.fixture
def lake(tmp_path, made_home):
    """A lake with a row in the catalog, rows in a file, and tables that never had any."""
    with open_lake(made_home(tmp_path)) as opened:
        queues = [fact(QueueSample, ts=NOON + n * SECOND, queue="forecast", waiting=n) for n in range(MANY)]
        opened.write(lambda transaction: transaction.insert([fact(BeatTaken, ts=NOON, kind="beat")], batch_id="b"))
        opened.write(lambda transaction: transaction.insert(queues, batch_id="b"))
        yield opened


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        pytest.param("beats", 1, id="rows in the catalog"),
        pytest.param("queue_samples", MANY, id="rows in a file"),
        pytest.param("redis_samples", 0, id="never a row"),
    ],
)
def test_a_held_table_has_the_columns_and_rows_of_the_lake(lake, table, rows):
    whole = lake.columns(f"FROM {table} ORDER BY ts")
    with lake.held({table: NOON}, NOON + timedelta(hours=1)):
        held = lake.columns(f"FROM {table} ORDER BY ts")
    assert held.schema.names == whole.schema.names
    assert (held.num_rows, held.to_pylist()) == (rows, whole.to_pylist())


def test_a_held_table_begins_at_its_moment_and_ends_before_the_last(lake):
    with lake.held({"queue_samples": NOON + 10 * SECOND}, NOON + 20 * SECOND):
        (row,) = lake.query("SELECT min(waiting) AS first, max(waiting) AS last FROM queue_samples")
    assert row == {"first": 10, "last": 19}


def test_a_table_that_gets_its_first_row_is_held_with_it(lake):
    with lake.held({"redis_samples": NOON}, NOON + SECOND):
        pass
    lake.write(
        lambda transaction: transaction.connection.execute("INSERT INTO ops.redis_samples (ts) VALUES ($1)", [NOON])
    )
    with lake.held({"redis_samples": NOON}, NOON + SECOND):
        assert lake.query("SELECT count(*) AS rows FROM redis_samples") == [{"rows": 1}]


@pytest.mark.parametrize("rows", [1, MANY], ids=["rows in the catalog", "rows in a file"])
def test_a_table_whose_rows_are_all_older_is_held_with_its_first_new_one(lake, rows):
    """Its newest moment is looked up beforehand; to the microsecond, and whatever was deleted or merged."""
    since = NOON + timedelta(hours=1, microseconds=1)

    def held_rows():
        with lake.held({"queue_samples": since}, since + timedelta(hours=1)):
            return lake.query("SELECT count(*) AS rows FROM queue_samples")[0]["rows"]

    def write(moment):
        queues = [fact(QueueSample, ts=moment, queue=str(n)) for n in range(rows)]
        lake.write(lambda transaction: transaction.insert(queues, batch_id="c"))

    write(since - timedelta(microseconds=1))
    assert held_rows() == 0
    write(since)
    assert held_rows() == rows
    lake.write(
        lambda transaction: transaction.connection.execute("DELETE FROM ops.queue_samples WHERE ts < $1", [since])
    )
    list(tidying(lake, Bounds.at(NOON))["flush"]())
    assert held_rows() == rows


def test_a_view_is_held_with_its_rows(lake):
    """What a rule reads need not be a table."""
    lake.write(lambda transaction: transaction.connection.execute("CREATE VIEW ops.seen AS FROM ops.queue_samples"))
    with lake.held({"seen": NOON}, NOON + timedelta(hours=1)):
        assert lake.query("SELECT count(*) AS rows FROM seen") == [{"rows": MANY}]


def test_after_an_error_inside_the_lake_answers_again(lake):
    with pytest.raises(StoreError), lake.held({"beats": NOON}, NOON + SECOND):
        lake.query("SELECT nothing FROM beats")
    assert lake.query("SELECT count(*) AS rows FROM beats") == [{"rows": 1}]
    with lake.held({"beats": NOON}, NOON + SECOND):
        assert lake.query("SELECT count(*) AS rows FROM beats") == [{"rows": 1}]


def test_the_newest_beat_is_known_as_soon_as_it_is_stored(tmp_path, lake):
    """However soon one follows another, and although the lake is not asked while nobody writes."""
    warm, settings = WarmAlerting(), Settings(_env_file=None, maxbooster_home=tmp_path)
    for n in range(1, 30):
        due = NOON + n * SECOND
        assert warm.newest_beat(settings) == warm.newest_beat(settings) == due - SECOND
        taken = fact(BeatTaken, ts=due, kind="beat")
        lake.write(lambda transaction, taken=taken, n=n: transaction.insert([taken], batch_id=str(n)))
        if n % 10 == 0:
            time.sleep(0.1)  # long enough for its answer to be kept


def test_the_version_of_a_lake_is_told_once_it_rests_and_changes_with_a_write(lake):
    written_just_now(lake)
    assert lake.version() is None
    written_long_ago(lake)
    before = lake.version()
    assert before == lake.version() is not None
    lake.write(lambda transaction: transaction.insert([fact(BeatTaken, ts=NOON + SECOND)], batch_id="c"))
    assert wait_for(lake.version, seconds=60, what="the lake to rest") != before


def written_just_now(lake):
    """Let the newest file be of a moment that no machine is too slow for."""
    touch(lake, time.time() + 3600)


def written_long_ago(lake):
    touch(lake, time.time() - 3600)


def touch(lake, moment):
    for file in lake.home.catalog.parent.glob(f"{lake.home.catalog.name}*"):
        os.utime(file, (moment, moment))
