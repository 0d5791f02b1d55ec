"""A database that is none: it takes the time that queries take, out of a pool that is really shared.

Belongs here: waiting for connections, query times. Not here: data.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from enum import StrEnum

from maxbooster_ops.sandbox.http.metrics import PlatformMetrics

MOST_CONNECTIONS = 200
_IDLE_CONNECTIONS = 20
_USERS_PER_CONNECTION = 4
_SIGMA = 0.8
"""Of the log-normal query times: one query in twenty takes four times the median."""


class Query(StrEnum):
    """The kinds of queries, each with its own usual time."""

    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    AGGREGATE = "aggregate"


_MEDIAN_MS = {Query.SELECT: 6.0, Query.INSERT: 9.0, Query.UPDATE: 10.0, Query.AGGREGATE: 35.0}


class SimulatedDatabase:
    """A pool of connections that opens more of them the more users there are."""

    def __init__(self, metrics: PlatformMetrics, chance: random.Random) -> None:
        self._metrics = metrics
        self._chance = chance
        self._pool = asyncio.Semaphore(MOST_CONNECTIONS)
        self._in_use = 0

    async def query(self, kind: Query) -> float:
        """Run a query; give its time in ms, without the wait for a connection."""
        asked = time.perf_counter()
        async with self._pool:
            began = time.perf_counter()
            self._metrics.connection_wait.observe((began - asked) * 1000)
            self._in_use += 1
            try:
                await asyncio.sleep(self._chance.lognormvariate(math.log(_MEDIAN_MS[kind]), _SIGMA) / 1000)
            finally:
                self._in_use -= 1
            took_ms = (time.perf_counter() - began) * 1000
        self._metrics.query_duration.labels(kind.value).observe(took_ms)
        return took_ms

    def open_connections(self, users: int) -> int:
        """Say how many connections are open while `users` are present."""
        return min(MOST_CONNECTIONS, _IDLE_CONNECTIONS + users // _USERS_PER_CONNECTION + self._in_use)
