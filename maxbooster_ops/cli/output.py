"""How commands print: tables for people, JSON for machines.

Belongs here: consoles, tables and how a value reads. Not here: what is printed.
Text that comes from the platform is printed as text, never as markup.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from maxbooster_ops import plain_values

_PIPE_COLUMNS = 240
"""Nobody wraps a pipe: a table gets the width that it needs, up to this."""

_FOLDABLE_COLUMNS = 6

console = Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS)
errors = Console(stderr=True)

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document; dataclasses become objects, times ISO 8601, NaN and infinities null."""
    text = json.dumps(plain(value), indent=indent, ensure_ascii=False, allow_nan=False)
    # Half of a character pair stands in strings alone, and only escaped can it be printed.
    text = _HALF_A_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    print(text)  # noqa: T201 -- not through rich, which would wrap and colour it


def json_text(value: Any) -> str:
    """Give a plain value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Turn a value into what JSON has; times are ISO 8601, durations and all else their text."""
    return plain_values.plain(value, _scalar)


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def print_text(text: object) -> None:
    """Print a sentence or a path as it is, whatever stands in it and however long it is."""
    console.print(str(text), markup=False, highlight=False, soft_wrap=True)


def print_warning(text: object) -> None:
    """Tell on standard error what is wrong beside the answer."""
    errors.print(str(text), style="yellow", markup=False, highlight=False, soft_wrap=True)


def print_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers stand right and whole, None is a dash, a `Text` keeps its style."""
    if title:  # not the table's own title, which would be wrapped to a narrow table's width
        console.print(title, style="bold", markup=False, highlight=False)
    table = Table(header_style="bold cyan", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    listed = [tuple(row) for row in rows]
    for number, name in enumerate(columns):
        numeric = any(isinstance(row[number], int | float | timedelta) for row in listed)
        table.add_column(name, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    for row in listed:
        table.add_row(*(value if isinstance(value, Text) else Text(shown(value)) for value in row))
    console.print(table)


def print_answer(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
    """Print an answer of any shape: a table where it fits the terminal, else each row as a block of lines."""
    widths = [max(cell_len(row[number] or "–") for row in [columns, *rows]) for number in range(len(columns))]
    # A single broad column folds well; broken in many, nobody can read a word.
    if len(columns) <= _FOLDABLE_COLUMNS or sum(widths) + len(widths) <= console.width:
        print_table(None, columns, rows)
        return
    for number, row in enumerate(rows, start=1):
        print_lines(f"row {number}", zip(columns, row, strict=True))


def print_lines(title: str, lines: Iterable[tuple[str, object]]) -> None:
    """Print names with their values, one a line; None is a dash."""
    console.print(title, style="bold", markup=False, highlight=False)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in lines:
        grid.add_row(Text(name, style="cyan"), value if isinstance(value, Text) else Text(shown(value)))
    console.print(grid)


def shown(value: object) -> str:
    """Give a value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) < 1e6 else f"{value:,.0f}"  # noqa: PLR2004 -- beyond, tenths are noise
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, timedelta):
        return _duration(value)
    return str(value)


def milliseconds(value: float | None) -> timedelta | None:
    """Take milliseconds as a duration, which is shown in the unit that reads best."""
    return None if value is None else timedelta(milliseconds=value)


def _duration(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 120:  # noqa: PLR2004 -- two minutes
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 -- tenths matter below ten
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    return f"{minutes} min" if hours < 2 else f"{hours} h {minutes % 60} min"  # noqa: PLR2004 -- two hours
