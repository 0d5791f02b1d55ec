"""A table of texts, before anybody decided how it looks.

Belongs here: the data. Not here: markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How good something is; colours follow from it, words say it too."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table, a text for each column; `tone` colours its last one."""

    cells: Sequence[str]
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns and rows; those columns whose number is in `numeric` stand right. `beyond` rows are not shown."""

    columns: Sequence[str]
    rows: Sequence[Row]
    numeric: frozenset[int] = frozenset()
    beyond: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The verdict as the first thing that is read: the word, what it means, and whether a release may rest on it."""

    word: str
    mark: str
    tone: Tone
    meaning: str
    remark: str = ""
