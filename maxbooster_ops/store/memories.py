"""What each source remembers, changed in step with the lake although the two stores share no transaction.

Belongs here: the three steps that keep them in step: intend, (the lake commits), keep. Intents are written and
settled under the lake's write lock, so one that is found there is of a beat that is either in the lake or never will
be, and the lake tells which. Not here: what a source remembers, or the beat itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.store.state import State, memory_intents, source_memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A source's memory and its version; version 0 is a source that was never read."""

    version: int
    memory: Mapping[str, Any]


NEVER_READ = Remembered(version=0, memory={})


class Memories:
    """The memories of all sources in one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def recall(self) -> dict[str, Remembered]:
        """Give every memory by source."""
        with self._state.reading() as connection:
            rows = connection.execute(
                sa.select(source_memory.c.source, source_memory.c.version, source_memory.c.memory)
            )
            return {source: Remembered(version=version, memory=json.loads(text)) for source, version, text in rows}

    def settle(self, is_stored: Callable[[str], bool]) -> None:
        """Finish what dead collectors began: keep the intents whose beat `is_stored`, drop the others."""
        with self._state.reading() as connection:
            batches = connection.scalars(sa.select(memory_intents.c.batch_id).distinct()).all()
        for batch_id in batches:
            self.keep(batch_id) if is_stored(batch_id) else self.forget(batch_id)

    def intend(
        self, batch_id: str, memories: Mapping[str, Mapping[str, Any]], based_on: Mapping[str, Remembered]
    ) -> bool:
        """Write down what the sources will remember once `batch_id` is stored.

        False, and nothing written, when another collector has moved one of these sources since `based_on` was recalled.
        """
        if not memories:
            return True
        with self._state.writing() as connection:
            rows = connection.execute(sa.select(source_memory.c.source, source_memory.c.version))
            current: dict[str, int] = dict(rows.all())
            if any(current.get(source, 0) != based_on.get(source, NEVER_READ).version for source in memories):
                return False
            connection.execute(
                sa.insert(memory_intents),
                [
                    {
                        "batch_id": batch_id,
                        "source": source,
                        "based_on": current.get(source, 0),
                        "memory": json.dumps(memory),
                    }
                    for source, memory in memories.items()
                ],
            )
        return True

    def keep(self, batch_id: str) -> None:
        """Make the intents of a stored beat what the sources remember; doing it again changes nothing."""
        intended = sa.select(
            memory_intents.c.source, memory_intents.c.based_on + 1, memory_intents.c.memory, memory_intents.c.batch_id
        ).where(memory_intents.c.batch_id == batch_id)
        with self._state.writing() as connection:
            sources = sa.select(memory_intents.c.source).where(memory_intents.c.batch_id == batch_id)
            connection.execute(sa.delete(source_memory).where(source_memory.c.source.in_(sources)))
            connection.execute(
                sa.insert(source_memory).from_select(["source", "version", "memory", "batch_id"], intended)
            )
            connection.execute(sa.delete(memory_intents).where(memory_intents.c.batch_id == batch_id))

    def forget(self, batch_id: str) -> None:
        """Drop the intents of a beat that is not stored."""
        with self._state.writing() as connection:
            connection.execute(sa.delete(memory_intents).where(memory_intents.c.batch_id == batch_id))
