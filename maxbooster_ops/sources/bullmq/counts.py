"""What a queue holds at this moment, equal to what BullMQ's own `getJobCounts` answers, and who works on it.

Belongs here: the counting commands of one queue and the meaning of their replies. Not here: what happened over time.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.wire import Reply, packed

REPLIES_PER_QUEUE: Final = 10

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e\+?\d{1,2})?")
_CLIENT_NAME: Final = re.compile(r"(?m)^.*? name=(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One queue's jobs by state, and its settings. `last_in_line` is the job that has been in the waiting list longest.

    npm 5 moves the jobs of a paused queue to a list `paused`; npm 6 and the Python package leave them waiting.
    """

    waiting: int
    paused: int
    active: int
    delayed: int
    prioritized: int
    waiting_children: int
    completed: int
    failed: int
    is_paused: bool
    concurrency: int | None
    bullmq_version: str | None
    events_kept: int
    last_in_line: str | None
    has_settings: bool

    @property
    def is_gone(self) -> bool:
        """True where the queue was obliterated since it was discovered."""
        held = (self.waiting, self.paused, self.active, self.delayed, self.prioritized, self.waiting_children)
        return not (self.has_settings or any(held) or self.completed or self.failed)


def counting(queue: Queue) -> bytes:
    """Encode the commands that count one queue; their `REPLIES_PER_QUEUE` replies go to `counted`."""
    return b"".join((
        packed("LLEN", queue.key("wait")),
        packed("LLEN", queue.key("paused")),
        packed("LLEN", queue.key("active")),
        packed("ZCARD", queue.key("delayed")),
        packed("ZCARD", queue.key("prioritized")),
        packed("ZCARD", queue.key("waiting-children")),
        packed("ZCARD", queue.key("completed")),
        packed("ZCARD", queue.key("failed")),
        packed("HMGET", queue.key("meta"), "paused", "concurrency", "version", "opts.maxLenEvents"),
        packed("LINDEX", queue.key("wait"), -1),
    ))  # fmt: skip


def counted(replies: Sequence[Reply]) -> Counts:
    """Read the replies to `counting`; raises the first that is an error: a key is not what BullMQ keeps there."""
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    waiting, paused, active, delayed, prioritized, waiting_children, completed, failed, settings, last = replies
    is_paused, concurrency, version, events_kept = settings
    if last is not None and last.startswith("0:"):  # a marker of BullMQ 4, which `getJobCounts` does not count either
        waiting, last = waiting - 1, None
    return Counts(
        waiting=waiting,
        paused=paused,
        active=active,
        delayed=delayed,
        prioritized=prioritized,
        waiting_children=waiting_children,
        completed=completed,
        failed=failed,
        is_paused=is_paused is not None,
        concurrency=whole(concurrency),
        bullmq_version=version.removeprefix("bullmq:") if version else None,
        events_kept=whole(events_kept) or 10_000,  # BullMQ's default
        last_in_line=last,
        has_settings=any(setting is not None for setting in settings),
    )


def connections_by_name(client_list: Reply) -> Counter[str] | None:
    """Count connections by the name that BullMQ workers give them; None where the server does not tell (`CLIENT LIST`).

    A worker that has a name of its own appends it after `:w:`.
    """
    if not isinstance(client_list, str):
        return None
    return Counter(name.partition(":w:")[0] for name in _CLIENT_NAME.findall(client_list))


def client_names(queue: Queue) -> tuple[str, str]:
    """Give the names under which a queue's workers connect: npm's package encodes the queue, Python's does not."""
    encoded = base64.b64encode(queue.name.encode()).decode()
    return f"{queue.prefix}:{encoded}", f"{queue.prefix}:{queue.name}"


def whole(reply: str | None) -> int | None:
    """Read a number as BullMQ writes it, None where there is none."""
    if not reply:
        return None
    try:
        return int(reply)
    except ValueError:
        return int(float(reply)) if _NUMBER.fullmatch(reply) else None
