"""A worker that drops the first job it takes and every third after it: gone from Redis as if it had never been.

It takes one at a time until it has dropped the first, so that whoever sees it work on several finds one lost.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count

from bullmq import Worker
from redis.asyncio import Redis


async def main(queue: str, concurrency: int) -> None:
    url = os.environ["DRILL_REDIS_URL"]
    client, taken = Redis.from_url(url), count()

    async def work(job, _token):
        if next(taken) % 3 == 0:
            await client.delete(f"bull:{queue}:{job.id}")
            await client.lrem(f"bull:{queue}:active", 0, job.id)
            worker.opts["concurrency"] = concurrency
        else:
            await asyncio.sleep(job.data["workMs"] / 1000)

    worker = Worker(queue, work, {"connection": url, "concurrency": 1})
    worker.on("error", lambda *_: None)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
