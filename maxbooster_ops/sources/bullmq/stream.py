"""The event streams: what is new in them, and whether anything was trimmed away before we read it.

Belongs here: reading forward from cursors, and the proof of an unbroken run. Not here: what events mean (see `events`).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Final

from maxbooster_ops.sources.bullmq.events import Entry
from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.remembered import BEGINNING, QueueMemory
from maxbooster_ops.sources.bullmq.wire import Answer, Reply, Wire, packed

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
    """New entries by queue, those without news left out; `unfinished` have more, `unreadable` are no streams.

    `torn` are those where an entry that we had read was gone when we had read on from it.
    """

    entries: Mapping[Queue, Sequence[Entry]]
    torn: AbstractSet[Queue] = frozenset()
    unfinished: Sequence[Queue] = ()
    unreadable: Mapping[Queue, Exception] = field(default_factory=dict)

    def among(self, queues: Container[Queue]) -> News:
        """Leave out all other queues."""
        return News(
            entries={queue: entries for queue, entries in self.entries.items() if queue in queues},
            torn=self.torn,
            unfinished=tuple(queue for queue in self.unfinished if queue in queues),
            unreadable={queue: error for queue, error in self.unreadable.items() if queue in queues},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A question for the entries after `cursors`, about `limit` of them at most; without `answer` it was not sent."""

    cursors: Mapping[Queue, str]
    limit: int
    per_stream: int
    answer: Answer | None


def inquire(wire: Wire, cursors: Mapping[Queue, str], *, limit: int) -> Inquiry:
    """Ask for everything after the cursors, and then whether the entries at the cursors are still there.

    In this order, so that an entry that is trimmed in between makes an unbroken run look torn, which is the safe side.
    """
    if not cursors or limit <= 0:
        return Inquiry(cursors=cursors, limit=limit, per_stream=0, answer=None)
    per_stream = max(_FEWEST_PER_STREAM, min(_MOST_PER_STREAM, limit // len(cursors)))
    commands = [_reading(streams, per_stream) for streams in _split(cursors)]
    commands += [packed("XRANGE", queue.key("events"), cursor, cursor) for queue, cursor in _followed(cursors)]
    return Inquiry(cursors=cursors, limit=limit, per_stream=per_stream, answer=wire.ask_ahead(commands))


def take_news(wire: Wire, inquiry: Inquiry) -> News:
    """Read the answer to an inquiry, and ask on until nothing is left or the limit is reached."""
    entries: dict[Queue, list[Entry]] = {}
    torn: set[Queue] = set()
    unreadable: dict[Queue, Exception] = {}
    while inquiry.answer:
        replies = iter(inquiry.answer.replies())
        batches, failed = _batches(wire, inquiry, replies)
        torn |= {queue for (queue, _), entry in zip(_followed(inquiry.cursors), replies, strict=True) if not entry}
        unreadable |= failed
        for queue, batch in batches.items():
            entries.setdefault(queue, []).extend(batch)
        pending = {queue: batch[-1][0] for queue, batch in batches.items() if len(batch) == inquiry.per_stream}
        inquiry = inquire(wire, pending, limit=inquiry.limit - sum(map(len, batches.values())))
    return News(entries=entries, torn=torn, unfinished=tuple(inquiry.cursors), unreadable=unreadable)


def _batches(
    wire: Wire, inquiry: Inquiry, replies: Iterator[Reply]
) -> tuple[dict[Queue, Sequence[Entry]], dict[Queue, Exception]]:
    """Sort entries by queue; a command answers only for streams with news, or fails because of one that is none."""
    queues = {queue.key("events"): queue for queue in inquiry.cursors}
    batches: dict[Queue, Sequence[Entry]] = {}
    unreadable: dict[Queue, Exception] = {}
    for streams, reply in zip(_split(inquiry.cursors), replies, strict=False):  # other replies follow these
        if not isinstance(reply, Exception):
            batches.update((queues[key], batch) for key, batch in reply or ())
            continue
        alone = wire.ask([_reading({queue: cursor}, inquiry.per_stream) for queue, cursor in streams.items()])
        for queue, single in zip(streams, alone, strict=True):
            if isinstance(single, Exception):
                unreadable[queue] = single
            elif single:
                batches[queue] = single[0][1]
    return batches, unreadable


def _split(cursors: Mapping[Queue, str]) -> Iterator[Mapping[Queue, str]]:
    waiting = iter(cursors.items())
    while streams := dict(islice(waiting, _STREAMS_PER_COMMAND)):
        yield streams


def _followed(cursors: Mapping[Queue, str]) -> Iterator[tuple[Queue, str]]:
    return ((queue, cursor) for queue, cursor in cursors.items() if cursor != BEGINNING)


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
    def is_followed(self) -> bool:
        """True where the stream was read before."""
        return self.before.cursor != BEGINNING

    @property
    def covers_its_time(self) -> bool:
        """True where the first entry is older than all that counts, so that whatever was trimmed does not matter."""
        return int(self.entries[0][0].partition("-")[0]) < self.before.counted_from_ms


def continuity(wire: Wire, runs: Mapping[Queue, Run], torn: AbstractSet[Queue]) -> Mapping[Queue, Continuity]:
    """Tell for every run whether it connects to what was read before.

    It does where the last entry that was read is still there; else `XINFO` decides between a stream that was trimmed
    and one that was deleted and made anew.
    """
    doubtful = [queue for queue, run in runs.items() if queue in torn or not (run.is_followed or run.covers_its_time)]
    replies = wire.ask([packed("XINFO", "STREAM", queue.key("events")) for queue in doubtful]) if doubtful else ()
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
    never_read = not run.is_followed
    added = facts.get("entries-added")
    is_whole = never_read and facts["length"] < run.events_kept if added is None else added == facts["length"]
    if not is_whole:
        return Continuity.TRIMMED
    return Continuity.UNBROKEN if never_read else Continuity.RECREATED
