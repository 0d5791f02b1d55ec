"""The simulated crowd: users who come, use the product for a while and leave.

Belongs here: the pure decision what the n-th request is, and the loop that makes it. Not here: what the app answers.
Requests enter through the app's own ASGI door, so they pass the same routing, faults and measurements as all others;
that there is no socket keeps a thousand of them cheap.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp

from maxbooster_ops.logs import get_logger
from maxbooster_ops.sandbox.http.product import TRUST_COMPONENTS

REQUESTS_PER_SECOND = 4.0
PAGES = 30
_PRESENT_USERS = 40
_WAVE_USERS = 12
_WAVE_REQUESTS = 7200
_REQUESTS_PER_NEWCOMER = 100
_MOST_AT_ONCE = 200

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of one user."""

    after_seconds: float
    user: str
    method: str
    path: str
    query: Query = ()


def tier_of(user_number: int) -> str:
    """Give a user's tier: a third are on the free one, a sixth are enterprises."""
    return ("free", "pro", "enterprise", "pro", "free", "pro")[user_number % 6]


def visit(*, seed: int, number: int) -> Visit:
    """Decide the `number`-th request; the same seed gives the same one.

    The users present are a window over an endless row of users, which moves one on with every hundredth request; its
    size goes up and down in a slow wave. So caches see new users, old ones fall idle, and charts move.
    """
    chance = random.Random(f"{seed}/crowd/{number}")
    present = round(_PRESENT_USERS + _WAVE_USERS * math.sin(2 * math.pi * number / _WAVE_REQUESTS))
    user_number = number // _REQUESTS_PER_NEWCOMER + chance.randrange(present)
    action = chance.choices(_ACTIONS, [action.weight for action in _ACTIONS])[0]
    return Visit(
        after_seconds=chance.expovariate(REQUESTS_PER_SECOND),
        user=f"user-{user_number:05d}",
        method=action.method,
        path=action.path,
        query=action.query(user_number, chance),
    )


def _nothing(_user_number: int, _chance: random.Random) -> Query:
    return ()


def _some_page(_: int, chance: random.Random) -> Query:
    """Choose a page: a few are read by all, the others by few."""
    return (("page", str(int(chance.paretovariate(1.2)) % PAGES)),)


def _social(_user_number: int, _chance: random.Random) -> Query:
    return (("model", "social"),)


def _own_model(user_number: int, _: random.Random) -> Query:
    """Choose the model: every second user advertises."""
    return (("model", "advertising" if user_number % 2 else "social"),)


def _own_tier(user_number: int, _: random.Random) -> Query:
    return (("tier", tier_of(user_number)),)


def _some_component(_: int, chance: random.Random) -> Query:
    return (("component", chance.choice(TRUST_COMPONENTS)),)


def _next_tier(_: int, chance: random.Random) -> Query:
    before, after = chance.choice((("free", "pro"), ("pro", "enterprise")))
    return (("from", before), ("to", after))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Action:
    """Something that users do; `weight` is how often, compared with the others."""

    weight: int
    method: str
    path: str
    query: Callable[[int, random.Random], Query] = _nothing


_ACTIONS = (
    _Action(weight=450, method="GET", path="/api/posts", query=_some_page),
    _Action(weight=100, method="POST", path="/api/posts"),
    _Action(weight=60, method="POST", path="/api/auth/login"),
    _Action(weight=150, method="POST", path="/api/generate", query=_social),
    _Action(weight=70, method="POST", path="/api/generate", query=_own_model),
    _Action(weight=80, method="GET", path="/api/forecasts"),
    _Action(weight=30, method="POST", path="/api/forecasts", query=_own_tier),
    _Action(weight=55, method="POST", path="/api/trust-layer", query=_some_component),
    _Action(weight=3, method="DELETE", path="/api/models"),
    _Action(weight=2, method="POST", path="/api/upgrade", query=_next_tier),
)


async def live(app: ASGIApp, *, seed: int, number: int = 0) -> None:
    """Let the crowd use `app`, for ever, from its visit `number` on; while too many wait, further users stay away."""
    under_way: set[asyncio.Task[None]] = set()
    while True:
        coming = visit(seed=seed, number=number)
        number += 1
        await asyncio.sleep(coming.after_seconds)
        if len(under_way) < _MOST_AT_ONCE:
            task = asyncio.create_task(_make(app, coming))
            under_way.add(task)
            task.add_done_callback(under_way.discard)


async def _make(app: ASGIApp, coming: Visit) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": coming.method,
        "path": coming.path,
        "raw_path": coming.path.encode(),
        "root_path": "",
        "query_string": urlencode(coming.query).encode(),
        "headers": [(b"host", b"127.0.0.1"), (b"x-user", coming.user.encode())],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    try:
        await app(scope, _no_body, _ignore)
    except Exception as error:  # noqa: BLE001 - the app has answered 500 already; the crowd goes on
        get_logger().warning("visit_failed", path=coming.path, reason=repr(error))


async def _no_body() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _ignore(_: MutableMapping[str, Any]) -> None:
    return
