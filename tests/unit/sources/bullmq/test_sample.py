from __future__ import annotations

import pytest

from maxbooster_ops.sources.bullmq.events import Happened
from maxbooster_ops.sources.bullmq.sample import Deltas


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param((10, 2), (25, 3), (15, 1), id="both readings have them"),
        pytest.param(None, (25, 3), (None, None), id="only now"),
        pytest.param((10, 2), None, (None, None), id="no longer"),
        pytest.param((10, 2), (4, 3), (None, None), id="they started anew"),
    ],
)
def test_after_a_gap_only_metrics_counters_tell(before, now, expected):
    deltas = Deltas.told_by_metrics(before, now)
    assert (deltas.completed, deltas.failed) == expected
    assert (deltas.retried, deltas.stalled, deltas.redriven, deltas.is_gap) == (None, None, None, True)


@pytest.mark.parametrize(
    ("completed", "failed", "rate"),
    [
        pytest.param(3, 1, 0.25, id="some"),
        pytest.param(0, 2, 1.0, id="all"),
        pytest.param(0, 0, None, id="nothing finished"),
    ],
)
def test_the_failed_rate_is_of_finished_jobs(completed, failed, rate):
    told = Happened(finished=[], open_jobs={}, completed=completed, failed=failed, retried=0, stalled=0, redriven=0)
    assert Deltas.told_by(told).failed_rate == rate
