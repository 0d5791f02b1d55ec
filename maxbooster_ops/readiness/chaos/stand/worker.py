"""A worker of a drill: works off one queue as each job's data says, and writes down every run of a job.

Run as `python -m maxbooster_ops.readiness.chaos.stand.worker QUEUE CONCURRENCY LOCK_MS STALLED_MS`, with the Redis in
`DRILL_REDIS_URL`; ends on TERM. `worker.mjs` is the same with npm's BullMQ; any other program that takes this can be
drilled as well. Belongs here: honest work. Not here: what is expected of it (`actions/`).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from typing import Any

from bullmq import Job, Worker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from maxbooster_ops.readiness.chaos.stand.worker_contract import RUNS, URL_VARIABLE

_SOCKET_TIMEOUT = "socket_timeout=20"
"""Longer than a worker blocks in Redis, which is up to 10 s; else redis-py takes the server for dead."""

_AGAIN_AFTER_SECONDS = 0.1


class PlannedFailureError(Exception):
    """A job fails because its data says so."""


async def serve(url: str, queue: str, options: dict[str, Any]) -> None:
    """Work until TERM or INT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Redis.from_url(url) as client:

        async def note(job: Job, what: str) -> None:
            entry = {"id": job.id, "attempt": job.attemptsMade + 1, "what": what, "at_ms": time.time() * 1000}
            await _kept(client, f"bull:{queue}:{RUNS}", json.dumps(entry))

        async def work(job: Job, _token: str) -> str:
            await note(job, "began")
            await asyncio.sleep(job.data.get("workMs", 0) / 1000)
            if job.attemptsMade < job.data.get("failAttempts", 0):
                raise PlannedFailureError("failed as planned")
            await note(job, "done")
            return "done"

        timed = f"{url}{'&' if '?' in url else '?'}{_SOCKET_TIMEOUT}"
        worker = Worker(queue, work, {**options, "connection": timed, "runRetryDelay": 500})
        worker.on("error", lambda error, *_: sys.stderr.write(f"{type(error).__name__}: {error}\n"))
        await stop.wait()
        await worker.close(force=True)


async def _kept(client: Redis, key: str, entry: str) -> None:
    """Write an entry, when Redis is there again where it is not: what is drilled is the queue, not this list."""
    while True:
        try:
            await client.rpush(key, entry)
        except RedisError:
            await asyncio.sleep(_AGAIN_AFTER_SECONDS)
        else:
            return


def main() -> None:
    """Run the process."""
    queue, concurrency, lock_ms, stalled_ms = sys.argv[1:5]
    options = {
        "concurrency": int(concurrency),
        "lockDuration": int(lock_ms),
        "stalledInterval": int(stalled_ms),
        "maxStalledCount": 1,
    }
    asyncio.run(serve(os.environ[URL_VARIABLE], queue, options))


if __name__ == "__main__":
    main()
