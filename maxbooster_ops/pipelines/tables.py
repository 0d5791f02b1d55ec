"""Tables as Dagster shows them: Markdown whose numbers can be compared.

Belongs here: how a value reads in a cell. Not here: which rows there are, and Markdown itself (`markdown.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from maxbooster_ops.markdown import table


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give rows as a Markdown table; numbers stand right, None is a dash, text is text and never markup.

    Whole numbers are exact, others have six digits.
    """
    listed = [tuple(row) for row in rows]
    numeric = {place for place in range(len(columns)) if any(_is_number(row[place]) for row in listed)}
    return table(columns, (tuple(map(_cell, row)) for row in listed), right=numeric)


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
