"""Dead letters in the state.

Belongs here: every statement on them. A change names the version that it was decided on, and happens only where the
letter still has it. Not here: what to change (`deciding.py`).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.dead_letters.letter import JobKey, Letter, LetterState, PayloadKept
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.dead_letter_tables import dead_letter_actions, dead_letters, failed_set_marks

_LARGE = ("stack", "payload")
_PLAIN = (
    "id",
    "name",
    "reason",
    "stack",
    "attempts",
    "payload",
    "options",
    "parent",
    "first_failed_at",
    "last_failed_at",
    "found_at",
    "tries",
    "next_try_at",
    "try_token",
    "tried_at",
    "ended_at",
    "note",
    "version",
)
_CHUNK = 500
"""Values in one statement; SQLite takes some thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that was done about a letter."""

    ts: datetime
    action: str
    actor: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFailure:
    """Where the newest letter of a job stands, and of which failure it tells."""

    state: LetterState
    at: datetime


def new_id() -> str:
    """Give an id for a letter: short enough to type."""
    return f"dl-{secrets.token_hex(5)}"


def chosen(connection: sa.Connection, selection: Selection, *, whole: bool = False) -> list[Letter]:
    """Give the letters that `selection` picks, oldest failure first; without `whole`, stack and payload stay empty.

    Of those that failed in the same millisecond, the first that was found comes first, whatever is picked.
    """
    columns = [column for column in dead_letters.c if whole or column.name not in _LARGE]
    query = (
        sa.select(*columns)
        .where(*_conditions(selection))
        .order_by(dead_letters.c.last_failed_at, sa.literal_column("dead_letters.rowid"))
    )
    letters = _letters(columns, connection.execute(query))
    picked = [letter for letter in letters if selection.matches_reason(letter.reason)]
    return picked[: selection.limit] if selection.limit is not None else picked


def newest(connection: sa.Connection, selection: Selection, most: int) -> tuple[list[Letter], Counter[LetterState]]:
    """Give the newest of the letters that `selection` picks, and of all of them how many are in each state."""
    table = dead_letters.c
    query = sa.select(table.id, table.state, table.reason).where(*_conditions(selection))
    rows = connection.execute(query.order_by(table.last_failed_at.desc()))
    picked = [(row.id, row.state) for row in rows if selection.matches_reason(row.reason)]
    few = len(picked) > most  # all of them, or those alone that are wanted
    wanted = Selection(ids=tuple(letter_id for letter_id, _ in picked[:most])) if few else selection
    return chosen(connection, wanted), Counter(LetterState(state) for _, state in picked)


def must_know(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Refuse ids that nobody knows; raises `UsageError` that names them."""
    known = {letter.id for letter in chosen(connection, Selection(ids=tuple(ids)))} if ids else set()
    if unknown := [one for one in ids if one not in known]:
        raise UsageError(f"No dead letter {', '.join(unknown)}. `maxbooster-ops dead-letters list` shows them all.")


def known_failures(connection: sa.Connection, prefix: str, queue: str, job_ids: Sequence[str]) -> dict[str, Letter]:
    """Give the newest letter of each of these jobs that ever had one."""
    known: dict[str, Letter] = {}
    columns = [column for column in dead_letters.c if column.name not in _LARGE]
    for start in range(0, len(job_ids), _CHUNK):
        query = (
            sa.select(*columns)
            .where(dead_letters.c.prefix == prefix, dead_letters.c.queue == queue)
            .where(dead_letters.c.job_id.in_(job_ids[start : start + _CHUNK]))
            .order_by(dead_letters.c.found_at)
        )
        known |= {letter.job.job_id: letter for letter in _letters(columns, connection.execute(query))}
    return known


def last_failures(connection: sa.Connection, prefix: str, queue: str, job_ids: Sequence[str]) -> dict[str, LastFailure]:
    """Give of which failure the newest letter of each of these jobs tells; where they are many, of other jobs too."""
    table = dead_letters.c
    query = (
        sa.select(table.job_id, table.state, table.last_failed_at)
        .where(table.prefix == prefix, table.queue == queue)
        .order_by(table.found_at)
    )
    if len(job_ids) <= _CHUNK:
        query = query.where(table.job_id.in_(job_ids))
    return {job_id: LastFailure(state=LetterState(state), at=at) for job_id, state, at in connection.execute(query)}


def queues_that_lost(connection: sa.Connection) -> set[tuple[str, str]]:
    """Give prefix and name of the queues of which jobs were removed before their data was copied."""
    lost = dead_letters.c.payload_kept == PayloadKept.LOST.value
    rows = connection.execute(sa.select(dead_letters.c.prefix, dead_letters.c.queue).where(lost).distinct())
    return {(prefix, queue) for prefix, queue in rows}


def add(connection: sa.Connection, letters: Sequence[Letter], *, actor: str) -> None:
    """Add new letters, each with the action that found it."""
    if letters:
        connection.execute(sa.insert(dead_letters), [_row(letter) for letter in letters])
        found = [{"letter_id": letter.id, "ts": letter.found_at, "action": "found"} for letter in letters]
        actions = [{**row, "actor": actor, "why": letter.note} for row, letter in zip(found, letters, strict=True)]
        connection.execute(sa.insert(dead_letter_actions), actions)


