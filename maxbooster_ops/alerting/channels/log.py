"""The log as a channel: one line per message; always there, and the last resort of all the others.

Belongs here: that line. Not here: how lines look (`logs.py`).
"""

from __future__ import annotations

import logging

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.wording import clipped, headline
from maxbooster_ops.alerting.message import Kind, Message
from maxbooster_ops.alerting.rule import Severity
from maxbooster_ops.logs import get_logger

_LEVELS = {
    Severity.INFO: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
    Severity.CRITICAL: logging.CRITICAL,
}
_ALARMING = frozenset({Kind.FIRING, Kind.REMINDER, Kind.ESCALATION})
_LISTED, _SUMMARY_CHARACTERS = 20, 300


class LogChannel:
    """Writes a message to the log and always delivers."""

    name = "log"

    def send(self, message: Message) -> Sent:
        """Write one line, at the level of its severity where something is wrong."""
        get_logger().log(
            _LEVELS[message.severity] if message.kind in _ALARMING else logging.INFO,
            "alert_told",
            key=message.key,
            kind=message.kind.value,
            group=message.group,
            headline=headline(message),
            summaries=[clipped(notice.summary, _SUMMARY_CHARACTERS) for notice in message.notices[:_LISTED]],
            alerts=[notice.alert_id for notice in message.notices[:_LISTED]],
            instead_of=message.instead_of,
        )
        return Sent(delivered=True, detail="written to the log")
