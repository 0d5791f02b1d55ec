"""The producers: add to every queue the jobs that its profile plans, and keep the queues from growing without limit.

Belongs here: adding and housekeeping. Not here: what the jobs are (`profiles`) and who works them off (`workers`).
"""

from __future__ import annotations

import asyncio

from bullmq import Queue
from redis.exceptions import RedisError

from maxbooster_ops.logs import get_logger
from maxbooster_ops.sandbox.profiles import Keep, PlannedJob, Profile, job_options, plans

MOST_WAITING = 2000
"""A queue that nobody works off gets no more jobs from here on: twenty times the alert's threshold, a few MB."""

_AT_ONCE = 2
"""The first jobs of a queue come without delay, so that a fresh sandbox has something to show."""

_HOUSEKEEPING_SECONDS = 60.0
_KEPT_MS = 10 * 60 * 1000
_CLEANED_AT_ONCE = 1000

_TIERS = ("free", "free", "pro", "pro", "pro", "enterprise")


async def feed(queue: Queue, profile: Profile, *, seed: int) -> None:
    """Add the planned jobs of one queue, at their times, for ever; a job that Redis refuses is left out."""
    for number, job in enumerate(plans(profile, seed=seed)):
        if number >= _AT_ONCE:
            await asyncio.sleep(job.after_seconds)
        try:
            if await queue.client.llen(queue.keys["wait"]) < MOST_WAITING:
                await queue.add(job.name, job_data(job, number), job_options(profile, job))
        except RedisError as error:
            get_logger().warning("job_not_added", queue=profile.queue, reason=str(error))
            await asyncio.sleep(1.0)


async def keep_house(queue: Queue, profile: Profile) -> None:
    """Remove what a queue that keeps every completed job completed more than ten minutes ago, for ever."""
    while profile.keep is Keep.EVERYTHING:
        await asyncio.sleep(_HOUSEKEEPING_SECONDS)
        try:
            await queue.clean(_KEPT_MS, _CLEANED_AT_ONCE, "completed")
        except RedisError as error:
            get_logger().warning("queue_not_cleaned", queue=profile.queue, reason=str(error))


def job_data(job: PlannedJob, number: int) -> dict[str, str | int]:
    """Give the data of a job: who it is for, and how it shall go, which the worker obeys."""
    return {
        "userId": f"user-{number % 97:03d}",
        "tier": _TIERS[number % len(_TIERS)],
        "processingMs": job.processing_ms,
        "failingAttempts": job.failing_attempts,
        "error": job.error,
    }
