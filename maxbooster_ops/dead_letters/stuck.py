"""Stuck jobs: active for longer than their policy's bound, or left by a worker that died with nobody to take them.

Belongs here: finding them. Not here: the bounds (`jobs/policies.yaml`), or ending such a job: only its worker can.

A worker renews the lock of its job every 15 s, and workers put a job without a lock back every 30 s. So a job without
a lock is stuck only where no worker looks after its queue: then nothing happens to it by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis import Redis

from maxbooster_ops.dead_letters.letter import JobKey
from maxbooster_ops.jobs.policies import Policies
from maxbooster_ops.store.lake import Lake
from maxbooster_ops.store.named_sql import named_queries

_QUERIES = Path(__file__).with_suffix(".sql")

LOCK_LOST_FOR = timedelta(seconds=60)
"""Twice BullMQ's default `lockDuration`."""

_MOST_ACTIVE = 1000
"""Active jobs of a queue that are looked at, the longest active ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckJob:
    """A job that a person should look at; `worker` is the name of the worker that took it, where it has one."""

    job: JobKey
    name: str
    since: datetime
    worker: str | None
    why: str


def stuck_jobs(lake: Lake, client: Redis, policies: Policies, now: datetime) -> list[StuckJob]:
    """Give the stuck jobs of every queue that was at work in its last samples, the longest active first."""
    rows = lake.query(named_queries(_QUERIES)["queues_at_work"], {"until": now})
    queues = [(row["prefix"], row["queue"]) for row in rows]
    suspects = list(_suspects(client, queues, policies, now))
    if not suspects:
        return []
    # A job that ended between two answers has no lock either; what still is active did not end.
    active = set(_active(client, queues))
    return sorted((stuck for stuck in suspects if stuck.job in active), key=lambda stuck: stuck.since)


def _suspects(
    client: Redis, queues: Sequence[tuple[str, str]], policies: Policies, now: datetime
) -> Iterator[StuckJob]:
    jobs = _active(client, queues)
    with client.pipeline(transaction=False) as pipeline:
        for job in jobs:
            key = f"{job.prefix}:{job.queue}:{job.job_id}"
            pipeline.hmget(key, "processedOn", "name", "pb")
            pipeline.exists(f"{key}:lock", f"{job.prefix}:{job.queue}:stalled-check")
        answers = pipeline.execute() if jobs else []
    for place, job in enumerate(jobs):
        (started, name, worker), looked_after = answers[2 * place : 2 * place + 2]
        if started is None:
            continue
        since = datetime.fromtimestamp(float(started) / 1000, UTC)
        bound = policies.policy_of(job.queue).stuck_after
        if why := _why(now - since, bound, looked_after=bool(looked_after)):
            yield StuckJob(job=job, name=_text(name), since=since, worker=_text(worker) or None, why=why)


def _why(age: timedelta, bound: timedelta, *, looked_after: bool) -> str | None:
    if age > LOCK_LOST_FOR and not looked_after:
        return "its worker is gone, and no other worker looks after the queue"
    return f"active for longer than {bound}" if age > bound else None


def _active(client: Redis, queues: Sequence[tuple[str, str]]) -> list[JobKey]:
    with client.pipeline(transaction=False) as pipeline:
        for prefix, queue in queues:
            pipeline.lrange(f"{prefix}:{queue}:active", -_MOST_ACTIVE, -1)
        answers = pipeline.execute() if queues else []
    return [
        JobKey(prefix=prefix, queue=queue, job_id=_text(job_id))
        for (prefix, queue), ids in zip(queues, answers, strict=True)
        for job_id in ids
    ]


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
