"""What is sent: one message for one channel, about one alert or several that belong together.

Belongs here: the channel-neutral message and its JSON form, as the outbox keeps it. Not here: any channel's payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from pydantic import ConfigDict, TypeAdapter

from maxbooster_ops.alerting.rule import Labels, Severity

_JSON = ConfigDict(ser_json_inf_nan="strings")
"""A division by zero may well be a value; JSON has no number for it."""


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

    __pydantic_config__ = _JSON
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

    __pydantic_config__ = _JSON
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

    instead_of: str | None = None
    """The channel that could not deliver it; then this is the copy for its backup."""

    def to_json(self) -> str:
        """Write it as the outbox keeps it."""
        return _form().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Message:
        """Read what `to_json` wrote; raises `ValueError` for anything else."""
        return _form().validate_json(text)


@cache
def _form() -> TypeAdapter[Message]:
    return TypeAdapter(Message)
