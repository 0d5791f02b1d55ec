"""A round: look, then bring back what is due, or what somebody asks for; what the schedule does every hour.

Belongs here: the order of a round. Not here: its steps (`service.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from maxbooster_ops.dead_letters.by_hand import RETRIABLE
from maxbooster_ops.dead_letters.foreseeing import Foreseen
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.redriving import Redriven
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.dead_letters.service import DeadLetters


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round is to do, who asks for it and why.

    The schedule brings back pending letters that are due. Letters asked for `by_hand` are brought back whether they are
    due or not, parked ones as well.
    """

    actor: str
    why: str
    selection: Selection = field(default_factory=Selection)
    ignoring_backoff: bool = False
    by_hand: bool = False

    def letters(self, dead_letters: DeadLetters, now: datetime) -> list[Letter]:
        """Give the letters that the round may bring back; raises `UsageError` for ids that nobody knows."""
        dead_letters.must_know(self.selection.ids)
        states = RETRIABLE if self.by_hand else (LetterState.PENDING,)
        asked = tuple(state for state in self.selection.states if state in states) or states
        if self.selection.states and not set(self.selection.states) & set(states):
            return []
        due_by = None if self.ignoring_backoff or self.by_hand else now
        return dead_letters.chosen(replace(self.selection, states=asked, due_by=due_by))

    def foresee(self, dead_letters: DeadLetters, now: datetime) -> list[Foreseen]:
        """Tell what the round would do with every open letter that it is about; nothing is changed."""
        ignoring = self.ignoring_backoff or self.by_hand
        due_or_not = replace(self, ignoring_backoff=True).letters(dead_letters, now)
        asked = [*due_or_not, *self.left(dead_letters, due_or_not)]
        return dead_letters.foresee(asked, now=now, ignoring_backoff=ignoring)

    def left(self, dead_letters: DeadLetters, letters: Sequence[Letter]) -> list[Letter]:
        """Give those asked for by their ids that are not among `letters`, since they are under way or at their end."""
        if not self.selection.ids:
            return []
        taken = {letter.id for letter in letters}
        asked = dead_letters.chosen(Selection(ids=self.selection.ids))
        return [letter for letter in asked if letter.id not in taken and letter.state not in RETRIABLE]

    def run(
        self,
        dead_letters: DeadLetters,
        letters: Sequence[Letter],
        *,
        clock: Callable[[], datetime],
        told: Callable[[int], None] = lambda _: None,
    ) -> Redriven:
        """Bring these letters back, each whose breaker allows it."""
        return dead_letters.redrive(letters, actor=self.actor, why=self.why, clock=clock, told=told)
