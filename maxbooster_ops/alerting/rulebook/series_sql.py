"""From a shorthand for a rule's series to the SQL that answers it.

Belongs here: the shorthands and what each becomes. Not here: reading them from a file (`rule_entry.py`), running the
SQL (`series_reading.py`). The text of every form is in `series.sql`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from maxbooster_ops.store.named_sql import named_queries

_FORMS = named_queries(Path(__file__).with_name("series.sql"))

KNOWN_LATER = frozenset({"probe_results", "queue_jobs", "ai_cache_evictions"})
"""Tables whose `ts` is when something happened; the beat that saw it came later."""

_BEAT_JITTER = timedelta(milliseconds=500)
_FORMER_PAGE = timedelta(minutes=10)

_WINDOW_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Aggregate(StrEnum):
    """How the rows of one moment, or of a window, become one value."""

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    LAST = "last"
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"


_OF_ROWS = {
    Aggregate.AVG: "avg(value)",
    Aggregate.MIN: "min(value)",
    Aggregate.MAX: "max(value)",
    Aggregate.SUM: "sum(value)",
    Aggregate.COUNT: "count(value)",
    Aggregate.LAST: "last(value)",
    **{Aggregate(name): f"quantile_cont(value, {quantile})" for name, quantile in _WINDOW_QUANTILES.items()},
}
_OF_WINDOW = {
    Aggregate.AVG: "sum(total) OVER lately / sum(rows) OVER lately",
    Aggregate.MIN: "min(least) OVER lately",
    Aggregate.MAX: "max(most) OVER lately",
    Aggregate.SUM: "sum(total) OVER lately",
    Aggregate.COUNT: "sum(rows) OVER lately",
    Aggregate.LAST: "last_value(newest IGNORE NULLS) OVER lately",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSeries:
    """A column, or an expression, of a table: at each moment, or over the `window` that ends there.

    With `percent_of`, the sum of `value` in per cent of the sum of that expression, which counts as `at_least` so many:
    a share of nothing is 0 %.
    """

    table: str
    value: str
    labels: Mapping[str, str]
    where: str
    aggregate: Aggregate
    window: timedelta | None = None
    percent_of: str | None = None
    at_least: float = 1

    @property
    def look_back(self) -> timedelta:
        """How far before its moment a value reads."""
        return self.window or timedelta()

    def sql(self) -> str:
        """Give the query."""
        form = "late_table_rows" if self.table in KNOWN_LATER else "table_rows"
        rows = _filled(
            form,
            named_labels=_named(self.labels),
            value=self.value,
            whole=self.percent_of or "NULL",
            table=self.table,
            look_back_ms=_milliseconds(self.look_back),
            where=self.where,
        )
        if self.window is None:
            return _filled("moments", labels=_listed(self.labels), value=self._of_rows(), rows=rows)
        window = {
            "labels": _listed(self.labels),
            "partition": _partition(self.labels),
            "window_ms": _milliseconds(self.window - _BEAT_JITTER),
            "rows": rows,
        }
        if quantile := _WINDOW_QUANTILES.get(self.aggregate):
            return _filled("window_quantiles", quantile=quantile, **window)
        return _filled("windows", value=self._of_window(), **window)

    def _of_rows(self) -> str:
        if self.percent_of:
            return f"100.0 * sum(value) / greatest(sum(whole), {self.at_least})"
        return _OF_ROWS[self.aggregate]

    def _of_window(self) -> str:
        if self.percent_of:
            return f"100.0 * sum(total) OVER lately / greatest(sum(whole) OVER lately, {self.at_least})"
        return _OF_WINDOW[self.aggregate]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramSeries:
    """A quantile of a histogram of the metrics pages, over the observations of a window."""

    histograms: tuple[str, ...]
    quantile: float
    labels: Mapping[str, str]
    where: str
    window: timedelta

    @property
    def look_back(self) -> timedelta:
        """How far before its moment a value reads."""
        return self.window

    def sql(self) -> str:
        """Give the query."""
        return _filled(
            "histogram_quantiles",
            labels=_listed(self.labels),
            named_labels=_named(self.labels),
            names=_literals(f"{name}_bucket" for name in self.histograms),
            quantile=self.quantile,
            where=self.where,
            look_back_ms=_milliseconds(self.look_back),
            window_ms=_milliseconds(self.window - _BEAT_JITTER),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSeries:
    """How often something happened within a window, by counters of the metrics pages, all of them together."""

    counters: tuple[str, ...]
    where: str
    window: timedelta

    @property
    def look_back(self) -> timedelta:
        """How far before its moment a value reads."""
        return self.window + _FORMER_PAGE

    def sql(self) -> str:
        """Give the query."""
        return _filled(
            "events",
            names=_literals(self.counters),
            where=self.where,
            look_back_ms=_milliseconds(self.look_back),
            window_ms=_milliseconds(self.window - _BEAT_JITTER),
        )


Shorthand = TableSeries | HistogramSeries | EventSeries


def _filled(form: str, **words: object) -> str:
    """Fill a form without its comments; what is filled in is the rule file's own SQL and is checked as a whole."""
    lines = (line for line in _FORMS[form].splitlines() if not line.startswith("--"))
    return "\n".join(lines).format(**words)


def _named(labels: Mapping[str, str]) -> str:
    """Give ts and each label as a text column; an absent label is the empty text."""
    return ", ".join(
        ["ts", *(f"""coalesce(CAST({sql} AS VARCHAR), '') AS "{name}\"""" for name, sql in labels.items())]
    )


def _listed(labels: Mapping[str, str]) -> str:
    return "".join(f', "{name}"' for name in labels)


def _partition(labels: Mapping[str, str]) -> str:
    names = ", ".join(f'"{name}"' for name in labels)
    return f"PARTITION BY {names} " if names else ""


def _literals(names: Iterable[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)


def _milliseconds(duration: timedelta) -> int:
    return round(duration / timedelta(milliseconds=1))
