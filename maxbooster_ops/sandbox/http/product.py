"""What the platform is for: posts, generated content, forecasts. The simulated crowd lives on it.

Belongs here: handlers that take plausible time and count what happens. Not here: health and monitoring.
The user is named by the header `x-user`, everything else stands in the query; there are no accounts to protect.
"""

from __future__ import annotations

import asyncio
import time

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from maxbooster_ops.sandbox.http.ai_cache import ModelType
from maxbooster_ops.sandbox.http.app_state import AppState
from maxbooster_ops.sandbox.http.database import Query
from maxbooster_ops.sandbox.http.problems import problem

TRUST_COMPONENTS = ("Calculation Explainer", "Assumptions Panel", "Confidence Indicator")
FORECASTS_PER_DAY = {"free": 3, "pro": 50, "enterprise": 1000}

_LOAD_MS = (60.0, 250.0)
_GENERATION_MS = (80.0, 350.0)
_TOKENS = (120, 900)

_HOME_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The sandbox platform</title></head>
<body><h1>The sandbox platform</h1>
<p>A small platform to try monitoring, alerts and drills on. Nothing here is real but the load.</p>
<ul><li><a href="/health">Health</a></li><li><a href="/api/metrics">Metrics</a></li>
<li><a href="/api/test/faults">Faults that are switched on</a></li></ul></body></html>
"""


def product_routes() -> list[Route]:
    """Give the routes of the product."""
    return [
        Route("/", _home),
        Route("/api/posts", _list_posts),
        Route("/api/posts", _create_post, methods=["POST"]),
        Route("/api/auth/login", _log_in, methods=["POST"]),
        Route("/api/generate", _generate, methods=["POST"]),
        Route("/api/models", _forget_model, methods=["DELETE"]),
        Route("/api/forecasts", _show_forecast),
        Route("/api/forecasts", _order_forecast, methods=["POST"]),
        Route("/api/trust-layer", _open_trust_component, methods=["POST"]),
        Route("/api/upgrade", _upgrade, methods=["POST"]),
    ]


async def _home(_: Request) -> Response:
    return HTMLResponse(_HOME_PAGE)


async def _list_posts(request: Request) -> Response:
    state: AppState = request.app.state.platform
    page = f"posts-{request.query_params.get('page', '1')[:8]}"
    cached = await state.pages.has(page)
    if not cached:
        await state.database.query(Query.SELECT)
        await state.pages.keep(page)
    return JSONResponse({"success": True, "page": page, "cached": cached})


async def _create_post(request: Request) -> Response:
    state: AppState = request.app.state.platform
    await state.database.query(Query.INSERT)
    return JSONResponse({"success": True}, status_code=201)


async def _log_in(request: Request) -> Response:
    state: AppState = request.app.state.platform
    await state.database.query(Query.SELECT)
    return JSONResponse({"success": True})


async def _generate(request: Request) -> Response:
    """Generate with the user's own model, which is loaded where the cache has not got it."""
    state: AppState = request.app.state.platform
    wanted = request.query_params.get("model", "")
    if wanted not in set(ModelType):
        return problem(422, f"model: found {wanted[:40]!r}, expected one of {', '.join(ModelType)}")
    cache, user = state.models[ModelType(wanted)], _user(request)
    began = time.perf_counter()
    if not cache.touch(user, now=time.time()):
        await asyncio.sleep(state.chance.uniform(*_LOAD_MS) / 1000)
        cache.put(user, load_ms=(time.perf_counter() - began) * 1000, now=time.time())
    await asyncio.sleep(state.chance.uniform(*_GENERATION_MS) / 1000)
    tokens = state.chance.randint(*_TOKENS)
    state.tokens_generated += tokens
    state.generation_ms.append((time.perf_counter() - began) * 1000)
    return JSONResponse({"success": True, "tokens": tokens})


async def _forget_model(request: Request) -> Response:
    state: AppState = request.app.state.platform
    for cache in state.models.values():
        cache.drop(_user(request), now=time.time())
    return JSONResponse({"success": True})


async def _show_forecast(request: Request) -> Response:
    state: AppState = request.app.state.platform
    page = f"forecast-{_user(request)}"
    if not await state.pages.has(page):
        await state.database.query(Query.AGGREGATE)
        await state.pages.keep(page)
    return JSONResponse({"success": True})


async def _order_forecast(request: Request) -> Response:
    """Accept the order unless the user's tier has no more for today; the forecast itself is a job of the queue."""
    state: AppState = request.app.state.platform
    user, tier = _user(request), request.query_params.get("tier", "free")
    if tier not in FORECASTS_PER_DAY:
        return problem(422, f"tier: found {tier[:40]!r}, expected one of {', '.join(FORECASTS_PER_DAY)}")
    ordered = state.forecasts_ordered.get(user, 0)
    if ordered >= FORECASTS_PER_DAY[tier]:
        state.metrics.limit_hits.labels(tier, "forecasts_per_day").inc()
        return problem(429, f"tier {tier} includes {FORECASTS_PER_DAY[tier]} forecasts a day")
    state.forecasts_ordered[user] = ordered + 1
    await state.database.query(Query.INSERT)
    return JSONResponse({"success": True}, status_code=202)


async def _open_trust_component(request: Request) -> Response:
    state: AppState = request.app.state.platform
    component = request.query_params.get("component", "")
    if component not in TRUST_COMPONENTS:
        return problem(422, f"component: found {component[:40]!r}, expected one of {', '.join(TRUST_COMPONENTS)}")
    state.metrics.trust_layer.labels(component).inc()
    return JSONResponse({"success": True})


async def _upgrade(request: Request) -> Response:
    state: AppState = request.app.state.platform
    before, after = request.query_params.get("from", ""), request.query_params.get("to", "")
    tiers = list(FORECASTS_PER_DAY)
    if before not in tiers or after not in tiers or tiers.index(after) <= tiers.index(before):
        return problem(422, f"from, to: expected two of {', '.join(tiers)}, the second higher than the first")
    await state.database.query(Query.UPDATE)
    state.metrics.upgrades.labels(before, after).inc()
    return JSONResponse({"success": True})


def _user(request: Request) -> str:
    return request.headers.get("x-user", "guest")[:40]
