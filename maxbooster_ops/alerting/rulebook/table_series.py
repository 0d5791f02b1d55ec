"""A series of a column, or an expression, of one table of the lake.

Belongs here: what of a row, a moment and a window is aggregated. Not here: histograms and events (`series_sql.py`), the
text of the forms (`series.sql`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from maxbooster_ops.alerting.rulebook.series_forms import (
    BEAT_JITTER,
    any_where,
    columns_of,
    filled,
    listed_labels,
    look_back_ms,
    milliseconds,
    named_labels,
    named_values,
    partition_by,
    window_clause,
    window_name,
)

KNOWN_LATER = frozenset({"probe_results", "queue_jobs", "ai_cache_evictions", "tracked_executions"})
"""Tables whose `ts` is when something happened; the beat that saw it came later."""

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


_PARTS = {
    Aggregate.AVG: {"total": "sum({value})", "rows": "count({value})"},
    Aggregate.MIN: {"least": "min({value})"},
    Aggregate.MAX: {"most": "max({value})"},
    Aggregate.SUM: {"total": "sum({value})"},
    Aggregate.COUNT: {"rows": "count({value})"},
    Aggregate.LAST: {"newest": "last({value})"},
}
"""What is kept of the rows of one moment, so that windows can be made of it."""

_OF_WINDOW = {
    Aggregate.AVG: "sum({total}) OVER {window} / sum({rows}) OVER {window}",
    Aggregate.MIN: "min({least}) OVER {window}",
    Aggregate.MAX: "max({most}) OVER {window}",
    Aggregate.SUM: "sum({total}) OVER {window}",
    Aggregate.COUNT: "sum({rows}) OVER {window}",
    Aggregate.LAST: "last_value({newest} IGNORE NULLS) OVER {window}",
}
_OF_MOMENT = {
    **{aggregate: f"{aggregate}({{value}})" for aggregate in _PARTS},
    **{Aggregate(name): f"quantile_cont({{value}}, {quantile})" for name, quantile in _WINDOW_QUANTILES.items()},
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

    @property
    def kinship(self) -> Hashable:
        """Which series it can be asked together with: those of the same table and labels."""
        return self._quantiles() if self._is_quantile_of_rows else ("table", self.table, *self.labels.items())

    def sql(self, *kin: TableSeries) -> str:
        """Give the query; with `kin`, one that answers all of them."""
        if self._is_quantile_of_rows:
            return self._quantiles()
        asked = (self, *kin)
        return filled(
            "table_series",
            labels=listed_labels(self.labels),
            named_values=named_values(len(asked)),
            values=columns_of(asked, TableSeries._value),
            parts=columns_of(asked, TableSeries._parts),
            rows=self._rows(columns_of(asked, TableSeries._columns if kin else TableSeries._own_columns), asked),
            windows=window_clause(asked, partition_by(self.labels)),
        )

    @property
    def _is_quantile_of_rows(self) -> bool:
        return self.window is not None and self.aggregate in _WINDOW_QUANTILES

    def _quantiles(self) -> str:
        return filled(
            "window_quantiles",
            labels=listed_labels(self.labels),
            partition=partition_by(self.labels),
            window_ms=milliseconds((self.window or timedelta()) - BEAT_JITTER),
            quantile=_WINDOW_QUANTILES[self.aggregate],
            rows=self._rows(f"({self.value}) AS value", [self]),
        )

    def _rows(self, columns: str, asked: Sequence[TableSeries]) -> str:
        return filled(
            "late_table_rows" if self.table in KNOWN_LATER else "table_rows",
            named_labels=named_labels(self.labels),
            columns=columns,
            table=self.table,
            look_back_ms=look_back_ms(asked),
            where=any_where(asked),
        )

    def _own_columns(self, number: int) -> str:
        return self._given(number, seen="true")

    def _columns(self, number: int) -> str:
        """Give its values on its own rows only: on another's, its expressions may fail."""
        return self._given(number, seen=f"({self.where})")

    def _given(self, number: int, *, seen: str) -> str:
        sources = {"value": self.value, "whole": self.percent_of}
        given = [f'CASE WHEN {seen} THEN ({sql}) END AS "{name} {number}"' for name, sql in sources.items() if sql]
        return ", ".join([f'{seen} AS "seen {number}"', *given])

    def _parts(self, number: int) -> str:
        seen, value, whole = (f'"{name} {number}"' for name in ("seen", "value", "whole"))
        parts = [
            f'{sql.format(value=value, whole=whole)} FILTER ({seen}) AS "{name} {number}"'
            for name, sql in self._aggregates().items()
        ]
        return ", ".join([f"bool_or({seen}) AS {seen}", *parts])

    def _aggregates(self) -> Mapping[str, str]:
        if self.percent_of:
            return {"total": "sum({value})", "whole": "sum({whole})"}
        return _PARTS[self.aggregate] if self.window else {"all": _OF_MOMENT[self.aggregate]}

    def _value(self, number: int) -> str:
        """Give its value where it was seen: a window also holds something where only another series was."""
        parts = {name: f'"{name} {number}"' for name in self._aggregates()}
        over = f" OVER {window_name(self.window)}" if self.window else ""
        if self.percent_of:
            share = f"100.0 * {{total}}{over} / greatest({{whole}}{over}, {self.at_least})"
            value = share.format(**{name: f"sum({part})" if over else part for name, part in parts.items()})
        elif self.window:
            value = _OF_WINDOW[self.aggregate].format(window=window_name(self.window), **parts)
        else:
            value = parts["all"]
        return f'CASE WHEN "seen {number}" THEN {value} END AS "value {number}"'
