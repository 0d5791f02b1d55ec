"""From a shorthand for a rule's series to the SQL that answers it, alone or together with its kin.

Belongs here: the shorthands on metrics pages, and which shorthands there are. Not here: the one on tables
(`table_series.py`), reading them from a file (`rule_entry.py`), running the SQL (`evaluating/series_reading.py`). The
text of every form is in `series.sql`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from maxbooster_ops.alerting.rulebook.series_forms import (
    BEAT_JITTER,
    any_where,
    columns_of,
    filled,
    listed_labels,
    literals,
    look_back_ms,
    milliseconds,
    named_labels,
    named_values,
    value_columns,
    window_clause,
    window_name,
)
from maxbooster_ops.alerting.rulebook.table_series import TableSeries

_FORMER_PAGE = timedelta(minutes=10)

_GROWN = "coalesce(increase, CASE WHEN before >= ts - INTERVAL 10 MINUTE THEN value END)"
"""Of a counter's row: by how much it grew; where it came to be since the page before, all of it."""


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

    @property
    def kinship(self) -> Hashable:
        """Which series it can be asked together with: those that differ in the histogram alone."""
        return "histogram", self.quantile, self.where, self.window, *self.labels.items()

    def sql(self, *kin: HistogramSeries) -> str:
        """Give the query; with `kin`, one that answers all of them."""
        asked = (self, *kin)
        names = [(number, f"{name}_bucket") for number, one in enumerate(asked) for name in one.histograms]
        return filled(
            "histogram_quantiles",
            labels=listed_labels(self.labels),
            named_labels=named_labels(self.labels),
            histograms=", ".join(f"({number}, {literals([name])})" for number, name in names),
            names=literals(name for _, name in names),
            values=", ".join(
                f'max(quantile) FILTER ("asked as" = {number}) AS "{name}"'
                for number, name in enumerate(value_columns(len(asked)))
            ),
            quantile=self.quantile,
            where=self.where,
            look_back_ms=look_back_ms(asked),
            window_ms=milliseconds(self.window - BEAT_JITTER),
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

    @property
    def kinship(self) -> Hashable:
        """Which series it can be asked together with: all of its form."""
        return "events"

    def sql(self, *kin: EventSeries) -> str:
        """Give the query; with `kin`, one that answers all of them."""
        asked = (self, *kin)
        return filled(
            "events",
            events=columns_of(asked, EventSeries._growth if kin else EventSeries._own_growth),
            names=literals(name for one in asked for name in one.counters),
            where=any_where(asked),
            values=columns_of(asked, EventSeries._value),
            named_values=named_values(len(asked)),
            windows=window_clause(asked),
            look_back_ms=look_back_ms(asked),
        )

    def _own_growth(self, number: int) -> str:
        return f'sum({_GROWN}) AS "events {number}"'

    def _growth(self, number: int) -> str:
        mine = f"name IN ({literals(self.counters)}) AND ({self.where})"
        return f'sum({_GROWN}) FILTER ({mine}) AS "events {number}"'

    def _value(self, number: int) -> str:
        return f'sum(coalesce("events {number}", 0)) OVER {window_name(self.window)} AS "value {number}"'


Shorthand = TableSeries | HistogramSeries | EventSeries
