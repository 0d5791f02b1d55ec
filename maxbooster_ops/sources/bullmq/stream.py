"""The event streams: what is new in them, and whether anything was trimmed away before we read it.

Belongs here: reading forward from cursors, and the proof of an unbroken run. Not here: what events mean (see `events`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Final

from maxbooster_ops.sources.bullmq.events import Entry
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.remembered import BEGINNING, QueueMemory
from maxbooster_ops.sources.bullmq.wire import Reply, Wire, packed

_FEWEST_PER_STREAM: Final = 50
_MOST_PER_STREAM: Final = 1000

_STREAMS_PER_COMMAND: Final = 25
"""Redis serves others between commands, and goes on with the next one while we take in the reply to the first."""


class Continuity(Enum):
    """How new entries connect to those that were read before."""

    UNBROKEN = "unbroken"
    TRIMMED = "trimmed"
    RECREATED = "re-created"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """New entries by queue, those without news left out; `unfinished` have more, `unreadable` are no streams."""

    entries: Mapping[Queue, Sequence[Entry]]
    unfinished: Sequence[Queue] = ()
    unreadable: Mapping[Queue, Exception] = field(default_factory=dict)


def read_news(wire: Wire, cursors: Mapping[Queue, str], *, limit: int) -> News:
    """Read everything after the cursors, but about `limit` entries at most."""
    queues = {queue.key("events"): queue for queue in cursors}
    entries: dict[Queue, list[Entry]] = {}
    unreadable: dict[Queue, Exception] = {}
    pending = dict(cursors)
    while pending and limit > 0:
        per_stream = max(_FEWEST_PER_STREAM, min(_MOST_PER_STREAM, limit // len(pending)))
        batches, failed = _read_once(wire, pending, queues, per_stream)
        unreadable |= failed
        pending = {}
        for queue, batch in batches.items():
            entries.setdefault(queue, []).extend(batch)
            limit -= len(batch)
            if len(batch) == per_stream:
                pending[queue] = batch[-1][0]
    return News(entries=entries, unfinished=tuple(pending), unreadable=unreadable)


def _read_once(
    wire: Wire, cursors: Mapping[Queue, str], queues: Mapping[str, Queue], per_stream: int
) -> tuple[dict[Queue, Sequence[Entry]], dict[Queue, Exception]]:
    """Read every stream once; a command answers only for those with news, or fails because of one that is no stream."""
    waiting = iter(cursors.items())
    groups = [dict(islice(waiting, _STREAMS_PER_COMMAND)) for _ in range(0, len(cursors), _STREAMS_PER_COMMAND)]
    replies = list(wire.ask_each(_reading(group, per_stream) for group in groups))
    batches: dict[Queue, Sequence[Entry]] = {}
    unreadable: dict[Queue, Exception] = {}
    for group, reply in zip(groups, replies, strict=True):
        if not isinstance(reply, Exception):
            batches |= {queues[key]: batch for key, batch in reply or ()}
        elif len(group) == 1:
            unreadable |= dict.fromkeys(group, reply)
        else:
            for queue, cursor in group.items():
                alone = _read_once(wire, {queue: cursor}, queues, per_stream)
                batches |= alone[0]
                unreadable |= alone[1]
    return batches, unreadable


def _reading(cursors: Mapping[Queue, str], per_stream: int) -> bytes:
    keys = (queue.key("events") for queue in cursors)
    return packed("XREAD", "COUNT", per_stream, "STREAMS", *keys, *cursors.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """New entries of one queue, what was remembered of it before, and how many events its platform keeps."""

    entries: Sequence[Entry]
    before: QueueMemory
    events_kept: int

    @property
    def covers_its_time(self) -> bool:
        """True where the first entry is older than all that counts, so that whatever was trimmed does not matter."""
        return int(self.entries[0][0].partition("-")[0]) < self.before.counted_from_ms


def continuity(wire: Wire, runs: Mapping[Queue, Run]) -> Mapping[Queue, Continuity]:
    """Tell for every run whether it connects to what was read before.

    Call it after the entries were read: an entry that is trimmed in between makes an unbroken run look broken, which
    is the safe side. The last entry that was read must still be there; else `XINFO` decides between a stream that was
    trimmed and one that was deleted and made anew.
    """
    followed = [queue for queue, run in runs.items() if run.before.cursor != BEGINNING]
    asked = [packed("XRANGE", queue.key("events"), *[runs[queue].before.cursor] * 2) for queue in followed]
    unbroken = {queue for queue, reply in zip(followed, wire.ask_each(asked), strict=True) if reply}
    unbroken |= {queue for queue, run in runs.items() if run.before.cursor == BEGINNING and run.covers_its_time}
    doubtful = [queue for queue in runs if queue not in unbroken]
    replies = wire.ask_each([packed("XINFO", "STREAM", queue.key("events")) for queue in doubtful])
    verdicts = {queue: _verdict(runs[queue], reply) for queue, reply in zip(doubtful, replies, strict=True)}
    return {queue: verdicts.get(queue, Continuity.UNBROKEN) for queue in runs}


def _verdict(run: Run, info: Reply) -> Continuity:
    """Judge a run whose first entry is not known to follow what was read.

    Redis 7 counts the entries ever added: where that is what the stream holds, nothing was trimmed. Redis 6 does not
    tell. There a stream that we never read is whole while it is shorter than what the platform keeps, and one that we
    did read was trimmed.
    """
    if not isinstance(info, list):
        return Continuity.TRIMMED
    facts = dict(zip(info[::2], info[1::2], strict=True))
    never_read = run.before.cursor == BEGINNING
    added = facts.get("entries-added")
    is_whole = never_read and facts["length"] < run.events_kept if added is None else added == facts["length"]
    if not is_whole:
        return Continuity.TRIMMED
    return Continuity.UNBROKEN if never_read else Continuity.RECREATED