def change(connection: sa.Connection, letter: Letter, changes: Mapping[str, Any], done: Action | None) -> bool:
    """Change `letter` and record why; False, with nothing written, where somebody else has changed it meanwhile."""
    held = sa.and_(dead_letters.c.id == letter.id, dead_letters.c.version == letter.version)
    values = {**changes, "version": letter.version + 1}
    if connection.execute(sa.update(dead_letters).where(held).values(**values)).rowcount != 1:
        return False
    if done:
        record(connection, [letter.id], done)
    return True


def record(connection: sa.Connection, letter_ids: Sequence[str], done: Action) -> None:
    """Record that the same was done about each of these letters."""
    what = {"ts": done.ts, "action": done.action, "actor": done.actor, "why": done.why}
    if letter_ids:
        connection.execute(sa.insert(dead_letter_actions), [{"letter_id": each, **what} for each in letter_ids])


def history(connection: sa.Connection, letter_id: str) -> list[Action]:
    """Give everything that was done about a letter, oldest first."""
    query = sa.select(dead_letter_actions).where(dead_letter_actions.c.letter_id == letter_id)
    rows = connection.execute(query.order_by(dead_letter_actions.c.id))
    return [Action(ts=row.ts, action=row.action, actor=row.actor, why=row.why) for row in rows]


def counts(connection: sa.Connection) -> list[tuple[str, str, str, int]]:
    """Give prefix, queue, state and number of letters."""
    group = (dead_letters.c.prefix, dead_letters.c.queue, dead_letters.c.state)
    query = sa.select(*group, sa.func.count()).group_by(*group).order_by(*group)
    return [(prefix, queue, state, number) for prefix, queue, state, number in connection.execute(query)]


def oldest_open(connection: sa.Connection) -> dict[tuple[str, str], datetime]:
    """Give per prefix and queue when its oldest open letter first failed."""
    queue = (dead_letters.c.prefix, dead_letters.c.queue)
    still_open = [state.value for state in LetterState if state.is_open]
    query = sa.select(*queue, sa.func.min(dead_letters.c.first_failed_at)).group_by(*queue)
    rows = connection.execute(query.where(dead_letters.c.state.in_(still_open)))
    return {(prefix, name): moment for prefix, name, moment in rows}


def marks(connection: sa.Connection) -> dict[tuple[str, str], float]:
    """Give up to which finish time (ms) each queue's failed set was read."""
    rows = connection.execute(sa.select(failed_set_marks))
    return {(row.prefix, row.queue): row.score_ms for row in rows}


def set_mark(connection: sa.Connection, prefix: str, queue: str, score_ms: float) -> None:
    """Note up to which finish time a queue's failed set was read."""
    which = sa.and_(failed_set_marks.c.prefix == prefix, failed_set_marks.c.queue == queue)
    connection.execute(sa.delete(failed_set_marks).where(which))
    connection.execute(sa.insert(failed_set_marks).values(prefix=prefix, queue=queue, score_ms=score_ms))


def purge(connection: sa.Connection, *, ended_before: datetime) -> int:
    """Drop letters that ended before that moment, with their actions; give how many."""
    over = sa.and_(
        dead_letters.c.state.in_((LetterState.RECOVERED.value, LetterState.DISCARDED.value)),
        dead_letters.c.ended_at < ended_before,
    )
    return connection.execute(sa.delete(dead_letters).where(over)).rowcount


def _conditions(selection: Selection) -> Iterable[sa.ColumnElement[bool]]:
    wanted = {
        "id": selection.ids,
        "state": tuple(state.value for state in selection.states),
        "queue": selection.queues,
        "name": selection.names,
    }
    for name, values in wanted.items():
        if values:
            yield dead_letters.c[name].in_(values)
    if selection.failed_before:
        yield dead_letters.c.last_failed_at < selection.failed_before
    if selection.failed_after:
        yield dead_letters.c.last_failed_at >= selection.failed_after
    if selection.due_by:
        yield dead_letters.c.next_try_at <= selection.due_by


def _row(letter: Letter) -> dict[str, Any]:
    job = {"prefix": letter.job.prefix, "queue": letter.job.queue, "job_id": letter.job.job_id}
    kinds = {"state": letter.state.value, "payload_kept": letter.payload_kept.value}
    return {**{name: getattr(letter, name) for name in _PLAIN}, **job, **kinds}


def _letters(columns: Sequence[sa.Column[Any]], rows: Iterable[Sequence[Any]]) -> Iterator[Letter]:
    names = [column.name for column in columns]
    for row in rows:
        values = {"stack": "", "payload": None, **dict(zip(names, row, strict=True))}
        job = JobKey(prefix=values.pop("prefix"), queue=values.pop("queue"), job_id=values.pop("job_id"))
        state, kept = LetterState(values.pop("state")), PayloadKept(values.pop("payload_kept"))
        yield Letter(job=job, state=state, payload_kept=kept, **values)
