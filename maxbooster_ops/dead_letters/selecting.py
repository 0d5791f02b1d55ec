"""Which dead letters somebody means.

Belongs here: the filter, and how its pattern is read. Not here: the query (`letter_store.py`), or a command's words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.errors import UsageError


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


def pattern_of(name: str, text: str) -> re.Pattern[str]:
    """Read the pattern that was given as `name`, an option or a field; raises `UsageError` that shows both."""
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"{name}: `{text}` is no regular expression: {error}.") from error
