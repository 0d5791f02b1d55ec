"""Writing down what was decided about letters.

Belongs here: turning a `Step` into columns and an action. Not here: deciding it (`deciding.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.dead_letters.deciding import Step
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import Action, change, record
from maxbooster_ops.store.dead_letter_tables import dead_letters


def take(
    connection: sa.Connection,
    letter: Letter,
    step: Step,
    *,
    actor: str,
    now: datetime,
    also: Mapping[str, Any] | None = None,
) -> bool:
    """Let `letter` take `step`; False where somebody else has changed it meanwhile."""
    columns = {
        "state": step.state.value,
        "note": step.note,
        "next_try_at": step.next_try_at,
        "tries": letter.tries - 1 if step.gives_back_try else letter.tries,
        "try_token": None,
        "ended_at": None if step.state.is_open else now,
        **(also or {}),
    }
    return change(connection, letter, columns, Action(ts=now, action=step.action, actor=actor, why=step.note))


def begin_tries(
    connection: sa.Connection, letters: Sequence[Letter], *, actor: str, why: str, now: datetime
) -> dict[str, str]:
    """Claim letters for one try each; give the tokens by id of those that nobody else was faster to claim.

    One statement for all: many processes may want the same letters, and only one of them writes at a time.
    """
    table = dead_letters.c
    tried = table.tries + 1
    token = table.id + ":" + sa.cast(tried, sa.String) + ":" + sa.cast(table.version, sa.String)
    held = sa.tuple_(table.id, table.version).in_([(letter.id, letter.version) for letter in letters])
    columns = {
        "state": LetterState.RETRYING.value,
        "note": why,
        "next_try_at": None,
        "tries": tried,
        "try_token": token,
        "tried_at": now,
        "ended_at": None,
        "version": table.version + 1,
    }
    claim = sa.update(dead_letters).where(held).values(**columns).returning(table.id, table.try_token)
    tokens = {row.id: row.try_token for row in connection.execute(claim)}
    record(connection, list(tokens), Action(ts=now, action="retried", actor=actor, why=why))
    return tokens
