"""Escalation: what nobody acknowledges in time goes up a level.

Belongs here: when that is, and what it changes. Not here: who is told of it (`stages.py`, `composing.py`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.rule import Severity


def escalate(alert: Alert, now: datetime) -> Alert:
    """Give `alert` one level higher if its response time is over, else as it is.

    An immediate alert goes to the highest level as soon as it fires. The caller leaves out what is silenced or
    inhibited: nobody was asked to respond to that.
    """
    if alert.resolved_at or alert.acknowledged_at:
        return alert
    if alert.immediate and alert.escalated_at is None:
        return replace(alert, level=Severity.CRITICAL, escalated_at=now)
    if alert.level is Severity.CRITICAL or not is_overdue(alert, now):
        return alert
    return replace(alert, level=Severity(alert.level + 1), escalated_at=now)


def is_overdue(alert: Alert, now: datetime) -> bool:
    """Tell whether the response time of the alert's level has passed without anybody acknowledging it.

    It counts from when people were first told of it, or from the last escalation: what was held back by a silence, a
    cause or an outage of ours is told at its own level before it may go up. The boundary counts as over.
    """
    asked_at = alert.escalated_at or alert.first_told_at
    if alert.acknowledged_at or alert.level.response is None or asked_at is None:
        return False
    return now >= asked_at + alert.level.response
