"""What a scenario expects at a moment, and how what came differs from it.

Belongs here: the comparison and its words. Not here: playing a scenario (`scenario.py`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from maxbooster_ops.alerting.alert import Alert, AlertState
from maxbooster_ops.alerting.dispatching.decision import Decision, Reason
from maxbooster_ops.alerting.dispatching.stages import told_of_episode
from maxbooster_ops.alerting.rule import Labels, Severity

_NAMED = re.compile(r"(?P<rule>[\w-]+)(?:\{(?P<labels>.*)\})?")
_LABEL = re.compile(r'\s*([A-Za-z_]\w*)\s*=\s*"([^"]*)"\s*(?:,|$)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An alert by its rule and all of its labels."""

    rule: str
    labels: Labels = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Named:
        """Read what `str()` gives: `queue_backlog{queue="forecast"}`. Raises ValueError that shows this form."""
        found = _NAMED.fullmatch(text.strip())
        if not found or _LABEL.sub("", found["labels"] or ""):
            raise ValueError('is no alert. Expected a rule, with all of its labels: queue_backlog{queue="forecast"}')
        return cls(rule=found["rule"], labels=dict(_LABEL.findall(found["labels"] or "")))

    def is_of(self, alert: Alert) -> bool:
        """Tell whether `alert` is an episode of it."""
        return alert.rule == self.rule and dict(alert.labels) == dict(self.labels)

    def __str__(self) -> str:
        labels = ", ".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
        return f"{self.rule}{{{labels}}}" if labels else self.rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAlert:
    """An open alert; what is None may be anything. `level` is what escalation made of its severity."""

    named: Named
    state: AlertState = AlertState.FIRING
    severity: Severity | None = None
    level: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedHold:
    """An open alert that `channel`, or every channel, is not told now, for this reason."""

    named: Named
    reason: Reason
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must be so, so long after the start.

    `alerts` are all that are open, None: not looked at. `routes` are, for the channels that are named, all alerts that
    the channel was told of and not yet of their end. `held` may leave out others that are held.
    """

    after: timedelta
    alerts: tuple[ExpectedAlert, ...] | None
    routes: Mapping[str, tuple[Named, ...]]
    held: tuple[ExpectedHold, ...]


def differences(expected: Expectation, alerts: Sequence[Alert], decisions: Sequence[Decision]) -> list[str]:
    """Give a line per difference, none where everything is as expected."""
    open_alerts = [alert for alert in alerts if alert.resolved_at is None]
    lines: list[str] = []
    if expected.alerts is not None:
        lines += _compared("alerts", _wanted(expected.alerts, open_alerts), map(_full, open_alerts))
    for channel, named in expected.routes.items():
        lines += _compared(f"told to {channel}", map(str, named), _known_to(channel, alerts))
    for hold in expected.held:
        lines += _hold_difference(hold, open_alerts, decisions)
    return lines


def _compared(topic: str, expected: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    wanted, there = sorted(expected), sorted(found)
    yield from (f"{topic}: expected {each}, which is not there" for each in wanted if each not in there)
    yield from (f"{topic}: found {each}, which is not expected" for each in there if each not in wanted)


def _full(alert: Alert) -> str:
    return _described(_name(alert), alert.state, alert.severity, alert.level)


def _wanted(expected: Iterable[ExpectedAlert], alerts: Sequence[Alert]) -> Iterator[str]:
    """Describe what is expected; what may be anything is as it was found."""
    for each in expected:
        found = next((alert for alert in alerts if each.named.is_of(alert)), None)
        severity = each.severity if each.severity is not None or found is None else found.severity
        level = each.level
        if level is None and found and found.level is not found.severity:
            level = found.level
        yield _described(each.named, each.state, severity, level)


def _described(named: Named, state: AlertState, severity: Severity | None, level: Severity | None) -> str:
    words = [str(named), state.value, *([severity.word] if severity is not None else [])]
    if level is not None and level is not severity:
        words.append(f"raised to {level.word}")
    return " ".join(words)


def _name(alert: Alert) -> Named:
    return Named(rule=alert.rule, labels=alert.labels)


def _known_to(channel: str, alerts: Iterable[Alert]) -> Iterator[str]:
    """Name what `channel` takes to be firing."""
    for alert in alerts:
        told = told_of_episode(alert, channel)
        if told and not told.resolved:
            yield str(_name(alert))


def _hold_difference(expected: ExpectedHold, alerts: Iterable[Alert], decisions: Sequence[Decision]) -> Iterator[str]:
    whom = f"from {expected.channel}" if expected.channel else "from every channel"
    wish = f"held: expected {expected.named} to be held {whom} as {expected.reason}"
    ids = {alert.id for alert in alerts if expected.named.is_of(alert)}
    about = [each for each in decisions if each.alert_id in ids and expected.channel in {None, each.channel}]
    if not about:
        yield f"{wish}, but nothing was decided about it: it is not open, or there is no such channel"
    for each in about:
        if each.reason is not expected.reason:
            yield f"{wish}; {each.channel}: {each.verdict} as {each.reason} ({each.detail})"
