"""How a fault reaches the Redis that it is put into, perhaps long after and from another process.

Belongs here: the connection. Not here: any fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from maxbooster_ops.errors import DrillError, redact
from maxbooster_ops.readiness.chaos.fault import Details, Secrets

_ANSWER_WITHIN_SECONDS = 5.0


@contextmanager
def open_redis(details: Details, secrets: Secrets) -> Iterator[redis.Redis]:
    """Connect to the Redis of `details["target"]`. Whatever it refuses inside is a `DrillError`."""
    url = secrets.redis_url(details["target"]).get_secret_value()
    waits = {"socket_timeout": _ANSWER_WITHIN_SECONDS, "socket_connect_timeout": _ANSWER_WITHIN_SECONDS}
    try:
        with redis.Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), 0), **waits) as client:
            yield client
    except redis.RedisError as error:
        raise DrillError(f"Redis of {details['target']} did not do what a drill needs: {redact(str(error))}") from error
