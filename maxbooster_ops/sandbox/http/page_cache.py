"""A cache of rendered pages in the sandbox's Redis: real keys, real round trips, real hits.

Belongs here: looking up and keeping. Not here: AI models (`ai_cache`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from maxbooster_ops.sandbox.http.metrics import PlatformMetrics

_KEPT_SECONDS = 120
_PAGE_BYTES = 2048
_LOOKUPS_JUDGED = 500


class PageCache:
    """Pages by name; without Redis every lookup is a miss, and the app works on, slower."""

    def __init__(self, redis: Redis, metrics: PlatformMetrics) -> None:
        self._redis = redis
        self._metrics = metrics
        self._hits: deque[bool] = deque(maxlen=_LOOKUPS_JUDGED)

    @property
    def hit_rate_percent(self) -> float | None:
        """How many of the latest lookups were hits; None before the first."""
        return 100.0 * sum(self._hits) / len(self._hits) if self._hits else None

    async def has(self, page: str) -> bool:
        """Look `page` up."""
        began = time.perf_counter()
        try:
            hit = await self._redis.get(_key(page)) is not None
        except RedisError:
            hit = False
        self._metrics.cache_duration.labels("get").observe((time.perf_counter() - began) * 1000)
        self._hits.append(hit)
        return hit

    async def keep(self, page: str) -> None:
        """Keep `page` for two minutes."""
        began = time.perf_counter()
        try:
            await self._redis.set(_key(page), b"x" * _PAGE_BYTES, ex=_KEPT_SECONDS)
        except RedisError:
            return
        self._metrics.cache_duration.labels("set").observe((time.perf_counter() - began) * 1000)

    async def fill(self, pages: Iterable[str]) -> None:
        """Keep many pages and look each up, in one round trip, as an app may do when it opens."""
        with suppress(RedisError):
            async with self._redis.pipeline(transaction=False) as pipeline:
                for page in pages:
                    pipeline.set(_key(page), b"x" * _PAGE_BYTES, ex=_KEPT_SECONDS)
                    pipeline.exists(_key(page))
                answers = await pipeline.execute()
            self._hits.extend(bool(found) for found in answers[1::2])


def _key(page: str) -> str:
    return f"sandbox:page:{page}"
