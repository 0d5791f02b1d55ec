"""What only keys tell once the events are read: the clocks of finished jobs, the age of the next one, metrics.

Belongs here: the last round trip of a reading. Not here: what a job's fields mean (see `jobs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from maxbooster_ops.sources.bullmq.counts import Counts, whole
from maxbooster_ops.sources.bullmq.events import WAITING, FinishedJob, OpenJob
from maxbooster_ops.sources.bullmq.jobs import asking_for, described, due_ms
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.remembered import OpenJobs
from maxbooster_ops.sources.bullmq.sample import Metrics
from maxbooster_ops.sources.bullmq.wire import Reply, Wire, packed
from maxbooster_ops.store.facts import QueueJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was told. `metrics` are of the queues with news whose platform keeps BullMQ's metrics counters."""

    jobs: Mapping[Queue, Sequence[QueueJob]]
    metrics: Mapping[Queue, Metrics]
    oldest_waiting_ms: Mapping[Queue, float]


def interview(
    wire: Wire,
    finished: Mapping[Queue, Sequence[FinishedJob]],
    counts: Mapping[Queue, Counts],
    open_jobs: Mapping[Queue, OpenJobs],
    *,
    now_ms: int,
) -> Answers:
    """Ask each finished job for its fields, each queue in `finished` for its metrics, each backlog for its age."""
    requeued_ms = _requeued_ms(counts, open_jobs)
    asked_for_age = [q for q, held in counts.items() if held.last_in_line is not None and q not in requeued_ms]
    replies = wire.ask_each(
        chain(
            (asking_for(queue, job) for queue, jobs in finished.items() for job in jobs),
            chain.from_iterable(map(_asking_for_metrics, finished)),
            (_asking_for_age(queue, counts[queue].last_in_line) for queue in asked_for_age),
        )
    )
    return Answers(
        jobs={
            queue: [described(queue, job, reply) for job, reply in zip(jobs, islice(replies, len(jobs)), strict=True)]
            for queue, jobs in finished.items()
        },
        metrics={queue: kept for queue in finished if (kept := _metrics(next(replies), next(replies)))},
        oldest_waiting_ms=_ages(
            requeued_ms | {queue: due for queue in asked_for_age if (due := _due_ms(next(replies))) is not None},
            now_ms=now_ms,
        ),
    )


def _requeued_ms(counts: Mapping[Queue, Counts], open_jobs: Mapping[Queue, OpenJobs]) -> dict[Queue, int]:
    """Since when the next job waits, where it was delayed or retried: then its own age says nothing of its wait."""
    since: dict[Queue, int] = {}
    for queue, held in counts.items():
        kept = None if held.last_in_line is None else open_jobs[queue].get(held.last_in_line)
        if kept is not None:
            job = OpenJob(*kept)
            if job.state == WAITING and job.detoured:
                since[queue] = job.since_ms
    return since


def _asking_for_metrics(queue: Queue) -> tuple[bytes, bytes]:
    return packed("HGET", queue.key("metrics:completed"), "count"), packed("HGET", queue.key("metrics:failed"), "count")


def _asking_for_age(queue: Queue, job_id: str | None) -> bytes:
    return packed("HMGET", queue.key(str(job_id)), "timestamp", "opts")


def _metrics(completed: Reply, failed: Reply) -> Metrics | None:
    """Read both counters; the one of an outcome that never happened is not there yet."""
    if not (isinstance(completed, str) or isinstance(failed, str)):
        return None
    return _counter(completed), _counter(failed)


def _counter(reply: Reply) -> int:
    return (whole(reply) or 0) if isinstance(reply, str) else 0


def _due_ms(reply: Reply) -> int | None:
    return due_ms(*reply) if isinstance(reply, list) else None


def _ages(since_ms: Mapping[Queue, int], *, now_ms: int) -> Mapping[Queue, float]:
    return {queue: float(max(0, now_ms - since)) for queue, since in since_ms.items()}
