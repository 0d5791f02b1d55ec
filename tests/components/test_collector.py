"""The course of a beat on a real store, with sources that do what a test says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import NOON, fact

from maxbooster_ops.sources.collector import Collector
from maxbooster_ops.sources.source import Reading
from maxbooster_ops.store.beats import Outcome
from maxbooster_ops.store.facts import ProbeResult, QueueJob, SourceFailure
from maxbooster_ops.store.opening import open_store


class Counter:
    """Sees one job more at every reading and remembers how many it has seen; `before_answer` happens in between."""

    name = "counter"

    def __init__(self):
        self.before_answer = lambda: None

    def read(self, moment):
        seen = moment.memory.get("seen", 0) + 1
        self.before_answer()
        return Reading(rows=[fact(QueueJob, ts=moment.at, job_id=str(seen))], memory={"seen": seen})

    def close(self):
        pass


class Failing(Counter):
    """Cannot be read."""

    def read(self, moment):
        return SourceFailure.of(self.name, ConnectionError("refused"), at=moment.at, target="host:1", hint="look")


class Late(Counter):
    """Has its answer only when it is drained, and remembers having given it."""

    name = "late"

    def read(self, moment):
        return Reading(memory=moment.memory)

    def drain(self, moment):
        self.before_answer()
        rows = [] if moment.memory.get("answered") else [fact(ProbeResult, ts=NOON, monitor="slow")]
        return Reading(rows=rows, memory={**moment.memory, "answered": True})


@pytest.fixture
def store(tmp_path, made_home):
    with open_store(made_home(tmp_path)) as opened:
        yield opened


def collector(store, *sources):
    """One whose sources have all the time that they need: some store a whole beat while they are read."""
    return Collector(sources, store.beats, interval_seconds=30, deadline_seconds=600)


def once(action):
    """Do `action` at the first call only."""
    todo = [action]
    return lambda: todo.pop()() if todo else None


def jobs(store):
    return [row["job_id"] for row in store.lake.query("SELECT job_id FROM queue_jobs ORDER BY job_id")]


def test_a_beat_that_was_overtaken_is_read_again_from_where_the_faster_one_ended(store):
    slow = Counter()
    slow.before_answer = once(lambda: collector(store, Counter()).beat(NOON))
    report = collector(store, slow).beat(NOON + timedelta(seconds=30))
    assert report.outcome is Outcome.STORED
    assert jobs(store) == ["1", "2"]


def test_a_beat_of_the_same_moment_is_stored_by_one_of_two_collectors(store):
    assert collector(store, Counter()).beat(NOON).outcome is Outcome.STORED
    assert collector(store, Counter()).beat(NOON).outcome is Outcome.ALREADY_STORED
    assert jobs(store) == ["1"]


def test_a_source_that_fails_is_a_row_and_keeps_what_it_remembered(store):
    collector(store, Counter()).beat()
    report = collector(store, Failing()).beat()
    assert report.sources["counter"].error == "ConnectionError: refused"
    assert store.beats.recall()["counter"].memory == {"seen": 1}
    assert store.lake.query("SELECT source, reason FROM source_failures") == [
        {"source": "counter", "reason": "refused"}
    ]


def test_late_answers_are_stored_once_even_when_another_collector_is_faster(store):
    late = Late()
    late.before_answer = once(lambda: collector(store, Late()).finish())
    slower = collector(store, late)
    slower.beat()
    slower.finish()
    assert store.lake.query("SELECT monitor FROM probe_results") == [{"monitor": "slow"}]
    assert [row["kind"] for row in store.lake.query("SELECT kind FROM beats ORDER BY kind")] == ["beat", "late"]


def test_without_late_answers_nothing_more_is_stored(store):
    taking = collector(store, Counter())
    taking.beat()
    assert taking.finish() is None
    assert len(store.lake.query("SELECT * FROM beats")) == 1


def test_the_beat_s_own_row_tells_what_it_brought(store):
    collector(store, Counter()).beat()
    collector(store, Failing()).beat()
    rows = store.lake.query("SELECT sources, failures, rows FROM beats ORDER BY ts")
    assert rows == [{"sources": 1, "failures": 0, "rows": 1}, {"sources": 1, "failures": 1, "rows": 0}]
