"""Telling evictions that happened since the previous page from those that it already listed.

Belongs here: pure arithmetic on lists and counters. Not here: the page's format (`page.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Eviction:
    """One model that was put out of a cache."""

    at: datetime
    cache: str
    user_id: str
    reason: str
    idle_ms: float | None

    @property
    def key(self) -> str:
        """What it is remembered by; two evictions may share it, as when one user loses two models at one instant."""
        return "|".join((self.at.isoformat(), self.cache, self.user_id, self.reason, str(self.idle_ms)))


def unseen(listed: Sequence[Eviction], before: Sequence[str]) -> list[Eviction]:
    """Give the evictions that the previous page, whose keys are `before`, did not list, in the order of the page.

    A key that stands there more often than before counts as often as it does so. The page is a window that only moves
    forward, so what it once listed and dropped does not come back.
    """
    known = Counter(before)
    fresh: list[Eviction] = []
    for eviction in listed:
        if known[eviction.key] > 0:
            known[eviction.key] -= 1
        else:
            fresh.append(eviction)
    return fresh


def missed(totals_before: Mapping[str, int], totals: Mapping[str, int], fresh: Sequence[Eviction]) -> dict[str, int]:
    """Count, per cache, the evictions that its total counted and no page listed; a cache that misses none is left out.

    A total that fell was started again from zero with the platform, so all of it is new.
    """
    shown = Counter(eviction.cache for eviction in fresh)
    grown = {
        cache: total if total < totals_before[cache] else total - totals_before[cache]
        for cache, total in totals.items()
        if cache in totals_before
    }
    return {cache: growth - shown[cache] for cache, growth in grown.items() if growth > shown[cache]}
