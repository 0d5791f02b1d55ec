"""Filling the forms of `series.sql`: the words that every shorthand is written with.

Belongs here: lists of columns, labels, windows and literals as SQL. Not here: what a shorthand means
(`table_series.py`, `series_sql.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from maxbooster_ops.store.named_sql import named_queries

_FORMS = named_queries(Path(__file__).with_name("series.sql"))

BEAT_JITTER = timedelta(milliseconds=500)
"""How much shorter than it is called a window is laid, so that the beat as old as it is long falls outside."""

S = TypeVar("S")


class Windowed(Protocol):
    """A series that may look at some time and at some rows only."""

    @property
    def where(self) -> str:
        """Which rows count."""

    @property
    def window(self) -> timedelta | None:
        """Over which time a value goes; None for a moment."""

    @property
    def look_back(self) -> timedelta:
        """How far before its moment a value reads."""


def value_columns(series: int) -> list[str]:
    """Name the columns in which a query of so many series answers their values."""
    return ["value"] if series == 1 else [f"value {number}" for number in range(series)]


def named_values(series: int) -> str:
    """Give the values of a form that numbers them from 0 their names in the answer."""
    return ", ".join(f'"value {number}" AS "{name}"' for number, name in enumerate(value_columns(series)))


def columns_of(asked: Sequence[S], columns: Callable[[S, int], str]) -> str:
    """List the columns that each series needs, given its number."""
    return ", ".join(columns(one, number) for number, one in enumerate(asked))


def any_where(asked: Iterable[Windowed]) -> str:
    """Give the condition of a row that is of any of the series."""
    return " OR ".join(dict.fromkeys(f"({one.where})" for one in asked))


def look_back_ms(asked: Iterable[Windowed]) -> int:
    """Give how far back the series that reads farthest does."""
    return milliseconds(max(one.look_back for one in asked))


def window_clause(asked: Iterable[Windowed], partition: str = "") -> str:
    """Give the clause that names the windows; nothing where no series has one."""
    named = {
        window_name(one.window): f"{partition}ORDER BY ts RANGE BETWEEN "
        f"INTERVAL {milliseconds(one.window - BEAT_JITTER)} MILLISECOND PRECEDING AND CURRENT ROW"
        for one in asked
        if one.window
    }
    return "WINDOW " + ", ".join(f"{name} AS ({window})" for name, window in named.items()) if named else ""


def window_name(window: timedelta | None) -> str:
    """Name a window of that length."""
    return f"lately_{milliseconds(window or timedelta())}"


def filled(form: str, **words: object) -> str:
    """Fill a form without its comments; what is filled in is the rule file's own SQL and is checked as a whole."""
    lines = (line for line in _FORMS[form].splitlines() if not line.startswith("--"))
    return "\n".join(lines).format(**words)


def named_labels(labels: Mapping[str, str]) -> str:
    """Give ts and each label as a text column; an absent label is the empty text."""
    return ", ".join(
        ["ts", *(f"""coalesce(CAST({sql} AS VARCHAR), '') AS "{name}\"""" for name, sql in labels.items())]
    )


def listed_labels(labels: Mapping[str, str]) -> str:
    """Name the labels, each after a comma."""
    return "".join(f', "{name}"' for name in labels)


def partition_by(labels: Mapping[str, str]) -> str:
    """Give the part of a window that keeps label sets apart."""
    names = ", ".join(f'"{name}"' for name in labels)
    return f"PARTITION BY {names} " if names else ""


def literals(names: Iterable[str]) -> str:
    """Give texts as SQL has them."""
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)


def milliseconds(duration: timedelta) -> int:
    """Give a duration in whole milliseconds."""
    return round(duration / timedelta(milliseconds=1))
