"""The switches over HTTP: `POST /api/test/…` breaks something on purpose, `GET /api/test/faults` tells what is broken.

Belongs here: what an order must look like. Not here: what follows from it (`faults`).
An order must be declared as JSON: a web page of another origin may not send that without being asked first, so that no
page in a browser on the same machine can break the sandbox.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from maxbooster_ops.sandbox.http.app_state import AppState
from maxbooster_ops.sandbox.http.faults import (
    Errors,
    FailingJobs,
    Fault,
    Flaky,
    Leak,
    Slow,
    StoppedQueue,
    ThrashedCache,
    shown,
)
from maxbooster_ops.sandbox.http.problems import problem
from maxbooster_ops.sandbox.queues import NAMES
from maxbooster_ops.sandbox.shared_keys import FAILING_JOBS_KEY, stopped_key

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Order(BaseModel, ABC):
    model_config = ConfigDict(extra="forbid")

    @abstractmethod
    def fault(self, now: float) -> Fault:
        """Say what it switches on."""


class ErrorsOrder(_Order):
    """Answer 500: to the next `count` requests, for `duration` seconds, or whichever of both is over first."""

    count: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    duration: Seconds | None = None

    @model_validator(mode="after")
    def _bounded(self) -> ErrorsOrder:
        if self.count is None and self.duration is None:
            raise ValueError("give `count` (requests), `duration` (seconds) or both")
        return self

    def fault(self, now: float) -> Fault:
        """Say what it switches on."""
        return Errors(until=None if self.duration is None else now + self.duration, remaining=self.count)


class SlowOrder(_Order):
    """Let every request wait."""

    milliseconds: Annotated[float, Field(gt=0, le=60_000)]
    duration: Seconds

    def fault(self, now: float) -> Fault:
        """Say what it switches on."""
        return Slow(until=now + self.duration, milliseconds=self.milliseconds)


class LeakOrder(_Order):
    """Take memory."""

    mb_per_minute: Annotated[float, Field(gt=0, le=100_000)]
    duration: Seconds

    def fault(self, now: float) -> Fault:
        """Say what it switches on."""
        return Leak(until=now + self.duration, mb_per_minute=self.mb_per_minute, since=now)


class StopQueueOrder(_Order):
    """Let the workers of a queue take no jobs, while jobs keep coming."""

    queue: str
    duration: Seconds

    @model_validator(mode="after")
    def _known(self) -> StopQueueOrder:
        if self.queue not in NAMES:
            raise ValueError(f"{self.queue!r} is no queue of the sandbox; expected one of {', '.join(NAMES)}")
        return self

    def fault(self, now: float) -> Fault:
        """Say what it switches on."""
        return StoppedQueue(until=now + self.duration, queue=self.queue)


class ThrashCacheOrder(_Order):
    """Let far more users use an AI cache than it has room for."""

    cache: Literal["social", "advertising"]
    duration: Seconds

    def fault(self, now: float) -> Fault:
        """Say what it switches on."""
        return ThrashedCache(until=now + self.duration, cache=self.cache)


class FlakyOrder(_Order):
    """Let the health endpoints answer 503 now and then."""

    share: Share
    duration: Seconds
    seed: int = 1

    def fault(self, now: float) -> Fault:
        """Say what it switches on."""
        return Flaky(until=now + self.duration, share=self.share, seed=self.seed)


class FailJobsOrder(_Order):
    """Let jobs of every queue fail for good."""

    share: Share
    duration: Seconds

    def fault(self, now: float) -> Fault:
        """Say what it switches on."""
        return FailingJobs(until=now + self.duration, share=self.share)


def fault_routes() -> list[Route]:
    """Give the routes of the switches."""
    return [
        Route("/api/test/trigger-errors", _switch(ErrorsOrder), methods=["POST"]),
        Route("/api/test/slow", _switch(SlowOrder), methods=["POST"]),
        Route("/api/test/leak", _switch(LeakOrder), methods=["POST"]),
        Route("/api/test/stop-queue", _switch(StopQueueOrder), methods=["POST"]),
        Route("/api/test/thrash-cache", _switch(ThrashCacheOrder), methods=["POST"]),
        Route("/api/test/flaky", _switch(FlakyOrder), methods=["POST"]),
        Route("/api/test/fail-jobs", _switch(FailJobsOrder), methods=["POST"]),
        Route("/api/test/reset", _reset, methods=["POST"]),
        Route("/api/test/faults", _faults),
    ]


def _switch(order_type: type[_Order]) -> Callable[[Request], Awaitable[Response]]:
    async def switch(request: Request) -> Response:
        if (refusal := _not_json(request)) is not None:
            return refusal
        try:
            order = order_type.model_validate_json(await request.body())
        except ValidationError as error:
            return problem(422, _reasons(error))
        state: AppState = request.app.state.platform
        fault = order.fault(time.time())
        if isinstance(fault, StoppedQueue | FailingJobs) and not await _tell_workers(state, fault):
            return problem(503, "the workers cannot be told, because Redis does not answer")
        state.faults.switch_on(fault)
        return JSONResponse({"success": True, **shown(fault)})

    return switch


async def _tell_workers(state: AppState, fault: StoppedQueue | FailingJobs) -> bool:
    """Tell the workers through Redis; its expiry ends the fault even if this app is gone by then."""
    key, value = (stopped_key(fault.queue), 1) if isinstance(fault, StoppedQueue) else (FAILING_JOBS_KEY, fault.share)
    try:
        await state.redis.set(key, value, px=max(1, round((fault.until - time.time()) * 1000)))
    except RedisError:
        return False
    return True


async def _reset(request: Request) -> Response:
    if (refusal := _not_json(request)) is not None:
        return refusal
    state: AppState = request.app.state.platform
    switched_off = state.faults.reset()
    try:
        await state.redis.delete(FAILING_JOBS_KEY, *(stopped_key(name) for name in NAMES))
    except RedisError:
        return problem(503, "what workers were told ends only when its time is over, because Redis does not answer")
    return JSONResponse({"success": True, "switchedOff": [shown(fault) for fault in switched_off]})


async def _faults(request: Request) -> Response:
    state: AppState = request.app.state.platform
    return JSONResponse({"success": True, "faults": [shown(fault) for fault in state.faults.active(time.time())]})


def _not_json(request: Request) -> Response | None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        return None
    return problem(415, f"expected Content-Type: application/json, found {media_type or 'none'}")


def _reasons(error: ValidationError) -> str:
    """Name each wrong field with what is wrong with it."""
    return "; ".join(
        ": ".join(part for part in (".".join(str(step) for step in item["loc"]), item["msg"]) if part)
        for item in error.errors()
    )
