"""Storing a beat: its facts in the lake and its sources' memories in the state, both or neither, once.

Belongs here: the order of the steps that makes that true whenever a process dies, and which beats are stored.
Not here: reading the sources (`sources/collector.py`).

A crash before the lake's commit leaves an intent and no rows: dropped by the next writer, and the same events are
read again. A crash after it leaves an intent and rows: kept by the next writer, and nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Any

from maxbooster_ops.errors import StoreError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.store.facts import Fact
from maxbooster_ops.store.lake import Lake, LakeTransaction
from maxbooster_ops.store.memories import Memories, Remembered
from maxbooster_ops.store.state import State

# The ids of one kind sort by time, so the catalog's bounds on batch_id keep this to one file however old the lake is.
_IS_STORED = "SELECT count(*) AS beats FROM ops.beats WHERE batch_id = $batch_id"


class Outcome(StrEnum):
    """What became of a beat."""

    STORED = "stored"
    ALREADY_STORED = "already stored"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything one beat saw. `id` follows from when it was due: the same beat has the same id in any process."""

    id: str
    due: datetime
    facts: Sequence[Fact]
    memories: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def beat_id(due: datetime, *, kind: str = "beat") -> str:
    """Name the beat that was due at `due` (UTC)."""
    return f"{kind}-{due:%Y%m%dT%H%M%S.%f}Z"


class Beats:
    """The beats of one store."""

    def __init__(self, lake: Lake, state: State) -> None:
        self._lake = lake
        self._memories = Memories(state)

    def recall(self) -> dict[str, Remembered]:
        """Give what each source remembered at its last stored reading."""
        return self._memories.recall()

    def is_stored(self, batch_id: str) -> bool:
        """Tell whether the lake has this beat."""
        return bool(self._lake.query(_IS_STORED, {"batch_id": batch_id})[0]["beats"])

    def store(self, batch: Batch, based_on: Mapping[str, Remembered]) -> Outcome:
        """Store `batch`, whose sources started from `based_on`.

        ALREADY_STORED when the lake has this beat; OVERTAKEN, with nothing stored, when another collector has moved
        one of the sources meanwhile: read again and store that. Raises `StoreBusyError` or `StoreFullError` with
        nothing stored.
        """
        outcome = self._lake.write(lambda transaction: self._within(transaction, batch, based_on))
        if outcome is Outcome.STORED and batch.memories:
            self._keep(batch.id)
        return outcome

    def _keep(self, batch_id: str) -> None:
        try:
            self._memories.keep(batch_id)
        except StoreError as error:
            # The lake has the beat, so it is stored; whoever writes next finds the intent and keeps it.
            get_logger().warning("memory_kept_later", batch_id=batch_id, reason=str(error))

    def _within(self, transaction: LakeTransaction, batch: Batch, based_on: Mapping[str, Remembered]) -> Outcome:
        self._memories.settle(self.is_stored)
        if self.is_stored(batch.id):
            return Outcome.ALREADY_STORED
        if not self._memories.intend(batch.id, batch.memories, based_on):
            return Outcome.OVERTAKEN
        for _, facts in groupby(sorted(batch.facts, key=attrgetter("table")), key=attrgetter("table")):
            transaction.insert(list(facts), batch_id=batch.id)
        return Outcome.STORED
