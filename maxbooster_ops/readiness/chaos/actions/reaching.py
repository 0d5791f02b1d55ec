"""How actions reach the target's Redis and the queue that the drill opened there.

Belongs here: connections and names that several actions share. Not here: any action.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.drill import Drill

_ANSWER_WITHIN_SECONDS = 5.0


def url_of(drill: Drill) -> str:
    """Give the URL of the target's Redis."""
    if drill.target.redis_url is None:
        raise DrillError("The target has no Redis; let the scenario need one (`needs: [redis]`).")
    return drill.target.redis_url.get_secret_value()


def queue_of(drill: Drill) -> str:
    """Give the name of the queue that `queues.open` opened."""
    if "queue" not in drill.scratch:
        raise DrillError("The scenario has no queue yet; begin its method with `queues.open`.")
    return str(drill.scratch["queue"])


def ids_of(drill: Drill, jobs: str) -> list[str]:
    """Give the ids of the jobs that were added under the name `jobs`."""
    if jobs not in drill.scratch:
        raise DrillError(f"No jobs were added as `{jobs}`; add them with `jobs.add` first.")
    return list(drill.scratch[jobs])


@contextmanager
def redis_of(drill: Drill) -> Iterator[redis.Redis]:
    """Connect to the target's Redis; without the client's own retries, so that what fails is seen."""
    waits = {"socket_timeout": _ANSWER_WITHIN_SECONDS, "socket_connect_timeout": _ANSWER_WITHIN_SECONDS}
    with redis.Redis.from_url(url_of(drill), decode_responses=True, retry=Retry(NoBackoff(), 0), **waits) as client:
        yield client
