"""Tables in Markdown, and numbers in them as people read them.

Belongs here: their form. Not here: what stands in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; what a cell holds can be no markup, since names come from files."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(escaped(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Give a text that Markdown shows as it is."""
    return "".join(f"\\{letter}" if letter in "\\|`*_[]<>!#" else letter for letter in text.replace("\n", " "))


def number(value: float | None, digits: int = 1) -> str:
    """Give a number, or a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def percent(share: float | None, digits: int = 3) -> str:
    """Give a share in per cent."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"
