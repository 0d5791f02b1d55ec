"""`/api/metrics` and `/api/monitoring/ai-models`.

Belongs here: showing. Not here: counting (`metrics`, `live_metrics`, `ai_cache`).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import psutil
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from maxbooster_ops.sandbox.http.ai_cache import MODEL_MB, Eviction, ModelCache, ModelType
from maxbooster_ops.sandbox.http.app_state import AppState
from maxbooster_ops.sandbox.http.database import MOST_CONNECTIONS

_EVICTIONS_SHOWN = 100
_BYTES_PER_MB = 1024 * 1024


def monitoring_routes() -> list[Route]:
    """Give the routes of monitoring."""
    return [Route("/api/metrics", _metrics), Route("/api/monitoring/ai-models", _ai_models)]


async def _metrics(request: Request) -> Response:
    state: AppState = request.app.state.platform
    metrics = state.metrics
    await state.redis_gauges.refresh(metrics)
    users = state.users.count(now=time.time())
    connections = state.database.open_connections(users)
    metrics.active_users.set(users)
    metrics.connections.set(connections)
    metrics.pool_utilization.set(100.0 * connections / MOST_CONNECTIONS)
    if (hit_rate := state.pages.hit_rate_percent) is not None:
        metrics.cache_hit_rate.set(hit_rate)
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _ai_models(request: Request) -> Response:
    state: AppState = request.app.state.platform
    return JSONResponse(
        ai_models_body(state.models, now=datetime.now(UTC), heap_bytes=psutil.Process().memory_info().rss)
    )


def ai_models_body(models: dict[ModelType, ModelCache], *, now: datetime, heap_bytes: int) -> dict[str, Any]:
    """Describe both caches, their memory, and the last hundred evictions, newest last."""
    evictions = sorted((event for cache in models.values() for event in cache.recent_evictions), key=attrgetter("at"))
    return {
        "success": True,
        "timestamp": now.isoformat(),
        **{model_type.value: _cache(cache) for model_type, cache in models.items()},
        "memory": {
            "heapUsedMB": round(heap_bytes / _BYTES_PER_MB, 1),
            "estimatedModelMB": MODEL_MB,
            "estimatedTotalMB": MODEL_MB * sum(len(cache) for cache in models.values()),
        },
        "recentEvictions": [_eviction(event) for event in evictions[-_EVICTIONS_SHOWN:]],
    }


def _cache(cache: ModelCache) -> dict[str, float]:
    return {
        "currentSize": len(cache),
        "maxSize": cache.most,
        "utilizationPercent": round(cache.utilization_percent, 1),
        "totalLoads": cache.loads,
        "totalEvictions": cache.evictions,
        "hitRatePercent": round(cache.hit_rate_percent, 1),
        "averageLoadMs": round(cache.average_load_ms, 1),
    }


def _eviction(event: Eviction) -> dict[str, str | float]:
    return {
        "userId": event.user_id,
        "modelType": event.model_type.value,
        "reason": event.reason.value,
        "idleMs": round(event.idle_ms),
        "timestamp": datetime.fromtimestamp(event.at, UTC).isoformat(),
    }
