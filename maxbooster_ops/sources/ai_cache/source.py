"""The source that asks the platform about its AI model caches.

Belongs here: one reading, from the address to rows. Not here: the page (`page.py`), what is new (`evictions.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from maxbooster_ops.errors import MaxboosterError
from maxbooster_ops.sources.ai_cache.evictions import Eviction, missed, unseen
from maxbooster_ops.sources.ai_cache.page import CachePage, CachePageError, CacheState, MemoryState, parse_page
from maxbooster_ops.sources.http_fetch import FetchError, fetch_page
from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import AiCacheEviction, AiCacheSample, SourceFailure

_BODY_LIMIT_BYTES = 4 * 1024 * 1024
DEADLINE_SECONDS = 4.0
"""For a whole reading; the collector gives a source 5 s."""

_MOST_REMEMBERED = 2000
"""Evictions of a page that are remembered; the platform lists a hundred."""


class AiCaches:
    """The `social` and `advertising` model caches, as the page at the full address `url` tells."""

    name = "ai_caches"

    def __init__(self, url: str, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._url = url
        self._deadline_seconds = deadline_seconds

    def read(self, moment: Moment) -> Reading | SourceFailure:
        """Ask once: a row per cache and one per eviction since the previous reading.

        The first reading of all takes up evictions of the last interval; older ones on the page were nobody's news.
        """
        try:
            fetched = fetch_page(
                self._url,
                limit_bytes=_BODY_LIMIT_BYTES,
                deadline_seconds=self._deadline_seconds,
                accept="application/json",
            )
            page = parse_page(fetched.body)
        except FetchError as error:
            return self._failure(error, moment, hint="check PLATFORM_URL, and that the platform has this endpoint")
        except CachePageError as error:
            return self._failure(error, moment, hint="the platform's answer changed; see its release notes")
        return self._reading(page, moment)

    def close(self) -> None:
        """Hold nothing between readings."""

    def _reading(self, page: CachePage, moment: Moment) -> Reading:
        fresh = _fresh(page.evictions or (), moment)
        totals = {name: cache.total_evictions for name, cache in page.caches.items()}
        samples = [_sample(name, cache, page.memory, moment) for name, cache in page.caches.items()]
        events = [
            AiCacheEviction(
                ts=eviction.at,
                cache=eviction.cache,
                user_id=eviction.user_id,
                reason=eviction.reason,
                idle_ms=eviction.idle_ms,
            )
            for eviction in fresh
        ]
        totals_before = moment.memory.get("totals", {})
        return Reading(
            rows=[*samples, *events],
            memory=_remembered(page, {**totals_before, **totals}, moment.memory),
            failures=[
                *(self._failure(problem, moment, hint="the other parts were kept") for problem in page.problems),
                *(self._missed(cache, count, moment) for cache, count in missed(totals_before, totals, fresh).items()),
            ],
        )

    def _missed(self, cache: str, count: int, moment: Moment) -> SourceFailure:
        error = CachePageError(f"{count} evictions of `{cache}` happened that the page no longer lists")
        return self._failure(error, moment, hint="let the platform list more evictions, or push each of them")

    def _failure(self, error: MaxboosterError, moment: Moment, *, hint: str) -> SourceFailure:
        return SourceFailure.of(self.name, error, at=moment.at, target=self._url, hint=hint)


def _fresh(listed: Sequence[Eviction], moment: Moment) -> list[Eviction]:
    if "evictions" in moment.memory:
        return unseen(listed, moment.memory["evictions"])
    looks_back_to = moment.at - timedelta(seconds=moment.interval_seconds)
    return [eviction for eviction in listed if eviction.at > looks_back_to]


def _remembered(page: CachePage, totals: dict[str, int], before: Memory) -> Memory:
    if page.evictions is None:  # forgetting them now would make them news when the list is back
        return {**before, "totals": totals}
    newest = sorted(page.evictions, key=lambda eviction: eviction.at)[-_MOST_REMEMBERED:]
    return {"evictions": [eviction.key for eviction in newest], "totals": totals}


def _sample(name: str, cache: CacheState, memory: MemoryState, moment: Moment) -> AiCacheSample:
    utilization = cache.utilization_percent
    return AiCacheSample(
        ts=moment.at,
        cache=name,
        current_size=cache.current_size,
        max_size=cache.max_size,
        utilization_percent=100 * cache.current_size / cache.max_size if utilization is None else utilization,
        total_loads=cache.total_loads,
        total_evictions=cache.total_evictions,
        # Nothing was looked up yet on a fresh deployment: a hit rate of 0 % would be an alarm about nothing.
        hit_rate_percent=cache.hit_rate_percent if cache.total_loads else None,
        average_load_ms=cache.average_load_ms if cache.total_loads else None,
        heap_used_mb=memory.heap_used_mb,
        estimated_model_mb=memory.estimated_model_mb,
        estimated_total_mb=memory.estimated_total_mb,
    )
