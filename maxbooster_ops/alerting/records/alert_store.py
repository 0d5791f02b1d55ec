"""Alerts in the state: reading those that need attention, writing what evaluation, dispatch and people did to them.

Belongs here: every statement on alerts, their transitions and decisions. Not here: any decision.
All functions take an open connection, so that a caller can do several of them in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.alerting.alert import Alert, Change, Told, Transition
from maxbooster_ops.alerting.dispatching.dispatch import Decision
from maxbooster_ops.alerting.records.alert_rows import from_row, to_row, told_from_json
from maxbooster_ops.alerting.rule import labels_key
from maxbooster_ops.store.alert_tables import alert_decisions, alert_transitions, alerts


def unsettled_alerts(connection: sa.Connection) -> list[Alert]:
    """Give every alert that is open, or whose end somebody has yet to be told; the oldest first."""
    query = sa.select(alerts).where(sa.not_(alerts.c.settled)).order_by(alerts.c.since, alerts.c.id)
    return [from_row(row) for row in connection.execute(query).mappings()]


def find_alerts(connection: sa.Connection, beginning: str) -> list[Alert]:
    """Give the alerts whose id begins so, at most five."""
    query = sa.select(alerts).where(alerts.c.id.startswith(beginning, autoescape=True)).order_by(alerts.c.id).limit(5)
    return [from_row(row) for row in connection.execute(query).mappings()]


def recent_alerts(connection: sa.Connection, since: datetime, *, limit: int) -> list[Alert]:
    """Give the open alerts and those that ended after `since`, the newest first, at most `limit`."""
    wanted = sa.or_(alerts.c.resolved_at.is_(None), alerts.c.resolved_at >= since)
    query = sa.select(alerts).where(wanted).order_by(alerts.c.since.desc(), alerts.c.id).limit(limit)
    return [from_row(row) for row in connection.execute(query).mappings()]


def told_before(connection: sa.Connection, series: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Told]]:
    """Give what was last told of each of these series (a rule and a labels' key), where it fired before.

    A new episode respects the same cooldown. Nothing is left to be resolved: that is the old episode's own business.
    """
    wanted = set(series)
    told: dict[tuple[str, str], dict[str, Told]] = {}
    for rule in {rule for rule, _ in wanted}:
        newest = sa.select(alerts.c.labels, sa.func.max(alerts.c.since).label("since"))
        last = newest.where(alerts.c.rule == rule).group_by(alerts.c.labels).subquery()
        is_last = sa.and_(alerts.c.labels == last.c.labels, alerts.c.since == last.c.since)
        query = sa.select(alerts.c.labels, alerts.c.told).join(last, is_last).where(alerts.c.rule == rule)
        told |= {(rule, key): _all_resolved(text) for key, text in connection.execute(query) if (rule, key) in wanted}
    return told


def _all_resolved(text: str) -> dict[str, Told]:
    return {channel: replace(told, resolved=True) for channel, told in told_from_json(text).items()}


def insert_alerts(connection: sa.Connection, new: Sequence[Alert]) -> None:
    """Add new episodes."""
    if new:
        connection.execute(sa.insert(alerts), [to_row(alert) for alert in new])


def update_alerts(connection: sa.Connection, changed: Sequence[Alert]) -> None:
    """Write alerts back as they are now."""
    if not changed:
        return
    rows = [to_row(alert) for alert in changed]
    columns: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in rows[0] if name != "id"}
    statement = sa.update(alerts).where(alerts.c.id == sa.bindparam("new_id")).values(columns)
    connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def add_transitions(connection: sa.Connection, transitions: Iterable[tuple[Transition, str | None]]) -> None:
    """Add what happened, each with the id of its episode where there is one."""
    rows = [
        {
            "alert_id": alert_id,
            "rule": transition.rule,
            "labels": labels_key(transition.labels),
            "ts": transition.at,
            "change": transition.change.value,
            "value": transition.value,
            "who": None,
        }
        for transition, alert_id in transitions
    ]
    if rows:
        connection.execute(sa.insert(alert_transitions), rows)


def add_deed(connection: sa.Connection, alert: Alert, change: str, *, at: datetime, who: str) -> None:
    """Add what a person did to an alert: `acknowledged` or `resolved`."""
    connection.execute(
        sa.insert(alert_transitions).values(
            alert_id=alert.id,
            rule=alert.rule,
            labels=labels_key(alert.labels),
            ts=at,
            change=change,
            value=alert.value,
            who=who,
        )
    )


def history(connection: sa.Connection, alert: Alert) -> list[sa.RowMapping]:
    """Give everything that happened to one alert, the newest pending before it included, in order."""
    table = alert_transitions
    before = (
        sa.select(sa.func.max(table.c.id))
        .where(
            table.c.rule == alert.rule,
            table.c.labels == labels_key(alert.labels),
            table.c.change == Change.PENDING.value,
            table.c.ts <= alert.since,
        )
        .scalar_subquery()
    )
    query = sa.select(table).where(sa.or_(table.c.alert_id == alert.id, table.c.id == before)).order_by(table.c.id)
    return list(connection.execute(query).mappings())


def add_decisions(connection: sa.Connection, decisions: Sequence[Decision], *, at: datetime) -> None:
    """Add the decisions that differ from the last one on the same alert and channel."""
    concerned = {decision.alert_id for decision in decisions}
    last = _last_reasons(connection, concerned) if concerned else {}
    rows = [
        {
            "alert_id": decision.alert_id,
            "ts": at,
            "channel": decision.channel,
            "verdict": decision.verdict.value,
            "reason": decision.reason.value,
            "detail": decision.detail,
            "until": decision.until,
        }
        for decision in decisions
        if last.get((decision.alert_id, decision.channel)) != (decision.verdict.value, decision.reason.value)
    ]
    if rows:
        connection.execute(sa.insert(alert_decisions), rows)


def _last_reasons(connection: sa.Connection, alert_ids: set[str]) -> dict[tuple[str, str], tuple[str, str]]:
    table = alert_decisions
    newest = sa.select(sa.func.max(table.c.id)).where(table.c.alert_id.in_(alert_ids))
    newest = newest.group_by(table.c.alert_id, table.c.channel)
    rows = connection.execute(
        sa.select(table.c.alert_id, table.c.channel, table.c.verdict, table.c.reason).where(table.c.id.in_(newest))
    )
    return {(alert_id, channel): (verdict, reason) for alert_id, channel, verdict, reason in rows}


def decisions_on(connection: sa.Connection, alert_id: str) -> list[sa.RowMapping]:
    """Give every change of mind about one alert, in order."""
    query = sa.select(alert_decisions).where(alert_decisions.c.alert_id == alert_id).order_by(alert_decisions.c.id)
    return list(connection.execute(query).mappings())
