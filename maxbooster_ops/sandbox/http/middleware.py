"""Around every request: its measurement, and the faults that are switched on.

Belongs here: what concerns all requests alike. Not here: which faults there are (`faults`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maxbooster_ops.sandbox.http.app_state import AppState
from maxbooster_ops.sandbox.http.problems import problem

_NEVER_BROKEN = ("/api/test/", "/api/metrics")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMATCHED = "unmatched"
"""The route of every unknown path: a label for each would let strangers fill the memory."""


class MeasuredAndBroken:
    """ASGI middleware that counts each request under its route, after delaying or failing it as ordered."""

    def __init__(self, app: ASGIApp, *, state: AppState, paths: Collection[str], health_paths: Collection[str]) -> None:
        self._app = app
        self._state = state
        self._paths = frozenset(paths)
        self._health_paths = frozenset(health_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, noting_send)
        finally:
            self._note(scope, status, (time.perf_counter() - began) * 1000)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(_NEVER_BROKEN):
            if delay_ms := self._state.faults.delay_ms(time.time()):
                await asyncio.sleep(delay_ms / 1000)
            if self._state.faults.take_error(time.time()):
                await problem(500, "this error was ordered by POST /api/test/trigger-errors")(scope, receive, send)
                return
        if scope["path"] in self._health_paths and self._state.faults.take_flake(scope["path"], time.time()):
            await problem(503, "this answer was ordered by POST /api/test/flaky")(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _note(self, scope: Scope, status: int, took_ms: float) -> None:
        route = scope["path"] if scope["path"] in self._paths else _UNMATCHED
        method = scope["method"] if scope["method"] in _METHODS else "other"
        labels = (method, route, str(status))
        self._state.metrics.requests.labels(*labels).inc()
        self._state.metrics.request_duration.labels(*labels).observe(took_ms)
        for name, value in scope["headers"]:
            if name == b"x-user":
                self._state.users.saw(value.decode("latin-1")[:40], now=time.time())
