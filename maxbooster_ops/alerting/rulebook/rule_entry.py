"""What an entry of a rule file means: its fields, their bounds, and the rule that they make.

Belongs here: one entry. Not here: files and which of two entries wins (`rule_file.py`, `rulebook.py`), whether the SQL
is any good (`lake_schema.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from maxbooster_ops.alerting.rule import BUILTINS, Comparison, Condition, Rule, SeriesQuery, Severity
from maxbooster_ops.alerting.rulebook.runbooks import is_runbook, runbook_names
from maxbooster_ops.alerting.rulebook.series_sql import EventSeries, HistogramSeries, Shorthand
from maxbooster_ops.alerting.rulebook.table_series import Aggregate, TableSeries
from maxbooster_ops.analysis.thresholds import Limits
from maxbooster_ops.durations import Duration
from maxbooster_ops.user_files import did_you_mean

_LIMIT_NAMES = tuple(Limits.__dataclass_fields__)
_CONDITION = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\S+)\s*")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DEFAULT_WINDOW = timedelta(minutes=5)


def _identifier(text: str) -> str:
    if _IDENTIFIER.fullmatch(text) and text not in {"ts", "value"}:
        return text
    raise ValueError("is no name. Expected letters, digits and underscores, and neither `ts` nor `value`")


def _named_expressions(value: object) -> object:
    """Read `[queue, labels.route, {method: "upper(m)"}]` or one mapping as expressions by label name."""
    if isinstance(value, dict):
        return value
    named: dict[str, str] = {}
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            named |= item
        else:
            column, _, key = str(item).partition(".")
            named[key or column] = f"{column}['{key}']" if key else column
    return named


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


SomeTime = Annotated[Duration, Field(gt=timedelta(), le=timedelta(days=31))]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_\-]*$", max_length=100)]
LabelExpressions = Annotated[dict[str, str], BeforeValidator(_named_expressions)]
Words = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_listed)]


class _SeriesEntry(BaseModel):
    """A shorthand: a table, a quantile of a histogram, or counters of events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str | None = None
    histogram: Words | None = None
    events: Words | None = None
    value: str | None = None
    labels: LabelExpressions = Field(default_factory=dict)
    where: str = "true"
    aggregate: Aggregate | None = None
    window: SomeTime | None = None
    percent_of: str | None = None
    at_least: float = Field(default=1, gt=0)
    quantile: float | None = Field(default=None, gt=0, lt=1)

    @field_validator("labels")
    @classmethod
    def _named(cls, labels: dict[str, str]) -> dict[str, str]:
        return {_identifier(name): expression for name, expression in labels.items()}

    @field_validator("table")
    @classmethod
    def _one_table(cls, table: str | None) -> str | None:
        return None if table is None else _identifier(table)

    @model_validator(mode="after")
    def _says_one_thing(self) -> _SeriesEntry:
        kinds = {"table": self._of_table, "histogram": self._of_histogram, "events": self._of_events}
        said = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(said) != 1:
            raise ValueError("must say exactly one of `table`, `histogram` and `events`")
        needed, allowed = kinds[said[0]]
        if missing := needed - self.model_fields_set:
            raise ValueError(f"with `{said[0]}` needs `{min(missing)}`")
        if excess := self.model_fields_set - needed - allowed - {said[0], "where"}:
            raise ValueError(f"with `{said[0]}` takes no `{min(excess)}`")
        return self

    _of_table = ({"value"}, {"labels", "aggregate", "window", "percent_of", "at_least"})
    _of_histogram = ({"quantile"}, {"labels", "window"})
    _of_events = ({"window"}, set[str]())

    def shorthand(self, worst: Aggregate) -> Shorthand:
        """Give the series; where rows share a moment and no aggregate is named, the worst of them counts."""
        window = self.window or _DEFAULT_WINDOW
        if self.histogram and self.quantile:
            return HistogramSeries(
                histograms=self.histogram, quantile=self.quantile, labels=self.labels, where=self.where, window=window
            )
        if self.events:
            return EventSeries(counters=self.events, where=self.where, window=window)
        return TableSeries(
            table=str(self.table),
            value=str(self.value),
            labels=self.labels,
            where=self.where,
            aggregate=self.aggregate or worst,
            window=self.window,
            percent_of=self.percent_of,
            at_least=self.at_least,
        )


