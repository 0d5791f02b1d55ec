"""What the workers of a busy platform wrote down is what the samples add up to, whatever the platform removes."""

from __future__ import annotations

from collections import Counter

import pytest
from support.bullmq_truth import CRASHED_JOBS, MODES, run_busy_queue

pytestmark = pytest.mark.alone

JOBS = 100


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("major", [pytest.param(6, id="npm 6"), pytest.param(5, id="npm 5")])
def test_totals_equal_what_the_workers_wrote_down(redis_process, tmp_path, major, mode):
    """Ten percent fail for good, thirty are retried, a worker is killed with five jobs, the collector restarts."""
    collector, truth, counts = run_busy_queue(
        redis_process, tmp_path / "truth", major=major, mode=mode, jobs=JOBS, every_seconds=0.25
    )
    assert_true(collector, truth, counts, JOBS)


def test_a_slow_collector_misses_nothing(redis_process, tmp_path):
    """All that happens falls between very few samples, and the platform leaves no completed job behind."""
    collector, truth, counts = run_busy_queue(
        redis_process, tmp_path / "truth", major=6, mode="removes completed jobs", jobs=JOBS, every_seconds=1.5
    )
    assert_true(collector, truth, counts, JOBS)


def assert_true(collector, truth, counts, jobs):
    assert truth.outcomes == {"completed": 0.9 * jobs + CRASHED_JOBS, "failed": 0.1 * jobs, "retried": 0.3 * jobs}
    assert collector.total("completed_delta") == truth.outcomes["completed"]
    assert collector.total("failed_delta") == truth.outcomes["failed"]
    assert collector.total("retried") == truth.outcomes["retried"]
    assert collector.total("stalled") == CRASHED_JOBS
    assert not any(sample.gap for sample in collector.samples)
    assert Counter(job.outcome for job in collector.jobs) == {
        "completed": truth.outcomes["completed"],
        "failed": truth.outcomes["failed"],
    }
    assert len({job.job_id for job in collector.jobs}) == len(collector.jobs)
    assert [job for job in collector.jobs if not truth.allows(job)] == []
    held = {state: getattr(collector.latest, state.replace("-", "_")) for state in counts}
    assert held == counts
