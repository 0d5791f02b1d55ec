"""What the lake answers from memory while it is held is what it would answer from its files."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import NOON, fact

from maxbooster_ops.store.facts import BeatTaken, QueueSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake

SECOND = timedelta(seconds=1)
MANY = 300
"""More rows than DuckLake keeps in its catalog instead of a file."""


@pytest.fixture
def lake(tmp_path):
    """A lake with a row in the catalog, rows in a file, and tables that never had any."""
    with open_lake(Home(root=tmp_path)) as opened:
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
