"""The target's Redis: whether it answers, killing it, filling it.

Belongs here: faults of the server as a whole and how they are seen. Not here: jobs (`jobs.py`).
"""

from __future__ import annotations

import redis

from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.actions.reaching import redis_of, url_of
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError
from maxbooster_ops.readiness.chaos.faults.redis_full import limit_of
from maxbooster_ops.sources.redis_server import RedisServer
from maxbooster_ops.sources.source import Moment
from maxbooster_ops.store.facts import RedisSample, SourceFailure

_FILLED_TO = 0.9
"""The limit as a share of what is in use: below it by enough that what the platform frees meanwhile does not help."""


@action("redis.answers")
def answers(drill: Drill) -> bool:
    """Ask Redis for a PONG."""
    try:
        with redis_of(drill) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@action("redis.kill")
def kill(drill: Drill) -> None:
    """Kill the stand's Redis, and keep it down until `redis.restart`."""
    if drill.target.folder is None or drill.target.redis_server is None:
        raise DrillError("Only the Redis of a stand may be killed; let the scenario need it (`needs: [own_redis]`).")
    drill.scratch["redis_fault"] = drill.inject("program-down", folder=str(drill.target.folder), program="redis")


@action("redis.restart")
def restart(drill: Drill) -> None:
    """Let the stand's Redis start again with what it wrote to its disk, and wait until it answers."""
    drill.roll_back(drill.scratch["redis_fault"])


@action("redis.fill")
def fill(drill: Drill) -> str:
    """Set Redis's memory limit below what it uses."""
    with redis_of(drill) as client:
        before, used = limit_of(client), int(client.info("memory")["used_memory"])
    during = int(used * _FILLED_TO)
    drill.scratch["limit"] = before
    drill.scratch["full_fault"] = drill.inject("redis-full", target=drill.target.name, before=before, during=during)
    return f"limit {during} bytes, {used} in use; it was {before or 'none'}"


@action("redis.make_room")
def make_room(drill: Drill) -> None:
    """Set the old memory limit again."""
    drill.roll_back(drill.scratch["full_fault"])


@action("redis.limit_is_as_before")
def limit_is_as_before(drill: Drill) -> bool:
    """Compare the memory limit with what it was before the fault."""
    with redis_of(drill) as client:
        found = limit_of(client)
    if found != drill.scratch["limit"]:
        raise ExpectationError(f"The memory limit was {drill.scratch['limit']} bytes, and is {found} now.")
    return True


@action("redis.memory_ratio")
def memory_ratio(drill: Drill) -> float:
    """Read through our own source how much of its limit Redis uses; more than 1 is more than it may."""
    return round(sample_of(drill, url_of(drill)).memory_ratio or 0.0, 3)


@action("redis.ping_ms")
def ping_ms(drill: Drill, *, network: str = "direct") -> float:
    """Read through our own source how long a PING takes; `network: slow` asks through the proxy."""
    url = drill.scratch["network_url"] if network == "slow" else url_of(drill)
    return round(sample_of(drill, url).ping_ms_median, 1)


def sample_of(drill: Drill, url: str) -> RedisSample:
    """Read Redis as a beat does. Raises `ExpectationError` where our source has no answer."""
    source = RedisServer(url)
    try:
        reading = source.read(Moment(at=drill.clock(), interval_seconds=30))
    finally:
        source.close()
    if isinstance(reading, SourceFailure):
        raise ExpectationError(f"Our source could not read Redis: {reading.error}: {reading.reason}")
    (sample,) = (row for row in reading.rows if isinstance(row, RedisSample))
    return sample
