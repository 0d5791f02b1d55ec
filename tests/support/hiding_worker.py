"""A worker whose platform throws the queue's events away, so that nobody can see what happened to its jobs."""

from __future__ import annotations

import asyncio
import os
import sys

from bullmq import Worker
from redis.asyncio import Redis


async def main(queue: str, concurrency: int) -> None:
    url = os.environ["DRILL_REDIS_URL"]
    client = Redis.from_url(url)

    async def work(job, _token):
        await asyncio.sleep(job.data["workMs"] / 1000)
        if job.attemptsMade < job.data["failAttempts"]:
            raise RuntimeError("as planned")

    async def hide():
        while True:
            await client.xtrim(f"bull:{queue}:events", maxlen=0, approximate=False)
            await asyncio.sleep(0.01)

    Worker(queue, work, {"connection": url, "concurrency": concurrency})
    await hide()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
