"""Tracking of own jobs, from the decorator through the state's inbox into a real lake, whatever fails or dies."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from support.facts import NOON

from maxbooster_ops.errors import UsageError
from maxbooster_ops.jobs import track
from maxbooster_ops.jobs.inbox import KEPT, Inbox
from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.sources.executions import TAKEN_AT_ONCE, Executions
from maxbooster_ops.store.analysis_tables import execution_inbox
from maxbooster_ops.store.facts import TrackedExecution
from maxbooster_ops.store.home import Home
from maxbooster_ops.store.opening import open_store

JOBS = "SELECT * FROM tracked_executions ORDER BY job, ts"


@pytest.fixture
def home(tmp_path):
    return Home(root=tmp_path / "a home")


@pytest.fixture
def store(home, made_home):
    with open_store(made_home(home.root)) as opened:
        yield opened


def beat(store, number=0):
    return Collector([Executions(store.state)], store.beats, interval_seconds=30, deadline_seconds=30).beat(
        NOON + timedelta(seconds=30 * number)
    )


def taken(store, number=0):
    beat(store, number)
    return store.lake.query(JOBS)


def in_the_inbox(store):
    with store.state.reading() as connection:
        return connection.execute(sa.select(execution_inbox)).mappings().all()


def test_a_block_that_ends_well_is_an_execution_with_everything_that_was_said_of_it(store, home):
    before = datetime.now(UTC)
    with track("export", run_id="r1", attempt=2, home=home.root, tenant="acme") as execution:
        execution.note(rows=3)
    (row,) = taken(store)
    assert (row["job"], row["run_id"], row["attempt"], row["success"], row["error"]) == ("export", "r1", 2, True, None)
    assert row["metadata"] == {"tenant": "acme", "rows": "3"}
    assert before <= row["ts"] <= datetime.now(UTC)
    assert 0 <= row["duration_ms"] < 60_000


def test_an_exception_passes_through_unchanged_and_is_told_without_credentials(store, home):
    error = ConnectionError("redis://user:hunter2@host refused " + "x" * 1000)

    @track("forecast", home=home.root)
    def forecast():
        raise error

    with pytest.raises(ConnectionError) as caught:
        forecast()
    assert caught.value is error
    (row,) = taken(store)
    assert not row["success"]
    assert row["error"].startswith("ConnectionError: redis://***@host refused x")
    assert len(row["error"]) == 500


def test_a_tracked_function_is_still_itself_and_each_call_a_run_of_its_own(store, home):
    @track("forecast", home=home.root)
    def forecast(days: int, *, scale: float = 1.0) -> float:
        """Say what will be."""
        return days * scale

    assert (forecast.__name__, forecast.__doc__, forecast(3, scale=2.0), forecast(4)) == (
        "forecast",
        "Say what will be.",
        6.0,
        4.0,
    )
    assert len({row["run_id"] for row in taken(store)}) == 2


def test_coroutines_that_run_at_once_are_measured_each_on_its_own(store, home):
    @track("fetch", home=home.root)
    async def fetch(seconds):
        await asyncio.sleep(seconds)
        return seconds

    async def both():
        return await asyncio.gather(fetch(0.25), fetch(0.01))

    assert asyncio.run(both()) == [0.25, 0.01]
    first, second = sorted(row["duration_ms"] for row in taken(store))
    assert first < second
    assert second >= 250


def test_a_cancelled_coroutine_failed_and_a_plain_exit_did_not(store, home):
    with pytest.raises(asyncio.CancelledError), track("cancelled", home=home.root):
        raise asyncio.CancelledError
    with pytest.raises(SystemExit), track("exited", home=home.root):
        sys.exit(0)
    assert [(row["job"], row["success"], row["error"]) for row in taken(store)] == [
        ("cancelled", False, "CancelledError"),
        ("exited", True, None),
    ]


def test_a_name_without_end_is_cut_off(home, store):
    with track("j" * 5000, run_id="r" * 5000, home=home.root):
        pass
    (row,) = taken(store)
    assert (row["job"], row["run_id"]) == ("j" * 200, "r" * 200)


def test_what_cannot_be_tracked_is_refused_where_it_is_written(home):
    def numbers():
        yield 1

    with pytest.raises(UsageError, match="is a generator"):
        track("numbers")(numbers)
    with pytest.raises(UsageError, match="attempts from 1 on"):
        track("numbers", attempt=0)
    with track("outer", home=home.root) as tracker, pytest.raises(UsageError, match="measuring already"):
        tracker.__enter__()


def test_threads_that_end_at_once_lose_none(store, home):
    @track("small", home=home.root)
    def small(_):
        pass

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(small, range(400)))
    small(0)  # with which comes what a thread left to the next one, since it had waited long enough for its turn
    assert len(taken(store)) == 401


def test_a_forked_child_tells_its_own_executions_and_not_its_parent_s(store, home):
    with track("parent", home=home.root):
        child = os.fork()
        if child == 0:
            try:
                with track("child", home=home.root):
                    pass
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    assert [row["job"] for row in taken(store)] == ["child", "parent"]


def test_a_job_goes_on_without_a_home_and_says_so(home, caplog):
    @track("lonely", home=home.root)
    def lonely():
        return "done"

    assert [lonely() for _ in range(5)] == ["done"] * 5
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert "is the home right" in caplog.text.lower()
    assert not home.root.exists()


def test_what_a_locked_state_refused_comes_with_a_later_execution(store, home, caplog):
    inbox = Inbox(home)
    with closing(sqlite3.connect(home.state, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        inbox.put(execution("first"))
        inbox.put(execution("second"))
        other.execute("ROLLBACK")
    assert "locked" in caplog.text
    assert in_the_inbox(store) == []
    inbox.end_pause()
    inbox.put(execution("third"))
    assert [row["job"] for row in in_the_inbox(store)] == ["first", "second", "third"]


def test_memory_is_bounded_while_nothing_can_be_written_and_the_loss_is_counted(home, caplog):
    inbox = Inbox(home)
    for number in range(KEPT + 7):
        inbox.put(execution(str(number)))
    with open_store(home) as store:
        inbox.end_pause()
        inbox.flush()
        assert [row["job"] for row in in_the_inbox(store)] == [str(number) for number in range(KEPT)]
    assert "lost: 7" in caplog.text


def test_what_was_kept_is_written_when_the_process_ends(store, home, tmp_path):
    script = tmp_path / "job.py"
    script.write_text(
        "import sqlite3, sys\nfrom maxbooster_ops.jobs import track\n"
        "other = sqlite3.connect(sys.argv[1] + '/state.db', isolation_level=None)\nother.execute('BEGIN IMMEDIATE')\n"
        "with track('late'): pass\n"
        "other.execute('ROLLBACK')\n"
    )
    environment = {**os.environ, "MAXBOOSTER_HOME": str(home.root)}
    subprocess.run([sys.executable, script, str(home.root)], check=True, env=environment, cwd=tmp_path)
    assert [row["job"] for row in taken(store)] == ["late"]


def test_a_row_is_taken_once_and_removed_only_after_its_beat_is_stored(store, home):
    with track("once", home=home.root):
        pass
    assert len(taken(store, 0)) == 1
    assert len(in_the_inbox(store)) == 1, "the beat after this one removes it"
    with track("then", home=home.root):
        pass
    assert [row["job"] for row in taken(store, 1)] == ["once", "then"]
    assert [row["job"] for row in in_the_inbox(store)] == ["then"]
    assert len(taken(store, 2)) == 2
    assert in_the_inbox(store) == []


def test_more_than_a_beat_takes_comes_with_the_next(store):
    row = {"ts": NOON, "run_id": "r", "success": True, "duration_ms": 1.0, "attempt": 1, "metadata": "{}"}
    with store.state.writing() as connection:
        rows = [{"job": str(number), **row} for number in range(TAKEN_AT_ONCE + 10)]
        connection.execute(sa.insert(execution_inbox), rows)
    assert len(taken(store, 0)) == TAKEN_AT_ONCE
    assert len(taken(store, 1)) == TAKEN_AT_ONCE + 10


def execution(job):
    return TrackedExecution(
        ts=NOON, job=job, run_id=job, success=True, duration_ms=1.0, attempt=1, metadata={}, error=None
    )
