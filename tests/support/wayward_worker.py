"""A worker that keeps every promise but one: its backoffs are `FACTOR` times as long as the jobs say."""

from __future__ import annotations

import bullmq.job

from maxbooster_ops.readiness.chaos.stand import worker

FACTOR = 1.0
AS_TOLD = bullmq.job.Backoffs.calculate


async def wayward(*known):
    return round(await AS_TOLD(*known) * FACTOR)


if __name__ == "__main__":
    bullmq.job.Backoffs.calculate = staticmethod(wayward)
    worker.main()
