"""Jobs of a drill as they stand in Redis, read key by key and not through the source that is being drilled.

Belongs here: adding and reading. Not here: what is expected of them (`jobs.py`, `retries.py`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from maxbooster_ops.readiness.chaos.stand.worker_contract import RUNS

_LISTS = ("wait", "active", "paused")
_SETS = ("completed", "failed", "delayed", "prioritized", "waiting-children")
LOST = "lost"
_LOOKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One job as it shall be."""

    data: Mapping[str, Any]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One line that a worker wrote down: a run of a job that began or was done."""

    job: str
    attempt: int
    what: str
    at_ms: float


def add(url: str, queue: str, jobs: Sequence[Planned]) -> list[str]:
    """Add jobs as a producer does; give their ids. Raises what Redis answers, `RedisError` for instance."""
    return asyncio.run(_add(url, queue, jobs))


async def _add(url: str, queue: str, jobs: Sequence[Planned]) -> list[str]:
    from bullmq import Queue  # noqa: PLC0415 -- slow to import, and listing scenarios needs none of it

    producer = Queue(queue, {"connection": url})
    try:
        added = [await producer.add("drill", dict(job.data), dict(job.options)) for job in jobs]
    finally:
        await producer.close()
    return [str(job.id) for job in added]


def states(client: redis.Redis, queue: str, ids: Sequence[str]) -> dict[str, str]:
    """Say where each job stands; `lost` where it is in no list, or its data is gone.

    One that was on its way from one list to the next as we looked is looked for again.
    """
    found = _look(client, queue, ids)
    for _ in range(_LOOKS):
        if missing := [job for job, state in found.items() if state == LOST]:
            found |= _look(client, queue, missing)
    return found


def _look(client: redis.Redis, queue: str, ids: Sequence[str]) -> dict[str, str]:
    # No transaction: a Redis that is full refuses it whole, even where it only reads.
    with client.pipeline(transaction=False) as pipeline:
        for job in ids:
            pipeline.exists(f"bull:{queue}:{job}")
            for name in _LISTS:
                pipeline.lpos(f"bull:{queue}:{name}", job)
            for name in _SETS:
                pipeline.zscore(f"bull:{queue}:{name}", job)
        answers = pipeline.execute()
    width = 1 + len(_LISTS) + len(_SETS)
    return {job: _state(answers[number * width : (number + 1) * width]) for number, job in enumerate(ids)}


def _state(answers: Sequence[Any]) -> str:
    exists, *places = answers
    found = next((name for name, place in zip((*_LISTS, *_SETS), places, strict=True) if place is not None), LOST)
    return found if exists else LOST


def counters(client: redis.Redis, queue: str, job: str) -> tuple[int, int, int]:
    """Give how often a job was started, how often an attempt of it ended, how often it stalled."""
    started, made, stalled = client.hmget(f"bull:{queue}:{job}", "ats", "atm", "stc")
    return int(started or 0), int(made or 0), int(stalled or 0)


def events(client: redis.Redis, queue: str, name: str) -> list[str]:
    """Give the job of each event of that name, the oldest first."""
    entries: Any = client.xrange(f"bull:{queue}:events")
    return [str(fields["jobId"]) for _, fields in entries if fields.get("event") == name]


def put_off_ms(client: redis.Redis, queue: str, job: str) -> list[float]:
    """Give for how long the job was put off each time, from that moment until it was due, the oldest first."""
    entries: Any = client.xrange(f"bull:{queue}:events")
    mine = [(at, fields) for at, fields in entries if fields.get("event") == "delayed" and fields.get("jobId") == job]
    return [float(fields["delay"]) - float(str(at).partition("-")[0]) for at, fields in mine]


def runs(client: redis.Redis, queue: str) -> list[Run]:
    """Give what the workers wrote down, the oldest first."""
    lines = [json.loads(line) for line in client.lrange(f"bull:{queue}:{RUNS}", 0, -1)]
    return [Run(job=str(line["id"]), attempt=line["attempt"], what=line["what"], at_ms=line["at_ms"]) for line in lines]
