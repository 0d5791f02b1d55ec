"""What the reading of a queue leaves for the next one, and its form in JSON.

Belongs here: cursors, open jobs, metrics counters, and the bound on how many jobs are kept. Not here: what discovery
keeps (see `discovery`). Nothing is changed in place: a queue without news hands on the very object that it was given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from maxbooster_ops.sources.bullmq.events import ACTIVE, OpenJob

Kept = Mapping[str, Any]
"""A `QueueMemory` as it goes through JSON."""

OpenJobs = Mapping[str, Sequence[Any]]
"""Open jobs by id, each the fields of an `OpenJob`, before or after JSON."""

BEGINNING: Final = "0-0"
"""The cursor of a stream from which nothing was read."""

OPEN_JOBS_KEPT: Final = 20_000
"""Jobs remembered that no worker has, over all queues: 1.5 MB of JSON. Those that a worker has are always kept."""

_LEFT_AFTER_A_CUT: Final = 0.9  # so that a growing backlog is sorted now and then, not in every beat


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMemory:
    """Where the reading of one queue ended.

    Events before `counted_from_ms` serve pairing only. `metrics` are BullMQ's own counts of completed and failed jobs
    as of that reading, None where the platform's workers keep none.
    """

    cursor: str = BEGINNING
    counted_from_ms: int = 0
    open_jobs: Mapping[str, OpenJob] = field(default_factory=dict)
    metrics: tuple[int, int] | None = None

    @classmethod
    def of(cls, kept: Kept) -> QueueMemory:
        """Restore what `kept` gave."""
        return cls(
            cursor=kept["cursor"],
            counted_from_ms=kept["counted_from_ms"],
            open_jobs={job_id: OpenJob(*job) for job_id, job in kept["open_jobs"].items()},
            metrics=(kept["metrics"][0], kept["metrics"][1]) if kept["metrics"] else None,
        )

    def kept(self) -> Kept:
        """Give the form that goes through JSON; it shares the open jobs, which nobody changes."""
        return {
            "cursor": self.cursor,
            "counted_from_ms": self.counted_from_ms,
            "open_jobs": self.open_jobs,
            "metrics": self.metrics,
        }


def bounded(queues: Mapping[str, Kept], *, limit: int = OPEN_JOBS_KEPT) -> Mapping[str, Kept]:
    """Forget the oldest jobs that no worker has, until at most `limit` are kept; their wait will be unknown."""
    if sum(len(kept["open_jobs"]) for kept in queues.values()) <= limit:
        return queues
    idle = [
        (job.since_ms, queue, job_id)
        for queue, kept in queues.items()
        for job_id, job in ((job_id, OpenJob(*raw)) for job_id, raw in kept["open_jobs"].items())
        if job.state != ACTIVE
    ]
    if len(idle) <= limit:
        return queues
    idle.sort(key=itemgetter(0))
    forgotten: dict[str, set[str]] = {}
    for _, queue, job_id in idle[: len(idle) - int(limit * _LEFT_AFTER_A_CUT)]:
        forgotten.setdefault(queue, set()).add(job_id)
    return {queue: _without(kept, forgotten.get(queue)) for queue, kept in queues.items()}


def _without(kept: Kept, forgotten: set[str] | None) -> Kept:
    if not forgotten:
        return kept
    return {**kept, "open_jobs": {job_id: job for job_id, job in kept["open_jobs"].items() if job_id not in forgotten}}
