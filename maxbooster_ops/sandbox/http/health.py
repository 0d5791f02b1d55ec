"""The health endpoints: every path and body that the uptime monitors expect.

Belongs here: answers from the state of the app and its Redis. Not here: metrics and AI caches (`monitoring`).
Redis is really asked; without it the endpoints that depend on it answer 503, as the platform would.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from maxbooster_ops.sandbox.http.app_state import AppState
from maxbooster_ops.sandbox.http.database import MOST_CONNECTIONS, Query
from maxbooster_ops.sandbox.queues import CONTENT_GENERATION

VERSION = "1.0.0"
"""What the platform calls its own version."""

_MODEL = "sandbox-small-1"
_TOKENS_LIMIT = 5_000_000
_BYTES_PER_MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisHealth:
    """What Redis told when it was asked; None where it did not answer."""

    response_time_ms: float
    memory: Mapping[str, Any] | None

    @property
    def status(self) -> str:
        """One word for a body."""
        return "ok" if self.memory is not None else "error"


def health_routes() -> list[Route]:
    """Give the routes of all health endpoints."""
    return [
        Route("/health", _health),
        Route("/api/health", _api_health),
        Route("/api/health/db", _database),
        Route("/api/health/cache", _cache),
        Route("/api/generation/health", _generation),
        Route("/api/auth/health", _component(active_sessions=lambda state: state.users.count(now=time.time()))),
        Route("/api/status", _component(version=lambda _: VERSION)),
        Route("/api/websocket/health", _component(connections=lambda state: state.users.count(now=time.time()) // 2)),
        Route("/api/upload/health", _component(max_upload_mb=lambda _: 100)),
        Route("/api/search/health", _component(index=lambda _: "posts")),
    ]


async def _health(request: Request) -> Response:
    state: AppState = request.app.state.platform
    redis = await _ask_redis(state)
    checks = {"database": "ok", "cache": redis.status, "ai_service": "ok"}
    return _answer(
        redis,
        timestamp=_timestamp(),
        version=VERSION,
        uptime_seconds=round(time.time() - state.started_at, 3),
        checks=checks,
    )


async def _api_health(request: Request) -> Response:
    """Answer at once for `?quick=true`, else after asking every component."""
    state: AppState = request.app.state.platform
    began = time.perf_counter()
    if request.query_params.get("quick") == "true":
        body = {"status": "ok", "timestamp": _timestamp(), "response_time_ms": _since_ms(began)}
        return JSONResponse(body)
    database_ms = await state.database.query(Query.SELECT)
    redis = await _ask_redis(state)
    return _answer(
        redis,
        timestamp=_timestamp(),
        response_time_ms=_since_ms(began),
        components={
            "database": {"status": "ok", "response_time_ms": round(database_ms, 2)},
            "redis": {"status": redis.status, "response_time_ms": redis.response_time_ms},
        },
    )


async def _database(request: Request) -> Response:
    state: AppState = request.app.state.platform
    took_ms = await state.database.query(Query.SELECT)
    body = {
        "status": "ok",
        "response_time_ms": round(took_ms, 2),
        "connections": state.database.open_connections(state.users.count(now=time.time())),
        "max_connections": MOST_CONNECTIONS,
    }
    return JSONResponse(body)


async def _cache(request: Request) -> Response:
    state: AppState = request.app.state.platform
    redis = await _ask_redis(state)
    memory = redis.memory or {}
    return _answer(
        redis,
        response_time_ms=redis.response_time_ms,
        memory_used_mb=_mb(memory.get("used_memory")),
        max_memory_mb=_mb(memory.get("maxmemory")),
    )


async def _generation(request: Request) -> Response:
    state: AppState = request.app.state.platform
    times_ms = state.generation_ms
    try:
        queue_size: int | None = await state.redis.llen(f"bull:{CONTENT_GENERATION}:wait")
    except RedisError:
        queue_size = None
    body = {
        "status": "ok" if queue_size is not None else "error",
        "model": _MODEL,
        "queue_size": queue_size,
        "average_generation_time_ms": round(sum(times_ms) / len(times_ms), 1) if times_ms else 0.0,
        "tokens_today": state.tokens_generated,
        "tokens_limit": _TOKENS_LIMIT,
    }
    return JSONResponse(body, status_code=200 if queue_size is not None else 503)


def _component(**details: Callable[[AppState], Any]) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint of a part that is well whenever the app is; it costs the time of one query."""

    async def answer(request: Request) -> Response:
        state: AppState = request.app.state.platform
        took_ms = await state.database.query(Query.SELECT)
        body = {"status": "ok", "timestamp": _timestamp(), "response_time_ms": round(took_ms, 2)}
        return JSONResponse({**body, **{name: detail(state) for name, detail in details.items()}})

    return answer


async def _ask_redis(state: AppState) -> RedisHealth:
    began = time.perf_counter()
    try:
        memory: Mapping[str, Any] | None = await state.redis.info("memory")
    except RedisError:
        memory = None
    return RedisHealth(response_time_ms=_since_ms(began), memory=memory)


def _answer(redis: RedisHealth, **body: Any) -> Response:
    return JSONResponse({"status": redis.status, **body}, status_code=200 if redis.memory is not None else 503)


def _mb(size_bytes: int | None) -> float | None:
    return None if size_bytes is None else round(size_bytes / _BYTES_PER_MB, 2)


def _since_ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)


def _timestamp() -> str:
    return datetime.now(UTC).isoformat()
