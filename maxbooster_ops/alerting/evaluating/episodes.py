"""From transitions to alerts: an episode begins when a series fires and ends when it resolves.

Belongs here: what a transition does to the alerts. Not here: whether a series fires (`engine.py`), or who is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from maxbooster_ops.alerting.alert import Alert, Change, Told, Transition
from maxbooster_ops.alerting.rule import Labels, Rule, labels_key
from maxbooster_ops.alerting.rulebook.texts import render

SeriesKey = tuple[str, str]
"""A rule's name and the key of a label set."""

ToldBefore = Callable[[str, Labels], Mapping[str, Told]]


def series_of(alert: Alert) -> SeriesKey:
    """Name the series that an alert is an episode of."""
    return alert.rule, labels_key(alert.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """The alerts after some transitions. `ids` is, for each transition in turn, the episode that it belongs to."""

    begun: tuple[Alert, ...]
    changed: tuple[Alert, ...]
    ids: tuple[str | None, ...]


def follow(
    alerts: Sequence[Alert],
    transitions: Sequence[Transition],
    *,
    rules: Mapping[str, Rule],
    values: Mapping[SeriesKey, float | None],
    told_before: ToldBefore,
) -> Episodes:
    """Apply `transitions`, in their order, to the open ones among `alerts`, then give each its newest value.

    An alert that a person resolved stays so: its series must resolve and fire again to begin another.
    """
    now = {series_of(alert): alert for alert in alerts if alert.resolved_at is None}
    before = {alert.id: alert for alert in now.values()}
    ended: list[Alert] = []
    ids: list[str | None] = []
    for transition in transitions:
        key = transition.rule, labels_key(transition.labels)
        if transition.change is Change.FIRING:
            now[key] = begin(rules[transition.rule], transition, told=told_before(transition.rule, transition.labels))
        elif key in now:
            now[key] = _changed(now[key], transition)
        ids.append(now[key].id if key in now else None)
        if transition.change is Change.RESOLVED and key in now:
            ended.append(now.pop(key))
    current = [_with_value(alert, rules.get(alert.rule), values.get(key)) for key, alert in now.items()]
    everyone = [*ended, *current]
    return Episodes(
        begun=tuple(alert for alert in everyone if alert.id not in before),
        changed=tuple(alert for alert in everyone if alert.id in before and alert != before[alert.id]),
        ids=tuple(ids),
    )


def begin(rule: Rule, transition: Transition, *, told: Mapping[str, Told]) -> Alert:
    """Give the alert that begins with `transition`; its id follows from rule, labels and moment."""
    texts = render(rule, transition.labels, transition.value)
    identity = f"{rule.name} {labels_key(transition.labels)} {transition.at.isoformat()}"
    return Alert(
        id=hashlib.sha256(identity.encode()).hexdigest()[:10],
        rule=rule.name,
        labels=transition.labels,
        severity=rule.severity,
        level=rule.severity,
        component=rule.component,
        title=rule.title,
        summary=texts.summary,
        description=texts.description,
        runbook=rule.runbook,
        value=transition.value,
        threshold=rule.condition.threshold,
        value_name=rule.value_name,
        since=transition.at,
        immediate=rule.immediate,
        repeat_every_seconds=rule.repeat_every.total_seconds() if rule.repeat_every else None,
        told=told,
    )


def orphans(alerts: Iterable[Alert], rules: Mapping[str, Rule]) -> list[Alert]:
    """Give the open alerts whose rule is gone."""
    return [alert for alert in alerts if alert.resolved_at is None and alert.rule not in rules]


def _changed(alert: Alert, transition: Transition) -> Alert:
    if transition.change is Change.RESOLVED:
        return replace(alert, resolved_at=transition.at, no_data=False)
    if transition.change is Change.NO_DATA:
        return replace(alert, no_data=True)
    return replace(alert, no_data=False) if transition.change is Change.DATA_AGAIN else alert


def _with_value(alert: Alert, rule: Rule | None, value: float | None) -> Alert:
    if rule is None or value is None or value == alert.value:
        return alert
    texts = render(rule, alert.labels, value)
    return replace(
        alert,
        value=value,
        summary=texts.summary,
        description=texts.description,
        threshold=rule.condition.threshold,
    )
