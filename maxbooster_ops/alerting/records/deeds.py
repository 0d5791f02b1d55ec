"""What people do to alerts: acknowledge, resolve, silence.

Belongs here: the change and its record. Not here: what follows for who is told (`evaluation.decide`).
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.dispatching.silence import Silence
from maxbooster_ops.alerting.records import alert_store, silence_store
from maxbooster_ops.errors import UsageError


def the_alert(connection: sa.Connection, alert_id: str) -> Alert:
    """Give the alert of this id, or of one that begins so; raises `UsageError` where there is none or more than one."""
    found = alert_store.find_alerts(connection, alert_id)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"`{alert_id}` begins more than one alert's id: {', '.join(alert.id for alert in found)}.")
    raise UsageError(
        f"There is no alert `{alert_id}`. `maxbooster-ops alerts list` shows the ids; --all the ended ones."
    )


def acknowledge(connection: sa.Connection, alert: Alert, *, who: str, now: datetime) -> Alert:
    """Note that `who` takes care of it; raises `UsageError` where it is over, or somebody else does already."""
    if alert.resolved_at:
        raise UsageError(
            f"Alert {alert.id} resolved at {alert.resolved_at:%Y-%m-%d %H:%M:%S} UTC; nothing is to be done."
        )
    if alert.acknowledged_at:
        raise UsageError(f"Alert {alert.id} was acknowledged by {alert.acknowledged_by} already.")
    taken = replace(alert, acknowledged_at=now, acknowledged_by=who)
    alert_store.update_alerts(connection, [taken])
    alert_store.add_deed(connection, taken, "acknowledged", at=now, who=who)
    return taken


def resolve(connection: sa.Connection, alert: Alert, *, who: str, now: datetime) -> Alert:
    """End it by hand; it fires again only after its condition was false in between."""
    if alert.resolved_at:
        raise UsageError(f"Alert {alert.id} resolved at {alert.resolved_at:%Y-%m-%d %H:%M:%S} UTC already.")
    ended = replace(alert, resolved_at=now, resolved_by=who)
    alert_store.update_alerts(connection, [ended])
    alert_store.add_deed(connection, ended, "resolved", at=now, who=who)
    return ended


def silence(connection: sa.Connection, asked: Silence, *, now: datetime) -> Silence:
    """Keep what matches from being told for a while; raises `UsageError` where nothing is named or no time is given."""
    if not asked.matchers:
        raise UsageError('Name what to silence, such as rule="queue_backlog" or component=queues.')
    if asked.ends_at <= max(asked.starts_at, now):
        raise UsageError("A silence must end after it starts, and after now: --for 2h.")
    made = replace(asked, id=secrets.token_hex(4))
    silence_store.add_silence(connection, made, at=now)
    return made
