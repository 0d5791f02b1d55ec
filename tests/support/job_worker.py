"""A worker of the platform on our runtime, as a program; every side effect is a line in a ledger.

`python job_worker.py URL HOME QUEUE LOCK_SECONDS`: HOME has the `ledger`; while `failing` exists there, jobs fail, and
while `held` does, none that has begun comes to its end.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from maxbooster_ops.jobs import Worker


def main(url: str, home: Path, queue: str, lock_seconds: float) -> None:
    def note(event, job):
        line = {"event": event, "job": job.id, "pid": os.getpid(), "at": time.time(), "attempt": job.attemptsMade + 1}
        with (home / "ledger").open("a") as ledger:
            ledger.write(json.dumps(line) + "\n")

    async def handle(job):
        note("began", job)
        while (home / "held").exists():  # noqa: ASYNC110 -- it is another process that holds
            await asyncio.sleep(0.02)
        await asyncio.sleep(job.data.get("workMs", 0) / 1000)
        if (home / "failing").exists() or job.attemptsMade < job.data.get("failAttempts", 0):
            note("failed", job)
            raise RuntimeError("planned failure")
        note("ended", job)
        return {"of": job.data.get("number")}

    Worker(queue, handle, redis_url=url, home=home, lock=timedelta(seconds=lock_seconds)).run()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
