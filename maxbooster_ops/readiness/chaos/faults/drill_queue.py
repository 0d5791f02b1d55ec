"""A queue of the drill's own in the target's Redis; not much of a fault, but something that must not stay.

Belongs here: removing every key of it. Not here: what is done with the queue meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

import redis

from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.fault import Details, Secrets
from maxbooster_ops.readiness.chaos.faults.reaching import open_redis

PREFIX = "bull"
NAMES_BEGIN = "drill-"

_AT_ONCE = 1000


class DrillQueue:
    """`details`: `target` and `queue`, whose name begins with `drill-`, so that no other can be removed."""

    kind = "drill-queue"

    def inject(self, details: Details, secrets: Secrets) -> None:
        """Make sure that nobody has a queue of that name."""
        if not self.is_gone(details, secrets):
            raise DrillError(f"There is a queue {details['queue']} already, which the drill must not touch.")

    def roll_back(self, details: Details, secrets: Secrets) -> None:
        """Remove all of its keys."""
        with open_redis(details, secrets) as client:
            for keys in _keys(client, details):
                client.unlink(*keys)

    def is_gone(self, details: Details, secrets: Secrets) -> bool:
        """Look whether no key of it is left."""
        with open_redis(details, secrets) as client:
            return next(_keys(client, details), None) is None


def _keys(client: redis.Redis, details: Details) -> Iterator[list[str]]:
    name = str(details["queue"])
    if not name.startswith(NAMES_BEGIN) or any(sign in name for sign in "*?[]\\"):
        raise DrillError(f"{name!r} is no queue of a drill: its name must begin with {NAMES_BEGIN}")
    found: list[str] = []
    for key in client.scan_iter(match=f"{PREFIX}:{name}:*", count=_AT_ONCE):
        found.append(key)
        if len(found) == _AT_ONCE:
            yield found
            found = []
    if found:
        yield found
