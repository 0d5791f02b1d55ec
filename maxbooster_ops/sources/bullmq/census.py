"""All queues counted in one round trip, with the server's clock and its clients.

Belongs here: one conversation and the parts of it that failed. Not here: what a single queue's replies mean (see `counts`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from maxbooster_ops.sources.bullmq.counts import (
    REPLIES_PER_QUEUE,
    Counts,
    client_name,
    counted,
    workers_by_client_name,
)
from maxbooster_ops.sources.bullmq.discovery import milliseconds
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.wire import Wire, packed, raised


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What the queues hold at `now_ms` on Redis' clock; queues that were obliterated since their discovery are left out."""

    counts: Mapping[Queue, Counts]
    unreadable: Mapping[Queue, Exception]
    connections: Counter[bytes] | None
    now_ms: int

    def workers(self, queue: Queue) -> int | None:
        """Count the connected workers of a queue; None where the server does not list its clients to us."""
        return None if self.connections is None else self.connections[client_name(queue)]


def take_census(wire: Wire, queues: Sequence[Queue], counting: Callable[[Queue], bytes]) -> Census:
    """Count `queues`; `counting` encodes the commands for one of them."""
    commands = b"".join((*map(counting, queues), packed("CLIENT", "LIST"), packed("TIME")))
    *replies, clients, time = wire.ask(commands, len(queues) * REPLIES_PER_QUEUE + 2)
    counts: dict[Queue, Counts] = {}
    unreadable: dict[Queue, Exception] = {}
    for at, queue in enumerate(queues):
        try:
            counts[queue] = counted(replies[at * REPLIES_PER_QUEUE : (at + 1) * REPLIES_PER_QUEUE])
        except Exception as error:  # noqa: BLE001 - whatever Redis answered for this queue, the others go on
            unreadable[queue] = error
    return Census(
        counts={queue: held for queue, held in counts.items() if not held.is_gone},
        unreadable=unreadable,
        connections=workers_by_client_name(clients),
        now_ms=milliseconds(raised(time)),
    )
