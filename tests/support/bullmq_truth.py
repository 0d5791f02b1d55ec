"""A busy BullMQ queue with failures, retries and a crashed worker, sampled, beside what its workers wrote down."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import redis
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from maxbooster_ops.sources.bullmq import BullmqQueues
from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import QueueJob, QueueSample
from support.node_platform import NodePlatform
from support.redis_process import RedisProcess

CRASHED_JOBS = 5
DOOMED = {"lockDuration": 600, "skipStalledCheck": True}
"""Its locks run out soon after it died. It looks for no stalled jobs: on a slow machine it might find its own."""

WATCHFUL = {"stalledInterval": 300}
"""It soon finds what the doomed one left. Its own locks last as long as usual, so that none runs out while it lives."""

_ROUNDING_MS = 2

MODES: Mapping[str, Mapping[str, Any]] = {
    "keeps all": {},
    "removes completed jobs": {"removeOnComplete": True},
    "keeps the last 20": {"removeOnComplete": {"count": 20}},
}


@dataclass
class Collector:
    """Reads as the product does: what it remembers goes through JSON after every reading."""

    url: str
    memory: Memory = field(default_factory=dict)
    samples: list[QueueSample] = field(default_factory=list)
    jobs: list[QueueJob] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source = self._source()

    def _source(self) -> BullmqQueues:
        return BullmqQueues(self.url, deadline_seconds=60)  # however slow the machine is

    def read(self, *, interval_seconds: float = 3600.0) -> Reading:
        """Take one reading, which must succeed, and remember it.

        The interval is long, so that the discovery of queues need not rest where finding them took a moment.
        """
        reading = self.source.read(Moment(at=datetime.now(UTC), interval_seconds=interval_seconds, memory=self.memory))
        assert isinstance(reading, Reading), reading
        assert not reading.failures, reading.failures
        self.memory = json.loads(json.dumps(reading.memory))
        self.samples += [row for row in reading.rows if isinstance(row, QueueSample)]
        self.jobs += [row for row in reading.rows if isinstance(row, QueueJob)]
        return reading

    def restart(self) -> None:
        """Forget everything but what is in the store."""
        self.source.close()
        self.source = self._source()

    @property
    def latest(self) -> QueueSample:
        return self.samples[-1]

    def total(self, column: str) -> int:
        """Add a delta over all samples; a sample that does not know it fails the test."""
        return sum(getattr(sample, column) for sample in self.samples)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the workers saw themselves; `bounds_ms` by job, how long it was surely and possibly worked on."""

    outcomes: Mapping[str, int]
    mean_processing_ms: float
    bounds_ms: Mapping[str, tuple[float, float]]

    @classmethod
    def written_in(cls, file: Path) -> Truth:
        """Read what was written down.

        Redis began and ended a job somewhere between the worker's words and Redis' answers to them, which may be far
        apart where the machine is slow.
        """
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        finished = [line for line in lines if line["outcome"] != "retried"]
        return cls(
            outcomes=Counter(line["outcome"] for line in lines),
            mean_processing_ms=fmean(line["finishedOn"] - line["processedOn"] for line in finished),
            bounds_ms={
                line["id"]: (
                    line["finishedOn"] - line["begunAt"] - _ROUNDING_MS,
                    line["writtenAt"] - line["processedOn"] + _ROUNDING_MS,
                )
                for line in finished
            },
        )

    def allows(self, job: QueueJob) -> bool:
        """Tell whether the job was worked on for as long as is said of it."""
        least_ms, most_ms = self.bounds_ms[job.job_id]
        return job.processing_ms is not None and least_ms <= job.processing_ms <= most_ms


def planned_jobs(count: int, mode: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of ten jobs one fails for good, three succeed on their second attempt, with and without backoff, six at once."""
    for number in range(count):
        kind = number % 10
        data: dict[str, Any] = {"workMs": 30 + number % 20}
        opts: dict[str, Any] = {"attempts": 2, **mode}
        if kind == 0:
            data |= {"failForGood": True} if number % 20 else {"failAttempts": 2}
            opts |= {} if number % 20 else {"attempts": 1}
        elif kind in {1, 2, 3}:
            data |= {"failAttempts": 1}
            opts |= {"backoff": 50} if kind == 1 else {}
        yield {"name": f"kind-{kind}", "data": data, "opts": opts}


def crash_a_worker(server: RedisProcess, major: int, queue: str, mode: Mapping[str, Any]) -> None:
    """Leave `CRASHED_JOBS` jobs in the hands of a worker that is no more."""
    doomed = NodePlatform(server, major)
    jobs = [{"name": "crashed", "data": {"hang": True, "workMs": 40}, "opts": mode} for _ in range(CRASHED_JOBS)]
    doomed.tell("add", queue=queue, jobs=jobs)
    doomed.tell("work", queue=queue, concurrency=CRASHED_JOBS, **DOOMED)
    with server.client() as client:
        wait_for(lambda: client.llen(f"bull:{queue}:active") == CRASHED_JOBS)
    doomed.kill()


def wait_for(condition: Any, *, seconds: float = 120.0) -> None:
    """Return when the condition holds; fail when it does not within `seconds`."""
    retry(retry=retry_if_result(lambda held: not held), stop=stop_after_delay(seconds), wait=wait_fixed(0.02))(
        condition
    )()


def run_busy_queue(
    server: RedisProcess, truth: Path, *, major: int, mode: str, jobs: int, every_seconds: float
) -> tuple[Collector, Truth, Mapping[str, int]]:
    """Work through planned and crashed jobs while sampling; give the samples, the truth and the last counts."""
    collector = Collector(server.url)
    collector.read()
    crash_a_worker(server, major, "busy", MODES[mode])
    platform = NodePlatform(server, major)
    try:
        platform.tell("work", queue="busy", truth=str(truth), concurrency=20, **WATCHFUL)
        planned = list(planned_jobs(jobs, MODES[mode]))
        for at in range(0, jobs, 50):
            platform.tell("add", queue="busy", jobs=planned[at : at + 50])
            _beat(collector, every_seconds)
        collector.restart()
        with server.client() as client:
            while not _is_at_rest(client, "busy"):
                _beat(collector, every_seconds)
        platform.tell("stop")
        collector.read()
        return collector, Truth.written_in(truth), platform.tell("counts", queue="busy")
    finally:
        platform.close()


def _beat(collector: Collector, every_seconds: float) -> None:
    collector.read()
    time.sleep(every_seconds)  # the pace of sampling is what is tested here, nothing is waited for


def _is_at_rest(client: redis.Redis, queue: str) -> bool:
    lists = sum(client.llen(f"bull:{queue}:{part}") for part in ("wait", "active"))
    return not lists and not client.zcard(f"bull:{queue}:delayed")
