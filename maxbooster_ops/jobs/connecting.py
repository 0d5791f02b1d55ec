"""Connections of workers and producers to the platform's Redis, which outlive a restart of the server.

Belongs here: how long one waits and tries again. Not here: what is sent.
"""

from __future__ import annotations

from typing import Any

import redis.asyncio
from redis import Redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    BusyLoadingError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)
from redis.retry import Retry

from maxbooster_ops.errors import SettingsError

_TRIES = 100
_BACKOFF = ExponentialBackoff(cap=2.0, base=0.1)
"""About three minutes: a server that restarts reads its append-only file first."""

_OPTIONS: dict[str, Any] = {
    # An idle worker blocks in Redis for up to 10 s; a client that gives up before takes a healthy server for dead.
    "socket_timeout": 20,
    "socket_connect_timeout": 5,
    "retry_on_error": [BusyLoadingError, RedisConnectionError, RedisTimeoutError],
}


def connect(url: str) -> Redis:
    """Give a client for threads."""
    return Redis.from_url(url, retry=Retry(_BACKOFF, _TRIES), **_OPTIONS)


def connect_async(url: str) -> redis.asyncio.Redis:
    """Give a client for BullMQ, which wants text."""
    return redis.asyncio.Redis.from_url(url, decode_responses=True, retry=AsyncRetry(_BACKOFF, _TRIES), **_OPTIONS)


def platform_url(url: str | None) -> str:
    """Give the URL of the platform's Redis, where None from the settings; raises `SettingsError` without one."""
    if url:
        return url
    from maxbooster_ops.settings import load_settings  # noqa: PLC0415 -- some tenths of a second, often not needed

    found = load_settings().redis_url
    if found is None:
        raise SettingsError("No Redis to work on: set REDIS_URL in the environment or `.env`, or give `redis_url`.")
    return found.get_secret_value()
