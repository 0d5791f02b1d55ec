"""Scenarios: a made-up past that is played through the same evaluation and dispatch as the real one.

Belongs here: what a scenario is made of, and playing it. Not here: its file (`scenario_file.py`), what was expected of
it (`expectation.py`), or filling a lake for those that bring rows of tables (`scenario_lake.py`). Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from maxbooster_ops.alerting.alert import Alert, Told, Transition
from maxbooster_ops.alerting.dispatching.dispatch import Decision, Recent, dispatch
from maxbooster_ops.alerting.dispatching.policy import Policy
from maxbooster_ops.alerting.dispatching.silence import Silence
from maxbooster_ops.alerting.evaluating import episodes
from maxbooster_ops.alerting.evaluating.engine import advance
from maxbooster_ops.alerting.evaluating.episodes import SeriesKey
from maxbooster_ops.alerting.rule import Labels, Rule, labels_key
from maxbooster_ops.alerting.samples import Floats, Samples
from maxbooster_ops.alerting.scenarios.expectation import Expectation, Named

STARTS = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
"""A Monday noon, where a scenario does not say."""

Values = tuple[float | None, ...]
"""One per interval from the start on; None where there is no sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSeries:
    """A series given to a rule directly, whatever its query."""

    rule: str
    labels: Labels
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """A column of rows of a lake table; `row` is what tells these rows from others: `{queue: forecast}`."""

    table: str
    column: str
    row: Mapping[str, object]
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Somebody takes an alert so long after the start."""

    after: timedelta
    named: Named
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens from `starts` on, and what is expected of it. `rule_files` empty: the rules in force."""

    name: str
    starts: datetime
    interval: timedelta
    rule_files: tuple[Path, ...]
    channels: tuple[str, ...]
    series: tuple[RuleSeries, ...]
    columns: tuple[TableColumn, ...]
    silences: tuple[Silence, ...]
    acknowledgements: tuple[Acknowledgement, ...]
    expectations: tuple[Expectation, ...]

    @property
    def evaluations(self) -> Floats:
        """The moments that are played, in seconds since the epoch: each interval up to the last expectation."""
        last = max((each.after for each in self.expectations), default=timedelta())
        count = last // self.interval + 1
        return self.starts.timestamp() + self.interval.total_seconds() * np.arange(count, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand after one moment of a scenario: every alert so far, and the newest decision on each."""

    at: datetime
    alerts: tuple[Alert, ...]
    decisions: tuple[Decision, ...]


def rule_samples(scenario: Scenario) -> dict[str, list[Samples]]:
    """Give the series that the scenario gives to rules, by rule."""
    given: dict[str, list[Samples]] = defaultdict(list)
    for series in scenario.series:
        numbers = [number for number, value in enumerate(series.values) if value is not None]
        ts = scenario.starts.timestamp() + scenario.interval.total_seconds() * np.array(numbers, dtype=np.float64)
        values = np.array([series.values[number] for number in numbers], dtype=np.float64)
        given[series.rule].append(Samples(labels=series.labels, ts=ts, values=values))
    return dict(given)


def play(
    scenario: Scenario, rules: Sequence[Rule], policy: Policy, series: Mapping[str, Sequence[Samples]]
) -> Iterator[Standing]:
    """Play every moment in turn: evaluate, begin and end alerts, acknowledge, dispatch."""
    by_name = {rule.name: rule for rule in rules}
    labelled = [
        (rule, replace(samples, labels={**rule.labels, **samples.labels}))
        for rule in rules
        for samples in series.get(rule.name, ())
    ]
    transitions = _transitions(labelled, scenario.evaluations)
    alerts: dict[str, Alert] = {}
    recent: list[Recent] = []

    def told_before(rule: str, labels: Labels) -> Mapping[str, Told]:
        return _told_before(alerts.values(), rule, labels)

    for moment in scenario.evaluations.tolist():
        now = datetime.fromtimestamp(moment, UTC)
        followed = episodes.follow(
            list(alerts.values()),
            transitions[now],
            rules=by_name,
            values=_values(labelled, moment),
            told_before=told_before,
        )
        alerts.update(_by_id((*followed.begun, *followed.changed)))
        alerts.update(_by_id(_acknowledged(scenario, list(alerts.values()), now)))
        decided = dispatch(list(alerts.values()), scenario.silences, policy, recent, now)
        alerts.update(_by_id(decided.alerts))
        recent += [Recent(channel=sent.channel, group=sent.group, at=now) for sent in decided.messages]
        yield Standing(at=now, alerts=tuple(alerts.values()), decisions=decided.decisions)


def _by_id(alerts: Iterable[Alert]) -> dict[str, Alert]:
    return {alert.id: alert for alert in alerts}


def _transitions(series: Iterable[tuple[Rule, Samples]], evaluations: Floats) -> Mapping[datetime, list[Transition]]:
    by_moment: dict[datetime, list[Transition]] = defaultdict(list)
    for rule, samples in series:
        _, transitions = advance(rule, None, samples, evaluations)
        for transition in transitions:
            by_moment[transition.at].append(transition)
    return by_moment


def _values(series: Iterable[tuple[Rule, Samples]], moment: float) -> dict[SeriesKey, float | None]:
    """Give the newest value of each series."""
    newest = ((rule, samples, int(samples.ts.searchsorted(moment, side="right"))) for rule, samples in series)
    return {
        (rule.name, labels_key(samples.labels)): float(samples.values[count - 1]) if count else None
        for rule, samples, count in newest
    }


def _told_before(alerts: Iterable[Alert], rule: str, labels: Labels) -> dict[str, Told]:
    """Give what was told of the last episode of this series."""
    earlier = [alert for alert in alerts if alert.rule == rule and alert.labels == labels]
    last = max(earlier, key=lambda alert: alert.since, default=None)
    return {channel: replace(told, resolved=True) for channel, told in last.told.items()} if last else {}


def _acknowledged(scenario: Scenario, alerts: Iterable[Alert], now: datetime) -> Iterator[Alert]:
    """Give the open alerts that somebody takes at this very moment."""
    for each in scenario.acknowledgements:
        if scenario.starts + each.after == now:
            taken = [alert for alert in alerts if each.named.is_of(alert) and alert.resolved_at is None]
            yield from (replace(alert, acknowledged_at=now, acknowledged_by=each.by) for alert in taken)
