"""A platform on PyPI's BullMQ, as a program: works until every job has finished, and ends when its input does.

`python bullmq_python_worker.py URL QUEUE JOBS`: of the jobs one fails twice and three fail once; a completed job is
removed. It tells how many workers BullMQ sees when all is done, and again before it ends.
"""

from __future__ import annotations

import asyncio
import os
import sys

from bullmq import Queue, Worker

RETRIES = 4


async def process(job, _token):
    await asyncio.sleep(0.01)
    if job.attemptsMade < job.data["failures"]:
        raise RuntimeError("planned failure")


def tell(workers: int) -> None:
    sys.stdout.write(f"{workers}\n")
    sys.stdout.flush()


async def main(url: str, name: str, jobs: int) -> None:
    queue = Queue(name, {"connection": url})
    for number in range(jobs):
        failures = 2 if number == 0 else int(number < RETRIES)
        await queue.add("job", {"failures": failures}, {"attempts": 2, "removeOnComplete": True})
    attempts = asyncio.Semaphore(0)
    worker = Worker(name, process, {"connection": url, "concurrency": 4, "name": "py"})
    for event in ("completed", "failed"):
        worker.on(event, lambda *_: attempts.release())
    for _ in range(jobs + RETRIES):
        await attempts.acquire()
    tell(await queue.get_workers_count())
    await asyncio.to_thread(sys.stdin.read)
    tell(await queue.get_workers_count())
    os._exit(0)  # closing the worker hangs now and then, for ever: BullMQ waits for a task that nobody ends


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
