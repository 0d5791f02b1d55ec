"""Redis is full: its limit is set below what it holds, so that it refuses whatever would need more room.

Belongs here: lowering the limit and putting back exactly the old one. Not here: what that does to producers.
"""

from __future__ import annotations

import redis

from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.fault import Details, Secrets
from maxbooster_ops.readiness.chaos.faults.reaching import open_redis


class RedisFull:
    """`details`: `target`; `before` and `during`, the limits in bytes (0: none) without and with the fault.

    A server that evicts when it is full would lose what it holds, so the fault is not put in there. The user of the
    connection needs CONFIG GET and CONFIG SET.
    """

    kind = "redis-full"

    def inject(self, details: Details, secrets: Secrets) -> None:
        """Lower the limit. Raises `DrillError` where it is another one than was written down, or exceeded already."""
        with open_redis(details, secrets) as client:
            _refuse_full(client, details)
            policy = client.config_get("maxmemory-policy")["maxmemory-policy"]
            if policy != "noeviction":
                raise DrillError(
                    f"Redis of {details['target']} has maxmemory-policy {policy}: filled up, it would throw away what "
                    "it holds. BullMQ needs noeviction; set that first."
                )
            client.config_set("maxmemory", int(details["during"]))

    def roll_back(self, details: Details, secrets: Secrets) -> None:
        """Set the old limit, unless somebody set another one meanwhile."""
        with open_redis(details, secrets) as client:
            if limit_of(client) == int(details["during"]):
                client.config_set("maxmemory", int(details["before"]))

    def is_gone(self, details: Details, secrets: Secrets) -> bool:
        """Look whether our limit is in force no more."""
        with open_redis(details, secrets) as client:
            return limit_of(client) != int(details["during"])


def _refuse_full(client: redis.Redis, details: Details) -> None:
    """Two drills from two homes would each remember the limit of the other as the one to set again."""
    limit, used = limit_of(client), int(client.info("memory")["used_memory"])
    if limit != int(details["before"]) or 0 < limit < used:
        raise DrillError(
            f"Redis of {details['target']} has a limit of {limit} bytes with {used} in use, and was to have "
            f"{details['before']}: it is full already, or somebody else changes its limit now."
        )


def limit_of(client: redis.Redis) -> int:
    """Give the limit in bytes; 0 where there is none."""
    return int(client.config_get("maxmemory")["maxmemory"] or 0)
