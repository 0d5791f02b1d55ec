"""What a rule is: a series, a condition on it, how long it must hold, and what to tell people.

Belongs here: the types. Not here: reading them from files (`rulebook/`), evaluating them (`evaluating/`).
"""

from __future__ import annotations

import json
import operator
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Labels = Mapping[str, str]
"""What tells one series of a rule from another: `{"queue": "forecast"}`."""


def labels_key(labels: Labels) -> str:
    """Give the one text that stands for these labels: JSON with sorted names."""
    return json.dumps(dict(labels), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Severity(IntEnum):
    """How bad it is; the order is that of urgency. Figures: spec, alerts, "Severity, level, response"."""

    INFO = 0
    WARNING = 1
    ERROR = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """The name that users write: `critical`."""
        return self.name.lower()

    @property
    def priority(self) -> str | None:
        """`P0` to `P2`; None for info."""
        return {3: "P0", 2: "P1", 1: "P2"}.get(self.value)

    @property
    def response(self) -> timedelta | None:
        """How soon somebody must have acknowledged it before it goes up a level; None where nobody must."""
        minutes = {3: 5, 2: 15, 1: 60}.get(self.value)
        return None if minutes is None else timedelta(minutes=minutes)

    @property
    def cooldown(self) -> timedelta:
        """How long the same alert is not sent again, unless it gets worse or resolves."""
        return timedelta(minutes={3: 15, 2: 15, 1: 30, 0: 60}[self.value])


class Comparison(Enum):
    """How a value is held against the threshold."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    EQUAL = "=="
    UNEQUAL = "!="


_OPERATORS = {
    Comparison.ABOVE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
    Comparison.BELOW: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.EQUAL: operator.eq,
    Comparison.UNEQUAL: operator.ne,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`value comparison threshold`."""

    comparison: Comparison
    threshold: float

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell for each value whether the condition holds; NaN never satisfies it."""
        held = _OPERATORS[self.comparison](values, self.threshold) & ~np.isnan(values)
        return np.asarray(held, dtype=np.bool_)

    def __str__(self) -> str:
        return f"{self.comparison.value} {self.threshold:g}"


class Shorthand(Protocol):
    """A series in a form that can be asked together with others (`rulebook/series_sql.py`)."""

    @property
    def kinship(self) -> Hashable:
        """Tell which series it can be asked together with: those of which this is the same."""

    def sql(self, *kin: Any) -> str:
        """Give its query; with `kin`, one that answers all of them, each in a column of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesQuery:
    """Where a rule's samples come from.

    `sql` answers `ts, value` and a column per label for `$from <= ts < $to`, one row per label set and moment at most.
    A `builtin` series has no SQL: the evaluation itself supplies it (see `evaluating/builtin_series.py`). `tables` are
    the lake tables that must exist. `look_back` is how far before `$from` the SQL reads; None where that is not known.
    Where the SQL was made of a `shorthand`, that can ask together with others what `sql` asks alone.
    """

    sql: str | None = None
    shorthand: Shorthand | None = None
    builtin: str | None = None
    tables: tuple[str, ...] = ()
    look_back: timedelta | None = None


DEFAULT_ORIGIN = "default"
"""The origin of a rule that the product brings; another rule's is its file."""

BUILTINS = ("collection_age_seconds", "job_failed", "channel_failing_seconds", "circuit_breaker_open", "faults_left")
"""The names that `SeriesQuery.builtin` may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Durations are zero where the file says nothing.

    `stale_after`: age from which a sample no longer speaks for its series (Prometheus: 5 min look-back).
    `consecutive`: samples in a row that must breach. `repeat_every` replaces the severity's cooldown.
    `immediate`: escalated to the highest level as soon as it fires. `component` is what alerts are grouped by.
    """

    name: str
    title: str
    severity: Severity
    component: str
    series: SeriesQuery
    condition: Condition
    summary: str
    description: str
    runbook: str
    for_: timedelta = timedelta()
    keep_firing_for: timedelta = timedelta()
    stale_after: timedelta = timedelta(minutes=5)
    consecutive: int = 1
    repeat_every: timedelta | None = None
    immediate: bool = False
    value_name: str = "value"
    unit: str = ""
    labels: Labels = field(default_factory=dict)
    origin: str = DEFAULT_ORIGIN
