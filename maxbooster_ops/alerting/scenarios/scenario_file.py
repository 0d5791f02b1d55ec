"""Scenario files, as `maxbooster-ops rules test` takes them: YAML text in, scenarios out.

Belongs here: the fields of the file and what is wrong with them. Not here: playing a scenario (`scenario.py`). What
each field means for users stands in `docs/scenarios.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from maxbooster_ops.alerting.alert import AlertState
from maxbooster_ops.alerting.dispatching.decision import Reason
from maxbooster_ops.alerting.dispatching.policy import LEAST_LEVEL
from maxbooster_ops.alerting.dispatching.silence import Matcher, Silence, parse_matcher
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.alerting.scenarios.expectation import Expectation, ExpectedAlert, ExpectedHold, Named
from maxbooster_ops.alerting.scenarios.scenario import (
    STARTS,
    Acknowledgement,
    RuleSeries,
    Scenario,
    TableColumn,
    Values,
)
from maxbooster_ops.alerting.scenarios.series_notation import expand
from maxbooster_ops.durations import Duration
from maxbooster_ops.errors import SettingsError, UsageError
from maxbooster_ops.user_files import Entry, read_lists, sentence_of


class ScenarioFileError(SettingsError):
    """A scenario file cannot be used."""


def read_scenarios(file: Path) -> list[Scenario]:
    """Read the scenarios of `file`. Raises `ScenarioFileError` with the line, what was found and what was expected."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ScenarioFileError(f"{file}: it cannot be read: {error}. Expected a YAML file of scenarios.") from error
    lists, flaws = read_lists(text, "scenarios")
    for flaw in flaws:
        raise _refused(file, flaw.line, flaw.sentence)
    if not lists["scenarios"]:
        raise _refused(file, 1, "it holds no scenario. Expected `scenarios:` with a list of entries below it")
    return [_scenario(file, entry) for entry in lists["scenarios"]]


def _scenario(file: Path, entry: Entry) -> Scenario:
    try:
        return _Scenario.model_validate(entry.fields).scenario(file.parent)
    except ValidationError as error:
        sentence, at = sentence_of(error, entry.fields, known=_FIELDS, noun="a scenario")
        raise _refused(file, entry.line(at), sentence) from None


def _refused(file: Path, line: int, sentence: str) -> ScenarioFileError:
    return ScenarioFileError(f"{file} line {line}: {sentence}. Correct the file and run the test again.")


def _values(value: object) -> Values:
    if not isinstance(value, str):
        # YAML reads 0x3 as a number to the base of sixteen, and nobody would notice.
        raise ValueError('must stand in quotes, such as "0+10x5 _ 3x4"')  # noqa: TRY004 -- pydantic takes no other
    return expand(value)


def _matcher(value: object) -> Matcher:
    try:
        return parse_matcher(str(value))
    except UsageError as error:
        raise ValueError(str(error).rstrip(".")) from None


def _severity(value: object) -> Severity:
    words = {severity.word: severity for severity in Severity}
    if value not in words:
        raise ValueError(f"is no severity. Expected one of {', '.join(words)}")
    return words[str(value)]


def _as_named(value: object) -> object:
    """Take `queue_backlog{queue="forecast"}` apart; other forms are left as they are."""
    if not isinstance(value, str):
        return value
    named = Named.parse(value)
    return {"rule": named.rule, "labels": dict(named.labels)}


_SeverityWord = Annotated[Severity, PlainValidator(_severity)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _Series(_Fields):
    values: Annotated[Values, PlainValidator(_values)]
    rule: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    table: str | None = None
    column: str | None = None
    row: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.rule is None) is (self.table is None and self.column is None):
            raise ValueError("is of no kind. Expected either `rule`, or `table` and `column`")
        if self.rule is None and (self.table is None or self.column is None):
            raise ValueError("is of a table. Expected both `table` and `column`")
        return self

    def given(self) -> RuleSeries | TableColumn:
        if self.rule is not None:
            return RuleSeries(rule=self.rule, labels=self.labels, values=self.values)
        return TableColumn(table=self.table or "", column=self.column or "", row=self.row, values=self.values)


