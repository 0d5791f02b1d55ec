"""Messages made of bundles: their notices, their key, who is on call.

Belongs here: what a message says of itself. Not here: what goes into one (`grouping.py`), or how a channel words it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from maxbooster_ops.alerting.alert import Alert, Told
from maxbooster_ops.alerting.dispatching.escalation import is_overdue
from maxbooster_ops.alerting.dispatching.grouping import Bundle, Telling
from maxbooster_ops.alerting.dispatching.rotation import Rotation
from maxbooster_ops.alerting.message import Kind, Message, Notice
from maxbooster_ops.alerting.rule import Severity


def compose(bundle: Bundle, *, remaining: int, on_call: Rotation | None, at: datetime) -> Message:
    """Make one message, the worst alert first, then the oldest."""
    tellings = sorted(bundle.tellings, key=lambda each: (-each.alert.level, each.alert.since, each.alert.id))
    alerts = [telling.alert for telling in tellings]
    return Message(
        key=_key(bundle),
        channel=bundle.channel,
        kind=bundle.kind,
        group=bundle.group,
        severity=alerts[0].level,
        at=at,
        notices=tuple(_notice(alert) for alert in alerts),
        remaining=remaining,
        on_call=_on_call(alerts, on_call, at),
    )


def told_after(telling: Telling, now: datetime) -> Told:
    """Give what the channel knows of the alert once it was told.

    An end or an acknowledgement leaves what was told of its level and value: the next episode is held against that.
    """
    alert, before = telling.alert, telling.alert.told.get(telling.channel)
    if before and telling.tell.kind in {Kind.RESOLVED, Kind.ACKNOWLEDGED}:
        return Told(at=now, severity=before.severity, value=before.value, resolved=telling.tell.kind is Kind.RESOLVED)
    return Told(at=now, severity=alert.level, value=alert.value)


def _key(bundle: Bundle) -> str:
    """Name the message by what it is about and what its channel knew before.

    Decided anew after a crash it is the same; the next reminder, which finds the channel told later, is another.
    """
    known = sorted((each.alert.id, _told_at(each.alert, bundle.channel)) for each in bundle.tellings)
    identity = json.dumps([bundle.channel, bundle.kind.value, bundle.group, known])
    return hashlib.sha256(identity.encode()).hexdigest()


def _told_at(alert: Alert, channel: str) -> str:
    told = alert.told.get(channel)
    return str(told.at.timestamp()) if told else ""


def _notice(alert: Alert) -> Notice:
    return Notice(
        alert_id=alert.id,
        rule=alert.rule,
        title=alert.title,
        summary=alert.summary,
        description=alert.description,
        severity=alert.level,
        labels=alert.labels,
        value=alert.value,
        value_name=alert.value_name,
        threshold=alert.threshold,
        since=alert.since,
        resolved_at=alert.resolved_at,
        runbook=alert.runbook,
    )


def _on_call(alerts: Iterable[Alert], rotation: Rotation | None, now: datetime) -> tuple[str, ...]:
    """Give whose turn it is for errors and worse, and who is next where the first one has not responded in time."""
    serious = [alert for alert in alerts if alert.level >= Severity.ERROR]
    if rotation is None or not serious:
        return ()
    unanswered = any(alert.escalated_at or is_overdue(alert, now) for alert in serious)
    people = [rotation.primary(now), rotation.secondary(now) if unanswered else None]
    return tuple(person.email for person in people if person)
