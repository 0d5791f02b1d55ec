"""What the app does by itself, twice a second.

Belongs here: dropping idle models, and carrying out the faults that last. Not here: faults of a request (`middleware`).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import UTC, date, datetime

from maxbooster_ops.sandbox.http.ai_cache import ModelType
from maxbooster_ops.sandbox.http.app_state import AppState

_TICK_SECONDS = 0.5
_THRASHING_LOADS = 15
"""Strangers' models per tick while a cache is thrashed: the larger one is full within four seconds."""

_LOAD_MS = (60.0, 250.0)


async def keep_up(state: AppState) -> None:
    """Tick for ever."""
    strangers = itertools.count()
    today = datetime.now(UTC).date()
    while True:
        due = time.monotonic() + _TICK_SECONDS
        await asyncio.sleep(_TICK_SECONDS)
        state.runtime_gauges.event_loop_lag_seconds = max(0.0, time.monotonic() - due)
        now = time.time()
        state.ballast.adjust(state.faults.leaked_mb(now))
        _tend_models(state, strangers, now)
        today = _turn_the_day(state, today, now)


def _tend_models(state: AppState, strangers: itertools.count[int], now: float) -> None:
    for cache in state.models.values():
        cache.drop_idle(now=now)
    for name in state.faults.thrashed_caches(now):
        for _ in range(_THRASHING_LOADS):
            load_ms = state.chance.uniform(*_LOAD_MS)
            state.models[ModelType(name)].put(f"stranger-{next(strangers):06d}", load_ms=load_ms, now=now)


def _turn_the_day(state: AppState, today: date, now: float) -> date:
    """Start the daily numbers anew at midnight UTC."""
    current = datetime.fromtimestamp(now, UTC).date()
    if current != today:
        state.tokens_generated = 0
        state.forecasts_ordered.clear()
    return current
