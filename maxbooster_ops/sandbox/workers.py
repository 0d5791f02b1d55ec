"""The workers: one process that works off the seven queues and runs their producers.

Belongs here: real BullMQ workers whose jobs go as their data says. Not here: what the jobs are (`profiles`).
Jobs that others add, a load test for instance, are welcome: without instructions they take a moment and succeed.
Run as `python -m maxbooster_ops.sandbox.workers FOLDER SEED`; ends on TERM within a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from bullmq import Job, Queue, Worker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from maxbooster_ops.logs import configure_logs, get_logger
from maxbooster_ops.sandbox.load import feed, keep_house
from maxbooster_ops.sandbox.profiles import Profile
from maxbooster_ops.sandbox.queues import FORECAST, PROFILES
from maxbooster_ops.sandbox.redis_server import redis_url
from maxbooster_ops.sandbox.shared_keys import (
    FAILING_JOBS_KEY,
    FINISHED_FORECASTS_KEY,
    MOST_FINISHED_FORECASTS,
    WORKERS_READY_KEY,
    FinishedForecast,
    stopped_key,
)

_UNINSTRUCTED_MS = 20
_SWITCH_POLL_SECONDS = 0.25

# An idle worker blocks in Redis for 5 s, with delayed jobs for up to 10 s. redis-py takes a server for dead that says
# nothing for 5 s, and then waits seconds before it connects anew, while jobs lie there.
_SOCKET_TIMEOUT = "?socket_timeout=20"
_WORKER_OPTIONS = {
    # A third of BullMQ's defaults: a worker that is killed in a drill has its jobs taken over within 20 s, not 60.
    "lockDuration": 10_000,
    "stalledInterval": 5_000,
    "maxStalledCount": 1,
    "runRetryDelay": 1_000,
}


class PlannedFailureError(Exception):
    """A job fails because its plan says so."""


class Doom:
    """The jobs that fail for good because somebody ordered it, whatever their plan says."""

    def __init__(self) -> None:
        self.share = 0.0
        self._doomed: set[str] = set()

    def befalls(self, job: Job) -> bool:
        """Decide about a job at its first attempt; its further ones follow, also when the order is over by then."""
        place = f"{job.queueQualifiedName} {job.id}"
        if place not in self._doomed and (job.attemptsMade > 0 or random.Random(place).random() >= self.share):
            return False
        if job.attemptsMade + 1 < job.attempts:
            self._doomed.add(place)
        else:
            self._doomed.discard(place)
        return True


class Processor:
    """Works off the jobs of one queue as their data says, and reports each finished forecast."""

    def __init__(self, profile: Profile, client: Redis, doom: Doom) -> None:
        self._profile = profile
        self._client = client
        self._doom = doom

    async def __call__(self, job: Job, _token: str) -> dict[str, bool]:
        """Take as long as planned, then fail or succeed as planned."""
        began = time.monotonic()
        await asyncio.sleep(job.data.get("processingMs", _UNINSTRUCTED_MS) / 1000)
        fails = self._doom.befalls(job) or job.attemptsMade < job.data.get("failingAttempts", 0)
        is_last = not fails or job.attemptsMade + 1 >= job.attempts
        if self._profile.queue == FORECAST and is_last:
            await self._report(job, seconds=time.monotonic() - began, failed=fails)
        if fails:
            raise PlannedFailureError(job.data.get("error", "failed as planned"))
        return {"ok": True}

    async def _report(self, job: Job, *, seconds: float, failed: bool) -> None:
        forecast = FinishedForecast(seconds=seconds, failed=failed, tier=job.data.get("tier", "free"))
        async with self._client.pipeline() as pipeline:
            pipeline.rpush(FINISHED_FORECASTS_KEY, forecast.dumps())
            pipeline.ltrim(FINISHED_FORECASTS_KEY, -MOST_FINISHED_FORECASTS, -1)
            await pipeline.execute()


async def obey_switches(workers: Sequence[Worker], doom: Doom, client: Redis) -> None:
    """Pause each worker while the key that stops its queue exists, and let jobs fail while that key does, for ever.

    The keys' expiry ends it, whoever died meanwhile.
    """
    keys = [FAILING_JOBS_KEY, *(stopped_key(worker.name) for worker in workers)]
    while True:
        try:
            share, *values = await client.mget(keys)
        except RedisError:
            share, values = None, [None] * (len(keys) - 1)
        doom.share = float(share or 0)
        for worker, stopped in zip(workers, values, strict=True):
            if stopped and not worker.paused:
                await worker.pause(do_not_wait_active=True)
            elif worker.paused and not stopped:
                worker.resume()
        await asyncio.sleep(_SWITCH_POLL_SECONDS)


async def serve(folder: Path, *, seed: int) -> None:
    """Run all workers and producers until TERM or INT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    url = redis_url(folder)
    async with Redis.from_url(url) as client:
        doom = Doom()
        workers = [_worker(profile, url, Processor(profile, client, doom)) for profile in PROFILES]
        queues = [Queue(profile.queue, {"connection": url}) for profile in PROFILES]
        chores: list[Coroutine[Any, Any, None]] = [obey_switches(workers, doom, client)]
        for queue, profile in zip(queues, PROFILES, strict=True):
            chores += [feed(queue, profile, seed=seed), keep_house(queue, profile)]
        tasks = [asyncio.create_task(chore) for chore in chores]
        await client.set(WORKERS_READY_KEY, os.getpid())
        get_logger().info("workers_started", queues=len(workers))
        await stop.wait()
        await _end(tasks, workers, queues)
    get_logger().info("workers_stopped")


def _worker(profile: Profile, url: str, processor: Processor) -> Worker:
    options = {**_WORKER_OPTIONS, "connection": url + _SOCKET_TIMEOUT, "concurrency": profile.concurrency}
    worker = Worker(profile.queue, processor, options)
    worker.on("error", lambda error, *_: get_logger().warning("worker_failed", queue=profile.queue, reason=str(error)))
    return worker


async def _end(tasks: Sequence[asyncio.Task[None]], workers: Sequence[Worker], queues: Sequence[Queue]) -> None:
    """Leave running jobs where they are: the next worker to come takes them over as stalled."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with contextlib.suppress(RedisError):
        await asyncio.gather(*(worker.close(force=True) for worker in workers))
        await asyncio.gather(*(queue.close() for queue in queues))


def main() -> None:
    """Run the process; the arguments are the sandbox's folder and the seed of its load."""
    configure_logs("INFO", service="sandbox-workers")
    asyncio.run(serve(Path(sys.argv[1]), seed=int(sys.argv[2])))


if __name__ == "__main__":
    main()
