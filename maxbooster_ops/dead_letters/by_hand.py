"""What a person decides about letters: park, discard, other data.

Belongs here: those deeds, each recorded with who and why. Not here: retrying, which is a re-drive (`redriving.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from maxbooster_ops.dead_letters.deciding import Step
from maxbooster_ops.dead_letters.letter import Letter, LetterState, PayloadKept
from maxbooster_ops.dead_letters.letter_store import Action, change
from maxbooster_ops.dead_letters.making import copy_of_text
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """Other data for the job of a letter; values of the keys `redacted` are never kept in a copy."""

    state: State
    side: QueueSide
    redacted: Collection[str] = ()

    def edit(self, letter: Letter, data: str, *, actor: str, why: str, now: datetime) -> None:
        """Give the job of `letter` other data, as JSON.

        Raises `UsageError` where that is none, the job is not dead, only a copy is left that could not be whole, or
        somebody else was faster; then nothing is changed.
        """
        try:
            data.encode()
            copy = copy_of_text(data, self.redacted)
        except ValueError as error:
            raise UsageError(
                f"The new data of {letter.id} is no JSON that a worker could read: {error}. Nothing was changed."
            ) from error
        if letter.state not in RETRIABLE:
            raise UsageError(f"{letter.id} is {letter.state}: only a pending or parked letter can be edited.")
        done = Action(ts=now, action="edited", actor=actor, why=why)
        # The state first: its write lock keeps everybody else from the letter, and what raises takes the change back.
        with self.state.writing() as connection:
            if not change(connection, letter, {}, done):
                raise UsageError(f"Somebody else has just changed {letter.id}: look at it again.")
            if columns := self._edit_job(letter, data, *copy):
                change(connection, replace(letter, version=letter.version + 1), columns, None)

    def _edit_job(self, letter: Letter, data: str, kept: PayloadKept, copy: str) -> dict[str, Any]:
        """Give the job other data in Redis, and what is to be changed of the letter's copy."""
        edited = self.side.edit(letter.job, data)
        if not edited and letter.payload_kept in {PayloadKept.REDIS, PayloadKept.LOST}:
            raise UsageError(f"The job of {letter.id} is no longer in the failed set, and there is no copy to edit.")
        if not edited and kept is PayloadKept.REDACTED:
            raise UsageError(
                f"The job of {letter.id} is gone, and a copy may not hold the keys of MAXBOOSTER_REDACT_KEYS that "
                "the new data has: it could never be brought back. Add the job anew and discard the letter."
            )
        has_copy = letter.payload_kept in {PayloadKept.COPIED, PayloadKept.REDACTED}
        # An old copy must not come back in place of the new data.
        return {"payload": copy, "payload_kept": kept.value} if has_copy or not edited else {}


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
