"""The two stores against real DuckLake and SQLite: what is acknowledged is there once, whatever dies."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from support.facts import NOON, fact

from maxbooster_ops.errors import StoreError, StoreVersionError
from maxbooster_ops.store.asking import ask
from maxbooster_ops.store.beats import Batch, Outcome, beat_id
from maxbooster_ops.store.facts import BeatTaken, MetricSample, QueueSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.lake import open_lake
from maxbooster_ops.store.memories import Memories
from maxbooster_ops.store.opening import open_store
from maxbooster_ops.store.state import open_state


def batch(number, *, memories=None, facts=()):
    due = NOON + timedelta(seconds=30 * number)
    return Batch(
        id=beat_id(due), due=due, facts=[fact(BeatTaken, ts=due, kind="beat", due=due), *facts], memories=memories or {}
    )


MANY = 300
"""Rows that go into a file of their own, not into the catalog."""


def many_samples(number):
    due = NOON + timedelta(seconds=30 * number)
    return [fact(MetricSample, ts=due, name=f"m{n}", labels={}, value=1.0) for n in range(MANY)]


def count(store, table):
    (row,) = store.lake.query("SELECT count(*) AS rows FROM query_table($table)", {"table": table})
    return row["rows"]


def test_the_same_beat_is_stored_once(store):
    assert store.beats.store(batch(0), {}) is Outcome.STORED
    assert store.beats.store(batch(0), {}) is Outcome.ALREADY_STORED
    assert count(store, "beats") == 1


def test_a_memory_moves_only_with_its_beat(store):
    store.beats.store(batch(0, memories={"bullmq": {"cursor": 1}}), {})
    assert store.beats.recall()["bullmq"].memory == {"cursor": 1}


def test_the_slower_of_two_collectors_is_overtaken_and_stores_nothing(store):
    recalled = store.beats.recall()
    store.beats.store(batch(0, memories={"bullmq": {"cursor": 1}}), recalled)
    assert store.beats.store(batch(1, memories={"bullmq": {"cursor": 2}}), recalled) is Outcome.OVERTAKEN
    assert count(store, "beats") == 1
    assert store.beats.recall()["bullmq"].memory == {"cursor": 1}


def test_a_collector_that_died_before_the_lake_had_its_beat_left_nothing(store):
    Memories(store.state).intend("beat-of-the-dead", {"bullmq": {"cursor": 9}}, {})
    store.beats.store(batch(0), {})
    assert "bullmq" not in store.beats.recall()


def test_a_collector_that_died_after_the_lake_had_its_beat_is_remembered(store):
    dead = batch(0)
    store.lake.write(lambda transaction: transaction.insert([dead.facts[0]], batch_id=dead.id))
    Memories(store.state).intend(dead.id, {"bullmq": {"cursor": 9}}, {})
    store.beats.store(batch(1), {})
    assert store.beats.recall()["bullmq"].memory == {"cursor": 9}


def test_rows_beyond_the_inlining_limit_arrive_too(store):
    samples = [fact(QueueSample, queue=f"q{number}") for number in range(1500)]
    store.beats.store(batch(0, facts=samples), {})
    assert count(store, "queue_samples") == 1500


def test_an_open_reader_blocks_no_writer_and_keeps_its_view(store, home):
    store.beats.store(batch(0), {})
    with duckdb.connect() as reader:
        reader.execute(home.ops_sql.read_text())
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM beats").fetchone()
        assert store.beats.store(batch(1), {}) is Outcome.STORED
        assert reader.execute("SELECT count(*) FROM beats").fetchone() == before == (1,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM beats").fetchone() == (2,)


def test_ops_sql_joins_the_lake_and_the_state(store, home):
    store.beats.store(batch(0, memories={"bullmq": {"cursor": 1}}), {})
    with duckdb.connect() as reader:
        reader.execute(home.ops_sql.read_text())
        rows = reader.execute("SELECT source FROM beats JOIN state.source_memory USING (batch_id)").fetchall()
    assert rows == [("bullmq",)]


def test_a_lake_of_a_newer_release_is_refused_and_left_alone(store, home):
    store.lake.write(
        lambda transaction: transaction.connection.execute("INSERT INTO ops.lake_migrations VALUES (999, 'x', now())")
    )
    with pytest.raises(StoreVersionError, match=r"version 999.*Nothing was changed"), open_lake(home):
        pass


def test_a_state_of_a_newer_release_is_refused(home):
    with open_state(home) as state, state.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreVersionError, match="revision 9999"), open_state(home):
        pass


def test_reading_a_home_without_a_lake_says_how_to_get_one(home):
    with pytest.raises(StoreError, match="maxbooster-ops up"), open_lake(home, read_only=True):
        pass


def test_a_home_that_was_copied_is_a_store_of_its_own(home, tmp_path):
    with open_store(home) as store:
        store.beats.store(batch(1, facts=many_samples(1)), {})
    copy = Home(root=tmp_path / "copy")
    shutil.copytree(home.root, copy.root)
    with open_store(copy) as store:
        store.beats.store(batch(2, facts=many_samples(2)), {})
        written = count(store, "metric_samples")
    shutil.rmtree(home.root)
    with open_lake(copy, read_only=True) as lake:
        (row,) = lake.query("SELECT count(*) AS rows FROM metric_samples")
    assert row["rows"] == written == 2 * MANY
    assert ask(copy, "SELECT count(*) FROM metric_samples").rows == [(written,)]


_WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from support.facts import NOON, fact
from maxbooster_ops.store.beats import Batch, beat_id
from maxbooster_ops.store.facts import BeatTaken, MetricSample
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

with open_store(Home(root=Path(sys.argv[1]))) as store:
    for number in range(int(sys.argv[2]), 10**6):
        due = NOON + timedelta(seconds=number)
        recalled = store.beats.recall()
        counted = recalled["counter"].memory["n"] + 1 if "counter" in recalled else 1
        taken = fact(BeatTaken, ts=due, kind="beat", due=due, rows=counted)
        batch = Batch(id=beat_id(due), due=due, facts=[taken], memories={"counter": {"n": counted}})
        store.beats.store(batch, recalled)
        print(number, flush=True)
"""