class _Silence(_Fields):
    matchers: list[Annotated[Matcher, PlainValidator(_matcher)]] = Field(min_length=1)
    until: Duration
    after: Duration = timedelta()
    reason: str = "scenario"
    maintenance: bool = False

    def silence(self, starts: datetime, number: int) -> Silence:
        return Silence(
            id=f"silence-{number}",
            matchers=tuple(self.matchers),
            starts_at=starts + self.after,
            ends_at=starts + self.until,
            reason=self.reason,
            author="scenario",
            maintenance=self.maintenance,
        )


class _Named(_Fields):
    """An alert, as `{rule: …, labels: …}` or `rule{label="value"}`."""

    rule: str
    labels: dict[str, str] = Field(default_factory=dict)

    def named(self) -> Named:
        return Named(rule=self.rule, labels=self.labels)


_AlertName = Annotated[_Named, BeforeValidator(_as_named)]


class _Acknowledgement(_Fields):
    after: Duration
    alert: _AlertName
    by: str = "scenario"

    def given(self) -> Acknowledgement:
        return Acknowledgement(after=self.after, named=self.alert.named(), by=self.by)


class _Alert(_Fields):
    alert: _AlertName
    state: AlertState = AlertState.FIRING
    severity: _SeverityWord | None = None
    level: _SeverityWord | None = None

    def expected(self) -> ExpectedAlert:
        return ExpectedAlert(named=self.alert.named(), state=self.state, severity=self.severity, level=self.level)


class _Hold(_Fields):
    alert: _AlertName
    reason: Reason
    channel: str | None = None

    def expected(self) -> ExpectedHold:
        return ExpectedHold(named=self.alert.named(), reason=self.reason, channel=self.channel)


class _Point(_Fields):
    after: Duration
    alerts: list[_Alert] | None = None
    routes: dict[str, list[_AlertName]] = Field(default_factory=dict)
    held: list[_Hold] = Field(default_factory=list)

    def expected(self) -> Expectation:
        return Expectation(
            after=self.after,
            alerts=None if self.alerts is None else tuple(alert.expected() for alert in self.alerts),
            routes={channel: tuple(each.named() for each in told) for channel, told in self.routes.items()},
            held=tuple(hold.expected() for hold in self.held),
        )


class _Scenario(_Fields):
    """One scenario as written."""

    name: str = Field(min_length=1)
    at: list[_Point] = Field(min_length=1)
    series: list[_Series] = Field(min_length=1)
    rule_files: list[str] = Field(default_factory=list)
    starts: AwareDatetime = STARTS
    interval: Duration = timedelta(seconds=30)
    channels: list[str] = Field(default_factory=lambda: list(LEAST_LEVEL))
    silences: list[_Silence] = Field(default_factory=list)
    acknowledgements: list[_Acknowledgement] = Field(default_factory=list)

    @model_validator(mode="after")
    def _on_moments(self) -> Self:
        if self.interval < timedelta(seconds=1):
            raise ValueError("`interval` is too short. Expected a second or more")
        for after in (*(point.after for point in self.at), *(each.after for each in self.acknowledgements)):
            if after % self.interval:
                raise ValueError(f"`after` {after} is no multiple of the interval {self.interval}")
        return self

    def scenario(self, folder: Path) -> Scenario:
        given = [series.given() for series in self.series]
        return Scenario(
            name=self.name,
            starts=self.starts,
            interval=self.interval,
            rule_files=tuple(folder / name for name in self.rule_files),
            channels=tuple(self.channels),
            series=tuple(each for each in given if isinstance(each, RuleSeries)),
            columns=tuple(each for each in given if isinstance(each, TableColumn)),
            silences=tuple(each.silence(self.starts, number) for number, each in enumerate(self.silences, 1)),
            acknowledgements=tuple(each.given() for each in self.acknowledgements),
            expectations=tuple(sorted((point.expected() for point in self.at), key=lambda each: each.after)),
        )


_MODELS: tuple[type[_Fields], ...] = (_Scenario, _Series, _Silence, _Named, _Acknowledgement, _Point, _Alert, _Hold)
_FIELDS: Mapping[str, None] = {name: None for model in _MODELS for name in model.model_fields}
