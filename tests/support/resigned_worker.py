"""A worker that gives a job up at its first failure, whatever attempts it has left."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

from bullmq import UnrecoverableError, Worker
from redis.asyncio import Redis


async def main(queue: str) -> None:
    url = os.environ["DRILL_REDIS_URL"]
    client = Redis.from_url(url)

    async def work(job, _token):
        entry = {"id": job.id, "attempt": job.attemptsMade + 1, "what": "began", "at_ms": time.time() * 1000}
        await client.rpush(f"bull:{queue}:drill-runs", json.dumps(entry))
        raise UnrecoverableError("not worth it")

    Worker(queue, work, {"connection": url})
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