def test_killing_the_writer_loses_no_acknowledged_beat_and_stores_none_twice(home, tmp_path):
    """Real SIGKILLs at changing moments; the counter that travels with the beats shows any counted twice or never."""
    script, acknowledged = tmp_path / "writer.py", []
    script.write_text(_WRITER)
    for kill in range(6):
        command = [sys.executable, str(script), str(home.root), str(len(acknowledged) + 1000 * kill)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment()) as writer:
            acknowledged += [int(writer.stdout.readline()) for _ in range(1 + kill % 3)]
            writer.kill()
            acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    with open_store(home) as store:
        store.beats.store(batch(10**6), store.beats.recall())  # settles what the last one left
        rows = store.lake.query("SELECT due, rows FROM beats WHERE rows > 0 ORDER BY due")
        remembered = store.beats.recall()["counter"].memory["n"]
    stored = {int((row["due"] - NOON).total_seconds()) for row in rows}
    assert set(acknowledged) <= stored
    assert [row["rows"] for row in rows] == list(range(1, len(rows) + 1))
    assert remembered == len(rows)


def _environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


def test_several_processes_open_a_new_home_at_once(home, tmp_path):
    script = tmp_path / "opener.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom maxbooster_ops.store.home import Home\n"
        "from maxbooster_ops.store.opening import open_store\nwith open_store(Home(root=Path(sys.argv[1]))): pass\n"
    )
    openers = [
        subprocess.Popen([sys.executable, str(script), str(home.root)], stderr=subprocess.PIPE) for _ in range(3)
    ]
    failures = [error for opener in openers if (error := opener.communicate()[1])]
    assert failures == []


def test_a_state_that_another_process_begins_at_this_moment_is_waited_for(home):
    """SQLite refuses to switch a file to its write-ahead log while another connection is about to write to it."""
    file = home.prepare().state
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        ends = threading.Timer(0.3, other.rollback)
        ends.start()
        with open_state(home) as state, state.reading() as connection:
            assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        ends.join()


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StoreError, match=r"cannot be written.*MAXBOOSTER_HOME"):
        Home(root=blocked / "home").prepare()
