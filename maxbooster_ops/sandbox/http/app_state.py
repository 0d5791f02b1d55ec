"""What the parts of the HTTP app share.

Belongs here: one object, made once at the start. Not here: behaviour.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from redis.asyncio import Redis

from maxbooster_ops.sandbox.http.active_users import ActiveUsers
from maxbooster_ops.sandbox.http.ai_cache import MOST_MODELS, ModelCache, ModelType
from maxbooster_ops.sandbox.http.ballast import Ballast
from maxbooster_ops.sandbox.http.database import SimulatedDatabase
from maxbooster_ops.sandbox.http.faults import FaultBoard
from maxbooster_ops.sandbox.http.live_metrics import RedisGauges, RuntimeGauges
from maxbooster_ops.sandbox.http.metrics import PlatformMetrics
from maxbooster_ops.sandbox.http.page_cache import PageCache


def _model_caches() -> dict[ModelType, ModelCache]:
    return {model_type: ModelCache(model_type, most=most) for model_type, most in MOST_MODELS.items()}


@dataclass(slots=True, kw_only=True)
class AppState:
    """The app's memory; times are seconds since the epoch."""

    started_at: float
    redis: Redis
    metrics: PlatformMetrics
    redis_gauges: RedisGauges
    runtime_gauges: RuntimeGauges
    chance: random.Random
    database: SimulatedDatabase
    pages: PageCache
    users: ActiveUsers = field(default_factory=ActiveUsers)
    faults: FaultBoard = field(default_factory=FaultBoard)
    ballast: Ballast = field(default_factory=Ballast)
    models: dict[ModelType, ModelCache] = field(default_factory=_model_caches)
    generation_ms: deque[float] = field(default_factory=lambda: deque(maxlen=100))
    tokens_generated: int = 0
    forecasts_ordered: dict[str, int] = field(default_factory=dict)
