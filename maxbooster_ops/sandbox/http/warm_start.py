"""The app as it is when it opens: as if its crowd had been there for some minutes.

Belongs here: filling its caches. Not here: the caches, or who uses them (`crowd`). An empty cache misses nearly always:
without this, a sandbox that nobody broke would be degraded, and alert, for its first ten minutes.
"""

from __future__ import annotations

from maxbooster_ops.sandbox.http.ai_cache import IDLE_TIMEOUT_SECONDS, ModelType
from maxbooster_ops.sandbox.http.app_state import AppState
from maxbooster_ops.sandbox.http.crowd import PAGES, REQUESTS_PER_SECOND, visit

LIVED_SECONDS = 0.8 * IDLE_TIMEOUT_SECONDS
"""So little that no model is idle yet, so that every model that was loaded is still there."""

LIVED_VISITS = round(LIVED_SECONDS * REQUESTS_PER_SECOND)
_LOAD_MS = 155.0


def fill_models(state: AppState, *, seed: int, now: float) -> None:
    """Use the models as the first `LIVED_VISITS` of the crowd would have, the last of them now."""
    for number in range(LIVED_VISITS):
        coming = visit(seed=seed, number=number)
        if coming.path != "/api/generate":
            continue
        at = now - (LIVED_VISITS - number) / REQUESTS_PER_SECOND
        cache = state.models[ModelType(dict(coming.query)["model"])]
        if not cache.touch(coming.user, now=at):
            cache.put(coming.user, load_ms=_LOAD_MS, now=at)


async def fill_pages(state: AppState) -> None:
    """Keep every page of posts, and the forecasts of who has a model; without Redis nothing is kept."""
    users = {user for cache in state.models.values() for user in cache.users}
    await state.pages.fill([*(f"posts-{number}" for number in range(PAGES)), *(f"forecast-{user}" for user in users)])
