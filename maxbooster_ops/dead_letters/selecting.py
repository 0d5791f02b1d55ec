"""Which dead letters somebody means.

Belongs here: the filter. Not here: the query (`letter_store.py`) or the words of a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from maxbooster_ops.dead_letters.letter import LetterState


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Letters that meet every condition which is given; an empty tuple is none."""

    ids: tuple[str, ...] = ()
    states: tuple[LetterState, ...] = ()
    queues: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    reason: re.Pattern[str] | None = None
    failed_before: datetime | None = None
    failed_after: datetime | None = None
    due_by: datetime | None = None
    limit: int | None = None

    def matches_reason(self, reason: str) -> bool:
        """Tell whether the pattern occurs in `reason`; without a pattern every reason does."""
        return self.reason is None or self.reason.search(reason) is not None
