"""What names a queue, and the keys that BullMQ keeps for it."""

from __future__ import annotations

from typing import NamedTuple


class Queue(NamedTuple):
    """A queue under a key prefix; a tuple, because it is the key of what is remembered and travels through JSON."""

    prefix: str
    name: str

    def key(self, suffix: str) -> str:
        """Give the Redis key of one part of the queue (`wait`, `events`, …) or of a job, by its id."""
        return f"{self.prefix}:{self.name}:{suffix}"

    def __str__(self) -> str:
        return f"{self.prefix}:{self.name}"
