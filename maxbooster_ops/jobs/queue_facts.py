"""What a program that works on a queue must know of it, and the marks that it leaves there.

Belongs here: BullMQ's `meta` hash and marker, and the trap of a paused queue of BullMQ 5. Not here: jobs.

BullMQ 5 keeps the jobs of a paused queue in a list of its own and renames that over the waiting ones when it resumes.
A newer version, and Python's, puts jobs among the waiting all the while: those would be overwritten, that is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from redis import Redis

_PUT_BACK = """
local version = redis.call('HGET', KEYS[1], 'version') or ''
if redis.call('HEXISTS', KEYS[1], 'paused') == 0 or not string.match(version, 'bullmq:5%.') then return 0 end
local moved = 0
while redis.call('RPOPLPUSH', KEYS[2], KEYS[3]) do moved = moved + 1 end
return moved
"""

_WORKS = "maxbooster-ops:works:"
_KNOWN_FOR = timedelta(hours=1)
"""For how long a queue counts as one of our workers after the last of them was there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueKeys:
    """The keys of one queue."""

    prefix: str
    queue: str

    def key(self, name: str) -> str:
        """Give the key of that name."""
        return f"{self.prefix}:{self.queue}:{name}"


def note_own_worker(client: Redis, keys: QueueKeys) -> None:
    """Note that a worker of ours is on the queue, which feeds its breaker."""
    client.set(_WORKS + keys.key(""), "", px=_KNOWN_FOR)


def has_own_worker(client: Redis, keys: QueueKeys) -> bool:
    """Tell whether a worker of ours was on the queue within the last hour."""
    return bool(client.exists(_WORKS + keys.key("")))


def is_paused_by_5(version: bytes | str | None, paused: bytes | str | None) -> bool:
    """Tell from two fields of the `meta` hash whether nothing must be written among the waiting jobs now."""
    text = version.decode() if isinstance(version, bytes) else version or ""
    return paused is not None and text.startswith("bullmq:5.")


def holds_for_5(client: Redis, keys: QueueKeys) -> bool:
    """Tell whether BullMQ 5 has paused the queue."""
    return is_paused_by_5(*client.hmget(keys.key("meta"), ["version", "paused"]))


def put_back(client: Redis, keys: QueueKeys) -> int:
    """Move what slipped among the waiting jobs of a queue that BullMQ 5 has paused to where it keeps them; in order.

    Gives how many. It writes nothing where the queue is not paused by BullMQ 5 any more.
    """
    script = client.register_script(_PUT_BACK)
    return int(script(keys=[keys.key(name) for name in ("meta", "wait", "paused")]))


def limit_all_workers(client: Redis, keys: QueueKeys, concurrency: int) -> None:
    """Bound the jobs under way in the queue, whoever works on them."""
    client.hset(keys.key("meta"), "concurrency", str(concurrency))


def wake_a_worker(client: Redis, keys: QueueKeys) -> None:
    """Have one idle worker look for a job: BullMQ wakes none when a place of a bounded queue becomes free."""
    client.zadd(keys.key("marker"), {"0": 0})
