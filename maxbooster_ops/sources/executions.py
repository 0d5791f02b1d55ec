"""Executions that jobs reported (`maxbooster_ops.jobs`), on their way from the state's inbox into the lake.

Belongs here: taking them, each once. Not here: how they got into the inbox (`jobs/inbox.py`).
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from maxbooster_ops.errors import StoreError
from maxbooster_ops.logs import get_logger
from maxbooster_ops.sources.source import Moment, Reading
from maxbooster_ops.store.analysis_tables import execution_inbox
from maxbooster_ops.store.facts import SourceFailure, TrackedExecution
from maxbooster_ops.store.state import State

TAKEN_AT_ONCE = 5000
"""Most rows of one beat, about a tenth of a second; what is left comes with the next."""


class Executions:
    """The inbox of one state. It remembers the last id that a stored beat took; ids never come again."""

    name = "executions"

    def __init__(self, state: State) -> None:
        self._state = state

    def read(self, moment: Moment) -> Reading | SourceFailure:
        """Take what came after the last stored beat, and remove what that one has already brought into the lake."""
        taken = int(moment.memory.get("taken", 0))
        try:
            rows = self._rows_after(taken)
        except StoreError as error:
            hint = "see what holds the state, or whether its disk is full; jobs keep their executions meanwhile"
            return SourceFailure.of(self.name, error, at=moment.at, target=str(self._state.home.state), hint=hint)
        self._remove_until(taken)
        if not rows:
            return Reading(memory=moment.memory)
        return Reading(rows=[_execution(row) for row in rows], memory={"taken": rows[-1].id})

    def close(self) -> None:
        """Hold nothing between readings; the state is the collector's."""

    def _rows_after(self, taken: int) -> list[sa.Row[tuple[object, ...]]]:
        query = (
            sa.select(execution_inbox)
            .where(execution_inbox.c.id > taken)
            .order_by(execution_inbox.c.id)
            .limit(TAKEN_AT_ONCE)
        )
        with self._state.reading() as connection:
            return list(connection.execute(query))

    def _remove_until(self, taken: int) -> None:
        """Remove rows that the lake holds for sure: memory is kept only after its beat was committed there."""
        try:
            with self._state.reading() as connection:
                oldest = connection.scalar(sa.select(sa.func.min(execution_inbox.c.id)))
            if oldest is not None and oldest <= taken:
                with self._state.writing() as connection:
                    connection.execute(sa.delete(execution_inbox).where(execution_inbox.c.id <= taken))
        except StoreError as error:  # they stay until a later beat, and are not taken again
            get_logger().warning("taken_executions_stay", reason=str(error))


def _execution(row: sa.Row[tuple[object, ...]]) -> TrackedExecution:
    columns = row._mapping  # noqa: SLF001 -- SQLAlchemy's public name for it; "metadata" as an attribute is a column too
    return TrackedExecution(
        ts=columns["ts"],
        job=columns["job"],
        run_id=columns["run_id"],
        success=columns["success"],
        duration_ms=columns["duration_ms"],
        attempt=columns["attempt"],
        metadata=json.loads(columns["metadata"]),
        error=columns["error"],
    )
