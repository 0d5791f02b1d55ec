"""A worker that drops every third job it takes: the job is gone from Redis as if it had never been."""

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
        if int(job.id) % 3 == 0:
            await client.delete(f"bull:{queue}:{job.id}")
            await client.lrem(f"bull:{queue}:active", 0, job.id)
        await asyncio.sleep(job.data["workMs"] / 1000)

    worker = Worker(queue, work, {"connection": url, "concurrency": concurrency})
    worker.on("error", lambda *_: None)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
