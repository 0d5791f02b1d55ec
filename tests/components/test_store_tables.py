"""The tables of both stores: what the classes of facts say, and what comes out is what went in."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.facts import NOON, fact

from maxbooster_ops.store import alert_tables, analysis_tables, dead_letter_tables, drill_tables, lake_migrations
from maxbooster_ops.store.arrow import arrow_schema
from maxbooster_ops.store.facts import FACTS, MetricSample, QueueSample
from maxbooster_ops.store.findings import FINDINGS
from maxbooster_ops.store.state import REVISION, open_state

ALL = (*FACTS, *FINDINGS)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.table)
def test_every_table_has_its_facts_columns_in_order_and_a_comment_on_each(store, kind):
    rows = store.lake.query(
        "SELECT column_name, comment FROM duckdb_columns() WHERE database_name = 'ops' AND table_name = $table "
        "ORDER BY column_index",
        {"table": kind.table},
    )
    assert [row["column_name"] for row in rows] == arrow_schema(kind).names
    assert [row["column_name"] for row in rows if not row["comment"]] == []


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.table)
def test_every_fact_survives_its_table(store, kind):
    written = fact(kind)
    store.lake.write(lambda transaction: transaction.insert([written], batch_id="b"))
    (row,) = store.lake.query("SELECT * EXCLUDE (batch_id) FROM query_table($table)", {"table": kind.table})
    assert kind(**row) == written


def test_every_table_and_view_has_a_comment(store):
    rows = store.lake.query(
        "SELECT table_name AS name, comment FROM duckdb_tables() WHERE database_name = 'ops' "
        "UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE database_name = 'ops' AND NOT internal"
    )
    assert {row["name"] for row in rows} >= {kind.table for kind in ALL} | {"latest_queues", "lake_migrations"}
    assert [row["name"] for row in rows if not row["comment"]] == []


def test_a_nan_and_an_infinity_survive(store):
    values = [float("inf"), float("-inf"), float("nan")]
    samples = [fact(MetricSample, name=str(value), value=value) for value in values]
    store.lake.write(lambda transaction: transaction.insert(samples, batch_id="values"))
    rows = store.lake.query("SELECT value::VARCHAR AS value FROM metric_samples ORDER BY ALL")
    assert [row["value"] for row in rows] == ["-inf", "inf", "nan"]


def test_a_day_is_a_partition(store, home):
    for day in range(2):
        samples = [fact(QueueSample, queue=f"q{number}", ts=NOON + timedelta(days=day)) for number in range(500)]
        store.lake.write(lambda transaction, samples=samples: transaction.insert(samples, batch_id="days"))
    parts = sorted(str(file.parent.relative_to(home.lake_files)) for file in home.lake_files.rglob("*.parquet"))
    assert parts == ["main/queue_samples/year=2026/month=11/day=21", "main/queue_samples/year=2026/month=11/day=22"]


def test_the_state_s_tables_are_those_that_its_migrations_make(home):
    with open_state(home) as state, state.reading() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        revision = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    modules = (alert_tables, analysis_tables, dead_letter_tables, drill_tables)
    expected = {t.name: set(t.columns.keys()) for module in modules for t in module.metadata.sorted_tables}
    assert {
        name: set(table.columns.keys()) for name, table in found.tables.items() if name != "alembic_version"
    } == expected
    assert revision == REVISION


def test_migrations_are_numbered_without_gaps():
    assert list(lake_migrations.migrations()) == list(range(1, len(lake_migrations.migrations()) + 1))
