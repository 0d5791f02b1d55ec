"""What a step of the upkeep did.

Belongs here: the data and its sums. Not here: the steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """One step on one table or file: what is gone since, and for how long others could not write meanwhile.

    `bytes` may be negative: rows that leave the catalog become a file.
    """

    step: str
    subject: str
    rows: int = 0
    files: int = 0
    bytes: int = 0
    locked_seconds: float = 0.0

    @property
    def is_nothing(self) -> bool:
        """Tell whether the step found nothing to do."""
        return not (self.rows or self.files or self.bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What all steps did, and which could not be done, each in a sentence."""

    freed: tuple[Freed, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def longest_lock_seconds(self) -> float:
        """For how long the collector may have waited at most."""
        return max((step.locked_seconds for step in self.freed), default=0.0)

    def rows(self, step: str) -> int:
        """Give the rows of one kind of step."""
        return sum(freed.rows for freed in self.freed if freed.step == step)

    def files(self, step: str) -> int:
        """Give the files of one kind of step."""
        return sum(freed.files for freed in self.freed if freed.step == step)

    def bytes(self, step: str) -> int:
        """Give the bytes of one kind of step."""
        return sum(freed.bytes for freed in self.freed if freed.step == step)


def together(parts: Iterable[Upkeep]) -> Upkeep:
    """Put what several did into one."""
    listed = list(parts)
    return Upkeep(
        freed=tuple(freed for part in listed for freed in part.freed),
        problems=tuple(problem for part in listed for problem in part.problems),
    )
