"""The BullMQ queues of one Redis server, as a source.

Belongs here: which server, how long a reading may take, and failures in the words of the person who must act. Not
here: the reading itself (see `reading`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from redis import exceptions as redis_errors

from maxbooster_ops.sources.bullmq.counts import counting
from maxbooster_ops.sources.bullmq.reading import Scope, Seen, read_queues
from maxbooster_ops.sources.bullmq.wire import Address, Wire
from maxbooster_ops.sources.source import Moment, Reading
from maxbooster_ops.store.facts import SourceFailure

DEADLINE_SECONDS: Final = 4.0
"""For a whole reading, connecting included; the collector gives a source 5 s."""

_QUEUES_ENCODED: Final = 10_000

_HINTS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (redis_errors.AuthenticationError, "check user and password in REDIS_URL"),
    (
        redis_errors.NoPermissionError,
        "allow the user in REDIS_URL to read: SCAN, LLEN, LINDEX, ZCARD, HGET, HMGET, XREAD, XRANGE, XINFO, TIME",
    ),
    (redis_errors.BusyLoadingError, "Redis reads its data set from disk; wait until it is done"),
    (redis_errors.TimeoutError, "Redis is reachable but does not answer: look at its CPU, slow log and memory"),
)
_HINT: Final = "check REDIS_URL, and that Redis runs and answers PING from this host"


class BullmqQueues:
    """Every BullMQ queue under `prefixes` on the server at `url`; only those named in `only`, where it names any.

    Rows are one `QueueSample` per queue, and one `QueueJob` per job that finished since the previous stored reading.
    """

    name = "bullmq"

    def __init__(
        self,
        url: str,
        *,
        prefixes: Sequence[str] = ("bull",),
        only: Sequence[str] = (),
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._address = Address.parsed(url)
        self._scope = Scope(prefixes=tuple(prefixes), only=frozenset(only))
        self._deadline_seconds = deadline_seconds
        self._counting = lru_cache(maxsize=_QUEUES_ENCODED)(counting)

    def read(self, moment: Moment) -> Reading | SourceFailure:
        """Read all queues within the deadline; a queue that cannot be read is a failure beside the others' rows."""
        try:
            with _cycles_uncollected(), Wire.to(self._address, within_seconds=self._deadline_seconds) as wire:
                seen = read_queues(wire, moment, self._scope, self._counting)
        except (redis_errors.RedisError, OSError) as error:
            hint = next((hint for kind, hint in _HINTS if isinstance(error, kind)), _HINT)
            return SourceFailure.of(self.name, error, at=moment.at, target=self._address.shown, hint=hint)
        return Reading(
            rows=[*seen.samples, *seen.jobs], memory=seen.memory, failures=tuple(self._partial_failures(seen, moment))
        )

    def close(self) -> None:
        """Do nothing: a reading connects and hangs up, so that no connection grows stale between beats."""

    def _partial_failures(self, seen: Seen, moment: Moment) -> Iterator[SourceFailure]:
        for queue, error in seen.unreadable.items():
            yield SourceFailure.of(
                self.name,
                error,
                at=moment.at,
                target=f"{self._address.shown} {queue}",
                hint=f"see what else keeps keys under `{queue}:`, or name the queues to watch (MAXBOOSTER_QUEUES)",
            )
        if seen.unfinished:
            yield SourceFailure(
                ts=moment.at,
                source=self.name,
                target=self._address.shown,
                error="Backlog",
                reason=f"{len(seen.unfinished)} queues have events left that one beat was too short to read.",
                hint="nothing is lost: the next beats read on; until then the numbers of these queues are late",
            )


@contextmanager
def _cycles_uncollected() -> Iterator[None]:
    """Pause Python's search for reference cycles.

    A busy reading makes some hundred thousand small lists, none of them in a cycle; looking through them again and
    again took a quarter of its time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
