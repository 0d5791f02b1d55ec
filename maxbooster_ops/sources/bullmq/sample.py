"""One queue's row of a beat, from what it holds and what happened to it. Pure.

Belongs here: which number is known, and which is not, after a gap. Not here: how the parts were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from maxbooster_ops.sources.bullmq.counts import Counts
from maxbooster_ops.sources.bullmq.events import Happened
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.timing import Timings, percentile
from maxbooster_ops.store.facts import QueueJob, QueueSample

Metrics = tuple[int, int]
"""Completed and failed jobs so far, as the platform's own workers count them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deltas:
    """What happened since the previous sample; None where that cannot be known."""

    completed: int | None
    failed: int | None
    retried: int | None
    stalled: int | None
    redriven: int | None
    is_gap: bool = False

    @classmethod
    def told_by(cls, events: Happened) -> Deltas:
        """Everything, from an unbroken run of events."""
        return cls(
            completed=events.completed,
            failed=events.failed,
            retried=events.retried,
            stalled=events.stalled,
            redriven=events.redriven,
        )

    @classmethod
    def told_by_metrics(cls, before: Metrics | None, now: Metrics | None) -> Deltas:
        """Finished jobs from BullMQ's own counters, where both readings have them and they did not start anew."""
        completed = failed = None
        if before and now and now[0] >= before[0] and now[1] >= before[1]:
            completed, failed = now[0] - before[0], now[1] - before[1]
        return cls(completed=completed, failed=failed, retried=None, stalled=None, redriven=None, is_gap=True)

    @property
    def failed_rate(self) -> float | None:
        """Failed among finished jobs, 0..1; None with no finished job."""
        if self.completed is None or self.failed is None or not self.completed + self.failed:
            return None
        return self.failed / (self.completed + self.failed)


NOTHING_HAPPENED: Final = Deltas(completed=0, failed=0, retried=0, stalled=0, redriven=0)
NOT_READ_YET: Final = Deltas(completed=None, failed=None, retried=None, stalled=None, redriven=None)


def queue_sample(  # noqa: PLR0913 - a row is where everything meets
    ts: datetime,
    queue: Queue,
    counts: Counts,
    deltas: Deltas,
    jobs: Sequence[QueueJob],
    *,
    oldest_waiting_ms: float | None,
    workers: int | None,
) -> QueueSample:
    """Put one queue's row together; `jobs` are those seen to finish since the previous sample."""
    processing = Timings.of(job.processing_ms for job in jobs)
    return QueueSample(
        ts=ts,
        prefix=queue.prefix,
        queue=queue.name,
        waiting=counts.waiting,
        active=counts.active,
        completed=counts.completed,
        failed=counts.failed,
        delayed=counts.delayed,
        prioritized=counts.prioritized,
        waiting_children=counts.waiting_children,
        paused=counts.paused,
        is_paused=counts.is_paused,
        stalled=deltas.stalled,
        retried=deltas.retried,
        completed_delta=deltas.completed,
        failed_delta=deltas.failed,
        failed_rate=deltas.failed_rate,
        processing_ms_avg=processing.avg,
        processing_ms_p50=processing.p50,
        processing_ms_p95=processing.p95,
        processing_ms_p99=processing.p99,
        wait_ms_p95=percentile(sorted(job.wait_ms for job in jobs if job.wait_ms is not None), 0.95),
        oldest_waiting_ms=oldest_waiting_ms,
        workers=workers,
        concurrency=counts.concurrency,
        utilization=counts.active / counts.concurrency if counts.concurrency else None,
        redriven=deltas.redriven,
        gap=deltas.is_gap,
        bullmq_version=counts.bullmq_version,
    )
