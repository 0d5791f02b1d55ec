"""What only keys tell once the events are read: the clocks of finished jobs, the age of the next one, metrics.

Belongs here: the last round trip of a reading. Not here: what a job's fields mean (see `jobs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from maxbooster_ops.sources.bullmq.counts import Counts, whole
from maxbooster_ops.sources.bullmq.events import WAITING, FinishedJob, OpenJob
from maxbooster_ops.sources.bullmq.jobs import asking_for, described, due_ms
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.remembered import OpenJobs
from maxbooster_ops.sources.bullmq.sample import Metrics
from maxbooster_ops.sources.bullmq.wire import Answer, Command, Reply, Wire
from maxbooster_ops.store.facts import QueueJob

_METRIC: Final = Command("HGET", "count")
_AGE: Final = Command("HMGET", "timestamp", "opts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was told. `metrics` are of the queues with news whose platform keeps BullMQ's metrics counters."""

    jobs: Mapping[Queue, Sequence[QueueJob]]
    metrics: Mapping[Queue, Metrics]
    oldest_waiting_ms: Mapping[Queue, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """What was asked: each finished job for its fields, each queue in `finished` for its metrics, and some for ages.

    `requeued_ms` are the queues whose oldest job's age the stream knows better.
    """

    finished: Mapping[Queue, Sequence[FinishedJob]]
    asked_for_age: Sequence[Queue]
    requeued_ms: Mapping[Queue, int]
    answer: Answer

    def answers(self, *, now_ms: int) -> Answers:
        """Read the answer, in the order of the questions."""
        replies = iter(self.answer.replies())
        jobs = {queue: [described(queue, job, next(replies)) for job in jobs] for queue, jobs in self.finished.items()}
        metrics = {queue: kept for queue in self.finished if (kept := _metrics(next(replies), next(replies)))}
        due_ms = {queue: due for queue in self.asked_for_age if (due := _due_ms(next(replies))) is not None}
        ages = {queue: float(max(0, now_ms - since)) for queue, since in {**self.requeued_ms, **due_ms}.items()}
        return Answers(jobs=jobs, metrics=metrics, oldest_waiting_ms=ages)


def ask_interview(
    wire: Wire,
    finished: Mapping[Queue, Sequence[FinishedJob]],
    counts: Mapping[Queue, Counts],
    open_jobs: Mapping[Queue, OpenJobs],
) -> Interview:
    """Ask each finished job for its fields, each queue in `finished` for its metrics, each backlog for its age."""
    requeued_ms = _requeued_ms(counts, open_jobs)
    asked_for_age = [q for q, held in counts.items() if held.last_in_line is not None and q not in requeued_ms]
    commands = [asking_for(queue, job) for queue, jobs in finished.items() for job in jobs]
    for queue in finished:
        commands += _METRIC.of(queue.key("metrics:completed")), _METRIC.of(queue.key("metrics:failed"))
    commands += [_AGE.of(queue.key(str(counts[queue].last_in_line))) for queue in asked_for_age]
    return Interview(
        finished=finished, asked_for_age=asked_for_age, requeued_ms=requeued_ms, answer=wire.ask_ahead(commands)
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


def _metrics(completed: Reply, failed: Reply) -> Metrics | None:
    """Read both counters; the one of an outcome that never happened is not there yet."""
    if not (isinstance(completed, str) or isinstance(failed, str)):
        return None
    return _counter(completed), _counter(failed)


def _counter(reply: Reply) -> int:
    return (whole(reply) or 0) if isinstance(reply, str) else 0


def _due_ms(reply: Reply) -> int | None:
    return due_ms(*reply) if isinstance(reply, list) else None
