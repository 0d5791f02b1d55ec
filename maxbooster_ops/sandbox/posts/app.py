"""The posts service over HTTP.

Belongs here: routes and what a post must look like. Not here: where posts are kept (`database`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from maxbooster_ops.sandbox.http.problems import answer_http_error, problem
from maxbooster_ops.sandbox.posts.database import Post, Posts

_LONGEST_BODY_BYTES = 64 * 1024


class PostOrder(BaseModel):
    """A post as a client sends it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=10_000)
    at: AwareDatetime


def make_app(posts: Posts) -> Starlette:
    """Make the app around an open database."""
    routes = [
        Route("/health", _health(posts, started=time.monotonic())),
        Route("/api/posts/schedule", _schedule(posts), methods=["POST"]),
        Route("/api/posts/{post:int}", _show(posts)),
        Route("/api/posts/{post:int}", _remove(posts), methods=["DELETE"]),
    ]
    return Starlette(
        routes=routes,
        exception_handlers={HTTPException: answer_http_error},
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


Answer = Callable[[Request], Awaitable[Response]]


def _schedule(posts: Posts) -> Answer:
    async def schedule(request: Request) -> Response:
        body = await request.body()
        if len(body) > _LONGEST_BODY_BYTES:
            return problem(413, f"a post has at most {_LONGEST_BODY_BYTES} bytes")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return problem(415, "expected Content-Type: application/json")
        try:
            order = PostOrder.model_validate_json(body)
        except ValidationError as error:
            reasons = (f"{'.'.join(str(step) for step in item['loc'])}: {item['msg']}" for item in error.errors())
            return problem(422, "; ".join(reasons))
        now = datetime.now(UTC)
        post = await asyncio.to_thread(posts.add, order.text, publish_at=order.at, now=now)
        return JSONResponse(_shown(post), status_code=201, headers={"location": f"/api/posts/{post.id}"})

    return schedule


def _show(posts: Posts) -> Answer:
    async def show(request: Request) -> Response:
        number = request.path_params["post"]
        post = await asyncio.to_thread(posts.find, number)
        return JSONResponse(_shown(post)) if post else problem(404, f"there is no post {number}")

    return show


def _remove(posts: Posts) -> Answer:
    async def remove(request: Request) -> Response:
        number = request.path_params["post"]
        removed = await asyncio.to_thread(posts.remove, number)
        return Response(status_code=204) if removed else problem(404, f"there is no post {number}")

    return remove


def _health(posts: Posts, *, started: float) -> Answer:
    async def health(_: Request) -> Response:
        body = {
            "status": "ok",
            "timestamp": datetime.now(UTC).isoformat(),
            "uptime_seconds": round(time.monotonic() - started, 3),
            "posts": await asyncio.to_thread(posts.count),
        }
        return JSONResponse(body)

    return health


def _shown(post: Post) -> dict[str, str | int]:
    return {
        "id": post.id,
        "text": post.text,
        "at": post.publish_at.isoformat(),
        "created_at": post.created_at.isoformat(),
    }
