"""The HTTP app as a whole.

Belongs here: putting the parts together, and their life. Not here: any part.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, ProcessCollector
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from maxbooster_ops.sandbox.http.app_state import AppState
from maxbooster_ops.sandbox.http.crowd import live
from maxbooster_ops.sandbox.http.database import SimulatedDatabase
from maxbooster_ops.sandbox.http.fault_routes import fault_routes
from maxbooster_ops.sandbox.http.health import health_routes
from maxbooster_ops.sandbox.http.live_metrics import RedisGauges, RuntimeGauges
from maxbooster_ops.sandbox.http.metrics import PlatformMetrics
from maxbooster_ops.sandbox.http.middleware import MeasuredAndBroken
from maxbooster_ops.sandbox.http.monitoring import monitoring_routes
from maxbooster_ops.sandbox.http.page_cache import PageCache
from maxbooster_ops.sandbox.http.problems import answer_http_error
from maxbooster_ops.sandbox.http.product import product_routes
from maxbooster_ops.sandbox.http.upkeep import keep_up
from maxbooster_ops.sandbox.http.warm_start import LIVED_VISITS, fill_models, fill_pages

_REDIS_TIMEOUT_SECONDS = 1.5
"""With the one retry, which a server that was started anew needs: an answer within 3 s, whatever Redis does."""


def make_app(redis_url: str, *, seed: int) -> Starlette:
    """Make the app; the crowd comes when it starts and goes when it stops."""
    redis = Redis.from_url(
        redis_url,
        socket_timeout=_REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )
    state = _state(redis, seed)
    health = health_routes()
    routes = [*health, *monitoring_routes(), *product_routes(), *fault_routes()]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        fill_models(state, seed=seed, now=time.time())
        await fill_pages(state)
        chores = [
            asyncio.create_task(live(app, seed=seed, number=LIVED_VISITS)),
            asyncio.create_task(keep_up(state)),
        ]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)
            await redis.aclose()

    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={HTTPException: answer_http_error},
        middleware=[
            # A web page whose host name was made to point here stays outside.
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(
                MeasuredAndBroken,
                state=state,
                paths={route.path for route in routes},
                health_paths={route.path for route in health},
            ),
        ],
    )
    app.state.platform = state
    return app


def _state(redis: Redis, seed: int) -> AppState:
    registry = CollectorRegistry()
    metrics = PlatformMetrics(registry)
    redis_gauges, runtime_gauges = RedisGauges(redis), RuntimeGauges()
    registry.register(redis_gauges)
    registry.register(runtime_gauges)
    ProcessCollector(registry=registry)
    chance = random.Random(f"{seed}/app")
    return AppState(
        started_at=time.time(),
        redis=redis,
        metrics=metrics,
        redis_gauges=redis_gauges,
        runtime_gauges=runtime_gauges,
        chance=chance,
        database=SimulatedDatabase(metrics, chance),
        pages=PageCache(redis, metrics),
    )
