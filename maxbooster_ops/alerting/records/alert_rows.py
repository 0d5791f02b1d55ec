"""Alerts as the state keeps them, and back.

Belongs here: the translation of one alert. Not here: which alerts are read or written (`alert_store.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maxbooster_ops.alerting.alert import Alert, Told
from maxbooster_ops.alerting.rule import Severity, labels_key

_AS_IS = (
    "id",
    "rule",
    "component",
    "title",
    "summary",
    "description",
    "runbook",
    "value",
    "threshold",
    "value_name",
    "since",
    "immediate",
    "no_data",
    "silenced",
    "repeat_every_seconds",
    "acknowledged_at",
    "acknowledged_by",
    "resolved_at",
    "resolved_by",
    "escalated_at",
    "first_told_at",
)


def to_row(alert: Alert) -> dict[str, Any]:
    """Give the row of the table `alerts` that stands for `alert`."""
    return {
        **{name: getattr(alert, name) for name in _AS_IS},
        "labels": labels_key(alert.labels),
        "severity": alert.severity.value,
        "level": alert.level.value,
        "told": json.dumps({channel: _told_to_json(told) for channel, told in alert.told.items()}),
        "settled": is_settled(alert),
    }


def from_row(row: sa.RowMapping) -> Alert:
    """Give the alert that a row of the table `alerts` stands for."""
    return Alert(
        **{name: row[name] for name in _AS_IS},
        labels=json.loads(row["labels"]),
        severity=Severity(row["severity"]),
        level=Severity(row["level"]),
        told=told_from_json(row["told"]),
    )


def told_from_json(text: str) -> dict[str, Told]:
    """Give what each channel was last told, from the column `told`."""
    told: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return {
        channel: Told(
            at=datetime.fromisoformat(value["at"]),
            severity=Severity(value["severity"]),
            value=value["value"],
            resolved=value["resolved"],
        )
        for channel, value in told.items()
    }


def is_settled(alert: Alert) -> bool:
    """Tell whether nothing remains to be said: it has resolved, and so have all who were told of it heard."""
    return alert.resolved_at is not None and all(told.resolved for told in alert.told.values())


def _told_to_json(told: Told) -> dict[str, Any]:
    return {
        "at": told.at.isoformat(),
        "severity": told.severity.value,
        "value": told.value,
        "resolved": told.resolved,
    }
