"""What a person decides about letters: park, discard, other data.

Belongs here: those deeds, each recorded with who and why. Not here: retrying, which is a re-drive (`redriving.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime

from maxbooster_ops.dead_letters.deciding import Step
from maxbooster_ops.dead_letters.letter import Letter, LetterState, PayloadKept
from maxbooster_ops.dead_letters.letter_store import Action, change
from maxbooster_ops.dead_letters.queue_side import QueueSide
from maxbooster_ops.dead_letters.stepping import take
from maxbooster_ops.errors import UsageError
from maxbooster_ops.store.state import State

RETRIABLE = (LetterState.PENDING, LetterState.PARKED)
"""States in which a letter may be retried, parked or discarded; one under way belongs to its try."""


def park(state: State, letters: Sequence[Letter], *, actor: str, why: str, now: datetime) -> int:
    """Let letters wait for a person; give how many do now."""
    step = Step(state=LetterState.PARKED, action="parked", note=why)
    return _take(state, letters, step, actor=actor, now=now, may=lambda letter: letter.state is LetterState.PENDING)


def discard(state: State, letters: Sequence[Letter], *, actor: str, why: str, now: datetime) -> int:
    """End letters for good; their jobs stay where they are. Give how many ended."""
    step = Step(state=LetterState.DISCARDED, action="discarded", note=why)
    return _take(state, letters, step, actor=actor, now=now, may=lambda letter: letter.state in RETRIABLE)


def edit(state: State, side: QueueSide, letter: Letter, data: str, *, actor: str, why: str, now: datetime) -> None:  # noqa: PLR0913 -- what, who, why, when
    """Give the job of `letter` other data, as JSON; raises `UsageError` where that is none, or the job is not dead."""
    try:
        json.loads(data)
    except ValueError as error:
        raise UsageError(f"The new data of {letter.id} is no JSON: {error}. Nothing was changed.") from error
    if letter.state not in RETRIABLE:
        raise UsageError(f"{letter.id} is {letter.state}: only a pending or parked letter can be edited.")
    edited = side.edit(letter.job, data)
    if not edited and letter.payload_kept in {PayloadKept.REDIS, PayloadKept.LOST}:
        raise UsageError(f"The job of {letter.id} is no longer in the failed set, and there is no copy to edit.")
    has_copy = letter.payload_kept is PayloadKept.COPIED  # an old copy must not come back in place of the new data
    columns = {"payload": data, "payload_kept": PayloadKept.COPIED.value} if has_copy or not edited else {}
    with state.writing() as connection:
        if not change(connection, letter, columns, Action(ts=now, action="edited", actor=actor, why=why)):
            raise UsageError(f"Somebody else has just changed {letter.id}: look at it again.")


def _take(
    state: State,
    letters: Sequence[Letter],
    step: Step,
    *,
    actor: str,
    now: datetime,
    may: Callable[[Letter], bool],
) -> int:
    with state.writing() as connection:
        return sum(take(connection, letter, step, actor=actor, now=now) for letter in letters if may(letter))
