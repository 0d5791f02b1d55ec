"""What is sent: one message for one channel, about one alert or several that belong together.

Belongs here: the channel-neutral message and its JSON form, as the outbox keeps it. Not here: any channel's payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maxbooster_ops.alerting.rule import Labels, Severity


class Kind(StrEnum):
    """Why a message is sent."""

    FIRING = "firing"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One alert inside a message, as it stood when the message was decided."""

    alert_id: str
    rule: str
    title: str
    summary: str
    description: str
    severity: Severity
    labels: Labels
    value: float | None
    value_name: str
    threshold: float
    since: datetime
    resolved_at: datetime | None
    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `key` is the same on every try, so a receiver can tell a repeat.

    `group` names what belongs together (a component); messages of one channel and group arrive in the order of `at`.
    `remaining` counts the alerts of the group that this channel was told of and that still fire after this message.
    """

    key: str
    channel: str
    kind: Kind
    group: str
    severity: Severity
    at: datetime
    notices: tuple[Notice, ...]
    remaining: int = 0
    on_call: tuple[str, ...] = ()
    """E-mail addresses of those who are on call, beside the channel's fixed receivers."""
