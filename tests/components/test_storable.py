"""Texts that the lake cannot keep as they are, through every way into it."""

from __future__ import annotations

import pytest
from support.facts import NOON, fact

from maxbooster_ops.store.facts import TrackedExecution
from maxbooster_ops.store.lake import open_lake


@pytest.fixture
def lake(tmp_path, made_home):
    with open_lake(made_home(tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize("one_by_one", [False, True], ids=["many rows", "one row"])
def test_texts_that_no_catalog_can_take_are_kept_without_what_it_cannot_take(lake, one_by_one):
    """A NUL made every later question by that column fail; half an emoji, as a cut text has, cost the whole beat."""
    odd = fact(
        TrackedExecution,
        ts=NOON,
        job="nul\0job",
        run_id="1",
        error="cut \ud83d",
        metadata={"of\0": "a\ud83d", "b": "ä€"},
    )

    def write(transaction):
        if one_by_one:
            transaction.insert_row(odd, batch_id="odd")
        else:
            transaction.insert([odd, fact(TrackedExecution, ts=NOON, job="even", run_id="2")], batch_id="odd")

    lake.write(write)
    (row,) = lake.query("SELECT * FROM tracked_executions WHERE run_id = '1'")
    assert (row["job"], row["error"], row["metadata"]) == ("nul\ufffdjob", "cut ?", {"of\ufffd": "a?", "b": "ä€"})
    assert len(lake.query("SELECT * FROM tracked_executions WHERE job = $job", {"job": row["job"]})) == 1
