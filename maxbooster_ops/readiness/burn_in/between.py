"""What happens in the queues between two checks, read before BullMQ forgets it.

Belongs here: reading ahead, and adding up. Not here: the reading itself (`sources/bullmq/`).

BullMQ keeps about ten thousand events of a queue, which a busy one has within a minute or two, and checks are minutes
apart. So the queues are read more often than that. What was read ahead is in this process alone: the state keeps it
with the next check, and where we die before, whoever is next reads on from the check before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from maxbooster_ops.sources.source import Memory, Reading
from maxbooster_ops.store.facts import Fact, QueueSample

READ_EVERY_SECONDS = 60.0
"""A reading costs some ten milliseconds."""

_Deltas = tuple[int | None, int | None, int | None]
_Key = tuple[str, str]


class ReadAhead:
    """What was read of the queues since the newest check."""

    def __init__(self) -> None:
        self._memory: Memory | None = None
        self._deltas: dict[_Key, _Deltas] = {}

    def take(self, reading: Reading) -> None:
        """Take in a reading that began at `memory`."""
        self._deltas |= {_key(sample): self._summed(sample) for sample in _samples(reading.rows)}
        self._memory = reading.memory

    def memory(self, checked: Memory) -> Memory:
        """Give where the next reading begins; `checked` is what is remembered of the newest check."""
        return checked if self._memory is None else self._memory

    def added_to(self, reading: Reading) -> Reading:
        """Give the reading of a check that began at `memory`, its samples with all that happened since the last one.

        The next one begins anew.
        """
        rows = [self._whole(row) if isinstance(row, QueueSample) else row for row in reading.rows]
        self._memory, self._deltas = None, {}
        return replace(reading, rows=rows)

    def _whole(self, sample: QueueSample) -> QueueSample:
        completed, failed, stalled = self._summed(sample)
        return replace(sample, completed_delta=completed, failed_delta=failed, stalled=stalled)

    def _summed(self, sample: QueueSample) -> _Deltas:
        completed, failed, stalled = self._deltas.get(_key(sample), (0, 0, 0))
        return (
            _plus(completed, sample.completed_delta),
            _plus(failed, sample.failed_delta),
            _plus(stalled, sample.stalled),
        )


def _plus(before: int | None, now: int | None) -> int | None:
    """Add up; what is not known of a part is not known of the whole."""
    return None if before is None or now is None else before + now


def _samples(rows: Iterable[Fact]) -> list[QueueSample]:
    return [row for row in rows if isinstance(row, QueueSample)]


def _key(sample: QueueSample) -> _Key:
    return sample.prefix, sample.queue
