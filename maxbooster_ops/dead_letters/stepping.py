"""Writing down what was decided about letters.

Belongs here: turning a `Step` into columns and an action. Not here: deciding it (`deciding.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.dead_letters.deciding import Step
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import Action, change


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


def begin_try(connection: sa.Connection, letter: Letter, *, actor: str, why: str, now: datetime) -> str | None:
    """Claim `letter` for one try and give its token; None where somebody else was faster."""
    token = f"{letter.id}:{letter.tries + 1}:{letter.version}"
    columns = {
        "state": LetterState.RETRYING.value,
        "note": why,
        "next_try_at": None,
        "tries": letter.tries + 1,
        "try_token": token,
        "tried_at": now,
        "ended_at": None,
    }
    done = Action(ts=now, action="retried", actor=actor, why=why)
    return token if change(connection, letter, columns, done) else None
