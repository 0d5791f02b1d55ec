"""Many queues counted in one round trip, and what the server says of itself.

Belongs here: the conversations about the present, and the parts of them that failed. Not here: what a single queue's
replies mean (see `counts`), and what happened (see `stream`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from maxbooster_ops.sources.bullmq.counts import (
    REPLIES_PER_QUEUE,
    Counts,
    client_names,
    connections_by_name,
    counted,
)
from maxbooster_ops.sources.bullmq.discovery import milliseconds
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.wire import Answer, Wire, packed, raised


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Redis' own clock, and its clients' names where it tells them to us."""

    now_ms: int
    connections: Counter[str] | None

    def workers(self, queue: Queue) -> int | None:
        """Count the connected workers of a queue as BullMQ's `getWorkersCount` does; None where that is not known."""
        if self.connections is None:
            return None
        return sum(self.connections[name] for name in client_names(queue))


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What queues hold now; those that were obliterated since their discovery are left out."""

    counts: Mapping[Queue, Counts]
    unreadable: Mapping[Queue, Exception]


def ask_server(wire: Wire) -> Answer:
    """Ask for the clock and the clients."""
    return wire.ask_ahead([packed("TIME"), packed("CLIENT", "LIST")])


def take_server(answer: Answer) -> Server:
    """Read the answer to `ask_server`; a server that refuses to list clients is no failure."""
    time, clients = answer.replies()
    return Server(now_ms=milliseconds(raised(time)), connections=connections_by_name(clients))


def ask_census(wire: Wire, queues: Iterable[Queue], counting: Callable[[Queue], bytes]) -> Answer:
    """Ask what `queues` hold; `counting` encodes the commands for one of them."""
    commands = list(map(counting, queues))
    return wire.ask_ahead(commands, len(commands) * REPLIES_PER_QUEUE)


def take_census(queues: Iterable[Queue], answer: Answer) -> Census:
    """Read the answer to `ask_census`."""
    replies = answer.replies()
    counts: dict[Queue, Counts] = {}
    unreadable: dict[Queue, Exception] = {}
    for at, queue in enumerate(queues):
        try:
            held = counted(replies[at * REPLIES_PER_QUEUE : (at + 1) * REPLIES_PER_QUEUE])
        except Exception as error:  # noqa: BLE001 - whatever Redis answered for this queue, the others go on
            unreadable[queue] = error
        else:
            if not held.is_gone:
                counts[queue] = held
    return Census(counts=counts, unreadable=unreadable)
