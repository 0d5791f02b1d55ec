from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import NOON, fact

from maxbooster_ops.analysis.summaries import summarize
from maxbooster_ops.store.facts import FACTS, MetricSample, ProbeResult, QueueSample, SourceFailure

LATER = NOON + timedelta(seconds=30)


def test_levels_are_the_newest_beat_s_and_changes_are_added_up():
    earlier = fact(QueueSample, queue="forecast", waiting=7, completed_delta=2, oldest_waiting_ms=900.0)
    later = fact(QueueSample, queue="forecast", ts=LATER, waiting=3, completed_delta=4, oldest_waiting_ms=None)
    numbers = summarize([earlier, later])
    assert (numbers["rows"], numbers["queues"], numbers["waiting"], numbers["completed_delta"]) == (2, 1, 3, 6)
    assert "oldest_waiting_ms" not in numbers, "what is not known is no number"


def test_a_monitor_that_recovered_counts_as_up():
    results = [fact(ProbeResult, monitor="API", up=False), fact(ProbeResult, monitor="API", ts=LATER, up=True)]
    assert (summarize(results)["monitors"], summarize(results)["up"]) == (1, 1)


def test_series_are_counted_on_the_newest_page():
    pages = [fact(MetricSample, name=name, ts=ts) for ts in (NOON, LATER) for name in ("a", "b")]
    assert (summarize(pages)["series"], summarize(pages)["names"]) == (2, 2)


@pytest.mark.parametrize("kind", [kind for kind in FACTS if kind is not SourceFailure], ids=lambda kind: kind.table)
def test_every_table_has_a_summary(kind):
    assert summarize([fact(kind)])["rows"] == 1
