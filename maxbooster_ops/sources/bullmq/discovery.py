"""Which queues there are: every `<prefix>:<queue>:meta` key, found by SCAN.

Belongs here: scanning within a budget and when to scan again. Not here: what a queue holds. A scan walks over all keys
of the server, so its pace follows its price: on a small server every beat scans and a new queue shows in the next one;
where a scan takes long, it is done in parts, and rests a hundred times as long as it took.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from maxbooster_ops.sources.bullmq.queue import Queue
from maxbooster_ops.sources.bullmq.wire import Wire, packed, raised

_KEYS_PER_STEP: Final = 1000  # about 0.1 ms of the server's time, during which nobody else is served
_SECONDS_PER_READING: Final = 0.5
_REST_PER_SECOND_OF_SCAN: Final = 100.0
_START: Final = "0"  # SCAN's cursor before the first step and after the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What is known of the server's queues.

    `queues` are those of the last complete scan and those that the running one met. Every queue that was there at
    `complete_at_ms` (Redis' clock; None before the first complete scan) is among them, so one that shows up later has
    no event from before. `cursor`, `met`, `started_at_ms` and `spent_seconds` are the running scan's.
    """

    prefixes: tuple[str, ...]
    queues: tuple[Queue, ...] = ()
    complete_at_ms: int | None = None
    due_at: float = 0.0
    cursor: str = _START
    met: tuple[Queue, ...] = ()
    started_at_ms: int = 0
    spent_seconds: float = 0.0

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None, prefixes: Sequence[str]) -> Discovery:
        """Restore what `kept` holds; other prefixes than it was made with start anew."""
        if not kept or tuple(kept["prefixes"]) != tuple(prefixes):
            return cls(prefixes=tuple(prefixes))
        queues, met = (tuple(Queue(*queue) for queue in kept[part]) for part in ("queues", "met"))
        return cls(**{**kept, "prefixes": tuple(prefixes), "queues": queues, "met": met})

    def kept(self) -> Mapping[str, Any]:
        """Give the form that goes through JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def is_running(self) -> bool:
        """True between the first and the last part of a scan."""
        return self.cursor != _START


def discover(wire: Wire, known: Discovery, *, at: float, interval_seconds: float) -> Discovery:
    """Scan when it is due (`at` in epoch seconds), half a second at most; the next reading continues a longer one."""
    if not known.is_running and at < known.due_at:
        return known
    return _settled(_scanned(wire, known), at=at, interval_seconds=interval_seconds)


def _scanned(wire: Wire, known: Discovery) -> Discovery:
    began = time.monotonic()
    started_at_ms = known.started_at_ms if known.is_running else redis_now_ms(wire)
    pattern = f"{_literally(known.prefixes[0])}:*:meta" if len(known.prefixes) == 1 else "*:meta"
    cursor, met = known.cursor, set(known.met)
    while True:
        [reply] = wire.ask([packed("SCAN", cursor, "MATCH", pattern, "COUNT", _KEYS_PER_STEP)])
        cursor, keys = raised(reply)
        met.update(queue for key in keys if (queue := queue_of(key, known.prefixes)))
        spent_seconds = time.monotonic() - began
        if cursor == _START or spent_seconds > _SECONDS_PER_READING:
            spent_seconds += known.spent_seconds if known.is_running else 0.0
            found = tuple(sorted(met))
            return replace(known, cursor=cursor, met=found, started_at_ms=started_at_ms, spent_seconds=spent_seconds)


def _settled(scan: Discovery, *, at: float, interval_seconds: float) -> Discovery:
    if scan.is_running:
        return replace(scan, queues=tuple(sorted({*scan.queues, *scan.met})))
    rest_seconds = _REST_PER_SECOND_OF_SCAN * scan.spent_seconds
    due_at = at if rest_seconds <= interval_seconds else at + rest_seconds
    return replace(scan, queues=scan.met, met=(), complete_at_ms=scan.started_at_ms, due_at=due_at)


def queue_of(key: str, prefixes: Sequence[str]) -> Queue | None:
    """Name the queue whose `meta` key this is, None where it is another: queue names hold no colon, prefixes may."""
    for prefix in prefixes:
        if key.startswith(f"{prefix}:") and key.endswith(":meta"):
            name = key[len(prefix) + 1 : -len(":meta")]
            if name and ":" not in name:
                return Queue(prefix, name)
    return None


def redis_now_ms(wire: Wire) -> int:
    """Read the server's clock."""
    [reply] = wire.ask([packed("TIME")])
    return milliseconds(raised(reply))


def milliseconds(time_reply: Sequence[str]) -> int:
    """Convert the reply to TIME, seconds and microseconds."""
    seconds, microseconds = time_reply
    return int(seconds) * 1000 + int(microseconds) // 1000


def _literally(text: str) -> str:
    return re.sub(r"([*?\[\]\\^])", r"\\\1", text)
