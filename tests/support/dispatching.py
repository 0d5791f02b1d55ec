"""Alerts as dispatch sees them, and a desk that dispatches tick by tick as the product does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from maxbooster_ops.alerting.alert import Alert, Told
from maxbooster_ops.alerting.dispatching.dispatch import Decision, Dispatch, Recent, dispatch
from maxbooster_ops.alerting.dispatching.inhibition import Inhibition
from maxbooster_ops.alerting.dispatching.policy import Policy, Route
from maxbooster_ops.alerting.dispatching.silence import Silence, parse_matcher
from maxbooster_ops.alerting.message import Message
from maxbooster_ops.alerting.records.alert_rows import is_settled
from maxbooster_ops.alerting.rule import Severity
from support.facts import NOON

TICK = timedelta(seconds=10)

PHONE, MAIL, CHAT, LOG = "pagerduty", "email", "slack", "log"

POLICY = Policy(
    routes=(
        Route(channel=PHONE, least=Severity.CRITICAL, hears_acknowledgements=True),
        Route(channel=MAIL, least=Severity.ERROR),
        Route(channel=CHAT, least=Severity.WARNING),
        Route(channel=LOG, least=Severity.INFO),
    )
)

REDIS_DOWN = Inhibition(
    name="redis down",
    source=(parse_matcher("rule=redis_down"),),
    target=(parse_matcher("component=queues"),),
)


def an_alert(**what: Any) -> Alert:
    """An open alert of which a test names only what it is about; its level is its severity unless given."""
    severity = what.pop("severity", Severity.ERROR)
    plain: dict[str, Any] = {
        "id": "a1",
        "rule": "queue_failed_jobs",
        "labels": {"queue": "forecast"},
        "component": "queues",
        "title": "Failed jobs",
        "summary": "forecast keeps 150 failed jobs",
        "description": "Jobs that failed for good.",
        "runbook": "queue-backlog",
        "value": 150.0,
        "threshold": 100.0,
        "value_name": "failed",
        "since": NOON,
        "severity": severity,
        "level": severity,
    }
    return Alert(**(plain | what))


def told(at: datetime = NOON, severity: Severity = Severity.ERROR, value: float | None = 150.0, **what: Any) -> Told:
    """What a channel was told."""
    return Told(at=at, severity=severity, value=value, **what)


def a_silence(matcher: str = "queue=forecast", **what: Any) -> Silence:
    """A silence for an hour from noon."""
    plain = {"id": "s1", "starts_at": NOON, "ends_at": NOON + timedelta(hours=1), "reason": "upgrade", "author": "ada"}
    return Silence(matchers=(parse_matcher(matcher),), **(plain | what))


def decided(dispatched: Dispatch, channel: str, alert_id: str = "a1") -> Decision:
    """The one decision on an alert and a channel."""
    (found,) = (each for each in dispatched.decisions if (each.alert_id, each.channel) == (alert_id, channel))
    return found


class Desk:
    """Dispatches as the product does: alerts and the last messages are kept between the ticks, nothing else is."""

    def __init__(self, alerts: Iterable[Alert] = (), policy: Policy = POLICY, silences: Sequence[Silence] = ()) -> None:
        self.alerts = {alert.id: alert for alert in alerts}
        self.policy = policy
        self.silences = silences
        self.sent: list[Message] = []

    def unsettled(self) -> list[Alert]:
        """What is given to dispatch: the open alerts, and those whose end somebody has yet to be told."""
        return [alert for alert in self.alerts.values() if not is_settled(alert)]

    def tick(self, now: datetime) -> Dispatch:
        """Dispatch once and keep what came of it."""
        recent = [
            Recent(channel=message.channel, group=message.group, at=message.at)
            for message in self.sent
            if message.at > now - timedelta(minutes=5)
        ]
        dispatched = dispatch(self.unsettled(), self.silences, self.policy, recent, now)
        self.alerts |= {alert.id: alert for alert in dispatched.alerts}
        self.sent += dispatched.messages
        return dispatched

    def tick_until(self, start: datetime, end: datetime) -> list[Message]:
        """Dispatch at every tick of [start, end) and give what was sent meanwhile."""
        before = len(self.sent)
        while start < end:
            self.tick(start)
            start += TICK
        return self.sent[before:]

    def change(self, alert_id: str = "a1", **what: Any) -> None:
        """Change an alert, as evaluation or a person does."""
        self.alerts[alert_id] = replace(self.alerts[alert_id], **what)

    def to(self, channel: str) -> list[Message]:
        """What was sent to a channel."""
        return [message for message in self.sent if message.channel == channel]
