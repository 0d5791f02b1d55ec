"""Silences that are maintenance, as the objectives see them.

Belongs here: whose maintenance a silence is. Not here: what maintenance excuses (`slo/maintenance.py`). A silence that
is no maintenance keeps people from being told and nothing else: the budget is spent all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa

from maxbooster_ops.alerting.alert import Alert
from maxbooster_ops.alerting.records.silence_store import current_silences
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.slo.maintenance import Maintenance


def planned_work(connection: sa.Connection, services: Iterable[str], since: datetime) -> Iterator[Maintenance]:
    """Give the maintenance silences that end after `since`, each with the services whose SLO alerts it holds."""
    alerts = {name: _burning(name, since) for name in services}
    for silence in current_silences(connection, since):
        covered = frozenset(name for name, alert in alerts.items() if silence.holds(alert, silence.starts_at))
        if silence.maintenance and covered:
            yield Maintenance(start=silence.starts_at, end=silence.ends_at, services=covered, why=silence.reason)


def _burning(service: str, at: datetime) -> Alert:
    """Give the alert that a service would have."""
    return Alert(
        id="",
        rule="slo_fast_burn",
        labels={"service": service, "objective": "availability"},
        severity=Severity.CRITICAL,
        level=Severity.CRITICAL,
        component="slo",
        title="",
        summary="",
        description="",
        runbook="",
        value=None,
        threshold=1,
        value_name="burn",
        since=at,
    )