class RuleEntry(BaseModel):
    """One rule, as written; the fields of an overridden default are already under it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    enabled: bool = True
    title: str = Field(min_length=1, max_length=200)
    component: Name
    severity: Literal["info", "warning", "error", "critical"]
    series: _SeriesEntry | None = None
    sql: str | None = None
    look_back: Annotated[Duration, Field(ge=timedelta())] | None = None
    builtin: str | None = None
    condition: str
    staging: str | Literal[False] | None = None
    for_: Annotated[Duration, Field(alias="for")] = timedelta()
    keep_firing_for: Duration = timedelta()
    stale_after: SomeTime = timedelta(minutes=5)
    consecutive: int = Field(default=1, ge=1, le=1000)
    repeat_every: SomeTime | None = None
    immediate: bool = False
    value_name: Name = "value"
    unit: str = Field(default="", max_length=20)
    labels: dict[Name, str] = Field(default_factory=dict)
    summary: str = Field(min_length=1, max_length=2000)
    description: str = Field(default="", max_length=5000)
    runbook: str = "first_response"

    @field_validator("condition", "staging")
    @classmethod
    def _readable(cls, text: str | bool | None) -> str | bool | None:  # noqa: FBT001 -- YAML reads `off` as False
        if isinstance(text, str):
            parse_condition(text, dict.fromkeys(_LIMIT_NAMES, 0.0))
        return text

    @field_validator("builtin")
    @classmethod
    def _known_builtin(cls, name: str | None) -> str | None:
        if name is not None and name not in BUILTINS:
            raise ValueError(f"is no builtin series. Expected one of {', '.join(BUILTINS)}")
        return name

    @field_validator("runbook")
    @classmethod
    def _known_runbook(cls, name: str) -> str:
        if not is_runbook(name):
            hint = did_you_mean(
                name, runbook_names(), otherwise="expected a name that `docs/alerting.md` lists, or a URL"
            )
            raise ValueError(f"is no runbook; {hint}")
        return name

    @model_validator(mode="after")
    def _has_one_source(self) -> RuleEntry:
        if sum(source is not None for source in (self.series, self.sql, self.builtin)) != 1:
            raise ValueError(f"`{self.name}` needs exactly one of `series`, `sql` and `builtin`")
        return self

    def is_active(self, *, staging: bool) -> bool:
        """Tell whether the rule is evaluated in this environment."""
        return self.enabled and not (staging and self.staging is False)

    def rule(self, limits: Limits, *, staging: bool, origin: str) -> Rule:
        """Make the rule with the thresholds in force; its tables are not known yet."""
        text = self.staging if staging and isinstance(self.staging, str) else self.condition
        condition = parse_condition(text, {name: float(getattr(limits, name)) for name in _LIMIT_NAMES})
        return Rule(
            name=self.name,
            title=self.title,
            severity=Severity[self.severity.upper()],
            component=self.component,
            series=self._query(condition),
            condition=condition,
            summary=self.summary,
            description=self.description or self.summary,
            runbook=self.runbook,
            for_=self.for_,
            keep_firing_for=self.keep_firing_for,
            stale_after=self.stale_after,
            consecutive=self.consecutive,
            repeat_every=self.repeat_every,
            immediate=self.immediate,
            value_name=self.value_name,
            unit=self.unit,
            labels=self.labels,
            origin=origin,
        )

    def label_names(self) -> tuple[str, ...] | None:
        """Name the labels that its alerts have; None where only its SQL knows."""
        if self.sql is not None or self.builtin is not None:
            return None
        return (*self.labels, *(self.series.labels if self.series else ()))

    def _query(self, condition: Condition) -> SeriesQuery:
        if self.series is None:
            return SeriesQuery(sql=self.sql, builtin=self.builtin, look_back=self.look_back)
        low_is_bad = condition.comparison in {Comparison.BELOW, Comparison.AT_MOST}
        shorthand = self.series.shorthand(Aggregate.MIN if low_is_bad else Aggregate.MAX)
        return SeriesQuery(sql=shorthand.sql(), shorthand=shorthand, look_back=shorthand.look_back)


def parse_condition(text: str, limits: Mapping[str, float]) -> Condition:
    """Read `> 100` or `> queue_waiting`; raises ValueError that says what was expected."""
    found = _CONDITION.fullmatch(text)
    if not found:
        raise ValueError("is no condition. Expected one of > >= < <= == != and a number or the name of a limit")
    comparison, threshold = found.groups()
    if threshold in limits:
        return Condition(comparison=Comparison(comparison), threshold=limits[threshold])
    try:
        return Condition(comparison=Comparison(comparison), threshold=float(threshold))
    except ValueError:
        hint = did_you_mean(threshold, limits, otherwise=f"expected one of {', '.join(limits)}")
        raise ValueError(f"holds `{threshold}`, which is neither a number nor a limit; {hint}") from None


def known_fields() -> tuple[str, ...]:
    """Name every field that an entry may have."""
    return tuple(field.alias or name for name, field in RuleEntry.model_fields.items())


def laid_over(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lay an override over a rule's fields: what it gives replaces what was there, a new source every other source.

    A new `condition` also ends the old `staging`, which was a stricter form of the old one.
    """
    replaced: set[str] = set()
    if {"series", "sql", "builtin"} & changes.keys():
        replaced |= {"series", "sql", "builtin"}
    if "condition" in changes:
        replaced.add("staging")
    return {name: value for name, value in fields.items() if name not in replaced} | dict(changes)
