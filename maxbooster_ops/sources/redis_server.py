"""The Redis server as a whole: latency, memory, hit ratio, evictions, persistence.

Belongs here: what `PING` and `INFO` tell. Not here: queues (`bullmq/`), or judging a value such as an eviction policy.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from statistics import median
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, RedisError
from redis.retry import Retry

from maxbooster_ops.sources.source import Memory, Moment, Reading
from maxbooster_ops.store.facts import RedisSample, SourceFailure

STEP_SECONDS = 1.5
"""One wait for the server: connecting, or one reply."""

_PINGING_SECONDS = 2.0
"""A slow server gets fewer pings, not a failure: how slow it is, is what we came to see."""

TOTAL_SECONDS = 4.0
"""The whole reading; below the collector's own deadline of 5 s, so that our reason is recorded and not its."""


class RedisServer:
    """The Redis server behind the queues, on a fresh connection each time, so that a full server is noticed too."""

    name = "redis"

    def __init__(
        self, url: str, *, pings: int = 5, step_seconds: float = STEP_SECONDS, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        self._url = url
        self._pings = pings
        self._step_seconds = step_seconds
        self._total_seconds = total_seconds

    def read(self, moment: Moment) -> Reading | SourceFailure:
        """Ask once for everything; bounded to about `total_seconds` in all."""
        target = self._url
        try:
            with self._client() as client:
                target = _server(client)
                with _Deadline(client, self._total_seconds):
                    info: dict[str, Any] = client.info()
                    pings_ms = self._pings_ms(client)
            return _reading(moment, server=target, info=info, pings_ms=pings_ms)
        except (RedisError, OSError, ValueError, KeyError) as error:
            return SourceFailure.of(self.name, _named(error), at=moment.at, target=target, hint=_hint(error))

    def close(self) -> None:
        """Hold nothing between readings."""

    def _client(self) -> Redis:
        return Redis.from_url(
            self._url,
            socket_connect_timeout=self._step_seconds,
            socket_timeout=self._step_seconds,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            client_name="maxbooster-ops",
        )

    def _pings_ms(self, client: Redis) -> list[float]:
        began = time.perf_counter()
        pings_ms: list[float] = []
        while len(pings_ms) < self._pings and (not pings_ms or time.perf_counter() - began < _PINGING_SECONDS):
            pings_ms.append(_ping_ms(client))
        return pings_ms


class _Deadline:
    """Cuts the client's connection when the whole reading takes too long; whatever that breaks is a `TimeoutError`."""

    def __init__(self, client: Redis, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._passed = threading.Event()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._timer.cancel()
        if error and self._passed.is_set():
            raise TimeoutError(f"no complete answer within {self._seconds:g} s") from error

    def _cut(self) -> None:
        self._passed.set()
        self._client.connection_pool.disconnect()


def _ping_ms(client: Redis) -> float:
    began = time.perf_counter()
    with suppress(BusyLoadingError):  # "I am loading" is an answer, and took as long as a PONG
        client.ping()
    return (time.perf_counter() - began) * 1000


def _reading(moment: Moment, *, server: str, info: Mapping[str, Any], pings_ms: list[float]) -> Reading:
    memory_max = info.get("maxmemory") or None
    counters = remembered_counters(info, at=moment.at)
    sample = RedisSample(
        ts=moment.at,
        server=server,
        ping_ms_median=median(pings_ms),
        ping_ms_max=max(pings_ms),
        memory_used_bytes=info["used_memory"],
        memory_max_bytes=memory_max,
        memory_ratio=info["used_memory"] / memory_max if memory_max else None,
        hit_ratio=hit_ratio(moment.memory, counters),
        evicted_per_minute=evicted_per_minute(moment.memory, counters),
        connected_clients=info["connected_clients"],
        blocked_clients=info["blocked_clients"],
        ops_per_second=info["instantaneous_ops_per_sec"],
        uptime_seconds=info["uptime_in_seconds"],
        role=info["role"],
        version=str(info["redis_version"]),
        maxmemory_policy=info.get("maxmemory_policy"),
        rdb_last_save_ok=_is_ok(info.get("rdb_last_bgsave_status")),
        rdb_changes_since_save=info.get("rdb_changes_since_last_save"),
        aof_enabled=_is_on(info.get("aof_enabled")),
        aof_last_write_ok=_is_ok(info.get("aof_last_write_status")),
        loading=bool(info.get("loading", 0)),
    )
    return Reading(rows=[sample], memory=counters)


def remembered_counters(info: Mapping[str, Any], *, at: datetime) -> Memory:
    """Pick what the next reading compares itself with."""
    return {
        "at": at.timestamp(),
        "run_id": info.get("run_id"),
        "hits": info["keyspace_hits"],
        "misses": info["keyspace_misses"],
        "evicted": info["evicted_keys"],
    }


def hit_ratio(before: Memory, now: Memory) -> float | None:
    """Share of look-ups between two readings that found their key; None without look-ups or without a common start.

    Counters only compare within one life of a server (`run_id`) in which nobody reset them (a counter that fell).
    """
    hits, misses = _growth(before, now, "hits"), _growth(before, now, "misses")
    if hits is None or misses is None or hits + misses == 0:
        return None
    return hits / (hits + misses)


def evicted_per_minute(before: Memory, now: Memory) -> float | None:
    """Keys evicted per minute between two readings; None under the same conditions as the hit ratio."""
    evicted = _growth(before, now, "evicted")
    elapsed_seconds = now["at"] - before.get("at", now["at"])
    return evicted * 60 / elapsed_seconds if evicted is not None and elapsed_seconds > 0 else None


def _growth(before: Memory, now: Memory, counter: str) -> int | None:
    if before.get("run_id") != now["run_id"] or counter not in before:
        return None
    growth: int = now[counter] - before[counter]
    return growth if growth >= 0 else None


def _is_ok(status: object) -> bool | None:
    return None if status is None else status == "ok"


def _is_on(flag: object) -> bool | None:
    return None if flag is None else bool(flag)


def _server(client: Redis) -> str:
    where = client.connection_pool.connection_kwargs
    return str(where["path"]) if "path" in where else f"{where.get('host', 'localhost')}:{where.get('port', 6379)}"


def _named(error: Exception) -> Exception:
    return RedisError(f"INFO has no field {error}") if isinstance(error, KeyError) else error


def _hint(error: Exception) -> str:
    if isinstance(error, (AuthenticationError, NoPermissionError)):
        return "check user and password in REDIS_URL; the user needs the commands PING and INFO"
    if isinstance(error, KeyError):
        return "the server hides part of INFO; allow its user the whole answer"
    if isinstance(error, ValueError):
        return "correct REDIS_URL: redis://user:password@host:port/database"
    return "check REDIS_URL, and that `redis-cli -u $REDIS_URL PING` answers from this host"
