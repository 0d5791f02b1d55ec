"""Markdown for people to read: text that stays text, and tables.

Belongs here: escaping and the form of tables and lists. Not here: what stands in them, and how a number reads.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

_MARKS = frozenset("\\|`*_[]<>!#~&$@")
_LIST_START = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+=])(?=[-+=\s]|$)")
"""What makes a list or a rule of a line that only begins with it."""

_LINK = re.compile(r"(?i)(\w)(://)|\b(www)(\.)")
"""What becomes a link by itself; somebody else's text should not lead readers anywhere."""


def escaped(text: str) -> str:
    """Give a text that Markdown shows as it is, on one line: no column, link, tag or list comes of it."""
    line = " ".join(text.split())
    marked = "".join(f"\\{letter}" if letter in _MARKS else letter for letter in line)
    marked = _LINK.sub(lambda found: f"{found[1] or found[3]}\\{found[2] or found[4]}", marked)
    return _LIST_START.sub(lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", marked)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """Give a table whose cells are escaped; the columns at the places `right`, counted from 0, stand right."""
    ruler = "|".join("---:" if place in right else "---" for place in range(len(columns)))
    return "\n".join([_row(columns), f"|{ruler}|", *map(_row, rows)])


def bullets(texts: Iterable[str]) -> str:
    """Give a list of texts, escaped, in no order."""
    return "\n".join(f"- {escaped(text)}" for text in texts)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"
